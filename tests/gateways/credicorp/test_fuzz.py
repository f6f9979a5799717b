"""Whatever bytes come from the network, only the errors that callers know come out."""

import logging
import unittest
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from gateways import errors
from gateways.credicorp import Credicorp, const, wire
from gateways.values import Notification, PaymentEvent
from tests.contract.fuzz import FUZZ as FEWER
from tests.contract.fuzz import any_bytes

FUZZ = settings(FEWER, max_examples=300)
BYTES = any_bytes(Path(__file__).parent / 'fixtures', (
    b'<', b'>', b'&', b'=', b'%', b'&#0;', b'<!DOCTYPE x>', b'<!ENTITY x "y">',
))
HEADERS = st.one_of(
    st.text(max_size=90),
    st.from_regex(r't=[!-~]{0,9},\s?s=[0-9a-fA-F]{60,66}'),
    st.builds('t={},s={}'.format, st.text(max_size=9), st.text('0123456789abcdef', max_size=64)),
)


class TestFuzz(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        logging.disable(logging.WARNING)
        cls.addClassCleanup(logging.disable, logging.NOTSET)
        cls.gateway = Credicorp(Credicorp.Credentials(webhook_key='key'), send=None)

    @FUZZ
    @given(BYTES)
    def test_a_notification_is_read_or_malformed(self, body):
        for read in (self.gateway.event_key, self.gateway.parse):
            with suppress(errors.NotificationMalformed):
                self.assertTrue(read(Notification(body)))

    @FUZZ
    @given(BYTES, HEADERS)
    def test_a_proof_that_was_not_made_with_the_key_never_holds(self, body, header):
        with self.assertRaises(errors.SignatureInvalid):
            self.gateway.verify(Notification(
                body, CaseInsensitiveDict({const.SIGNATURE_HEADER: header})))

    @FUZZ
    @given(BYTES)
    def test_a_report_is_read_or_refused(self, body):
        with suppress(errors.AddressNotFound, errors.CredentialsRefused):
            for event in wire.report_events(wire.read_report(body), 'TX-1'):
                self.assertIsInstance(event, PaymentEvent)

    @FUZZ
    @given(BYTES.map(lambda body: body.decode('utf-8', 'replace')))
    def test_a_reply_is_read_or_of_unknown_outcome(self, text):
        with suppress(errors.UnknownOutcome):
            reply = wire.read_reply(text)
            self.assertIn(wire.refuses_key(reply), (True, False))
            wire.outcome(reply)
