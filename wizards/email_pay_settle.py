from odoo import fields, models


class EmailPaySettle(models.TransientModel):
    _name = 'email.pay.settle'
    _description = 'Settle Payment Differences'

    difference_ids = fields.Many2many('email.pay.difference', required=True)
    note = fields.Text(string="How It Was Settled", required=True)

    def action_settle(self):
        self.difference_ids._settle(self.note)
        return {'type': 'ir.actions.act_window_close'}
