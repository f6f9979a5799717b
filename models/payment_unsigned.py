import logging

from odoo import api, models
from odoo.http import request

_logger = logging.getLogger(__name__)


class PaymentTransaction(models.Model):
    """What nobody signed moves no money: some of Odoo's providers believe every notification while
    their webhook secret is empty."""

    _inherit = 'payment.transaction'

    @api.model
    def _search_by_reference(self, provider_code, payment_data):
        """Override of `payment`: a notification that cannot be verified is about no transaction."""
        return super()._search_by_reference(provider_code, payment_data)._email_pay_believable()

    def _process(self, provider_code, payment_data):
        """Override of `payment`: a provider that was installed later searches by itself."""
        if self and not self._email_pay_believable():
            return self.browse()
        return super()._process(provider_code, payment_data)

    def _email_pay_believable(self):
        """This transaction, unless the request may come from anybody."""
        if not self.provider_id._email_pay_believes_everybody():
            return self
        _logger.warning(
            "Notification for provider %s refused: its webhook secret is empty.",
            self.provider_id.id,
        )
        return self.browse()


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    def _email_pay_believes_everybody(self):
        """Whether this request is a notification for a provider that has no secret to verify it,
        where Odoo's name for both is the usual one."""
        name = f'{self.code}_webhook_secret'
        return (
            name in self._fields and not self.sudo()[name]
            and bool(request) and request.httprequest.path == f'/payment/{self.code}/webhook'
        )
