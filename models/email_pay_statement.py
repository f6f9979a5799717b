from bisect import bisect_left
from collections import defaultdict
from typing import NamedTuple

from odoo import _, api, fields, models
from odoo.tools import SQL

# The last day overdue of each age; what is older has the last one. 0: not due yet.
AGES = (0, 30, 60, 90)
# What is paid, or being booked, or may not be paid now, whatever its entry still shows.
CLOSED_STATES = ('in_payment', 'paid', 'blocked', 'invoicing_legacy')

# What is open: the one meaning of it. Without the accounts' ids PostgreSQL guesses badly how much
# that is, and without LEFT it reads entries and partners where it needs nothing of them.
OPEN_SOURCE = """
      FROM account_move_line line
      LEFT JOIN res_partner partner ON partner.id = line.partner_id
      LEFT JOIN account_move move ON move.id = line.move_id
"""
IS_OPEN = """
           line.parent_state = 'posted' AND line.reconciled IS NOT TRUE
       AND line.amount_residual_currency != 0 AND line.account_id IN %(accounts)s
       AND line.partner_id IS NOT NULL
"""
HAS_PART = """
    EXISTS (
        SELECT FROM email_pay_plan plan JOIN email_pay_installment part ON part.plan_id = plan.id
         WHERE plan.move_id = line.move_id AND plan.state = 'active' AND part.state = '{}'
    )
"""
IS_AWAITED = HAS_PART.format('awaiting')
# What cannot be paid now: what is closed, and what a plan will charge by itself.
IS_CLOSED = f"(move.payment_state IN %(closed)s OR {IS_AWAITED})"
WHY_CLOSED = f"""
    CASE WHEN move.payment_state IN ('in_payment', 'paid') THEN 'paying'
         WHEN move.payment_state IN %(closed)s THEN 'hold'
         WHEN NOT {IS_AWAITED} THEN NULL
         WHEN {HAS_PART.format('denied')} THEN 'declined'
         ELSE 'installments' END
"""
# What is not closed, and of which a refused instalment is paid on the page of its plan.
PAYABLE = (None, 'declined')
OPEN_ITEMS = f"""
    SELECT partner.commercial_partner_id, line.currency_id, line.account_id, line.move_id,
           move.name, move.move_type, move.origin_payment_id IS NOT NULL,
           COALESCE(move.invoice_date, move.date),
           CASE WHEN move.move_type = 'entry' THEN line.amount_currency
                ELSE move.amount_total_in_currency_signed END,
           {WHY_CLOSED},
           line.id, COALESCE(line.date_maturity, line.date), line.amount_residual_currency
{OPEN_SOURCE}
     WHERE line.company_id = %(company)s AND {IS_OPEN} AND %(partners)s
     ORDER BY COALESCE(line.date_maturity, line.date), line.amount_currency, line.balance, line.id
"""
FLUSHED = {
    'account.move.line': (
        'account_id', 'amount_currency', 'amount_residual_currency', 'balance', 'company_id',
        'currency_id', 'date', 'date_maturity', 'parent_state', 'partner_id', 'reconciled',
    ),
    'account.move': (
        'amount_total_in_currency_signed', 'date', 'invoice_date', 'move_type', 'name',
        'origin_payment_id', 'payment_state',
    ),
    'res.partner': ('commercial_partner_id',),
    'email.pay.plan': ('move_id', 'state'),
    'email.pay.installment': ('plan_id', 'state'),
}


class Item(NamedTuple):
    """An open journal item: an invoice without instalments has one. A credit is negative.

    They sort as Odoo matches them: the oldest due first, of one day the smallest first.
    """

    rank: int
    line_id: int
    due_date: object
    due: float


class Document(NamedTuple):
    """What is open of an invoice, a credit note, a payment or another entry. `closed` says why
    nobody can pay it now (see `statement_values.mark_labels`); None when somebody can."""

    move_id: int
    name: str
    kind: str
    date: object
    total: float
    closed: str | None
    items: list

    @property
    def due(self):
        items = self.items
        return items[0].due if len(items) == 1 else sum(item.due for item in items)

    @property
    def due_date(self):
        """When the first open instalment is due."""
        return self.items[0].due_date


class Section:
    """What a customer owes in one currency, in one account: that can be paid together."""

    def __init__(self, currency, account_id, today):
        self.currency = currency
        self.account_id = account_id
        self.today = today
        self.charges = []
        self.credits = []
        self.due = self.credit = self.overdue = 0.0
        self.ages = [0.0] * (len(AGES) + 1)

    @property
    def key(self):
        return f'{self.currency.name}-{self.account_id}'

    @property
    def balance(self):
        return self.currency.round(self.due - self.credit)

    @property
    def documents(self):
        return self.charges + self.credits

    def days_overdue(self, date):
        return max((self.today - date).days, 0)

    def add_up(self):
        """Sum up, once all documents are there."""
        ages = [0.0] * len(self.ages)
        for document in self.charges:
            for item in document.items:
                days = (self.today - item.due_date).days
                ages[bisect_left(AGES, days)] += item.due
        self.ages = [self.currency.round(age) for age in ages]
        self.due = self.currency.round(sum(ages))
        self.overdue = self.currency.round(sum(ages[1:]))
        self.credit = self.currency.round(-sum(document.due for document in self.credits))


