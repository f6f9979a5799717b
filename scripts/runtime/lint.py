"""Static checks: ruff, pylint with Odoo's and the OCA's checkers, Odoo's own test_lint, the OCA's
checks of data files and translations; and every XML file parsed."""

import os
from pathlib import Path
from xml.etree import ElementTree

from . import fetch, processes, server
from .home import CHECKOUT, HOME

HERE = Path(__file__).parent

# What test_lint asks of pylint. Its other checks are run by odoo_lint.py, and by the stage `peers`.
ODOO_PLUGINS = (
    '_odoo_checker_sql_injection', '_odoo_checker_gettext', '_odoo_checker_unlink_override',
    'pylint.extensions.bad_builtin',
)
ODOO_CHECKS = (
    'used-before-assignment', 'undefined-variable', 'eval-used', 'unreachable',
    'function-redefined', 'bad-builtin', 'sql-injection', 'missing-gettext', 'gettext-variable',
    'gettext-placeholders', 'gettext-repr', 'raise-unlink-override',
)


def check(log):
    """Return the complaints, in a few lines each."""
    complaints = [
        f'{name} complains' for name, (command, environment) in _linters().items()
        if processes.run(
            command, log, cwd=CHECKOUT,
            env=dict(os.environ, PYLINTHOME=str(HOME / 'pylint'), **environment))
    ]
    return complaints + [f'{path}: {error}' for path, error in _malformed_xml()]


def _linters():
    """The command of each, and what it needs in its environment."""
    python = fetch.python()
    return {
        'ruff': ((python, '-m', 'ruff', 'check', '--no-cache', '--quiet', CHECKOUT), {}),
        'pylint': ((python, '-m', 'pylint', '--rcfile', CHECKOUT / '.pylintrc', CHECKOUT), {}),
        "Odoo's pylint": _odoo_pylint(python),
        "Odoo's test_lint": (
            (python, HERE / 'odoo_lint.py', server.addon()), server.environment()),
        "the OCA's check of the add-on": ((python, HERE / 'oca_lint.py', CHECKOUT), {}),
        # The same word in two languages is a translation too: tests want every term filled in.
        "the OCA's check of translations": (
            (python.with_name('oca-checks-po'), '--disable', 'po-pretty-format',
             *sorted(CHECKOUT.glob('i18n/*.po*'))), {}),
    }


def _odoo_pylint(python):
    command = (
        python, '-m', 'pylint', '--rcfile', os.devnull, '--ignore', 'scripts,sandbox,tests,.git',
        '--disable=all', '--load-plugins', ','.join(ODOO_PLUGINS), '--bad-functions', 'input',
        '--enable', ','.join(ODOO_CHECKS), '--disable', 'unknown-option-value', '--score', 'no',
        CHECKOUT)
    return command, {'PYTHONPATH': str(test_lint() / 'tests')}


def test_lint():
    """The folder of Odoo's module `test_lint`, in a package or in a checkout."""
    places = (fetch.odoo() / folder / 'test_lint' for folder in ('odoo/addons', 'addons'))
    return next(filter(lambda place: place.is_dir(), places))


def _malformed_xml():
    for path in sorted(CHECKOUT.rglob('*.xml')):
        try:
            ElementTree.parse(path)
        except ElementTree.ParseError as error:
            yield path.relative_to(CHECKOUT), error
