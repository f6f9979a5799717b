"""What a gateway shows, and what it says of itself."""

import traceback

from gateways import errors
from gateways.base import Gateway
from gateways.values import CardWindow, Flow
from tests.contract.case import MONEY, ContractCase
from tests.contract.fuzz import MALFORMED
from tests.gateways import network
from tests.gateways.network import Server


class OwnContract(ContractCase):
    """It shows no secret, and does what it says that it can."""

    # --- secrets ----------------------------------------------------------------------------------

    def test_no_secret_in_any_representation(self):
        for verb, act in self.each_verb():
            gateway = self.gateway(self.answers(verb, self.request())['good'])
            result = act(gateway, self)
            shown = [repr(gateway.credentials), repr(gateway), repr(result), repr(self.source())]
            self.assert_shows_no_secret(*shown, *map(repr, gateway._send.requests))

    def test_no_secret_in_proof_or_notification(self):
        for body in self.notifications().values():
            notification = self.signed(body)
            proof = self.gateway().proof(notification)
            self.assert_shows_no_secret(repr(notification), repr(proof))
            self.assertNotIn('ana@example.com', repr(notification) + repr(proof))

    def test_no_secret_in_logs_or_tracebacks(self):
        with Server(network.cut_unanswered) as server, self.captured_logs() as logs:
            for url in (f'http://{server.host}', 'https://name.invalid', 'https://[::1'):
                for _verb, act in self.each_verb():
                    with self.assertRaises(errors.GatewayError) as caught:
                        act(self.at(url), self)
                    self.assert_shows_no_secret(*traceback.format_exception(caught.exception))
            for body in (self.unknown_notification(), *MALFORMED):
                with self.subTest(body[:20]), self.assertRaises(errors.NotificationError):
                    self.gateway().verify(self.sign(body, self.foreign_key()))
            self.gateway().parse(self.signed(self.unknown_notification()))
        self.assertTrue(logs)
        self.assert_shows_no_secret(*logs)

    # --- what it says of itself -------------------------------------------------------------------

    def test_supports_is_what_the_methods_do(self):
        supports = self.gateway_class.supports
        window = supports.flow is Flow.WINDOW
        calls = {verb: act for verb, act in MONEY.items() if verb not in self.money_verbs()}
        calls |= {} if window else {'card_window': lambda gateway, _case: gateway.card_window()}
        supported = (*self.money_verbs(), *(('card_window',) if window else ()))
        for name in supported:
            self.assertIsNot(getattr(self.gateway_class, name), getattr(Gateway, name), name)
        for name, act in calls.items():
            with self.subTest(name), self.assertRaises(errors.Unsupported):
                act(self.gateway(), self)

    def test_the_card_window_asks_the_gateway_for_nothing(self):
        if self.gateway_class.supports.flow is not Flow.WINDOW:
            self.skipTest("It has no card window.")
        gateway = self.gateway()
        window = gateway.card_window()
        self.assertIsInstance(window, CardWindow)
        self.assertEqual(gateway._send.requests, [])
        self.assertRegex(window.driver, r'^[a-z]+$')
        self.assertTrue(window.origins)
        self.assertTrue(window.script_url.startswith(tuple(f'{o}/' for o in window.origins)))
        self.assert_shows_no_secret(window.script_url, str(dict(window.attributes)))

    def test_every_reason_can_be_translated(self):
        reasons = self.gateway_class.reasons()
        self.assertEqual(len(reasons), len(set(reasons)))
        for sentence in reasons:
            self.assertRegex(sentence, r'^[A-Z][^\n]+[.?]$')
        for code in ('', 'x', '000', 'None', *map(str, range(1000))):
            self.assertIn(self.gateway().reason(code), reasons)

    def test_credentials_are_plain_texts_that_may_all_be_empty(self):
        self.assertEqual(set(self.settings), set(self.gateway_class.credential_names()))
        empty = self.gateway_class.Credentials()
        for name in self.gateway_class.credential_names():
            self.assertEqual(getattr(empty, name), '')

    def test_it_knows_its_test_system(self):
        gateway = self.gateway_class
        names = {name for name in gateway.credential_names() if name.endswith('_url')}
        for url in gateway.sandbox_urls:
            credentials = gateway.Credentials(**dict.fromkeys(names, f'{url}/'))
            self.assertEqual(set(gateway(credentials, None).sandbox_names()), names)
        credentials = gateway.Credentials(**dict.fromkeys(names, 'https://pay.example.com'))
        self.assertEqual(gateway(credentials, None).sandbox_names(), ())
        self.assertTrue(gateway.sandbox_urls)
