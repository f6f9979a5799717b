import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import file_open, mute_logger

from ..models import payment_comparison
from ..models.email_pay_difference import KINDS, WHAT_TO_DO
from .test_differences import ComparisonCommon

COMPARISON = 'odoo.addons.email_pay.models.payment_comparison'


@tagged('post_install', '-at_install')
class TestLife(ComparisonCommon):
    """A difference from the day it is found to the day it is none."""

    def setUp(self):
        super().setUp()
        self.transaction = self.paid()
        self.payment = self.transaction.payment_id

    def undone(self):
        self.payment.action_draft()
        self.compare()
        return self.assertFound('undone')

    def test_a_person_is_told_once(self):
        difference = self.undone()
        activity = self.activities(difference)
        self.assertEqual(activity.user_id, self.portal.responsible_id)
        self.assertIn("Post the payment again", activity.note)
        self.compare()
        self.assertEqual(self.activities(self.found()), activity)

    def test_what_is_in_order_again_is_closed_with_its_activity(self):
        difference = self.undone()
        self.payment.action_post()
        self.compare()
        self.assertEqual(difference.state, 'resolved')
        self.assertFalse(self.activities(difference))

    def test_what_comes_back_is_open_again_and_told_again(self):
        difference = self.undone()
        self.payment.action_post()
        self.compare()
        self.payment.action_draft()
        self.compare()
        self.assertEqual(self.found(), difference)
        self.assertEqual((difference.state, len(self.activities(difference))), ('open', 1))

    def test_what_a_person_settled_stays_settled(self):
        difference = self.undone()
        form = Form(self.env['email.pay.settle'].with_context(
            difference.action_settle()['context']
        ))
        form.note = "Paid back at the counter"
        form.save().action_settle()
        self.compare()
        self.assertEqual(difference.state, 'settled')
        self.assertEqual(difference.note, "Paid back at the counter")
        self.assertEqual(difference.settled_by_id, self.env.user)
        self.assertFalse(self.activities(difference))
        difference.action_reopen()
        self.assertEqual((difference.state, difference.note), ('open', False))

    def test_it_says_how_before_it_is_settled(self):
        difference = self.undone()
        with self.assertRaises(AssertionError), Form(self.env['email.pay.settle'].with_context(
            difference.action_settle()['context']
        )):
            pass

    def test_an_old_one_is_judged_too(self):
        number = self.charge_behind_odoo(self.transaction)
        self.compare()
        difference = self.assertFound('unbooked')
        self.make_older(days=12)
        self.compare()
        self.assertEqual(difference.state, 'open')
        self.sandbox.credicorp.refund(number)
        voided = self.sandbox.credicorp.transaction(number)
        voided.condition = 'canceled'
        self.make_older(days=12)
        self.compare()
        self.assertEqual(difference.state, 'resolved')

    def test_an_old_one_stays_open_while_the_gateway_cannot_be_asked(self):
        self.charge_behind_odoo(self.transaction)
        self.compare()
        self.make_older(days=12)
        self.sandbox.faults.add('http_500', ['query'], times=None)
        self.compare()
        self.assertEqual(self.found().state, 'open')

    def test_an_old_one_without_a_reference_waits_for_a_person(self):
        self.charge_at_the_gateway('')
        self.compare()
        self.make_older(days=12)
        self.compare()
        self.assertEqual(self.found().state, 'open')

    def test_one_that_the_gateway_reports_again_while_it_settles_stays_open(self):
        number = self.charge_at_the_gateway('POS-7')
        self.compare()
        self.make_older(days=6)
        self.sandbox.credicorp.settle(number)
        self.compare()
        self.assertEqual(self.found().state, 'open')

    def test_asking_the_gateway_settles_what_it_can(self):
        with patch.object(type(self.transaction), '_email_pay_mend', lambda _tx: True):
            late = self.start_payment(self.create_link(self.create_invoice()))
            late._email_pay_claim()
            self.charge_behind_odoo(late)
            self.compare()
        difference = self.assertFound('unbooked', transaction_id=late)
        difference.action_ask()
        self.assertEqual(difference.state, 'resolved')
        self.assertEqual(late.payment_id.amount, 100.0)

    def test_asking_a_gateway_that_does_not_answer_says_so(self):
        difference = self.undone()
        self.sandbox.faults.add('http_500', ['query'])
        with self.assertRaisesRegex(UserError, "could not be compared"):
            difference.action_ask()

    def test_every_kind_says_what_to_do(self):
        kinds = {kind for kind, _name in KINDS}
        self.assertEqual(WHAT_TO_DO.keys() - {'unbooked alone'}, kinds)

    def test_what_to_do_is_in_the_readers_language(self):
        self.env['res.lang']._activate_lang('es_419')
        difference = self.undone()
        self.assertIn("keeps this money", difference.what_to_do)
        self.assertIn("conserva este dinero", difference.with_context(lang='es_419').what_to_do)


