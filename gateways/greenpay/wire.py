"""Reads what GreenPay writes: JSON answers and notifications, and what a browser brings back."""

import base64
import binascii
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from .. import errors
from ..reading import clean, json_object, last4
from ..values import HttpResponse, Notification, Operation, PaymentEvent, Status, to_decimal
from . import const

_logger = logging.getLogger(__name__)


# --- answers --------------------------------------------------------------------------------------


def read_answer(response: HttpResponse) -> dict:
    """The JSON object of an answer.

    :raises errors.Unreadable: it is none.
    :raises errors.UnknownOutcome: GreenPay says that it does not know the outcome.
    """
    content = json_object(response)
    if status_number(content) == 504:
        raise errors.UnknownOutcome("GreenPay does not know the outcome (504).")
    return content


def status_number(content: Mapping) -> int | None:
    value = content.get('status')
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 4:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def complaint(content: Mapping) -> str:
    """The error texts of an answer in one; where they stand in it is inferred."""
    found = [content.get('message'), content.get('error'), content.get('result')]
    listed = content.get('errors')
    found += listed if isinstance(listed, list) else [listed]
    texts = [one.get('message') if isinstance(one, dict) else one for one in found]
    return clean(' '.join(text for text in texts if isinstance(text, str)))


def check_credentials(content: Mapping) -> None:
    """
    :raises errors.CredentialsRefused: the answer says that the merchant or terminal is not known.
    """
    said = complaint(content).lower().replace('’', '').replace("'", '')
    for text, meaning in const.REFUSED_CREDENTIALS.items():
        if text in said:
            raise errors.CredentialsRefused(meaning)


def session(content: Mapping) -> str:
    """The session of an order.

    :raises errors.UnknownOutcome: there is none; nobody can pay the order.
    """
    value = content.get('session')
    plain = isinstance(value, str) and value.isascii() and value.replace('-', '').isalnum()
    if not plain or len(value) > 200:
        raise errors.UnknownOutcome(complaint(content) or "GreenPay opened no session.")
    return value


def charged_event(content: Mapping, reference: str, amount: Decimal, currency: str) -> PaymentEvent:
    """What the answer to a payment with a saved card says.

    :raises errors.UnknownOutcome: it names another order or none, or approves without a number.
    """
    if clean(content.get('orderId')) != reference:
        raise errors.UnknownOutcome(complaint(content) or "GreenPay answered about another order.")
    try:
        event = _payment(content)
    except errors.NotificationMalformed as error:
        raise errors.Unreadable(str(error)) from error
    if event.status is Status.DONE and not event.gateway_reference:
        raise errors.UnknownOutcome("GreenPay approved without a number.")
    return replace(event, amount=amount, currency=currency, confirmed=True)


def given_back(content: Mapping, word: str, reference: str) -> Status:
    """Where a void or refund stands: `result` is `{orderReference, <word>: true}`.

    :raises errors.RequestRefused: GreenPay refused, with its reason.
    :raises errors.UnknownOutcome: it answered about another order.
    """
    result = content.get('result')
    if not isinstance(result, dict) or word not in result:
        raise _refusal(content)
    if clean(result.get('orderReference')) not in ('', reference):
        raise errors.UnknownOutcome("GreenPay answered about another order.")
    if result[word] is True:
        return Status.DONE
    if result[word] is False:
        raise _refusal(content)
    _logger.warning("%s %.40r is not known: left pending.", word, result[word])
    return Status.PENDING


def _refusal(content: Mapping) -> errors.GatewayError:
    said = complaint(content)
    if not said:
        return errors.UnknownOutcome("GreenPay answered nothing that can be read.")
    if const.TOO_LATE in said.lower():
        return errors.RequestRefused("It is too late to void this payment: three hours are over.")
    return errors.RequestRefused(said)


# --- /transactions/get ----------------------------------------------------------------------------


def is_unknown_order(response: HttpResponse, content: Mapping) -> bool:
    """Whether GreenPay says that it has no transaction of this order."""
    return const.NOT_FOUND in complaint(content).lower() or (
        response.status == 404 and content.get('code') == 404
    )


def transaction(content: Mapping) -> Mapping:
    """The transaction that a query found.

    :raises errors.Unreadable: there is none in it.
    """
    result = content.get('result')
    if not isinstance(result, dict) or not isinstance(result.get('state'), str):
        raise errors.Unreadable(complaint(content) or "GreenPay's answer cannot be read.")
    return result


