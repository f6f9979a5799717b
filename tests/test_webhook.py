import json
import logging

from odoo.exceptions import UserError
from odoo.http import request
from odoo.tests import tagged
from odoo.tools import SQL, file_open, mute_logger

from ..const import MAX_NOTIFICATION_BYTES
from ..sandbox.credicorp import notices
from .common import EmailPayHttpCommon

WEBHOOK = 'odoo.addons.email_pay.controllers.webhook'


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

    def test_who_asks_for_parameters_once_it_is_answered_gets_those_of_the_address(self):
        """As `utm` does, which comes with sales and websites; there an error answered a 500."""
        asked = []
        http = self.registry['ir.http']
        answered = http._post_dispatch

        def ask(response):
            asked.append(request.params)
            answered(response)

        self.patch(http, '_post_dispatch', ask)
        self.assertEqual(self.notify(self.sale_event()).status_code, 200)
        self.assertEqual(asked, [{'provider_id': self.credicorp.id}])

    def _wake_ups(self):
        return self.env['ir.cron.trigger'].sudo().search([
            ('cron_id', '=', self.env.ref('email_pay.ir_cron_process_events').id)
        ])

    def test_storing_wakes_the_worker_once(self):
        self._wake_ups().unlink()
        body = self.sale_event()
        for sent in (body, body, self.sale_event()):
            self.notify(sent)
        self.assertEqual(len(self._wake_ups()), 1)

    def test_a_wake_up_for_later_or_of_long_ago_is_not_relied_upon(self):
        worker = self.env.ref('email_pay.ir_cron_process_events')
        for call_at, create_date in (('2100-01-01', 'now()'), ('2020-01-01', "'2020-01-02'")):
            self._wake_ups().unlink()
            self.cr.execute(SQL(
                "INSERT INTO ir_cron_trigger (cron_id, call_at, create_date) VALUES (%s, %s, %s)",
                worker.id, call_at, SQL(create_date),
            ))
            self.notify(self.sale_event())
            self.assertEqual(len(self._wake_ups()), 2)

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

    def test_a_reference_that_nobody_knows_is_stored_and_shown(self):
        self.assertEqual(self.notify(self.sale_event(order_id='NOBODYS')).status_code, 200)
        self.assertEqual((self.events().state, self.events().reference), ('new', 'NOBODYS'))

    def test_a_type_of_event_that_nobody_knows_is_stored_whatever_it_says(self):
        for content in ({}, None, [], 'text', 7, {'order_id': ['x'], 'action': 'y', 'card': 1}):
            with self.subTest(content), self.assertLogs('odoo.addons.email_pay.gateways'):
                response = self.notify(notices.event('tomorrow.invention.made', content))
                self.assertEqual(response.status_code, 200)
        with self.assertLogs('odoo.addons.email_pay.gateways'):
            self.process_events()
        self.assertEqual(set(self.events().mapped('state')), {'ignored'})
        self.assertEqual(len(self.events()), 6)

    def test_the_charset_of_json_is_no_other_type(self):
        body = self.sale_event()
        headers = {**self.signed(body), 'Content-Type': 'Application/JSON; charset=utf-8'}
        self.assertEqual(self.notify(body, headers).status_code, 200)

    def test_both_keys_are_live_while_one_replaces_the_other(self):
        self.credicorp.write({
            'credicorp_webhook_key': 'the new one', 'credicorp_webhook_key_previous': 'the old one',
        })
        for key in ('the old one', 'the new one'):
            body = self.sale_event()
            self.assertEqual(self.notify(body, self.signed(body, key)).status_code, 200)
        self.credicorp.credicorp_webhook_key_previous = False
        body = self.sale_event()
        with self.assertWarned():
            self.assertEqual(self.notify(body, self.signed(body, 'the old one')).status_code, 400)
        self.assertEqual(len(self.events()), 2)

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
                self.assertRefused(self.notify(body, {
                    'Content-Type': 'application/json', 'Webhook-Signature': signature,
                }), 400)

    def test_an_unsigned_notification_is_refused(self):
        with self.assertWarned():
            self.assertRefused(
                self.notify(self.sale_event(), {'Content-Type': 'application/json'}), 400
            )

    def test_without_a_key_everything_is_refused(self):
        self.credicorp.credicorp_webhook_key = False
        body = self.sale_event()
        for key in (None, '', 'False'):
            with self.assertWarned():
                self.assertRefused(self.notify(body, self.signed(body, key)), 400)

    def test_a_neutralized_copy_accepts_nothing(self):
        self.assertEqual(self.notify(self.sale_event()).status_code, 200)
        self.events().unlink()
        with file_open('email_pay/data/neutralize.sql') as file:
            self.cr.execute(file.read())
        self.registry.clear_cache()  # as a worker does when it is told to, see test_neutralize
        with self.assertWarned():
            self.assertRefused(self.notify(self.sale_event()), 400)

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

    def test_another_content_type_is_refused(self):
        body = self.sale_event()
        for content_type in (
            '', 'text/plain', 'text/json', 'application/xml', 'application/x-www-form-urlencoded',
            'multipart/form-data', 'multipart/form-data; boundary=x', 'application/json-rpc',
        ):
            with self.subTest(content_type), self.assertNoLogs(WEBHOOK):
                headers = {**self.signed(body), 'Content-Type': content_type}
                self.assertRefused(self.notify(body, headers), 415)

    def test_a_broken_form_is_refused(self):
        for body in (b'order_id=%', b'=&=&', b'--x\r\nContent-Disposition: form-data', b'\xff'):
            for content_type in (
                'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
            ):
                with self.subTest((body, content_type)):
                    headers = {**self.signed(body), 'Content-Type': content_type}
                    self.assertRefused(self.notify(body, headers), 415)

    def test_a_body_that_is_too_large_is_refused(self):
        body = self.sale_event(filler='x' * MAX_NOTIFICATION_BYTES)
        self.assertRefused(self.notify(body), 413)

    # --- how long it says that it is --------------------------------------------------------------

    def _send(self, body, *lines):
        """Post `body`, signed, with these headers about its length; the answer's status."""
        headers = [f'{name}: {value}' for name, value in self.signed(body).items()]
        head = '\r\n'.join([f'POST {self.webhook_path()} HTTP/1.1', *headers, *lines, ''])
        return int(self.send_raw(head.encode(), self._sent(body, lines)).split()[1])

    def _sent(self, body, lines):
        if 'Transfer-Encoding: chunked' not in lines:
            return body
        half = len(body) // 2
        return b''.join(
            f'{len(chunk):x}'.encode() + b'\r\n' + chunk + b'\r\n'
            for chunk in (body[:half], body[half:], b'')
        )

    def test_a_body_in_chunks_is_accepted(self):
        self.assertEqual(self._send(self.sale_event(), 'Transfer-Encoding: chunked'), 200)
        self.assertEqual(len(self.events()), 1)

    def test_a_body_in_chunks_that_is_too_large_is_refused(self):
        body = self.sale_event(filler='x' * MAX_NOTIFICATION_BYTES)
        self.assertEqual(self._send(body, 'Transfer-Encoding: chunked'), 413)
        self.assertFalse(self.events())

    def test_a_length_that_is_not_the_bodys_is_refused(self):
        body = self.sale_event()
        for length in (0, len(body) - 1, len(body) + 1, MAX_NOTIFICATION_BYTES, -1, 'x', '', '1e3'):
            with self.subTest(length), mute_logger(WEBHOOK):
                self.assertEqual(self._send(body, f'Content-Length: {length}'), 400)
                self.assertFalse(self.events())

    def test_a_length_that_is_too_large_is_refused_before_the_body_comes(self):
        for length in (MAX_NOTIFICATION_BYTES + 2, 10 ** 12, 10 ** 30):
            with self.subTest(length):
                self.assertEqual(self._send(self.sale_event(), f'Content-Length: {length}'), 413)

    def test_a_body_without_any_length_is_refused(self):
        with self.assertWarned():
            self.assertEqual(self._send(self.sale_event()), 400)
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

    def test_nothing_of_the_body_is_logged_when_it_is_refused(self):
        body = self.sale_event(order_id='SECRET-ORDER')
        broken, large = body[:-1], body + b' ' * MAX_NOTIFICATION_BYTES
        unsigned = {'Content-Type': 'application/json'}
        form = {**self.signed(body), 'Content-Type': 'application/x-www-form-urlencoded'}
        for name, sent, headers, status in (
            ('forged', body, self.signed(body, 'another'), 400),
            ('unsigned', body, unsigned, 400),
            ('broken', broken, self.signed(broken), 400),
            ('a form', body, form, 415),
            ('too large', large, self.signed(large), 413),
        ):
            with self.subTest(name), self.assertLogs('odoo', logging.INFO) as logs:
                logging.getLogger('odoo').info("Something is logged.")
                self.assertRefused(self.notify(sent, headers), status)
            self.assertNotIn('SECRET-ORDER', ''.join(logs.output))

    def test_an_app_that_has_told_something_is_not_deleted(self):
        told, untold = self.credicorp.copy(), self.credicorp.copy()
        self.notify(self.sale_event())
        self.events().provider_id = told
        with self.assertRaisesRegex(UserError, "disable the app instead"):
            told.unlink()
        untold.unlink()
