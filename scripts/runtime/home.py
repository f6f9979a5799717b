"""The cache: where everything fetched or built lives, and the locks that let runs share it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get('EMAIL_PAY_HOME') or '~/.cache/email_pay').expanduser().resolve()
LOGS = HOME / 'logs'


class Failure(Exception):
    """Something that the user can put right, said in one sentence."""


def digest(*parts):
    """Return a short name for the given inputs."""
    return hashlib.sha256('\0'.join(map(str, parts)).encode()).hexdigest()[:12]


def say(line):
    print(line, file=sys.stderr, flush=True)


@contextmanager
def step(title):
    """Announce a long step, and tell how long it took."""
    say(f'· {title} …')
    started = time.monotonic()
    try:
        yield
    except Failure as failure:
        raise Failure(f'{title} failed: {failure}') from failure
    say(f'  {title}: {time.monotonic() - started:.1f} s')


@contextmanager
def lock(name, *, shared=False, wait=True, title=''):
    """Hold the named lock; yield whether it was obtained (always so when waiting)."""
    path = HOME / 'locks' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with path.open('a') as file:
        try:
            fcntl.flock(file, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                yield False
                return
            if title:
                say(f'· {title}: another run is at it …')
            fcntl.flock(file, mode)
        yield True


def build_once(name, key, title, build, parent=HOME):
    """Return the folder `name-key`, made by `build(folder)` unless it is already complete."""
    folder = parent / f'{name}-{key}'
    complete = folder / '.complete'
    if complete.exists():
        return folder
    with lock(folder.name, title=title):
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            with step(title):
                build(folder)
            complete.touch()
    return folder


def run(*command, **options):
    """Run a command with its output in the log; a failing one is a `Failure`."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f'{Path(command[0]).name}-{os.getpid()}.log'
    with log.open('ab') as output:
        try:
            code = subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options,
            ).returncode
        except FileNotFoundError as error:
            raise Failure(f'The program {command[0]} is missing on this machine.') from error
    if code:
        raise Failure(f'{_first_error(log)} (all it said is in {log})')
    log.unlink(missing_ok=True)


def _first_error(log):
    lines = [line for line in log.read_text(errors='replace').split('\n') if line.strip()]
    # apt names the cause first, pip last.
    errors = [line for line in lines if line.startswith('E: ')][:1]
    errors += [line for line in lines if line.startswith('ERROR: ')][-1:]
    return (errors or lines[-1:] or ['It said nothing'])[0].strip()
