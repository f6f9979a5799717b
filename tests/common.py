"""What the Odoo tests share: a company that collects through a real gateway stand-in.

Nothing of the add-on is replaced: the gateway is the sandbox on a loopback address, and its
notifications are signed with its own key.
"""

from datetime import timedelta

from odoo import fields

from ..const import WEBHOOK_ROUTE
from ..gateways.values import CardSource
from ..sandbox import Sandbox
from ..sandbox.credicorp import notices
from .company_common import CompanyCommon, CompanyHttpCommon

# Which logs what a gateway's page could not do.
CHECKOUT = 'odoo.addons.email_pay.models.payment_checkout'

APPROVED_CARD = '4111111111111111'
NO_FUNDS_CARD = '4000000000002024'
UNKNOWN_BUT_CHARGED_CARD = '4000000000014219'


class EmailPayCommon(CompanyCommon):
    """A company with Email Pay enabled, a customer, and Credicorp played by the sandbox."""

    @classmethod
    def _merchant_keys(cls):
        """Override: those that the sandbox knows."""
        cls.sandbox = Sandbox(retry_gaps=())
        cls.sandbox.start()
        cls.addClassCleanup(cls.sandbox.stop)
        return {
            'credicorp_api_key': cls.sandbox.credicorp.merchant.security_key,
            'credicorp_tokenization_key': cls.sandbox.credicorp.merchant.tokenization_key,
            'credicorp_webhook_key': cls.sandbox.credicorp.merchant.signing_key,
            'credicorp_base_url': cls.sandbox.url,
        }

    def setUp(self):
        super().setUp()
        self.sandbox.reset()

    # --- paying -----------------------------------------------------------------------------------

    def charge(self, transaction, number=APPROVED_CARD, card_token=None):
        """Charge `transaction` as the page does after the gateway's window gave a card token."""
        card_token = card_token or self.sandbox.credicorp.token(number)
        with self.own_cursor() as env:
            env['payment.transaction'].browse(transaction.id)._email_pay_charge_window(card_token)
        return transaction

    def pay_by_card(self, link, amount=None, number=APPROVED_CARD):
        """Pay with `link` from *Pay now* to the booking; the transaction."""
        transaction = self.charge(self.start_payment(link, amount), number)
        self.advance(transaction)
        return transaction

    def advance(self, transaction):
        """What the status page and the worker do for a payment."""
        with self.own_cursor() as env:
            env['payment.transaction'].browse(transaction.id)._email_pay_advance()

    def open_checkout(self, transaction):
        """The address of the gateway's own page, as the customer's browser gets it."""
        with self.own_cursor() as env:
            checkout = env['payment.transaction'].browse(transaction.id)._email_pay_checkout()
        return checkout['action']

    def come_back(self, transaction, tail=''):
        """Let the browser come back from there, with what it brings behind the address."""
        with self.own_cursor() as env:
            env['payment.transaction'].browse(transaction.id)._email_pay_come_back(tail)

    def janitor(self):
        """The job that asks for payments without an outcome."""
        with self.own_cursor() as env:
            env['payment.transaction']._email_pay_cron_ask()

    def ask_now(self, transaction, times=1):
        """Let the time come at which the gateway is asked what became of a payment, and ask."""
        for _time in range(times):
            transaction.email_pay_ask_at = fields.Datetime.now() - timedelta(seconds=1)
            self.janitor()

    def charge_behind_odoo(self, transaction, number=APPROVED_CARD):
        """Let the gateway charge, and keep its answer from Odoo; the gateway's number."""
        answer = transaction._email_pay_gateway().charge(
            transaction._email_pay_request(),
            CardSource(token=self.sandbox.credicorp.token(number)),
        )
        return answer.gateway_reference

    def refund(self, transaction, amount=None):
        """Order a refund, as the refund wizard does when an accountant presses *Refund*."""
        with self.own_cursor() as env:
            refund = env['payment.transaction'].browse(transaction.id)._refund(amount)
        return transaction.browse(refund.id)

    def balance(self, transaction):
        """What the gateway holds of `transaction` after all that went back: the truth."""
        return float(self.sandbox.ledger.balance(transaction.reference))

    def charges(self, transaction):
        """How often the gateway took money for `transaction`: the truth."""
        return len(self.sandbox.ledger.charges(transaction.reference))

    # --- being told -------------------------------------------------------------------------------

    def signed(self, body, key=None):
        """The headers that prove `body`, really signed, by the merchant's key or another one."""
        key = self.sandbox.credicorp.merchant.signing_key if key is None else key
        return {
            'Content-Type': 'application/json', 'Webhook-Signature': notices.signature(key, body),
        }

    def sale_event(self, transaction=None, event_type='transaction.sale.success', **values):
        """The body of a notification of a sale; `values` replace those of the event's body."""
        content = {
            'transaction_id': '7100001',
            'order_id': transaction.reference if transaction else 'S00042',
            'currency': transaction.currency_id.name if transaction else 'USD',
            'features': {'is_test_mode': True},
            'action': {
                'amount': f'{transaction.amount:.2f}' if transaction else '10.00',
                'action_type': 'sale', 'success': '1', 'response_code': '100',
            },
        }
        return notices.event(event_type, content | values)

    def process_events(self):
        """What the worker does when it wakes."""
        with self.own_cursor() as env:
            env['email.pay.event']._cron_process()

    def events(self, provider=None):
        """All events of a provider, oldest first."""
        return self.env['email.pay.event'].sudo().search(
            [('provider_id', '=', (provider or self.credicorp).id)], order='id'
        )


class OnePayment:
    """An open invoice of 100, its link, and a payment of it that was started: a draft."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice()
        cls.link = cls.create_link(cls.invoice)
        cls.transaction = cls.start_payment(cls.link)


class EmailPayHttpCommon(EmailPayCommon, CompanyHttpCommon):
    """The same over real HTTP."""

    def webhook_path(self, provider=None):
        provider_id = (provider or self.credicorp).id
        return WEBHOOK_ROUTE.replace('<int:provider_id>', str(provider_id))

    def notify(self, body, headers=None, provider=None, **kwargs):
        """Post a notification to the webhook, signed unless `headers` say otherwise."""
        self.env.flush_all()
        response = self.url_open(
            self.webhook_path(provider), data=body, method='POST',
            headers=self.signed(body) if headers is None else headers, **kwargs,
        )
        self.env.invalidate_all()
        return response

    def notify_of(self, gateway_reference):
        """Post the notification of the last operation of a payment, as the gateway writes it."""
        body, headers = self.sandbox.credicorp.notification(gateway_reference)
        return self.notify(body, {'Content-Type': 'application/json', **headers})
