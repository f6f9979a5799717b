from odoo.tests import tagged
from odoo.tools import mute_logger

from .mail_common import PASSWORD, STOCK_LOGGER, MailAccountCommon
from .smtp.servers import closed_port

POISON = 'poison@example.com'


@tagged('post_install', '-at_install')
class TestMailPutOff(MailAccountCommon):
    """A mail that cannot leave keeps no other from leaving, and does not wait unseen."""

    def send_in_vain(self, mails=None):
        with mute_logger(STOCK_LOGGER):
            self.send(mails)

    # --- one of many ------------------------------------------------------------------------------

    def check_others_leave(self, answers):
        """The mails after the one that the server refuses leave with the next try."""
        poison = self.mail(POISON)
        mails = poison + self.mail('ana@example.com') + self.mail('eva@example.com')
        self.server.answers = answers
        self.send_in_vain(mails)
        self.assertEqual(mails.mapped('email_pay_attempts'), [1, 0, 0])
        self.assertEqual(mails.mapped('state'), ['outgoing'] * 3)
        self.assertEqual(len(set(mails.mapped('scheduled_date'))), 1)
        self.send_in_vain(mails)
        self.assertEqual(self.arrived(), ['ana@example.com', 'eva@example.com'])
        self.assertEqual((poison.state, poison.email_pay_attempts), ('outgoing', 2))

    def test_what_sounds_like_the_account_and_is_of_one_mail(self):
        for answer in ('554 5.7.1 Relay access denied', '550 5.7.1 Sender address rejected'):
            with self.subTest(answer):
                self.server.reset()
                self.check_others_leave({'RCPT': {POISON: answer}})
                self.waiting().sudo().unlink()

    def test_several_such_mails(self):
        poisons = [f'{n}-{POISON}' for n in range(2)]
        mails = self.env['mail.mail'].union(*map(self.mail, [*poisons, 'ana@example.com']))
        self.server.answers = {'RCPT': dict.fromkeys(poisons, '554 5.7.1 Relay access denied')}
        for _time in range(3):
            self.send_in_vain(mails.exists())
        self.assertEqual(self.arrived(), ['ana@example.com'])

    def test_a_mail_that_is_refused_for_policy_is_given_up(self):
        mail = self.mail()
        self.server.answers = {'DATA': '554 5.7.9 Message not accepted for policy reasons'}
        self.send_in_vain(mail)
        self.assertEqual(mail.state, 'exception')
        self.assertIn("refuses the mail", mail.failure_reason)
        self.assertFalse(self.account.email_pay_failing_since)

    def test_who_only_waited_leaves_at_once_when_the_account_works(self):
        mails = self.mail() + self.mail('ana@example.com')
        self.server.answers = {'MAIL': '451 Try later'}
        self.send_in_vain(mails)
        self.assertEqual(mails.mapped('email_pay_attempts'), [1, 0])
        self.server.reset()
        self.send(self.mail('eva@example.com'))
        self.assertEqual(mails.mapped('scheduled_date'), [False, False])

    # --- again and again --------------------------------------------------------------------------

    def test_a_server_that_never_takes_a_mail_is_told_once(self):
        for trouble in ({'answers': {'DATA': '451 4.3.0 Try later'}}, {'cut': {'DATA'}}):
            with self.subTest(trouble):
                self.server.reset()
                vars(self.server).update(trouble)
                mail = self.mail()
                for _time in range(3):
                    self.send_in_vain(mail)
                self.assertFalse(self.activities(self.account))
                for _time in range(3):
                    self.send_in_vain(mail)
                [activity] = self.activities(self.account)
                self.assertIn(mail.failure_reason.splitlines()[0], activity.note)
                self.assertEqual(self.account.email_pay_status, 'failing')
                self.server.reset()
                self.send(mail)
                self.assertFalse(self.activities(self.account))
                self.assertEqual(self.account.email_pay_status, 'works')

    # --- the default server fails too -------------------------------------------------------------

    def test_what_the_default_server_does_not_take_waits_for_the_account(self):
        self.account.email_pay_fallback = True
        self.account.email_pay_password = 'wrong'
        default = self.servers.search([('name', '=', "Default")])
        closed = closed_port()
        for settings, answers in (
            ({'smtp_port': closed}, {}), ({}, {'RCPT': '550 5.7.1 Relay access denied'}),
        ):
            with self.subTest(settings):
                default.smtp_port = settings.get('smtp_port', self.default.port)
                self.default.answers = answers
                mails = self.mail() + self.mail('ana@example.com')
                self.send_in_vain(mails)
                self.assertEqual(mails.mapped('state'), ['outgoing'] * 2)
                self.assertEqual(mails.mail_server_id, self.account)
                self.assertEqual(mails.mapped('email_pay_attempts'), [1, 1])
                self.assertTrue(all(mails.mapped('failure_reason')))
        self.default.reset()
        self.send(self.waiting())
        self.assertEqual(len(self.arrived(self.default)), 4)
        self.assertFalse(self.waiting())

    # --- corrected --------------------------------------------------------------------------------

    def test_settings_that_passed_the_test_are_no_failure_any_more(self):
        self.env.user.email = 'admin@canal.example.com'
        self.account.email_pay_password = 'wrong'
        self.send_in_vain(self.mail())
        self.assertTrue(self.activities(self.account))
        changes = {'email_pay_password': PASSWORD}
        proof = self.account.email_pay_test(changes)['proof']
        self.account.write({**changes, 'email_pay_proof': proof})
        self.assertEqual(self.account.email_pay_status, 'works')
        self.assertFalse(self.account.email_pay_failure)
        self.assertFalse(self.activities(self.account))
