from odoo.tests import tagged
from odoo.tools import mute_logger

from .mail_common import STOCK_LOGGER, MailAccountCommon

GONE = '550 5.1.1 No such user'
LATER = '450 4.2.0 Greylisted'


@tagged('post_install', '-at_install')
class TestMailRecipients(MailAccountCommon):
    """Who is refused is told by name; the other recipients of the mail have it, once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.gone, cls.eva = cls.env['res.partner'].create([
            {'name': name, 'email': f'{name}@example.com'} for name in ('ana', 'gone', 'eva')])
        cls.invoice = cls.create_invoice()

    def refuse(self, **answers):
        self.server.answers = {'RCPT': {
            f'{name}@example.com': answer for name, answer in answers.items()}}

    @mute_logger(STOCK_LOGGER)
    def send_in_vain(self, mail):
        self.send(mail)

    def log_of(self, record):
        return ' '.join(record.message_ids.mapped('body'))

    # --- one message ------------------------------------------------------------------------------

    def test_one_of_two_addresses_is_refused_for_good(self):
        mail = self.mail('ana@example.com, Gone <gone@example.com>', model='account.move',
                         res_id=self.invoice.id)
        self.refuse(gone=GONE)
        for _time in range(2):
            self.send_in_vain(mail)
        self.assertEqual(self.arrived(), ['ana@example.com'])
        self.assertEqual(mail.state, 'exception')
        self.assertEqual(mail.email_to, '"Gone" <gone@example.com>')
        self.assertIn("The recipient was gone@example.com", mail.failure_reason)
        self.assertIn("was not sent", self.log_of(self.invoice))
        self.assertIn("gone@example.com", self.log_of(self.invoice))
        self.assertTrue(self.gone.email_pay_bounced)
        self.assertFalse(self.ana.email_pay_bounced)
        self.assertEqual(self.account.email_pay_status, 'works')

    def test_one_of_two_addresses_is_refused_for_now(self):
        mail = self.mail('ana@example.com', email_cc='gone@example.com')
        self.refuse(gone=LATER)
        self.send_in_vain(mail)
        self.assertEqual((mail.state, mail.email_to, mail.email_cc), (
            'outgoing', False, 'gone@example.com'))
        self.server.reset()
        self.send(mail)
        self.assertEqual(self.arrived(), ['gone@example.com'])

    def test_a_link_that_got_to_one_of_two_addresses_was_sent(self):
        link = self.create_link(self.invoice)
        link._send()
        mail = self.outbox('mail_template_payment')
        mail.email_to = 'rosa@example.com, gone@example.com'
        self.refuse(gone=GONE)
        self.send_in_vain(mail)
        self.assertEqual(self.arrived(), ['rosa@example.com'])
        self.assertEqual(link.mail_state, 'sent')
        self.assertIn("The mail to gone@example.com was not sent", self.log_of(self.invoice))

    # --- one message each -------------------------------------------------------------------------

    def post(self, partners):
        """A message in the chatter of the invoice that leaves by the account; and its mail."""
        message = self.invoice.message_post(
            body="Hello", partner_ids=partners.ids, subtype_xmlid='mail.mt_comment',
            force_send=False, **self.company._email_pay_mail_values('collection'))
        mails = self.env['mail.mail'].search([('mail_message_id', '=', message.id)])
        return message, mails.filtered(lambda mail: self.gone in mail.recipient_ids)

    def statuses(self, message):
        return {
            notification.res_partner_id.name: notification.notification_status
            for notification in message.notification_ids
            if notification.res_partner_id in self.ana + self.gone + self.eva
        }

    def test_who_is_refused_keeps_those_after_them_from_nothing(self):
        message, mail = self.post(self.ana + self.gone + self.eva)
        self.refuse(gone=GONE)
        self.send_in_vain(mail)
        self.assertEqual(sorted(self.arrived()), ['ana@example.com', 'eva@example.com'])
        self.assertEqual(
            self.statuses(message), {'ana': 'sent', 'gone': 'exception', 'eva': 'sent'})
        self.assertEqual((mail.state, mail.recipient_ids), ('exception', self.gone))

    def test_who_is_refused_for_now_gets_it_later(self):
        message, mail = self.post(self.ana + self.gone + self.eva)
        self.refuse(gone=LATER, ana=GONE)
        self.send_in_vain(mail)
        self.assertEqual(self.arrived(), ['eva@example.com'])
        self.assertEqual(
            self.statuses(message), {'ana': 'exception', 'gone': 'exception', 'eva': 'sent'})
        self.assertEqual((mail.state, mail.recipient_ids), ('outgoing', self.gone))
        self.assertIn("The recipient was ana@example.com", self.log_of(self.invoice))
        self.server.reset()
        self.send(mail)
        self.assertEqual(self.arrived(), ['gone@example.com'])

    def test_a_contact_with_two_addresses_of_which_one_is_refused(self):
        self.ana.email = 'ana@example.com, gone@example.com'
        _message, mail = self.post(self.ana + self.gone)
        self.refuse(gone=LATER)
        self.gone.email = 'third@example.com'
        self.send_in_vain(mail)
        self.assertEqual(sorted(self.arrived()), ['ana@example.com', 'third@example.com'])
        self.server.reset()
        self.send(mail)
        self.assertEqual(self.arrived(), ['gone@example.com'])

    def test_the_default_server_marks_who_is_refused_too(self):
        self.default.answers = {'RCPT': {'gone@example.com': GONE}}
        self.send_in_vain(self.mail('ana@example.com, gone@example.com', mail_server_id=False))
        self.assertEqual(self.arrived(self.default), ['ana@example.com'])
        self.assertTrue(self.gone.email_pay_bounced)

    def test_what_a_mail_was_about_may_be_gone(self):
        about_gone = self.mail(mail_server_id=False)
        about_nothing = self.mail(mail_server_id=False)
        for mail, model in ((about_gone, 'no.such.model'), (about_nothing, 'email.pay.link')):
            self.cr.execute(
                "UPDATE mail_message SET model = %s, res_id = 987654321 WHERE id = %s",
                [model, mail.mail_message_id.id])
        self.env.invalidate_all()
        self.default.answers = {'RCPT': {'rosa@example.com': GONE}}
        mails = about_gone + about_nothing + self.mail('ana@example.com', mail_server_id=False)
        self.send_in_vain(mails)
        self.assertEqual(mails.mapped('state'), ['exception', 'exception', 'sent'])

    def test_a_mail_of_an_account_about_what_is_no_more(self):
        mail = self.mail('ana@example.com')
        self.cr.execute(
            "UPDATE mail_message SET model = 'no.such.model', res_id = 1, record_company_id = NULL"
            " WHERE id = %s", [mail.mail_message_id.id])
        self.env.invalidate_all()
        self.send(mail)
        self.assertEqual(self.arrived(self.default), ['ana@example.com'])
