"""Asking what happened."""

from datetime import UTC, datetime, timedelta

from gateways import errors
from gateways.base import Gateway
from gateways.values import HttpResponse, Operation, Status
from tests.contract.case import FAILURES, ContractCase


class QuestionContract(ContractCase):
    """A failure is never taken for an answer."""

    # --- asking what happened ---------------------------------------------------------------------

    def test_query_reports_a_payment(self):
        events = self.gateway(self.query_answers('TX-1')['paid']).query('TX-1')
        for event in events:
            self.assert_well_formed(event)
        paid = [e for e in events if e.operation is Operation.PAYMENT and e.status is Status.DONE]
        self.assertEqual([event.reference for event in paid], ['TX-1'])
        self.assertTrue(paid[0].gateway_reference)
        self.assertTrue(paid[0].confirmed)

    def test_query_of_what_the_gateway_does_not_know_is_empty(self):
        self.assertEqual(self.gateway(self.query_answers('TX-1')['nothing']).query('TX-1'), ())

    def test_query_leaves_an_unknown_word_pending(self):
        gateway = self.gateway(self.query_answers('TX-1')['unknown'])
        with self.assertLogs(self.gateway_class.__module__, 'WARNING'):
            events = gateway.query('TX-1')
        self.assertEqual({event.status for event in events}, {Status.PENDING})

    def test_query_never_takes_a_failure_for_an_answer(self):
        broken = [HttpResponse(200, body) for body in (b'', b'<html>Welcome</html>', b'\xff')]
        broken += [HttpResponse(status, b'') for status in (301, 403, 500, 503)]
        for answer in (*broken, *FAILURES, self.query_answers('TX-1')['bad key']):
            with self.subTest(answer=repr(answer)), self.assertRaises(errors.GatewayError):
                self.gateway(answer).query('TX-1')

    def test_the_connection_test_says_what_to_mend(self):
        answers = self.connection_answers()
        self.assertIsNone(self.gateway(answers['good']).test())
        with self.assertRaises(errors.CredentialsRefused):
            self.gateway(answers['bad key']).test()
        for status in (200, 301, 404):
            with self.assertRaises(errors.AddressNotFound):
                self.gateway(HttpResponse(status, b'<html>Welcome</html>')).test()
        with self.assertRaises(errors.UnknownOutcome):
            self.gateway(HttpResponse(503, b'')).test()

    # --- asking for all that happened -------------------------------------------------------------

    UNTIL = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
    SINCE = UNTIL - timedelta(days=4)

    def report(self, *answers):
        return self.gateway(*answers).report(self.SINCE, self.UNTIL)

    def report_pages(self, name):
        if not self.gateway_class.supports.report:
            self.skipTest("It reports no list of payments.")
        return self.report_answers()[name]

    def test_report_tells_every_operation_oldest_first(self):
        pages = self.report_pages('many')
        self.assertGreater(len(pages), 1)
        events = self.report(*pages)
        for event in events:
            self.assert_well_formed(event)
        times = [event.happened_at for event in events]
        self.assertEqual(times, sorted(times))
        self.assertGreater(len({event.reference for event in events}), 1)
        self.assertTrue({Operation.PAYMENT, Operation.REFUND} <= {e.operation for e in events})

    def test_report_of_nothing_is_empty(self):
        self.assertEqual(self.report(*self.report_pages('nothing')), ())

    def test_half_a_report_is_none(self):
        first = self.report_pages('many')[0]
        for failure in (*FAILURES, HttpResponse(500, b''), HttpResponse(200, b'<html></html>')):
            for answers in ([failure], [first, failure]):
                with self.subTest(failure), self.assertRaises(errors.GatewayError):
                    self.report(*answers)

    def test_report_names_a_refused_key(self):
        with self.assertRaises(errors.CredentialsRefused):
            self.report(*self.report_pages('bad key'))

    def test_report_is_supported_or_said_not_to_be(self):
        own = self.gateway_class.report is not Gateway.report
        self.assertEqual(own, self.gateway_class.supports.report)
        if not own:
            with self.assertRaises(errors.Unsupported):
                self.gateway().report(self.SINCE, self.UNTIL)
