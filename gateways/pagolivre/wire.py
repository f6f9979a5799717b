"""Reads what PagoLivre writes: orders, errors, notifications."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote, unquote, urlsplit

from .. import errors
from ..reading import clean, json_object
from ..values import (
    HttpResponse,
    Operation,
    PaymentEvent,
    Plan,
    PlanCharge,
    Status,
    to_decimal,
)
from . import const

_logger = logging.getLogger(__name__)

CURRENCY = 'BRL'
LOOPBACK = ('127.0.0.1', 'localhost', '::1')


def words(text: str) -> dict[str, str]:
    """`const.WORDS`, with the lines `ours = theirs` of `text` in their place.

    :raises ValueError: a line is none, or its name is not ours.
    """
    known = _pairs(const.WORDS)
    changed = _pairs(text)
    for name, word in changed.items():
        if name not in known or not word:
            raise ValueError(f'{name} = {word}')
    return known | changed


def _pairs(text: str) -> dict[str, str]:
    lines = [line.strip() for line in text.splitlines()]
    pairs = [line.partition('=') for line in lines if line and not line.startswith('#')]
    return {name.strip(): word.strip() for name, _equals, word in pairs}


def key(reference: str) -> str:
    """Our reference as an `orderKey`: plain everywhere, also in a path, where servers differ on
    what a slash of an invoice's name is."""
    return quote(reference, safe='').replace('~', '%7E').replace('%', '~')


def reference(order_key: str) -> str:
    """What `key` made an `orderKey` of."""
    return unquote(order_key.replace('~', '%'))


# --- answers --------------------------------------------------------------------------------------


def read_answer(response: HttpResponse) -> dict:
    """The JSON object of an answer.

    :raises errors.Unreadable: it is none.
    :raises errors.CredentialsRefused: the token is not valid.
    :raises errors.RequestRefused: with PagoLivre's reason. Errors are `{code, message}`.
    """
    if response.status == 401:
        raise errors.CredentialsRefused("PagoLivre refused the token.")
    content = json_object(response)
    if 300 <= response.status < 400:
        raise errors.Unreadable("PagoLivre's answer cannot be read.")
    if response.status >= 400:
        said = clean(content.get('message')) or clean(content.get('code'))
        if not said:
            raise errors.Unreadable(f"PagoLivre answered {response.status} without a reason.")
        raise errors.RequestRefused(said)
    return content


def is_nothing(response: HttpResponse) -> bool:
    """Whether PagoLivre says that it has no such order."""
    return response.status == 204 and not response.body


def order(content: Mapping, order_key: str) -> Mapping:
    """An order of ours.

    :raises errors.Unreadable: it is none.
    :raises errors.UnknownOutcome: it is another order.
    """
    if not order_id(content) or not isinstance(content.get('status'), str):
        raise errors.Unreadable("PagoLivre answered without an order.")
    if clean(content.get('orderKey')) not in ('', order_key):
        raise errors.UnknownOutcome("PagoLivre answered about another order.")
    return content


def order_id(content: Mapping) -> str:
    """PagoLivre's own number of an order; '' for what could not stand in an address."""
    value = clean(content.get('id'))
    plain = value.isascii() and value.replace('-', '').isalnum() and len(value) <= 100
    return value if plain else ''


def status(content: Mapping) -> Status:
    """Where an order stands; pending when its word is not known."""
    word = content['status']
    if word not in const.STATUSES:
        _logger.warning("Status %.40r is not known: left pending.", word)
    return const.STATUSES.get(word, Status.PENDING)


def is_open(content: Mapping) -> bool:
    """Whether the customer can still pay this order."""
    return content['status'] == const.CREATED


def page(content: Mapping) -> str:
    """Where the customer pays.

    :raises errors.UnknownOutcome: nowhere that a browser may be sent to.
    """
    address = content.get('paymentUrl')
    try:
        parts = urlsplit(address if isinstance(address, str) else '')
        host = parts.hostname
    except ValueError:
        host = None
    local = host and parts.scheme == 'http' and host in LOOPBACK
    if not host or not (parts.scheme == 'https' or local) or not address.isprintable():
        raise errors.UnknownOutcome("PagoLivre opened no page.")
    return address


def page_ends(content: Mapping) -> datetime | None:
    return time(content.get('expirationDate'))


def order_events(content: Mapping, reference: str, names: Mapping) -> tuple[PaymentEvent, ...]:
    """The payment of an order, and what was given back of it; empty while nobody has paid. One that
    is paid month by month has a payment for each charge, and is never paid as a whole."""
    if is_open(content):
        return ()
    if charges := plan(content, reference, names).charges:
        events = (charge.event for charge in charges)
        return tuple(event for event in events if event.status is not Status.PENDING)
    payment = PaymentEvent(
        operation=Operation.PAYMENT,
        status=status(content),
        reference=reference,
        gateway_reference=order_id(content),
        amount=to_decimal(content.get(names['order_amount'])),
        currency=CURRENCY,
        code=clean(content['status'], 40),
        message=reason(content),
    )
    parts = tuple(cancellations(content, payment, names))
    if content['status'] == const.CANCELED and not _are_all(parts, payment.amount):
        parts = (undone(payment),)
    return payment, *parts


def _are_all(parts: tuple[PaymentEvent, ...], amount: Decimal | None) -> bool:
    return len(parts) > 1 and sum(part.amount for part in parts) == amount


def reason(content: Mapping) -> str:
    """PagoLivre's own text, in Portuguese."""
    return clean(content.get('decliningReason')) or clean(content.get('cancelingReason'))


