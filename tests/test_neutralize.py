from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import file_open

from .common import EmailPayCommon


@tagged('post_install', '-at_install', 'email_pay_slow')
class TestNeutralize(EmailPayCommon):
    """A copy of a database collects nothing, mails nothing, and knows no secret."""

    def setUp(self):
        super().setUp()
        self.link = self.create_link(self.create_invoice())
        self.link.mail_state = 'queued'
        self.transaction = self.start_payment(self.link)
        self.transaction._email_pay_claim()
        self.draft = self.start_payment(self.create_link(self.create_invoice()))
        self.paid = self.pay_by_card(self.create_link(self.create_invoice()))
        self.transaction.write({
            'email_pay_checkout': {'action': 'https://gateway.example.com'},
            'email_pay_checkout_until': fields.Datetime.now(),
        })
        self.portal.notification_email = 'desk@canal.example.com'
        self.credicorp.credicorp_webhook_key_previous = 'old'
        self.session = self.env['email.pay.sign.in'].sudo().create({
            'portal_id': self.portal.id, 'state': 'in', 'seen_at': fields.Datetime.now(),
        })
        self.portal.reminders_scheduled = True
        self.notice = self.env['email.pay.reminder.notice'].sudo().create({
            'company_id': self.company.id, 'partner_id': self.customer.id,
            'day': fields.Date.today(),
        })
        self.env.flush_all()
        self.sequences = self.registry.get_sequences(self.cr)
        with file_open('email_pay/data/neutralize.sql') as file:
            self.cr.execute(file.read())
        self.env.invalidate_all()

    def test_no_credential_is_left(self):
        self.assertEqual(self.credicorp.state, 'disabled')
        for name in ('api_key', 'tokenization_key', 'webhook_key', 'webhook_key_previous'):
            self.assertFalse(self.credicorp[f'credicorp_{name}'], name)

    def test_running_workers_forget_what_they_know(self):
        _registry, before = self.sequences
        _registry, now = self.registry.get_sequences(self.cr)
        self.assertNotEqual(now['default'], before['default'])

    def test_nothing_is_enabled_and_nobody_gets_a_copy(self):
        self.assertFalse(self.portal.enabled)
        self.assertFalse(self.portal.notification_email)

    def test_no_link_works_and_no_mail_is_queued(self):
        self.assertEqual(self.link.state, 'revoked')
        self.assertLessEqual(self.link.revoked_at, fields.Datetime.now())
        self.assertEqual(self.link.mail_state, 'none')

    def test_nobody_is_reminded(self):
        self.assertFalse(self.portal.reminders_scheduled)
        self.assertFalse(self.notice.exists())

    def test_nobody_is_signed_in(self):
        self.assertFalse(self.session._is_open())

    def test_no_card_is_charged(self):
        with self.assertRaisesRegex(ValidationError, "Nothing was charged"):
            self.charge(self.draft)
        self.assertEqual(self.charges(self.draft), 0)

    def test_no_saved_card_is_charged(self):
        self.draft.token_id = self.env['payment.token'].create({
            'provider_id': self.credicorp.id, 'payment_method_id': self.card.id,
            'partner_id': self.customer.id, 'payment_details': '1111', 'provider_ref': '1',
        })
        self.draft.operation = 'offline'
        with self.assertRaisesRegex(UserError, "provider is disabled"):
            self.draft._charge_with_token()
        self.assertEqual(self.charges(self.draft), 0)

    def test_nothing_is_paid_back(self):
        with self.assertRaisesRegex(UserError, "provider is disabled"):
            self.refund(self.paid)
        self.assertEqual(self.balance(self.paid), 100.0)

    def test_no_receipt_is_mailed(self):
        self.assertTrue(self.paid.payment_id)
        self.assertFalse(self.receipts())

    def test_no_gateway_is_asked(self):
        self.assertFalse(self.transaction.email_pay_ask_at)

    def test_no_page_of_a_gateway_is_left(self):
        self.assertFalse(self.transaction.email_pay_checkout)
        self.assertFalse(self.transaction.email_pay_checkout_until)
