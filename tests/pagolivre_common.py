from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo import fields

from ..gateways.pagolivre import PagoLivre, wire
from .common import EmailPayCommon

NO_FUNDS_CARD = '4000000000009995'


class PagoLivreCommon(EmailPayCommon):
    """A Brazilian company that collects reais through PagoLivre, played by the sandbox."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The pace has a test of its own, and the stand-in another.
        cls.startClassPatcher(patch.object(
            PagoLivre, 'supports', replace(PagoLivre.supports, min_interval=timedelta(0)),
        ))
        reais = cls.env.ref('base.BRL')
        reais.active = True
        cls.invoice.unlink()  # Odoo's own; a company with entries keeps its currency
        cls.company.currency_id = cls.company_currency = reais
        cls.pagolivre_keys = {
            'pagolivre_token': cls.sandbox.pagolivre.merchant.token,
            'pagolivre_base_url': f'{cls.sandbox.url}/pagolivre/api/v2',
        }
        cls.pagolivre = cls._prepare_provider('pagolivre', update_values={
            **cls.pagolivre_keys, 'journal_id': cls.collections.id,
        })
        cls.offer(cls.pagolivre)
        cls.customer.write({
            'country_id': cls.env.ref('base.br').id, 'vat': '529.982.247-25',
            'phone': '+55 11 98765-4321',
        })

    def setUp(self):
        super().setUp()
        self.gateway.configure(query_interval=0)

    @property
    def gateway(self):
        return self.sandbox.pagolivre

    @property
    def orders(self):
        return list(self.gateway.accounts.orders.values())

    def balance(self, transaction):
        return float(self.sandbox.ledger.balance(wire.key(transaction.reference)))

    def charges(self, transaction):
        return len(self.sandbox.ledger.charges(wire.key(transaction.reference)))

    def pay(self, amount=100.0, **kwargs):
        """A payment from the link to the booking."""
        link = self.create_link(self.create_invoice(amount))
        transaction = self.start_payment(link, provider=self.pagolivre)
        self.gateway.pay(self.open_checkout(transaction), **kwargs)
        self.come_back(transaction)
        return transaction

    def later(self, minutes):
        """Some time later, for Odoo and for the gateway."""
        now = fields.Datetime.now() + timedelta(minutes=minutes)
        self.startPatcher(patch.object(fields.Datetime, 'now', lambda *_args: now))
        self.gateway.advance(months=0, minutes=minutes)
