import json
import re
import urllib.request
from dataclasses import replace
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import requests

from gateways import errors
from gateways.pagolivre import PagoLivre
from gateways.values import (
    Charged,
    Customer,
    Notification,
    Operation,
    PaymentRequest,
    Status,
)
from sandbox.cards import luhn_valid
from sandbox.pagolivre import cards
from sandbox.web import Problem

from .common import HostedPageCase, Inbox, send

BACK = 'http://127.0.0.1:1/pay/t/token/back'
ANA = Customer(name="Ana", identification='529.982.247-25', phone='+55 11 98765-4321')
NO_FUNDS = '4000000000009995'


class PagoLivreSandboxCase(HostedPageCase):
    """The adapter against the stand-in, by real HTTP."""

    language = 'pt-BR'

    def setUp(self):
        super().setUp()
        self.pagolivre = self.sandbox.pagolivre
        self.pagolivre.configure(query_interval=0)
        self.merchant = self.pagolivre.merchant
        self.gateway = self.adapter()

    def adapter(self, **changes):
        return PagoLivre(PagoLivre.Credentials(**{
            'token': self.merchant.token,
            'base_url': f'{self.sandbox.url}/pagolivre/api/v2',
        } | changes), send)

    def request(self, reference='INV/2026/1', amount='150.07', **values):
        return PaymentRequest(
            reference, Decimal(amount), 'BRL', "Fatura 1", ANA, BACK, **values,
        )

    def open(self, reference='INV/2026/1', **values):
        """The address of the page of an order."""
        return self.gateway.checkout(self.request(reference, **values)).url

    def show(self, url, language=''):
        request = urllib.request.Request(url, headers={'Accept-Language': language})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def charged(self, reference='INV/2026/1'):
        order = self.order(reference)
        return Charged(reference, order.id, order.amount, 'BRL')

    def order(self, reference='INV/2026/1'):
        key = reference.replace('/', '~2F')
        [order] = [o for o in self.pagolivre.accounts.orders.values() if o.key == key]
        return order

    def told(self, reference='INV/2026/1'):
        return [(e.operation, e.status, e.amount) for e in self.gateway.query(reference)]

    @property
    def balance(self):
        return self.sandbox.ledger.balance('INV~2F2026~2F1')


class TestPayment(PagoLivreSandboxCase):
    def test_a_card_is_entered_and_collected_once(self):
        url = self.open()
        self.assertEqual(self.told(), [])
        self.assertEqual(self.submit(url), BACK)
        amount = Decimal('150.07')
        self.assertEqual(self.told(), [(Operation.PAYMENT, Status.DONE, amount)])
        self.assertIn('já foi feito', self.submit(url))
        self.assertEqual(self.balance, amount)

    def test_the_page_is_in_portuguese_and_says_what_is_paid(self):
        page = self.show(self.open(amount='1234.50'))
        self.assertIn('lang="pt-BR"', page)
        self.assertIn('R$ 1.234,50', page)
        self.assertIn('Fatura 1', page)
        self.assertIn(f'href="{BACK}"', page)
        self.assertNotIn('$', re.sub(r'<style.*?</style>|R\$', '', page, flags=re.S))
        self.assertIn('Card number', self.show(self.open(), 'en-GB'))

    def test_months_are_named_on_the_page(self):
        self.assertIn('6× de R$ 25,01', self.show(self.open(installments=6)))

    def test_without_a_phone_the_page_is_blank(self):
        order = self.pagolivre.order(url := self.open())
        del order.guest['mobileNumber']
        self.assertNotIn('<form', self.show(url))

    def test_a_card_that_is_declined_has_a_reason(self):
        for at, (number, text) in enumerate(cards.DECLINED.items()):
            self.assertTrue(luhn_valid(number), number)
            self.submit(self.open(f'D-{at}'), number)
            [event] = self.gateway.query(f'D-{at}')
            self.assertEqual((event.status, event.message), (Status.DECLINED, text))

    def test_a_card_that_is_none_is_asked_for_again(self):
        for number, exp in (('4111111111111112', '12/30'), ('x', '12/30'),
                            (cards.APPROVED, '13/30'), (cards.APPROVED, '')):
            self.assertIn('Confira', self.submit(self.open(), number, exp))
        self.assertEqual(self.sandbox.ledger.entries(), [])

    def test_an_order_that_is_open_is_given_again(self):
        self.assertEqual(self.open(), self.open())
        self.assertEqual(len(self.pagolivre.accounts.orders), 1)

    def test_the_stand_in_itself_makes_an_order_each_time(self):
        url = f'{self.sandbox.url}/pagolivre/api/v2/orders'
        body = {
            'requestId': 'x', 'orderKey': 'K', 'amount': 1, 'receivingOptionType': 'creditCard',
            'orderGuests': [{'cpf': '52998224725', 'mobileNumber': '11987654321'}],
        }
        headers = {'Authorization': f'Basic {self.merchant.token}'}
        ids = {requests.post(url, json=body, headers=headers, timeout=10).json()['id']
               for _time in range(3)}
        self.assertEqual(len(ids), 3)

    def test_an_order_ends(self):
        url = self.open()
        self.pagolivre.advance(months=0, minutes=31)
        self.assertIn('expirou', self.submit(url))
        [event] = self.gateway.query('INV/2026/1')
        self.assertIs(event.status, Status.CANCELED)
        self.assertEqual(self.open(), BACK)

    def test_a_page_that_is_closed_takes_no_money(self):
        url = self.open()
        event = self.gateway.close_checkout(self.charged())
        self.assertIs(event.status, Status.DONE)
        self.assertIn('cancelado', self.submit(url))
        self.assertEqual(self.balance, 0)


