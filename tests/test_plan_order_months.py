from odoo import fields
from odoo.tests import tagged

from .charging_common import ChargingCommon
from .common import NO_FUNDS_CARD
from .plan_common import PlanCommon
from .test_plan_order import OrderCommon, SalesCommon


@tagged('post_install', '-at_install', 'email_pay_orders')
class TestPlanOrderByCard(OrderCommon, ChargingCommon):
    """A sales order for which a saved card is charged, from the first month to the last."""

    def setUp(self):
        super().setUp()
        self.plan = self.env['email.pay.plan']._create_for(
            self.order, self.method, 3, fields.Date.today())
        self.begin(self.plan)

    def charge_month(self, number):
        self.fall_due(self.plan, number)
        self.run_job()

    def assertCollected(self):
        self.assertEqual((self.plan.state, self.taken(self.plan)), ('done', 3))
        self.assertEqual(self.order.amount_paid, 90.0)
        self.assertEqual(self.plan.installment_ids.payment_id.mapped('amount'), [30.0] * 3)
        self.assertFalse(self.activities(self.plan))
        self.assertFalse(self.activities(self.plan.installment_ids.payment_id))
        self.assertEqual(len(self.receipts(self.customer.email)), 3)

    def test_it_is_invoiced_when_all_is_collected(self):
        self.charge_month(2)
        self.charge_month(3)
        self.assertCollected()
        invoice = self.order._create_invoices()
        invoice.action_post()
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(self.plan.installment_ids.payment_id.reconciled_invoice_ids, invoice)

    def test_it_is_invoiced_in_between(self):
        self.charge_month(2)
        invoice = self.order._create_invoices()
        invoice.action_post()
        self.assertEqual((self.plan.move_id, invoice.amount_residual), (invoice, 30.0))
        self.charge_month(3)
        self.assertCollected()
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_a_refused_month_is_paid_with_the_link(self):
        card = self.plan.token_id
        self.plan.token_id = self.saved_card(NO_FUNDS_CARD)
        self.charge_month(2)
        self.assertEqual((self.line(self.plan, 2).state, self.taken(self.plan)), ('denied', 1))
        self.pay_denied(self.plan)
        self.assertNotEqual(self.plan.token_id, card)
        self.charge_month(3)
        self.assertCollected()


@tagged('post_install', '-at_install', 'email_pay_orders')
class TestPlanOrderByPagoLivre(SalesCommon, PlanCommon):
    """A sales order that PagoLivre charges month by month, from the link to the last month."""

    def setUp(self):
        super().setUp()
        self.sold = self.create_order(pricelist_id=False)  # in the company's currency: reais
        self.plan = self.collect_order()

    def collect_order(self):
        """What *Collect* does for the order."""
        with self.own_cursor() as env:
            plan = env['email.pay.plan']._collect(
                env['sale.order'].browse(self.sold.id),
                env['email.pay.method'].browse(self.method.id), 3, fields.Date.today())
        return self.env['email.pay.plan'].browse(plan.id)

    def assertCollected(self):
        self.assertEqual((self.plan.state, self.sold.amount_paid), ('done', 90.0))
        payments = self.plan.installment_ids.payment_id
        self.assertEqual(payments.mapped('amount'), [30.0] * 3)
        self.assertFalse(self.activities(payments) | self.activities(self.plan))
        self.assertFalse(self.events(self.pagolivre))
        self.assertEqual(len(self.receipts(self.customer.email)), 3)

    def test_it_is_invoiced_when_all_is_collected(self):
        order = self.order(self.plan)
        self.assertEqual((float(order.amount), order.installments), (90.0, 3))
        self.assertEqual(self.sold.state, 'draft')
        self.pay_first(self.plan)
        self.assertEqual((self.sold.state, self.sold.amount_paid), ('sale', 30.0))
        self.month(self.plan)
        self.assertEqual(self.states(self.plan), ['confirmed', 'confirmed', 'awaiting'])
        self.month(self.plan)
        self.assertCollected()
        invoice = self.sold._create_invoices()
        invoice.action_post()
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_it_is_invoiced_in_between(self):
        self.pay_first(self.plan)
        invoice = self.sold._create_invoices()
        invoice.action_post()
        self.assertEqual((self.plan.move_id, invoice.amount_residual), (invoice, 60.0))
        self.month(self.plan, months=2)
        self.assertCollected()
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_the_rest_of_a_cancelled_order_is_stopped_at_the_gateway(self):
        self.pay_first(self.plan)
        self.sold._action_cancel()
        self.sync(self.plan)
        self.assertEqual((self.plan.state, self.states(self.plan)[1:]),
                         ('done', ['cancelled', 'cancelled']))
        self.month(self.plan, months=2)
        self.assertEqual(self.balance(self.plan._anchor()), 30.0)
