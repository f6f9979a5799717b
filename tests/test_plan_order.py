from unittest import SkipTest

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.registry import Registry
from odoo.tests import get_db_name, tagged

from .charging_common import ChargingCommon
from .plan_follow_common import PlanFollowCommon


class SalesCommon:
    """Sales orders of 90. `scripts/test install` runs these tests beside the app `sale`."""

    @classmethod
    def setUpClass(cls):
        if 'sale.order' not in Registry(get_db_name()):
            raise SkipTest("The app `sale` is not installed.")
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref('sales_team.group_sale_manager')
        cls.product = cls.env['product.product'].create({
            'name': "Work", 'type': 'service', 'invoice_policy': 'order', 'taxes_id': False,
        })

    @classmethod
    def create_order(cls, **values):
        return cls.env['sale.order'].create({
            'partner_id': cls.customer.id, 'company_id': cls.company.id,
            'order_line': [Command.create({
                'product_id': cls.product.id, 'price_unit': 90.0, 'tax_ids': [Command.clear()],
            })], **values,
        })


class OrderCommon(SalesCommon):
    """One of them."""

    def setUp(self):
        super().setUp()
        self.order = self.create_order()


@tagged('post_install', '-at_install', 'email_pay_orders')
class TestPlanOrder(OrderCommon, PlanFollowCommon):
    """A sales order that is collected in instalments."""

    def run_action(self, user=None):
        """Press the action of the order's form."""
        action = self.env.ref('email_pay.action_collect_order').with_user(user or self.env.user)
        return action.with_context(active_model='sale.order', active_id=self.order.id).run()

    def collect(self):
        """The plan that the dialog of the action makes, of three months."""
        context = self.run_action()['context']
        dialog = self.env['email.pay.collect'].with_context(context).create({
            'method_id': self.by_hand.id, 'count': 3,
        })
        self.assertEqual((dialog.partner_id, dialog.amount), (self.customer, 90.0))
        return self.env['email.pay.plan']._create_for(
            dialog._document(), dialog.method_id, dialog.count, dialog.first_date)

    def confirm(self, plan, *numbers):
        for number in numbers:
            plan._installments('awaiting').filtered(
                lambda line, number=number: line.number == number
            )._confirm_by_hand(fields.Date.today(), '')

    # --- making one -------------------------------------------------------------------------------

    def test_the_action_opens_the_dialog_and_then_the_plan(self):
        self.assertEqual(self.run_action()['res_model'], 'email.pay.collect')
        plan = self.collect()
        self.assertEqual((plan.document, plan.amount), (self.order.name, 90.0))
        self.assertEqual(
            {key: self.run_action()[key] for key in ('res_model', 'res_id')},
            {'res_model': 'email.pay.plan', 'res_id': plan.id})
        self.assertEqual(
            plan.search([('document', 'ilike', self.order.name)]), plan)
        self.assertEqual(plan.action_open_document()['res_id'], self.order.id)

    def test_only_who_keeps_the_books_collects(self):
        seller = self.new_user('seller', 'sales_team.group_sale_salesman_all_leads')
        with self.assertRaises(AccessError):
            self.env['email.pay.plan'].with_user(seller)._collect_order(
                self.order.with_user(seller))

    def test_what_is_invoiced_is_collected_of_its_invoice(self):
        self.order.action_confirm()
        self.order._create_invoices()
        with self.assertRaisesRegex(UserError, "on its invoice"):
            self.run_action()

    # --- collecting it ----------------------------------------------------------------------------

    def test_the_first_charge_confirms_the_order_and_is_a_credit(self):
        plan = self.collect()
        self.confirm(plan, 1)
        self.assertEqual((self.order.state, plan.state), ('sale', 'active'))
        self.assertEqual(self.order.amount_paid, 30.0)
        payment = plan.installment_ids.payment_id
        self.assertFalse(payment.reconciled_invoice_ids)
        receivable = payment.move_id.line_ids.filtered(
            lambda line: line.account_type == 'asset_receivable')
        self.assertEqual(receivable.amount_residual, -30.0)
        self.assertFalse(self.activities(payment) | self.activities(plan))
        self.assertFalse(self.order.invoice_ids, "nobody asked for a down payment")

    def test_its_invoice_takes_what_was_collected_and_the_rest_settles_it(self):
        plan = self.collect()
        self.confirm(plan, 1, 2)
        invoice = self.order._create_invoices()
        invoice.action_post()
        self.assertEqual((plan.move_id, invoice.amount_residual), (invoice, 30.0))
        self.confirm(plan, 3)
        self.assertEqual((invoice.amount_residual, plan.state), (0.0, 'done'))
        self.assertEqual(self.order.amount_paid, 90.0)
        self.assertEqual(plan.installment_ids.payment_id.reconciled_invoice_ids, invoice)

    def test_a_changed_order_is_not_confirmed(self):
        plan = self.collect()
        self.order.order_line.price_unit = 100.0
        self.confirm(plan, 1)
        self.assertEqual(self.order.state, 'draft')
        self.assertTrue(plan.installment_ids.payment_id)
        self.assertIn("was not confirmed", self.activities(plan)[:1].summary)

    def test_nobody_pays_it_a_second_time_on_its_own_page(self):
        self.collect()
        with self.assertRaisesRegex(ValidationError, "collected in instalments"):
            self.env['payment.transaction'].create({
                'provider_id': self.credicorp.id, 'payment_method_id': self.card.id,
                'reference': 'S-1', 'amount': 90.0, 'currency_id': self.company_currency.id,
                'partner_id': self.customer.id, 'operation': 'online_direct',
                'sale_order_ids': [Command.set(self.order.ids)],
            })


@tagged('post_install', '-at_install', 'email_pay_orders')
class TestPlanOrderCharges(OrderCommon, ChargingCommon):
    """A sales order for which a saved card is charged: only as long as it stays."""

    def setUp(self):
        super().setUp()
        self.plan = self.env['email.pay.plan']._create_for(
            self.order, self.method, 3, fields.Date.today())

    def begin_and_fall_due(self):
        self.begin(self.plan)
        self.assertEqual((self.order.state, self.order.amount_paid), ('sale', 30.0))
        self.fall_due(self.plan, 2)

    def assertNothingMore(self, *states):
        """Nothing is charged, and the plan was looked at."""
        self.run_job()
        self.assertEqual(self.taken(self.plan), 1)
        self.look()
        self.assertEqual(tuple(self.plan._installments(*states).mapped('number')), (2, 3))

    def test_it_is_charged_month_by_month(self):
        self.begin_and_fall_due()
        self.run_job()
        self.assertEqual((self.taken(self.plan), self.order.amount_paid), (2, 60.0))

    def test_a_cancelled_order_is_charged_no_more(self):
        self.begin_and_fall_due()
        self.order._action_cancel()
        self.assertNothingMore('cancelled')
        self.assertEqual(self.plan.state, 'done')

    def test_a_deleted_order_is_charged_no_more(self):
        self.begin_and_fall_due()
        self.order._action_cancel()
        self.order.unlink()
        self.assertNothingMore('cancelled')

    def test_a_smaller_order_waits_for_a_person(self):
        self.begin_and_fall_due()
        self.order.order_line.price_unit = 80.0
        self.assertNothingMore('awaiting')
        self.assertIn("Cancel the rest", self.activities(self.plan).note)

    def test_the_first_charge_of_a_cancelled_order_is_refused(self):
        attempt = self.plan._attempt()
        self.order._action_cancel()
        with self.assertRaisesRegex(ValidationError, "Nothing was charged"):
            self.charge(attempt)
        self.assertEqual(self.taken(self.plan), 0)
