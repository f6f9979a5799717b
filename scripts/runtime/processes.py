"""Processes, ports and waiting: start what a run needs, and stop exactly that again."""

import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress

from .home import Failure, lock

LOOPBACK = '127.0.0.1'

_started = set()
_interrupted = threading.Event()


@contextmanager
def port(first):
    """Reserve a free port of the loopback interface, the first one from `first` on."""
    for number in range(first, first + 100):
        with lock(f'port-{number}', wait=False) as mine:
            if mine and _is_free(number):
                yield number
                return
    raise Failure(f'The ports from {first} on are all in use.')


def _is_free(number):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, number))
        except OSError:
            return False
        return True


@contextmanager
def running(command, log, **options):
    """Run a command beside this process, with its output in `log`; end it afterwards."""
    if _interrupted.is_set():
        raise Failure('Interrupted.')
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('ab') as output:
        # A session of its own: Ctrl-C reaches it through us, in the order we choose.
        process = subprocess.Popen(
            _mortal(command), stdout=output, stderr=output, start_new_session=True,
            **({'stdin': subprocess.DEVNULL} | options))
    _started.add(process)
    try:
        yield process
    finally:
        end(process)


def run(command, log, *, script='', **options):
    """Run a command to its end, feed it `script`, log its output; return its exit code."""
    with running(command, log, stdin=subprocess.PIPE, **options) as process:
        process.communicate(script.encode())
        return process.returncode


def _mortal(command):
    """Make a command end with us, even when we are killed."""
    return ['setpriv', '--pdeathsig', 'TERM', *map(str, command)]


def end(process, patience=10):
    """Ask a process to end; what is left of its group after a while is killed."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _started.discard(process)


def end_all():
    """End whatever other threads run, and let them start no more."""
    _interrupted.set()
    for process in list(_started):
        end(process)


def wait_for_http(url, process, log, patience=90):
    """Wait until the process answers at `url`, with whatever status."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failure(f'The server for {url} did not start, see {log}.')
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise Failure(f'Nothing answers at {url}, see {log}.')


def foreground(command, **options):
    """Run a command in the terminal's foreground; return its exit code."""
    process = subprocess.Popen(_mortal(command), **options)
    # The terminal sends Ctrl-C to the command as well: it decides what that means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: process.send_signal(number))
    return process.wait()