class TestRefusals(PagoLivreSandboxCase):
    def test_a_token_that_is_not_valid_is_named(self):
        with self.assertRaises(errors.CredentialsRefused):
            self.adapter(token='x').test()
        self.assertIsNone(self.gateway.test())

    def test_who_does_not_say_what_he_is_gets_no_json(self):
        def nobody(request):
            return send(replace(request, headers=request.headers | {'User-Agent': ''}))

        gateway = PagoLivre(self.gateway.credentials, nobody)
        with self.assertRaises(errors.UnknownOutcome):
            gateway.query('TX')

    def test_an_option_that_the_account_does_not_have(self):
        self.pagolivre.configure(recurring=False)
        with self.assertRaisesRegex(errors.RequestRefused, "opção de recebimento"):
            self.open(installments=2)

    def test_at_most_one_question_a_second(self):
        self.pagolivre.configure(query_interval=60)
        self.gateway.query('A')
        with self.assertRaisesRegex(errors.GatewayError, "Limite"):
            self.gateway.query('B')

    def test_every_fault_of_a_request_is_an_unknown_outcome(self):
        for kind in ('http_500', 'cut', 'communication_error'):
            self.sandbox.faults.add(kind, ['query'])
            with self.assertRaises(errors.UnknownOutcome):
                self.gateway.query('TX-1')

    def test_an_order_whose_answer_was_lost_is_found_again(self):
        self.sandbox.faults.add('cut', ['order'], charged=True)
        with self.assertRaises(errors.UnknownOutcome):
            self.open()
        self.assertIn('/pagolivre/pay/', self.open())
        self.assertEqual(len(self.pagolivre.accounts.orders), 1)


