from odoo import api, models


class EmailPayCached(models.AbstractModel):
    """Settings that the payment page and the webhook cache: a change of one clears the caches."""

    _name = 'email.pay.cached'
    _description = 'Cached Payment Settings'

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self._email_pay_forget()
        return records

    def write(self, vals):
        result = super().write(vals)
        self._email_pay_forget()
        return result

    def unlink(self):
        result = super().unlink()
        self._email_pay_forget()
        return result

    def _email_pay_forget(self):
        """Let every worker read them again: now, and after the commit for a thread that read what
        was there before it."""
        self.env.registry.clear_cache()
        self.env.cr.postcommit.add(self.env.registry.clear_cache)


class PaymentProvider(models.Model):
    _name = 'payment.provider'
    _inherit = ['payment.provider', 'email.pay.cached']


class PaymentMethod(models.Model):
    _name = 'payment.method'
    _inherit = ['payment.method', 'email.pay.cached']


class AccountPaymentMethodLine(models.Model):
    _name = 'account.payment.method.line'
    _inherit = ['account.payment.method.line', 'email.pay.cached']
