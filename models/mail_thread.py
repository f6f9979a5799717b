from odoo import models


class MailThread(models.AbstractModel):
    _inherit = 'mail.thread'

    def _notify_thread_by_sms(self, *args, sms_content=None, **kwargs):
        """Override of `sms`: what is sent has the payment link, the chatter has it without its
        secret."""
        full = self.env.context.get('email_pay_sms_content')
        return super()._notify_thread_by_sms(*args, sms_content=full or sms_content, **kwargs)
