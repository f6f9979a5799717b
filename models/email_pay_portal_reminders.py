from datetime import timedelta

from odoo import _, api, fields, models
from odoo.fields import Command
from odoo.tools import SQL, format_date

from .account_move import PAYABLE_TYPES
from .email_pay_statement import CLOSED_STATES, FLUSHED, IS_CLOSED, IS_OPEN, OPEN_SOURCE
from .locks import locked_ids
from .reminder_values import Schedule

# Who may have to be reminded, found by the index of what is open: the first and the last day tell
# PostgreSQL how little of it that is.
CUSTOMERS = f"""
    SELECT DISTINCT partner.commercial_partner_id
    {OPEN_SOURCE} %(more)s
      JOIN (VALUES %(brackets)s) AS step (delay, first, last)
        ON %(due)s BETWEEN step.first AND step.last
     WHERE {IS_OPEN} AND line.company_id = %(company)s AND line.amount_residual_currency > 0
       AND %(due)s BETWEEN %(first)s AND %(last)s AND move.move_type IN %(types)s AND %(which)s
       AND COALESCE(move.invoice_date, move.date) < %(due)s + step.delay
       AND NOT EXISTS (
           SELECT FROM email_pay_reminder_item item
            WHERE item.move_id = line.move_id AND item.delay = step.delay
              AND item.due_date = %(due)s)
"""
# What is due as the invoice says; and of instalments what was refused, each on its own day.
DUE = {
    'more': SQL(),
    'due': SQL("COALESCE(line.date_maturity, line.date)"),
    'which': SQL(f"NOT {IS_CLOSED}", closed=CLOSED_STATES),
}
REFUSED = {
    'more': SQL("""
        JOIN email_pay_installment part ON part.move_id = line.move_id AND part.state = 'denied'
        JOIN email_pay_plan plan ON plan.id = part.plan_id AND plan.state IN ('pending', 'active')
    """),
    'due': SQL("part.due_date"),
    'which': SQL("step.delay > 0"),
}
# Who need not be looked at again; the preview says why.
NOT_HELD = """
       AND move.email_pay_no_reminders IS NOT TRUE AND line.no_followup IS NOT TRUE
       AND (move.email_pay_promised_for IS NULL OR move.email_pay_promised_for < %(day)s)
       AND partner.commercial_partner_id NOT IN %(excluded)s
"""
QUEUE = """
    INSERT INTO email_pay_reminder_notice
           (company_id, partner_id, day, state, create_uid, create_date, write_uid, write_date)
    SELECT %(company)s, customer.id, %(day)s, 'queued', %(uid)s, %(now)s, %(uid)s, %(now)s
      FROM (%(customers)s) AS customer (id) ORDER BY customer.id
        ON CONFLICT DO NOTHING
"""
FLUSHED_TOO = {
    'account.move': ('email_pay_no_reminders', 'email_pay_promised_for', 'move_type'),
    'account.move.line': ('no_followup', 'move_id'),
    'email.pay.installment': ('due_date', 'move_id'),
    'email.pay.reminder.item': ('delay', 'due_date', 'move_id'),
    'email.pay.reminder.notice': ('company_id', 'day', 'partner_id', 'state'),
}


