"""Goal 16: many plans of which an instalment is due on one day.

One worker charges them, and is killed in the middle; another goes on. Both tell what each batch
took, and what memory they have; anybody can see how far they are. At the end the books of the
gateway and of Odoo must agree: each instalment is charged once. Odoo's own post-processing of a few
payments is measured before, in the middle, and afterwards.
"""

import itertools
import json
import os
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import NamedTuple

from .. import database
from ..home import Failure
from . import booking, charging
from .result import Result, at_most, bounded, ms

SAMPLE = 10  # of stock: before, in the middle, and afterwards
PARTS = 10
MOST_RATIO, MOST_QUERIES = 0.3, booking.MOST_QUERIES
MOST_SLOWER, MOST_GROWTH = 1.25, 1.1
LOOKS = 0.5
SECONDS = 1800

PROGRESS = """
    SELECT progress.done, progress.remaining FROM ir_cron_progress progress
      JOIN ir_model_data name ON name.res_id = progress.cron_id AND name.model = 'ir.cron'
     WHERE name.module = 'email_pay' AND name.name = 'ir_cron_charge_installments'
  ORDER BY progress.id DESC LIMIT 1
"""
# What was claimed is of a worker that is no more; what was sent is asked for.
HASTEN = """
    UPDATE payment_transaction SET last_state_change = last_state_change - interval '1 hour'
     WHERE state = 'pending' AND email_pay_ask_at IS NULL;
    UPDATE payment_transaction
       SET email_pay_ask_at = now() AT TIME ZONE 'UTC' - interval '1 minute'
     WHERE email_pay_ask_at IS NOT NULL
"""
BOOKS = """
    SELECT count(*), count(*) FILTER (WHERE line.state = 'confirmed'),
           count(DISTINCT payment.id), coalesce(sum(payment.amount), 0)
      FROM email_pay_installment line
      LEFT JOIN payment_transaction tx ON tx.email_pay_installment_id = line.id
      LEFT JOIN account_payment payment ON payment.payment_transaction_id = tx.id
     WHERE line.number = 1
"""


class Batch(NamedTuple):
    """What a worker tells of a batch; the time of the gateway is left out."""

    count: int
    seconds: float
    cpu: float
    queries: int
    memory: int


