from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..gateways import REGISTRY
from ..gateways.values import Operation, PaymentEvent, Status
from ..sandbox.credicorp import notices
from .common import EmailPayHttpCommon
from .test_returns import REFUND, ReturnsCommon


@tagged('post_install', '-at_install')
class TestReported(ReturnsCommon, EmailPayHttpCommon):
    """The gateway, the bank, or somebody at the gateway gives the money back."""

    def tell(self, number):
        """Let the gateway tell of the last operation of its transaction; the notification."""
        before = self.events()
        self.notify_of(number)
        self.process_events()
        return self.events() - before

    def give_back(self, amount):
        """A refund at the gateway's own desk; its number."""
        return self.sandbox.credicorp.refund(self.transaction.provider_reference, amount).id

    def take(self, operation, amount, status=Status.DONE, **values):
        """What `event` brings, for what this gateway has no notification."""
        return self.transaction._email_pay_take_return(PaymentEvent(
            operation, status, **{
                'reference': self.transaction.reference, 'gateway_reference': 'CB1',
                'amount': amount and Decimal(amount), **values,
            },
        ))

    def assertParked(self, event, sentence):
        self.assertEqual(event.state, 'parked')
        self.assertIn(sentence, event.error)
        self.assertEqual(len(self.activities(event)), 1)

    # --- what is reported -------------------------------------------------------------------------

    def test_fault_12_a_refund_at_the_gateway_reopens_the_invoice(self):
        event = self.tell(self.give_back('100.00'))
        self.assertEqual((event.state, event.transaction_id), ('done', self.transaction))
        self.assertReturned(100.0)
        self.assertEqual(self.invoice.payment_state, 'not_paid')

    def test_a_partial_refund_reopens_that_part(self):
        self.tell(self.give_back('30.00'))
        self.assertReturned(30.0)
        self.assertEqual(self.invoice.payment_state, 'partial')

    def test_a_void_at_the_gateway_reopens_the_invoice(self):
        self.sandbox.credicorp.void(self.transaction.provider_reference)
        self.assertEqual(self.tell(self.transaction.provider_reference).state, 'done')
        self.assertReturned(100.0)
        self.assertEqual(self.refunds().email_pay_return, 'void')

    def test_a_chargeback_reopens_the_invoice_and_says_what_to_do(self):
        self.assertEqual(self.take(Operation.CHARGEBACK, '100.00')[0], 'done')
        self.assertEqual(self.invoice.amount_residual, 100.0)
        [activity] = self.activities(self.invoice)
        self.assertEqual(activity.user_id, self.portal._attention_user())
        self.assertIn("Dispute: ", activity.summary)
        self.assertIn("100.00 was taken back", activity.summary)
        for words in (
            self.transaction.reference, self.refunds().payment_id.name, self.invoice.name,
            "before its deadline", "Send no refund",
        ):
            self.assertIn(words, activity.note)

    def test_the_billing_team_is_told_once_of_each(self):
        number = self.give_back('30.00')
        for _time in range(3):
            self.tell(number)
        [activity] = self.activities(self.invoice)
        self.assertIn("30.00 made at the gateway", activity.summary)
        self.tell(self.give_back('20.00'))
        self.assertEqual(len(self.activities(self.invoice)), 2)

    def test_a_refunded_invoice_can_be_paid_again(self):
        self.tell(self.give_back('100.00'))
        again = self.pay_by_card(self.link)
        self.assertEqual((again.state, self.invoice.amount_residual), ('done', 0.0))

    # --- any order, any number --------------------------------------------------------------------

    def test_what_is_told_again_has_one_effect(self):
        number = self.give_back('30.00')
        events = [self.tell(number) for _time in range(3)]
        self.assertEqual([event.state for event in events], ['done', 'ignored', 'ignored'])
        self.assertReturned(30.0)

    def test_a_void_that_is_told_again_has_one_effect(self):
        number = self.transaction.provider_reference
        self.sandbox.credicorp.void(number)
        self.assertEqual([self.tell(number).state for _time in range(2)], ['done', 'ignored'])
        self.assertReturned(100.0)

    def test_what_was_ordered_here_is_no_news(self):
        for keeps_order in (True, False):
            self.sandbox.credicorp.configure(refund_keeps_order=keeps_order)
            refund = self.refund(self.transaction, 30.0)
            self.assertEqual(self.tell(refund.provider_reference).state, 'ignored')
        self.assertEqual(self.invoice.amount_residual, 60.0)
        self.assertEqual(len(self.refunds()), 2)

    def test_a_void_that_was_ordered_here_is_no_news(self):
        self.refund(self.transaction)
        self.assertEqual(self.tell(self.transaction.provider_reference).state, 'ignored')
        self.assertReturned(100.0)

    def test_an_answer_that_comes_after_the_notification_has_no_effect(self):
        def answer_after_the_notification(gateway, charged, amount, reference):
            answer = refund(gateway, charged, amount, reference)
            self.tell(answer.gateway_reference)
            return answer

        gateway = REGISTRY['credicorp']
        refund = gateway.refund
        with patch.object(gateway, 'refund', answer_after_the_notification):
            self.transaction._email_pay_check_refundable(30.0)
            child = self.transaction._create_child_transaction(30.0, is_refund=True)
            child._set_pending()
            child._email_pay_pay_back()
        self.assertReturned(30.0)

    def test_a_refund_that_is_told_before_the_sale_waits_for_it(self):
        link = self.create_link(self.create_invoice())
        self.transaction = self.start_payment(link)
        self.invoice = link.invoice_ids
        sale = self.charge_behind_odoo(self.transaction)
        sold = self.sandbox.credicorp.notification(sale)
        back = self.sandbox.credicorp.refund(sale, '30.00').id
        self.sandbox.faults.add('http_500', ['query'])
        event = self.tell(back)
        self.assertEqual(event.state, 'failed')
        self.notify(sold[0], {'Content-Type': 'application/json', **sold[1]})
        self.process_events()
        event.next_attempt = fields.Datetime.now()
        self.process_events()
        self.assertEqual(event.state, 'done')
        self.assertReturned(30.0)

    def test_a_refund_that_is_told_before_the_sale_asks_for_it(self):
        link = self.create_link(self.create_invoice())
        self.transaction = self.start_payment(link)
        self.invoice = link.invoice_ids
        sale = self.charge_behind_odoo(self.transaction)
        self.tell(self.sandbox.credicorp.refund(sale, '30.00').id)
        self.assertEqual(self.transaction.state, 'done')
        self.assertReturned(30.0)
        self.assertEqual(len(self.activities(self.invoice)), 1)

    def test_a_void_of_what_was_never_booked_has_no_effect(self):
        link = self.create_link(self.create_invoice())
        transaction = self.start_payment(link)
        sale = self.charge_behind_odoo(transaction)
        self.sandbox.credicorp.void(sale)
        self.assertEqual(self.tell(sale).state, 'ignored')
        self.assertEqual(transaction.state, 'cancel')
        self.assertFalse(self.refunds(transaction))

    def test_a_refund_of_what_is_never_confirmed_is_parked(self):
        link = self.create_link(self.create_invoice())
        self.transaction = self.start_payment(link)
        body = self.sale_event(
            self.transaction, 'transaction.refund.success', transaction_id='7200001',
        )
        self.notify(body)
        self.process_events()
        event = self.events()
        self.assertEqual(event.state, 'failed')
        while event.state == 'failed':
            event.next_attempt = fields.Datetime.now()
            self.process_events()
        self.assertParked(event, "that it has not confirmed")

    def test_a_declined_refund_of_somebody_else_has_no_effect(self):
        self.assertEqual(self.take(Operation.REFUND, '30.00', Status.DECLINED), ('ignored', ''))
        self.assertFalse(self.refunds())

    # --- what does not fit ------------------------------------------------------------------------

    def test_more_than_is_left_is_parked(self):
        self.refund(self.transaction, 30.0)
        state, reason = self.take(Operation.CHARGEBACK, '100.00')
        self.assertEqual(state, 'parked')
        self.assertIn("100.00 going back, and only", reason)
        self.assertIn("70.00 of this payment is left", reason)
        self.assertEqual(self.invoice.amount_residual, 30.0)

    def test_more_than_is_left_is_parked_when_it_is_found_by_asking(self):
        self.give_back('80.00')
        with self.own_cursor() as env:
            transaction = env['payment.transaction'].browse(self.transaction.id)
            transaction.amount = 50.0  # as if the books knew of less
            transaction._email_pay_ask()
        self.assertIn('parked', self.events().mapped('state'))

    def test_another_currency_is_parked(self):
        state, reason = self.take(Operation.REFUND, '30.00', currency='EUR')
        self.assertEqual(state, 'parked')
        self.assertIn("paid back in EUR", reason)

    def test_an_amount_that_is_not_told_is_parked(self):
        state, reason = self.take(Operation.REFUND, None)
        self.assertEqual(state, 'parked')
        self.assertIn("does not say how much", reason)
        self.assertFalse(self.refunds())

    def test_a_void_without_an_amount_is_the_whole(self):
        state, _reason = self.take(
            Operation.VOID, None, gateway_reference=self.transaction.provider_reference
        )
        self.assertEqual((state, self.invoice.amount_residual), ('done', 100.0))

    def test_a_test_refund_on_a_live_app_is_parked(self):
        number = self.give_back('30.00')
        self.credicorp.state = 'enabled'
        self.assertParked(self.tell(number), "No money went back.")
        self.assertEqual(self.invoice.amount_residual, 0.0)

    def test_another_amount_than_was_ordered_is_parked(self):
        self.sandbox.faults.add('cut', ['refund'])
        with mute_logger(REFUND):
            refund = self.refund(self.transaction, 30.0)
        state, reason = self.take(Operation.REFUND, '29.00', reference=refund.reference)
        self.assertEqual(state, 'parked')
        self.assertIn("paid back 29.00, and the refund asked for", reason)
        self.assertEqual(refund.state, 'pending')

    def test_a_refund_that_failed_later_tells_the_billing_team(self):
        self.sandbox.faults.add('cut', ['refund'])
        with mute_logger(REFUND):
            refund = self.refund(self.transaction, 30.0)
        self.take(
            Operation.REFUND, '30.00', Status.DECLINED, reference=refund.reference,
            message="Card closed",
        )
        self.assertEqual((refund.state, refund.state_message), ('error', "Card closed"))
        self.assertEqual(len(self.activities(self.invoice)), 1)

    def test_a_dispute_that_was_won_is_parked(self):
        self.take(Operation.CHARGEBACK, '100.00')
        state, reason = self.take(Operation.CHARGEBACK, '100.00', Status.CANCELED)
        self.assertEqual(state, 'parked')
        self.assertIn("the money is yours again", reason)
        self.assertIn(self.refunds().payment_id.name, reason)
        self.assertEqual(self.invoice.amount_residual, 100.0)

    def test_a_refund_that_was_voided_is_parked(self):
        number = self.give_back('30.00')
        self.tell(number)
        self.sandbox.credicorp.void(number)
        self.assertParked(self.tell(number), "the money is yours again")
        self.assertEqual(len(self.refunds()), 1)

    # --- a batch of disputes names no payment -----------------------------------------------------

    def dispute(self, amount=100, transaction=None):
        """The notification of a dispute, as this gateway writes it: without the payment."""
        charged = self.sandbox.credicorp.transaction(
            (transaction or self.transaction).provider_reference
        )
        _type, body = notices.chargeback_event(charged, Decimal(amount))
        self.notify(body)
        self.process_events()
        return self.events()[-1:]

    def test_a_dispute_that_names_no_payment_proposes_the_one_that_fits(self):
        self.tell(self.transaction.provider_reference)
        event = self.dispute()
        self.assertParked(event, "dispute of 100.00, card ending in 1111")
        self.assertIn(self.transaction.reference, event.error)
        self.assertEqual(event.proposed_id, self.transaction)
        self.assertFalse(self.refunds())

    def test_a_dispute_that_fits_two_payments_proposes_none(self):
        self.tell(self.transaction.provider_reference)
        other = self.pay_by_card(self.create_link(self.create_invoice()))
        self.tell(other.provider_reference)
        event = self.dispute()
        self.assertParked(event, "Find the payment at the gateway")
        self.assertFalse(event.proposed_id)

    def test_a_dispute_that_fits_no_payment_proposes_none(self):
        self.tell(self.transaction.provider_reference)
        self.assertFalse(self.dispute(99).proposed_id)

    def test_the_accountant_books_the_proposed_dispute(self):
        self.tell(self.transaction.provider_reference)
        event = self.dispute()
        event.action_accept_proposal()
        self.assertEqual((event.state, event.transaction_id), ('done', self.transaction))
        self.assertEqual(self.refunds().email_pay_return, 'chargeback')
        self.assertEqual(self.invoice.amount_residual, 100.0)
        self.assertIn("deadline", self.activities(self.invoice).note)
        event.action_accept_proposal()
        self.assertEqual(len(self.refunds()), 1)
