from odoo import _, api, fields, models
from odoo.exceptions import UserError

from .locks import hold

PAYABLE_TYPES = ('out_invoice', 'out_receipt')
OPEN_STATES = ('not_paid', 'partial', 'in_payment')


class AccountMove(models.Model):
    _name = 'account.move'
    _inherit = ['account.move', 'email.pay.sharing']

    email_pay_link_ids = fields.Many2many(
        'email.pay.link', 'email_pay_link_move_rel', 'move_id', 'link_id', string="Payment Links",
        readonly=True, copy=False,
    )
    email_pay_can_send = fields.Boolean(compute='_compute_email_pay_can_send')
    email_pay_status = fields.Selection(
        [
            ('queued', "Payment link queued"),
            ('failed', "Payment link not sent"),
            ('sent', "Payment link sent"),
            ('opened', "Payment link opened"),
            ('paid', "Paid online"),
        ],
        string="Payment Link", compute='_compute_email_pay_status',
        search='_search_email_pay_status',
    )
    email_pay_promised_for = fields.Date(
        copy=False, string="Promised for", tracking=True, index='btree_not_null',
        help="The day on which the customer said to pay.",
    )

    # === COMPUTE METHODS === #

    @api.depends('state', 'move_type', 'payment_state', 'amount_residual', 'company_id')
    def _compute_email_pay_can_send(self):
        for move, obstacle in self._email_pay_obstacles().items():
            move.email_pay_can_send = not obstacle

    @api.depends(
        'payment_state', 'email_pay_link_ids.mail_state', 'email_pay_link_ids.sms_state',
        'email_pay_link_ids.sent_at', 'email_pay_link_ids.opened_at',
    )
    def _compute_email_pay_status(self):
        for move in self:
            move.email_pay_status = move._email_pay_status_of(move.sudo().email_pay_link_ids)

    def _email_pay_status_of(self, links):
        if self.payment_state in ('paid', 'in_payment') and any(links.mapped('paid_at')):
            return 'paid'
        if any(links.mapped('opened_at')):
            return 'opened'
        states = {state for link in links for state in link._sending_states()}
        return next((state for state in ('sent', 'queued', 'failed') if state in states), False)

    @api.model
    def _search_email_pay_status(self, operator, value):
        if operator != 'in':
            return NotImplemented
        links = self.env['email.pay.link']
        domains = {
            **{state: links._sending_domain(state) for state in ('queued', 'failed', 'sent')},
            'opened': [('opened_at', '!=', False)],
            'paid': [('paid_at', '!=', False)],
        }
        domain = fields.Domain.FALSE
        for status in value:
            if status:
                wanted = fields.Domain('email_pay_link_ids', 'any', domains[status])
                if status == 'paid':
                    wanted &= fields.Domain('payment_state', 'in', ('paid', 'in_payment'))
                domain |= wanted
            else:
                domain |= fields.Domain('email_pay_link_ids', '=', False)
        return domain

    # === WHAT CAN BE COLLECTED === #

    def _email_pay_obstacle(self):
        """Why these invoices cannot be e-mailed for payment, as a sentence; '' when they can."""
        return next(filter(None, self._email_pay_obstacles().values()), '')

    def _email_pay_obstacles(self):
        """The obstacle of each invoice, '' where there is none."""
        portals = {
            company: self.env['email.pay.portal']._for_company(company)
            for company in self.company_id
        }
        return {move: move._email_pay_own_obstacle(portals.get(move.company_id)) for move in self}

    def _email_pay_own_obstacle(self, portal):
        if self.move_type not in PAYABLE_TYPES:
            return _("Only customer invoices can be paid online.")
        if self.state != 'posted':
            return _("The invoice is not posted.")
        if self.payment_state not in OPEN_STATES or self.currency_id.is_zero(self.amount_residual):
            return _("Nothing is due on this invoice.")
        if not portal or not portal.enabled:
            return _("Email Pay is not enabled for %s.", self.company_id.display_name)
        return ''

    def _email_pay_lock(self):
        """Let one customer at a time start a payment of these invoices."""
        hold(self)

    def _email_pay_in_flight(self):
        """The transactions by which customers are paying these invoices right now."""
        transactions = self.sudo().transaction_ids
        return transactions and transactions.filtered_domain(
            transactions._email_pay_in_flight_domain()
        )

    def _email_pay_without_entry(self):
        """What was paid and has no journal entry yet, so that the amount due does not show it.

        So it is where a payment method has no outstanding account and Odoo's bank reconciliation is
        installed: the entry comes with the bank statement.
        """
        waiting = self.sudo().filtered(lambda move: move.payment_state in ('in_payment', 'paid'))
        return sum(waiting.matched_payment_ids.filtered(
            lambda payment: not payment.move_id and payment.payment_type == 'inbound'
            and payment.state in ('in_process', 'paid')
        ).mapped('amount'))

    def _email_pay_pdf(self):
        """The PDF of each invoice, as Odoo makes and keeps it.

        :raises UserError: it cannot be made, for example since an electronic invoice was refused.
        """
        attachments = self.env['ir.attachment']
        for move in self.sudo():
            if not move.invoice_pdf_report_id:
                self.env['account.move.send'].sudo()._generate_and_send_invoices(
                    move, sending_methods=[], allow_fallback_pdf=False,
                )
            attachments |= move.invoice_pdf_report_id
        return attachments

    # === THE BUTTONS === #

    def action_send_payment_email(self):
        """Mail the invoice with its *Pay now* button. One: at once; many: queued."""
        self._email_pay_check_accountant()
        if len(self) != 1:
            return self._email_pay_tell_queued(
                *self._email_pay_queue('mail'), _("%s payment emails are on their way."))
        link = self._email_pay_shared_link()
        if not self._email_pay_address():
            raise self.partner_id._email_pay_without_address()
        link._send()
        return self._email_pay_notify(_("Payment email sent to %s.", link.email), 'success')

    def action_view_payment_links(self):
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'name': _("Payment Links"),
            'res_model': 'email.pay.link',
            'views': [(False, 'list'), (False, 'form')],
            'domain': [('invoice_ids', 'in', self.ids)],
        }

    # === SHARING === #

    def _email_pay_check_accountant(self):
        self.check_access('write')

    def _email_pay_shared_link(self):
        self.ensure_one()
        self._email_pay_check_accountant()
        if obstacle := self._email_pay_obstacle():
            raise UserError(obstacle)
        return self.env['email.pay.link']._for_invoice(self)

    def _email_pay_shared_links(self):
        live = self.sudo().email_pay_link_ids.filtered(lambda link: link.state == 'active')
        without = self - live.invoice_ids
        new = self.env['email.pay.link']._create_for(*without)
        newest = {move: link for link in live.sorted('id') for move in link.invoice_ids}
        kept = new.union(*(newest[move] for move in self - without))
        (kept - new)._extend()
        return kept

    def _email_pay_live_links(self):
        return self.sudo().email_pay_link_ids.filtered(lambda link: link.state == 'active')

    def _email_pay_unpayable(self):
        return self._email_pay_obstacles()

    def _email_pay_title(self):
        return self.name or _("Draft")

    def _email_pay_address(self):
        return self.partner_id.email_normalized or self.partner_id._email_pay_address()

    def _email_pay_phone(self):
        return self.partner_id.phone_sanitized or self.partner_id._email_pay_phone()
