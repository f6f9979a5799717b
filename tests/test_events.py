import json
import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..const import EVENT_MAX_ATTEMPTS, MAX_NOTIFICATION_BYTES
from ..sandbox.credicorp import notices
from .common import EmailPayHttpCommon

WEBHOOK = 'odoo.addons.email_pay.controllers.webhook'
INBOX = 'odoo.addons.email_pay.models.email_pay_event'


@tagged('post_install', '-at_install')
class TestWebhook(EmailPayHttpCommon):
    """The webhook verifies, stores and answers; over real HTTP, with really signed bodies."""

    def assertRefused(self, response, status):
        self.assertEqual(response.status_code, status)
        self.assertFalse(self.events())

    def assertWarned(self):
        return self.assertLogs(WEBHOOK, logging.WARNING)

    # --- accepted ---------------------------------------------------------------------------------

    def test_a_signed_notification_is_stored_as_it_came(self):
        body = self.sale_event()
        response = self.notify(body)
        self.assertEqual((response.status_code, response.text), (200, 'ok'))
        event = self.events()
        self.assertEqual(event.body.encode(), body)
        self.assertEqual((event.state, event.source), ('new', 'webhook'))
        self.assertEqual(event.key, json.loads(body)['event_id'])
        self.assertEqual((event.reference, event.company_id), ('S00042', self.company))

    def test_storing_wakes_the_worker(self):
        worker = self.env.ref('email_pay.ir_cron_process_events')
        triggers = self.env['ir.cron.trigger'].sudo()
        before = triggers.search_count([('cron_id', '=', worker.id)])
        body = self.sale_event()
        self.notify(body)
        woken = triggers.search_count([('cron_id', '=', worker.id)])
        self.assertEqual(woken, before + 1)
        self.notify(body)
        self.assertEqual(triggers.search_count([('cron_id', '=', worker.id)]), woken)

    def test_a_copy_is_accepted_and_stored_once(self):
        body = self.sale_event()
        for _time in range(3):
            self.assertEqual(self.notify(body).status_code, 200)
        self.assertEqual(len(self.events()), 1)

    def test_a_processed_notification_that_comes_again_stays_processed(self):
        body = self.sale_event(event_type='settlement.batch.complete')
        self.notify(body)
        self.process_events()
        self.notify(body)
        self.assertEqual(self.events().state, 'ignored')

    def test_the_same_name_at_another_app_is_another_notification(self):
        other = self.credicorp.copy({'state': 'disabled', **self.merchant_keys})
        body = self.sale_event()
        self.notify(body)
        self.notify(body, provider=other)
        self.assertEqual((len(self.events()), len(self.events(other))), (1, 1))

    def test_a_disabled_app_still_takes_notifications(self):
        self.credicorp.state = 'disabled'
        self.assertEqual(self.notify(self.sale_event()).status_code, 200)
        self.assertEqual(len(self.events()), 1)

    def test_the_previous_key_is_accepted_while_it_rotates(self):
        self.credicorp.write({
            'credicorp_webhook_key_previous': self.credicorp.credicorp_webhook_key,
            'credicorp_webhook_key': 'the new one',
        })
        self.assertEqual(self.notify(self.sale_event()).status_code, 200)

    def test_no_signature_and_no_other_header_is_stored(self):
        self.notify(self.sale_event())
        self.assertEqual(json.loads(self.events().headers), {'content-type': 'application/json'})

    def test_no_session_is_begun(self):
        response = self.notify(self.sale_event())
        self.assertNotIn('session_id', response.cookies)

    def test_what_the_body_says_counts_and_not_the_query(self):
        body = self.sale_event()
        self.env.flush_all()
        self.url_open(
            f'{self.webhook_path()}?order_id=other&provider_id=1', data=body,
            headers=self.signed(body),
        )
        self.assertEqual(self.events().reference, 'S00042')

    # --- refused ----------------------------------------------------------------------------------

    def test_another_key_is_refused(self):
        body = self.sale_event()
        with self.assertWarned():
            self.assertRefused(self.notify(body, self.signed(body, 'another')), 400)

    def test_a_body_that_was_changed_is_refused(self):
        body = self.sale_event()
        with self.assertWarned():
            self.assertRefused(
                self.notify(body.replace(b'10.00', b'99.00'), self.signed(body)), 400
            )

    def test_a_missing_or_malformed_signature_is_refused(self):
        body = self.sale_event()
        for signature in ('', 'x', 't=1,s=', f't=,s={"0" * 64}', f's={"0" * 64}'):
            with self.subTest(signature), self.assertWarned():
                headers = {'Webhook-Signature': signature} if signature else {}
                self.assertRefused(self.notify(body, headers), 400)

    def test_without_a_key_everything_is_refused(self):
        self.credicorp.credicorp_webhook_key = False
        body = self.sale_event()
        for key in (None, '', 'False'):
            with self.assertWarned():
                self.assertRefused(self.notify(body, self.signed(body, key)), 400)

    def test_the_key_of_another_merchant_is_refused(self):
        other = self.sandbox.credicorp.add_merchant()
        body = self.sale_event()
        with self.assertWarned():
            self.assertRefused(self.notify(body, self.signed(body, other.signing_key)), 400)

    def test_a_body_that_cannot_be_read_is_refused(self):
        for body in (b'', b'{', b'[]', b'null', b'{"event_id": "1"}', b'\xff\xfe', b'a=b'):
            with self.subTest(body), self.assertWarned():
                self.assertRefused(self.notify(body, self.signed(body)), 400)

    def test_a_body_in_another_encoding_is_refused(self):
        for encoding in ('utf-16', 'utf-32'):
            body = self.sale_event().decode().encode(encoding)
            with self.subTest(encoding), self.assertWarned():
                self.assertRefused(self.notify(body, self.signed(body)), 400)

    def test_a_body_that_is_too_large_is_refused(self):
        body = self.sale_event(filler='x' * MAX_NOTIFICATION_BYTES)
        self.assertRefused(self.notify(body), 413)

    def test_a_body_of_unknown_length_that_is_too_large_is_refused(self):
        body = self.sale_event(filler='x' * MAX_NOTIFICATION_BYTES)
        response = self.notify(iter([body]), self.signed(body))
        self.assertGreaterEqual(response.status_code, 400)
        self.assertLess(response.status_code, 500)
        self.assertFalse(self.events())

    def test_the_largest_body_is_accepted(self):
        body = self.sale_event(filler='')
        body = self.sale_event(filler='x' * (MAX_NOTIFICATION_BYTES - len(body)))
        self.assertEqual(len(body), MAX_NOTIFICATION_BYTES)
        self.assertEqual(self.notify(body).status_code, 200)

    def test_an_app_that_is_unknown_or_no_gateway_of_ours_is_not_found(self):
        body = self.sale_event()
        for provider_id in (0, 999999999, self.dummy_provider.id):
            response = self.url_open(
                f'/pay/webhook/{provider_id}', data=body, headers=self.signed(body)
            )
            self.assertEqual(response.status_code, 404)

    def test_only_post_is_allowed(self):
        for method in ('GET', 'PUT', 'DELETE'):
            response = self.url_open(self.webhook_path(), method=method)
            self.assertEqual(response.status_code, 405, method)

    def test_a_refusal_is_logged_without_the_body(self):
        body = self.sale_event(order_id='SECRET-ORDER')
        with self.assertWarned() as logs:
            self.notify(body, self.signed(body, 'another'))
        self.assertNotIn('SECRET-ORDER', ''.join(logs.output))


