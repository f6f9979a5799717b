"""What a suite provides, and what the tests of the contract are made with."""

import logging
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from decimal import Decimal

import requests.exceptions

from gateways.base import Gateway
from gateways.values import (
    CardSource,
    Charged,
    Customer,
    Flow,
    HttpResponse,
    Notification,
    Operation,
    PaymentEvent,
    PaymentRequest,
    RefundSupport,
    Status,
)
from tests.gateways import network
from tests.gateways.network import Recorder

FAILURES = (
    requests.exceptions.ReadTimeout("read timed out"),
    requests.exceptions.ConnectionError("Connection aborted."),
    requests.exceptions.ChunkedEncodingError("Connection broken"),
    requests.exceptions.ContentDecodingError("Received a broken body"),
    requests.exceptions.TooManyRedirects("Exceeded 30 redirects."),
)

AMOUNTS = {
    'USD': Decimal('12.34'),
    'CLP': Decimal('1234'),
    'KWD': Decimal('12.345'),
    'CRC': Decimal('5650.75'),
    'GTQ': Decimal('95.05'),
    'BRL': Decimal('150.07'),
}

MONEY = {
    'charge': lambda gateway, case: gateway.charge(case.request(), case.source()),
    'checkout': lambda gateway, case: gateway.checkout(case.request()),
    'save_card': lambda gateway, case: gateway.save_card(case.request()),
    'refund': lambda gateway, case: gateway.refund(case.charged(), case.refunded(), 'TX-1-R1'),
    'void': lambda gateway, case: gateway.void(case.charged()),
    'close_checkout': lambda gateway, case: gateway.close_checkout(case.charged()),
    'cancel_rest': lambda gateway, case: gateway.cancel_rest(case.charged(), case.refunded()),
}


