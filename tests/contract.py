"""What every gateway must hold to: one suite, run for each by a subclass with its fixtures.

A subclass says what it needs below (`settings`, `sign`, `answers`, …); its notifications are really
signed and nothing of the gateway under test is ever replaced.
"""

import json
import logging
import os
import tempfile
import traceback
import unittest
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import requests.exceptions

from gateways import errors
from gateways.base import Gateway
from gateways.values import (
    CardSource,
    CardWindow,
    Charged,
    Customer,
    Flow,
    HttpResponse,
    Notification,
    Operation,
    PaymentEvent,
    PaymentRequest,
    Redirect,
    RefundSupport,
    Status,
)
from tests.gateways import network
from tests.gateways.network import Recorder, Server

# Hypothesis writes its caches beside the code otherwise.
os.environ.setdefault('HYPOTHESIS_STORAGE_DIRECTORY', tempfile.gettempdir() + '/hypothesis')

from hypothesis import given, settings
from hypothesis import strategies as st

FUZZ = settings(max_examples=150, deadline=None, database=None, derandomize=True)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)

# Not what any gateway sends, whatever its fields are called.
MALFORMED = (
    b'',
    b'null',
    b'true',
    b'12.34',
    b'"paid"',
    b'[]',
    b'[{}]',
    b'{}',
    b'{',
    b'{"a": }',
    b'\xff\xfe{',
    b'\x00',
    b'<html></html>',
    b'response=1&response_code=100',
    b'[' * 100_000,
    b'{"a":' * 100_000,
    b'{"a": ' + b'9' * 10_000 + b'}',
)

FAILURES = (
    requests.exceptions.ReadTimeout("read timed out"),
    requests.exceptions.ConnectionError("Connection aborted."),
    requests.exceptions.ChunkedEncodingError("Connection broken"),
    requests.exceptions.ContentDecodingError("Received a broken body"),
    requests.exceptions.TooManyRedirects("Exceeded 30 redirects."),
)

AMOUNTS = {
    'USD': Decimal('12.34'),
    'CLP': Decimal('1234'),
    'KWD': Decimal('12.345'),
    'CRC': Decimal('5650.75'),
    'GTQ': Decimal('95.05'),
}

MONEY = {
    'charge': lambda gateway, case: gateway.charge(case.request(), case.source()),
    'checkout': lambda gateway, case: gateway.checkout(case.request()),
    'save_card': lambda gateway, case: gateway.save_card(case.request()),
    'refund': lambda gateway, case: gateway.refund(case.charged(), case.refunded(), 'TX-1-R1'),
    'void': lambda gateway, case: gateway.void(case.charged()),
}


def paths(content, path=()):
    """The path of every value inside a JSON value."""
    yield path
    if isinstance(content, dict | list):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in pairs:
            yield from paths(value, (*path, key))


def replaced(content, path, value):
    """A copy of a JSON value with `value` at `path`."""
    if not path:
        return value
    copy = content.copy()
    copy[path[0]] = replaced(content[path[0]], path[1:], value)
    return copy


class Tried(unittest.TestResult):
    """What one test came to, sub-tests included, before it is told to anybody."""

    def __init__(self):
        super().__init__()
        self.problems = []

    def addError(self, test, err):
        self.problems.append(err[1])

    def addFailure(self, test, err):
        self.problems.append(err[1])

    def addSubTest(self, test, subtest, err):
        if err:
            self.problems.append(err[1])

    def tell(self, test, result):
        """Report it to `result`; a problem is something to do."""
        # A generator that a test leaves by an exception reports its own end first.
        for problem in sorted(self.problems, key=lambda one: isinstance(one, GeneratorExit))[:1]:
            told = traceback.format_exception_only(problem)[0].split('\n')[0]
            result.addSkip(test, f'Still to do: {told}')
        for _test, reason in self.skipped:
            result.addSkip(test, reason)
        if not self.problems and not self.skipped:
            result.addSuccess(test)


