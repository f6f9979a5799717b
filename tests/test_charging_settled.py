from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .charging_common import ChargingCommon
from .common import NO_FUNDS_CARD


@tagged('post_install', '-at_install')
class TestRefusedAndSettled(ChargingCommon):
    """What was refused, and then paid in another way than with its link."""

    def setUp(self):
        super().setUp()
        self.plan = self.active_plan(NO_FUNDS_CARD)
        self.invoice = self.plan.move_id
        self.fall_due(self.plan)
        self.run_job()
        self.first = self.line(self.plan)
        self.assertEqual(self.first.state, 'denied')
        self.plan.token_id.provider_ref = self.saved_card().provider_ref  # it has funds now

    def days_pass(self):
        """The day of the next attempt comes."""
        self.first.next_attempt = fields.Datetime.now()
        self.run_job()

    def test_it_is_not_tried_again_when_it_was_paid_by_bank_transfer(self):
        self.settle_by_hand(self.invoice, 100.0)
        self.days_pass()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('denied', 0))
        self.look()
        self.assertEqual(self.first.state, 'cancelled')
        self.assertIn("settled in another way", str(self.invoice.message_ids.mapped('body')))
        self.fall_due(self.plan, 2, 3)
        self.run_job()
        self.assertEqual((self.taken(self.plan), self.plan.state), (2, 'done'))
        self.assertEqual(self.invoice.amount_residual, 0.0)

    def test_nor_is_it_paid_with_the_link_then(self):
        self.settle_by_hand(self.invoice, 100.0)
        with self.assertRaisesRegex(ValidationError, "This invoice changed"):
            self.pay_denied(self.plan)

    def test_of_several_the_oldest_is_settled(self):
        self.plan.token_id.provider_ref = self.saved_card(NO_FUNDS_CARD).provider_ref
        self.fall_due(self.plan, 2)
        self.run_job()
        self.settle_by_hand(self.invoice, 150.0)
        self.look()
        self.assertEqual((self.first.state, self.line(self.plan, 2).state),
                         ('cancelled', 'denied'))

    def test_a_part_of_it_is_left_to_a_person(self):
        self.settle_by_hand(self.invoice, 50.0)
        self.days_pass()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('denied', 0))
        self.look()
        self.assertEqual(self.first.state, 'denied')
        self.assertIn("still to be charged", self.activities(self.plan).note)

    def test_a_part_of_it_that_was_paid_online_is_left_to_a_person_too(self):
        self.assertFalse(self.plan.sync_at)
        self.pay_by_card(self.create_link(self.invoice), 50.0)
        self.look()
        self.assertEqual(self.first.state, 'denied')
        self.assertIn("still to be charged", self.activities(self.plan).note)

    def test_what_is_charged_wakes_nobody(self):
        self.fall_due(self.plan, 2)
        self.run_job()
        self.assertEqual((self.taken(self.plan), self.plan.sync_at), (1, False))

    def test_while_another_is_on_its_way_it_is_tried_again(self):
        self.fall_due(self.plan, 2)
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        with self.assertLogs('odoo.addons.email_pay.models.payment_saved_card', 'WARNING'):
            self.run_job()
        self.days_pass()
        self.assertEqual((self.first.state, self.taken(self.plan)), ('confirmed', 2))

    def test_a_person_confirms_that_the_money_came(self):
        self.assertTrue(self.first.can_decide)
        self.first._confirm_by_hand(fields.Date.today(), "Transfer 4711")
        self.assertEqual((self.first.state, self.invoice.amount_residual), ('confirmed', 200.0))
        self.days_pass()
        self.assertEqual(self.taken(self.plan), 0)
        with self.assertRaisesRegex(UserError, "confirmed already"):
            self.first._confirm_by_hand(fields.Date.today(), False)
