from odoo import fields
from odoo.http import request, route

from odoo.addons.account_payment.controllers.portal import PortalAccount

from ..const import STATEMENT_ROUTE


class EmailPayOverdue(PortalAccount):
    """Odoo's own page of overdue invoices: what is due, for everybody of the customer."""

    def _get_overdue_invoices_domain(self, partner_id=None):
        """Override of `account`: a contact sees, and pays, the invoices of its company."""
        domain = super()._get_overdue_invoices_domain(partner_id)
        if partner_id:
            return domain
        customer = request.env.user.partner_id.commercial_partner_id
        return [
            ('commercial_partner_id', '=', customer.id) if term[0] == 'partner_id' else term
            for term in domain
        ]

    @route()
    def portal_my_overdue_invoices(self, access_token=None, **kwargs):
        """Override of `account_payment`: what cannot be one payment is paid from the statement, or
        one by one where there is none."""
        moves = request.env['account.move']
        if not request.env.user._is_public() and moves.has_access('read'):
            invoices = moves.search(self._get_overdue_invoices_domain())
            if not self._is_one_payment(invoices):
                return request.redirect(self._overdue_route())
        return super().portal_my_overdue_invoices(access_token=access_token, **kwargs)

    def _is_one_payment(self, invoices):
        """Whether all that is due of these invoices can be paid at once, now."""
        if len(invoices.currency_id) > 1 or len(invoices.company_id) > 1:
            return False
        return not invoices._email_pay_in_flight() and not invoices._email_pay_awaited()

    def _overdue_route(self):
        customer = request.env.user.partner_id.commercial_partner_id.sudo()
        if request.env['email.pay.statement'].sudo()._companies(customer):
            return STATEMENT_ROUTE
        return '/my/invoices?filterby=overdue_invoices'

    def _overdue_invoices_get_page_view_values(self, overdue_invoices, **kwargs):
        """Override of `account_payment`, which asks for the total, paid or not, and of nobody but
        the partner on the invoice."""
        if not overdue_invoices:
            return super()._overdue_invoices_get_page_view_values(overdue_invoices, **kwargs)
        due = sum(overdue_invoices.mapped('amount_residual'))
        company, currency = overdue_invoices.company_id, overdue_invoices.currency_id
        if len(overdue_invoices) > 1:
            reference = company.get_next_batch_payment_communication()
        else:
            reference = overdue_invoices.name
        return {
            'page_name': 'overdue_invoices',
            'payment': {
                'date': fields.Date.today(), 'reference': reference, 'amount': due,
                'currency': currency,
            },
            'amount': due,
            **self._get_common_page_view_values(
                invoices_data={
                    'partner': overdue_invoices.commercial_partner_id,
                    'company': company,
                    'total_amount': due,
                    'currency': currency,
                    'amount_residual': due,
                    'payment_reference': reference,
                    'landing_route': '/my/invoices/',
                    'transaction_route': '/invoice/transaction/overdue',
                },
                **kwargs,
            ),
        }
