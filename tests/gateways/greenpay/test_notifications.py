import base64
import json

from gateways import errors
from gateways.signing import RsaSha256
from gateways.values import Notification, Operation, Status
from tests.gateways.greenpay import keys
from tests.gateways.greenpay.test_greenpay import Case, fixture, notice


class TestNotifications(Case):
    def test_a_payment(self):
        [event] = self.gateway().parse(notice('notice_paid'))
        self.assertEqual((event.operation, event.status), (Operation.PAYMENT, Status.DONE))
        self.assertEqual((event.reference, event.gateway_reference), ('TX-1', '10001'))
        self.assertEqual((event.card_brand, event.card_last4), ('Visa', '1111'))
        self.assertIsNone(event.amount)
        self.assertFalse(event.confirmed)

    def test_a_decline(self):
        [event] = self.gateway().parse(notice('notice_declined'))
        self.assertEqual((event.status, event.code), (Status.DECLINED, '05'))
        self.assertFalse(event.confirmed)

    def test_a_saved_card(self):
        [event] = self.gateway().parse(notice('notice_new_card'))
        self.assertEqual((event.reference, event.gateway_reference), ('V-1', ''))
        self.assertEqual(event.saved_card, '1deebcac-ea11-4c2d-9f7a-11a1b1d15a7e')
        self.assertEqual(event.card_last4, '1111')
        self.assertNotIn(event.saved_card, repr(event))

    def test_the_signature_covers_outcome_and_order(self):
        signed = self.case.signed(fixture('notice_paid.json'))
        self.gateway().verify(signed)
        content = json.loads(signed.body)
        for change in ({'status': 500}, {'orderId': 'TX-2'}, {'orderId': 'TX-1 '}):
            body = json.dumps(content | change).encode()
            with self.subTest(change), self.assertRaises(errors.SignatureInvalid):
                self.gateway().verify(Notification(body))

    def test_a_payment_is_not_proved_by_the_signature_of_a_card(self):
        signature = keys.signature(self.case.key(), 'status:200,requestId:TX-1')
        with self.assertRaises(errors.SignatureInvalid):
            self.gateway().verify(notice('notice_paid', _signature=signature))

    def test_a_body_that_names_both_is_refused(self):
        with self.assertRaises(errors.NotificationMalformed):
            self.gateway().parse(notice('notice_paid', requestId='V-1'))

    def test_what_is_not_signed_makes_no_other_event(self):
        keys_seen = {
            self.gateway().event_key(notice('notice_paid', last4=last4, result={}, errors=[last4]))
            for last4 in ('1111', '2222', '3333')
        }
        self.assertEqual(len(keys_seen), 1)

    def test_the_key_may_be_bare_or_pem(self):
        signed = self.case.signed(fixture('notice_paid.json'))
        pem = self.case.key()
        bare = ''.join(pem.splitlines()[1:-1])
        wrapped, windows = f'{bare[:64]}\n{bare[64:]}', pem.replace('\n', '\r\n')
        for text in (pem, f'\n{pem}\n', bare, wrapped, windows):
            self.gateway(public_key=text).verify(signed)
        for text in ('rubbish', bare[:-8], 'AAAA', '-----BEGIN PUBLIC KEY-----'):
            with self.assertRaises(errors.SecretMissing):
                self.gateway(public_key=text).verify(signed)

    def test_the_published_form_of_the_signature(self):
        message = b'status:200,orderId:TX-1'
        made = keys.signature(self.case.key(), message.decode())
        self.assertIsNone(RsaSha256(self.case.key(), message, made).check())
        self.assertEqual(len(made), 512)


class TestReturn(Case):
    def tail(self, **changes):
        signed = self.case.signed(notice('notice_paid', **changes).body)
        return base64.b64encode(signed.body).decode()

    def test_the_browser_brings_a_verified_hint(self):
        notification = self.gateway().returned(self.tail())
        self.gateway().verify(notification)
        [event] = self.gateway().parse(notification)
        self.assertEqual((event.reference, event.confirmed), ('TX-1', False))

    def test_every_way_to_write_base64_is_read(self):
        tail = self.tail(note='?>~ñ€' * 9)
        urlsafe = tail.replace('+', '-').replace('/', '_')
        for text in (tail, tail.rstrip('='), urlsafe, urlsafe.rstrip('='), f'{tail}/',
                     tail.replace('+', ' ')):
            self.gateway().verify(self.gateway().returned(text))

    def test_a_customer_who_gave_up(self):
        self.assertIsNone(self.gateway().returned('cancel'))
        self.assertIsNone(self.gateway().returned('cancel/'))

    def test_anything_else_is_refused(self):
        for tail in ('', '/', 'canceled', 'é', '====', 'x' * 100_000, '%00', 'eA'):
            with self.subTest(tail[:9]), self.assertRaises(errors.NotificationMalformed):
                self.gateway().parse(self.gateway().returned(tail))
