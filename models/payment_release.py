from markupsafe import Markup

from odoo import _, models

from .payment_guard import CUSTOMER_OPERATIONS


class PaymentTransaction(models.Model):
    """Invoices that changed while the money for them was on its way."""

    _inherit = 'payment.transaction'

    def _email_pay_release_changed(self):
        """Let go of the invoices that are no longer what the customer paid. Odoo would post a draft
        that somebody is working on, or give one customer's money to another.

        Nobody can start to pay such an invoice (see `payment_guard`), so it changed afterwards, as
        one may while it is collected month by month. The money is booked all the same, as credit of
        who paid.

        :return: the transactions that had such invoices.
        """
        released = self.browse()
        collected = self.filtered(lambda tx: tx.state == 'done' and not tx.payment_id)
        for tx in collected.filtered(
            lambda tx: tx.operation in CUSTOMER_OPERATIONS or tx.email_pay_installment_id
        ):
            changed = tx.invoice_ids.filtered(tx._email_pay_changed)
            if changed:
                released |= tx
                tx.invoice_ids -= changed
                tx.email_pay_allocation_ids.filtered_domain(
                    [('move_id', 'in', changed.ids)]
                ).unlink()
                tx._email_pay_note_released(changed)
        return released

    def _email_pay_changed(self, invoice):
        """What became of `invoice`, as a sentence for an accountant; '' while it can be paid."""
        if invoice.state == 'draft' and invoice.is_sale_document(include_receipts=True):
            return _("It is a draft now.")
        if invoice.currency_id != self.currency_id:
            return _("It is in another currency now.")
        if invoice.commercial_partner_id != self.partner_id.commercial_partner_id:
            return _("It belongs to another customer now.")
        return ''

    def _email_pay_note_released(self, invoices):
        self = self.env['email.pay.portal']._speak(self)
        for invoice in invoices:
            invoice._message_log(body=Markup('%s %s') % (
                self._email_pay_changed(invoice),
                _(
                    "The online payment %(reference)s of %(amount)s was meant for this invoice. It"
                    " is booked as credit of %(customer)s: add it once the invoice is right.",
                    reference=self.reference, amount=self.currency_id.format(self.amount),
                    customer=self.partner_id.commercial_partner_id.display_name,
                ),
            ))
