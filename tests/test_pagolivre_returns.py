from odoo.tests import tagged

from .pagolivre_common import PagoLivreCommon

REFUND = 'odoo.addons.email_pay.models.payment_refund'


@tagged('post_install', '-at_install')
class TestPagoLivreReturns(PagoLivreCommon):
    """What goes back, whole or in parts, is booked once."""

    def ask(self, transaction):
        with self.own_cursor() as env:
            env['payment.transaction'].browse(transaction.id)._email_pay_ask()
            env['payment.transaction'].browse(transaction.id)._email_pay_book()

    def returns(self, transaction):
        refunds = transaction.child_transaction_ids
        return [(tx.state, tx.amount, tx.email_pay_return) for tx in refunds.sorted('id')]

    def test_the_whole_is_cancelled_and_booked_once(self):
        transaction = self.pay()
        refund = self.refund(transaction)
        self.assertEqual((refund.state, refund.email_pay_return), ('done', 'void'))
        self.assertTrue(refund.payment_id)
        self.assertEqual(self.balance(transaction), 0)
        self.ask(transaction)
        self.assertEqual(self.returns(transaction), [('done', -100.0, 'void')])
        self.assertFalse(self.events(self.pagolivre))

    def test_parts_are_cancelled_and_booked_once(self):
        transaction = self.pay()
        for amount in (40.0, 25.5, 34.5):
            refund = self.refund(transaction, amount)
            self.assertEqual((refund.state, refund.email_pay_return), ('done', 'refund'))
            self.ask(transaction)
        self.assertEqual(len(self.returns(transaction)), 3)
        self.assertEqual(self.balance(transaction), 0)
        self.assertFalse(self.events(self.pagolivre))

    def test_what_was_cancelled_at_the_desk_is_booked(self):
        transaction = self.pay()
        self.gateway.cancel(self.orders[0].id, '30')
        self.ask(transaction)
        self.assertEqual(self.returns(transaction), [('done', -30.0, 'refund')])
        whole = self.pay()
        self.gateway.cancel(self.orders[1].id)
        self.ask(whole)
        self.assertEqual(self.returns(whole), [('done', -100.0, 'void')])

    def test_a_lost_answer_is_asked_for(self):
        for amount in (None, 40.0):
            transaction = self.pay()
            self.sandbox.faults.add('cut', ['refund'], charged=True)
            with self.assertLogs(REFUND, 'WARNING'):
                refund = self.refund(transaction, amount)
            self.assertEqual(refund.state, 'pending')
            self.ask(refund)
            self.assertEqual(refund.state, 'done')
            self.assertEqual(self.balance(transaction), 100.0 - (amount or 100.0))

    def test_a_part_of_which_nothing_is_told_is_left_to_a_person(self):
        self.gateway.configure(told=False)
        transaction = self.pay()
        self.sandbox.faults.add('cut', ['refund'], charged=True)
        with self.assertLogs(REFUND, 'WARNING'):
            refund = self.refund(transaction, 40.0)
        for _time in range(3):
            self.ask(refund)
        self.assertEqual(refund.state, 'error')
        self.assertIn("Look it up there", refund.state_message)
        event = self.events(self.pagolivre)
        self.assertEqual((event.state, event.error), ('parked', refund.state_message))

    def test_a_whole_that_never_arrived_can_be_ordered_again(self):
        transaction = self.pay()
        self.sandbox.faults.add('cut', ['refund'])
        with self.assertLogs(REFUND, 'WARNING'):
            refund = self.refund(transaction)
        for _time in range(3):
            self.ask(refund)
        self.assertEqual(refund.state, 'error')
        self.assertEqual(self.refund(transaction).state, 'done')
        self.assertEqual(self.balance(transaction), 0)
