from collections import defaultdict

from odoo import _, api, fields, models
from odoo.tools import SQL

from .account_move import PAYABLE_TYPES
from .email_pay_statement import AGES, CLOSED_STATES, FLUSHED, IS_CLOSED, IS_OPEN, OPEN_SOURCE
from .reminder_values import step_label
from .statement_values import age_labels

KINDS = ('out_invoice', 'out_receipt', 'out_refund')

# The last time that a link to a document went out, or was opened: one of its own, or of its
# customer's statement. PostgreSQL looks it up for the rows that are shown, not for all.
LAST_OF_LINKS = """
    GREATEST(
        (SELECT MAX(link.%(column)s) FROM email_pay_link link
           JOIN email_pay_link_move_rel rel ON rel.link_id = link.id
          WHERE rel.move_id = line.move_id),
        (SELECT MAX(link.%(column)s) FROM email_pay_link link
          WHERE link.scope = 'statement' AND link.company_id = line.company_id
            AND link.partner_id = partner.commercial_partner_id)
    )
"""
# The last reminder of what is due on that day. With LIMIT PostgreSQL might read all reminders for
# each row.
LAST_REMINDER = """
    (SELECT (ARRAY_AGG(%(column)s ORDER BY item.id DESC))[1] FROM email_pay_reminder_item item
       JOIN email_pay_reminder_notice notice ON notice.id = item.notice_id
      WHERE item.move_id = line.move_id
        AND item.due_date = COALESCE(line.date_maturity, line.date))
"""
# Where `_email_pay_address` and `_email_pay_phone` look: contact of the invoice, contacts for
# invoices, customer.
CHILDREN = """
      FROM res_partner child
     WHERE child.parent_id = customer.id AND child.type = 'invoice' AND child.active
       AND child.is_company IS NOT TRUE AND child.%(column)s IS NOT NULL
"""
WITHOUT = f"""
    (contact.%(column)s IS NULL AND customer.%(column)s IS NULL
     AND NOT EXISTS (SELECT {CHILDREN}))
"""
# Whether mail to the address that would be used came back. With LIMIT PostgreSQL might read all
# partners for each row.
BOUNCED = f"""
    COALESCE(
        CASE WHEN contact.email_normalized IS NOT NULL
             THEN COALESCE(contact.message_bounce, 0) > 0 END,
        (SELECT (ARRAY_AGG(COALESCE(child.message_bounce, 0) > 0
                           ORDER BY child.complete_name, child.id DESC))[1] {CHILDREN}),
        customer.email_normalized IS NOT NULL AND customer.message_bounce > 0, FALSE)
"""
# The same as a condition, for all rows at once.
HAS_LINK = """
    (%(move)s IN (
        SELECT rel.move_id FROM email_pay_link link
          JOIN email_pay_link_move_rel rel ON rel.link_id = link.id
         WHERE link.%(column)s IS NOT NULL
     ) OR (%(partner)s, %(company)s) IN (
        SELECT link.partner_id, link.company_id FROM email_pay_link link
         WHERE link.scope = 'statement' AND link.%(column)s IS NOT NULL
    ))
"""
HAS_REMINDER = """
    ((%(move)s, %(due_date)s) IN (SELECT move_id, due_date FROM email_pay_reminder_item))
"""
ROWS = f"""
    SELECT line.id, line.move_id, line.company_id, company.currency_id AS company_currency_id,
           partner.commercial_partner_id AS partner_id,
           COALESCE(move.partner_id, line.partner_id) AS contact_id,
           COALESCE(move.invoice_user_id, customer.user_id) AS user_id, move.name,
           CASE WHEN move.origin_payment_id IS NOT NULL THEN 'payment'
                WHEN move.move_type IN %(kinds)s THEN move.move_type ELSE 'entry' END AS kind,
           COALESCE(move.invoice_date, move.date) AS date,
           COALESCE(line.date_maturity, line.date) AS due_date,
           CASE WHEN line.amount_residual_currency > 0
                THEN GREATEST(%(today)s - COALESCE(line.date_maturity, line.date), 0)
                ELSE 0 END AS days_overdue,
           %(ageing)s AS ageing, line.currency_id, line.amount_residual_currency AS due,
           line.amount_residual AS company_due, {IS_CLOSED} AS closed,
           CASE WHEN %(no_email)s AND %(no_phone)s THEN 'both' WHEN %(no_email)s THEN 'email'
                WHEN %(no_phone)s THEN 'phone' END AS unreachable,
           %(bounced)s AS bounced, move.email_pay_promised_for AS promised_for,
           %(sent_at)s AS sent_at, %(opened_at)s AS opened_at, %(reminded_at)s AS reminded_at,
           %(reminded_delay)s AS reminded_delay
    {OPEN_SOURCE}
      LEFT JOIN res_partner customer ON customer.id = partner.commercial_partner_id
      LEFT JOIN res_partner contact
             ON contact.id = move.partner_id AND move.move_type IN %(payable)s
      LEFT JOIN res_company company ON company.id = line.company_id
     WHERE {IS_OPEN}
"""


