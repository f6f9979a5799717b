import base64
import json
import unittest
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from gateways import errors
from gateways.greenpay import GreenPay, const, wire
from gateways.values import (
    CardSource,
    Charged,
    HttpResponse,
    Notification,
    Operation,
    PaymentRequest,
    Status,
)
from gateways.words import NO_REASON
from tests.contract import GatewayContract
from tests.gateways.greenpay import keys

FIXTURES = Path(__file__).parent / 'fixtures'


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def answer(name: str, status: int = 200) -> HttpResponse:
    return HttpResponse(status, fixture(name))


def notice(name: str, **changes) -> Notification:
    """A fixture with some of its fields changed."""
    return Notification(json.dumps(json.loads(fixture(f'{name}.json')) | changes).encode())


class GreenPayCase(GatewayContract):
    gateway_class = GreenPay
    settings = {
        'secret': 'secret-9f8e7d6c5b4a',
        'merchant_id': 'merchant-1',
        'terminal_crc': 'terminal-crc',
        'terminal_usd': 'terminal-usd',
        'terminal_gtq': 'terminal-gtq',
        'public_key': keys.public_key('merchant'),
        'merchant_url': 'https://merchant.example.com',
        'form_url': 'https://form.example.com',
    }
    secret_names = ('secret',)
    key_names = ('public_key',)
    url_name = 'merchant_url'
    signs_body = False
    currencies = ('CRC', 'USD', 'GTQ')

    good = {
        'charge': ['answer_paid.json'],
        'checkout': ['answer_session.json'],
        'save_card': ['answer_session.json'],
        'refund': ['query_paid.json', 'refunded.json'],
        'void': ['query_paid.json', 'voided.json'],
    }
    unknown = {
        'charge': ['answer_unknown.json'],
        'refund': ['query_paid.json', 'refunded_unknown.json'],
        'void': ['query_paid.json', 'voided_unknown.json'],
    }

    def source(self):
        return CardSource(saved_card='1deebcac-ea11-4c2d-9f7a-11a1b1d15a7e')

    def notifications(self):
        return {path.name: path.read_bytes() for path in sorted(FIXTURES.glob('notice_*.json'))}

    def unknown_notification(self):
        return fixture('notice_paid.json').replace(b'200', b'207')

    def sign(self, body, key):
        try:
            content = Notification(body).content
            message = wire.signed_part(content)
        except errors.NotificationMalformed:
            return Notification(body)
        made = keys.signature(key if key.strip() else self.key(), message)
        return Notification(json.dumps(content | {'_signature': made}).encode())

    def foreign_key(self):
        return keys.public_key('foreign')

    def unsigned(self, body):
        good = json.loads(self.signed(body).body)['_signature']
        bare = base64.b64encode(bytes.fromhex(good)).decode()
        malformed = (
            None, '', 7, [], {}, True, good[:-1], good[:-2], good + '00', f'0x{good}', bare,
            good.replace(good[0], 'g'), 'é', '\udcff', '0' * len(good), 'f' * 100_000,
        )
        content = json.loads(body)
        return (
            Notification(body),
            *(Notification(json.dumps(content | {'_signature': v}).encode()) for v in malformed),
        )

    def changed(self, notification):
        return replace(notification, body=notification.body.replace(b'"Visa"', b'"Amex"'))

    def answers(self, verb, request):
        return {
            'good': [answer(name) for name in self.good[verb]],
            'unknown': [answer(name) for name in self.unknown.get(verb, ())] or None,
            'bad key': answer('answer_no_merchant.json', 500),
        }

    def query_answers(self, reference):
        return {
            'paid': answer('query_paid.json'),
            'nothing': answer('query_nothing.json', 404),
            'unknown': answer('query_unknown.json'),
            'bad key': answer('answer_no_merchant.json', 500),
        }

    def connection_answers(self):
        return {
            'good': [answer('answer_session.json')] * 3,
            'bad key': answer('answer_no_merchant.json', 500),
        }

    def sent_amount(self, recorder):
        return json.loads(recorder.prepared().body)['amount']


class TestContract(GreenPayCase, unittest.TestCase):
    """The suite of every gateway."""


class Case(unittest.TestCase):
    """Lends the fixtures, without the suite."""

    def setUp(self):
        self.case = GreenPayCase()

    def gateway(self, *answers, **changes):
        return self.case.gateway(*answers, **changes)

    def sent(self, gateway):
        return json.loads(gateway._send.prepared().body)