class ContractCase:
    """Fill in the following.

    :cvar gateway_class: the gateway.
    :cvar settings: credentials of a working account; its secrets are unlike any other text.
    :cvar secret_names: those that are never shown.
    :cvar key_names: those that verify notifications, each alone being enough.
    :cvar url_name: the one that holds the gateway's address.
    :cvar signs_body: whether the proof covers what the notification says; otherwise every event
        must be a hint.
    :cvar currencies: of `AMOUNTS`, those to charge.
    """

    gateway_class: type[Gateway]
    settings: dict[str, str]
    secret_names: tuple[str, ...]
    key_names: tuple[str, ...]
    url_name = 'base_url'
    signs_body = True
    currencies = tuple(AMOUNTS)

    # --- what a subclass provides -----------------------------------------------------------------

    def notifications(self) -> dict[str, bytes]:
        """Bodies as the gateway sends them, by name, each of another event."""
        raise NotImplementedError

    def unknown_notification(self) -> bytes:
        """A body that reports a payment with a word that nobody knows."""
        raise NotImplementedError

    def sign(self, body: bytes, key: str) -> Notification:
        """The notification as the gateway signs it with `key`."""
        raise NotImplementedError

    def unsigned(self, body: bytes) -> tuple[Notification, ...]:
        """The notification with no signature, and with every malformed one."""
        raise NotImplementedError

    def changed(self, notification: Notification) -> Notification:
        """The same proof on a body that says something else."""
        return Notification(
            body=notification.body.replace(b'12.34', b'0.34'),
            headers=notification.headers,
            params=notification.params,
            tail=notification.tail,
        )

    def answers(self, verb: str, request: PaymentRequest) -> dict[str, HttpResponse]:
        """Answers to one of `MONEY`: 'good'; 'unknown', with a word that nobody knows; 'bad key'.

        A list when it takes several requests. None under 'unknown' when the answer has no word for
        the outcome.
        """
        raise NotImplementedError

    def query_answers(self, reference: str) -> dict[str, HttpResponse]:
        """Answers to `query`: 'paid', 'nothing', 'unknown', 'bad key'."""
        raise NotImplementedError

    def connection_answers(self) -> dict[str, HttpResponse]:
        """Answers to `test`: 'good', 'bad key'. As for `answers`."""
        answers = self.query_answers('TX-1')
        return {'good': answers['nothing'], 'bad key': answers['bad key']}

    def report_answers(self) -> dict[str, list[HttpResponse]]:
        """Answers to `report`, page by page: 'many', which are several pages; 'nothing'; 'bad key'.

        Needed when the gateway supports it.
        """
        raise NotImplementedError

    def sent_amount(self, recorder: Recorder):
        """The amount in the last request, as the gateway will read it."""
        raise NotImplementedError

    # --- helpers ----------------------------------------------------------------------------------

    def gateway(self, *answers, **changes) -> Gateway:
        credentials = self.gateway_class.Credentials(**{**self.settings, **changes})
        if answers and isinstance(answers[0], list):
            [answers] = answers
        return self.gateway_class(credentials, Recorder(*answers))

    def at(self, url: str) -> Gateway:
        credentials = self.gateway_class.Credentials(**{**self.settings, self.url_name: url})
        return self.gateway_class(credentials, network.send)

    def request(self, currency='USD') -> PaymentRequest:
        return PaymentRequest(
            reference='TX-1',
            amount=AMOUNTS[currency],
            currency=currency,
            description="Invoice INV/2026/00042",
            customer=Customer(
                name="Ana María Núñez",
                email='ana@example.com',
                phone='+507 6000-0000',
                street="Calle 50 & Vía España",
                city="Panamá",
                zip='0816',
                country='PA',
                identification='8-888-888',
                ip='203.0.113.9',
            ),
            return_url='https://shop.example.com/pay/back',
            notification_url='https://shop.example.com/pay/notify',
        )

    def source(self) -> CardSource:
        return CardSource(token='one-time-token-7f3a')

    def charged(self) -> Charged:
        return Charged('TX-1', '10001', Decimal('12.34'), 'USD')

    def refunded(self) -> Decimal:
        """A part, where the gateway pays one back."""
        partial = self.gateway_class.supports.refund is RefundSupport.PARTIAL
        return Decimal('2.50') if partial else self.charged().amount

    def key(self) -> str:
        return self.settings[self.key_names[0]]

    def signed(self, body: bytes) -> Notification:
        return self.sign(body, self.key())

    def money_verbs(self) -> tuple[str, ...]:
        supports = self.gateway_class.supports
        window = supports.flow is Flow.WINDOW
        wanted = {
            'charge': window or supports.saved_cards,
            'checkout': not window,
            'save_card': supports.saves_cards_apart,
            'refund': supports.refund is not RefundSupport.NONE,
            'void': supports.void,
            'close_checkout': supports.closes_checkout,
            'cancel_rest': supports.installments > 1,
        }
        return tuple(verb for verb, supported in wanted.items() if supported)

    def each_verb(self):
        for verb in self.money_verbs():
            with self.subTest(verb=verb):
                yield verb, MONEY[verb]

    @contextmanager
    def captured_logs(self):
        """Everything that anybody logs inside."""
        lines, root = [], logging.getLogger()
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(handler.format(record))
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            yield lines
        finally:
            root.removeHandler(handler)
            root.setLevel(level)

    def assert_shows_no_secret(self, *texts):
        hidden = [self.settings[name] for name in self.secret_names]
        hidden += [self.source().token, self.source().saved_card]
        for text in texts:
            for secret in filter(None, hidden):
                self.assertNotIn(secret, text)

    def assert_well_formed(self, event):
        self.assertIsInstance(event, PaymentEvent)
        self.assertIsInstance(event.operation, Operation)
        self.assertIsInstance(event.status, Status)
        self.assertIsInstance(event.amount, Decimal | None)
        self.assertTrue(event.amount is None or event.amount.is_finite())
        self.assertRegex(event.currency, r'^([A-Z]{3})?$')
        self.assertRegex(event.card_last4, r'^([0-9]{4})?$')
        self.assertIsInstance(event.happened_at, datetime | None)
        self.assertTrue(event.happened_at is None or event.happened_at.tzinfo)
        texts = [f.name for f in fields(PaymentEvent) if f.type is str]
        for name in texts:
            self.assertIsInstance(getattr(event, name), str, name)
