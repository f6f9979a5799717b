from collections import defaultdict
from typing import NamedTuple

from odoo import models


class Share(NamedTuple):
    """What was paid of a document, or used of a credit, and what is left of it now."""

    name: str
    amount: float
    rest: float


class Settled(NamedTuple):
    """What a payment did, as its receipt tells: lists of `Share`, and what no document needed."""

    documents: list
    credits: list
    excess: float


class PaymentTransaction(models.Model):
    """What became of the money, as it is booked."""

    _inherit = 'payment.transaction'

    def _email_pay_settled(self):
        """What this payment, and the credits used with it, settled; nothing without an entry that
        is matched: before it is booked, and after it was undone.

        :rtype: Settled
        """
        self.ensure_one()
        payment = self.payment_id
        charges, credits_ = self._email_pay_charges(), self._email_pay_credits_used()
        own = self._email_pay_receivables(payment.move_id)
        used = self._email_pay_receivables(credits_)
        paid, taken = defaultdict(float), defaultdict(float)
        for part in (own | used).matched_debit_ids:
            # A credit may have been used before, and what was left of the payment later.
            if part.create_date >= payment.create_date and part.debit_move_id.move_id in charges:
                paid[part.debit_move_id.move_id] += part.debit_amount_currency
                taken[part.credit_move_id.move_id] += part.credit_amount_currency
        return Settled(
            self._email_pay_shares(charges, paid),
            self._email_pay_shares(credits_, taken),
            -sum(own.mapped('amount_residual_currency')),
        )

    def _email_pay_receivables(self, moves):
        """The journal items of `moves` in which the customer owes, or is owed. Of an entry that was
        picked from a statement, others may owe a part."""
        customer = self.email_pay_allocation_ids and self.partner_id.commercial_partner_id
        return moves.line_ids.filtered(
            lambda line: line.account_id == self.payment_id.destination_account_id
            and line.currency_id == self.currency_id
            and (not customer or line.partner_id.commercial_partner_id == customer)
        )

    def _email_pay_shares(self, moves, amounts):
        rests = defaultdict(float)
        for line in self._email_pay_receivables(moves):
            rests[line.move_id] += line.amount_residual_currency
        rounded = self.currency_id.round
        return [
            Share(move.name, rounded(amounts[move]), rounded(abs(rests[move])))
            for move in moves if move in amounts
        ]
