"""The notifications: their bodies, and the signature that proves them."""

import hashlib
import hmac
import json
import secrets
import uuid
from decimal import Decimal

from ..courier import Proof
from ..ledger import now
from . import const
from .accounts import Action, Merchant, Transaction

# As NMI's own examples show them: the batches carry no order id, and a chargeback names no
# transaction at all, only the masked card, the amount and the day.
DATE = '%Y%m%d%H%M%S'


def signature(key: str, body: bytes) -> str:
    nonce = secrets.token_hex(16)
    digest = hmac.new(key.encode(), f'{nonce}.'.encode() + body, hashlib.sha256).hexdigest()
    return f't={nonce},s={digest}'


def headers(merchant: Merchant, body: bytes, proof: Proof = Proof.TRUE) -> dict[str, str]:
    if proof is Proof.NONE:
        return {}
    key = merchant.signing_key if proof is Proof.TRUE else secrets.token_hex(16)
    return {'Webhook-Signature': signature(key, body)}


def event(event_type: str, event_body: dict) -> bytes:
    content = {'event_id': str(uuid.uuid4()), 'event_type': event_type, 'event_body': event_body}
    return json.dumps(content).encode()


def transaction_event_type(action: Action) -> str:
    outcome = 'success' if action.success else 'failure'
    if action.code == const.UNKNOWN_CODE:
        outcome = 'unknown'
    return f'transaction.{action.type}.{outcome}'


def transaction_event(transaction: Transaction) -> tuple[str, bytes]:
    """Type and body of the event for the transaction's last operation."""
    action = transaction.last
    event_type = transaction_event_type(action)
    return event_type, event(event_type, {
        'merchant': _merchant(transaction.merchant),
        'features': {'is_test_mode': True},
        'transaction_id': transaction.id,
        'transaction_type': 'cc',
        'condition': transaction.condition,
        'order_id': transaction.order_id,
        'customerid': transaction.fields.get('customer_vault_id', ''),
        'currency': transaction.currency,
        'requested_amount': f'{transaction.amount:.2f}',
        'authorization_code': transaction.authorization,
        'card': {
            'cc_number': transaction.card.masked,
            'cc_exp': transaction.card.exp,
            'cc_type': transaction.card.brand,
        },
        'action': {
            'amount': f'{action.amount:.2f}',
            'action_type': action.type,
            'date': action.date.strftime(DATE),
            'success': '1' if action.success else '0',
            'source': action.source,
            'response_text': action.text,
            'response_code': action.code,
        },
    })


def settlement_event(merchant: Merchant, transactions: list[Transaction]) -> tuple[str, bytes]:
    event_type = 'settlement.batch.complete'
    total = sum((t.actions[-1].amount for t in transactions), Decimal(0))
    return event_type, event(event_type, {
        'merchant': _merchant(merchant),
        'processor': _processor(),
        'batch_id': now().strftime(DATE),
        'count': len(transactions),
        'amount': f'{total:.2f}',
        'transaction_ids': [transaction.id for transaction in transactions],
    })


def chargeback_event(transaction: Transaction, amount: Decimal) -> tuple[str, bytes]:
    event_type = 'chargeback.batch.complete'
    names = (transaction.fields.get('firstname', ''), transaction.fields.get('lastname', ''))
    today = now()
    return event_type, event(event_type, {
        'merchant': _merchant(transaction.merchant),
        'processor': _processor(),
        'count': 1,
        'chargeback_amount': f'{amount:.2f}',
        'chargebacks': [{
            'id': secrets.token_hex(5),
            'date': f'{today.month}/{today.day}/{today.year}',
            'customer_name': ' '.join(filter(None, names)),
            'cc_number': transaction.card.masked,
            'amount': f'{amount:.2f}',
            'reason': '101: Introductory chargeback',
        }],
    })


def _merchant(merchant: Merchant) -> dict:
    return {'id': merchant.id, 'name': merchant.name}


def _processor() -> dict:
    return {'id': 'ccprocessor', 'name': 'CC Processor', 'type': 'cc'}
