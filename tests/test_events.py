import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..const import EVENT_MAX_ATTEMPTS
from ..sandbox.credicorp import notices
from .common import EmailPayHttpCommon, OnePayment

INBOX = 'odoo.addons.email_pay.models.email_pay_event_process'


@tagged('post_install', '-at_install')
class TestInbox(OnePayment, EmailPayHttpCommon):
    """What becomes of a notification: booked, ignored, retried or shown to a person."""

    def _receive(self, body):
        """Let a notification come, and the worker run; the event."""
        self.assertEqual(self.notify(body).status_code, 200)
        self.process_events()
        return self.events()[-1]

    def _receive_of(self, gateway_reference):
        self.assertEqual(self.notify_of(gateway_reference).status_code, 200)
        self.process_events()
        return self.events()[-1]

    def assertParked(self, event, sentence):
        self.assertEqual(event.state, 'parked')
        self.assertIn(sentence, event.error)
        [activity] = self.activities(event)
        self.assertEqual(activity.user_id, self.env.user)

    def assertNotBooked(self):
        self.assertFalse(self.transaction.payment_id)
        self.assertEqual(self.invoice.amount_residual, 100.0)

    # --- booked -----------------------------------------------------------------------------------

    def test_a_success_is_booked(self):
        event = self._receive_of(self.charge_behind_odoo(self.transaction))
        self.assertEqual(event.state, 'done')
        self.assertEqual(event.transaction_id, self.transaction)
        self.assertEqual((event.operation, event.result), ('payment', 'done'))
        self.assertEqual(event.amount, '100.00 USD')
        self.assertEqual(self.transaction.state, 'done')
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.assertEqual(self.transaction._email_pay_receipt().state, 'due')

    def test_a_decline_says_why(self):
        event = self._receive_of(self.charge_behind_odoo(self.transaction, '4000000000002230'))
        self.assertEqual((event.state, self.transaction.state), ('done', 'error'))
        self.assertIn("The card has expired", self.transaction.state_message)

    def test_an_unknown_outcome_stays_pending(self):
        self.transaction._email_pay_claim()
        event = self._receive(self.sale_event(self.transaction, 'transaction.sale.unknown'))
        self.assertEqual((event.state, self.transaction.state), ('ignored', 'pending'))

    def test_an_unknown_outcome_of_another_amount_stays_pending(self):
        self.transaction._email_pay_claim()
        event = self._receive(self.sale_event(
            self.transaction, 'transaction.sale.unknown', action={'amount': '0.00'},
        ))
        self.assertEqual((event.state, self.transaction.state), ('ignored', 'pending'))

    def test_a_decline_of_another_amount_says_why_the_bank_declined(self):
        self._receive(self.sale_event(
            self.transaction, 'transaction.sale.failure',
            action={'amount': '0.00', 'success': '0', 'response_code': '202'},
        ))
        self.assertIn("enough funds", self.transaction.state_message)

    def test_a_success_after_a_cancellation_is_booked(self):
        self.transaction._set_canceled()
        self._receive_of(self.charge_behind_odoo(self.transaction))
        self.assertTrue(self.transaction.payment_id)

    def test_a_success_after_an_error_is_booked(self):
        self.transaction._set_error("No")
        self._receive_of(self.charge_behind_odoo(self.transaction))
        self.assertTrue(self.transaction.payment_id)

    def test_a_decline_after_a_success_is_ignored(self):
        self._receive_of(self.charge_behind_odoo(self.transaction))
        with self.assertNoLogs('odoo.addons.payment', logging.WARNING):
            event = self._receive(self.sale_event(self.transaction, 'transaction.sale.failure'))
        self.assertEqual((event.state, self.transaction.state), ('ignored', 'done'))

    def test_an_unknown_outcome_after_a_success_is_ignored(self):
        self._receive_of(self.charge_behind_odoo(self.transaction))
        event = self._receive(self.sale_event(self.transaction, 'transaction.sale.unknown'))
        self.assertEqual((event.state, self.transaction.state), ('ignored', 'done'))

    def test_a_success_told_twice_is_booked_once(self):
        number = self.charge_behind_odoo(self.transaction)
        self._receive_of(number)
        event = self._receive_of(number)  # a new event of the same operation
        self.assertEqual((len(self.events()), event.state), (2, 'ignored'))
        self.assertEqual(self.env['account.payment'].search_count(
            [('payment_transaction_id', '=', self.transaction.id)]
        ), 1)

    def test_the_answer_and_the_notification_book_once(self):
        self.charge(self.transaction)
        event = self._receive_of(self.transaction.provider_reference)
        self.assertEqual(event.state, 'ignored')
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.assertEqual(len(self.receipts()), 1)

    def test_success_before_decline_and_decline_before_success_end_the_same(self):
        declined = self.charge_behind_odoo(self.transaction, '4000000000002024')
        paid = self.charge_behind_odoo(self.transaction)
        failure = self.sandbox.credicorp.notification(declined)
        success = self.sandbox.credicorp.notification(paid)
        for body, headers in (success, failure):
            self.notify(body, {'Content-Type': 'application/json', **headers})
        self.process_events()
        self.assertEqual(self.transaction.state, 'done')
        self.assertEqual(self.transaction.provider_reference, paid)

    def test_the_customers_page_does_not_wait_for_the_worker(self):
        self.notify_of(self.charge_behind_odoo(self.transaction))
        self.advance(self.transaction)
        self.assertTrue(self.transaction.payment_id)
        self.assertEqual(self.events().state, 'done')

    def test_an_app_that_was_disabled_meanwhile_still_books(self):
        number = self.charge_behind_odoo(self.transaction)
        self.portal.enabled = False
        self.credicorp.state = 'disabled'
        self.assertEqual(self._receive_of(number).state, 'done')
        self.assertTrue(self.transaction.payment_id)

    # --- no effect --------------------------------------------------------------------------------

    def test_a_settlement_has_no_effect(self):
        event = self._receive(notices.event('settlement.batch.complete', {'batch_id': '1'}))
        self.assertEqual(event.state, 'ignored')
        self.assertFalse(self.activities(event))

    def test_a_word_that_is_not_known_is_kept_and_has_no_effect(self):
        with mute_logger('odoo.addons.email_pay.gateways.credicorp.wire'):
            event = self._receive(self.sale_event(self.transaction, 'transaction.gift.success'))
        self.assertEqual((event.state, self.transaction.state), ('ignored', 'draft'))

    # --- needs a person ---------------------------------------------------------------------------

    def _until_parked(self, event):
        for _time in range(5):
            if event.state != 'failed':
                return
            event.next_attempt = fields.Datetime.now() - timedelta(seconds=1)
            self.process_events()

    def test_a_reference_that_is_not_known_is_retried_then_parked(self):
        event = self._receive(self.sale_event(order_id='NOBODYS'))
        self.assertEqual((event.state, event.attempts), ('failed', 1))
        self.assertGreater(event.next_attempt, fields.Datetime.now())
        self.assertFalse(self.activities(event))
        self._until_parked(event)
        self.assertEqual(event.attempts, 3)
        self.assertParked(event, "NOBODYS")

    def test_a_notification_before_its_time_is_not_tried_again(self):
        event = self._receive(self.sale_event(order_id='NOBODYS'))
        self.process_events()
        self.assertEqual(event.attempts, 1)

    def test_a_notification_that_is_faster_than_our_commit_is_booked_later(self):
        body = self.sale_event(self.transaction)
        reference = self.transaction.reference
        self.transaction.reference = 'not-yet'
        event = self._receive(body)
        self.assertEqual(event.state, 'failed')
        self.transaction.reference = reference
        self._until_parked(event)
        self.assertEqual((event.state, self.transaction.state), ('done', 'done'))

    def test_an_authorization_is_not_taken_for_money(self):
        with mute_logger(INBOX):
            event = self._receive(self.sale_event(self.transaction, 'transaction.auth.success'))
        self.assertIn(event.state, ('failed', 'parked'))
        self.assertNotBooked()

    def test_a_missing_reference_is_parked(self):
        event = self._receive(self.sale_event(order_id=''))
        self._until_parked(event)
        self.assertParked(event, "No transaction of this app has the reference")

    def test_a_transaction_of_another_app_is_not_touched(self):
        other = self.credicorp.copy({'state': 'disabled', **self.merchant_keys})
        body = self.sale_event(self.transaction)
        self.notify(body, provider=other)
        self.process_events()
        event = self.events(other)
        self._until_parked(event)
        self.assertEqual(event.state, 'parked')
        self.assertEqual(self.transaction.state, 'draft')

    def test_another_amount_is_parked_and_not_booked(self):
        event = self._receive(self.sale_event(self.transaction, action={'amount': '99.99'}))
        self.assertParked(event, "The gateway collected 99.99")
        self.assertNotBooked()

    def test_another_currency_is_parked_and_not_booked(self):
        event = self._receive(self.sale_event(self.transaction, currency='EUR'))
        self.assertParked(event, "The gateway collected in EUR")
        self.assertNotBooked()

    def test_a_second_charge_of_the_same_reference_is_parked(self):
        self._receive_of(self.charge_behind_odoo(self.transaction))
        second = self.charge_behind_odoo(self.transaction)
        event = self._receive_of(second)
        self.assertParked(event, second)
        self.assertEqual(len(self.receipts()), 1)

    def test_a_test_payment_on_a_live_app_is_parked(self):
        self.credicorp.state = 'enabled'
        event = self._receive_of(self.charge_behind_odoo(self.transaction))
        self.assertParked(event, "No money came.")
        self.assertNotBooked()

    def test_a_live_payment_on_a_live_app_is_booked(self):
        self.credicorp.state = 'enabled'
        event = self._receive(
            self.sale_event(self.transaction, features={'is_test_mode': False})
        )
        self.assertEqual(event.state, 'done')

    def _paid(self):
        number = self.charge_behind_odoo(self.transaction)
        self._receive_of(number)
        return number

    def test_a_chargeback_is_parked_with_card_and_amount(self):
        transaction = self.sandbox.credicorp.transaction(self._paid())
        _type, body = notices.chargeback_event(transaction, 100)
        event = self._receive(body)
        self.assertParked(event, "The bank reports a dispute of 100.00, card ending in 1111.")

    # --- what goes wrong in processing ------------------------------------------------------------

    def _broken(self):
        """A defect of our own, below the inbox."""
        return patch.object(
            type(self.env['payment.transaction']), '_process', side_effect=RuntimeError("Defect"),
        )

    def test_an_error_is_kept_and_retried(self):
        body = self.sale_event(self.transaction)
        with self._broken(), self.assertLogs(INBOX, logging.ERROR):
            event = self._receive(body)
        self.assertEqual((event.state, event.error), ('failed', "RuntimeError: Defect"))
        self._until_parked(event)
        self.assertEqual((event.state, event.error), ('done', False))

    def test_an_error_that_stays_is_parked_after_the_last_attempt(self):
        body = self.sale_event(self.transaction)
        with self._broken(), mute_logger(INBOX):
            event = self._receive(body)
            gaps = []
            while event.state == 'failed':
                gaps.append(event.next_attempt - fields.Datetime.now())
                event.next_attempt = fields.Datetime.now() - timedelta(seconds=1)
                self.process_events()
        self.assertEqual(event.attempts, EVENT_MAX_ATTEMPTS)
        self.assertEqual(gaps, sorted(gaps))
        self.assertParked(event, "Defect")

    def test_one_that_fails_stops_no_other(self):
        self.notify(self.sale_event(order_id='NOBODYS'))
        self.notify_of(self.charge_behind_odoo(self.transaction))
        self.process_events()
        self.assertEqual(self.events().mapped('state'), ['failed', 'done'])

    def test_more_than_a_batch_is_processed_at_once(self):
        for _time in range(3):
            self.notify(notices.event('settlement.batch.complete', {}))
        with self.own_cursor() as env:
            env['email.pay.event']._cron_process(limit=2)
        self.assertEqual(self.events().mapped('state'), ['ignored'] * 3)

    # --- replay -----------------------------------------------------------------------------------

    def test_replay_books_what_can_be_booked_now(self):
        event = self._receive(self.sale_event(self.transaction, currency='EUR'))
        self.transaction.currency_id = self.currency_euro
        event.action_replay()
        self.process_events()
        self.assertEqual((event.state, event.error), ('done', False))
        self.assertFalse(self.activities(event))

    def test_replay_of_what_was_booked_books_nothing(self):
        self._receive_of(self.charge_behind_odoo(self.transaction))
        self.events().action_replay()
        self.process_events()
        self.assertEqual(self.env['account.payment'].search_count(
            [('payment_transaction_id', '=', self.transaction.id)]
        ), 1)

    def test_a_person_can_close_it(self):
        event = self._receive(self.sale_event(self.transaction, currency='EUR'))
        event.action_ignore()
        self.assertEqual(event.state, 'ignored')
        self.assertFalse(self.activities(event))
