from odoo import _, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .email_pay_statement import Section


def documents_label(env, names, most=3):
    """What is paid, in few words: the names of some documents, else how many they are."""
    return ', '.join(names) if len(names) <= most else env._("%s documents", len(names))


class EmailPayAllocation(models.Model):
    """What a payment from a statement was begun for: a part of an entry. Credits are negative, so
    that all parts of a payment sum up to its amount."""

    _name = 'email.pay.allocation'
    _description = 'Share of a Payment'
    _order = 'id'
    _rec_name = 'move_id'

    transaction_id = fields.Many2one(
        'payment.transaction', required=True, readonly=True, index=True, ondelete='cascade',
    )
    move_id = fields.Many2one(
        'account.move', string="Document", required=True, readonly=True, index=True,
        ondelete='cascade',
    )
    currency_id = fields.Many2one(related='transaction_id.currency_id')
    amount = fields.Monetary(required=True, readonly=True)


class AccountMove(models.Model):
    _inherit = 'account.move'

    def _email_pay_holders(self, customer=None):
        """The transactions by which customers are paying any of these entries right now, or using
        them as a credit.

        :param customer: who alone counts: of an entry in which several owe, each pays its own part.
        """
        transactions = self.env['payment.transaction'].sudo()
        shares = Domain('email_pay_allocation_ids.move_id', 'in', self.ids)
        if customer:
            shares &= Domain(
                'partner_id.commercial_partner_id', '=', customer.commercial_partner_id.id)
        return transactions.search(transactions._email_pay_in_flight_domain() & (
            Domain('invoice_ids', 'in', self.ids) | shares
        ))

    def _email_pay_check_free(self, customer, besides=()):
        """:raises ValidationError: `customer` is paying some of these entries already, with other
            transactions than `besides`; a sentence for the customer.
        """
        others = self._email_pay_holders(customer).filtered(lambda tx: tx not in besides)
        if others:
            raise ValidationError(_(
                "A payment of %s for some of these documents is already being processed. Please"
                " wait until it is finished before you pay again.",
                others.currency_id[:1].format(sum(others.mapped('amount'))),
            ))
        if self._email_pay_awaited():
            raise ValidationError(_(
                "Some of these documents are being collected in instalments. Please pay the others."
            ))


class PaymentTransaction(models.Model):
    """Paid as it was chosen: the documents of a statement that a customer picked, and no other."""

    _inherit = 'payment.transaction'

    email_pay_allocation_ids = fields.One2many(
        'email.pay.allocation', 'transaction_id', string="Shares", readonly=True, copy=False,
    )
    email_pay_account_id = fields.Many2one(
        'account.account', string="Receivable Account", readonly=True, copy=False,
        help="The account of the documents that were picked from a statement.",
    )

    def _email_pay_moves(self):
        """All entries that these transactions pay, or use as a credit."""
        return self.invoice_ids | self.email_pay_allocation_ids.move_id

    def _email_pay_amount_for(self, moves):
        """How much of these transactions is meant for `moves`."""
        allocated = self.filtered('email_pay_allocation_ids')
        parts = allocated.email_pay_allocation_ids.filtered(lambda part: part.move_id in moves)
        return sum(parts.mapped('amount')) + sum((self - allocated).mapped('amount'))

    def _email_pay_label(self):
        return documents_label(self.env, self._email_pay_charges().mapped('name'))

    def _email_pay_charges(self):
        """The documents that are paid, without the credits that are used for them."""
        if not self.email_pay_allocation_ids:
            return self.invoice_ids
        return self.email_pay_allocation_ids.filtered(lambda part: part.amount > 0).move_id

    def _email_pay_credits_used(self):
        return self.email_pay_allocation_ids.filtered(lambda part: part.amount < 0).move_id

    # === COLLECT ONCE === #

    def _email_pay_check_allocations(self):
        """Refuse what is not open any more, or being paid already.

        :raises ValidationError: a sentence for the customer.
        """
        parts = self.email_pay_allocation_ids
        currency = self.currency_id
        if currency.compare_amounts(self.amount, 0) <= 0:
            raise ValidationError(_("Enter an amount greater than zero."))
        if currency.compare_amounts(sum(parts.mapped('amount')), self.amount):
            raise ValidationError(_("The amount is not that of the documents that you chose."))
        section = self._email_pay_section()
        changed = [part for part in parts if not self._email_pay_is_open(part, section)]
        if changed:
            raise ValidationError(_(
                "%s has changed meanwhile. Please choose again what you want to pay. Nothing was"
                " charged.", ', '.join(part.move_id.name for part in changed[:5]),
            ))
        parts.move_id._email_pay_check_free(self.partner_id, besides=self)

    def _email_pay_section(self):
        """What the customer owes now in the currency and the account of this payment."""
        company = self.email_pay_allocation_ids.move_id.company_id[:1]
        statement = self.env['email.pay.statement']._of(self.partner_id, company)
        return next(
            (
                section for section in statement.sections
                if section.currency == self.currency_id
                and section.account_id == self.email_pay_account_id.id
            ),
            Section(self.currency_id, self.email_pay_account_id.id, fields.Date.today()),
        )

    def _email_pay_is_open(self, part, section):
        """Whether a share is due, or there as a credit, and not closed."""
        documents = section.charges if part.amount > 0 else section.credits
        due = sum(
            document.due for document in documents
            if document.move_id == part.move_id.id and not document.closed
        )
        return section.currency.compare_amounts(abs(part.amount), abs(due)) <= 0

    # === BOOKING === #

    def _create_payment(self, **extra_create_values):
        """Override of `account_payment`: Odoo would match all of the invoices, and nothing else."""
        if not self.email_pay_allocation_ids or self.env.context.get('email_pay_collect'):
            return super()._create_payment(**extra_create_values)
        payment = self.env['account.payment'].create(
            self._email_pay_payment_values() | extra_create_values
        )
        payment.action_post()
        self.payment_id = payment
        self._email_pay_lines().reconcile()
        return payment

    def _email_pay_allocated_values(self):
        """What the payment of a selection has beside what Odoo gives it: no early payment discount,
        which a sum over several invoices may equal by chance."""
        return {'destination_account_id': self.email_pay_account_id.id, 'write_off_line_vals': []}

    def _email_pay_allocated_lines(self):
        """The journal items that the customer chose and that are still open: the charges, and the
        credits to be used for them."""
        lines = self.env['account.move.line']
        for move, parts in self.email_pay_allocation_ids.grouped('move_id').items():
            signs = {part.amount > 0 for part in parts}
            lines |= move.line_ids.filtered(
                lambda line, signs=signs: line.parent_state == 'posted' and not line.reconciled
                and line.account_id == self.email_pay_account_id
                and line.currency_id == self.currency_id
                and (line.balance > 0) in signs
                and line.partner_id.commercial_partner_id == self.partner_id.commercial_partner_id
            )
        return lines
