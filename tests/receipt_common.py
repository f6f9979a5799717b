"""What the tests of receipts share: payments that a person registers, and mail servers."""

import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.tools import html2plaintext

from ..sandbox.mailbox.smtp import Smtp
from ..sandbox.mailbox.store import Store
from .common import EmailPayCommon

LOOPBACK = '127.0.0.1'


def readable(text):
    return ' '.join(text.replace('*', '').replace('\ufeff', '').split())


class ReceiptCommon(EmailPayCommon):
    """A customer, a supplier, and *Register payment*."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.supplier = cls.env['res.partner'].create({
            'name': "Papeles del Istmo", 'email': 'cobros@papeles.example.com', 'lang': 'en_US',
        })

    @classmethod
    def create_bill(cls, amount=100.0, ref='F-00017', partner=None, **values):
        values.setdefault('tax_ids', [])
        return cls._create_invoice_one_line(
            price_unit=amount, name="Paper", move_type='in_invoice', ref=ref,
            partner_id=partner or cls.supplier, currency_id=cls.company_currency,
            invoice_date=fields.Date.today(), post=True, **values,
        )

    def register(self, moves, tell=True, **values):
        """*Register payment* on these documents; the payments."""
        if tell is not None:
            values['email_pay_send_receipt'] = tell
        wizard = self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=moves.ids,
        ).create({'journal_id': self.collections.id, **values})
        action = wizard.action_create_payments()
        payments = self.env['account.payment']
        return payments.browse(action.get('res_id')) or payments.search(action['domain'])

    def draft_payment(self, **values):
        return self.env['account.payment'].create({
            'amount': 100.0, 'payment_type': 'inbound', 'partner_type': 'customer',
            'partner_id': self.customer.id, 'journal_id': self.collections.id,
            'email_pay_send_receipt': True, **values,
        })

    def text(self, source):
        """What a mail, or a page in HTML, says."""
        html = source.body_html if hasattr(source, 'body_html') else source
        return readable(html2plaintext(html))

    def money(self, amount, currency=None):
        return readable((currency or self.company_currency).format(amount))

    def history(self, payment):
        return [
            (receipt.role, receipt.email, receipt.state)
            for receipt in payment.email_pay_receipt_ids.sorted('id')
        ]

    # --- mail servers -----------------------------------------------------------------------------

    def start_smtp(self, kind=Smtp):
        """A mail server on a loopback address, with what it took in `store`."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        server = kind(Store(Path(folder)), LOOPBACK, 0)
        server.store = server._store
        server.start()
        self.addCleanup(server.stop)
        return server

    def mail_account(self, smtp, purpose='collection', **values):
        return self.env['ir.mail_server'].sudo().create({
            'name': f"Account for {purpose}", 'smtp_host': LOOPBACK, 'smtp_port': smtp.port,
            'smtp_encryption': 'none', 'email_pay_purpose': purpose,
            'email_pay_company_id': self.company.id,
            'email_pay_sender': f'{purpose}@canal.example.com', **values,
        })

    def deliver(self, mails):
        """Send these mails for real, which Odoo does not do in tests."""
        servers = type(self.env['ir.mail_server'])
        with patch.object(servers, '_disable_send', classmethod(lambda _cls: False)):
            mails.send()
        self.env.invalidate_all()
