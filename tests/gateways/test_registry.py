"""Every registered gateway is tested, named alike everywhere, whole, and its maps are in shape."""

import ast
import importlib
import inspect
import itertools
import re
import sys
import tokenize
import unittest
from pathlib import Path
from xml.etree import ElementTree

import gateways
from gateways import REGISTRY
from gateways.base import Gateway
from gateways.values import Flow, Operation, Status
from sandbox.core import STAND_INS
from tests.contract import GatewayContract

ROOT = Path(gateways.__file__).parent
CHECKOUT = ROOT.parent


def constants(code):
    """The named values of a gateway's const module."""
    module = importlib.import_module(f'gateways.{code}.const')
    return {name: value for name, value in vars(module).items() if name.isupper()}


def maps():
    for code in REGISTRY:
        for name, value in constants(code).items():
            if isinstance(value, dict):
                yield f'{code}.{name}', value


class TestRegistry(unittest.TestCase):
    def test_every_gateway_is_held_to_the_contract(self):
        for code, gateway in REGISTRY.items():
            module = importlib.import_module(f'tests.gateways.{code}.test_{code}')
            suites = [
                suite
                for _name, suite in inspect.getmembers(module, inspect.isclass)
                if issubclass(suite, GatewayContract) and issubclass(suite, unittest.TestCase)
            ]
            self.assertIn(gateway, [suite.gateway_class for suite in suites], code)

    def test_no_suite_drops_a_test_of_the_contract(self):
        tests = [name for name in dir(GatewayContract) if name.startswith('test')]
        for code in REGISTRY:
            module = importlib.import_module(f'tests.gateways.{code}.test_{code}')
            for _name, suite in inspect.getmembers(module, inspect.isclass):
                if issubclass(suite, GatewayContract):
                    for test in tests:
                        self.assertIs(getattr(suite, test), getattr(GatewayContract, test))

    def test_every_folder_is_registered(self):
        folders = {path.parent.name for path in ROOT.glob('*/__init__.py')}
        self.assertEqual(folders, set(REGISTRY))

    def test_every_gateway_is_whole(self):
        for code, gateway in REGISTRY.items():
            self.assertTrue(issubclass(gateway, Gateway) and not inspect.isabstract(gateway), code)
            self.assertEqual(gateway.code, code)
            self.assertEqual(gateway.__module__, f'gateways.{code}')
            self.assertRegex(code, r'^[a-z]+$')
            self.assertIsInstance(gateway.supports.currencies, frozenset)

    def test_every_card_window_has_its_driver(self):
        for code, gateway in REGISTRY.items():
            if gateway.supports.flow is Flow.WINDOW:
                driver = gateway(gateway.Credentials(), send=None).card_window().driver
                script = f'static/src/payment_page/card_window_{driver}.js'
                self.assertTrue((CHECKOUT / script).exists(), f'{code}: {script}')

    def test_gateways_import_only_what_runs_without_odoo(self):
        allowed = {'requests.exceptions', 'cryptography'}
        for path in ROOT.rglob('*.py'):
            for node in ast.walk(ast.parse(path.read_text())):
                for name in imported(node):
                    root = name.partition('.')[0]
                    known = root in sys.stdlib_module_names or not allowed.isdisjoint((root, name))
                    self.assertTrue(known, f'{path.name}: {name}')

    def test_nothing_asks_which_gateway_it_is(self):
        for folder in ('gateways', 'models', 'controllers', 'wizards', 'report'):
            for path in (CHECKOUT / folder).rglob('*.py'):
                for node in ast.walk(ast.parse(path.read_text())):
                    asked = compared(node) & set(REGISTRY)
                    self.assertFalse(asked, f'{path.relative_to(CHECKOUT)}:{asked}')


def compared(node):
    """The texts with which a statement compares something."""
    if not isinstance(node, ast.Compare):
        return set()
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}


