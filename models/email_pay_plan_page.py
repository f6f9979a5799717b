from odoo import _, models
from odoo.exceptions import UserError

from .plan_values import LIVE


class EmailPayPlan(models.Model):
    """What customers do on the page of their plan."""

    _inherit = 'email.pay.plan'

    def _begins(self):
        """Whether the customer makes the first charge now; of a plan whose charges a person
        confirms, only what was refused is paid here."""
        return self.state == 'pending' and self.mode != 'manual'

    def _payable(self):
        """The first instalment that the customer has to pay by hand: its card was refused.

        :raises UserError: there is none; a sentence for the customer.
        """
        if line := self._installments('denied')[:1]:
            return line
        if self._installments('awaiting') & self._in_flight().email_pay_installment_id:
            raise UserError(_(
                "Your saved card is being charged for this payment right now. Please wait until it"
                " is finished. Nothing was charged here."
            ))
        raise UserError(_("This payment was made already. Nothing was charged."))

    def _takes_card_of(self, provider):
        """Whether the card with which a declined instalment is paid is charged from then on."""
        provider = provider.sudo()
        return (
            self.mode == 'token' and provider == self.sudo().provider_id
            and not provider._email_pay_saves_cards_apart()
        )


class EmailPayLink(models.Model):
    """The link to a plan, for whoever belongs to its customer."""

    _inherit = 'email.pay.link'

    def _is_of_customer(self, user):
        if self.scope != 'plan':
            return super()._is_of_customer(user)
        customer = self.plan_id.partner_id.commercial_partner_id
        return not user._is_public() and user.sudo().partner_id.commercial_partner_id == customer

    def _refused_plans(self):
        """The plans (sudo) of the customer of this statement that have refused instalments."""
        return self.env['email.pay.plan'].sudo().search([
            ('partner_id.commercial_partner_id', '=', self.partner_id.id),
            ('company_id', '=', self.company_id.id), ('state', 'in', LIVE),
            ('installment_ids', 'any', [('state', '=', 'denied')]),
        ], order='id')

    # === BY A FORM OF ODOO === #

    def _usable_providers(self, amount, currency):
        """Override: a plan begins with its own app."""
        plan = self.plan_id
        if not plan._begins():
            return super()._usable_providers(amount, currency)
        return plan.provider_id.filtered(lambda provider: provider.state != 'disabled')

    def _saves_card(self):
        return self.plan_id.state == 'pending' and self.plan_id.mode == 'token'

    def _start_payment(self, amount, provider, method, flow=None):
        """Override: the first charge of a plan, or one that was declined."""
        if self.scope != 'plan':
            return super()._start_payment(amount, provider, method, flow)
        plan = self.plan_id
        if not plan._begins():
            return self._start_installment(plan._payable(), provider, method, flow)
        attempt = plan._attempt()
        attempt.payment_method_id = method
        return attempt


class PaymentTransaction(models.Model):
    _inherit = 'payment.transaction'

    def _email_pay_remaining(self):
        """Override: what is still to come of a plan is not paid now."""
        return 0 if self.email_pay_installment_id else super()._email_pay_remaining()
