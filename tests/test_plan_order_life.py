from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .charging_common import ChargingCommon
from .plan_common import PlanCommon
from .plan_follow_common import PlanFollowCommon
from .test_plan_order import OrderCommon

SYNC = 'email_pay.ir_cron_sync_plans'


class OrderLifeCommon(OrderCommon):

    def create_plan_of_order(self, method):
        return self.env['email.pay.plan']._create_for(
            self.order, method, 3, fields.Date.today())

    def assertWoken(self, plan):
        """The job looks at the plan as soon as this is committed."""
        self.env.flush_all()
        now = fields.Datetime.now()
        self.assertTrue(plan.sync_at)
        self.assertLessEqual(plan.sync_at, now)
        self.assertTrue(self.env['ir.cron.trigger'].sudo().search_count([
            ('cron_id', '=', self.env.ref(SYNC).id), ('call_at', '<=', now)]))

    def look(self):
        self.env.flush_all()
        with self.own_cursor() as env:
            env['email.pay.plan']._cron_sync()

    def confirm(self, plan, *numbers):
        for line in plan._installments('awaiting').filtered(lambda one: one.number in numbers):
            line._confirm_by_hand(fields.Date.today(), '')


@tagged('post_install', '-at_install', 'email_pay_orders')
class TestPlanOrderWakes(OrderLifeCommon, PlanFollowCommon):
    """An order that changes wakes its plan at once."""

    def setUp(self):
        super().setUp()
        self.plan_ = self.create_plan_of_order(self.by_hand)
        self.env.flush_all()
        self.assertFalse(self.plan_.sync_at)

    def test_a_line_with_another_price(self):
        self.order.order_line.price_unit = 80.0
        self.assertWoken(self.plan_)
        self.look()
        self.assertIn("not what the plan was made for", self.activities(self.plan_).note)
        self.assertFalse(self.plan_.sync_at and self.plan_.sync_at <= fields.Datetime.now())
        self.order.order_line.price_unit = 90.0
        self.assertWoken(self.plan_)
        self.look()
        self.assertFalse(self.activities(self.plan_))

    def test_a_line_that_a_user_adds_in_the_form(self):
        self.order.write({'order_line': [Command.create({
            'product_id': self.product.id, 'price_unit': 5.0})]})
        self.assertWoken(self.plan_)

    def test_another_customer(self):
        self.order.partner_invoice_id = self.env['res.partner'].create({'name': "Another"})
        self.assertWoken(self.plan_)

    def test_without_tracking_too(self):
        self.order.with_context(tracking_disable=True).order_line.price_unit = 80.0
        self.assertWoken(self.plan_)

    def test_a_cancelled_order(self):
        self.order._action_cancel()
        self.assertWoken(self.plan_)
        self.look()
        self.assertEqual(self.plan_.state, 'cancelled')
        self.assertIn("The order was cancelled", str(self.plan_.message_ids.mapped('body')))

    def test_a_deleted_order(self):
        self.order.unlink()
        self.assertWoken(self.plan_)
        self.look()
        self.assertEqual(self.plan_.state, 'cancelled')

    def test_what_it_does_not_depend_on_wakes_nobody(self):
        self.order.write({'client_order_ref': "4711", 'note': "Soon"})
        self.env.flush_all()
        self.assertFalse(self.plan_.sync_at)

    def test_nor_does_an_order_without_plan(self):
        other = self.order.copy()
        other.order_line.price_unit = 10.0
        self.env.flush_all()
        self.assertFalse(self.plan_.sync_at)


@tagged('post_install', '-at_install', 'email_pay_orders')
class TestPlanOrderWakesGateway(OrderLifeCommon, PlanCommon):
    """The same where the gateway charges: it is told at once."""

    def setUp(self):
        super().setUp()
        self.order.pricelist_id = self.env['product.pricelist'].create({
            'name': "Reais", 'currency_id': self.company_currency.id,
            'company_id': self.company.id,
        })

    def test_a_cancelled_order_closes_its_page(self):
        plan = self.create_plan_of_order(self.method)
        self.within(plan, lambda plan: plan._open())
        self.assertEqual(self.order_at_gateway(plan).status, 'created')
        self.order._action_cancel()
        self.assertWoken(plan)
        self.look()
        self.assertEqual((plan.state, self.order_at_gateway(plan).status),
                         ('cancelled', 'canceled'))

    def order_at_gateway(self, plan):
        return PlanCommon.order(self, plan)

    def test_a_cancelled_order_stops_the_charges(self):
        plan = self.create_plan_of_order(self.method)
        self.within(plan, lambda plan: plan._open())
        self.gateway.pay(self.order_at_gateway(plan).id)
        self.come_back(plan._anchor())
        self.assertEqual((self.order.state, plan.state), ('sale', 'active'))
        self.look()
        self.assertGreater(plan.sync_at, fields.Datetime.now())
        self.order._action_cancel()
        self.assertWoken(plan)
        self.look()
        self.assertEqual(self.states(plan), ['confirmed', 'cancelled', 'cancelled'])
        charges = self.order_at_gateway(plan).charges
        self.assertEqual([one.status for one in charges], ['paid', 'canceled', 'canceled'])


