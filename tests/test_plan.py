from datetime import date

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.plan_values import due_dates, shares
from .common import CHECKOUT
from .plan_common import PlanCommon


@tagged('post_install', '-at_install')
class TestPlanMaking(PlanCommon):
    """From the invoice to the order at PagoLivre and the link at the customer."""

    def test_amounts_add_up_to_the_cent(self):
        reais = self.env.ref('base.BRL')
        for amount, count in ((100.0, 3), (0.05, 5), (99.99, 12), (1234.56, 7), (10.0, 6)):
            parts = shares(amount, count, reais)
            self.assertEqual(len(parts), count)
            self.assertAlmostEqual(sum(parts), amount)
            self.assertEqual(len(set(parts[:-1])), 1)
            self.assertGreaterEqual(parts[-1], parts[0])

    def test_the_last_day_of_a_month_stays_the_last(self):
        self.assertEqual(
            due_dates(date(2027, 1, 31), 4),
            [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)],
        )

    def wizard(self, invoice):
        action = invoice.action_email_pay_collect_in_installments()
        return Form(self.env[action['res_model']].with_context(action['context']))

    def test_the_wizard_shows_what_will_be_charged(self):
        form = self.wizard(self.create_invoice(100.0, post=False))
        self.assertEqual((form.method_id, form.count, form.amount), (self.method, 12, 100.0))
        form.count = 3
        self.assertEqual(str(form.preview).count('33.33'), 2)
        self.assertEqual(str(form.preview).count('33.34'), 1)
        self.assertFalse(form.warning)

    def test_the_wizard_makes_a_plan_and_opens_the_order(self):
        invoice = self.create_invoice(100.0)
        form = self.wizard(invoice)
        form.count = 4
        wizard = form.save()
        with self.own_cursor() as env:
            env['email.pay.collect'].browse(wizard.id).action_collect()
        plan = invoice.email_pay_plan_ids
        self.assertEqual((plan.state, plan.count, plan.amount), ('pending', 4, 100.0))
        self.assertEqual(self.orders[0].installments, 4)
        self.assertEqual(float(self.orders[0].amount), 100.0)

    def test_limits_of_the_method(self):
        self.method.write({'min_installments': 3, 'max_installments': 6})
        for count in (2, 7):
            with self.assertRaisesRegex(UserError, "between 3 and 6"):
                self.collect(count=count)
        with self.assertRaisesRegex(ValidationError, "at most 12"):
            self.method.max_installments = 13
        self.assertFalse(self.orders)

    def test_an_amount_too_small_is_refused(self):
        with self.assertRaisesRegex(UserError, "too small"):
            self.collect(self.create_invoice(0.05), count=6)

    def test_one_plan_of_a_document(self):
        plan = self.collect()
        with self.assertRaisesRegex(UserError, "already"):
            self.collect(plan.move_id)
        self.assertFalse(plan.move_id.email_pay_can_collect)

    def test_what_pagolivre_needs_is_said_before_it_is_asked(self):
        for values, words in (({'vat': False}, "CPF or CNPJ"), ({'phone': False}, "phone")):
            known = {name: self.customer[name] for name in values}
            self.customer.write(values)
            with self.subTest(values), self.assertRaisesRegex(UserError, words):
                self.collect()
            self.assertIn("PagoLivre", self.wizard(self.create_invoice(10.0)).warning)
            self.customer.write(known)
        self.assertFalse(self.orders)
        self.assertFalse(self.env['email.pay.plan'].search([('company_id', '=', self.company.id)]))

    def test_an_error_of_the_gateway_is_kept_and_refresh_tries_again(self):
        self.gateway.configure(recurring=False)
        invoice = self.create_invoice(100.0, post=False)
        with self.assertLogs(CHECKOUT, 'WARNING'):
            plan = self.collect(invoice)
        self.assertIn("A opção de recebimento selecionada não existe", plan.error)
        self.assertEqual((plan.state, invoice.state), ('pending', 'draft'))
        self.assertEqual(plan.link_id._sending_states(), {'none'})
        self.gateway.configure(recurring=True)
        self.within(plan, lambda plan: plan.action_refresh())
        self.assertFalse(plan.error)
        self.assertEqual(len(self.orders), 1)
        self.assertEqual(plan.link_id.mail_state, 'queued')

    def test_an_order_whose_answer_was_lost_is_not_opened_twice(self):
        self.sandbox.faults.add('cut', ['order'], charged=True)
        with self.assertLogs(CHECKOUT, 'WARNING'):
            plan = self.collect()
        self.assertTrue(plan.error)
        self.within(plan, lambda plan: plan.action_refresh())
        self.assertFalse(plan.error)
        self.assertEqual(len(self.orders), 1)

    def make_unsent(self):
        """A plan that was made by somebody who was stopped before the order was sent."""
        invoice = self.create_invoice(100.0)
        with self.own_cursor() as env:
            plan = env['email.pay.plan']._make(
                env['account.move'].browse(invoice.id),
                env['email.pay.method'].browse(self.method.id), 3, fields.Date.today(),
            )
        return self.env['email.pay.plan'].browse(plan.id)

    def ask_often(self, plan, times=3):
        for _time in range(times):
            plan._anchor().email_pay_ask_at = fields.Datetime.now()
            with self.own_cursor() as env:
                env['payment.transaction']._email_pay_cron_ask()

    def test_an_order_that_was_never_sent_is_sent_by_the_job_that_asks_for_it(self):
        plan = self.make_unsent()
        self.ask_often(plan, 2)
        self.assertFalse(self.orders)
        self.ask_often(plan, 1)
        self.assertEqual(len(self.orders), 1)
        self.assertTrue(plan._anchor()._email_pay_checkout_lives())
        self.assertEqual(plan.link_id.mail_state, 'queued')
        self.pay_first(plan, come_back=False)
        self.ask_often(plan)
        self.assertEqual(len(self.orders), 1)
        self.assertEqual(self.states(plan), ['confirmed', 'awaiting', 'awaiting'])

    def test_an_order_that_cannot_be_sent_is_left_to_a_person_who_is_told_why(self):
        plan = self.make_unsent()
        self.gateway.configure(recurring=False)
        with self.assertLogs(CHECKOUT, 'WARNING') as logs:
            self.ask_often(plan)
        self.assertIn("did not take the order", plan.error)
        self.assertFalse(plan._anchor().email_pay_ask_at)
        self.sync(plan)
        self.assertEqual(len(logs.output), 1)
        self.gateway.configure(recurring=True)
        self.within(plan, lambda plan: plan.action_refresh())
        self.assertFalse(plan.error)
        self.assertEqual(len(self.orders), 1)

    def test_the_link_goes_out_by_mail_and_text_message(self):
        plan = self.collect()
        link = plan.link_id
        self.assertEqual((link.mail_state, link.sms_state), ('queued', 'queued'))
        with self.own_cursor() as env:
            env['email.pay.link']._cron_send()
        [mail] = self.outbox('mail_template_plan', self.customer.email)
        self.assertIn(link._url(), mail.body_html)
        [text] = self.env['sms.sms'].sudo().search([('number', '=', '+5511987654321')])
        self.assertIn(link._url(), text.body)
        self.assertIn("3 instalments", text.body)
        self.assertNotIn(link._token(), self.notes(plan))
        self.assertEqual((link.mail_state, link.sms_state), ('sent', 'sent'))

    def test_the_gateway_sends_the_text_message_where_the_app_says_so(self):
        self.pagolivre.email_pay_texts_link = True
        plan = self.collect()
        link = plan.link_id
        self.assertEqual((link.mail_state, link.sms_state), ('queued', 'none'))
        self.later(32)
        self.janitor()
        self.assertIn("Refresh", plan.error, "what it texted leads nowhere any more")

    def test_the_link_is_shared_as_any_other_and_lasts_as_the_plan(self):
        plan = self.collect(count=12)
        action = plan.action_send_link()
        dialog = self.env['email.pay.share'].browse(action['res_id'])
        self.assertEqual(dialog.email, self.customer.email)
        self.assertIn(plan.link_id._url(), dialog.text)
        lasts = (plan.link_id.expires_at - fields.Datetime.now()).days
        self.assertGreater(lasts, 330)
        self.assertNotIn(plan.link_id, plan.move_id.email_pay_link_ids)

    def test_the_plan_is_seen_by_its_company_only(self):
        plan = self.collect()
        other = self.env['res.company'].create({'name': "Second"})
        stranger = self.env['res.users'].create({
            'name': "Stranger", 'login': 'stranger-of-plans', 'company_id': other.id,
            'company_ids': other.ids,
            'group_ids': self.env.ref('account.group_account_manager').ids,
        })
        for records in (plan, plan.installment_ids):
            self.assertFalse(records.with_user(stranger).search([('id', 'in', records.ids)]))
        with mute_logger('odoo.addons.base.models.ir_rule'), self.assertRaises(UserError):
            plan.with_user(stranger).action_cancel_attempt()

    def test_only_one_payment_is_offered_on_ordinary_pages(self):
        self.portal.method_ids.filtered(lambda line: line.kind == 'single').unlink()
        self.assertTrue(self.portal._recurring_methods())
        self.assertFalse(self.portal._methods())
        self.assertFalse(
            self.create_link(self.create_invoice(10.0))._offer(10.0))


