"""Pay while everything breaks, then compare the gateway's ledger with Odoo's books.

Two Odoo servers with workers share one database. Customers pay invoices through their links, click
twice, walk away. The gateway is slow, breaks off and repeats itself. Workers, cron workers,
database connections, whole servers and the gateway are killed; the gateway's ledger and the mails
survive. Then everything is healed and settled, and what the gateway collected must be in Odoo,
once: booked, or parked in front of a person.

With --plans, instalments fall due meanwhile: most are charged with saved cards, some by a gateway.
"""

import argparse
import random
import secrets
import shutil
import time
from contextlib import ExitStack, contextmanager

from .. import database, postgres
from ..home import HOME, LOGS, Failure, lock, say
from . import books, invoices, plans, report, settle
from .customers import Crowd
from .killer import JOBS_ONLY, WEIGHTS, Killer
from .stage import running
from .weather import Weather

DEFAULT_KILLS = 1000
SECONDS_PER_KILL = 0.45
LEAST_SECONDS = 45
KEPT_RUNS = 3


def main(*words):
    options = _options(words)
    with postgres.server():
        return _run(options)


def _options(words):
    parser = argparse.ArgumentParser(prog='chaos')
    parser.add_argument('--kills', type=int, default=DEFAULT_KILLS)
    parser.add_argument('--seconds', type=float, help='the longest that customers pay')
    parser.add_argument('--seed', default=secrets.token_hex(4), help='of everything random')
    parser.add_argument('--invoices', type=int, help='how many there are to pay')
    parser.add_argument('--customers', type=int, default=6, help='how many pay at a time')
    parser.add_argument('--plans', type=int, default=0, help='documents collected in months')
    parser.add_argument('--months', type=int, default=3, help='that pass meanwhile')
    options = parser.parse_args(words)
    options.seconds = options.seconds or max(LEAST_SECONDS, options.kills * SECONDS_PER_KILL)
    options.invoices = options.invoices or max(20, int(options.seconds * 0.35))
    if not options.customers:
        options.invoices = 0
    if min(options.kills, options.customers, options.plans) < 0 or options.months < 1:
        raise Failure('Kills, customers and plans count from 0, months from 1.')
    if not options.customers and not options.plans:
        raise Failure('There are neither customers nor plans.')
    return options


def _run(options):
    """Run once; return the exit code. A failure leaves its database and logs behind."""
    name = f'chaos_{time.strftime("%Y%m%d_%H%M%S")}_{secrets.token_hex(2)}'
    folder = LOGS / name
    with _kept_database(name) as keep:
        outcome = _play(name, folder, options)
        passed = report.show(outcome, options)
        if not passed:
            keep()
            say(f'Kept: database {name}; logs and mails in {folder}')
    return int(not passed)


def _play(name, folder, options):
    """Pay, break, heal and count; return all the figures."""
    with running(name, folder) as stage:
        links = invoices.create(stage, options.invoices, random.Random(f'{options.seed} invoices'))
        if options.plans:
            plans.create(
                stage, options.plans, options.months, random.Random(f'{options.seed} plans'))
        say(f'· {len(links)} invoices, {options.customers} customers, {options.plans} plans, at'
            f' most {options.seconds:.0f} s, seed {options.seed} …')
        crowd = Crowd(stage, links, options.seed)
        killer = Killer(stage, options.seed, WEIGHTS if options.customers else JOBS_ONLY)
        weather = Weather(stage, options.seed)
        calendar = plans.Calendar(
            stage, options.months, options.seconds, random.Random(f'{options.seed} months'))
        started = time.monotonic()
        with ExitStack() as meanwhile:
            if options.customers:
                meanwhile.enter_context(crowd.paying(options.customers))
            if options.plans:
                meanwhile.enter_context(calendar.passing())
            meanwhile.enter_context(weather.blowing())
            killer.run(options.kills, options.seconds)
        seconds = time.monotonic() - started
        stage.heal()
        calendar.end()
        settled = settle.settle(stage)
        return report.Outcome(
            seconds=seconds, kills=killer.kills, faults=weather.faults, answers=crowd.answers,
            steps=crowd.steps, settled=settled, books=books.read(stage))


@contextmanager
def _kept_database(name):
    """Create a copy of the template, dropped afterwards unless the run failed."""
    _forget_old_runs()
    kept = []
    with lock(name):
        database.create(name, database.email_pay())
        try:
            yield lambda: kept.append(name)
        except Exception:
            kept.append(name)
            say(f'Kept: database {name}; logs in {LOGS / name}')
            raise
        finally:
            if not kept:
                _drop(name)


def _forget_old_runs():
    """Drop the databases and logs that earlier runs left, except for the newest ones."""
    found = database.query("SELECT datname FROM pg_database WHERE datname ~ '^chaos_'")
    names = {name for (name,) in found} | {path.name for path in LOGS.glob('chaos_*')}
    for name in sorted(names)[:-KEPT_RUNS]:
        with lock(name, wait=False) as unused:
            if unused:
                _drop(name)
                shutil.rmtree(LOGS / name, ignore_errors=True)


def _drop(name):
    database.drop(name)
    (HOME / 'locks' / name).unlink(missing_ok=True)
