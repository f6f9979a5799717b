from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import file_open, mute_logger

from .common import EmailPayHttpCommon
from .plan_common import PlanCommon


@tagged('post_install', '-at_install')
class TestRecurringMethods(PlanCommon):
    """The methods with which documents are collected in instalments."""

    def choices(self):
        action = self.portal.action_add_method()
        return self.env[action['res_model']].search(action['domain'])

    def test_an_app_is_one_payment_and_a_recurring_credit(self):
        self.method.unlink()
        choice = self.choices().filtered(lambda one: one.provider_id == self.pagolivre)
        self.assertEqual((choice.is_offered, choice.free_mode), (True, 'integrated'))
        choice.action_add_recurring()
        method = self.portal._recurring_methods()
        self.assertEqual((method.recurring_mode, method.max_installments), ('integrated', 12))
        self.assertEqual(self.portal._methods().provider_id, self.pagolivre)
        self.assertIn("The gateway charges", method.display_name)
        again = self.choices().filtered(lambda one: one.provider_id == self.pagolivre)
        self.assertEqual(again.free_mode, 'manual')
        again.action_add_recurring()
        self.assertFalse(self.choices().filtered(lambda one: one.provider_id == self.pagolivre))

    def test_the_app_says_in_which_modes_it_can(self):
        self.assertEqual(self.pagolivre._email_pay_recurring_modes(), ['integrated', 'manual'])
        self.assertEqual(self.credicorp._email_pay_recurring_modes(), ['token', 'manual'])
        with self.assertRaisesRegex(ValidationError, "cannot charge in this way"):
            self.method.recurring_mode = 'token'

    def test_a_mode_is_taken_once(self):
        with mute_logger('odoo.sql_db'), self.assertRaises(IntegrityError):
            self.method.copy()

    def test_the_form_proposes_what_the_app_can(self):
        with Form(self.portal._methods()) as form:
            form.kind = 'recurring'
            self.assertEqual(form.recurring_mode, 'integrated')
            form.recurring_mode = 'manual'
        self.assertFalse(self.portal._methods())

    def test_who_only_reads_makes_no_plan(self):
        reader = new_test_user(
            self.env, 'reader-of-plans', 'account.group_account_readonly',
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)],
        )
        invoice = self.create_invoice(100.0).with_user(reader)
        with self.assertRaises(AccessError):
            invoice.action_email_pay_collect_in_installments()
        plan = self.collect().with_user(reader)
        self.assertEqual(plan.state, 'pending')
        for act in (
            plan.action_refresh, plan.action_cancel_attempt, plan.action_cancel_rest,
            plan.action_send_link,
        ):
            with self.assertRaises(AccessError):
                act()

    def test_a_biller_makes_one_and_writes_nothing_else(self):
        biller = new_test_user(
            self.env, 'biller-of-plans', 'account.group_account_invoice',
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)],
        )
        invoice = self.create_invoice(100.0).with_user(biller)
        action = invoice.action_email_pay_collect_in_installments()
        form = Form(self.env[action['res_model']].with_user(biller).with_context(action['context']))
        wizard = form.save()
        with self.own_cursor() as env:
            env['email.pay.collect'].with_user(biller.id).browse(wizard.id).action_collect()
        plan = invoice.email_pay_plan_ids
        self.assertEqual((plan.state, plan.error), ('pending', False))
        for change in (
            lambda: plan.write({'state': 'done'}), plan.unlink,
            lambda: plan.installment_ids.write({'state': 'confirmed'}),
        ):
            with self.assertRaises(AccessError):
                change()
        self.within(plan, lambda plan: plan.with_user(biller.id).action_cancel_attempt())
        self.assertEqual(plan.state, 'cancelled')
        self.assertIn(biller.name, self.notes(plan.sudo()))


@tagged('post_install', '-at_install', 'email_pay_slow')
class TestPlanNeutralize(PlanCommon):
    """A copy charges, asks and mails nothing real."""

    def setUp(self):
        super().setUp()
        self.plan = self.active()
        self.waiting = self.collect(self.create_invoice(50.0))
        self.gateway.refuse(self.order(self.plan).id)
        self.month(self.plan)
        self.gateway.advance()
        self.plan.sudo().sync_at = fields.Datetime.now()
        self.env.flush_all()
        with file_open('email_pay/data/neutralize.sql') as file:
            self.cr.execute(file.read())
        self.env.invalidate_all()
        self.gateway.merchant.asked_at = None

    def test_nothing_is_asked_and_nothing_changes(self):
        before = self.states(self.plan)
        with self.own_cursor() as env:
            env['email.pay.plan']._cron_sync()
            env['payment.transaction']._email_pay_cron_ask()
        self.within(self.plan, lambda plan: plan.action_refresh())
        self.assertEqual(self.states(self.plan), before)
        self.assertIsNone(self.gateway.merchant.asked_at)

    def test_no_order_is_opened(self):
        count = len(self.orders)
        self.within(self.waiting, lambda plan: plan.action_refresh())
        with self.assertRaises(UserError):
            self.collect(self.create_invoice(10.0))
        self.assertEqual(len(self.orders), count)

    def test_nobody_is_told(self):
        self.tell_denied()
        self.assertFalse(self.outbox('mail_template_denied'))
        with self.own_cursor() as env:
            env['email.pay.link']._cron_send()
        self.assertFalse(self.outbox('mail_template_plan'))
        self.assertEqual(self.plan.link_id.state, 'revoked')
        self.assertNotIn('queued', self.waiting.link_id._sending_states())

    def test_nothing_is_stopped_at_the_gateway(self):
        with self.assertRaises(UserError):
            self.within(self.plan, lambda plan: plan.action_cancel_rest())
        self.assertEqual(self.order(self.plan).status, 'paid')
        self.assertIsNone(self.gateway.merchant.asked_at)


@tagged('post_install', '-at_install', 'email_pay_pages')
class TestPlanOnOrdinaryPages(PlanCommon, EmailPayHttpCommon):
    """A customer cannot pay in another way what a plan will charge."""

    def test_the_payment_page_says_what_is_being_collected(self):
        plan = self.active()
        page = self.open_link(self.create_link(plan.move_id)).text
        self.assertIn("66.67", page)
        self.assertIn("is collected in instalments", page)
        self.assertNotIn('ep-button-pay"', page)

    def test_only_single_methods_are_on_the_payment_page(self):
        self.offer(self.credicorp)
        self.portal.method_ids = [Command.create({
            'provider_id': self.pagolivre.id, 'kind': 'recurring', 'recurring_mode': 'integrated',
        })]
        page = self.open_link(self.create_link(self.create_invoice(100.0))).text
        self.assertNotIn(f'"{self.pagolivre.id}-', page)
