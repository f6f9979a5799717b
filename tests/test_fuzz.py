"""Whatever anybody sends to a public route: never a 500, and nothing is written that must not be.

The examples are derived from the tests' names, so that every run sends the same ones.
"""

import json
import logging
import os
import tempfile
from contextlib import contextmanager
from operator import itemgetter
from urllib.parse import quote, urlencode

from odoo.fields import Datetime
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..controllers.visits import _cookie_name
from ..sandbox.credicorp import notices
from .common import EmailPayHttpCommon, OnePayment

# Hypothesis writes its caches beside the code otherwise.
os.environ.setdefault('HYPOTHESIS_STORAGE_DIRECTORY', tempfile.gettempdir() + '/hypothesis')

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ADDON = 'odoo.addons.email_pay'
INBOX = f'{ADDON}.models.email_pay_event_process'
WEBHOOK = f'{ADDON}.controllers.webhook'
WIRE = f'{ADDON}.gateways.credicorp.wire'


def fuzz(max_examples):
    return settings(
        max_examples=max_examples, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


# === WHAT IS SENT === #

METHODS = st.sampled_from([
    *['GET', 'POST'] * 5, 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'BREW',
])
CONTENT_TYPES = st.sampled_from([
    'application/json', 'application/json', 'application/x-www-form-urlencoded',
    'multipart/form-data', 'multipart/form-data; boundary=x', 'text/plain', '*/*', ';', '',
    'application/json; charset=nonsense', 'text/html; charset="', 'application/json-rpc',
])
# What may stand in a header or a request line: any byte but the ones that end it.
LINE = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters='\r\n'),
               max_size=40)
WORDS = st.one_of(
    st.text(max_size=30),
    st.sampled_from([
        '', '0', '-1', '1', 'NaN', 'Infinity', '1e400', '9' * 400, '\x00', '\ud800', '../..',
        '%00', '%', '{}', '[]', 'null', "'--", '<script>', 'A' * 5000, '1.1.1', '٣',
    ]),
)
NUMBERS = st.one_of(
    st.integers(), st.integers(-10 ** 300, 10 ** 300), st.floats(),
    st.sampled_from([1e400, -0.0, float('nan'), float('inf'), 2 ** 63, 10 ** 18]),
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda content: json.dumps(content).encode()),
    st.dictionaries(WORDS, WORDS, max_size=4).map(lambda form: _form(form).encode()),
    st.sampled_from([
        b'[' * 50_000, b'{"a":' * 50_000, b'--x\r\n\r\n--x--', b'--x\r\nContent-Disposition: x',
        b'%' * 300, b'a=' + b'\xff' * 9, b'=&' * 1200, b'{"jsonrpc": "2.0", "params": []}',
    ]),
)
HEADERS = st.dictionaries(
    st.sampled_from([
        'Accept-Language', 'Content-Encoding', 'Range', 'If-None-Match', 'X-Odoo-Database',
        'X-Forwarded-For', 'X-Forwarded-Host', 'Authorization', 'Origin', 'Referer', 'Accept',
        'User-Agent', 'Expect', 'If-Modified-Since', 'X-HTTP-Method-Override', 'Forwarded',
    ]), LINE, max_size=3,
)


def _form(values):
    return urlencode(values, errors='surrogatepass')


def _places(content, path=()):
    """The path of every value inside a JSON value."""
    yield path
    if isinstance(content, dict | list):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in pairs:
            yield from _places(value, (*path, key))


def _replaced(content, path, value):
    """A copy of a JSON value with `value` at `path`."""
    if not path:
        return value
    copy = content.copy()
    copy[path[0]] = _replaced(content[path[0]], path[1:], value)
    return copy


