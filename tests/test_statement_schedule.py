import logging
from calendar import monthrange
from datetime import timedelta

import psycopg2
from dateutil.relativedelta import relativedelta
from freezegun import freeze_time

from odoo import fields
from odoo.tests import Form, tagged
from odoo.tools import format_date, mute_logger

from .statement_common import StatementCommon

SCHEDULE = 'odoo.addons.email_pay.models.email_pay_portal_schedule'


@tagged('post_install', '-at_install')
class TestStatementSchedule(StatementCommon):
    """Statements once a month, to whom something is due."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = 'America/Costa_Rica'
        cls.owe(10.0)
        cls.env['email.pay.portal'].search([]).statement_scheduled = False
        cls.month = fields.Date.today().replace(day=1) + timedelta(days=62)
        cls.month = cls.month.replace(day=1)
        cls.portal.write({'statement_scheduled': True, 'statement_day': 10})
        cls.portal.statement_month = False

    def run_at(self, day, hour=18, month=None):
        """The jobs of an hour."""
        moment = fields.Datetime.to_datetime((month or self.month).replace(day=day))
        self.env.flush_all()
        with freeze_time(moment + timedelta(hours=hour)), self.own_cursor() as env:
            env['email.pay.portal']._cron_schedule_statements()
            env['email.pay.link']._cron_send()
        return self.outbox('mail_template_statement')

    def test_they_are_sent_on_their_day_and_not_before(self):
        self.assertFalse(self.run_at(9))
        self.assertEqual(self.run_at(10).email_to, 'rosa@example.com')

    def test_the_day_begins_on_the_companys_clock(self):
        self.assertFalse(self.run_at(10, hour=5))
        self.assertTrue(self.run_at(10, hour=6))

    def test_never_twice_for_a_month(self):
        for day in (10, 10, 11, 28):
            self.assertEqual(len(self.run_at(day)), 1)
        self.portal.statement_month = False
        self.assertEqual(len(self.run_at(28)), 1)

    def test_the_database_itself_allows_one_for_a_month(self):
        self.run_at(10)
        links = self.env['email.pay.link']
        with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.UniqueViolation):
            links._create_statements(self.customer, self.company, statement_month=self.month)

    def test_every_month_again(self):
        self.run_at(10)
        following = (self.month + timedelta(days=31)).replace(day=1)
        self.assertEqual(len(self.run_at(10, month=following)), 2)

    def test_31_is_the_last_day_of_every_month(self):
        self.portal.statement_day = 31
        february = self.month.replace(year=self.month.year + 1, month=2)
        last = monthrange(february.year, 2)[1]
        self.assertFalse(self.run_at(last - 1, month=february))
        self.assertTrue(self.run_at(last, month=february))

    def test_a_missed_day_is_made_up_for(self):
        self.assertEqual(len(self.run_at(14)), 1)

    def test_only_customers_with_something_due_and_an_address(self):
        partners = self.env['res.partner'].create([
            {'name': "Paid", 'email': 'paid@example.com'}, {'name': "Unknown"},
        ])
        paid = self.owe(5.0, partner=partners[0])
        self.settle_by_hand(paid)
        self.owe(6.0, partner=partners[1])
        self.assertEqual(self.run_at(10).mapped('email_to'), ['rosa@example.com'])

    def test_switched_off_nothing_is_sent(self):
        self.portal.statement_scheduled = False
        self.assertFalse(self.run_at(10))
        self.portal.write({'statement_scheduled': True, 'enabled': False})
        self.assertFalse(self.run_at(10))

    def test_switched_on_after_its_day_it_begins_next_month(self):
        self.portal.statement_scheduled = False
        with freeze_time(fields.Datetime.to_datetime(self.month.replace(day=20))):
            self.portal.statement_scheduled = True
        self.assertFalse(self.run_at(21))

    def at(self, day):
        return freeze_time(fields.Datetime.to_datetime(self.month.replace(day=day)))

    def test_an_earlier_day_that_is_over_begins_next_month(self):
        self.portal.statement_day = 25
        with self.at(20):
            self.portal.statement_day = 15
            following = self.month + relativedelta(months=1, day=15)
            self.assertEqual(self.portal._next_statement_date(), following)
            name = self.portal.action_preview_statements()['name']
        self.assertEqual(name, f"Next Statements: {format_date(self.env, following)}")
        self.assertFalse(self.run_at(21))
        self.assertTrue(self.run_at(15, month=following))

    def test_enabled_again_after_its_day_it_begins_next_month(self):
        self.portal.enabled = False
        with self.at(20):
            self.portal.enabled = True
        self.assertFalse(self.run_at(21))

    def test_a_later_day_keeps_what_was_sent_and_what_is_on_its_way(self):
        self.run_at(10)
        with self.at(12):
            self.portal.statement_day = 20
        self.assertEqual(len(self.run_at(20)), 1)
        following = self.month + relativedelta(months=1)
        with freeze_time(fields.Datetime.to_datetime(following.replace(day=22))):
            self.portal.statement_day = 21
        self.assertEqual(len(self.run_at(22, month=following)), 2)

    def test_an_archived_customer_and_an_address_that_came_back_get_none(self):
        self.customer.message_bounce = 1
        old = self.env['res.partner'].create({'name': "Old", 'email': 'old@example.com'})
        self.owe(6.0, partner=old)
        old.active = False
        reasons = {
            customer: reason for customer, _statement, reason
            in self.portal._statement_customers(self.company)
        }
        self.assertIn("came back", reasons[self.customer])
        self.assertEqual(reasons[old], "The customer is archived.")
        self.assertFalse(self.run_at(10))

    def test_what_one_company_lacks_keeps_back_no_other(self):
        other = self.env['res.company'].create({'name': "A Company That Comes First"})
        portals = self.env['email.pay.portal']
        failing = portals._for_company(other)
        failing.statement_scheduled = True
        self.env.cr.execute(
            "UPDATE email_pay_portal SET enabled = true, statement_month = NULL WHERE id = %s",
            [failing.id])
        self.env.invalidate_all()
        queue = type(portals)._queue_statements

        def fail(portal, company, month):
            if company == other:
                raise KeyError("broken")
            queue(portal, company, month)

        self.patch(type(portals), '_queue_statements', fail)
        with self.assertLogs(SCHEDULE, logging.ERROR):
            for _hour in range(2):
                mails = self.run_at(10)
        self.assertEqual(mails.email_to, 'rosa@example.com')
        [activity] = other.partner_id.activity_ids
        self.assertEqual(activity.summary, "No statements are sent")
        self.assertIn("KeyError", activity.note)

    def test_a_branch_without_settings_of_its_own_is_served(self):
        branch = self.env['res.company'].create({
            'name': "Canal Branch", 'parent_id': self.company.id})
        self.env.cr.precommit.run()  # its chart of accounts
        self.env.user.company_ids += branch
        customer = self.env['res.partner'].create({'name': "Luis", 'email': 'luis@example.com'})
        self.env['account.move'].with_context(
            allowed_company_ids=branch.ids).with_company(branch).create({
                'move_type': 'out_invoice', 'partner_id': customer.id,
                'invoice_line_ids': [(0, 0, {'name': "Work", 'price_unit': 8.0, 'tax_ids': []})],
            }).action_post()
        portal = self.portal.with_context(allowed_company_ids=(self.company | branch).ids)
        action = portal.action_preview_statements()
        lines = self.env[action['res_model']].search(action['domain'])
        self.assertEqual(lines.company_id, self.company | branch)
        self.run_at(10)
        links = self.env['email.pay.link'].search([('statement_month', '=', self.month)])
        self.assertEqual(
            {(link.company_id, link.email, link.mail_state) for link in links},
            {(self.company, 'rosa@example.com', 'sent'), (branch, 'luis@example.com', 'sent')})

    def test_a_day_beyond_a_month_is_refused(self):
        for day in (0, 32):
            with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.CheckViolation):
                self.portal.statement_day = day
                self.portal.flush_recordset()

    def test_the_preview_says_who_and_why_not(self):
        unknown = self.env['res.partner'].create({'name': "Unknown"})
        self.owe(6.0, 3, partner=unknown)
        self.credit_note(4.0)
        action = self.portal.action_preview_statements()
        lines = self.env[action['res_model']].search(action['domain'])
        rows = {
            line.partner_id: (line.email, line.due, line.overdue, line.credit, line.reason)
            for line in lines
        }
        self.assertEqual(rows[self.customer], ('rosa@example.com', 10.0, 0.0, 4.0, ''))
        self.assertEqual(
            rows[unknown], (False, 6.0, 6.0, 0.0, "The customer has no valid e-mail address."))

    def test_the_preview_has_cards_for_a_phone(self):
        action = self.portal.action_preview_statements()
        self.assertEqual(action['mobile_view_mode'], 'kanban')
        lines = self.env[action['res_model']]
        card = lines.get_views(action['views'])['views']['kanban']
        for name in ('partner_id', 'email', 'due', 'overdue', 'reason'):
            self.assertIn(f'name="{name}"', card['arch'])
        line = lines.search(action['domain'], limit=1)
        self.assertEqual(line.action_open_customer()['res_id'], line.partner_id.id)

    def test_the_settings_open(self):
        with Form(self.portal) as form:
            form.statement_day = 31
        self.assertEqual(self.portal.statement_day, 31)
