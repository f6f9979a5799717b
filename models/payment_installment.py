from odoo import _, fields, models
from odoo.exceptions import ValidationError

PAID_BY_CUSTOMERS = ('online_redirect', 'online_direct', 'online_token')


class PaymentTransaction(models.Model):
    """Payments of instalments: booked as any other, and told to their plan."""

    _inherit = 'payment.transaction'

    email_pay_installment_id = fields.Many2one(
        'email.pay.installment', string="Instalment", readonly=True, copy=False,
        index='btree_not_null', ondelete='restrict',
    )

    # === BEING TOLD === #

    def _update_state(self, allowed_states, target_state, state_message):
        """Override of `payment`: an instalment is what became of its payment."""
        changed = super()._update_state(allowed_states, target_state, state_message)
        for tx in changed.filtered('email_pay_installment_id'):
            tx._email_pay_tell_installment()
        refunds = changed.filtered(lambda tx: tx.operation == 'refund' and tx.state == 'done')
        for refund in refunds.filtered('source_transaction_id'):
            refund._email_pay_tell_refunded()
        return changed

    def _email_pay_tell_installment(self):
        if self.state == 'done':
            self.email_pay_installment_id._confirm(self)
        elif self.state in ('cancel', 'error'):
            self.email_pay_installment_id._fail(self)

    def _email_pay_tell_refunded(self):
        """An instalment also has to know of what goes back of an ordinary payment by which it was
        settled."""
        source = self.source_transaction_id
        if installment := source.email_pay_installment_id:
            installment._take_refund(source, self)
            return
        settled = self.env['email.pay.installment'].sudo().search([
            ('transaction_id', '=', source.id), ('state', '=', 'confirmed'),
        ])
        settled._take_ordinary_refund(source, self)

    # === COLLECT ONCE === #

    def _email_pay_check_installment(self):
        """As `_email_pay_check_collectable`, for the payment of an instalment."""
        installment = self.email_pay_installment_id
        plan = installment.plan_id
        plan._lock_documents()
        if installment.state == 'confirmed':
            raise ValidationError(_("This instalment is already paid. Nothing was charged."))
        if installment.state == 'cancelled' or plan.state == 'cancelled':
            raise ValidationError(_("This instalment is no longer collected. Nothing was charged."))
        others = self.search(self._email_pay_in_flight_domain() & fields.Domain(
            'email_pay_installment_id', '=', installment.id)) - self
        if others:
            raise ValidationError(_(
                "A payment of %s for this instalment is already being processed. Please wait until"
                " it is finished before you pay again.",
                self.currency_id.format(sum(others.mapped('amount'))),
            ))
        if self.currency_id.compare_amounts(installment._needed(), plan._open_amount(self)) > 0:
            raise ValidationError(_(
                "This invoice changed, or a payment for it is being processed. Nothing was charged."
                " Please try again later, or contact us."
            ))

    # === BOOKING === #

    def _post_process(self):
        """Override of `payment`: the first charge of a plan posts its draft before it is booked,
        and a payment that settles what was refused to a plan confirms it."""
        for tx in self.filtered(lambda tx: tx.state == 'done' and tx.email_pay_installment_id):
            tx.email_pay_installment_id.plan_id._post_draft()
        fresh = self.filtered(lambda tx: not tx.is_post_processed)
        super()._post_process()
        fresh._email_pay_settle_denied()

    def _email_pay_settle_denied(self):
        """What a customer paid with an ordinary link confirms instalments that were refused, the
        oldest first."""
        paid = self.filtered(
            lambda tx: tx.state == 'done' and tx.payment_id and not tx.email_pay_installment_id
            and tx.operation in PAID_BY_CUSTOMERS and tx.invoice_ids
        )
        denied = paid and self.env['email.pay.installment'].sudo().search([
            ('move_id', 'in', paid.invoice_ids.ids), ('state', '=', 'denied'),
        ])
        for tx in paid if denied else ():
            for invoice, lines in denied.grouped('move_id').items():
                if invoice in tx.invoice_ids:
                    lines._confirm_by(tx, tx._email_pay_amount_for(invoice))
