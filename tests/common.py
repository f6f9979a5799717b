"""What the Odoo tests share: a company that collects through a real gateway stand-in.

Nothing of the add-on is replaced: the gateway is the sandbox on a loopback address, and its
notifications are signed with its own key.
"""

import socket
from contextlib import contextmanager, suppress
from datetime import timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command, api, fields
from odoo.tests import HttpCase, new_test_user
from odoo.tests.common import HOST, TEST_CURSOR_COOKIE_NAME
from odoo.tests.test_cursor import TestCursor

from odoo.addons.account_payment.tests.common import AccountPaymentCommon

from ..const import WEBHOOK_ROUTE
from ..gateways.values import CardSource
from ..sandbox import Sandbox
from ..sandbox.credicorp import notices

# Which logs what a gateway's page could not do.
CHECKOUT = 'odoo.addons.email_pay.models.payment_checkout'

APPROVED_CARD = '4111111111111111'
NO_FUNDS_CARD = '4000000000002024'
UNKNOWN_BUT_CHARGED_CARD = '4000000000014219'


class EmailPayCommon(AccountPaymentCommon):
    """A company with Email Pay enabled, a customer, and Credicorp played by the sandbox."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox(retry_gaps=())
        cls.sandbox.start()
        cls.addClassCleanup(cls.sandbox.stop)
        cls.merchant_keys = {
            'credicorp_api_key': cls.sandbox.credicorp.merchant.security_key,
            'credicorp_tokenization_key': cls.sandbox.credicorp.merchant.tokenization_key,
            'credicorp_webhook_key': cls.sandbox.credicorp.merchant.signing_key,
            'credicorp_base_url': cls.sandbox.url,
        }
        cls.company.write({'name': "Canal Supplies", 'email': 'billing@canal.example.com'})
        cls.company_currency = cls.company.currency_id
        cls.collections = cls._create_collections_journal(cls.company)
        cls.credicorp = cls._prepare_provider('credicorp', update_values={
            **cls.merchant_keys, 'journal_id': cls.collections.id,
        })
        cls.card = cls.env.ref('payment.payment_method_card')
        cls.portal = cls.env['email.pay.portal']._for_company(cls.company)
        cls.offer(cls.credicorp)
        cls.portal.write({'responsible_id': cls.env.user.id, 'enabled': True})
        cls.customer = cls.env['res.partner'].create({
            'name': "Rosa Vega", 'email': 'rosa@example.com', 'lang': 'en_US',
        })

    def setUp(self):
        super().setUp()
        self.sandbox.reset()

    @classmethod
    def _request_handler(cls, session, request, /, **options):
        """Override: Odoo's own, which lets only loopback through, expects one time-out of the two
        that `requests` knows."""
        if isinstance(options.get('timeout'), tuple):
            options['timeout'] = max(options['timeout'])
        return super()._request_handler(session, request, **options)

    @classmethod
    def new_user(cls, login, groups, company=None):
        """An internal user of one company."""
        company = company or cls.company
        return new_test_user(
            cls.env, login, f'base.group_user,{groups}', company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    @classmethod
    def offer(cls, *providers, portal=None):
        """Let customers pay with these apps, in this order, and no others."""
        (portal or cls.portal).method_ids = [Command.clear(), *(
            Command.create({'provider_id': provider.id, 'sequence': number})
            for number, provider in enumerate(providers)
        )]

    # --- what there is to pay ---------------------------------------------------------------------

    @classmethod
    def _create_collections_journal(cls, company):
        return cls.env['account.journal'].create({
            'name': "Collections", 'code': 'COLL', 'type': 'bank', 'company_id': company.id,
        })

    @classmethod
    def create_invoice(cls, amount=100.0, partner=None, post=True, **values):
        """A customer invoice over `amount`, without taxes, in the company's currency."""
        return cls._create_invoice_one_line(
            price_unit=amount, name="Work", tax_ids=[],
            partner_id=partner or cls.customer, currency_id=cls.company_currency, post=post,
            **values,
        )

    @classmethod
    def create_link(cls, invoice):
        return cls.env['email.pay.link']._for_invoice(invoice)

    @classmethod
    def start_payment(cls, link, amount=None, provider=None):
        """A transaction as *Pay now* creates it: a draft."""
        provider = provider or cls.credicorp
        if amount is None:
            amount = link.invoice_ids.amount_residual
        return link._start_payment(amount, provider, provider.payment_method_ids[:1])

    def settle_by_hand(self, invoice, amount=None):
        """Book a payment of `invoice` that did not come through Email Pay."""
        wizard = self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=invoice.ids
        ).create({'amount': amount} if amount else {})
        wizard._create_payments()

    # --- paying -----------------------------------------------------------------------------------

    @contextmanager
    def own_cursor(self):
        """An environment of its own, that may commit as a request or a job does."""
        if type(self)._registry_patched:
            context = self._flushed()
        else:
            context = self.enter_registry_test_mode()
        with context, self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    @contextmanager
    def _flushed(self):
        self.env.flush_all()
        try:
            yield
        finally:
            self.env.invalidate_all()

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

    def activities(self, record):
        """The activities that ask a person to look at `record`."""
        return record.activity_ids.filtered(
            lambda a: a.activity_type_id == self.env.ref('email_pay.mail_activity_attention')
        )

    # --- mails ------------------------------------------------------------------------------------

    def receipts(self, address=None):
        """The receipts in the outbox, after the job that sends what is due."""
        with self.own_cursor() as env:
            env['email.pay.receipt']._cron_send()
        receipts = self.env['email.pay.receipt'].sudo().search(
            [('company_id', '=', self.company.id), ('mail_id.state', '=', 'outgoing')])
        return receipts.mail_id.sorted('id').filtered(
            lambda mail: not address or address in (mail.email_to or ''))

    def outbox(self, template, address=None):
        """The mails of a template that this test put in the outbox, oldest first."""
        model = self.env.ref(f'email_pay.{template}').model
        records = self.env[model].sudo().search([('company_id', '=', self.company.id)])
        mails = self.env['mail.mail'].sudo().search([
            ('model', '=', model), ('res_id', 'in', records.ids), ('state', '=', 'outgoing'),
        ], order='id')
        return mails.filtered(lambda mail: not address or address in (mail.email_to or ''))


