import time

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..gateways.values import CardSource, Notification
from .test_concurrency import QUIET, ConcurrencyCommon


@tagged('post_install', '-at_install')
class TestReturnsConcurrency(ConcurrencyCommon):
    """Money goes back once, whoever works on it at the same instant."""

    def setUp(self):
        super().setUp()
        self.transaction_id, self.reference = self._started()
        with self._environment() as env:
            transaction = self._transaction(env)
            transaction._set_pending()
            transaction._email_pay_charge(CardSource(token=self.sandbox.credicorp.token()))
            transaction._email_pay_book()
            self.number = transaction.provider_reference

    def _transaction(self, env):
        return env['payment.transaction'].browse(self.transaction_id)

    def _wizards(self, amount):
        """Two refund wizards that were opened over the same payment."""
        with self._environment() as env:
            wizard = env['payment.refund.wizard'].with_context(
                active_id=self._transaction(env).payment_id.id
            )
            return [wizard.create({'amount_to_refund': amount}).id for _user in range(2)]

    def _told(self, number):
        """Store the gateway's notification of the last operation of its transaction."""
        body, headers = self.sandbox.credicorp.notification(number)
        with self._environment() as env:
            self._accept(env, Notification(body=body, headers=headers))

    def _refunded(self):
        return self.sandbox.ledger.entries(operation='refund', success=True)

    def assertReturnedOnce(self, amount):
        self.assertEqual(float(self.sandbox.ledger.balance(self.reference)), 100.0 - amount)
        with self._environment() as env:
            refunds = self._transaction(env).child_transaction_ids
            made = refunds.filtered(lambda tx: tx.state == 'done')
            self.assertEqual(made.mapped('amount'), [-amount])
            self.assertFalse(refunds.filtered(lambda tx: tx.state in ('draft', 'pending')))
            self.assertEqual(env['account.payment'].search([
                ('payment_transaction_id', 'in', refunds.ids)
            ]).mapped('amount'), [amount])
            self.assertEqual(self._record(env, 'account.move').amount_residual, amount)

    @mute_logger(*QUIET)
    def test_two_accountants_who_press_refund_refund_once(self):
        wizards = iter(self._wizards(30.0))
        mine = {}

        def press(env):
            wizard = mine.get(env) or mine.setdefault(env, next(wizards))
            return env['payment.refund.wizard'].browse(wizard).action_refund()['params']['type']

        outcomes = self._together(press)
        [refused] = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        self.assertIsInstance(refused, ValidationError)
        self.assertIn("of this payment was refunded", str(refused))
        self.assertIn('success', outcomes)
        self.assertReturnedOnce(30.0)

    @mute_logger(*QUIET)
    def test_two_refunds_of_the_whole_give_it_back_once(self):
        self.sandbox.faults.add('slow', ['void', 'refund'], seconds=0.3, times=None)
        outcomes = self._together(lambda env: self._transaction(env)._refund().state)
        [refused] = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        self.assertIsInstance(refused, ValidationError)
        self.assertRegex(str(refused), "is on its way|is left to pay back")
        self.assertReturnedOnce(100.0)

    @mute_logger(*QUIET)
    def test_the_answer_and_the_notification_book_once(self):
        self.sandbox.faults.add('slow', ['refund'], seconds=1.0)
        turn = iter((True, False))

        def work(env):
            if next(turn, False):
                return self._transaction(env)._refund(30.0).id
            env.cr.rollback()
            self._wait_for_refund()
            self._told(self._refunded()[0].id)
            env['email.pay.event']._cron_process()
            return None

        outcomes = self._together(work)
        self.assertFalse([outcome for outcome in outcomes if isinstance(outcome, Exception)])
        self.assertReturnedOnce(30.0)

    def _wait_for_refund(self):
        for _time in range(100):
            if self._refunded():
                return
            time.sleep(0.05)

    @mute_logger(*QUIET)
    def test_two_workers_take_a_refund_at_the_gateway_once(self):
        number = self.sandbox.credicorp.refund(self.number, '30.00').id
        for _time in range(2):
            self._told(number)
        with self._environment() as env:
            events = env['email.pay.event'].search([
                ('provider_id', '=', self.ids['payment.provider']), ('state', '=', 'new'),
            ]).ids
        todo = iter(events)
        mine = {}

        def process(env):
            event = mine.get(env) or mine.setdefault(env, next(todo))
            env['email.pay.event'].browse(event)._process()

        outcomes = self._together(process)
        self.assertFalse([outcome for outcome in outcomes if outcome], outcomes)
        self.assertReturnedOnce(30.0)
        with self._environment() as env:
            states = env['email.pay.event'].browse(events).mapped('state')
            self.assertEqual(sorted(states), ['done', 'ignored'])
