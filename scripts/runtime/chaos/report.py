"""The figures, and the verdict."""

import os
from collections import Counter
from typing import NamedTuple

from .books import Books
from .settle import Settled

SHOWN = 20
# Odoo hands a mail to SMTP, then notes that it did: killed between the two, it sends the same mail,
# with the same Message-Id, once more. No code on one side of SMTP can rule that out.
TOLERATED = ('receipts repeated by SMTP',)


class Outcome(NamedTuple):
    seconds: float
    kills: Counter
    faults: Counter
    answers: Counter
    steps: Counter
    settled: Settled
    books: Books


def show(outcome, options):
    """Print all there is to know; return whether nothing was lost or doubled."""
    books = outcome.books
    failures = {
        'lost': books.lost,
        'doubled': books.doubled,
        'wrong residuals': books.wrong_residuals,
        'wrong instalments': books.wrong_installments,
        'wrong drafts': books.wrong_drafts,
        'receipts missing': books.receipts_missing,
        'receipts doubled': books.receipts_doubled,
        'receipts repeated by SMTP': books.receipts_repeated,
        'receipts for nothing': books.receipts_for_nothing,
        'not settled': [f'{outcome.settled.left}'] if any(outcome.settled.left) else [],
        'kills missing': _missing_kills(outcome.kills, options.kills),
    }
    _print_run(outcome, options)
    _print_money(books)
    print()
    for name, lines in failures.items():
        _row(name, len(lines), note='tolerated' if lines and name in TOLERATED else '')
    _print_lines(failures)
    passed = not any(lines for name, lines in failures.items() if name not in TOLERATED)
    print(f'\n{"passed" if passed else "FAILED"}: {books.charged_sum} collected,'
          f' {books.booked_sum} booked, {sum(books.suspense.values())} in suspense')
    return passed


def _print_run(outcome, options):
    load = ' '.join(f'{value:.2f}' for value in os.getloadavg())
    settled = outcome.settled
    print(f'\nseed {options.seed}, {outcome.seconds:.0f} s of payments, settled in'
          f' {settled.seconds:.0f} s and {settled.rounds} rounds, load average {load}')
    print(f'kills     {_counted(outcome.kills)}')
    print(f'faults    {_counted(outcome.faults)}')
    print(f'answers   {_counted(outcome.answers)}')
    print(f'customers {_counted(outcome.steps)}')
    print(f'{settled.undelivered} notifications were never delivered\n')


def _print_money(books):
    _row('transactions', sum(books.states.values()), note=_counted(books.states))
    _row('invoices', len(books.invoices))
    _row('instalments', len(books.installments), note=_counted(
        Counter(state for _name, _amount, state, *_rest in books.installments)))
    _row('drafts', len(books.drafts), note=_counted(
        Counter(state for _reference, state, _collected in books.drafts)))
    _row('sent: charges asked for', len(books.requests))
    _row('charged at the gateway', len(books.charges), books.charged_sum)
    _row('booked', len(books.booked), books.booked_sum)
    _row('suspense', len(books.suspense), sum(books.suspense.values()))
    excess = sum(amount for _name, amount, _shown in books.credits)
    _row('collected beyond due', len(books.credits), excess)
    _row('events stored', sum(books.events.values()), note=_counted(books.events))
    _row('receipts delivered', books.receipts.total(), note=f'mail queue: {_counted(books.mails)}')


def _row(name, count, amount='', note=''):
    print(f'{name:<28} {count:>7} {amount:>12}  {note}'.rstrip())


def _counted(counter):
    pairs = sorted(dict(counter).items(), key=lambda pair: -pair[1])
    return f'{sum(count for _name, count in pairs)}: ' + ', '.join(
        f'{name} {count}' for name, count in pairs)


def _missing_kills(kills, wanted):
    return [] if kills.total() >= wanted else [f'{kills.total()} of {wanted}: the time was up']


def _print_lines(failures):
    for name, lines in failures.items():
        if lines:
            print(f'\n{name}:')
        for line in lines[:SHOWN]:
            print(f'  {line}')
        if len(lines) > SHOWN:
            print(f'  … and {len(lines) - SHOWN} more')
