"""Static checks: ruff, pylint with Odoo's plugin, and every XML file parsed."""

import os
from xml.etree import ElementTree

from . import fetch, processes
from .home import CHECKOUT, HOME


def check(log):
    """Return the complaints, in a few lines each."""
    complaints = [
        f'{name} complains' for name, command in _linters().items()
        if processes.run(
            command, log, env=dict(os.environ, PYLINTHOME=str(HOME / 'pylint')))
    ]
    return complaints + [f'{path}: {error}' for path, error in _malformed_xml()]


def _linters():
    python = fetch.python()
    return {
        'ruff': (python, '-m', 'ruff', 'check', '--no-cache', '--quiet', CHECKOUT),
        'pylint': (python, '-m', 'pylint', '--rcfile', CHECKOUT / '.pylintrc', CHECKOUT),
    }


def _malformed_xml():
    for path in sorted(CHECKOUT.rglob('*.xml')):
        try:
            ElementTree.parse(path)
        except ElementTree.ParseError as error:
            yield path.relative_to(CHECKOUT), error
