import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import EmailPayHttpCommon, OnePayment

BOOKING = 'odoo.addons.email_pay.models.payment_booking'


@tagged('post_install', '-at_install')
class TestOutcomes(OnePayment, EmailPayHttpCommon):
    """Money that comes when something changed meanwhile: each case has one defined outcome."""

    def _money_comes(self, transaction=None):
        """The gateway collects and reports; nobody is there. The event."""
        self.notify_of(self.charge_behind_odoo(transaction or self.transaction))
        self.process_events()
        return self.events()[-1:]

    def assertBookedAsCredit(self, amount=100.0):
        """The whole payment, or what was too much, waits for the customer, and a person knows."""
        payment = self.transaction.payment_id
        self.assertEqual(payment.move_id.state, 'posted')
        receivable = payment.move_id.line_ids.filtered(
            lambda line: line.account_id == payment.destination_account_id
        )
        self.assertEqual(sum(receivable.mapped('amount_residual')), -amount)
        self.assertEqual(payment.partner_id, self.customer)
        [activity] = self.activities(payment)
        self.assertIn(f'{amount:.2f}', activity.summary)

    def assertParked(self, sentence):
        """It is collected and not booked, and a person is told what to do."""
        self.assertEqual(self.transaction.state, 'done')
        self.assertFalse(self.transaction.payment_id)
        event = self.events().filtered(lambda event: event.source == 'booking')
        self.assertEqual(event.state, 'parked')
        self.assertIn(sentence, event.error)
        self.assertEqual(len(self.activities(event)), 1)
        return event

    def assertPaid(self):
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.assertIn(self.invoice, self.transaction.payment_id.reconciled_invoice_ids)

    # --- the customer -----------------------------------------------------------------------------

    def test_an_archived_customer(self):
        self.customer.active = False
        self.assertEqual(self._money_comes().state, 'done')
        self.assertPaid()
        self.assertEqual(len(self.receipts()), 1)

    def test_another_customer_on_the_invoice(self):
        other = self.env['res.partner'].create({'name': "Other", 'email': 'other@example.com'})
        self.invoice.button_draft()
        self.invoice.partner_id = other
        self.invoice.action_post()
        self._money_comes()
        self.assertBookedAsCredit()
        self.assertEqual(self.invoice.amount_residual, 100.0)

    # --- the invoice ------------------------------------------------------------------------------

    def test_a_draft_invoice_stays_a_draft(self):
        self.invoice.button_draft()
        self._money_comes()
        self.assertEqual(self.invoice.state, 'draft')
        self.assertBookedAsCredit()
        self.assertIn(self.transaction.reference, self._chatter(self.invoice))

    def test_a_cancelled_invoice(self):
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self._money_comes()
        self.assertEqual(self.invoice.state, 'cancel')
        self.assertBookedAsCredit()

    def test_a_deleted_invoice(self):
        self.invoice.button_draft()
        self.invoice.with_context(force_delete=True).unlink()
        self.assertEqual(self._money_comes().state, 'done')
        self.assertBookedAsCredit()
        self.assertEqual(len(self.receipts()), 1)

    def test_an_invoice_that_became_cheaper(self):
        self.invoice.button_draft()
        self.invoice.invoice_line_ids.price_unit = 70.0
        self.invoice.action_post()
        self._money_comes()
        self.assertPaid()
        self.assertBookedAsCredit(30.0)

    def test_an_invoice_that_became_dearer(self):
        self.invoice.button_draft()
        self.invoice.invoice_line_ids.price_unit = 170.0
        self.invoice.action_post()
        self._money_comes()
        self.assertEqual(self.invoice.amount_residual, 70.0)
        self.assertFalse(self.activities(self.transaction.payment_id))

    def test_an_invoice_in_another_currency(self):
        self.invoice.button_draft()
        self.invoice.currency_id = self.setup_other_currency('CAD', rates=[('2016-01-01', 2.0)])
        self.invoice.invoice_line_ids.price_unit = 100.0
        self.invoice.action_post()
        self._money_comes()
        self.assertBookedAsCredit()
        self.assertEqual(self.invoice.amount_residual, 100.0)

    def test_a_credit_note_that_settled_it(self):
        wizard = self.env['account.move.reversal'].with_context(
            active_model='account.move', active_ids=self.invoice.ids,
        ).create({'journal_id': self.invoice.journal_id.id})
        wizard.refund_moves()
        self.invoice.reversal_move_ids.action_post()
        (self.invoice | self.invoice.reversal_move_ids).line_ids.filtered(
            lambda line: line.account_type == 'asset_receivable' and not line.reconciled
        ).reconcile()
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self._money_comes()
        self.assertBookedAsCredit()

    def test_one_of_two_invoices_was_cancelled(self):
        second = self.create_invoice(50.0)
        self.transaction.write({'invoice_ids': [Command.link(second.id)], 'amount': 150.0})
        second.button_draft()
        second.button_cancel()
        self._money_comes()
        self.assertPaid()
        self.assertBookedAsCredit(50.0)

    def test_one_of_two_invoices_was_deleted(self):
        second = self.create_invoice(50.0)
        self.transaction.write({'invoice_ids': [Command.link(second.id)], 'amount': 150.0})
        second.button_draft()
        second.with_context(force_delete=True).unlink()
        self._money_comes()
        self.assertPaid()
        self.assertBookedAsCredit(50.0)

    def test_a_link_that_was_withdrawn_meanwhile(self):
        self.link.action_revoke()
        self._money_comes()
        self.assertPaid()

    def _chatter(self, record):
        return ' '.join(message.body or '' for message in record.message_ids)

    # --- the books --------------------------------------------------------------------------------

    def test_a_locked_period(self):
        self.company.fiscalyear_lock_date = fields.Date.today()
        self._money_comes()
        self.assertPaid()
        self.assertGreater(self.transaction.payment_id.move_id.date, fields.Date.today())

    def test_a_journal_without_its_payment_method(self):
        number = self.charge_behind_odoo(self.transaction)
        self.credicorp.state = 'disabled'
        self.collections.inbound_payment_method_line_ids.unlink()
        with self.assertLogs(BOOKING, logging.ERROR):
            self.notify_of(number)
            self.process_events()
        self.assertParked("Choose the collection journal")

    def test_an_app_without_journal(self):
        number = self.charge_behind_odoo(self.transaction)
        self.credicorp.state = 'disabled'
        self.credicorp.journal_id = False
        with self.assertLogs(BOOKING, logging.ERROR):
            self.notify_of(number)
            self.process_events()
        event = self.assertParked("journal")
        self.credicorp.write({'state': 'test', 'journal_id': self.collections.id})
        event.action_replay()
        self.assertPaid()
        self.assertEqual(event.state, 'done')

    def test_a_method_without_outstanding_account_where_statements_make_the_entry(self):
        state = patch.object(
            type(self.invoice), '_get_invoice_in_payment_state', lambda move: 'in_payment',
        )
        self.collections.inbound_payment_method_line_ids.payment_account_id = False
        with state:
            self._money_comes()
            self.assertFalse(self.transaction.payment_id.move_id)
            self.assertEqual(self.invoice.payment_state, 'in_payment')
            with self.assertRaisesRegex(ValidationError, "already being processed"):
                self.start_payment(self.link, 100.0)

    def test_an_archived_journal(self):
        self.collections.active = False
        with self.assertLogs(BOOKING, logging.ERROR):
            self._money_comes()
        self.assertParked("archived journal")

    # --- the notification -------------------------------------------------------------------------

    def test_an_authorization_needs_a_person_at_once(self):
        self.notify(self.sale_event(self.transaction, 'transaction.auth.success'))
        self.process_events()
        event = self.events()
        self.assertEqual((event.state, self.transaction.state), ('parked', 'draft'))
        self.assertIn("only reserved 100.00", event.error)
        self.assertEqual(len(self.activities(event)), 1)

    def test_another_companys_app_cannot_report_it(self):
        other = self.credicorp.copy({
            'company_id': self.env['res.company'].create({'name': "Other company"}).id,
            'state': 'disabled', **self.merchant_keys, 'credicorp_webhook_key': 'theirs',
        })
        body = self.sale_event(self.transaction)
        self.notify(body, self.signed(body, 'theirs'), provider=other)
        for _time in range(3):
            self.process_events()
            self.events(other).next_attempt = fields.Datetime.now() - timedelta(seconds=1)
        self.assertEqual(self.events(other).state, 'parked')
        self.assertEqual(self.transaction.state, 'draft')
