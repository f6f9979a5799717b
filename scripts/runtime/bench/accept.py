"""Goals 1 to 5: what the webhook costs, above a route that does nothing and beside Odoo's own."""

import functools
import time
from contextlib import contextmanager

from .. import database
from ..home import Failure
from . import floor, notices
from .measure import flat, in_series, in_turns, p95, p99, ratio, typical
from .result import Result, at_least, at_most, bounded, counted, ms
from .sockets import ask, ask_at_once, ask_in_turns, post
from .stage import WORKERS

LATENCIES = 300  # a round
LONE = 20
CLIENTS = 4
THROUGHPUTS = 400
FIRST_EVENTS = 20
COPIES = 6
SETS = 3
PAYMENTS = 50
STRIPE_SECRET = f"""
    UPDATE payment_provider SET stripe_webhook_secret = '{notices.STRIPE_SECRET}'
     WHERE code = 'stripe'
"""
# How long a connection of PostgreSQL may keep its statistics to itself.
STATISTICS_DELAY = 11


@functools.cache
def _payments(stage):
    """Payments that our webhook can be told of, as often as one likes."""
    return stage.start_payments(
        'ours', 'http', code='credicorp', numbers=list(range(PAYMENTS)), state='pending')


@functools.cache
def _stripe_payments(stage):
    """Drafts that Stripe's webhook has not heard of; each is good for one first event."""
    count = stage.rounds * (FIRST_EVENTS + SETS) + WORKERS + COPIES
    found = stage.start_payments(
        'stripe', 'http', code='stripe', numbers=list(range(count)), state='draft')
    database.execute(STRIPE_SECRET, database=stage.database('stripe'))
    return iter(found)


def _news(stage, count, write=notices.ours):
    """So many notifications, signed before the clock runs."""
    payments = _payments(stage)
    return [write(payments[number % len(payments)]) for number in range(count)]


def _bare(stage):
    """The same bytes for the route that does nothing."""
    _head, _gap, body = notices.ours(_payments(stage)[0]).partition(b'\r\n\r\n')
    return post(floor.ROUTE, body)


def _turn(server, requests, kind=2):
    """A function that sends the next request and returns how long the answer took."""
    requests = iter(requests)

    def send():
        answer = ask(server.port, next(requests))
        _check(answer, kind)
        return answer.seconds

    return send


def _check(answer, kind=2):
    if answer.status // 100 != kind:
        raise Failure(f'The answer is {answer.status} instead of {kind}xx: {answer.body[:200]!r}')


def _forever(request):
    while True:
        yield request


def _server(stage):
    """Our server, every worker of it awake."""
    payments = _payments(stage)
    server = stage.server('ours')
    server.warm_up([_bare(stage)] * WORKERS)
    server.warm_up([notices.ours(payments[0]) for _ in range(WORKERS)])
    return server


# -- 1: latency -------------------------------------------------------------------------------

def latency(stage):
    server, count = _server(stage), stage.rounds * LATENCIES
    since = server.mark()
    taken = in_turns(
        stage.rounds, LATENCIES,
        bare=_turn(server, _forever(_bare(stage))), accept=_turn(server, _news(stage, count)))
    accept, bare = taken['accept'], taken['bare']
    sql = (f'{counted(server.queries("/pay/webhook/", since))}; bare route'
           f' {counted(server.queries(floor.ROUTE, since))}')
    return [
        at_most(1, 'accept, p50, of a bare route', ms(typical(accept)), ms(typical(bare)),
                ratio(accept, bare), 1.5, (sql, _lone(stage, server))),
        at_most(1, 'accept, p99, of a bare route', ms(typical(accept, p99)),
                ms(typical(bare, p99)), ratio(accept, bare, p99), 3),
    ]


def _lone(stage, server):
    """What the first notification after a quiet time costs, which wakes the worker."""
    def rest():
        for statement in (
            "UPDATE email_pay_event SET state = 'done' WHERE state = 'new'",
            'DELETE FROM ir_cron_trigger',
        ):
            database.execute(statement, database=server.database)

    taken = in_turns(
        stage.rounds, LONE,
        bare=_turn(server, _forever(_bare(stage))),
        accept=_alone(rest, _turn(server, _news(stage, stage.rounds * LONE))))
    return (f'a lone one, which has to wake the worker: {ms(typical(taken["accept"]))},'
            f' {ratio(taken["accept"], taken["bare"]):.2f} × the bare route')


def _alone(rest, turn):
    def send():
        rest()
        return turn()

    return send


# -- 2: throughput ----------------------------------------------------------------------------

def throughput(stage):
    server = _server(stage)
    bare = [_bare(stage)] * THROUGHPUTS

    def rate(requests):
        answers, seconds = ask_in_turns(server.port, requests, CLIENTS)
        for answer in answers:
            _check(answer)
        if len(answers) < len(requests):
            raise Failure('A client broke off.')
        return len(requests) / seconds

    taken = in_turns(
        stage.rounds, 1, bare=lambda: rate(bare),
        accept=lambda: rate(_news(stage, THROUGHPUTS)))
    accept, floor_rate = taken['accept'], taken['bare']
    return [at_least(
        2, f'accept, {CLIENTS} clients, of a bare route', f'{typical(accept):.0f}/s',
        f'{typical(floor_rate):.0f}/s', ratio(accept, floor_rate), 0.8)]


