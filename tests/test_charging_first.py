from datetime import timedelta
from urllib.parse import urlsplit

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .charging_common import ChargingCommon
from .common import NO_FUNDS_CARD
from .greenpay_common import NO_FUNDS_CARD as NO_FUNDS_AT_GREENPAY
from .greenpay_common import GreenPayCommon


@tagged('post_install', '-at_install')
class TestFirstCharge(ChargingCommon):
    """The customer makes the first charge, and the card is saved with it."""

    def setUp(self):
        super().setUp()
        self.plan = self.create_plan()

    def test_the_card_is_saved_with_the_first_charge(self):
        attempt = self.begin(self.plan)
        self.assertEqual((self.line(self.plan).state, self.plan.state), ('confirmed', 'active'))
        self.assertEqual(self.plan.token_id, attempt.token_id)
        self.assertEqual(self.plan.token_id.partner_id, self.customer)

    def test_the_next_charge_names_the_first_one(self):
        attempt = self.begin(self.plan)
        self.fall_due(self.plan, 2)
        self.run_job()
        charge = self.line(self.plan, 2).transaction_id
        self.assertEqual((charge.state, charge.token_id), ('done', self.plan.token_id))
        [entry] = self.sandbox.ledger.charges(charge.reference)
        self.assertEqual(entry.details['initial_transaction_id'], attempt.provider_reference)

    def test_a_card_that_is_refused_begins_nothing(self):
        self.begin(self.plan, NO_FUNDS_CARD)
        self.assertEqual((self.plan.state, self.plan.token_id.id), ('pending', False))
        self.run_job()
        self.assertEqual(self.taken(self.plan), 0)
        self.begin(self.plan)
        self.assertEqual((self.plan.state, self.taken(self.plan)), ('active', 1))

    def test_a_plan_whose_customer_has_not_begun_is_not_charged(self):
        self.fall_due(self.plan)
        self.run_job()
        self.assertEqual((self.line(self.plan).state, self.taken(self.plan)), ('awaiting', 0))

    def test_a_first_charge_that_was_begun_is_not_made_when_less_is_due(self):
        attempt = self.plan._attempt()
        self.assertEqual(self.plan._attempt(), attempt)
        self.settle_by_hand(self.plan.move_id, 50.0)
        with self.assertRaisesRegex(ValidationError, "This invoice changed"):
            self.plan._attempt()

    def test_a_first_charge_that_was_begun_is_not_made_when_the_draft_changed(self):
        plan = self.create_plan(invoice=self.create_invoice(300.0, post=False))
        attempt = plan._attempt()
        self.assertEqual(plan._attempt(), attempt)
        plan.move_id.invoice_line_ids.price_unit = 400.0
        with self.assertRaisesRegex(ValidationError, "This invoice changed"):
            plan._attempt()

    def test_the_card_is_changed_without_a_charge(self):
        self.begin(self.plan)
        before = self.plan.token_id
        card = self.charge(self.plan._start_card())
        self.assertEqual((card.operation, card.state), ('validation', 'done'))
        self.assertEqual(self.plan.token_id, card.token_id)
        self.assertNotEqual(self.plan.token_id, before)
        self.assertEqual(self.taken(self.plan), 1)
        self.advance(card)
        self.assertFalse(card.payment_id)

    def test_a_card_whose_answer_was_lost_is_not_taken(self):
        self.begin(self.plan)
        before = self.plan.token_id
        card = self.plan._start_card()
        self.sandbox.faults.add('cut', ['validate'], charged=True)
        with self.assertLogs('odoo.addons.email_pay.models.payment_transaction', 'WARNING'):
            self.charge(card)
        self.ask_now(card, times=3)
        self.assertEqual((card.state, self.plan.token_id), ('error', before))

    def test_where_the_answer_was_lost_the_next_one_asks_for_a_card(self):
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        attempt = self.plan._attempt()
        with self.assertLogs('odoo.addons.email_pay.models.payment_transaction', 'WARNING'):
            self.charge(attempt)
        self.ask_now(attempt)
        self.assertEqual((self.plan.state, self.plan.token_id.id), ('active', False))
        self.fall_due(self.plan, 2)
        self.run_job()
        self.assertEqual(self.line(self.plan, 2).state, 'denied')
        self.pay_denied(self.plan)
        self.assertTrue(self.plan.token_id)


@tagged('post_install', '-at_install')
class TestFirstChargeOfGreenPay(GreenPayCommon):
    """GreenPay saves a card by itself: then Odoo makes the first charge."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.method = cls.env['email.pay.method'].create({
            'portal_id': cls.portal.id, 'provider_id': cls.greenpay.id, 'kind': 'recurring',
            'recurring_mode': 'token',
        })

    def setUp(self):
        super().setUp()
        self.plan = self.env['email.pay.plan']._create_for(
            self.create_invoice(300.0), self.method, 3, fields.Date.today())
        self.first, self.second, _third = self.plan.installment_ids.sorted('number')

    def save_card(self, **kwargs):
        """Give a card on GreenPay's form, and come back."""
        card = self.plan._attempt()
        self.come_back(card, self.pay_at_gateway(card, **kwargs))
        return card

    def run_job(self):
        with self.own_cursor() as env:
            env['email.pay.installment']._cron_charge()

    def test_first_the_card_then_the_charge(self):
        card = self.save_card()
        self.assertEqual((card.operation, card.state), ('validation', 'done'))
        self.assertEqual((self.plan.token_id, self.plan.state), (card.token_id, 'pending'))
        self.run_job()
        self.assertEqual((self.first.state, self.plan.state), ('confirmed', 'active'))
        self.assertEqual(self.charges(self.first.transaction_id), 1)
        self.assertEqual(self.plan.move_id.amount_residual, 200.0)
        self.run_job()
        self.assertEqual(self.second.state, 'awaiting')

    def test_a_card_that_is_refused_is_not_kept(self):
        self.save_card(number=NO_FUNDS_AT_GREENPAY)
        self.run_job()
        self.assertEqual((self.plan.state, self.plan.token_id.id), ('pending', False))
        self.assertIn("enough funds", self.plan.error)
        self.save_card()
        self.run_job()
        self.assertEqual((self.first.state, self.plan.state), ('confirmed', 'active'))

    def test_a_charge_that_was_claimed_and_not_sent_is_cancelled(self):
        self.save_card()
        with self.own_cursor() as env:
            env['email.pay.installment']._claim_due(5, env['payment.provider'])
        charge = self.first.transaction_id
        self.assertEqual(charge.state, 'pending')
        self.plan.action_cancel_attempt()
        self.assertEqual((charge.state, self.plan.state), ('cancel', 'cancelled'))
        charge.last_state_change -= timedelta(hours=1)
        self.run_job()
        self.assertEqual(self.charges(charge), 0)

    def test_the_customer_comes_back_to_the_plan(self):
        card = self.plan._attempt()
        self.assertEqual(card.landing_route, self.plan._live_link()._path())
        self.assertIn('/greenpay/form/', urlsplit(self.open_checkout(card)).path)

    def test_the_card_is_changed(self):
        self.save_card()
        self.run_job()
        before = self.plan.token_id
        card = self.plan._start_card()
        self.come_back(card, self.pay_at_gateway(card))
        self.assertEqual(self.plan.token_id, card.token_id)
        self.assertNotEqual(self.plan.token_id, before)
