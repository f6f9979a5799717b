from unittest.mock import patch

from odoo import fields

from .common import EmailPayCommon
from .smtp.servers import HOST, MailServer

SENDER, PASSWORD = 'collect@canal.example.com', 'right'
STOCK_LOGGER = 'odoo.addons.mail.models.mail_mail'


class MailAccountCommon(EmailPayCommon):
    """A company with a mail account for collection notices, and a default server: both are real
    servers on loopback."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(MailServer(users={SENDER: PASSWORD}))
        cls.default = cls.enterClassContext(MailServer())
        cls.servers = cls.env['ir.mail_server']
        cls.servers.search([]).active = False
        cls.servers.create({'name': "Default", 'smtp_host': HOST, 'smtp_port': cls.default.port})
        cls.account = cls.servers.create(cls.settings())
        cls.other = cls.env['res.company'].create({'name': "Other"})
        # Odoo sends nothing in tests.
        cls.startClassPatcher(patch(
            'odoo.addons.base.models.ir_mail_server.IrMail_Server._disable_send',
            return_value=False))

    def setUp(self):
        super().setUp()
        self.server.reset()
        self.default.reset()

    @classmethod
    def settings(cls, server=None, **values):
        """The values of a mail account."""
        return {
            'email_pay_purpose': 'collection', 'email_pay_company_id': cls.company.id,
            'email_pay_sender': SENDER, 'smtp_host': HOST,
            'smtp_port': (server or cls.server).port, 'smtp_encryption': 'none',
            'smtp_user': SENDER, 'email_pay_password': PASSWORD, **values,
        }

    # --- mails ------------------------------------------------------------------------------------

    def mail(self, to='rosa@example.com', company=None, **values):
        """A mail for the customer in the outbox, as the templates make it."""
        account = (company or self.company)._email_pay_mail_values('collection')
        return self.env['mail.mail'].create({
            'subject': "Payment received", 'body_html': '<p>Thank you</p>', 'email_to': to,
            'email_from': 'billing@canal.example.com', **account, **values,
        })

    def send(self, mails=None):
        """What the job of the outbox does when the time has come."""
        mails = mails or self.waiting()
        mails.filtered(lambda mail: mail.state == 'outgoing').scheduled_date = False
        self.env['mail.mail'].process_email_queue(email_ids=mails.ids)

    def waiting(self):
        return self.env['mail.mail'].search([
            ('mail_server_id', 'in', self.account.ids), ('state', '=', 'outgoing')])

    def arrived(self, server=None):
        """Who got a mail from a server, in the order in which they did."""
        return [to for mail in (server or self.server).mails for to in mail.rcpt_tos]

    def header(self, envelope, name):
        lines = envelope.original_content.decode().split('\r\n\r\n')[0].split('\r\n')
        return next(line.partition(': ')[2] for line in lines if line.startswith(f'{name}: '))

    def wait_seconds(self, mail):
        return (mail.scheduled_date - fields.Datetime.now()).total_seconds()
