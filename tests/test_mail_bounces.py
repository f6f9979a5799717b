from odoo.tests import tagged
from odoo.tools import mute_logger

from .mail_common import SENDER, MailAccountCommon
from .test_bounces import REPORT, ROUTER


@tagged('post_install', '-at_install')
class TestMailBounces(MailAccountCommon):
    """Where a mail of an account comes back to, and what Odoo makes of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        domain = cls.env['mail.alias.domain'].create({'name': 'odoo.canal.example.com'})
        cls.company.alias_domain_id = domain
        cls.bounce = domain.bounce_email
        cls.link = cls.create_link(cls.create_invoice())

    def hint(self):
        return self.account.email_pay_bounce_hint

    def sent(self):
        """The payment mail, as the server took it."""
        self.link._send()
        self.send(self.outbox('mail_template_payment'))
        return self.server.mails[-1]

    @mute_logger(ROUTER)
    def come_back(self, envelope, to):
        """The mailbox `to` gets the report that a mail could not be delivered, and Odoo reads it.
        """
        self.env['mail.thread'].message_process(False, REPORT.format(
            bounce=to, number=envelope.mail_from, address='rosa@example.com', action='failed',
            message_id=self.header(envelope, 'Message-Id'),
            recipient='Final-Recipient: rfc822; rosa@example.com\n'))
        self.env.flush_all()
        self.env.invalidate_all()

    def check_marked(self):
        self.assertTrue(self.customer.email_pay_bounced)
        self.assertTrue(self.link.bounced_at)
        [row] = self.env['email.pay.outstanding'].search([
            ('move_id', '=', self.link.invoice_ids.id)])
        self.assertTrue(row.bounced)

    def test_it_comes_to_the_sender_and_odoo_reads_that_mailbox(self):
        self.assertIn("comes back to the mailbox of the sender", self.hint())
        self.assertIn(self.bounce, self.hint())
        envelope = self.sent()
        self.assertEqual(envelope.mail_from, SENDER)
        self.come_back(envelope, SENDER)
        self.check_marked()

    def test_it_is_redirected_to_the_address_for_bounces(self):
        self.come_back(self.sent(), self.bounce)
        self.check_marked()

    def test_it_comes_to_odoo_where_the_server_allows_that(self):
        for allowed in (self.bounce, 'odoo.canal.example.com'):
            self.account.from_filter = allowed
            self.assertEqual(
                self.hint(), f"What cannot be delivered comes back to Odoo, at {self.bounce}.")
            envelope = self.sent()
            self.assertEqual(envelope.mail_from, self.bounce)
            self.assertIn(SENDER, self.header(envelope, 'From'))
        self.come_back(envelope, envelope.mail_from)
        self.check_marked()

    def test_without_an_address_for_bounces_odoo_has_to_read_the_mailbox(self):
        self.company.alias_domain_id = False
        self.assertIn("Let Odoo read that mailbox", self.hint())
        self.assertEqual(self.sent().mail_from, SENDER)
