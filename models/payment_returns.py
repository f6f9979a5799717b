from dataclasses import replace

from odoo import _, fields, models

from ..gateways.values import Operation, Status
from .locks import hold


class PaymentTransaction(models.Model):
    """Money that goes back: refunds ordered in Odoo, and what the gateway reports by itself.

    Each is one child transaction of the payment, and has one effect, however often and in whatever
    order it is told.
    """

    _inherit = 'payment.transaction'

    email_pay_return = fields.Selection(
        [
            ('refund', "Refund"),
            ('void', "Void before settlement"),
            ('chargeback', "Chargeback"),
        ],
        string="How It Went Back", readonly=True, copy=False,
    )

    # === WHAT IS LEFT TO GIVE BACK === #

    def _email_pay_hold(self):
        """Let one work at a time on what goes back of these payments."""
        hold(self)
        self.invoice_ids._email_pay_lock()

    def _email_pay_refunds(self):
        """The refunds of this payment that went back, or may have."""
        return self.child_transaction_ids.filtered(
            lambda tx: tx.operation == 'refund' and tx.state in ('draft', 'pending', 'done')
        )

    def _email_pay_left(self, refunds):
        """What is left of this payment after `refunds`."""
        return self.currency_id.round(self.amount + sum(refunds.mapped('amount')))

    # === REPORTED BY THE GATEWAY === #

    def _email_pay_apply_return(self, event, source):
        """Apply money going back that the gateway answered of; what does not fit is kept as a
        parked notification."""
        if (self.source_transaction_id or self).state != 'done':
            return  # undone before it was booked: the payment itself is reported as canceled
        state, reason = self._email_pay_take_return(event)
        if state == 'parked':
            self.env['email.pay.event'].sudo()._park_answer(self, event, source, reason)

    def _email_pay_take_return(self, event):
        """Take note of money that went back: of a refund ordered here, or of one that the gateway,
        the bank or somebody at the gateway made. The latter is booked and reopens the invoices.

        :param gateways.values.PaymentEvent event: one of `RETURNS`, of this payment or refund.
        :return: the state for the notification, and a sentence for an accountant.
        :rtype: tuple[str, str]
        """
        self = self.env['email.pay.portal']._speak(self)
        source = self.source_transaction_id or self
        if source.state != 'done':
            source._email_pay_ask()
        source._email_pay_hold()
        if refund := source._email_pay_refund_of(event):
            return refund._email_pay_learn(event)
        if event.status != Status.DONE:
            return 'ignored', ''
        if source.state == 'cancel' and event.operation == Operation.VOID:
            return 'ignored', ''  # undone before it was booked
        if source.state != 'done':
            return 'failed', _(
                "The gateway reports %s going back of a payment that it has not confirmed. Compare"
                " with the gateway.", event.amount,
            )
        if reason := source._email_pay_refusal_of_return(event):
            return 'parked', reason
        source._email_pay_add_return(event)
        return 'done', ''

    def _email_pay_amount_back(self, event):
        """What went back of this payment, None when `event` does not tell. A void is the whole."""
        whole = self._email_pay_decimal(self.amount)
        return event.amount or (whole if event.operation == Operation.VOID else None)

    def _email_pay_refund_of(self, event):
        """The refund of this payment that `event` is about; empty when the books do not know it.

        It is known by the gateway's number, by its own reference, or by its amount while its answer
        is still missing, or came never.
        """
        refunds = self.child_transaction_ids.filtered(lambda tx: tx.operation == 'refund')
        alike = refunds.filtered(lambda tx: tx._email_pay_may_be(event))
        found = (
            refunds.filtered(lambda tx: tx._email_pay_has_number_of(event)),
            refunds.filtered(lambda tx: tx._email_pay_is_named_by(event)),
            alike.filtered(lambda tx: tx.state == 'pending'),
            alike.filtered(lambda tx: tx.state == 'error' and tx.email_pay_asked),
        )
        return next(filter(None, found), refunds.browse())[:1]

    def _email_pay_has_number_of(self, event):
        """Whether `event` has the gateway's number of this refund. A gateway also uses the number
        of the payment for what is done to it, and that of a refund for its void."""
        number = event.gateway_reference
        source = self.source_transaction_id
        if not number or self.provider_reference != number:
            return False
        same = self.email_pay_return in (False, event.operation)
        if number != source.provider_reference:
            return same or event.operation == Operation.VOID
        return same and source._email_pay_amount_back(event) in (
            None, self._email_pay_decimal(-self.amount)
        )

    def _email_pay_is_named_by(self, event):
        other = self.state == 'done' and event.gateway_reference and self.provider_reference
        return self.reference == event.reference and not other

    def _email_pay_may_be(self, event):
        source = self.source_transaction_id
        return (
            event.status in (Status.DONE, Status.PENDING)
            and event.reference in ('', source.reference)
            and not self.provider_reference
            and source._email_pay_amount_back(event) == self._email_pay_decimal(-self.amount)
        )

    def _email_pay_learn(self, event):
        """Apply `event` to this refund. Returns as `_email_pay_take_return`."""
        undone = event.status in (Status.DECLINED, Status.CANCELED) or (
            event.operation == Operation.VOID and self.email_pay_return in ('refund', 'chargeback')
        )
        if undone:
            return self._email_pay_unlearn(event)
        if self.state == 'done':
            return 'ignored', ''
        source = self.source_transaction_id
        amount = source._email_pay_amount_back(event)
        reason = source._email_pay_refusal_of_money(event)
        if not reason and amount not in (None, self._email_pay_decimal(-self.amount)):
            reason = _(
                "The gateway paid back %(paid)s, and the refund asked for %(asked)s. Compare with"
                " the gateway, and book it by hand.",
                paid=amount, asked=self.currency_id.format(-self.amount),
            )
        if reason:
            return 'parked', reason
        before = self.state
        self.email_pay_return = event.operation.value
        self._process(self.provider_code, replace(event, amount=amount))
        self._email_pay_book()
        return ('done' if self.state != before else 'ignored'), ''

    def _email_pay_unlearn(self, event):
        """The gateway says that this refund did not happen, or was taken back later."""
        if self.state == 'done':
            return 'parked', _(
                "The gateway says that the %(amount)s of %(reference)s did not go back for good:"
                " the money is yours again. Check it at the gateway, then cancel the payment"
                " %(payment)s, and set the first payment against the invoice again.",
                amount=self.currency_id.format(-self.amount), reference=self.reference,
                payment=self.payment_id.name or '',
            )
        if self.state in ('error', 'cancel'):
            return 'ignored', ''
        self.email_pay_ask_at = False
        self._email_pay_fail_refund(event.message or _("The gateway refused it."))
        return 'done', ''

    def _email_pay_refusal_of_return(self, event):
        """As `_email_pay_refusal`, for money of this payment that goes back by itself."""
        if reason := self._email_pay_refusal_of_money(event):
            return reason
        amount = self._email_pay_amount_back(event)
        if amount is None:
            return _(
                "The gateway does not say how much went back. Compare with the gateway, and book it"
                " by hand."
            )
        # What is only on its way may never have left: what the gateway reports as done has.
        left = self._email_pay_left(
            self._email_pay_refunds().filtered(lambda tx: tx.state == 'done')
        )
        if self.currency_id.compare_amounts(float(amount), left) > 0:
            return _(
                "The gateway reports %(amount)s going back, and only %(left)s of this payment is"
                " left. Compare with the gateway, and book it by hand.",
                amount=amount, left=self.currency_id.format(left),
            )
        return ''

    def _email_pay_refusal_of_money(self, event):
        if event.test and self.provider_id.state == 'enabled':
            return _("The gateway reports a test refund, and this app is live. No money went back.")
        if event.currency and event.currency != self.currency_id.name:
            return _(
                "The gateway paid back in %(paid)s, and the payment is in %(payment)s. Compare with"
                " the gateway, and book it by hand.",
                paid=event.currency, payment=self.currency_id.name,
            )
        return ''

    def _email_pay_add_return(self, event):
        """Book money that went back without an order of ours, and tell the billing team."""
        self._email_pay_book()
        amount = self._email_pay_amount_back(event)
        refund = self._create_child_transaction(
            float(amount), is_refund=True, email_pay_return=event.operation.value,
        )
        refund._process(refund.provider_code, replace(event, amount=amount))
        refund._email_pay_book()
        refund._email_pay_tell_of_return()

    # === TELLING THE BILLING TEAM === #

    def _email_pay_tell_of_return(self):
        """One activity that says what happened, what was booked, and what is to be done."""
        values = {
            'amount': self.currency_id.format(-self.amount),
            'reference': self.source_transaction_id.reference,
            'app': self.provider_id.name,
        }
        booked = _(
            "It is booked as %(payment)s. What is due again: %(due)s.",
            payment=self.payment_id.name, due=self._email_pay_due_again() or _("nothing"),
        ) if self.payment_id else _(
            "It could not be booked yet: see Email Pay, Notifications, for the reason."
        )
        summary, happened, to_do = {
            'refund': (
                _("Refund of %(amount)s made at the gateway", **values),
                _("%(amount)s of the payment %(reference)s was paid back at %(app)s, and not"
                  " ordered in Odoo.", **values),
                _("If the customer no longer owes it, make a credit note; else collect it again."),
            ),
            'void': (
                _("Payment of %(amount)s voided at the gateway", **values),
                _("The payment %(reference)s of %(amount)s was voided at %(app)s before it was"
                  " settled: the money does not come.", **values),
                _("If the customer no longer owes it, make a credit note; else collect it again."),
            ),
            'chargeback': (
                _("Dispute: %(amount)s was taken back", **values),
                _("The customer's bank took back %(amount)s of the payment %(reference)s.",
                  **values),
                _("Answer the dispute at %(app)s or your bank before its deadline, with the invoice"
                  " and the proof of delivery. Send no refund: the customer has the money.",
                  **values),
            ),
        }[self.email_pay_return]
        self._email_pay_tell(summary, ' '.join((happened, booked, to_do)))

    def _email_pay_due_again(self):
        """The invoices of the payment that are open now, as text."""
        return ', '.join(
            f'{move.name} {move.currency_id.format(move.amount_residual)}'
            for move in self.source_transaction_id.invoice_ids
            if move.state == 'posted' and not move.currency_id.is_zero(move.amount_residual)
        )

    def _email_pay_tell(self, summary, note):
        """Give the billing team an activity on the invoice of this refund, else on the payment."""
        source = self.source_transaction_id
        record = (
            source.invoice_ids.sorted('amount_residual', reverse=True)[:1]
            or source.payment_id or self.payment_id
        )
        if record:
            self.env['email.pay.attention']._ask_attention(self.company_id, record, summary, note)
