from unittest.mock import patch

import psycopg2

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.sms.tests.common import MockSMS

from .sign_in_common import PHONE, RUT, UNKNOWN_RUT, SignInCommon

JOB = 'odoo.addons.email_pay.models.email_pay_sign_in_code'


@tagged('post_install', '-at_install')
class TestSignInJob(SignInCommon, MockSMS):
    """What goes wrong on the way of a code: the accountant sees it, and visitors do not; and what
    goes wrong in a session."""

    def setUp(self):
        super().setUp()
        self.invoice = self.owe(100.0, 5)
        self.link = self.statement_link()

    # --- codes that do not leave ------------------------------------------------------------------

    def test_the_page_is_the_same_when_the_code_cannot_be_written(self):
        self.env.ref('email_pay.mail_template_sign_in_code').sudo().unlink()
        seen = []
        for number in (RUT, RUT, UNKNOWN_RUT):
            self.new_visitor()
            page = self.ask(tax_number=number, email='rosa@example.com')
            with mute_logger(JOB):
                self.assertFalse(self.answer())
            responses = [self.url_open(f'{self.path}/code', allow_redirects=False)]
            responses += [self.enter(page, '000000') for _time in range(6)]
            seen.append([(each.status_code, self.text(each)) for each in responses])
        self.assertEqual(seen[0], seen[2])
        self.assertEqual([status for status, _text in seen[0]], [200] + [400] * 6)
        self.env.invalidate_all()
        activities = self.company.partner_id.activity_ids.filtered(
            lambda activity: activity.summary == "Sign-in codes cannot be written")
        self.assertEqual(len(activities), 1)

    def test_who_looks_sees_that_the_mail_was_refused(self):
        page = self.ask(email=self.customer.email)
        self.sent_code()
        attempt = self.attempts()
        mail = self.env['mail.mail'].sudo().create({
            'model': attempt._name, 'res_id': attempt.id, 'email_to': self.customer.email})
        mail._email_pay_tell_refused("No such mailbox")
        self.assertEqual(attempt.state, 'failed')
        self.assertIn("4 tries left", self.refusal(self.enter(page, '000000')))

    def test_and_that_no_provider_would_send_the_text_message(self):
        self.ask(phone=PHONE)
        self.answer()
        with self.mockSMSGateway(sim_error='server_error'):
            self.texts().send()
        self.assertEqual(self.attempts().state, 'failed')

    def _ask_twice(self):
        for _time in range(2):
            self.new_visitor()
            self.ask(email=self.customer.email)

    def test_an_error_while_sending_holds_up_nobody(self):
        self._ask_twice()
        mails = self.env['mail.mail'].sudo().search([])
        with (
            mute_logger(JOB), self.own_cursor() as env,
            patch.object(type(mails), 'send', side_effect=ValueError),
        ):
            env['email.pay.sign.in']._cron_answer(limit=1)
        self.assertEqual(self.attempts().mapped('state'), ['sent', 'sent'])
        waiting = mails.search([]) - mails
        self.assertEqual(waiting.mapped('state'), ['outgoing', 'outgoing'])

    def test_nor_does_somebody_who_changes_the_same_rows(self):
        self._ask_twice()
        attempts = type(self.attempts())
        answer, conflicts = attempts._try_answer, [psycopg2.OperationalError]

        def conflict_once(attempt):
            if conflicts:
                raise conflicts.pop()
            return answer(attempt)

        with patch.object(attempts, '_try_answer', conflict_once):
            self.assertEqual(len(self.answer()), 2)
        with (
            patch.object(attempts, '_try_answer', side_effect=psycopg2.OperationalError),
            self.assertRaises(psycopg2.OperationalError),
        ):
            self.ask(email=self.customer.email)
            self.answer()

    # --- links that end ---------------------------------------------------------------------------

    def test_who_is_signed_in_goes_on_when_the_link_ends(self):
        self.sign_in(email=self.customer.email)
        self.link.action_revoke()
        page = self.url_open(self.link._path())
        self.assertIn(self.invoice.name, self.text(page))
        fresh = self.statement_link()
        self.assertNotEqual(fresh, self.link)
        self.assertTrue(page.url.endswith(fresh._path()))
        self.assertNotIn("Other accounts", self.text(page))
        self.assertFalse(self.url_open(self.path).history[1:], "straight on")

    # --- what was paid ----------------------------------------------------------------------------

    def test_every_account_with_something_to_see_can_be_chosen(self):
        self.portal.shown_documents = 'history'
        twin = self.customer.copy({'name': "Viña Rosa Sur", 'vat': RUT})
        nothing = self.customer.copy(
            {'name': "Viña Rosa Norte", 'vat': RUT, 'company_id': self.company.id})
        paid = self.owe(30.0, partner=twin)
        self.settle_by_hand(paid)
        page = self.sign_in(email=self.customer.email)
        self.assertEqual(self.headline(page), "Your accounts")
        self.assertIn("Viña Rosa Sur · Nothing is due", self.text(page))
        self.assertNotIn(nothing.name, self.text(page))
        link = self.env['email.pay.link']._for_customer(twin, self.company)
        self.assertIn(paid.name, self.text(self.url_open(link._path())))
        self.portal.sign_in_policy = 'match'
        self.settle_by_hand(self.invoice)
        self.new_visitor()
        page = self.follow(self.fill_in(email=self.customer.email))
        for document in (paid, self.invoice):
            self.assertIn(f"{document.name} · Nothing is due", self.text(page))
