from collections import defaultdict
from typing import NamedTuple

from odoo import models

from .payment_allocation import documents_label


class Share(NamedTuple):
    """What was paid of a document, or used of a credit, and what is left of it now, in the
    document's own `currency`."""

    name: str
    amount: float
    rest: float
    currency: models.Model
    move: models.Model

    @property
    def total(self):
        """The whole of the document, of which this may be a part."""
        return abs(self.move.amount_total)


class Deduction(NamedTuple):
    """What was settled without money: `kind` is withholding, discount or difference."""

    kind: str
    name: str
    amount: float


class Settled(NamedTuple):
    """What a payment did, as its receipt tells: lists of `Share` and of `Deduction`, and what no
    document needed."""

    documents: list
    credits: list
    deductions: list
    excess: float


# The sides of journal items in which the documents of a payment stand, and the payment itself.
SIDES = {'inbound': ('debit', 'credit'), 'outbound': ('credit', 'debit')}


class AccountPayment(models.Model):
    """What became of the money, as it is booked."""

    _inherit = 'account.payment'

    def _email_pay_settled(self):
        """What this payment, and the credits used with it, settled; nothing without an entry that
        is matched: before it is booked, and after it was undone.

        :rtype: Settled
        """
        self.ensure_one()
        other, mine = SIDES[self.payment_type]
        charges, credits_ = self._email_pay_documents()
        own = self._email_pay_counterparts(self.move_id)
        used = self._email_pay_counterparts(credits_)
        paid, taken = defaultdict(float), defaultdict(float)
        for part in (own | used)[f'matched_{other}_ids']:
            document = part[f'{other}_move_id'].move_id
            # A credit may have been used before, and what was left of the payment later.
            if part.create_date >= self.create_date and document in charges:
                paid[document] += part[f'{other}_amount_currency']
                taken[part[f'{mine}_move_id'].move_id] += part[f'{mine}_amount_currency']
        excess = sum(own.mapped('amount_residual_currency'))
        return Settled(
            self._email_pay_shares(charges, paid), self._email_pay_shares(credits_, taken),
            self._email_pay_deductions(charges),
            -excess if self.payment_type == 'inbound' else excess,
        )

    def _email_pay_documents(self):
        """The documents that are paid, and the credits that were used for them."""
        if transaction := self.payment_transaction_id.sudo():
            return transaction._email_pay_charges(), transaction._email_pay_credits_used()
        other = SIDES[self.payment_type][0]
        matched = self._email_pay_counterparts(self.move_id)[f'matched_{other}_ids']
        moves = self.invoice_ids | matched[f'{other}_move_id'].move_id
        moves -= moves.filtered(
            lambda move: move.journal_id == move.company_id.currency_exchange_journal_id)
        credits_ = moves.filtered(self._email_pay_is_credit)
        return moves - credits_, credits_

    def _email_pay_label(self):
        """What it was paid for, where no share of a document is known."""
        charges = self._email_pay_documents()[0]
        return documents_label(self.env, charges.mapped('name'))

    def _email_pay_is_credit(self, move):
        """Whether `move` is an invoice that goes the other way round, as a credit note."""
        return move.is_invoice(include_receipts=True) and (
            move.is_inbound(include_receipts=True) != (self.payment_type == 'inbound')
        )

    def _email_pay_counterparts(self, moves):
        """The journal items of `moves` in which the partner owes, or is owed. Of an entry that was
        picked from a statement, others may owe a part."""
        transaction = self.payment_transaction_id.sudo()
        customer = transaction.email_pay_allocation_ids and (
            transaction.partner_id.commercial_partner_id)
        return moves.line_ids.filtered(
            lambda line: line.account_id == self.destination_account_id
            and (not transaction or line.currency_id == self.currency_id)
            and (not customer or line.partner_id.commercial_partner_id == customer)
        )

    def _email_pay_shares(self, moves, amounts):
        rests, currencies = defaultdict(float), {}
        for line in self._email_pay_counterparts(moves):
            rests[line.move_id] += line.amount_residual_currency
            currencies[line.move_id] = line.currency_id
        return [
            Share(
                move.name, currencies[move].round(amounts[move]),
                currencies[move].round(abs(rests[move])), currencies[move], move,
            )
            for move in moves if move in amounts
        ]

    # === WHAT WAS SETTLED WITHOUT MONEY === #

    def _email_pay_net(self):
        """The money itself: Odoo counts what is withheld as a part of the payment's amount."""
        liquidity = self._seek_for_lines()[0]
        return abs(sum(liquidity.mapped('amount_currency'))) or self.amount

    def _email_pay_deductions(self, charges):
        sign = 1 if self.payment_type == 'inbound' else -1
        taxes = charges.line_ids.tax_line_id
        amounts, names = defaultdict(float), {}
        for line in self._seek_for_lines()[2]:
            # The base of what is withheld stands in an account twice, and cancels out.
            kind, cause, name = self._email_pay_deduction_of(line, taxes)
            amounts[kind, cause] += sign * line.amount_currency
            names.setdefault((kind, cause), name)
        return [
            Deduction(key[0], names[key], self.currency_id.round(amount))
            for key, amount in amounts.items() if not self.currency_id.is_zero(amount)
        ]

    def _email_pay_deduction_of(self, line, taxes):
        """What a journal item of this payment deducts: its kind, cause and name. A discount takes
        back a part of the documents' own `taxes`; another tax was withheld."""
        company = self.company_id
        discounts = (
            company.account_journal_early_pay_discount_loss_account_id
            | company.account_journal_early_pay_discount_gain_account_id
        )
        if line.account_id in discounts or line.tax_line_id & taxes:
            return 'discount', None, ''
        if line.tax_line_id:
            return 'withholding', line.tax_line_id, line.tax_line_id.name
        return 'difference', line.account_id, line.name or ''


class PaymentTransaction(models.Model):
    _inherit = 'payment.transaction'

    def _email_pay_settled(self):
        """What this payment settled: see `account.payment`.

        :rtype: Settled
        """
        self.ensure_one()
        if not self.payment_id:
            return Settled([], [], [], 0.0)
        return self.payment_id._email_pay_settled()
