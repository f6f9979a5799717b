from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..sandbox.mailbox.smtp import Smtp
from .receipt_common import LOOPBACK, ReceiptCommon, readable

MAIL_LOGGER = 'odoo.addons.mail.models.mail_mail'


class Refusing(Smtp):
    """A mail server that knows nobody."""

    async def handle_RCPT(self, _server, _session, _envelope, _address, _options):
        return '550 5.1.1 No such user here'


class Busy(Smtp):
    """A mail server that takes no letter now."""

    async def handle_DATA(self, _server, _session, _envelope):
        return '451 4.3.0 Try again later'


@tagged('post_install', '-at_install', 'email_pay_slow')
class TestReceiptDelivery(ReceiptCommon):
    """What became of a receipt is kept: who took it, and what a mail server answered."""

    def sent(self, moves, smtp, purpose='collection'):
        account = self.mail_account(smtp, purpose)
        payment = self.register(moves)
        self.deliver(self.receipts())
        return payment.email_pay_receipt_ids, account

    def test_a_receipt_and_a_notice_leave_by_two_accounts(self):
        collections, suppliers = self.start_smtp(), self.start_smtp()
        receipt, account = self.sent(self.create_invoice(), collections)
        notice, other = self.sent(self.create_bill(), suppliers, 'supplier')
        for kept, server, sender, to in (
            (receipt, collections, account, 'rosa@example.com'),
            (notice, suppliers, other, 'cobros@papeles.example.com'),
        ):
            [mail] = server.store.mails()
            self.assertEqual(mail.header('X-Envelope-To'), to)
            self.assertIn(sender.email_pay_sender, mail.header('From'))
            self.assertEqual((kept.state, kept.server), ('sent', sender.name))
            self.assertEqual(kept.answer, '250 Kept in the sandbox')
            self.assertEqual(kept.message_id, mail.header('Message-Id').strip())

    @mute_logger('odoo.addons.base.models.ir_actions_report')
    def test_the_pdf_is_made_once_for_the_receipt_and_its_copy(self):
        self.portal.notification_email = 'desk@canal.example.com'
        payment = self.register(self.create_invoice())
        reports = type(self.env['ir.actions.report'])
        with patch.object(
            reports, '_run_wkhtmltopdf', autospec=True, side_effect=reports._run_wkhtmltopdf,
        ) as draw, self.own_cursor() as env:
            env['email.pay.receipt'].with_context(force_report_rendering=True)._cron_send()
        self.assertEqual(draw.call_count, 1)
        pdfs = payment.sudo().email_pay_receipt_ids.mail_id.attachment_ids
        self.assertEqual(pdfs.mapped('mimetype'), ['application/pdf'] * 2)
        self.assertEqual(len(set(pdfs.mapped('checksum'))), 1)

    def test_the_history_survives_the_mail(self):
        receipt, _account = self.sent(self.create_invoice(), self.start_smtp())
        self.assertFalse(receipt.mail_id)
        self.assertEqual((receipt.email, receipt.state), ('rosa@example.com', 'sent'))
        self.assertTrue(receipt.sent_at)

    def test_the_mail_has_plain_text_and_no_picture_but_the_logo(self):
        smtp = self.start_smtp()
        self.sent(self.create_invoice(), smtp)
        [mail] = smtp.store.mails()
        plain = readable(mail.text('plain'))
        for part in ("We have received your payment", self.money(100.0), "Paid in full"):
            self.assertEqual(plain.count(part), 1)
        self.assertTrue(plain.isprintable(), "what only hides text from a preview is left out")
        self.assertEqual(
            [source for source in self._pictures(mail.text('html')) if 'logo' not in source], [])

    def _pictures(self, html):
        return [piece.split('"')[0] for piece in html.split('src="')[1:]]

    @mute_logger(MAIL_LOGGER)
    def test_an_address_that_is_refused_for_good_is_marked(self):
        link = self.create_link(self.create_invoice())
        receipt, _account = self.sent(self.create_invoice(), self.start_smtp(Refusing))
        self.assertEqual(receipt.state, 'failed')
        self.assertIn('550 5.1.1 No such user here', receipt.answer)
        self.assertTrue(receipt.mail_id)
        self.assertTrue(self.customer.email_pay_bounced)
        self.assertTrue(link.bounced_at)

    @mute_logger(MAIL_LOGGER)
    def test_a_server_that_is_busy_marks_nobody_and_may_take_it_later(self):
        smtp = self.start_smtp(Busy)
        receipt, account = self.sent(self.create_invoice(), smtp)
        self.assertEqual(receipt.state, 'outbox')
        self.assertIn('451 4.3.0 Try again later', receipt.answer)
        self.assertFalse(self.customer.email_pay_bounced)
        account.smtp_port = self.start_smtp().port
        self.deliver(receipt.mail_id)
        self.assertEqual((receipt.state, receipt.answer), ('sent', '250 Kept in the sandbox'))

    def test_a_server_that_is_gone_is_told(self):
        account = self.mail_account(self.start_smtp())
        account.smtp_port = 1
        payment = self.register(self.create_invoice())
        self.deliver(self.receipts())
        receipt = payment.email_pay_receipt_ids
        self.assertEqual((receipt.state, receipt.server), ('outbox', account.name))
        self.assertIn("refuses connections", receipt.answer)
        self.assertFalse(self.activities(account), "it may come back")
        account.email_pay_failing_since -= timedelta(minutes=15)
        self.deliver(receipt.mail_id)
        [activity] = self.activities(account)
        self.assertIn("refuses connections", activity.note)
        self.assertEqual(activity.user_id, self.portal.responsible_id)

    # --- by the default server --------------------------------------------------------------------

    def default_server(self, port):
        servers = self.env['ir.mail_server'].sudo()
        servers.search([]).active = False
        return servers.create({'name': "Default", 'smtp_host': LOOPBACK, 'smtp_port': port})

    @mute_logger(MAIL_LOGGER)
    def test_a_receipt_that_the_default_server_refuses_is_told(self):
        self.default_server(self.start_smtp(Refusing).port)
        payment = self.register(self.create_invoice())
        self.deliver(self.receipts())
        self.assertEqual(payment.email_pay_receipt_state, 'failed')
        [activity] = self.activities(payment)
        self.assertIn("rosa@example.com", activity.note)
        self.assertIn("No such user here", activity.note)

    def test_receipts_that_the_default_server_cannot_take_are_told_once(self):
        self.default_server(1)
        payments = self.register(self.create_invoice() + self.create_invoice())
        self.deliver(self.receipts())
        self.assertEqual(set(payments.mapped('email_pay_receipt_state')), {'failed'})
        [activity] = self.activities(payments[0]) + self.activities(payments[1])
        self.assertIn("The mails about 2 payments were not sent", activity.note)

    # --- taken back -------------------------------------------------------------------------------

    def test_what_is_taken_back_before_it_left_is_told_when_it_is_posted_again(self):
        self.portal.notification_email = 'desk@canal.example.com'
        payment = self.register(self.create_invoice())
        for take_back in (payment.action_draft, payment.action_cancel, payment.action_reject):
            mails = self.receipts()
            self.assertEqual(len(mails), 2)
            take_back()
            self.assertEqual(set(mails.mapped('state')), {'cancel'})
            self.assertFalse(payment.email_pay_receipt_ids)
            if payment.state != 'draft':
                payment.action_draft()
            payment.action_post()
        smtp = self.start_smtp()
        self.mail_account(smtp)
        self.deliver(self.receipts())
        self.assertEqual(len(smtp.store.mails()), 2)

    def test_what_is_taken_back_after_it_left_is_not_told_again(self):
        receipt, _account = self.sent(self.create_invoice(), self.start_smtp())
        payment = receipt.payment_id
        payment.action_draft()
        payment.action_post()
        self.assertFalse(self.receipts())
        self.assertEqual(self.history(payment), [('first', 'rosa@example.com', 'sent')])

    def test_a_payment_that_is_deleted_is_not_told(self):
        payment = self.register(self.create_invoice())
        mails = self.receipts()
        payment.action_draft()
        payment.unlink()
        self.assertFalse(mails.exists().filtered(lambda mail: mail.state == 'outgoing'))
