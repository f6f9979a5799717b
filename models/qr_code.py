"""Addresses as QR codes, with a logo in the middle for whoever wants one."""

import io
from base64 import b64encode

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_M

from odoo.tools.image import base64_to_image

# The quiet zone that ISO/IEC 18004 asks for, in modules.
BORDER = 4
# The most that a picture measures, in pixels.
PICTURE_SIDE = 1024
# The parts of a picture's width and height that a logo may take: with its margin 7 % of the area,
# where the highest level of error correction restores 30 %.
LOGO_WIDTH = 0.32
LOGO_HEIGHT = 0.16
LOGO_MARGIN = 0.016
LOGO_PIXELS = (360, 200)


def png(address, logo=None):
    """A QR code of `address` as a PNG image of at most 1024 pixels a side.

    :param bytes logo: an image for its middle, as Odoo's image fields hold it (base64).
    :rtype: bytes
    """
    logo = _logo(logo)
    modules = _modules(address, logo)
    side = len(modules)
    picture = Image.new('L', (side, side))
    picture.putdata([0 if dark else 255 for row in modules for dark in row])
    scale = PICTURE_SIDE // side
    picture = picture.resize((side * scale, side * scale), Image.Resampling.NEAREST)
    return _png_bytes(_with_logo(picture, logo) if logo else picture)


def svg(address, logo=None):
    """A QR code of `address` as an SVG image, without a size of its own. Like `png` otherwise.

    :rtype: str
    """
    logo = _logo(logo)
    modules = _modules(address, logo)
    side = len(modules)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<path d="M0 0h{side}v{side}h-{side}z" fill="#fff"/>'
        f'<path d="{_outline(modules)}" shape-rendering="crispEdges"/>'
        f'{_svg_logo(logo, side) if logo else ""}</svg>'
    )


def _modules(address, logo):
    """The code with its border: rows of whether a module is dark."""
    code = qrcode.QRCode(
        border=BORDER, error_correction=ERROR_CORRECT_H if logo else ERROR_CORRECT_M)
    code.add_data(address)
    return code.get_matrix()


def _logo(image):
    """The picture to show; None where there is none, or a drawing (SVG), which PIL cannot read."""
    if not image or image[:1] == b'P':
        return None
    logo = base64_to_image(image).convert('RGBA')
    logo.thumbnail(LOGO_PIXELS)
    return logo


def _logo_boxes(logo, side):
    """Where a logo goes in a picture of `side`, and the ground below it, as (left, top, width,
    height) in whatever unit `side` has."""
    scale = min(LOGO_WIDTH * side / logo.width, LOGO_HEIGHT * side / logo.height)
    size = (logo.width * scale, logo.height * scale)
    return _centered(size, side), _centered([part + 2 * LOGO_MARGIN * side for part in size], side)


def _centered(size, side):
    width, height = size
    return (side - width) / 2, (side - height) / 2, width, height


def _with_logo(picture, logo):
    (left, top, width, height), ground = _logo_boxes(logo, picture.width)
    picture = picture.convert('RGB')
    picture.paste('white', _corners(*ground))
    logo = logo.resize((max(1, round(width)), max(1, round(height))))
    picture.paste(logo, (round(left), round(top)), logo)
    return picture


def _corners(left, top, width, height):
    return round(left), round(top), round(left + width), round(top + height)


def _svg_logo(logo, side):
    place, ground = (_svg_box(*box) for box in _logo_boxes(logo, side))
    data = b64encode(_png_bytes(logo)).decode()
    return (
        f'<rect {ground} fill="#fff"/>'
        f'<image {place} href="data:image/png;base64,{data}"/>'
    )


def _svg_box(left, top, width, height):
    return f'x="{left:.2f}" y="{top:.2f}" width="{width:.2f}" height="{height:.2f}"'


def _outline(modules):
    """The dark modules as an SVG path, one step of it for each."""
    return ''.join(
        f'M{x} {y}h1v1h-1z'
        for y, row in enumerate(modules) for x, dark in enumerate(row) if dark
    )


def _png_bytes(picture):
    buffer = io.BytesIO()
    picture.save(buffer, 'PNG', optimize=True)
    return buffer.getvalue()
