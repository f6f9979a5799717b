from datetime import timedelta

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

    def test_what_sounds_like_the_account_and_is_of_one_mail(self):
        for answer in ('554 5.7.1 Relay access denied', '550 5.7.1 Sender address rejected',
                       '550 5.7.133 Authentication required to send to this group'):
            with self.subTest(answer):
                self.server.reset()
                self.server.answers = {'RCPT': {POISON: answer}}
                mails = self.mail(POISON) + self.mail('ana@example.com')
                self.send_in_vain(mails)
                self.assertEqual(self.arrived(), ['ana@example.com'])
                self.assertEqual((mails[0].state, mails[0].email_pay_attempts), ('outgoing', 1))
                self.assertIn(POISON, mails[0].failure_reason)
                self.assertEqual(self.account.email_pay_status, 'works')
                self.waiting().sudo().unlink()

    def test_several_such_mails(self):
        poisons = [f'{n}-{POISON}' for n in range(2)]
        mails = self.env['mail.mail'].union(*map(self.mail, [*poisons, 'ana@example.com']))
        self.server.answers = {'RCPT': dict.fromkeys(poisons, '554 5.7.1 Relay access denied')}
        self.send_in_vain(mails)
        self.assertEqual(self.arrived(), ['ana@example.com'])
        self.assertFalse(self.activities(self.account))

    def test_an_account_that_may_not_deliver_is_left_alone_after_some_mails(self):
        mails = self.env['mail.mail'].union(*(self.mail(f'{n}@example.com') for n in range(6)))
        self.server.answers = {'RCPT': '554 5.7.1 Relay access denied'}
        self.send_in_vain(mails)
        self.assertEqual(mails.mapped('email_pay_attempts'), [1, 1, 1, 0, 0, 0])
        self.assertEqual(set(mails.mapped('state')), {'outgoing'})
        self.assertEqual(self.account.email_pay_status, 'failing')
        self.assertIn("does not deliver mails to other domains", self.activities(self.account).note)

    # --- a recipient who is never taken -----------------------------------------------------------

    def poison_link(self):
        """A payment mail to somebody for whom the server takes nothing."""
        self.customer.email = POISON
        link = self.create_link(self.create_invoice())
        link._send()
        self.server.answers = {'RCPT': {POISON: '554 5.7.1 Relay access denied'}}
        return link, self.outbox('mail_template_payment')

    def check_given_up(self, link, mail):
        self.assertEqual(mail.state, 'exception')
        self.assertEqual(link.mail_state, 'failed')
        self.assertIn(POISON, link.mail_error)
        self.assertEqual(self.account.email_pay_status, 'works')
        self.assertFalse(self.activities(self.account))

    def test_it_is_given_up_after_some_tries_while_others_leave(self):
        link, poison = self.poison_link()
        for number in range(4):
            self.assertEqual((poison.state, poison.email_pay_attempts), ('outgoing', number))
            self.send_in_vain(poison + self.mail(f'{number}@example.com'))
        self.assertEqual(len(self.arrived()), 4)
        self.check_given_up(link, poison)

    def test_it_is_given_up_where_others_left_before(self):
        link, poison = self.poison_link()
        self.send_in_vain(poison + self.mail('ana@example.com'))
        for _time in range(3):
            self.assertEqual(poison.state, 'outgoing')
            self.cr.execute(  # all of this is one instant here
                "UPDATE ir_mail_server SET email_pay_tested_at = email_pay_tested_at"
                " + interval '1 second' WHERE id = %s", [self.account.id])
            self.account.invalidate_recordset()
            self.send_in_vain(poison)
        self.check_given_up(link, poison)

    def test_it_is_kept_while_the_account_may_be_the_reason(self):
        _link, poison = self.poison_link()
        for _time in range(6):
            self.send_in_vain(poison)
        self.assertEqual((poison.state, poison.email_pay_attempts), ('outgoing', 6))
        self.assertTrue(self.activities(self.account))
        self.assertEqual(self.account.email_pay_status, 'failing')

    # --- those that wait for the account ----------------------------------------------------------

    def test_they_do_not_wait_as_long_as_the_one_that_was_tried_most_often(self):
        mails = self.mail() + self.mail('ana@example.com') + self.mail(POISON)
        mails[2].email_pay_attempts = 8
        self.server.answers = {'MAIL': '550 5.7.1 Not you'}
        self.send_in_vain(mails)
        for mail in mails:
            self.assertAlmostEqual(self.wait_seconds(mail), 60, delta=10)
        self.assertEqual(mails.mapped('email_pay_attempts'), [1, 0, 8])

    def test_they_wait_the_longer_the_longer_the_account_fails(self):
        mails = self.mail() + self.mail('ana@example.com')
        self.server.answers = {'MAIL': '550 5.7.1 Not you'}
        self.send_in_vain(mails)
        self.account.email_pay_failing_since -= timedelta(minutes=30)
        self.send_in_vain(mails)
        self.assertEqual(mails.mapped('email_pay_attempts'), [1, 1])
        self.assertAlmostEqual(self.wait_seconds(mails[0]), 60 * 60, delta=10)

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
