from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .charging_common import JOB, ChargingCommon


@tagged('post_install', '-at_install')
class TestByHand(ChargingCommon):
    """A person says whether the money came; it is booked as any other, once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.by_hand = cls.create_method(cls.credicorp, 'manual')
        cls.clerk = new_test_user(
            cls.env, 'clerk', 'account.group_account_invoice', company_id=cls.company.id)

    def setUp(self):
        super().setUp()
        self.plan = self.create_plan(method=self.by_hand)
        self.first = self.line(self.plan)

    def decide(self, line, **values):
        """The window in which a billing user decides."""
        action = line.with_user(self.clerk).action_confirm()
        return self.env[action['res_model']].with_user(self.clerk).with_context(
            action['context']).create(values)

    def test_it_is_confirmed_with_day_and_memo(self):
        window = self.decide(self.first, date='2026-05-04', memo="Transfer 4711")
        self.assertEqual(window.journal_name, self.collections.name)
        window.action_confirm()
        payment = self.first.payment_id
        self.assertEqual((self.first.state, self.plan.state), ('confirmed', 'active'))
        self.assertEqual((payment.date, payment.amount, payment.journal_id),
                         (fields.Date.to_date('2026-05-04'), 100.0, self.collections))
        self.assertIn("Transfer 4711", payment.memo)
        self.assertEqual(self.plan.move_id.amount_residual, 200.0)
        self.assertEqual(len(self.receipts(self.customer.email)), 1)

    def test_all_of_them_finish_the_plan(self):
        for number in (1, 2, 3):
            self.line(self.plan, number)._confirm_by_hand(fields.Date.today(), False)
        self.assertEqual((self.plan.state, self.plan.move_id.payment_state), ('done', 'paid'))

    def test_it_is_confirmed_once(self):
        windows = [self.decide(self.first) for _time in range(2)]
        windows[0].action_confirm()
        with self.assertRaisesRegex(UserError, "confirmed already"):
            windows[1].action_confirm()
        self.assertEqual(self.plan.move_id.amount_residual, 200.0)

    def test_it_is_denied_and_the_customer_told(self):
        self.first._confirm_by_hand(fields.Date.today(), False)
        second = self.line(self.plan, 2)
        window = self.decide(second, decision='deny', reason="The transfer did not arrive.")
        window.action_deny()
        self.assertEqual((second.state, second.reason),
                         ('denied', "The transfer did not arrive."))
        self.assertTrue(second.notice_due)
        second._confirm_by_hand(fields.Date.today(), "It came later")
        self.assertEqual((second.state, second.notice_due), ('confirmed', False))

    def test_it_is_denied_and_nobody_told(self):
        self.first._deny_by_hand("No.", tell=False)
        self.assertEqual((self.first.state, self.first.notice_due), ('denied', False))

    def test_a_denial_needs_a_reason(self):
        with self.assertRaisesRegex(UserError, "reason"):
            self.decide(self.first, decision='deny').action_deny()

    def test_only_billing_users_decide(self):
        reader = new_test_user(
            self.env, 'reader', 'account.group_account_readonly', company_id=self.company.id)
        with self.assertRaises(AccessError):
            self.first.with_user(reader).action_confirm()

    def test_what_is_cancelled_is_not_confirmed(self):
        self.plan.action_cancel_attempt()
        with self.assertRaisesRegex(UserError, "not to be collected"):
            self.first.action_confirm()

    def test_what_a_gateway_tells_is_not_decided(self):
        plan = self.active_plan()
        with self.assertRaisesRegex(UserError, "tells what becomes"):
            self.line(plan).action_confirm()

    def test_a_gateway_that_tells_it_late_books_nothing_more(self):
        plan = self.active_plan()
        self.fall_due(plan)
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        with self.assertLogs(JOB, 'WARNING'):
            self.run_job()
        charge = self.line(plan).transaction_id
        self.sandbox.faults.add('http_500', ['query'])
        self.ask_now(charge)
        self.line(plan)._confirm_by_hand(fields.Date.today(), "Seen on the statement")
        self.assertEqual((charge.state, plan.move_id.amount_residual), ('done', 200.0))
        charge._email_pay_ask()
        charge._email_pay_book()
        self.assertTrue(charge.provider_reference)
        self.assertEqual(plan.move_id.amount_residual, 200.0)
        self.assertFalse(self.events())
        self.assertEqual(self.env['account.payment'].search_count(
            [('payment_transaction_id', '=', charge.id)]), 1)

    def test_money_of_another_payment_is_the_customers_credit(self):
        self.first._confirm_by_hand(fields.Date.today(), False)
        late = self.env['payment.transaction'].create({
            **self.first._by_hand_values(f'{self.plan.reference}-late'),
        })
        late._set_done()
        late._email_pay_book()
        self.assertEqual(self.plan.move_id.amount_residual, 200.0)
        self.assertEqual(len(self.activities(late.payment_id)), 1)