def undone(payment: PaymentEvent) -> PaymentEvent:
    """An order that is cancelled as a whole: if it was paid, all of it went back."""
    return PaymentEvent(
        operation=Operation.VOID,
        status=Status.DONE,
        reference=payment.reference,
        gateway_reference=payment.gateway_reference,
        currency=CURRENCY,
        message=payment.message,
    )


def cancellations(content: Mapping, payment: PaymentEvent, names: Mapping):
    """What went back in parts, as far as PagoLivre tells."""
    listed = content.get(names['cancellations'])
    for one in listed if isinstance(listed, list) else ():
        number = clean(one.get(names['cancellation_id']), 100) if isinstance(one, dict) else ''
        amount = to_decimal(one.get(names['cancellation_amount'])) if number else None
        if amount is not None:
            yield PaymentEvent(
                operation=Operation.REFUND,
                status=Status.DONE,
                reference=payment.reference,
                gateway_reference=number,
                amount=amount,
                currency=CURRENCY,
            )


def cancelled(content: Mapping, wanted: tuple[str, ...]) -> Status:
    """Where a cancellation stands: done when the order has one of the `wanted` words."""
    if content['status'] in wanted:
        return Status.DONE
    _logger.warning("Status %.40r after a cancellation: left pending.", content['status'])
    return Status.PENDING


# --- monthly charges: all of it is inferred -------------------------------------------------------


def plan(content: Mapping, reference: str, names: Mapping) -> Plan:
    """A recurrent order with its monthly charges, by number."""
    listed = content.get(names['charges'])
    charges = [
        charge for one in (listed if isinstance(listed, list) else ())
        if (charge := _charge(one, reference, names))
    ]
    return Plan(
        status=status(content),
        gateway_reference=order_id(content),
        message=reason(content),
        code=clean(content['status'], 40),
        charges=tuple(sorted(charges, key=lambda charge: charge.number)),
    )


def _charge(content, reference: str, names: Mapping) -> PlanCharge | None:
    if not isinstance(content, dict):
        return None
    found = {name: content.get(names[f'charge_{name}'])
             for name in ('id', 'number', 'amount', 'due', 'paid_at', 'reason', 'status')}
    number = found['number']
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= 999:
        _logger.warning("A monthly charge has no number, and is passed over.")
        return None
    where = _charge_status(found['status'], names)
    identity = clean(found['id'], 100)
    if where is Status.DONE and not identity:
        raise errors.Unreadable("PagoLivre confirms a monthly charge without its number.")
    due = time(found['due'])
    return PlanCharge(number, due and due.date(), PaymentEvent(
        operation=Operation.PAYMENT,
        status=where,
        reference=reference,
        gateway_reference=identity,
        amount=to_decimal(found['amount']),
        currency=CURRENCY,
        code=clean(found['status'], 40),
        message=clean(found['reason']),
        happened_at=time(found['paid_at']),
    ))


def _charge_status(word, names: Mapping) -> Status:
    known = {names[name]: status for name, status in const.CHARGE_STATUSES.items()}
    if not isinstance(word, str) or word not in known:
        _logger.warning("Status %.40r of a monthly charge is not known: left pending.", word)
        return Status.PENDING
    return known[word]


def time(value) -> datetime | None:
    """ISO 8601; a time without zone is UTC. Both are inferred."""
    try:
        found = datetime.fromisoformat(clean(value, 40))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# --- notifications --------------------------------------------------------------------------------


def notified(content: Mapping) -> tuple[str, str, str]:
    """The event's name, our key and PagoLivre's number of the order.

    :raises errors.NotificationMalformed: the body is not `{eventName, orderKey, orderId}`.
    """
    found = tuple(_word(content, key) for key in ('eventName', 'orderKey', 'orderId'))
    if not all(found):
        raise errors.NotificationMalformed("The body names no event, order or number.")
    return found


def _word(content: Mapping, key: str) -> str:
    value = content.get(key)
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise errors.NotificationMalformed(f"{key} is not a plain word.")
    return value.strip()


def notified_event(content: Mapping, names: Mapping) -> PaymentEvent:
    """What a notification tells: a hint, as nothing in it is signed."""
    event, order_key, number = notified(content)
    known = {names[name]: status for name, status in const.EVENT_STATUSES.items()}
    if event not in known:
        _logger.warning("Event %.40r is not known: left pending.", event)
    return PaymentEvent(
        operation=Operation.PAYMENT,
        status=known.get(event, Status.PENDING),
        reference=reference(order_key),
        gateway_reference=number,
        message=event,
        confirmed=False,
    )


# --- what PagoLivre wants of a customer -----------------------------------------------------------


def digits(text: str) -> str:
    return ''.join(one for one in text if one.isascii() and one.isdigit())


def identification(text: str) -> str:
    """A CPF (11 digits) or CNPJ (14 letters and digits) as PagoLivre takes it; '' for neither."""
    written = text.strip().upper().removeprefix('BR')
    plain = ''.join(one for one in written if one.isascii() and one.isalnum())
    return plain if (len(plain) == 11 and plain.isdigit()) or len(plain) == 14 else ''


def mobile(text: str) -> str:
    """A Brazilian phone as area code and number, without the country's; '' for none."""
    found = digits(text)
    if text.strip().startswith('+') and not found.startswith('55'):
        return ''
    if found.startswith('55') and len(found) in (12, 13):
        found = found[2:]
    found = found.removeprefix('0')
    return found if len(found) in (10, 11) else ''


def money(amount: Decimal) -> float:
    """Reais as a JSON number: a float writes up to 15 digits as they are."""
    return float(amount)
