import hashlib
import hmac
import json
import unittest
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from requests.structures import CaseInsensitiveDict

from gateways import errors
from gateways.credicorp import Credicorp, const, wire
from gateways.values import CardSource, HttpResponse, Notification, Operation, Status
from tests.contract import GatewayContract

FIXTURES = Path(__file__).parent / 'fixtures'
NONCE = '1741185000'


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def answer(name: str) -> HttpResponse:
    return HttpResponse(200, fixture(name))


def reply(**fields) -> HttpResponse:
    return HttpResponse(200, '&'.join(f'{k}={v}' for k, v in fields.items()).encode())


def notice(name: str, **changes) -> Notification:
    """A fixture with some fields of its event_body changed."""
    content = json.loads(fixture(f'{name}.json'))
    content['event_body'].update(changes)
    return Notification(json.dumps(content).encode())


def full_page(first: int = 20001) -> HttpResponse:
    """A page with as many sales as fit on one, as the fixture of one sale has them."""
    body = fixture('report_paid.xml').decode()
    start, end = body.index('<transaction>'), body.index('</nm_response>')
    numbers = range(first, first + const.REPORT_PAGE)
    sales = [
        body[start:end].replace('10001', str(n)).replace('TX-1', f'TX-{n}') for n in numbers
    ]
    return HttpResponse(200, f'{body[:start]}{"".join(sales)}{body[end:]}'.encode())


class CredicorpCase(GatewayContract):
    gateway_class = Credicorp
    settings = {
        'api_key': 'api-9f8e7d6c5b4a',
        'tokenization_key': 'public-tokenization-key',
        'webhook_key': 'hook-1a2b3c4d5e6f',
        'webhook_key_previous': 'hook-previous-0f1e2d3c',
        'base_url': 'https://bank.example.com',
    }
    secret_names = ('api_key', 'webhook_key', 'webhook_key_previous')
    key_names = ('webhook_key', 'webhook_key_previous')

    good = {
        'charge': 'reply_approved.txt',
        'refund': 'reply_refunded.txt',
        'void': 'reply_voided.txt',
    }

    def notifications(self):
        names = sorted(path.name for path in FIXTURES.glob('*.json'))
        return {name: fixture(name) for name in names}

    def unknown_notification(self):
        return fixture('sale_success.json').replace(b'sale.success', b'sale.perhaps')

    def sign(self, body, key):
        message = NONCE.encode() + b'.' + body
        signature = hmac.new(key.encode(), message, hashlib.sha256).hexdigest()
        return self.with_header(body, f't={NONCE},s={signature}')

    def with_header(self, body, value):
        return Notification(body, CaseInsensitiveDict({'webhook-signature': value}))

    def unsigned(self, body):
        good = self.signed(body).header('Webhook-Signature')
        nonce, _comma, signature = good.partition(',')
        malformed = (
            '',
            nonce,
            signature,
            f'{nonce},s=',
            f'{nonce},{signature[:-1]}',
            f'{nonce},{signature}0',
            f'{nonce},{signature.upper()}',
            f't=,{signature}',
            f't=é,{signature}',
            f't=\udcff,{signature}',
            f'{nonce}\n,{signature}',
            f'{signature},{nonce}',
            f'{good},{signature}',
            signature.removeprefix('s='),
            'x' * 100_000,
        )
        return (Notification(body), *(self.with_header(body, value) for value in malformed))

    def answers(self, verb, request):
        return {
            'good': answer(self.good[verb]),
            'unknown': answer('reply_unknown.txt'),
            'bad key': answer('reply_bad_key.txt'),
        }

    def query_answers(self, reference):
        return {
            'paid': answer('report_paid.xml'),
            'nothing': answer('report_nothing.xml'),
            'unknown': answer('report_unknown.xml'),
            'bad key': answer('report_bad_key.xml'),
        }

    def report_answers(self):
        return {
            'many': [full_page(), answer('report_days.xml')],
            'nothing': [answer('report_nothing.xml')],
            'bad key': [answer('report_bad_key.xml')],
        }

    def sent_amount(self, recorder):
        return recorder.form()['amount']


class TestContract(CredicorpCase, unittest.TestCase):
    """The suite of every gateway."""


