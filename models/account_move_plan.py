from odoo import _, api, fields, models
from odoo.exceptions import UserError

from .account_move import PAYABLE_TYPES
from .email_pay_plan import LIVE


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
        portal = self.env['email.pay.portal']._for_company(self.company_id)
        if not portal.enabled:
            return _("Email Pay is not enabled for %s.", self.company_id.display_name)
        if not portal._recurring_methods():
            return _(
                "Add a payment method of the type “Recurring credit” in the settings of Email Pay."
            )
        return ''

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
