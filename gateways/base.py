"""The contract between Email Pay and a payment gateway.

Values in, values out: no database, no ORM, no translation. A gateway builds requests, hands them to
the `send` that it was given, and reads answers. Amounts are `Decimal` in the currency's major unit
(12.34 dollars), already rounded to the currency's own number of decimals.
"""

import json
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import ClassVar
from urllib.parse import urlsplit

import requests.exceptions

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

    `currencies`: ISO 4217 codes, empty when the merchant's contract decides.
    """

    flow: Flow
    saved_cards: bool = False
    refund: RefundSupport = RefundSupport.NONE
    void: bool = False
    currencies: frozenset[str] = frozenset()


@dataclass(frozen=True)
class HttpRequest:
    """One request to the gateway. `data` is sent form-encoded, `json` as JSON; never both."""

    method: str
    url: str
    data: Mapping[str, str] | None = field(default=None, repr=False)
    json: Mapping | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: int = 30


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
    browser comes back to, `notification_url` where the gateway reports.
    """

    reference: str
    amount: Decimal
    currency: str
    description: str = ''
    customer: Customer = Customer()
    return_url: str = ''
    notification_url: str = ''


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
    """Where to send the customer's browser (`Flow.REDIRECT`), with form `fields` for a POST."""

    url: str
    method: str = 'GET'
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    gateway_reference: str = ''


@dataclass(frozen=True)
class Notification:
    """A request of the gateway to our webhook, exactly as received.

    `headers` are looked up by lower-case name; `tail` is the path behind the webhook address.
    """

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    tail: str = ''

    def header(self, name: str) -> str:
        return next((v for k, v in self.headers.items() if k.lower() == name.lower()), '')

    @property
    def text(self) -> str:
        """The body as text.

        :raises errors.NotificationMalformed: it is not UTF-8.
        """
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise errors.NotificationMalformed("The body is not UTF-8.") from error

    def json(self) -> dict:
        """The body as a JSON object.

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


def to_decimal(value) -> Decimal | None:
    """The finite amount in a gateway's text or number, else None. Floats pass as their text."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


# What requests raises before it opens a connection.
UNUSABLE_ADDRESS = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)


