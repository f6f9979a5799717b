from odoo import models

from .email_pay_plan_order import ORDER

# What of an order a plan depends on.
CHANGES = {'state', 'partner_invoice_id', 'currency_id', 'amount_total'}


class MailThread(models.AbstractModel):
    """A sales order that changes wakes its plan at once, as an invoice does.

    The app `sale` may be missing, so that no class of ours can extend its model; and `write` and
    `unlink` that are set on it later go when automation rules set, and take away, theirs. But every
    order is a thread of `mail`, whose methods see what is written, and also what is computed: its
    total, when only a line is changed.
    """

    _inherit = 'mail.thread'

    def write(self, vals):
        result = super().write(vals)
        if self._name == ORDER and CHANGES & vals.keys():
            self._email_pay_plans_of_orders()._on_invoice_changed()
        return result

    def _compute_field_value(self, field):
        result = super()._compute_field_value(field)
        if self._name == ORDER and CHANGES & {one.name for one in self.pool.field_computed[field]}:
            self._email_pay_plans_of_orders()._on_invoice_changed()
        return result

    def unlink(self):
        plans = self._email_pay_plans_of_orders() if self._name == ORDER else None
        result = super().unlink()
        if plans:
            plans._on_invoice_changed()
        return result

    def _email_pay_plans_of_orders(self):
        """The plans (sudo) that collect these sales orders, which are not invoiced yet."""
        plans = self.env['email.pay.plan']._of_order(self.filtered('id'))
        return plans.filtered(lambda plan: not plan.move_id)
