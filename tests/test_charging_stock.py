import logging
from unittest.mock import patch

import requests

from odoo import fields
from odoo.tests import tagged

from .charging_common import JOB, ChargingCommon

STOCK = 'odoo.addons.payment_demo.models.payment_transaction.PaymentTransaction'


@tagged('post_install', '-at_install')
class TestStockCharges(ChargingCommon):
    """Saved cards of Odoo's own payment providers, which nobody can ask what they charged."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.demo = cls._prepare_provider('demo', update_values={
            'journal_id': cls.collections.id, 'allow_tokenization': True,
        })
        cls.demo_method = cls.create_method(cls.demo)

    def setUp(self):
        super().setUp()
        self.plan = self.stock_plan('done')

    def stock_plan(self, outcome):
        plan = self.create_plan(method=self.demo_method)
        plan.write({'state': 'active', 'token_id': self._create_token(
            provider_id=self.demo.id, payment_method_id=self.card.id,
            partner_id=self.customer.id, demo_simulated_state=outcome,
        ).id})
        self.fall_due(plan)
        return plan

    def test_it_is_charged_and_booked(self):
        self.run_job()
        line = self.line(self.plan)
        self.assertEqual((line.state, line.payment_id.amount), ('confirmed', 100.0))
        self.assertEqual(self.plan.move_id.amount_residual, 200.0)

    def test_it_is_refused(self):
        plan = self.stock_plan('error')
        self.run_job()
        line = self.line(plan)
        self.assertEqual((line.state, line.attempts), ('denied', 1))
        self.assertTrue(line.next_attempt)

    def test_the_card_that_the_customer_saves_is_charged(self):
        plan = self.create_plan(method=self.demo_method)
        attempt = plan._attempt()
        self.assertTrue(attempt.tokenize)
        attempt._process('demo', {
            'reference': attempt.reference, 'simulated_state': 'done', 'payment_details': '1234',
        })
        self.assertEqual((plan.state, plan.token_id), ('active', attempt.token_id))
        self.fall_due(plan, 2)
        self.run_job()
        self.assertEqual(self.line(plan, 2).state, 'confirmed')

    def test_a_first_charge_that_was_reserved_and_released_is_not_made_by_odoo(self):
        self.demo.capture_manually = True
        plan = self.create_plan(method=self.demo_method)
        attempt = plan._attempt()
        attempt._process('demo', {
            'reference': attempt.reference, 'simulated_state': 'done', 'payment_details': '1234',
        })
        self.assertEqual((attempt.state, plan.state), ('authorized', 'pending'))
        attempt._set_canceled()
        self.run_job()
        self.assertEqual((plan.state, self.line(plan).state), ('pending', 'awaiting'))
        self.assertEqual(plan.transaction_ids, attempt)
        self.assertTrue(plan._attempt())

    def _break_off(self):
        """The provider's request goes out, and no answer comes."""
        def request(transaction):
            transaction.provider_id._send_api_request('POST', '/charge')

        with (
            patch.object(type(self.env['payment.transaction']), '_send_payment_request', request),
            patch.object(type(self.env['payment.provider']), '_build_request_url',
                         lambda *_args, **_kwargs: 'https://provider.example.com'),
            patch('requests.request', side_effect=requests.exceptions.ReadTimeout),
            self.assertLogs(JOB, logging.WARNING),
        ):
            self.run_job()
        return self.line(self.plan).transaction_id

    def test_what_broke_off_is_no_refusal_and_is_not_charged_again(self):
        charge = self._break_off()
        self.assertEqual((charge.state, self.line(self.plan).state), ('pending', 'awaiting'))
        self.minutes_pass(charge, minutes=600)
        transactions = type(self.env['payment.transaction'])
        with patch.object(transactions, '_send_payment_request', side_effect=AssertionError):
            self.run_job()
            self.ask_now(charge)
            self.run_job()
        [activity] = self.activities(self.plan)
        self.assertIn("Was instalment 1 charged?", activity.summary)

    def test_what_fails_in_a_provider_keeps_no_other_from_being_charged(self):
        other = self.stock_plan('done')
        send = type(self.env['payment.transaction'])._send_payment_request

        def fail(transaction):
            if transaction.email_pay_installment_id.plan_id == self.plan:
                transaction.provider_reference = 'half'
                raise KeyError('status')
            return send(transaction)

        with (
            patch.object(type(self.env['payment.transaction']), '_send_payment_request', fail),
            self.assertLogs(JOB, logging.ERROR) as logs,
        ):
            self.run_job()
        [record] = logs.records
        self.assertTrue(record.exc_info)
        charge = self.line(self.plan).transaction_id
        self.assertEqual((charge.state, charge.provider_reference), ('pending', False))
        self.assertTrue(charge.email_pay_ask_at)
        self.assertEqual(self.line(other).state, 'confirmed')
        self.ask_now(charge)
        [activity] = self.activities(self.plan)
        self.assertIn("Was instalment 1 charged?", activity.summary)

    def test_a_person_says_that_it_was_charged(self):
        charge = self._break_off()
        self.ask_now(charge)
        self.line(self.plan)._confirm_by_hand(fields.Date.today(), "Seen there")
        self.assertEqual((charge.state, self.line(self.plan).state), ('done', 'confirmed'))
        charge._process('demo', {'reference': charge.reference, 'simulated_state': 'done'})
        self.assertEqual(self.plan.move_id.amount_residual, 200.0)

    def test_a_person_says_that_it_was_not_charged(self):
        charge = self._break_off()
        self.ask_now(charge)
        self.line(self.plan)._deny_by_hand("It was not charged.", tell=False)
        self.assertEqual((charge.state, self.line(self.plan).state), ('error', 'denied'))
        self.assertFalse(self.line(self.plan).notice_due)

    def test_after_a_month_it_is_given_up_and_not_charged_again(self):
        charge = self._break_off()
        self.minutes_pass(charge, minutes=31 * 24 * 60)
        with self.assertLogs('odoo.addons.email_pay.models.payment_janitor', logging.WARNING):
            self.ask_now(charge)
        line = self.line(self.plan)
        self.assertEqual((line.state, line.next_attempt), ('denied', False))
