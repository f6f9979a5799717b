"""`/api/query.php`: transactions as XML."""

from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

from .accounts import Accounts, Action, Merchant, Transaction

DATE = '%Y%m%d%H%M%S'


class Malformed(Exception):
    """A query that cannot be understood, in the gateway's words."""


def find(accounts: Accounts, merchant: Merchant, form: Mapping[str, str]) -> list[Transaction]:
    """The transactions that a query wants, oldest first, as `result_limit` and `page_number` cut
    them. The dates are those of the last modification, in UTC, both included.

    :raises Malformed: a date or a number is none.
    """
    found = accounts.find(
        merchant, id=form.get('transaction_id', ''), order_id=form.get('order_id', '')
    )
    since, until = _date(form, 'start_date'), _date(form, 'end_date')
    conditions, types = _words(form, 'condition'), _words(form, 'action_type')
    found = [
        transaction for transaction in found
        if (since is None or transaction.modified >= since)
        and (until is None or transaction.modified.replace(microsecond=0) <= until)
        and (not conditions or transaction.condition in conditions)
        and (not types or any(action.type in types for action in transaction.actions))
    ]
    limit, page = _number(form, 'result_limit'), _number(form, 'page_number')
    return found[page * limit:(page + 1) * limit] if limit else found


def _date(form: Mapping[str, str], name: str) -> datetime | None:
    if not form.get(name):
        return None
    try:
        return datetime.strptime(form[name], DATE).replace(tzinfo=UTC)
    except ValueError as error:
        raise Malformed(f'Invalid {name}') from error


def _words(form: Mapping[str, str], name: str) -> set[str]:
    return set(filter(None, form.get(name, '').split(',')))


def _number(form: Mapping[str, str], name: str) -> int:
    text = form.get(name) or '0'
    if not text.isdecimal():
        raise Malformed(f'Invalid {name}')
    return int(text)


def transactions_xml(transactions: list[Transaction]) -> bytes:
    root = Xml.Element('nm_response')
    for transaction in transactions:
        _add_transaction(root, transaction)
    return _text(root)


def error_xml(message: str) -> bytes:
    root = Xml.Element('nm_response')
    Xml.SubElement(root, 'error_response').text = message
    return _text(root)


def _add_transaction(root: Xml.Element, transaction: Transaction):
    element = Xml.SubElement(root, 'transaction')
    original = transaction.original.id if transaction.original else ''
    _add(
        element,
        transaction_id=transaction.id,
        transaction_type='cc',
        condition=transaction.condition,
        order_id=transaction.order_id,
        authorization_code=transaction.authorization,
        customerid=transaction.fields.get('customer_vault_id', ''),
        currency=transaction.currency,
        original_transaction_id=original,
        cc_number=transaction.card.masked,
        cc_exp=transaction.card.exp,
        cc_type=transaction.card.brand,
    )
    for action in transaction.actions:
        _add_action(element, action)


def _add_action(element: Xml.Element, action: Action):
    _add(
        Xml.SubElement(element, 'action'),
        amount=f'{action.amount:.2f}',
        action_type=action.type,
        date=action.date.strftime(DATE),
        success='1' if action.success else '0',
        source=action.source,
        response_text=action.text,
        response_code=action.code,
    )


def _add(parent: Xml.Element, **values: str):
    for name, value in values.items():
        Xml.SubElement(parent, name).text = value


def _text(root: Xml.Element) -> bytes:
    return Xml.tostring(root, encoding='UTF-8', xml_declaration=True)
