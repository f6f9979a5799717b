"""Fetch what Email Pay runs on: Debian packages, Odoo 19 and a virtual environment."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .home import CHECKOUT, HOME, Failure, build_once, digest, lock, run, step

PYTHON = (3, 11)  # the newest that reportlab 3.6 has a wheel for
SYSTEM_PROGRAMS = Path('/usr/bin')
REQUIREMENTS = CHECKOUT / 'scripts' / 'requirements.txt'

# Programs that tests and demos need, and Debian's packages of the same name.
MACHINE_PROGRAMS = ('chromium', 'git', 'wkhtmltopdf')

# Odoo, and the packages its symbolic links point into. The two fonts from the machine's own
# release have other file names in sid.
SID_PACKAGES = (
    'odoo-19', 'libjs-jquery', 'libjs-jquery-form', 'libjs-underscore',
    'fonts-roboto-unhinted', 'fonts-ocr-b', 'fonts-montserrat',
)
OWN_PACKAGES = ('fonts-font-awesome', 'fonts-inconsolata')

# Debian removes this file, and every asset bundle that names it logs an error.
REMOVED_FILE = 'odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js'


class AptSource(NamedTuple):
    uri: str
    suite: str
    components: tuple
    signed_by: str


def ensure():
    """Fetch everything that is not there yet."""
    machine_programs()
    virtualenv()
    odoo()


# -- Odoo -------------------------------------------------------------------------------------

def odoo():
    """Return the folder with the `odoo` package: the user's `ODOO_HOME`, or Debian's."""
    if own := os.environ.get('ODOO_HOME'):
        return _checked_odoo(Path(own).expanduser().resolve())
    key = digest(SID_PACKAGES, OWN_PACKAGES, REMOVED_FILE)
    tree = build_once('odoo', key, 'Odoo 19, from Debian', _unpack_odoo)
    return tree / 'usr/lib/python3/dist-packages'


def _checked_odoo(folder):
    release = folder / 'odoo' / 'release.py'
    if not release.exists():
        raise Failure(f'ODOO_HOME={folder} holds no Odoo: there is no {release}.')
    if not re.search(r'^version_info = \(19, 0,', release.read_text(), re.MULTILINE):
        raise Failure(f'ODOO_HOME={folder} is not Odoo 19.0, the release Email Pay is for.')
    return folder


def _unpack_odoo(tree):
    downloads = HOME / 'downloads'
    (downloads / 'lists' / 'partial').mkdir(parents=True, exist_ok=True)
    source = debian_source()
    packages = [f'{name}/sid' for name in SID_PACKAGES]
    packages += [f'{name}/{source.suite}' for name in OWN_PACKAGES]
    apt = ('apt-get', '-qq', *_private_apt(source, downloads))
    run(*apt, 'update', '--error-on=any', cwd=downloads)
    run(*apt, 'download', *packages, cwd=downloads)
    for name in SID_PACKAGES + OWN_PACKAGES:
        newest = max(downloads.glob(f'{name}_*.deb'), key=lambda path: path.stat().st_mtime)
        run('dpkg', '-x', newest, tree)
    removed = tree / 'usr/lib/python3/dist-packages' / REMOVED_FILE
    removed.parent.mkdir(parents=True, exist_ok=True)
    removed.touch()
    if broken := [path for path in tree.rglob('*') if path.is_symlink() and not path.exists()]:
        raise Failure(f'The unpacked Odoo has broken links, the first one is {broken[0]}.')


def _private_apt(source, folder):
    """Return apt options that add sid for one command and leave the machine's apt untouched."""
    signed_by = f'[signed-by={source.signed_by}] ' if source.signed_by else ''
    sources = folder / 'sources.list'
    sources.write_text(''.join(
        f'deb {signed_by}{source.uri} {suite} main\n' for suite in (source.suite, 'sid')
    ))
    settings = {
        'Dir::Etc::SourceList': sources,
        'Dir::Etc::SourceParts': '/dev/null',
        'Dir::Etc::Preferences': '/dev/null',
        'Dir::Etc::PreferencesParts': '/dev/null',
        'Dir::State::Lists': folder / 'lists',
        'Dir::Cache::pkgcache': '',
        'Dir::Cache::srcpkgcache': '',
        'Acquire::Languages': 'none',
        'Acquire::Retries': 3,
        'APT::Sandbox::User': 'root',
    }
    return [part for name, value in settings.items() for part in ('-o', f'{name}={value}')]


# -- The machine's apt ------------------------------------------------------------------------

