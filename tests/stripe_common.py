"""Stripe as far as Odoo's own provider speaks with it when a saved card is charged."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import SkipTest
from unittest.mock import patch
from urllib.parse import parse_qsl

KEYS = {
    'stripe_secret_key': 'sk_test_x', 'stripe_publishable_key': 'pk_test_x',
    'stripe_webhook_secret': 'whsec_x',
}
ADDRESS = 'odoo.addons.payment_stripe.models.payment_provider.url_join'


class StripeStandIn:
    """Charges whatever card it is asked to, once for each idempotency key.

    :ivar asked: what it was asked to charge, as it came.
    :ivar charged: what it charged, by the key.
    :ivar before_answer: what else happens between a charge and its answer.
    """

    def __init__(self):
        self.asked, self.charged = [], {}
        self.before_answer = lambda intent: None
        self._server = ThreadingHTTPServer(('127.0.0.1', 0), self._handler())
        self.url = f'http://127.0.0.1:{self._server.server_port}'

    def start(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def charge(self, form, key):
        self.asked.append(form)
        intent = self.charged.setdefault(key, {
            'id': f'pi_{len(self.charged) + 1}', 'object': 'payment_intent', 'status': 'succeeded',
            'description': form['description'], 'amount': int(form['amount']),
            'currency': form['currency'], 'payment_method': {
                'id': form['payment_method'], 'type': 'card', 'card': {'brand': 'visa'},
            },
        })
        self.before_answer(intent)
        return intent

    def _handler(self):
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length'])).decode()
                intent = stand_in.charge(dict(parse_qsl(body)), self.headers['Idempotency-Key'])
                answer = json.dumps(intent).encode()
                self.send_response(200)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_args):
                pass

        return Handler


class StripeCommon:
    """Beside a test case: `stripe_api`, to which Odoo's provider sends its requests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if 'stripe_secret_key' not in cls.registry['payment.provider']._fields:
            raise SkipTest("payment_stripe is not installed.")

    def setUp(self):
        self.stripe_api = StripeStandIn()
        self.stripe_api.start()
        self.addCleanup(self.stripe_api.stop)
        self.startPatcher(patch(
            ADDRESS, lambda _base, endpoint: f'{self.stripe_api.url}/v1/{endpoint}'))
        super().setUp()

    def told(self, intent):
        """What Odoo's webhook makes of the notification of a charge."""
        return {
            'reference': intent['description'], 'payment_intent': intent,
            'payment_method': intent['payment_method']['id'],
        }
