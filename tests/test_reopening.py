from decimal import Decimal

from odoo import Command, fields
from odoo.tests import tagged

from ..gateways.values import Operation, PaymentEvent, Status
from .common import EmailPayCommon


@tagged('post_install', '-at_install')
class TestReopening(EmailPayCommon):
    """The books of money that went back: which accounts, which amounts, set against what."""

    def pay(self, invoice, amount=None):
        """A booked card payment of `invoice`."""
        transaction = self.pay_by_card(self.create_link(invoice), amount)
        self.assertTrue(transaction.payment_id)
        return transaction

    def lines(self, transaction):
        """(account, debit, credit) of a transaction's payment, the bank's line first."""
        liquidity, counterpart, rest = transaction.payment_id._seek_for_lines()
        return [
            (line.account_id, line.debit, line.credit) for line in liquidity + counterpart + rest
        ]

    def receivable(self, record):
        return record.line_ids.filtered(lambda line: line.account_type == 'asset_receivable')

    def owed(self, partner=None):
        """What the books say that the customer owes, in the company's currency."""
        return sum(self.env['account.move.line'].search([
            ('partner_id', '=', (partner or self.customer).id), ('parent_state', '=', 'posted'),
            ('account_type', '=', 'asset_receivable'),
        ]).mapped('balance'))

    def report(self, transaction, amount, operation=Operation.REFUND, number='RF1'):
        """What the gateway reports by itself."""
        state, reason = transaction._email_pay_take_return(PaymentEvent(
            operation, Status.DONE, transaction.reference, number, Decimal(amount),
        ))
        self.assertEqual((state, reason), ('done', ''))
        return transaction.child_transaction_ids.sorted('id')[-1]

    # --- one invoice ------------------------------------------------------------------------------

    def test_the_whole_is_set_against_the_payment_and_the_invoice_is_open(self):
        invoice = self.create_invoice()
        transaction = self.pay(invoice)
        refund = self.refund(transaction)
        bank, owed = (line[0] for line in self.lines(transaction))
        self.assertEqual(self.lines(transaction), [(bank, 100.0, 0.0), (owed, 0.0, 100.0)])
        self.assertEqual(self.lines(refund), [(bank, 0.0, 100.0), (owed, 100.0, 0.0)])
        paid = self.receivable(transaction.payment_id.move_id)
        self.assertEqual(
            paid.matched_debit_ids.debit_move_id, self.receivable(refund.payment_id.move_id)
        )
        self.assertTrue(paid.full_reconcile_id)
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ('not_paid', 100.0))
        self.assertEqual(self.owed(), 100.0)

    def test_a_part_leaves_the_rest_paid(self):
        invoice = self.create_invoice()
        transaction = self.pay(invoice)
        refund = self.refund(transaction, 30.0)
        paid = self.receivable(transaction.payment_id.move_id)
        back = self.receivable(refund.payment_id.move_id)
        self.assertEqual(
            {use.debit_move_id: use.amount for use in paid.matched_debit_ids},
            {back: 30.0, self.receivable(invoice): 70.0},
        )
        self.assertTrue(back.reconciled)
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ('partial', 30.0))

    def test_several_parts_reopen_their_sum(self):
        invoice = self.create_invoice()
        transaction = self.pay(invoice)
        for number, amount in enumerate(('30.00', '20.00', '50.00')):
            self.report(transaction, amount, number=f'RF{number}')
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ('not_paid', 100.0))
        self.assertEqual(self.owed(), 100.0)

    def test_an_invoice_paid_twice_in_part_keeps_the_other_part(self):
        invoice = self.create_invoice()
        self.pay(invoice, 60.0)
        transaction = self.pay(invoice, 40.0)
        self.report(transaction, '40.00', Operation.CHARGEBACK)
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ('partial', 40.0))

    def test_a_payment_that_no_invoice_shows_any_more_is_set_against_the_refund(self):
        invoice = self.create_invoice()
        transaction = self.pay(invoice)
        self.receivable(invoice).remove_move_reconcile()
        self.refund(transaction)
        self.assertTrue(self.receivable(transaction.payment_id.move_id).reconciled)
        self.assertEqual(invoice.amount_residual, 100.0)

    def test_a_payment_that_was_cancelled_by_hand_leaves_the_refund_to_the_accountant(self):
        invoice = self.create_invoice()
        transaction = self.pay(invoice)
        transaction.payment_id.action_draft()
        transaction.payment_id.action_cancel()
        refund = self.report(transaction, '100.00', Operation.CHARGEBACK)
        self.assertEqual(refund.payment_id.state, 'in_process')
        self.assertEqual((invoice.amount_residual, len(self.activities(invoice))), (100.0, 1))

    def test_a_refund_goes_to_the_account_that_the_invoice_is_on(self):
        account = self.company_data['default_account_receivable'].copy()
        invoice = self.create_invoice(post=False)
        self.receivable(invoice).account_id = account
        invoice.action_post()
        refund = self.refund(self.pay(invoice))
        self.assertEqual(refund.payment_id.destination_account_id, account)
        self.assertEqual(invoice.amount_residual, 100.0)

    # --- several invoices -------------------------------------------------------------------------

    def _two(self):
        early = self.create_invoice(60.0, invoice_date_due='2024-02-01')
        late = self.create_invoice(40.0, invoice_date_due='2024-03-01')
        link = self.create_link(early)
        link.sudo().invoice_ids += late
        return early, late, self.pay_by_card(link, 100.0)

    def test_the_last_due_is_open_first_and_the_other_is_not_touched(self):
        early, late, transaction = self._two()
        use = self.receivable(early).matched_credit_ids
        self.refund(transaction, 30.0)
        self.assertEqual((early.amount_residual, late.amount_residual), (0.0, 30.0))
        self.assertEqual(self.receivable(early).matched_credit_ids, use)

    def test_more_than_the_last_opens_the_one_before_too(self):
        early, late, transaction = self._two()
        self.refund(transaction, 70.0)
        self.assertEqual((early.amount_residual, late.amount_residual), (30.0, 40.0))

    def test_the_whole_opens_all(self):
        early, late, transaction = self._two()
        refund = self.report(transaction, '100.00', Operation.CHARGEBACK)
        self.assertEqual((early.amount_residual, late.amount_residual), (60.0, 40.0))
        [activity] = self.activities(early)
        self.assertIn(early.name, activity.note)
        self.assertIn(late.name, activity.note)
        self.assertFalse(self.activities(late))
        self.assertTrue(self.receivable(refund.payment_id.move_id).reconciled)

    # --- what the customer was owed anyway --------------------------------------------------------

    def test_what_the_payment_brought_too_much_goes_back_first(self):
        invoice = self.create_invoice()
        transaction = self.charge(self.start_payment(self.create_link(invoice)))
        self.settle_by_hand(invoice, 40.0)
        self.advance(transaction)
        self.refund(transaction, 40.0)
        self.assertEqual((invoice.amount_residual, self.owed()), (0.0, 0.0))
        self.refund(transaction, 10.0)
        self.assertEqual((invoice.amount_residual, self.owed()), (10.0, 10.0))

    def _credit_note(self, invoice, amount, post=True):
        note = invoice._reverse_moves([{'invoice_date': fields.Date.today()}])
        note.invoice_line_ids.price_unit = amount
        if post:
            note.action_post()
        return note

    def test_a_refund_settles_the_credit_note_and_the_invoice_stays_paid(self):
        invoice = self.create_invoice()
        transaction = self.pay(invoice)
        note = self._credit_note(invoice, 30.0)
        self.assertEqual(note.amount_residual, 30.0)
        refund = self.refund(transaction, 30.0)
        self.assertEqual((note.amount_residual, invoice.amount_residual), (0.0, 0.0))
        self.assertEqual(
            self.receivable(refund.payment_id.move_id).matched_credit_ids.credit_move_id,
            self.receivable(note),
        )
        self.assertEqual(self.owed(), 0.0)

    def test_a_refund_at_the_gateway_settles_the_credit_note_too(self):
        invoice = self.create_invoice()
        transaction = self.pay(invoice)
        note = self._credit_note(invoice, 100.0)
        self.report(transaction, '100.00')
        self.assertEqual((note.amount_residual, invoice.amount_residual), (0.0, 0.0))
        self.assertIn("due again: nothing", self.activities(invoice).note)

    def test_what_the_credit_note_does_not_cover_is_due_again(self):
        invoice = self.create_invoice()
        transaction = self.pay(invoice)
        note = self._credit_note(invoice, 30.0)
        self.refund(transaction, 50.0)
        self.assertEqual((note.amount_residual, invoice.amount_residual), (0.0, 20.0))
        self.assertEqual(self.owed(), 20.0)

    def test_a_credit_note_that_is_made_later_settles_the_reopened_invoice(self):
        invoice = self.create_invoice()
        transaction = self.pay(invoice)
        note = self._credit_note(invoice, 30.0, post=False)
        self.refund(transaction, 30.0)
        self.assertEqual(invoice.amount_residual, 30.0)
        note.action_post()
        (self.receivable(note) + self.receivable(invoice)).filtered(
            lambda line: not line.reconciled
        ).reconcile()
        self.assertEqual((note.amount_residual, invoice.amount_residual), (0.0, 0.0))

    # --- a discount for paying early --------------------------------------------------------------

    def _discounted(self, **values):
        term = self.env['account.payment.term'].create({
            'name': "2% in 10 days", 'early_discount': True, 'discount_percentage': 2,
            'discount_days': 10, 'early_pay_discount_computation': 'included', **values,
        })
        return self.create_invoice(invoice_payment_term_id=term)

    def test_a_discount_goes_when_the_whole_payment_went(self):
        invoice = self._discounted()
        transaction = self.pay(invoice, 98.0)
        _bank, _owed, (discount, given, _credit) = self.lines(transaction)
        self.assertEqual(given, 2.0)
        refund = self.report(transaction, '98.00', Operation.CHARGEBACK)
        self.assertEqual(self.lines(refund)[1:], [
            (transaction.payment_id.destination_account_id, 100.0, 0.0), (discount, 0.0, 2.0),
        ])
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ('not_paid', 100.0))
        self.assertEqual(self.owed(), 100.0)

    def test_a_discount_stays_until_the_last_part_went(self):
        invoice = self._discounted()
        transaction = self.pay(invoice, 98.0)
        self.report(transaction, '49.00', number='RF1')
        self.assertEqual(invoice.amount_residual, 49.0)
        self.report(transaction, '49.00', number='RF2')
        self.assertEqual((invoice.amount_residual, self.owed()), (100.0, 100.0))

    # --- another currency -------------------------------------------------------------------------

    def _foreign(self):
        """80 CAD, worth 40 when they were invoiced and 20 today, and paid today."""
        currency = self.setup_other_currency('CAD', rates=[
            ('2016-01-01', 2.0), (fields.Date.today(), 4.0),
        ])
        invoice = self._create_invoice_one_line(
            price_unit=80.0, name="Work", tax_ids=[], partner_id=self.customer,
            currency_id=currency, invoice_date='2020-01-01', post=True,
        )
        return invoice, self.pay(invoice)

    def _differences(self):
        journal = self.company.currency_exchange_journal_id
        return self.env['account.move'].search([('journal_id', '=', journal.id)])

    def test_a_difference_of_exchange_is_taken_back_with_the_whole(self):
        invoice, transaction = self._foreign()
        self.assertEqual((invoice.amount_residual, self.owed()), (0.0, 0.0))
        self.assertEqual(len(self._differences()), 1)
        refund = self.refund(transaction)
        self.assertEqual((refund.payment_id.amount, refund.currency_id.name), (80.0, 'CAD'))
        self.assertEqual(invoice.amount_residual, 80.0)
        self.assertEqual(self.receivable(invoice).amount_residual, 40.0)
        self.assertEqual(self.owed(), 40.0)
        result = self._differences().line_ids.filtered(
            lambda line: line.account_type != 'asset_receivable'
        )
        self.assertEqual(sum(result.mapped('balance')), 0.0)

    def test_a_difference_of_exchange_stays_for_what_stays_paid(self):
        invoice, transaction = self._foreign()
        self.refund(transaction, 20.0)
        self.assertEqual(invoice.amount_residual, 20.0)
        self.assertEqual(self.receivable(invoice).amount_residual, 10.0)
        self.assertEqual(self.owed(), 10.0)

    # --- a closed period --------------------------------------------------------------------------

    def test_in_a_closed_period_the_refund_is_booked_on_the_first_open_day(self):
        invoice = self.create_invoice()
        transaction = self.pay(invoice)
        self.company.fiscalyear_lock_date = fields.Date.today()
        refund = self.report(transaction, '100.00', Operation.CHARGEBACK)
        self.assertGreater(refund.payment_id.move_id.date, self.company.fiscalyear_lock_date)
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ('not_paid', 100.0))

    # --- providers of Odoo ------------------------------------------------------------------------

    def _stock(self, invoice):
        """A payment with a provider of Odoo, confirmed and not booked."""
        return self._create_transaction(
            'redirect', amount=invoice.amount_residual, currency_id=invoice.currency_id.id,
            partner_id=self.customer.id, invoice_ids=[Command.set(invoice.ids)], state='done',
        )

    def _stock_refund(self, transaction, amount):
        """What Odoo's providers do when they are told of a refund."""
        refund = transaction._create_child_transaction(amount, is_refund=True)
        refund._set_done()
        return refund

    def _odoos_job(self):
        with self.own_cursor() as env:
            env['payment.transaction']._cron_post_process()

    def test_fault_12_a_refund_with_a_provider_of_odoo_reopens_the_invoice(self):
        invoice = self.create_invoice()
        transaction = self._stock(invoice)
        self._odoos_job()
        self.assertEqual(invoice.amount_residual, 0.0)
        self._stock_refund(transaction, 30.0)
        self._odoos_job()
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ('partial', 30.0))

    def test_a_payment_that_went_back_before_it_was_booked_is_booked_all_the_same(self):
        invoice = self.create_invoice()
        transaction = self._stock(invoice)
        refund = self._stock_refund(transaction, 100.0)
        self._odoos_job()
        self.assertEqual(transaction.payment_id.amount, 100.0)
        self.assertEqual(refund.payment_id.amount, 100.0)
        self.assertEqual((invoice.amount_residual, self.owed()), (100.0, 100.0))

    def test_a_payment_and_its_refund_can_be_booked_in_one_batch(self):
        invoice = self.create_invoice()
        transaction = self._stock(invoice)
        refund = self._stock_refund(transaction, 30.0)
        (transaction + refund)._post_process()
        (transaction + refund)._post_process()
        self.assertEqual(len((transaction + refund).payment_id), 2)
        self.assertEqual(invoice.amount_residual, 30.0)
