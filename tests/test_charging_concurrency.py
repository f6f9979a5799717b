import threading
import time

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..gateways.values import Notification
from ..sandbox.credicorp import notices
from .test_concurrency import QUIET, ConcurrencyCommon

JOB = 'odoo.addons.email_pay.models.payment_saved_card'


class ChargingConcurrencyCommon(ConcurrencyCommon):
    """A plan of two months, both of them due, with a saved card."""

    def _create(self, env, company):
        super()._create(env, company)
        provider = self._record(env, 'payment.provider')
        gateway = self.sandbox.credicorp
        merchant, card = gateway.accounts.tokens.pop(gateway.token())
        token = env['payment.token'].create({
            'provider_id': provider.id, 'partner_id': self.ids['res.partner'],
            'payment_method_id': env.ref('payment.payment_method_card').id,
            'provider_ref': gateway.accounts.save_card(merchant, card), 'payment_details': '1111',
        })
        method = env['email.pay.method'].create({
            'portal_id': self.ids['email.pay.portal'], 'provider_id': provider.id,
            'kind': 'recurring', 'recurring_mode': 'token',
        })
        plan = env['email.pay.plan']._create_for(
            self._record(env, 'account.move'), method, 2, fields.Date.to_date('2026-01-01'))
        plan.write({'state': 'active', 'token_id': token.id})
        self.ids |= {
            'email.pay.plan': plan.id, 'email.pay.method': method.id,
        }
        self.references = [f'{plan.reference}-1', f'{plan.reference}-2']

    def _delete(self):
        with self._environment() as env:
            tokens = self._forget_charges(env)
            plan = self._record(env, 'email.pay.plan')
            plan.state = 'cancelled'
            plan.unlink()
            tokens.unlink()
            self._record(env, 'email.pay.method').unlink()
        super()._delete()

    def _only_the_first_is_due(self):
        with self._environment() as env:
            self._lines(env)[1].due_date = '2099-01-01'

    def _lines(self, env):
        return self._record(env, 'email.pay.plan').installment_ids.sorted('number')

    def _charge(self, env, **kwargs):
        env['email.pay.installment']._cron_charge(**kwargs)

    def _book_the_rest(self):
        """What could not be booked while somebody else booked on the same invoice."""
        with self._environment() as env:
            env['payment.transaction']._cron_post_process()

    def assertBooked(self, *states):
        with self._environment() as env:
            lines = self._lines(env)
            self.assertEqual(tuple(lines.mapped('state')), states)
            confirmed = lines.filtered(lambda line: line.state == 'confirmed')
            transactions = env['payment.transaction'].search(
                [('provider_id', '=', self.ids['payment.provider'])])
            payments = env['account.payment'].search(
                [('payment_transaction_id', 'in', transactions.ids)])
            self.assertEqual(len(payments), len(confirmed))
            self.assertEqual(self._record(env, 'account.move').amount_residual,
                             100.0 - 50.0 * len(confirmed))


