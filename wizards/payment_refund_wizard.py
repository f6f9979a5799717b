from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class PaymentRefundWizard(models.TransientModel):
    """Two accountants, two tabs, two clicks: one refund."""

    _inherit = 'payment.refund.wizard'

    email_pay_returned = fields.Monetary(
        string="Refunded When Opened",
        default=lambda self: self._email_pay_returned_of(
            self.env['account.payment'].browse(self.env.context.get('active_id'))
        ),
    )

    email_pay_terms = fields.Char(string="Refund Terms", compute='_compute_email_pay_terms')
    email_pay_is_over = fields.Boolean(
        string="Too Late to Refund", compute='_compute_email_pay_terms')

    @api.depends('transaction_id')
    def _compute_email_pay_terms(self):
        """Say before it is tried how long, and how much, the gateway pays back."""
        for wizard in self:
            tx = wizard.transaction_id.sudo()
            wizard.email_pay_terms = tx._email_pay_return_terms()
            wizard.email_pay_is_over = bool(
                wizard.email_pay_terms and tx._email_pay_refund_is_over()
            )

    @api.model
    def _email_pay_returned_of(self, payment):
        """What has gone back of a payment, or may have."""
        return -sum(payment.payment_transaction_id.sudo()._email_pay_refunds().mapped('amount'))

    def action_refund(self):
        """Override of `account_payment`: what was refunded since the wizard was opened is not
        refunded again by somebody who did not know of it."""
        self.transaction_id.sudo()._email_pay_hold()
        returned = self._email_pay_returned_of(self.payment_id)
        if self.currency_id.compare_amounts(returned, self.email_pay_returned):
            raise ValidationError(_(
                "Meanwhile %s of this payment was refunded, or is on its way back. Close this"
                " window and look at the payment before you refund more.",
                self.currency_id.format(returned),
            ))
        return super().action_refund()
