import threading

from odoo import SUPERUSER_ID, api
from odoo.service.model import retrying
from odoo.tests import get_db_name, tagged
from odoo.tools import mute_logger

from .stripe_common import KEYS, StripeCommon
from .test_charging_concurrency import JOB, ChargingConcurrencyCommon
from .test_concurrency import QUIET


@tagged('post_install', '-at_install')
class TestStripeConcurrency(StripeCommon, ChargingConcurrencyCommon):
    """A provider of Odoo tells of a charge while the job awaits its answer: it is booked once."""

    def _create(self, env, company):
        super()._create(env, company)
        self._record(env, 'payment.provider').write({'code': 'stripe', **KEYS})
        plan = self._record(env, 'email.pay.plan')
        plan.token_id.write({'provider_ref': 'cus_1', 'stripe_payment_method': 'pm_1'})
        plan.installment_ids.sorted('number')[1].due_date = '2099-01-01'

    def _notify(self, intent):
        """What the request of a notification does, in a connection of its own."""
        threading.current_thread().dbname = get_db_name()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})

            def process():
                told = self.told(intent)
                env['payment.transaction']._search_by_reference('stripe', told)._process(
                    'stripe', told)

            retrying(process, env)

    def _charge_and_book(self):
        with self.assertNoLogs(JOB, 'WARNING'):
            self.assertEqual(self._together(self._charge, 1), [None])
        self.assertEqual(len(self.stripe_api.asked), 1)

    def assertCollected(self):
        self.assertBooked('confirmed', 'awaiting')
        with self._environment() as env:
            charge = self._lines(env)[0].transaction_id
            self.assertEqual((charge.state, charge.provider_reference), ('done', 'pi_1'))
        self.assertEqual(self._together(self._charge, 1), [None])
        self.assertEqual(len(self.stripe_api.asked), 1)

    @mute_logger(*QUIET)
    def test_the_notification_comes_before_the_answer(self):
        self.stripe_api.before_answer = self._notify
        self._charge_and_book()
        self.assertCollected()

    @mute_logger(*QUIET)
    def test_the_notification_comes_with_the_answer(self):
        notified = []

        def notify(intent):
            notified.append(threading.Thread(target=self._notify, args=[intent]))
            notified[0].start()

        self.stripe_api.before_answer = notify
        self._charge_and_book()
        notified[0].join(30)
        self.assertCollected()

    @mute_logger(*QUIET)
    def test_the_notification_is_booked_before_the_answer(self):
        def notify(intent):
            self._notify(intent)
            self._book_the_rest()

        self.stripe_api.before_answer = notify
        self._charge_and_book()
        self.assertCollected()
