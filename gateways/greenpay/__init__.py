"""GreenPay (Costa Rica), version 1 with the hosted form."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from .. import errors, signing
from ..base import Gateway
from ..values import (
    CardSource,
    Charged,
    Flow,
    HttpRequest,
    HttpResponse,
    Notification,
    Operation,
    PaymentEvent,
    PaymentRequest,
    Redirect,
    RefundSupport,
    Supports,
)
from . import const, wire


@dataclass(frozen=True)
class Credentials:
    """What the merchant gets from GreenPay.

    :param public_key: RSA, as PEM or as its bare Base64; it proves what GreenPay tells.
    :param terminal_crc: and the others: one for each currency that the merchant collects.
    :param merchant_url: the API; `form_url` is where customers pay. Production when empty.
    """

    secret: str = field(default='', repr=False)
    merchant_id: str = ''
    terminal_crc: str = ''
    terminal_usd: str = ''
    terminal_gtq: str = ''
    public_key: str = ''
    merchant_url: str = ''
    form_url: str = ''

    @property
    def terminals(self) -> dict[str, str]:
        """The terminals that are filled in, by currency."""
        found = {'CRC': self.terminal_crc, 'USD': self.terminal_usd, 'GTQ': self.terminal_gtq}
        return {currency: terminal for currency, terminal in found.items() if terminal}


class GreenPay(Gateway):
    """GreenPay by the protocol of its knowledge base and plugins.

    An order gives a session, in which a customer can pay for 30 minutes on GreenPay's own page.
    The reference of an order is the transaction's own, for every session that is opened for it: at
    most one of them is live (see `payment_checkout`), and a query by it finds whatever was paid.

    Its signature covers the outcome and the order, no amount: all that GreenPay tells by itself is
    a hint, and only `query` confirms. Card numbers never go through us, so the checkout host, which
    takes them encrypted by a page of the merchant, is not used.
    """

    code = 'greenpay'
    supports = Supports(
        flow=Flow.REDIRECT,
        saved_cards=True,
        saves_cards_apart=True,
        refund=RefundSupport.FULL_ONLY,
        refund_within=timedelta(days=7),
        void=True,
        void_within=timedelta(hours=3),
        checkout_within=timedelta(minutes=30),
        currencies=frozenset({'CRC', 'USD', 'GTQ'}),
    )
    # Inferred: plugins read the raw body, whatever its label says.
    media_types = frozenset({'application/json', 'application/x-www-form-urlencoded'})
    final_codes = const.FINAL_CODES
    sentences = const.CODES
    sandbox_urls = frozenset({const.SANDBOX_MERCHANT_URL, const.SANDBOX_FORM_URL})
    Credentials = Credentials

    def currencies(self) -> frozenset[str]:
        """Those with a terminal; as long as none is entered, those that can have one."""
        return frozenset(self.credentials.terminals) or self.supports.currencies

    # --- asking for money -------------------------------------------------------------------------

    def checkout(self, request: PaymentRequest) -> Redirect:
        """An order, and the form of its session."""
        content = self._ask(const.ORDER_PATH, self._order(request))
        return self._form(content)

    def save_card(self, request: PaymentRequest) -> Redirect:
        """`/tokenize`. That its session is shown by the same form is inferred."""
        content = self._ask(const.SAVE_CARD_PATH, {
            **self._merchant, 'requestId': request.reference, 'callback': request.return_url,
        })
        return self._form(content)

    def charge(self, request: PaymentRequest, source: CardSource) -> PaymentEvent:
        """`/tokenPayment`, for saved cards. The answer is to our own order, so it confirms it."""
        if not source.saved_card or source.token:
            raise errors.RequestRefused("GreenPay charges only a saved card by itself.")
        content = self._ask(
            const.SAVED_CARD_PATH, self._order(request) | {'token': source.saved_card}
        )
        return wire.charged_event(content, request.reference, request.amount, request.currency)

    def _form(self, content: dict) -> Redirect:
        base = self.credentials.form_url or const.FORM_URL
        return Redirect(url=f'{base.rstrip("/")}/{wire.session(content)}')

    def _order(self, request: PaymentRequest) -> dict:
        terminal = self.credentials.terminals.get(request.currency)
        if not terminal:
            raise errors.RequestRefused(f"There is no GreenPay terminal for {request.currency}.")
        return {
            **self._merchant,
            'terminal': terminal,
            # GreenPay wants a number; a float writes up to 15 digits as they are.
            'amount': float(request.amount),
            'currency': request.currency,
            'description': request.description,
            'orderReference': request.reference,
            'callback': request.return_url,
            **_additional(request),
        }

    # --- giving it back ---------------------------------------------------------------------------

    def refund(self, charged: Charged, amount: Decimal, reference: str) -> PaymentEvent:
        """`/transactions/refund`: the whole payment, within seven days, by one acquirer only."""
        if amount != charged.amount:
            raise errors.RequestRefused("GreenPay pays back only the whole payment.")
        return self._give_back(Operation.REFUND, const.REFUND_PATH, charged, reference)

    def void(self, charged: Charged) -> PaymentEvent:
        """`/transactions/void`: within three hours."""
        return self._give_back(Operation.VOID, const.VOID_PATH, charged, charged.reference)

    def _give_back(self, operation, path, charged: Charged, reference: str) -> PaymentEvent:
        found = self._find(charged.reference)
        if not found:
            raise errors.RequestRefused("GreenPay does not know this payment.")
        if wire.number(found) != charged.gateway_reference:
            raise errors.RequestRefused("GreenPay has another payment under this reference.")
        order = {'orderReference': charged.reference} | wire.card(found)
        content = self._ask(path, self._merchant | order)
        return PaymentEvent(
            operation=operation,
            status=wire.given_back(content, operation.value, charged.reference),
            reference=reference,
            gateway_reference=charged.gateway_reference,
            amount=charged.amount,
            currency=charged.currency,
        )

    # --- asking what happened ---------------------------------------------------------------------

    def query(self, reference: str) -> tuple[PaymentEvent, ...]:
        """`/transactions/get`: the payment of this order, and what undid it."""
        found = self._find(reference)
        return wire.transaction_events(found, reference) if found else ()

    def test(self) -> None:
        """Open an order with every terminal, which nobody is sent to pay. GreenPay has nothing more
        harmless that needs the secret and the terminal."""
        for currency in self.credentials.terminals or {'': ''}:
            request = PaymentRequest(const.TEST_ORDER, Decimal(1), currency, "Connection test")
            try:
                content = self._ask(const.ORDER_PATH, self._order(request))
            except errors.RequestRefused as error:
                raise errors.CredentialsRefused("There is no terminal.") from error
            except errors.Unreadable as error:
                raise errors.AddressNotFound("The address does not answer as GreenPay.") from error
            wire.session(content)

    # --- being told -------------------------------------------------------------------------------

    def proof(self, notification: Notification) -> signing.RsaSha256:
        """`_signature` in the body: hexadecimal SHA256withRSA of what `wire.signed_part` says."""
        content = notification.content
        signature = content.get(const.SIGNATURE_FIELD)
        if not isinstance(signature, str):
            raise errors.SignatureInvalid("The body has no signature.")
        return signing.RsaSha256(
            public_key=self.credentials.public_key,
            message=wire.signed_part(content).encode('utf-8', 'replace'),
            signature=signature,
        )

    def event_key(self, notification: Notification) -> str:
        """What is signed: whatever else a body says, it is the same event."""
        key = wire.signed_part(notification.content)
        if len(key) > 255 or not key.isprintable():
            raise errors.NotificationMalformed("The order is not a plain word.")
        return key

    def parse(self, notification: Notification) -> tuple[PaymentEvent, ...]:
        """A payment, or a card that was saved: the tail of the address adds nothing to it.

        That `orderId` is our own reference is inferred from the payments of subscriptions, where
        the two are one.
        """
        return (wire.notified_event(notification.content),)

    def returned(self, tail: str) -> Notification | None:
        """`callback/<Base64 JSON>`, or `callback/cancel`."""
        if tail.strip('/') == const.CANCEL_TAIL:
            return None
        return wire.returned(tail)

    # --- the wire ---------------------------------------------------------------------------------

    @property
    def _merchant(self) -> dict[str, str]:
        return {'secret': self.credentials.secret, 'merchantId': self.credentials.merchant_id}

    def _find(self, reference: str):
        """The transaction of an order; None when GreenPay has none."""
        if not reference:
            raise errors.RequestRefused("Without a reference GreenPay cannot be asked.")
        response = self._post(const.QUERY_PATH, {
            'merchantId': self.credentials.merchant_id, 'orderReference': reference,
        })
        content = wire.read_answer(response)
        wire.check_credentials(content)
        return None if wire.is_unknown_order(response, content) else wire.transaction(content)

    def _ask(self, path: str, content: dict) -> dict:
        answer = wire.read_answer(self._post(path, content))
        wire.check_credentials(answer)
        return answer

    def _post(self, path: str, content: dict) -> HttpResponse:
        base = (self.credentials.merchant_url or const.MERCHANT_URL).rstrip('/')
        # Customers wait for an order's session and a question's answer; a charge may take its time.
        timeout = 8 if path in (const.ORDER_PATH, const.QUERY_PATH, const.SAVE_CARD_PATH) else 30
        request = HttpRequest('POST', f'{base}{path}', json=content, timeout=timeout)
        # A rejection is a 500 too; whoever reads the body sees whether it is one.
        return self.call(request, answers=frozenset({500}))


def _additional(request: PaymentRequest) -> dict:
    customer = request.customer
    if not customer.name:
        return {}
    address = {
        'country': customer.country,
        'province': customer.city,
        'city': customer.city,
        'street1': customer.street,
        'zip': customer.zip,
    }
    known = {
        'name': customer.name,
        'email': customer.email,
        'identification': customer.identification,
        'billingAddress': {name: value for name, value in address.items() if value},
    }
    return {'additional': {'customer': {name: value for name, value in known.items() if value}}}
