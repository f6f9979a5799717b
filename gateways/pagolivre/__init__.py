"""PagoLivre (Brazil), orders of API v2: a card on its own page, at once or month by month."""

import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import quote

from .. import errors, signing
from ..base import Gateway
from ..values import (
    Charged,
    Flow,
    HttpRequest,
    HttpResponse,
    Notification,
    Operation,
    PaymentEvent,
    PaymentRequest,
    Plan,
    Redirect,
    RefundSupport,
    Supports,
)
from . import const, wire

# Of the GUIDs that name an order or a cancellation: the same for the same reference, for ever.
GUIDS = uuid.UUID('6b1a7f0e-2a55-4d3b-9f0e-9d5a3c1e7b42')

# Seconds for an answer: while a customer waits, and while nobody does.
CUSTOMER_WAITS, NOBODY_WAITS = 8, 30


@dataclass(frozen=True)
class Credentials:
    """What the merchant gets from PagoLivre.

    :param token: Base64 already; it tells PagoLivre who asks, and comes back in the address of
        every notification.
    :param base_url: the API, production's when empty.
    :param words: what replaces lines of `const.WORDS`; see `wire.words`.
    """

    token: str = field(default='', repr=False)
    base_url: str = ''
    words: str = ''


class PagoLivre(Gateway):
    """PagoLivre by the protocol of its orders; what of it is inferred says `const`.

    An order has one page, on which it can be paid once. PagoLivre takes the same reference more
    than once and makes an order each time, so it is asked before one is opened; an order that can
    no longer be paid ends its transaction, and the customer begins another.

    A notification proves nothing but that its sender knows the token, and an order does not always
    tell its amount: that of our own order is what we asked for.
    """

    code = 'pagolivre'
    supports = Supports(
        flow=Flow.REDIRECT,
        refund=RefundSupport.PARTIAL,
        untold_refunds=True,
        void=True,
        checkout_within=const.CHECKOUT_WITHIN,
        closes_checkout=True,
        min_interval=const.MIN_INTERVAL,
        installments=const.MAX_INSTALLMENTS,
        currencies=frozenset({'BRL'}),
    )
    media_types = frozenset({'application/json'})
    sentences = const.CODES
    sandbox_urls = frozenset({const.SANDBOX_URL})
    Credentials = Credentials

    # --- asking for money -------------------------------------------------------------------------

    def checkout(self, request: PaymentRequest) -> Redirect:
        """The page of the order, which is opened unless PagoLivre has it already. What can no
        longer be paid leads straight back, where it is asked for."""
        body = self._order(request)
        found = self._find(request.reference)
        if found is None:
            found = wire.order(self._ask(const.ORDERS_PATH, body), body['orderKey'])
        return Redirect(
            url=wire.page(found) if wire.is_open(found) else request.return_url,
            gateway_reference=wire.order_id(found),
            until=wire.page_ends(found),
        )

    def close_checkout(self, charged: Charged) -> PaymentEvent:
        """`/orders/{id}/cancel` of an order that nobody has paid."""
        return self._cancel(
            charged, Operation.VOID, charged.reference, 'attempt', timeout=CUSTOMER_WAITS,
        )

    def _order(self, request: PaymentRequest) -> dict:
        if request.currency != wire.CURRENCY:
            raise errors.RequestRefused("PagoLivre collects only reais.")
        return {
            'requestId': _guid('order', request.reference),
            'orderKey': wire.key(request.reference),
            'amount': wire.money(request.amount),
            'orderGuests': [self._guest(request.customer)],
            'installments': request.installments,
            'receivingOptionType': (
                self._words['recurring_option'] if request.installments > 1 else const.CARD_OPTION
            ),
            'message': request.description,
            'callbackUrl': request.notification_url,
            'returnUrl': request.return_url,
        }

    def _guest(self, customer) -> dict[str, str]:
        """:raises errors.RequestRefused: without these two, PagoLivre's page does not work (V)."""
        identification = wire.identification(customer.identification)
        mobile = wire.mobile(customer.phone)
        if not identification:
            raise errors.RequestRefused("The customer has no CPF or CNPJ.")
        if not mobile:
            raise errors.RequestRefused("The customer has no Brazilian phone number.")
        name = 'cpf' if len(identification) == 11 else self._words['cnpj']
        return {name: identification, 'mobileNumber': mobile}

    # --- giving it back ---------------------------------------------------------------------------

    def refund(self, charged: Charged, amount: Decimal, reference: str) -> PaymentEvent:
        """`/orders/{id}/cancel` with an amount: a part."""
        return self._cancel(charged, Operation.REFUND, reference, 'refund', amount)

    def void(self, charged: Charged) -> PaymentEvent:
        """`/orders/{id}/cancel` without an amount: the whole. No time limit is public."""
        return self._cancel(charged, Operation.VOID, charged.reference, 'void')

    def cancel_rest(self, charged: Charged, amount: Decimal) -> PaymentEvent:
        """`/orders/{id}/cancel` with what is not charged yet as the amount. That it stops the
        charges and pays nothing back is inferred."""
        return self._cancel(charged, Operation.OTHER, charged.reference, 'rest', amount)

    def _cancel(
        self, charged: Charged, operation: Operation, reference: str, why: str,
        amount: Decimal | None = None, timeout: int = NOBODY_WAITS,
    ) -> PaymentEvent:
        """That the answer is the order is inferred. A part has the number of its own request."""
        part = amount is not None
        request_id = _guid(why, reference)
        content = wire.order(self._ask(
            const.CANCEL_PATH % quote(charged.gateway_reference, safe=''),
            {'cancellationRequestId': request_id, 'reason': why}
            | ({'amount': wire.money(amount)} if part else {}),
            timeout,
        ), wire.key(charged.reference))
        if wire.order_id(content) != charged.gateway_reference:
            raise errors.UnknownOutcome("PagoLivre answered about another order.")
        wanted = (const.CANCELED, const.PAID) if part else (const.CANCELED,)
        return PaymentEvent(
            operation=operation,
            status=wire.cancelled(content, wanted),
            reference=reference,
            gateway_reference=request_id if part else charged.gateway_reference,
            amount=amount if part else charged.amount,
            currency=charged.currency,
        )

    # --- asking what happened ---------------------------------------------------------------------

    def query(self, reference: str) -> tuple[PaymentEvent, ...]:
        """The order of this reference: its payment, and what of it went back."""
        found = self._find(reference)
        return wire.order_events(found, reference, self._words) if found is not None else ()

    def plan(self, reference: str) -> Plan | None:
        """The same order, month by month."""
        found = self._find(reference)
        return wire.plan(found, reference, self._words) if found is not None else None

    def test(self) -> None:
        """Ask for an order that cannot exist."""
        try:
            self.query(const.NO_ORDER)
        except errors.Unreadable as error:
            raise errors.AddressNotFound("The address does not answer as PagoLivre.") from error

    # --- being told -------------------------------------------------------------------------------

    def proof(self, notification: Notification) -> signing.SharedToken:
        """`?accessToken=`, our own token. It may come with its `+` read as a space."""
        given = notification.params.get(const.TOKEN_PARAM, '')
        return signing.SharedToken(self.credentials.token, given.replace(' ', '+'))

    def event_key(self, notification: Notification) -> str:
        """The event and all that the body says: a repetition says the same."""
        event, _key, number = wire.notified(notification.content)
        return f'{event[:100]}:{number[:100]}:{uuid.uuid5(GUIDS, notification.text)}'

    def parse(self, notification: Notification) -> tuple[PaymentEvent, ...]:
        """`{eventName, orderKey, orderId}` (V); the names of the events are inferred."""
        return (wire.notified_event(notification.content, self._words),)

    # --- the wire ---------------------------------------------------------------------------------

    @property
    def _words(self) -> dict[str, str]:
        return wire.words(self.credentials.words)

    def _find(self, reference: str):
        """The order of our reference; None when PagoLivre has none."""
        if not reference:
            raise errors.RequestRefused("Without a reference PagoLivre cannot be asked.")
        key = wire.key(reference)
        response = self._send_to('GET', const.ORDER_PATH % key, timeout=CUSTOMER_WAITS, paced=True)
        if wire.is_nothing(response):
            return None
        return wire.order(wire.read_answer(response), key)

    def _ask(self, path: str, content: dict, timeout: int = CUSTOMER_WAITS) -> dict:
        return wire.read_answer(self._send_to('POST', path, json=content, timeout=timeout))

    def _send_to(self, method: str, path: str, **options) -> HttpResponse:
        base = (self.credentials.base_url or const.PRODUCTION_URL).rstrip('/')
        headers = {
            'Authorization': f'Basic {self.credentials.token}',
            'User-Agent': const.USER_AGENT,
            'Accept': 'application/json',
        }
        return self.call(HttpRequest(method, f'{base}{path}', headers=headers, **options))


def _guid(what: str, reference: str) -> str:
    """PagoLivre wants a GUID; the same request must have the same one."""
    return str(uuid.uuid5(GUIDS, f'{what}:{reference}'))