@tagged('post_install', '-at_install')
class TestInbox(EmailPayHttpCommon):
    """What becomes of a notification: booked, ignored, retried or shown to a person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice()
        cls.transaction = cls.start_payment(cls.create_link(cls.invoice))

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
        self.assertTrue(self.transaction.email_pay_receipt_due)

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
            self.notify(body, headers)
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

    def test_a_refund_at_the_gateway_is_parked(self):
        refund = self.sandbox.credicorp.refund(self._paid(), '30.00')
        event = self._receive_of(refund.id)
        self.assertParked(event, "not ordered in Odoo")
        self.assertEqual(event.transaction_id, self.transaction)

    def test_a_void_at_the_gateway_is_parked(self):
        number = self._paid()
        self.sandbox.credicorp.void(number)
        self.assertParked(self._receive_of(number), "Void of 100.00")

    def test_a_refund_ordered_in_odoo_is_no_news(self):
        self._paid()
        refund = self.transaction._refund(30.0)
        event = self._receive_of(refund.provider_reference)
        self.assertEqual((refund.state, event.state), ('done', 'ignored'))

    def test_a_refund_ordered_in_odoo_is_no_news_under_its_own_reference(self):
        self.sandbox.credicorp.configure(refund_keeps_order=False)
        self._paid()
        refund = self.transaction._refund(30.0)
        event = self._receive_of(refund.provider_reference)
        self.assertEqual((refund.state, event.state), ('done', 'ignored'))

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