class Case(unittest.TestCase):
    """Lends the fixtures, without the suite."""

    def setUp(self):
        self.case = CredicorpCase()

    def gateway(self, *answers, **changes):
        return self.case.gateway(*answers, **changes)

    def charge(self, response, source=None):
        gateway = self.gateway(response)
        return gateway.charge(self.case.request(), source or self.case.source())

    def statuses(self, name):
        events = self.gateway(answer(name)).query('TX-1')
        return [(event.operation, event.status, event.amount) for event in events]


class TestCharge(Case):
    def form(self, source):
        gateway = self.gateway(answer('reply_approved_vault.txt'))
        event = gateway.charge(self.case.request(), source)
        return gateway._send.form(), event

    def test_sends_a_sale(self):
        form, _event = self.form(CardSource(token='tok'))
        expected = {
            'security_key': 'api-9f8e7d6c5b4a',
            'type': 'sale',
            'amount': '12.34',
            'currency': 'USD',
            'orderid': 'TX-1',
            'orderdescription': "Invoice INV/2026/00042",
            'firstname': "Ana",
            'lastname': "María Núñez",
            'email': 'ana@example.com',
            'phone': '+507 6000-0000',
            'address1': "Calle 50 & Vía España",
            'city': "Panamá",
            'zip': '0816',
            'country': 'PA',
            'ipaddress': '203.0.113.9',
            'payment_token': 'tok',
        }
        self.assertEqual(form, expected)

    def test_posts_a_form_to_the_bank(self):
        gateway = self.gateway(answer('reply_approved.txt'), base_url='https://bank.example.com/ ')
        gateway.charge(self.case.request(), self.case.source())
        prepared = gateway._send.prepared()
        self.assertEqual(prepared.method, 'POST')
        self.assertEqual(prepared.url, 'https://bank.example.com/api/transact.php')
        self.assertEqual(prepared.headers['Content-Type'], 'application/x-www-form-urlencoded')

    def test_without_an_address_it_asks_nmi(self):
        gateway = self.gateway(answer('reply_approved.txt'), base_url='')
        gateway.charge(self.case.request(), self.case.source())
        self.assertTrue(gateway._send.prepared().url.startswith(f'{const.PRODUCTION_URL}/api/'))

    def test_a_large_amount_is_written_plainly(self):
        for written in ('1E+7', '10000000', '1E-2', '0.10'):
            sent = f'{Decimal(written):f}'
            gateway = self.gateway(answer('reply_refunded.txt'))
            gateway.refund(self.case.charged(), Decimal(written), 'TX-1-R1')
            self.assertEqual(gateway._send.form()['amount'], sent)
            self.assertNotIn('E', sent)

    def test_saves_the_card_when_asked(self):
        form, event = self.form(CardSource(token='tok', save_card=True))
        self.assertEqual(form['customer_vault'], 'add_customer')
        self.assertEqual(form['initiated_by'], 'customer')
        self.assertEqual(form['stored_credential_indicator'], 'stored')
        self.assertEqual(event.saved_card, '1078550313')
        self.assertNotIn('1078550313', repr(event))

    def test_does_not_save_the_card_otherwise(self):
        form, event = self.form(CardSource(token='tok'))
        self.assertNotIn('customer_vault', form)
        self.assertEqual(event.saved_card, '')

    def test_charges_a_saved_card_on_the_merchants_initiative(self):
        form, _event = self.form(CardSource(saved_card='vault-77', initial_reference='10001'))
        self.assertEqual(form['customer_vault_id'], 'vault-77')
        self.assertEqual(form['initiated_by'], 'merchant')
        self.assertEqual(form['stored_credential_indicator'], 'used')
        self.assertEqual(form['initial_transaction_id'], '10001')
        self.assertEqual(form['billing_method'], 'installment')
        self.assertNotIn('payment_token', form)

    def test_takes_exactly_one_card(self):
        for source in (CardSource(), CardSource(token='tok', saved_card='vault-77')):
            gateway = self.gateway()
            with self.assertRaises(errors.RequestRefused):
                gateway.charge(self.case.request(), source)
            self.assertEqual(gateway._send.requests, [])

    def test_approved(self):
        event = self.charge(answer('reply_approved.txt'))
        self.assertEqual((event.operation, event.status), (Operation.PAYMENT, Status.DONE))
        self.assertEqual((event.reference, event.gateway_reference), ('TX-1', '10001'))
        self.assertEqual((event.code, event.message), ('100', 'SUCCESS'))
        self.assertTrue(event.confirmed)

    def test_declined(self):
        event = self.charge(answer('reply_declined.txt'))
        self.assertIs(event.status, Status.DECLINED)
        self.assertEqual(self.gateway().reason(event.code), const.NO_FUNDS)

    def test_rejected(self):
        event = self.charge(answer('reply_rejected.txt'))
        self.assertIs(event.status, Status.DECLINED)
        self.assertIn('Invalid Payment Token', event.message)

    def test_a_decline_without_a_known_code_is_a_decline(self):
        for code in ('', '299'):
            event = self.charge(reply(response=2, response_code=code))
            self.assertIs(event.status, Status.DECLINED)
            self.assertEqual(self.gateway().reason(event.code), const.NO_REASON)

    def test_an_approval_or_error_without_a_known_code_is_pending(self):
        for word in (1, 3):
            for code in ('', '999'):
                with self.assertLogs(wire.__name__, 'WARNING'):
                    event = self.charge(reply(response=word, response_code=code, transactionid=1))
                self.assertIs(event.status, Status.PENDING)

    def test_a_communication_error_is_an_unknown_outcome(self):
        responses = [reply(response=3, response_code=code) for code in (420, 421, 430)]
        for response in (answer('reply_communication_error.txt'), *responses):
            with self.assertRaises(errors.UnknownOutcome):
                self.charge(response)

    def test_words_that_contradict_are_an_unknown_outcome(self):
        for word, code in ((1, 200), (1, 300), (1, 421), (2, 100), (3, 100)):
            with self.assertRaises(errors.UnknownOutcome):
                self.charge(reply(response=word, response_code=code, transactionid=1))

    def test_an_approval_without_a_transaction_is_an_unknown_outcome(self):
        for number in ('', '0'):
            with self.assertRaises(errors.UnknownOutcome):
                self.charge(reply(response=1, response_code=100, transactionid=number))

    def test_an_answer_about_another_order_is_an_unknown_outcome(self):
        for word, code in ((1, 100), (2, 200)):
            other = reply(response=word, response_code=code, transactionid=1, orderid='TX-2')
            with self.assertRaises(errors.UnknownOutcome):
                self.charge(other)

    def test_a_refused_key_by_any_of_its_texts(self):
        for text in (
            'Invalid+Security+Key',
            'AUTHENTICATION+FAILED',
            'Specified+API+key+not+found',
        ):
            with self.assertRaises(errors.CredentialsRefused):
                self.charge(reply(response=3, response_code=300, responsetext=text))

    def test_a_decline_that_speaks_of_keys_is_a_decline(self):
        text = 'Invalid+Security+Key'
        event = self.charge(reply(response=2, response_code=225, responsetext=text))
        self.assertIs(event.status, Status.DECLINED)

    def test_the_text_of_the_gateway_stays_on_one_line(self):
        event = self.charge(
            reply(response=2, response_code=200, responsetext='A%0AB%00' + 'C' * 999)
        )
        self.assertTrue(event.message.startswith('A BC'))
        self.assertEqual(len(event.message), 500)


