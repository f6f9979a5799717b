"""The page on Odoo Apps: what it says is so, and it obeys the rules of the store."""

import importlib
import re
import tomllib
import unittest
from html.parser import HTMLParser
from pathlib import Path

from PIL import Image

from gateways import REGISTRY
from gateways.values import RefundSupport
from scripts.runtime.store import banner, page, pictures

CHECKOUT = Path(__file__).parents[2]
STORE = CHECKOUT / 'static' / 'description'
MAX_NAME = 25
MAX_BYTES = 2_000_000
# The store unmakes every other link.
LINK = re.compile(r'#email-pay-\w+|mailto:[\w.@-]+')
FORBIDDEN = {'script', 'style', 'link', 'iframe', 'form', 'object', 'embed', 'meta', 'html', 'body'}
# Besides index.html: what the store looks for by itself.
BY_NAME = {'icon.png', 'index.html'}


class Page(HTMLParser):
    """The tags of a page, and the values of its attributes by name."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def values(self, *names):
        return [value for name, value in self.attributes if name in names]


class TestPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = page.PAGE.read_text()
        cls.page = Page(cls.text)
        cls.manifest = page.manifest()

    def test_it_says_what_the_product_is_now(self):
        self.assertEqual(
            self.text, page.render(), "scripts/screenshots --page writes the page anew")
        self.assertIn(self.manifest['version'], self.text)
        self.assertIn(self.manifest['summary'], self.text)

    def test_every_language_says_the_same_things(self):
        shapes = {code: shape(page.texts(code)) for code in page.LANGUAGES}
        english = shapes['en']
        english['hero'] |= {'sentence': str}  # in English, the manifest's
        for code, found in shapes.items():
            with self.subTest(code):
                found['screens'] = english['screens']  # each shows its own
                self.assertEqual(found, english)

    def test_it_tells_of_every_gateway(self):
        for code in REGISTRY:
            if is_to_do(code):
                continue
            for language in page.LANGUAGES:
                told = page.texts(language)['gateways']['apps'][code]
                self.assertEqual(set(told), {'country', 'confirmed', 'unconfirmed'})

    def test_it_has_no_script_and_nothing_from_outside(self):
        self.assertFalse(self.page.tags & FORBIDDEN)
        self.assertFalse([name for name, _value in self.page.attributes if name.startswith('on')])
        for link in self.page.values('href'):
            self.assertRegex(link, re.compile(f'^({LINK.pattern})$'))
        self.assertNotRegex(self.text, r'url\(|//')
        self.assertTrue(self.text.isascii())

    def test_every_link_leads_somewhere(self):
        names = self.page.values('id')
        self.assertEqual(len(names), len(set(names)))
        anchors = {link[1:] for link in self.page.values('href') if link.startswith('#')}
        self.assertEqual(anchors, set(names))

    def test_every_picture_is_there_and_described_and_none_is_unused(self):
        shown = self.page.values('src')
        self.assertTrue(all(re.fullmatch(r'[\w-]+\.png', name) for name in shown))
        self.assertEqual(len(self.page.values('alt')), len(shown))
        listed = {path.removeprefix('static/description/') for path in self.manifest['images']}
        there = {path.name for path in STORE.iterdir()}
        self.assertEqual(there, {*shown, *listed} | BY_NAME)

    def test_it_weighs_little(self):
        self.assertLess(sum(path.stat().st_size for path in STORE.iterdir()), MAX_BYTES)

    def test_the_store_finds_its_name_banner_and_icon(self):
        self.assertLessEqual(len(self.manifest['name']), MAX_NAME)
        self.assertEqual(self.manifest['images'], [f'static/description/{banner.NAME}'])
        with Image.open(STORE / banner.NAME) as image:
            self.assertEqual(image.width, 2 * image.height)
            self.assertGreaterEqual(image.width, banner.SIZE['width'])
        with Image.open(STORE / 'icon.png') as image:
            self.assertEqual(image.width, image.height)


class TestPictures(unittest.TestCase):
    def test_every_picture_can_be_taken_again(self):
        taken = [picture.name for picture in pictures.PICTURES]
        self.assertEqual(len(taken), len(set(taken)))
        folders = (STORE, CHECKOUT / 'docs/images')
        shown = {path.stem for folder in folders for path in folder.glob('*.png')}
        self.assertEqual(shown - {'icon', 'banner'}, set(taken))

    def test_every_screen_is_in_its_journey(self):
        for picture in pictures.PICTURES:
            journey = (CHECKOUT / f'scripts/journeys/{picture.journey}.py').read_text()
            self.assertIn(f"'{picture.screen}'", journey, picture.name)

    def test_documents_show_pictures_that_are_there_and_all_of_them(self):
        shown = set()
        for path in (*CHECKOUT.glob('*.md'), *CHECKOUT.glob('docs/*.md')):
            for name in re.findall(r'src="([^"]+)"|!\[[^]]*\]\(([^)]+)\)', path.read_text()):
                picture = path.parent / ''.join(name)
                self.assertTrue(picture.is_file(), f'{path.name}: {picture}')
                shown.add(picture.resolve())
        self.assertLessEqual(set((CHECKOUT / 'docs/images').iterdir()), shown)


class TestReadme(unittest.TestCase):
    """The table of gateways in the README, and the registry."""

    @classmethod
    def setUpClass(cls):
        text = (CHECKOUT / 'README.md').read_text()
        table = re.search(r'^## Gateways\n\n(.+?)\n\n', text, re.M | re.S)[1]
        head, _rule, *rows = [line.strip('|').split('|') for line in table.split('\n')]
        names = [cell.strip() for cell in head]
        cls.rows = {
            row[0].strip(): dict(zip(names, [cell.strip() for cell in row], strict=True))
            for row in rows
        }

    def test_every_gateway_has_its_row(self):
        for code, (name, supports) in page.gateways().items():
            if is_to_do(code):
                continue
            with self.subTest(code):
                row = self.rows[name]
                saved = 'yes' if supports.saved_cards else 'no'
                self.assertRegex(row['Saved cards'], rf'^{saved}\b')
                in_part = supports.refund is RefundSupport.PARTIAL
                self.assertEqual(bool(re.search(r'\bpart', row['Refund'])), in_part)
                told = page.texts('en')['gateways']['apps'][code]
                self.assertEqual(row['Country'], told['country'])

    def test_what_is_not_confirmed_is_said(self):
        for code in REGISTRY:
            if not is_to_do(code):
                name, _supports = page.gateways()[code]
                self.assertRegex(self.rows[name]['Protocol'], '(?i)to be confirmed|inferred')


def is_to_do(code):
    """Whether the gateway is still being written."""
    module = importlib.import_module(f'tests.gateways.{code}.test_{code}')
    return any(getattr(suite, 'to_do', False) for suite in vars(module).values())


def shape(value):
    """What a text consists of, without its words."""
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    return [shape(entry) for entry in value] if isinstance(value, list) else type(value)


class TestTexts(unittest.TestCase):
    def test_no_text_is_empty_or_untidy(self):
        for code in page.LANGUAGES:
            text = (Path(page.__file__).parent / f'{code}.toml').read_text()
            for words in re.findall(r'"([^"\n]*)"', text):
                with self.subTest(code, words=words[:30]):
                    self.assertEqual(words, ' '.join(words.split()))
                    self.assertTrue(words)
            self.assertTrue(tomllib.loads(text))
