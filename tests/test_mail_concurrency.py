import threading
import time
from contextlib import suppress
from unittest.mock import patch

from psycopg2 import OperationalError

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

    # --- several mails, and what they are about ---------------------------------------------------

    def _second(self):
        """Another mail of the same account."""
        with self._environment() as env:
            first = self._record(env, 'mail.mail')
            second = first.copy({'email_to': 'second@example.com'})
            self.addCleanup(self._unlink, second.id)
            return second.id

    def _unlink(self, mail_id):
        with self._environment() as env:
            env['mail.mail'].browse(mail_id).exists().unlink()

    @mute_logger(*QUIET, STOCK_LOGGER)
    def test_a_mail_that_somebody_changes_keeps_no_other_from_being_put_off(self):
        second_id = self._second()
        self.server.answers = {'MAIL': '550 5.7.1 Not you'}
        with self._environment() as worker:
            first, second = self._record(worker, 'mail.mail'), worker['mail.mail'].browse(second_id)
            self.assertEqual(first.state, second.state)  # the worker's snapshot begins
            with self._environment() as env:
                env['mail.mail'].browse(second_id).email_to = 'third@example.com'
            (first + second).send()
        with self._environment() as env:
            first = self._record(env, 'mail.mail')
            self.assertEqual((first.state, first.email_pay_attempts), ('outgoing', 1))
            self.assertTrue(first.scheduled_date)
            self.assertEqual(env['mail.mail'].browse(second_id).state, 'outgoing')

    @mute_logger(*QUIET, STOCK_LOGGER)
    def test_a_contact_that_somebody_changes_undoes_no_mail(self):
        self.server.answers = {'RCPT': {'race@example.com': '550 5.1.1 No such user'}}
        with self._environment() as env:
            self._record(env, 'mail.mail').email_to = 'ana@example.com, race@example.com'
        with self._environment() as worker:
            mail = self._record(worker, 'mail.mail')
            self.assertEqual(mail.state, 'outgoing')  # the worker's snapshot begins
            with self._environment() as env:
                self._record(env, 'res.partner').function = "Baker"
            mail.send(auto_commit=True)
        with self._environment() as env:
            self._send(env)
            self.assertTrue(self._record(env, 'res.partner').email_pay_bounced)
        self.assertEqual([mail.rcpt_tos for mail in self.server.mails], [['ana@example.com']])

    @mute_logger(*QUIET, STOCK_LOGGER)
    def test_a_worker_that_dies_before_it_wrote_so_sends_the_same_mail_again(self):
        with suppress(KeyboardInterrupt), self._environment() as env:
            self._send(env)
            raise KeyboardInterrupt
        with self._environment() as env:
            self.assertEqual(self._record(env, 'mail.mail').state, 'outgoing')
            self._send(env)
        first, second = (mail.original_content.decode() for mail in self.server.mails)
        number = next(line for line in first.splitlines() if line.startswith('Message-Id: '))
        self.assertIn(number, second.splitlines())

    @mute_logger(*QUIET)
    def test_a_worker_that_sends_many_writes_of_each_before_it_begins_the_next(self):
        second_id = self._second()
        taken = []
        real = self.server._at

        async def at(stage, server):
            if stage == 'MAIL':
                taken.append(len(self.server.mails))
                with self._environment() as env:
                    first = self._record(env, 'mail.mail')
                    taken.append(first.state if first.exists() else 'gone')
            return await real(stage, server)

        with patch.object(self.server, '_at', at), self._environment() as env:
            (self._record(env, 'mail.mail') + env['mail.mail'].browse(second_id)).send(
                auto_commit=True)
        self.assertEqual(taken, [0, 'outgoing', 1, 'sent'])


@tagged('post_install', '-at_install')
class TestReceiptConcurrency(TestMailConcurrency):
    """Somebody has the receipt in their hands whose mail is being sent."""

    def _create(self, env, company):
        super()._create(env, company)
        env = env(context={'allowed_company_ids': company.ids})
        payment = env['account.payment'].create({
            'amount': 1.0, 'payment_type': 'inbound', 'partner_type': 'customer',
            'partner_id': self.ids['res.partner'], 'journal_id': self.ids['account.journal'],
        })
        mail = self._record(env, 'mail.mail')
        mail.write({'model': 'account.payment', 'res_id': payment.id})
        receipt = env['email.pay.receipt'].create({
            'payment_id': payment.id, 'kind': 'receipt', 'state': 'outbox', 'mail_id': mail.id})
        self.ids |= {'account.payment': payment.id, 'email.pay.receipt': receipt.id}

    def _delete(self):
        with self._environment() as env:
            self._record(env, 'account.payment').unlink()
        super()._delete()

    @mute_logger(*QUIET)
    def test_a_receipt_that_somebody_changed_meanwhile_is_sent_once(self):
        with self._environment() as worker:
            receipt = self._record(worker, 'email.pay.receipt')
            self.assertEqual(receipt.state, 'outbox')  # the worker's snapshot begins
            with self._environment() as env:
                self._record(env, 'email.pay.receipt').answer = "Changed"
            self._send(worker)
        self.assertFalse(self.server.mails, "it is left to the next run")
        with self._environment() as env:
            self._send(env)
        self.assertEqual(len(self.server.mails), 1)
        with self._environment() as env:
            self.assertEqual(self._record(env, 'email.pay.receipt').state, 'sent')

    @mute_logger(*QUIET)
    def test_a_receipt_that_somebody_changes_while_it_is_sent_waits_for_it(self):
        self.server.delay = 0.5

        def change(env):
            time.sleep(0.2)
            self._record(env, 'email.pay.receipt').answer = "Changed"

        threads = [threading.Thread(target=self._work, args=[work]) for work in (
            self._send, change)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.server.mails), 1)
        with self._environment() as env:
            self.assertEqual(self._record(env, 'mail.mail').state, 'sent')

    def _work(self, work):
        with suppress(OperationalError), self._environment() as env:
            work(env)
