import json
import unittest
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from gateways import errors
from gateways.pagolivre import PagoLivre, const, wire
from gateways.values import Charged, HttpResponse, Notification, Operation, Status
from tests.contract import GatewayContract

FIXTURES = Path(__file__).parent / 'fixtures'
ORDER = '3f0c1b52-7a1e-4f7c-9a40-2f1f6f0c9d11'
NOTHING = HttpResponse(204, b'')


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def answer(name: str, http_status: int = 200, /, **changes) -> HttpResponse:
    body = json.loads(fixture(name)) | changes
    return HttpResponse(http_status, json.dumps(body).encode() if changes else fixture(name))


class PagoLivreCase(GatewayContract):
    gateway_class = PagoLivre
    settings = {
        'token': 'dG9rZW4+OWY4ZTdkNmM1YjRhOisrLy8rKw==',
        'base_url': 'https://api.example.com/api/v2',
        'words': '',
    }
    secret_names = ('token',)
    key_names = ('token',)
    signs_body = False
    currencies = ('BRL',)

    good = {
        'checkout': [NOTHING, answer('order_created.json', 201)],
        'refund': [answer('canceled_part.json')],
        'void': [answer('canceled.json')],
        'close_checkout': [answer('canceled.json')],
        'cancel_rest': [answer('canceled_part.json')],
    }

    def request(self, currency='BRL'):
        made = super().request(currency)
        return replace(made, customer=replace(
            made.customer, identification='529.982.247-25', phone='+55 (11) 98765-4321',
        ))

    def charged(self):
        return Charged('TX-1', ORDER, Decimal('150.07'), 'BRL')

    def notifications(self):
        return {path.name: path.read_bytes() for path in sorted(FIXTURES.glob('notice_*.json'))}

    def unknown_notification(self):
        return fixture('notice_paid.json').replace(b'orderPaid', b'perhaps')

    def changed(self, notification):
        return replace(notification, body=notification.body.replace(b'TX-1', b'TX-2'))

    def sign(self, body, key):
        return Notification(body, params={'accessToken': key})

    def unsigned(self, body):
        token = self.key()
        wrong = ('', token[:-1], f'{token}x', token.lower(), f'Basic {token}', 'é', '\udcff')
        return (
            Notification(body), Notification(body, headers={'accessToken': token}),
            Notification(body, params={'accesstoken': token}),
            *(self.sign(body, given) for given in wrong),
        )

    def answers(self, verb, request):
        return {
            'good': self.good[verb],
            'unknown': None if verb == 'checkout' else [answer('canceled_unknown.json')],
            'bad key': answer('error_key.json', 401),
        }

    def query_answers(self, reference):
        return {
            'paid': answer('query_paid.json'),
            'nothing': NOTHING,
            'unknown': answer('query_unknown.json'),
            'bad key': answer('error_key.json', 401),
        }

    def sent_amount(self, recorder):
        return json.loads(recorder.prepared().body)['amount']


class TestContract(PagoLivreCase, unittest.TestCase):
    """The suite of every gateway."""


class Case(unittest.TestCase):
    """Lends the fixtures, without the suite."""

    def setUp(self):
        self.case = PagoLivreCase()

    def gateway(self, *answers, **changes):
        return self.case.gateway(*answers, **changes)

    def sent(self, gateway):
        return json.loads(gateway._send.prepared().body)


