from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..gateways.credicorp import Credicorp
from .charging_common import JOB, ChargingCommon


@tagged('post_install', '-at_install')
class TestChargingBroken(ChargingCommon):
    """An error of our own while one card is charged is not one of all others."""

    def setUp(self):
        super().setUp()
        self.plans = [self.active_plan() for _number in range(3)]
        for plan in self.plans:
            self.fall_due(plan)
        self.broken = self.line(self.plans[1])

    def break_off(self, sent):
        """Charge all, and stumble over the second; before or after it was `sent`."""
        charge, reference = Credicorp.charge, self.broken._charge_reference()

        def stumble(gateway, request, source):
            if request.reference != reference:
                return charge(gateway, request, source)
            if sent:
                charge(gateway, request, source)
            raise KeyError('secret')

        with patch.object(Credicorp, 'charge', stumble), mute_logger(JOB):
            self.run_job()

    def assertLeftUnknown(self):
        states = [self.line(plan).state for plan in self.plans]
        self.assertEqual(states, ['confirmed', 'awaiting', 'confirmed'])
        charge = self.broken.transaction_id
        self.assertEqual((charge.state, bool(charge.email_pay_ask_at)), ('pending', True))

    def test_the_others_are_charged_and_a_person_is_told(self):
        self.break_off(sent=True)
        self.assertLeftUnknown()
        activity = self.activities(self.plans[1])
        self.assertIn("broke off", activity.summary)
        self.assertIn("KeyError", activity.note)
        self.assertIn("KeyError", str(self.plans[1].message_ids.mapped('body')))
        self.assertNotIn("secret", activity.note)
        self.assertFalse(self.activities(self.plans[0] + self.plans[2]))

    def test_what_was_charged_is_asked_for_and_never_repeated(self):
        self.break_off(sent=True)
        charge = self.broken.transaction_id
        self.minutes_pass(charge)
        self.run_job()
        self.assertEqual(self.asked(charge.reference), 1)
        self.ask_now(charge)
        self.assertEqual((self.broken.state, self.taken(self.plans[1])), ('confirmed', 1))

    def test_what_the_gateway_never_got_is_charged_later(self):
        self.break_off(sent=False)
        self.assertLeftUnknown()
        charge = self.broken.transaction_id
        self.ask_now(charge, times=3)
        self.minutes_pass(charge)
        self.run_job()
        self.assertEqual((self.broken.state, self.taken(self.plans[1])), ('confirmed', 1))

    def test_one_activity_for_all_that_broke_off(self):
        with (
            patch.object(Credicorp, 'charge', lambda *_arguments: {}['missing']),
            mute_logger(JOB),
        ):
            self.run_job()
        self.assertEqual(
            [len(self.activities(plan)) for plan in self.plans], [1, 0, 0])
        for plan in self.plans:
            self.assertIn("KeyError", str(plan.message_ids.mapped('body')))