class OnePayment:
    """An open invoice of 100, its link, and a payment of it that was started: a draft."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice()
        cls.link = cls.create_link(cls.invoice)
        cls.transaction = cls.start_payment(cls.link)


class EmailPayHttpCommon(EmailPayCommon, HttpCase):
    """The same over real HTTP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # In a test all cursors share one database transaction, which nothing commits.
        for name in ('webhook', 'sign_in_page'):
            cls.startClassPatcher(patch(
                f'odoo.addons.email_pay.controllers.{name}.begin_autocommit', TestCursor.rollback,
            ))

    def open_link(self, link, **kwargs):
        """Follow a link as from the mail: the payment page, with the cookie that lets in."""
        return self.url_open(f'/pay/{link._token()}', **kwargs)

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

    def send_raw(self, head, body=b'', cookies=''):
        """Send a request line and headers as they are, whatever they say of `body`, and no more.

        :return: the answer, status line and all.
        """
        self.env.flush_all()
        with (
            self.allow_requests(),
            socket.create_connection((HOST, self.http_port()), timeout=20) as connection,
        ):
            cookie = f'Cookie: {TEST_CURSOR_COOKIE_NAME}={self.http_request_key}; {cookies}'
            connection.sendall(head + f'{cookie}\r\nHost: {HOST}\r\n\r\n'.encode('latin-1') + body)
            with suppress(OSError):  # it may have answered and gone
                connection.shutdown(socket.SHUT_WR)
            answer = b''.join(iter(lambda: connection.recv(65536), b''))
        self.env.invalidate_all()
        return answer

    def rpc(self, user, record, method, *args, **kwargs):
        """Call a method as the web client of `user` does: (result, None), or (None, error).

        :param record: without any, it is a method of the model that is called.
        """
        self.env.flush_all()
        self.authenticate(user.login, user.login)
        response = self.url_open('/web/dataset/call_kw', json=self.build_rpc_payload({
            'model': record._name, 'method': method, 'kwargs': kwargs,
            'args': [record.ids, *args] if record else [*args],
        })).json()
        self.env.invalidate_all()
        return response.get('result'), response.get('error', {}).get('data')
