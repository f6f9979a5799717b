"""Goals 7 and 8: booking a backlog, and one payment alone, beside Odoo's own post-processing.

Two shells work in turns on the same invoices: ours from the notification that our webhook stored
to the reconciled entry, Odoo's from the confirmed transaction on. Then the books are compared.
"""

import itertools
from collections import Counter
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

from ..home import Failure
from . import notices
from .documents import kind_of
from .measure import flat, ratio
from .result import Result, at_most, ms
from .sockets import ask
from .templates import DOCUMENTS

WARM_UPS = 2
ALONE = 4  # a round
CHUNK = 20  # a round of ours
SAMPLE = 10  # of stock, which takes longer
MOST_QUERIES = 40
SHOWN = 3
COMPARED = ('state', 'post_processed', 'payment', 'invoice', 'lines', 'receivable', 'chatter')


class Books(NamedTuple):
    """Both sides, with the notifications of our side still to be sent."""

    ours: object
    stock: object
    server: object
    payments: dict

    def book_ours(self, numbers):
        """Take in the notifications of these payments, then let the worker run."""
        for number in numbers:
            answer = ask(self.server.port, notices.ours(self.payments[number]))
            if answer.status != 200:
                raise Failure(f'The answer is {answer.status}, see {self.server.log}.')
        return each(self.ours('book_ours'), len(numbers))

    def book_stock(self, numbers):
        return each(self.stock('book_stock', numbers=numbers), len(numbers))


def each(timed, count):
    return {name: value / count for name, value in timed.items()}


@contextmanager
def _books(stage, use, ours, stock):
    """Open both sides, with a transaction on each for these invoices."""
    if max(ours) >= DOCUMENTS:
        raise Failure(f'There are {DOCUMENTS} invoices only: fewer --rounds or --backlog, please.')
    with (
        stage.serving(stage.database('ours', use)) as server,
        stage.shell('ours', use) as our_shell, stage.shell('stock', use) as stock_shell,
    ):
        payments = our_shell(
            'start_payments', code='credicorp', numbers=ours, state='pending')
        stock_shell('start_payments', code='demo', numbers=stock, state='done')
        yield Books(our_shell, stock_shell, server, dict(zip(ours, payments, strict=True)))


# -- 8: one alone -----------------------------------------------------------------------------

def alone(stage):
    numbers = list(range(WARM_UPS + stage.rounds * ALONE))
    ours, stock = [], []
    with _books(stage, 'alone', numbers, numbers) as books:
        for number in numbers:
            ours.append(books.book_ours([number]))
            stock.append(books.stock('book_stock_alone', number=number))
        differences = _differences(books, numbers, numbers)
    ours, stock = (_rounds(found[WARM_UPS:], ALONE) for found in (ours, stock))
    return [at_most(
        8, 'one payment alone, of stock post-processing', *_figures(ours, stock), 0.75,
        (_costs(ours, stock), _same(differences)))]


# -- 7: a backlog -----------------------------------------------------------------------------

class Shares(NamedTuple):
    """Which invoices are paid when; what stock books is booked by ours as well."""

    chunks: list
    samples: list
    backlog: list
    brackets: list

    @property
    def ours(self):
        return sorted(flat([*self.chunks, self.backlog]))

    @property
    def stock(self):
        return sorted(flat(self.samples + self.brackets))


class Measured(NamedTuple):
    """What both sides took for the chunks, in turns, and for the backlog; the scheduled actions
    that the chunks woke; and the differences of the books."""

    chunks: list
    whole: dict
    bracket: list
    jobs: dict
    differences: object


def shares_of(stage):
    numbers = iter(range(DOCUMENTS))
    chunks = [list(itertools.islice(numbers, CHUNK)) for _ in range(stage.rounds + 1)]
    backlog = list(itertools.islice(numbers, stage.backlog))
    if len(backlog) < stage.backlog:
        raise Failure(f'There are {DOCUMENTS} invoices only: fewer --rounds or --backlog, please.')
    return Shares(
        chunks, [chunk[:SAMPLE] for chunk in chunks],
        backlog, [backlog[:SAMPLE], backlog[-SAMPLE:]])


def backlog(stage):
    shares = shares_of(stage)
    with _books(stage, 'backlog', shares.ours, shares.stock) as books:
        measured = measure(books, shares)
    return results(7, 0.25, 'of a backlog of', shares, measured)


def measure(books, shares):
    """Let both sides book their shares in turns."""
    chunks = [
        (books.book_ours(chunk), books.book_stock(sample))
        for chunk, sample in zip(shares.chunks, shares.samples, strict=True)
    ][1:]  # the first one was to warm up
    jobs = books.ours('run_other_jobs')
    before = books.book_stock(shares.brackets[0])
    whole = books.book_ours(shares.backlog)
    after = books.book_stock(shares.brackets[1])
    bracket = [[{name: (before[name] + after[name]) / 2 for name in before}]]
    return Measured(
        chunks, whole, bracket, jobs, _differences(books, shares.ours, shares.stock))


