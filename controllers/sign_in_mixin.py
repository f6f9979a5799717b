"""What the pages share that customers see before and after they sign in."""

from odoo import _
from odoo.http import request

from ..const import PORTAL_ROUTE
from .page import PageMixin
from .visits import SIGN_IN_COOKIE

SUBJECT = 'sign_in'


class SignInMixin(PageMixin):

    def _path(self, portal, tail=''):
        return PORTAL_ROUTE.replace('<string:slug>', portal.slug) + tail

    def _portal(self, slug):
        """Whose address it is: the settings (sudo), and what to answer where nobody signs in."""
        portal, is_old = request.env['email.pay.portal']._by_slug(slug)
        if not portal:
            return portal, self._nowhere()
        serving = portal if portal.enabled else portal._for_company(portal.company_id)
        if is_old or serving != portal:
            return portal, self._redirect(self._path(serving))
        return portal, None if portal.enabled else self._closed(portal)

    def _nowhere(self):
        self._use_language(None)
        return self._message_page(
            'warning', _("There is nobody at this address"),
            _("Please check it, or open it again from where you found it."), status=404,
        )

    def _closed(self, portal):
        self._use_language(None)
        return self._message_page(
            'info', _("Online payment is not available right now"),
            _("Please try again later, or contact us."), company=portal.company_id,
        )

    # A form can be sent only by the browser that got it: what holds it is in that browser's cookie.

    def _form_holder(self, portal, token=None):
        """Who may send a form. A page can be read by more than the cookie, so it has only a hash of
        the token in it."""
        token = token or request.cookies.get(SIGN_IN_COOKIE) or ''
        return SUBJECT, portal.id, request.env['email.pay.sign.in']._token_hash(token)

    def _is_own_form(self, form_token, portal):
        token = request.cookies.get(SIGN_IN_COOKIE)
        return bool(token) and self._is_form(form_token, *self._form_holder(portal))

    def _sign_out_action(self, portal):
        return {
            'label': _("Sign out"), 'url': self._path(portal, '/out'), 'method': 'POST',
            'form_token': self._form_token(*self._form_holder(portal)),
        }