class AccountMoveLine(models.Model):
    _inherit = 'account.move.line'

    # The oldest due first, without reading all that is open; and all that its totals are made of.
    _email_pay_open_idx = models.Index("""
        (COALESCE(date_maturity, date), id)
        INCLUDE (company_id, account_id, partner_id, move_id, date_maturity, date, amount_residual,
                 amount_residual_currency)
        WHERE reconciled IS NOT TRUE AND parent_state = 'posted' AND amount_residual_currency != 0
    """)


class EmailPayOutstanding(models.Model):
    """What all customers have open, a row for each day on which something of a document is due: an
    invoice in instalments has several. Its totals and ages are those of the statements."""

    _name = 'email.pay.outstanding'
    _description = 'Outstanding Document'
    _inherit = 'email.pay.sharing'
    _auto = False
    _order = 'due_date, id'
    _rec_name = 'name'
    _depends = {
        **FLUSHED,
        'account.move': [
            *FLUSHED['account.move'], 'email_pay_promised_for', 'invoice_user_id', 'partner_id',
        ],
        'account.move.line': [*FLUSHED['account.move.line'], 'amount_residual', 'move_id'],
        'email.pay.link': [
            'bounced_at', 'company_id', 'invoice_ids', 'opened_at', 'partner_id', 'scope',
            'sent_at',
        ],
        'email.pay.reminder.item': ['delay', 'due_date', 'move_id', 'notice_id'],
        'email.pay.reminder.notice': ['sent_at'],
        'res.company': ['currency_id'],
        'res.partner': [
            *FLUSHED['res.partner'], 'active', 'complete_name', 'email_normalized', 'is_company',
            'message_bounce', 'parent_id', 'phone_sanitized', 'type', 'user_id',
        ],
    }

    move_id = fields.Many2one('account.move', string="Journal Entry", readonly=True)
    partner_id = fields.Many2one('res.partner', string="Customer", readonly=True)
    contact_id = fields.Many2one('res.partner', readonly=True)
    user_id = fields.Many2one('res.users', string="Salesperson", readonly=True)
    company_id = fields.Many2one('res.company', readonly=True)
    name = fields.Char(string="Document", readonly=True)
    kind = fields.Selection(selection='_select_kind', readonly=True)
    date = fields.Date(readonly=True)
    due_date = fields.Date(readonly=True)
    days_overdue = fields.Integer(readonly=True, aggregator=None)
    ageing = fields.Selection(selection='_select_ageing', readonly=True)
    currency_id = fields.Many2one('res.currency', readonly=True)
    due = fields.Monetary(readonly=True, aggregator=None)
    company_currency_id = fields.Many2one('res.currency', readonly=True)
    company_due = fields.Monetary(
        string="Due (Company Currency)", readonly=True, currency_field='company_currency_id',
    )
    closed = fields.Boolean(
        string="Being Settled", readonly=True,
        help="Paid already, or blocked, or collected in instalments: it cannot be paid now.",
    )
    unreachable = fields.Selection(
        [
            ('email', "E-mail"),
            ('phone', "Phone"),
            ('both', "E-mail, phone"),
        ],
        string="Missing", readonly=True,
        help="What of the customer is not on file, or not valid, so that no message arrives.",
    )
    bounced = fields.Boolean(
        string="Mail Came Back", readonly=True,
        help="Mail to this customer, or the payment link, could not be delivered.",
    )
    sent_at = fields.Datetime(string="Last Sent", readonly=True)
    opened_at = fields.Datetime(string="Opened", readonly=True)
    was_sent = fields.Boolean(compute='_compute_was', search='_search_was_sent')
    was_opened = fields.Boolean(compute='_compute_was', search='_search_was_opened')
    promised_for = fields.Date(
        readonly=True, help="The day on which the customer said to pay.",
    )

    reminded_at = fields.Datetime(string="Reminded on", readonly=True)
    reminded_delay = fields.Integer(readonly=True, aggregator=None)
    was_reminded = fields.Boolean(compute='_compute_reminder', search='_search_was_reminded')
    reminder = fields.Char(
        string="Last Reminder", compute='_compute_reminder',
        help="The step of the schedule that the customer was reminded by.",
    )

    @api.model
    def _select_kind(self):
        return list(self.env['email.pay.statement']._kinds().items())

    @api.model
    def _select_ageing(self):
        labels = (*age_labels(self.env), _("Credits"))
        return [(str(rank), label) for rank, label in enumerate(labels)]

    @api.depends('sent_at', 'opened_at')
    def _compute_was(self):
        for row in self:
            row.was_sent = bool(row.sent_at)
            row.was_opened = bool(row.opened_at)

    @api.depends('reminded_at', 'reminded_delay')
    @api.depends_context('lang')
    def _compute_reminder(self):
        for row in self:
            row.was_reminded = bool(row.reminded_at)
            row.reminder = row.reminded_at and step_label(self.env, row.reminded_delay)

    @api.model
    def _search_was_sent(self, operator, value):
        return self._search_was('sent_at', operator, value)

    @api.model
    def _search_was_opened(self, operator, value):
        return self._search_was('opened_at', operator, value)

    @api.model
    def _search_was(self, column, operator, value):
        if operator != 'in' or set(value) != {True}:
            return NotImplemented
        return fields.Domain.custom(to_sql=lambda model, alias, _query: SQL(
            HAS_LINK, column=SQL.identifier(column), move=SQL.identifier(alias, 'move_id'),
            partner=SQL.identifier(alias, 'partner_id'),
            company=SQL.identifier(alias, 'company_id'),
        ))

    @api.model
    def _search_was_reminded(self, operator, value):
        if operator != 'in' or set(value) != {True}:
            return NotImplemented
        return fields.Domain.custom(to_sql=lambda model, alias, _query: SQL(
            HAS_REMINDER, move=SQL.identifier(alias, 'move_id'),
            due_date=SQL.identifier(alias, 'due_date'),
        ))

    @api.model
    def _bounced_sql(self):
        return SQL("(%s OR %s)", SQL(BOUNCED, column=SQL.identifier('email_normalized')), SQL(
            HAS_LINK, column=SQL.identifier('bounced_at'), move=SQL.identifier('line', 'move_id'),
            partner=SQL.identifier('partner', 'commercial_partner_id'),
            company=SQL.identifier('line', 'company_id'),
        ))

    @property
    def _table_query(self):
        statements = self.env['email.pay.statement']
        today = statements._today(self.env.company)
        return SQL(
            ROWS, today=today, accounts=statements._accounts(), ageing=self._ageing_sql(today),
            kinds=KINDS, closed=CLOSED_STATES, payable=PAYABLE_TYPES,
            no_email=SQL(WITHOUT, column=SQL.identifier('email_normalized')),
            no_phone=SQL(WITHOUT, column=SQL.identifier('phone_sanitized')),
            bounced=self._bounced_sql(),
            sent_at=SQL(LAST_OF_LINKS, column=SQL.identifier('sent_at')),
            opened_at=SQL(LAST_OF_LINKS, column=SQL.identifier('opened_at')),
            reminded_at=SQL(LAST_REMINDER, column=SQL.identifier('notice', 'sent_at')),
            reminded_delay=SQL(LAST_REMINDER, column=SQL.identifier('item', 'delay')),
        )

    @api.model
    def _ageing_sql(self, today):
        """The rank of the age, as the statement has it: see `AGES`. Credits come last."""
        cases = SQL(' ').join(
            SQL("WHEN %s - COALESCE(line.date_maturity, line.date) <= %s THEN %s",
                today, days, str(rank))
            for rank, days in enumerate(AGES)
        )
        return SQL(
            "CASE WHEN line.amount_residual_currency < 0 THEN %s %s ELSE %s END",
            str(len(AGES) + 1), cases, str(len(AGES)),
        )

    # === SHARING === #

    def _subject(self):
        """What can be paid with a link: the invoice; what is no invoice, like an opening balance,
        with the statement of its customer."""
        self.ensure_one()
        if self.move_id.move_type in PAYABLE_TYPES:
            return self.move_id
        return self.partner_id.with_company(self.company_id)

    def _email_pay_check_accountant(self):
        self.env['account.move'].check_access('write')

    def _email_pay_shared_link(self):
        return self._subject()._email_pay_shared_link()

    def _email_pay_live_links(self):
        links = self.env['email.pay.link'].sudo()
        return links.union(*(row._subject()._email_pay_live_links() for row in self))

    def _email_pay_queue(self, channel):
        """Override: one message for each customer, of one invoice with its own link, of several
        documents with that of the statement."""
        queued, skipped = 0, defaultdict(list)
        for subjects in self._subjects():
            count, left_out = subjects._email_pay_queue(channel)
            queued += count
            for reason, names in left_out.items():
                skipped[reason] += names
        return queued, skipped

    def _subjects(self):
        """The invoices, and of each company the customers, of which a message is sent."""
        invoices, customers = [], defaultdict(list)
        groups = self.grouped(lambda row: (row.company_id, row.partner_id))
        for (company, customer), rows in groups.items():
            if len(rows.move_id) == 1 and rows.move_id.move_type in PAYABLE_TYPES:
                invoices.append(rows.move_id.id)
            else:
                customers[company].append(customer.id)
        yield self.env['account.move'].browse(invoices)
        for company, ids in customers.items():
            yield self.env['res.partner'].with_company(company).browse(ids)

    # === THE BUTTONS === #

    def action_send_payment_email(self):
        """One: at once; many: queued."""
        self._email_pay_check_accountant()
        if len(self) != 1:
            return self._email_pay_tell_queued(
                *self._email_pay_queue('mail'), _("%s e-mails are on their way."))
        subject = self._subject()
        if subject == self.move_id:
            return subject.action_send_payment_email()
        return subject.action_send_statement()

    def action_open_document(self):
        return self.move_id.action_open_business_doc()

    def action_open_contact(self):
        """The contact whose address is to be corrected."""
        owner = self.partner_id._email_pay_address_owner()
        contacts = self.move_id.partner_id | owner | self.partner_id
        bounced = contacts.filtered('email_pay_bounced') or self.partner_id
        return bounced[:1]._email_pay_form_action()

    def write(self, vals):
        """Override: what was promised is kept on the document; nothing else can be changed."""
        others = dict(vals)
        if 'promised_for' in others:
            self.move_id.email_pay_promised_for = others.pop('promised_for')
            self.invalidate_recordset(['promised_for'])
        return super().write(others)
