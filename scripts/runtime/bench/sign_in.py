"""Goals 13 and 14: who signs in at the payment address, beside who is not on file."""

import functools
import itertools
import re
from statistics import median
from urllib.parse import urlencode

from ..home import Failure
from .measure import flat, in_turns, p99
from .result import bounded, counted, ms
from .sockets import ask, get, post

CUSTOMERS = 200_000
TRIES = 200  # in each round
LOOK_UPS = 200
FORM_TOKEN = re.compile(rb'name="form_token" value="([^"]+)"')
FORM = 'application/x-www-form-urlencoded'


@functools.cache
def _address(stage):
    """The company's payment address on a database with very many customers."""
    with stage.shell('ours', 'customers') as call:
        return call('create_customers', count=CUSTOMERS)


# -- 13: no time tells who is on file ---------------------------------------------------------

def told_by_time(stage):
    slug = _address(stage)['slug']
    with stage.serving(stage.database('ours', 'customers'), proxy=True) as server:
        return [
            *_measure(stage, server, f'/pay/to/{slug}', 'code', 'email'),
            *_measure(stage, server, f'/pay/to/{slug}', 'match', 'phone'),
        ]


def _measure(stage, server, path, policy, way):
    with stage.shell('ours', 'customers') as call:
        call('choose_policy', policy=policy)
    visitor = Visitor(stage, server, path)
    for _ in range(20):
        visitor.sign_in(1, way)
    mark = server.mark()
    numbers = itertools.count(CUSTOMERS // 2)
    taken = in_turns(
        stage.rounds, TRIES,
        known=lambda: visitor.sign_in(next(numbers), way),
        unknown=lambda: visitor.sign_in(next(numbers) + CUSTOMERS, way))
    known, unknown = (median(flat(taken[name])) for name in ('known', 'unknown'))
    difference = 100 * abs(known - unknown) / unknown
    return [bounded(
        13, f'sign-in, {policy}: on file or not, %', difference, 2, notes=(
            f'{ms(known)} on file, {ms(unknown)} not, {stage.rounds * TRIES} tries of each',
            counted(server.queries(path, mark))))]


class Visitor:
    """Somebody with a browser who comes from another address each time."""

    def __init__(self, stage, server, path):
        self._stage, self._server, self._path = stage, server, path
        page = ask(server.port, get(path))
        self._cookie = page.header('set-cookie').partition(';')[0]
        self._token = FORM_TOKEN.search(page.body)[1].decode()
        self._addresses = itertools.count(1)

    def sign_in(self, number, way):
        """The seconds of one try; what was typed beside the number is on file nowhere."""
        # Strangers cannot slow down the portal here: each try is the first.
        self._stage.query(
            self._server.database, 'DELETE FROM email_pay_sign_in_limit RETURNING 1')
        body = urlencode({
            'form_token': self._token, 'tax_number': 155_000_000 + number, 'email': '',
            'phone': '', way: {'email': f'customer{number}@many.example.com',
                               'phone': '+507 6999 9999'}[way],
        }).encode()
        host = next(self._addresses)
        answer = ask(self._server.port, post(
            self._path, body, **{'Content-Type': FORM}, Cookie=self._cookie,
            X_Forwarded_For=f'10.{host >> 16}.{host >> 8 & 255}.{host & 255}',
            X_Forwarded_Host='127.0.0.1'))
        if answer.status != {'email': 303, 'phone': 400}[way]:
            raise Failure(f'The payment address answers {answer.status}, see {self._server.log}.')
        return answer.seconds


# -- 14: by an index --------------------------------------------------------------------------

def looked_up(stage):
    address = _address(stage)
    with stage.shell('ours', 'customers') as call:
        found = call('look_up_customers', numbers=[
            1 + turn * (CUSTOMERS // LOOK_UPS) for turn in range(LOOK_UPS)])
    if any(rows != 1 for _seconds, rows in found):
        raise Failure('A customer was not found, or more than one.')
    seconds = [taken for taken, _rows in found]
    note = f'median {ms(median(seconds))}; to install takes {address["seconds"]:.1f} s more'
    return [bounded(
        14, f'look-up among {CUSTOMERS} customers, p99', p99(seconds) * 1000, 5, ' ms', (note,))]