class GatewayContract:
    """The suite. Mix it into a `TestCase` and fill in the following.

    :cvar gateway_class: the gateway.
    :cvar settings: credentials of a working account; its secrets are unlike any other text.
    :cvar secret_names: those that are never shown.
    :cvar key_names: those that verify notifications, each alone being enough.
    :cvar url_name: the one that holds the gateway's address.
    :cvar signs_body: whether the proof covers what the notification says; otherwise every event
        must be a hint.
    :cvar currencies: of `AMOUNTS`, those to charge.
    :cvar to_do: whether the gateway is still being written: what fails is skipped, as still to do.
    """

    gateway_class: type[Gateway]
    settings: dict[str, str]
    secret_names: tuple[str, ...]
    key_names: tuple[str, ...]
    url_name = 'base_url'
    signs_body = True
    currencies = tuple(AMOUNTS)
    to_do = False

    def run(self, result=None):
        """As any test runs, except while the gateway is `to_do`."""
        if not self.to_do:
            return super().run(result)
        result = self.defaultTestResult() if result is None else result
        result.startTest(self)
        tried = Tried()
        super().run(tried)
        tried.tell(self, result)
        result.stopTest(self)
        return result

    # --- what a subclass provides -----------------------------------------------------------------

    def notifications(self) -> dict[str, bytes]:
        """Bodies as the gateway sends them, by name, each of another event."""
        raise NotImplementedError

    def unknown_notification(self) -> bytes:
        """A body that reports a payment with a word that nobody knows."""
        raise NotImplementedError

    def sign(self, body: bytes, key: str) -> Notification:
        """The notification as the gateway signs it with `key`."""
        raise NotImplementedError

    def unsigned(self, body: bytes) -> tuple[Notification, ...]:
        """The notification with no signature, and with every malformed one."""
        raise NotImplementedError

    def changed(self, notification: Notification) -> Notification:
        """The same proof on a body that says something else."""
        return Notification(
            body=notification.body.replace(b'12.34', b'0.34'),
            headers=notification.headers,
            params=notification.params,
            tail=notification.tail,
        )

    def answers(self, verb: str, request: PaymentRequest) -> dict[str, HttpResponse]:
        """Answers to one of `MONEY`: 'good'; 'unknown', with a word that nobody knows; 'bad key'.

        A list when it takes several requests. None under 'unknown' when the answer has no word for
        the outcome.
        """
        raise NotImplementedError

    def query_answers(self, reference: str) -> dict[str, HttpResponse]:
        """Answers to `query`: 'paid', 'nothing', 'unknown', 'bad key'."""
        raise NotImplementedError

    def connection_answers(self) -> dict[str, HttpResponse]:
        """Answers to `test`: 'good', 'bad key'. As for `answers`."""
        answers = self.query_answers('TX-1')
        return {'good': answers['nothing'], 'bad key': answers['bad key']}

    def report_answers(self) -> dict[str, list[HttpResponse]]:
        """Answers to `report`, page by page: 'many', which are several pages; 'nothing'; 'bad key'.

        Needed when the gateway supports it.
        """
        raise NotImplementedError

    def sent_amount(self, recorder: Recorder):
        """The amount in the last request, as the gateway will read it."""
        raise NotImplementedError

    # --- helpers ----------------------------------------------------------------------------------

    def gateway(self, *answers, **changes) -> Gateway:
        credentials = self.gateway_class.Credentials(**{**self.settings, **changes})
        if answers and isinstance(answers[0], list):
            [answers] = answers
        return self.gateway_class(credentials, Recorder(*answers))

    def at(self, url: str) -> Gateway:
        credentials = self.gateway_class.Credentials(**{**self.settings, self.url_name: url})
        return self.gateway_class(credentials, network.send)

    def request(self, currency='USD') -> PaymentRequest:
        return PaymentRequest(
            reference='TX-1',
            amount=AMOUNTS[currency],
            currency=currency,
            description="Invoice INV/2026/00042",
            customer=Customer(
                name="Ana María Núñez",
                email='ana@example.com',
                phone='+507 6000-0000',
                street="Calle 50 & Vía España",
                city="Panamá",
                zip='0816',
                country='PA',
                identification='8-888-888',
                ip='203.0.113.9',
            ),
            return_url='https://shop.example.com/pay/back',
            notification_url='https://shop.example.com/pay/notify',
        )

    def source(self) -> CardSource:
        return CardSource(token='one-time-token-7f3a')

    def charged(self) -> Charged:
        return Charged('TX-1', '10001', Decimal('12.34'), 'USD')

    def refunded(self) -> Decimal:
        """A part, where the gateway pays one back."""
        partial = self.gateway_class.supports.refund is RefundSupport.PARTIAL
        return Decimal('2.50') if partial else self.charged().amount

    def key(self) -> str:
        return self.settings[self.key_names[0]]

    def signed(self, body: bytes) -> Notification:
        return self.sign(body, self.key())

    def money_verbs(self) -> tuple[str, ...]:
        supports = self.gateway_class.supports
        window = supports.flow is Flow.WINDOW
        wanted = {
            'charge': window or supports.saved_cards,
            'checkout': not window,
            'save_card': supports.saves_cards_apart,
            'refund': supports.refund is not RefundSupport.NONE,
            'void': supports.void,
        }
        return tuple(verb for verb, supported in wanted.items() if supported)

    def each_verb(self):
        for verb in self.money_verbs():
            with self.subTest(verb=verb):
                yield verb, MONEY[verb]

    @contextmanager
    def captured_logs(self):
        """Everything that anybody logs inside."""
        lines, root = [], logging.getLogger()
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(handler.format(record))
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            yield lines
        finally:
            root.removeHandler(handler)
            root.setLevel(level)

    def assert_shows_no_secret(self, *texts):
        hidden = [self.settings[name] for name in self.secret_names]
        hidden += [self.source().token, self.source().saved_card]
        for text in texts:
            for secret in filter(None, hidden):
                self.assertNotIn(secret, text)

    def assert_well_formed(self, event):
        self.assertIsInstance(event, PaymentEvent)
        self.assertIsInstance(event.operation, Operation)
        self.assertIsInstance(event.status, Status)
        self.assertIsInstance(event.amount, Decimal | None)
        self.assertTrue(event.amount is None or event.amount.is_finite())
        self.assertRegex(event.currency, r'^([A-Z]{3})?$')
        self.assertRegex(event.card_last4, r'^([0-9]{4})?$')
        self.assertIsInstance(event.happened_at, datetime | None)
        self.assertTrue(event.happened_at is None or event.happened_at.tzinfo)
        texts = [f.name for f in fields(PaymentEvent) if f.type is str]
        for name in texts:
            self.assertIsInstance(getattr(event, name), str, name)

    # --- notifications: who sent it ---------------------------------------------------------------

    def test_every_notification_signed_with_any_live_key_is_accepted(self):
        for name, body in self.notifications().items():
            for key_name in self.key_names:
                with self.subTest(name, key=key_name):
                    self.gateway().verify(self.sign(body, self.settings[key_name]))

    def test_a_key_alone_is_enough_while_it_rotates(self):
        for key_name in self.key_names:
            others = {name: '' for name in self.key_names if name != key_name}
            for body in self.notifications().values():
                notification = self.sign(body, self.settings[key_name])
                self.gateway(**others).verify(notification)

    def test_a_retired_key_is_refused(self):
        for key_name in self.key_names[1:]:
            for body in self.notifications().values():
                notification = self.sign(body, self.settings[key_name])
                with self.assertRaises(errors.SignatureInvalid):
                    self.gateway(**{key_name: ''}).verify(notification)

    def test_a_foreign_key_is_refused(self):
        for name, body in self.notifications().items():
            with self.subTest(name), self.assertRaises(errors.SignatureInvalid):
                self.gateway().verify(self.sign(body, self.foreign_key()))

    def foreign_key(self) -> str:
        """A key of the right kind that is not ours."""
        return self.key()[::-1]

    def test_a_missing_or_malformed_signature_is_refused(self):
        for body in self.notifications().values():
            for number, notification in enumerate(self.unsigned(body)):
                with self.subTest(number), self.assertRaises(errors.SignatureInvalid):
                    self.gateway().verify(notification)

    def test_a_changed_body_is_refused(self):
        if not self.signs_body:
            self.skipTest("The proof does not cover the body: every event is a hint.")
        for name, body in self.notifications().items():
            changed = self.changed(self.signed(body))
            if changed.body != body:
                with self.subTest(name), self.assertRaises(errors.SignatureInvalid):
                    self.gateway().verify(changed)

    def test_at_least_one_body_can_be_changed(self):
        bodies = self.notifications().values()
        self.assertTrue(any(self.changed(self.signed(body)).body != body for body in bodies))

    def test_without_a_secret_nothing_is_accepted(self):
        for blank in ('', ' ', '\n'):
            bare = dict.fromkeys(self.key_names, blank)
            for name, body in self.notifications().items():
                for key in (self.key(), blank):
                    with self.subTest(name, key=key), self.assertRaises(errors.NotificationError):
                        self.gateway(**bare).verify(self.sign(body, key))
                with self.assertRaises(errors.SecretMissing):
                    self.gateway(**bare).verify(self.signed(body))

    # --- notifications: what it says --------------------------------------------------------------

    def test_every_notification_reports_well_formed_events(self):
        for name, body in self.notifications().items():
            with self.subTest(name):
                events = self.gateway().parse(self.signed(body))
                self.assertIsInstance(events, tuple)
                self.assertTrue(events)
                for event in events:
                    self.assert_well_formed(event)
                    self.assertTrue(self.signs_body or not event.confirmed)

    def test_a_repeated_notification_keeps_its_key(self):
        for body in self.notifications().values():
            keys = {self.gateway().event_key(self.signed(body)) for _repeat in range(3)}
            self.assertEqual(len(keys), 1)

    def test_every_event_has_a_key_of_its_own(self):
        bodies = self.notifications().values()
        keys = {self.gateway().event_key(self.signed(body)) for body in bodies}
        self.assertEqual(len(keys), len(bodies))
        for key in keys:
            self.assertTrue(0 < len(key) <= 255 and key.isprintable(), key)

    def test_an_unknown_word_is_pending_and_a_warning(self):
        notification = self.signed(self.unknown_notification())
        with self.assertLogs(self.gateway_class.__module__, 'WARNING') as logs:
            events = self.gateway().parse(notification)
        for event in events:
            self.assertIs(event.status, Status.PENDING)
        for line in logs.output:
            self.assertNotIn('ana@example.com', line)
            self.assertLess(len(line), 300)

    def test_a_malformed_body_is_refused(self):
        for body in MALFORMED:
            for read in (self.gateway().parse, self.gateway().event_key):
                with self.subTest(body[:20]), self.assertRaises(errors.NotificationMalformed):
                    read(Notification(body))

    def test_any_json_is_read_or_refused(self):
        @FUZZ
        @given(JSON)
        def check(content):
            self.assert_read_or_refused(content)

        check()

    def test_any_field_of_any_type_is_read_or_refused(self):
        samples = [json.loads(body) for body in self.notifications().values()]
        places = [(sample, path) for sample in samples for path in paths(sample)]

        @FUZZ
        @given(st.sampled_from(places), JSON)
        def check(place, value):
            self.assert_read_or_refused(replaced(*place, value))

        check()

    def assert_read_or_refused(self, content):
        notification = Notification(json.dumps(content).encode())
        logging.disable(logging.WARNING)
        try:
            with suppress(errors.NotificationMalformed):
                self.gateway().event_key(notification)
                for event in self.gateway().parse(notification):
                    self.assert_well_formed(event)
        finally:
            logging.disable(logging.NOTSET)

    # --- money ------------------------------------------------------------------------------------

    def test_every_verb_reports_success(self):
        for verb, act in self.each_verb():
            result = act(self.gateway(self.answers(verb, self.request())['good']), self)
            if verb in ('checkout', 'save_card'):
                self.assertIsInstance(result, Redirect)
                self.assertRegex(result.url, r'^https://')
                continue
            self.assert_well_formed(result)
            self.assertIs(result.status, Status.DONE)
            self.assertTrue(result.gateway_reference)

    def test_amounts_keep_the_decimals_of_their_currency(self):
        verb = self.money_verbs()[0]
        for currency in self.currencies:
            request = self.request(currency)
            gateway = self.gateway(self.answers(verb, request)['good'])
            with self.subTest(currency):
                if verb == 'charge':
                    event = gateway.charge(request, self.source())
                    self.assertEqual((event.amount, event.currency), (request.amount, currency))
                else:
                    gateway.checkout(request)
                self.assertEqual(str(self.sent_amount(gateway._send)), str(request.amount))

    def test_one_call_sends_one_request(self):
        for verb, act in self.each_verb():
            for failure in (*FAILURES, HttpResponse(500, b'')):
                gateway = self.gateway(failure)
                with self.assertRaises(errors.GatewayError):
                    act(gateway, self)
                self.assertEqual(len(gateway._send.requests), 1, verb)

    def test_an_unknown_result_is_pending_and_a_warning(self):
        for verb, act in self.each_verb():
            unknown = self.answers(verb, self.request())['unknown']
            if unknown is not None:
                with self.assertLogs(self.gateway_class.__module__, 'WARNING'):
                    event = act(self.gateway(unknown), self)
                self.assertIs(event.status, Status.PENDING)

    def test_a_refused_key_is_named(self):
        for verb, act in self.each_verb():
            refusal = self.answers(verb, self.request())['bad key']
            with self.assertRaises(errors.CredentialsRefused):
                act(self.gateway(refusal), self)

    def test_an_answer_that_cannot_be_read_is_an_unknown_outcome(self):
        for _verb, act in self.each_verb():
            for status in (200, 301, 403, 404):
                for body in (b'', b'<html>Welcome</html>', b'\xff\x00\xfe', b'[' * 100_000):
                    answer = HttpResponse(status, body)
                    with self.subTest(answer), self.assertRaises(errors.UnknownOutcome):
                        act(self.gateway(answer), self)

    def test_a_failure_after_sending_is_an_unknown_outcome(self):
        for _verb, act in self.each_verb():
            for failure in FAILURES:
                with self.subTest(repr(failure)), self.assertRaises(errors.UnknownOutcome):
                    act(self.gateway(failure), self)

    # --- the same on a real network ---------------------------------------------------------------

    def test_a_server_that_misbehaves_leaves_an_unknown_outcome(self):
        for fault, behave in network.FAULTS.items():
            with Server(behave) as server:
                gateway = self.at(f'http://{server.host}')
                for _verb, act in self.each_verb():
                    with self.subTest(fault), self.assertRaises(errors.UnknownOutcome):
                        act(gateway, self)

    def test_tls_that_breaks_leaves_an_unknown_outcome(self):
        with Server(lambda connection: connection.sendall(b'220 not TLS\r\n')) as server:
            for _verb, act in self.each_verb():
                with self.assertRaises(errors.UnknownOutcome):
                    act(self.at(f'https://{server.host}'), self)

    def test_what_cannot_have_been_sent_is_known_so(self):
        cases = {
            'https://name.invalid': errors.AddressNotFound,
            f'http://127.0.0.1:{network.closed_port()}': errors.NoConnection,
            'https://': errors.AddressNotFound,
            'nowhere': errors.AddressNotFound,
            'ftp://127.0.0.1': errors.AddressNotFound,
            'https://[::1': errors.AddressNotFound,
        }
        for url, expected in cases.items():
            for _verb, act in self.each_verb():
                with self.subTest(url), self.assertRaises(expected) as caught:
                    act(self.at(url), self)
                self.assertIsInstance(caught.exception, errors.NotSent)
                self.assertNotIsInstance(caught.exception, errors.UnknownOutcome)

    def test_a_certificate_that_nobody_vouches_for_is_refused(self):
        with Server(network.answer(200), network.self_signed()) as server:
            gateway = self.at(f'https://{server.host}')
            with self.assertRaises(errors.CertificateInvalid):
                gateway.test()
            for _verb, act in self.each_verb():
                with self.assertRaises(errors.CertificateInvalid):
                    act(gateway, self)

    # --- asking what happened ---------------------------------------------------------------------

    def test_query_reports_a_payment(self):
        events = self.gateway(self.query_answers('TX-1')['paid']).query('TX-1')
        for event in events:
            self.assert_well_formed(event)
        paid = [e for e in events if e.operation is Operation.PAYMENT and e.status is Status.DONE]
        self.assertEqual([event.reference for event in paid], ['TX-1'])
        self.assertTrue(paid[0].gateway_reference)
        self.assertTrue(paid[0].confirmed)

    def test_query_of_what_the_gateway_does_not_know_is_empty(self):
        self.assertEqual(self.gateway(self.query_answers('TX-1')['nothing']).query('TX-1'), ())

    def test_query_leaves_an_unknown_word_pending(self):
        gateway = self.gateway(self.query_answers('TX-1')['unknown'])
        with self.assertLogs(self.gateway_class.__module__, 'WARNING'):
            events = gateway.query('TX-1')
        self.assertEqual({event.status for event in events}, {Status.PENDING})

    def test_query_never_takes_a_failure_for_an_answer(self):
        broken = [HttpResponse(200, body) for body in (b'', b'<html>Welcome</html>', b'\xff')]
        broken += [HttpResponse(status, b'') for status in (301, 403, 500, 503)]
        for answer in (*broken, *FAILURES, self.query_answers('TX-1')['bad key']):
            with self.subTest(answer=repr(answer)), self.assertRaises(errors.GatewayError):
                self.gateway(answer).query('TX-1')

    def test_the_connection_test_says_what_to_mend(self):
        answers = self.connection_answers()
        self.assertIsNone(self.gateway(answers['good']).test())
        with self.assertRaises(errors.CredentialsRefused):
            self.gateway(answers['bad key']).test()
        for status in (200, 301, 404):
            with self.assertRaises(errors.AddressNotFound):
                self.gateway(HttpResponse(status, b'<html>Welcome</html>')).test()
        with self.assertRaises(errors.UnknownOutcome):
            self.gateway(HttpResponse(503, b'')).test()

    # --- asking for all that happened -------------------------------------------------------------

    UNTIL = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
    SINCE = UNTIL - timedelta(days=4)

    def report(self, *answers):
        return self.gateway(*answers).report(self.SINCE, self.UNTIL)

    def report_pages(self, name):
        if not self.gateway_class.supports.report:
            self.skipTest("It reports no list of payments.")
        return self.report_answers()[name]

    def test_report_tells_every_operation_oldest_first(self):
        pages = self.report_pages('many')
        self.assertGreater(len(pages), 1)
        events = self.report(*pages)
        for event in events:
            self.assert_well_formed(event)
        times = [event.happened_at for event in events]
        self.assertEqual(times, sorted(times))
        self.assertGreater(len({event.reference for event in events}), 1)
        self.assertTrue({Operation.PAYMENT, Operation.REFUND} <= {e.operation for e in events})

    def test_report_of_nothing_is_empty(self):
        self.assertEqual(self.report(*self.report_pages('nothing')), ())

    def test_half_a_report_is_none(self):
        first = self.report_pages('many')[0]
        for failure in (*FAILURES, HttpResponse(500, b''), HttpResponse(200, b'<html></html>')):
            for answers in ([failure], [first, failure]):
                with self.subTest(failure), self.assertRaises(errors.GatewayError):
                    self.report(*answers)

    def test_report_names_a_refused_key(self):
        with self.assertRaises(errors.CredentialsRefused):
            self.report(*self.report_pages('bad key'))

    def test_report_is_supported_or_said_not_to_be(self):
        own = self.gateway_class.report is not Gateway.report
        self.assertEqual(own, self.gateway_class.supports.report)
        if not own:
            with self.assertRaises(errors.Unsupported):
                self.gateway().report(self.SINCE, self.UNTIL)

    # --- secrets ----------------------------------------------------------------------------------

    def test_no_secret_in_any_representation(self):
        for verb, act in self.each_verb():
            gateway = self.gateway(self.answers(verb, self.request())['good'])
            result = act(gateway, self)
            shown = [repr(gateway.credentials), repr(gateway), repr(result), repr(self.source())]
            self.assert_shows_no_secret(*shown, *map(repr, gateway._send.requests))

    def test_no_secret_in_proof_or_notification(self):
        for body in self.notifications().values():
            notification = self.signed(body)
            proof = self.gateway().proof(notification)
            self.assert_shows_no_secret(repr(notification), repr(proof))
            self.assertNotIn('ana@example.com', repr(notification) + repr(proof))

    def test_no_secret_in_logs_or_tracebacks(self):
        with Server(network.cut_unanswered) as server, self.captured_logs() as logs:
            for url in (f'http://{server.host}', 'https://name.invalid', 'https://[::1'):
                for _verb, act in self.each_verb():
                    with self.assertRaises(errors.GatewayError) as caught:
                        act(self.at(url), self)
                    self.assert_shows_no_secret(*traceback.format_exception(caught.exception))
            for body in (self.unknown_notification(), *MALFORMED):
                with self.subTest(body[:20]), self.assertRaises(errors.NotificationError):
                    self.gateway().verify(self.sign(body, self.foreign_key()))
            self.gateway().parse(self.signed(self.unknown_notification()))
        self.assertTrue(logs)
        self.assert_shows_no_secret(*logs)

    # --- what it says of itself -------------------------------------------------------------------

    def test_supports_is_what_the_methods_do(self):
        supports = self.gateway_class.supports
        window = supports.flow is Flow.WINDOW
        calls = {verb: act for verb, act in MONEY.items() if verb not in self.money_verbs()}
        calls |= {} if window else {'card_window': lambda gateway, _case: gateway.card_window()}
        supported = (*self.money_verbs(), *(('card_window',) if window else ()))
        for name in supported:
            self.assertIsNot(getattr(self.gateway_class, name), getattr(Gateway, name), name)
        for name, act in calls.items():
            with self.subTest(name), self.assertRaises(errors.Unsupported):
                act(self.gateway(), self)

    def test_the_card_window_asks_the_gateway_for_nothing(self):
        if self.gateway_class.supports.flow is not Flow.WINDOW:
            self.skipTest("It has no card window.")
        gateway = self.gateway()
        window = gateway.card_window()
        self.assertIsInstance(window, CardWindow)
        self.assertEqual(gateway._send.requests, [])
        self.assertRegex(window.driver, r'^[a-z]+$')
        self.assertTrue(window.origins)
        self.assertTrue(window.script_url.startswith(tuple(f'{o}/' for o in window.origins)))
        self.assert_shows_no_secret(window.script_url, str(dict(window.attributes)))

    def test_every_reason_can_be_translated(self):
        reasons = self.gateway_class.reasons()
        self.assertEqual(len(reasons), len(set(reasons)))
        for sentence in reasons:
            self.assertRegex(sentence, r'^[A-Z][^\n]+[.?]$')
        for code in ('', 'x', '000', 'None', *map(str, range(1000))):
            self.assertIn(self.gateway().reason(code), reasons)

    def test_credentials_are_plain_texts_that_may_all_be_empty(self):
        self.assertEqual(set(self.settings), set(self.gateway_class.credential_names()))
        empty = self.gateway_class.Credentials()
        for name in self.gateway_class.credential_names():
            self.assertEqual(getattr(empty, name), '')
