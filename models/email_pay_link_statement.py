from urllib.parse import urlencode

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from .email_pay_statement import PAYABLE
from .statement_selection import Selection
from .statement_values import section_values

# What a customer who signs in sees of what was paid.
HISTORY_MONTHS = 12
HISTORY_ROWS = 200


class EmailPayLink(models.Model):
    """A link to a customer's statement: it opens what is due on the day on which it is opened."""

    _inherit = 'email.pay.link'

    scope = fields.Selection(
        [('invoices', "Invoices"), ('statement', "Statement"), ('plan', "Recurring credit")],
        default='invoices', required=True, readonly=True,
    )
    statement_month = fields.Date(
        readonly=True, copy=False,
        help="The month for which this statement was sent by the schedule of the settings.",
    )

    # The schedule never sends twice for the same month, whoever runs it.
    _statement_once = models.UniqueIndex(
        '(company_id, partner_id, statement_month) WHERE statement_month IS NOT NULL',
        "This customer already got the statement of this month.",
    )
    _statements = models.Index("(partner_id, company_id) WHERE scope = 'statement'")

    def _statement(self):
        """What the customer of this link has open now."""
        self.ensure_one()
        return self.env['email.pay.statement'].with_company(self.company_id)._of(
            self.partner_id, self.company_id
        )

    @api.model
    def _for_customers(self, partners, company):
        """The live statement links of customers: the newest that still work, or new ones.

        :return: dict, commercial partner → link
        """
        partners = partners.commercial_partner_id
        live = self.sudo().search([
            ('scope', '=', 'statement'), ('partner_id', 'in', partners.ids),
            ('company_id', '=', company.id), ('revoked_at', '=', False),
            ('expires_at', '>', fields.Datetime.now()),
        ], order='id')
        links = {link.partner_id: link for link in live}
        live.browse([link.id for link in links.values()])._extend()
        missing = partners.filtered(lambda partner: partner not in links)
        links.update(zip(missing, self._create_statements(missing, company), strict=True))
        return links

    @api.model
    def _for_customer(self, partner, company):
        [link] = self._for_customers(partner, company).values()
        return link

    @api.model
    def _create_statements(self, partners, company, **values):
        expiry = self._expiry(company)
        return self.sudo().create([
            {
                'scope': 'statement', 'company_id': company.id, 'partner_id': partner.id,
                'email': partner._email_pay_address(), 'expires_at': expiry, **values,
            }
            for partner in partners
        ])

    def _paid_documents(self):
        """What the customer was invoiced in the last months and has paid, the newest first."""
        self.ensure_one()
        return self.env['account.move'].sudo().search(
            self._paid_domain(self.partner_id, self.company_id),
            order='invoice_date DESC, id DESC', limit=HISTORY_ROWS)

    @api.model
    def _paid_domain(self, customers, company):
        since = self._today_in(company) - relativedelta(months=HISTORY_MONTHS)
        return [
            ('move_type', 'in', ('out_invoice', 'out_receipt')), ('state', '=', 'posted'),
            ('commercial_partner_id', 'in', customers.ids),
            ('company_id', '=', company.id), ('invoice_date', '>=', since),
            ('payment_state', 'in', ('in_payment', 'paid')),
        ]

    def _is_of_customer(self, user):
        """Whether a signed-in user sees this statement without its token: whoever belongs to the
        customer."""
        return (
            self.scope == 'statement' and not user._is_public()
            and user.sudo().partner_id.commercial_partner_id == self.partner_id
        )

    # === IN THE MAIL AND ON PAPER === #

    def _statement_sections(self):
        """What the mail and the PDF show, a currency each, with the buttons to pay it."""
        self.ensure_one()
        return [self._section_shown(section) for section in self._statement().sections]

    def _section_shown(self, section):
        closed = self._closed(section)
        return {
            **section_values(self.env, section, closed=closed),
            'buttons': self._pay_buttons(section, closed),
        }

    def _pay_buttons(self, section, closed):
        """A button for each way to pay: it leads to the page with that one chosen."""
        if not any(closed.get(document.move_id) in PAYABLE for document in section.charges):
            return []
        return [
            {
                'name': way['name'], 'fees': way['hint'],
                'logos': self._logo_urls(way['brand_ids']),
                'url': self._url_to(section=section.key, method=way['value']),
            }
            for way in self._offer_in(0, section.currency)
        ]

    def _logo_urls(self, brand_ids):
        """Where a mail finds the logos of payment methods: many mail programs show no others."""
        base_url = self._base_url()
        return [f'{base_url}/web/image/payment.method/{brand_id}/image' for brand_id in brand_ids]

    def _url_to(self, **chosen):
        return f'{self._url()}?{urlencode(chosen)}'

    def _statement_totals(self):
        """What is due, in each currency, in one line."""
        return ', '.join(currency.format(amount) for currency, amount in self._due())

    def _statement_date(self):
        return self._today_in(self.company_id)

    @api.model
    def _today_in(self, company):
        return fields.Date.context_today(self.with_context(tz=company.partner_id.tz or 'UTC'))

    # === AS FOR INVOICES === #

    def _thread(self):
        return self.partner_id if self.scope == 'statement' else super()._thread()

    def _due(self):
        if self.scope != 'statement':
            return super()._due()
        due = {}
        for section in self._statement().sections:
            if section.due:
                due[section.currency] = due.get(section.currency, 0.0) + section.due
        return list(due.items())

    def _text_template(self):
        return 'sms_template_statement' if self.scope == 'statement' else super()._text_template()

    def _documents_obstacle(self):
        if self.scope != 'statement':
            return super()._documents_obstacle()
        return '' if self._statement().anything_due else 'settled'

    def _successor(self):
        if self.scope != 'statement':
            return super()._successor()
        return self._for_customer(self.partner_id, self.company_id)

    def _unsendable(self, addresses=True):
        if self.scope != 'statement':
            return super()._unsendable(addresses)
        obstacles = self.partner_id._email_pay_statement_obstacles(
            self.company_id, addresses, payable=addresses)
        return obstacles[self.partner_id]

    def _address(self):
        if self.scope != 'statement':
            return super()._address()
        return self.partner_id._email_pay_address()

    def _log(self, body):
        super()._log(body)
        if self.scope == 'statement':
            self.partner_id._message_log(body=body)

    def _mail_template(self):
        if self.scope != 'statement':
            return super()._mail_template()
        return self.env.ref('email_pay.mail_template_statement').sudo()

    def _attachments(self):
        if self.scope != 'statement':
            return super()._attachments()
        return self.env['ir.attachment']  # the mail template prints the statement

    def _pdf(self):
        if self.scope != 'statement':
            return super()._pdf()
        report = self.env['ir.actions.report'].sudo()
        return report._render_qweb_pdf('email_pay.report_statement', self.ids)[0]

    def _sent_note(self):
        if self.scope != 'statement':
            return super()._sent_note()
        return _("Statement sent to %s.", self.email)

    def _unsent_note(self, error):
        if self.scope != 'statement':
            return super()._unsent_note(error)
        return _("The statement was not sent: %s", error)

    def _attempts(self):
        """Payments that were begun on any statement of this customer and may still be made."""
        if self.scope != 'statement':
            return super()._attempts()
        transactions = self.env['payment.transaction'].sudo()
        links = fields.Domain('email_pay_link_id', 'any', [
            ('scope', '=', 'statement'), ('partner_id', '=', self.partner_id.id),
            ('company_id', '=', self.company_id.id),
        ])
        return transactions.search(
            links & fields.Domain('state', '=', 'draft')
            & transactions._email_pay_in_flight_domain()
        )

    # === PAYING === #

    def _select(self, section, move_ids, use_credit, free=None):
        """What the customer picked of a section, without what cannot be paid now.

        :param free: what `_free` says, where it is known.
        """
        if free is None:
            free = self._free(section)
        return Selection(
            section,
            [doc for doc in section.charges if doc.move_id in move_ids and doc.move_id in free],
            [doc for doc in section.credits if use_credit and doc.move_id in free],
        )

    def _free(self, section, closed=None):
        """The ids of the documents that can be paid now.

        :param closed: what `_closed` says, where it is known.
        """
        if closed is None:
            closed = self._closed(section)
        return {document.move_id for document in section.documents} - closed.keys()

    def _closed(self, section):
        """What cannot be paid now: the ids of the documents, each with the reason (see
        `statement_values.mark_labels`)."""
        held = self.env['email.pay.plan']._held_ids(self.partner_id)
        paying = self._in_flight_of_customer()._email_pay_moves().ids
        return {
            **dict.fromkeys(held, 'installments'), **dict.fromkeys(paying, 'paying'),
            **{doc.move_id: doc.closed for doc in section.documents if doc.closed},
        }

    def _in_flight_of_customer(self):
        """The payments of the customer's documents that are on their way, found by the customer:
        of a thousand documents that is much faster than by the documents."""
        transactions = self.env['payment.transaction'].sudo()
        selected = fields.Domain('email_pay_account_id', '!=', False) & fields.Domain(
            'partner_id', '=', self.partner_id.id)
        invoiced = fields.Domain('invoice_ids', 'any', [
            ('commercial_partner_id', '=', self.partner_id.id),
        ])
        return transactions.search(
            transactions._email_pay_in_flight_domain() & (selected | invoiced))

    def _selection_limits(self, selection):
        """The least and the most that can be paid of a selection; equal when nothing else can."""
        return self._portal()._amount_limits(
            self.company_id, selection.section.currency, selection.to_pay
        )

    def _check_selection(self, selection, amount):
        """:raises UserError: a sentence for the customer who typed `amount`."""
        self._check_other(
            amount, self._selection_limits(selection), selection.section.currency)

    def _pick(self, selection):
        """Keep what was picked, until the form of a provider is sent."""
        return self.env['email.pay.pick'].sudo().create({
            'link_id': self.id,
            'section': selection.section.key,
            'document_ids': [document.move_id for document in selection.charges],
            'use_credit': bool(selection.credits),
            'currency_id': selection.section.currency.id,
            'to_pay': selection.to_pay,
        })

    def _start_selection(self, selection, amount, provider, method, flow=None):
        """A new transaction of `amount` for what was picked; refused when it is not due, or being
        paid already (see `payment_allocation`)."""
        self.ensure_one()
        plan = selection.plan(amount)
        moves = self.env['account.move'].sudo().browse([move_id for move_id, _part in plan])
        moves._email_pay_lock()  # before the reference is counted, which two tabs would share
        invoices = moves.filtered(lambda move: move.move_type in ('out_invoice', 'out_receipt'))
        charged = moves[:1] if len(selection.charges) == 1 else moves.browse()
        transactions = self.env['payment.transaction'].sudo()
        return self._begin(provider, {
            'payment_method_id': method.id,
            'reference': transactions._compute_reference(
                provider.code, prefix=charged.name or self._statement_reference()
            ),
            'amount': amount,
            'currency_id': selection.section.currency.id,
            'invoice_ids': [Command.set(invoices.ids)],
            'email_pay_account_id': selection.section.account_id,
            'email_pay_allocation_ids': [
                Command.create({'move_id': move_id, 'amount': part}) for move_id, part in plan
            ],
        }, flow)

    def _statement_reference(self):
        """What a payment of several documents is called, as Odoo calls it."""
        return self.company_id.get_next_batch_payment_communication()

    def _apply_credits(self, selection):
        """Match the customer's credits with what was picked, where nothing is left to pay.

        :raises UserError: somebody is paying one of the documents.
        """
        self.ensure_one()
        documents = selection.charges + selection.credits
        items = self.env['account.move.line'].sudo().browse(
            [item.line_id for document in documents for item in document.items]
        )
        moves = items.move_id
        moves._email_pay_lock()
        if moves._email_pay_holders(self.partner_id) or moves._email_pay_awaited():
            raise UserError(_("Your statement has changed. Please choose again."))
        items.reconcile()
        self.partner_id._message_log(body=_(
            "The customer used a credit of %s for open documents on the statement.",
            selection.section.currency.format(selection.credit),
        ))
