"""The values that pass between Email Pay and a gateway.

Amounts are `Decimal` in the currency's major unit (12.34 dollars), already rounded to its
own number of decimals.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property

from . import errors


class Status(StrEnum):
    """Where an operation stands. PENDING is also every word that we do not know."""

    PENDING = 'pending'
    AUTHORIZED = 'authorized'
    DONE = 'done'
    DECLINED = 'declined'
    CANCELED = 'canceled'


class Operation(StrEnum):
    """What a `PaymentEvent` reports. OTHER is kept and shown, and changes nothing."""

    PAYMENT = 'payment'
    REFUND = 'refund'
    VOID = 'void'
    CHARGEBACK = 'chargeback'
    OTHER = 'other'


# Reports of money that goes back to the customer.
RETURNS = (Operation.REFUND, Operation.VOID, Operation.CHARGEBACK)


class Flow(StrEnum):
    """How a customer pays: in the gateway's window over our page, or on the gateway's own page."""

    WINDOW = 'window'
    REDIRECT = 'redirect'


class RefundSupport(StrEnum):
    """As `payment.provider.support_refund` names it."""

    NONE = 'none'
    FULL_ONLY = 'full_only'
    PARTIAL = 'partial'


@dataclass(frozen=True)
class Supports:
    """What a gateway can do. The core asks here and never guesses.

    `currencies`: ISO 4217 codes, empty when the merchant's contract decides. `report`: whether it
    can list all that the merchant account did. `saves_cards_apart`: whether a card is saved by
    `Gateway.save_card` alone, and not with a payment. `void_within` and `refund_within`: how long
    after the payment, None without limit. `untold_refunds`: whether a part that was paid back may
    be told by no query, so that one whose answer was lost is a person's to look up.
    `checkout_within`: how long a customer can pay on the page that `checkout` opened
    (`Flow.REDIRECT`), when it does not tell. `closes_checkout`: whether `close_checkout` ends that
    earlier. `min_interval`: the least time between two `paced` requests of one merchant account.
    `installments`: the most monthly charges of one order (`PaymentRequest.installments`).
    """

    flow: Flow
    saved_cards: bool = False
    saves_cards_apart: bool = False
    refund: RefundSupport = RefundSupport.NONE
    refund_within: timedelta | None = None
    void: bool = False
    void_within: timedelta | None = None
    untold_refunds: bool = False
    checkout_within: timedelta = timedelta(minutes=30)
    closes_checkout: bool = False
    min_interval: timedelta = timedelta(0)
    installments: int = 1
    report: bool = False
    currencies: frozenset[str] = frozenset()


@dataclass(frozen=True)
class HttpRequest:
    """One request to the gateway. `data` is sent form-encoded, `json` as JSON; never both. One that
    is `paced` goes out `Supports.min_interval` after the one before it."""

    method: str
    url: str
    data: Mapping[str, str] | None = field(default=None, repr=False)
    json: Mapping | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: int = 30
    paced: bool = False


@dataclass(frozen=True)
class HttpResponse:
    """The gateway's answer, whatever its status."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.body.decode('utf-8', 'replace')


# Sends one request and returns the answer of any status; raises what `requests` raises.
# It follows no redirect and repeats nothing: what fails after a redirect was sent before it.
Send = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True)
class Customer:
    """The payer, as far as known. `country` is ISO 3166-1 alpha-2; `ip` the browser's address."""

    name: str = ''
    email: str = ''
    phone: str = ''
    street: str = ''
    city: str = ''
    zip: str = ''
    country: str = ''
    identification: str = ''
    ip: str = ''


@dataclass(frozen=True)
class PaymentRequest:
    """One payment to ask for.

    `reference` is ours, unique for ever: the gateway keeps it as its order number, and both the
    notification and `Gateway.query` find the payment by it. `return_url` is where the customer's
    browser comes back to, `notification_url` where the gateway reports. With more than one of
    `installments`, the gateway charges them month by month; `amount` is their sum.
    """

    reference: str
    amount: Decimal
    currency: str
    description: str = ''
    customer: Customer = Customer()
    return_url: str = ''
    notification_url: str = ''
    installments: int = 1


