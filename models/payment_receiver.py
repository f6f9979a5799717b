from typing import NamedTuple

from odoo import _, api, models
from odoo.exceptions import UserError
from odoo.tools import ormcache

from ..gateways import REGISTRY
from ..gateways.base import Gateway


class Receiver(NamedTuple):
    """Who gets a notification. `gateway` verifies and reads it; it cannot ask for anything."""

    provider_id: int
    gateway: Gateway


class PaymentProvider(models.Model):
    """What the webhook must know of the gateway apps at each notification, forged ones too."""

    _inherit = 'payment.provider'

    @api.model
    @ormcache()
    def _email_pay_receivers(self):
        """Every receiver by its provider's id; one entry of the cache for all of them, so that
        nobody can fill it by trying addresses."""
        providers = self.sudo().search([('code', 'in', list(REGISTRY))])
        return {
            provider.id: Receiver(
                provider.id, REGISTRY[provider.code](provider._email_pay_credentials(), send=None),
            )
            for provider in providers
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_except_notified(self):
        """What a gateway told is kept, whatever becomes of its app."""
        told = self.env['email.pay.event'].sudo().search(
            [('provider_id', 'in', self.ids)], limit=1).provider_id
        if told:
            raise UserError(_(
                "%s has sent notifications, which are kept: disable the app instead.", told.name))