def imported(node):
    """The absolute modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [node.module]
    return []


def source(path):
    return ast.parse((CHECKOUT / path).read_text())


def declared_fields(path):
    """The fields that the models of a module declare, each with its keywords."""
    return {
        node.targets[0].id: {keyword.arg: keyword.value for keyword in node.value.keywords}
        for model in source(path).body if isinstance(model, ast.ClassDef)
        for node in model.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    }


def secrets(gateway):
    """The credentials that are not addresses."""
    return [name for name in gateway.credential_names() if not name.endswith('_url')]


class TestParts(unittest.TestCase):
    """Every gateway has its part of what Odoo loads, as far as that can be read without Odoo."""

    def test_every_gateway_has_fixtures_and_a_stand_in(self):
        for code in REGISTRY:
            self.assertTrue(list(CHECKOUT.glob(f'tests/gateways/{code}/fixtures/*')), code)
        self.assertEqual({stand_in.name for stand_in in STAND_INS}, set(REGISTRY))

    def test_every_gateway_has_a_model_with_its_code(self):
        imported = [
            alias.name for node in source('models/__init__.py').body for alias in node.names
        ]
        for code in REGISTRY:
            self.assertIn(f'provider_{code}', imported)
            field = declared_fields(f'models/provider_{code}.py')['code']
            added = dict(ast.literal_eval(field['selection_add']))
            self.assertEqual([*added], [code])
            self.assertEqual(ast.literal_eval(field['ondelete']), {code: 'set default'})

    def test_every_credential_has_a_field(self):
        for code, gateway in REGISTRY.items():
            declared = declared_fields(f'models/provider_{code}.py')
            for name in gateway.credential_names():
                self.assertIn(f'{code}_{name}', declared)

    def test_no_two_fields_have_the_same_label(self):
        labels = [
            ast.literal_eval(keywords['string'])
            for code in REGISTRY
            for keywords in declared_fields(f'models/provider_{code}.py').values()
            if 'string' in keywords
        ]
        self.assertEqual(len(labels), len(set(labels)), labels)

    def test_every_credential_is_on_the_form(self):
        form = ElementTree.parse(CHECKOUT / 'views/payment_provider_views.xml')
        for code, gateway in REGISTRY.items():
            [group] = form.findall(f'.//group[@name="{code}"]')
            self.assertEqual(group.get('invisible'), f"code != '{code}'")
            shown = {field.get('name'): field for field in group.iter('field')}
            for name in gateway.credential_names():
                self.assertIn(f'{code}_{name}', shown)
                if not gateway.Credentials.__dataclass_fields__[name].repr:
                    self.assertEqual(shown[f'{code}_{name}'].get('password'), 'True', name)

    def test_every_gateway_has_a_provider_with_a_logo(self):
        records = ElementTree.parse(CHECKOUT / 'data/payment_provider_data.xml').iter('record')
        providers = {record.get('id'): record for record in records}
        for code in REGISTRY:
            record = providers[f'payment_provider_{code}']
            fields = {field.get('name'): field for field in record.iter('field')}
            self.assertEqual(fields['code'].text, code)
            self.assertEqual(fields['module_id'].get('ref'), 'base.module_email_pay')
            self.assertEqual(fields['redirect_form_view_id'].get('ref'), 'redirect_form')
            logo = fields['image_128'].get('file').removeprefix('email_pay/')
            self.assertEqual(logo, f'static/img/{code}.png')
            self.assertTrue((CHECKOUT / logo).read_bytes().startswith(b'\x89PNG'))

    def test_every_secret_is_neutralized(self):
        text = (CHECKOUT / 'data/neutralize.sql').read_text()
        for code, gateway in REGISTRY.items():
            pattern = rf"^UPDATE payment_provider\s+SET ([^;]*?)\s+WHERE code = '{code}';"
            [values] = re.findall(pattern, text, re.MULTILINE)
            emptied = re.split(r',\s*', values)
            for value in ("state = 'disabled'", *(f'{code}_{n} = NULL' for n in secrets(gateway))):
                self.assertIn(value, emptied)


class TestMaps(unittest.TestCase):
    def test_every_key_is_one_word(self):
        for name, value in maps():
            for key in value:
                with self.subTest(name, key=key):
                    self.assertRegex(str(key), re.compile(r'^\w[\w.\- ]*$'))

    def test_no_missing_comma_glues_two_words_together(self):
        layout = {tokenize.NL, tokenize.COMMENT}
        for code in REGISTRY:
            with tokenize.open(ROOT / code / 'const.py') as source:
                tokens = list(tokenize.generate_tokens(source.readline))
            kept = [token for token in tokens if token.type not in layout]
            for first, second in itertools.pairwise(kept):
                with self.subTest(code, line=second.line):
                    self.assertFalse(first.type == second.type == tokenize.STRING)

    def test_every_value_of_a_map_is_of_one_type(self):
        for name, value in maps():
            shapes = {shape(entry) for entry in value.values()}
            self.assertEqual(len(shapes), 1, f'{name}: {shapes}')

    def test_a_collection_of_words_is_never_a_text(self):
        for code in REGISTRY:
            for name, value in constants(code).items():
                one_word = isinstance(value, str) and ' ' not in value
                with self.subTest(code, name=name):
                    self.assertFalse(one_word and re.search(r'[^S]S$', name))

    def test_every_status_is_reached_by_words_not_texts(self):
        for name, value in maps():
            for entry in value.values():
                for part in entry if isinstance(entry, tuple) else (entry,):
                    if part in set(Status) | set(Operation):
                        self.assertIsInstance(part, Status | Operation, name)


def shape(entry):
    return tuple(map(type, entry)) if isinstance(entry, tuple) else type(entry)
