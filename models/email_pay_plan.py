from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from .locks import hold
from .plan_values import LIVE, MODES, due_dates, shares


class EmailPayPlan(models.Model):
    """A document that is collected month by month.

    What is collected are payments as any other (`payment.transaction`), one for each instalment;
    the plan says what is still to come, and by whom it is charged.
    """

    _name = 'email.pay.plan'
    _description = 'Recurring Credit'
    _inherit = ['email.pay.attention', 'email.pay.sharing']
    _check_company_auto = True
    _order = 'id desc'
    _rec_name = 'reference'

    reference = fields.Char(
        required=True, readonly=True, copy=False,
        help="Ours, unique for ever: the gateway keeps it as the number of its order.",
    )
    company_id = fields.Many2one('res.company', required=True, readonly=True, index=True)
    partner_id = fields.Many2one(
        'res.partner', string="Customer", required=True, readonly=True, index=True,
        check_company=True, ondelete='restrict',
    )
    currency_id = fields.Many2one('res.currency', required=True, readonly=True)
    method_id = fields.Many2one(
        'email.pay.method', string="Payment Method", required=True, readonly=True, index=True,
        ondelete='restrict',
    )
    provider_id = fields.Many2one(
        'payment.provider', string="Payment App", required=True, readonly=True, index=True,
        check_company=True, ondelete='restrict',
    )
    mode = fields.Selection(MODES, string="Who Charges", required=True, readonly=True)
    move_id = fields.Many2one(
        'account.move', string="Invoice", readonly=True, index='btree_not_null',
        check_company=True, ondelete='set null',
    )
    order_model = fields.Char(readonly=True)
    order_id = fields.Many2oneReference(
        model_field='order_model', readonly=True, index=True,
    )
    amount = fields.Monetary(required=True, readonly=True)
    count = fields.Integer(string="Instalments", required=True, readonly=True)
    first_date = fields.Date(string="First Charge", required=True, readonly=True)
    state = fields.Selection(
        [
            ('pending', "Payment pending"),
            ('active', "Active"),
            ('done', "Done"),
            ('cancelled', "Cancelled"),
        ],
        default='pending', required=True, readonly=True, copy=False, tracking=True,
    )
    error = fields.Char(
        readonly=True, copy=False, help="Why the customer cannot pay yet, as the gateway told.",
    )
    link_id = fields.Many2one(
        'email.pay.link', string="Payment Link", readonly=True, copy=False, ondelete='set null',
    )
    token_id = fields.Many2one(
        'payment.token', string="Saved Card", readonly=True, copy=False, ondelete='restrict',
        index='btree_not_null',
    )
    installment_ids = fields.One2many(
        'email.pay.installment', 'plan_id', string="Charges", readonly=True, copy=False,
    )
    transaction_ids = fields.Many2many(
        'payment.transaction', string="Transactions", compute='_compute_transaction_ids',
        compute_sudo=True,
    )

    _reference_unique = models.UniqueIndex('(reference)', "The reference of a plan is unique.")
    _move_once = models.UniqueIndex(
        "(move_id) WHERE move_id IS NOT NULL AND state IN ('pending', 'active')",
        "This document is being collected in instalments already.",
    )
    _order_once = models.UniqueIndex(
        "(order_model, order_id) WHERE order_id IS NOT NULL AND state IN ('pending', 'active')",
        "This document is being collected in instalments already.",
    )

    @api.depends('installment_ids')
    def _compute_transaction_ids(self):
        transactions = self.env['payment.transaction'].search([
            ('email_pay_installment_id', 'in', self.installment_ids.ids),
        ])
        by_plan = transactions.grouped(lambda tx: tx.email_pay_installment_id.plan_id)
        for plan in self:
            plan.transaction_ids = by_plan.get(plan, False)

    # === MAKING ONE === #

    @api.model
    def _create_for(self, document, method, count, first_date):
        """Collect what is due on a document in `count` instalments, the first on `first_date`.

        :param document: see `_email_pay_plan_values` of `account.move`.
        :raises UserError: it cannot be collected in this way, in a sentence for an accountant.
        """
        document._email_pay_plan_lock()
        if reason := document._email_pay_plan_obstacle() or self._misfit(method, count):
            raise UserError(reason)
        values = document._email_pay_plan_values()
        currency = self.env['res.currency'].browse(values['currency_id'])
        amounts = shares(values['amount'], count, currency)
        if currency.compare_amounts(amounts[0], 0) <= 0:
            raise UserError(_("The amount is too small for so many instalments."))
        plan = self.sudo().create({
            **values,
            'reference': self.env['ir.sequence'].sudo().next_by_code('email.pay.plan'),
            'method_id': method.id,
            'provider_id': method.sudo().provider_id.id,
            'mode': method.recurring_mode,
            'count': count,
            'first_date': first_date,
            'installment_ids': [
                Command.create({'number': number, 'amount': amount, 'due_date': date})
                for number, (amount, date) in enumerate(
                    zip(amounts, due_dates(first_date, count), strict=True), 1)
            ],
        })
        plan._note(_(
            "%(amount)s is collected in %(count)s instalments (%(reference)s).",
            amount=currency.format(plan.amount), count=count, reference=plan.reference,
        ))
        return plan

    @api.model
    def _misfit(self, method, count):
        if not method.active or method.kind != 'recurring':
            return _("Choose a payment method of the type “Recurring credit”.")
        if method.min_installments <= count <= method.max_installments:
            return ''
        return _(
            "Choose between %(least)s and %(most)s instalments.",
            least=method.min_installments, most=method.max_installments,
        )

    @api.model
    def _lacking(self, method, partner):
        """What the gateway needs to know of the customer before it can be asked, as a sentence."""
        lacks = method.sudo().provider_id._email_pay_lacks(partner)
        if method.recurring_mode == 'manual' or not lacks:
            return ''
        return _(
            "To collect with %(app)s, enter %(what)s on the contact %(customer)s first.",
            app=method.provider_name, what=_(" and ").join(lacks), customer=partner.display_name,
        )

    # === ITS DOCUMENT === #

    def _document(self):
        """The invoice, or the order, that is collected."""
        self.ensure_one()
        if self.move_id or self.order_model not in self.env:
            return self.move_id
        return self.env[self.order_model].browse(self.order_id).exists()

    def _note(self, body):
        """Tell the chatters of the plan and of its document."""
        for plan in self:
            plan._message_log(body=body)
            if document := plan._document():
                document._message_log(body=body)

    def _lock(self):
        hold(self)

    def _lock_documents(self):
        """Let one work at a time on what these plans collect."""
        self.move_id._email_pay_lock()
        for plan in self.filtered(lambda plan: not plan.move_id):
            plan._document()._email_pay_plan_lock()

    # === WHAT IS STILL TO COME === #

    def _holds(self):
        """Whether what this plan awaits may be charged, so that nobody else may collect it."""
        self.ensure_one()
        if self.state == 'pending':
            return self.mode == 'manual' or self._is_attempt_open()
        return self.state == 'active'

    def _held_amount(self):
        """What this plan awaits, where nobody else may collect it or remind of it."""
        awaiting = self._awaiting_amount()
        return awaiting if awaiting and self._holds() else 0.0

    @api.model
    def _held_ids(self, customer):
        """The ids of the invoices of a customer of which live plans await something."""
        plans = self.sudo().search([
            ('state', 'in', LIVE), ('move_id.commercial_partner_id', '=', customer.id),
        ])
        return [plan.move_id.id for plan in plans if plan._held_amount()]

    # === SHARING ITS LINK === #

    def action_send_link(self):
        """The dialog with every way to hand the link out."""
        return self.action_share_payment_link()

    def _email_pay_check_accountant(self):
        self._check_may_decide()

    def _email_pay_shared_link(self):
        self.ensure_one()
        self._email_pay_check_accountant()
        if obstacle := self._email_pay_unpayable()[self]:
            raise UserError(obstacle)
        return self._live_link()

    def _email_pay_shared_links(self):
        return self.env['email.pay.link'].union(*(plan._live_link() for plan in self))

    def _email_pay_live_links(self):
        return self.sudo().link_id.filtered(lambda link: link.state == 'active')

    def _email_pay_unpayable(self):
        reason = _("Nothing is paid with the link of a plan that is over.")
        return {plan: '' if plan.state in LIVE else reason for plan in self}

    def _email_pay_title(self):
        """What the accountant and the customer call it: the invoice, once it has a name."""
        name = self.move_id.state == 'posted' and self.move_id.name
        return name or self.reference

    def _email_pay_address(self):
        partner = self.partner_id
        return partner.email_normalized or partner._email_pay_address()

    def _email_pay_phone(self):
        partner = self.partner_id
        return partner.phone_sanitized or partner._email_pay_phone()
