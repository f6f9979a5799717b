import logging
from contextlib import suppress
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import file_open

from ..models.payment_saved_card import Charge
from .charging_common import JOB, ChargingCommon
from .common import UNKNOWN_BUT_CHARGED_CARD


class Killed(BaseException):
    """The worker is no more."""


@tagged('post_install', '-at_install')
class TestCharging(ChargingCommon):
    """What is due is charged with the saved card, once, and booked."""

    def setUp(self):
        super().setUp()
        self.plan = self.active_plan()
        self.fall_due(self.plan)
        self.first = self.line(self.plan)

    def assertCollected(self, line=None, times=1):
        line = line or self.first
        self.assertEqual((line.state, self.taken(line.plan_id)), ('confirmed', times))
        self.assertEqual(line.transaction_id.state, 'done')
        self.assertEqual(line.payment_id.amount, line.amount)

    # --- what is due ------------------------------------------------------------------------------

    def test_what_is_due_is_charged_and_booked(self):
        self.run_job()
        self.assertCollected()
        self.assertEqual(self.plan.move_id.amount_residual, 200.0)
        self.assertEqual(self.first.payment_id.journal_id, self.collections)
        self.assertEqual(len(self.receipts(self.customer.email)), 1)

    def test_the_rest_is_charged_when_it_is_due(self):
        self.run_job()
        self.assertEqual(self.line(self.plan, 2).state, 'awaiting')
        self.fall_due(self.plan, 2, 3)
        self.run_job()
        self.assertEqual(self.plan.state, 'done')
        self.assertEqual((self.taken(self.plan), self.plan.move_id.payment_state), (3, 'paid'))

    def test_the_gateway_is_told_that_nobody_is_present(self):
        self.run_job()
        [entry] = self.sandbox.ledger.charges(self.first.transaction_id.reference)
        self.assertEqual(entry.details['initiated_by'], 'merchant')
        self.assertEqual(entry.details['billing_method'], 'installment')

    def test_a_second_run_charges_nothing(self):
        for _time in range(2):
            self.run_job()
        self.assertCollected()

    def test_a_day_begins_where_the_company_is(self):
        self.company.partner_id.tz = 'America/Panama'
        self.first.due_date = '2026-05-02'
        self.run_job_at('2026-05-02 04:59:00')
        self.assertEqual(self.first.state, 'awaiting')
        self.run_job_at('2026-05-02 05:00:00')
        self.assertEqual(self.first.state, 'confirmed')

    def run_job_at(self, time):
        now = fields.Datetime.to_datetime(time)
        with patch.object(fields.Datetime, 'now', lambda: now):
            self.run_job()

    def test_batches_follow_each_other(self):
        plans = [self.plan, *(self.active_plan() for _number in range(2))]
        for plan in plans:
            self.fall_due(plan)
        self.run_job(limit=1)
        self.assertEqual([self.line(plan).state for plan in plans], ['confirmed'] * 3)

    def test_the_progress_is_told(self):
        for plan in [self.active_plan() for _number in range(2)]:
            self.fall_due(plan)
        jobs, told = self.env['ir.cron'], []
        commit = type(jobs)._commit_progress

        def tell(job, processed=0, **kwargs):
            told.append((processed, kwargs.get('remaining')))
            return commit(job, processed, **kwargs)

        with patch.object(type(jobs), '_commit_progress', tell):
            self.run_job(limit=2)
        counted = [remaining for _processed, remaining in told if remaining is not None]
        self.assertEqual(counted, [1, 1, 0, 0])

    def test_a_plan_that_is_over_is_not_charged(self):
        self.plan.action_cancel_rest()
        self.run_job()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('cancelled', 0))

    def test_an_app_that_is_switched_off_charges_nothing(self):
        self.env.cr.execute("UPDATE payment_provider SET state = 'disabled' WHERE id = %s",
                            [self.credicorp.id])
        self.env.invalidate_all()
        self.run_job()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('awaiting', 0))

    def test_a_neutralized_copy_charges_nothing(self):
        with file_open('email_pay/data/neutralize.sql') as file:
            self.env.cr.execute(file.read())
        self.env.invalidate_all()
        self.run_job()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('awaiting', 0))

    # --- the worker is killed ---------------------------------------------------------------------

    def kill(self, where):
        """Run the job, and end it where `where` is called."""
        with where as killer, self.own_cursor() as env, suppress(Killed):
            env['email.pay.installment']._cron_charge()
        killer.assert_called()
        return self.first.transaction_id

    def kill_before_it_is_sent(self):
        return self.kill(patch.object(
            type(self.env['payment.transaction']), '_email_pay_charge_cards', side_effect=Killed,
        ))

    def test_killed_after_it_was_claimed(self):
        charge = self.kill_before_it_is_sent()
        self.assertEqual((charge.state, charge.email_pay_ask_at), ('pending', False))
        self.run_job()
        self.assertEqual(self.first.state, 'awaiting', "it may be another worker's")
        self.minutes_pass(charge)
        self.run_job()
        self.assertCollected()
        self.assertEqual(self.first.transaction_id, charge)

    def test_what_was_claimed_is_charged_with_the_card_that_was_given_since(self):
        charge = self.kill_before_it_is_sent()
        before, card = charge.token_id, self.saved_card()
        self.plan._take_card(card)
        before.active = False
        self.minutes_pass(charge)
        self.run_job()
        self.assertCollected()
        self.assertEqual((self.first.transaction_id, charge.token_id), (charge, card))
        [entry] = self.sandbox.ledger.charges(charge.reference)
        self.assertEqual(entry.details['customer_vault_id'], card.provider_ref)

    def test_killed_before_the_request_it_is_asked_for_and_charged_again(self):
        charge = self.kill(patch.object(Charge, 'send', side_effect=Killed))
        self.assertEqual((charge.state, bool(charge.email_pay_ask_at)), ('pending', True))
        self.minutes_pass(charge)
        self.run_job()
        self.assertEqual(self.taken(self.plan), 0, "nobody knows whether it was sent")
        self.ask_now(charge, times=3)
        self.run_job()
        self.assertCollected()
        self.assertEqual(self.first.transaction_id, charge)

    def test_killed_after_the_answer_it_is_found_and_not_charged_again(self):
        charge = self.kill(patch.object(
            type(self.env['payment.transaction']), '_email_pay_write_answers', side_effect=Killed,
        ))
        self.minutes_pass(charge)
        self.run_job()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('awaiting', 1))
        self.ask_now(charge)
        self.assertCollected()

    def test_what_came_late_is_known_before_it_is_charged_again(self):
        charge = self.kill(patch.object(Charge, 'send', side_effect=Killed))
        self.ask_now(charge, times=3)
        self.charge_behind_odoo(charge)  # the request that the worker had sent
        self.minutes_pass(charge)
        self.run_job()
        self.assertCollected()
        self.assertEqual(self.asked(charge.reference), 1)

    def test_it_is_asked_for_as_often_as_it_may_be_charged_again(self):
        charge = self.kill(patch.object(Charge, 'send', side_effect=Killed))
        self.ask_now(charge, times=3)
        self.charge_behind_odoo(charge)
        for _time in range(2):
            self.minutes_pass(charge)
            self.sandbox.faults.add('http_500', ['query'])
            with self.assertLogs(JOB, logging.WARNING):
                self.run_job()
            self.assertEqual(self.first.state, 'awaiting')
        self.minutes_pass(charge)
        self.run_job()
        self.assertCollected()

    def test_other_workers_are_told_before_the_gateway_is(self):
        seen = []
        send = Charge.send

        def look(charge):
            with self.registry.cursor() as cr:
                cr.execute("SELECT state, email_pay_ask_at IS NULL FROM payment_transaction"
                           " WHERE id = %s", [charge.transaction_id])
                seen.append(cr.fetchone())
            return send(charge)

        with patch.object(Charge, 'send', look):
            self.run_job()
        self.assertEqual(seen, [('pending', False)])

    # --- the answer is lost -----------------------------------------------------------------------

    def test_an_answer_that_was_lost_is_asked_for(self):
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        with self.assertLogs(JOB, logging.WARNING):
            self.run_job()
        charge = self.first.transaction_id
        self.assertEqual((charge.state, self.first.state), ('pending', 'awaiting'))
        self.ask_now(charge)
        self.assertCollected()

    def test_a_bank_that_does_not_answer_is_asked_for(self):
        plan = self.active_plan(UNKNOWN_BUT_CHARGED_CARD)
        self.fall_due(plan)
        self.first = self.line(plan)
        with self.assertLogs(JOB, logging.WARNING):
            self.run_job()
        self.ask_now(self.first.transaction_id)
        self.assertCollected()

    def test_a_charge_that_did_not_happen_is_made_again_under_its_reference(self):
        self.sandbox.faults.add('cut', ['sale'])
        with self.assertLogs(JOB, logging.WARNING):
            self.run_job()
        charge = self.first.transaction_id
        self.ask_now(charge, times=3)
        self.assertEqual((charge.state, self.first.state), ('pending', 'awaiting'))
        self.minutes_pass(charge)
        self.run_job()
        self.assertCollected()
        self.assertEqual((self.first.transaction_id, self.first.attempts), (charge, 0))

    def test_while_it_is_unknown_nobody_else_can_pay_it(self):
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        with self.assertLogs(JOB, logging.WARNING):
            self.run_job()
        with self.assertRaisesRegex(Exception, "collected in instalments"):
            self.start_payment(self.create_link(self.plan.move_id), 100.0)

    # --- the gateway does not work ----------------------------------------------------------------

    def test_a_gateway_that_cannot_be_reached_refuses_nobody(self):
        self.credicorp.credicorp_base_url = 'http://127.0.0.1:9'
        other = self.active_plan()
        self.fall_due(other)
        with self.assertLogs(JOB, logging.WARNING) as logs:
            self.run_job()
        self.assertEqual(len(logs.output), 1, "it is left alone after the first")
        self.assertEqual((self.first.state, self.line(other).state), ('awaiting',) * 2)
        self.credicorp.credicorp_base_url = self.sandbox.url
        self.minutes_pass(self.first.transaction_id | self.line(other).transaction_id)
        self.run_job()
        self.assertCollected()
        self.assertCollected(self.line(other))

    def test_a_refused_key_is_shown_to_a_person_once(self):
        self.credicorp.credicorp_api_key = 'another'
        for _time in range(2):
            with self.assertLogs(JOB, logging.WARNING):
                self.run_job()
            self.minutes_pass(self.first.transaction_id)
        self.assertEqual(self.first.state, 'awaiting')
        [activity] = self.activities(self.plan)
        self.assertIn("takes no charges", activity.summary)

    # --- the document -----------------------------------------------------------------------------

    def test_what_is_not_due_any_more_is_not_charged(self):
        self.settle_by_hand(self.plan.move_id, 250.0)
        self.run_job()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('awaiting', 0))
        self.assertGreater(self.first.next_attempt, fields.Datetime.now())

    def test_what_is_due_at_once_is_charged_as_far_as_the_document_goes(self):
        self.settle_by_hand(self.plan.move_id, 150.0)
        self.fall_due(self.plan, 1, 2)
        self.run_job()
        self.assertCollected()
        self.assertEqual((self.line(self.plan, 2).state, self.taken(self.plan)), ('awaiting', 1))

    def test_what_is_on_its_way_for_another_instalment_counts(self):
        self.settle_by_hand(self.plan.move_id, 150.0)
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        with self.assertLogs(JOB, logging.WARNING):
            self.run_job()
        self.fall_due(self.plan, 2)
        self.run_job()
        self.assertEqual((self.line(self.plan, 2).state, self.taken(self.plan)), ('awaiting', 1))

    def test_what_a_customer_is_paying_is_not_charged(self):
        self.first._deny("The card has expired.")
        self.first.next_attempt = fields.Datetime.now()
        attempt = self.plan._live_link()._start_installment(
            self.first, self.credicorp, self.credicorp.payment_method_ids[:1])
        attempt._email_pay_claim()
        self.run_job()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('denied', 0))

    def test_what_was_claimed_is_not_charged_when_its_card_was_removed(self):
        charge = self.kill_before_it_is_sent()
        self.plan.token_id.active = False
        self.minutes_pass(charge)
        self.run_job()
        self.assertEqual((charge.state, self.first.state), ('cancel', 'denied'))
        self.pay_denied(self.plan)
        self.assertCollected()

    def test_what_was_claimed_can_still_be_cancelled(self):
        charge = self.kill_before_it_is_sent()
        self.plan.action_cancel_rest()
        self.assertEqual((charge.state, self.first.state), ('cancel', 'cancelled'))
        self.minutes_pass(charge)
        self.run_job()
        self.assertEqual(self.taken(self.plan), 0)

    def test_nothing_is_charged_for_a_document_that_is_gone(self):
        self.plan.write({'move_id': False, 'order_model': 'gone.order', 'order_id': 1})
        self.run_job()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('awaiting', 0))
        self.look()
        self.assertEqual((self.first.state, self.plan.state), ('cancelled', 'cancelled'))

    def test_an_invoice_that_became_a_draft_again_is_not_charged(self):
        self.run_job()
        self.first.payment_id.move_id.line_ids.remove_move_reconcile()
        self.plan.move_id.button_draft()
        self.fall_due(self.plan, 2)
        self.run_job()
        self.assertEqual((self.line(self.plan, 2).state, self.taken(self.plan)), ('awaiting', 1))
