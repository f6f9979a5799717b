from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .company_common import CompanyCommon


@tagged('post_install', '-at_install')
class TestGuard(CompanyCommon):
    """Collect once: nobody can start paying more than is due."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice()

    def _start(self, amount=100.0, invoice=None, operation='online_redirect', **values):
        """A transaction as any route of Odoo creates it, with a provider of Odoo."""
        invoice = self.invoice if invoice is None else invoice
        return self._create_transaction(operation, **{
            'amount': amount,
            'currency_id': self.company_currency.id,
            'partner_id': self.customer.id,
            'invoice_ids': [Command.set(invoice.ids)],
            'operation': operation,
            'reference': self.env['payment.transaction']._compute_reference('none'),
            **values,
        })

    def _claimed(self, amount=100.0):
        """A payment that the gateway may be charging right now."""
        transaction = self.start_payment(self.create_link(self.invoice), amount)
        transaction._email_pay_claim()
        return transaction

    def assertRefused(self, sentence, *args, **kwargs):
        with self.assertRaises(ValidationError) as caught:
            self._start(*args, **kwargs)
        self.assertIn(sentence, str(caught.exception))

    # --- what is due ------------------------------------------------------------------------------

    def test_the_whole_and_a_part_can_be_paid(self):
        self.assertTrue(self._start(40.0))
        self.assertTrue(self._start(60.0))

    def test_more_than_is_due_is_refused(self):
        self.assertRefused("Only", 100.01)

    def test_zero_and_less_are_refused(self):
        for amount in (0.0, -5.0):
            self.assertRefused("greater than zero", amount)

    def test_a_paid_invoice_is_refused(self):
        self.settle_by_hand(self.invoice)
        self.assertRefused("already paid")

    def test_only_the_rest_of_a_partly_paid_invoice_can_be_paid(self):
        self.settle_by_hand(self.invoice, 70.0)
        self.assertRefused("Only", 30.01)
        self.assertTrue(self._start(30.0))

    def test_a_draft_and_a_cancelled_invoice_are_refused(self):
        self.invoice.button_draft()
        self.assertRefused("can no longer be paid")
        self.invoice.button_cancel()
        self.assertRefused("can no longer be paid")

    def test_a_credit_note_is_refused(self):
        credit_note = self.create_invoice(move_type='out_refund')
        self.assertRefused("can no longer be paid", invoice=credit_note)

    def test_another_currency_is_refused(self):
        self.assertRefused(
            f"paid in {self.company_currency.name}", currency_id=self.currency_euro.id
        )

    def test_several_invoices_are_paid_up_to_their_sum(self):
        both = self.invoice | self.create_invoice(50.0)
        self.assertRefused("Only", 150.01, both)
        self.assertTrue(self._start(150.0, both))

    # --- what is in flight ------------------------------------------------------------------------

    def test_what_is_pending_is_not_collected_again(self):
        self._claimed(60.0)
        self.assertRefused("already being processed", 41.0)
        self.assertTrue(self._start(40.0))

    def test_what_is_authorized_is_not_collected_again(self):
        transaction = self._claimed()
        transaction.provider_id.support_manual_capture = 'full_only'
        transaction._set_authorized()
        self.assertRefused("already being processed", 1.0)

    def test_what_is_collected_and_not_booked_is_not_collected_again(self):
        self._start()._set_done()
        self.assertRefused("already being processed", 1.0)

    def test_a_declined_or_cancelled_payment_holds_nothing(self):
        self._start()._set_error("No")
        self._start()._set_canceled()
        self.assertTrue(self._start())

    def _age(self, transaction, **gap):
        transaction.flush_recordset()
        self.env.cr.execute(
            "UPDATE payment_transaction SET create_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(**gap), transaction.id],
        )
        transaction.invalidate_recordset()

    def test_a_visit_of_a_gateways_page_holds_the_invoice_for_half_an_hour(self):
        attempt = self._start()
        self._age(attempt, minutes=29)
        self.assertRefused("already being processed", 1.0)
        self._age(attempt, minutes=31)
        self.assertTrue(self._start())

    def test_an_inline_form_holds_the_invoice_for_two_minutes(self):
        attempt = self._start(operation='online_direct')
        self.assertRefused("already being processed", 1.0)
        self._age(attempt, minutes=3)
        self.assertTrue(self._start())

    def test_an_open_card_window_holds_nothing(self):
        link = self.create_link(self.invoice)
        self.start_payment(link)
        self.assertTrue(self.start_payment(link))

    def test_another_invoice_is_free(self):
        self._claimed()
        self.assertTrue(self._start(invoice=self.create_invoice()))

    def test_an_announced_transfer_holds_nothing(self):
        self._start()._set_pending()
        self.assertTrue(self._start())

    def test_what_an_accountant_charges_counts_and_is_not_refused(self):
        for _time in range(2):
            charged = self._start(operation='offline', provider_id=self.credicorp.id)
            charged._set_pending()
        self.assertRefused("already being processed", 1.0)

    def test_a_payment_without_an_invoice_is_free(self):
        self.assertTrue(self._start(5000.0, self.env['account.move']))

    # --- claiming ---------------------------------------------------------------------------------

    def test_a_draft_is_claimed_once(self):
        transaction = self.start_payment(self.create_link(self.invoice))
        self.assertTrue(transaction._email_pay_claim())
        self.assertEqual(transaction.state, 'pending')
        self.assertFalse(transaction._email_pay_claim())

    def test_what_was_paid_meanwhile_is_not_claimed(self):
        transaction = self.start_payment(self.create_link(self.invoice))
        self.settle_by_hand(self.invoice)
        with self.assertRaisesRegex(ValidationError, "already paid"):
            transaction._email_pay_claim()
        self.assertEqual(transaction.state, 'draft')

    def test_two_windows_cannot_both_be_claimed(self):
        link = self.create_link(self.invoice)
        first, second = self.start_payment(link), self.start_payment(link)
        first._email_pay_claim()
        with self.assertRaisesRegex(ValidationError, "already being processed"):
            second._email_pay_claim()

    def test_two_links_over_one_invoice_cannot_both_be_claimed(self):
        links = self.env['email.pay.link']
        both = self.invoice | self.create_invoice(50.0)
        first = self.start_payment(links._create_for(self.invoice), 100.0)
        second = self.start_payment(links._create_for(both), 150.0)
        second._email_pay_claim()
        with self.assertRaisesRegex(ValidationError, "already being processed"):
            first._email_pay_claim()

    def test_what_is_claimed_will_be_asked_for(self):
        transaction = self.start_payment(self.create_link(self.invoice))
        transaction._email_pay_claim()
        self.assertTrue(transaction.email_pay_ask_at)

    # --- starting again ---------------------------------------------------------------------------

    def test_a_customer_can_give_up_and_start_again(self):
        link = self.create_link(self.invoice)
        attempt = link._start_payment(
            100.0, self.dummy_provider, self.payment_method, flow='redirect'
        )
        self.assertEqual(link._attempts(), attempt)
        link._cancel_attempts()
        self.assertEqual(attempt.state, 'cancel')
        self.assertTrue(self.start_payment(link))
