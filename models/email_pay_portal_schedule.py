from calendar import monthrange

from odoo import _, api, fields, models
from odoo.tools import SQL

from .locks import locked_ids


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
        """Override: a schedule that is switched on begins with the next day that it names."""
        switched_on = self.filtered(lambda portal: not portal.statement_scheduled)
        result = super().write(vals)
        if vals.get('statement_scheduled'):
            for portal in switched_on:
                if portal._statement_today() >= portal._statement_date():
                    portal.statement_month = portal._statement_today().replace(day=1)
        return result

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

    @api.model
    def _cron_schedule_statements(self):
        """Queue the statements of the month, a commit for each company."""
        for portal in self.search([('enabled', '=', True), ('statement_scheduled', '=', True)]):
            portal._schedule_statements()
            self.env['ir.cron']._commit_progress(1)

    def _schedule_statements(self):
        """Queue this month's statements when their day has come, unless that was done."""
        self.ensure_one()
        month = self._statement_today().replace(day=1)
        if self._statement_today() < self._statement_date() or self.statement_month == month:
            return
        locked_ids(self.env.cr, SQL(
            "SELECT id FROM email_pay_portal WHERE id = %s FOR NO KEY UPDATE", self.id))
        links = self.env['email.pay.link']
        has_it = links.search([
            ('company_id', '=', self.company_id.id), ('statement_month', '=', month),
        ]).partner_id
        wanted = [
            customer for customer, _statement, reason in self._statement_customers() if not reason
        ]
        customers = self.env['res.partner'].union(*wanted) - has_it
        links._create_statements(customers, self.company_id, statement_month=month)._queue()
        self.statement_month = month

    def _statement_customers(self):
        """All customers with something due, as (customer, statement, why it is not sent or '')."""
        self.ensure_one()
        statements = self.env['email.pay.statement'].with_company(self.company_id)._all(
            self.company_id)
        owing = {
            customer: statement for customer, statement in statements.items()
            if statement.anything_due
        }
        return [
            (customer, statement, customer._email_pay_statement_obstacle(statement))
            for customer, statement in owing.items()
        ]

    def action_preview_statements(self):
        """The customers who would get a statement now, and who would not, and why."""
        self.ensure_one()
        lines = self.env['email.pay.statement.preview']._create_for(self)
        return lines._action(_("Who Gets a Statement"))
