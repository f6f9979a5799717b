import logging
from calendar import monthrange

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.tools import SQL, format_date

from .email_pay_attention import telling
from .locks import CONFLICTS, locked_ids

_logger = logging.getLogger(__name__)

# What a schedule depends on.
SCHEDULE = {'enabled', 'statement_day', 'statement_scheduled'}


class EmailPayPortal(models.Model):
    """Statements that are sent by themselves, once a month."""

    _inherit = 'email.pay.portal'

    statement_scheduled = fields.Boolean(
        string="Monthly Statements", tracking=True,
        help="Every month, each customer with something due gets a statement of account.",
    )
    statement_day = fields.Integer(
        string="Sent on Day", default=1, required=True, tracking=True,
        help="The day of the month. 31 is the last day of every month.",
    )
    statement_month = fields.Date(
        string="Last Sent for", readonly=True, copy=False,
        help="The first day of the last month for which statements were sent.",
    )

    _statement_day_of_month = models.Constraint(
        'CHECK(statement_day BETWEEN 1 AND 31)', "The day of the month is between 1 and 31.",
    )

    def write(self, vals):
        """Override: a schedule that is switched on, or gets another day, begins with the next day
        that it names."""
        if vals.keys().isdisjoint(SCHEDULE):
            return super().write(vals)
        before = self.filtered(lambda portal: not portal._statement_day_has_come())
        result = super().write(vals)
        self.flush_recordset(['statement_day'])  # a day that is none is refused first
        for portal in before.filtered(lambda portal: portal._statement_day_has_come()):
            portal.statement_month = portal._statement_today().replace(day=1)
        return result

    def _sends_statements(self):
        return self.enabled and self.statement_scheduled

    def _statement_day_has_come(self):
        """Whether the statements of this month are sent, or are on their way."""
        return self._sends_statements() and self._statement_today() >= self._statement_date()

    def _statement_today(self):
        """The day on the clock of the company."""
        self.ensure_one()
        return fields.Date.context_today(
            self.with_context(tz=self.company_id.partner_id.tz or 'UTC'))

    def _statement_date(self, day=None):
        """The day of this month, or of that of `day`, on which statements are sent."""
        day = day or self._statement_today()
        last = monthrange(day.year, day.month)[1]
        return day.replace(day=min(self.statement_day, last))

    def _next_statement_date(self):
        """The day on which statements are sent next; switched off: if they were switched on now."""
        today = self._statement_today()
        done = self.statement_month == today.replace(day=1) if self._sends_statements() else (
            today >= self._statement_date())
        return max(self._statement_date(today + relativedelta(months=int(done), day=1)), today)

    @api.model
    def _cron_schedule_statements(self):
        """Queue the statements of the month, a commit for each company: a failing one stops no
        other."""
        for portal in self.search([('enabled', '=', True), ('statement_scheduled', '=', True)]):
            portal._queue_in_turn(
                lambda portal: portal._schedule_statements(),
                lambda portal, error: portal._report_not_scheduled(error))
            self.env['ir.cron']._commit_progress(1)

    def _queue_in_turn(self, queue, report):
        """Queue what is due to this company's customers. What keeps it back keeps back no others.

        :param queue: does it for these settings.
        :param report: tells a person of an error of our own, which it gets too.
        """
        try:
            queue(self)
            self.env.cr.flush()
        except CONFLICTS:
            self.env.cr.rollback()  # another worker does it
        except Exception as error:
            _logger.exception("Nothing could be queued for settings %s", self.id)
            self.env.cr.rollback()
            with telling(self.env.cr, "Nobody could be told of settings %s", self.id):
                report(self._speak(self), error)

    def _report_once(self, summary, note):
        company = self.company_id
        self.env['email.pay.attention']._ask_attention_once(
            company, company.partner_id, summary, note)

    def _report_not_scheduled(self, error):
        self._report_once(
            _("No statements are sent"),
            _("Odoo made an error (%(error)s) while it looked up who of the customers of"
              " %(company)s gets the statement of this month. It tries again every hour. Show this"
              " to whoever looks after Odoo.",
              error=type(error).__name__, company=self.company_id.name))

    def _schedule_statements(self):
        """Queue this month's statements when their day has come, unless that was done."""
        self.ensure_one()
        month = self._statement_today().replace(day=1)
        if self._statement_today() < self._statement_date() or self.statement_month == month:
            return
        locked_ids(self.env.cr, SQL(
            "SELECT id FROM email_pay_portal WHERE id = %s FOR NO KEY UPDATE", self.id))
        for company in self._served_companies():
            self._queue_statements(company, month)
        self.statement_month = month

    def _queue_statements(self, company, month):
        links = self.env['email.pay.link']
        has_it = links.search([
            ('company_id', '=', company.id), ('statement_month', '=', month),
        ]).partner_id
        wanted = [
            customer for customer, _statement, reason in self._statement_customers(company)
            if not reason
        ]
        customers = self.env['res.partner'].union(*wanted) - has_it
        links._create_statements(customers, company, statement_month=month)._queue()

    def _statement_customers(self, company):
        """All customers of `company` with something due, as (customer, statement, why it is not
        sent or '')."""
        statements = self.env['email.pay.statement'].with_company(company)._all(company)
        owing = {
            customer: statement for customer, statement in statements.items()
            if statement.anything_due
        }
        came_back = self.env['res.partner'].union(*owing)._email_pay_came_back()
        archived = _("The customer is archived.")
        return [
            (customer, statement, (
                (not customer.active and archived)
                or customer._email_pay_statement_obstacle(statement) or came_back.get(customer, '')
            ))
            for customer, statement in owing.items()
        ]

    def action_preview_statements(self):
        """The customers who would get a statement now, and who would not, and why."""
        self.ensure_one()
        lines = self.env['email.pay.statement.preview']._create_for(self)
        return lines._action(_(
            "Next Statements: %s", format_date(self.env, self._next_statement_date())))
