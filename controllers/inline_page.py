from odoo import _
from odoo.exceptions import UserError
from odoo.http import Controller, request, route
from odoo.tools import hash_sign, verify_hash_signed
from odoo.tools.mail import is_html_empty

from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from ..const import PAGE_ROUTE, VISIT_HOURS
from .page import PageMixin
from .visits import visited_link

OFFER_SCOPE = 'email_pay.offer'


def inline_path(link, amount, provider):
    """The address of Odoo's own payment form for exactly this amount and provider."""
    offer = hash_sign(
        link.sudo().env, OFFER_SCOPE, [link.selector, amount, provider.id],
        expiration_hours=VISIT_HOURS,
    )
    return link._path(f'/form?offer={offer}')


class InlinePageController(PageMixin, Controller):
    """The second step for providers of Odoo that bring their own inline form."""

    @route(f'{PAGE_ROUTE}/form', type='http', auth='public', methods=['GET'], sitemap=False)
    def show(self, selector, offer='', **_params):
        link, amount, provider = self._read_offer(selector, offer)
        if not link:
            return self._not_found()
        methods = self._methods(link, amount, provider)
        if link._obstacle() or not methods:
            return self._redirect(link._path())
        currency = link.invoice_ids.currency_id
        values = {
            'mode': 'payment',
            'amount': amount,
            'currency': currency,
            'partner_id': link.partner_id.id,
            'providers_sudo': provider,
            'payment_methods_sudo': methods,
            # Whoever holds a link neither sees nor saves a card.
            'tokens_sudo': request.env['payment.token'],
            'show_tokenize_input_mapping': {provider.id: False},
            'availability_report': {},
            'transaction_route': link._path('/transaction'),
            'landing_route': link._path(),
            'access_token': offer,
            'amount_label': currency.format(amount),
            'documents_label': ', '.join(link.invoice_ids.mapped('name')),
            'back_url': link._path(),
            'is_html_empty': is_html_empty,  # which Odoo gives only to pages of the website
        }
        response = self._render(
            'email_pay.inline_page', values, title=_("Pay %s", values['amount_label']),
            company=link.company_id, lang_code=link.partner_id.lang,
            test_mode=provider.state == 'test', stock=True,
        )
        # Odoo's form compiles its templates in the browser and loads the provider's own scripts.
        response.headers['Content-Security-Policy'] = "frame-ancestors 'none'; base-uri 'none'"
        return response

    @route(f'{PAGE_ROUTE}/transaction', type='jsonrpc', auth='public')
    def start(self, selector, access_token='', provider_id=None, payment_method_id=None,
              flow='direct', **_params):
        """Create the transaction of Odoo's form: the amount is the offer's, not the browser's."""
        link, amount, provider = self._read_offer(selector, access_token)
        if not link or link._obstacle() or provider.id != provider_id:
            raise UserError(_("This page is out of date. Please open the link again."))
        method = self._methods(link, amount, provider).filtered(
            lambda candidate: candidate.id == payment_method_id
        )
        if not method or flow not in ('direct', 'redirect'):
            raise UserError(_("This way to pay is not available right now. Please choose another."))
        transaction = link._start_payment(amount, provider, method, flow)
        PaymentPostProcessing.monitor_transaction(transaction)
        return transaction._get_processing_values()

    def _methods(self, link, amount, provider):
        """The payment methods of `provider`, as long as it is offered and can collect `amount`."""
        currency = link.invoice_ids.currency_id
        usable = link._portal()._usable_providers(
            link.company_id, link.partner_id, amount, currency
        )
        return request.env['payment.method'].sudo()._get_compatible_payment_methods(
            (provider & usable).ids, link.partner_id.id, currency_id=currency.id
        )

    def _read_offer(self, selector, offer):
        """The link, amount and provider of an offer, when this browser may take it up."""
        link = visited_link(selector)
        try:
            values = verify_hash_signed(request.env(su=True), OFFER_SCOPE, str(offer))
        except ValueError:  # not base64, or another version
            values = None
        if not link or not values or values[0] != selector:
            return request.env['email.pay.link'], 0, None
        link, _lang = self._speak_to(link)
        provider = request.env['payment.provider'].sudo().browse(values[2])
        return link, values[1], provider
