from datetime import datetime, time, timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .mail_common import STOCK_LOGGER, MailAccountCommon
from .plan_follow_common import PlanFollowCommon
from .reminder_common import ReminderCommon
from .smtp.servers import closed_port
from .test_bounces import REPORT, ROUTER


@tagged('post_install', '-at_install')
class TestMailTold(MailAccountCommon, PlanFollowCommon, ReminderCommon):
    """What becomes of the reminders and the mails of instalments that leave by an account."""

    def denied(self):
        """An instalment that was refused, and the mail that tells the customer."""
        installment = self.plan('denied', 'awaiting').installment_ids[:1]
        installment._tell_denied()
        return installment, self.outbox('mail_template_denied')

    def test_a_refused_instalment_is_told_by_the_account_for_collections(self):
        _installment, mail = self.denied()
        self.send(mail)
        self.assertEqual(self.arrived(), ['rosa@example.com'])
        self.assertEqual(self.server.mails[0].mail_from, 'collect@canal.example.com')

    # --- a reminder that waits --------------------------------------------------------------------

    def check_made_up_for(self, mail):
        """The reminder never left, and that of the next day is about the same."""
        notice = self.notices()
        self.assertEqual(mail.state, 'cancel')
        self.assertEqual((notice.state, notice.item_ids.ids), ('failed', []))
        self.assertEqual(notice.reason, mail.failure_reason)
        self.assertEqual(notice.link_id.mail_state, 'failed')
        self.assertEqual(len(self.run_at(1)), 1)
        self.assertFalse(self.run_at(2))

    def test_a_reminder_is_good_until_its_day_is_over_on_the_companys_clock(self):
        self.owe_then()
        midnight = datetime.combine(self.due_date + timedelta(days=1), time())
        self.assertEqual(self.run_at(0).email_pay_until, midnight + timedelta(hours=6))

    @mute_logger(STOCK_LOGGER)
    def test_a_reminder_that_cannot_leave_on_its_day_is_made_up_for(self):
        self.owe_then()
        mail = self.run_at(0)
        mail.email_pay_until = fields.Datetime.now() + timedelta(seconds=30)
        self.account.email_pay_password = 'wrong'
        self.send(mail)
        self.assertIn("refuses the user or the password", mail.failure_reason)
        self.check_made_up_for(mail)

    def test_a_reminder_that_waited_for_the_outbox_too_long_is_made_up_for(self):
        self.owe_then()
        mail = self.run_at(0)
        mail.email_pay_until = fields.Datetime.now() - timedelta(seconds=1)
        self.send(mail)
        self.assertFalse(self.server.mails)
        self.check_made_up_for(mail)

    @mute_logger(STOCK_LOGGER)
    def test_what_a_text_message_told_is_not_told_again(self):
        self.customer.write({'phone': '6123-4567', 'country_id': self.env.ref('base.pa').id})
        self.step(0).channel = 'both'
        self.owe_then()
        mail = self.run_at(0)
        mail.email_pay_until = fields.Datetime.now() - timedelta(seconds=1)
        self.send(mail)
        self.assertEqual((mail.state, self.notices().state), ('cancel', 'sent'))
        self.assertFalse(self.run_at(1))

    # --- refused ----------------------------------------------------------------------------------

    @mute_logger(STOCK_LOGGER)
    def test_a_reminder_that_is_refused_is_sent_to_the_corrected_address(self):
        self.owe_then()
        mail = self.run_at(0)
        self.server.answers = {'RCPT': '550 5.1.1 No such user'}
        self.send(mail)
        notice = self.notices()
        self.assertEqual((notice.state, notice.item_ids.ids), ('failed', []))
        self.assertIn("No such user", notice.reason)
        self.assertTrue(self.customer.email_pay_bounced)
        self.assertFalse(self.run_at(1))
        self.assertIn("came back", self.notices().reason)
        self.customer.email = 'rosa@new.example.com'
        self.assertEqual(self.run_at(2).email_to, 'rosa@new.example.com')

    @mute_logger(STOCK_LOGGER)
    def test_what_the_default_server_refuses_is_told_too(self):
        self.account.active = False
        self.owe_then()
        mail = self.run_at(0)
        installment, denied = self.denied()
        self.default.answers = {'RCPT': '550 5.1.1 No such user'}
        self.send(mail + denied)
        notice = self.notices()
        self.assertEqual((notice.state, notice.item_ids.ids), ('failed', []))
        self.assertIn("No such user", notice.reason)
        self.assertEqual(notice.link_id.mail_state, 'failed')
        [activity] = self.activities(installment.plan_id)
        self.assertIn("No such user", activity.note)
        self.customer.email = 'rosa@new.example.com'
        self.default.reset()
        self.assertEqual(self.run_at(1).email_to, 'rosa@new.example.com')

    def test_a_default_server_that_is_gone_is_told_and_made_up_for(self):
        self.account.active = False
        self.servers.search([('name', '=', "Default")]).smtp_port = closed_port()
        self.owe_then()
        self.send(self.run_at(0))
        notice = self.notices()
        self.assertEqual((notice.state, notice.link_id.mail_state), ('failed', 'failed'))
        self.assertIn("Connection refused", notice.reason)
        self.assertEqual(len(self.run_at(1)), 1)

    @mute_logger(STOCK_LOGGER)
    def test_a_reminder_that_got_to_one_of_two_addresses_is_not_sent_again(self):
        self.owe_then()
        mail = self.run_at(0)
        mail.email_to = 'rosa@example.com, gone@example.com'
        self.server.answers = {'RCPT': {'gone@example.com': '550 5.1.1 No such user'}}
        self.send(mail)
        self.assertEqual(self.arrived(), ['rosa@example.com'])
        notice = self.notices()
        self.assertEqual(notice.state, 'sent')
        self.assertIn("gone@example.com", notice.reason)
        self.assertFalse(self.run_at(1))

    @mute_logger(STOCK_LOGGER)
    def test_a_mail_of_an_instalment_that_is_refused_is_told(self):
        installment, mail = self.denied()
        self.server.answers = {'RCPT': '550 5.1.1 No such user'}
        self.send(mail)
        [activity] = self.activities(installment.plan_id)
        self.assertEqual(activity.summary, "A customer was not told")
        self.assertIn("No such user", activity.note)
        self.assertTrue(self.customer.email_pay_bounced)

    # --- come back ----------------------------------------------------------------------------

    @mute_logger(ROUTER)
    def come_back(self, mail, times=1):
        """The mail left, and a report that only names it comes."""
        message_id = mail.message_id
        self.send(mail)
        mail.exists().unlink()
        for number in range(times):
            self.env['mail.thread'].message_process(False, REPORT.format(
                bounce='bounce@canal.example.com', address='rosa@example.com', action='failed',
                number=f'{number}.{message_id.strip("<>")}', message_id=message_id, recipient=''))
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertTrue(self.customer.email_pay_bounced)

    def test_a_reminder_that_came_back_is_made_up_for(self):
        self.owe_then()
        self.come_back(self.run_at(0))
        notice = self.notices()
        self.assertEqual((notice.state, notice.item_ids.ids), ('failed', []))
        self.assertIn("user unknown", notice.reason)
        self.assertTrue(notice.link_id.bounced_at)
        self.assertFalse(self.run_at(1))
        self.customer.email = 'rosa@new.example.com'
        self.assertEqual(self.run_at(2).email_to, 'rosa@new.example.com')

    def test_a_mail_of_an_instalment_that_came_back_is_told_once(self):
        installment, mail = self.denied()
        self.come_back(mail, times=2)
        [activity] = self.activities(installment.plan_id)
        self.assertEqual(activity.summary, "A customer was not told")
        self.assertIn("user unknown", activity.note)

    @mute_logger(STOCK_LOGGER)
    def test_any_mail_marks_an_address_that_does_not_exist_and_no_other(self):
        for answer in ('550 5.7.1 Relaying denied', '450 4.2.0 Greylisted', '550 Unknown user'):
            self.assertFalse(self.customer.email_pay_bounced)
            self.default.answers = {'RCPT': answer}
            self.send(self.mail(mail_server_id=False))
        self.assertTrue(self.customer.email_pay_bounced)
