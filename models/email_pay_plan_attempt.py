from datetime import timedelta

from odoo import _, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import format_datetime

from ..gateways import errors
from .locks import CONFLICTS
from .plan_values import SYNC_EVERY


class EmailPayPlan(models.Model):
    """Until the first charge: the order at the gateway, the link, and giving up.

    At most one attempt can be paid: another is begun only when the page of the last one has ended,
    and whatever was paid on that meanwhile wins.
    """

    _inherit = 'email.pay.plan'

    # === THE LINK === #

    def _live_link(self):
        """The link (sudo) by which the customer pays and follows this plan, while it works."""
        self.ensure_one()
        plan = self.sudo()
        if not plan.link_id or plan.link_id.state != 'active':
            plan.link_id = self.env['email.pay.link'].sudo().create({
                'scope': 'plan',
                'plan_id': plan.id,
                'company_id': plan.company_id.id,
                'partner_id': plan.partner_id.id,
                'email': plan._email_pay_address(),
                'expires_at': plan._link_expiry(),
            })
        plan.link_id._extend()
        return plan.link_id

    def _link_expiry(self):
        """As long as something is to be charged, and then as long as any other link."""
        expiry = self.env['email.pay.link']._expiry(self.company_id)
        last = max(self.installment_ids.mapped('due_date'), default=fields.Date.today())
        return expiry + max(last - fields.Date.today(), timedelta(0))

    def _send_out(self):
        """Send the link to the customer, the first time by itself: by mail and, unless the gateway
        does that, by text message."""
        link = self._live_link()
        if self.mode == 'manual' or link._sending_states() != {'none'}:
            return
        if self._email_pay_address():
            link._queue('mail')
        texts = self.mode != 'integrated' or not self.provider_id.email_pay_texts_link
        if texts and not self._email_pay_unreachable_by_sms()[self]:
            link._queue('sms')

    # === THE ATTEMPT === #

    def _first(self):
        return self.installment_ids.filtered(lambda line: line.number == 1)

    def _attempts(self):
        """The payments by which the customer tried to make the first charge, oldest first."""
        return self.env['payment.transaction'].sudo().search(
            [('email_pay_installment_id', '=', self._first().id), ('operation', '!=', 'refund')],
            order='id',
        )

    def _attempt(self):
        """The payment (sudo) with which the customer makes the first charge: the one that was
        begun, while its page takes it, else a new one.

        :raises ValidationError: there can be none now, in a sentence for the customer.
        """
        self.ensure_one()
        self = self.sudo()
        self._lock()
        for attempt in self._attempts().filtered(lambda tx: tx.state == 'draft'):
            if attempt._email_pay_checkout_is_over():
                attempt._email_pay_ask()
            if attempt.state == 'draft':
                attempt._email_pay_lock()
                attempt._email_pay_check_collectable()
                return attempt
        self._check_new_attempt()
        return self._begin_attempt()

    def _check_new_attempt(self):
        """:raises ValidationError: the first charge is made, or may still be made with the last
            attempt, or the document is not what it was."""
        if self.state != 'pending':
            raise ValidationError(_("The first instalment is paid, or no longer asked for."))
        if self._attempts().filtered(lambda tx: tx.state in ('pending', 'authorized', 'done')):
            raise ValidationError(_(
                "Your last payment is still being processed. Please wait until it is finished."
            ))
        living = self._attempts().filtered(lambda tx: tx._email_pay_checkout_lives())[:1]
        if living:
            raise ValidationError(_(
                "The last attempt has not ended yet. Please try again after %s.",
                format_datetime(self.env, living.email_pay_checkout_until),
            ))
        if self._problem()[1]:
            raise ValidationError(_("This invoice is being changed. Please try again later."))

    def _begin_attempt(self):
        first = self._first()
        number = len(self._attempts())
        attempt = self._live_link()._begin(self.provider_id, {
            'payment_method_id': self.method_id._payment_methods()[:1].id,
            'reference': f'{self.reference}-R{number}' if number else self.reference,
            'amount': first.amount,
            'currency_id': self.currency_id.id,
            'invoice_ids': [Command.set(self.move_id.ids)],
            'tokenize': self.mode == 'token',
            'email_pay_installment_id': first.id,
        })
        if self.mode == 'integrated':
            attempt.email_pay_order_id = attempt
            self.sync_at = fields.Datetime.now() + SYNC_EVERY
        first.transaction_id = attempt
        return attempt

    def _is_attempt_open(self):
        """Whether the customer may be making the first charge right now."""
        transactions = self.env['payment.transaction'].sudo()
        return bool(transactions.search_count(
            transactions._email_pay_in_flight_domain()
            & Domain('email_pay_installment_id', '=', self._first().id), limit=1,
        ))

    # === SENDING THE ORDER === #

    def _open(self):
        """Send the order to the gateway at once, and the link to the customer. What keeps the order
        from being opened is kept on the plan, and *Refresh* tries again."""
        self.ensure_one()
        self = self.sudo()
        if self.mode == 'integrated' and not self._open_order():
            return
        self._send_out()

    def _send_again(self):
        """Open the order that the gateway, when asked, never heard of: whoever sent it was stopped
        before. Where it was refused, a person was told, who sends it with *Refresh*."""
        if self.state == 'pending' and not self.error:
            self._open()

    def _open_order(self):
        """Open the page of the gateway, and tell whether it is there."""
        if lacking := self._lacking(self.method_id, self.partner_id):
            self.error = lacking
            return False
        try:
            self._check_app()
            attempt = self._attempt()
            attempt._email_pay_checkout()
        except UserError as error:
            self.error = self._in_plain_words(error)
            return False
        if attempt.state == 'draft':
            self.error = False
        return attempt.state in ('draft', 'done')

    def _check_app(self):
        """:raises UserError: the app is switched off, or has no keys, as in a copy for tests."""
        provider = self.provider_id
        if provider.state == 'disabled' or not provider._email_pay_has_credentials():
            raise UserError(_("%s is not enabled.", provider.name))

    def _in_plain_words(self, error):
        """What an accountant reads of why the order was not opened."""
        if not isinstance(error.__cause__, errors.GatewayError):
            return str(error)
        return _(
            "%(app)s did not take the order: %(reason)s Press “Refresh” to try again.",
            app=self.provider_id.name, reason=error.__cause__,
        )

    def _take_failed(self, tx):
        """The customer did not make the first charge, and may try again with the link. A page that
        ended is an error only where the gateway had sent its address itself."""
        reason = tx.state_message or _("The payment was cancelled.")
        self._message_log(body=_(
            "The first charge was not made (%(reference)s): %(reason)s",
            reference=tx.reference, reason=reason,
        ))
        if tx.state == 'error':
            self.error = reason
        elif self.mode == 'integrated' and self.provider_id.email_pay_texts_link:
            self.error = _(
                "The page of %s ended before the customer paid. Press “Refresh” to send it again.",
                self.provider_id.name,
            )

    # === THE BUTTONS === #

    def action_cancel_attempt(self):
        """Let the customer pay no more, while the first charge is not made. It is the attempt that
        is cancelled, not the document; what was paid meanwhile wins."""
        self._check_may_decide()
        for plan in self.sudo():
            plan._lock()
            if plan.state != 'pending':
                raise UserError(_("The first charge is made. Press “Cancel the rest” instead."))
            plan._stop_attempt(_("The attempt was cancelled by %s.", self.env.user.name))
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def _stop_attempt(self, reason):
        """Close the page of the gateway, and end this plan unless it was paid meanwhile."""
        self._attempts()._email_pay_withdraw()
        for attempt in self._attempts().filtered(lambda tx: tx.state == 'draft'):
            attempt._email_pay_lock()
            attempt._email_pay_give_up_checkout(reason)
        if self.state != 'pending':
            self._note(_("The first charge was made before the attempt could be cancelled."))
            return
        if self._attempts().filtered(lambda tx: tx.state in ('pending', 'authorized')):
            raise UserError(_(
                "The customer is paying the first instalment right now. Wait for its outcome."
            ))
        self._end(reason)
        if living := self._attempts().filtered(lambda tx: tx._email_pay_checkout_lives())[:1]:
            self._note(_(
                "%(app)s could not be told to close its page. It ends at %(time)s and is asked for"
                " then.", app=self.provider_id.name,
                time=format_datetime(self.env, living.email_pay_checkout_until),
            ))

    def _end(self, reason):
        """Nothing of this plan was collected, and nothing will be."""
        self.installment_ids._cancel(reason)
        self.write({'state': 'cancelled', 'error': False, 'problem': False, 'sync_at': False})
        self.link_id.filtered(lambda link: not link.revoked_at).revoked_at = fields.Datetime.now()
        self._no_attention()
        self._note(reason)

    # === MAKING IT === #

    def _collect(self, document, method, count, first_date):
        """Make a plan and send its order or link. The plan is committed first: whatever happens
        then to this request, nothing is at the gateway of which the books do not know, and what was
        not sent is sent by the job that asks for it.

        :raises UserError: it cannot be made, in a sentence for an accountant.
        """
        plan = self._make(document, method, count, first_date)
        self.env.cr.commit()  # pylint: disable=invalid-commit  # it was asked for
        try:
            plan._open()
            self.env.flush_all()
        except CONFLICTS:  # somebody learned of it meanwhile
            self.env.cr.rollback()
        return plan

    def _make(self, document, method, count, first_date):
        """A plan with its link and the attempt to make its first charge, of which nobody knows yet.

        :raises UserError: it cannot be made, in a sentence for an accountant.
        """
        values = document._email_pay_plan_values()
        partner = self.env['res.partner'].browse(values['partner_id'])
        if lacking := self._lacking(method, partner):
            raise UserError(lacking)
        plan = self._create_for(document, method, count, first_date)
        plan._live_link()
        if plan.mode == 'integrated':
            plan._attempt()
        return plan
