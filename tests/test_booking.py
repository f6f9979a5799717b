import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import EmailPayCommon

LOGGER = 'odoo.addons.email_pay.models.payment_booking'


@tagged('post_install', '-at_install')
class TestBooking(EmailPayCommon):
    """What was collected is booked once, in the collection journal, and told once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice()
        cls.link = cls.create_link(cls.invoice)

    # --- booking ----------------------------------------------------------------------------------

    def test_a_payment_is_booked_in_the_collection_journal_and_reconciled(self):
        transaction = self.pay_by_card(self.link)
        payment = transaction.payment_id
        self.assertEqual(payment.journal_id, self.collections)
        self.assertEqual((payment.amount, payment.partner_id), (100.0, self.customer))
        self.assertEqual(payment.reconciled_invoice_ids, self.invoice)
        self.assertEqual(
            self.invoice.payment_state, self.invoice._get_invoice_in_payment_state()
        )
        self.assertTrue(transaction.is_post_processed)

    def test_an_invoice_that_was_paid_online_says_so(self):
        self.pay_by_card(self.link)
        self.assertEqual(self.invoice.email_pay_status, 'paid')

    def test_the_payment_names_both_references(self):
        transaction = self.pay_by_card(self.link)
        self.assertIn(transaction.reference, transaction.payment_id.memo)
        self.assertIn(transaction.provider_reference, transaction.payment_id.memo)

    def test_a_part_leaves_the_rest_due(self):
        self.pay_by_card(self.link, 40.0)
        self.assertEqual(self.invoice.payment_state, 'partial')
        self.assertEqual(self.invoice.amount_residual, 60.0)
        self.pay_by_card(self.link, 60.0)
        self.assertEqual(self.invoice.amount_residual, 0.0)

    def test_a_foreign_currency_is_booked_in_that_currency(self):
        currency = self.setup_other_currency('CAD', rates=[('2016-01-01', 2.0)])
        invoice = self._create_invoice_one_line(
            price_unit=80.0, name="Work", tax_ids=[], partner_id=self.customer,
            currency_id=currency, post=True,
        )
        transaction = self.pay_by_card(self.create_link(invoice))
        self.assertEqual(transaction.payment_id.currency_id, currency)
        self.assertEqual(invoice.amount_residual, 0.0)
        [entry] = self.sandbox.ledger.charges(transaction.reference)
        self.assertEqual((str(entry.amount), entry.currency), ('80.00', 'CAD'))

    def test_a_contacts_payment_belongs_to_the_company(self):
        contact = self.env['res.partner'].create({
            'name': "Desk", 'parent_id': self.customer.id, 'email': 'desk@example.com',
        })
        invoice = self.create_invoice(partner=contact)
        payment = self.pay_by_card(self.create_link(invoice)).payment_id
        self.assertEqual(payment.partner_id, self.customer)
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_the_discount_settles_the_invoice(self):
        term = self.env['account.payment.term'].create({
            'name': "2% in 10 days", 'early_discount': True, 'discount_percentage': 2,
            'discount_days': 10, 'early_pay_discount_computation': 'included',
        })
        invoice = self.create_invoice(invoice_payment_term_id=term)
        self.pay_by_card(self.create_link(invoice), 98.0)
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_booking_again_books_nothing_more(self):
        transaction = self.pay_by_card(self.link)
        payment = transaction.payment_id
        told = self.invoice.message_ids
        for _time in range(2):
            transaction._post_process()
            self.advance(transaction)
        self.assertEqual(transaction.payment_id, payment)
        self.assertEqual(self._payments(transaction), payment)
        self.assertEqual(self.invoice.message_ids, told)

    def test_what_was_collected_is_booked_however_long_it_took(self):
        transaction = self.charge(self.start_payment(self.link))
        transaction.last_state_change = fields.Datetime.now() - timedelta(days=30)
        with self.own_cursor() as env:
            env['payment.transaction']._cron_post_process()
        self.assertTrue(transaction.payment_id)

    def test_odoos_own_job_shows_what_it_cannot_book(self):
        transaction = self.charge(self.start_payment(self.link))
        with (
            self._not_bookable(), self.assertLogs(LOGGER, logging.ERROR),
            self.own_cursor() as env,
        ):
            env['payment.transaction'].browse(transaction.id)._cron_post_process()
        self.assertEqual(self.events().state, 'parked')

    def _payments(self, transaction):
        return self.env['account.payment'].search(
            [('payment_transaction_id', '=', transaction.id)]
        )

    def test_the_chatter_tells_the_story(self):
        transaction = self.pay_by_card(self.link)
        bodies = ' '.join(message.body or '' for message in self.invoice.message_ids)
        self.assertIn(transaction.reference, bodies)
        self.assertIn(transaction.payment_id.name, bodies)

    def test_the_link_knows_that_it_was_paid(self):
        self.pay_by_card(self.link, 40.0)
        self.assertTrue(self.link.paid_at)

    # --- what cannot be booked --------------------------------------------------------------------

    def _not_bookable(self):
        """Odoo cannot post the payment, for a reason that has nothing to do with us."""
        return patch.object(
            type(self.env['account.payment']), 'action_post',
            side_effect=UserError("The period is closed."),
        )

    def _collected_and_not_booked(self):
        with self._not_bookable(), self.assertLogs(LOGGER, logging.ERROR):
            return self.pay_by_card(self.link)

    def test_what_cannot_be_booked_stays_collected_and_is_shown(self):
        transaction = self._collected_and_not_booked()
        self.assertEqual((transaction.state, transaction.is_post_processed), ('done', False))
        event = self.events()
        self.assertEqual((event.state, event.source), ('parked', 'booking'))
        self.assertIn("collected and could not be booked", event.error)
        self.assertEqual(len(self.activities(event)), 1)

    def test_what_could_not_be_booked_is_booked_by_replay(self):
        transaction = self._collected_and_not_booked()
        event = self.events()
        event.action_replay()
        self.assertTrue(transaction.payment_id)
        self.assertEqual(event.state, 'done')
        self.assertFalse(self.activities(event))

    def test_failing_again_does_not_pile_up(self):
        transaction = self._collected_and_not_booked()
        with self._not_bookable(), self.assertLogs(LOGGER, logging.ERROR):
            self.advance(transaction)
        self.assertEqual(len(self.events()), 1)
        self.assertEqual(len(self.activities(self.events())), 1)

    # --- money that no invoice needed -------------------------------------------------------------

    def _overpaid(self):
        """Money that comes for an invoice that was paid meanwhile."""
        transaction = self.start_payment(self.link)
        transaction._email_pay_claim()
        self.settle_by_hand(self.invoice)
        self.charge_behind_odoo(transaction)
        transaction._email_pay_ask()
        self.advance(transaction)
        return transaction

    def test_money_for_a_paid_invoice_is_a_credit_with_an_activity(self):
        transaction = self._overpaid()
        payment = transaction.payment_id
        receivable = payment.move_id.line_ids.filtered(
            lambda line: line.account_id == payment.destination_account_id
        )
        self.assertEqual(receivable.amount_residual, -100.0)
        [activity] = self.activities(payment)
        self.assertEqual(activity.user_id, self.env.user)
        self.assertIn("100.00", activity.summary)
        self.assertIn("Rosa Vega", activity.note)

    def test_a_credit_is_told_once(self):
        transaction = self._overpaid()
        transaction._post_process()
        self.assertEqual(len(self.activities(transaction.payment_id)), 1)

    def test_only_the_surplus_is_a_credit(self):
        transaction = self.start_payment(self.link)
        transaction._email_pay_claim()
        self.settle_by_hand(self.invoice, 70.0)
        self.charge_behind_odoo(transaction)
        transaction._email_pay_ask()
        self.advance(transaction)
        [activity] = self.activities(transaction.payment_id)
        self.assertIn("70.00", activity.summary)
        self.assertEqual(self.invoice.amount_residual, 0.0)

    def test_a_payment_that_fits_makes_no_activity(self):
        self.assertFalse(self.activities(self.pay_by_card(self.link, 40.0).payment_id))

    def test_a_responsible_who_keeps_no_books_can_be_told(self):
        self.portal.responsible_id = new_test_user(
            self.env, 'seller', 'base.group_user', company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        [activity] = self.activities(self._overpaid().payment_id)
        self.assertTrue(activity.user_id)

    # --- the receipt ------------------------------------------------------------------------------

    def test_the_customer_gets_one_receipt(self):
        transaction = self.pay_by_card(self.link)
        for _time in range(2):
            transaction._post_process()
            self.advance(transaction)
        [mail] = self.receipts()
        self.assertEqual(mail.email_to, 'rosa@example.com')
        self.assertIn(transaction.reference, mail.body_html)
        self.assertIn(transaction.provider_reference, mail.body_html)
        self.assertIn('100.00', mail.subject)
        self.assertTrue(transaction._email_pay_receipt().sent_at)

    def test_the_receipt_names_what_is_left(self):
        self.pay_by_card(self.link, 40.0)
        [mail] = self.receipts()
        self.assertIn("Still to pay", mail.body_html)
        self.assertIn("60.00", mail.body_html)

    def test_the_receipt_says_paid_in_full(self):
        self.pay_by_card(self.link)
        [mail] = self.receipts()
        self.assertIn("Paid in full", mail.body_html)

    def test_the_company_gets_a_copy(self):
        self.portal.notification_email = 'desk@canal.example.com, boss@canal.example.com'
        self.pay_by_card(self.link)
        self.assertEqual(len(self.receipts()), 2)
        [copy] = self.receipts('desk@canal.example.com')
        self.assertIn('boss@canal.example.com', copy.email_to)
        self.assertNotIn('rosa@example.com', copy.email_to)

    def test_the_receipt_goes_where_the_link_went(self):
        self.link.email = 'payer@example.com'
        self.pay_by_card(self.link)
        self.assertEqual(self.receipts().email_to, 'payer@example.com')

    def test_a_customer_without_address_is_noted(self):
        self.link.email = self.customer.email = False
        transaction = self.pay_by_card(self.link)
        self.assertFalse(self.receipts())
        bodies = ' '.join(m.body or '' for m in transaction.payment_id.message_ids)
        self.assertIn("No receipt was sent", bodies)

    def test_a_company_that_is_not_enabled_sends_no_receipt(self):
        transaction = self.charge(self.start_payment(self.link))
        self.portal.enabled = False
        self.advance(transaction)
        self.assertTrue(transaction.payment_id)
        self.assertFalse(self.receipts())

    def test_the_receipt_follows_the_booking_and_is_sent_once(self):
        transaction = self.pay_by_card(self.link)
        self.assertEqual(transaction._email_pay_receipt().state, 'due')
        self.assertFalse(self.outbox('mail_template_payment_receipt'))
        for _time in range(2):
            self.assertEqual(len(self.receipts()), 1)
        self.assertEqual(transaction._email_pay_receipt().state, 'outbox')

    def test_what_was_booked_before_the_installation_gets_no_receipt(self):
        transaction = self.pay_by_card(self.link)
        transaction._email_pay_receipt().unlink()
        transaction._post_process()
        self.assertFalse(self.receipts())

    def test_a_receipt_that_cannot_be_written_is_shown(self):
        transaction = self.pay_by_card(self.link)
        broken = patch.object(
            type(self.env['mail.template']), 'send_mail', side_effect=UserError("Unknown field"),
        )
        with broken, self.assertLogs('odoo.addons.email_pay', logging.ERROR):
            self.assertFalse(self.receipts())
        receipt = transaction._email_pay_receipt()
        self.assertEqual((receipt.state, receipt.sent_at), ('failed', False))
        self.assertTrue(transaction.payment_id)
        [activity] = self.activities(transaction.payment_id)
        self.assertIn("Unknown field", activity.note)

    def test_a_declined_payment_sends_nothing(self):
        self.pay_by_card(self.link, number='4000000000002024')
        self.assertFalse(self.receipts())

    def test_two_parts_have_two_receipts(self):
        self.pay_by_card(self.link, 40.0)
        self.pay_by_card(self.link, 60.0)
        self.assertEqual(len(self.receipts()), 2)
