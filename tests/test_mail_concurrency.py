from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from .mail_common import STOCK_LOGGER
from .smtp.servers import HOST, MailServer
from .test_concurrency import QUIET, ConcurrencyCommon


@tagged('post_install', '-at_install')
class TestMailConcurrency(ConcurrencyCommon):
    """Two workers have the same mail in their hands."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(MailServer())
        cls.startClassPatcher(patch(
            'odoo.addons.base.models.ir_mail_server.IrMail_Server._disable_send',
            return_value=False))

    def _create(self, env, company):
        super()._create(env, company)
        self.before = env['ir.mail_server'].search([('email_pay_company_id', '=', company.id)]).ids
        env['ir.mail_server'].browse(self.before).active = False
        env.flush_all()
        account = env['ir.mail_server'].create({
            'email_pay_purpose': 'collection', 'email_pay_company_id': company.id,
            'email_pay_sender': 'race@example.com', 'smtp_host': HOST,
            'smtp_port': self.server.port, 'smtp_encryption': 'none',
        })
        mail = env['mail.mail'].create({
            'subject': "Race", 'body_html': '<p>Race</p>', 'email_to': 'race@example.com',
            **company._email_pay_mail_values('collection'),
        })
        self.ids |= {'ir.mail_server': account.id, 'mail.mail': mail.id}
        self.server.reset()

    def _delete(self):
        with self._environment() as env:
            for name in ('mail.mail', 'ir.mail_server'):
                self._record(env, name).exists().unlink()
            env['ir.mail_server'].browse(self.before).active = True
        super()._delete()

    def _send(self, env):
        self._record(env, 'mail.mail').send()

    @mute_logger(*QUIET)
    def test_it_leaves_once(self):
        self.server.delay = 0.3
        self._together(self._send, count=4)
        self.assertEqual(len(self.server.mails), 1)
        with self._environment() as env:
            self.assertEqual(self._record(env, 'mail.mail').state, 'sent')

    @mute_logger(*QUIET)
    def test_a_worker_that_comes_late_with_old_news_does_not_send_it_again(self):
        with self._environment() as late:
            mail = self._record(late, 'mail.mail')
            self.assertEqual(mail.state, 'outgoing')
            with self._environment() as env:
                self._send(env)
            mail.send()
        self.assertEqual(len(self.server.mails), 1)
        with self._environment() as env:
            self.assertEqual(self._record(env, 'mail.mail').state, 'sent')

    @mute_logger(*QUIET, STOCK_LOGGER)
    def test_a_note_on_an_account_that_somebody_changes_undoes_no_mail(self):
        with self._environment() as worker:
            mail = self._record(worker, 'mail.mail')
            self.assertTrue(mail.mail_server_id.active)  # the worker's snapshot begins
            with self._environment() as env:
                self._record(env, 'ir.mail_server').sequence += 1
            mail.send()
        self.assertEqual(len(self.server.mails), 1)
        with self._environment() as env:
            self.assertEqual(self._record(env, 'mail.mail').state, 'sent')
            self.assertFalse(self._record(env, 'ir.mail_server').email_pay_tested_at)