def debian_source():
    """Return the machine's own source of Debian's main archive."""
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)', _read('/etc/os-release'), re.MULTILINE))
    suites = {release.get('VERSION_CODENAME'), 'stable', 'testing', 'unstable', 'sid'}
    found = [
        source for source in apt_sources()
        if source.suite in suites and 'main' in source.components
        and source.uri.startswith(('http', 'file', 'ftp'))
    ]
    if release.get('ID') != 'debian' or not found:
        raise Failure(
            'Odoo is fetched from Debian, and this machine has no Debian archive in its apt '
            'sources: set ODOO_HOME to an Odoo 19 of yours.'
        )
    return max(found, key=lambda source: source.uri.rstrip('/').endswith('/debian'))


def apt_sources(folder=Path('/etc/apt')):
    """Yield every source of binary packages, in either of apt's two formats."""
    parts = sorted(folder.glob('sources.list.d/*'))
    for path in [folder / 'sources.list', *parts]:
        if path.suffix == '.list':
            yield from _one_line_sources(_read(path))
        elif path.suffix == '.sources':
            yield from _deb822_sources(_read(path))


def _one_line_sources(text):
    for line in text.split('\n'):
        if match := re.match(r'deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)', line.strip()):
            options, uri, suite, components = match.groups()
            signed_by = re.search(r'signed-by=(\S+)', options or '')
            yield AptSource(
                uri, suite, tuple(components.split()), signed_by[1] if signed_by else '')


def _deb822_sources(text):
    text = re.sub(r'^#.*\n', '', text, flags=re.MULTILINE)
    for stanza in re.split(r'\n\s*\n', text):
        fields = {
            name.lower(): value.strip()
            for name, value in re.findall(r'^([\w-]+):((?:.*\n?)(?:[ \t].*\n?)*)', stanza, re.M)
        }
        if 'deb' not in fields.get('types', '').split() or fields.get('enabled') == 'no':
            continue
        signed_by = fields.get('signed-by', '')
        for uri in fields.get('uris', '').split():
            for suite in fields.get('suites', '').split():
                yield AptSource(
                    uri, suite, tuple(fields.get('components', '').split()),
                    signed_by if signed_by.startswith('/') else '')


def _read(path):
    path = Path(path)
    return path.read_text() if path.exists() else ''


def machine_programs():
    """Install the Debian packages of the programs that the machine lacks."""
    if not _missing_programs():
        return
    with lock('apt'):
        if missing := _missing_programs():
            install_packages(*missing)


def _missing_programs():
    return [name for name in MACHINE_PROGRAMS if not shutil.which(name)]


def install_packages(*packages):
    apt = ('apt-get', '-qq', '-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3')
    environment = dict(os.environ, DEBIAN_FRONTEND='noninteractive')
    if os.geteuid():
        if not shutil.which('sudo'):
            raise Failure(f'Please install these packages as root: {" ".join(packages)}.')
        apt = ('sudo', '--preserve-env=DEBIAN_FRONTEND', *apt)
    with step(f'Debian packages {", ".join(packages)}'):
        run(*apt, 'update', env=environment)
        run(*apt, 'install', '--no-install-recommends', *packages, env=environment)


# -- Python -----------------------------------------------------------------------------------

def virtualenv():
    """Return the folder of the virtual environment with all that Odoo and the tests import."""
    python = _python()
    key = digest(REQUIREMENTS.read_text(), python)
    return build_once(
        'venv', key, 'Python packages', lambda folder: _install_requirements(python, folder))


def python():
    """Return the Python that runs Odoo."""
    return virtualenv() / 'bin' / 'python'


def _python():
    """Return the Python that the virtual environment is made from."""
    name = f'python{PYTHON[0]}.{PYTHON[1]}'
    # Debian's is built with all optimisations: one that pyenv compiles is slower.
    if (system := SYSTEM_PROGRAMS / name).exists():
        return str(system)
    if sys.version_info[:2] == PYTHON:
        return str(Path(sys.base_prefix).resolve() / 'bin' / name)
    if found := shutil.which(name):
        return str(Path(found).resolve())
    raise Failure(f'Python {PYTHON[0]}.{PYTHON[1]} is needed, and this machine has no {name}.')


def _install_requirements(python, folder):
    if subprocess.run([python, '-c', 'import ensurepip'], stderr=subprocess.DEVNULL).returncode:
        install_packages(f'{Path(python).name}-venv')
    run(python, '-m', 'venv', folder)
    run(folder / 'bin' / 'python', '-m', 'pip', 'install', '-q', '-r', REQUIREMENTS)
