import threading

import psycopg2

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..gateways.values import Notification
from ..models.locks import begin_autocommit
from ..sandbox import Sandbox
from ..sandbox.credicorp import notices
from .race_common import RaceCommon

# A conflict is part of the game; Odoo's runs it again.
QUIET = ('odoo.sql_db', 'odoo.service.model')


class ConcurrencyCommon(RaceCommon):
    """Two workers at the same instant. What a test needs is really committed, in the first
    company, and deleted again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox(retry_gaps=())
        cls.sandbox.start()
        cls.addClassCleanup(cls.sandbox.stop)

    @classmethod
    def _request_handler(cls, session, request, /, **options):
        if isinstance(options.get('timeout'), tuple):
            options['timeout'] = max(options['timeout'])
        return super()._request_handler(session, request, **options)

    def setUp(self):
        super().setUp()
        self.sandbox.reset()
        self.ids = {}
        with self._environment() as env:
            company = env.ref('base.main_company')
            if not env['account.journal'].search([
                ('type', '=', 'sale'), ('company_id', '=', company.id),
            ]):
                self.skipTest("The first company has no chart of accounts.")
            self._create(env, company)
        self.addCleanup(self._delete)

    def _create(self, env, company):
        env = env(context={
            'allowed_company_ids': company.ids, 'tracking_disable': True, 'lang': 'en_US',
        })
        journal = env['account.journal'].create({
            'name': "Race", 'code': 'RACE', 'type': 'bank', 'company_id': company.id,
        })
        merchant = self.sandbox.credicorp.merchant
        provider = env.ref('email_pay.payment_provider_credicorp').copy({
            'name': "Race", 'company_id': company.id, 'state': 'disabled',
            'credicorp_api_key': merchant.security_key,
            'credicorp_tokenization_key': merchant.tokenization_key,
            'credicorp_webhook_key': merchant.signing_key,
            'credicorp_base_url': self.sandbox.url,
        })
        provider.write({'state': 'test', 'journal_id': journal.id})
        partner = env['res.partner'].create({'name': "Race", 'email': 'race@example.com'})
        invoice = env['account.move'].create({
            'move_type': 'out_invoice', 'partner_id': partner.id,
            'invoice_date': '2024-01-01',
            'invoice_line_ids': [Command.create({
                'name': "Work", 'price_unit': 100.0, 'tax_ids': [Command.clear()],
            })],
        })
        invoice.action_post()
        portal = env['email.pay.portal'].search([('company_id', '=', company.id)])
        self.settings = {'enabled': portal.enabled}
        portal.write({'enabled': True, 'method_ids': [
            Command.create({'provider_id': provider.id, 'sequence': -1}),
        ]})
        self.ids = {
            'email.pay.portal': portal.id,
            'email.pay.link': env['email.pay.link']._for_invoice(invoice).id,
            'account.journal': journal.id, 'payment.provider': provider.id,
            'res.partner': partner.id, 'account.move': invoice.id,
        }

    def _forget_charges(self, env):
        """Loosen what was paid from the cards and plans that are deleted."""
        provider_id = self.ids['payment.provider']
        env.cr.execute(
            "UPDATE payment_transaction SET email_pay_installment_id = NULL, token_id = NULL"
            " WHERE provider_id = %s", [provider_id])
        env.cr.execute(
            "UPDATE account_payment SET payment_token_id = NULL WHERE payment_token_id IN"
            " (SELECT id FROM payment_token WHERE provider_id = %s)", [provider_id])
        return env['payment.token'].search([('provider_id', '=', provider_id)])

    def _delete(self):
        with self._environment() as env:
            invoice = self._record(env, 'account.move')
            transactions = env['payment.transaction'].search([
                ('provider_id', '=', self.ids['payment.provider'])
            ])
            payments = transactions.payment_id
            env['email.pay.event'].search([
                ('provider_id', '=', self.ids['payment.provider'])
            ]).unlink()
            payments.action_draft()
            transactions.payment_id = False
            payments.unlink()
            env['mail.mail'].search([
                ('model', '=', 'payment.transaction'), ('res_id', 'in', transactions.ids),
            ]).unlink()
            transactions.unlink()
            self._record(env, 'email.pay.portal').write(self.settings)
            invoice.email_pay_link_ids.unlink()
            env['email.pay.link'].search([
                ('partner_id', '=', self.ids['res.partner'])
            ]).unlink()
            invoice.button_draft()
            invoice.with_context(force_delete=True).unlink()
            provider = self._record(env, 'payment.provider')
            provider.state = 'disabled'
            journal = self._record(env, 'account.journal')
            account = journal.default_account_id
            journal.unlink()
            account.unlink()
            provider.unlink()
            self._record(env, 'res.partner').unlink()

    def _record(self, env, model):
        return env[model].browse(self.ids[model])

    # --- two at once ------------------------------------------------------------------------------

    def _start(self, env, amount=100.0):
        provider = self._record(env, 'payment.provider')
        return self._record(env, 'email.pay.link')._start_payment(
            amount, provider, provider.payment_method_ids[:1]
        )

    def _started(self, **values):
        with self._environment() as env:
            transaction = self._start(env)
            transaction.write(values)
            return transaction.id, transaction.reference

    # --- being told -------------------------------------------------------------------------------

    def _notification(self, event_type='settlement.batch.complete', content=None):
        body = notices.event(event_type, content or {})
        merchant = self.sandbox.credicorp.merchant
        return Notification(body=body, headers=notices.headers(merchant, body))

    def _accept(self, env, notification):
        begin_autocommit(env.cr)
        return self._accept_here(env, notification)

    def _accept_here(self, env, notification):
        receivers = env['payment.provider']._email_pay_receivers()
        receiver = receivers[self.ids['payment.provider']]
        return env['email.pay.event']._accept(receiver, notification)

    def _stored(self, env):
        return env['email.pay.event'].search([
            ('provider_id', '=', self.ids['payment.provider'])
        ])


@tagged('post_install', '-at_install')
class TestConcurrency(ConcurrencyCommon):
    """What is due is started, charged and booked once."""

    @mute_logger(*QUIET)
    def test_two_customers_cannot_both_start_to_pay_the_whole(self):
        def pay(env):
            transaction = self._start(env)
            transaction._email_pay_claim()
            return transaction.id

        outcomes = self._together(pay)
        [refused] = [outcome for outcome in outcomes if isinstance(outcome, ValidationError)]
        self.assertIn("already being processed", str(refused))

    @mute_logger(*QUIET)
    def test_two_customers_can_each_pay_a_part_at_the_same_instant(self):
        outcomes = self._together(lambda env: self._start(env, 40.0).reference)
        self.assertEqual(len({outcome for outcome in outcomes if isinstance(outcome, str)}), 2,
                         outcomes)

    @mute_logger(*QUIET)
    def test_two_links_over_one_invoice_charge_what_is_due(self):
        with self._environment() as env:
            links = self._record(env, 'email.pay.link') + env['email.pay.link']._create_for(
                self._record(env, 'account.move')
            )
            provider = self._record(env, 'payment.provider')
            started = [link._start_payment(100.0, provider, provider.payment_method_ids[:1])
                       for link in links]
            ids = [transaction.id for transaction in started]
            references = [transaction.reference for transaction in started]
        todo, mine = iter(ids), {}

        def pay(env):
            transaction_id = mine.get(env) or mine.setdefault(env, next(todo))
            env['payment.transaction'].browse(transaction_id)._email_pay_charge_window(
                self.sandbox.credicorp.token()
            )

        self.sandbox.faults.add('slow', ['sale'], seconds=0.3, times=None)
        [refused] = filter(None, self._together(pay))
        self.assertIn("already being processed", str(refused))
        self.assertEqual(sum(map(len, map(self.sandbox.ledger.charges, references))), 1)

    @mute_logger(*QUIET)
    def test_what_a_bank_transfer_settles_at_the_same_instant_is_not_charged(self):
        transaction_id, reference = self._started()

        def pay(env):
            env['payment.transaction'].browse(transaction_id)._email_pay_charge_window(
                self.sandbox.credicorp.token()
            )

        with self._environment() as env:
            invoice = self._record(env, 'account.move')
            wizard = env['account.payment.register'].with_context(
                active_model='account.move', active_ids=invoice.ids
            ).create({'journal_id': self.ids['account.journal']})
            self.addCleanup(self._delete_transfer, wizard._create_payments().id, wizard.id)
            env.flush_all()
            outcomes = []
            customer = threading.Thread(target=lambda: outcomes.extend(self._together(pay, 1)))
            customer.start()
            customer.join(0.5)
            self.assertTrue(customer.is_alive(), "the customer waits for the accountant")
        customer.join(30)
        [refused] = outcomes
        self.assertIsInstance(refused, ValidationError)
        self.assertIn("already paid", str(refused))
        self.assertFalse(self.sandbox.ledger.charges(reference))

    def _delete_transfer(self, payment_id, wizard_id):
        with self._environment() as env:
            payment = env['account.payment'].browse(payment_id)
            payment.action_draft()
            payment.unlink()
            env['account.payment.register'].browse(wizard_id).unlink()

    @mute_logger(*QUIET)
    def test_two_clicks_charge_once(self):
        transaction_id, reference = self._started()
        self.sandbox.faults.add('slow', ['sale'], seconds=0.3, times=None)
        self._together(lambda env: env['payment.transaction'].browse(
            transaction_id
        )._email_pay_charge_window(self.sandbox.credicorp.token()))
        self.assertEqual(len(self.sandbox.ledger.charges(reference)), 1)
        with self._environment() as env:
            self.assertEqual(env['payment.transaction'].browse(transaction_id).state, 'done')

    @mute_logger(*QUIET)
    def test_two_tabs_are_given_the_same_page_of_a_gateway(self):
        merchant = self.sandbox.greenpay.merchant
        with self._environment() as env:
            self._record(env, 'payment.provider').write({
                'code': 'greenpay',
                'greenpay_secret': merchant.secret,
                'greenpay_merchant_id': merchant.id,
                'greenpay_public_key': merchant.public_key,
                'greenpay_terminal_usd': merchant.terminal('USD'),
                'greenpay_merchant_url': f'{self.sandbox.url}/greenpay/merchant',
                'greenpay_form_url': f'{self.sandbox.url}/greenpay/form',
            })
        transaction_id, _reference = self._started(operation='online_redirect')
        self.sandbox.faults.add('slow', ['order'], seconds=0.3, times=None)
        outcomes = self._together(lambda env: env['payment.transaction'].browse(
            transaction_id
        )._email_pay_checkout()['action'])
        self.assertEqual(len(set(outcomes)), 1, outcomes)
        self.assertIn('/greenpay/form/', outcomes[0])

    @mute_logger(*QUIET)
    def test_the_page_and_the_worker_book_once(self):
        transaction_id, _reference = self._started(state='done')
        outcomes = self._together(
            lambda env: env['payment.transaction'].browse(transaction_id)._post_process()
        )
        self.assertFalse([outcome for outcome in outcomes if outcome], outcomes)
        with self._environment() as env:
            payments = env['account.payment'].search([
                ('payment_transaction_id', '=', transaction_id)
            ])
            self.assertEqual(len(payments), 1)
            self.assertEqual(self._record(env, 'account.move').amount_residual, 0.0)

    def test_a_booking_raises_the_rank_of_the_customer_as_odoo_does(self):
        transaction_id, _reference = self._started(state='done')
        with self._environment() as env:
            before = self._record(env, 'res.partner').customer_rank
            env['payment.transaction'].browse(transaction_id)._email_pay_book()
        with self._environment() as env:
            self.assertEqual(self._record(env, 'res.partner').customer_rank, before + 1)

    def test_a_receipt_does_not_wait_for_whoever_looks_at_the_payment(self):
        transaction_id, _reference = self._started(state='done')
        with self._environment() as env:
            env['payment.transaction'].browse(transaction_id)._email_pay_book()
        with self._environment() as page:
            page['payment.transaction'].browse(transaction_id)._email_pay_try_lock()
            outcomes = self._together(lambda env: env['email.pay.receipt']._cron_send(), 1)
        self.assertEqual(outcomes, [None])
        with self._environment() as env:
            transaction = env['payment.transaction'].browse(transaction_id)
            self.assertEqual(transaction._email_pay_receipt().state, 'outbox')

    def test_a_payment_that_somebody_works_on_is_passed_over(self):
        transaction_id, _reference = self._started()
        with self._environment() as env, self._environment() as other:
            self.assertTrue(env['payment.transaction'].browse(transaction_id)._email_pay_try_lock())
            busy = other['payment.transaction'].browse(transaction_id)
            self.assertFalse(busy._email_pay_try_lock())
            other.cr.execute("SET LOCAL lock_timeout = '50ms'")
            with self.assertRaises(psycopg2.errors.LockNotAvailable):
                busy._email_pay_lock()
            other.cr.rollback()
