import io

import qrcode
import qrcode.image.svg
from markupsafe import Markup


def qr_svg(text):
    """A QR code of `text` as an inline SVG element."""
    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    buffer = io.BytesIO()
    code.make_image(image_factory=qrcode.image.svg.SvgPathImage).save(buffer)
    svg = buffer.getvalue().decode()
    return Markup(svg[svg.index('<svg'):])  # without the XML declaration
