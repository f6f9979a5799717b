import io
from base64 import b64encode

from PIL import Image, ImageDraw

from odoo.tests import BaseCase, tagged

from ..models import qr_code
from .qr_reader import drawn, read

ADDRESS = 'https://odoo.example.com/pay/to/canal-supplies'
SHORT, LONG = 'https://a.pa/x', ADDRESS + '/' + 'long-' * 40


def logo(width=600, height=200, background=None):
    """A company's logo, dark on nothing: the worst case for whoever scans it."""
    picture = Image.new('RGBA', (width, height), background)
    ImageDraw.Draw(picture).ellipse((0, 0, width, height), fill='#101020')
    buffer = io.BytesIO()
    picture.save(buffer, 'PNG')
    return b64encode(buffer.getvalue())


@tagged('post_install', '-at_install')
class TestQrCode(BaseCase):
    """What is drawn is read again by a decoder."""

    def test_a_code_is_read_as_the_address(self):
        for address in (SHORT, ADDRESS, LONG):
            with self.subTest(address):
                self.assertEqual(read(qr_code.png(address)), address)
                self.assertEqual(read(drawn(qr_code.svg(address))), address)

    def test_a_logo_in_the_middle_leaves_it_readable(self):
        for size in ((600, 200), (300, 300), (100, 400), (3000, 100), (16, 16)):
            for address in (SHORT, ADDRESS, LONG):
                with self.subTest(f'{size} {len(address)}'):
                    self.assertEqual(read(qr_code.png(address, logo(*size))), address)
                    self.assertEqual(read(drawn(qr_code.svg(address, logo(*size)))), address)

    def test_the_logo_is_in_the_middle(self):
        picture = Image.open(io.BytesIO(qr_code.png(ADDRESS, logo(background='#d01030'))))
        middle, above = picture.width // 2, picture.height // 2 - picture.height // 15
        self.assertEqual(picture.getpixel((middle, middle)), (0x10, 0x10, 0x20))
        self.assertEqual(picture.getpixel((middle, above)), (0xff, 0xff, 0xff))

    def test_a_picture_has_a_bounded_size_and_a_quiet_zone(self):
        for address in (SHORT, LONG, 'x' * 1200):
            picture = Image.open(io.BytesIO(qr_code.png(address, logo(3000, 3000)))).convert('L')
            self.assertEqual(picture.width, picture.height)
            self.assertLessEqual(picture.width, 1024)
            self.assertGreater(picture.width, 800)
            dark = picture.point(lambda value: value < 128 and 255).getbbox()
            self.assertGreaterEqual(dark[0], 16)
        self.assertLess(len(qr_code.png(ADDRESS, logo(3000, 3000))), 50_000)
        self.assertLess(len(qr_code.svg(ADDRESS, logo(3000, 3000))), 60_000)

    def test_a_logo_that_is_a_drawing_is_left_away(self):
        drawing = b64encode(b'<svg xmlns="http://www.w3.org/2000/svg"/>')
        self.assertEqual(qr_code.png(ADDRESS, drawing), qr_code.png(ADDRESS))
        self.assertNotIn('<image', qr_code.svg(ADDRESS, drawing))
