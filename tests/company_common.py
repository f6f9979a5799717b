"""What the tests share that need no gateway: a company with an app at whose address nobody answers.

They run in any Odoo, and ship with the add-on: see `shipped.py`.
"""

import socket
from contextlib import contextmanager, suppress
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command, api
from odoo.tests import HttpCase, new_test_user
from odoo.tests.common import HOST, TEST_CURSOR_COOKIE_NAME
from odoo.tests.test_cursor import TestCursor

from odoo.addons.account_payment.tests.common import AccountPaymentCommon

# See scripts/runtime/database.py; Odoo's tests name theirs so.
PREPARED_COMPANY = 'company_1_data'


class CompanyCommon(AccountPaymentCommon):
    """A company with Email Pay enabled, a customer, and the app of Credicorp."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.merchant_keys = cls._merchant_keys()
        cls.company.write({'name': "Canal Supplies", 'email': 'billing@canal.example.com'})
        # Tests count days so, at whatever hour they run; jobs are root's.
        root = cls.env.ref('base.partner_root')
        (cls.company.partner_id | cls.env.user.partner_id | root).tz = 'UTC'
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

    @classmethod
    def setup_independent_company(cls, **kwargs):
        """Override: the company that is there already, where `scripts/test` prepared one: to load a
        chart of accounts takes longer than all the rest."""
        prepared = cls.env['res.company'].search([('name', '=', PREPARED_COMPANY)], limit=1)
        if not prepared:
            return super().setup_independent_company(**kwargs)
        cls.env.user.company_ids = [Command.link(prepared.id)]
        return prepared

    def setUp(self):
        """Override: after each test Odoo forgets all that it keeps of the database, pages that are
        compiled among it. Here only what the test itself made it forget is forgotten again."""
        changed = set()
        clear_cache = self.registry.clear_cache

        def note(*names):
            changed.update(names or ['default'])
            clear_cache(*names)

        def forget():
            if changed:
                clear_cache(*changed)

        with patch.object(self.registry, 'clear_all_caches', forget):
            super().setUp()
        self.startPatcher(patch.object(self.registry, 'clear_cache', note))

    @classmethod
    def _merchant_keys(cls):
        """The credentials of the app, at an address where nobody answers."""
        return {
            'credicorp_api_key': 'no-api-key',
            'credicorp_tokenization_key': 'no-tokenization-key',
            'credicorp_webhook_key': 'no-webhook-key',
            'credicorp_base_url': 'http://127.0.0.1:9',
        }

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

    # --- what requests and jobs do ----------------------------------------------------------------

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

    # --- being told -------------------------------------------------------------------------------

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


class CompanyHttpCommon(CompanyCommon, HttpCase):
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
