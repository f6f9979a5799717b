from odoo import api, models


class EmailPayCached(models.AbstractModel):
    """Settings from which the payment page is cached: a change of one clears the caches."""

    _name = 'email.pay.cached'
    _description = 'Settings of the Payment Page'

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result


class PaymentProvider(models.Model):
    _name = 'payment.provider'
    _inherit = ['payment.provider', 'email.pay.cached']


class PaymentMethod(models.Model):
    _name = 'payment.method'
    _inherit = ['payment.method', 'email.pay.cached']


class AccountPaymentMethodLine(models.Model):
    _name = 'account.payment.method.line'
    _inherit = ['account.payment.method.line', 'email.pay.cached']