class EmailPayPortal(models.Model):
    """Reminders that are sent by themselves, around the due date of what a customer owes."""

    _inherit = 'email.pay.portal'

    reminders_scheduled = fields.Boolean(
        string="Payment Reminders", tracking=True,
        help="Customers are reminded of what is due, by the steps of the schedule.",
    )
    reminder_ids = fields.One2many(
        'email.pay.reminder', 'portal_id', string="Schedule", copy=False, tracking=True,
        context={'active_test': False},
    )
    reminder_hour = fields.Integer(
        string="Sent from", default=9, required=True, tracking=True,
        help="The hour of the day, on the clock of the company, from which reminders are sent.",
    )
    reminded_on = fields.Date(
        string="Last Sent on", readonly=True, copy=False,
        help="The last day whose reminders were queued.",
    )

    _reminder_hour_of_day = models.Constraint(
        'CHECK(reminder_hour BETWEEN 0 AND 23)', "The hour of the day is between 0 and 23.",
    )

    def write(self, vals):
        """Override: a schedule that is switched on begins with the steps of that day."""
        waiting = self.filtered(lambda portal: not portal._sends_reminders())
        result = super().write(vals)
        waiting.filtered(lambda portal: portal._sends_reminders())._begin_reminders()
        return result

    def _sends_reminders(self):
        return self.enabled and self.reminders_scheduled

    def _begin_reminders(self):
        self.action_add_usual_reminders()
        self.reminder_ids._begin()

    def action_add_usual_reminders(self):
        """Offer the usual steps where there are none."""
        usual = self.env['email.pay.reminder']._usual_values()
        for portal in self.filtered(lambda portal: not portal.reminder_ids):
            portal.reminder_ids = [Command.create(values) for values in usual]

    # === THE JOB === #

    @api.model
    def _cron_remind(self):
        """Queue the reminders of the day, a commit for each company, then send what is queued."""
        for portal in self.search([('enabled', '=', True), ('reminders_scheduled', '=', True)]):
            portal._queue_in_turn(
                lambda portal: portal._queue_reminders(),
                lambda portal, error: portal._report_not_reminded(error))
            self.env['ir.cron']._commit_progress()
        self.env['email.pay.reminder.notice']._send_queued()

    def _report_not_reminded(self, error):
        self._report_once(
            _("No reminders are sent"),
            _("Odoo made an error (%(error)s) while it looked up who of the customers of"
              " %(company)s is to be reminded. It tries again every hour. Show this to whoever"
              " looks after Odoo.", error=type(error).__name__, company=self.company_id.name))

    def _queue_reminders(self):
        """Queue today's reminders when their hour has come, unless that was done."""
        self.ensure_one()
        today = self._statement_today()
        if (self.reminded_on or today.min) >= today or self._reminder_clock() < self.reminder_hour:
            return
        if not self._claim_day(today):
            return
        notices = self.env['email.pay.reminder.notice']
        notices.search([
            ('company_id', '=', self.company_id.id), ('day', '!=', today), ('state', '!=', 'sent'),
        ]).unlink()
        if customers := self._reminder_customers_sql(today):
            self.env.cr.execute(SQL(
                QUEUE, company=self.company_id.id, day=today, uid=self.env.uid,
                now=fields.Datetime.now(), customers=customers,
            ))
            notices.invalidate_model()

    def _claim_day(self, today):
        """Mark that today's reminders are queued, unless another worker does it. By SQL: no cache
        of these settings depends on it."""
        self.invalidate_recordset(['reminded_on'])
        return locked_ids(self.env.cr, SQL(
            "UPDATE email_pay_portal SET reminded_on = %s WHERE id IN"
            " (SELECT id FROM email_pay_portal WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)"
            " RETURNING id", today, self.id,
        ))

    def _reminder_clock(self):
        """The hour on the clock of the company."""
        clock = self.with_context(tz=self.company_id.partner_id.tz or 'UTC')
        return fields.Datetime.context_timestamp(clock, fields.Datetime.now()).hour

    def _reminder_customers_sql(self, day, held=False, **begins):
        """The query of the ids of those who may have to be reminded; None when no step counts.

        :param held: whether also of those who are left out.
        """
        schedule = self._schedule(day, **begins)
        if not schedule.brackets:
            return None
        for flushed in (FLUSHED, FLUSHED_TOO):
            for model, names in flushed.items():
                self.env[model].flush_model(names)
        excluded = self.env['res.partner'].with_company(self.company_id)._search([
            ('email_pay_no_reminders', '=', True),
        ], active_test=False)
        firsts, lasts = zip(*schedule.brackets.values(), strict=True)
        values = {
            'company': self.company_id.id, 'day': day, 'types': PAYABLE_TYPES,
            'accounts': self.env['email.pay.statement']._accounts(),
            'excluded': excluded.subselect(), 'first': min(firsts), 'last': max(lasts),
            'brackets': SQL(', ').join(
                SQL("(%s, %s::date, %s::date)", delay, *dates)
                for delay, dates in schedule.brackets.items()),
        }
        query = CUSTOMERS if held else CUSTOMERS + NOT_HELD
        return SQL("%s UNION %s", SQL(query, **DUE, **values), SQL(query, **REFUSED, **values))

    def _schedule(self, day, begins=None):
        return Schedule(self.reminder_ids.filtered('active'), day, begins)

    # === THE PREVIEW === #

    def _reminders_tomorrow(self):
        """Of what everybody who has come to a step is reminded tomorrow, after today's reminders;
        switched off: as if the schedule began tomorrow."""
        today = self._statement_today()
        tomorrow = today + timedelta(days=1)
        begins = None if self._sends_reminders() else tomorrow
        customers = self._reminder_customers(tomorrow, held=True, begins=begins)
        sent_today = {
            part.key for reminder in self._reminders(today, self._still_today(today))
            if not reminder.reason for part in reminder.parts
        }
        return self._reminders(tomorrow, customers, sent_today, begins)

    def _still_today(self, today):
        """The customers who may have to be reminded today, and were not yet."""
        if not self._sends_reminders():
            return self.env['res.partner']
        if self.reminded_on != today:
            return self._reminder_customers(today)
        return self.env['email.pay.reminder.notice'].search([
            ('company_id', '=', self.company_id.id), ('state', '=', 'queued'),
        ]).partner_id

    def _reminder_customers(self, day, **options):
        query = self._reminder_customers_sql(day, **options)
        rows = self.env.execute_query(query) if query else []
        return self.env['res.partner'].browse([customer_id for customer_id, in rows])

    def action_preview_reminders(self):
        """The customers who would be reminded tomorrow, and who would not, and why."""
        self.ensure_one()
        tomorrow = self._statement_today() + timedelta(days=1)
        lines = self.env['email.pay.reminder.preview']._create_for(self._reminders_tomorrow())
        return lines._action(_("Reminders on %s", format_date(self.env, tomorrow)))
