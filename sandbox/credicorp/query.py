"""`/api/query.php`: transactions as XML."""

from xml.etree import ElementTree as Xml

from .accounts import Action, Transaction

DATE = '%Y%m%d%H%M%S'


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
