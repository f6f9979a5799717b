import hashlib
import hmac
import json
import unittest
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from requests.structures import CaseInsensitiveDict

from gateways import errors
from gateways.credicorp import Credicorp, const, wire
from gateways.values import CardSource, HttpResponse, Notification, Operation, Status
from gateways.words import NO_REASON
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

    def test_a_charge_of_nothing_only_saves_the_card(self):
        gateway = self.gateway(answer('reply_approved_vault.txt'))
        request = replace(self.case.request(), amount=Decimal('0.00'))
        event = gateway.charge(request, CardSource(token='tok', save_card=True))
        form = gateway._send.form()
        self.assertEqual((form['type'], form['amount']), ('validate', '0.00'))
        self.assertEqual((event.status, event.saved_card), (Status.DONE, '1078550313'))

    def test_a_card_that_is_no_more_is_not_charged_again(self):
        gateway = self.gateway()
        self.assertTrue(gateway.may_repeat('202'))
        for code in ('223', '252', '262'):
            self.assertFalse(gateway.may_repeat(code), code)

    def test_final_codes_are_refusals(self):
        for code in const.FINAL_CODES:
            self.assertIs(const.CODES[code][0], Status.DECLINED, code)

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
            self.assertEqual(self.gateway().reason(event.code), NO_REASON)

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
