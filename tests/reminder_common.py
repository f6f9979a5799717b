"""What the tests of reminders share: the usual schedule, switched on, and days that pass."""

from datetime import datetime, time, timedelta

from freezegun import freeze_time

from odoo import fields

from .statement_common import StatementCommon


class ReminderCommon(StatementCommon):
    """Rosa is reminded by the usual steps: 3 days before, on the due date, 7, 15 and 30 days after.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env['email.pay.portal'].sudo().search([]).reminders_scheduled = False
        cls.company.partner_id.tz = 'America/Costa_Rica'  # six hours behind
        cls.portal.reminders_scheduled = True
        cls.today = cls.portal._statement_today()
        cls.due_date = cls.today + timedelta(days=20)
        cls.accountant = cls.new_user('reminding', 'account.group_account_manager')

    @classmethod
    def owe_then(cls, amount=10.0, days=0, **values):
        """An invoice of today that is due so many days after `due_date`."""
        values = {'invoice_date': cls.today, 'invoice_payment_term_id': None} | values
        return cls.create_invoice(
            amount, invoice_date_due=cls.due_date + timedelta(days=days), **values)

    def at(self, days, hour=18):
        """The clock, so many days after `due_date`, in UTC."""
        day = self.due_date + timedelta(days=days)
        return freeze_time(datetime.combine(day, time()) + timedelta(hours=hour))

    def run_at(self, days, hour=18):
        """The job, so many days after `due_date`: what of it is new in the outbox."""
        before = self.reminders()
        self.env.flush_all()
        with self.at(days, hour), self.own_cursor() as env:
            env['email.pay.portal']._cron_remind()
        return self.reminders() - before

    def reminders(self):
        """The reminders in the outbox, oldest first."""
        return self.outbox('mail_template_reminder_due')

    def notices(self):
        return self.env['email.pay.reminder.notice'].search(
            [('company_id', '=', self.company.id)], order='id')

    def preview_at(self, days):
        """What the accountant reads of the next day: reason, reminder, documents and amount, by
        customer."""
        self.env.flush_all()
        with self.at(days):
            action = self.portal.with_user(self.accountant).action_preview_reminders()
            lines = self.env[action['res_model']].with_user(self.accountant).search(
                action['domain'])
        return {
            line.partner_id: (line.reason, line.reminder_id.delay, line.names, line.due)
            for line in lines
        }

    def customer_named(self, name, **values):
        email = f'{name.lower()}@example.com'
        return self.env['res.partner'].create({'name': name, 'email': email, **values})

    @classmethod
    def step(cls, delay):
        return cls.portal.reminder_ids.filtered(lambda step: step.delay == delay)

    @classmethod
    def date(cls, days):
        return fields.Date.to_string(cls.due_date + timedelta(days=days))