def transaction_events(found: Mapping, reference: str) -> tuple[PaymentEvent, ...]:
    """The payment, and what undid it, when its state says so."""
    state = found['state'].strip().lower()
    if state not in const.STATES:
        _logger.warning("State %.40r is not known: left pending.", state)
    status = const.STATES.get(state, Status.PENDING)
    retrieval, authorization = number(found), clean(found.get('authorizationID'))
    if status is Status.DONE and not retrieval:
        raise errors.Unreadable("GreenPay confirms a payment without a number.")
    payment = PaymentEvent(
        operation=Operation.PAYMENT,
        status=status,
        reference=reference,
        gateway_reference=retrieval,
        amount=to_decimal(found.get('amount')),
        currency=_currency(found.get('currency')),
        code=clean(found.get('responseCode')),
        message=clean(found.get('description')) or authorization,
        card_last4=last4(clean(found.get('cardNumber'))),
        happened_at=_time(found.get('date')),
    )
    if status is Status.DONE and (payment.amount is None or not payment.currency):
        raise errors.Unreadable("GreenPay confirms a payment without its amount.")
    if state == const.REFUNDED:
        return payment, replace(payment, operation=Operation.REFUND)
    if state in const.VOIDED:
        return payment, replace(payment, operation=Operation.VOID, status=Status.DONE)
    return (payment,)


def number(found: Mapping) -> str:
    """GreenPay's number of a payment: the same in a query and in a notification."""
    return clean(found.get('retrievalNumber')) or clean(found.get('authorizationID'))


def card(found: Mapping) -> dict[str, str]:
    """What a void names of the card. That `cardNumber` shows its first six digits is inferred.

    :raises errors.RequestRefused: they cannot be read.
    """
    masked = clean(found.get('cardNumber')).replace(' ', '')
    first, last = masked[:6], last4(masked)
    if not (first.isascii() and first.isdigit() and len(masked) >= 12 and last):
        raise errors.RequestRefused(
            "GreenPay does not tell the first digits of the card: do it in its panel."
        )
    return {'bin': first, 'last4': last, 'authorization': clean(found.get('authorizationID'))}


def _currency(value) -> str:
    text = clean(value).upper()
    return text if len(text) == 3 and text.isascii() and text.isalpha() else ''


def _time(value) -> datetime | None:
    # Milliseconds, or ISO 8601; a time without zone is UTC. All three are inferred.
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        found = datetime.fromisoformat(clean(value))
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# --- notifications --------------------------------------------------------------------------------


def signed_part(content: Mapping) -> str:
    """What `_signature` covers: the status, and the order or the request.

    For requests (saved cards) it is documented; for orders it is inferred from those.

    :raises errors.NotificationMalformed: it is neither.
    """
    status, name = status_number(content), _subject(content)
    if status is None:
        raise errors.NotificationMalformed("The body has no status.")
    return f'status:{status},{name}:{_word(content, name)}'


def _subject(content: Mapping) -> str:
    found = [name for name in ('orderId', 'requestId') if content.get(name) is not None]
    if len(found) != 1:
        raise errors.NotificationMalformed("The body names neither an order nor a request.")
    return found[0]


def notified_event(content: Mapping) -> PaymentEvent:
    """What a notification or the customer's browser tells: a hint, as no amount is signed."""
    return replace(_payment(content), confirmed=False)


def _payment(content: Mapping) -> PaymentEvent:
    name = _subject(content)
    status = status_number(content)
    if status is None:
        raise errors.NotificationMalformed("The body has no status.")
    if status not in const.STATUSES:
        _logger.warning("Status %.20r is not known: left pending.", status)
    result = _object(content, 'result')
    is_card = name == 'requestId'
    return PaymentEvent(
        operation=Operation.PAYMENT,
        status=const.STATUSES.get(status, Status.PENDING),
        reference=_word(content, name),
        gateway_reference='' if is_card else _number(content, result),
        code=_word(result, 'resp_code'),
        message=complaint(content),
        card_brand=clean(content.get('brand')),
        card_last4=last4(_word(content, 'last4') or _word(result, 'last_digits')),
        saved_card=_word(result, 'token') if is_card else '',
    )


def _number(content: Mapping, result: Mapping) -> str:
    found = (
        _word(result, 'retrieval_ref_num'), _word(result, 'authorization_id_resp'),
        _word(content, 'authorization'),
    )
    return next(filter(None, found), '')


def _object(container: Mapping, key: str) -> dict:
    value = container.get(key)
    if value is not None and not isinstance(value, dict):
        raise errors.NotificationMalformed(f"{key} is not an object.")
    return value or {}


def _word(container: Mapping, key: str) -> str:
    value = container.get(key)
    if value is None:
        return ''
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise errors.NotificationMalformed(f"{key} is not of its type.")
    text = str(value) if isinstance(value, str) or abs(value) < 10**60 else '\0'
    if len(text) > 255 or not text.isprintable():
        raise errors.NotificationMalformed(f"{key} is not a plain word.")
    return text


def returned(tail: str) -> Notification:
    """What the browser brings back behind the callback address: Base64 of a JSON object, in either
    alphabet, with or without its padding.

    :raises errors.NotificationMalformed: it is not.
    """
    text = tail.strip('/').replace('-', '+').replace('_', '/').replace(' ', '+').rstrip('=')
    if not text or len(text) > const.MAX_TAIL:
        raise errors.NotificationMalformed("The address carries nothing that can be read.")
    try:
        body = base64.b64decode(text + '=' * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise errors.NotificationMalformed("The address carries no Base64.") from error
    return Notification(body)
