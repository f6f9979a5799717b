from odoo import models


class PaymentTransaction(models.Model):
    """Told once: the receipt of an online payment is that of the payment which is booked."""

    _inherit = 'payment.transaction'

    def _email_pay_plan_receipts(self):
        """Queue the receipts of booked payments; they are sent when this is committed."""
        for company, transactions in self.filtered('amount').grouped('company_id').items():
            if self.env['email.pay.portal']._for_company(company).enabled:
                transactions.payment_id._email_pay_plan_receipt()

    def _email_pay_told_refunds(self):
        """The refunds of which customers are told; who disputes a payment knows it."""
        return self.filtered(
            lambda tx: tx.operation == 'refund' and tx.email_pay_return != 'chargeback'
            and (tx.source_transaction_id.invoice_ids or tx.source_transaction_id.email_pay_link_id)
        )

    def _email_pay_receipt(self):
        """The mail that tells the customer of this payment; empty without one."""
        return self.payment_id.sudo().email_pay_receipt_ids.filtered(
            lambda receipt: receipt.role == 'first')

    def _email_pay_receipt_address(self):
        """Where the receipt goes: the address of the link that was paid, else the customer's."""
        link = (self.source_transaction_id or self).email_pay_link_id
        return link.email or self.partner_email
