from odoo import api, fields, models

from .plan_values import LIVE


class AccountMove(models.Model):
    """What people see on an invoice that is collected in instalments."""

    _inherit = 'account.move'

    email_pay_plan_state = fields.Selection(
        selection='_select_email_pay_plan_state', string="Recurring Credit",
        compute='_compute_email_pay_plan', compute_sudo=True,
    )
    email_pay_plan_progress = fields.Char(
        string="Instalments", compute='_compute_email_pay_plan', compute_sudo=True,
    )
    email_pay_plan_summary = fields.Char(compute='_compute_email_pay_plan', compute_sudo=True)
    email_pay_plan_error = fields.Char(
        string="Payment Error", compute='_compute_email_pay_plan', compute_sudo=True,
        search='_search_email_pay_plan_error',
    )

    @api.model
    def _select_email_pay_plan_state(self):
        return self.env['email.pay.plan']._fields['state']._description_selection(self.env)

    @api.depends(
        'email_pay_plan_ids.state', 'email_pay_plan_ids.error',
        'email_pay_plan_ids.installment_ids.state',
    )
    def _compute_email_pay_plan(self):
        for move in self:
            plan = move._email_pay_plan()
            move.email_pay_plan_state = plan.state
            move.email_pay_plan_progress = plan.progress
            move.email_pay_plan_summary = plan and plan._summary()
            move.email_pay_plan_error = plan._trouble()

    @api.model
    def _search_email_pay_plan_error(self, operator, value):
        if operator not in ('in', 'not in') or set(value) != {False}:
            return NotImplemented
        troubled = fields.Domain('email_pay_plan_ids', 'any', self.env[
            'email.pay.plan']._trouble_domain())
        return troubled if operator == 'not in' else ~troubled

    def _email_pay_plan(self):
        """The plan (sudo) of this invoice: the one in progress, else the last."""
        plans = self.sudo().email_pay_plan_ids
        return plans.filtered(lambda plan: plan.state in LIVE) or plans[:1]

    # === THE BUTTONS OF ITS PLAN === #

    def action_email_pay_open_plan(self):
        return {
            'type': 'ir.actions.act_window', 'res_model': 'email.pay.plan',
            'res_id': self._email_pay_plan().id, 'views': [(False, 'form')],
        }

    def action_email_pay_copy_plan_link(self):
        return self._email_pay_own_plan().action_copy_payment_link()

    def action_email_pay_send_plan_link(self):
        return self._email_pay_own_plan().action_send_link()

    def action_email_pay_refresh_plan(self):
        return self._email_pay_own_plan().action_refresh()

    def action_email_pay_cancel_plan_attempt(self):
        return self._email_pay_own_plan().action_cancel_attempt()

    def _email_pay_own_plan(self):
        """The plan, with the rights of the user."""
        return self._email_pay_plan().sudo(False)
