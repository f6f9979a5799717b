import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import mail_mail, mail_run
from .mail_common import PASSWORD, SENDER, STOCK_LOGGER, MailAccountCommon
from .smtp.servers import MailServer, closed_port


@tagged('post_install', '-at_install')
class TestMailSending(MailAccountCommon):
    """Mails of an account leave by it, or wait; nothing is lost, and nothing is sent twice."""

    def send_in_vain(self, mails=None):
        """Send, where Odoo logs that it does not work."""
        with mute_logger(STOCK_LOGGER):
            self.send(mails)

    def broken(self, **settings):
        """Let the account not work, for a reason that somebody must correct."""
        self.account.write(settings or {'email_pay_password': 'wrong'})

    # --- by which server --------------------------------------------------------------------------

    def test_a_payment_mail_leaves_by_the_account(self):
        link = self.create_link(self.create_invoice())
        link._send()
        self.send(self.outbox('mail_template_payment'))
        self.assertEqual(self.arrived(), ['rosa@example.com'])
        [envelope] = self.server.mails
        self.assertEqual(envelope.mail_from, SENDER)
        self.assertIn("Canal Supplies", self.header(envelope, 'From'))
        self.assertIn(SENDER, self.header(envelope, 'From'))
        self.assertEqual(self.server.tried, [SENDER])
        self.assertFalse(self.default.mails)

    def test_answers_go_to_the_sender_or_where_the_account_says(self):
        domain = self.env['mail.alias.domain'].create({'name': 'odoo.canal.example.com'})
        self.company.alias_domain_id = domain
        for reply_to, expected in ((False, SENDER), ('desk@canal.example.com',) * 2):
            self.account.email_pay_reply_to = reply_to
            self.create_link(self.create_invoice())._send()
            self.send(self.outbox('mail_template_payment'))
            self.assertIn(expected, self.header(self.server.mails[-1], 'Reply-To'))

    def test_receipts_and_their_copies_leave_by_it(self):
        self.portal.notification_email = 'desk@canal.example.com'
        self.pay_by_card(self.create_link(self.create_invoice()))
        self.send(self.receipts())
        self.assertEqual(sorted(self.arrived()), ['desk@canal.example.com', 'rosa@example.com'])
        self.assertFalse(self.default.mails)

    def test_without_an_account_the_default_server_sends(self):
        self.account.active = False
        self.send(self.mail())
        self.assertEqual(self.arrived(self.default), ['rosa@example.com'])
        self.assertFalse(self.server.mails)

    def test_mails_that_are_not_meant_for_it_leave_by_the_default_server(self):
        mail = self.mail(mail_server_id=False, email_from=SENDER)
        self.send(mail)
        self.assertEqual(self.arrived(self.default), ['rosa@example.com'])
        self.assertFalse(self.server.mails)

    def test_what_waits_for_an_account_that_is_gone_leaves_by_the_default_server(self):
        for go in (lambda: self.account.write({'active': False}), self.account.unlink):
            mail = self.mail()
            go()
            self.send(mail)
            self.assertEqual(self.arrived(self.default), ['rosa@example.com'])
            self.default.reset()
            self.account.exists().active = True

    def test_two_companies_with_two_accounts(self):
        with MailServer(users={'other@other.example.com': 'theirs'}) as server:
            self.servers.create(self.settings(
                server, email_pay_company_id=self.other.id, email_pay_password='theirs',
                smtp_user='other@other.example.com', email_pay_sender='other@other.example.com'))
            self.send(self.mail() + self.mail('pedro@example.com', self.other))
            self.assertEqual(self.arrived(server), ['pedro@example.com'])
            self.assertEqual(self.arrived(), ['rosa@example.com'])

    def test_invoices_that_odoo_sends_leave_by_the_account_for_electronic_invoicing(self):
        with MailServer() as server:
            self.servers.create(self.settings(
                server, email_pay_purpose='supplier', smtp_user=False, email_pay_password=False,
                email_pay_sender='invoices@canal.example.com'))
            invoice = self.create_invoice()
            self.env['account.move.send']._generate_and_send_invoices(
                invoice, sending_methods=['email'])
            mails = self.env['mail.mail'].search([
                ('model', '=', 'account.move'), ('res_id', '=', invoice.id)])
            self.send(mails.filtered(lambda mail: mail.state == 'outgoing')) if mails else None
            self.assertEqual(self.arrived(server), ['rosa@example.com'])
            self.assertIn('invoices@canal.example.com', self.header(server.mails[0], 'From'))
        self.assertFalse(self.server.mails + self.default.mails)

    # --- what does not leave ----------------------------------------------------------------------

    def check_waits(self, mail, words):
        self.assertEqual(mail.state, 'outgoing')
        self.assertIn(words, mail.failure_reason)
        self.assertEqual(mail.email_pay_attempts, 1)
        self.assertAlmostEqual(self.wait_seconds(mail), 60, delta=10)
        self.assertFalse(self.server.mails + self.default.mails)

    def check_leaves_once(self, mail):
        number = mail.message_id
        self.send(mail)
        self.send(mail.exists())
        self.assertEqual(self.arrived(), ['rosa@example.com'])
        self.assertEqual(self.header(self.server.mails[0], 'Message-Id'), number)

    def test_a_mail_whose_account_does_not_work_waits_with_the_reason(self):
        cases = [
            ({'smtp_port': closed_port()}, "refuses connections"),
            ({'email_pay_password': 'wrong'}, "refuses the user or the password"),
            ({'smtp_encryption': 'starttls'}, "offers no STARTTLS"),
            ({'smtp_host': 'mail.invalid', 'email_pay_password': PASSWORD}, "no mail server named"),
        ]
        for settings, words in cases:
            with self.subTest(settings):
                self.server.reset()
                mail = self.mail()
                self.broken(**settings)
                self.send_in_vain(mail)
                self.check_waits(mail, words)
                self.account.write(self.settings())
                self.check_leaves_once(mail)

    def test_a_mail_that_the_server_does_not_take_now_waits(self):
        for stage in ('MAIL', 'RCPT', 'DATA'):
            with self.subTest(stage):
                self.server.reset()
                mail = self.mail()
                self.server.answers = {stage: '451 4.3.0 Try later'}
                self.send_in_vain(mail)
                self.check_waits(mail, "451 4.3.0 Try later")
                self.server.reset()
                self.check_leaves_once(mail)

    def test_a_mail_during_which_the_server_hangs_up_waits(self):
        for stage in ('EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA'):
            with self.subTest(stage):
                self.server.reset()
                mail = self.mail()
                self.server.cut = {stage}
                self.send_in_vain(mail)
                self.check_waits(mail, "closed the connection")
                self.server.reset()
                self.check_leaves_once(mail)

    def test_a_mail_that_the_server_keeps_waiting_waits(self):
        mail = self.mail()
        self.server.silent = {'DATA'}
        with patch.object(mail_mail, 'MAIL_SECONDS', 0.4):
            self.send_in_vain(mail)
        self.check_waits(mail, "takes too long")

    def test_a_mail_whose_end_is_unknown_is_repeated_with_the_same_number(self):
        mail = self.mail()
        self.server.cut = {'AFTER'}
        self.send_in_vain(mail)
        self.assertEqual(mail.state, 'outgoing')
        self.server.cut = set()
        self.send(mail)
        first, second = (self.header(mail, 'Message-Id') for mail in self.server.mails)
        self.assertEqual(first, second)

    def test_it_is_tried_again_with_growing_gaps_and_for_ever(self):
        mail = self.mail()
        self.broken()
        gaps = []
        for _time in range(8):
            self.send_in_vain(mail)
            gaps.append(round(self.wait_seconds(mail) / 60))
        self.assertEqual(gaps, [1, 5, 15, 60, 240, 720, 720, 720])
        self.assertEqual(mail.state, 'outgoing')

    def test_its_next_try_wakes_the_outbox(self):
        self.broken()
        mail = self.mail()
        self.send_in_vain(mail)
        outbox = self.env.ref('mail.ir_cron_mail_scheduler_action')
        wakes = self.env['ir.cron.trigger'].search([('cron_id', '=', outbox.id)])
        self.assertIn(mail.scheduled_date, wakes.mapped('call_at'))

    def test_a_recipient_who_is_refused_is_told_and_keeps_no_other_from_leaving(self):
        link = self.create_link(self.create_invoice())
        link._send()
        mails = self.outbox('mail_template_payment') + self.mail('ana@example.com')
        self.server.answers = {'RCPT': {'rosa@example.com': '550 5.1.1 No such user'}}
        self.send_in_vain(mails)
        self.assertEqual(self.arrived(), ['ana@example.com'])
        self.assertEqual(mails[0].state, 'exception')
        self.assertIn("No such user", mails[0].failure_reason)
        self.assertEqual(link.mail_state, 'failed')
        self.assertIn("No such user", link.mail_error)
        self.assertEqual(self.account.email_pay_status, 'works')

    def test_a_receipt_that_is_refused_is_told(self):
        transaction = self.pay_by_card(self.create_link(self.create_invoice()))
        receipts = self.receipts()
        self.server.answers = {'RCPT': '550 5.1.1 No such user'}
        self.send_in_vain(receipts)
        [activity] = self.activities(transaction.payment_id)
        self.assertIn("No such user", activity.note)

    def test_a_mail_that_breaks_each_session_keeps_no_other_from_leaving(self):
        self.mail('poison@example.com')
        self.server.cut = {'poison@example.com'}
        for _time in range(2):
            self.send_in_vain()
        poison = self.waiting()
        self.assertEqual(poison.email_pay_attempts, 2)
        self.send_in_vain(poison + self.mail('ana@example.com') + self.mail('eva@example.com'))
        self.assertEqual(self.arrived(), ['ana@example.com', 'eva@example.com'])
        self.assertEqual(poison.email_pay_attempts, 3)

    def test_a_server_that_always_hangs_up_is_left_alone(self):
        mails = self.env['mail.mail'].union(*(self.mail(f'{n}@example.com') for n in range(6)))
        self.server.cut = {'MAIL'}
        self.send_in_vain(mails)
        self.assertEqual(len(self.server.tried), mail_run.BROKEN_IN_A_ROW)
        self.assertEqual(set(mails.mapped('state')), {'outgoing'})
        self.assertEqual(mails.mapped('email_pay_attempts'), [1, 1, 1, 0, 0, 0])

    def test_a_server_that_hangs_up_between_mails_is_called_again(self):
        mails = self.mail('ana@example.com') + self.mail('eva@example.com')
        real = self.server._at

        async def at(stage, server):
            if stage == 'MAIL' and len(self.server.mails) == 1 and len(self.server.tried) == 1:
                server.transport.abort()
            return await real(stage, server)

        with patch.object(self.server, '_at', at):
            self.send_in_vain(mails)
        self.send()
        self.assertEqual(self.arrived(), ['ana@example.com', 'eva@example.com'])

    def test_who_has_a_mail_of_several_recipients_does_not_get_it_again(self):
        contacts = self.env['res.partner'].create([
            {'name': name, 'email': f'{name}@example.com'} for name in ('ana', 'eva')])
        mail = self.mail(False, recipient_ids=contacts.ids)
        self.server.answers = {'RCPT': {'eva@example.com': '451 Try later'}}
        self.send_in_vain(mail)
        self.assertEqual(mail.state, 'outgoing')
        self.server.reset()
        self.send(mail)
        self.assertEqual(self.arrived(), ['eva@example.com'])

    def test_other_mails_leave_although_an_account_does_not_work(self):
        mails = self.mail() + self.mail('ana@example.com', mail_server_id=False)
        self.broken()
        self.send_in_vain(mails)
        self.assertEqual(self.arrived(self.default), ['ana@example.com'])
        self.assertEqual(mails[0].state, 'outgoing')

    def test_a_code_that_comes_too_late_is_not_sent(self):
        mail = self.mail(email_pay_until=fields.Datetime.now() + timedelta(seconds=30))
        self.broken()
        self.send_in_vain(mail)
        self.assertEqual(mail.state, 'cancel')

    # --- the default server steps in --------------------------------------------------------------

    def test_the_default_server_steps_in_only_where_it_is_switched_on(self):
        self.account.email_pay_fallback = True
        mail = self.mail()
        number = mail.message_id
        self.broken()
        self.send_in_vain(mail)
        self.assertEqual(self.arrived(self.default), ['rosa@example.com'])
        self.assertEqual(self.header(self.default.mails[0], 'Message-Id'), number)
        self.assertEqual(mail.state, 'sent')
        self.assertFalse(self.server.mails)

    def test_it_does_not_step_in_for_a_mail_that_may_have_left(self):
        self.account.email_pay_fallback = True
        mail = self.mail()
        self.server.cut = {'AFTER'}
        self.send_in_vain(mail)
        self.assertEqual(mail.state, 'outgoing')
        self.assertFalse(self.default.mails)

    # --- who is told ------------------------------------------------------------------------------

    def test_the_billing_team_is_told_once_and_no_more_when_it_works_again(self):
        self.broken()
        for _time in range(3):
            self.mail()
            self.send_in_vain()
        [activity] = self.activities(self.account)
        self.assertIn("refuses the user or the password", activity.note)
        self.assertEqual(activity.user_id, self.portal.responsible_id)
        self.assertEqual(self.account.email_pay_status, 'failing')
        self.assertEqual(self.account.email_pay_waiting, 3)
        activity.action_done()
        self.send_in_vain()
        self.assertFalse(self.activities(self.account))  # told already
        self.account.email_pay_password = PASSWORD
        self.send()
        self.assertEqual(len(self.server.mails), 3)
        self.assertEqual(self.account.email_pay_status, 'works')
        self.broken()
        self.mail()
        self.send_in_vain()
        self.assertTrue(self.activities(self.account))
        self.account.email_pay_password = PASSWORD
        self.send()
        self.assertFalse(self.activities(self.account))

    def test_what_passes_by_itself_is_told_when_it_does_not(self):
        self.account.smtp_port = closed_port()
        self.mail()
        self.send_in_vain()
        self.assertEqual(self.account.email_pay_status, 'failing')
        self.assertFalse(self.activities(self.account))
        self.account.email_pay_failing_since -= timedelta(minutes=20)
        self.send_in_vain()
        self.assertTrue(self.activities(self.account))

    def test_correct_settings_let_all_leave_at_once(self):
        self.broken()
        mail = self.mail()
        self.send_in_vain(mail)
        self.assertTrue(mail.scheduled_date)
        later = self.mail(scheduled_date=fields.Datetime.now() + timedelta(days=1))
        self.account.email_pay_password = PASSWORD
        self.assertFalse(mail.scheduled_date)
        self.assertTrue(later.scheduled_date)  # somebody wants it so

    def test_a_test_that_passes_does_too(self):
        mail = self.mail()
        self.server.answers = {'AUTH': '535 Not now'}
        self.send_in_vain(mail)
        self.server.reset()
        self.env.user.email = 'admin@canal.example.com'
        self.assertEqual(self.account.email_pay_test({})['type'], 'success')
        self.assertFalse(mail.scheduled_date)
        self.assertFalse(self.activities(self.account))
        self.assertEqual(self.account.email_pay_status, 'works')

    def test_a_team_that_cannot_be_told_stops_nothing(self):
        self.broken()
        mail = self.mail()
        attention = type(self.env['email.pay.attention'])
        with (
            patch.object(attention, '_ask_attention', side_effect=ValueError),
            self.assertLogs('odoo.addons.email_pay.models.email_pay_attention', logging.ERROR),
        ):
            self.send_in_vain(mail)
        self.assertEqual(mail.state, 'outgoing')

    def test_an_error_of_ours_keeps_no_other_mail_back(self):
        waits, leaves = self.mail(), self.mail('pedro@example.com', mail_server_id=False)
        opening = patch.object(
            type(self.account), '_email_pay_open', side_effect=ValueError("A password"))
        with opening, self.assertLogs('odoo.addons.email_pay.models.mail_mail', logging.ERROR):
            self.send(waits + leaves)
        self.assertEqual((waits.state, waits.email_pay_attempts), ('outgoing', 1))
        self.assertEqual(self.arrived(self.default), ['pedro@example.com'])
        self.assertIn("Odoo made an error", self.account.email_pay_failure)
        self.assertNotIn("A password", self.account.email_pay_failure)
        self.assertTrue(self.activities(self.account))

    # --- how much it costs ------------------------------------------------------------------------

    def test_each_mail_costs_the_same(self):
        costs = []
        self.send(self.mail())
        for count in (5, 25):
            mails = self.env['mail.mail'].union(*(self.mail() for _n in range(count)))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.send(mails)
            costs.append((self.cr.sql_log_count - before) / count)
        self.assertEqual(len(self.server.mails), 31)
        self.assertLessEqual(costs[1], costs[0])
        self.assertLess(costs[1], 12)
