"""The contract between Email Pay and a payment gateway.

Values in, values out: no database, no ORM, no translation. A gateway builds requests, hands them to
the `send` that it was given, and reads answers.
"""

import ssl
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from urllib.parse import urlsplit

import requests.exceptions

from . import errors
from .values import (
    CardSource,
    CardWindow,
    Charged,
    HttpRequest,
    HttpResponse,
    Notification,
    PaymentEvent,
    PaymentRequest,
    Plan,
    Redirect,
    Send,
    Supports,
)
from .words import NO_REASON

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
    :cvar media_types: of the notifications that it sends.
    :cvar sentences: what each result code tells a customer (see `words`).
    :cvar final_codes: the result codes after which a card is never charged again.
    :cvar sandbox_urls: the addresses of its test system, which moves no money.
    :cvar Credentials: frozen dataclass; the Odoo layer fills each field `x` from the provider's
        field `<code>_x`.
    """

    code: ClassVar[str]
    supports: ClassVar[Supports]
    media_types: ClassVar[frozenset[str]]
    sentences: ClassVar[Mapping[str, str]]
    final_codes: ClassVar[frozenset[str]] = frozenset()
    sandbox_urls: ClassVar[frozenset[str]] = frozenset()
    Credentials: ClassVar[type]

    def __init__(self, credentials, send: Send):
        self.credentials = credentials
        self._send = send

    @classmethod
    def credential_names(cls) -> tuple[str, ...]:
        """The names of the fields of `Credentials`."""
        return tuple(f.name for f in fields(cls.Credentials))

    def sandbox_names(self) -> tuple[str, ...]:
        """The names of the credentials that are addresses of the test system."""
        hosts = {urlsplit(url).hostname for url in self.sandbox_urls}
        return tuple(
            name for name in self.credential_names()
            if name.endswith('_url') and urlsplit(getattr(self.credentials, name)).hostname in hosts
        )

    def currencies(self) -> frozenset[str]:
        """The ISO 4217 codes that this merchant can collect; empty when nothing limits them."""
        return self.supports.currencies

    # --- asking for money -------------------------------------------------------------------------

    def card_window(self) -> CardWindow:
        """The card window to load on our page (`Flow.WINDOW`). Asks the gateway for nothing."""
        raise errors.Unsupported(f"{self.code} has no card window.")

    def checkout(self, request: PaymentRequest) -> Redirect:
        """Open the payment at the gateway (`Flow.REDIRECT`) and say where the customer pays.

        :raises errors.GatewayError: nothing was collected; the customer may try again.
        """
        raise errors.Unsupported(f"{self.code} has no page of its own.")

    def close_checkout(self, charged: Charged) -> PaymentEvent:
        """End the page that `checkout` opened, so that nobody can pay there any more
        (`Supports.closes_checkout`). What was paid meanwhile goes back. Raises as `refund`."""
        raise errors.Unsupported(f"{self.code} closes no page.")

    def save_card(self, request: PaymentRequest) -> Redirect:
        """Where the customer saves a card without paying (`Supports.saves_cards_apart`).

        :raises errors.GatewayError: nothing was saved.
        """
        raise errors.Unsupported(f"{self.code} saves a card only with a payment.")

    def charge(self, request: PaymentRequest, source: CardSource) -> PaymentEvent:
        """Charge a card once. The answer is final unless its status is PENDING. A charge of nothing
        saves the card (`CardSource.save_card`), unless `Supports.saves_cards_apart`.

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

    def cancel_rest(self, charged: Charged, amount: Decimal) -> PaymentEvent:
        """Stop the monthly charges of `charged` that are not made yet; `amount` is their sum
        (`Supports.installments`). Raises as `refund`."""
        raise errors.Unsupported(f"{self.code} charges nothing month by month.")

    # --- asking what happened ---------------------------------------------------------------------

    @abstractmethod
    def query(self, reference: str) -> tuple[PaymentEvent, ...]:
        """All that the gateway knows of our `reference`, oldest first; empty when it knows nothing.

        :raises errors.GatewayError: nothing is known; ask again later.
        """

    def plan(self, reference: str) -> Plan | None:
        """All that the gateway knows of an order with monthly charges (`Supports.installments`);
        None when it knows nothing. A charge is told by the same number every time. Raises as
        `query`."""
        raise errors.Unsupported(f"{self.code} charges nothing month by month.")

    def report(self, since: datetime, until: datetime) -> tuple[PaymentEvent, ...]:
        """All that the merchant account did between two times (UTC), oldest first: every operation,
        whoever ordered it, as `query` would tell it, with its `happened_at`.

        What changed in that time may come with its earlier operations. An operation may be missing
        only when it happened so near to either end that the gateway's clock tells otherwise.

        :raises errors.GatewayError: nothing is known, and no part of it may be used; ask later.
        """
        raise errors.Unsupported(f"{self.code} reports no list of payments.")

    @abstractmethod
    def test(self) -> None:
        """Ask the gateway something harmless that needs every credential it can check.

        :raises errors.CredentialsRefused, errors.AddressNotFound, errors.CertificateInvalid,
            errors.NoAnswer: what the administrator has to mend.
        """

    # --- being told: none of these sends anything -------------------------------------------------

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

    def returned(self, tail: str) -> Notification | None:
        """What the customer's browser brought back (`Flow.REDIRECT`), to be verified as any other
        notification; None when the customer gave up.

        :param tail: the path behind `PaymentRequest.return_url`.
        :raises errors.Unsupported: this gateway lets the browser bring nothing; it must be asked.
        :raises errors.NotificationMalformed: it is nothing that this gateway sends.
        """
        raise errors.Unsupported(f"{self.code} sends nothing back with the browser.")

    # --- words ------------------------------------------------------------------------------------

    def reason(self, code: str) -> str:
        """The English sentence that tells a customer what the gateway's result `code` means.

        Always one of `reasons()`, so that the Odoo layer can translate it.
        """
        return self.sentences.get(code, NO_REASON)

    @classmethod
    def reasons(cls) -> tuple[str, ...]:
        """Every sentence that `reason` can return."""
        return tuple(dict.fromkeys([*cls.sentences.values(), NO_REASON]))

    def may_repeat(self, code: str) -> bool:
        """Whether the same saved card may be charged once more, some days after the gateway's
        result `code`. False for a card that is no more, or that its bank has stopped."""
        return code not in self.final_codes

    # --- for adapters -----------------------------------------------------------------------------

    def call(self, request: HttpRequest, answers: frozenset[int] = frozenset()) -> HttpResponse:
        """Send, and turn what the network did into our errors. A status below 500 is returned, and
        so is one of `answers`, by which this gateway means something."""
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
        if response.status >= 500 and response.status not in answers:
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