@tagged('post_install', '-at_install')
class TestJob(ComparisonCommon):
    """The daily comparison of every provider."""

    def silent(self, times):
        for _day in range(times):
            self.sandbox.faults.add('http_500', ['report'])
            with self.assertLogs(COMPARISON, logging.WARNING):
                self.compare()

    def test_a_gateway_that_does_not_answer_is_no_difference(self):
        self.paid().payment_id.action_draft()
        self.silent(2)
        self.assertFalse(self.found())
        self.assertFalse(self.credicorp.email_pay_compared_at)
        self.assertGreater(self.credicorp.email_pay_compare_at, fields.Datetime.now())

    def test_after_three_days_without_an_answer_a_person_is_told(self):
        self.paid()
        self.silent(4)
        difference = self.assertFound('silent')
        self.assertEqual(len(self.activities(difference)), 1)
        self.assertIn("Test the connection", difference.what_to_do)
        self.compare()
        self.assertEqual(difference.state, 'resolved')
        self.assertFalse(self.credicorp.email_pay_compare_failures)
        self.silent(3)
        self.assertEqual((difference.state, len(self.activities(difference))), ('open', 1))

    @mute_logger(COMPARISON)
    def test_a_report_that_misses_too_much_is_none(self):
        self.paid()
        self.sandbox.credicorp.reset()
        with patch.object(payment_comparison, 'MOST_UNREPORTED', 0):
            self.compare()
        self.assertFalse(self.found())
        self.assertEqual(self.credicorp.email_pay_compare_failures, 1)

    def test_days_without_an_answer_are_compared_later(self):
        now = fields.Datetime.now()
        self.paid()
        self.make_older(days=50)
        self.assertEqual(self.credicorp._email_pay_window(now).since, now - timedelta(days=4))
        self.credicorp.email_pay_compared_at = now - timedelta(days=10)
        self.assertEqual(self.credicorp._email_pay_window(now).since, now - timedelta(days=14))
        self.credicorp.email_pay_compared_at = now - timedelta(days=100)
        self.assertEqual(self.credicorp._email_pay_window(now).since, now - timedelta(days=30))

    def test_it_is_done_once_a_day(self):
        self.paid().payment_id.action_draft()
        self.compare()
        self.found().unlink()
        with self.own_cursor() as env:
            env['payment.provider']._email_pay_cron_compare()
        self.assertFalse(self.found())

    @mute_logger(COMPARISON)
    def test_one_provider_that_fails_stops_no_other(self):
        other = self.another_app(sequence=-1, credicorp_base_url='http://127.0.0.1:1')
        self.start_payment(self.create_link(self.create_invoice()), provider=other)
        self.paid().payment_id.action_draft()
        self.compare()
        self.assertEqual(other.email_pay_compare_failures, 1)
        self.assertFound('undone')

    def comparable(self):
        return self.env['payment.provider']._email_pay_comparable()

    def test_a_disabled_app_is_compared_while_its_payments_are_recent(self):
        self.paid()
        self.credicorp.state = 'disabled'
        self.assertIn(self.credicorp, self.comparable())
        self.make_older(days=5)
        self.assertNotIn(self.credicorp, self.comparable())

    def test_an_app_that_never_collected_is_not_compared(self):
        self.assertNotIn(self.credicorp, self.comparable())

    def test_a_live_and_a_test_app_are_compared(self):
        self.paid()
        for state in ('test', 'enabled'):
            self.credicorp.state = state
            self.assertIn(self.credicorp, self.comparable())

    def test_a_neutralized_copy_asks_nobody(self):
        self.paid()
        self.env.flush_all()
        with file_open('email_pay/data/neutralize.sql') as file:
            self.cr.execute(file.read())
        self.env.invalidate_all()
        with self.assertNoLogs('odoo.addons.email_pay.models.payment_provider', logging.INFO):
            self.compare()
        self.assertNotIn(self.credicorp, self.comparable())

    def test_what_somebody_else_works_on_is_not_judged(self):
        transaction = self.start_payment(self.create_link(self.create_invoice()))
        transaction._email_pay_claim()
        self.charge_behind_odoo(transaction)
        with patch.object(type(transaction), '_email_pay_try_lock', lambda _tx: False):
            self.compare()
        self.assertFalse(self.found())
        self.compare()
        self.assertTrue(transaction.payment_id)

    def test_many_payments_are_compared_with_as_few_queries(self):
        self.paid()
        self.compare()
        few = self.queries()
        for _number in range(6):
            self.paid(10.0)
        self.assertLess(self.queries(), few + 3)

    def queries(self):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self.credicorp._email_pay_compare()
        self.env.flush_all()
        return self.cr.sql_log_count - before