@tagged('email_pay_slow')
class FuzzCommon(OnePayment, EmailPayHttpCommon):

    def _written(self):
        """How much there is of all that a stranger must not write."""
        return {
            model: self.env[model].sudo().search_count([])
            for model in ('email.pay.event', 'payment.transaction', 'account.payment', 'mail.mail',
                          'email.pay.link', 'payment.token', 'ir.cron.trigger')
        }

    @contextmanager
    def _nothing_written(self):
        before = self._written()
        yield
        self.assertEqual(self._written(), before)

    def _send(self, method, path, body=b'', headers=None, cookies=''):
        """Send a request as it is; its status, after a look at whether anything broke."""
        lines = {'Content-Length': len(body), **(headers or {})}
        head = f'{method} {path} HTTP/1.1\r\n' + ''.join(
            f'{name}: {text}\r\n' for name, text in lines.items()
        )
        with self.assertNoLogs('odoo.http', logging.ERROR):
            answer = self.send_raw(head.encode('latin-1'), body, cookies)
        status = int(answer.split()[1])
        self.assertLess(status, 500, answer[:2000])
        return status


@tagged('post_install', '-at_install')
class TestWebhookFuzz(FuzzCommon):

    def test_what_nobody_signed_is_refused_and_leaves_nothing(self):
        addresses = st.sampled_from([
            self.webhook_path(), self.webhook_path(), '/pay/webhook/0', '/pay/webhook/x',
            f'/pay/webhook/{10 ** 30}', '/pay/webhook/-1', self.webhook_path(self.dummy_provider),
        ])
        signatures = st.one_of(LINE, st.sampled_from([
            '', 't=1,s=' + '0' * 64, 't=,s=', self.signed(b'')['Webhook-Signature'],
        ]))

        @fuzz(120)
        @given(METHODS, addresses, WORDS, BODIES, CONTENT_TYPES, signatures, HEADERS)
        def check(method, address, tail, body, content_type, signature, headers):
            status = self._send(method, address + self._tail(tail), body, {
                **headers, 'Content-Type': content_type, 'Webhook-Signature': signature,
            })
            self.assertTrue(status >= 300 or method == 'OPTIONS', status)

        with self._nothing_written(), mute_logger(WEBHOOK):
            check()

    def _tail(self, tail):
        return tail and f"/{quote(tail, safe='/', errors='surrogatepass')}"

    def test_what_is_signed_is_refused_or_is_one_row(self):
        @fuzz(120)
        @given(BODIES | self._notifications().map(lambda event: json.dumps(event).encode()), WORDS)
        def check(body, tail):
            before = self._written()['email.pay.event']
            statuses = {
                self._send('POST', self.webhook_path() + self._tail(tail), body, self.signed(body))
                for _time in range(2)
            }
            rows = self._written()['email.pay.event'] - before
            self.assertEqual(len(statuses), 1)
            self.assertLessEqual(rows, 1 if statuses == {200} else 0)

        with mute_logger(WEBHOOK, WIRE):
            check()

    def test_what_is_stored_comes_to_a_defined_end(self):
        @fuzz(80)
        @given(self._notifications())
        def check(event):
            body = json.dumps(event).encode()
            if self._send('POST', self.webhook_path(), body, self.signed(body)) != 200:
                return
            self.process_events()
            stored = self.events()[-1:]
            self.assertIn(stored.state, ('done', 'ignored', 'parked', 'failed'))
            if stored.state == 'failed':
                self.assertGreater(stored.next_attempt, Datetime.now())
            if stored.state == 'parked':
                self.assertTrue(stored.error)

        with mute_logger(WEBHOOK, WIRE), self.assertNoLogs(INBOX, logging.ERROR):
            check()
        self.assertLessEqual(len(self.transaction.payment_id), 1)

    def _notifications(self):
        """Real notifications, of our transaction and others, with anything at one or two places."""
        samples = [
            json.loads(self.sale_event(self.transaction)),
            json.loads(self.sale_event(order_id='NOBODYS')),
            json.loads(notices.event('settlement.batch.complete', {'batch_id': '1'})),
            json.loads(notices.event('chargeback.batch.complete', {'chargebacks': [{
                'id': '9', 'amount': '10.00', 'cc_number': '4xxxxxxxxxxx1111', 'reason_code': '83',
            }]})),
        ]
        types = [
            'transaction.sale.success', 'transaction.sale.failure', 'transaction.refund.success',
            'transaction.void.success', 'transaction.auth.success', 'chargeback.batch.complete',
            'recurring.subscription.add', 'tomorrow.invention.made',
        ]
        values = JSON | st.sampled_from([
            self.transaction.reference, '1e400', '1e-400', '-100.00', '9' * 40, 10 ** 39, 'USD',
        ])

        @st.composite
        def build(draw):
            event = draw(st.sampled_from(samples)) | {'event_id': draw(st.uuids()).hex}
            if draw(st.booleans()):
                event['event_type'] = draw(st.sampled_from(types))
            for _time in range(draw(st.integers(0, 2))):
                place = draw(st.sampled_from(list(_places(event))[1:]))
                event = _replaced(event, place, draw(values))
            return event

        return build()