class TestGivingBack(PagoLivreSandboxCase):
    def setUp(self):
        super().setUp()
        self.submit(self.open())

    def test_the_whole(self):
        self.assertIs(self.gateway.void(self.charged()).status, Status.DONE)
        self.assertEqual([told[:2] for told in self.told()], [
            (Operation.PAYMENT, Status.CANCELED), (Operation.VOID, Status.DONE),
        ])
        self.assertEqual(self.balance, 0)
        with self.assertRaises(errors.RequestRefused):
            self.gateway.void(self.charged())

    def test_parts_are_told_by_the_number_of_their_request(self):
        first = self.gateway.refund(self.charged(), Decimal('50'), 'R1')
        second = self.gateway.refund(self.charged(), Decimal('100.07'), 'R2')
        told = self.gateway.query('INV/2026/1')[1:]
        self.assertEqual([event.gateway_reference for event in told],
                         [first.gateway_reference, second.gateway_reference])
        self.assertEqual(self.balance, 0)

    def test_more_than_is_left_is_refused(self):
        with self.assertRaisesRegex(errors.RequestRefused, "disponível"):
            self.gateway.refund(self.charged(), Decimal('200'), 'R1')

    def test_at_the_desk(self):
        path = f'/pagolivre/transactions/{self.order().id}'
        self.control('POST', f'{path}/cancel', {'amount': '50'})
        self.control('POST', f'{path}/cancel', {})
        self.assertStatus(409, self.control, 'POST', f'{path}/cancel', {})
        self.assertEqual(self.balance, 0)

    def test_an_account_that_tells_little(self):
        self.pagolivre.configure(told=False)
        self.gateway.refund(self.charged(), Decimal('50'), 'R1')
        self.assertEqual(self.told(), [(Operation.PAYMENT, Status.DONE, None)])


class TestMonths(PagoLivreSandboxCase):
    def setUp(self):
        super().setUp()
        self.url = self.open(installments=6)

    def statuses(self):
        plan = self.gateway.plan('INV/2026/1')
        return [charge.event.status for charge in plan.charges]

    def begin(self, **card):
        self.submit(self.url, **card)
        return self.order().id

    def test_nothing_is_charged_before_the_card(self):
        plan = self.gateway.plan('INV/2026/1')
        self.assertEqual((plan.status, plan.charges), (Status.PENDING, ()))
        self.assertIsNone(self.gateway.plan('another'))

    def test_each_month_is_charged_once_and_they_add_up(self):
        self.begin()
        self.assertEqual(self.statuses(), [Status.DONE] + 5 * [Status.PENDING])
        for month in range(2, 7):
            self.pagolivre.advance()
            self.assertEqual(self.statuses().count(Status.DONE), month)
        self.pagolivre.advance(months=3)
        plan = self.gateway.plan('INV/2026/1')
        amounts = [charge.event.amount for charge in plan.charges]
        self.assertEqual(amounts, 5 * [Decimal('25.01')] + [Decimal('25.02')])
        self.assertEqual((sum(amounts), self.balance), (Decimal('150.07'), Decimal('150.07')))
        self.assertEqual(len({charge.event.gateway_reference for charge in plan.charges}), 6)
        dues = [charge.due for charge in plan.charges]
        self.assertEqual(dues, sorted(set(dues)))

    def test_several_months_at_once(self):
        self.begin()
        self.pagolivre.advance(months=3)
        self.assertEqual(self.statuses().count(Status.DONE), 4)

    def test_a_first_charge_that_is_declined_begins_nothing(self):
        self.begin(number=NO_FUNDS)
        plan = self.gateway.plan('INV/2026/1')
        self.assertEqual((plan.status, plan.charges), (Status.DECLINED, ()))
        self.assertEqual(plan.message, 'Saldo insuficiente')

    def test_a_month_is_refused_and_charged_later(self):
        number = self.begin()
        self.control('POST', f'/pagolivre/transactions/{number}/refuse', {})
        self.pagolivre.advance()
        self.pagolivre.advance()
        self.assertEqual(self.statuses()[:3], [Status.DONE, Status.DECLINED, Status.DONE])
        self.control('POST', f'/pagolivre/transactions/{number}/retry', {})
        self.assertEqual(self.statuses()[1], Status.DONE)
        with self.assertRaises(Problem):
            self.pagolivre.retry(number)

    def test_a_card_expires(self):
        soon = self.pagolivre.accounts.now().strftime('%m/%y')
        self.begin(exp=soon)
        self.pagolivre.advance()
        charge = self.gateway.plan('INV/2026/1').charges[1]
        self.assertEqual((charge.event.status, charge.event.message),
                         (Status.DECLINED, 'Cartão vencido'))

    def test_the_rest_is_cancelled_and_nothing_goes_back(self):
        self.begin()
        self.pagolivre.advance()
        rest = sum(charge.amount for charge in self.order().waiting)
        self.assertIs(self.gateway.cancel_rest(self.charged(), rest).status, Status.DONE)
        self.pagolivre.advance(months=6)
        self.assertEqual(self.statuses(), 2 * [Status.DONE] + 4 * [Status.CANCELED])
        self.assertEqual(self.balance, Decimal('50.02'))

    def test_the_clock_is_moved_from_the_page_too(self):
        self.begin()
        page = self.send('GET', '/').decode()
        [address] = re.findall(r'data-address="(/control/pagolivre/desk/advance)"', page)
        clock = self.control('GET', '/pagolivre')['clock']
        self.control('POST', address.removeprefix('/control'), {})
        self.assertGreater(self.control('GET', '/pagolivre')['clock'], clock)
        self.assertEqual(self.statuses().count(Status.DONE), 2)
        self.control('POST', '/pagolivre/desk/rewind', {})
        self.assertEqual(self.control('GET', '/pagolivre')['clock'][:13], clock[:13])
        self.assertStatus(404, self.control, 'POST', '/pagolivre/desk/reset', {})


