from odoo import _, models
from odoo.exceptions import UserError


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


class EmailPayLink(models.Model):
    """The link to a plan, for whoever belongs to its customer."""

    _inherit = 'email.pay.link'

    def _is_of_customer(self, user):
        if self.scope != 'plan':
            return super()._is_of_customer(user)
        customer = self.plan_id.partner_id.commercial_partner_id
        return not user._is_public() and user.sudo().partner_id.commercial_partner_id == customer


class PaymentTransaction(models.Model):
    _inherit = 'payment.transaction'

    def _email_pay_remaining(self):
        """Override: what is still to come of a plan is not paid now."""
        return 0 if self.email_pay_installment_id else super()._email_pay_remaining()
