from datetime import UTC, datetime
from decimal import Decimal

from gateways import errors
from gateways.pagolivre import const, wire
from gateways.values import HttpResponse, Operation, Status
from tests.gateways.pagolivre.test_pagolivre import NOTHING, ORDER, Case, answer, fixture


class TestQuery(Case):
    def told(self, name, **changes):
        events = self.gateway(answer(name, **changes)).query('TX-1')
        return [(event.operation, event.status, event.amount) for event in events]

    def test_what_nobody_has_paid_is_nothing(self):
        self.assertEqual(self.told('query_created.json'), [])

    def test_each_outcome(self):
        amount = Decimal('150.07')
        self.assertEqual(self.told('query_paid.json'), [(Operation.PAYMENT, Status.DONE, amount)])
        self.assertEqual(
            self.told('query_paid_untold.json'), [(Operation.PAYMENT, Status.DONE, None)]
        )
        self.assertEqual(
            self.told('query_declined.json'), [(Operation.PAYMENT, Status.DECLINED, None)]
        )
        self.assertEqual(
            self.told('query_expired.json'), [(Operation.PAYMENT, Status.CANCELED, None)]
        )
        self.assertEqual(self.told('query_canceled.json'), [
            (Operation.PAYMENT, Status.CANCELED, None), (Operation.VOID, Status.DONE, None),
        ])
        self.assertEqual(self.told('query_refunded.json'), [
            (Operation.PAYMENT, Status.DONE, amount),
            (Operation.REFUND, Status.DONE, Decimal('2.5')),
        ])

    def test_a_whole_that_went_back_in_parts_is_told_in_parts(self):
        def parts(*amounts):
            return [{'cancellationRequestId': f'g{at}', 'amount': amount}
                    for at, amount in enumerate(amounts)]

        for amounts, told in (
            ((100.07, 50), [Operation.REFUND, Operation.REFUND]),
            ((100.07,), [Operation.VOID]),
            ((150.07,), [Operation.VOID]),
            ((100.07, 'x'), [Operation.VOID]),
        ):
            found = self.told('query_canceled.json', amount=150.07, cancellations=parts(*amounts))
            self.assertEqual([operation for operation, _status, _amount in found[1:]], told)

    def test_only_paid_is_money(self):
        paid = {word for word, status in const.STATUSES.items() if status is Status.DONE}
        self.assertEqual(paid, {'paid'})

    def test_a_decline_has_its_reason(self):
        [event] = self.gateway(answer('query_declined.json')).query('TX-1')
        self.assertEqual(event.message, 'Saldo insuficiente')
        self.assertEqual(self.gateway().reason(event.code), const.DECLINED_BY_BANK)

    def test_only_204_without_a_body_is_nothing(self):
        for response in (HttpResponse(204, b'{}'), HttpResponse(404, b''), HttpResponse(200, b''),
                         answer('error_order.json', 404), HttpResponse(429, b'{"message": "x"}')):
            with self.subTest(response.status), self.assertRaises(errors.GatewayError):
                self.gateway(response).query('TX-1')

    def test_a_reference_is_a_plain_key_and_comes_back(self):
        gateway = self.gateway(NOTHING)
        gateway.query('INV/2026/1')
        self.assertTrue(gateway._send.requests[0].url.endswith('/byOrderKey/INV~2F2026~2F1'))
        for reference in ('INV/2026/1-2', 'a~2Fb', '~', '%2F', 'é ?&#+', '../x'):
            key = wire.key(reference)
            self.assertRegex(key, r'^[\w.~-]+$')
            self.assertEqual(wire.reference(key), reference)

    def test_never_asks_without_a_reference(self):
        with self.assertRaises(errors.RequestRefused):
            self.gateway().query('')


class TestPlan(Case):
    def test_each_charge_has_its_number_and_status(self):
        plan = self.gateway(answer('query_plan.json')).plan('TX-1')
        self.assertEqual((plan.status, plan.gateway_reference), (Status.DONE, ORDER))
        self.assertEqual(
            [(charge.number, charge.event.status, charge.event.amount) for charge in plan.charges],
            [
                (1, Status.DONE, Decimal('25.01')), (2, Status.DONE, Decimal('25.01')),
                (3, Status.DECLINED, Decimal('25.01')), (4, Status.PENDING, Decimal('25.01')),
                (5, Status.PENDING, Decimal('25.01')), (6, Status.CANCELED, Decimal('25.02')),
            ],
        )
        first, third = plan.charges[0], plan.charges[2]
        self.assertEqual(first.event.gateway_reference, 'charge-1')
        self.assertEqual(first.due.isoformat(), '2026-03-09')
        self.assertEqual(first.event.happened_at, datetime(2026, 3, 9, 16, 23, 1, tzinfo=UTC))
        self.assertEqual(third.event.message, 'Cartão vencido')

    def test_asked_as_a_payment_it_is_never_paid_as_a_whole(self):
        events = self.gateway(answer('query_plan.json')).query('TX-1')
        self.assertEqual(
            [(event.gateway_reference, event.amount) for event in events
             if event.status is Status.DONE],
            [('charge-1', Decimal('25.01')), ('charge-2', Decimal('25.01'))],
        )

    def test_its_names_can_be_changed(self):
        body = fixture('query_plan.json').replace(b'"charges"', b'"parcelas"').replace(
            b'"number"', b'"numero"').replace(b'"created"', b'"pendente"')
        plan = self.gateway(HttpResponse(200, body), words=(
            'charges = parcelas\ncharge_number=numero\ncharge_awaiting = pendente'
        )).plan('TX-1')
        self.assertEqual([charge.event.status for charge in plan.charges][3], Status.PENDING)
        self.assertEqual(len(plan.charges), 6)

    def test_what_is_not_there_is_no_charge(self):
        self.assertIsNone(self.gateway(NOTHING).plan('TX-1'))
        for charges in (None, 7, {}, [None, 7]):
            plan = self.gateway(answer('query_plan.json', charges=charges)).plan('TX-1')
            self.assertEqual(plan.charges, ())

    def test_a_charge_without_its_month_is_passed_over_with_a_warning(self):
        for number in (None, 'x', True, 0):
            found = answer('query_plan.json', charges=[{'id': 'x', 'number': number}])
            with self.assertLogs('gateways.pagolivre', 'WARNING'):
                self.assertEqual(self.gateway(found).plan('TX-1').charges, ())

    def test_a_status_that_is_not_known_waits_and_is_a_warning(self):
        charge = {'id': 'x', 'number': 1, 'status': 'perhaps'}
        with self.assertLogs('gateways.pagolivre', 'WARNING'):
            plan = self.gateway(answer('query_plan.json', charges=[charge])).plan('TX-1')
        self.assertIs(plan.charges[0].event.status, Status.PENDING)

    def test_a_confirmed_charge_without_its_number_is_no_answer(self):
        charge = {'number': 1, 'status': 'paid'}
        with self.assertRaises(errors.UnknownOutcome):
            self.gateway(answer('query_plan.json', charges=[charge])).plan('TX-1')