class TestCheckout(Case):
    def test_opens_an_order(self):
        gateway = self.gateway(answer('answer_session.json'))
        redirect = gateway.checkout(self.case.request())
        self.assertEqual(
            redirect.url, 'https://form.example.com/fafd2e44-803c-4864-859a-a32f3d49ccb4'
        )
        self.assertEqual((redirect.method, redirect.fields), ('GET', {}))
        expected = {
            'secret': 'secret-9f8e7d6c5b4a',
            'merchantId': 'merchant-1',
            'terminal': 'terminal-usd',
            'amount': 12.34,
            'currency': 'USD',
            'description': "Invoice INV/2026/00042",
            'orderReference': 'TX-1',
            'callback': 'https://shop.example.com/pay/back',
            'additional': {'customer': {
                'name': "Ana María Núñez",
                'email': 'ana@example.com',
                'identification': '8-888-888',
                'billingAddress': {
                    'country': 'PA',
                    'province': "Panamá",
                    'city': "Panamá",
                    'street1': "Calle 50 & Vía España",
                    'zip': '0816',
                },
            }},
        }
        self.assertEqual(self.sent(gateway), expected)
        self.assertEqual(gateway._send.prepared().url, 'https://merchant.example.com/')
        self.assertEqual(gateway._send.prepared().headers['Content-Type'], 'application/json')

    def test_without_addresses_it_asks_production(self):
        gateway = self.gateway(answer('answer_session.json'), merchant_url='', form_url='')
        redirect = gateway.checkout(self.case.request())
        self.assertTrue(redirect.url.startswith(f'{const.FORM_URL}/'))
        self.assertEqual(gateway._send.prepared().url, f'{const.MERCHANT_URL}/')

    def test_each_currency_has_its_terminal(self):
        for currency in ('CRC', 'USD', 'GTQ'):
            gateway = self.gateway(answer('answer_session.json'))
            gateway.checkout(self.case.request(currency))
            self.assertEqual(self.sent(gateway)['terminal'], f'terminal-{currency.lower()}')

    def test_a_currency_without_a_terminal_is_not_asked_for(self):
        gateway = self.gateway(terminal_gtq='')
        self.assertEqual(gateway.currencies(), {'CRC', 'USD'})
        with self.assertRaises(errors.RequestRefused):
            gateway.checkout(self.case.request('GTQ'))
        self.assertEqual(gateway._send.requests, [])

    def test_an_amount_is_a_number_and_exact(self):
        for amount in ('0.01', '0.10', '9999999999.99', '1E+7', '123456789012.34'):
            gateway = self.gateway(answer('answer_session.json'))
            gateway.checkout(replace(self.case.request(), amount=Decimal(amount)))
            written = gateway._send.prepared().body.decode()
            sent = json.loads(written, parse_float=Decimal)['amount']
            self.assertEqual(sent, Decimal(amount), written)

    def test_a_session_that_could_lead_elsewhere_is_refused(self):
        for session in (None, '', 7, '../admin', '/x', 'a b', 'a?b', 'é', 'x' * 201):
            body = json.dumps({'session': session, 'token': 'x'}).encode()
            with self.subTest(session), self.assertRaises(errors.UnknownOutcome):
                self.gateway(HttpResponse(200, body)).checkout(self.case.request())

    def test_a_terminal_that_is_not_known_is_named(self):
        with self.assertRaisesRegex(errors.CredentialsRefused, "terminal"):
            self.gateway(answer('answer_no_terminal.json', 500)).checkout(self.case.request())
        with self.assertRaisesRegex(errors.CredentialsRefused, "merchant id"):
            self.gateway(answer('answer_no_merchant.json', 500)).checkout(self.case.request())


class TestSavedCards(Case):
    def charge(self, response):
        return self.gateway(response).charge(self.case.request(), self.case.source())

    def test_saves_a_card_without_paying(self):
        gateway = self.gateway(answer('answer_session.json'))
        redirect = gateway.save_card(self.case.request())
        self.assertTrue(redirect.url.startswith('https://form.example.com/'))
        expected = {
            'secret': 'secret-9f8e7d6c5b4a',
            'merchantId': 'merchant-1',
            'requestId': 'TX-1',
            'callback': 'https://shop.example.com/pay/back',
        }
        self.assertEqual(self.sent(gateway), expected)
        self.assertEqual(gateway._send.prepared().url, 'https://merchant.example.com/tokenize')

    def test_charges_a_saved_card(self):
        gateway = self.gateway(answer('answer_paid.json'))
        event = gateway.charge(self.case.request(), self.case.source())
        self.assertEqual(gateway._send.prepared().url, 'https://merchant.example.com/tokenPayment')
        self.assertEqual(self.sent(gateway)['token'], self.case.source().saved_card)
        self.assertEqual((event.status, event.gateway_reference), (Status.DONE, '10001'))
        self.assertEqual((event.card_brand, event.card_last4), ('Visa', '1111'))
        self.assertTrue(event.confirmed)

    def test_a_decline_is_final_and_has_its_reason(self):
        event = self.charge(answer('answer_declined.json', 500))
        self.assertIs(event.status, Status.DECLINED)
        self.assertEqual(self.gateway().reason(event.code), const.NO_FUNDS)
        event = self.charge(answer('answer_bad_card.json', 500))
        self.assertEqual((event.status, event.message), (
            Status.DECLINED, 'Error: Invalid card token',
        ))

    def test_504_and_what_names_no_order_are_unknown(self):
        body = json.loads(fixture('answer_declined.json'))
        del body['orderId']
        for response in (
            answer('answer_504.json'),
            answer('answer_504.json', 504),
            answer('answer_504.json', 500),
            HttpResponse(500, json.dumps(body).encode()),
            HttpResponse(500, b'{"status": 500}'),
            HttpResponse(200, fixture('answer_paid.json').replace(b'TX-1', b'TX-9')),
            HttpResponse(200, fixture('answer_paid.json').replace(b'10001', b'')
                         .replace(b'181516', b'')),
        ):
            with self.subTest(response.body), self.assertRaises(errors.UnknownOutcome):
                self.charge(response)

    def test_takes_a_saved_card_and_nothing_else(self):
        for source in (CardSource(), CardSource(token='t'), CardSource('t', 'saved')):
            gateway = self.gateway()
            with self.assertRaises(errors.RequestRefused):
                gateway.charge(self.case.request(), source)
            self.assertEqual(gateway._send.requests, [])


