from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from gateways import errors
from gateways.credicorp import const, wire
from gateways.values import HttpResponse, Operation, Status
from tests.gateways.credicorp.test_credicorp import Case, answer, fixture, full_page


class TestQuery(Case):
    def test_asks_by_our_reference(self):
        gateway = self.gateway(answer('report_paid.xml'))
        gateway.query('TX-1')
        expected = {'security_key': 'api-9f8e7d6c5b4a', 'order_id': 'TX-1'}
        self.assertEqual(gateway._send.form(), expected)
        self.assertTrue(gateway._send.prepared().url.endswith('/api/query.php'))

    def test_paid(self):
        (event,) = self.gateway(answer('report_paid.xml')).query('TX-1')
        self.assertEqual((event.operation, event.status), (Operation.PAYMENT, Status.DONE))
        self.assertEqual((event.amount, event.currency), (Decimal('12.34'), 'USD'))
        self.assertEqual((event.card_brand, event.card_last4), ('visa', '1111'))
        self.assertEqual(event.gateway_reference, '10001')

    def test_settled(self):
        amount = Decimal('12.34')
        expected = [
            (Operation.PAYMENT, Status.DONE, amount),
            (Operation.OTHER, Status.DONE, amount),
        ]
        self.assertEqual(self.statuses('report_settled.xml'), expected)

    def test_a_voided_sale_collected_nothing(self):
        amount = Decimal('12.34')
        expected = [
            (Operation.PAYMENT, Status.CANCELED, amount),
            (Operation.VOID, Status.DONE, amount),
        ]
        self.assertEqual(self.statuses('report_voided.xml'), expected)

    def test_declined_then_approved_are_both_told_oldest_first(self):
        expected = [
            (Operation.PAYMENT, Status.DECLINED, Decimal('12.34')),
            (Operation.PAYMENT, Status.DONE, Decimal('12.34')),
        ]
        self.assertEqual(self.statuses('report_declined_then_approved.xml'), expected)

    def test_what_went_back_has_no_sign(self):
        self.assertIn(
            (Operation.REFUND, Status.DONE, Decimal('2.50')), self.statuses('report_refunded.xml')
        )

    def test_an_authorization_then_its_capture(self):
        expected = [
            (Operation.PAYMENT, Status.AUTHORIZED, Decimal('12.34')),
            (Operation.PAYMENT, Status.DONE, Decimal('10.00')),
        ]
        self.assertEqual(self.statuses('report_authorized.xml'), expected)

    def status_of(self, *changes):
        body = fixture('report_paid.xml')
        for old, new in changes:
            self.assertIn(old, body)
            body = body.replace(old, new)
        (event,) = self.gateway(HttpResponse(200, body)).query('TX-1')
        return event.status

    def test_every_condition(self):
        for condition, status in const.CONDITIONS.items():
            changed = self.status_of((b'pendingsettlement', condition.encode()))
            self.assertIs(changed, status, condition)

    def test_a_success_that_is_neither_yes_nor_no_is_pending(self):
        for success in (b'', b'2', b'yes'):
            with self.assertLogs(wire.__name__, 'WARNING'):
                status = self.status_of((b'<success>1<', b'<success>' + success + b'<'))
            self.assertIs(status, Status.PENDING)

    def test_a_sale_lost_on_the_way_is_pending(self):
        status = self.status_of((b'<success>1<', b'<success>0<'), (b'>100<', b'>421<'))
        self.assertIs(status, Status.PENDING)

    def test_an_unknown_action_is_kept(self):
        with self.assertLogs(wire.__name__, 'WARNING'):
            body = fixture('report_paid.xml').replace(b'>sale<', b'>teleport<')
            (event,) = self.gateway(HttpResponse(200, body)).query('TX-1')
        self.assertIs(event.operation, Operation.OTHER)

    def test_a_transaction_without_actions_is_told(self):
        body = b'<nm_response><transaction><order_id>TX-1</order_id></transaction></nm_response>'
        with self.assertLogs(wire.__name__, 'WARNING'):
            (event,) = self.gateway(HttpResponse(200, body)).query('TX-1')
        self.assertEqual((event.operation, event.status), (Operation.OTHER, Status.PENDING))

    def test_other_orders_are_left_out(self):
        self.assertEqual(self.gateway(answer('report_paid.xml')).query('TX-10'), ())

    def test_no_reference_asks_for_nothing(self):
        gateway = self.gateway()
        with self.assertRaises(errors.RequestRefused):
            gateway.query('')
        self.assertEqual(gateway._send.requests, [])

    def test_xml_that_is_not_safe_is_not_read(self):
        entity = '<!DOCTYPE nm_response [<!ENTITY a "paid">]><nm_response>&a;</nm_response>'
        unsafe = (
            entity.encode(),
            entity.encode('utf-16'),
            b'<!DOCTYPE nm_response SYSTEM "http://127.0.0.1/x"><nm_response/>',
            b'<nm_response>' + b' ' * const.MAX_REPORT_BYTES + b'</nm_response>',
            b'<nm_response>',
            b'<a>' * 300_000,
        )
        for body in unsafe:
            with self.subTest(body[:30]), self.assertRaises(errors.AddressNotFound):
                self.gateway(HttpResponse(200, body)).query('TX-1')

    def test_both_shapes_of_a_refused_key(self):
        bare = HttpResponse(200, b'<error_response>Invalid Security Key</error_response>')
        for response in (bare, answer('report_bad_key.xml')):
            with self.assertRaisesRegex(errors.CredentialsRefused, 'Invalid Security Key'):
                self.gateway(response).test()

    def test_the_connection_test_names_no_order_of_ours(self):
        gateway = self.gateway(answer('report_nothing.xml'))
        gateway.test()
        self.assertEqual(gateway._send.form()['order_id'], const.NO_ORDER)


