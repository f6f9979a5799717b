import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
# Not part of it: what runs leave behind, and what git keeps.
LEFT_OUT = ('.git', '__pycache__', '.ruff_cache', '.hypothesis', 'docs')

# One for each flow; the second is as long as names and titles can be.
GATEWAYS = {
    'sample': ('--title', "Sample & Sons"),
    'abcdefghijklmnop': ('--flow', 'window', '--title', "Banco de la Ciudad de Panamá S"),
}
PARTS = (
    'gateways/{}/__init__.py', 'gateways/{}/const.py', 'gateways/{}/wire.py',
    'models/provider_{}.py', 'sandbox/{}/__init__.py', 'sandbox/{}/accounts.py',
    'sandbox/{}/standin.py', 'static/img/{}.png', 'tests/gateways/{}/__init__.py',
    'tests/gateways/{}/fixtures/README.md', 'tests/gateways/{}/test_{}.py',
    'tests/sandbox/test_{}.py',
)
SHARED = (
    'data/neutralize.sql', 'data/payment_provider_data.xml', 'gateways/__init__.py',
    'models/__init__.py', 'sandbox/core.py', 'views/payment_provider_views.xml',
)
WINDOW = 'static/src/payment_page/card_window_abcdefghijklmnop.js'


class TestNewGateway(unittest.TestCase):
    """scripts/new_gateway in a copy of the checkout, which then has two gateways more."""

    @classmethod
    def setUpClass(cls):
        cls.copy = Path(cls.enterClassContext(tempfile.TemporaryDirectory())) / 'email_pay'
        shutil.copytree(CHECKOUT, cls.copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        cls.before = cls.files()
        cls.runs = {name: cls.new_gateway(name, *words) for name, words in GATEWAYS.items()}
        cls.after = cls.files()

    @classmethod
    def files(cls):
        paths = [path for path in cls.copy.rglob('*') if path.is_file()]
        return {
            str(path.relative_to(cls.copy)): path.read_bytes()
            for path in paths if not set(LEFT_OUT) & set(path.parts)
        }

    @classmethod
    def run_in_copy(cls, *command):
        return subprocess.run(
            command, cwd=cls.copy, capture_output=True, text=True,
            env=os.environ | {'PYLINTHOME': str(cls.copy.parent)},
        )

    @classmethod
    def new_gateway(cls, *words):
        return cls.run_in_copy(sys.executable, 'scripts/new_gateway', *words)

    def assert_works(self, *command):
        result = self.run_in_copy(sys.executable, *command)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stderr

    def assert_refused(self, *words, because):
        before = self.files()
        result = self.new_gateway(*words)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(because, result.stderr)
        self.assertNotIn('Traceback', result.stderr)
        self.assertEqual(self.files(), before)

    def test_it_writes_all_that_a_gateway_consists_of_and_nothing_else(self):
        new = {part.format(name, name) for part in PARTS for name in GATEWAYS} | {WINDOW}
        self.assertEqual(self.after.keys() - self.before.keys(), new)
        changed = {path for path in self.before if self.before[path] != self.after[path]}
        self.assertEqual(changed, set(SHARED))
        for path in changed:
            kept = [line for line in self.after[path].splitlines() if b'sample' not in line]
            self.assertLessEqual(set(self.before[path].splitlines()), set(kept), path)

    def test_it_lists_what_it_wrote_and_what_comes_next(self):
        for name, run in self.runs.items():
            self.assertEqual((run.returncode, run.stderr), (0, ''))
            listed = re.findall(r'^    (\S+/\S+)$', run.stdout, re.MULTILINE)
            extra = [WINDOW] if WINDOW in listed else []
            parts = [part.format(name, name) for part in PARTS]
            self.assertEqual(sorted(listed), sorted([*parts, *SHARED, *extra]))
            steps = re.findall(r'^ (\d)\. ', run.stdout, re.MULTILINE)
            self.assertEqual(steps, list('1234567'))

    def test_the_names_are_those_that_were_asked_for(self):
        self.assertIn(b"selection_add=[('sample', \"Sample & Sons\")]",
                      self.after['models/provider_sample.py'])
        self.assertIn(b'<field name="name">Sample &amp; Sons</field>',
                      self.after['data/payment_provider_data.xml'])
        self.assertIn(b'class Sample(Gateway):', self.after['gateways/sample/__init__.py'])

    def test_no_linter_complains(self):
        self.assert_works('-m', 'ruff', 'check', '--no-cache', '.')
        models = [f'models/provider_{name}.py' for name in GATEWAYS]
        protocols = [f'gateways/{name}' for name in GATEWAYS]
        self.assert_works('-m', 'pylint', '--rcfile', '.pylintrc', *models, *protocols)

    def test_what_its_tests_cannot_test_yet_is_still_to_do(self):
        told = self.assert_works(
            '-W', 'error::ResourceWarning', '-m', 'unittest', '-v',
            'tests.gateways.test_registry', 'tests.sandbox.test_command',
            *(f'tests.gateways.{name}.test_{name}' for name in GATEWAYS),
            *(f'tests.sandbox.test_{name}' for name in GATEWAYS),
        )
        for name in GATEWAYS:
            pattern = rf'^test_\w+ \(tests.gateways.{name}\..*\) \.\.\. (.*)$'
            lines = re.findall(pattern, told, re.MULTILINE)
            to_do = [line for line in lines if re.match("skipped .Still to do: ", line)]
            others = [line for line in lines if line not in to_do]
            self.assertGreater(len(to_do), len(lines) / 2)
            for line in others:
                self.assertRegex(line, r'^(ok|skipped .It (has|reports) no .*)$')

    def test_a_gateway_is_written_once(self):
        self.assert_refused('sample', because='sample is taken, see ')
        self.assert_refused('credicorp', because='credicorp is taken, see ')

    def test_a_name_that_means_something_else_is_refused(self):
        for name, because in {
            'memory': 'memory is taken, see sandbox/',
            'gateway': 'gateway is taken, see gateways/base.py',
            'json': 'json is a word of Python',
            'stripe': 'Odoo has a gateway stripe of its own',
            'class': 'class is a word of Python',
        }.items():
            with self.subTest(name):
                self.assert_refused(name, because=because)

    def test_a_malformed_name_or_title_is_refused(self):
        for words, because in {
            ('Sample',): 'small letters',
            ('../up',): 'small letters',
            ('a' * 17,): 'small letters',
            ('other', '--title', 'Bank "X"'): 'without quotes',
            ('other', '--title', 'Bank\nX'): 'one line',
            ('other', '--flow', 'window,redirect'): 'invalid choice',
            (): 'name',
        }.items():
            with self.subTest(words):
                self.assert_refused(*words, because=because)

    def test_nothing_is_written_when_something_is_in_the_way(self):
        path = self.copy / 'models/provider_other.py'
        path.touch()
        self.addCleanup(path.unlink)
        self.assert_refused('other', because='models/provider_other.py is there already')

    def test_nothing_is_written_when_a_file_has_no_place_for_it(self):
        path = 'views/payment_provider_views.xml'
        content = self.after[path].replace(b'email_pay_connection', b'elsewhere')
        (self.copy / path).write_bytes(content)
        self.addCleanup((self.copy / path).write_bytes, self.after[path])
        self.assert_refused('other', because=f'{path} has no place for a gateway')
