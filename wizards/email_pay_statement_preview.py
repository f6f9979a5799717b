from odoo import api, fields, models


class EmailPayStatementPreview(models.TransientModel):
    """A customer, in one currency, to whom the schedule would send a statement, or why not."""

    _name = 'email.pay.statement.preview'
    _description = 'Preview of Statements'
    _order = 'reason, partner_id, id'
    _rec_name = 'partner_id'

    partner_id = fields.Many2one('res.partner', string="Customer", readonly=True)
    email = fields.Char(string="Sent to", readonly=True)
    documents = fields.Integer(string="Open Documents", readonly=True)
    currency_id = fields.Many2one('res.currency', readonly=True)
    due = fields.Monetary(readonly=True)
    overdue = fields.Monetary(readonly=True)
    credit = fields.Monetary(string="Credits", readonly=True)
    reason = fields.Char(string="Not Sent Because", readonly=True)
    gets_it = fields.Boolean(string="Gets a Statement", readonly=True)

    @api.model
    def _create_for(self, portal):
        return self.create([
            {
                'partner_id': customer.id,
                'email': customer._email_pay_address(),
                'documents': len(section.charges),
                'currency_id': section.currency.id,
                'due': section.due,
                'overdue': section.overdue,
                'credit': section.credit,
                'reason': reason,
                'gets_it': not reason,
            }
            for customer, statement, reason in portal._statement_customers()
            for section in statement.sections if section.due
        ])

    def action_open_customer(self):
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window', 'res_model': 'res.partner',
            'res_id': self.partner_id.id, 'views': [(False, 'form')],
        }
