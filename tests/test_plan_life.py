from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .plan_common import PlanCommon


@tagged('post_install', '-at_install')
class TestPlanLife(PlanCommon):
    """A document that changes, money that goes back, an end before its time."""

    def setUp(self):
        super().setUp()
        self.plan = self.active()
        self.invoice = self.plan.move_id

    def look(self, plan=None):
        """The job that a change woke."""
        plan = plan or self.plan
        self.assertLessEqual(plan.sync_at, fields.Datetime.now())
        with self.own_cursor() as env:
            env['email.pay.plan']._cron_sync()

    def test_the_rest_is_cancelled(self):
        self.within(self.plan, lambda plan: plan.action_cancel_rest())
        self.assertEqual(self.plan.state, 'done')
        self.assertEqual(self.states(self.plan), ['confirmed', 'cancelled', 'cancelled'])
        charges = self.order(self.plan).charges
        self.assertEqual([one.status for one in charges], ['paid', 'canceled', 'canceled'])
        self.assertEqual(self.balance(self.plan._anchor()), 33.33)
        self.assertIn("was cancelled by", self.notes(self.invoice))
        self.assertEqual(self.start_payment(self.create_link(self.invoice)).amount, 66.67)
        with self.assertRaises(UserError):
            self.within(self.plan, lambda plan: plan.action_cancel_rest())

    def test_cancelling_the_rest_twice_pays_nothing_back(self):
        self.sandbox.faults.add('cut', ['refund'], charged=True)
        with self.assertRaisesRegex(UserError, "Refresh"):
            self.within(self.plan, lambda plan: plan.action_cancel_rest())
        self.within(self.plan, lambda plan: plan.action_cancel_rest())
        self.assertEqual((self.plan.state, self.balance(self.plan._anchor())), ('done', 33.33))

    def test_what_was_charged_before_the_rest_is_cancelled_is_booked(self):
        self.gateway.advance()
        self.within(self.plan, lambda plan: plan.action_cancel_rest())
        self.assertEqual(self.states(self.plan), ['confirmed', 'confirmed', 'cancelled'])
        self.assertAlmostEqual(self.invoice.amount_residual, 33.34)

    def test_the_gateway_cancels_the_plan(self):
        self.month(self.plan)
        self.gateway.cancel(self.order(self.plan).id)
        self.sync(self.plan)
        self.assertEqual(self.states(self.plan), ['confirmed', 'confirmed', 'cancelled'])
        self.assertEqual(self.plan.state, 'done')
        self.assertIn("went back", self.activities(self.plan).note)
        self.assertIn("no longer charges", self.notes(self.invoice))

    def test_an_instalment_is_refunded(self):
        self.month(self.plan)
        second = self.lines(self.plan)[1]
        refund = self.refund(second.transaction_id)
        self.assertEqual((refund.state, refund.payment_id.payment_type), ('done', 'outbound'))
        self.assertEqual((second.state, self.plan.state), ('cancelled', 'active'))
        self.assertAlmostEqual(self.invoice.amount_residual, 66.67)
        self.assertEqual(self.order(self.plan).status, 'paid', "only that month went back")
        for record in (self.plan, self.invoice):
            self.assertIn("was paid back", self.notes(record))
        self.sync(self.plan)
        self.assertEqual(second.state, 'cancelled')
        self.month(self.plan)
        self.assertEqual((self.plan.state, self.lines(self.plan)[2].state), ('done', 'confirmed'))

    def test_a_part_of_an_instalment_is_refunded(self):
        first = self.lines(self.plan)[0]
        self.refund(first.transaction_id, 10.0)
        self.assertEqual(first.state, 'confirmed')
        self.assertAlmostEqual(self.balance(self.plan._anchor()), 23.33)
        self.assertIn("was paid back", self.notes(self.plan))

    def test_a_refund_whose_answer_was_lost_is_left_to_a_person(self):
        self.month(self.plan)
        second = self.lines(self.plan)[1]
        self.sandbox.faults.add('cut', ['refund'], charged=True)
        with self.assertLogs('odoo.addons.email_pay.models.payment_refund', 'WARNING'):
            refund = self.refund(second.transaction_id)
        self.ask_now(refund, times=3)
        self.assertEqual(refund.state, 'error')
        self.assertEqual(self.events(self.pagolivre).mapped('state'), ['parked'])
        self.assertIn("before you order it again", refund.state_message)

    def test_a_refund_that_would_stop_the_charges_is_refused(self):
        plan = self.active(self.create_invoice(100.0), count=2)
        with self.assertRaisesRegex(ValidationError, "Cancel the rest"):
            self.refund(self.lines(plan)[0].transaction_id)
        self.assertEqual(self.balance(plan._anchor()), 50.0)
        self.within(plan, lambda plan: plan.action_cancel_rest())
        self.refund(self.lines(plan)[0].transaction_id)
        self.assertEqual(self.balance(plan._anchor()), 0.0)

    def test_a_reset_to_draft_is_told_and_its_money_is_a_credit(self):
        self.invoice.button_draft()
        self.look()
        self.assertIn("is a draft", self.activities(self.plan).note)
        self.month(self.plan)
        self.assertEqual(self.invoice.state, 'draft')
        payment = self.lines(self.plan)[1].payment_id
        self.assertFalse(payment.reconciled_invoice_ids)
        self.assertTrue(self.activities(payment))
        self.assertEqual(len(self.activities(self.plan)), 1)
        self.invoice.action_post()
        self.look()
        self.assertFalse(self.activities(self.plan))

    def test_an_invoice_that_is_cancelled_stops_the_charges(self):
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self.look()
        self.assertEqual(self.plan.state, 'done')
        self.assertEqual(self.states(self.plan)[1:], 2 * ['cancelled'])
        self.assertEqual(self.order(self.plan).charges[2].status, 'canceled')
        for record in (self.plan, self.invoice):
            self.assertIn("The invoice was cancelled", self.notes(record))

    def test_a_stop_that_fails_is_left_to_a_person_and_tried_again(self):
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self.sandbox.faults.add('cut', ['refund'])
        self.look()
        self.assertEqual(self.plan.state, 'active')
        self.assertIn("could not be stopped", self.activities(self.plan).note)
        self.sync(self.plan)
        self.assertEqual(self.plan.state, 'done')
        self.assertFalse(self.activities(self.plan))

    def test_a_pending_plan_of_a_cancelled_invoice_ends(self):
        plan = self.collect(self.create_invoice(50.0, post=False))
        plan.move_id.button_cancel()
        self.look(plan)
        self.assertEqual((plan.state, self.order(plan).status), ('cancelled', 'canceled'))

    def credit(self, amount):
        wizard = self.env['account.move.reversal'].with_context(
            active_model='account.move', active_ids=self.invoice.ids,
        ).create({'journal_id': self.invoice.journal_id.id})
        action = wizard.refund_moves()
        note = self.env['account.move'].browse(action['res_id'])
        note.invoice_line_ids.price_unit = amount
        note.action_post()
        lines = (note + self.invoice).line_ids.filtered(
            lambda line: line.account_type == 'asset_receivable' and not line.reconciled)
        lines.reconcile()

    def test_a_credit_of_the_rest_stops_the_charges(self):
        self.credit(66.67)
        self.look()
        self.assertEqual(self.plan.state, 'done')
        self.assertEqual(self.order(self.plan).charges[1].status, 'canceled')
        self.assertIn("Nothing is due", self.notes(self.invoice))

    def test_a_credit_of_a_part_is_left_to_a_person(self):
        self.credit(20.0)
        self.look()
        self.assertEqual(self.plan.state, 'active')
        self.assertIn("still to be charged", self.activities(self.plan).note)
        self.sync(self.plan)
        self.assertEqual(len(self.activities(self.plan)), 1)

    def test_paid_by_hand_stops_the_charges(self):
        self.settle_by_hand(self.invoice)
        self.look()
        self.assertEqual(self.plan.state, 'done')

    def test_a_draft_that_is_edited_is_told(self):
        plan = self.collect(self.create_invoice(50.0, post=False))
        plan.move_id.write({'invoice_line_ids': [
            (1, plan.move_id.invoice_line_ids.id, {'price_unit': 60.0})]})
        self.look(plan)
        self.assertEqual(plan.state, 'pending')
        self.assertIn("Cancel the attempt", self.activities(plan).note)
        self.assertEqual(plan.link_id._obstacle(), 'changing')

    def test_a_document_with_a_live_plan_is_not_deleted(self):
        plan = self.collect(self.create_invoice(50.0, post=False))
        with self.assertRaisesRegex(UserError, "in instalments"):
            plan.move_id.unlink()
        self.within(plan, lambda plan: plan.action_cancel_attempt())
        plan.move_id.unlink()
        self.assertFalse(plan.move_id)

    def test_a_charge_after_the_rest_was_cancelled_is_booked_and_told(self):
        self.within(self.plan, lambda plan: plan.action_cancel_rest())
        order = self.order(self.plan)
        order.charges[1].status = 'paid'
        order.charges[1].paid_at = order.charges[1].due
        self.within(self.plan, lambda plan: plan._sync())
        self.assertEqual(self.states(self.plan)[1], 'confirmed')
        self.assertAlmostEqual(self.invoice.amount_residual, 33.34)
        self.assertIn("was cancelled", self.activities(self.plan).note)

    def test_booking_by_the_plan_itself_wakes_nobody(self):
        before = self.plan.sync_at
        self.gateway.advance()
        self.within(self.plan, lambda plan: plan.action_refresh())
        self.assertEqual(self.states(self.plan)[1], 'confirmed')
        self.assertEqual(self.plan.sync_at, before)