@tagged('post_install', '-at_install')
class TestPageFuzz(FuzzCommon):

    def _pages(self):
        """The method and path of every public page."""
        link, payment = f'/pay/l/{self.link.selector}', self.transaction._email_pay_path()
        return [
            *[('GET', path) for path in (
                f'/pay/{self.link._token()}', link, f'{link}/pdf', f'{link}/qr', f'{link}/form',
                payment, f'{payment}/status', f'{payment}/state',
            )],
            *[('POST', path) for path in (link, f'{link}/renew', f'{link}/cancel', payment)],
        ]

    def _other_paths(self):
        """The same paths with anything put into them, and any path."""
        garbled = st.builds(
            lambda path, at, text: path[:at] + quote(text, errors='surrogatepass') + path[at + 2:],
            st.sampled_from([path for _method, path in self._pages()]), st.integers(5, 45),
            WORDS.map(lambda text: text.replace('\x00', '')),  # Odoo fails where no route matches
        )
        nul = st.sampled_from([
            f'/pay/{path}' for path in ('%00', 'l/%00', 'l/%00/form', 't/%00', 't/%00/state')
        ])
        raw = st.text(st.characters(
            min_codepoint=33, max_codepoint=255, exclude_categories=['Cc', 'Zs'],
        ), max_size=40).map('/pay/'.__add__)
        return st.one_of(garbled, raw, nul)

    def _values(self):
        names = st.sampled_from([
            'form_token', 'choice', 'amount', 'method', 'payment_token', 'offer', 'access_token',
            'provider_id', 'payment_method_id', 'flow', 'token', 'selector', 'lang', 'db', 'debug',
            'csrf_token', 'invoice_id',
        ])
        return st.dictionaries(names | WORDS, WORDS, max_size=5)

    def _cookies(self):
        name = _cookie_name(self.link.selector)
        visit = f'{name}={self.link._visit()}'
        return st.one_of(
            *[st.just(visit)] * 4, LINE.map(lambda text: f'{name}={text}'), LINE,
            st.builds('session_id={}; {}'.format, LINE, st.just(visit)),
        )

    def test_any_form_at_a_page(self):
        @fuzz(100)
        @given(
            st.sampled_from(self._pages()), self._values(),
            self._values().map(lambda form: _form(form).encode()) | BODIES, CONTENT_TYPES, HEADERS,
            self._cookies(),
        )
        def check(page, query, body, content_type, headers, cookies):
            method, path = page
            self._send(
                method, f'{path}?{_form(query)}', body, {**headers, 'Content-Type': content_type},
                cookies,
            )

        with self._nothing_written():
            check()

    def test_any_other_address_and_method(self):
        @fuzz(100)
        @given(METHODS, self._other_paths() | st.sampled_from(self._pages()).map(itemgetter(1)),
               self._cookies())
        def check(method, path, cookies):
            self._send(method, path, cookies=cookies)

        with self._nothing_written():
            check()

    def test_the_call_of_odoos_form(self):
        path = f'/pay/l/{self.link.selector}/transaction'
        names = st.sampled_from([
            'access_token', 'provider_id', 'payment_method_id', 'flow', 'selector', 'token_id',
            'amount', 'context', 'params',
        ])

        @fuzz(50)
        @given(st.dictionaries(names | WORDS, JSON, max_size=5), self._cookies())
        def check(params, cookies):
            body = json.dumps({'jsonrpc': '2.0', 'method': 'call', 'params': params}).encode()
            self._send('POST', path, body, {'Content-Type': 'application/json'}, cookies)

        with self._nothing_written():
            check()