class TestGivingBack(Case):
    def test_a_void_names_what_greenpay_wants(self):
        gateway = self.gateway(answer('query_paid.json'), answer('voided.json'))
        event = gateway.void(self.case.charged())
        expected = {
            'secret': 'secret-9f8e7d6c5b4a',
            'merchantId': 'merchant-1',
            'bin': '411111',
            'last4': '1111',
            'authorization': '181516',
            'orderReference': 'TX-1',
        }
        self.assertEqual(self.sent(gateway), expected)
        self.assertEqual(
            gateway._send.prepared().url, 'https://merchant.example.com/transactions/void'
        )
        self.assertEqual((event.operation, event.amount), (Operation.VOID, Decimal('12.34')))

    def test_a_refund_is_of_the_whole(self):
        gateway = self.gateway(answer('query_paid.json'), answer('refunded.json'))
        event = gateway.refund(self.case.charged(), Decimal('12.34'), 'TX-1-R1')
        self.assertEqual((event.operation, event.reference), (Operation.REFUND, 'TX-1-R1'))
        gateway = self.gateway()
        with self.assertRaises(errors.RequestRefused):
            gateway.refund(self.case.charged(), Decimal('2.50'), 'TX-1-R1')
        self.assertEqual(gateway._send.requests, [])

    def test_a_late_void_is_refused_and_says_why(self):
        for status in (200, 500):
            gateway = self.gateway(answer('query_paid.json'), answer('void_late.json', status))
            with self.assertRaisesRegex(errors.RequestRefused, "three hours"):
                gateway.void(self.case.charged())

    def test_another_payment_under_the_reference_is_left_alone(self):
        gateway = self.gateway(answer('query_paid.json'))
        with self.assertRaises(errors.RequestRefused):
            gateway.void(Charged('TX-1', '99999', Decimal('12.34'), 'USD'))
        self.assertEqual(len(gateway._send.requests), 1)

    def test_what_greenpay_does_not_know_is_refused(self):
        for answers in (
            [answer('query_nothing.json', 404)],
            [answer('query_paid.json'), answer('query_nothing.json', 404)],
        ):
            with self.assertRaises(errors.RequestRefused):
                self.gateway(*answers).void(self.case.charged())

    def test_a_card_without_its_first_digits_cannot_be_voided_here(self):
        for shown in ('1111', '************1111', 'x' * 16, '', '411111', '٤١١١١١******1111'):
            body = fixture('query_paid.json').replace(b'411111******1111', shown.encode())
            with self.subTest(shown), self.assertRaisesRegex(errors.RequestRefused, "panel"):
                self.gateway(HttpResponse(200, body)).void(self.case.charged())

    def test_a_lost_answer_is_unknown(self):
        broken = HttpResponse(200, b'{')
        for response in (HttpResponse(504, b''), answer('answer_504.json'), broken):
            with self.assertRaises(errors.UnknownOutcome):
                self.gateway(answer('query_paid.json'), response).void(self.case.charged())

    def test_the_windows_are_said_beforehand(self):
        self.assertEqual(GreenPay.supports.void_within.total_seconds(), 3 * 3600)
        self.assertEqual(GreenPay.supports.refund_within.days, 7)
        self.assertEqual(GreenPay.supports.checkout_within.total_seconds(), 30 * 60)


class TestWords(Case):
    def test_every_published_rejection_has_a_sentence(self):
        published = ('01', '03', '05', '12', '14', '41', '51', '54', '91', '96', '899', '996')
        for code in published:
            self.assertNotEqual(self.gateway().reason(code), NO_REASON, code)
        self.assertLessEqual(const.FINAL_CODES, const.CODES.keys())
        self.assertFalse(self.gateway().may_repeat('54'))
        self.assertTrue(self.gateway().may_repeat('51'))
        self.assertEqual(self.gateway().reason('996'), const.SUSPICIOUS)
        self.assertEqual(self.gateway().reason('899'), const.REVERSED)
        self.assertEqual(self.gateway().reason('0'), NO_REASON)

    def test_a_request_without_a_name_sends_no_customer(self):
        gateway = self.gateway(answer('answer_session.json'))
        gateway.checkout(PaymentRequest('TX-1', Decimal(1), 'CRC'))
        self.assertNotIn('additional', self.sent(gateway))
