"""Whatever bytes come from the network, only the errors that callers know come out."""

import logging
import unittest
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateways import errors
from gateways.pagolivre import wire
from gateways.values import HttpResponse, Notification, PaymentEvent, Plan, Redirect
from tests.contract import FUZZ
from tests.contract.fuzz import any_bytes
from tests.gateways.pagolivre.test_pagolivre import NOTHING, PagoLivreCase

BYTES = any_bytes(Path(__file__).parent / 'fixtures', [b'0001-01-01T00:00:00+23:59'])


class TestFuzz(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        logging.disable(logging.WARNING)
        cls.addClassCleanup(logging.disable, logging.NOTSET)
        cls.case = PagoLivreCase()

    @FUZZ
    @given(BYTES)
    def test_a_notification_is_read_or_malformed(self, body):
        for read in (self.case.gateway().event_key, self.case.gateway().parse):
            with suppress(errors.NotificationMalformed):
                self.assertTrue(read(Notification(body)))

    @FUZZ
    @given(st.text(max_size=200))
    def test_no_other_token_is_accepted(self, token):
        with self.assertRaises(errors.NotificationError):
            self.case.gateway().verify(self.case.sign(b'{}', token))

    @FUZZ
    @given(st.text(max_size=200))
    def test_every_reference_comes_back(self, reference):
        with suppress(UnicodeEncodeError):  # half a character, which no database keeps
            key = wire.key(reference)
            self.assertTrue(key.isascii() and key.isprintable() and '/' not in key)
            self.assertEqual(wire.reference(key), reference)

    @FUZZ
    @given(BYTES, st.sampled_from((200, 201, 204, 404, 500)))
    def test_an_answer_is_read_or_an_error(self, body, status):
        charged, answer = self.case.charged(), HttpResponse(status, body)
        for act in (
            lambda: self.case.gateway(answer).query('TX-1'),
            lambda: [self.case.gateway(answer).plan('TX-1')],
            lambda: [self.case.gateway(NOTHING, answer).checkout(self.case.request())],
            lambda: [self.case.gateway(answer).void(charged)],
            lambda: [self.case.gateway(answer).refund(charged, Decimal('2.5'), 'R1')],
        ):
            with suppress(errors.GatewayError):
                for found in act():
                    self.assertIsInstance(found, PaymentEvent | Plan | Redirect | None)
