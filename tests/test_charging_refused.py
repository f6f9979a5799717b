import logging
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .charging_common import JOB, ChargingCommon
from .common import NO_FUNDS_CARD

EXPIRED_CARD = '4000000000002230'
# The bank did not answer, and did not charge.
SILENT_CARD = '4000000000004210'


@tagged('post_install', '-at_install')
class TestRefusedCharges(ChargingCommon):
    """A card that is refused: tried again by rule, told, replaced."""

    def setUp(self):
        super().setUp()
        self.plan = self.active_plan(NO_FUNDS_CARD)
        self.fall_due(self.plan)
        self.first = self.line(self.plan)

    def told(self):
        with self.own_cursor() as env:
            env['email.pay.installment']._cron_tell()
        return self.outbox('mail_template_denied', self.customer.email)

    def days_pass(self):
        """The day of the next attempt comes."""
        self.first.next_attempt = fields.Datetime.now()
        self.run_job()

    def test_a_refusal_is_told_once_with_the_link(self):
        self.run_job()
        self.assertEqual(self.first.state, 'denied')
        self.assertIn("enough funds", self.first.reason)
        [mail] = self.told()
        self.assertIn(self.plan._live_link()._url(), mail.body_html)
        self.assertEqual(len(self.told()), 1)

    def test_it_is_tried_again_after_some_days_under_another_reference(self):
        self.run_job()
        wait = self.first.next_attempt - fields.Datetime.now()
        self.assertAlmostEqual(wait, timedelta(days=3), delta=timedelta(minutes=1))
        self.run_job()
        self.assertEqual(self.asked(f'{self.plan.reference}-1'), 1, "its time has not come")
        self.days_pass()
        self.assertEqual(self.asked(f'{self.plan.reference}-1-2'), 1)
        self.assertEqual((self.first.state, self.first.attempts), ('denied', 2))

    def test_each_refusal_is_told(self):
        self.run_job()
        self.told()
        self.days_pass()
        self.assertEqual(len(self.told()), 2)

    def test_after_the_last_try_a_person_is_told(self):
        self.run_job()
        self.days_pass()
        self.assertFalse(self.activities(self.plan))
        self.days_pass()
        self.assertEqual((self.first.attempts, self.first.next_attempt), (3, False))
        [activity] = self.activities(self.plan)
        self.assertIn("enough funds", activity.note)
        self.run_job()
        self.assertEqual(self.first.attempts, 3)

    def test_a_later_try_may_succeed(self):
        self.run_job()
        self.plan.token_id.provider_ref = self.saved_card().provider_ref
        self.days_pass()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('confirmed', 1))

    def test_a_card_that_expired_is_not_tried_again(self):
        plan = self.active_plan(EXPIRED_CARD)
        self.fall_due(plan)
        self.run_job()
        line = self.line(plan)
        self.assertEqual((line.state, line.next_attempt), ('denied', False))
        self.assertIn("has expired", line.reason)
        self.assertEqual(len(self.activities(plan)), 1)

    def test_a_card_that_was_removed_is_a_refusal(self):
        self.plan.token_id.active = False
        self.run_job()
        self.assertEqual((self.first.state, self.first.next_attempt), ('denied', False))
        self.assertIn("was removed", self.first.reason)
        self.assertFalse(self.first.transaction_id)
        self.assertEqual(len(self.activities(self.plan)), 1)
        self.assertEqual(len(self.told()), 1)

    def test_a_card_that_was_removed_after_a_refusal_is_not_tried_again(self):
        self.run_job()
        self.plan.token_id.active = False
        self.days_pass()
        self.assertEqual((self.first.state, self.first.attempts), ('denied', 1))
        self.assertFalse(self.first.next_attempt)
        self.assertEqual(len(self.activities(self.plan)), 1)

    def test_the_customer_pays_it_with_another_card_that_is_charged_from_then_on(self):
        self.run_job()
        attempt = self.pay_denied(self.plan)
        self.assertEqual((self.first.state, self.first.transaction_id), ('confirmed', attempt))
        self.assertEqual(self.plan.token_id, attempt.token_id)
        self.fall_due(self.plan, 2)
        self.run_job()
        self.assertEqual((self.line(self.plan, 2).state, self.taken(self.plan)), ('confirmed', 2))

    def test_another_card_is_tried_at_once_for_all_that_was_refused(self):
        self.fall_due(self.plan, 2)
        self.run_job()
        self.pay_denied(self.plan)
        self.run_job()
        self.assertEqual((self.line(self.plan, 2).state, self.taken(self.plan)), ('confirmed', 2))

    def test_a_refusal_that_only_a_question_tells(self):
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        with self.assertLogs(JOB, logging.WARNING):
            self.run_job()
        self.ask_now(self.first.transaction_id)
        self.assertEqual((self.first.state, self.first.attempts), ('denied', 1))

    def test_a_bank_that_never_answered_is_a_refusal(self):
        plan = self.active_plan(SILENT_CARD)
        self.fall_due(plan)
        with self.assertLogs(JOB, logging.WARNING):
            self.run_job()
        self.ask_now(self.line(plan).transaction_id)
        self.assertEqual((self.line(plan).state, self.taken(plan)), ('denied', 0))
