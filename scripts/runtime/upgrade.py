"""The upgrade from every released version: each is built from the history, used, and updated."""

import ast
import io
import tarfile
from pathlib import Path

from . import database, package, server
from .home import CHECKOUT, Failure

INSIDE = Path(__file__).with_name('upgrade_inside.py')
CALL = (
    f'import sys; sys.path.append({str(INSIDE.parent)!r}); import upgrade_inside;'
    ' upgrade_inside.{0}(env); env.cr.commit()'
)
# What an upgraded database has to have as a fresh one does. Demo data is only loaded at install.
NAMES = f"""
    SELECT model || ' ' || name FROM ir_model_data
     WHERE module = '{server.ADDON}' AND name !~ '^demo_'
"""
COLUMNS = """
    SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
      FROM information_schema.columns WHERE table_schema = 'public'
"""
# Templates that people may have written in are archived, see migrations/.
OUTLIVING = {
    'mail.template mail_template_receipt', 'mail.template mail_template_refund',
}


def check(logs, addons):
    """Upgrade from each release to the archive; return the number of releases."""
    found = releases()
    if not found:
        raise Failure('The history of this checkout has no release.')
    for version, commit in found.items():
        _check_release(version, _unpack(commit, logs / version), addons, logs)
    return len(found)


def is_possible():
    """Whether the history is there that has the releases: a shallow clone lacks it."""
    return _git('rev-parse', '--is-shallow-repository').strip() == 'false'


def releases():
    """Return the released versions before this one: the version → its commit, the last one that was
    told in the changelog."""
    found = {}
    current = _version('HEAD')
    for commit in _git('rev-list', '--first-parent', 'HEAD', '--', 'CHANGELOG.md').split():
        version = _version(commit)
        if version != current:
            found.setdefault(version, commit)
    return found


def _version(commit):
    return ast.literal_eval(_git('show', f'{commit}:__manifest__.py'))['version']


def _check_release(version, old, new, logs):
    with database.copy(database.base(), f'from_{version.replace(".", "_")}') as name:
        _odoo(name, 'install', old, logs, '--init', server.ADDON, *database.DEMO)
        _odoo(name, 'use', old, logs, script=CALL.format('use'))
        _odoo(name, 'upgrade', new, logs, '--update', server.ADDON, *database.DEMO)
        _odoo(name, 'look', new, logs, script=CALL.format('look'))
        _compare(version, name, database.email_pay())


def _odoo(name, title, addons, logs, *arguments, script=''):
    database.odoo(
        name, title, '--addons-path', addons, *arguments, script=script, logs=logs)


def _compare(version, upgraded, fresh):
    for statement in (NAMES, COLUMNS):
        has, should = (
            {value for (value,) in database.query(statement, database=name)}
            for name in (upgraded, fresh)
        )
        missing, left = sorted(should - has), sorted(has - should - OUTLIVING)
        if missing or left:
            raise Failure('\n'.join([
                f'Upgraded from {version}, a database is not as a fresh one:',
                *(f'it lacks {value}' for value in missing), *(f'it has {value}' for value in left),
            ]))


def _unpack(commit, folder):
    """Put a commit into an add-ons folder; return the folder."""
    addon = folder / server.ADDON
    addon.mkdir(parents=True)
    archive = package.git(CHECKOUT, 'archive', commit, text=False)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(addon)
    return folder


def _git(*arguments):
    return package.git(CHECKOUT, *arguments)
