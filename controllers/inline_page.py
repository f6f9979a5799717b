from typing import NamedTuple

from odoo import _
from odoo.exceptions import UserError
from odoo.http import Controller, request, route
from odoo.tools import hash_sign
from odoo.tools.mail import is_html_empty

from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from ..const import MAX_FORM_BYTES, PAGE_ROUTE, VISIT_HOURS
from ..models.signed import read_signed
from .page import SHOWN, PageMixin
from .visits import is_anonymous, visited_link

OFFER_SCOPE = 'email_pay.offer'


class Offer(NamedTuple):
    """What Odoo's form is shown for, and nothing else: a sum, a provider, and of a statement what
    was picked."""

    link: object
    amount: float
    provider: object
    pick: object

    @property
    def paid(self):
        """What is paid: the invoice of the link, or what was picked."""
        return self.pick or self.link

    @property
    def methods(self):
        """The payment methods of the provider, as long as it is offered and can collect that."""
        link, currency = self.link, self.paid._payment_currency()
        usable = link._usable_providers(self.amount, currency)
        return link.env['payment.method']._get_compatible_payment_methods(
            (self.provider & usable).ids, link.partner_id.id, currency_id=currency.id,
            force_tokenization=link._saves_card(),
        )


def inline_path(link, amount, provider, pick=None):
    """The address of Odoo's own payment form for exactly this amount and provider.

    :param pick: what was picked of a statement, as `email.pay.pick`.
    """
    offer = hash_sign(
        link.sudo().env, OFFER_SCOPE,
        [link.selector, amount, provider.id, pick.id if pick else False],
        expiration_hours=VISIT_HOURS,
    )
    return link._path(f'/form?offer={offer}')


class InlinePageController(PageMixin, Controller):
    """The second step for providers of Odoo that bring their own inline form."""

    @route(f'{PAGE_ROUTE}/form', **SHOWN | {'save_session': True})
    def show(self, selector, offer='', **_params):
        """The form, unless something is to be chosen again first."""
        proof, offer = offer, self._read_offer(selector, offer)
        if not offer:
            return self._not_found()
        link, provider, methods = offer.link, offer.provider, offer.methods
        if link._obstacle() or not methods:
            return self._redirect(link._path())
        try:
            label = offer.paid._payment_label()
        except UserError:
            return self._redirect(link._path())
        amount = offer.paid._payment_currency().format(offer.amount)
        response = self._render(
            'email_pay.inline_page',
            {
                **self._form_values(offer, methods),
                'access_token': proof,
                'amount_label': amount,
                'documents_label': label,
            },
            title=_("Pay %s", amount), company=link.company_id, lang_code=link.partner_id.lang,
            test_mode=provider.state == 'test', stock=True,
        )
        # Odoo's form compiles its templates in the browser and loads the provider's own scripts.
        response.headers['Content-Security-Policy'] = "frame-ancestors 'none'; base-uri 'none'"
        return response

    def _form_values(self, offer, methods):
        """What Odoo's `payment.form` documents."""
        link = offer.link
        return {
            'mode': 'payment',
            'amount': offer.amount,
            'currency': offer.paid._payment_currency(),
            # From it, forms fill in a name and addresses, which are not for everybody.
            'partner_id': not is_anonymous() and link.partner_id.id,
            'providers_sudo': offer.provider,
            'payment_methods_sudo': methods,
            # Whoever holds a link neither sees nor saves a card.
            'tokens_sudo': request.env['payment.token'],
            'show_tokenize_input_mapping': {offer.provider.id: False},
            'availability_report': {},
            'transaction_route': link._path('/transaction'),
            'landing_route': link._path(),
            'back_url': link._path(),
            'is_html_empty': is_html_empty,  # which Odoo gives only to pages of the website
        }

    @route(f'{PAGE_ROUTE}/transaction', type='jsonrpc', auth='public',
           max_content_length=MAX_FORM_BYTES)
    def start(self, selector, access_token='', provider_id=None, payment_method_id=None,
              flow='direct', **_params):
        """Create the transaction of Odoo's form: what is paid is the offer's, not the browser's."""
        offer = self._read_offer(selector, access_token)
        if not offer or offer.link._obstacle() or offer.provider.id != provider_id:
            raise UserError(_("This page is out of date. Please open the link again."))
        method = offer.methods.filtered(lambda candidate: candidate.id == payment_method_id)
        if not method or flow not in ('direct', 'redirect'):
            raise UserError(_("This way to pay is not available right now. Please choose another."))
        transaction = offer.paid._start_payment(offer.amount, offer.provider, method, flow)
        PaymentPostProcessing.monitor_transaction(transaction)
        return transaction._get_processing_values()

    def _read_offer(self, selector, proof):
        """The offer that was signed, when this browser may take it up; else None."""
        link = visited_link(selector)
        values = read_signed(request.env, OFFER_SCOPE, proof)
        if not link or not values or values[0] != selector:
            return None
        link, _lang = self._speak_to(link)
        _selector, amount, provider_id, pick_id = values
        pick = link.env['email.pay.pick'].browse(pick_id or []).exists()
        if (link.scope == 'statement') != bool(pick):
            return None  # what was picked is not kept for ever
        return Offer(link, amount, link.env['payment.provider'].browse(provider_id), pick)
