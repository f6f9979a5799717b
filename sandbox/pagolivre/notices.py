"""What PagoLivre says of an order, in an answer and in a notification."""

import json
from urllib.parse import quote

from ..courier import Message, Proof
from .accounts import Charge, Order

EVENTS = {
    'created': 'orderCreated',
    'paid': 'orderPaid',
    'canceled': 'orderCanceled',
    'declined': 'orderDeclined',
    'expired': 'orderExpired',
    'charge': 'orderCharge',
}


def order_body(order: Order, page: str) -> dict:
    body = {
        'id': order.id,
        'orderKey': order.key,
        'status': order.status,
        'paymentUrl': page,
        'expirationDate': order.expires.isoformat(),
        'decliningReason': order.declining,
        'cancelingReason': order.canceling,
    }
    if order.merchant.told:
        body |= {'amount': float(order.amount), 'cancellations': [
            one | {'amount': float(one['amount'])} for one in order.cancellations
        ]}
    if order.is_recurrent:
        body['charges'] = [charge_body(charge) for charge in order.charges]
    return body


def charge_body(charge: Charge) -> dict:
    return {
        'id': charge.id,
        'number': charge.number,
        'amount': float(charge.amount),
        'dueDate': charge.due.isoformat(),
        'status': charge.status,
        'paidAt': charge.paid_at and charge.paid_at.isoformat(),
        'decliningReason': charge.reason,
    }


def notice_body(order: Order, event: str) -> bytes:
    """Nothing of it is signed."""
    return json.dumps({
        'eventName': EVENTS[event], 'orderKey': order.key, 'orderId': order.id,
    }).encode()


def message(order: Order, event: str, url: str) -> Message:
    """Its address carries the merchant's own token."""
    tokens = {Proof.TRUE: order.merchant.token, Proof.FORGED: order.merchant.token[::-1]}
    operation = 'charge' if event == 'charge' else 'order'

    def address(proof: Proof):
        query = f'?accessToken={quote(tokens[proof], safe="")}' if proof in tokens else ''
        return f'{url}{query}', {}

    return Message(
        'pagolivre', operation, EVENTS[event], lambda _proof: notice_body(order, event), address
    )
