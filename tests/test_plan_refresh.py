from odoo.tests import tagged

from ..models.payment_janitor import ASKS_UNTIL_LOST
from .charging_common import JOB, ChargingCommon
from .common import NO_FUNDS_CARD


@tagged('post_install', '-at_install')
class TestRefresh(ChargingCommon):
    """*Refresh* on a plan that Odoo charges: what was sent is asked for, and never sent again."""

    def setUp(self):
        super().setUp()
        self.plan = self.active_plan()
        self.fall_due(self.plan)
        self.first = self.line(self.plan)

    def refresh(self):
        with self.own_cursor() as env:
            return env['email.pay.plan'].browse(self.plan.id).action_refresh()

    def lose_the_answer(self, charged):
        self.sandbox.faults.add('cut', ['sale'], charged=charged)
        with self.assertLogs(JOB, 'WARNING'):
            self.run_job()
        self.assertEqual(self.first.transaction_id.state, 'pending')

    def test_what_was_charged_and_not_answered_is_booked(self):
        self.lose_the_answer(charged=True)
        self.assertEqual(self.refresh()['tag'], 'soft_reload')
        self.assertEqual((self.first.state, self.taken(self.plan)), ('confirmed', 1))
        self.assertEqual(self.plan.move_id.amount_residual, 200.0)

    def test_what_the_gateway_does_not_know_is_said_and_not_sent_again(self):
        self.lose_the_answer(charged=False)
        charge = self.first.transaction_id
        before = (charge.email_pay_ask_at, charge.email_pay_asked)
        for _time in range(ASKS_UNTIL_LOST + 1):
            said = self.refresh()['params']
            self.assertEqual(said['type'], 'warning')
            self.assertIn(charge.reference, said['message'])
        self.assertEqual((charge.email_pay_ask_at, charge.email_pay_asked), before)
        self.minutes_pass(charge)
        self.run_job()
        self.assertEqual((charge.state, self.asked(charge.reference)), ('pending', 0))
        self.assertEqual(self.taken(self.plan), 0)

    def test_a_gateway_that_does_not_answer_is_no_error(self):
        self.lose_the_answer(charged=True)
        self.sandbox.faults.add('cut', ['query'])
        self.assertIn("does not tell yet", self.refresh()['params']['message'])
        self.assertEqual(self.first.state, 'awaiting')

    def test_what_is_not_sent_is_not_asked_for(self):
        with self.own_cursor() as env:
            env['email.pay.installment']._claim_due(5, env['payment.provider'])
        self.assertEqual(self.first.transaction_id.state, 'pending')
        self.assertEqual(self.refresh()['tag'], 'soft_reload')
        self.run_job()
        self.assertEqual(self.first.transaction_id.state, 'pending')
        self.minutes_pass(self.first.transaction_id)
        self.run_job()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('confirmed', 1))

    def test_the_payment_of_a_refused_instalment_is_asked_for_too(self):
        self.plan.token_id.provider_ref = self.saved_card(NO_FUNDS_CARD).provider_ref
        self.run_job()
        self.assertEqual(self.first.state, 'denied')
        attempt = self.plan._live_link()._start_installment(
            self.first, self.credicorp, self.credicorp.payment_method_ids[:1])
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        with self.assertLogs('odoo.addons.email_pay.models.payment_transaction', 'WARNING'):
            self.charge(attempt)
        self.assertEqual((attempt.state, self.first.state), ('pending', 'denied'))
        self.refresh()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('confirmed', 1))

    def test_what_nobody_can_ask_is_said(self):
        self.lose_the_answer(charged=True)
        self.env.flush_all()
        self.cr.execute(  # as in a copy for tests
            "UPDATE payment_provider SET credicorp_api_key = NULL WHERE id = %s",
            [self.credicorp.id])
        self.env.invalidate_all()
        self.assertIn("cannot ask", self.refresh()['params']['message'])
        self.assertEqual(self.first.state, 'awaiting')
