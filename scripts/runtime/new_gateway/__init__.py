"""A new gateway: `scripts/new_gateway NAME [--title "Bank of X"] [--flow redirect|window]`.

It writes the skeleton of all that one gateway consists of, from the templates beside this file:
`files` and `flows/<flow>/files` become new files, `flows/<flow>/*` stand in them where flows
differ, and `lines` go into the files that all gateways share. Everything is made before anything
is written, and when something is wrong, nothing is.
"""

import argparse
import ast
import keyword
import re
import sys
from pathlib import Path
from string import Template
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ..home import CHECKOUT, Failure
from .places import after_last, before, in_order

TEMPLATES = Path(__file__).parent
SUFFIX = '.tmpl'
FLOWS = {'redirect': 'checkout', 'window': 'charge'}
# The lines of the templates have room for these.
MAX_NAME, MAX_TITLE = 16, 30

# Odoo's own gateways whose codes would be such names.
ODOO_CODES = frozenset({
    'adyen', 'aps', 'asiapay', 'authorize', 'buckaroo', 'custom', 'demo', 'dpo', 'flutterwave',
    'iyzico', 'mollie', 'none', 'nuvei', 'paymob', 'paypal', 'razorpay', 'redsys', 'stripe',
    'worldline', 'xendit',
})

# Into files that are there: which, at what place, which line or lines.
INSERTIONS = (
    ('gateways/__init__.py', in_order(r'from \.\w+ import \w+'), 'from .$name import $class_name'),
    ('gateways/__init__.py', in_order(r'    \w+,'), '    $class_name,'),
    ('models/__init__.py', in_order(r'from \. import \w+'), 'from . import provider_$name'),
    ('sandbox/core.py', in_order(r'from \.\w+ import .+'), 'from .$name import $class_name'),
    ('sandbox/core.py', in_order(r'    \w+,'), '    $class_name,'),
    ('sandbox/core.py', in_order(r'    \w+: [A-Z]\w+'), '    $name: $class_name'),
    ('data/payment_provider_data.xml', before(r'</odoo>'), TEMPLATES / 'lines/record.xml.tmpl'),
    ('views/payment_provider_views.xml', before(r' +<group name="email_pay_connection".*'),
     TEMPLATES / 'lines/form.xml.tmpl'),
    ('data/neutralize.sql', after_last(r" WHERE code = '\w+';"),
     TEMPLATES / 'lines/neutralize.sql.tmpl'),
)


def main(*words):
    """Write the gateway that the words ask for, and say what is left to do."""
    options = _options(words)
    values = _values(options)
    _refuse_taken(options.name, values['class_name'])
    new, changed = _new_files(options.flow, values), _changed_files(values)
    for path, content in (new | changed).items():
        _check(path, content)
    for path, content in (new | changed).items():
        (CHECKOUT / path).parent.mkdir(parents=True, exist_ok=True)
        (CHECKOUT / path).write_bytes(content)
    _report(new, changed, values)


def _options(words):
    parser = argparse.ArgumentParser(prog='scripts/new_gateway', description=__doc__.split('\n')[0])
    parser.add_argument('name', type=_name, help='its code in Odoo, in small letters')
    parser.add_argument('--title', type=_title, help='its name for people (default: as the code)')
    parser.add_argument('--flow', choices=FLOWS, default='redirect', help=(
        'customers pay on a page of the gateway (the default), or in its window on ours'))
    return parser.parse_args(words)


def _name(text):
    if not re.fullmatch(rf'[a-z]{{2,{MAX_NAME}}}', text):
        raise argparse.ArgumentTypeError(f'{text!r} is not 2 to {MAX_NAME} small letters, a to z')
    return text


def _title(text):
    if not re.fullmatch(rf'\w[^"\'\\$]{{0,{MAX_TITLE - 1}}}', text) or not text.isprintable():
        raise argparse.ArgumentTypeError(
            f'{text!r} is not one line of at most {MAX_TITLE} characters, without quotes')
    return text


# -- What is made -----------------------------------------------------------------------------

def _values(options):
    """Return what stands for each name in the templates."""
    title = options.title or options.name.capitalize()
    values = {
        'name': options.name,
        'title': title,
        'title_xml': escape(title),
        'class_name': _class_name(options.name, title),
        'flow': options.flow.upper(),
        'verb': FLOWS[options.flow],
    }
    parts = (TEMPLATES / 'flows' / options.flow).glob(f'*{SUFFIX}')
    return values | {path.name.partition('.')[0]: _filled(path, values).rstrip() for path in parts}


def _class_name(name, title):
    """Return the title as one word when that is the name, as GreenPay is; else the name."""
    word = re.sub(r'\W', '', title)
    return word if word.lower() == name else name.capitalize()


def _filled(template, values):
    text = template.read_text() if isinstance(template, Path) else f'{template}\n'
    return Template(text).substitute(values)


def _new_files(flow, values):
    """Return the bytes of each new file by its path."""
    files = {}
    for root in (TEMPLATES / 'files', TEMPLATES / 'flows' / flow / 'files'):
        for path in sorted(path for path in root.rglob('*') if path.is_file()):
            name = str(path.relative_to(root)).replace('NAME', values['name'])
            is_template = path.suffix == SUFFIX
            content = _filled(path, values).encode() if is_template else path.read_bytes()
            files[name.removesuffix(SUFFIX)] = content
    return files


def _changed_files(values):
    """Return the bytes of each file with the lines put into it, by its path."""
    files = {}
    for path, place, template in INSERTIONS:
        text = files[path] if path in files else (CHECKOUT / path).read_text()
        lines, added = text.splitlines(keepends=True), _filled(template, values)
        at = place(lines, added)
        if at is None:
            raise Failure(f'{path} has no place for a gateway any more; nothing was written.')
        files[path] = ''.join([*lines[:at], added, *lines[at:]])
    return {path: text.encode() for path, text in files.items()}


# -- What is wrong ----------------------------------------------------------------------------

def _refuse_taken(name, class_name):
    """
    :raises Failure: the name means something already.
    """
    if keyword.iskeyword(name) or name in sys.stdlib_module_names:
        raise Failure(f'{name} is a word of Python: choose another name.')
    if name in ODOO_CODES:
        raise Failure(f'Odoo has a gateway {name} of its own: choose another name.')
    taken = [
        path for folder in ('gateways', 'sandbox') for path in (CHECKOUT / folder).rglob('*.py')
        if path.stem == name or path.parent.name == name or _uses(path, name, class_name)
    ]
    if taken:
        where = taken[0].relative_to(CHECKOUT)
        raise Failure(f'{name} is taken, see {where}; nothing was written.')


def _uses(path, name, class_name):
    """Whether a module has such a class or, for the sandbox, such an attribute."""
    return re.search(rf'class {class_name}\b|self\.{name}\b|def {name}\(', path.read_text())


def _check(path, content):
    """
    :raises Failure: a file would not be new, or no program could read it.
    """
    is_new = not any(path == changed for changed, _place, _lines in INSERTIONS)
    if is_new and (CHECKOUT / path).exists():
        raise Failure(f'{path} is there already; nothing was written.')
    read = {'.py': ast.parse, '.xml': ElementTree.fromstring}.get(Path(path).suffix, bytes)
    read(content)


# -- What is said -----------------------------------------------------------------------------

def _report(new, changed, values):
    for title, paths in (('New', new), ('With lines for it', changed)):
        print(f'{title}:', *sorted(paths), sep='\n    ', end='\n\n')
    print(_filled(TEMPLATES / f'next_steps.txt{SUFFIX}', values), end='')
