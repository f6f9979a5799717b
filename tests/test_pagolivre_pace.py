import itertools
import threading
import time
from datetime import timedelta

from odoo.tests import tagged

from ..gateways import errors
from ..gateways.pagolivre import PagoLivre
from .test_concurrency import ConcurrencyCommon

QUIET = timedelta(seconds=0.2)
PROVIDER = 2_000_000_000  # of nobody


@tagged('post_install', '-at_install', 'email_pay_slow')
class TestPace(ConcurrencyCommon):
    """Whatever process asks, questions keep their distance."""

    def _create(self, env, company):
        self.forget(env)

    def _delete(self):
        with self._environment() as env:
            self.forget(env)

    def forget(self, env):
        env['email.pay.pace'].search([('provider', '=', PROVIDER)]).unlink()

    def take(self, interval=QUIET):
        with self._environment() as env:
            wait = env['email.pay.pace']._take_turn(PROVIDER, interval)
        return None if wait is None else time.monotonic() + wait

    def test_the_first_need_not_wait_and_the_next_has_to(self):
        now = time.monotonic()
        first, second, third = (self.take() for _time in range(3))
        self.assertLess(first - now, 0.15)
        self.assertAlmostEqual(second - first, 0.2, delta=0.1)
        self.assertAlmostEqual(third - second, 0.2, delta=0.1)

    def test_no_turn_is_given_to_two_at_once(self):
        turns = []
        threads = [threading.Thread(target=lambda: turns.append(self.take())) for _n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        turns.sort()
        self.assertEqual(len(turns), 8)
        for before, after in itertools.pairwise(turns):
            self.assertGreater(after - before, 0.1)

    def test_a_queue_that_is_too_long_takes_no_more(self):
        given = [self.take(timedelta(seconds=2)) for _time in range(6)]
        self.assertEqual([turn is None for turn in given], 3 * [False] + 3 * [True])

    def test_who_cannot_wait_has_asked_nothing(self):
        with self._environment() as env:
            provider = env['payment.provider'].new({'code': 'pagolivre'})
            self.assertGreater(PagoLivre.supports.min_interval, timedelta(seconds=1))
            provider = provider.search([('code', '=', 'pagolivre')], limit=1)
            taken = [
                env['email.pay.pace']._take_turn(provider.id, timedelta(seconds=4))
                for _time in range(3)
            ]
            self.addCleanup(self.forget_provider, provider.id)
            self.assertIsNone(taken[2])
            with self.assertRaises(errors.NotSent):
                provider._email_pay_gateway().query('TX')

    def forget_provider(self, provider_id):
        with self._environment() as env:
            env['email.pay.pace'].search([('provider', '=', provider_id)]).unlink()
