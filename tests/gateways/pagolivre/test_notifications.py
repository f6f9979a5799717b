import json

from gateways import errors
from gateways.values import Notification, Status
from tests.gateways.pagolivre.test_pagolivre import ORDER, Case, fixture


class TestNotifications(Case):
    def test_a_token_whose_plus_became_a_space_is_the_same(self):
        read = self.case.key().replace('+', ' ')
        self.assertNotEqual(read, self.case.key())
        self.gateway().verify(self.case.sign(fixture('notice_paid.json'), read))

    def test_what_it_tells_is_a_hint(self):
        [event] = self.gateway().parse(Notification(fixture('notice_paid.json')))
        self.assertEqual((event.reference, event.gateway_reference, event.status),
                         ('TX-1', ORDER, Status.DONE))
        self.assertEqual((event.confirmed, event.amount), (False, None))

    def test_two_bodies_of_one_event_are_two(self):
        body = json.loads(fixture('notice_charge.json'))
        keys = {
            self.gateway().event_key(Notification(json.dumps(body | {'charge': number}).encode()))
            for number in (1, 2, 2)
        }
        self.assertEqual(len(keys), 2)

    def test_the_browser_brings_nothing(self):
        for tail in ('', 'cancel', 'x'):
            with self.assertRaises(errors.Unsupported):
                self.gateway().returned(tail)
