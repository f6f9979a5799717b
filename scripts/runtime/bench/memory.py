"""Goal 10: what a worker keeps of the notifications that it has taken in."""

from ..home import Failure
from . import notices
from .result import Result
from .sockets import ask

FIRST = 1_000
ALL = 10_000
PAYMENTS = 50
MOST_GROWTH = 0.05


def growth(stage):
    """One worker takes in everything. What counts is RSS: it does not move when a page that the
    worker shared with its parent becomes its own."""
    payments = stage.start_payments(
        'ours', 'memory', code='credicorp', numbers=list(range(PAYMENTS)), state='pending')
    with stage.serving(stage.database('ours', 'memory'), workers=1) as server:
        worker, = server.node.workers(cron=False)
        _tell(server, payments, FIRST)
        before = worker.memory_full_info()
        _tell(server, payments, ALL - FIRST)
        after = worker.memory_full_info()
        if not worker.is_running():
            raise Failure(f'The worker was replaced, see {server.log}.')
    grown = after.rss / before.rss - 1
    return [Result(
        10, f'a worker after {ALL} notifications', _mb(after.rss), f'{_mb(before.rss)} at {FIRST}',
        f'{1 + grown:.2f}', f'+{MOST_GROWTH:.0%}', grown <= MOST_GROWTH,
        (f'of its own (USS): {_mb(before.uss)}, then {_mb(after.uss)}',))]


def _tell(server, payments, count):
    for number in range(count):
        answer = ask(server.port, notices.ours(payments[number % len(payments)]))
        if answer.status != 200:
            raise Failure(f'The answer is {answer.status}, see {server.log}.')


def _mb(size):
    return f'{size / 2**20:.1f} MB'