class TestCheckout(Case):
    def open(self, *answers, **changes):
        gateway = self.gateway(*answers)
        return gateway, gateway.checkout(replace(self.case.request(), **changes))

    def test_opens_an_order_after_asking_for_it(self):
        gateway, redirect = self.open(NOTHING, answer('order_created.json'))
        asked, opened = gateway._send.requests
        base = 'https://api.example.com/api/v2'
        self.assertEqual((asked.method, asked.url), ('GET', f'{base}/orders/byOrderKey/TX-1'))
        self.assertEqual((opened.method, opened.url), ('POST', f'{base}/orders'))
        self.assertEqual((asked.paced, opened.paced), (True, False))
        sent = self.sent(gateway)
        self.assertRegex(sent.pop('requestId'), r'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
        self.assertEqual(sent, {
            'orderKey': 'TX-1',
            'amount': 150.07,
            'orderGuests': [{'cpf': '52998224725', 'mobileNumber': '11987654321'}],
            'installments': 1,
            'receivingOptionType': 'creditCard',
            'message': "Invoice INV/2026/00042",
            'callbackUrl': 'https://shop.example.com/pay/notify',
            'returnUrl': 'https://shop.example.com/pay/back',
        })
        self.assertEqual(redirect.url, f'https://checkout.example.com/pay/{ORDER}')
        self.assertEqual(redirect.gateway_reference, ORDER)
        self.assertEqual(redirect.until, datetime(2026, 3, 9, 17, tzinfo=UTC))

    def test_every_request_says_who_asks(self):
        gateway, _redirect = self.open(NOTHING, answer('order_created.json'))
        for request in gateway._send.requests:
            self.assertEqual(request.headers['Authorization'], f'Basic {self.case.key()}')
            self.assertEqual(request.headers['User-Agent'], const.USER_AGENT)
            self.assertNotIn(self.case.key(), request.url)

    def test_an_order_that_is_open_is_not_opened_again(self):
        gateway, redirect = self.open(answer('query_created.json'))
        self.assertEqual(len(gateway._send.requests), 1)
        self.assertEqual(redirect.url, f'https://checkout.example.com/pay/{ORDER}')

    def test_an_order_that_cannot_be_paid_leads_straight_back(self):
        for name in ('paid', 'declined', 'expired', 'canceled'):
            gateway, redirect = self.open(answer(f'query_{name}.json'))
            self.assertEqual(redirect.url, 'https://shop.example.com/pay/back', name)
            self.assertEqual(len(gateway._send.requests), 1)

    def test_the_same_order_has_the_same_guid(self):
        guids = [
            self.sent(self.open(NOTHING, answer('order_created.json', orderKey=reference),
                                reference=reference)[0])['requestId']
            for reference in ('TX-1', 'TX-1', 'TX-2')
        ]
        self.assertEqual(guids[0], guids[1])
        self.assertNotEqual(guids[0], guids[2])

    def test_months_are_the_recurrent_option(self):
        gateway, _redirect = self.open(NOTHING, answer('order_created.json'), installments=6)
        sent = self.sent(gateway)
        self.assertEqual((sent['installments'], sent['receivingOptionType'], sent['amount']),
                         (6, 'recurrentCreditCard', 150.07))

    def test_what_is_not_public_can_be_changed(self):
        gateway = self.gateway(
            NOTHING, answer('order_created.json'), words='recurring_option = x\ncnpj = cnpj\n\n',
        )
        customer = replace(self.case.request().customer, identification='11.222.333/0001-81')
        gateway.checkout(replace(self.case.request(), installments=2, customer=customer))
        sent = self.sent(gateway)
        self.assertEqual(sent['receivingOptionType'], 'x')
        self.assertEqual(sent['orderGuests'][0]['cnpj'], '11222333000181')

    def test_words_that_are_none_are_refused(self):
        for text in ('x', 'unknown = x', 'charges =', '= x', 'charges: x'):
            with self.subTest(text), self.assertRaises(ValueError):
                wire.words(text)

    def test_a_customer_without_number_or_phone_is_refused_before_anything_is_sent(self):
        for changes in (
            {'identification': ''}, {'identification': '8-888-888'}, {'phone': ''},
            {'phone': '+507 6000-0000'}, {'phone': '987'}, {'identification': '5299822472X'},
        ):
            gateway = self.gateway()
            request = self.case.request()
            with self.subTest(changes), self.assertRaises(errors.RequestRefused):
                gateway.checkout(
                    replace(request, customer=replace(request.customer, **changes))
                )
            self.assertEqual(gateway._send.requests, [])

    def test_every_way_to_write_a_phone_is_the_same(self):
        for text in ('+55 11 98765-4321', '(11) 98765-4321', '011987654321', '5511987654321',
                     '+5511987654321'):
            self.assertEqual(wire.mobile(text), '11987654321', text)
        self.assertEqual(wire.mobile('(55) 3222-1234'), '5532221234')

    def test_only_reais_are_collected(self):
        gateway = self.gateway()
        with self.assertRaises(errors.RequestRefused):
            gateway.checkout(self.case.request('USD'))
        self.assertEqual(gateway._send.requests, [])

    def test_a_page_that_could_lead_elsewhere_is_refused(self):
        for url in (None, '', 7, 'javascript:alert(1)', 'http://example.com/', '//x', 'https://',
                    'https://[::1', 'https://x/\n'):
            with self.subTest(url), self.assertRaises(errors.UnknownOutcome):
                self.open(NOTHING, answer('order_created.json', paymentUrl=url))

    def test_an_option_that_the_account_does_not_have_is_named(self):
        with self.assertRaisesRegex(errors.RequestRefused, "opção de recebimento"):
            self.open(NOTHING, answer('error_option.json', 403))

    def test_the_answer_about_another_order_is_none(self):
        for changes in ({'orderKey': 'TX-2'}, {'id': ''}, {'id': '../x'}, {'status': None}):
            with self.subTest(changes), self.assertRaises(errors.UnknownOutcome):
                self.open(answer('query_created.json', **changes))

    def test_without_an_address_it_asks_production(self):
        gateway = self.gateway(NOTHING, base_url='')
        gateway.query('TX-1')
        self.assertTrue(gateway._send.requests[0].url.startswith(const.PRODUCTION_URL))


class TestGivingBack(Case):
    def test_a_part_names_its_amount_and_the_whole_does_not(self):
        gateway = self.gateway(answer('canceled_part.json'))
        event = gateway.refund(self.case.charged(), Decimal('2.50'), 'TX-1-R1')
        part = self.sent(gateway)
        self.assertEqual(gateway._send.prepared().url,
                         f'https://api.example.com/api/v2/orders/{ORDER}/cancel')
        self.assertEqual((part['amount'], event.amount, event.operation),
                         (2.5, Decimal('2.50'), Operation.REFUND))
        self.assertEqual(event.gateway_reference, part['cancellationRequestId'])
        gateway = self.gateway(answer('canceled.json'))
        event = gateway.void(self.case.charged())
        self.assertNotIn('amount', self.sent(gateway))
        self.assertEqual((event.operation, event.gateway_reference), (Operation.VOID, ORDER))

    def test_the_same_refund_has_the_same_guid_and_another_has_not(self):
        guids = []
        for reference in ('R1', 'R1', 'R2'):
            gateway = self.gateway(answer('canceled_part.json'))
            gateway.refund(self.case.charged(), Decimal('2.50'), reference)
            guids.append(self.sent(gateway)['cancellationRequestId'])
        self.assertEqual((guids[0] == guids[1], guids[0] == guids[2]), (True, False))

    def test_a_whole_that_is_still_paid_is_not_given_back(self):
        with self.assertLogs('gateways.pagolivre', 'WARNING'):
            event = self.gateway(answer('canceled_part.json')).void(self.case.charged())
        self.assertIs(event.status, Status.PENDING)

    def test_a_refusal_has_its_reason(self):
        with self.assertRaisesRegex(errors.RequestRefused, "não encontrada"):
            self.gateway(answer('error_order.json', 404)).void(self.case.charged())

    def test_another_order_is_not_believed(self):
        with self.assertRaises(errors.UnknownOutcome):
            self.gateway(answer('canceled.json', id='another')).void(self.case.charged())