@tagged('post_install', '-at_install')
class TestChargingConcurrency(ChargingConcurrencyCommon):
    """Instalments are charged once, by however many workers, and whoever else is at it."""

    def _slowly(self, seconds=0.4):
        self.sandbox.faults.add('slow', ['sale'], seconds=seconds, times=None)

    def _wait_for_charge(self, reference):
        for _time in range(200):
            if self.sandbox.ledger.charges(reference):
                return
            time.sleep(0.02)
        self.fail(f"{reference} was not charged")

    def assertChargedOnce(self, *references):
        for reference in references:
            self.assertEqual(len(self.sandbox.ledger.charges(reference)), 1, reference)
            self.assertEqual(
                len(self.sandbox.ledger.entries(order_id=reference, operation='sale')), 1)

    def _charge_together(self, count=2, **kwargs):
        """Let so many workers charge, and look that both instalments are charged once."""
        self._slowly()
        outcomes = self._together(lambda env: self._charge(env, **kwargs), count)
        self.assertEqual(outcomes, [None] * count)
        self.assertChargedOnce(*self.references)
        self._book_the_rest()
        self.assertBooked('confirmed', 'confirmed')

    @mute_logger(*QUIET)
    def test_workers_charge_what_is_due_once(self):
        self._charge_together(count=3)

    @mute_logger(*QUIET)
    def test_two_workers_share_what_is_due(self):
        self._charge_together(limit=1)

    @mute_logger(*QUIET)
    def test_two_workers_find_what_a_third_one_had_claimed(self):
        with self._environment() as env:
            _lines, charges = env['email.pay.installment']._claim_due(5, env['payment.provider'])
            charges.write({'last_state_change': '2026-01-01'})
        self._charge_together()

    @mute_logger(*QUIET)
    def test_the_job_and_the_notification_at_once(self):
        self._only_the_first_is_due()
        reference = self.references[0]
        self._slowly(1)

        turns, mine = iter(('job', 'worker')), {}

        def work(env):
            if mine.setdefault(threading.current_thread(), next(turns, None)) == 'job':
                return self._charge(env)
            self._wait_for_charge(reference)
            [entry] = self.sandbox.ledger.charges(reference)
            self._accept_here(env, self._notice_of(entry))
            env.cr.commit()
            return env['email.pay.event']._cron_process()

        self.assertEqual(self._together(work), [None] * 2)
        self.assertChargedOnce(reference)
        self.assertBooked('confirmed', 'awaiting')

    def _notice_of(self, entry):
        transaction = self.sandbox.credicorp.transaction(entry.id)
        _type, body = notices.transaction_event(transaction)
        return Notification(
            body=body, headers=notices.headers(self.sandbox.credicorp.merchant, body))

    @mute_logger(*QUIET, JOB)
    def test_a_connection_that_is_killed_while_the_gateway_works(self):
        self._only_the_first_is_due()
        reference = self.references[0]
        self._slowly(1)
        pids, outcomes = [], []

        def work(env):
            env.cr.execute("SELECT pg_backend_pid()")
            pids.append(env.cr.fetchone()[0])
            self._charge(env)

        worker = threading.Thread(target=lambda: outcomes.extend(self._together(work, 1)))
        worker.start()
        self._wait_for_charge(reference)
        with self._environment() as env:
            env.cr.execute("SELECT pg_terminate_backend(%s)", [pids[0]])
        worker.join(30)
        self.assertIsInstance(outcomes[0], Exception)
        self._together(self._charge, 1)
        self.assertBooked('awaiting', 'awaiting')
        with self._environment() as env:
            charge = self._lines(env)[0].transaction_id
            self.assertEqual(charge.state, 'pending')
            charge._email_pay_ask()
            charge._email_pay_book()
        self.assertChargedOnce(reference)
        self.assertBooked('confirmed', 'awaiting')

    @mute_logger(*QUIET)
    def test_the_job_and_the_customer_at_once(self):
        self._only_the_first_is_due()
        with self._environment() as env:
            self._lines(env)[0].write({
                'state': 'denied', 'next_attempt': '2026-01-01', 'attempts': 1,
            })
        turns, mine = iter(('job', 'customer')), {}

        def work(env):
            if mine.setdefault(threading.current_thread(), next(turns, None)) == 'job':
                return self._charge(env)
            provider = self._record(env, 'payment.provider')
            plan = self._record(env, 'email.pay.plan')
            started = plan._live_link()._start_installment(
                self._lines(env)[0], provider, provider.payment_method_ids[:1])
            env.cr.commit()
            return started._email_pay_charge_window(self.sandbox.credicorp.token())

        self._slowly(0.3)
        self._together(work)
        self._book_the_rest()
        self.assertEqual(
            sum(len(self.sandbox.ledger.charges(entry.order_id))
                for entry in self.sandbox.ledger.entries(operation='sale')), 1)
        self.assertBooked('confirmed', 'awaiting')

    @mute_logger(*QUIET)
    def test_two_who_pay_what_was_refused_at_once(self):
        self._only_the_first_is_due()
        with self._environment() as env:
            self._lines(env)[0].state = 'denied'

        def pay(env):
            provider = self._record(env, 'payment.provider')
            started = self._record(env, 'email.pay.plan')._live_link()._start_installment(
                self._lines(env)[0], provider, provider.payment_method_ids[:1])
            env.cr.commit()
            started._email_pay_charge_window(self.sandbox.credicorp.token())

        self._slowly()
        [refused] = filter(None, self._together(pay))
        self.assertIsInstance(refused, ValidationError)
        self.assertEqual(len(self.sandbox.ledger.entries(operation='sale')), 1)
        self._book_the_rest()
        self.assertBooked('confirmed', 'awaiting')

    @mute_logger(*QUIET)
    def test_two_who_make_the_first_charge_at_once(self):
        self._only_the_first_is_due()
        with self._environment() as env:
            self._record(env, 'email.pay.plan').write({'state': 'pending', 'token_id': False})

        def pay(env):
            attempt = self._record(env, 'email.pay.plan')._attempt()
            env.cr.commit()
            attempt._email_pay_charge_window(self.sandbox.credicorp.token())

        self._slowly()
        self._together(pay)
        self.assertEqual(len(self.sandbox.ledger.entries(operation='sale')), 1)
        self._book_the_rest()
        self.assertBooked('confirmed', 'awaiting')
        with self._environment() as env:
            self.assertEqual(self._record(env, 'email.pay.plan').state, 'active')

    @mute_logger(*QUIET)
    def test_two_persons_confirm_it_once(self):
        with self._environment() as env:
            self._lines(env).write({'mode': 'manual'})
            self._record(env, 'email.pay.plan').mode = 'manual'
        outcomes = self._together(
            lambda env: self._lines(env)[0]._confirm_by_hand(fields.Date.today(), False))
        [refused] = filter(None, outcomes)
        self.assertIn("confirmed already", str(refused))
        self.assertBooked('confirmed', 'awaiting')
