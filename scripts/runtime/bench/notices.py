"""Notifications as the gateways write them, really signed: ours by the sandbox, and Stripe's."""

import hashlib
import hmac
import importlib
import itertools
import json
import sys
import time

from ..home import CHECKOUT
from .sockets import post

SIGNING_KEY = 'sandbox-signing-key-100001'
STRIPE_SECRET = 'whsec_bench'
STRIPE_ROUTE = '/payment/stripe/webhook'

_numbers = itertools.count(7_000_000_000)


def sandbox():
    """The gateways' stand-ins, which live beside the scripts."""
    if str(CHECKOUT) not in sys.path:
        sys.path.append(str(CHECKOUT))
    return importlib.import_module('sandbox')


def ours(payment, key=SIGNING_KEY):
    """The request that tells our webhook of a payment, each time as an event of its own."""
    sandbox()
    notices = importlib.import_module('sandbox.credicorp.notices')
    body = notices.event('transaction.sale.success', {
        'merchant': {'id': '100001', 'name': 'Demo Company'},
        'features': {'is_test_mode': True},
        'transaction_id': str(next(_numbers)),
        'transaction_type': 'cc',
        'condition': 'pendingsettlement',
        'order_id': payment['reference'],
        'currency': payment['currency'],
        'requested_amount': payment['amount'],
        'card': {'cc_number': '411111******1111', 'cc_exp': '1230', 'cc_type': 'visa'},
        'action': {
            'amount': payment['amount'], 'action_type': 'sale', 'success': '1', 'source': 'api',
            'response_text': 'SUCCESS', 'response_code': '100',
        },
    })
    return post(
        webhook_path(payment), body, Webhook_Signature=notices.signature(key, body))


def forged(payment):
    return ours(payment, key='not the key of this merchant')


def webhook_path(payment):
    return f'/pay/webhook/{payment["provider"]}'


def stripe(payment):
    """The request that tells Odoo's own Stripe webhook of a payment: no further call is needed."""
    cents = round(float(payment['amount']) * 100)
    body = json.dumps({
        'id': f'evt_{next(_numbers)}', 'object': 'event', 'type': 'payment_intent.succeeded',
        'data': {'object': {
            'id': f'pi_{next(_numbers)}', 'object': 'payment_intent', 'amount': cents,
            'currency': payment['currency'].lower(), 'description': payment['reference'],
            'payment_method': 'pm_card_visa', 'status': 'succeeded',
        }},
    }).encode()
    now = int(time.time())
    proof = hmac.new(
        STRIPE_SECRET.encode(), f'{now}.'.encode() + body, hashlib.sha256).hexdigest()
    return post(STRIPE_ROUTE, body, Stripe_Signature=f't={now},v1={proof}')
