"""QR codes are read again by a decoder, from the picture."""

import io
import re
from base64 import b64decode

import zxingcpp
from PIL import Image, ImageDraw


def read(picture):
    """What a scanner reads in a PNG image; None when it finds no code."""
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert('L'))
    return found[0].text if found else None


def drawn(svg, scale=6):
    """An SVG image as a PNG image, drawn from its own shapes."""
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg).group(1))
    picture = Image.new('RGB', (side * scale, side * scale), 'white')
    draw = ImageDraw.Draw(picture)
    for x, y in re.findall(r'M(\d+) (\d+)h1v1h-1z', svg):
        left, top = int(x) * scale, int(y) * scale
        draw.rectangle((left, top, left + scale - 1, top + scale - 1), fill='black')
    for shape, attributes in re.findall(r'<(rect|image) ([^>]*)/>', svg):
        box = {name: float(value) * scale
               for name, value in re.findall(r'\b(x|y|width|height)="([\d.]+)"', attributes)}
        size = (max(1, round(box['width'])), max(1, round(box['height'])))
        corner = (round(box['x']), round(box['y']))
        if shape == 'rect':
            picture.paste(Image.new('RGB', size, 'white'), corner)
        else:
            data = b64decode(re.search(r'base64,([^"]+)', attributes).group(1))
            image = Image.open(io.BytesIO(data)).convert('RGBA').resize(size)
            picture.paste(image, corner, image)
    buffer = io.BytesIO()
    picture.save(buffer, 'PNG')
    return buffer.getvalue()
