"""Reads what an NMI gateway writes: its form replies, its XML reports, its JSON notifications."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from operator import itemgetter
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from .. import errors
from ..reading import clean, last4
from ..values import Operation, PaymentEvent, Status, to_decimal
from . import const

_logger = logging.getLogger(__name__)


# --- transact.php ---------------------------------------------------------------------------------


def read_reply(text: str) -> dict[str, str]:
    """The fields of a Direct Post reply.

    :raises errors.UnknownOutcome: it is none.
    """
    try:
        reply = dict(parse_qsl(text.strip(), keep_blank_values=True, max_num_fields=500))
    except ValueError as error:
        raise errors.UnknownOutcome("The gateway's answer cannot be read.") from error
    if not reply.get('response'):
        raise errors.UnknownOutcome("The gateway's answer cannot be read.")
    return reply


def refuses_key(reply: dict[str, str]) -> bool:
    """Whether the reply says that the security key is not valid."""
    text = reply.get('responsetext', '').lower()
    rejected = reply['response'] == const.ERROR and reply.get('response_code') in (None, '', '300')
    return rejected and any(words in text for words in const.REFUSED_KEY_TEXTS)


def outcome(reply: dict[str, str]) -> Status:
    """What `response` and `response_code` say together.

    Approval needs two known words. A word that is not known leaves the payment pending.

    :raises errors.UnknownOutcome: a communication error, or words that contradict each other.
    """
    word, code = reply['response'], reply.get('response_code', '')
    said, meant = const.RESPONSES.get(word), const.CODES.get(code, (None,))[0]
    if said is None or (meant is None and word != const.DECLINED):
        _logger.warning("Result %.20r with code %.20r is not known: left pending.", word, code)
        return Status.PENDING
    if meant not in (None, said):
        raise errors.UnknownOutcome(f"The gateway does not know the outcome (code {code}).")
    return said


# --- query.php ------------------------------------------------------------------------------------


def read_report(body: bytes) -> ElementTree.Element:
    """The `<nm_response>` of a query.

    :raises errors.AddressNotFound: it is none, or one that is not safe to read.
    :raises errors.CredentialsRefused: it is an `<error_response>`.
    """
    text = body[: const.MAX_REPORT_BYTES + 1].decode('utf-8', 'replace')
    unsafe = len(body) > const.MAX_REPORT_BYTES or '<!DOCTYPE' in text or '<!ENTITY' in text
    root = None if unsafe else _xml(text)
    if root is None or root.tag not in ('nm_response', 'error_response'):
        raise errors.AddressNotFound("The address does not answer as this gateway.")
    refusal = next(root.iter('error_response'), None)
    if refusal is not None:
        raise errors.CredentialsRefused(clean(refusal.text or "The gateway refused the key."))
    return root


def _xml(text: str) -> ElementTree.Element | None:
    try:
        return ElementTree.fromstring(text.strip())
    except (ElementTree.ParseError, ValueError):
        return None


def report_events(root: ElementTree.Element, reference: str) -> tuple[PaymentEvent, ...]:
    """One event per action of the transactions that carry our `reference`, oldest first."""
    return transaction_events(
        transaction for transaction in root.findall('transaction')
        if _child(transaction, 'order_id') == reference
    )


def report_transactions(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """The transactions of a report by the gateway's number of each."""
    return {
        _child(transaction, 'transaction_id'): transaction
        for transaction in root.findall('transaction')
    }


def transaction_events(transactions: Iterable[ElementTree.Element]) -> tuple[PaymentEvent, ...]:
    """One event per action, oldest first."""
    dated = [
        (_child(action, 'date'), _action_event(transaction, action))
        for transaction in transactions
        for action in transaction.findall('action') or [ElementTree.Element('action')]
    ]
    return tuple(event for _date, event in sorted(dated, key=itemgetter(0)))


def _action_event(transaction: ElementTree.Element, action: ElementTree.Element) -> PaymentEvent:
    word = _child(action, 'action_type')
    if word not in const.ACTIONS:
        _logger.warning("Action type %.40r is not known: kept, and changes nothing.", word)
    operation = const.ACTIONS.get(word, Operation.OTHER)
    return PaymentEvent(
        operation=operation,
        status=_action_status(transaction, action, operation),
        reference=_child(transaction, 'order_id'),
        gateway_reference=_child(transaction, 'transaction_id'),
        amount=_signless(to_decimal(_child(action, 'amount')), operation),
        currency=_child(transaction, 'currency').upper(),
        code=const.LOST_CODE if _is_lost_and_settled(transaction, action)
        else _child(action, 'response_code'),
        message=_child(action, 'response_text'),
        card_brand=_child(transaction, 'cc_type'),
        card_last4=last4(_child(transaction, 'cc_number')),
        happened_at=_time(_child(action, 'date')),
    )


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, const.DATE).replace(tzinfo=UTC)
    except ValueError:
        return None


def _action_status(transaction, action, operation: Operation) -> Status:
    success = _child(action, 'success')
    if success == '0':
        settled = _is_settled(transaction)
        return Status.PENDING if _is_lost(action) and not settled else Status.DECLINED
    if success != '1':
        _logger.warning("Success %.20r is not known: left pending.", success)
        return Status.PENDING
    if operation not in (Operation.PAYMENT, Operation.REFUND):
        return Status.DONE
    return _stands(_child(transaction, 'condition'), _child(action, 'action_type'))


