"""Odoo's command line: which Odoo, with which add-ons, on which database server."""

import os
from pathlib import Path

from . import fetch, postgres, processes
from .home import CHECKOUT, HOME, digest

ADDON = 'email_pay'
DATA = HOME / 'data'
LAUNCHER = Path(__file__).with_name('odoo-bin')


def main(*arguments):
    with postgres.server():
        return processes.foreground(command(*arguments), env=environment())


def command(*arguments):
    return [str(part) for part in (fetch.python(), LAUNCHER, *arguments)]


def environment():
    """Return the environment in which Odoo finds its package and its configuration."""
    return {
        **os.environ,
        'ODOO_RC': str(_configuration()),
        'PYTHONPATH': str(fetch.odoo()),
        'PGAPPNAME': 'email_pay',
        # Where Python is told to keep no bytecode, Odoo would be compiled anew at each start.
        'PYTHONDONTWRITEBYTECODE': '',
        'PYTHONPYCACHEPREFIX': str(HOME / 'bytecode'),
    }


def run(log, *arguments, script=''):
    """Run Odoo to its end, with its output in `log`; return its exit code."""
    return processes.run(command(*arguments), log, script=script, env=environment())


def addon():
    """Return this add-on under its technical name, whatever the name of the checkout."""
    link = HOME / 'addons' / digest(CHECKOUT) / ADDON
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        scratch = link.with_name(f'{ADDON}.{os.getpid()}')
        scratch.symlink_to(CHECKOUT)
        scratch.rename(link)
    return link


def _configuration():
    extra = os.environ.get('EMAIL_PAY_EXTRA_ADDONS', '').replace(os.pathsep, ',')
    options = {
        'addons_path': ','.join(filter(None, [str(addon().parent), extra])),
        'data_dir': DATA,
        'db_host': postgres.socket_folder(),
        'db_user': postgres.ROLE,
        'db_maxconn': 32,
        'http_interface': '127.0.0.1',
        'limit_time_real': 600,
        'limit_time_cpu': 600,
    }
    text = '[options]\n' + ''.join(f'{name} = {value}\n' for name, value in options.items())
    path = addon().parent.parent / f'{digest(CHECKOUT, text)}.conf'
    if not path.exists():
        scratch = path.with_suffix(f'.{os.getpid()}')
        scratch.write_text(text)
        scratch.rename(path)
    return path
