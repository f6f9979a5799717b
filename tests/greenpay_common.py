from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo import fields

from ..sandbox.greenpay.accounts import CURRENCIES
from .common import EmailPayCommon

NO_FUNDS_CARD = '4094394314664828'


class GreenPayCommon(EmailPayCommon):
    """A company that collects through GreenPay, played by the sandbox."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        merchant = cls.sandbox.greenpay.merchant
        cls.greenpay_keys = {
            'greenpay_secret': merchant.secret,
            'greenpay_merchant_id': merchant.id,
            'greenpay_public_key': merchant.public_key,
            'greenpay_merchant_url': f'{cls.sandbox.url}/greenpay/merchant',
            'greenpay_form_url': f'{cls.sandbox.url}/greenpay/form',
            **{
                f'greenpay_terminal_{code.lower()}': merchant.terminal(code)
                for code in CURRENCIES
            },
        }
        cls.greenpay = cls._prepare_provider('greenpay', update_values={
            **cls.greenpay_keys, 'journal_id': cls.collections.id, 'allow_tokenization': True,
        })
        cls.offer(cls.greenpay)

    @property
    def gateway(self):
        return self.sandbox.greenpay

    def pay_at_gateway(self, transaction, **kwargs):
        """Pay on GreenPay's form; what the browser brings back behind the address of the return."""
        location = self.gateway.pay(self.open_checkout(transaction), **kwargs)
        return urlsplit(location).path.partition('/back/')[2]

    def pay(self, amount=100.0, **kwargs):
        """A payment from the link to the booking."""
        link = self.create_link(self.create_invoice(amount))
        transaction = self.start_payment(link, provider=self.greenpay)
        self.come_back(transaction, self.pay_at_gateway(transaction, **kwargs))
        return transaction

    def later(self, **kwargs):
        """Some time later, for Odoo and for the gateway's sessions."""
        moment = timedelta(**kwargs)
        now = fields.Datetime.now() + moment
        self.startPatcher(patch.object(fields.Datetime, 'now', lambda *_args: now))
        for session in self.gateway.accounts.sessions.values():
            session.opened -= moment
