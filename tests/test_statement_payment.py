from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import EmailPayCommon
from .statement_common import StatementCommon, ThreeDocuments


@tagged('post_install', '-at_install')
class TestStatementPayment(ThreeDocuments, StatementCommon, EmailPayCommon):
    """The set that was picked is the set that is paid and booked."""

    def credit_left(self, transaction):
        line = transaction.payment_id.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == 'asset_receivable')
        return -line.amount_residual

    # --- what was picked --------------------------------------------------------------------------

    def test_everything_is_one_payment(self):
        transaction = self.pay_selection(self.link)
        self.assertEqual((transaction.amount, self.charges(transaction)), (200.0, 1))
        self.assertEqual(self.residuals(), [0.0, 0.0, 0.0])
        self.assertEqual(len(transaction.payment_id), 1)

    def test_only_what_was_picked_is_paid(self):
        transaction = self.pay_selection(self.link, self.middle | self.new)
        self.assertEqual(self.residuals(), [100.0, 0.0, 0.0])
        self.assertEqual(transaction.invoice_ids, self.middle | self.new)

    def test_another_amount_goes_to_the_oldest_due_first(self):
        transaction = self.pay_selection(self.link, amount=130.0)
        self.assertEqual(self.residuals(), [0.0, 30.0, 40.0])
        self.assertEqual(
            [(part.move_id, part.amount) for part in transaction.email_pay_allocation_ids],
            [(self.old, 100.0), (self.middle, 30.0)])

    def test_of_one_day_the_smallest_is_paid_first_as_it_was_planned(self):
        large, small = self.owe(50.0, 120), self.owe(20.0, 120)
        transaction = self.start_selection(self.link, large | small, 30.0)
        planned = [(part.move_id, part.amount) for part in transaction.email_pay_allocation_ids]
        self.assertEqual(planned, [(small, 20.0), (large, 10.0)])
        self.charge(transaction)
        self.advance(transaction)
        self.assertEqual(self.residuals(large, small), [40.0, 0.0])

    def test_an_opening_balance_is_paid_and_nobody_elses(self):
        entry = self.open_balance(55.0)
        transaction = self.pay_selection(self.link, entry | self.new)
        self.assertEqual((transaction.amount, self.credit_left(transaction)), (95.0, 0.0))
        lines = entry.line_ids
        self.assertEqual(
            {line.balance: line.amount_residual for line in lines if line.balance > 0},
            {55.0: 0.0, 70.0: 70.0})

    def test_only_an_opening_balance(self):
        entry = self.open_balance(55.0)
        transaction = self.pay_selection(self.link, entry)
        self.assertFalse(transaction.invoice_ids)
        self.assertEqual(self.credit_left(transaction), 0.0)
        self.assertTrue(self.receipts())

    def test_a_sum_that_equals_a_discount_grants_none(self):
        term = self.env['account.payment.term'].create({
            'name': "2%", 'early_discount': True, 'discount_percentage': 2, 'discount_days': 10,
        })
        discounted = self.create_invoice(100.0, invoice_payment_term_id=term)
        transaction = self.pay_selection(self.link, discounted | self.old, 98.0)
        self.assertEqual(self.residuals(self.old, discounted), [2.0, 100.0])
        self.assertEqual(len(transaction.payment_id.move_id.line_ids), 2)

    def test_another_currency_is_paid_in_its_own(self):
        euros = self.owe_euros(25.0, 3)
        section = next(
            section for section in self.link._statement().sections
            if section.currency == self.currency_euro)
        selection = self.link._select(section, {euros.id, self.old.id}, False)
        self.assertEqual((len(selection.charges), selection.to_pay), (1, 25.0))

    def test_a_refund_opens_what_it_paid(self):
        transaction = self.pay_selection(self.link)
        self.refund(transaction)
        self.assertEqual(self.residuals(), [100.0, 60.0, 40.0])

    # --- credits ----------------------------------------------------------------------------------

    def test_credits_are_used_first_and_with_the_payment(self):
        note, payment = self.credit_note(30.0), self.receive(20.0)
        transaction = self.start_selection(self.link, use_credit=True)
        self.assertEqual(transaction.amount, 150.0)
        self.assertEqual(note.amount_residual, 30.0)
        self.charge(transaction)
        self.advance(transaction)
        self.assertEqual(self.residuals(), [0.0, 0.0, 0.0])
        self.assertEqual(note.payment_state, 'paid')
        self.assertTrue(payment.is_reconciled)
        self.assertEqual(self.credit_left(transaction), 0.0)

    def test_credits_that_were_not_chosen_stay(self):
        note = self.credit_note(30.0)
        transaction = self.pay_selection(self.link)
        self.assertEqual((transaction.amount, note.amount_residual), (200.0, 30.0))

    def test_a_part_with_credits_pays_the_oldest(self):
        self.credit_note(30.0)
        self.pay_selection(self.link, amount=90.0, use_credit=True)
        self.assertEqual(self.residuals(), [0.0, 40.0, 40.0])

    def test_a_declined_payment_uses_no_credit(self):
        note = self.credit_note(30.0)
        transaction = self.start_selection(self.link, use_credit=True)
        self.charge(transaction, '4000000000002024')
        self.advance(transaction)
        self.assertEqual(transaction.state, 'error')
        self.assertEqual((note.amount_residual, *self.residuals()), (30.0, 100.0, 60.0, 40.0))

    def test_where_credits_cover_all_nothing_is_charged(self):
        note = self.credit_note(130.0)
        selection = self.select(self.link, self.old, use_credit=True)
        self.assertEqual((selection.to_pay, selection.credit), (0.0, 100.0))
        self.link._apply_credits(selection)
        self.assertEqual((note.amount_residual, *self.residuals()), (30.0, 0.0, 60.0, 40.0))
        self.assertFalse(self.link.transaction_ids)

    def test_a_credit_that_went_elsewhere_meanwhile_is_missing_and_nothing_else(self):
        note = self.credit_note(30.0)
        transaction = self.start_selection(self.link, self.old, use_credit=True)
        self.charge(transaction)
        (note.line_ids + self.new.line_ids).filtered(
            lambda line: line.account_id.account_type == 'asset_receivable').reconcile()
        self.advance(transaction)
        self.assertEqual(self.residuals(), [30.0, 60.0, 10.0])

    # --- collect once -----------------------------------------------------------------------------

    def claimed(self, *args, **kwargs):
        transaction = self.start_selection(self.link, *args, **kwargs)
        transaction._email_pay_claim()
        return transaction

    def test_what_is_being_paid_cannot_be_picked(self):
        self.claimed(self.old)
        self.assertEqual(self.select(self.link).to_pay, 100.0)
        self.assertFalse(self.select(self.link, self.old).charges)

    def test_two_windows_cannot_both_pay_one_document(self):
        first = self.start_selection(self.link, self.old | self.middle)
        second = self.start_selection(self.link, self.middle | self.new)
        first._email_pay_claim()
        with self.assertRaisesRegex(ValidationError, "already being processed"):
            second._email_pay_claim()

    def test_an_invoice_of_a_pending_statement_is_not_paid_by_its_own_link(self):
        self.claimed(amount=130.0)
        with self.assertRaisesRegex(ValidationError, "already being processed"):
            self.start_payment(self.create_link(self.old), 100.0)
        self.assertTrue(self.start_payment(self.create_link(self.middle), 30.0))
        with self.assertRaisesRegex(ValidationError, "already being processed"):
            self.start_payment(self.create_link(self.middle), 31.0)

    def test_each_pays_the_own_part_of_a_shared_entry(self):
        other = self.env['res.partner'].create({'name': "Luis", 'email': 'luis@example.com'})
        entry = self.open_balance(55.0, other=other)
        self.claimed(entry)
        link = self.env['email.pay.link']._for_customer(other, self.company)
        selection = self.select(link, entry)
        self.assertEqual(selection.to_pay, 70.0)
        self.assertTrue(link._pick(selection)._selection().charges)
        transaction = link._start_selection(selection, 70.0, self.credicorp, self.card)
        self.advance(self.charge(transaction))
        self.assertEqual(
            {line.balance: line.amount_residual for line in entry.line_ids if line.balance > 0},
            {55.0: 55.0, 70.0: 0.0})
        with self.assertRaisesRegex(ValidationError, "already being processed"):
            entry._email_pay_check_free(self.customer)

    def test_each_uses_the_own_credit_of_a_shared_entry(self):
        other = self.env['res.partner'].create({'name': "Luis", 'email': 'luis@example.com'})
        entry = self.open_balance(55.0, other=other)
        self.claimed(entry)
        self.create_invoice(70.0, partner=other, move_type='out_refund')
        link = self.env['email.pay.link']._for_customer(other, self.company)
        link._apply_credits(self.select(link, entry, use_credit=True))
        self.assertFalse(link._statement().anything_due)

    def test_a_credit_is_promised_once(self):
        self.credit_note(30.0)
        self.claimed(self.old, use_credit=True)
        selection = self.select(self.link, self.middle, use_credit=True)
        self.assertEqual((selection.to_pay, selection.credit), (60.0, 0.0))

    def test_what_was_paid_meanwhile_is_not_charged(self):
        transaction = self.start_selection(self.link)
        self.settle_by_hand(self.middle)
        with self.assertRaisesRegex(ValidationError, f"{self.middle.name} has changed"):
            self.charge(transaction)
        self.assertEqual(self.charges(transaction), 0)

    def test_a_document_that_became_smaller_is_not_charged(self):
        transaction = self.start_selection(self.link)
        self.settle_by_hand(self.middle, 1.0)
        with self.assertRaisesRegex(ValidationError, "has changed"):
            transaction._email_pay_claim()

    def test_what_was_paid_while_the_money_came_stays_credit(self):
        transaction = self.charge(self.start_selection(self.link, self.old | self.middle))
        self.settle_by_hand(self.old)
        self.advance(transaction)
        self.assertEqual(self.residuals(), [0.0, 0.0, 40.0])
        self.assertEqual(self.credit_left(transaction), 100.0)
        self.assertTrue(self.activities(transaction.payment_id))

    def test_a_draft_is_released_and_the_others_are_booked(self):
        transaction = self.charge(self.start_selection(self.link))
        self.middle.button_draft()
        self.advance(transaction)
        self.assertEqual(self.residuals(self.old, self.new), [0.0, 0.0])
        self.assertEqual(self.middle.state, 'draft')
        self.assertEqual(self.credit_left(transaction), 60.0)

    def test_a_new_invoice_is_no_part_of_a_payment_that_was_begun(self):
        transaction = self.charge(self.start_selection(self.link))
        older = self.owe(500.0, 200)
        self.advance(transaction)
        self.assertEqual(self.residuals(older, self.old), [500.0, 0.0])

    def test_amounts_that_do_not_fit_are_refused(self):
        selection = self.select(self.link, self.new)
        for amount in (None, 0.0, -1.0, 40.01, 0.001):
            with self.subTest(amount), self.assertRaises(UserError):
                self.link._check_selection(selection, amount)
        self.link._check_selection(selection, 12.34)

    def test_more_than_the_plan_is_refused_by_the_guard(self):
        selection = self.select(self.link, self.new)
        with self.assertRaises(ValidationError):
            self.link._start_selection(selection, 41.0, self.credicorp, self.card)

    def test_many_selections_are_booked_together(self):
        transactions = self.env['payment.transaction']
        for number in range(3):
            customer = self.env['res.partner'].create({'name': f"Customer {number}"})
            moves = self.owe(10.0, 3, partner=customer) | self.owe(5.0, 1, partner=customer)
            link = self.env['email.pay.link']._for_customer(customer, self.company)
            transactions |= self.charge(self.start_selection(link, moves, 12.0))
        with self.own_cursor() as env:
            env['payment.transaction'].browse(transactions.ids)._email_pay_book()
        for transaction in transactions:
            self.assertEqual(
                transaction.invoice_ids.sorted('amount_total').mapped('amount_residual'),
                [3.0, 0.0])