@dataclass(frozen=True)
class CardSource:
    """What is charged: the one-time token of the gateway's card window, or a saved card."""

    token: str = field(default='', repr=False)
    saved_card: str = field(default='', repr=False)
    initial_reference: str = ''
    save_card: bool = False


@dataclass(frozen=True)
class Charged:
    """A payment that was made, as refunds, voids and queries name it.

    `gateway_reference` is the gateway's own number; `amount` what was collected.
    """

    reference: str
    gateway_reference: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class CardWindow:
    """The gateway's card window for our page (`Flow.WINDOW`).

    `driver` names the script of ours that opens it (static/src/payment_page/card_window_*.js).
    `script_url` is loaded with `attributes` on its element; `origins` are the scheme-and-host parts
    that the page's Content-Security-Policy must allow for its script, frames and connections.
    """

    driver: str
    script_url: str
    attributes: Mapping[str, str] = field(repr=False)
    origins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Redirect:
    """Where to send the customer's browser (`Flow.REDIRECT`), with form `fields` for a POST.
    `until` is when the page ends, where the gateway tells."""

    url: str
    method: str = 'GET'
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    gateway_reference: str = ''
    until: datetime | None = None


@dataclass(frozen=True)
class Notification:
    """A request of the gateway to our webhook, exactly as received.

    `headers` ignore the case of names, as HTTP does; `tail` is the path behind the webhook address.
    """

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    tail: str = ''

    def header(self, name: str) -> str:
        return self.headers.get(name, '')

    @cached_property
    def text(self) -> str:
        """The body as text.

        :raises errors.NotificationMalformed: it is not UTF-8.
        """
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise errors.NotificationMalformed("The body is not UTF-8.") from error

    @cached_property
    def content(self) -> dict:
        """The JSON object that the body is; not to be changed.

        :raises errors.NotificationMalformed: it is none.
        """
        try:
            content = json.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise errors.NotificationMalformed("The body is not JSON.") from error
        if not isinstance(content, dict):
            raise errors.NotificationMalformed("The body is not a JSON object.")
        return content


@dataclass(frozen=True)
class PaymentEvent:
    """What the gateway says happened to one payment: by notification, by answer or by query.

    :param operation: what it reports; for REFUND, VOID and CHARGEBACK `amount` is what went back.
    :param status: of that operation.
    :param reference: our reference (`PaymentRequest.reference`), '' when the gateway gave none.
    :param gateway_reference: the gateway's own number of the operation.
    :param amount: in major units, None when not told.
    :param currency: ISO 4217, '' when not told.
    :param code: the gateway's own result word, to translate for the customer (`Gateway.reason`).
    :param message: the gateway's text, for the accountant only.
    :param confirmed: whether it may be booked as is; False = a hint, ask `Gateway.query` first.
    :param test: made with test cards or a test account: it is no money.
    :param card_brand: and `card_last4`, for the receipt.
    :param saved_card: the gateway's id of the card, when it was saved.
    :param happened_at: when, with its time zone; None when not told.
    """

    operation: Operation
    status: Status
    reference: str = ''
    gateway_reference: str = ''
    amount: Decimal | None = None
    currency: str = ''
    code: str = ''
    message: str = ''
    confirmed: bool = True
    test: bool = False
    card_brand: str = ''
    card_last4: str = ''
    saved_card: str = field(default='', repr=False)
    happened_at: datetime | None = None


@dataclass(frozen=True)
class PlanCharge:
    """One monthly charge of an order. `number` counts from 1, `due` is when it is to be charged,
    `event` what became of it: its `gateway_reference` is the charge's own."""

    number: int
    due: date | None
    event: PaymentEvent


@dataclass(frozen=True)
class Plan:
    """An order of several `PaymentRequest.installments`. `status` is the order's own: PENDING until
    the customer has entered a card, DONE from the first charge on; `code` is its word for it."""

    status: Status
    gateway_reference: str
    message: str = ''
    code: str = ''
    charges: tuple[PlanCharge, ...] = ()


def to_decimal(value) -> Decimal | None:
    """The finite amount in a gateway's text or number, else None. Floats pass as their text."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
