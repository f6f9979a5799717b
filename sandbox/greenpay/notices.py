"""What GreenPay says of a payment or a card: in an answer, a notification, or the browser."""

import base64
import json

from ..cards import Card
from ..courier import Proof
from . import cards
from .accounts import Merchant, Payment, Session
from .signature import signed


def payment_body(payment: Payment, callback: str = '') -> dict:
    approved = payment.code == '00'
    return {
        'status': 200 if approved else 500,
        'orderId': payment.reference,
        'authorization': payment.authorization or None,
        'last4': payment.card.number[-4:],
        'brand': payment.card.brand.capitalize(),
        'result': {
            'time_local_tran': payment.date.strftime('%H%M%S'),
            'success': approved,
            'retrieval_ref_num': payment.id,
            'resp_code': payment.code,
            'date_local_tran': payment.date.strftime('%m%d'),
            'authorization_id_resp': payment.authorization,
        },
        'errors': [] if approved else [cards.TEXTS[payment.code]],
        'callback': callback,
    }


def unknown_body(order: dict) -> dict:
    """GreenPay's own "I do not know": 504."""
    return {
        'status': 504, 'orderId': order['orderReference'], 'result': {}, 'errors': ['timeout'],
        'callback': order.get('callback', ''),
    }


def card_body(session: Session, card: Card, token: str) -> dict:
    return {
        'status': 200,
        'requestId': session.order['requestId'],
        'result': {'token': token, 'last_digits': card.number[-4:], 'bin': card.number[:6]},
        'expiration_date': card.exp[2:] + card.exp[:2],
        'brand': card.brand.capitalize(),
        'nickname': '',
        'errors': [],
        'callback': session.order.get('callback', ''),
    }


def as_bytes(merchant: Merchant, content: dict, proof: Proof = Proof.TRUE) -> bytes:
    return json.dumps(signed(merchant.private_key, content, proof)).encode()


def return_address(merchant: Merchant, content: dict) -> str:
    """Where the browser is sent back to, with what happened in its path."""
    tail = base64.b64encode(as_bytes(merchant, content)).decode()
    return f'{content["callback"].rstrip("/")}/{tail}'
