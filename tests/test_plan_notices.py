from urllib.parse import quote

from odoo.tests import tagged

from .common import EmailPayHttpCommon
from .plan_common import PlanCommon


@tagged('post_install', '-at_install')
class TestPlanNotices(PlanCommon, EmailPayHttpCommon):
    """What PagoLivre notifies is a hint, each month again."""

    def tell(self, plan, event='charge'):
        self.env.flush_all()
        response = self.url_open(
            f'{self.webhook_path(self.pagolivre)}?accessToken='
            f'{quote(self.gateway.merchant.token, safe="")}',
            method='POST', data=self.gateway.notification(self.order(plan).id, event),
            headers={'Content-Type': 'application/json'},
        )
        self.env.invalidate_all()
        self.assertEqual(response.status_code, 200)
        self.process_events()

    def test_each_month_is_booked_when_it_is_told(self):
        plan = self.collect()
        self.pay_first(plan, come_back=False)
        self.tell(plan, 'paid')
        self.assertEqual((plan.state, self.states(plan)[0]), ('active', 'confirmed'))
        for month in (2, 3):
            self.gateway.advance()
            self.tell(plan)
            self.assertEqual(self.states(plan)[:month], month * ['confirmed'])
        self.assertEqual((plan.state, plan.move_id.amount_residual), ('done', 0))
        self.assertEqual(self.events(self.pagolivre).mapped('state'), 2 * ['done'])

    def test_what_is_told_twice_or_out_of_order_changes_nothing(self):
        plan = self.active()
        self.gateway.advance()
        for event in ('charge', 'paid', 'charge', 'declined', 'created', 'paid', 'canceled'):
            self.tell(plan, event)
        self.assertEqual(self.states(plan), ['confirmed', 'confirmed', 'awaiting'])
        self.assertEqual(len(plan.transaction_ids.payment_id), 2)
        self.assertAlmostEqual(plan.move_id.amount_residual, 33.34)
        self.assertFalse(self.events(self.pagolivre).filtered(lambda one: one.state == 'parked'))
