from odoo import api, fields, models

from ..models.email_pay_reminder import CHANNELS


class EmailPayReminderPreview(models.TransientModel):
    """A customer, in one currency, who would be reminded tomorrow, or why not."""

    _name = 'email.pay.reminder.preview'
    _description = 'Preview of Reminders'
    _order = 'reason, partner_id, id'
    _rec_name = 'partner_id'

    partner_id = fields.Many2one('res.partner', string="Customer", readonly=True)
    reminder_id = fields.Many2one('email.pay.reminder', readonly=True)
    channel = fields.Selection(CHANNELS, readonly=True)
    email = fields.Char(string="E-mail", readonly=True)
    phone = fields.Char(readonly=True)
    names = fields.Char(string="Documents", readonly=True)
    currency_id = fields.Many2one('res.currency', readonly=True)
    due = fields.Monetary(readonly=True)
    reason = fields.Char(string="Not Reminded Because", readonly=True)
    gets_it = fields.Boolean(string="Is Reminded", readonly=True)

    @api.model
    def _create_for(self, reminders):
        return self.create([
            {
                'partner_id': reminder.customer.id,
                'reminder_id': reminder.step.id,
                'channel': reminder.step.channel,
                'email': reminder.customer._email_pay_address(),
                'phone': reminder.customer._email_pay_phone(),
                'names': ', '.join(dict.fromkeys(part.name for part in parts)),
                'currency_id': currency.id,
                'due': sum(part.amount for part in parts),
                'reason': reminder.reason,
                'gets_it': not reminder.reason,
            }
            for reminder in reminders
            for currency, parts in reminder.by_currency().items()
        ])

    def action_open_customer(self):
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window', 'res_model': 'res.partner',
            'res_id': self.partner_id.id, 'views': [(False, 'form')],
        }
