from odoo.tests import tagged
from odoo.tools import mute_logger

from .receipt_common import ReceiptCommon

REPORT = """\
From: MAILER-DAEMON@mx.example.com
To: {bounce}
Subject: Undelivered Mail Returned to Sender
Message-Id: <report-{number}@mx.example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

The mail system could not deliver your message: user unknown.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

{recipient}Action: {action}
Status: 5.1.1

--B
Content-Type: message/rfc822

From: billing@canal.example.com
To: {address}
Subject: About your payment
Message-Id: {message_id}

Hello

--B--
"""
LETTER = """\
From: Rosa <{address}>
To: {to}
Subject: Here I am
Message-Id: <letter-{number}@example.com>

Hello
"""
ROUTER = 'odoo.addons.mail.models.mail_thread'


@tagged('post_install', '-at_install')
class TestBounces(ReceiptCommon):
    """An address from which mail comes back is marked, until it changes or a mail comes from it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice()
        cls.invoice._email_pay_pdf()
        cls.link = cls.create_link(cls.invoice)
        cls.link._send()

    def come_back(self, address='rosa@example.com', message_id=None, action='failed', named=True):
        """A mail server reports that it could not deliver a mail."""
        self._numbers = getattr(self, '_numbers', 0) + 1
        self._receive(REPORT.format(
            bounce='bounce@canal.example.com', number=self._numbers, address=address, action=action,
            message_id=message_id or self.link.message_id,
            recipient=f'Final-Recipient: rfc822; {address}\n' if named else '',
        ))

    @mute_logger(ROUTER)
    def _receive(self, text, model=False):
        self.env['mail.thread'].message_process(model, text)
        self.env.flush_all()
        self.env.invalidate_all()

    def rows(self, domain=()):
        return self.env['email.pay.outstanding'].search([
            ('move_id', '=', self.invoice.id), *domain])

    def test_contact_link_and_outstanding_documents_are_marked(self):
        self.assertFalse(self.rows().bounced)
        self.come_back()
        self.assertTrue(self.customer.email_pay_bounced)
        self.assertTrue(self.link.bounced_at)
        self.assertTrue(self.rows().bounced)
        self.assertEqual(self.rows([('bounced', '=', True)]).move_id, self.invoice)
        self.assertEqual(self.rows().action_open_contact()['res_id'], self.customer.id)
        bodies = ' '.join(self.invoice.message_ids.mapped('body'))
        self.assertIn("rosa@example.com came back: ", bodies)
        self.assertIn("user unknown", bodies)

    def test_a_link_to_an_address_that_no_contact_has(self):
        self.link.email = 'payer@example.com'
        self.come_back('payer@example.com')
        self.assertTrue(self.link.bounced_at)
        self.assertFalse(self.customer.email_pay_bounced)
        self.assertTrue(self.rows().bounced)

    def test_a_report_that_only_names_the_mail(self):
        self.env['mail.mail'].sudo().search([('message_id', '=', self.link.message_id)]).unlink()
        self.come_back(named=False)
        self.assertTrue(self.link.bounced_at)
        self.assertTrue(self.customer.email_pay_bounced)

    def test_a_receipt_that_came_back(self):
        payment = self.register(self.create_invoice())
        self.receipts().unlink()
        receipt = payment.email_pay_receipt_ids
        self.come_back(message_id=receipt.message_id)
        self.assertEqual(receipt.state, 'bounced')
        self.assertIn("user unknown", receipt.answer)
        self.assertEqual(payment.email_pay_receipt_state, 'bounced')
        self.assertTrue(self.customer.email_pay_bounced)
        self.assertIn(payment, self.env['account.payment'].search(
            [('email_pay_receipt_state', '=', 'bounced')]))

    def test_what_is_only_late_has_not_come_back(self):
        self.come_back(action='delayed')
        self.assertFalse(self.customer.email_pay_bounced or self.link.bounced_at)

    def test_somebody_elses_mail_marks_nobody_here(self):
        self.come_back('other@example.com', '<unknown@example.com>')
        self.assertFalse(self.customer.email_pay_bounced or self.link.bounced_at)

    def test_another_address_has_a_clean_slate(self):
        self.come_back()
        self.customer.email = 'Rosa <ROSA@example.com>'  # the same
        self.assertTrue(self.customer.email_pay_bounced)
        self.customer.email = 'rosa@new.example.com'
        self.assertFalse(self.customer.email_pay_bounced or self.link.bounced_at)
        self.assertFalse(self.rows().bounced)

    def test_a_mail_from_the_address_clears_it(self):
        self.come_back()
        self._receive(LETTER.format(
            address='rosa@example.com', to='nobody@canal.example.com', number=1), 'res.partner')
        self.assertFalse(self.customer.email_pay_bounced or self.link.bounced_at)
        self.assertFalse(self.rows().bounced)

    def test_somebody_knows_that_it_works(self):
        self.come_back()
        self.customer.action_email_pay_trust_address()
        self.assertFalse(self.customer.email_pay_bounced or self.link.bounced_at)

    def test_the_link_is_clean_when_it_is_sent_again(self):
        self.come_back()
        self.link._send()
        self.assertFalse(self.link.bounced_at)

    def test_the_address_that_would_be_used_counts(self):
        contact = self.env['res.partner'].create({
            'name': "Desk", 'parent_id': self.customer.id, 'email': 'desk@example.com'})
        self.come_back('desk@example.com', '<other@example.com>')
        self.assertTrue(contact.email_pay_bounced)
        self.assertFalse(self.rows().bounced)
        invoice = self.create_invoice(partner=contact)
        row = self.env['email.pay.outstanding'].search([('move_id', '=', invoice.id)])
        self.assertTrue(row.bounced)
        self.assertEqual(row.action_open_contact()['res_id'], contact.id)

    # --- corrected --------------------------------------------------------------------------------

    def resend(self, payment):
        """Press *Resend*; where the new mail goes."""
        payment.action_email_pay_send_receipt()
        return self.receipts()[-1:].email_to

    def test_links_that_work_go_to_the_new_address_of_their_customer(self):
        other = self.create_link(self.create_invoice(
            partner=self.env['res.partner'].create({'name': "Ana", 'email': 'rosa@example.com'})))
        revoked = self.create_link(self.create_invoice())
        payer = self.create_link(self.create_invoice())
        links = self.link | other | revoked | payer
        links.email = 'rosa@example.com'
        payer.email = 'payer@example.com'
        revoked.revoked_at = '2026-01-01'
        self.customer.email = 'Rosa <rosa@new.example.com>'
        self.assertEqual(links.mapped('email'), [
            'rosa@new.example.com', 'rosa@example.com', 'rosa@example.com', 'payer@example.com'])
        self.customer.email = False
        self.assertEqual(self.link.email, 'rosa@new.example.com')

    def test_a_receipt_is_sent_again_to_the_corrected_contact(self):
        payment = self.pay_by_card(self.link).payment_id
        self.assertEqual(self.receipts().email_to, 'rosa@example.com')
        self.customer.email = 'rosa@new.example.com'
        self.assertEqual(self.resend(payment), 'rosa@new.example.com')

    def test_where_the_payers_address_does_not_work_the_contact_gets_it(self):
        self.link.email = 'payer@example.com'
        payment = self.pay_by_card(self.link).payment_id
        self.receipts()
        self.assertEqual(self.resend(payment), 'payer@example.com')
        payment.email_pay_receipt_ids.filtered(
            lambda receipt: receipt.role == 'again')._record_bounce("user unknown")
        for _time in range(2):
            self.assertEqual(self.resend(payment), 'rosa@example.com')
        self.customer.email = False
        self.assertEqual(self.resend(payment), 'payer@example.com')

    def test_a_payment_without_an_address_is_told_to_the_contact(self):
        transaction = self.start_payment(self.link)
        transaction.partner_email = self.link.email = False
        self.advance(self.charge(transaction))
        self.assertEqual(self.receipts().email_to, 'rosa@example.com')
