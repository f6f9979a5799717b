"""The commands that the documents tell: which are run here, each as it is told, and who runs the
others. tests/scripts/test_documents.py holds every command in a document to one of these tables.
"""

import re
import shutil
import time
from contextlib import contextmanager

import requests

from . import database, processes, server
from .home import CHECKOUT, HOME, Failure, lock

SCRIPTS = CHECKOUT / 'scripts'
DEMO_PATIENCE = 180
COPIED = shutil.ignore_patterns('.git', '.hypothesis', '.ruff_cache', '__pycache__')

# Left to a person: why. The tests hold them to words that their script knows.
BY_HAND = {
    'scripts/bench': 'it takes a quarter of an hour of a machine that does nothing else',
    'scripts/bench day': 'a part of `scripts/bench`',
    'scripts/bench day --plans 10000': 'the same, longer',
    'scripts/bench 9 11': 'what it finds is true on a machine that does nothing else',
    'scripts/screenshots': 'somebody has to look at the pictures; `demo` takes the screens',
    'scripts/screenshots showroom': 'the same',
}
# Run by a stage as they are told, or with other numbers or names.
BY_STAGE = {
    'scripts/test': ('lint', 'protocol', 'odoo', 'pages', 'slow', 'peers', 'demo', 'install'),
    'scripts/test fast': ('lint', 'protocol'),
    'scripts/test odoo /email_pay:TestGuard': ('odoo',),
    'scripts/test pages slow': ('pages', 'slow'),
    'scripts/test peers': ('peers',),
    'scripts/test commands': ('commands',),
    'scripts/test apps': ('apps',),
    'scripts/test package': ('package',),
    'scripts/demo --check': ('demo',),
    'scripts/chaos': ('chaos',),
    'scripts/chaos --kills 100': ('chaos',),
    'scripts/chaos --plans 40 --customers 0': ('charging',),
    'scripts/chaos --plans 16 --customers 0 --kills 16 --seconds 16': ('charging',),
    'scripts/package': ('package',),
    'odoo-bin -u email_pay -d DATABASE': ('install',),
}
# Run by tests/scripts, in the stage `protocol`.
BY_TEST = {
    'git clone <this repository> /path/to/addons/email_pay': 'test_documents',
    'pre-commit install': 'test_documents',
    'scripts/new_gateway': 'test_new_gateway',
    'scripts/new_gateway NAME --title "Bank of X" --flow redirect': 'test_new_gateway',
}


def check(logs):
    """Run what nobody else runs; return how many commands did as they are told to."""
    for run in dict.fromkeys(HERE.values()):
        run(logs)
    return len(HERE)


def _demo(logs):
    """It starts, tells addresses that answer, and ends when it is interrupted."""
    log = logs / 'commands-demo.log'
    with processes.running((SCRIPTS / 'demo',), log, cwd=CHECKOUT) as process:
        told = _wait_for(log, process, 'Ctrl-C stops everything')
        addresses = re.findall(r'^(?:Odoo|Payment|Gateways|Mailbox)\s+(http\S+)$', told, re.M)
        answers = [requests.get(address, timeout=60).status_code for address in addresses]
        processes.end(process, patience=60)
    if answers != [200] * 4 or process.returncode:
        raise Failure(f'scripts/demo: {addresses} answer {answers}, exit {process.returncode}.')


def _wait_for(log, process, words):
    deadline = time.monotonic() + DEMO_PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if words in (told := log.read_text(errors='replace')):
            return told
        time.sleep(0.3)
    raise Failure(f'scripts/demo does not start, see {log}.')


def _shell(logs):
    with database.copy(database.email_pay(), 'shell') as name:
        told = _run(logs, 'odoo', 'shell', '-d', name, script="print('company', env.company.id)")
    if 'company 1' not in told:
        raise Failure('scripts/odoo shell does not run what it is given.')


def _neutralize(logs):
    """A copy forgets its keys."""
    live = "SELECT count(*) FROM payment_provider WHERE code = 'credicorp' AND state <> 'disabled'"
    with database.copy(database.email_pay(), 'neutralize') as name:
        before = database.query(live, database=name)
        _run(logs, 'odoo', 'neutralize', '-d', name)
        after = database.query(live, database=name)
    if before == [(0,)] or after != [(0,)]:
        raise Failure(f'odoo-bin neutralize: {before} apps were live, {after} are.')


def _translations(logs):
    with _copied_checkout() as copy:
        told = _run(logs, 'translations', checkout=copy)
    for path in CHECKOUT.glob('i18n/*.po'):
        if f'{path.name}: ' not in told:
            raise Failure(f'scripts/translations tells nothing of {path.name}.')


def _page(logs):
    with _copied_checkout() as copy:
        page = copy / 'static/description/index.html'
        page.unlink()
        _run(logs, 'screenshots', '--page', checkout=copy)
        if not page.exists():
            raise Failure('scripts/screenshots --page writes no page.')


@contextmanager
def _copied_checkout():
    """A copy of the checkout, to write into."""
    copy = HOME / 'documented' / server.ADDON
    with lock('documented'):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(CHECKOUT, copy, ignore=COPIED)
        yield copy
        shutil.rmtree(copy)


def _run(logs, name, *words, checkout=CHECKOUT, **options):
    """What a script says, which has to end well."""
    log = logs / f'commands-{name}-{words[0] if words else "all"}.log'
    code = processes.run((checkout / 'scripts' / name, *words), log, cwd=checkout, **options)
    if code:
        raise Failure(f'scripts/{name} {" ".join(words)} fails, see {log}.')
    return log.read_text(errors='replace')


# Run by the stage `commands`.
HERE = {
    'scripts/demo': _demo,
    'scripts/odoo shell -d some_database': _shell,
    'scripts/translations': _translations,
    'scripts/screenshots --page': _page,
    'odoo-bin neutralize': _neutralize,
    'odoo-bin neutralize -d COPY': _neutralize,
}
