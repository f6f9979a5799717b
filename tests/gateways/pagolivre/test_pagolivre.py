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


class TestQuery(Case):
    def told(self, name, **changes):
        events = self.gateway(answer(name, **changes)).query('TX-1')
        return [(event.operation, event.status, event.amount) for event in events]

    def test_what_nobody_has_paid_is_nothing(self):
        self.assertEqual(self.told('query_created.json'), [])

    def test_each_outcome(self):
        amount = Decimal('150.07')
        self.assertEqual(self.told('query_paid.json'), [(Operation.PAYMENT, Status.DONE, amount)])
        self.assertEqual(
            self.told('query_paid_untold.json'), [(Operation.PAYMENT, Status.DONE, None)]
        )
        self.assertEqual(
            self.told('query_declined.json'), [(Operation.PAYMENT, Status.DECLINED, None)]
        )
        self.assertEqual(
            self.told('query_expired.json'), [(Operation.PAYMENT, Status.CANCELED, None)]
        )
        self.assertEqual(self.told('query_canceled.json'), [
            (Operation.PAYMENT, Status.CANCELED, None), (Operation.VOID, Status.DONE, None),
        ])
        self.assertEqual(self.told('query_refunded.json'), [
            (Operation.PAYMENT, Status.DONE, amount),
            (Operation.REFUND, Status.DONE, Decimal('2.5')),
        ])

    def test_a_whole_that_went_back_in_parts_is_told_in_parts(self):
        def parts(*amounts):
            return [{'cancellationRequestId': f'g{at}', 'amount': amount}
                    for at, amount in enumerate(amounts)]

        for amounts, told in (
            ((100.07, 50), [Operation.REFUND, Operation.REFUND]),
            ((100.07,), [Operation.VOID]),
            ((150.07,), [Operation.VOID]),
            ((100.07, 'x'), [Operation.VOID]),
        ):
            found = self.told('query_canceled.json', amount=150.07, cancellations=parts(*amounts))
            self.assertEqual([operation for operation, _status, _amount in found[1:]], told)

    def test_only_paid_is_money(self):
        paid = {word for word, status in const.STATUSES.items() if status is Status.DONE}
        self.assertEqual(paid, {'paid'})

    def test_a_decline_has_its_reason(self):
        [event] = self.gateway(answer('query_declined.json')).query('TX-1')
        self.assertEqual(event.message, 'Saldo insuficiente')
        self.assertEqual(self.gateway().reason(event.code), const.DECLINED_BY_BANK)

    def test_only_204_without_a_body_is_nothing(self):
        for response in (HttpResponse(204, b'{}'), HttpResponse(404, b''), HttpResponse(200, b''),
                         answer('error_order.json', 404), HttpResponse(429, b'{"message": "x"}')):
            with self.subTest(response.status), self.assertRaises(errors.GatewayError):
                self.gateway(response).query('TX-1')

    def test_a_reference_is_a_plain_key_and_comes_back(self):
        gateway = self.gateway(NOTHING)
        gateway.query('INV/2026/1')
        self.assertTrue(gateway._send.requests[0].url.endswith('/byOrderKey/INV~2F2026~2F1'))
        for reference in ('INV/2026/1-2', 'a~2Fb', '~', '%2F', 'é ?&#+', '../x'):
            key = wire.key(reference)
            self.assertRegex(key, r'^[\w.~-]+$')
            self.assertEqual(wire.reference(key), reference)

    def test_never_asks_without_a_reference(self):
        with self.assertRaises(errors.RequestRefused):
            self.gateway().query('')


