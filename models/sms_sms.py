from odoo import models


class SmsSms(models.Model):
    _inherit = 'sms.sms'

    def _send(self, *args, **kwargs):
        """Override of `sms`: its job hands over the messages of all companies at once, where it
        expects those of one, and a queue of two would never move again."""
        for messages in self.grouped(lambda sms: sms._get_sms_company()).values():
            super(SmsSms, messages)._send(*args, **kwargs)
