import json
from decimal import Decimal

from gateways import errors
from gateways.credicorp import const, wire
from gateways.values import Notification, Operation, Status
from tests.gateways.credicorp.test_credicorp import NONCE, Case, fixture, notice


class TestNotifications(Case):
    def events(self, notification):
        return self.gateway().parse(notification)

    def test_a_signature_made_by_another_program(self):
        # openssl dgst -sha256 -hmac hook-1a2b3c4d5e6f
        signature = '9515aa4178f9447be27801b4c6a35e61e16fdea112ca60cec122fba8bfd9a638'
        header = f't={NONCE},s={signature}'
        body = b'{"event_id":"0a1b2c3d-0001"}'
        self.gateway().verify(self.case.with_header(body, header))

    def test_the_nonce_is_signed_too(self):
        signed = self.case.signed(fixture('sale_success.json'))
        moved = signed.header('Webhook-Signature').replace(NONCE, '1741185001')
        with self.assertRaises(errors.SignatureInvalid):
            self.gateway().verify(self.case.with_header(signed.body, moved))

    def test_a_sale(self):
        (event,) = self.events(notice('sale_success'))
        self.assertEqual((event.operation, event.status), (Operation.PAYMENT, Status.DONE))
        self.assertEqual((event.reference, event.gateway_reference), ('TX-1', '10001'))
        self.assertEqual((event.amount, event.currency), (Decimal('12.34'), 'USD'))
        self.assertEqual((event.card_brand, event.card_last4), ('visa', '1111'))
        self.assertEqual((event.code, event.message), ('100', 'SUCCESS'))
        self.assertTrue(event.confirmed)
        self.assertFalse(event.test)
        self.assertEqual(event.saved_card, '')

    def test_every_type_of_event(self):
        body = fixture('sale_success.json')
        for name, (operation, status) in const.EVENTS.items():
            changed = body.replace(b'transaction.sale.success', name.encode())
            (event,) = self.events(Notification(changed))
            self.assertEqual((event.operation, event.status), (operation, status), name)

    def test_only_a_sale_or_capture_is_money(self):
        done = (Operation.PAYMENT, Status.DONE)
        paid = {name for name, meaning in const.EVENTS.items() if meaning == done}
        self.assertEqual(paid, {'transaction.sale.success', 'transaction.capture.success'})

    def test_an_unknown_type_changes_nothing(self):
        notification = Notification(self.case.unknown_notification())
        with self.assertLogs(wire.__name__, 'WARNING'):
            (event,) = self.events(notification)
        self.assertEqual((event.operation, event.status), (Operation.OTHER, Status.PENDING))

    def test_a_test_payment_is_marked(self):
        (event,) = self.events(notice('sale_test'))
        self.assertTrue(event.test)

    def test_the_requested_amount_stands_in(self):
        for action in ({}, {'amount': None}, {'amount': ''}):
            (event,) = self.events(notice('sale_success', action=action))
            self.assertEqual(event.amount, Decimal('12.34'))
        (event,) = self.events(notice('sale_success', action={}, requested_amount=None))
        self.assertIsNone(event.amount)

    def test_an_amount_of_zero_is_told(self):
        (event,) = self.events(notice('sale_success', action={'amount': '0.00'}))
        self.assertEqual(event.amount, 0)

    def test_an_amount_is_never_guessed(self):
        for amount in (
            '12,34',
            'NaN',
            'Infinity',
            '1e999999999999999999999',
            True,
            [],
            {},
            '9' * 41,
        ):
            with self.subTest(amount), self.assertRaises(errors.NotificationMalformed):
                self.events(notice('sale_success', action={'amount': amount}))

    def test_what_went_back_has_no_sign(self):
        (event,) = self.events(notice('refund_success'))
        self.assertEqual((event.operation, event.amount), (Operation.REFUND, Decimal('2.50')))
        self.assertEqual(event.reference, 'TX-1-R1')

    def test_a_rebill_names_the_vault(self):
        (event,) = self.events(notice('rebill'))
        self.assertEqual((event.operation, event.status), (Operation.PAYMENT, Status.DONE))
        self.assertEqual((event.reference, event.gateway_reference), ('TX-1', '10005'))
        self.assertEqual(event.saved_card, 'vault-77')

    def test_every_chargeback_of_a_batch(self):
        events = self.events(notice('chargebacks'))
        told = [(e.gateway_reference, e.amount, e.card_last4, e.code) for e in events]
        expected = [
            ('9001', Decimal('12.34'), '1111', '83'),
            ('9002', Decimal('2.50'), '4444', '53'),
        ]
        self.assertEqual(told, expected)
        self.assertEqual({event.operation for event in events}, {Operation.CHARGEBACK})

    def test_a_batch_without_entries_is_still_told(self):
        for entries in (None, []):
            (event,) = self.events(notice('chargebacks', chargebacks=entries))
            self.assertIs(event.operation, Operation.CHARGEBACK)

    def test_a_full_card_number_is_never_kept(self):
        (event,) = self.events(notice('sale_success', card={'cc_number': '4111111111111111'}))
        self.assertNotIn('41111111', repr(event))
        for masked in ('', '1', '4xxxxxxxxxxxxxxx', '********11x1', '٤٥٦٧'):
            (event,) = self.events(notice('sale_success', card={'cc_number': masked}))
            self.assertEqual(event.card_last4, '')

    def test_texts_that_no_database_stores_are_refused(self):
        for text in ('a\x00b', '\ud800', 'x' * 256, 'a\nb'):
            with self.subTest(text[:5]), self.assertRaises(errors.NotificationMalformed):
                self.events(notice('sale_success', order_id=text))

    def test_the_key_of_an_event_is_a_plain_bounded_word(self):
        for key in ('', None, 7, [], 'x' * 129, 'a\x00', '\ud800'):
            body = json.dumps({'event_id': key}).encode()
            with self.subTest(key), self.assertRaises(errors.NotificationMalformed):
                self.gateway().event_key(Notification(body))
