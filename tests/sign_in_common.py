"""What the tests of the payment address share: a Chilean company, and customers on file."""

import re
from datetime import timedelta
from unittest.mock import patch

from odoo.fields import Datetime
from odoo.http import HTTPRequest
from odoo.tests import freeze_time

from odoo.addons.mail.tests.common import MockEmail

from ..controllers.visits import SIGN_IN_COOKIE
from .page_common import PageCommon
from .statement_common import StatementCommon

RUT = '76.086.428-5'
UNKNOWN_RUT = '77.215.640-5'
PHONE = '+56 9 8765 4321'


class SignInCommon(StatementCommon, PageCommon, MockEmail):
    """Rosa's company owes something; its buyer has a phone of his own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chile = cls.env.ref('base.cl')
        cls.company.write({'country_id': cls.chile.id})
        cls.company.account_fiscal_country_id = cls.chile
        cls.customer.write({
            'name': "Viña Rosa", 'is_company': True, 'vat': RUT, 'country_id': cls.chile.id,
            'phone': PHONE,
        })
        cls.buyer = cls.env['res.partner'].create({
            'name': "Bruno", 'parent_id': cls.customer.id, 'email': 'bruno@vina.example.com',
            'phone': '9 6123 4567', 'country_id': cls.chile.id,
        })
        cls.path = f'/pay/to/{cls.portal.slug}'

    # --- what a visitor does ----------------------------------------------------------------------

    def fill_in(self, tax_number=RUT, email='', phone='', **kwargs):
        """Open the payment address, and say who one is."""
        self.env.flush_all()
        page = self.url_open(self.path)
        response = self.submit(
            page, tax_number=tax_number, email=email, phone=phone, **kwargs)
        self.env.invalidate_all()
        return response

    def ask(self, **typed):
        """The page for the code, after what was typed was accepted."""
        return self.follow(self.fill_in(**typed or {'email': self.customer.email}))

    def enter(self, page, code):
        self.env.flush_all()
        response = self.submit(page, code=code)
        self.env.invalidate_all()
        return response

    def sign_in(self, **typed):
        """Sign in with the code that was sent; the first page behind it."""
        page = self.ask(**typed)
        return self.follow(self.enter(page, self.sent_code()))

    def sign_out(self, page):
        return self.submit(page, '/out')

    def token(self):
        return self.opener.cookies.get(SIGN_IN_COOKIE)

    # --- what arrives -----------------------------------------------------------------------------

    def answer(self):
        """What the job does when it wakes; the mails with codes that went out."""
        with self.mock_mail_gateway(), self.own_cursor() as env:
            env['email.pay.sign.in']._cron_answer()
        return [mail for mail in self._mails if mail['object_id'].endswith('email.pay.sign.in')]

    def sent_code(self):
        """The code in the one mail that the job sends."""
        [code] = self.sent_codes()
        return code

    def sent_codes(self):
        return [re.search(r'>(\d{6,10})<', mail['body'])[1] for mail in self.answer()]

    def texts(self):
        return self.env['sms.sms'].sudo().search([], order='id')

    # --- what is kept -----------------------------------------------------------------------------

    def attempts(self):
        return self.env['email.pay.sign.in'].sudo().search(
            [('portal_id', '=', self.portal.id)], order='id')

    def from_address(self, address):
        """Come from elsewhere, as behind a proxy."""
        return patch.object(
            HTTPRequest, 'remote_addr', property(lambda _self: address), create=True)

    def later(self, **delta):
        return freeze_time(Datetime.now() + timedelta(**delta))
