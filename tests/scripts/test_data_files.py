import ast
import re
import unittest
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
NAMED = ('record', 'template', 'menuitem')


class TestDataFiles(unittest.TestCase):
    """What Odoo loads: of two records with one name, the second silently replaces the first."""

    def test_every_record_has_a_name_of_its_own(self):
        manifest = ast.literal_eval((ROOT / '__manifest__.py').read_text())
        files = [name for name in manifest['data'] if name.endswith('.xml')]
        self.assertTrue(files)
        names = Counter(
            element.get('id') for name in files
            for element in ElementTree.parse(ROOT / name).iter()
            if element.tag in NAMED and element.get('id')
        )
        self.assertEqual([name for name, count in names.items() if count > 1], [])

    def test_every_test_for_odoo_is_imported_once(self):
        imported = re.findall(
            r'^    from \. import (test_\w+)$', (ROOT / 'tests/__init__.py').read_text(), re.M)
        self.assertEqual(sorted(imported), sorted(p.stem for p in ROOT.glob('tests/test_*.py')))
