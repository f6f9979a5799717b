import ast
import os
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest.mock import patch

from scripts.runtime import package
from scripts.runtime.home import Failure

ROOT = Path(__file__).parents[2]


@unittest.skipUnless((ROOT / '.git').exists(), "This is no git checkout.")
class TestPackage(unittest.TestCase):
    """What the archive holds: what git tracks of what runs, at a fixed time, and nothing else."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.checkout = self.folder / 'checkout'
        package.git(ROOT, 'clone', '--quiet', '--shared', ROOT, self.checkout)

    def build(self, **options):
        """Build the archive; its entries."""
        path = package.build(self.checkout, self.folder / 'dist', **options)
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()

    def names(self, **options):
        return {entry.filename for entry in self.build(**options)}

    def test_it_holds_what_the_manifest_names_and_nothing_for_developers(self):
        names = self.names()
        manifest = ast.literal_eval((ROOT / '__manifest__.py').read_text())
        for name in (*manifest['data'], *manifest['demo'], 'static/description/icon.png'):
            self.assertIn(f'email_pay/{name}', names)
        for name in names:
            self.assertNotRegex(name, r'^(?!email_pay/)|/\.|/(sandbox|scripts)/|\.pyc$')

    def test_changes_are_refused_unless_told(self):
        (self.checkout / 'const.py').write_text('CHANGED = 1\n')
        with self.assertRaisesRegex(Failure, r'const\.py'):
            self.build()
        self.assertIn('email_pay/const.py', self.names(dirty=True))

    def test_what_git_does_not_track_stays_out(self):
        (self.checkout / 'models' / 'secret.py').touch()
        self.assertNotIn('email_pay/models/secret.py', self.names(dirty=True))

    def test_a_new_folder_has_to_be_decided_on(self):
        (self.checkout / 'plans').mkdir()
        (self.checkout / 'plans' / 'next.md').touch()
        package.git(self.checkout, 'add', 'plans')
        with self.assertRaisesRegex(Failure, 'Does it ship'):
            self.build(dirty=True)

    def test_a_test_that_needs_a_stand_in_cannot_ship(self):
        with (self.checkout / 'tests' / 'shipped.py').open('a') as file:
            file.write('from . import test_webhook\n')
        with self.assertRaisesRegex(Failure, 'sandbox'):
            self.build(dirty=True)

    def test_times_modes_and_order_are_fixed(self):
        with patch.dict(os.environ, SOURCE_DATE_EPOCH='1000000000'):
            entries = self.build()
        self.assertEqual({entry.date_time for entry in entries}, {(2001, 9, 9, 1, 46, 40)})
        self.assertEqual({entry.external_attr >> 16 for entry in entries}, {0o100644})
        names = [entry.filename for entry in entries]
        self.assertEqual(names, sorted(names))
