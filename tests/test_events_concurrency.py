import logging
import socket
import threading
from contextlib import contextmanager
from datetime import timedelta

from odoo import SUPERUSER_ID, api
from odoo.tests import get_db_name, tagged
from odoo.tests.common import HOST
from odoo.tools import config, mute_logger

from ..const import WEBHOOK_ROUTE
from ..gateways.values import CardSource, Notification
from .test_concurrency import QUIET, ConcurrencyCommon


@tagged('post_install', '-at_install')
class TestEventsConcurrency(ConcurrencyCommon):
    """A notification is stored, taken and applied once."""

    def test_six_copies_of_a_notification_are_stored_once_and_none_is_tried_again(self):
        notification = self._notification('transaction.sale.success', {'order_id': 'RACE'})
        tries = []

        def accept(env):
            tries.append(env)
            return self._accept(env, notification)

        outcomes = self._together(accept, count=6)
        self.assertEqual(sorted(outcomes, key=str), [False] * 5 + [True])
        self.assertEqual(len(tries), 6)
        with self._environment() as env:
            self.assertEqual(len(self._stored(env)), 1)

    def _post(self, notification):
        """Post a notification to the running server; the status of its answer."""
        path = WEBHOOK_ROUTE.replace('<int:provider_id>', str(self.ids['payment.provider']))
        headers = {
            'Host': HOST, 'Content-Type': 'application/json',
            'Content-Length': len(notification.body), **notification.headers,
        }
        lines = [f'POST {path} HTTP/1.0', *(f'{name}: {text}' for name, text in headers.items())]
        with socket.create_connection((HOST, config['http_port']), timeout=30) as connection:
            connection.sendall('\r\n'.join([*lines, '', '']).encode() + notification.body)
            return int(connection.recv(65536).split()[1])

    def test_six_copies_over_http_are_all_accepted_and_stored_once(self):
        self._post(self._notification())  # the server has the receivers in its cache
        notification = self._notification()
        with self.assertNoLogs('odoo.service.model', logging.INFO):  # which tells of repetitions
            outcomes = self._together(lambda _env: self._post(notification), count=6)
        self.assertEqual(outcomes, [200] * 6)
        with self._environment() as env:
            self.assertEqual(len(self._stored(env)), 2)

    # --- the worker's wake-up ---------------------------------------------------------------------

    def _wake_ups(self, env):
        return env['ir.cron.trigger'].search([
            ('cron_id', '=', env.ref('email_pay.ir_cron_process_events').id)
        ])

    def _due_wake_ups(self, env):
        return self._wake_ups(env).filtered(lambda wake_up: wake_up.call_at <= env.cr.now())

    @contextmanager
    def _begun_job(self):
        """The worker's job at its beginning: it has taken its wake-ups and committed nothing."""
        with self.registry.cursor() as cr:
            crons = api.Environment(cr, SUPERUSER_ID, {})['ir.cron']
            worker = crons.env.ref('email_pay.ir_cron_process_events')
            job = crons._acquire_one_job(cr, worker.id, include_not_ready=True)
            crons._clear_schedule(job)
            yield crons

    def test_a_wake_up_that_nobody_took_serves_the_next_notification(self):
        with self._environment() as env:
            self._wake_ups(env).unlink()
        for _time in range(2):
            with self._environment() as env:
                self._accept(env, self._notification())
        with self._environment() as env:
            self.assertEqual(len(self._wake_ups(env)), 1)

    def test_a_notification_during_the_job_wakes_the_worker_again(self):
        with self._environment() as env:
            self._wake_ups(env).unlink()
            env.cr.commit()
            self._accept(env, self._notification())
        with self._begun_job():
            with self._environment() as env:
                self._accept(env, self._notification())
            with self._environment() as env:
                self.assertEqual(len(self._wake_ups(env)), 2, "one is being taken, one is new")
        with self._environment() as env:
            self.assertEqual(len(self._wake_ups(env)), 1)

    def test_the_worker_comes_back_soon_for_what_somebody_else_works_on(self):
        with self._environment() as env:
            self._accept(env, self._notification())
        with self._environment() as page:
            self.assertTrue(self._stored(page).try_lock_for_update())
            with self._environment() as env:
                self._wake_ups(env).unlink()
                env['email.pay.event']._cron_process()
                env.cr.commit()
                self.assertEqual(self._stored(env).state, 'new')
                [wake_up] = self._wake_ups(env)
                self.assertLess(wake_up.call_at, env.cr.now() + timedelta(seconds=30))
            page.cr.rollback()
        with self._environment() as env:
            env['email.pay.event']._cron_process()
            self.assertEqual(self._stored(env).state, 'ignored')

    def test_a_job_waits_for_the_notifications_that_rely_on_its_wake_up(self):
        with self._environment() as env:
            self._accept(env, self._notification())
        seen = []

        def begin():
            threading.current_thread().dbname = get_db_name()
            with self._begun_job(), self._environment() as env:
                seen.append(len(self._stored(env)))

        with self._environment() as env:
            self._accept_here(env, self._notification())  # and nothing is committed yet
            job = threading.Thread(target=begin)
            job.start()
            job.join(0.5)
            self.assertTrue(job.is_alive())
            self.assertFalse(seen)
        job.join(30)
        self.assertEqual(seen, [2])

    def test_a_notification_that_comes_at_the_end_of_the_job_is_processed_by_the_next(self):
        worker_type = self.registry['email.pay.event']
        plan_retries = worker_type._plan_retries

        def come_late(events):
            if not late:
                late.append(self._notification())
                with self._environment() as env:
                    self._accept(env, late[0])
            plan_retries(events)

        late = []
        with self._environment() as env:
            self._wake_ups(env).unlink()
            env.cr.commit()
            self._accept(env, self._notification())
        self.patch(worker_type, '_plan_retries', come_late)
        for states in (['ignored', 'new'], ['ignored', 'ignored']):
            with self._environment() as env:
                self.assertEqual(len(self._due_wake_ups(env)), 1)
                worker = env.ref('email_pay.ir_cron_process_events')
                env['ir.cron']._process_jobs_loop(env.cr, job_ids=worker.ids)
            with self._environment() as env:
                self.assertEqual(self._stored(env).sorted('id').mapped('state'), states)
        with self._environment() as env:
            self.assertFalse(self._due_wake_ups(env))

    # --- the inbox --------------------------------------------------------------------------------

    @mute_logger(*QUIET)
    def test_two_workers_share_the_inbox(self):
        transaction_id, reference = self._started()
        self._notified(reference)

        def process(env):
            env['email.pay.event']._cron_process()

        outcomes = self._together(process)
        self.assertFalse([outcome for outcome in outcomes if outcome], outcomes)
        with self._environment() as env:
            self.assertEqual(env['email.pay.event'].search([
                ('provider_id', '=', self.ids['payment.provider'])
            ]).mapped('state'), ['done'])
            self.assertTrue(env['payment.transaction'].browse(transaction_id).payment_id)

    def _notified(self, reference, amount='100.00'):
        with self._environment() as env:
            currency = self._record(env, 'account.move').currency_id
            self._accept(env, self._notification('transaction.sale.success', {
                'order_id': reference, 'transaction_id': reference, 'currency': currency.name,
                'features': {'is_test_mode': True}, 'action': {'amount': amount},
            }))

    @mute_logger(*QUIET)
    def test_the_page_and_the_worker_process_a_notification_once(self):
        transaction_id, reference = self._started()
        self._notified(reference)
        turn = iter((True, False))

        def work(env):
            if next(turn, False):
                env['email.pay.event']._cron_process()
            else:
                env['payment.transaction'].browse(transaction_id)._email_pay_advance()

        self._together(work)
        with self._environment() as env:
            self.assertEqual(env['account.payment'].search_count([
                ('payment_transaction_id', '=', transaction_id)
            ]), 1)

    @mute_logger(*QUIET)
    def test_two_workers_and_odoos_job_book_a_backlog_once(self):
        references = []
        for _number in range(6):
            with self._environment() as env:
                references.append(self._start(env, 10.0).reference)
            self._notified(references[-1], '10.00')
        work = iter(('_cron_process', '_cron_process', '_cron_post_process', 'receipts'))

        def run(env):
            method = next(work, 'receipts')
            if method == 'receipts':
                env['email.pay.receipt']._cron_send()
            elif method == '_cron_post_process':
                env['payment.transaction']._cron_post_process()
            else:
                env['email.pay.event']._cron_process()

        outcomes = self._together(run, count=4)
        self.assertFalse([outcome for outcome in outcomes if outcome], outcomes)
        with self._environment() as env:
            env['email.pay.event']._cron_process()
        self._together(lambda env: env['email.pay.receipt']._cron_send())
        with self._environment() as env:
            transactions = env['payment.transaction'].search([('reference', 'in', references)])
            self.assertEqual(len(transactions.payment_id), 6)
            self.assertEqual(env['account.payment'].search_count([
                ('payment_transaction_id', 'in', transactions.ids)
            ]), 6)
            self.assertEqual(self._record(env, 'account.move').amount_residual, 40.0)
            self.assertEqual(env['mail.mail'].sudo().search_count([
                ('model', '=', 'account.payment'), ('res_id', 'in', transactions.payment_id.ids),
            ]), 6)

    @mute_logger(*QUIET)
    def test_worker_page_janitor_and_odoos_job_book_and_receipt_once(self):
        transaction_id, reference = self._charged_and_told()
        jobs = {
            'the worker': lambda env: env['email.pay.event']._cron_process(),
            'the page': lambda env: env['payment.transaction'].browse(
                transaction_id
            )._email_pay_advance(),
            'the janitor': lambda env: env['payment.transaction']._email_pay_cron_ask(),
            "Odoo's own job": lambda env: env['payment.transaction']._cron_post_process(),
            'the receipts': lambda env: env['email.pay.receipt']._cron_send(),
        }
        for _round in range(2):
            todo, mine = iter(jobs.values()), {}

            def work(env, todo=todo, mine=mine):
                (mine.get(env) or mine.setdefault(env, next(todo)))(env)

            outcomes = self._together(work, count=len(jobs))
            self.assertFalse([one for one in outcomes if isinstance(one, Exception)], outcomes)
        with self._environment() as env:
            env['email.pay.receipt']._cron_send()
        with self._environment() as env:
            [payment] = env['account.payment'].search([
                ('payment_transaction_id', '=', transaction_id)
            ])
            self.assertEqual(env['mail.mail'].sudo().search_count([
                ('model', '=', 'account.payment'), ('res_id', '=', payment.id),
            ]), 1)
            self.assertEqual(self._record(env, 'account.move').amount_residual, 0.0)
        self.assertEqual(len(self.sandbox.ledger.charges(reference)), 1)

    def _charged_and_told(self):
        """A payment that the gateway made and told of, whose answer was lost, due to be asked."""
        transaction_id, reference = self._started()
        with self._environment() as env:
            transaction = env['payment.transaction'].browse(transaction_id)
            transaction._set_pending()
            transaction.email_pay_ask_at = '2020-01-01'
            answer = transaction._email_pay_gateway().charge(
                transaction._email_pay_request(),
                CardSource(token=self.sandbox.credicorp.token()),
            )
            body, headers = self.sandbox.credicorp.notification(answer.gateway_reference)
            self._accept(env, Notification(body=body, headers=headers))
        return transaction_id, reference