class Gateway(ABC):
    """One payment gateway, for one merchant account.

    :cvar code: the provider code in Odoo and in REGISTRY.
    :cvar supports: what it can do.
    :cvar Credentials: frozen dataclass; the Odoo layer fills each field `x` from the provider's
        field `<code>_x`.
    """

    code: ClassVar[str]
    supports: ClassVar[Supports]
    Credentials: ClassVar[type]

    def __init__(self, credentials, send: Send):
        self.credentials = credentials
        self._send = send

    @classmethod
    def credential_names(cls) -> tuple[str, ...]:
        """The names of the fields of `Credentials`."""
        return tuple(f.name for f in fields(cls.Credentials))

    # --- asking for money -------------------------------------------------------------------------

    def card_window(self) -> CardWindow:
        """The card window to load on our page (`Flow.WINDOW`). Asks the gateway for nothing."""
        raise errors.Unsupported(f"{self.code} has no card window.")

    def checkout(self, request: PaymentRequest) -> Redirect:
        """Open the payment at the gateway (`Flow.REDIRECT`) and say where the customer pays.

        :raises errors.GatewayError: nothing was collected; the customer may try again.
        """
        raise errors.Unsupported(f"{self.code} has no page of its own.")

    def charge(self, request: PaymentRequest, source: CardSource) -> PaymentEvent:
        """Charge a card once. The answer is final unless its status is PENDING.

        :raises errors.UnknownOutcome: it may have been charged: ask `query`, never repeat.
        :raises errors.GatewayError: it was not charged.
        """
        raise errors.Unsupported(f"{self.code} charges no card by itself.")

    # --- giving it back ---------------------------------------------------------------------------

    def refund(self, charged: Charged, amount: Decimal, reference: str) -> PaymentEvent:
        """Pay back `amount` of `charged`; `reference` is the unique reference of this refund.

        :raises errors.UnknownOutcome: it may have been refunded: never repeat.
        :raises errors.RequestRefused: with the gateway's reason.
        """
        raise errors.Unsupported(f"{self.code} refunds nothing.")

    def void(self, charged: Charged) -> PaymentEvent:
        """Undo the whole payment before it is settled. Raises as `refund`."""
        raise errors.Unsupported(f"{self.code} voids nothing.")

    # --- asking what happened ---------------------------------------------------------------------

    @abstractmethod
    def query(self, reference: str) -> tuple[PaymentEvent, ...]:
        """All that the gateway knows of our `reference`, oldest first; empty when it knows nothing.

        :raises errors.GatewayError: nothing is known; ask again later.
        """

    @abstractmethod
    def test(self) -> None:
        """Ask the gateway something harmless that needs every credential it can check.

        :raises errors.CredentialsRefused, errors.AddressNotFound, errors.CertificateInvalid,
            errors.NoAnswer: what the administrator has to mend.
        """

    # --- being told -------------------------------------------------------------------------------

    @abstractmethod
    def proof(self, notification: Notification):
        """The proof (see `signing`) that this notification carries.

        :raises errors.SignatureInvalid: it carries none.
        """

    @abstractmethod
    def event_key(self, notification: Notification) -> str:
        """The name of this notification, the same whenever the gateway sends it again.

        :raises errors.NotificationMalformed: the body is not what this gateway sends.
        """

    @abstractmethod
    def parse(self, notification: Notification) -> tuple[PaymentEvent, ...]:
        """What a verified notification reports; never empty.

        :raises errors.NotificationMalformed: the body is not what this gateway sends.
        """

    def verify(self, notification: Notification) -> None:
        """Return only when the notification is the gateway's own.

        :raises errors.NotificationError: it is not, or that cannot be known.
        """
        self.proof(notification).check()

    # --- words ------------------------------------------------------------------------------------

    @abstractmethod
    def reason(self, code: str) -> str:
        """The English sentence that tells a customer what the gateway's result `code` means.

        Always one of `reasons()`, so that the Odoo layer can translate it.
        """

    @classmethod
    @abstractmethod
    def reasons(cls) -> tuple[str, ...]:
        """Every sentence that `reason` can return."""

    # --- for adapters -----------------------------------------------------------------------------

    def call(self, request: HttpRequest) -> HttpResponse:
        """Send, and turn what the network did into our errors. Any status below 500 is returned."""
        try:
            response = self._send(request)
        except requests.exceptions.SSLError as error:
            raise _tls_error(request, error) from error
        except requests.exceptions.ConnectTimeout as error:
            raise errors.NoConnection(f"{_host(request)} does not answer.") from error
        except requests.exceptions.ConnectionError as error:
            raise _connection_error(request, error) from error
        except requests.exceptions.Timeout as error:
            raise errors.NoAnswer(f"{_host(request)} took too long to answer.") from error
        except UNUSABLE_ADDRESS as error:
            raise errors.AddressNotFound(f"{_host(request)} is not a usable address.") from error
        except (requests.exceptions.RequestException, ValueError) as error:
            raise errors.NoAnswer(f"The answer of {_host(request)} cannot be read.") from error
        if response.status >= 500:
            raise errors.UnknownOutcome(f"{_host(request)} answered {response.status}.")
        return response


def _host(request: HttpRequest) -> str:
    try:
        return urlsplit(request.url).hostname or 'The gateway'
    except ValueError:
        return 'The gateway'


def _tls_error(request: HttpRequest, error: BaseException) -> errors.GatewayError:
    # TLS can also break while the answer is read: only a refused certificate is sure to have sent
    # nothing.
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return errors.CertificateInvalid(f"The certificate of {_host(request)} is not valid.")
        cause = cause.__cause__ or cause.__context__
    return errors.NoAnswer(f"The secure connection to {_host(request)} failed.")


def _connection_error(request: HttpRequest, error: Exception) -> errors.GatewayError:
    # requests has one exception for a connection never made and one cut half-way; the cause inside
    # tells them apart: only the first is sure to have sent nothing.
    cause = type(getattr(error.args[0] if error.args else None, 'reason', None)).__name__
    if cause == 'NameResolutionError':
        return errors.AddressNotFound(f"{_host(request)} cannot be found.")
    if cause == 'NewConnectionError':
        return errors.NoConnection(f"{_host(request)} does not answer.")
    return errors.NoAnswer(f"The connection to {_host(request)} was cut.")
