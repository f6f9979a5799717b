"""Asking for money and giving it back."""

from gateways import errors
from gateways.values import HttpResponse, Redirect, Status
from tests.contract.case import FAILURES, ContractCase
from tests.gateways import network
from tests.gateways.network import Server


class MoneyContract(ContractCase):
    """Money moves at most once, and what is not known to have happened is unknown."""

    # --- money ------------------------------------------------------------------------------------

    def test_every_verb_reports_success(self):
        for verb, act in self.each_verb():
            result = act(self.gateway(self.answers(verb, self.request())['good']), self)
            if verb in ('checkout', 'save_card'):
                self.assertIsInstance(result, Redirect)
                self.assertRegex(result.url, r'^https://')
                continue
            self.assert_well_formed(result)
            self.assertIs(result.status, Status.DONE)
            self.assertTrue(result.gateway_reference)

    def test_amounts_keep_the_decimals_of_their_currency(self):
        verb = self.money_verbs()[0]
        for currency in self.currencies:
            request = self.request(currency)
            gateway = self.gateway(self.answers(verb, request)['good'])
            with self.subTest(currency):
                if verb == 'charge':
                    event = gateway.charge(request, self.source())
                    self.assertEqual((event.amount, event.currency), (request.amount, currency))
                else:
                    gateway.checkout(request)
                self.assertEqual(str(self.sent_amount(gateway._send)), str(request.amount))

    def test_one_call_sends_one_request(self):
        for verb, act in self.each_verb():
            for failure in (*FAILURES, HttpResponse(500, b'')):
                gateway = self.gateway(failure)
                with self.assertRaises(errors.GatewayError):
                    act(gateway, self)
                self.assertEqual(len(gateway._send.requests), 1, verb)

    def test_an_unknown_result_is_pending_and_a_warning(self):
        for verb, act in self.each_verb():
            unknown = self.answers(verb, self.request())['unknown']
            if unknown is not None:
                with self.assertLogs(self.gateway_class.__module__, 'WARNING'):
                    event = act(self.gateway(unknown), self)
                self.assertIs(event.status, Status.PENDING)

    def test_a_refused_key_is_named(self):
        for verb, act in self.each_verb():
            refusal = self.answers(verb, self.request())['bad key']
            with self.assertRaises(errors.CredentialsRefused):
                act(self.gateway(refusal), self)

    def test_an_answer_that_cannot_be_read_is_an_unknown_outcome(self):
        for _verb, act in self.each_verb():
            for status in (200, 301, 403, 404):
                for body in (b'', b'<html>Welcome</html>', b'\xff\x00\xfe', b'[' * 100_000):
                    answer = HttpResponse(status, body)
                    with self.subTest(answer), self.assertRaises(errors.UnknownOutcome):
                        act(self.gateway(answer), self)

    def test_a_failure_after_sending_is_an_unknown_outcome(self):
        for _verb, act in self.each_verb():
            for failure in FAILURES:
                with self.subTest(repr(failure)), self.assertRaises(errors.UnknownOutcome):
                    act(self.gateway(failure), self)

    # --- the same on a real network ---------------------------------------------------------------

    def test_a_server_that_misbehaves_leaves_an_unknown_outcome(self):
        for fault, behave in network.FAULTS.items():
            with Server(behave) as server:
                gateway = self.at(f'http://{server.host}')
                for _verb, act in self.each_verb():
                    with self.subTest(fault), self.assertRaises(errors.UnknownOutcome):
                        act(gateway, self)

    def test_tls_that_breaks_leaves_an_unknown_outcome(self):
        with Server(lambda connection: connection.sendall(b'220 not TLS\r\n')) as server:
            for _verb, act in self.each_verb():
                with self.assertRaises(errors.UnknownOutcome):
                    act(self.at(f'https://{server.host}'), self)

    def test_what_cannot_have_been_sent_is_known_so(self):
        cases = {
            'https://name.invalid': errors.AddressNotFound,
            f'http://127.0.0.1:{network.closed_port()}': errors.NoConnection,
            'https://': errors.AddressNotFound,
            'nowhere': errors.AddressNotFound,
            'ftp://127.0.0.1': errors.AddressNotFound,
            'https://[::1': errors.AddressNotFound,
        }
        for url, expected in cases.items():
            for _verb, act in self.each_verb():
                with self.subTest(url), self.assertRaises(expected) as caught:
                    act(self.at(url), self)
                self.assertIsInstance(caught.exception, errors.NotSent)
                self.assertNotIsInstance(caught.exception, errors.UnknownOutcome)

    def test_a_certificate_that_nobody_vouches_for_is_refused(self):
        with Server(network.answer(200), network.self_signed()) as server:
            gateway = self.at(f'https://{server.host}')
            with self.assertRaises(errors.CertificateInvalid):
                gateway.test()
            for _verb, act in self.each_verb():
                with self.assertRaises(errors.CertificateInvalid):
                    act(gateway, self)
