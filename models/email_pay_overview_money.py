from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.fields import Domain
from odoo.tools import date_utils

from .account_payment_receipt import POSTED
from .email_pay_statement import AGES

# Longer periods are shown by month.
MOST_DAYS = 92
PAYMENTS = {'action': 'email_pay.action_email_pay_collected', 'model': 'account.payment'}
OUTSTANDING = {'action': 'email_pay.action_email_pay_outstanding', 'model': 'email.pay.outstanding'}
# The ages of what is due, and then the credits, as in `email.pay.outstanding`.
CREDITS = str(len(AGES) + 1)


class AccountPayment(models.Model):
    _inherit = 'account.payment'

    _email_pay_collected_idx = models.Index(
        "(company_id, date) WHERE payment_transaction_id IS NOT NULL")


class EmailPayOverview(models.AbstractModel):
    """What was collected online, as it is booked, and what is outstanding; in the currency of each
    company, as its books have it."""

    _inherit = 'email.pay.overview'

    @api.model
    def _parts(self):
        return [*super()._parts(), self._read_collected, self._read_outstanding]

    # === COLLECTED === #

    @api.model
    def _read_collected(self, companies, period):
        """The online payments of the period: by day, or by month when it is long, and by method."""
        unit = 'day' if (period.last - period.first).days < MOST_DAYS else 'month'
        domain = Domain([
            ('payment_transaction_id', '!=', False), ('state', 'in', POSTED),
            ('date', '>=', fields.Date.to_string(period.first)),
            ('date', '<=', fields.Date.to_string(period.last)),
        ])
        rows = self.env['account.payment']._read_group(
            domain & Domain('company_id', 'in', companies.ids),
            ['company_id', 'payment_type', 'payment_method_line_id', f'date:{unit}'],
            ['__count', 'amount_company_currency_signed:sum'],
        )
        buckets = self._buckets(period, unit)
        return {
            company: self._collected_values(
                company, domain, buckets, [row[1:] for row in rows if row[0] == company])
            for company in companies
        }

    @api.model
    def _collected_values(self, company, domain, buckets, rows):
        came = [row[1:] for row in rows if row[0] == 'inbound']
        went = [row[1:] for row in rows if row[0] == 'outbound']
        inbound = domain & Domain('payment_type', '=', 'inbound')
        methods = [
            self._payments(
                method.name or _("Other"), company,
                inbound & Domain('payment_method_line_id', '=', method.id),
                [row for row in came if row[0] == method], buckets=buckets)
            for method in dict.fromkeys(row[0] for row in came)
        ]
        return {
            'buckets': buckets,
            'collected': self._payments(_("Collected"), company, inbound, came),
            'methods': sorted(methods, key=lambda method: -method['amount']),
            'paid_back': self._payments(
                _("Paid back"), company, domain & Domain('payment_type', '=', 'outbound'), went),
        }

    @api.model
    def _payments(self, label, company, domain, rows, buckets=()):
        """:param rows: of the method, of a day, the number and the amount."""
        by_day = {fields.Date.to_string(day): amount for _method, day, _count, amount in rows}
        return self._figure(
            label, sum(row[2] for row in rows), company, domain, **PAYMENTS,
            amount=company.currency_id.round(sum(row[3] for row in rows)),
            amounts=[by_day.get(bucket['first'], 0) for bucket in buckets],
        )

    @api.model
    def _buckets(self, period, unit):
        """The days, or months, of the period: the first and the last day of each."""
        step = relativedelta(**{f'{unit}s': 1})
        begin, buckets = date_utils.start_of(period.first, unit), []
        while begin <= period.last:
            end = begin + step - relativedelta(days=1)
            buckets.append({
                'unit': unit, 'first': fields.Date.to_string(begin),
                'last': fields.Date.to_string(end),
            })
            begin += step
        return buckets

    # === OUTSTANDING === #

    @api.model
    def _read_outstanding(self, companies, _period):
        """What customers owe now, by age, and their credits."""
        outstanding = self.env['email.pay.outstanding']
        rows = outstanding._read_group(
            [('company_id', 'in', companies.ids)], ['company_id', 'ageing'],
            ['__count', 'company_due:sum'],
        )
        found = {(company, age): (count, due) for company, age, count, due in rows}
        labels = outstanding._select_ageing()
        return {
            company: self._outstanding_values(company, labels, found) for company in companies
        }

    @api.model
    def _outstanding_values(self, company, labels, found):
        ages = [
            self._due(label, company, [('ageing', '=', age)], *found.get((company, age), (0, 0)))
            for age, label in labels
        ]
        *charges, credits_ = ages
        total = sum(age['amount'] for age in charges)
        for age in charges:
            age['share'] = age['amount'] / total if total else 0
        late = charges[1:]
        return {
            'ages': charges,
            'credits': credits_,
            'outstanding': self._due(
                _("Outstanding"), company, [('ageing', '!=', CREDITS)],
                sum(age['count'] for age in charges), total),
            'overdue': self._due(
                _("Overdue"), company, [('days_overdue', '>', 0)],
                sum(age['count'] for age in late), sum(age['amount'] for age in late)),
        }

    @api.model
    def _due(self, label, company, domain, count, amount):
        return self._figure(
            label, count, company, domain, **OUTSTANDING,
            amount=company.currency_id.round(amount or 0),
        )