class TestNotices(PagoLivreSandboxCase):
    def setUp(self):
        super().setUp()
        self.inbox = self.enterContext(Inbox())
        self.deliveries = self.sandbox.courier.deliveries

    def told_url(self, number=-1):
        delivery = self.deliveries()[number]
        return urlsplit(delivery.message.address(delivery.proof)[0])

    def pay(self, **values):
        request = replace(self.request(**values), notification_url=self.inbox.url)
        self.submit(self.gateway.checkout(request).url)

    def notification(self, number=-1):
        params = parse_qs(self.told_url(number).query)
        _headers, body = self.inbox.requests[number]
        return Notification(body, params={name: value[0] for name, value in params.items()})

    def test_it_carries_the_token_and_tells_three_things(self):
        self.pay()
        self.assertTrue(self.sandbox.courier.wait())
        notification = self.notification()
        self.gateway.verify(notification)
        self.assertEqual(notification.content.keys(), {'eventName', 'orderKey', 'orderId'})
        [event] = self.gateway.parse(notification)
        self.assertEqual((event.reference, event.status), ('INV/2026/1', Status.DONE))

    def test_its_token_is_shown_nowhere(self):
        self.pay()
        self.assertTrue(self.sandbox.courier.wait())
        shown = json.dumps(self.control('GET', '/deliveries'))
        self.assertNotIn('accessToken', shown)
        self.assertNotIn(self.merchant.token[:12], shown)

    def test_forged_and_unsigned_ones_are_refused(self):
        for kind in ('forge', 'unsigned'):
            self.sandbox.faults.add(kind)
            self.pay(reference=kind)
            self.assertTrue(self.sandbox.courier.wait())
            with self.assertRaises(errors.SignatureInvalid):
                self.gateway.verify(self.notification())

    def test_every_month_is_told_and_a_silent_one_is_not(self):
        self.pay(installments=3)
        self.pagolivre.advance()
        self.sandbox.faults.add('drop', ['charge'])
        self.pagolivre.advance()
        self.assertTrue(self.sandbox.courier.wait())
        self.assertEqual([event['eventName'] for event in self.inbox.events],
                         ['orderPaid', 'orderCharge'])
        plan = self.gateway.plan('INV/2026/1')
        self.assertEqual({charge.event.status for charge in plan.charges}, {Status.DONE})


class TestAccounts(PagoLivreSandboxCase):
    def test_the_first_merchant_keeps_its_token(self):
        token = self.merchant.token
        self.assertNotEqual(self.pagolivre.add_merchant('Another').token, token)
        self.sandbox.reset()
        self.assertEqual([one.token for one in self.pagolivre.accounts.merchants], [token])

    def test_another_merchants_order_is_none(self):
        self.open()
        other = self.adapter(token=self.pagolivre.add_merchant('Another').token)
        self.assertEqual(other.query('INV/2026/1'), ())
        with self.assertRaises(errors.RequestRefused):
            other.void(self.charged())
