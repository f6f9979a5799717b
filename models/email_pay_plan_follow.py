from odoo import _, api, fields, models
from odoo.fields import Domain

from .email_pay_installment_by_hand import OPEN
from .plan_values import LIVE


class EmailPayPlan(models.Model):
    """What people see of a plan."""

    _inherit = 'email.pay.plan'

    document = fields.Char(
        compute='_compute_document', search='_search_document', compute_sudo=True,
    )
    progress = fields.Char(
        string="Confirmed", compute='_compute_progress', help="Instalments confirmed, of all.",
    )
    payment_count = fields.Integer(string="Payments", compute='_compute_payment_count')
    # Who keeps the books may not open the cards of others.
    card = fields.Char(string="Card Charged", related='token_id.display_name')

    # What the filters of the invoices look for.
    _pending_idx = models.Index("(move_id) WHERE state = 'pending'")
    _error_idx = models.Index(
        "(move_id) WHERE (error IS NOT NULL OR problem IS NOT NULL)"
        " AND state IN ('pending', 'active')")

    @api.depends('move_id.name', 'order_model', 'order_id')
    def _compute_document(self):
        for plan in self:
            document = plan._document()
            plan.document = document and (document.name or _("Draft"))

    @api.model
    def _search_document(self, operator, value):
        if operator not in ('ilike', 'like', '=', 'in'):
            return NotImplemented
        return Domain('move_id.name', operator, value) | self._order_domain(operator, value)

    @api.model
    def _order_domain(self, _operator, _value):
        """The plans of orders that are called so."""
        return Domain.FALSE

    @api.depends('installment_ids.state', 'count')
    def _compute_progress(self):
        for plan in self:
            plan.progress = f"{len(plan._installments('confirmed'))}/{plan.count}"

    @api.depends('installment_ids.payment_id')
    def _compute_payment_count(self):
        for plan in self:
            plan.payment_count = len(plan.installment_ids.sudo().payment_id)

    # === ITS INSTALMENTS === #

    def _installments(self, *states):
        """Those of these states, in order."""
        return self.installment_ids.filtered(lambda one: one.state in states).sorted('number')

    def _left(self):
        """What is still to be collected."""
        return sum(self._installments(*OPEN).mapped('amount'))

    @api.model
    def _of_customer(self, customer):
        """The plans (sudo) of a commercial partner and its contacts, those in progress first."""
        plans = self.sudo().search([('partner_id.commercial_partner_id', '=', customer.id)])
        return plans.sorted(lambda plan: plan.state not in LIVE)

    # === ON ITS INVOICE === #

    def _summary(self):
        """What is collected, in one line."""
        return _(
            "%(amount)s in %(count)s instalments with %(method)s.",
            amount=self.currency_id.format(self.amount), count=self.count,
            method=self.method_id.display_name,
        )

    def _trouble(self):
        """What keeps the customer from paying, in plain words; False when nothing does."""
        if self.state not in LIVE:
            return False
        denied = self._installments('denied')[:1]
        if self.error or self.problem or not denied:
            return self.error or self.problem
        return _(
            "Instalment %(position)s was not collected: %(reason)s", position=denied.position,
            reason=denied.reason or '',
        )

    @api.model
    def _trouble_domain(self):
        return Domain('state', 'in', LIVE) & (
            Domain('error', '!=', False) | Domain('problem', '!=', False)
            | Domain('installment_ids', 'any', [('state', '=', 'denied')])
        )

    # === THE BUTTONS === #

    def action_open_document(self):
        document = self._document()
        return {
            'type': 'ir.actions.act_window', 'res_model': document._name, 'res_id': document.id,
            'views': [(False, 'form')],
        }

    def action_view_payments(self):
        return {
            'type': 'ir.actions.act_window', 'name': _("Payments"), 'res_model': 'account.payment',
            'views': [(False, 'list'), (False, 'form')],
            'domain': [('id', 'in', self.installment_ids.payment_id.ids)],
        }


class EmailPayInstallment(models.Model):
    _inherit = 'email.pay.installment'

    # The report shows the charges of some days, and those of a customer.
    _due_idx = models.Index('(due_date, company_id, state)')
    _denied_idx = models.Index("(plan_id) WHERE state = 'denied'")

    document = fields.Char(related='plan_id.document')
    position = fields.Char(string="Instalment", compute='_compute_position')
    can_decide = fields.Boolean(compute='_compute_can_decide')

    @api.depends('partner_id.display_name', 'plan_id.document', 'position')
    def _compute_display_name(self):
        """What a calendar shows of it."""
        for line in self:
            line.display_name = (
                f'{line.partner_id.display_name}, {line.plan_id.document} {line.position}')

    @api.depends('number', 'plan_id.count')
    def _compute_position(self):
        for line in self:
            line.position = f'{line.number}/{line.plan_id.count}'

    @api.depends('mode', 'state', 'plan_id.state', 'transaction_id.email_pay_asked')
    def _compute_can_decide(self):
        """Whether a person says what became of it (see `email_pay_installment_by_hand`)."""
        for line in self:
            line.can_decide = (
                line.state in OPEN and line.plan_id.state in LIVE
                and line._is_decided_by_hand()
            )
