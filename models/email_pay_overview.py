from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import pytz

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import date_utils

LAST_DAYS = 30


class Period(NamedTuple):
    """The days from the first to the last, on the clock of whoever looks."""

    name: str
    first: date
    last: date

    @classmethod
    def named(cls, name, today, first, last):
        """The period that is asked for; of a free one, `first` and `last` are the days."""
        first, last = fields.Date.to_date(first), fields.Date.to_date(last)
        if name == 'free' and first and last:
            return cls(name, min(first, last), max(first, last))
        if name == 'month':
            return cls(name, *date_utils.get_month(today))
        if name == 'quarter':
            return cls(name, *date_utils.get_quarter(today))
        return cls('days', today - timedelta(days=LAST_DAYS - 1), today)

    def moments(self, clock):
        """When it begins, and when it is over, in UTC."""
        return tuple(
            clock.localize(datetime.combine(day, time())).astimezone(pytz.utc).replace(tzinfo=None)
            for day in (self.first, self.last + timedelta(days=1))
        )


class EmailPayOverview(models.AbstractModel):
    """What became of what was sent and what was collected. Each number is a figure: it comes with
    the domain of the records that it counts, and the action that shows them."""

    _name = 'email.pay.overview'
    _description = 'Collections Overview'

    @api.model
    @api.readonly
    def read_overview(self, name='days', first=None, last=None):
        """All that the page shows of the companies that are ticked, each in its own currency.

        :param name: of the period: `days`, the last thirty; `month`, `quarter`, or `free`.
        """
        self.env['email.pay.link.report'].check_access('read')
        companies = self.env.companies
        today = fields.Date.context_today(self)
        period = Period.named(name, today, first, last)
        blocks = defaultdict(dict)
        for part in self._parts():
            for company, values in part(companies, period).items():
                blocks[company].update(values)
        return {
            'period': {
                'name': period.name,
                'first': fields.Date.to_string(period.first),
                'last': fields.Date.to_string(period.last),
            },
            'companies': [
                {
                    'id': company.id, 'name': company.name, 'currency_id': company.currency_id.id,
                    **blocks[company],
                }
                for company in companies
            ],
        }

    @api.model
    def _parts(self):
        """The functions that each read a part of the page: (companies, period) → for each company
        the values that its templates show."""
        return [self._read_start]

    @api.model
    def _figure(self, label, count, company, domain, action='', model='', **more):
        """A number, and how the records that it counts are opened: by an action that there is, or
        as a plain list of `model`."""
        domain = Domain(domain) & Domain(self._company_field(model), '=', company.id)
        return {
            'label': label, 'count': count, 'domain': list(domain), 'action': action,
            'model': model, **more,
        }

    @api.model
    def _company_field(self, model):
        return 'email_pay_company_id' if model == 'ir.mail_server' else 'company_id'

    # === WHAT TO DO FIRST === #

    @api.model
    def _read_start(self, companies, _period):
        return {company: {'start': self._start_of(company)} for company in companies}

    @api.model
    def _start_of(self, company):
        """What is to be done before there is anything to see; False when something was sent."""
        sent = [('company_id', '=', company.id), ('first_sent_at', '!=', False)]
        if self.env['email.pay.link'].search_count(sent, limit=1):
            return False
        portal = self.env['email.pay.portal']._for_company(company)
        return {
            'enabled': portal.enabled,
            'missing': [] if portal.enabled else portal._missing(),
            'portal_id': portal.id,
        }