class TestPlan(Case):
    def test_each_charge_has_its_number_and_status(self):
        plan = self.gateway(answer('query_plan.json')).plan('TX-1')
        self.assertEqual((plan.status, plan.gateway_reference), (Status.DONE, ORDER))
        self.assertEqual(
            [(charge.number, charge.event.status, charge.event.amount) for charge in plan.charges],
            [
                (1, Status.DONE, Decimal('25.01')), (2, Status.DONE, Decimal('25.01')),
                (3, Status.DECLINED, Decimal('25.01')), (4, Status.PENDING, Decimal('25.01')),
                (5, Status.PENDING, Decimal('25.01')), (6, Status.CANCELED, Decimal('25.02')),
            ],
        )
        first, third = plan.charges[0], plan.charges[2]
        self.assertEqual(first.event.gateway_reference, 'charge-1')
        self.assertEqual(first.due.isoformat(), '2026-03-09')
        self.assertEqual(first.event.happened_at, datetime(2026, 3, 9, 16, 23, 1, tzinfo=UTC))
        self.assertEqual(third.event.message, 'Cartão vencido')

    def test_asked_as_a_payment_it_is_never_paid_as_a_whole(self):
        events = self.gateway(answer('query_plan.json')).query('TX-1')
        self.assertEqual(
            [(event.gateway_reference, event.amount) for event in events
             if event.status is Status.DONE],
            [('charge-1', Decimal('25.01')), ('charge-2', Decimal('25.01'))],
        )

    def test_its_names_can_be_changed(self):
        body = fixture('query_plan.json').replace(b'"charges"', b'"parcelas"').replace(
            b'"number"', b'"numero"').replace(b'"created"', b'"pendente"')
        plan = self.gateway(HttpResponse(200, body), words=(
            'charges = parcelas\ncharge_number=numero\ncharge_awaiting = pendente'
        )).plan('TX-1')
        self.assertEqual([charge.event.status for charge in plan.charges][3], Status.PENDING)
        self.assertEqual(len(plan.charges), 6)

    def test_what_is_not_there_is_no_charge(self):
        self.assertIsNone(self.gateway(NOTHING).plan('TX-1'))
        for charges in (None, 7, {}, [None, 7]):
            plan = self.gateway(answer('query_plan.json', charges=charges)).plan('TX-1')
            self.assertEqual(plan.charges, ())

    def test_a_charge_without_its_month_is_passed_over_with_a_warning(self):
        for number in (None, 'x', True, 0):
            found = answer('query_plan.json', charges=[{'id': 'x', 'number': number}])
            with self.assertLogs('gateways.pagolivre', 'WARNING'):
                self.assertEqual(self.gateway(found).plan('TX-1').charges, ())

    def test_a_status_that_is_not_known_waits_and_is_a_warning(self):
        charge = {'id': 'x', 'number': 1, 'status': 'perhaps'}
        with self.assertLogs('gateways.pagolivre', 'WARNING'):
            plan = self.gateway(answer('query_plan.json', charges=[charge])).plan('TX-1')
        self.assertIs(plan.charges[0].event.status, Status.PENDING)

    def test_a_confirmed_charge_without_its_number_is_no_answer(self):
        charge = {'number': 1, 'status': 'paid'}
        with self.assertRaises(errors.UnknownOutcome):
            self.gateway(answer('query_plan.json', charges=[charge])).plan('TX-1')


class TestNotifications(Case):
    def test_a_token_whose_plus_became_a_space_is_the_same(self):
        read = self.case.key().replace('+', ' ')
        self.assertNotEqual(read, self.case.key())
        self.gateway().verify(self.case.sign(fixture('notice_paid.json'), read))

    def test_what_it_tells_is_a_hint(self):
        [event] = self.gateway().parse(Notification(fixture('notice_paid.json')))
        self.assertEqual((event.reference, event.gateway_reference, event.status),
                         ('TX-1', ORDER, Status.DONE))
        self.assertEqual((event.confirmed, event.amount), (False, None))

    def test_two_bodies_of_one_event_are_two(self):
        body = json.loads(fixture('notice_charge.json'))
        keys = {
            self.gateway().event_key(Notification(json.dumps(body | {'charge': number}).encode()))
            for number in (1, 2, 2)
        }
        self.assertEqual(len(keys), 2)

    def test_the_browser_brings_nothing(self):
        for tail in ('', 'cancel', 'x'):
            with self.assertRaises(errors.Unsupported):
                self.gateway().returned(tail)
