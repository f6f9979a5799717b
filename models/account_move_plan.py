from odoo import _, api, fields, models
from odoo.exceptions import UserError

from .account_move import PAYABLE_TYPES
from .plan_values import LIVE

# What of an invoice a plan depends on.
CHANGES = {'state', 'partner_id', 'currency_id', 'invoice_line_ids', 'line_ids'}


class AccountMove(models.Model):
    """An invoice that is collected month by month."""

    _inherit = 'account.move'

    email_pay_plan_ids = fields.One2many(
        'email.pay.plan', 'move_id', string="Recurring Credits", readonly=True, copy=False,
    )
    email_pay_can_collect = fields.Boolean(compute='_compute_email_pay_can_collect')

    @api.depends(
        'state', 'move_type', 'amount_total', 'amount_residual', 'email_pay_plan_ids.state',
    )
    def _compute_email_pay_can_collect(self):
        for move in self:
            move.email_pay_can_collect = (
                move.state in ('draft', 'posted') and not move._email_pay_plan_obstacle()
            )

    def action_email_pay_collect_in_installments(self):
        """Choose how this invoice is collected month by month."""
        self.ensure_one()
        self._email_pay_check_accountant()
        if reason := self._email_pay_plan_obstacle():
            raise UserError(reason)
        return {
            'type': 'ir.actions.act_window', 'name': _("Collect in Instalments"),
            'res_model': 'email.pay.collect', 'views': [(False, 'form')], 'target': 'new',
            'context': {'default_move_id': self.id, 'dialog_size': 'medium'},
        }

    # === COLLECT ONCE === #

    def _email_pay_awaited(self):
        """What live plans will still charge of these invoices, beside what is on its way."""
        plans = self.sudo().email_pay_plan_ids.filtered(lambda plan: plan._holds())
        return sum(plan._to_come() for plan in plans)

    # === WHEN IT CHANGES === #

    def write(self, vals):
        """Override: a plan looks at its document again when that changes."""
        result = super().write(vals)
        if CHANGES & vals.keys():
            self._email_pay_tell_plans()
        return result

    def _email_pay_tell_plans(self, besides=()):
        """Let the live plans of these invoices look at them again.

        :param besides: the ids of plans that need not.
        """
        invoices = self.filtered(lambda move: move.move_type in PAYABLE_TYPES)
        plans = invoices and self.env['email.pay.plan'].sudo().search([
            ('move_id', 'in', invoices.ids), ('state', 'in', LIVE), ('id', 'not in', besides),
        ])
        if plans:
            plans._on_invoice_changed()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_collected(self):
        """A document that a customer may be paying right now stays."""
        if self.sudo().email_pay_plan_ids.filtered(lambda plan: plan.state in LIVE):
            raise UserError(_(
                "This document is being collected in instalments. Press “Cancel the attempt” first."
            ))

    # === AS THE DOCUMENT OF A PLAN: a sales order has the same four methods === #

    def _email_pay_plan_lock(self):
        self._email_pay_lock()

    def _email_pay_plan_amount(self):
        """What a plan made now would collect."""
        self.ensure_one()
        return self.amount_total if self.state == 'draft' else self.amount_residual

    def _email_pay_plan_obstacle(self):
        """Why no plan can be made of this invoice now, as a sentence; '' when one can."""
        self.ensure_one()
        if self.move_type not in PAYABLE_TYPES:
            return _("Only customer invoices can be collected in instalments.")
        if self.state == 'cancel':
            return _("The invoice is cancelled.")
        if self.sudo().email_pay_plan_ids.filtered(lambda plan: plan.state in LIVE):
            return _("This document is being collected in instalments already.")
        if not self.partner_id:
            return _("Choose the customer first.")
        if self.currency_id.compare_amounts(self._email_pay_plan_amount(), 0) <= 0:
            return _("Nothing is due on this invoice.")
        return self.env['email.pay.portal']._recurring_obstacle(self.company_id)

    def _email_pay_plan_values(self):
        """What a plan takes from this invoice."""
        self.ensure_one()
        return {
            'move_id': self.id,
            'company_id': self.company_id.id,
            'partner_id': self.partner_id.id,
            'currency_id': self.currency_id.id,
            'amount': self._email_pay_plan_amount(),
        }


class AccountPartialReconcile(models.Model):
    _inherit = 'account.partial.reconcile'

    @api.model_create_multi
    def create(self, vals_list):
        """Override: a plan looks at its document when somebody else settled a part of it. What the
        plan itself collects is booked as it should be."""
        parts = super().create(vals_list)
        booked = parts if self.env.context.get('email_pay_notes') else parts.browse()
        payments = booked.sudo().credit_move_id.payment_id
        plans = payments.payment_transaction_id.email_pay_installment_id.plan_id
        parts.debit_move_id.move_id._email_pay_tell_plans(besides=plans.ids)
        return parts

    def unlink(self):
        invoices = self.debit_move_id.move_id
        result = super().unlink()
        invoices._email_pay_tell_plans()
        return result
