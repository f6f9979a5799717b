"""The way into every script: fetch what is missing, then go on in the virtual environment."""

import importlib
import os
import signal
import sys
from pathlib import Path

from . import fetch
from .home import HOME, Failure, say


def main(name=None, *, alone=False):
    """Run `main(*arguments)` of the module of that name in the virtual environment; `alone` when it
    needs nothing that is fetched."""
    signal.signal(signal.SIGTERM, _interrupt)
    _keep_proxies_from_loopback()
    try:
        if not alone:
            fetch.ensure()
            if name:
                _enter_virtualenv()
        if name:
            script = importlib.import_module(f'{__package__}.{name}')
            sys.exit(script.main(*sys.argv[1:]))
        say(f'Everything is there, in {HOME}.')
    except Failure as failure:
        say(f'{Path(sys.argv[0]).name}: {failure}')
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _enter_virtualenv():
    """Start this script once more, with the packages that its first start has installed."""
    venv = fetch.virtualenv()
    if os.path.realpath(sys.prefix) != str(venv):
        python = str(venv / 'bin' / 'python')
        os.execv(python, [python, *sys.argv])


def _keep_proxies_from_loopback():
    """Let everything started here talk to this machine directly."""
    direct = (os.environ.get('no_proxy'), '127.0.0.1', 'localhost')
    os.environ['no_proxy'] = ','.join(filter(None, direct))


def _interrupt(number, frame):
    """Make SIGTERM end a run as Ctrl-C does: everything it started is stopped."""
    raise KeyboardInterrupt
