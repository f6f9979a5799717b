from decimal import Decimal

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..gateways.values import Operation, PaymentEvent, Status
from .charging_common import ChargingCommon
from .common import NO_FUNDS_CARD
from .plan_common import PlanCommon
from .plan_follow_common import PlanFollowCommon


@tagged('post_install', '-at_install')
class TestPlanOrderTold(PlanCommon):
    """What PagoLivre tells of an order, before it is paid and when it ends."""

    def test_charges_that_are_listed_before_it_is_paid_are_no_payment(self):
        plan = self.collect()
        attempt = plan._anchor()
        self.gateway.accounts.plan(self.order(plan))
        self.sync(plan)
        self.assertEqual((attempt.state, plan.state), ('draft', 'pending'))
        self.assertEqual(self.within(plan, lambda plan: plan._attempt().id), attempt.id)
        self.assertEqual(self.open_checkout(attempt), attempt.sudo().email_pay_checkout['action'])
        self.pay_first(plan, come_back=False)
        self.sync(plan)
        self.assertEqual((plan.state, self.states(plan)[0]), ('active', 'confirmed'))

    def test_it_can_be_given_up_and_collected_again(self):
        plan = self.collect()
        self.gateway.accounts.plan(self.order(plan))
        self.sync(plan)
        self.within(plan, lambda plan: plan.action_cancel_attempt())
        self.assertEqual((plan.state, self.order(plan).status), ('cancelled', 'canceled'))
        self.pay_first(self.collect(plan.move_id))
        self.assertAlmostEqual(plan.move_id.amount_residual, 66.67)

    def assertCancelledOnce(self, plan):
        self.assertEqual(self.states(plan), ['confirmed', 'cancelled', 'cancelled'])
        self.assertEqual(plan.state, 'done')
        told = [
            message for message in plan.message_ids if "no longer charges" in str(message.body)]
        self.assertEqual(len(told), 1)
        self.assertIn("2 instalments", str(told[0].body))
        self.assertEqual(len(self.activities(plan)), 1)

    def test_all_months_that_it_cancels_are_told_at_once(self):
        plan = self.active()
        self.gateway.cancel(self.order(plan).id)
        self.sync(plan)
        self.assertCancelledOnce(plan)
        self.sync(plan)
        self.assertCancelledOnce(plan)

    def test_an_order_that_ends_without_telling_of_its_charges(self):
        plan = self.active()
        self.gateway.cancel(self.order(plan).id)
        self.order(plan).charges = []
        self.sync(plan)
        self.assertCancelledOnce(plan)

    def test_a_draft_that_changed_is_not_posted_when_all_months_come_at_once(self):
        invoice = self.create_invoice(100.0, post=False)
        plan = self.collect(invoice, count=2)
        self.pay_first(plan, come_back=False)
        self.gateway.advance()
        invoice.write({'invoice_line_ids': [
            (1, invoice.invoice_line_ids.id, {'price_unit': 120.0})]})
        self.sync(plan)
        self.assertEqual(self.states(plan), 2 * ['confirmed'])
        self.assertEqual(invoice.state, 'draft')
        self.assertIn("A draft was not posted", self.activities(plan).mapped('summary'))


