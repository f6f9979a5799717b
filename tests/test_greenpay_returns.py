from datetime import timedelta

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .greenpay_common import GreenPayCommon


@tagged('post_install', '-at_install')
class TestGreenPayReturns(GreenPayCommon):
    """What goes back, as long as it can."""

    def wizard(self, transaction):
        return self.env['payment.refund.wizard'].with_context(
            active_id=transaction.payment_id.id
        ).create({})

    def refund_terms(self, transaction):
        wizard = self.wizard(transaction)
        return wizard.email_pay_terms, wizard.email_pay_is_over

    def test_the_refund_wizard_says_so_before_it_tries(self):
        wizard = Form(self.env['payment.refund.wizard'].with_context(
            active_id=self.pay().payment_id.id))
        self.assertIn("voids the payment", wizard.email_pay_terms)
        self.assertFalse(wizard.email_pay_returned)

    def test_within_three_hours_it_is_voided(self):
        transaction = self.pay()
        terms, is_over = self.refund_terms(transaction)
        self.assertIn("voids the payment", terms)
        self.assertIn("only the whole payment", terms)
        self.assertFalse(is_over)
        refund = self.refund(transaction)
        self.assertEqual((refund.state, refund.email_pay_return), ('done', 'void'))
        self.assertEqual(self.balance(transaction), 0)

    def test_later_it_is_refunded(self):
        transaction = self.pay()
        self.gateway.age(transaction.provider_reference, hours=4)
        self.later(hours=4)
        terms, is_over = self.refund_terms(transaction)
        self.assertNotIn("voided", terms)
        self.assertIn("It can be paid back until", terms)
        self.assertFalse(is_over)
        refund = self.refund(transaction)
        self.assertEqual((refund.state, refund.email_pay_return), ('done', 'refund'))
        operations = [entry.operation for entry in self.sandbox.ledger.entries()]
        self.assertEqual(operations, ['sale', 'refund'])

    def test_a_void_that_comes_too_late_becomes_a_refund(self):
        transaction = self.pay()
        self.gateway.age(transaction.provider_reference, hours=4)
        refund = self.refund(transaction)
        self.assertEqual((refund.state, refund.email_pay_return), ('done', 'refund'))

    def test_the_time_runs_from_when_the_customer_paid_not_when_odoo_learned_of_it(self):
        link = self.create_link(self.create_invoice())
        transaction = self.start_payment(link, provider=self.greenpay)
        tail = self.pay_at_gateway(transaction)
        for payment in self.gateway.accounts.payments.values():
            payment.date -= timedelta(hours=4)
        self.come_back(transaction, tail)
        terms, _is_over = self.refund_terms(transaction)
        self.assertNotIn("voids", terms)

    def test_after_seven_days_it_is_refused_before_it_is_tried(self):
        transaction = self.pay()
        self.later(days=7, hours=1)
        terms, is_over = self.refund_terms(transaction)
        self.assertIn("no longer pays this payment back", terms)
        self.assertTrue(is_over)
        with self.assertRaises(ValidationError):
            self.refund(transaction)
        self.assertFalse(transaction.child_transaction_ids)

    def test_a_part_is_refused_before_it_is_tried(self):
        transaction = self.pay()
        with self.assertRaisesRegex(ValidationError, "only the whole payment"):
            self.refund(transaction, 40.0)

    def test_an_acquirer_that_refunds_nothing_says_so(self):
        transaction = self.pay()
        self.gateway.configure(refunds=False)
        self.gateway.age(transaction.provider_reference, hours=4)
        refund = self.refund(transaction)
        self.assertEqual(refund.state, 'error')
        self.assertIn("not available for this bank", refund.state_message)

    def test_a_lost_answer_is_asked_for(self):
        transaction = self.pay()
        self.sandbox.faults.add('cut', ['void'], charged=True)
        with self.assertLogs('odoo.addons.email_pay.models.payment_refund', 'WARNING'):
            refund = self.refund(transaction)
        self.assertEqual(refund.state, 'pending')
        self.later(minutes=1)
        self.janitor()
        self.assertEqual(refund.state, 'done')
        self.assertEqual(self.balance(transaction), 0)

    def test_other_gateways_have_no_such_terms(self):
        transaction = self.pay_by_card(self.create_link(self.create_invoice(10.0)))
        self.assertFalse(any(self.refund_terms(transaction)))
