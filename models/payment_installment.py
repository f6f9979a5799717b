from odoo import fields, models


class PaymentTransaction(models.Model):
    """Payments of instalments: booked as any other, and told to their plan."""

    _inherit = 'payment.transaction'

    email_pay_installment_id = fields.Many2one(
        'email.pay.installment', string="Instalment", readonly=True, copy=False,
        index='btree_not_null', ondelete='restrict',
    )