class Statement(NamedTuple):
    """What is open between a company and a customer, the largest debt first."""

    sections: list

    @property
    def documents(self):
        return [document for section in self.sections for document in section.documents]

    @property
    def anything_due(self):
        return any(section.due for section in self.sections)

    @property
    def anything_payable(self):
        """Whether something of it can be paid, unless somebody is paying it right now."""
        return any(
            document.closed in PAYABLE for section in self.sections for document in section.charges)

    def section(self, key):
        """The section that is asked for, if something is due in it; else the first such one."""
        owed = [section for section in self.sections if section.due]
        return next((section for section in owed if section.key == key), next(iter(owed), None))


class EmailPayStatement(models.AbstractModel):
    """The statement of account: the one place that knows what a customer has open."""

    _name = 'email.pay.statement'
    _description = 'Statement of Account'

    @api.model
    def _of(self, partner, company):
        """The statement of the customer that `partner` belongs to."""
        partner = partner.commercial_partner_id
        return self._all(company, partner).get(partner, Statement([]))

    @api.model
    def _companies(self, customer, online=True):
        """The companies to which `customer` owes something.

        :param online: whether only where Email Pay is enabled.
        """
        portals = self.env['email.pay.portal']
        return self.env['res.company'].search([]).filtered(  # pylint: disable=no-search-all  # few
            lambda company: (not online or portals._for_company(company).enabled)
            and self._of(customer, company).anything_due
        )

    @api.model
    def _all(self, company, partners=None):
        """The statements of those of `partners`, or of all customers, that have anything open, in
        a constant number of queries.

        :return: dict, commercial partner → Statement
        """
        sections = {}
        documents = {}
        today = self._today(company)
        currencies = self.env['res.currency']
        for rank, row in enumerate(self._open_items(company, partners)):
            section = sections.get(row[:3])
            if not section:
                _partner, currency_id, account_id = row[:3]
                section = Section(currencies.browse(currency_id), account_id, today)
                sections[row[:3]] = section
            item = Item(rank, *row[10:])
            # An entry that owes and is owed is both, a charge and a credit.
            key = (section, row[3], item.due > 0)
            if key not in documents:
                documents[key] = self._document(row)
                (section.charges if item.due > 0 else section.credits).append(documents[key])
            documents[key].items.append(item)
        found = defaultdict(list)
        for (partner_id, *_rest), section in sections.items():
            section.add_up()
            found[partner_id].append(section)
        customers = self.env['res.partner'].browse(found)
        return {
            customer: Statement(sorted(found[customer.id], key=self._section_order))
            for customer in customers
        }

    @api.model
    def _today(self, company):
        """The day on the clock of whoever looks, else of the company."""
        return fields.Date.context_today(self.with_context(
            tz=self.env.context.get('tz') or company.partner_id.tz or 'UTC'
        ))

    @api.model
    def _open_items(self, company, partners):
        for model, names in FLUSHED.items():
            self.env[model].flush_model(names)
        return self.env.execute_query(SQL(
            OPEN_ITEMS, closed=CLOSED_STATES, company=company.id, accounts=self._accounts(),
            partners=SQL('TRUE') if partners is None else SQL(
                'partner.commercial_partner_id IN %s', tuple(partners.ids) or (0,)
            ),
        ))

    @api.model
    def _accounts(self):
        """The ids of the accounts in which customers owe, for SQL."""
        accounts = self.env['account.account'].sudo()._search([
            ('account_type', '=', 'asset_receivable'), ('non_trade', '=', False),
        ])
        return tuple(accounts) or (0,)

    @api.model
    def _document(self, row):
        move_id, name, move_type, is_payment, date, total, closed = row[3:10]
        kind = 'payment' if is_payment else move_type
        return Document(move_id, name, kind, date, total, closed, [])

    @api.model
    def _section_order(self, section):
        return (not section.due, section.currency != self.env.company.currency_id, section.key)

    @api.model
    def _kinds(self):
        """What the customer reads of each kind of document."""
        return {
            'out_invoice': _("Invoice"),
            'out_receipt': _("Sales receipt"),
            'out_refund': _("Credit note"),
            'payment': _("Payment"),
            'entry': _("Account entry"),
        }
