from urllib.parse import urlsplit

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import CHECKOUT
from .greenpay_common import NO_FUNDS_CARD, GreenPayCommon


@tagged('post_install', '-at_install')
class TestGreenPayCheckout(GreenPayCommon):
    """One page of the gateway at a time, and nothing booked that it did not confirm."""

    def setUp(self):
        super().setUp()
        self.invoice = self.create_invoice(100.0)
        self.link = self.create_link(self.invoice)
        self.transaction = self.start_payment(self.link, provider=self.greenpay)

    def test_what_the_browser_brings_back_is_confirmed_and_booked(self):
        self.come_back(self.transaction, self.pay_at_gateway(self.transaction))
        self.assertEqual(self.transaction.state, 'done')
        self.assertEqual(self.invoice.payment_state, self.invoice._get_invoice_in_payment_state())
        self.assertEqual(self.transaction.email_pay_card_last4, '1111')
        self.assertFalse(self.transaction.email_pay_ask_at)
        self.assertEqual(self.charges(self.transaction), 1)

    def test_two_tabs_get_the_same_page(self):
        first = self.open_checkout(self.transaction)
        self.assertEqual(self.open_checkout(self.transaction), first)
        self.assertEqual(len(self.gateway.accounts.sessions), 1)

    def test_who_comes_back_later_gets_a_new_page_of_the_same_order(self):
        first = self.open_checkout(self.transaction)
        self.later(minutes=32)
        second = self.open_checkout(self.transaction)
        self.assertNotEqual(first, second)
        sessions = self.gateway.accounts.sessions.values()
        self.assertEqual({s.order['orderReference'] for s in sessions},
                         {self.transaction.reference})
        self.assertEqual([s.live for s in sessions], [False, True])
        self.come_back(self.transaction, self.pay_at_gateway(self.transaction))
        self.assertEqual(self.transaction.state, 'done')

    def test_a_page_that_was_paid_is_not_opened_again(self):
        self.pay_at_gateway(self.transaction)
        self.later(minutes=32)
        self.assertIn('/status', self.open_checkout(self.transaction))
        self.assertEqual(self.transaction.state, 'done')
        self.assertEqual(len(self.gateway.accounts.sessions), 1)

    def test_a_page_is_not_opened_again_for_what_was_paid_meanwhile(self):
        self.open_checkout(self.transaction)
        self.later(minutes=32)
        self.settle_by_hand(self.invoice)
        with self.assertRaises(ValidationError):
            self.open_checkout(self.transaction)

    def test_a_page_is_not_opened_again_while_the_gateway_is_silent(self):
        self.open_checkout(self.transaction)
        self.later(minutes=32)
        self.sandbox.faults.add('cut', ['query'])
        with self.assertRaises(ValidationError), self.assertLogs(CHECKOUT, 'WARNING'):
            self.open_checkout(self.transaction)
        self.assertEqual(len(self.gateway.accounts.sessions), 1)

    def test_a_page_that_lives_holds_the_invoice(self):
        self.open_checkout(self.transaction)
        self.later(minutes=32)
        self.open_checkout(self.transaction)
        self.later(minutes=20)
        with self.assertRaises(ValidationError):
            self.start_payment(self.link, provider=self.greenpay)

    def test_a_gateway_that_opens_no_page_says_so(self):
        for fault in ('cut', 'http_500', 'communication_error'):
            self.sandbox.faults.add(fault, ['order'])
            with (
                self.subTest(fault), self.assertLogs(CHECKOUT, 'WARNING'),
                self.assertRaisesRegex(ValidationError, "cannot be reached"),
            ):
                self.open_checkout(self.transaction)

    def test_a_decline_has_its_reason(self):
        tail = self.pay_at_gateway(self.transaction, number=NO_FUNDS_CARD)
        self.come_back(self.transaction, tail)
        self.assertEqual(self.transaction.state, 'error')
        self.assertIn("does not have enough funds", self.transaction.state_message)

    def test_what_is_forged_tells_nothing(self):
        good = self.pay_at_gateway(self.transaction)
        other = self.start_payment(
            self.create_link(self.create_invoice(5.0)), provider=self.greenpay
        )
        self.open_checkout(other)
        self.come_back(other, good)
        self.assertEqual(other.state, 'draft')
        for tail in (good[:-8], 'rubbish', 'e30=', ''):
            with self.assertLogs(CHECKOUT, 'WARNING'):
                self.come_back(other, tail)
            self.assertEqual(other.state, 'draft', tail)
        self.assertFalse(self.events(self.greenpay))

    def test_a_signed_return_of_an_amount_that_differs_is_parked(self):
        tail = self.pay_at_gateway(self.transaction)
        [payment] = self.gateway.accounts.payments.values()
        payment.amount -= 1
        self.come_back(self.transaction, tail)
        self.assertNotEqual(self.transaction.state, 'done')
        self.assertEqual(self.events(self.greenpay).mapped('state'), ['parked'])

    def test_a_customer_who_cancels_can_begin_again(self):
        self.open_checkout(self.transaction)
        self.come_back(self.transaction, 'cancel')
        self.assertEqual(self.transaction.state, 'cancel')
        second = self.start_payment(self.link, provider=self.greenpay)
        self.assertNotEqual(second.reference, self.transaction.reference)

    def test_a_customer_who_cancels_after_paying_has_paid(self):
        self.pay_at_gateway(self.transaction)
        self.come_back(self.transaction, 'cancel')
        self.assertEqual(self.transaction.state, 'done')

    def test_money_that_comes_after_a_cancel_is_found_when_the_page_ends(self):
        url = self.open_checkout(self.transaction)
        self.come_back(self.transaction, 'cancel')
        self.gateway.pay(url)
        self.later(minutes=32)
        self.sandbox.faults.add('cut', ['query'])
        self.janitor()
        self.assertEqual(self.transaction.state, 'cancel')
        self.later(hours=1)
        self.janitor()
        self.assertEqual(self.transaction.state, 'done')
        self.assertTrue(self.transaction.payment_id)

    def test_everything_lost_is_found_by_asking(self):
        self.pay_at_gateway(self.transaction)
        self.assertEqual(self.transaction.state, 'draft')
        self.later(minutes=1)
        self.janitor()
        self.assertEqual(self.transaction.state, 'done')
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_a_page_that_nobody_paid_ends(self):
        self.open_checkout(self.transaction)
        self.later(minutes=32)
        self.janitor()
        self.assertEqual(self.transaction.state, 'cancel')
        self.assertFalse(self.transaction.email_pay_ask_at)
        self.assertEqual(self.link._start_payment(
            100.0, self.greenpay, self.greenpay.payment_method_ids[:1]
        ).state, 'draft')

    def test_504_waits_for_the_answer(self):
        for charged in (False, True):
            invoice = self.create_invoice(10.0)
            transaction = self.start_payment(self.create_link(invoice), provider=self.greenpay)
            session = self.gateway.session(self.open_checkout(transaction))
            if charged:
                self.gateway.pay(session.id)
            tail = urlsplit(self.gateway.unknown(session)).path.partition('/back/')[2]
            self.come_back(transaction, tail)
            self.assertEqual(transaction.state, 'done' if charged else 'draft')
            self.assertEqual(bool(transaction.email_pay_ask_at), not charged)
