"""The archive in an Odoo that these scripts did not prepare: the modules that it asks for, no demo
data, no chart of accounts, no checkout.
"""

import ast
import os
import zipfile

from . import database, fetch, lifecycle, package, processes, server
from .home import CHECKOUT, Failure, digest

# Built by another script run, from another checkout, with another umask: the bytes are the same.
OTHER_UMASK = 0o077
COMPANIES = """
sister = env['res.company'].create({'name': "Sister Company"})
env['res.company'].create({'name': "Sister's Branch", 'parent_id': sister.id})
env.cr.commit()
"""


def template():
    """Return the template with the modules that the manifest asks for, and some companies."""
    depends = ast.literal_eval((CHECKOUT / '__manifest__.py').read_text())['depends']
    release = (fetch.odoo() / 'odoo/release.py').read_text()
    return database.template(
        f'template_bare_{digest(fetch.odoo(), release, depends, COMPANIES)}',
        f'database with {", ".join(depends)} alone',
        lambda name: _build(name, depends))


def _build(name, depends):
    database.create(name)
    database.odoo(name, 'install', '--init', ','.join(depends), '--stop-after-init')
    database.odoo(name, 'companies', script=COMPANIES)


def unpacked(folder):
    """Build the archive and unpack it into an empty add-ons folder; return that folder."""
    archive = package.build(CHECKOUT, folder, dirty=True)
    addons = folder / 'addons'
    with zipfile.ZipFile(archive) as files:
        files.extractall(addons)
    return addons


def check_bytes(folder):
    """Build the archive again elsewhere: it has to be the same, byte for byte."""
    mine = package.build(CHECKOUT, folder / 'mine', dirty=True)
    other = folder / 'other'
    log = folder / 'package.log'
    who = ('-c', 'user.name=nobody', '-c', 'user.email=nobody@example.com')
    commit = package.git(CHECKOUT, *who, 'stash', 'create') or 'HEAD'
    package.git(CHECKOUT, 'clone', '--quiet', '--shared', '--no-checkout', CHECKOUT, other)
    package.git(other, 'checkout', '--quiet', package.git(CHECKOUT, 'rev-parse', commit))
    epoch = os.environ.get('SOURCE_DATE_EPOCH') or package.git(
        CHECKOUT, 'log', '-1', '--format=%ct')
    code = processes.run(
        (other / 'scripts' / 'package', '--to', folder / 'theirs'), log, umask=OTHER_UMASK,
        env=dict(os.environ, SOURCE_DATE_EPOCH=epoch, TZ='Pacific/Auckland'))
    theirs = folder / 'theirs' / mine.name
    if code or theirs.read_bytes() != mine.read_bytes():
        raise Failure(f'The archive of another checkout is another one, see {log}.')


def check(logs, addons, tests):
    """Install, run the tests that ship by `tests(name, options)`, uninstall; return its outcome."""
    options = ('--addons-path', addons)
    with database.copy(template(), 'bare') as name:
        database.odoo(
            name, 'install', *options, '--init', server.ADDON, '--stop-after-init', logs=logs)
        outcome = tests(name, (*options, '--update', server.ADDON))
        lifecycle.uninstall(name, server.ADDON, logs, *options)
        lifecycle.check_rows(template(), name)
    return outcome
