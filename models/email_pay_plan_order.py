from odoo import _, api, models
from odoo.exceptions import ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL

from .email_pay_plan import LIVE
from .locks import locked_ids

# Of the app `sale`, which this add-on does not need.
ORDER = 'sale.order'
OPEN_ORDER_STATES = ('draft', 'sent', 'sale')


class OrderDocument:
    """What makes a sales order the document of a plan: the methods that an invoice has too, given
    to its model where `sale` is installed."""

    def _email_pay_plan_lock(self):
        if self:
            locked_ids(self.env.cr, SQL(
                "UPDATE sale_order SET write_date = write_date WHERE id IN"
                " (SELECT id FROM sale_order WHERE id IN %s ORDER BY id FOR NO KEY UPDATE)"
                " RETURNING id", tuple(self.ids),
            ))

    def _email_pay_plan_amount(self):
        """What a plan made now would collect: what is not paid yet."""
        self.ensure_one()
        return self.amount_total - self.sudo().amount_paid

    def _email_pay_plan_obstacle(self):
        """Why no plan can be made of this order now, as a sentence; '' when one can."""
        self.ensure_one()
        if self.state not in OPEN_ORDER_STATES:
            return _("The order is cancelled.")
        if self.env['email.pay.plan']._of_order(self).filtered(lambda plan: plan.state in LIVE):
            return _("This document is being collected in instalments already.")
        if self.sudo().invoice_ids.filtered(lambda move: move.state != 'cancel'):
            return _("This order is invoiced already. Press “Collect in instalments” on its"
                     " invoice.")
        if self.currency_id.compare_amounts(self._email_pay_plan_amount(), 0) <= 0:
            return _("Nothing is due on this order.")
        return self.env['email.pay.portal']._for_company(self.company_id)._recurring_obstacle()

    def _email_pay_plan_values(self):
        """What a plan takes from this order."""
        self.ensure_one()
        return {
            'order_model': self._name,
            'order_id': self.id,
            'company_id': self.company_id.id,
            'partner_id': self.partner_invoice_id.id,
            'currency_id': self.currency_id.id,
            'amount': self._email_pay_plan_amount(),
        }


DOCUMENT_METHODS = {
    name: method for name, method in vars(OrderDocument).items()
    if name.startswith('_email_pay_plan')
}


class EmailPayPlan(models.Model):
    """A sales order as the document of a plan."""

    _inherit = 'email.pay.plan'

    def _register_hook(self):
        """Override of `base`: whichever of `sale` and this add-on was installed first."""
        super()._register_hook()
        if ORDER not in self.env:
            return
        for name, method in DOCUMENT_METHODS.items():
            setattr(self.env.registry[ORDER], name, method)
        if {'sale', 'email_pay'} & set(self.env.registry.updated_modules):
            self._offer_on_orders()

    @api.model
    def _offer_on_orders(self):
        """The action on sales orders. It goes with `sale`, as all that is bound to its models."""
        model = self.env['ir.model'].sudo()._get(ORDER)
        action = self.env['ir.actions.server'].sudo()._load_records([{
            'xml_id': 'email_pay.action_collect_order',
            'noupdate': True,
            'values': {
                'name': "Collect in instalments",
                'model_id': model.id,
                'binding_model_id': model.id,
                'binding_view_types': 'form',
                'group_ids': [Command.set(self.env.ref('account.group_account_invoice').ids)],
                'state': 'code',
                'code': "action = env['email.pay.plan']._collect_order(record)",
            },
        }])
        for code, _name in self.env['res.lang'].get_installed():
            speaking = self.with_context(lang=code)
            action.with_context(lang=code).name = speaking.env._("Collect in instalments")

    @api.model
    def _collect_order(self, order):
        """The dialog for an order; its plan when it has one already."""
        self.env['account.move'].check_access('write')
        order.ensure_one()
        order.check_access('read')
        plan = self._of_order(order).filtered(lambda plan: plan.state in LIVE)
        if plan:
            return {
                'type': 'ir.actions.act_window', 'res_model': self._name, 'res_id': plan.id,
                'views': [(False, 'form')],
            }
        return self._collect_action(order)

    @api.model
    def _of_order(self, order):
        """The plans (sudo) of an order, the newest first."""
        return self.sudo().search([('order_model', '=', order._name), ('order_id', '=', order.id)])