def due(stage):
    count = stage.plans
    with charging.gateway() as sandbox, stage.shell('stock', 'day') as stock:
        _prepare(stage, sandbox, count)
        stock('start_payments', code='demo', numbers=list(range(3 * SAMPLE)), state='done')
        samples = [_stock(stock, 0)]
        first, seen = _charge(stage, kill_at=count // 2)
        asked = len(sandbox.ledger.entries(operation='sale'))
        samples.append(_stock(stock, 1))
        _hasten(stage)
        second, _seen = _charge(stage)
        samples.append(_stock(stock, 2))
        _find_lost(stage)
        wrong = _differences(stage, sandbox, count)
    reference = {name: sum(sample[name] for sample in samples) / 3 for name in samples[0]}
    return _results(count, (first, second), reference, seen, asked, wrong)


def _prepare(stage, sandbox, count):
    cards = charging.saved_cards(sandbox)
    numbers = list(range(count))
    with stage.shell('ours', 'day') as ours:
        ours('copy_documents', count=count)
        ours('create_plans', numbers=numbers, cards=cards, url=sandbox.url)
        ours('let_fall_due', numbers=numbers)


def _stock(stock, turn):
    numbers = list(range(turn * SAMPLE, (turn + 1) * SAMPLE))
    return booking.each(stock('book_stock', numbers=numbers), SAMPLE)


# -- Charging ---------------------------------------------------------------------------------

def _charge(stage, kill_at=None):
    """Let a worker of its own charge what is due, until it is done or has charged so many.

    :return: what it told of its batches, and how far one saw it.
    """
    told = stage.folder / f'day-{time.monotonic_ns()}.jsonl'
    with stage.shell('ours', 'day') as ours:
        process = ours('process_number')
        worker = threading.Thread(target=_call, args=[ours, str(told)])
        worker.start()
        seen = _watch(stage, worker, kill_at)
        if kill_at:
            os.kill(process, signal.SIGKILL)
        worker.join()
    return [Batch(*json.loads(line)) for line in told.read_text().splitlines()], seen


def _call(ours, told):
    with suppress(Failure, OSError):  # it is killed
        ours('charge_day', told=told)


def _watch(stage, worker, kill_at):
    seen, begin = set(), time.monotonic()
    name = stage.database('ours', 'day')
    while worker.is_alive() and time.monotonic() - begin < SECONDS:
        for done, remaining in database.query(PROGRESS, database=name):
            seen.add((done, remaining))
            if kill_at and done >= kill_at:
                return seen
        time.sleep(LOOKS)
    return seen


def _hasten(stage):
    for statement in HASTEN.split(';'):
        database.execute(statement, database=stage.database('ours', 'day'))


def _find_lost(stage):
    """Do what other jobs do next: ask for what the worker had sent when it was killed, book what it
    had not booked, and charge what was never sent."""
    with stage.shell('ours', 'day') as ours:
        for _ in range(3):
            _hasten(stage)
            ours('ask_for_charges')
        ours('book_collected')
        ours('charge_day', told=os.devnull)


# -- Figures ----------------------------------------------------------------------------------

def _differences(stage, sandbox, count):
    """What the gateway charged twice, and what Odoo's books do not have as it was charged."""
    charged = Counter()
    total = 0
    for entry in sandbox.ledger.entries(operation='sale', success=True):
        charged[entry.order_id] += 1
        total += entry.amount
    twice = [f'{reference}: charged {times} times' for reference, times in charged.items()
             if times > 1]
    lines, confirmed, payments, booked = database.query(
        BOOKS, database=stage.database('ours', 'day'))[0]
    if (lines, confirmed, payments, len(charged)) != (count,) * 4 or total != booked:
        twice.append(
            f'{len(charged)} of {count} charged, {confirmed} of {lines} confirmed, {payments}'
            f' booked; {total} charged, {booked} booked')
    return twice


def _results(count, workers, stock, seen, asked, wrong):
    batches = [batch for batches in workers for batch in batches]
    seconds, cpu, queries = (_each(batches, name) for name in ('seconds', 'cpu', 'queries'))
    first, last = _tenths(batches)
    slower = _each(last, 'seconds') / _each(first, 'seconds')
    slower_cpu = _each(last, 'cpu') / _each(first, 'cpu')
    grown = max(_grown(batches) for batches in workers)
    return [
        at_most(16, f'each of {count} due on a day, of stock', ms(seconds), ms(stock['seconds']),
                seconds / stock['seconds'], MOST_RATIO,
                (f'CPU of Odoo {cpu / stock["cpu"]:.2f} ×',)),
        Result(16, 'queries for each', f'{queries:.1f} SQL', f'{stock["queries"]:.0f} SQL', '',
               f'≤ {MOST_QUERIES}', queries <= MOST_QUERIES),
        at_most(16, 'each of the last tenth', ms(_each(last, 'seconds')),
                f'{ms(_each(first, "seconds"))} of the first', slower, MOST_SLOWER,
                (f'CPU of Odoo {slower_cpu:.2f} ×; of each tenth: {_curve(batches)}',)),
        at_most(16, 'memory of a worker at its end', _mb(max(b[-1].memory for b in workers)),
                'after its first tenth', grown, MOST_GROWTH),
        Result(16, 'charged or booked wrongly after a kill', str(len(wrong)), f'of {count}', '',
               '0', not wrong, (f'killed after {asked} charges', *wrong[:3])),
        bounded(16, 'between two looks at the progress, of all', _gap(seen, count), 0.1,
                notes=(f'{len(seen)} steps seen until the kill',)),
    ]


def _each(batches, name):
    return sum(getattr(batch, name) for batch in batches) / sum(batch.count for batch in batches)


def _parts(batches):
    size = max(len(batches) // PARTS, 1)
    return [batches[start:start + size] for start in range(0, len(batches), size)][:PARTS]


def _tenths(batches):
    parts = _parts(batches[1:-1])  # the first one warms up, the last one is not full
    return parts[0], parts[-1]


def _curve(batches):
    return ', '.join(ms(_each(part, 'seconds')) for part in _parts(batches[1:-1]))


def _grown(batches):
    return batches[-1].memory / _parts(batches)[0][-1].memory


def _gap(seen, count):
    """The longest way between two states of the progress that were seen, as a share of all."""
    done = [0, *sorted(done for done, _remaining in seen)]
    return max(after - before for before, after in itertools.pairwise(done)) / count


def _mb(size):
    return f'{size / 2**20:.1f} MB'