class TestGivingBack(Case):
    def test_refund_sends_the_transaction_and_the_amount(self):
        gateway = self.gateway(answer('reply_refunded.txt'))
        event = gateway.refund(self.case.charged(), Decimal('2.50'), 'TX-1-R1')
        expected = {
            'security_key': 'api-9f8e7d6c5b4a',
            'type': 'refund',
            'transactionid': '10001',
            'amount': '2.50',
            'orderid': 'TX-1-R1',
        }
        self.assertEqual(gateway._send.form(), expected)
        self.assertEqual((event.operation, event.status), (Operation.REFUND, Status.DONE))
        self.assertEqual((event.reference, event.gateway_reference), ('TX-1-R1', '10007'))
        self.assertEqual((event.amount, event.currency), (Decimal('2.50'), 'USD'))

    def test_a_refund_may_keep_the_order_of_its_payment(self):
        for order in ('', 'TX-1', 'TX-1-R1'):
            response = reply(response=1, response_code=100, transactionid=9, orderid=order)
            gateway = self.gateway(response)
            event = gateway.refund(self.case.charged(), Decimal('2.50'), 'TX-1-R1')
            self.assertEqual(event.reference, 'TX-1-R1')
        other = reply(response=1, response_code=100, transactionid=9, orderid='TX-2')
        with self.assertRaises(errors.UnknownOutcome):
            self.gateway(other).refund(self.case.charged(), Decimal('2.50'), 'TX-1-R1')

    def test_void_sends_the_transaction_alone(self):
        gateway = self.gateway(answer('reply_voided.txt'))
        event = gateway.void(self.case.charged())
        expected = {'security_key': 'api-9f8e7d6c5b4a', 'type': 'void', 'transactionid': '10001'}
        self.assertEqual(gateway._send.form(), expected)
        self.assertEqual((event.operation, event.status), (Operation.VOID, Status.DONE))
        self.assertEqual((event.reference, event.amount), ('TX-1', Decimal('12.34')))

    def test_a_void_after_settlement_is_refused_in_the_gateways_words(self):
        with self.assertRaisesRegex(errors.RequestRefused, 'Only transactions pending settlement'):
            self.gateway(answer('reply_settled_already.txt')).void(self.case.charged())

    def test_a_declined_refund_is_refused(self):
        for response in (answer('reply_declined.txt'), reply(response=3, response_code=300)):
            with self.assertRaises(errors.RequestRefused):
                self.gateway(response).refund(self.case.charged(), Decimal('2.50'), 'TX-1')

    def test_without_the_gateways_number_nothing_is_sent(self):
        charged = self.case.charged().__class__('TX-1', '', Decimal('12.34'), 'USD')
        with self.assertRaises(errors.RequestRefused):
            self.gateway().void(charged)


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


