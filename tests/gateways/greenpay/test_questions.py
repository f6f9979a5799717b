from datetime import UTC, datetime
from decimal import Decimal

from gateways import errors
from gateways.greenpay import const
from gateways.values import HttpResponse, Operation, Status
from tests.gateways.greenpay.test_greenpay import Case, answer, fixture, notice


class TestQuery(Case):
    def told(self, name):
        events = self.gateway(answer(name)).query('TX-1')
        return [(event.operation, event.status, event.amount) for event in events]

    def test_paid(self):
        gateway = self.gateway(answer('query_paid.json'))
        [event] = gateway.query('TX-1')
        self.assertEqual((event.amount, event.currency), (Decimal('12.34'), 'USD'))
        self.assertEqual((event.gateway_reference, event.card_last4), ('10001', '1111'))
        self.assertEqual(event.happened_at, datetime(2026, 3, 9, 16, 23, 1, tzinfo=UTC))
        self.assertEqual(self.sent(gateway), {'merchantId': 'merchant-1', 'orderReference': 'TX-1'})

    def test_what_undid_it(self):
        amount = Decimal('12.34')
        self.assertEqual(self.told('query_voided.json'), [
            (Operation.PAYMENT, Status.CANCELED, amount), (Operation.VOID, Status.DONE, amount),
        ])
        self.assertEqual(self.told('query_refunded.json'), [
            (Operation.PAYMENT, Status.DONE, amount), (Operation.REFUND, Status.DONE, amount),
        ])
        self.assertEqual(self.told('query_denied.json'), [
            (Operation.PAYMENT, Status.DECLINED, amount),
        ])

    def test_only_approved_or_refunded_is_money(self):
        paid = {word for word, status in const.STATES.items() if status is Status.DONE}
        self.assertEqual(paid, {'approved', 'refunded'})

    def test_money_without_amount_currency_or_number_is_no_answer(self):
        for old, new in (
            (b'"12.34"', b'null'), (b'"12.34"', b'"12,34"'), (b'"USD"', b'""'), (b'"USD"', b'7'),
            (b'"10001"', b'""'),
        ):
            body = fixture('query_paid.json').replace(old, new).replace(b'"181516"', b'""')
            with self.subTest(new), self.assertRaises(errors.UnknownOutcome):
                self.gateway(HttpResponse(200, body)).query('TX-1')

    def test_the_same_number_as_the_notification(self):
        [told] = self.gateway().parse(notice('notice_paid'))
        [found] = self.gateway(answer('query_paid.json')).query('TX-1')
        self.assertEqual(told.gateway_reference, found.gateway_reference)

    def test_never_asks_without_a_reference(self):
        with self.assertRaises(errors.RequestRefused):
            self.gateway().query('')

    def test_times_are_read_or_none(self):
        cases = {
            '1773073381000': datetime(2026, 3, 9, 16, 23, 1, tzinfo=UTC),
            '"2026-03-09 16:23:01"': datetime(2026, 3, 9, 16, 23, 1, tzinfo=UTC),
            '"yesterday"': None, 'null': None, 'true': None, '9e99': None, '[]': None,
            '9999999999999999': None,
        }
        for written, expected in cases.items():
            body = fixture('query_paid.json').replace(
                b'"2026-03-09T16:23:01.000Z"', written.encode()
            )
            [event] = self.gateway(HttpResponse(200, body)).query('TX-1')
            self.assertEqual(event.happened_at, expected, written)


class TestConnection(Case):
    def test_tries_every_terminal(self):
        gateway = self.gateway(*[answer('answer_session.json')] * 3)
        gateway.test()
        sent = [request.json['terminal'] for request in gateway._send.requests]
        self.assertEqual(sent, ['terminal-crc', 'terminal-usd', 'terminal-gtq'])

    def test_without_a_terminal_it_fails(self):
        with self.assertRaises(errors.CredentialsRefused):
            self.gateway(terminal_crc='', terminal_usd='', terminal_gtq='').test()

    def test_names_the_terminal(self):
        gateway = self.gateway(answer('answer_session.json'), answer('answer_no_terminal.json'))
        with self.assertRaisesRegex(errors.CredentialsRefused, "terminal"):
            gateway.test()
