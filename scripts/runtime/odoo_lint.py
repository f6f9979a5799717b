"""Odoo's own test_lint, of the add-on in the folder that is named: what can be read without a
database. Run by lint.py, with Odoo's package and configuration in the environment."""

import importlib
import sys
import unittest
from pathlib import Path

from odoo.modules import Manifest
from odoo.tools import config

# Left out, each for its reason:
#   test_checkers, test_pylint     lint.py runs the same checkers with pylint
#   test_docstring                 fails on docstrings of Odoo itself
#   test_index                     wants a database, and finds something in Odoo's own l10n_br:
#                                  tests/test_indexes.py stands for it
#   test_naming, test_override_signatures, test_routes
#                                  want a database: the stage `peers` runs them
#   test_eslint                    wants eslint, which is no package of Python or Debian's server
#   test_l10n                      is for the tests of localizations
#   test_markers                   reads all of Odoo; ruff and the XML parser meet markers here
#   test_pofile                    wants a database; the OCA's check finds terms that are twice
#   test_test_holes                wants Odoo to import the tests that run without it;
#                                  tests/scripts/test_data_files.py looks for tests nobody imports
MODULES = (
    'test_dunderinit', 'test_i18n', 'test_jstranslate', 'test_manifests', 'test_onchange_domains',
    'test_orm_import',
)


def main(addon):
    config.parse_config([])
    Manifest.all_addon_manifests = staticmethod(lambda: [Manifest.for_addon(Path(addon).name)])
    modules = [
        importlib.import_module(f'odoo.addons.test_lint.tests.{name}') for name in MODULES]
    suite = unittest.TestSuite(
        unittest.defaultTestLoader.loadTestsFromModule(module) for module in modules)
    result = unittest.TextTestRunner(verbosity=0).run(suite)
    return int(not result.wasSuccessful() or result.testsRun < len(MODULES))


sys.exit(main(*sys.argv[1:]))