class TestNotifications(Case):
    def events(self, notification):
        return self.gateway().parse(notification)

    def test_a_signature_made_by_another_program(self):
        # openssl dgst -sha256 -hmac hook-1a2b3c4d5e6f
        signature = '9515aa4178f9447be27801b4c6a35e61e16fdea112ca60cec122fba8bfd9a638'
        header = f't={NONCE},s={signature}'
        body = b'{"event_id":"0a1b2c3d-0001"}'
        self.gateway().verify(self.case.with_header(body, header))

    def test_the_nonce_is_signed_too(self):
        signed = self.case.signed(fixture('sale_success.json'))
        moved = signed.header('Webhook-Signature').replace(NONCE, '1741185001')
        with self.assertRaises(errors.SignatureInvalid):
            self.gateway().verify(self.case.with_header(signed.body, moved))

    def test_a_sale(self):
        (event,) = self.events(notice('sale_success'))
        self.assertEqual((event.operation, event.status), (Operation.PAYMENT, Status.DONE))
        self.assertEqual((event.reference, event.gateway_reference), ('TX-1', '10001'))
        self.assertEqual((event.amount, event.currency), (Decimal('12.34'), 'USD'))
        self.assertEqual((event.card_brand, event.card_last4), ('visa', '1111'))
        self.assertEqual((event.code, event.message), ('100', 'SUCCESS'))
        self.assertTrue(event.confirmed)
        self.assertFalse(event.test)
        self.assertEqual(event.saved_card, '')

    def test_every_type_of_event(self):
        body = fixture('sale_success.json')
        for name, (operation, status) in const.EVENTS.items():
            changed = body.replace(b'transaction.sale.success', name.encode())
            (event,) = self.events(Notification(changed))
            self.assertEqual((event.operation, event.status), (operation, status), name)

    def test_only_a_sale_or_capture_is_money(self):
        done = (Operation.PAYMENT, Status.DONE)
        paid = {name for name, meaning in const.EVENTS.items() if meaning == done}
        self.assertEqual(paid, {'transaction.sale.success', 'transaction.capture.success'})

    def test_an_unknown_type_changes_nothing(self):
        notification = Notification(self.case.unknown_notification())
        with self.assertLogs(wire.__name__, 'WARNING'):
            (event,) = self.events(notification)
        self.assertEqual((event.operation, event.status), (Operation.OTHER, Status.PENDING))

    def test_a_test_payment_is_marked(self):
        (event,) = self.events(notice('sale_test'))
        self.assertTrue(event.test)

    def test_the_requested_amount_stands_in(self):
        for action in ({}, {'amount': None}, {'amount': ''}):
            (event,) = self.events(notice('sale_success', action=action))
            self.assertEqual(event.amount, Decimal('12.34'))
        (event,) = self.events(notice('sale_success', action={}, requested_amount=None))
        self.assertIsNone(event.amount)

    def test_an_amount_of_zero_is_told(self):
        (event,) = self.events(notice('sale_success', action={'amount': '0.00'}))
        self.assertEqual(event.amount, 0)

    def test_an_amount_is_never_guessed(self):
        for amount in (
            '12,34',
            'NaN',
            'Infinity',
            '1e999999999999999999999',
            True,
            [],
            {},
            '9' * 41,
        ):
            with self.subTest(amount), self.assertRaises(errors.NotificationMalformed):
                self.events(notice('sale_success', action={'amount': amount}))

    def test_what_went_back_has_no_sign(self):
        (event,) = self.events(notice('refund_success'))
        self.assertEqual((event.operation, event.amount), (Operation.REFUND, Decimal('2.50')))
        self.assertEqual(event.reference, 'TX-1-R1')

    def test_a_rebill_names_the_vault(self):
        (event,) = self.events(notice('rebill'))
        self.assertEqual((event.operation, event.status), (Operation.PAYMENT, Status.DONE))
        self.assertEqual((event.reference, event.gateway_reference), ('TX-1', '10005'))
        self.assertEqual(event.saved_card, 'vault-77')

    def test_every_chargeback_of_a_batch(self):
        events = self.events(notice('chargebacks'))
        told = [(e.gateway_reference, e.amount, e.card_last4, e.code) for e in events]
        expected = [
            ('9001', Decimal('12.34'), '1111', '83'),
            ('9002', Decimal('2.50'), '4444', '53'),
        ]
        self.assertEqual(told, expected)
        self.assertEqual({event.operation for event in events}, {Operation.CHARGEBACK})

    def test_a_batch_without_entries_is_still_told(self):
        for entries in (None, []):
            (event,) = self.events(notice('chargebacks', chargebacks=entries))
            self.assertIs(event.operation, Operation.CHARGEBACK)

    def test_a_full_card_number_is_never_kept(self):
        (event,) = self.events(notice('sale_success', card={'cc_number': '4111111111111111'}))
        self.assertNotIn('41111111', repr(event))
        for masked in ('', '1', '4xxxxxxxxxxxxxxx', '********11x1', '٤٥٦٧'):
            (event,) = self.events(notice('sale_success', card={'cc_number': masked}))
            self.assertEqual(event.card_last4, '')

    def test_texts_that_no_database_stores_are_refused(self):
        for text in ('a\x00b', '\ud800', 'x' * 256, 'a\nb'):
            with self.subTest(text[:5]), self.assertRaises(errors.NotificationMalformed):
                self.events(notice('sale_success', order_id=text))

    def test_the_key_of_an_event_is_a_plain_bounded_word(self):
        for key in ('', None, 7, [], 'x' * 129, 'a\x00', '\ud800'):
            body = json.dumps({'event_id': key}).encode()
            with self.subTest(key), self.assertRaises(errors.NotificationMalformed):
                self.gateway().event_key(Notification(body))


class TestWindow(Case):
    def test_collect_js(self):
        window = self.gateway(base_url='https://bank.example.com:8443/white/label').card_window()
        self.assertEqual(
            window.script_url, 'https://bank.example.com:8443/white/label/token/Collect.js'
        )
        self.assertEqual(window.origins, ('https://bank.example.com:8443',))
        expected = {
            'data-tokenization-key': 'public-tokenization-key',
            'data-variant': 'lightbox',
        }
        self.assertEqual(window.attributes, expected)


class TestLabels(unittest.TestCase):
    def test_says_that_the_bank_has_not_confirmed_it(self):
        self.assertIn("to be confirmed with the bank", Credicorp.__doc__)
