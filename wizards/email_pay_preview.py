from odoo import fields, models


class EmailPayPreview(models.AbstractModel):
    """A customer, in one currency, to whom a schedule would send something, or why not."""

    _name = 'email.pay.preview'
    _description = 'Preview of a Schedule'
    _order = 'reason, partner_id, id'
    _rec_name = 'partner_id'

    partner_id = fields.Many2one('res.partner', string="Customer", readonly=True)
    email = fields.Char(readonly=True)
    currency_id = fields.Many2one('res.currency', readonly=True)
    due = fields.Monetary(readonly=True)
    reason = fields.Char(readonly=True)
    gets_it = fields.Boolean(readonly=True)

    def _action(self, name):
        """Show these lines, as cards on a phone."""
        return {
            'type': 'ir.actions.act_window',
            'name': name,
            'res_model': self._name,
            'views': [(False, 'list'), (False, 'kanban')],
            'mobile_view_mode': 'kanban',
            'domain': [('id', 'in', self.ids)],
        }

    def action_open_customer(self):
        self.ensure_one()
        return self.partner_id._email_pay_form_action()
