from ast import literal_eval

from lxml import etree

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import tagged

from .plan_follow_common import PlanFollowCommon


@tagged('post_install', '-at_install')
class TestPlanFollow(PlanFollowCommon):
    """What accountants see of what is collected in instalments."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.billing = cls.new_user('billing', 'account.group_account_invoice')
        cls.reader = cls.new_user('reader', 'account.group_account_readonly')
        cls.seller = cls.new_user('seller', 'base.group_user')

    def filtered(self, view, name, model='account.move', **context):
        """What a filter of a search view finds among what the tests made."""
        arch = etree.fromstring(self.env.ref(view).get_combined_arch())
        [node] = arch.xpath(f'//filter[@name="{name}"]')
        return self.env[model].with_context(**context).search(
            Domain(literal_eval(node.get('domain'))) & Domain('partner_id', '=', self.customer.id))

    # --- on the invoice ---------------------------------------------------------------------------

    def test_pending_payments_are_found(self):
        pending = self.plan('awaiting', 'awaiting', plan_state='pending')
        self.plan('confirmed', 'awaiting')
        self.plan('cancelled', 'cancelled', plan_state='cancelled')
        view = 'account.view_account_invoice_filter'
        self.assertEqual(self.filtered(view, 'email_pay_plan_pending'), pending.move_id)

    def test_payments_with_error_are_found(self):
        refused = self.plan('awaiting', 'awaiting', plan_state='pending')
        refused.error = "The customer has no CPF."
        denied = self.plan('confirmed', 'denied')
        self.plan('confirmed', 'awaiting')
        gone = self.plan('denied', 'cancelled', plan_state='cancelled')
        gone.error = "It expired."
        found = self.filtered('account.view_account_invoice_filter', 'email_pay_plan_error')
        self.assertEqual(found, refused.move_id | denied.move_id)

    def test_the_error_is_told_in_plain_words(self):
        plan = self.plan('confirmed', 'denied', 'awaiting')
        self.assertEqual(
            plan.move_id.email_pay_plan_error,
            "Instalment 2/3 was not collected: The bank declined the card.")
        plan.error = "PagoLivre does not answer."
        self.assertEqual(plan.move_id.email_pay_plan_error, "PagoLivre does not answer.")
        plan.state = 'cancelled'
        self.assertFalse(plan.move_id.email_pay_plan_error)

    def test_the_invoice_tells_of_the_plan_in_progress(self):
        plan = self.plan('cancelled', 'cancelled', plan_state='cancelled')
        invoice = plan.move_id
        self.assertEqual(invoice.email_pay_plan_state, 'cancelled')
        self.plan('confirmed', 'awaiting', 'awaiting', invoice=invoice)
        self.assertEqual(
            (invoice.email_pay_plan_state, invoice.email_pay_plan_progress), ('active', '1/3'))
        self.assertIn("in 3 instalments with Monthly", invoice.email_pay_plan_summary)

    def test_the_form_shows_to_each_what_is_theirs(self):
        plan = self.plan('awaiting', 'awaiting', plan_state='pending')
        buttons = {
            'action_email_pay_copy_plan_link', 'action_email_pay_send_plan_link',
            'action_email_pay_refresh_plan', 'action_email_pay_cancel_plan_attempt',
        }
        for user, expected in ((self.billing, buttons), (self.reader, set())):
            invoice = plan.move_id.with_user(user)
            arch = etree.fromstring(invoice.get_view(
                self.env.ref('account.view_move_form').id, 'form')['arch'])
            self.assertEqual(buttons & set(arch.xpath('//button/@name')), expected)
            shown = [name for name in arch.xpath('//field/@name')
                     if name.startswith('email_pay_plan')]
            self.assertIn('email_pay_plan_summary', shown)
            self.assertTrue(invoice.web_read({name: {} for name in shown}))

    # --- the report -------------------------------------------------------------------------------

    def test_the_report_adds_up_by_status_and_month(self):
        self.plan('confirmed', 'denied', 'awaiting')
        self.plan('confirmed', 'confirmed')
        groups = self.env['email.pay.installment'].with_user(self.billing).formatted_read_group(
            [('partner_id', '=', self.customer.id)], ['due_date:month', 'state'], ['amount:sum'])
        totals = {(group['due_date:month'][0], group['state']): group['amount:sum']
                  for group in groups}
        self.assertEqual(totals, {
            ('2026-01-01', 'confirmed'): 60.0, ('2026-02-01', 'confirmed'): 30.0,
            ('2026-02-01', 'denied'): 30.0, ('2026-03-01', 'awaiting'): 30.0,
        })

    def test_the_periods_are_whole_months(self):
        today = fields.Date.today()
        months = {
            name: fields.Date.subtract(today.replace(day=1), months=count)
            for name, count in (('last_month', 1), ('this_month', 0), ('next_month', -1))
        }
        plans = {
            name: self.plan('awaiting', 'awaiting', first_date=first).installment_ids
            for name, first in months.items()
        }
        for name, first in months.items():
            with self.subTest(name):
                found = self.filtered(
                    'email_pay.email_pay_installment_view_search', name, 'email.pay.installment')
                self.assertEqual(set(found.mapped('due_date')), {first})
                self.assertLessEqual(plans[name].sorted('number')[:1], found)

    def test_a_unit_is_a_company_with_its_branches(self):
        branch = self.env['res.company'].create({
            'name': "Branch", 'parent_id': self.company.id,
        })
        own = self.plan('awaiting', 'awaiting')
        of_branch = self.env['email.pay.plan'].sudo().create({
            'reference': "PLAN/BRANCH", 'company_id': branch.id, 'partner_id': self.customer.id,
            'currency_id': self.company_currency.id, 'method_id': self.by_hand.id,
            'provider_id': self.credicorp.id, 'mode': 'manual', 'amount': 60.0, 'count': 2,
            'first_date': '2026-01-31', 'installment_ids': [
                Command.create({'number': number, 'amount': 30.0, 'due_date': '2026-01-31'})
                for number in (1, 2)
            ],
        })
        lines = self.env['email.pay.installment']
        mine = [('partner_id', '=', self.customer.id)]
        unit = [('company_id', 'child_of', self.company.id), *mine]
        self.billing.company_ids += branch
        both = lines.with_user(self.billing).with_context(
            allowed_company_ids=(self.company | branch).ids)
        self.assertEqual(both.search(unit).plan_id, own | of_branch)
        clerk = self.new_user('clerk', 'account.group_account_invoice', branch)
        self.assertEqual(lines.with_user(clerk).search(mine).plan_id, of_branch)

    def test_accountants_open_every_view_and_others_none(self):
        plan = self.plan('confirmed', 'denied')
        kinds = ('list', 'kanban', 'form', 'pivot', 'graph', 'calendar', 'search')
        for record in (plan, plan.installment_ids[:1]):
            offered = kinds if record != plan else ('list', 'kanban', 'form', 'search')
            for user in (self.billing, self.reader):
                with self.subTest(user=user.login, model=record._name):
                    record = record.with_user(user)
                    views = record.get_views([(False, kind) for kind in offered])['views']
                    shown = etree.fromstring(views['form']['arch']).xpath(
                        '//field[not(ancestor::field)]/@name')
                    names = {'fields': {'display_name': {}}}
                    self.assertTrue(record.web_read({
                        name: names if record._fields[name].relational else {} for name in shown
                    }))
            with self.assertRaises(AccessError):
                record.with_user(self.seller).read(['state'])

    def test_a_person_decides_only_of_what_nobody_charges(self):
        plan = self.plan('confirmed', 'denied', 'awaiting', 'cancelled')
        lines = plan.installment_ids.sorted('number')
        self.assertEqual(lines.mapped('can_decide'), [False, True, True, False])
        plan.mode = 'token'
        self.assertEqual(lines.mapped('can_decide'), [False, True, False, False])

    def test_documents_and_places_in_the_plan_are_named(self):
        plan = self.plan('confirmed', 'awaiting', invoice=self.create_invoice(60.0, post=False))
        self.assertEqual(plan.document, "Draft")
        plan.move_id.action_post()
        self.assertEqual(plan.document, plan.move_id.name)
        lines = plan.installment_ids.sorted('number')
        self.assertEqual(lines.search([('document', '=', plan.move_id.name)]), lines)
        self.assertEqual(lines.mapped('position'), ['1/2', '2/2'])

    def test_eighty_rows_take_as_many_queries_as_ten(self):
        self.by_hand.max_installments = 20
        for _number in range(4):
            self.plan(*5 * ('confirmed', 'denied', 'awaiting', 'awaiting'))
        arch = etree.fromstring(self.env.ref('email_pay.email_pay_installment_view_list').arch)
        names = {'fields': {'display_name': {}}}
        lines = self.env['email.pay.installment']
        specification = {
            name: names if lines._fields[name].relational else {}
            for name in arch.xpath('//field/@name')
        }
        counts = []
        for limit in (1, 10, 80):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            found = lines.web_search_read(
                [('partner_id', '=', self.customer.id)], specification, limit=limit)
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(len(found['records']), limit)
        self.assertEqual(len(set(counts[1:])), 1, counts)
