"""Credicorp Bank (Panama)."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

from .. import errors, signing
from ..base import Gateway
from ..reading import clean
from ..values import (
    CardSource,
    CardWindow,
    Charged,
    Flow,
    HttpRequest,
    Notification,
    Operation,
    PaymentEvent,
    PaymentRequest,
    RefundSupport,
    Status,
    Supports,
)
from . import const, wire

_SIGNATURE = re.compile(r't=(?P<nonce>[!-~]{1,200}),\s?s=(?P<signature>[0-9a-f]{64})')


@dataclass(frozen=True)
class Credentials:
    """What the merchant gets from the bank.

    :param api_key: NMI's security key.
    :param tokenization_key: the public key of the card window.
    :param webhook_key: signs notifications; `webhook_key_previous` stays valid while it rotates.
    :param base_url: the bank's address of the API, NMI's own when empty.
    """

    api_key: str = field(default='', repr=False)
    tokenization_key: str = ''
    webhook_key: str = field(default='', repr=False)
    webhook_key_previous: str = field(default='', repr=False)
    base_url: str = ''


class Credicorp(Gateway):
    """Credicorp Bank by the NMI dialect. **Protocol to be confirmed with the bank.**

    The bank publishes no API. NMI's dialect is what banks of the region resell under their own
    address; everything here follows NMI's public documentation and the address can be changed.
    """

    code = 'credicorp'
    supports = Supports(
        flow=Flow.WINDOW,
        saved_cards=True,
        refund=RefundSupport.PARTIAL,
        void=True,
        report=True,
    )
    media_types = frozenset({'application/json'})
    final_codes = const.FINAL_CODES
    sentences = const.SENTENCES
    sandbox_urls = frozenset({const.SANDBOX_URL})
    Credentials = Credentials

    # --- asking for money -------------------------------------------------------------------------

    def card_window(self) -> CardWindow:
        """The lightbox of Collect.js; `CollectJS.configure` gives the page a one-time token.

        NMI Collect.js. That one origin serves script, frames and connections is inferred.
        """
        base = urlsplit(self._base_url)
        return CardWindow(
            driver='collectjs',
            script_url=f'{self._base_url}{const.SCRIPT_PATH}',
            attributes={
                'data-tokenization-key': self.credentials.tokenization_key,
                'data-variant': 'lightbox',
            },
            origins=(f'{base.scheme}://{base.netloc}',),
        )

    def charge(self, request: PaymentRequest, source: CardSource) -> PaymentEvent:
        """NMI Direct Post API, type=sale; of nothing, type=validate, which only saves the card.

        `dup_seconds` stays the account's own: the gateway refuses what it takes for a repeat.
        """
        fields = _order_fields(request) | _customer_fields(request) | _card_fields(source)
        reply = self._transact('sale' if request.amount else 'validate', fields)
        status = _checked(reply, request.reference)
        return PaymentEvent(
            operation=Operation.PAYMENT,
            status=status,
            reference=request.reference,
            gateway_reference=reply.get('transactionid', ''),
            amount=request.amount,
            currency=request.currency,
            code=reply.get('response_code', ''),
            message=clean(reply.get('responsetext', '')),
            saved_card=reply.get('customer_vault_id', '') if source.save_card else '',
        )

    # --- giving it back ---------------------------------------------------------------------------

    def refund(self, charged: Charged, amount: Decimal, reference: str) -> PaymentEvent:
        """NMI Direct Post API, type=refund, for settled payments.

        Whether the gateway keeps our `reference` or the payment's as the refund's order number is
        to be confirmed: both are accepted, and either `query` may be the one that finds it.
        """
        fields = {
            'transactionid': charged.gateway_reference,
            'amount': f'{amount:f}',
            'orderid': reference,
        }
        return self._give_back(Operation.REFUND, fields, charged, amount, reference)

    def void(self, charged: Charged) -> PaymentEvent:
        """NMI Direct Post API, type=void, for payments that are not settled yet."""
        fields = {'transactionid': charged.gateway_reference}
        return self._give_back(Operation.VOID, fields, charged, charged.amount, charged.reference)

    def _give_back(self, operation, fields, charged, amount, reference) -> PaymentEvent:
        if not charged.gateway_reference:
            raise errors.RequestRefused("The payment has no transaction number of the gateway.")
        reply = self._transact(operation.value, fields)
        status = _checked(reply, reference, charged.reference)
        message = clean(reply.get('responsetext', ''))
        if status is Status.DECLINED:
            raise errors.RequestRefused(message or "The gateway refused without a reason.")
        return PaymentEvent(
            operation=operation,
            status=status,
            reference=reference,
            gateway_reference=reply.get('transactionid', ''),
            amount=amount,
            currency=charged.currency,
            code=reply.get('response_code', ''),
            message=message,
        )

    # --- asking what happened ---------------------------------------------------------------------

    def query(self, reference: str) -> tuple[PaymentEvent, ...]:
        """NMI Query API by order_id: one event per action, of every transaction of this order.

        The `condition` of a transaction says what its payment is now, each action what was done. So
        a voided sale is a PAYMENT that is CANCELED, then a VOID that is DONE: whoever never booked
        the sale books nothing, whoever did learns that it was undone. The VOID takes back only a
        payment that was DONE; the two are never summed. An order that was declined, then approved,
        reports both.
        """
        if not reference:
            raise errors.RequestRefused("Without a reference the gateway would report every order.")
        return wire.report_events(self._report({'order_id': reference}), reference)

    def report(self, since: datetime, until: datetime) -> tuple[PaymentEvent, ...]:
        """NMI Query API by start_date and end_date, a page at a time.

        The dates select the transactions that were *modified* between them, each with all of its
        actions. Chargebacks are not among those. Inferred, to be confirmed with the bank: that
        dates are UTC (another zone only moves both ends by some hours), and that pages count from
        0. A gateway that counts from 1 repeats its first page, which is read once.
        """
        dates = {
            'start_date': since.astimezone(UTC).strftime(const.DATE),
            'end_date': until.astimezone(UTC).strftime(const.DATE),
        }
        transactions: dict = {}
        for number in range(const.MAX_REPORT_PAGES):
            page = self._report(dates | {
                'result_limit': str(const.REPORT_PAGE), 'page_number': str(number),
            })
            found = wire.report_transactions(page)
            if number > 1 and found and found.keys() <= transactions.keys():
                raise errors.UnknownOutcome("The gateway repeats a page of its report.")
            transactions |= found
            if len(found) < const.REPORT_PAGE:
                return wire.transaction_events(transactions.values())
        raise errors.UnknownOutcome("The gateway's report does not end.")

    def test(self) -> None:
        """NMI Query API for an order that cannot exist: proves the address and the security key."""
        self._report({'order_id': const.NO_ORDER})

    # --- being told -------------------------------------------------------------------------------

    def proof(self, notification: Notification) -> signing.HmacSha256:
        """NMI Webhooks, header `Webhook-Signature: t=<nonce>,s=<hex>` over nonce, dot, raw body.

        The nonce is opaque and never judged by age; `event_key` stops repetitions.
        """
        match = _SIGNATURE.fullmatch(notification.header(const.SIGNATURE_HEADER).strip())
        if match is None:
            raise errors.SignatureInvalid("The signature header is absent or malformed.")
        return signing.HmacSha256(
            keys=(self.credentials.webhook_key, self.credentials.webhook_key_previous),
            message=match['nonce'].encode() + b'.' + notification.body,
            signature=match['signature'],
        )

    def event_key(self, notification: Notification) -> str:
        """NMI Webhooks, `event_id`."""
        key = notification.content.get('event_id')
        if not isinstance(key, str) or not 0 < len(key) <= const.MAX_KEY_LENGTH:
            raise errors.NotificationMalformed("The body has no event_id.")
        if not key.isprintable():
            raise errors.NotificationMalformed("The event_id is not a plain word.")
        return key

    def parse(self, notification: Notification) -> tuple[PaymentEvent, ...]:
        """NMI Webhooks, `event_type` and `event_body`.

        A rebill of a subscription is a PAYMENT with a transaction number of its own; it repeats the
        subscription's order_id and names the customer's vault as `saved_card`. A batch of
        chargebacks names no transactions.
        """
        return wire.notified_events(notification.content)

    # --- the wire ---------------------------------------------------------------------------------

    @property
    def _base_url(self) -> str:
        return (self.credentials.base_url or const.PRODUCTION_URL).strip().rstrip('/')

    def _post(self, path: str, fields: dict[str, str]) -> HttpRequest:
        data = {'security_key': self.credentials.api_key} | fields
        # Customers wait for a question's answer too; only a charge may take its time.
        timeout = 30 if path == const.TRANSACT_PATH else 8
        return HttpRequest('POST', f'{self._base_url}{path}', data=data, timeout=timeout)

    def _transact(self, kind: str, fields: dict[str, str]) -> dict[str, str]:
        response = self.call(self._post(const.TRANSACT_PATH, {'type': kind} | fields))
        reply = wire.read_reply(response.text)
        if wire.refuses_key(reply):
            raise errors.CredentialsRefused(clean(reply['responsetext']))
        return reply

    def _report(self, wanted: dict[str, str]):
        return wire.read_report(self.call(self._post(const.QUERY_PATH, wanted)).body)


def _checked(reply: dict[str, str], *references: str) -> Status:
    status = wire.outcome(reply)
    if reply.get('orderid', '') not in ('', *references):
        raise errors.UnknownOutcome("The gateway answered about another order.")
    if status is Status.DONE and reply.get('transactionid') in (None, '', '0'):
        raise errors.UnknownOutcome("The gateway approved without a transaction number.")
    return status


def _order_fields(request: PaymentRequest) -> dict[str, str]:
    return {
        'amount': f'{request.amount:f}',
        'currency': request.currency,
        'orderid': request.reference,
        'orderdescription': request.description,
    }


def _customer_fields(request: PaymentRequest) -> dict[str, str]:
    customer = request.customer
    first, _space, last = customer.name.strip().partition(' ')
    fields = {
        'firstname': first,
        'lastname': last.strip(),
        'email': customer.email,
        'phone': customer.phone,
        'address1': customer.street,
        'city': customer.city,
        'zip': customer.zip,
        'country': customer.country,
        'ipaddress': customer.ip,
    }
    return {name: value for name, value in fields.items() if value}


def _card_fields(source: CardSource) -> dict[str, str]:
    if bool(source.token) == bool(source.saved_card):
        raise errors.RequestRefused("A payment takes either a card token or a saved card.")
    if source.token:
        return {'payment_token': source.token} | (const.STORES_CARD if source.save_card else {})
    initial = {'initial_transaction_id': source.initial_reference}
    return {
        'customer_vault_id': source.saved_card,
        **const.USES_STORED_CARD,
        **(initial if source.initial_reference else {}),
    }
