from odoo import _, models
from odoo.exceptions import UserError
from odoo.fields import Command


class EmailPayLink(models.Model):
    """What the holder of a link can pay, and with what."""

    _inherit = 'email.pay.link'

    def _obstacle(self):
        """Why nothing can be paid with this link now: a word, '' when something can."""
        self.ensure_one()
        invoice = self.invoice_ids
        if self.state != 'active':
            return self.state
        if not invoice.exists() or any(move.state == 'cancel' for move in invoice):
            return 'canceled'
        if any(move.state == 'draft' for move in invoice):
            return 'changing'
        if all(move.currency_id.is_zero(move.amount_residual) for move in invoice):
            reversed_ = any(move.payment_state == 'reversed' for move in invoice)
            return 'credited' if reversed_ else 'paid'
        if not self._portal().enabled:
            return 'disabled'
        return ''

    def _portal(self):
        return self.env['email.pay.portal']._for_company(self.company_id)

    def _amount_choices(self, terms=None):
        """The amounts that can be paid now, by name: `full`, `discount`, `installment`; and
        `other`, which is a pair: the least and the most.

        :param dict terms: what Odoo's `_get_invoice_next_payment_values` said of the invoice.
        """
        invoice = self.invoice_ids
        terms = terms or invoice._get_invoice_next_payment_values()
        currency = invoice.currency_id
        due = invoice.amount_residual
        choices = {'full': due}
        if terms.get('installment_state') == 'epd':
            choices['discount'] = terms['amount_due']
        upcoming = terms.get('next_amount_to_pay', due)
        if terms.get('installment_state') in ('next', 'overdue') and (
            currency.compare_amounts(due, upcoming) > 0
        ):
            choices['installment'] = upcoming
        least, most = self._portal()._amount_limits(self.company_id, currency, due)
        if currency.compare_amounts(least, most) < 0:
            choices['other'] = (least, most)
        return choices

    def _chosen_amount(self, choice, other):
        """The amount of `choice`, or `other` when that is what was chosen and it is allowed.

        :raises UserError: a sentence for the customer.
        """
        choices = self._amount_choices()
        currency = self.invoice_ids.currency_id
        if choice not in choices:
            raise UserError(_("Please choose how much you want to pay."))
        if choice != 'other':
            return choices[choice]
        if other is None:
            raise UserError(_("Enter the amount as a number."))
        if currency.round(other) != other:
            raise UserError(_("Enter an amount with at most %s decimals.", currency.decimal_places))
        least, most = choices['other']
        if currency.compare_amounts(other, least) < 0 or currency.compare_amounts(other, most) > 0:
            raise UserError(_(
                "Enter an amount between %(least)s and %(most)s.",
                least=currency.format(least), most=currency.format(most),
            ))
        return other

    def _methods(self, amount):
        """The ways to pay `amount`, as (provider, payment method), the card first. A provider whose
        own form lets the customer choose the method is there once."""
        currency = self.invoice_ids.currency_id
        providers = self._portal()._usable_providers(
            self.company_id, self.partner_id, amount, currency
        )
        ways = []
        for provider in providers:
            methods = self.env['payment.method'].sudo()._get_compatible_payment_methods(
                provider.ids, self.partner_id.id, currency_id=currency.id
            )
            if provider._email_pay_flow() != 'redirect':
                methods = methods[:1]
            ways += [(provider, method) for method in methods]
        return ways

    def _start_payment(self, amount, provider, method, flow=None):
        """A new transaction of `amount`; refused when it is not due (see `payment_guard`)."""
        self.ensure_one()
        invoice = self.invoice_ids
        invoice._email_pay_lock()  # before the reference is counted, which two tabs would share
        transactions = self.env['payment.transaction'].sudo()
        if not flow:
            flow = 'redirect' if provider._email_pay_flow() == 'redirect' else 'direct'
        transaction = transactions.create({
            'provider_id': provider.id,
            'payment_method_id': method.id,
            'reference': transactions._compute_reference(
                provider.code, invoice_ids=[Command.set(invoice.ids)]
            ),
            'amount': amount,
            'currency_id': invoice.currency_id.id,
            'partner_id': self.partner_id.id,
            'operation': f'online_{flow}',
            'invoice_ids': [Command.set(invoice.ids)],
            'email_pay_link_id': self.id,
        })
        transaction.landing_route = transaction._email_pay_path('/status')
        transaction._log_sent_message()
        return transaction

    def _attempts(self):
        """Payments that were begun with this link at a gateway and may still be made."""
        transactions = self.env['payment.transaction'].sudo()
        return transactions.search([
            *transactions._email_pay_in_flight_domain(),
            ('email_pay_link_id', '=', self.id),
            ('state', '=', 'draft'),
        ])

    def _cancel_attempts(self):
        for transaction in self._attempts():
            transaction._email_pay_lock()
            transaction._set_canceled(state_message=_("The customer started again."))
