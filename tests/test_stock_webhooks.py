import hashlib
import hmac
import json
import time
from unittest import SkipTest

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.payment.tests.http_common import PaymentHttpCommon

from .common import EmailPayHttpCommon

UNSIGNED = 'odoo.addons.email_pay.models.payment_unsigned'
PAYMENT = 'odoo.addons.payment.models.payment_transaction'
STRIPE = 'odoo.addons.payment_stripe.controllers.main'
STRIPE_MODEL = 'odoo.addons.payment_stripe.models.payment_transaction'


class StockWebhookCommon(EmailPayHttpCommon, PaymentHttpCommon):

    def states(self):
        return self.env['payment.transaction'].search([]).mapped(lambda tx: (tx.id, tx.state))


@tagged('post_install', '-at_install')
class TestDemoRoute(StockWebhookCommon):

    @mute_logger(PAYMENT)
    def test_fault_8_an_unknown_reference_is_no_error_and_has_no_effect(self):
        before = self.states()
        self.make_jsonrpc_request('/payment/demo/simulate_payment', {
            'reference': 'NOBODYS', 'simulated_state': 'done', 'payment_details': '1111',
        })
        self.assertEqual(self.states(), before)


@tagged('post_install', '-at_install')
class TestStripeWebhook(StockWebhookCommon):
    """A provider of Odoo that believes every notification while it has no secret."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.env['ir.module.module']._get('payment_stripe').state != 'installed':
            raise SkipTest("payment_stripe is not installed.")
        cls.stripe = cls._prepare_provider('stripe', update_values={
            'stripe_secret_key': 'sk_test_x', 'stripe_publishable_key': 'pk_test_x',
            'stripe_webhook_secret': 'whsec_x',
        })

    def setUp(self):
        super().setUp()
        self.transaction = self._create_transaction(
            'redirect', provider_id=self.stripe.id, amount=100.0, partner_id=self.customer.id,
            payment_method_id=self.card.id, currency_id=self.company_currency.id,
            invoice_ids=[Command.set(self.create_invoice().ids)],
        )

    def tell(self, reference=None, secret=None):
        """Post Stripe's notification of a success, signed with `secret`; the answer's status."""
        body = json.dumps({'type': 'payment_intent.succeeded', 'data': {'object': {
            'id': 'pi_1', 'description': reference or self.transaction.reference,
            'status': 'succeeded', 'amount': 10000, 'currency': self.company_currency.name.lower(),
            'payment_method': 'pm_1',
        }}})
        headers = {'Content-Type': 'application/json'}
        if secret:
            now = int(time.time())
            digest = hmac.new(secret.encode(), f'{now}.{body}'.encode(), hashlib.sha256)
            headers['Stripe-Signature'] = f't={now},v1={digest.hexdigest()}'
        self.env.flush_all()
        with mute_logger(STRIPE, STRIPE_MODEL, 'odoo.http'):
            answer = self.url_open('/payment/stripe/webhook', data=body, headers=headers)
        self.env.invalidate_all()
        return answer.status_code

    def test_what_is_signed_is_believed(self):
        self.assertEqual(self.tell(secret='whsec_x'), 200)
        self.assertEqual(self.transaction.state, 'done')

    def test_fault_8_an_unknown_reference_is_no_error(self):
        before = self.states()
        self.assertEqual(self.tell('NOBODYS', 'whsec_x'), 200)
        self.assertEqual(self.states(), before)

    def test_fault_9_without_a_secret_nothing_is_believed(self):
        self.stripe.stripe_webhook_secret = False
        for secret in (None, 'whsec_x', 'False'):
            with self.assertLogs(UNSIGNED, 'WARNING'):
                self.tell(secret=secret)
            self.assertEqual(self.transaction.state, 'draft')
