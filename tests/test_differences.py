from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..gateways.values import CardSource, Operation, PaymentEvent, Status
from ..models import payment_comparison
from .common import NO_FUNDS_CARD, EmailPayCommon

BOOKING = 'odoo.addons.email_pay.models.payment_booking'


class ComparisonCommon(EmailPayCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What a test just did is old enough to be judged.
        cls.startClassPatcher(patch.object(payment_comparison, 'GRACE', timedelta(minutes=-1)))
        cls.differences = cls.env['email.pay.difference'].sudo()

    def compare(self):
        """What the daily job does."""
        self.credicorp.email_pay_compare_at = False
        with self.own_cursor() as env:
            env['payment.provider']._email_pay_cron_compare()

    def found(self, provider=None):
        """Every difference of the provider, oldest first."""
        return self.differences.search(
            [('provider_id', '=', (provider or self.credicorp).id)], order='id'
        )

    def assertFound(self, kind, **values):
        difference = self.found()
        self.assertEqual(difference.mapped('kind'), [kind])
        self.assertEqual(difference.state, 'open')
        for name, value in values.items():
            self.assertEqual(difference[name], value, name)
        return difference

    def paid(self, amount=100.0):
        return self.pay_by_card(self.create_link(self.create_invoice(amount)))

    def charge_at_the_gateway(self, reference, amount='100.00', currency=None):
        """A charge that Odoo did not order; the gateway's number."""
        request = replace(
            self.start_payment(self.create_link(self.create_invoice()))._email_pay_request(),
            reference=reference, amount=Decimal(amount),
            currency=currency or self.company_currency.name,
        )
        source = CardSource(token=self.sandbox.credicorp.token())
        return self.credicorp._email_pay_gateway().charge(request, source).gateway_reference

    def credit_at_the_gateway(self, transaction, amount='150.00'):
        """Money that the gateway's back office gave the customer beyond the payment."""
        merchant = self.sandbox.credicorp.merchant
        form = {
            'type': 'credit', 'amount': amount, 'orderid': transaction.reference,
            'currency': transaction.currency_id.name, 'security_key': merchant.security_key,
            'payment_token': self.sandbox.credicorp.token(),
        }
        self.sandbox.credicorp._answer(form)

    def another_app(self, **values):
        """A second app of the same merchant account."""
        journal = self.collections.copy({'code': 'COL2', 'name': "Collections 2"})
        other = self.credicorp.copy({'state': 'disabled', **self.merchant_keys, **values})
        other.write({'state': 'test', 'journal_id': journal.id})
        return other

    def make_older(self, **gap):
        """Let everything have happened longer ago, at the gateway and here."""
        gap = timedelta(**gap)
        for transaction in self.sandbox.credicorp.accounts.transactions.values():
            transaction.actions = [
                replace(action, date=action.date - gap) for action in transaction.actions
            ]
        ours = self.env['payment.transaction'].search([('provider_id', '=', self.credicorp.id)])
        for tx in ours:
            tx.last_state_change -= gap
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE payment_transaction SET create_date = create_date - %s WHERE id IN %s",
            [gap, tuple(ours.ids)],
        )
        self.env.cr.execute(
            "UPDATE email_pay_difference SET happened_at = happened_at - %s", [gap]
        )
        self.env.invalidate_all()


