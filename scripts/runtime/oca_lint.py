"""The OCA's checks of a manifest and its data files, of the add-on in the folder that is named.

Their own command looks for add-ons below the root of a checkout; this one is the root.
"""

import sys
from pathlib import Path

from oca_pre_commit_hooks.checks_odoo_module import DATA_MANUAL_KEY, ChecksOdooModule
from oca_pre_commit_hooks.utils import getattr_checks

DISABLED = {
    'prefer-readme-rst',  # ours is README.md
    'xml-field-numeric-without-eval',  # Odoo's own data files write numbers so,
    'xml-header-wrong',  # and the encoding in small letters
}


class Checks(ChecksOdooModule):
    """Assets are named by the add-on's technical name, which its checkout need not have."""

    def _manifest2dict(self):
        manifest = super()._manifest2dict()
        manifest['assets'] = {
            bundle: [f'{self.odoo_addon_name}/{name.partition("/")[2]}' for name in names]
            for bundle, names in manifest['assets'].items()
        }
        return manifest


def main(folder):
    folder = Path(folder).resolve()
    checks = Checks(str(folder / '__manifest__.py'), set(), DISABLED)
    # Loaded by the company whose demo it is.
    checks.manifest_dict[DATA_MANUAL_KEY] = [
        str(path.relative_to(folder)) for path in folder.glob('demo/*.xml')]
    for check in getattr_checks(checks):
        check()
    for error in sorted(checks.checks_errors):
        print(error)
    return int(bool(checks.checks_errors))


sys.exit(main(*sys.argv[1:]))
