import contextlib
import logging
from dataclasses import replace
from decimal import Decimal
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..gateways import REGISTRY
from ..gateways.values import Operation, PaymentEvent, RefundSupport, Status
from .common import EmailPayCommon

REFUND = 'odoo.addons.email_pay.models.payment_refund'
BOOKING = 'odoo.addons.email_pay.models.payment_booking'


class ReturnsCommon(EmailPayCommon):
    """An invoice of 100 that was paid by card."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice()
        cls.link = cls.create_link(cls.invoice)

    def setUp(self):
        super().setUp()
        self.transaction = self.pay_by_card(self.link)

    def refunds(self, transaction=None):
        """The refunds of a payment, oldest first."""
        return (transaction or self.transaction).child_transaction_ids.sorted('id')

    def sent(self, operation):
        """The requests of one kind that the gateway accepted."""
        return self.sandbox.ledger.entries(operation=operation, success=True)

    def assertReturned(self, amount, due=None, refunds=1):
        """As much went back, at the gateway and in the books, and is due again."""
        made = self.refunds().filtered(lambda tx: tx.state == 'done')
        self.assertEqual(len(made), refunds)
        self.assertEqual(-sum(made.mapped('amount')), amount)
        self.assertEqual(self.balance(self.transaction), 100.0 - amount)
        self.assertEqual(sum(made.payment_id.mapped('amount')), amount)
        self.assertEqual(self.invoice.amount_residual, amount if due is None else due)


@tagged('post_install', '-at_install')
class TestRefund(ReturnsCommon):
    """An accountant presses *Refund* on a payment."""

    def open_wizard(self, env=None, user=None):
        payment = self.transaction.payment_id
        wizard = (env or self.env)['payment.refund.wizard'].with_context(active_id=payment.id)
        return wizard.with_user(user) if user else wizard

    def order(self, amount=None, user=None):
        """Open the wizard, enter an amount, press *Refund*; what the accountant is told."""
        with self.own_cursor() as env:
            wizard = self.open_wizard(env, user).create(
                {'amount_to_refund': amount} if amount else {}
            )
            return wizard.action_refund()['params']

    # --- what is sent -----------------------------------------------------------------------------

    def test_the_whole_is_voided_before_it_is_settled(self):
        self.assertEqual(self.order()['type'], 'success')
        self.assertReturned(100.0)
        self.assertEqual((len(self.sent('void')), len(self.sent('refund'))), (1, 0))
        self.assertEqual(self.refunds().email_pay_return, 'void')

    def test_the_whole_is_refunded_after_it_is_settled(self):
        self.sandbox.credicorp.settle()
        self.order()
        self.assertReturned(100.0)
        self.assertEqual((len(self.sent('void')), len(self.sent('refund'))), (0, 1))
        self.assertEqual(self.refunds().email_pay_return, 'refund')

    def test_parts_are_refunded_until_nothing_is_left(self):
        for amount in (30.0, 20.0, 50.0):
            self.order(amount)
        self.assertReturned(100.0, refunds=3)
        with self.assertRaisesRegex(ValidationError, "Only .*0.00 of this payment is left"):
            self.refund(self.transaction, 10.0)
        self.assertReturned(100.0, refunds=3)

    def test_a_billing_user_may_refund(self):
        user = new_test_user(
            self.env, 'biller', groups='account.group_account_invoice',
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)],
        )
        self.assertEqual(self.order(30.0, user=user)['type'], 'success')
        self.assertReturned(30.0)

    def test_a_refund_is_an_outgoing_payment_of_the_collection_journal(self):
        refund = self.refund(self.transaction, 30.0)
        payment = refund.payment_id
        self.assertEqual((payment.payment_type, payment.amount), ('outbound', 30.0))
        self.assertEqual(payment.journal_id, self.collections)
        self.assertEqual(payment.source_payment_id, self.transaction.payment_id)
        self.assertTrue(refund.is_post_processed)

    def test_the_customer_and_the_company_are_told_of_a_refund_once(self):
        self.portal.notification_email = 'desk@canal.example.com'
        self.receipts()
        refund = self.refund(self.transaction, 30.0)
        for address in ('rosa@example.com', 'desk@canal.example.com'):
            receipt = self.receipts(address)[-1]
            self.assertEqual(receipt.res_id, refund.payment_id.id)
            self.assertIn("30.00", receipt.subject)
            self.assertIn(self.transaction.reference, receipt.body_html)
        self.advance(refund)
        self.assertEqual(len(self.receipts()), 4)

    def test_nobody_is_told_of_a_refund_that_did_not_happen(self):
        self.receipts()
        with self.assertRaises(ValidationError):
            self.refund(self.transaction, 130.0)
        self.assertEqual(len(self.receipts()), 1)

    def test_what_was_ordered_here_is_no_news_to_the_billing_team(self):
        self.order(30.0)
        for record in (self.invoice, self.transaction.payment_id):
            self.assertFalse(self.activities(record))

    # --- never more than was paid -----------------------------------------------------------------

    def test_more_than_was_paid_is_not_sent(self):
        with self.assertRaisesRegex(ValidationError, "Only .*100.00 of this payment is left"):
            self.refund(self.transaction, 100.01)
        self.assertFalse(self.refunds())
        self.assertReturned(0.0, refunds=0)

    def test_more_than_is_left_is_not_sent(self):
        self.refund(self.transaction, 30.0)
        with self.assertRaisesRegex(ValidationError, "Only .*70.00 of this payment is left"):
            self.refund(self.transaction, 70.01)
        self.assertReturned(30.0)

    def test_a_refund_that_is_not_confirmed_counts(self):
        self.sandbox.faults.add('cut', ['refund'])
        with self.assertLogs(REFUND, logging.WARNING):
            self.refund(self.transaction, 60.0)
        with self.assertRaisesRegex(ValidationError, "on its way"):
            self.refund(self.transaction, 50.0)
        self.assertReturned(0.0, refunds=0)

    def test_an_open_wizard_does_not_refund_again(self):
        with self.own_cursor() as env:
            stale = self.open_wizard(env).create({'amount_to_refund': 30.0})
        self.order(30.0)
        with self.assertRaisesRegex(ValidationError, "Meanwhile .*30.00 of this payment"):
            self.env['payment.refund.wizard'].browse(stale.id).action_refund()
        self.assertReturned(30.0)

    def test_a_gateway_that_refunds_only_the_whole_says_so_before_anything_is_sent(self):
        gateway = REGISTRY['credicorp']
        supports = replace(gateway.supports, refund=RefundSupport.FULL_ONLY)
        with patch.object(gateway, 'supports', supports):
            self.credicorp.invalidate_recordset(['support_refund'])
            wizard = self.open_wizard().create({})
            self.assertEqual((wizard.support_refund, wizard.amount_to_refund), ('full_only', 100.0))
            with self.assertRaisesRegex(ValidationError, "pays back only the whole payment"):
                self.refund(self.transaction, 30.0)
            self.assertFalse(self.refunds())
            self.order()
        self.assertReturned(100.0)

    # --- what the gateway answers -----------------------------------------------------------------

    def test_a_refusal_tells_the_accountant_why_and_leaves_nothing(self):
        self.sandbox.credicorp.settle()
        self.sandbox.credicorp.transaction(self.transaction.provider_reference).condition = 'failed'
        told = self.order(30.0)
        self.assertEqual(told['type'], 'danger')
        self.assertIn("The gateway did not pay back: Only collected", told['message'])
        self.assertEqual(self.refunds().state, 'error')
        self.assertFalse(self.refunds().email_pay_ask_at)
        self.assertFalse(self.env['account.payment'].search([
            ('payment_transaction_id', 'in', self.refunds().ids)
        ]))
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.assertEqual(self.transaction.payment_id.amount_available_for_refund, 100.0)

    def test_a_gateway_that_is_down_was_sent_nothing(self):
        self.sandbox.faults.add('http_500', ['query'])
        told = self.order(30.0)
        self.assertIn("nothing was sent", told['message'])
        self.assertEqual(self.refunds().state, 'error')
        self.assertReturned(0.0, refunds=0)

    def test_a_lost_answer_leaves_the_refund_open_and_it_is_asked_for(self):
        self.sandbox.faults.add('cut', ['refund'], charged=True)
        with self.assertLogs(REFUND, logging.WARNING):
            told = self.order(30.0)
        self.assertEqual(told['type'], 'warning')
        self.assertEqual(self.refunds().state, 'pending')
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.ask_now(self.refunds())
        self.assertReturned(30.0)
        self.assertFalse(self.refunds().email_pay_ask_at)

    def test_a_lost_answer_is_found_under_the_refunds_own_reference(self):
        self.sandbox.credicorp.configure(refund_keeps_order=False)
        self.sandbox.faults.add('cut', ['refund'], charged=True)
        with mute_logger(REFUND):
            refund = self.refund(self.transaction, 30.0)
        self.ask_now(refund)
        self.assertEqual((refund.state, self.invoice.amount_residual), ('done', 30.0))

    def test_a_lost_answer_to_a_void_is_found(self):
        self.sandbox.faults.add('cut', ['void'], charged=True)
        with mute_logger(REFUND):
            self.order()
        self.assertEqual(self.refunds().state, 'pending')
        self.ask_now(self.refunds())
        self.assertReturned(100.0)

    def test_a_lost_answer_is_found_by_the_notification(self):
        self.sandbox.faults.add('cut', ['refund'], charged=True)
        with mute_logger(REFUND):
            refund = self.refund(self.transaction, 30.0)
        [entry] = self.sent('refund')
        event = PaymentEvent(
            Operation.REFUND, Status.DONE, self.transaction.reference, entry.id, Decimal('30.00'),
        )
        self.assertEqual(self.transaction._email_pay_take_return(event), ('done', ''))
        self.assertEqual(refund.provider_reference, entry.id)
        self.assertReturned(30.0)

    def test_the_same_refund_cannot_be_ordered_while_one_is_open(self):
        self.sandbox.faults.add('cut', ['refund'], charged=True)
        with mute_logger(REFUND):
            self.refund(self.transaction, 30.0)
        with self.assertRaisesRegex(ValidationError, "The same refund is on its way"):
            self.refund(self.transaction, 30.0)
        self.assertEqual(len(self.sent('refund')), 1)

    def test_a_refund_that_never_arrived_fails_and_the_billing_team_hears_of_it(self):
        self.sandbox.faults.add('cut', ['refund'])
        with mute_logger(REFUND):
            refund = self.refund(self.transaction, 30.0)
        self.ask_now(refund, times=2)
        self.assertEqual(refund.state, 'pending')
        self.ask_now(refund)
        self.assertEqual((refund.state, refund.email_pay_ask_at), ('error', False))
        [activity] = self.activities(self.invoice)
        self.assertIn("did not reach the gateway", activity.note)
        self.order(30.0)
        self.assertReturned(30.0)

    def _given_up(self):
        """A refund that the gateway made, and of which it told nothing for too long."""
        self.sandbox.faults.add('cut', ['refund'], charged=True)
        with mute_logger(REFUND):
            refund = self.refund(self.transaction, 30.0)
        refund.write({'state': 'error', 'email_pay_asked': 3, 'email_pay_ask_at': False})
        return refund

    def test_a_refund_that_was_given_up_and_came_after_all_is_booked(self):
        refund = self._given_up()
        refund._email_pay_ask()
        self.assertEqual(refund.state, 'done')
        self.assertReturned(30.0)

    def test_a_refund_that_was_given_up_and_came_after_all_is_not_sent_again(self):
        self._given_up()
        self.refund(self.transaction, 30.0)
        self.assertReturned(30.0)
        self.assertEqual(len(self.sent('refund')), 1)

    # --- once, whatever happens to the request ----------------------------------------------------

    def test_a_crash_after_the_gateways_answer_is_found_by_asking(self):
        with self._crash_after_the_answer():
            self.refund(self.transaction, 30.0)
        refund = self.refunds()
        self.assertEqual((refund.state, refund.provider_reference), ('pending', False))
        self.ask_now(refund)
        self.assertReturned(30.0)

    @contextlib.contextmanager
    def _crash_after_the_answer(self):
        """The worker is killed between the gateway's answer and the end of the request."""
        crash = patch.object(
            type(self.env['payment.transaction']), '_email_pay_apply', side_effect=SystemExit,
        )
        with contextlib.suppress(SystemExit), crash:
            yield

    def test_a_refund_that_the_books_do_not_know_is_adopted_and_not_sent_again(self):
        self.sandbox.credicorp.refund(self.transaction.provider_reference, '30.00')
        refund = self.refund(self.transaction, 30.0)
        self.assertEqual(refund.state, 'done')
        self.assertReturned(30.0)
        self.assertEqual(len(self.sent('refund')), 1)

    def test_another_refund_that_the_books_do_not_know_is_booked_and_counts(self):
        self.sandbox.credicorp.refund(self.transaction.provider_reference, '80.00')
        refund = self.refund(self.transaction, 30.0)
        self.assertEqual(refund.state, 'error')
        self.assertIn("Only", refund.state_message)
        self.assertReturned(80.0)

    def test_a_second_refund_of_the_same_amount_is_another_one(self):
        for _time in range(2):
            self.refund(self.transaction, 30.0)
        self.assertReturned(60.0, refunds=2)

    def test_a_refund_that_cannot_be_booked_is_shown_and_booked_later(self):
        closed = patch.object(
            type(self.env['account.payment']), 'action_post',
            side_effect=UserError("The period is closed."),
        )
        with closed, self.assertLogs(BOOKING, logging.ERROR):
            refund = self.refund(self.transaction, 30.0)
        self.assertEqual((refund.state, refund.is_post_processed), ('done', False))
        event = self.events()
        self.assertEqual((event.state, event.source), ('parked', 'booking'))
        self.assertRegex(event.error, "Money went back and could not be booked.*The period is")
        with self.own_cursor() as env:
            env['payment.transaction']._cron_post_process()
        self.assertReturned(30.0)
        self.assertEqual(event.state, 'done')