@tagged('post_install', '-at_install')
class TestPlanAttempt(PlanCommon):
    """Until the first charge."""

    def test_the_first_charge_posts_the_draft_and_is_booked(self):
        invoice = self.create_invoice(100.0, post=False)
        plan = self.active(invoice)
        self.assertEqual((plan.state, invoice.state), ('active', 'posted'))
        self.assertEqual(self.states(plan), ['confirmed', 'awaiting', 'awaiting'])
        self.assertAlmostEqual(invoice.amount_residual, 66.67)
        first = self.lines(plan)[0]
        self.assertEqual(first.payment_id.amount, 33.33)
        self.assertEqual(first.payment_id.journal_id, self.collections)
        self.assertTrue(first.confirmed_at)
        self.assertEqual(first.transaction_id.reference, plan.reference)
        self.assertEqual(len(self.receipts(self.customer.email)), 1)
        self.assertEqual(self.charges(first.transaction_id), 1)

    def test_a_draft_that_changed_is_not_posted(self):
        invoice = self.create_invoice(100.0, post=False)
        plan = self.collect(invoice)
        invoice.invoice_line_ids.price_unit = 120.0
        self.pay_first(plan)
        self.assertEqual((plan.state, invoice.state), ('active', 'draft'))
        payment = self.lines(plan)[0].payment_id
        self.assertEqual((payment.amount, payment.move_id.state), (33.33, 'posted'))
        self.assertFalse(payment.reconciled_invoice_ids)
        self.assertTrue(self.activities(payment))
        self.assertTrue(self.activities(plan))
        self.assertIn("not posted", self.notes(invoice))

    def test_a_draft_of_another_customer_is_not_posted(self):
        invoice = self.create_invoice(100.0, post=False)
        plan = self.collect(invoice)
        invoice.partner_id = self.env['res.partner'].create({'name': "Somebody"})
        self.pay_first(plan)
        self.assertEqual(invoice.state, 'draft')
        self.assertEqual(self.lines(plan)[0].payment_id.partner_id, self.customer)

    def test_a_draft_that_cannot_be_posted_keeps_the_money(self):
        invoice = self.create_invoice(100.0, post=False)
        plan = self.collect(invoice)
        invoice.partner_bank_id = self.env['res.partner.bank'].create({
            'acc_number': 'BR97', 'partner_id': self.company.partner_id.id,
        })
        invoice.partner_bank_id.active = False
        self.pay_first(plan)
        self.assertEqual(invoice.state, 'draft')
        self.assertIn("archived", self.notes(plan))
        self.assertEqual(self.lines(plan)[0].payment_id.amount, 33.33)
        self.assertTrue(self.activities(plan))

    def test_a_refused_card_leaves_the_attempt_to_be_made_again(self):
        plan = self.collect()
        self.pay_first(plan, number='4000000000009995')
        self.assertEqual((plan.state, self.states(plan)), ('pending', 3 * ['awaiting']))
        self.assertIn("declined the card", plan.error)
        self.within(plan, lambda plan: plan.action_refresh())
        self.assertEqual(plan._anchor().reference, f'{plan.reference}-R1')
        self.assertFalse(plan.error)
        self.pay_first(plan)
        self.assertEqual(plan.state, 'active')
        self.assertEqual(len(self.orders), 2)

    def test_a_page_that_ended_is_followed_by_another(self):
        plan = self.collect()
        first = plan._anchor()
        self.later(32)
        again = self.within(plan, lambda plan: plan._attempt().id)
        self.assertEqual((first.state, plan.error), ('cancel', False))
        self.assertNotEqual(again, first.id)
        self.open_checkout(plan._anchor())
        self.pay_first(plan)
        self.assertEqual(plan.state, 'active')

    def test_while_a_page_lives_it_is_the_attempt(self):
        plan = self.collect()
        first = plan._anchor()
        self.assertEqual(self.within(plan, lambda plan: plan._attempt().id), first.id)

    def test_an_attempt_that_is_cancelled_cannot_be_paid(self):
        invoice = self.create_invoice(100.0, post=False)
        plan = self.collect(invoice)
        self.within(plan, lambda plan: plan.action_cancel_attempt())
        self.assertEqual((plan.state, invoice.state), ('cancelled', 'draft'))
        self.assertEqual(self.states(plan), 3 * ['cancelled'])
        self.assertEqual(self.order(plan).status, 'canceled')
        self.assertEqual(plan.link_id.state, 'revoked')
        self.assertIn("was cancelled by", self.notes(invoice))
        self.assertEqual(self.active(invoice).state, 'active')

    def test_what_was_paid_before_it_was_cancelled_wins(self):
        plan = self.collect()
        self.pay_first(plan, come_back=False)
        self.within(plan, lambda plan: plan.action_cancel_attempt())
        self.assertEqual((plan.state, self.states(plan)[0]), ('active', 'confirmed'))
        with self.assertRaisesRegex(UserError, "Cancel the rest"):
            self.within(plan, lambda plan: plan.action_cancel_attempt())

    def test_a_page_that_could_not_be_closed_and_is_paid_takes_the_plan_up_again(self):
        plan = self.collect()
        self.sandbox.faults.add('cut', ['refund'])
        with self.assertLogs(CHECKOUT, 'WARNING'):
            self.within(plan, lambda plan: plan.action_cancel_attempt())
        self.assertEqual(plan.state, 'cancelled')
        self.pay_first(plan, come_back=False)
        self.later(32)
        self.janitor()
        self.assertEqual((plan.state, self.states(plan)[0]), ('active', 'confirmed'))
        self.assertEqual(self.states(plan)[1:], ['awaiting', 'awaiting'])
        self.assertTrue(self.activities(plan))
        self.assertAlmostEqual(plan.move_id.amount_residual, 66.67)

    def test_the_dates_are_those_of_the_gateway(self):
        plan = self.collect()
        self.gateway.advance(months=0, minutes=20)
        self.pay_first(plan)
        dues = [charge.due.date() for charge in self.order(plan).charges]
        self.assertEqual(self.lines(plan).mapped('due_date'), dues)

    def test_everything_lost_is_found_by_asking(self):
        plan = self.collect()
        self.pay_first(plan, come_back=False)
        self.later(1)
        self.janitor()
        self.assertEqual((plan.state, self.states(plan)[0]), ('active', 'confirmed'))

    def test_an_order_that_is_paid_and_tells_no_charges_waits_for_a_person(self):
        plan = self.collect()
        self.gateway.pay(self.order(plan).id)
        self.pagolivre.pagolivre_words = "charges = parcelas"
        self.come_back(plan._anchor())
        self.assertEqual((plan.state, plan._anchor().state), ('pending', 'pending'))
        [event] = self.events(self.pagolivre)
        self.assertEqual(event.state, 'parked')
        self.assertIn("no monthly charges", event.error)
        self.pagolivre.pagolivre_words = False
        with self.own_cursor() as env:
            env['email.pay.event'].browse(event.id).action_replay()
        self.assertEqual((plan.state, self.states(plan)[0]), ('active', 'confirmed'))
