"""Every command that a document tells is run by a test, a stage, or, for a reason, by a person."""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import crossplane

from scripts.runtime import bench, chaos, commands, stages

CHECKOUT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(CHECKOUT.glob('*.md')), *sorted(CHECKOUT.glob('docs/*.md'))]
PROGRAMS = r'scripts/\w+|git|odoo-bin|odoo|pre-commit|pip|nginx|docker|apt-get|python3?'
# Blocks of code that are no commands: nginx has a test of its own, mermaid is drawn.
OTHER_BLOCKS = {'nginx', 'mermaid'}


def blocks(text):
    """The blocks of code of a document, as (language, code)."""
    return re.findall(r'^ *```(\w*)\n(.*?)^ *```$', text, re.M | re.S)


def told():
    """Every command in a document, as (document, command)."""
    for path in DOCUMENTS:
        text = path.read_text()
        for language, code in blocks(text):
            if language == 'sh':
                lines = map(uncommented, code.split('\n'))
                yield from ((path.name, line) for line in lines if line)
        prose = re.sub(r'^ *```.*?^ *```$', '', text, flags=re.M | re.S)
        for command in re.findall(rf'`((?:{PROGRAMS})(?: [^`]*)?)`', prose):
            yield path.name, command


def uncommented(line):
    return re.sub(r'\s+#.*', '', line).strip()


class TestDocuments(unittest.TestCase):
    def test_every_command_is_run_by_somebody(self):
        known = {**commands.HERE, **commands.BY_STAGE, **commands.BY_TEST, **commands.BY_HAND}
        found = set()
        for document, command in told():
            with self.subTest(document):
                self.assertIn(
                    command, known, "say in scripts/runtime/commands.py who runs it")
                found.add(command)
        self.assertEqual(set(known) - found, set(), "no document tells these any more")

    def test_who_runs_them_is_there(self):
        for names in commands.BY_STAGE.values():
            self.assertLessEqual(set(names), set(stages.STAGES))
        for name in commands.BY_TEST.values():
            self.assertTrue((CHECKOUT / f'tests/scripts/{name}.py').exists())

    def test_every_script_is_there_and_told_of(self):
        scripts = {
            path.name for path in (CHECKOUT / 'scripts').iterdir()
            if path.is_file() and not path.suffix
        }
        named = {
            name for path in DOCUMENTS for name in re.findall(r'scripts/(\w+)\b', path.read_text())
        }
        self.assertLessEqual(named - {'runtime', 'journeys', 'requirements'}, scripts)

    def test_every_block_of_code_says_what_it_is(self):
        for path in DOCUMENTS:
            for language, _code in blocks(path.read_text()):
                self.assertIn(language, OTHER_BLOCKS | {'sh'}, path.name)

    def test_what_takes_numbers_and_names_understands_them(self):
        for command in {*commands.BY_STAGE, *commands.BY_HAND}:
            script, *words = shlex.split(command)
            if script == 'scripts/bench':
                self.assertTrue(bench._chosen(bench._options(words).goals))
            elif script == 'scripts/chaos':
                self.assertTrue(chaos._options(words).kills)
            elif script == 'scripts/test':
                self.assert_test_understands(words)

    def assert_test_understands(self, words):
        for word in words:
            if word.startswith('/'):
                name = word.partition(':')[2]
                sources = (path.read_text() for path in (CHECKOUT / 'tests').glob('test_*.py'))
                self.assertTrue(any(f'class {name}(' in source for source in sources), word)
            else:
                self.assertIn(word, {'fast', *stages.STAGES})


class TestCommands(unittest.TestCase):
    """The commands that need neither Odoo nor a database."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def run_told(self, command, cwd=None, **names):
        """Run a command of a document, with what its names stand for."""
        self.assertIn(command, {found for _document, found in told()})
        for name, value in names.items():
            self.assertIn(name, command)
            command = command.replace(name, str(value))
        program, *words = shlex.split(command)
        beside = Path(sys.executable).with_name(program)
        result = subprocess.run(
            [beside if beside.exists() else program, *words], cwd=cwd, capture_output=True,
            text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_a_clone_is_the_add_on(self):
        self.run_told(
            'git clone <this repository> /path/to/addons/email_pay',
            **{'<this repository>': CHECKOUT, '/path/to/addons': self.folder})
        self.assertTrue((self.folder / 'email_pay/__manifest__.py').is_file())

    def test_the_hook_of_pre_commit_is_installed(self):
        shutil.copy(CHECKOUT / '.pre-commit-config.yaml', self.folder)
        subprocess.run(('git', 'init', '-q', self.folder), check=True)
        self.run_told('pre-commit install', cwd=self.folder)
        self.assertIn('pre-commit', (self.folder / '.git/hooks/pre-commit').read_text())
        validated = subprocess.run(
            [Path(sys.executable).with_name('pre-commit'), 'validate-config'], cwd=self.folder)
        self.assertEqual(validated.returncode, 0)

    def test_nginx_understands_its_configuration(self):
        [code] = [
            code for path in DOCUMENTS for language, code in blocks(path.read_text())
            if language == 'nginx']
        path = self.folder / 'nginx.conf'
        path.write_text(f'events {{}}\nhttp {{\n{code}\n}}\n')
        parsed = crossplane.parse(str(path), strict=True)
        self.assertEqual((parsed['status'], parsed['errors']), ('ok', []))
        found = directives(parsed['config'][0]['parsed'])
        locations = {
            ''.join(place['args']): {inner['directive']: inner['args'] for inner in place['block']}
            for place in found if place['directive'] == 'location'
        }
        self.assertEqual(locations['/pay/']['access_log'], ['off'])
        self.assertEqual(locations['/pay/']['error_log'], ['/dev/null', 'crit'])
        self.assertNotIn('access_log', locations['/'])


def directives(block):
    """All directives of a block, and of those in it."""
    for directive in block:
        yield directive
        yield from directives(directive.get('block', ()))
