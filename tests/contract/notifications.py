"""What a gateway tells by itself: who sent it, and what it says."""

import json
import logging
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from gateways import errors
from gateways.values import Notification, Status
from tests.contract.case import ContractCase
from tests.contract.fuzz import FUZZ, JSON, MALFORMED, paths, replaced


class NotificationContract(ContractCase):
    """Whoever sends a notification is known, and what it says is read or refused."""

    # --- notifications: who sent it ---------------------------------------------------------------

    def test_every_notification_signed_with_any_live_key_is_accepted(self):
        for name, body in self.notifications().items():
            for key_name in self.key_names:
                with self.subTest(name, key=key_name):
                    self.gateway().verify(self.sign(body, self.settings[key_name]))

    def test_a_key_alone_is_enough_while_it_rotates(self):
        for key_name in self.key_names:
            others = {name: '' for name in self.key_names if name != key_name}
            for body in self.notifications().values():
                notification = self.sign(body, self.settings[key_name])
                self.gateway(**others).verify(notification)

    def test_a_retired_key_is_refused(self):
        for key_name in self.key_names[1:]:
            for body in self.notifications().values():
                notification = self.sign(body, self.settings[key_name])
                with self.assertRaises(errors.SignatureInvalid):
                    self.gateway(**{key_name: ''}).verify(notification)

    def test_a_foreign_key_is_refused(self):
        for name, body in self.notifications().items():
            with self.subTest(name), self.assertRaises(errors.SignatureInvalid):
                self.gateway().verify(self.sign(body, self.foreign_key()))

    def foreign_key(self) -> str:
        """A key of the right kind that is not ours."""
        return self.key()[::-1]

    def test_a_missing_or_malformed_signature_is_refused(self):
        for body in self.notifications().values():
            for number, notification in enumerate(self.unsigned(body)):
                with self.subTest(number), self.assertRaises(errors.SignatureInvalid):
                    self.gateway().verify(notification)

    def test_a_changed_body_is_refused(self):
        if not self.signs_body:
            self.skipTest("The proof does not cover the body: every event is a hint.")
        for name, body in self.notifications().items():
            changed = self.changed(self.signed(body))
            if changed.body != body:
                with self.subTest(name), self.assertRaises(errors.SignatureInvalid):
                    self.gateway().verify(changed)

    def test_at_least_one_body_can_be_changed(self):
        bodies = self.notifications().values()
        self.assertTrue(any(self.changed(self.signed(body)).body != body for body in bodies))

    def test_without_a_secret_nothing_is_accepted(self):
        for blank in ('', ' ', '\n'):
            bare = dict.fromkeys(self.key_names, blank)
            for name, body in self.notifications().items():
                for key in (self.key(), blank):
                    with self.subTest(name, key=key), self.assertRaises(errors.NotificationError):
                        self.gateway(**bare).verify(self.sign(body, key))
                with self.assertRaises(errors.SecretMissing):
                    self.gateway(**bare).verify(self.signed(body))

    # --- notifications: what it says --------------------------------------------------------------

    def test_every_notification_reports_well_formed_events(self):
        for name, body in self.notifications().items():
            with self.subTest(name):
                events = self.gateway().parse(self.signed(body))
                self.assertIsInstance(events, tuple)
                self.assertTrue(events)
                for event in events:
                    self.assert_well_formed(event)
                    self.assertTrue(self.signs_body or not event.confirmed)

    def test_a_repeated_notification_keeps_its_key(self):
        for body in self.notifications().values():
            keys = {self.gateway().event_key(self.signed(body)) for _repeat in range(3)}
            self.assertEqual(len(keys), 1)

    def test_every_event_has_a_key_of_its_own(self):
        bodies = self.notifications().values()
        keys = {self.gateway().event_key(self.signed(body)) for body in bodies}
        self.assertEqual(len(keys), len(bodies))
        for key in keys:
            self.assertTrue(0 < len(key) <= 255 and key.isprintable(), key)

    def test_an_unknown_word_is_pending_and_a_warning(self):
        notification = self.signed(self.unknown_notification())
        with self.assertLogs(self.gateway_class.__module__, 'WARNING') as logs:
            events = self.gateway().parse(notification)
        for event in events:
            self.assertIs(event.status, Status.PENDING)
        for line in logs.output:
            self.assertNotIn('ana@example.com', line)
            self.assertLess(len(line), 300)

    def test_a_malformed_body_is_refused(self):
        for body in MALFORMED:
            for read in (self.gateway().parse, self.gateway().event_key):
                with self.subTest(body[:20]), self.assertRaises(errors.NotificationMalformed):
                    read(Notification(body))

    def test_any_json_is_read_or_refused(self):
        @FUZZ
        @given(JSON)
        def check(content):
            self.assert_read_or_refused(content)

        check()

    def test_any_field_of_any_type_is_read_or_refused(self):
        samples = [json.loads(body) for body in self.notifications().values()]
        places = [(sample, path) for sample in samples for path in paths(sample)]

        @FUZZ
        @given(st.sampled_from(places), JSON)
        def check(place, value):
            self.assert_read_or_refused(replaced(*place, value))

        check()

    def assert_read_or_refused(self, content):
        notification = Notification(json.dumps(content).encode())
        logging.disable(logging.WARNING)
        try:
            with suppress(errors.NotificationMalformed):
                self.gateway().event_key(notification)
                for event in self.gateway().parse(notification):
                    self.assert_well_formed(event)
        finally:
            logging.disable(logging.NOTSET)