@tagged('post_install', '-at_install', 'email_pay_orders')
class TestPlanOrderWakesCharges(OrderLifeCommon, ChargingCommon):
    """The same where Odoo charges the saved card."""

    def setUp(self):
        super().setUp()
        self.plan = self.create_plan_of_order(self.method)

    def test_a_cancelled_order(self):
        self.begin(self.plan)
        self.look()
        self.assertFalse(self.plan.sync_at)
        self.order._action_cancel()
        self.assertWoken(self.plan)
        self.look()
        self.assertEqual(self.plan.state, 'done')

    def test_an_attempt_that_is_paid_late_takes_up_no_second_plan_of_the_same(self):
        attempt = self.plan._attempt()
        self.within_plan(lambda plan: plan.action_cancel_attempt())
        self.assertEqual(self.plan.state, 'cancelled')
        self.order.action_confirm()
        invoice = self.order._create_invoices()
        other = self.create_plan(invoice=invoice, amount=90.0)
        attempt._set_done()
        self.assertEqual((self.plan.state, other.state), ('cancelled', 'pending'))
        self.assertEqual(self.activities(self.plan).summary, "A cancelled instalment was charged")

    def within_plan(self, act):
        with self.own_cursor() as env:
            act(env['email.pay.plan'].browse(self.plan.id))

    def test_nor_is_its_invoice_collected_beside_it(self):
        self.begin(self.plan)
        invoice = self.order._create_invoices()
        with self.assertRaisesRegex(UserError, "order of this invoice"):
            self.create_plan(invoice=invoice)
        invoice.action_post()
        self.assertEqual(self.plan.move_id, invoice)

    def test_an_order_that_cannot_be_confirmed_is_told_and_its_money_is_booked(self):
        def refuse(_orders):
            raise UserError("Customer over the credit limit.")

        with patch.object(self.env.registry['sale.order'], 'action_confirm', refuse):
            attempt = self.begin(self.plan)
        self.assertEqual((self.order.state, self.plan.state), ('draft', 'active'))
        self.assertTrue(attempt.payment_id)
        self.assertFalse(self.events().filtered(lambda event: event.state == 'parked'))
        activity = self.activities(self.plan)
        self.assertIn("was not confirmed", activity.summary)
        self.assertIn("Customer over the credit limit.", activity.note)


@tagged('post_install', '-at_install', 'email_pay_orders')
class TestPlanOrderInParts(OrderLifeCommon, PlanFollowCommon):
    """An order that is invoiced in several parts."""

    def setUp(self):
        super().setUp()
        self.product.invoice_policy = 'delivery'
        self.order.order_line.write({'product_uom_qty': 9.0, 'price_unit': 10.0})
        self.plan_ = self.create_plan_of_order(self.by_hand)
        self.confirm(self.plan_, 1)

    def invoice_delivered(self, quantity):
        self.order.order_line.qty_delivered = quantity
        invoice = self.order._create_invoices()
        invoice.action_post()
        return invoice

    def test_it_goes_on_until_one_has_all_that_is_to_come(self):
        first = self.invoice_delivered(4.0)
        self.assertEqual((first.amount_residual, self.plan_.move_id.id), (10.0, False))
        self.confirm(self.plan_, 2)
        self.assertEqual(first.amount_residual, 0.0)
        second = self.invoice_delivered(9.0)
        self.assertEqual((second.amount_residual, self.plan_.move_id), (30.0, second))
        self.confirm(self.plan_, 3)
        self.assertEqual((second.amount_residual, self.plan_.state), (0.0, 'done'))

    def test_two_at_once_are_settled_in_turn(self):
        first, second = self.invoice_delivered(4.0), self.invoice_delivered(9.0)
        self.look()
        self.assertFalse(self.activities(self.plan_))
        self.confirm(self.plan_, 2, 3)
        self.assertEqual((first.amount_residual, second.amount_residual), (0.0, 0.0))
        self.assertEqual(self.plan_.state, 'done')

    def test_what_was_refused_is_not_given_up_while_a_part_is_to_come(self):
        for line in self.plan_._installments('awaiting'):
            line._deny_by_hand("It did not arrive.", tell=False)
        first = self.invoice_delivered(4.0)
        self.look()
        self.assertEqual((first.amount_residual, self.plan_.move_id.id), (10.0, False))
        self.assertEqual(len(self.plan_._installments('denied')), 2)

    def test_a_part_that_is_paid_in_another_way_is_told(self):
        first = self.invoice_delivered(4.0)
        self.look()
        self.settle_by_hand(first)
        self.assertWoken(self.plan_)
        self.look()
        self.assertIn("not what the plan was made for", self.activities(self.plan_).note)
        self.assertEqual(self.plan_._open_amount(self.env['payment.transaction']), 0)

    def test_an_invoice_of_less_than_the_order_is_told(self):
        self.order.order_line.qty_delivered = 9.0
        invoice = self.order._create_invoices()
        invoice.invoice_line_ids.price_unit = 8.0
        invoice.action_post()
        self.look()
        self.assertEqual(invoice.amount_residual, 42.0)
        self.assertTrue(self.activities(self.plan_).note)
