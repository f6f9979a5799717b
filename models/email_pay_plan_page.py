from odoo import _, models
from odoo.exceptions import UserError
from odoo.fields import Command


class EmailPayPlan(models.Model):
    """What customers do on the page of their plan."""

    _inherit = 'email.pay.plan'

    def _payable(self):
        """The first instalment that the customer has to pay by hand: its card was refused.

        :raises UserError: there is none; a sentence for the customer.
        """
        if line := self._installments('denied')[:1]:
            return line
        raise UserError(_("This payment was made already. Nothing was charged."))


class EmailPayInstallment(models.Model):
    _inherit = 'email.pay.installment'

    def _start_payment(self, link, provider, method, flow=None):
        """A new transaction by which the customer pays this instalment, which its card did not."""
        self.ensure_one()
        transactions = self.env['payment.transaction'].sudo()
        self._check_free()
        # Not as the charges of the gateway and of the job, whose references end in their number.
        prefix = f'{self.plan_id.reference}/{self.number}'
        return link._begin(provider, {
            'payment_method_id': method.id,
            'reference': transactions._compute_reference(provider.code, prefix=prefix),
            'amount': self.amount,
            'currency_id': self.currency_id.id,
            'invoice_ids': [Command.set(self.move_id.ids)],
            'email_pay_installment_id': self.id,
        }, flow)

    def _check_free(self):
        """
        :raises UserError: it is paid, or being paid, already; a sentence for the customer.
        """
        self.move_id._email_pay_lock()
        self._lock()
        if self.state != 'denied':
            raise UserError(_("This payment was made already. Nothing was charged."))
        if self._attempts():
            raise UserError(_(
                "This payment is being made already. Please wait until it is finished."))

    def _attempts(self):
        """The payments of these instalments that are on their way."""
        transactions = self.env['payment.transaction'].sudo()
        return transactions.search(
            [('email_pay_installment_id', 'in', self.ids)]
        ).filtered_domain(transactions._email_pay_in_flight_domain())


class EmailPayLink(models.Model):
    """The link to a plan, for whoever belongs to its customer."""

    _inherit = 'email.pay.link'

    def _is_of_customer(self, user):
        if self.scope != 'plan':
            return super()._is_of_customer(user)
        customer = self.plan_id.partner_id.commercial_partner_id
        return not user._is_public() and user.sudo().partner_id.commercial_partner_id == customer

    def _payment_currency(self):
        return self.plan_id.currency_id or super()._payment_currency()

    def _attempts(self):
        """Override: what was begun on the page of a plan, of whatever instalment."""
        if self.scope != 'plan':
            return super()._attempts()
        return self.plan_id.installment_ids._attempts().filtered(
            lambda tx: tx.state == 'draft' and tx.email_pay_link_id == self)
