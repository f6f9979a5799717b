from unittest import SkipTest

from odoo import Command, fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_concurrency import QUIET, ConcurrencyCommon


@tagged('post_install', '-at_install', 'email_pay_orders')
class TestPlanOrderConcurrency(ConcurrencyCommon):
    """Two who pay the same of a sales order at the same instant: one is charged."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if 'sale.order' not in cls.registry:
            raise SkipTest("The app `sale` is not installed.")

    def _create(self, env, company):
        super()._create(env, company)
        env = env(context={'allowed_company_ids': company.ids, 'tracking_disable': True})
        product = env['product.product'].create({
            'name': "Race", 'type': 'service', 'invoice_policy': 'order', 'taxes_id': False,
        })
        order = env['sale.order'].create({
            'partner_id': self.ids['res.partner'], 'company_id': company.id,
            'order_line': [Command.create({
                'product_id': product.id, 'price_unit': 90.0, 'tax_ids': [Command.clear()],
            })],
        })
        method = env['email.pay.method'].create({
            'portal_id': self.ids['email.pay.portal'],
            'provider_id': self.ids['payment.provider'], 'kind': 'recurring',
            'recurring_mode': 'token',
        })
        plan = env['email.pay.plan']._create_for(order, method, 3, fields.Date.today())
        plan._live_link()
        self.ids |= {
            'product.product': product.id, 'sale.order': order.id, 'email.pay.method': method.id,
            'email.pay.plan': plan.id,
        }

    def _delete(self):
        with self._environment() as env:
            tokens = self._forget_charges(env)
            self._record(env, 'email.pay.plan').unlink()
            tokens.unlink()
            self._record(env, 'email.pay.method').unlink()
            order = self._record(env, 'sale.order')
            order._action_cancel()
            order.unlink()
            self._record(env, 'product.product').unlink()
        super()._delete()

    def _pay_together(self, begin):
        """Two begin and pay at once; what each was answered."""
        def pay(env):
            attempt = begin(self._record(env, 'email.pay.plan'))
            env.cr.commit()
            attempt._email_pay_charge_window(self.sandbox.credicorp.token())

        before = self._charged()
        self.sandbox.faults.add('slow', ['sale'], seconds=0.4, times=None)
        outcomes = self._together(pay)
        self.assertEqual(self._charged() - before, 1)
        with self._environment() as env:
            env['payment.transaction']._cron_post_process()
        return outcomes

    def _charged(self):
        return len(self.sandbox.ledger.entries(operation='sale'))

    def assertCollected(self, amount):
        with self._environment() as env:
            order = self._record(env, 'sale.order')
            self.assertEqual((order.state, order.amount_paid), ('sale', amount))
            payments = self._record(env, 'email.pay.plan').transaction_ids.payment_id
            self.assertEqual(sum(payments.mapped('amount')), amount)

    @mute_logger(*QUIET)
    def test_two_who_pay_the_first_and_then_a_refused_instalment(self):
        self._pay_together(lambda plan: plan._attempt())
        self.assertCollected(30.0)
        with self._environment() as env:
            self._record(env, 'email.pay.plan').installment_ids.sorted('number')[1].state = 'denied'

        def begin(plan):
            provider = plan.provider_id
            return plan._live_link()._start_installment(
                plan.installment_ids.sorted('number')[1], provider,
                provider.payment_method_ids[:1])

        [refused] = filter(None, self._pay_together(begin))
        self.assertIsInstance(refused, ValidationError)
        self.assertCollected(60.0)
