import threading
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..gateways.pagolivre import PagoLivre
from .test_concurrency import QUIET, ConcurrencyCommon


@tagged('post_install', '-at_install')
class TestPlanConcurrency(ConcurrencyCommon):
    """Two workers learn of the same charge at the same instant: it is booked once."""

    def setUp(self):
        self.startPatcher(patch.object(
            PagoLivre, 'supports', replace(PagoLivre.supports, min_interval=timedelta(0)),
        ))
        super().setUp()

    def _create(self, env, company):
        super()._create(env, company)
        env = env(context={'allowed_company_ids': company.ids, 'tracking_disable': True})
        self.gateway = self.sandbox.pagolivre
        self.gateway.configure(query_interval=0)
        reais = env.ref('base.BRL')
        self.was_active, reais.active = reais.active, True
        provider = env.ref('email_pay.payment_provider_pagolivre').copy({
            'name': "Race by month", 'company_id': company.id, 'state': 'disabled',
            'pagolivre_token': self.gateway.merchant.token,
            'pagolivre_base_url': f'{self.sandbox.url}/pagolivre/api/v2',
        })
        provider.write({'state': 'test', 'journal_id': self.ids['account.journal']})
        method = env['email.pay.method'].create({
            'portal_id': self.ids['email.pay.portal'], 'provider_id': provider.id,
            'kind': 'recurring', 'recurring_mode': 'integrated',
        })
        partner = self._record(env, 'res.partner')
        partner.write({
            'country_id': env.ref('base.br').id, 'vat': '529.982.247-25',
            'phone': '+55 11 98765-4321',
        })
        draft = env['account.move'].create({
            'move_type': 'out_invoice', 'partner_id': partner.id, 'currency_id': reais.id,
            'invoice_date': '2024-01-01', 'invoice_line_ids': [Command.create({
                'name': "Work", 'price_unit': 100.0, 'tax_ids': [Command.clear()],
            })],
        })
        plan = env['email.pay.plan']._collect(draft, method, 3, fields.Date.today())
        self.made = {
            'plan': plan.id, 'draft': draft.id, 'method': method.id, 'provider': provider.id,
        }
        self.anchor = plan._anchor().id
        self.gateway.pay(next(iter(self.gateway.accounts.orders)))

    def _delete(self):
        with self._environment() as env:
            transactions = env['payment.transaction'].search(
                [('provider_id', '=', self.made['provider'])])
            plan = env['email.pay.plan'].browse(self.made['plan'])
            payments = transactions.payment_id
            payments.action_draft()
            transactions.write({
                'payment_id': False, 'email_pay_installment_id': False, 'email_pay_order_id': False,
            })
            payments.unlink()
            env['mail.mail'].search([
                ('model', '=', 'payment.transaction'), ('res_id', 'in', transactions.ids),
            ]).unlink()
            env['email.pay.event'].search(
                [('provider_id', '=', self.made['provider'])]).unlink()
            plan.unlink()
            transactions.unlink()
            draft = env['account.move'].browse(self.made['draft'])
            if draft.state == 'posted':
                draft.button_draft()
            draft.with_context(force_delete=True).unlink()
            env['email.pay.method'].browse(self.made['method']).unlink()
            provider = env['payment.provider'].browse(self.made['provider'])
            provider.state = 'disabled'
            provider.journal_id = False
            provider.unlink()
            env.ref('base.BRL').active = self.was_active
        super()._delete()

    def _plan(self, env):
        return env['email.pay.plan'].browse(self.made['plan'])

    def assertCollected(self, states, residual):
        with self._environment() as env:
            plan = self._plan(env)
            self.assertEqual(plan.installment_ids.sorted('number').mapped('state'), states)
            self.assertEqual(
                len(plan.transaction_ids.payment_id), states.count('confirmed'))
            self.assertEqual(len(plan.transaction_ids), states.count('confirmed'))
            self.assertAlmostEqual(plan.move_id.amount_residual, residual)

    @mute_logger(*QUIET)
    def test_the_page_and_the_daily_look_take_the_first_charge_once(self):
        def work(env):
            # Odoo runs again whoever comes second.
            if not self.roles.setdefault(threading.get_ident(), len(self.roles)):
                env['payment.transaction'].browse(self.anchor)._email_pay_come_back('')
            else:
                self._plan(env)._sync()
            env.cr.flush()

        self.roles = {}
        self.assertEqual(self._together(work), [None, None])
        self.assertCollected(['confirmed', 'awaiting', 'awaiting'], 66.67)

    @mute_logger(*QUIET)
    def test_three_workers_take_two_months_once(self):
        self.gateway.advance(months=1)

        def work(env):
            self._plan(env)._sync()
            env.cr.flush()

        self.assertEqual(self._together(work, count=3), 3 * [None])
        self.assertCollected(['confirmed', 'confirmed', 'awaiting'], 33.34)

    @mute_logger(*QUIET)
    def test_two_who_cancel_the_rest_stop_it_once(self):
        with self._environment() as env:
            self._plan(env)._sync()

        def work(env):
            plan = self._plan(env)
            plan._lock()
            if plan.state == 'active':
                plan._stop_rest("Stop.")
            env.cr.flush()

        self.assertEqual(self._together(work), [None, None])
        self.assertCollected(['confirmed', 'cancelled', 'cancelled'], 66.67)
        [order] = self.gateway.accounts.orders.values()
        self.assertFalse(order.cancellations, "nothing was paid back")
