import base64
import json
import re
import urllib.request
from dataclasses import replace
from decimal import Decimal

from gateways import errors
from gateways.greenpay import GreenPay
from gateways.values import (
    CardSource,
    Charged,
    Customer,
    Notification,
    Operation,
    PaymentRequest,
    Status,
)
from gateways.words import NO_REASON
from sandbox.cards import luhn_valid
from sandbox.greenpay import cards

from .common import HostedPageCase, Inbox, send

CALLBACK = 'http://127.0.0.1:1/pay/t/token/back'


class GreenPaySandboxCase(HostedPageCase):
    """The adapter against the stand-in, by real HTTP."""

    language = 'es'

    def setUp(self):
        super().setUp()
        self.greenpay = self.sandbox.greenpay
        self.merchant = self.greenpay.merchant
        self.gateway = self.adapter()

    def adapter(self, **changes):
        merchant = self.merchant
        return GreenPay(GreenPay.Credentials(**{
            'secret': merchant.secret,
            'merchant_id': merchant.id,
            'terminal_crc': merchant.terminal('CRC'),
            'terminal_usd': merchant.terminal('USD'),
            'public_key': merchant.public_key,
            'merchant_url': f'{self.sandbox.url}/greenpay/merchant',
            'form_url': f'{self.sandbox.url}/greenpay/form',
        } | changes), send)

    def request(self, reference='TX-1', amount='5650.75'):
        return PaymentRequest(
            reference, Decimal(amount), 'CRC', "Invoice 1", Customer(name="Ana"), CALLBACK,
        )

    def open(self, **values):
        return self.gateway.checkout(self.request(**values)).url

    def brought(self, location):
        """What a browser brings back, verified as the adapter does."""
        notification = self.gateway.returned(location.removeprefix(f'{CALLBACK}/'))
        self.gateway.verify(notification)
        [event] = self.gateway.parse(notification)
        return event

    def charged(self):
        [event] = self.gateway.query('TX-1')
        return Charged('TX-1', event.gateway_reference, event.amount, event.currency)


class TestPaying(GreenPaySandboxCase):
    def test_from_order_to_confirmation(self):
        self.assertEqual(self.gateway.query('TX-1'), ())
        event = self.brought(self.submit(self.open()))
        self.assertEqual((event.reference, event.status), ('TX-1', Status.DONE))
        [paid] = self.gateway.query('TX-1')
        self.assertEqual((paid.amount, paid.currency), (Decimal('5650.75'), 'CRC'))
        self.assertEqual(paid.gateway_reference, event.gateway_reference)
        self.assertEqual(len(self.sandbox.ledger.charges('TX-1')), 1)

    def test_every_published_card_declines_with_its_code(self):
        for number, code in cards.DECLINED.items():
            self.assertTrue(luhn_valid(number), number)
            event = self.brought(self.submit(self.open(), number))
            self.assertEqual((event.status, event.code), (Status.DECLINED, code))
            self.assertNotEqual(self.gateway.reason(code), NO_REASON)
            [found] = self.gateway.query('TX-1')
            self.assertEqual((found.status, found.code), (Status.DECLINED, code))

    def test_a_card_that_is_none_is_asked_for_again(self):
        for number, exp in (('4111111111111112', '12/30'), ('x', '12/30'),
                            (cards.APPROVED, '13/30'), (cards.APPROVED, '')):
            self.assertIn('Revise el número', self.submit(self.open(), number, exp))
        self.assertEqual(self.sandbox.ledger.entries(operation='sale'), [])

    def test_a_session_ends_and_pays_once(self):
        url = self.open()
        self.submit(url)
        self.assertIn('already', self.submit(url, language='en'))
        self.control('POST', '/greenpay', {'session_seconds': 0})
        self.assertIn('expirou', self.submit(self.open(), language='pt-BR'))
        self.assertStatus(404, self.send, 'GET', '/greenpay/form/none')
        self.assertEqual(len(self.sandbox.ledger.charges('TX-1')), 1)

    def test_two_sessions_of_one_order_both_collect(self):
        first, second = self.open(), self.open()
        self.submit(first)
        self.submit(second)
        self.assertEqual(len(self.sandbox.ledger.charges('TX-1')), 2)

    def test_the_page_tells_what_is_paid_and_leads_back(self):
        with urllib.request.urlopen(self.open(), timeout=10) as answer:
            page, policy = answer.read().decode(), answer.headers['Content-Security-Policy']
        self.assertIn('5,650.75 CRC', page)
        self.assertIn(f'href="{CALLBACK}/cancel"', page)
        self.assertIn("form-action 'self' http://127.0.0.1:1", policy)
        self.assertNotIn('$', re.sub(r'<style.*?</style>', '', page, flags=re.S))


