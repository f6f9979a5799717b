from odoo import models


class PaymentToken(models.Model):
    _inherit = 'payment.token'

    def _get_available_tokens(self, *args, **kwargs):
        """Override of `payment`: a saved card is shown only to someone who signed in, never to
        whoever holds a link."""
        if self.env.user._is_public():
            return self.env['payment.token']
        return super()._get_available_tokens(*args, **kwargs)