def results(goal, limit, what, shares, measured, notes=()):
    ours, stock = ([[pair[side]] for pair in measured.chunks] for side in (0, 1))
    whole, bracket, differences = measured.whole, measured.bracket, measured.differences
    count = len(shares.backlog)
    return [
        at_most(goal, f'each {what} {count}, of stock', *_figures([[whole]], bracket), limit,
                (_costs([[whole]], bracket), *notes)),
        at_most(goal, f'each {what} {CHUNK}, of stock', *_figures(ours, stock), limit,
                (_costs(ours, stock), *_jobs(measured.jobs, len(flat(shares.chunks))))),
        Result(goal, 'queries for each', f'{whole["queries"]:.1f} SQL',
               f'{bracket[0][0]["queries"]:.0f} SQL', '', f'≤ {MOST_QUERIES}',
               whole['queries'] <= MOST_QUERIES),
        Result(goal, 'entries unlike those of stock', str(len(differences.lines)),
               f'of {differences.compared}', '', '0', not differences.lines,
               (_same(differences),)),
    ]


def _jobs(jobs, count):
    """What is done afterwards in scheduled actions of its own."""
    return [
        f'afterwards, “{name}”: {ms(timed["seconds"] / count)} and'
        f' {timed["queries"] / count:.1f} SQL for each'
        for name, timed in jobs.items()
    ]


# -- Figures ----------------------------------------------------------------------------------

def _rounds(samples, size):
    return [samples[start:start + size] for start in range(0, len(samples), size)]


def _of(rounds, name):
    return [[sample[name] for sample in samples] for samples in rounds]


def _typical(rounds, name):
    return median(median(samples) for samples in _of(rounds, name))


def _figures(ours, stock):
    """Both medians, and the median of the ratios."""
    return (
        ms(_typical(ours, 'seconds')), ms(_typical(stock, 'seconds')),
        ratio(_of(ours, 'seconds'), _of(stock, 'seconds')))


def _costs(ours, stock):
    return (
        f'{_typical(ours, "queries"):.1f} SQL, stock {_typical(stock, "queries"):.1f} SQL;'
        f' CPU of Odoo {ratio(_of(ours, "cpu"), _of(stock, "cpu")):.2f} ×')


# -- The same entries -------------------------------------------------------------------------

class Differences(NamedTuple):
    compared: str
    lines: list
    chatter: tuple


def _differences(books, ours, stock):
    """Compare what both sides booked, line by line, and all the rest of ours by its pattern."""
    mine = {entry['number']: entry for entry in books.ours('read_books', numbers=ours)}
    theirs = {entry['number']: entry for entry in books.stock('read_books', numbers=stock)}
    lines = [f'{kind_of(number)} {number}: not booked by stock'
             for number, entry in theirs.items() if not entry['lines']]
    lines += [
        f'{kind_of(number)} {number}, {part}: {mine[number][part]} instead of {entry[part]}'
        for number, entry in theirs.items() for part in COMPARED
        if mine[number][part] != entry[part]
    ]
    patterns = {kind_of(number): _pattern(entry) for number, entry in theirs.items()}
    rest = mine.keys() - theirs.keys()
    lines += [
        f'{kind_of(number)} {number}: {_pattern(mine[number])} instead of'
        f' {patterns[kind_of(number)]}'
        for number in sorted(rest) if _pattern(mine[number]) != patterns[kind_of(number)]
    ]
    compared = f'{len(theirs)} + {len(rest)}' if rest else str(len(theirs))
    return Differences(compared, lines, (_chatter(mine), _chatter(theirs)))


def _pattern(entry):
    """An entry without its own amounts and names: what those of a kind have in common."""
    def lines(part):
        return sorted(
            [account, currency, round(amount / entry['amount'], 1), *matching[2:5]]
            for account, _debit, _credit, currency, amount, _partner, *matching in entry[part])

    _name, payment_state, _residual = entry['invoice']
    return [
        entry['state'], entry['post_processed'], entry['payment'][0], payment_state,
        lines('lines'), lines('receivable'),
    ]


def _chatter(entries):
    """The messages on payment, entry, invoice and transaction, most often."""
    return Counter(tuple(entry['chatter']) for entry in entries.values()).most_common(1)[0][0]


def _same(differences):
    ours, stock = (', '.join(map(str, counts)) for counts in differences.chatter)
    shown = '; '.join(differences.lines[:SHOWN])
    verdict = f'{len(differences.lines)} differ: {shown}' if shown else 'the same journal lines'
    return (f'{differences.compared} entries compared, {verdict}; messages on payment, entry,'
            f' invoice: {ours}, stock {stock}')
