from odoo import _, api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# Money that came within so many days of the mail came fast, soon, or within the week.
WITHIN = (1, 3, 7)
REPORT = 'email.pay.link.report'


class EmailPayOverview(models.AbstractModel):
    """Sent, opened, paid, and how long it took: of the links that went out first in the period."""

    _inherit = 'email.pay.overview'

    @api.model
    def _parts(self):
        return [*super()._parts(), self._read_sent]

    @api.model
    def _read_sent(self, companies, period):
        domain = self._sent_domain(period)
        counted = {row[0]: row[1:] for row in self._count_links(companies, domain)}
        nothing = (0, 0, 0, None, *(0 for _days in WITHIN))
        return {
            company: self._sent_values(company, domain, *counted.get(company.id, nothing))
            for company in companies
        }

    @api.model
    def _sent_domain(self, period):
        begin, end = map(fields.Datetime.to_string, period.moments(self.env.tz))
        return Domain([('sent_at', '>=', begin), ('sent_at', '<', end)])

    @api.model
    def _count_links(self, companies, domain):
        """For each company: its id, how many were sent, opened and paid, in how many days half of
        those that were paid were, and how many were paid within each of `WITHIN`."""
        report = self.env[REPORT]
        query = report._search(domain & Domain('company_id', 'in', companies.ids))
        company, opened, paid, days = (
            report._field_to_sql(query.table, name, query)
            for name in ('company_id', 'opened_at', 'paid_at', 'days')
        )
        query.groupby = company
        return self.env.execute_query(query.select(
            company, SQL("COUNT(*)"), SQL("COUNT(%s)", opened), SQL("COUNT(%s)", paid),
            SQL("PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY %s)", days),
            *(SQL("COUNT(*) FILTER (WHERE %s <= %s)", days, limit) for limit in WITHIN),
        ))

    @api.model
    def _sent_values(self, company, domain, sent, opened, paid, median, *within):
        was_paid = domain & Domain('paid_at', '!=', False)
        return {
            'funnel': [
                self._links(_("Sent"), sent, sent, company, domain),
                self._links(
                    _("Opened"), opened, sent, company, domain & Domain('opened_at', '!=', False)),
                self._links(_("Paid"), paid, sent, company, was_paid),
            ],
            'median': median,
            'within': [
                self._links(
                    _("Within one day") if days == 1 else _("Within %s days", days),
                    count, paid, company, was_paid & Domain('days', '<=', days))
                for days, count in zip(WITHIN, within, strict=True)
            ],
        }

    @api.model
    def _links(self, label, count, whole, company, domain):
        return self._figure(
            label, count, company, domain, 'email_pay.action_email_pay_link_report', REPORT,
            share=count / whole if whole else 0,
        )
