from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import CHECKOUT_MINUTES
from ..gateways import REGISTRY
from ..gateways.values import Flow
from .locks import locked_ids

# Operations that a customer starts. What an accountant or a schedule starts is theirs to decide.
CUSTOMER_OPERATIONS = ('online_redirect', 'online_direct', 'online_token')
# How long a payment that was started in Odoo's own inline form may be on its way.
DIRECT_MINUTES = 2
WINDOW_CODES = [
    code for code, gateway in REGISTRY.items() if gateway.supports.flow == Flow.WINDOW
]


class PaymentTransaction(models.Model):
    """Collect once: no customer can start paying more than is due, on any route."""

    _inherit = 'payment.transaction'

    @api.model_create_multi
    def create(self, vals_list):
        transactions = super().create(vals_list)
        guarded = transactions.filtered(
            lambda tx: tx.state == 'draft' and tx.operation in CUSTOMER_OPERATIONS
        )
        guarded._email_pay_moves()._email_pay_lock()
        for transaction in guarded:
            transaction._email_pay_check_collectable()
        return transactions

    def _email_pay_lock(self):
        """Wait until nobody else works on these transactions or their invoices.

        Whoever changed one meanwhile makes PostgreSQL end this database transaction with a
        serialization failure, and Odoo runs it again on fresh data.
        """
        locked_ids(self.env.cr, SQL(
            "SELECT id FROM payment_transaction WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
            tuple(self.ids),
        ))
        self._email_pay_moves()._email_pay_lock()

    def _email_pay_try_lock(self):
        """Lock this transaction unless somebody else works on it; tell which."""
        self.ensure_one()
        return bool(locked_ids(self.env.cr, SQL(
            "SELECT id FROM payment_transaction WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED",
            self.id,
        )))

    def _email_pay_check_collectable(self):
        """Refuse what is not due, in a sentence for the customer. What is paid for no customer
        invoice (an order, a saved card) is not judged here.

        :raises ValidationError: an invoice is not open, the currency differs, the amount is not
            positive or is more than what is due and not being paid already.
        """
        self.ensure_one()
        if self.email_pay_installment_id:
            self._email_pay_check_installment()
            return
        if self.email_pay_allocation_ids:
            self._email_pay_check_allocations()
            return
        invoices = self.invoice_ids
        if not any(invoice.is_sale_document(include_receipts=True) for invoice in invoices):
            return
        if any(
            invoice.state != 'posted' or invoice.move_type not in ('out_invoice', 'out_receipt')
            for invoice in invoices
        ):
            raise ValidationError(_("This invoice can no longer be paid."))
        if invoices.currency_id != self.currency_id:
            raise ValidationError(_("This invoice is paid in %s.", invoices.currency_id[:1].name))
        in_flight = (invoices._email_pay_in_flight() - self)._email_pay_amount_for(invoices)
        in_flight += invoices._email_pay_without_entry()
        awaited = invoices._email_pay_awaited()
        due = sum(invoices.mapped('amount_residual')) - in_flight - awaited
        if self.currency_id.compare_amounts(self.amount, 0) <= 0:
            raise ValidationError(_("Enter an amount greater than zero."))
        if self.currency_id.compare_amounts(self.amount, due) <= 0:
            return
        if awaited:
            raise ValidationError(_(
                "%(awaited)s is collected in instalments. At most %(due)s can be paid here.",
                awaited=self.currency_id.format(awaited),
                due=self.currency_id.format(max(due, 0)),
            ))
        if in_flight:
            raise ValidationError(_(
                "A payment of %s for this invoice is already being processed. Please wait until it"
                " is finished before you pay again.", self.currency_id.format(in_flight),
            ))
        if self.currency_id.compare_amounts(due, 0) <= 0:
            raise ValidationError(_("This invoice is already paid. Nothing was charged."))
        raise ValidationError(_(
            "Only %s is due. Please enter an amount up to that.", self.currency_id.format(due)
        ))

    @api.model
    def _email_pay_in_flight_domain(self):
        """Transactions that may bring money which no invoice shows yet."""
        now = fields.Datetime.now()
        unbooked = (
            Domain('state', '=', 'done')
            & Domain('payment_id', '=', False)
            & Domain('is_post_processed', '=', False)
        )
        # What has no outcome for long becomes an error (see payment_janitor) and holds nothing, nor
        # does a bank transfer that a customer announced, which may never come.
        pending = Domain('state', 'in', ('pending', 'authorized')) & Domain(
            'provider_id.code', 'not in', ('none', 'custom')
        )
        redirected = Domain('operation', '=', 'online_redirect') & Domain(
            'create_date', '>', now - timedelta(minutes=CHECKOUT_MINUTES)
        )
        # Until the gateway's own page ends, when it was opened again later.
        redirected |= Domain('email_pay_checkout_until', '>', now)
        direct = Domain('operation', '=', 'online_direct') & Domain(
            'create_date', '>', now - timedelta(minutes=DIRECT_MINUTES)
        )
        # A draft of a gateway with a window of its own brings nothing before we charge it, and then
        # it is pending.
        draft = (
            Domain('state', '=', 'draft')
            & Domain('provider_id.code', 'not in', WINDOW_CODES)
            & (redirected | direct)
        )
        return (
            Domain('operation', 'in', (*CUSTOMER_OPERATIONS, 'offline'))
            & (pending | unbooked | draft)
        )
