from odoo import fields, models


class PaymentProvider(models.Model):
    """Accountants read the names of apps; all else of them is for administrators."""

    _inherit = 'payment.provider'

    display_name = fields.Char(compute_sudo=True)
