import lxml.html

from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open, html_sanitize


@tagged('post_install', '-at_install')
class TestStorePage(TransactionCase):
    """The page on Odoo Apps is what Odoo shows of the app too: nothing of it is cleaned away."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with file_open('email_pay/static/description/index.html') as file:
            cls.text = file.read()

    def elements(self, text):
        """The elements below the sections, with all that they have."""
        document = lxml.html.fragment_fromstring(text, create_parent=True)
        return [
            (element.tag, sorted(declarations(element)), (element.text or '').strip())
            for section in document.iter('section') for element in section.iter()
        ]

    def test_the_strictest_cleaning_leaves_it_whole(self):
        clean = html_sanitize(self.text, sanitize_attributes=True, sanitize_style=True)
        self.assertEqual(self.elements(clean), self.elements(self.text))
        self.assertGreater(len(self.elements(clean)), 100)

    def test_odoo_shows_it_with_its_pictures(self):
        module = self.env['ir.module.module']._get('email_pay')
        document = lxml.html.fromstring(module.description_html)
        pictures = [image.get('src') for image in document.iter('img')]
        self.assertTrue(pictures)
        for picture in pictures:
            with file_open(picture.lstrip('/'), 'rb') as file:
                self.assertTrue(file.read(8).startswith(b'\x89PNG'), picture)


def declarations(element):
    """The attributes of an element, those of its style each by itself."""
    for name, value in element.attrib.items():
        if name != 'style':
            yield name, value
            continue
        for declaration in value.split(';'):
            key, _colon, given = declaration.partition(':')
            yield key.strip(), given.strip()
