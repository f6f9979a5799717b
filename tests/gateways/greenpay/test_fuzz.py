"""Whatever bytes come from the network, only the errors that callers know come out."""

import logging
import unittest
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateways import errors
from gateways.greenpay import GreenPay
from gateways.values import Charged, HttpResponse, Notification, PaymentEvent
from tests.contract import FUZZ
from tests.contract.fuzz import any_bytes
from tests.gateways.greenpay import keys
from tests.gateways.greenpay.test_greenpay import GreenPayCase, fixture

BYTES = any_bytes(Path(__file__).parent / 'fixtures')


class TestFuzz(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        logging.disable(logging.WARNING)
        cls.addClassCleanup(logging.disable, logging.NOTSET)
        cls.case = GreenPayCase()

    @FUZZ
    @given(BYTES)
    def test_a_notification_is_read_or_malformed(self, body):
        for read in (self.case.gateway().event_key, self.case.gateway().parse):
            with suppress(errors.NotificationMalformed):
                self.assertTrue(read(Notification(body)))

    @FUZZ
    @given(BYTES)
    def test_a_body_that_was_not_signed_is_never_accepted(self, body):
        with self.assertRaises(errors.NotificationError):
            GreenPay(
                GreenPay.Credentials(public_key=keys.public_key('foreign')), send=None
            ).verify(Notification(body))

    @FUZZ
    @given(st.text(max_size=400))
    def test_what_a_browser_brings_is_read_or_malformed(self, tail):
        with suppress(errors.NotificationMalformed):
            notification = self.case.gateway().returned(tail)
            self.assertTrue(notification is None or self.case.gateway().parse(notification))

    @FUZZ
    @given(BYTES, st.sampled_from((200, 404, 500)))
    def test_an_answer_is_read_or_an_error(self, body, status):
        charged = Charged('TX-1', '10001', self.case.charged().amount, 'USD')
        found = HttpResponse(200, fixture('query_paid.json'))
        answer = HttpResponse(status, body)
        for act in (
            lambda: self.case.gateway(answer).query('TX-1'),
            lambda: [self.case.gateway(answer).charge(self.case.request(), self.case.source())],
            lambda: [self.case.gateway(found, answer).void(charged)],
        ):
            with suppress(errors.GatewayError):
                for event in act():
                    self.assertIsInstance(event, PaymentEvent)
