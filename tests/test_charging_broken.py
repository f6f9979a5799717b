from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..gateways.credicorp import Credicorp
from .charging_common import JOB, ChargingCommon

CLAIMS = 'odoo.addons.email_pay.models.email_pay_installment_charge'
SYNC = 'odoo.addons.email_pay.models.email_pay_plan_sync'


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

    def test_what_the_gateway_never_got_waits_for_a_person(self):
        self.break_off(sent=False)
        self.assertLeftUnknown()
        charge = self.broken.transaction_id
        self.ask_now(charge, times=4)
        self.minutes_pass(charge)
        self.run_job()
        self.assertLeftUnknown()
        self.assertEqual(self.asked(charge.reference), 0)
        _broke_off, question = self.activities(self.plans[1]).sorted('id')
        self.assertIn("not charged again by itself", question.note)
        self.broken._deny_by_hand("Never charged.", tell=False)
        self.broken.next_attempt = fields.Datetime.now()
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

    # === BEFORE ANYTHING IS SENT === #

    def stumble_over(self, model, method, is_broken):
        """Let a method of a model fail for the records that are broken."""
        cls = type(self.env[model])
        original = getattr(cls, method)

        def stumble(records, *arguments):
            if is_broken(records):
                raise KeyError('secret')
            return original(records, *arguments)

        return patch.object(cls, method, stumble)

    def unprepared(self):
        return self.stumble_over(
            'payment.transaction', '_email_pay_request',
            lambda tx: tx.email_pay_installment_id == self.broken)

    def unclaimable(self):
        return self.stumble_over(
            'email.pay.installment', '_charge_values', lambda line: line == self.broken)

    def assertPutOff(self):
        """The others are charged, of this one nothing was sent, and one person is told once."""
        states = [self.line(plan).state for plan in self.plans]
        self.assertEqual(states, ['confirmed', 'awaiting', 'confirmed'])
        self.assertEqual(self.asked(self.broken._charge_reference()), 0)
        self.assertGreater(
            self.broken.next_attempt, fields.Datetime.now() + timedelta(minutes=50))
        activity = self.activities(self.plans[1])
        self.assertIn("Nothing was sent", activity.note)
        self.assertIn("KeyError", activity.note)
        self.assertNotIn("secret", activity.note)
        self.assertFalse(self.activities(self.plans[0] + self.plans[2]))
        bodies = self.plans[1].message_ids.mapped('body')
        self.assertEqual(len([body for body in bodies if "KeyError" in body]), 1)

    def an_hour_passes(self):
        self.broken.next_attempt = fields.Datetime.now()
        self.minutes_pass(self.broken.transaction_id, 61)

    def test_one_that_cannot_be_prepared_is_put_off(self):
        with self.unprepared(), mute_logger(JOB):
            self.run_job()
            self.assertPutOff()
            self.run_job()
            self.an_hour_passes()
            self.run_job()
        self.assertPutOff()
        self.an_hour_passes()
        self.run_job()
        self.assertEqual((self.broken.state, self.taken(self.plans[1])), ('confirmed', 1))

    def test_one_that_cannot_be_claimed_is_put_off(self):
        with self.unclaimable(), mute_logger(CLAIMS):
            self.run_job()
            self.assertPutOff()
            self.an_hour_passes()
            self.run_job()
        self.assertPutOff()
        self.assertFalse(self.broken.transaction_id)
        self.an_hour_passes()
        self.run_job()
        self.assertEqual((self.broken.state, self.taken(self.plans[1])), ('confirmed', 1))

    # === WHILE PLANS ARE LOOKED AT === #

    def test_one_that_cannot_be_looked_at_is_told_once(self):
        broken = self.plans[1]
        with (
            self.stumble_over('email.pay.plan', '_judge', lambda plan: plan == broken),
            mute_logger(SYNC),
        ):
            for _day in range(2):
                for plan in self.plans:
                    plan.sync_at = fields.Datetime.now()
                self.look()
        activity = self.activities(broken)
        self.assertIn("could not be looked at", activity.summary)
        self.assertIn("KeyError", activity.note)
        self.assertNotIn("secret", activity.note)
        self.assertGreater(broken.sync_at, fields.Datetime.now())
        self.assertFalse(self.activities(self.plans[0] + self.plans[2]))
