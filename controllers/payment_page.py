import logging
import secrets
from urllib.parse import urlencode

from odoo import _
from odoo.exceptions import UserError
from odoo.http import Controller, request, route

from ..const import LINK_ROUTE, PAGE_ROUTE
from ..models import qr_code
from .documents import (
    amount_choices,
    document_values,
    limit_values,
    methods_up_to,
    parse_amount,
)
from .inline_page import inline_path
from .page import HEADERS, SENT, SHOWN, PageMixin
from .visits import let_in, visited_link

_logger = logging.getLogger(__name__)

KEPT_PARAMETERS = ('method', 'reminder', 'section')


class PaymentPageController(PageMixin, Controller):
    """The page behind a payment link: what is due, and *Pay now*."""

    # === LETTING IN === #

    @route(LINK_ROUTE, **SHOWN)
    def follow_link(self, token, **params):
        """Exchange the token for a cookie and a clean address, which keeps what a button of the
        mail chose."""
        link = request.env['email.pay.link']._from_token(token)
        if not link:
            return self._not_found()
        kept = {name: params[name] for name in KEPT_PARAMETERS if params.get(name)}
        response = self._redirect(link._path(f'?{urlencode(kept)}' if kept else ''))
        let_in(response, link)
        return response

    # === THE PAGE === #

    @route(PAGE_ROUTE, **SHOWN)
    def show(self, selector, **_params):
        link = visited_link(selector)
        if not link:
            return self._not_found()
        if not request.env.user._is_internal():
            link._record_opened()
        return self._payment_page(link)

    @route(PAGE_ROUTE, **SENT)
    def pay(self, selector, form_token=None, **_params):
        """Do what the customer chose on the page of a link, and go on from there."""
        link = self._link_of_form(selector, form_token)
        if not link:
            return self._not_found()
        link, lang = self._speak_to(link)
        if link._obstacle():
            return self._payment_page(link)
        try:
            with request.env.cr.savepoint():
                step = self._next_step(link, lang)
        except UserError as error:
            return self._payment_page(link, error=str(error), status=400)
        return self._redirect(step) if step else self._payment_page(link)

    def _link_of_form(self, selector, form_token):
        """The link on whose page a form was sent; empty when it was not."""
        link = visited_link(selector)
        return link if self._is_form(form_token, selector) else link.browse()

    def _next_step(self, link, lang):
        """Begin to pay the chosen amount with the chosen method.

        :return: the address where the customer goes on; nothing when it is the page itself.
        :raises UserError: a sentence for the customer.
        """
        typed = parse_amount(request.params.get('amount', ''), lang.decimal_point)
        amount = link._chosen_amount(request.params.get('choice', 'full'), typed)
        link._check_most(request.params.get('method'), amount, link._payment_currency())
        return self._begin(link, amount, self._chosen_way(link._methods(amount)))

    def _begin(self, link, amount, way):
        provider, method = way
        if provider._email_pay_flow() == 'inline':
            return inline_path(link, amount, provider)
        return link._start_payment(amount, provider, method)._email_pay_path()

    def _chosen_way(self, ways):
        """The one of the ways to pay that the customer chose.

        :raises UserError: it is none of them.
        """
        chosen = request.params.get('method', '')
        for provider, method in ways:
            if chosen in ('', f'{provider.id}-{method.id}'):
                return provider, method
        raise UserError(_("This way to pay is not available right now. Please choose another."))

    @route(f'{PAGE_ROUTE}/pdf', **SHOWN)
    def download(self, selector, **_params):
        link = visited_link(selector)
        if not link or link._obstacle() not in ('', 'paid'):
            return self._not_found()
        try:
            with request.env.cr.savepoint():
                pdf = link._pdf()
        except UserError as error:
            _logger.warning("No PDF of %s: %s", link.selector, error)
            self._use_language(link.partner_id.lang)
            return self._message(
                link, 'info', _("The PDF is not available right now"),
                _("Please try again later, or contact us."),
            )
        return request.make_response(pdf, [
            *HEADERS.items(),
            ('Content-Type', 'application/pdf'),
            ('Content-Length', str(len(pdf))),
            ('Content-Disposition', f'inline; filename="{secrets.token_hex(4)}.pdf"'),
        ])

    @route(f'{PAGE_ROUTE}/qr', **SHOWN)
    def qr_code(self, selector, **_params):
        """The mailed address as a QR code for a phone; an image of its own, so phones skip it."""
        link = visited_link(selector)
        if not link or link.state != 'active':
            return self._not_found()
        return request.make_response(
            qr_code.svg(link._url()), [*HEADERS.items(), ('Content-Type', 'image/svg+xml')]
        )

    @route(f'{PAGE_ROUTE}/renew', **SENT)
    def renew(self, selector, form_token=None, **_params):
        """Mail a fresh link to the address on file, never to one that the visitor names."""
        link = self._link_of_form(selector, form_token)
        if not link:
            return self._not_found()
        self._use_language(link.partner_id.lang)
        link._renew()
        return self._message(
            link, 'done', _("Look into your mailbox"),
            _("If something is still to be paid and we have your e-mail address, you find the"
              " newest link there, now or within a few minutes."),
        )

    @route(f'{PAGE_ROUTE}/cancel', **SENT)
    def cancel_attempt(self, selector, form_token=None, **_params):
        """Give up a payment that was started on a gateway's page, so that another can begin."""
        link = self._link_of_form(selector, form_token)
        if not link:
            return self._not_found()
        link._cancel_attempts()
        return self._redirect(link._path())

    # === RENDERING === #

    def _payment_page(self, link, error=False, status=200):
        link, lang = self._speak_to(link)
        if obstacle := link._obstacle():
            return self._obstacle_page(link, obstacle)
        invoice = link.invoice_ids
        currency = invoice.currency_id
        choices, other = amount_choices(link, lang)
        attempts = link._attempts()
        processing = (invoice._email_pay_in_flight() - attempts)._email_pay_amount_for(invoice)
        processing += invoice._email_pay_without_entry()
        awaited = invoice._email_pay_awaited()
        flying = processing + awaited + attempts._email_pay_amount_for(invoice)
        if currency.compare_amounts(flying, invoice.amount_residual) >= 0:
            choices = []  # there is nothing left to start
        ways = methods_up_to(link, currency, invoice.amount_residual)
        values = {
            'documents': [document_values(invoice, link._path('/pdf'))],
            'due': currency.format(invoice.amount_residual),
            'choices': choices,
            'other': other,
            'methods': [way for way in ways if other or way['fits']],
            'limit': other and limit_values(ways, currency, invoice.amount_residual, _(
                "At most %s can be paid at once. Please choose another amount.")),
            'notice': self._notice(currency, processing, awaited),
            'qr_url': link._path('/qr'),
        }
        return self._link_page(
            'email_pay.payment_page', link, values, title=_("Pay %s", invoice.name),
            attempts=attempts, error=error, status=status,
            test_mode=any(way['test'] for way in ways),
        )

    def _link_page(self, template, link, values, *, title, attempts, error, status, test_mode):
        """A page of `link` with the form that its customer can send.

        :param attempts: the payments that were begun with it and may still be made.
        :param error: why what was sent last was not done, as a sentence.
        """
        values = {
            **values, 'post_url': link._path(), 'form_token': self._form_token(link.selector),
            'error': error, 'in_flight': self._in_flight(link, attempts[:1]),
        }
        return self._render(
            template, values, title=title, company=link.company_id, lang_code=link.env.lang,
            status=status, test_mode=test_mode,
        )

    def _notice(self, currency, processing, awaited):
        """What is being paid already and does not show in the invoice yet."""
        if awaited:
            return _("%s is collected in instalments.", currency.format(awaited))
        if currency.is_zero(processing):
            return False
        return _("A payment of %s is being processed.", currency.format(processing))

    def _in_flight(self, link, attempt):
        if not attempt:
            return False
        return {
            'label': _("A payment of %s was started", attempt.currency_id.format(attempt.amount)),
            'continue_url': attempt._email_pay_path(),
            'cancel_url': link._path('/cancel'),
        }

    def _obstacle_page(self, link, obstacle):
        """Say why this link cannot be used now, and what the customer can do."""
        name = link.invoice_ids[:1].name or _("this invoice")
        actions = []
        match obstacle:
            case 'expired':
                kind, headline = 'warning', _("This link has expired")
                text = _("For your safety, payment links work for a limited time.")
                actions = [{
                    'label': _("E-mail me a fresh link"), 'url': link._path('/renew'),
                    'method': 'POST', 'primary': True,
                    'form_token': self._form_token(link.selector),
                }]
            case 'revoked':
                kind, headline = 'warning', _("This link no longer works")
                text = _("It was withdrawn. Please use the newest e-mail that you got from us.")
            case 'paid':
                kind, headline = 'done', _("%s is paid", name)
                text = _("Thank you. There is nothing left to pay.")
                actions = [{'label': _("Download the invoice"), 'url': link._path('/pdf')}]
            case 'credited':
                kind, headline = 'done', _("Nothing is due on %s", name)
                text = _("It was settled with a credit note.")
            case 'settled':
                kind, headline = 'done', _("Nothing is due")
                text = _("Thank you. Everything on your statement is paid.")
            case 'canceled':
                kind, headline = 'info', _("%s was cancelled", name)
                text = _("There is nothing to pay. Please contact us if you have a question.")
            case 'changing':
                kind, headline = 'info', _("This invoice is being changed")
                text = _("Please try again later, or wait for the new one.")
            case _other:
                kind, headline = 'info', _("Online payment is not available right now")
                text = _("Please try again later, or contact us.")
        return self._message(link, kind, headline, text, actions)

    def _message(self, link, kind, headline, text, actions=()):
        return self._message_page(
            kind, headline, text, company=link.company_id, lang_code=link.partner_id.lang,
            actions=actions,
        )
