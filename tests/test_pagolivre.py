from dataclasses import replace
from datetime import UTC, datetime
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..gateways.pagolivre import PagoLivre, const
from .common import CHECKOUT
from .pagolivre_common import NO_FUNDS_CARD, PagoLivreCommon


@tagged('post_install', '-at_install')
class TestPagoLivreCheckout(PagoLivreCommon):
    """One order at a time, and nothing booked that PagoLivre did not confirm when asked."""

    def setUp(self):
        super().setUp()
        self.invoice = self.create_invoice(100.0)
        self.link = self.create_link(self.invoice)
        self.transaction = self.start_payment(self.link, provider=self.pagolivre)

    def test_who_comes_back_has_paid_and_it_is_booked_in_reais(self):
        self.gateway.pay(self.open_checkout(self.transaction))
        self.come_back(self.transaction)
        self.assertEqual(self.transaction.state, 'done')
        self.assertEqual(self.invoice.payment_state, self.invoice._get_invoice_in_payment_state())
        payment = self.transaction.payment_id
        self.assertEqual((payment.amount, payment.currency_id.name), (100.0, 'BRL'))
        self.assertEqual(payment.journal_id, self.collections)
        self.assertEqual(self.transaction.provider_reference, self.orders[0].id)
        self.assertEqual(self.charges(self.transaction), 1)
        self.assertEqual(len(self.receipts(self.customer.email)), 1)

    def test_a_part_leaves_the_rest_due(self):
        transaction = self.start_payment(
            self.create_link(invoice := self.create_invoice(100.0)), 40.07, self.pagolivre,
        )
        self.gateway.pay(self.open_checkout(transaction))
        self.come_back(transaction)
        self.assertEqual(self.balance(transaction), 40.07)
        self.assertAlmostEqual(invoice.amount_residual, 59.93)

    def test_an_account_that_tells_no_amount_is_believed_about_our_own_order(self):
        self.gateway.configure(told=False)
        self.gateway.pay(self.open_checkout(self.transaction))
        self.come_back(self.transaction)
        self.assertEqual(self.transaction.state, 'done')

    def test_an_amount_that_differs_is_parked(self):
        self.gateway.pay(self.open_checkout(self.transaction))
        self.orders[0].amount -= 1
        self.come_back(self.transaction)
        self.assertNotEqual(self.transaction.state, 'done')
        self.assertEqual(self.events(self.pagolivre).mapped('state'), ['parked'])

    def test_two_tabs_get_the_same_page(self):
        first = self.open_checkout(self.transaction)
        self.assertEqual(self.open_checkout(self.transaction), first)
        self.assertEqual(len(self.orders), 1)

    def test_an_order_whose_answer_was_lost_is_found_again(self):
        self.sandbox.faults.add('cut', ['order'], charged=True)
        with self.assertLogs(CHECKOUT, 'WARNING'), self.assertRaises(ValidationError):
            self.open_checkout(self.transaction)
        self.assertEqual(self.open_checkout(self.transaction).rpartition('/')[2],
                         self.orders[0].id)
        self.assertEqual(len(self.orders), 1)

    def test_a_page_lives_as_long_as_pagolivre_says(self):
        self.gateway.configure(order_minutes=90)
        first = self.open_checkout(self.transaction)
        self.later(80)
        self.assertEqual(self.open_checkout(self.transaction), first)

    def test_a_page_that_never_ends_is_looked_after_for_a_month(self):
        self.sandbox.faults.add('cut', ['order'], charged=True)
        with self.assertLogs(CHECKOUT, 'WARNING'), self.assertRaises(ValidationError):
            self.open_checkout(self.transaction)
        self.orders[0].expires = datetime.max.replace(tzinfo=UTC)
        self.open_checkout(self.transaction)
        ends = self.transaction.email_pay_checkout_until - fields.Datetime.now()
        self.assertEqual(ends.days, 30)

    def test_a_page_that_ended_is_not_opened_again(self):
        self.open_checkout(self.transaction)
        self.later(32)
        self.assertIn('/status', self.open_checkout(self.transaction))
        self.assertEqual(self.transaction.state, 'cancel')
        again = self.start_payment(self.link, provider=self.pagolivre)
        self.assertIn('/pagolivre/pay/', self.open_checkout(again))

    def test_a_page_that_was_paid_is_not_opened_again(self):
        self.gateway.pay(self.open_checkout(self.transaction))
        self.later(32)
        self.assertIn('/status', self.open_checkout(self.transaction))
        self.assertEqual(self.transaction.state, 'done')

    def test_everything_lost_is_found_by_asking(self):
        self.gateway.pay(self.open_checkout(self.transaction))
        self.later(1)
        self.janitor()
        self.assertEqual((self.transaction.state, self.invoice.amount_residual), ('done', 0))

    def test_a_page_that_nobody_paid_ends(self):
        self.open_checkout(self.transaction)
        self.later(32)
        self.janitor()
        self.assertEqual(self.transaction.state, 'cancel')
        self.assertFalse(self.transaction.email_pay_ask_at)

    def test_a_decline_has_its_reason(self):
        self.gateway.pay(self.open_checkout(self.transaction), number=NO_FUNDS_CARD)
        self.come_back(self.transaction)
        self.assertEqual(self.transaction.state, 'error')
        self.assertIn("declined the card", self.transaction.state_message)

    def test_who_comes_back_without_paying_can_still_pay(self):
        url = self.open_checkout(self.transaction)
        self.come_back(self.transaction)
        self.assertEqual((self.transaction.state, self.transaction.email_pay_asked), ('draft', 1))
        self.come_back(self.transaction)
        self.assertEqual(self.transaction.email_pay_asked, 1)
        self.gateway.pay(url)
        self.later(2)
        self.janitor()
        self.assertEqual(self.transaction.state, 'done')

    def test_an_attempt_that_is_given_up_cannot_be_paid(self):
        self.open_checkout(self.transaction)
        with self.own_cursor() as env:
            env['email.pay.link'].browse(self.link.id)._cancel_attempts()
        self.assertEqual((self.transaction.state, self.orders[0].status), ('cancel', 'canceled'))
        self.assertFalse(self.transaction.email_pay_ask_at)
        again = self.start_payment(self.link, provider=self.pagolivre)
        self.gateway.pay(self.open_checkout(again))
        self.come_back(again)
        self.assertEqual((again.state, self.balance(self.transaction)), ('done', 0))

    def test_an_attempt_that_cannot_be_closed_is_asked_for_when_it_ends(self):
        url = self.open_checkout(self.transaction)
        self.sandbox.faults.add('cut', ['refund'])
        with self.own_cursor() as env, self.assertLogs(CHECKOUT, 'WARNING'):
            env['email.pay.link'].browse(self.link.id)._cancel_attempts()
        self.assertEqual(self.transaction.state, 'cancel')
        self.gateway.pay(url)
        self.later(32)
        self.janitor()
        self.assertEqual(self.transaction.state, 'done')

    def test_what_pagolivre_needs_of_a_customer_is_said_before_it_is_asked(self):
        for values, missing in (
            ({'vat': False}, "a valid CPF or CNPJ"),
            ({'vat': '529.982.247-26'}, "a valid CPF or CNPJ"),
            ({'phone': False}, "phone number"),
            ({'phone': '+507 6000-0000'}, "phone number"),
            ({'vat': False, 'phone': False}, "a valid CPF or CNPJ and a Brazilian mobile phone"),
        ):
            known = {name: self.customer[name] for name in values}
            self.customer.with_context(no_vat_validation=True).write(values)
            with self.subTest(values), self.assertRaisesRegex(ValidationError, missing):
                self.open_checkout(self.transaction)
            self.customer.write(known)
        self.assertFalse(self.orders)

    def test_a_phone_that_is_entered_later_is_used(self):
        self.customer.phone = False
        transaction = self.start_payment(
            self.create_link(self.create_invoice(5.0)), provider=self.pagolivre
        )
        self.customer.phone = '(11) 98765-4321'
        self.open_checkout(transaction)
        self.assertEqual(self.orders[0].guest['mobileNumber'], '11987654321')

    def test_a_company_pays_with_its_cnpj(self):
        self.customer.write({'is_company': True, 'vat': '11.222.333/0001-81'})
        self.open_checkout(self.transaction)
        self.assertEqual(self.orders[0].guest['cpf'], '11222333000181')


@tagged('post_install', '-at_install', 'email_pay_slow')
class TestPagoLivrePaced(PagoLivreCommon):
    """The janitor keeps to the pace that PagoLivre asks for."""

    def test_every_payment_is_asked_for_and_no_question_comes_too_soon(self):
        transactions = self.env['payment.transaction']
        for _number in range(3):
            link = self.create_link(self.create_invoice(10.0))
            transactions |= self.start_payment(link, provider=self.pagolivre)
        for transaction in transactions:
            self.gateway.pay(self.open_checkout(transaction))
        self.startPatcher(patch.object(PagoLivre, 'supports', replace(
            PagoLivre.supports, min_interval=const.MIN_INTERVAL,
        )))
        self.gateway.configure(query_interval=1)
        self.gateway.merchant.asked_at = None  # without its pace until now
        self.later(1)
        self.janitor()
        self.assertEqual(transactions.mapped('state'), 3 * ['done'])