class TestReport(Case):
    since = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
    until = datetime(2026, 3, 9, 12, 30, 59, 999, tzinfo=UTC)

    def report(self, gateway):
        return gateway.report(self.since, self.until)

    def test_asks_for_a_page_by_the_dates(self):
        gateway = self.gateway(answer('report_days.xml'))
        self.report(gateway)
        expected = {
            'security_key': 'api-9f8e7d6c5b4a',
            'start_date': '20260305123000',
            'end_date': '20260309123059',
            'result_limit': '200',
            'page_number': '0',
        }
        self.assertEqual(gateway._send.form(), expected)

    def test_times_of_another_zone_are_asked_for_in_utc(self):
        panama = timezone(timedelta(hours=-5))
        gateway = self.gateway(answer('report_nothing.xml'))
        gateway.report(self.since.astimezone(panama), self.until.astimezone(panama))
        self.assertEqual(gateway._send.form()['start_date'], '20260305123000')

    def test_everything_is_told_with_its_time(self):
        events = self.report(self.gateway(answer('report_days.xml')))
        told = [(e.happened_at.isoformat()[:16], e.operation, e.status, e.reference, e.amount)
                for e in events]
        self.assertEqual(told, [
            ('2026-03-05T14:30', Operation.PAYMENT, Status.DONE, 'TX-1', Decimal('12.34')),
            ('2026-03-06T02:00', Operation.OTHER, Status.DONE, 'TX-1', Decimal('12.34')),
            ('2026-03-06T09:10', Operation.PAYMENT, Status.CANCELED, 'TX-2', Decimal('20.00')),
            ('2026-03-06T11:00', Operation.VOID, Status.DONE, 'TX-2', Decimal('20.00')),
            ('2026-03-07T09:00', Operation.REFUND, Status.DONE, 'TX-1', Decimal('2.50')),
            ('2026-03-08T16:45', Operation.PAYMENT, Status.DONE, '', Decimal('7.00')),
        ])
        self.assertEqual(events[0].happened_at.utcoffset(), timedelta(0))

    def test_a_date_that_cannot_be_read_is_no_time(self):
        body = fixture('report_days.xml').replace(b'20260305143000', b'yesterday')
        events = self.report(self.gateway(HttpResponse(200, body)))
        self.assertEqual([e.reference for e in events if e.happened_at is None], ['TX-1'])

    def test_pages_are_read_until_one_is_not_full(self):
        gateway = self.gateway(full_page(20001), full_page(20201), answer('report_days.xml'))
        events = self.report(gateway)
        numbers = [request.data['page_number'] for request in gateway._send.requests]
        self.assertEqual(numbers, ['0', '1', '2'])
        self.assertEqual(len(events), 2 * const.REPORT_PAGE + 6)

    def test_a_gateway_that_counts_pages_from_one_is_read_once(self):
        pages = (full_page(), full_page(), answer('report_nothing.xml'))
        self.assertEqual(len(self.report(self.gateway(*pages))), const.REPORT_PAGE)

    def test_a_gateway_that_always_gives_the_same_page_reports_nothing(self):
        with self.assertRaises(errors.UnknownOutcome):
            self.report(self.gateway(*[full_page()] * 3))
