"""The archive to upload: one folder with what runs, and the tests that run in any Odoo.

A commit has one archive, whoever builds it: names are sorted, times and modes are fixed, and
nothing is packed that git does not track.
"""

import argparse
import ast
import os
import re
import subprocess
import time
import zipfile
from pathlib import Path

from .home import CHECKOUT, Failure

ADDON = 'email_pay'
GIT_CONFIG = Path(__file__).with_name('gitconfig')
SHIPPED = {
    '__init__.py', '__manifest__.py', 'const.py', 'hooks.py', 'CHANGELOG.md', 'LICENSE',
    'README.md', 'SECURITY.md', 'controllers', 'data', 'demo', 'gateways', 'i18n', 'migrations',
    'models', 'report', 'security', 'smtp', 'static', 'views', 'wizards',
}
# What is for those who develop this add-on. What is named in neither list has to be decided on.
KEPT_BACK = {'CONTRIBUTING.md', 'docs', 'pyproject.toml', 'sandbox', 'scripts', 'tests'}
# Of what is kept back: the tests that this module imports, which it stands for in the archive, and
# the pictures that the README shows.
TESTS, SHIPPED_TESTS = 'tests/__init__.py', 'tests/shipped.py'
README = 'README.md'

# What a zip file can say of a file's time begins here.
OLDEST = 315532800
MODE = 0o100644


def main(*words):
    options = _options(words)
    path = build(CHECKOUT, Path(options.to), dirty=options.dirty)
    print(f'{path}: {path.stat().st_size / 1024:.0f} KiB')


def _options(words):
    parser = argparse.ArgumentParser(prog='scripts/package', description=__doc__.split('\n')[0])
    parser.add_argument(
        '--to', metavar='FOLDER', default=CHECKOUT / 'dist', help='instead of dist/')
    parser.add_argument(
        '--dirty', action='store_true', help='also with changes that are not committed')
    return parser.parse_args(words)


def build(checkout, folder, dirty=False):
    """Write the archive of a checkout into a folder; return its path."""
    if not dirty and (changes := git(checkout, 'status', '--porcelain')):
        raise Failure(f'These changes are not committed (--dirty packs them):\n{changes}')
    files = _files(checkout)
    version = ast.literal_eval((checkout / '__manifest__.py').read_text())['version']
    moment = time.gmtime(max(_epoch(checkout), OLDEST))[:6]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'{ADDON}-{version}.zip'
    scratch = path.with_suffix(f'.{os.getpid()}')
    # Not compressed: what a compressor makes of the same bytes depends on its release.
    with zipfile.ZipFile(scratch, 'w', zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f'{ADDON}/{name}', moment)
            entry.create_system, entry.external_attr = 3, MODE << 16
            archive.writestr(entry, (checkout / files[name]).read_bytes())
    scratch.rename(path)
    return path


def _epoch(checkout):
    """Return the time that all files have: of the last commit, unless the environment says."""
    return int(os.environ.get('SOURCE_DATE_EPOCH') or git(checkout, 'log', '-1', '--format=%ct'))


# -- What goes in -----------------------------------------------------------------------------

def _files(checkout):
    """Return what goes into the archive: the name there → the name in the checkout."""
    tracked = git(checkout, 'ls-files', '-z').split('\0')
    tracked = [name for name in tracked if name and not name.startswith('.')]
    undecided = {name.partition('/')[0] for name in tracked} - SHIPPED - KEPT_BACK
    if undecided:
        raise Failure(f'Does it ship? {", ".join(sorted(undecided))}: say so in {__file__}.')
    names = {name for name in tracked if name.partition('/')[0] in SHIPPED}
    names |= _tests(checkout) | _pictures(checkout)
    if strangers := names - set(tracked):
        raise Failure(f'Git does not track {", ".join(sorted(strangers))}.')
    if links := [name for name in names if (checkout / name).is_symlink()]:
        raise Failure(f'A link does not survive in an archive: {", ".join(sorted(links))}.')
    return {name: name for name in names} | {TESTS: SHIPPED_TESTS}


def _tests(checkout):
    """Return the modules of the tests that ship: the list's, and what these import."""
    found, waiting = set(), [SHIPPED_TESTS]
    while waiting:
        name = waiting.pop()
        for needed in _imported(checkout, name) - found:
            if not needed.startswith('tests/'):
                raise Failure(f'{name} ships and needs {needed}, which does not.')
            found.add(needed)
            waiting.append(needed)
    return found


def _imported(checkout, name):
    """Return what a module of the tests imports of the files that ship only when they are named."""
    found = set()
    for node in ast.walk(ast.parse((checkout / name).read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        parts = Path(name).parts[:-node.level] + tuple((node.module or '').split('.'))
        folder = Path(*parts)
        modules = [folder] if node.module else [folder / alias.name for alias in node.names]
        found |= {_source(checkout, module) for module in modules}
    return {needed for needed in found if needed.partition('/')[0] not in SHIPPED}


def _source(checkout, module):
    """Return the file of a module."""
    package = module / '__init__.py'
    return str(package if (checkout / package).exists() else module.with_suffix('.py'))


def _pictures(checkout):
    text = (checkout / README).read_text()
    return set(re.findall(r'(?:<img src="|!\[[^]]*\]\()([^":)]+)[")]', text))


def git(checkout, *arguments, text=True):
    """What git answers, of a checkout that may belong to somebody else, as on a server of tests."""
    command = ('git', '-C', checkout, *arguments)
    environment = {**os.environ, 'GIT_CONFIG_SYSTEM': str(GIT_CONFIG)}
    try:
        found = subprocess.run(
            command, check=True, capture_output=True, text=text, env=environment).stdout
        return found.rstrip() if text else found
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failure(f'{checkout} is not a git checkout, or git is missing.') from error