def _is_lost(action) -> bool:
    """Whether the bank's answer did not reach the gateway."""
    return const.CODES.get(_child(action, 'response_code'), (None,))[0] is Status.PENDING


def _is_settled(transaction) -> bool:
    """Whether the gateway itself calls the payment failed: then a lost answer matters no more."""
    return const.CONDITIONS.get(_child(transaction, 'condition')) is Status.DECLINED


def _is_lost_and_settled(transaction, action) -> bool:
    return _is_lost(action) and _is_settled(transaction)


def _stands(condition: str, action_type: str) -> Status:
    if condition not in const.CONDITIONS:
        _logger.warning("Condition %.40r is not known: left pending.", condition)
    status = const.CONDITIONS.get(condition, Status.PENDING)
    # An authorization stays one while its transaction waits for, or has had, a capture of its own.
    waits = status is Status.DONE or condition == 'pending'
    return Status.AUTHORIZED if action_type == 'auth' and waits else status


def _child(element: ElementTree.Element, tag: str) -> str:
    return clean(element.findtext(tag) or '')


# --- notifications --------------------------------------------------------------------------------


def notified_events(content: dict) -> tuple[PaymentEvent, ...]:
    """What one notification reports; a batch of chargebacks reports each of them.

    :raises errors.NotificationMalformed: a field has not the type that it must have.
    """
    event_type = _text(content, 'event_type')
    if not event_type or 'event_body' not in content:
        raise errors.NotificationMalformed("The body has no event_type or no event_body.")
    if event_type not in const.EVENTS:
        _logger.warning("Event type %.80r is not known: kept, and changes nothing.", event_type)
    operation, status = const.EVENTS.get(event_type, (Operation.OTHER, Status.PENDING))
    if operation is Operation.OTHER:
        return (_without_effect(content, status),)
    body = _object(content, 'event_body')
    if operation is Operation.CHARGEBACK:
        return tuple(_chargeback(entry, body) for entry in _objects(body, 'chargebacks') or [{}])
    return (_transaction(body, operation, status),)


def _without_effect(content: dict, status: Status) -> PaymentEvent:
    # It changes nothing, so it is kept whatever its body looks like.
    try:
        return _transaction(_object(content, 'event_body'), Operation.OTHER, status)
    except errors.NotificationMalformed:
        return PaymentEvent(operation=Operation.OTHER, status=status)


def _transaction(body: dict, operation: Operation, status: Status) -> PaymentEvent:
    action, card = _object(body, 'action'), _object(body, 'card')
    amount = _amount(action, 'amount')
    if amount is None:
        amount = _amount(body, 'requested_amount')
    rebill = _text(action, 'source') == 'recurring'
    return PaymentEvent(
        operation=operation,
        status=status,
        reference=_text(body, 'order_id'),
        gateway_reference=_text(body, 'transaction_id'),
        amount=_signless(amount, operation),
        currency=_text(body, 'currency').upper(),
        code=_text(action, 'response_code'),
        message=_words(action, 'response_text'),
        test=_is_test(body),
        card_brand=_words(card, 'cc_type'),
        card_last4=last4(_words(card, 'cc_number')),
        saved_card=_text(body, 'customerid') if rebill else '',
    )


def _chargeback(entry: dict, body: dict) -> PaymentEvent:
    # The gateway names no transaction here: a person finds it by card, amount and date.
    return PaymentEvent(
        operation=Operation.CHARGEBACK,
        status=Status.DONE,
        gateway_reference=_text(entry, 'id'),
        amount=_signless(_amount(entry, 'amount'), Operation.CHARGEBACK),
        code=_text(entry, 'reason_code'),
        message=_words(entry, 'reason'),
        test=_is_test(body),
        card_last4=last4(_words(entry, 'cc_number')),
    )


def _is_test(body: dict) -> bool:
    value = _object(body, 'features').get('is_test_mode')
    if value is not None and not isinstance(value, bool):
        raise errors.NotificationMalformed("is_test_mode is neither true nor false.")
    return bool(value)


def _object(container: dict, key: str) -> dict:
    value = container.get(key)
    if value is not None and not isinstance(value, dict):
        raise errors.NotificationMalformed(f"{key} is not an object.")
    return value or {}


def _objects(container: dict, key: str) -> list[dict]:
    value = container.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise errors.NotificationMalformed(f"{key} is not a list of objects.")
    return value


def _scalar(container: dict, key: str, types: tuple[type, ...]) -> str:
    value = container.get(key)
    if value is None:
        return ''
    if isinstance(value, bool) or not isinstance(value, types):
        raise errors.NotificationMalformed(f"{key} is not of its type.")
    return str(value)


def _text(container: dict, key: str) -> str:
    value = _scalar(container, key, (str, int))
    if len(value) > 255 or not value.isprintable():
        raise errors.NotificationMalformed(f"{key} is not a plain word.")
    return value


def _words(container: dict, key: str) -> str:
    return clean(_scalar(container, key, (str, int)))


def _amount(container: dict, key: str):
    text = _scalar(container, key, (str, int, float)).strip()
    amount = to_decimal(text)
    if text and (amount is None or len(text) > 40):
        raise errors.NotificationMalformed(f"{key} is not an amount.")
    return amount


def _signless(amount, operation: Operation):
    # Reports write what went back with a minus sign.
    return amount if amount is None or operation is Operation.PAYMENT else abs(amount)
