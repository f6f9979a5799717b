from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

OPEN = ('awaiting', 'denied')


class EmailPayInstallment(models.Model):
    """Decided by a person: whether the money came.

    It is booked as what a gateway reports, by the payment that the gateway's report would be about:
    whoever tells first, and however often, it is collected once.
    """

    _inherit = 'email.pay.installment'

    def action_confirm(self):
        return self._decide_action('confirm', _("Confirm Instalment"))

    def action_deny(self):
        return self._decide_action('deny', _("Deny Instalment"))

    def _decide_action(self, decision, title):
        self.ensure_one()
        self._check_may_be_decided()
        return {
            'type': 'ir.actions.act_window', 'name': title, 'res_model': 'email.pay.decide',
            'views': [(False, 'form')], 'target': 'new',
            'context': {
                'default_installment_id': self.id, 'default_decision': decision,
                'dialog_size': 'medium',
            },
        }

    def _check_may_be_decided(self):
        """
        :raises AccessError: only billing users decide.
        :raises UserError: it is decided, or it is the gateway's to tell.
        """
        self.plan_id._check_may_decide()
        if self.state == 'confirmed':
            raise UserError(_("This instalment is confirmed already."))
        if self.state not in OPEN or self.plan_id.state not in ('pending', 'active'):
            raise UserError(_("This instalment is not to be collected any more."))
        if not self._is_decided_by_hand():
            raise UserError(_(
                "%s tells what becomes of this instalment. Press “Refresh” on the plan.",
                self.provider_id.sudo().name,
            ))

    def _is_decided_by_hand(self):
        """Whether a person says what became of it: nobody charges it, or the gateway does not tell,
        or it was refused, and the money may come in another way."""
        return self.mode == 'manual' or self.state == 'denied' or bool(self._untold())

    def _untold(self):
        """The payment (sudo) of which the gateway was asked in vain; empty when there is none."""
        return self.transaction_id.sudo().filtered(
            lambda tx: tx.state == 'pending' and tx.email_pay_asked
        )

    def _confirm_by_hand(self, date, memo):
        """Book that the money came on `date`.

        :param str memo: what the person notes of it, such as the number of a bank transfer.
        :raises UserError: somebody, or the gateway, was faster.
        """
        self._lock()
        self._check_may_be_decided()
        tx = self.sudo()._untold() or self.sudo()._payment_by_hand()
        tx.write({'email_pay_collected_on': date, 'email_pay_memo': memo})
        tx._set_done()
        tx.email_pay_ask_at = False
        self.plan_id._message_log(body=_(
            "Instalment %s was confirmed by hand.", self.number,
        ))
        tx._email_pay_book()

    def _deny_by_hand(self, reason, tell):
        """Note that the money did not come, for a `reason` that the customer may read."""
        self._lock()
        self._check_may_be_decided()
        line = self.sudo()
        if tx := line._untold():
            tx._set_error(reason)
            tx.email_pay_ask_at = False
        line._deny(reason)
        line.notice_due &= tell

    def _payment_by_hand(self):
        """The payment by which it is collected: pending."""
        transactions = self.env['payment.transaction']
        reference = self._charge_reference()
        tx = transactions.search([('reference', '=', reference)])
        if not tx:
            tx = transactions.create(self._by_hand_values(reference))
        tx._set_pending(extra_allowed_states=('error', 'cancel'))
        return tx

    def _by_hand_values(self, reference):
        methods = self.provider_id.payment_method_ids
        unknown = self.env.ref('payment.payment_method_unknown')
        return {
            **self._payment_values(reference),
            'payment_method_id': (methods[:1] or unknown).id,
        }

    def _payment_values(self, reference):
        """What every payment of this instalment has that no customer begins."""
        plan = self.plan_id
        return {
            'reference': reference,
            'provider_id': plan.provider_id.id,
            'operation': 'offline',
            'amount': self.amount,
            'currency_id': plan.currency_id.id,
            'partner_id': plan.partner_id.id,
            'invoice_ids': [Command.set(plan.move_id.ids)],
            'email_pay_link_id': plan.link_id.id,
            'email_pay_installment_id': self.id,
        }


class PaymentTransaction(models.Model):
    """Confirmed by a person: on what day, with what note."""

    _inherit = 'payment.transaction'

    email_pay_collected_on = fields.Date(
        string="Collected on", readonly=True, copy=False,
        help="The day that the person told who confirmed this payment.",
    )
    email_pay_memo = fields.Char(string="Memo", readonly=True, copy=False)

    def _email_pay_by_hand(self):
        """Whether a person confirmed it, and the gateway has not told its number of it yet."""
        return bool(self.email_pay_collected_on) and not self.provider_reference

    def _create_payment(self, **extra_create_values):
        """Override of `account_payment`: the day and the note of whoever confirmed it."""
        values = {}
        if self.email_pay_collected_on:
            values['date'] = self.email_pay_collected_on
        if self.email_pay_memo:
            values['memo'] = f'{self.reference} - {self.email_pay_memo}'
        return super()._create_payment(**values | extra_create_values)
