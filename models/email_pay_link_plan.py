from odoo import _, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command


class EmailPayLink(models.Model):
    """A link to a recurring credit: its first charge, what became of the others, and those that
    were refused."""

    _inherit = 'email.pay.link'

    plan_id = fields.Many2one(
        'email.pay.plan', string="Recurring Credit", readonly=True, index='btree_not_null',
        ondelete='cascade',
    )

    # === WHAT IT IS ABOUT === #

    def _thread(self):
        return self.plan_id or super()._thread()

    def _due(self):
        if not self.plan_id:
            return super()._due()
        return [(self.plan_id.currency_id, self.plan_id.amount)]

    def _documents_obstacle(self):
        if not (plan := self.plan_id):
            return super()._documents_obstacle()
        if plan.state == 'cancelled' or not plan._document():
            return 'canceled'
        return 'changing' if plan.state == 'pending' and plan._problem()[1] else ''

    def _successor(self):
        return self.plan_id._live_link() if self.plan_id else super()._successor()

    def _unsendable(self, addresses=True):
        if not self.plan_id:
            return super()._unsendable(addresses)
        if not self._portal().enabled:
            return _("Email Pay is not enabled for %s.", self.company_id.display_name)
        return self.plan_id._email_pay_unpayable()[self.plan_id]

    def _payment_currency(self):
        return self.plan_id.currency_id or super()._payment_currency()

    def _payment_label(self):
        return self.plan_id._email_pay_title() if self.plan_id else super()._payment_label()

    # === THE MESSAGES === #

    def _address(self):
        return self.plan_id._email_pay_address() if self.plan_id else super()._address()

    def _log(self, body):
        super()._log(body)
        self.plan_id._note(body)

    def _text_template(self):
        return 'sms_template_plan' if self.plan_id else super()._text_template()

    def _mail_template(self):
        if not self.plan_id:
            return super()._mail_template()
        return self.env.ref('email_pay.mail_template_plan').sudo()

    def _attachments(self):
        if not self.plan_id:
            return super()._attachments()
        return self.plan_id.move_id.filtered(lambda move: move.state == 'posted')._email_pay_pdf()

    def _sent_note(self):
        if not self.plan_id:
            return super()._sent_note()
        return _("The link to the recurring credit was sent to %s.", self.email)

    def _unsent_note(self, error):
        if not self.plan_id:
            return super()._unsent_note(error)
        return _("The link to the recurring credit was not sent: %s", error)

    # === PAYING === #

    def _attempts(self):
        """Override: payments of its instalments that were begun and may still be made."""
        if not self.plan_id:
            return super()._attempts()
        transactions = self.env['payment.transaction'].sudo()
        return transactions.search(
            transactions._email_pay_in_flight_domain() & fields.Domain('state', '=', 'draft')
            & fields.Domain('email_pay_installment_id', 'in', self.plan_id.installment_ids.ids)
        )

    def _start_installment(self, installment, provider, method, flow=None):
        """A new payment, in one amount, of an instalment that was refused.

        :raises ValidationError: it is paid, or being paid, already; a sentence for the customer.
        """
        self.ensure_one()
        plan = self.plan_id
        plan._lock()
        if installment not in plan.installment_ids or installment.state != 'denied':
            raise ValidationError(_("This instalment cannot be paid here now."))
        transactions = self.env['payment.transaction'].sudo()
        number = transactions.search_count([
            ('email_pay_installment_id', '=', installment.id)]) + 1
        return self._begin(provider, {
            'payment_method_id': method.id,
            'reference': f'{plan.reference}-{installment.number}-L{number}',
            'amount': installment.amount,
            'currency_id': plan.currency_id.id,
            'invoice_ids': [Command.set(plan.move_id.ids)],
            'email_pay_installment_id': installment.id,
            'tokenize': plan._takes_card_of(provider),
        }, flow)