@tagged('post_install', '-at_install')
class TestSettledAndPaidBack(ChargingCommon):
    """What was refused, was paid with an ordinary link, and then goes back."""

    def setUp(self):
        super().setUp()
        self.plan = self.active_plan(NO_FUNDS_CARD)
        self.fall_due(self.plan, 1, 2)
        self.run_job()
        self.first, self.second = self.line(self.plan), self.line(self.plan, 2)
        self.payment = self.pay_by_card(self.create_link(self.plan.move_id), 200.0)
        self.assertEqual((self.first.state, self.second.state), 2 * ('confirmed',))
        self.plan._no_attention()

    def assertTold(self, *states):
        self.assertEqual((self.first.state, self.second.state), states)
        activity = self.activities(self.plan)
        self.assertEqual(activity.summary, "A payment of instalments was paid back")
        for record in (self.plan, self.plan.move_id):
            self.assertIn("refused instalments 1, 2", str(record.message_ids.mapped('body')))

    def test_all_of_it(self):
        self.refund(self.payment)
        self.assertTold('cancelled', 'cancelled')
        self.assertEqual(self.first.reason, "It was paid back.")
        self.assertEqual(self.plan.move_id.amount_residual, 300.0)
        self.run_job()
        self.assertEqual(self.taken(self.plan), 0)

    def test_a_part_of_it_is_of_the_newest(self):
        self.refund(self.payment, 100.0)
        self.assertTold('confirmed', 'cancelled')

    def test_less_than_an_instalment_is_told_and_left_to_a_person(self):
        self.refund(self.payment, 40.0)
        self.assertTold('confirmed', 'confirmed')

    def test_what_the_bank_takes_back(self):
        self.payment._email_pay_take_return(PaymentEvent(
            Operation.CHARGEBACK, Status.DONE, reference=self.payment.reference,
            gateway_reference='CB1', amount=Decimal('200.00'),
        ))
        self.assertTold('cancelled', 'cancelled')

    def test_an_ordinary_payment_of_no_instalment_tells_nobody(self):
        other = self.pay_by_card(self.create_link(self.create_invoice(50.0)))
        self.refund(other)
        self.assertFalse(self.activities(self.plan))


@tagged('post_install', '-at_install')
class TestRefusedAndClaimed(ChargingCommon):
    """What was refused, and is charged again, before its customer was told."""

    def setUp(self):
        super().setUp()
        self.plan = self.active_plan(NO_FUNDS_CARD)
        self.fall_due(self.plan)
        self.run_job()
        self.first = self.line(self.plan)
        self.assertTrue(self.first.notice_due)

    def claim(self):
        self.first.next_attempt = fields.Datetime.now()
        with self.own_cursor() as env:
            env['email.pay.installment']._claim_due(5, env['payment.provider'])
        self.assertEqual(self.first.state, 'awaiting')

    def tell(self):
        with self.own_cursor() as env:
            env['email.pay.installment']._cron_tell()
        return self.outbox('mail_template_denied')

    def test_it_is_not_told_any_more(self):
        self.claim()
        self.assertFalse(self.first.notice_due)
        self.assertFalse(self.tell())

    def test_what_was_settled_when_its_turn_comes_is_not_told(self):
        self.claim()
        self.first.notice_due = True
        self.assertFalse(self.tell())
        self.assertFalse(self.first.notice_due)

    def test_who_still_owes_it_is_told(self):
        self.assertEqual(len(self.tell()), 1)

    def test_who_would_pay_it_now_reads_that_it_is_being_charged(self):
        self.claim()
        with self.assertRaisesRegex(UserError, "being charged for this payment right now"):
            self.plan._payable()
        self.plan.token_id.provider_ref = self.saved_card().provider_ref
        self.minutes_pass(self.first.transaction_id)
        self.run_job()
        with self.assertRaisesRegex(UserError, "made already"):
            self.plan._payable()


@tagged('post_install', '-at_install')
class TestOnlyRefusedLeft(PlanFollowCommon):
    """A document that changes when all that is left of its plan was refused."""

    def setUp(self):
        super().setUp()
        self.plan_ = self.plan('cancelled', 'denied')
        self.invoice_ = self.plan_.move_id

    def look(self):
        self.env.flush_all()
        with self.own_cursor() as env:
            env['email.pay.plan']._cron_sync()

    def test_an_invoice_that_is_cancelled_ends_it(self):
        self.invoice_.button_draft()
        self.invoice_.button_cancel()
        self.look()
        self.assertEqual(self.plan_.state, 'cancelled')
        self.assertEqual(self.plan_._left(), 0)
        self.assertIn("The invoice was cancelled", str(self.plan_.message_ids.mapped('body')))

    def test_another_customer_is_told(self):
        self.invoice_.button_draft()
        self.invoice_.partner_id = self.env['res.partner'].create({'name': "Another"})
        self.invoice_.action_post()
        self.look()
        self.assertEqual(self.plan_.state, 'active')
        self.assertIn("another customer", self.activities(self.plan_).note)
