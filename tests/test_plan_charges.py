from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .plan_common import PlanCommon


@tagged('post_install', '-at_install')
class TestPlanCharges(PlanCommon):
    """Each month: what is charged is booked once, however it is learned of."""

    def setUp(self):
        super().setUp()
        self.plan = self.active()
        self.invoice = self.plan.move_id

    def booked(self):
        return self.plan.transaction_ids.payment_id

    def test_silent_months_are_found_by_the_daily_look(self):
        self.month(self.plan)
        self.assertEqual(self.states(self.plan), ['confirmed', 'confirmed', 'awaiting'])
        second = self.lines(self.plan)[1]
        self.assertEqual(second.transaction_id.reference, f'{self.plan.reference}-2')
        self.assertEqual(
            second.transaction_id.provider_reference, self.order(self.plan).charges[1].id)
        self.month(self.plan)
        self.assertEqual(self.plan.state, 'done')
        self.assertEqual(sorted(self.booked().mapped('amount')), [33.33, 33.33, 33.34])
        self.assertEqual(self.invoice.amount_residual, 0)
        self.assertEqual(len(self.receipts(self.customer.email)), 3)
        self.assertFalse(self.plan.sync_at)

    def test_several_months_at_once(self):
        self.month(self.plan, months=2)
        self.assertEqual((self.plan.state, len(self.booked())), ('done', 3))

    def test_the_same_told_again_changes_nothing(self):
        self.month(self.plan)
        for _time in range(3):
            self.sync(self.plan)
            self.within(self.plan, lambda plan: plan.action_refresh())
        self.assertEqual(len(self.booked()), 2)
        self.assertEqual(len(self.plan.transaction_ids), 2)
        self.assertAlmostEqual(self.invoice.amount_residual, 33.34)

    def test_months_in_any_order(self):
        order = self.order(self.plan)
        self.gateway.advance(months=2)
        later = order.charges[2]
        second, order.charges[1] = order.charges[1], replace(order.charges[1], status='created')
        self.sync(self.plan)
        self.assertEqual(self.states(self.plan), ['confirmed', 'awaiting', 'confirmed'])
        order.charges[1] = second
        self.sync(self.plan)
        self.assertEqual(self.plan.state, 'done')
        self.assertEqual(self.lines(self.plan)[2].transaction_id.provider_reference, later.id)

    def test_all_at_once_with_the_first_posts_the_draft_once(self):
        invoice = self.create_invoice(100.0, post=False)
        plan = self.collect(invoice)
        self.pay_first(plan, come_back=False)
        self.gateway.advance(months=2)
        self.sync(plan)
        self.assertEqual((plan.state, invoice.state), ('done', 'posted'))
        self.assertEqual(invoice.amount_residual, 0)

    def test_an_amount_that_differs_waits_for_a_person(self):
        order = self.order(self.plan)
        self.gateway.advance()
        order.charges[1].amount += Decimal('0.01')
        self.sync(self.plan)
        self.assertEqual(self.states(self.plan)[1], 'awaiting')
        [event] = self.events(self.pagolivre)
        self.assertEqual((event.state, event.transaction_id), ('parked', self.plan._anchor()))
        self.assertIn("asked for", event.error)
        self.assertEqual(len(self.booked()), 1)
        order.charges[1].amount -= Decimal('0.01')
        with self.own_cursor() as env:
            env['email.pay.event'].browse(event.id).action_replay()
        self.assertEqual(self.states(self.plan)[1], 'confirmed')

    def test_more_charges_than_the_plan_has_wait_for_a_person(self):
        order = self.order(self.plan)
        self.gateway.advance(months=2)
        order.charges.append(replace(order.charges[2], number=4, id='more'))
        self.sync(self.plan)
        self.assertEqual(self.plan.state, 'done')
        [event] = self.events(self.pagolivre)
        self.assertIn("more instalments", event.error)
        self.assertEqual(len(self.booked()), 3)

    def test_a_refused_charge_is_told_to_the_customer_once(self):
        self.gateway.refuse(self.order(self.plan).id)
        self.month(self.plan)
        denied = self.lines(self.plan)[1]
        self.assertEqual((denied.state, denied.attempts), ('denied', 1))
        self.assertIn("declined the card", denied.reason)
        self.assertEqual(self.plan.state, 'active')
        self.assertFalse(self.outbox_of_denied())
        self.tell_denied()
        [mail] = self.outbox_of_denied()
        self.assertIn(self.plan.link_id._url(), mail.body_html)
        self.assertIn("declined the card", mail.body_html)
        self.assertEqual(mail.email_to, self.customer.email)
        self.sync(self.plan)
        self.tell_denied()
        self.assertEqual((len(self.outbox_of_denied()), denied.attempts), (1, 1))
        for record in (self.plan, self.invoice):
            self.assertIn("Instalment 2 was refused", self.notes(record))

    def outbox_of_denied(self):
        return self.outbox('mail_template_denied')

    def test_a_customer_without_address_is_left_to_a_person(self):
        self.gateway.refuse(self.order(self.plan).id)
        self.customer.email = False
        self.month(self.plan)
        self.tell_denied()
        self.assertFalse(self.outbox_of_denied())
        self.assertIn("no e-mail", self.activities(self.plan).note)

    def test_an_expired_card_is_a_refusal(self):
        self.order(self.plan).card = replace(self.order(self.plan).card, exp='0120')
        self.month(self.plan)
        self.assertEqual(self.states(self.plan)[1], 'denied')

    def test_the_gateway_tries_again_and_confirms(self):
        order = self.order(self.plan)
        self.gateway.refuse(order.id)
        self.month(self.plan)
        self.gateway.retry(order.id)
        self.sync(self.plan)
        second = self.lines(self.plan)[1]
        self.assertEqual((second.state, second.reason), ('confirmed', False))
        self.assertAlmostEqual(self.invoice.amount_residual, 33.34)
        self.tell_denied()
        self.assertFalse(self.outbox_of_denied())

    def deny_second(self):
        self.gateway.refuse(self.order(self.plan).id)
        self.month(self.plan)
        return self.lines(self.plan)[1]

    def pay_denied(self, installment):
        """Pay a refused instalment with the link of the plan; the payment."""
        tx = self.plan.link_id._start_installment(
            installment, self.credicorp, self.credicorp.payment_method_ids[:1])
        self.charge(tx)
        self.advance(tx)
        return tx

    def test_a_refused_instalment_is_paid_with_the_link(self):
        second = self.deny_second()
        tx = self.pay_denied(second)
        self.assertEqual((second.state, second.transaction_id), ('confirmed', tx))
        self.assertAlmostEqual(self.invoice.amount_residual, 33.34)
        with self.assertRaises(ValidationError):
            self.pay_denied(second)
        self.month(self.plan)
        self.assertEqual(self.plan.state, 'done')

    def test_a_refused_instalment_is_paid_once_in_two_tabs(self):
        second = self.deny_second()
        link, method = self.plan.link_id, self.credicorp.payment_method_ids[:1]
        first, other = (
            link._start_installment(second, self.credicorp, method) for _tab in range(2))
        self.charge(first)
        with self.assertRaises(ValidationError):
            self.charge(other)
        charged = [len(self.sandbox.ledger.charges(tx.reference)) for tx in (first, other)]
        self.assertEqual(charged, [1, 0])

    def test_only_what_was_refused_is_paid_with_the_link(self):
        with self.assertRaises(ValidationError):
            self.pay_denied(self.lines(self.plan)[1])
        with self.assertRaises(ValidationError):
            self.pay_denied(self.lines(self.active())[1])

    def test_a_failed_payment_with_the_link_leaves_it_refused(self):
        second = self.deny_second()
        tx = self.plan.link_id._start_installment(
            second, self.credicorp, self.credicorp.payment_method_ids[:1])
        self.charge(tx, '4000000000002024')
        self.assertEqual((tx.state, second.state, second.attempts), ('error', 'denied', 1))

    def test_a_refused_instalment_is_paid_with_the_ordinary_link(self):
        second = self.deny_second()
        link = self.create_link(self.invoice)
        self.assertAlmostEqual(link._amount_choices()['full'], 33.33)
        with self.assertRaises(ValidationError):
            self.start_payment(link, 33.34)
        tx = self.pay_by_card(link, 33.33)
        self.assertEqual((second.state, second.transaction_id), ('confirmed', tx))

    def test_what_is_paid_by_link_and_then_charged_is_a_credit(self):
        second = self.deny_second()
        tx = self.pay_denied(second)
        self.gateway.retry(self.order(self.plan).id)
        self.sync(self.plan)
        self.assertEqual(second.transaction_id, tx)
        again = self.plan.transaction_ids.filtered(
            lambda one: one.reference == f'{self.plan.reference}-2')
        self.assertEqual((again.state, again.payment_id.amount), ('done', 33.33))
        self.assertFalse(again.payment_id.reconciled_invoice_ids)
        self.assertIn("33.33", self.activities(again.payment_id).summary)
        self.assertIn("customer's credit", self.notes(self.plan))
        self.assertAlmostEqual(self.invoice.amount_residual, 33.34)
        self.sync(self.plan)
        self.assertEqual(len(self.activities(again.payment_id)), 1)

    def test_a_gateway_that_does_not_answer_is_asked_again(self):
        self.gateway.advance()
        self.sandbox.faults.add('cut', ['query'])
        self.sync(self.plan)
        self.assertEqual(self.states(self.plan)[1], 'awaiting')
        self.assertLess(self.plan.sync_at, fields.Datetime.now() + timedelta(hours=1))
        self.sync(self.plan)
        self.assertEqual(self.states(self.plan)[1], 'confirmed')
        self.assertGreater(self.plan.sync_at, fields.Datetime.now() + timedelta(hours=19))


    def test_one_that_cannot_be_read_keeps_no_other_waiting_for_long(self):
        other = self.active()
        self.gateway.advance()
        self.order(self.plan).charges[1].id = ''
        (self.plan + other).sudo().sync_at = fields.Datetime.now()
        for _run in range(2):
            with self.own_cursor() as env:
                env['email.pay.plan']._cron_sync()
        self.assertEqual(self.states(self.plan)[1], 'awaiting')
        self.assertEqual(self.states(other)[1], 'confirmed')


