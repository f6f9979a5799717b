from odoo import fields, models


class SmsSms(models.Model):
    _inherit = 'sms.sms'

    email_pay_company_id = fields.Many2one(
        'res.company', readonly=True, ondelete='cascade',
        help="On whose account a message goes out that is in no chatter.")

    email_pay_sign_in_id = fields.Many2one(
        'email.pay.sign.in', readonly=True, index='btree_not_null', ondelete='set null',
        help="The sign-in at the payment address whose code it has.")

    def _get_sms_company(self):
        """Override of `sms`, which takes the company of whoever runs the job."""
        return self.email_pay_company_id or super()._get_sms_company()

    def _send(self, *args, **kwargs):
        """Override of `sms`: its job hands over the messages of all companies at once, where it
        expects those of one, and a queue of two would never move again."""
        for messages in self.grouped(lambda sms: sms._get_sms_company()).values():
            super(SmsSms, messages)._send(*args, **kwargs)
        refused = self.filtered(lambda sms: sms.state == 'error')
        refused.sudo().email_pay_sign_in_id._not_sent()
