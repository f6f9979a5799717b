import unittest
import warnings
from dataclasses import dataclass
from decimal import Decimal

from requests.structures import CaseInsensitiveDict

from gateways import errors
from gateways.base import Gateway
from gateways.values import HttpRequest, HttpResponse, Notification, to_decimal
from tests.gateways import network
from tests.gateways.network import Recorder, Server


class Plain(Gateway):
    """Adds nothing to the contract."""

    code = 'plain'

    @dataclass(frozen=True)
    class Credentials:
        one: str = ''
        two: str = ''

    def _nothing(self, *_arguments):
        raise NotImplementedError

    query = test = proof = event_key = parse = reason = reasons = _nothing


class TestDecimal(unittest.TestCase):
    def test_reads_texts_and_numbers(self):
        cases = {
            '12.34': '12.34',
            ' 12.340 ': '12.340',
            '-5': '-5',
            '0': '0',
            12: '12',
            12.34: '12.34',
            0.1: '0.1',
            Decimal('1.500'): '1.500',
        }
        for value, text in cases.items():
            self.assertEqual(str(to_decimal(value)), text)

    def test_anything_else_is_no_amount(self):
        nothing = ('', 'x', '12,34', '1 000', 'NaN', 'sNaN', 'Infinity', '-inf', None, True, False)
        numbers = (float('nan'), float('inf'))
        for value in (*nothing, *numbers, [], {}, b'1', ('1',), [[[]]], object()):
            self.assertIsNone(to_decimal(value), repr(value))


class TestNotification(unittest.TestCase):
    def test_headers_have_no_case(self):
        notification = Notification(b'', CaseInsensitiveDict({'WEBHOOK-Signature': 'x'}))
        self.assertEqual(notification.header('webhook-sIGNATURE'), 'x')
        self.assertEqual(notification.header('other'), '')

    def test_only_an_object_is_a_body(self):
        self.assertEqual(Notification(b'{"a": 1}').content, {'a': 1})
        for body in (b'', b'[]', b'1', b'"x"', b'null', b'{', b'\xff', b'[' * 100_000):
            with self.subTest(body[:9]), self.assertRaises(errors.NotificationMalformed):
                _ = Notification(body).content

    def test_shows_neither_body_nor_headers_nor_params(self):
        shown = repr(Notification(b'hidden', {'a': 'hidden'}, {'token': 'hidden'}))
        self.assertNotIn('hidden', shown)


class TestGateway(unittest.TestCase):
    def call(self, url, send=network.send):
        return Plain(Plain.Credentials(), send).call(HttpRequest('POST', url, data={'a': 'b'}))

    def test_what_a_gateway_lacks_it_does_not_support(self):
        plain = Plain(Plain.Credentials(), Recorder())
        calls = (
            lambda: plain.card_window(),
            lambda: plain.checkout(None),
            lambda: plain.charge(None, None),
            lambda: plain.refund(None, None, ''),
            lambda: plain.void(None),
        )
        for call in calls:
            with self.assertRaises(errors.Unsupported):
                call()

    def test_names_its_credentials(self):
        self.assertEqual(Plain.credential_names(), ('one', 'two'))

    def test_any_status_below_500_is_an_answer(self):
        for status in (200, 204, 301, 401, 403, 404, 429, 499):
            recorder = Recorder(HttpResponse(status, b''))
            self.assertEqual(self.call('https://a.example.com', recorder).status, status)

    def test_500_and_above_is_an_unknown_outcome(self):
        for status in (500, 502, 503, 504, 599):
            with self.assertRaises(errors.UnknownOutcome):
                self.call('https://a.example.com', Recorder(HttpResponse(status, b'')))

    def test_an_error_of_the_senders_own_is_an_unknown_outcome(self):
        # urllib3 raises this one past requests, for a label of more than 63 characters.
        with self.assertRaises(errors.UnknownOutcome):
            self.call(f'http://{"a" * 64}.com')
        with self.assertRaises(errors.UnknownOutcome):
            self.call('https://a.example.com', Recorder(UnicodeError("surrogate")))

    def test_a_bug_is_not_taken_for_the_network(self):
        with self.assertRaises(TypeError):
            self.call('https://a.example.com', Recorder(TypeError("bug")))

    def test_every_fault_of_a_real_server_is_an_unknown_outcome(self):
        for fault, behave in network.FAULTS.items():
            with Server(behave) as server, self.subTest(fault):
                if behave is network.cut_in_headers:
                    # http.client takes what has come for the whole; every gateway refuses to.
                    self.assertEqual(self.call(f'http://{server.host}').body, b'')
                    continue
                with self.assertRaises(errors.UnknownOutcome):
                    self.call(f'http://{server.host}')

    def test_tls_cut_after_the_request_is_an_unknown_outcome(self):
        def trust(request):
            return network.send(request, verify=False)

        for behave in (network.cut_unanswered, network.cut_in_body, network.cut_in_chunk):
            with Server(behave, network.self_signed()) as server, warnings.catch_warnings():
                warnings.simplefilter('ignore')
                with self.assertRaises(errors.UnknownOutcome):
                    self.call(f'https://{server.host}', trust)

    def test_what_cannot_have_been_sent(self):
        cases = {
            'https://name.invalid': errors.AddressNotFound,
            f'http://127.0.0.1:{network.closed_port()}': errors.NoConnection,
            'http://127.0.0.1:99999': errors.AddressNotFound,
            'http://a b': errors.AddressNotFound,
            'https://[::1': errors.AddressNotFound,
            'nowhere': errors.AddressNotFound,
        }
        for url, expected in cases.items():
            with self.subTest(url), self.assertRaises(expected):
                self.call(url)

    def test_a_self_signed_certificate(self):
        with Server(network.answer(200), network.self_signed()) as server:
            url = f'https://{server.host}'
            self.assertRaises(errors.CertificateInvalid, self.call, url)

    def test_errors_split_into_sent_and_not_sent(self):
        for error in (errors.AddressNotFound, errors.CertificateInvalid, errors.NoConnection):
            self.assertTrue(issubclass(error, errors.NotSent))
            self.assertFalse(issubclass(error, errors.UnknownOutcome))
        self.assertTrue(issubclass(errors.NoAnswer, errors.UnknownOutcome))