@tagged('post_install', '-at_install')
class TestPlanGuard(PlanCommon):
    """What a plan will charge, nobody else collects."""

    def test_an_open_attempt_holds_the_whole_invoice(self):
        plan = self.collect()
        link = self.create_link(plan.move_id)
        with self.assertRaisesRegex(ValidationError, "in instalments"):
            self.start_payment(link)
        self.later(32)
        self.janitor()
        self.assertEqual(self.start_payment(link).amount, 100.0)

    def test_an_active_plan_holds_what_it_awaits(self):
        plan = self.active()
        invoice = plan.move_id
        self.assertAlmostEqual(invoice._email_pay_awaited(), 66.67)
        with self.assertRaises(ValidationError):
            self.start_payment(self.create_link(invoice), 1.0)
        statement = self.env['email.pay.link']._for_customer(self.customer, self.company)
        [section] = statement._statement().sections
        self.assertNotIn(invoice.id, statement._free(section))
        self.assertEqual(section.charges[0].closed, 'installments')
        self.env.flush_all()
        row = self.env['email.pay.outstanding'].search([('move_id', '=', invoice.id)])
        self.assertTrue(row.closed)
        with self.assertRaisesRegex(ValidationError, "in instalments"):
            invoice._email_pay_check_free(self.customer)

    def test_an_attempt_waits_for_a_payment_on_its_way(self):
        invoice = self.create_invoice(100.0)
        self.start_payment(self.create_link(invoice), 50.0)._email_pay_claim()
        with self.assertRaisesRegex(ValidationError, "being processed"):
            self.collect(invoice)
        self.assertFalse(self.orders)