# -- 3: beside payment_stripe -----------------------------------------------------------------

def beside_stripe(stage):
    server, drafts = _server(stage), _stripe_payments(stage)
    stripe = stage.server('stripe')
    stripe.warm_up([notices.stripe(next(drafts)) for _ in range(WORKERS)])
    count = stage.rounds * FIRST_EVENTS
    marks = server.mark(), stripe.mark()
    taken = in_series(
        stage.rounds, FIRST_EVENTS, FIRST_EVENTS // 2,
        stripe=_turn(stripe, map(notices.stripe, drafts)),
        accept=_turn(server, _news(stage, count)))
    ours, theirs = taken['accept'], taken['stripe']
    sql = (f'{counted(server.queries("/pay/webhook/", marks[0]))}; stripe'
           f' {counted(stripe.queries(notices.STRIPE_ROUTE, marks[1]))}')
    return [at_least(
        3, "accept, beside payment_stripe's first event", ms(typical(ours)),
        ms(typical(theirs)), 1 / ratio(ours, theirs), 6,
        (sql, _confirmed(stage)))]


def _confirmed(stage):
    """That Stripe's notifications were really taken in."""
    rows = stage.query(
        stage.database('stripe'), "SELECT state, count(*) FROM payment_transaction GROUP BY 1")
    return "payment_stripe's transactions: " + ', '.join(
        f'{count} {state}' for state, count in sorted(rows))


# -- 4: six copies ----------------------------------------------------------------------------

def copies(stage):
    payments, drafts = _payments(stage), _stripe_payments(stage)
    with _crowded(stage, 'ours') as ours, _crowded(stage, 'stripe') as stripe:
        ours.warm_up([notices.ours(payments[0]) for _ in range(COPIES)])
        stripe.warm_up([notices.stripe(next(drafts)) for _ in range(COPIES)])
        marks = ours.mark(), stripe.mark()
        stored = _stored(stage, ours)
        news = iter(_news(stage, stage.rounds * SETS))
        answers = {'ours': [], 'stripe': []}
        taken = in_turns(
            stage.rounds, SETS,
            ours=lambda: _burst(ours, next(news), answers['ours']),
            stripe=lambda: _burst(stripe, notices.stripe(next(drafts)), answers['stripe']))
        retries = ours.retries(marks[0]), stripe.retries(marks[1])
        rows = _stored(stage, ours) - stored
    return _copies_results(stage, taken, answers, retries, rows)


@contextmanager
def _crowded(stage, kind):
    """A server where that many copies really run at the same time."""
    with stage.serving(stage.database(kind), workers=COPIES) as server:
        yield server


def _burst(server, request, answers):
    """Send copies at once; return how long each one took."""
    found = ask_at_once(server.port, [request] * COPIES)
    answers += [answer.status for answer in found]
    time.sleep(0.05)
    return [answer.seconds for answer in found]


def _stored(stage, server):
    return stage.query(server.database, 'SELECT count(*) FROM email_pay_event')[0][0]


def _copies_results(stage, taken, answers, retries, rows):
    ours, theirs = (
        [flat(bursts) for bursts in taken[name]] for name in ('ours', 'stripe'))
    sets = stage.rounds * SETS
    bad = [status for status in answers['ours'] if not 200 <= status < 300]
    theirs_bad = sum(not 200 <= status < 300 for status in answers['stripe'])
    return [
        at_least(
            4, f'{COPIES} copies at once, p95, beside payment_stripe', ms(typical(ours, p95)),
            ms(typical(theirs, p95)), 1 / ratio(ours, theirs, p95), 50,
            (f'{sets} sets, median of all {ms(typical(ours))} and {ms(typical(theirs))}',)),
        Result(4, 'requests run again', str(retries[0]), f'{retries[1]} of payment_stripe', '',
               '0', not retries[0]),
        Result(4, 'answers other than 2xx', str(len(bad)), f'{theirs_bad} of payment_stripe', '',
               '0', not bad),
        Result(4, f'rows stored for {sets} notifications', str(rows), '', '', str(sets),
               rows == sets),
    ]


# -- 5: forged --------------------------------------------------------------------------------

def forged(stage):
    server, count = _server(stage), stage.rounds * LATENCIES
    requests = _news(stage, count, notices.forged)
    before, since = _writes(stage, server), server.mark()
    taken = in_turns(
        stage.rounds, LATENCIES,
        bare=_turn(server, _forever(_bare(stage))), forged=_turn(server, requests, kind=4))
    refused, bare = taken['forged'], taken['bare']
    sql = counted(server.queries("/pay/webhook/", since))
    writes = _writes(stage, server) - before
    return [
        at_most(5, 'forged, p50, of a bare route', ms(typical(refused)), ms(typical(bare)),
                ratio(refused, bare), 1.2,
                (f'{sql}; p99 {ms(typical(refused, p99))} and {ms(typical(bare, p99))}',)),
        bounded(5, f'rows written by {count} forged ones', writes, 0),
    ]


def _writes(stage, server):
    """How many rows were ever written in the database, as PostgreSQL counts them."""
    time.sleep(STATISTICS_DELAY)
    return int(stage.query(
        server.database,
        'SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables'
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')")[0][0])
