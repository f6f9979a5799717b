"""What every public page shares: who looks, in which language, and what the browser may do."""

import secrets
from urllib.parse import urlsplit

from markupsafe import Markup

from odoo import _
from odoo.http import request
from odoo.tools import hash_sign
from odoo.tools.image import image_data_uri
from odoo.tools.misc import get_lang

from ..const import MAX_FORM_BYTES, VISIT_HOURS
from ..models.signed import read_signed
from .colors import brand_colors

# The routes of what is shown to customers, and of the forms in it, which have a token of their own.
SHOWN = {
    'type': 'http', 'auth': 'public', 'methods': ['GET'], 'save_session': False, 'sitemap': False,
}
SENT = {**SHOWN, 'methods': ['POST'], 'csrf': False, 'max_content_length': MAX_FORM_BYTES}
# Those under *My account*.
SIGNED_IN = {'type': 'http', 'auth': 'user', 'methods': ['GET'], 'sitemap': False}

FORM_SCOPE = 'email_pay.form'
BUNDLE = 'email_pay.assets_payment_page'

HEADERS = {
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Robots-Tag': 'noindex, nofollow',
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
}


class PageMixin:
    """Not a controller itself: Odoo would melt all controllers below one into a single class."""

    def _use_language(self, code):
        """Answer in the customer's language, or in the browser's when the customer has none."""
        lang = get_lang(request.env(su=True), code or request.best_lang)
        request.update_context(lang=lang.code)
        return lang

    def _speak_to(self, link):
        """`link` in the customer's language and on the company's clock, as all of this request."""
        link._prefetch()
        lang = self._use_language(link.partner_id.lang)
        clock = {'lang': lang.code, 'tz': link.company_id.partner_id.tz or 'UTC'}
        request.update_context(**clock)
        link = link.with_context(**clock)
        link._prefetch_names()
        return link, lang

    def _render(self, template, values, *, title, company, lang_code=None, status=200,
                test_mode=False, policy=None, stock=False):
        """Render a page of our own.

        :param dict policy: additions to the Content-Security-Policy, directive → origins.
        :param bool stock: the template calls Odoo's own, which need what Odoo gives to all pages.
        """
        lang = self._use_language(lang_code)
        company = company and company.with_context(lang=lang.code)
        nonce = secrets.token_urlsafe(16)
        assets = request.env['ir.qweb'].sudo()
        page = {
            'lang': lang.code.replace('_', '-'),
            'title': title,
            'nonce': nonce,
            'style': Markup(assets._email_pay_style(BUNDLE)),
            'js_urls': assets._get_asset_links(BUNDLE, css=False),
            'company': self._company_values(company),
            'brand': brand_colors(company.primary_color if company else None),
            'test_mode': test_mode,
        }
        qweb = request.env['ir.qweb'].with_context(minimal_qcontext=not stock)
        html = qweb._render(template, {**values, 'page': page})
        response = request.make_response(html, status=status)
        response.headers.update(HEADERS)
        response.headers['Content-Security-Policy'] = content_security_policy(nonce, policy or {})
        return response

    def _company_values(self, company):
        portal = request.env['email.pay.portal']._for_company(company) if company else None
        partner = company.partner_id if company else None
        return {
            'name': portal.name if portal else (company.name if company else ''),
            'logo': (portal and portal._own_logo()) or self._logo(company),
            'welcome': portal and portal.welcome_text,
            'help': portal and portal.help_text,
            'phone': partner and partner.phone,
            'email': partner and partner.email_normalized,
            'website': partner and partner.website,
            'address': partner and ', '.join(filter(None, (
                partner.street, partner.city, partner.country_id.name
            ))),
        }

    def _logo(self, company):
        if not company or company.uses_default_logo or not company.logo_web:
            return False
        return image_data_uri(company.logo_web)

    def _message_page(self, kind, headline, text, *, company=None, lang_code=None, actions=(),
                      status=200):
        """One thing to say to the customer, and what can be done about it."""
        return self._render(
            'email_pay.message_page',
            {'kind': kind, 'headline': headline, 'text': text, 'actions': list(actions)},
            title=headline, company=company, lang_code=lang_code, status=status,
        )

    def _not_found(self):
        """One answer for whatever is not there or not for this visitor."""
        self._use_language(None)
        return self._message_page(
            'warning', _("This link does not work"),
            _("Please open it again from the e-mail that you got, or ask for a new one."),
            status=404,
        )

    # A form carries a token that only our own page, shown to the same visitor, can have.

    def _form_token(self, *subject):
        return hash_sign(
            request.env(su=True), FORM_SCOPE, list(subject), expiration_hours=VISIT_HOURS
        )

    def _is_form(self, token, *subject):
        return read_signed(request.env, FORM_SCOPE, token) == list(subject)

    def _redirect(self, path):
        response = request.redirect(path, code=303)
        response.headers.update(HEADERS)
        return response


def content_security_policy(nonce, additions):
    """The policy of a page: nothing but our own marked scripts and styles, and `additions`."""
    directives = {
        'default-src': ["'none'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
        'form-action': ["'self'"],
        'connect-src': ["'self'"],
        'img-src': ["'self'", 'data:'],
        'script-src': [f"'nonce-{nonce}'"],
        'style-src': [f"'nonce-{nonce}'"],
    }
    for directive, origins in additions.items():
        directives[directive] = [*directives.get(directive, []), *origins]
    return '; '.join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


def local_path(address):
    """What of an address is on this host, as `request.redirect` reads it; False for none."""
    try:
        path = urlsplit(address or '')._replace(scheme='', netloc='').geturl()
    except ValueError:
        return False
    return bool(path) and '/' + path.lstrip('/\\')


def origin(url):
    """The scheme and host of an address, as a Content-Security-Policy names them."""
    parts = urlsplit(url)
    return f'{parts.scheme}://{parts.netloc}'
