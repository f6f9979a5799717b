from odoo import models

UNDONE_FIELDS = ('name', 'account_id', 'partner_id', 'currency_id', 'tax_repartition_line_id')


class PaymentTransaction(models.Model):
    """What went back is owed again: the books of a refund, of every provider.

    Odoo books a refund as an outgoing payment and leaves it beside the paid invoice. Here it is set
    against what it gives back: an open credit note of the invoice, when the accountant made one, as
    that is what the company owed; otherwise the payment itself, whose invoices are open again by as
    much, the last due one first. A discount for paying early goes when the whole payment went.
    """

    _inherit = 'payment.transaction'

    def _email_pay_prepare_returns(self):
        """Before refunds are booked: the payments that they give back are, one at a time."""
        sources = self.filtered(
            lambda tx: tx.operation == 'refund' and tx.state == 'done'
        ).source_transaction_id
        sources._email_pay_hold()
        if unbooked := sources.filtered(lambda tx: tx.state == 'done' and not tx.is_post_processed):
            unbooked._post_process()

    def _email_pay_finish_returns(self):
        """After payments and refunds are booked: a payment that Odoo did not book since it has been
        given back already is booked, and what went back is owed again."""
        for tx in self.filtered(lambda tx: tx.state == 'done'):
            if tx._email_pay_is_unbooked_by_refund():
                tx.with_company(tx.company_id)._create_payment()
            if tx.operation == 'refund':
                tx._email_pay_reopen()

    def _email_pay_is_unbooked_by_refund(self):
        """Whether Odoo took a refund of this payment for a capture that is booked on its own."""
        ended = self.child_transaction_ids.filtered(lambda tx: tx.state in ('done', 'cancel'))
        return (
            not self.payment_id
            and self.operation not in ('refund', 'validation')
            and set(ended.mapped('operation')) == {'refund'}
        )

    # === THE REFUND'S PAYMENT === #

    def _create_payment(self, **extra_create_values):
        """Override of `account_payment`: a refund goes to the account of what it gives back."""
        paid = self.source_transaction_id.payment_id if self.operation == 'refund' else False
        if paid:
            extra_create_values = {
                'destination_account_id': paid.destination_account_id.id,
                'write_off_line_vals': self._email_pay_discounts_undone(paid),
                **extra_create_values,
            }
        return super()._create_payment(**extra_create_values)

    def _email_pay_discounts_undone(self, paid):
        """The lines that take back what `paid` granted, once all that it brought has gone back."""
        refunds = self.source_transaction_id.child_transaction_ids.filtered(
            lambda tx: tx.operation == 'refund' and tx.state == 'done'
        )
        back = sum((refunds.filtered('payment_id') | self).mapped('amount'))
        if self.currency_id.compare_amounts(-back, self.source_transaction_id.amount) < 0:
            return []
        _liquidity, _counterpart, granted = paid._seek_for_lines()
        return [self._email_pay_undone(line) for line in granted]

    def _email_pay_undone(self, line):
        return {
            **{name: line[name].id if line._fields[name].relational else line[name]
               for name in UNDONE_FIELDS},
            'amount_currency': -line.amount_currency,
            'balance': -line.balance,
            'tax_ids': line.tax_ids.ids,
            'tax_tag_ids': line.tax_tag_ids.ids,
        }

    # === WHAT IS OWED AGAIN === #

    def _email_pay_reopen(self):
        """Set this booked refund against open credit notes, then against the payment that it gives
        back; the invoices are owed again what that payment no longer pays."""
        self.ensure_one()
        source = self.source_transaction_id
        back = self._email_pay_open_line(self.payment_id)
        if back and not back.reconciled:
            (back + self._email_pay_credit_notes(source, back.account_id)).reconcile()
        paid = self._email_pay_open_line(source.payment_id)
        if not back or back.reconciled or paid.account_id != back.account_id:
            return
        shortened = self._email_pay_release(paid, back.amount_residual_currency)
        (paid + back).reconcile()
        if shortened and not paid.reconciled:
            (paid + shortened).reconcile()

    def _email_pay_open_line(self, payment):
        """The line of a booked payment that invoices are set against."""
        return payment.move_id.line_ids.filtered(
            lambda line: line.account_id == payment.destination_account_id
            and line.parent_state == 'posted'
        )[:1]

    def _email_pay_credit_notes(self, source, account):
        return source.invoice_ids.reversal_move_ids.line_ids.filtered(
            lambda line: line.account_id == account and line.parent_state == 'posted'
            and line.balance < 0 and not line.reconciled
        )

    def _email_pay_release(self, paid, needed):
        """Take the payment's line `paid` back from what it paid, the last due first, until `needed`
        (in its currency) is free.

        Odoo itself takes back the exchange differences and cash-basis taxes that came with it.

        :return: the line that lost more than needed, or just enough.
        """
        matched = paid.matched_debit_ids
        refunds = self.source_transaction_id.child_transaction_ids.payment_id.move_id
        uses = matched.filtered(
            lambda use: use.debit_move_id.move_id not in (refunds | matched.exchange_move_id)
        ).sorted(
            lambda use: (use.debit_move_id.date_maturity or use.debit_move_id.date, use.id),
            reverse=True,
        )
        last = paid.browse()
        for use in uses:
            if paid.currency_id.compare_amounts(-paid.amount_residual_currency, needed) >= 0:
                break
            last = use.debit_move_id
            use.unlink()
        return last
