import logging

from odoo import _, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_datetime

from ..gateways import REGISTRY, errors
from ..gateways.values import RETURNS, Charged, RefundSupport
from .locks import CONFLICTS

_logger = logging.getLogger(__name__)


class PaymentTransaction(models.Model):
    """Refunds that are ordered in Odoo: sent at most once, and asked for until they are known."""

    _inherit = 'payment.transaction'

    email_pay_paid_at = fields.Datetime(
        string="Paid at the Gateway on", readonly=True, copy=False,
        help="When the customer paid, as the gateway tells.",
    )

    # === WHAT CAN BE ORDERED === #

    def _email_pay_check_refundable(self, amount, besides=None):
        """Refuse a refund that cannot be right, before anything is sent.

        :raises ValidationError: only the whole can go back, it is more than what is left, or the
            same refund is on its way.
        """
        supports = REGISTRY[self.provider_code].supports
        if self._email_pay_refund_is_over():
            raise ValidationError(self._email_pay_return_terms())
        whole = self.currency_id.compare_amounts(amount, self.amount) == 0
        if supports.refund == RefundSupport.FULL_ONLY and not whole:
            raise ValidationError(_(
                "%(gateway)s pays back only the whole payment, %(amount)s at once. Pay a part back"
                " another way, and register it by hand.",
                gateway=self.provider_id.name, amount=self.currency_id.format(self.amount),
            ))
        refunds = self._email_pay_refunds() - (besides or self.browse())
        left = self._email_pay_left(refunds)
        if self.currency_id.compare_amounts(amount, left) <= 0:
            return
        waiting = refunds.filtered(lambda tx: tx.state != 'done')
        raise ValidationError(
            _("A refund of this payment is on its way, and the gateway has not confirmed it yet."
              " Wait for its answer.") if waiting else
            _("Only %s of this payment is left to pay back.", self.currency_id.format(left))
        )

    def _email_pay_ends(self, within):
        """When a window of `within` after this payment ends; None when it has no end. It begins
        when the customer paid, of which Odoo may learn later."""
        paid = filter(None, (self.email_pay_paid_at, self.last_state_change))
        return within and min(paid, default=fields.Datetime.now()) + within

    def _email_pay_void_is_over(self):
        ends = self._email_pay_ends(REGISTRY[self.provider_code].supports.void_within)
        return bool(ends) and ends < fields.Datetime.now()

    def _email_pay_refund_is_over(self):
        ends = self._email_pay_ends(REGISTRY[self.provider_code].supports.refund_within)
        return bool(ends) and ends < fields.Datetime.now()

    def _email_pay_return_terms(self):
        """How this payment can go back now, as a text for an accountant; '' when nothing limits
        it."""
        if self.provider_code not in REGISTRY:
            return ''
        supports, app = REGISTRY[self.provider_code].supports, self.provider_id.name
        if self._email_pay_refund_is_over():
            return _(
                "%(app)s no longer pays this payment back: it does so within %(days)s days. Pay it"
                " back another way, and register it by hand.",
                app=app, days=supports.refund_within.days,
            )
        terms = []
        if supports.void_within and not self._email_pay_void_is_over():
            ends = self._email_pay_ends(supports.void_within)
            terms.append(_(
                "A refund before %(time)s voids the payment: it is undone as a whole before it is"
                " settled.", time=format_datetime(self.env, ends),
            ))
        if supports.refund == RefundSupport.FULL_ONLY:
            terms.append(_("%s pays back only the whole payment.", app))
        if supports.refund_within:
            ends = self._email_pay_ends(supports.refund_within)
            terms.append(_("It can be paid back until %s.", format_datetime(self.env, ends)))
        return ' '.join(terms)

    # === ORDER IT === #

    def _refund(self, amount_to_refund=None):
        """Override of `payment`: what cannot be right is refused before a refund is created."""
        if self.provider_code in REGISTRY:
            self.ensure_one()
            amount = amount_to_refund or self.amount
            self._email_pay_hold()
            self._email_pay_check_refundable(amount)
            if self._email_pay_refunds().filtered(
                lambda tx: tx.state != 'done'
                and tx.currency_id.compare_amounts(-tx.amount, amount) == 0
            ):
                raise ValidationError(_(
                    "The same refund is on its way, and the gateway has not confirmed it yet. Wait"
                    " for its answer."
                ))
        refund = super()._refund(amount_to_refund=amount_to_refund)
        if refund.state == 'error':
            refund.email_pay_ask_at = False
        return refund

    def _send_refund_request(self):
        """Override of `payment`: pay back through the gateway, at most once.

        The refund is committed before the gateway is asked. Whatever happens then to this request,
        the books know that money may have gone back: nobody can order it again, and the janitor
        asks what became of it. What somebody else learned of it meanwhile is left to him.
        """
        if self.provider_code not in REGISTRY:
            return super()._send_refund_request()
        self._set_pending()
        self._email_pay_plan_question()
        self.env.cr.commit()  # pylint: disable=invalid-commit  # before it is told
        try:
            self._email_pay_pay_back()
            self.env.flush_all()
        except CONFLICTS:
            self.env.cr.rollback()
        return None

    def _email_pay_pay_back(self):
        """Ask the gateway to pay back, unless it has done so already, and apply its answer.

        :raises ValidationError: it did not; the reason is for the accountant.
        """
        try:
            self._email_pay_learn_returns()
            if self.state != 'pending':
                return
            event = self._email_pay_give_back()
        except errors.UnknownOutcome as error:
            _logger.warning("The outcome of %s is unknown: %s", self.reference, error)
            return
        except errors.GatewayError as error:
            raise ValidationError(_("The gateway did not pay back: %s", error)) from error
        self._email_pay_apply(event, 'refund')

    def _email_pay_learn_returns(self):
        """Take note of all that went back of the payment, maybe this very refund: Odoo may run a
        request twice, and a notification may be late.

        :raises ValidationError: the gateway does not answer, or too little is left.
        """
        source = self.source_transaction_id
        try:
            events = self._email_pay_gateway().query(source.reference)
        except errors.GatewayError as error:
            raise ValidationError(_(
                "The gateway does not answer, and nothing was sent. Try again later. (%s)", error
            )) from error
        source._email_pay_apply_all((e for e in events if e.operation in RETURNS), 'query')
        if self.state == 'pending':
            source._email_pay_check_refundable(-self.amount, besides=self)

    def _email_pay_give_back(self):
        """Void the whole payment while the gateway still can, else refund.

        :rtype: gateways.values.PaymentEvent
        """
        source = self.source_transaction_id
        gateway = self._email_pay_gateway()
        charged = source._email_pay_charged()
        amount = self._email_pay_decimal(-self.amount)
        voidable = gateway.supports.void and not source._email_pay_void_is_over()
        if amount == charged.amount and voidable:
            try:
                return gateway.void(charged)
            except errors.RequestRefused:
                _logger.info("%s is settled already, and is refunded.", source.reference)
        return gateway.refund(charged, amount, self.reference)

    def _email_pay_charged(self):
        """This payment, as a gateway is told of it."""
        return Charged(
            reference=self.reference,
            gateway_reference=self.provider_reference or '',
            amount=self._email_pay_decimal(self.amount),
            currency=self.currency_id.name,
        )

    def _build_action_feedback_notification(self):
        """Override of `payment`: say why, not only that something failed."""
        notification = super()._build_action_feedback_notification()
        reasons = [tx.state_message for tx in self if tx.state == 'error' and tx.state_message]
        waiting = self.filtered(lambda tx: tx.operation == 'refund' and tx.state == 'pending')
        params = notification['params']
        if reasons:
            params.update(message=' '.join([params['message'], *reasons]), sticky=True)
        elif waiting:
            params.update(type='warning', message=_(
                "The gateway has not confirmed the refund yet. It is asked again until it does: do"
                " not refund it again."
            ))
        return notification

    # === ASK WHAT BECAME OF IT === #

    def _email_pay_query(self):
        """What the gateway knows of this transaction; of a refund, only what is about itself.

        A gateway keeps a refund under its own reference or under that of the payment.

        :raises gateways.errors.GatewayError: nothing is known.
        """
        gateway = self._email_pay_gateway()
        if self.operation != 'refund':
            return gateway.query(self.reference)
        source = self.source_transaction_id
        events = (*gateway.query(source.reference), *gateway.query(self.reference))
        return tuple(
            event for event in events
            if event.operation in RETURNS and source._email_pay_refund_of(event) == self
        )

    def _email_pay_set_lost(self):
        """The gateway never got it: say so to whoever waits for it."""
        self.email_pay_ask_at = False
        if self._email_pay_is_untold():
            self._email_pay_leave_untold()
        elif self.operation == 'refund':
            self._email_pay_fail_refund(
                _("The refund did not reach the gateway. Nothing went back; order it again.")
            )
        else:
            self._set_error(self._email_pay_in_customers_language().env._(
                "The payment did not reach the bank. Nothing was charged."
            ))

    def _email_pay_is_untold(self):
        """Whether this is a refund of which the gateway may say nothing although it was made."""
        source = self.source_transaction_id
        return (
            self.operation == 'refund'
            and REGISTRY[self.provider_code].supports.untold_refunds
            and self.currency_id.compare_amounts(-self.amount, source.amount) < 0
        )

    def _email_pay_leave_untold(self):
        """Leave it to a person whether money went back: nobody else can tell."""
        env = self.env['email.pay.portal']._speak(self).env
        reason = env._(
            "The answer to this refund was lost, and %(app)s does not tell of refunds in part. Look"
            " it up there before you order it again. If the money went back, book it by hand; if"
            " not, press “Mark as dealt with”, and order the refund again.",
            app=self.provider_id.name,
        )
        self._set_error(reason)
        self.env['email.pay.event'].sudo()._park_unanswered(self, reason)

    def _email_pay_fail_refund(self, reason):
        """A refund on which an accountant relied did not happen after all."""
        self._set_error(reason)
        self = self.env['email.pay.portal']._speak(self)
        self._email_pay_tell(
            _("Refund of %s failed", self.currency_id.format(-self.amount)),
            _("The refund %(reference)s did not go through: %(reason)s",
              reference=self.reference, reason=reason),
        )