@tagged('post_install', '-at_install')
class TestBreaks(ComparisonCommon):
    """What the gateway and the books do not agree on."""

    def test_what_agrees_is_no_difference(self):
        self.paid()
        refunded = self.paid()
        with self.own_cursor() as env:
            refund = env['payment.transaction'].browse(refunded.id)._refund(30.0)
            refund._post_process()
        self.charge(self.start_payment(self.create_link(self.create_invoice())), NO_FUNDS_CARD)
        self.start_payment(self.create_link(self.create_invoice()))
        self.compare()
        self.assertFalse(self.found())
        self.assertTrue(self.credicorp.email_pay_compared_at)

    def test_a_payment_that_nobody_told_of_is_booked_and_no_difference(self):
        open_one = self.start_payment(self.create_link(self.create_invoice()))
        open_one._email_pay_claim()
        ended = self.start_payment(self.create_link(self.create_invoice()))
        ended._set_canceled()
        for transaction in (open_one, ended):
            self.charge_behind_odoo(transaction)
        self.compare()
        for transaction in (open_one, ended):
            self.assertEqual(transaction.payment_id.state, 'paid')
            self.assertEqual(transaction.invoice_ids.amount_residual, 0.0)
        self.assertFalse(self.found())

    def test_money_that_no_transaction_asked_for(self):
        number = self.charge_at_the_gateway('POS-7', '45.00')
        self.compare()
        difference = self.assertFound(
            'unbooked', gateway_reference=number, reference='POS-7', gateway_amount=45.0,
            booked_amount=0.0, currency_id=self.company_currency, company_id=self.company,
        )
        self.assertIn("no transaction of this app", difference.what_to_do)
        self.assertLess(abs(difference.happened_at - fields.Datetime.now()), timedelta(minutes=1))

    def test_money_without_any_reference(self):
        self.charge_at_the_gateway('')
        self.compare()
        self.assertFalse(self.assertFound('unbooked', reference=False).transaction_id)

    def test_a_second_charge_of_a_paid_reference(self):
        transaction = self.paid()
        number = self.charge_behind_odoo(transaction)
        self.compare()
        difference = self.assertFound(
            'unbooked', gateway_reference=number, transaction_id=transaction, booked_amount=0.0,
        )
        self.assertIn("it is a second payment", difference.what_to_do)

    def test_another_amount(self):
        transaction = self.start_payment(self.create_link(self.create_invoice()))
        transaction._email_pay_claim()
        self.charge_at_the_gateway(transaction.reference, '99.00')
        self.compare()
        self.assertFound('amount', transaction_id=transaction, gateway_amount=99.0)
        self.assertFalse(transaction.payment_id)

    def test_another_amount_in_the_books(self):
        transaction = self.paid()
        payment = transaction.payment_id
        payment.action_draft()
        payment.amount = 90.0
        payment.action_post()
        self.compare()
        self.assertFound(
            'amount', payment_id=payment, gateway_amount=100.0, booked_amount=90.0,
        )

    def test_another_currency(self):
        transaction = self.start_payment(self.create_link(self.create_invoice()))
        transaction._email_pay_claim()
        self.charge_at_the_gateway(transaction.reference, currency='CLP')
        self.compare()
        difference = self.assertFound('currency', transaction_id=transaction)
        self.assertEqual(difference.currency_id.name, 'CLP')

    def test_a_payment_that_was_undone_in_odoo(self):
        undo = {
            'reset to draft': lambda payment: payment.action_draft(),
            'cancelled': lambda payment: payment.action_cancel(),
            'deleted': lambda payment: (payment.action_draft(), payment.unlink()),
        }
        for name, action in undo.items():
            with self.subTest(name):
                self.found().unlink()
                self.sandbox.reset()
                transaction = self.paid()
                action(transaction.payment_id)
                self.compare()
                difference = self.found().filtered(lambda d: d.kind == 'undone')
                self.assertEqual(difference.transaction_id, transaction)
                self.assertEqual((difference.gateway_amount, difference.booked_amount), (100.0, 0))

    def test_one_collection_that_is_booked_twice(self):
        transaction = self.paid()
        copy = transaction.payment_id.copy({'payment_transaction_id': transaction.id})
        copy.action_post()
        self.compare()
        self.assertFound('twice', transaction_id=transaction, booked_amount=200.0)

    def test_money_that_could_not_be_booked(self):
        with patch.object(
            type(self.env['account.payment']), 'action_post', side_effect=UserError("Closed."),
        ), mute_logger(BOOKING):
            transaction = self.paid()
            self.compare()
        self.assertFound('parked', transaction_id=transaction, gateway_amount=100.0)
        self.compare()
        self.assertEqual(self.found().state, 'resolved')
        self.assertTrue(transaction.payment_id)

    def test_a_payment_of_which_the_gateway_knows_nothing(self):
        transaction = self.start_payment(self.create_link(self.create_invoice()))
        transaction.provider_reference = '99'
        transaction._set_done()
        transaction._post_process()
        self.compare()
        self.assertFound(
            'missing', transaction_id=transaction, gateway_reference='99',
            payment_id=transaction.payment_id, booked_amount=100.0, gateway_amount=0.0,
        )

    def test_money_that_went_back_and_is_not_in_the_books(self):
        transaction = self.paid()
        self.credit_at_the_gateway(transaction)
        self.compare()
        difference = self.assertFound('returned', transaction_id=transaction, gateway_amount=150.0)
        self.assertEqual(difference.reference, transaction.reference)

    def test_a_dispute_which_is_in_no_gateways_list_is_no_difference(self):
        transaction = self.paid()
        state, _reason = transaction._email_pay_take_return(PaymentEvent(
            Operation.CHARGEBACK, Status.DONE, transaction.reference, 'CB1', Decimal('100.00'),
        ))
        transaction.child_transaction_ids._email_pay_book()
        self.assertEqual((state, transaction.invoice_ids.amount_residual), ('done', 100.0))
        self.compare()
        self.assertFalse(self.found())

    def test_what_was_undone_on_both_sides_is_no_difference(self):
        transaction = self.paid()
        self.sandbox.credicorp.void(transaction.provider_reference)
        transaction.payment_id.action_cancel()
        self.compare()
        self.assertFalse(self.found())

    def test_another_app_on_the_same_account_looks_after_its_own(self):
        other = self.another_app()
        transaction = self.start_payment(self.create_link(self.create_invoice()), provider=other)
        self.charge(transaction)
        self.advance(transaction)
        self.paid()
        self.compare()
        self.assertFalse(self.found() | self.found(other))
        transaction.payment_id.action_cancel()
        other.email_pay_compare_at = False
        self.compare()
        self.assertEqual((len(self.found()), self.found(other).kind), (0, 'undone'))

    def test_money_from_before_this_app_is_not_its_own(self):
        self.charge_at_the_gateway('POS-1')
        for transaction in self.sandbox.credicorp.accounts.transactions.values():
            transaction.actions = [
                replace(transaction.actions[0],
                        date=transaction.actions[0].date - timedelta(days=2)),
                replace(transaction.actions[0], type='settle'),
            ]
        self.compare()
        self.assertFalse(self.found())


@tagged('post_install', '-at_install')
class TestGrace(EmailPayCommon):

    def test_what_is_younger_than_an_hour_is_not_judged(self):
        transaction = self.pay_by_card(self.create_link(self.create_invoice()))
        transaction.payment_id.action_cancel()
        self.credicorp._email_pay_compare()
        differences = self.env['email.pay.difference'].sudo().search([
            ('provider_id', '=', self.credicorp.id)
        ])
        self.assertFalse(differences)


@tagged('post_install', '-at_install')
class TestReturnsMended(ComparisonCommon):

    def test_what_went_back_at_the_gateway_is_booked_and_no_difference(self):
        refunded, voided = self.paid(), self.paid()
        self.sandbox.credicorp.refund(refunded.provider_reference, '30.00')
        self.sandbox.credicorp.void(voided.provider_reference)
        self.compare()
        self.assertFalse(self.found())
        for transaction, amount in ((refunded, 30.0), (voided, 100.0)):
            refund = transaction.child_transaction_ids
            self.assertEqual((refund.state, -refund.amount), ('done', amount))
            self.assertEqual(refund.payment_id.amount, amount)
        self.compare()
        self.assertFalse(self.found())
