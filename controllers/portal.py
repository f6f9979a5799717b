from odoo import _
from odoo.exceptions import AccessError
from odoo.http import request, route

from odoo.addons.payment.controllers.portal import PaymentPortal
from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing


class EmailPayPaymentPortal(PaymentPortal):
    """What Odoo's own payment routes must not allow either."""

    def _create_transaction(self, *args, flow=None, custom_create_values=None, **kwargs):
        """Override of `payment`: a visitor who did not sign in uses and saves no card, and a new
        attempt of the same browser replaces its own unfinished one."""
        if request.env.user._is_public():
            if flow == 'token':
                raise AccessError(_("Please sign in to pay with a saved card."))
            kwargs['tokenization_requested'] = False
        if custom_create_values and custom_create_values.get('invoice_ids'):
            invoices = self._invoices_of(custom_create_values['invoice_ids'])
            invoices._email_pay_lock()  # two tabs would be given the same reference
            self._replace_unfinished_attempt(invoices)
        return super()._create_transaction(
            *args, flow=flow, custom_create_values=custom_create_values, **kwargs
        )

    def _invoices_of(self, commands):
        transactions = request.env['payment.transaction']
        ids = transactions._fields['invoice_ids'].convert_to_cache(commands, transactions)
        return request.env['account.move'].sudo().browse(ids)

    def _replace_unfinished_attempt(self, invoices):
        """Cancel the draft that this browser started before; money that still comes is booked."""
        previous = request.env['payment.transaction'].sudo().browse(
            request.session.get(PaymentPostProcessing.MONITORED_TX_ID_KEY)
        ).exists()
        if previous.state == 'draft' and invoices & previous.invoice_ids:
            previous._email_pay_give_up_checkout(_("The customer started again."))


class EmailPayPostProcessing(PaymentPostProcessing):

    @route()
    def display_status(self, **kwargs):
        """Override of `payment`: a customer who came from a payment link goes back there."""
        transaction = self._get_monitored_transaction()
        if transaction.email_pay_link_id:
            return request.redirect(transaction._email_pay_path('/status'))
        return super().display_status(**kwargs)
