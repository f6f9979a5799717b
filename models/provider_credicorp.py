from odoo import api, fields, models

from ..gateways.credicorp import const


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    code = fields.Selection(
        selection_add=[('credicorp', "Credicorp Bank")], ondelete={'credicorp': 'set default'}
    )
    credicorp_api_key = fields.Char(
        string="Credicorp API Key", required_if_provider='credicorp', groups='base.group_system',
        copy=False,
    )
    credicorp_tokenization_key = fields.Char(
        string="Public Tokenization Key", required_if_provider='credicorp', copy=False
    )
    credicorp_webhook_key = fields.Char(
        string="Webhook Signing Key", groups='base.group_system', copy=False,
        help="Without it, notifications are refused and payments are only found by asking.",
    )
    credicorp_webhook_key_previous = fields.Char(
        string="Previous Signing Key", groups='base.group_system', copy=False,
        help="Accepted too while the gateway changes over to a new signing key.",
    )
    credicorp_base_url = fields.Char(
        string="Gateway Address", default=const.PRODUCTION_URL, required_if_provider='credicorp'
    )

    @api.constrains('credicorp_base_url')
    def _check_credicorp_base_url(self):
        self._email_pay_check_address('credicorp_base_url')

    def action_credicorp_use_sandbox(self):
        self.credicorp_base_url = const.SANDBOX_URL

    def action_credicorp_use_production(self):
        self.credicorp_base_url = const.PRODUCTION_URL