class TestRefusals(GreenPaySandboxCase):
    def test_wrong_credentials_are_named(self):
        for changes, named in (
            ({'secret': 'x'}, 'merchant id'), ({'merchant_id': 'x'}, 'merchant id'),
            ({'terminal_usd': 'x'}, 'terminal'),
        ):
            with self.assertRaisesRegex(errors.CredentialsRefused, named):
                self.adapter(**changes).test()
        self.assertIsNone(self.gateway.test())

    def test_504_is_unknown_whether_charged_or_not(self):
        for charged in (False, True):
            self.sandbox.faults.add('communication_error', ['sale'], charged=charged)
            event = self.brought(self.submit(self.open()))
            self.assertIs(event.status, Status.PENDING)
            self.assertEqual(bool(self.gateway.query('TX-1')), charged)

    def test_every_fault_of_a_request_is_an_unknown_outcome(self):
        for kind in ('http_500', 'cut', 'communication_error'):
            self.sandbox.faults.add(kind, ['query'])
            with self.assertRaises(errors.UnknownOutcome):
                self.gateway.query('TX-1')


class TestGivingBack(GreenPaySandboxCase):
    def setUp(self):
        super().setUp()
        self.submit(self.open())

    def test_a_void_within_three_hours(self):
        self.gateway.void(self.charged())
        told = [(e.operation, e.status) for e in self.gateway.query('TX-1')]
        self.assertEqual(told, [
            (Operation.PAYMENT, Status.CANCELED), (Operation.VOID, Status.DONE),
        ])
        self.assertEqual(self.sandbox.ledger.balance('TX-1'), 0)

    def test_later_only_a_refund_within_seven_days(self):
        charged = self.charged()
        path = f'/greenpay/transactions/{charged.gateway_reference}'
        self.control('POST', f'{path}/age', {'hours': 4})
        with self.assertRaisesRegex(errors.RequestRefused, "three hours"):
            self.gateway.void(charged)
        self.assertStatus(409, self.control, 'POST', f'{path}/void', {})
        self.control('POST', f'{path}/age', {'hours': 24 * 7})
        with self.assertRaises(errors.RequestRefused):
            self.gateway.refund(charged, charged.amount, 'R')
        self.control('POST', f'{path}/age', {'hours': -24})
        self.gateway.refund(charged, charged.amount, 'R')
        told = [(e.operation, e.status) for e in self.gateway.query('TX-1')]
        self.assertEqual(told, [
            (Operation.PAYMENT, Status.DONE), (Operation.REFUND, Status.DONE),
        ])

    def test_an_acquirer_that_refunds_nothing(self):
        self.control('POST', '/greenpay', {'refunds': False})
        charged = self.charged()
        with self.assertRaisesRegex(errors.RequestRefused, "not available"):
            self.gateway.refund(charged, charged.amount, 'R')


class TestSavedCards(GreenPaySandboxCase):
    def saved(self, number=cards.APPROVED):
        url = self.gateway.save_card(replace(self.request('V-1'), amount=Decimal(0))).url
        return self.brought(self.submit(url, number))

    def test_a_card_is_saved_and_charged(self):
        saved = self.saved()
        self.assertEqual((saved.reference, saved.card_last4), ('V-1', '1111'))
        source = CardSource(saved_card=saved.saved_card)
        event = self.gateway.charge(self.request('TX-9'), source)
        self.assertEqual((event.status, event.confirmed), (Status.DONE, True))
        [found] = self.gateway.query('TX-9')
        self.assertEqual(found.gateway_reference, event.gateway_reference)

    def test_a_decline_and_a_card_of_another_merchant(self):
        source = CardSource(saved_card=self.saved('4094394314664828').saved_card)
        self.assertEqual(self.gateway.charge(self.request(), source).code, '51')
        event = self.gateway.charge(self.request(), CardSource(saved_card='unknown'))
        self.assertIs(event.status, Status.DECLINED)


class TestNotices(GreenPaySandboxCase):
    def test_each_goes_to_its_route_and_is_signed(self):
        with Inbox() as inbox:
            self.control('POST', '/greenpay', {'webhook_url': inbox.url})
            self.submit(self.open())
            self.submit(self.gateway.save_card(self.request('V-1')).url)
            self.assertTrue(self.sandbox.courier.wait())
            bodies = [body for _headers, body in inbox.requests]
        urls = [delivery.as_json()['url'] for delivery in self.sandbox.courier.deliveries()]
        self.assertEqual(urls, [f'{inbox.url}/', f'{inbox.url}/newCard'])
        for body in bodies:
            self.gateway.verify(Notification(body))

    def test_forged_and_unsigned_ones_are_refused(self):
        with Inbox() as inbox:
            self.control('POST', '/greenpay', {'webhook_url': inbox.url})
            for kind in ('forge', 'unsigned'):
                self.sandbox.faults.add(kind)
                self.submit(self.open())
            self.assertTrue(self.sandbox.courier.wait())
            bodies = [body for _headers, body in inbox.requests]
        self.assertEqual(len(bodies), 2)
        for body in bodies:
            with self.assertRaises(errors.SignatureInvalid):
                self.gateway.verify(Notification(body))

    def test_another_merchant_signs_with_another_key(self):
        second = self.greenpay.add_merchant()
        self.assertNotEqual(second.public_key, self.merchant.public_key)
        body = base64.b64decode(self.submit(self.open()).rpartition('back/')[2])
        with self.assertRaises(errors.SignatureInvalid):
            self.adapter(public_key=second.public_key).verify(Notification(body))
        self.assertIn('_signature', json.loads(body))

    def test_the_first_merchant_keeps_its_key(self):
        before = self.merchant.public_key
        self.sandbox.reset()
        self.assertEqual(self.greenpay.merchant.public_key, before)
