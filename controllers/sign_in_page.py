import math

from odoo import _
from odoo.http import Controller, request, route

from ..const import CODE_MINUTES, CODE_TRIES, PORTAL_ROUTE
from ..models.email_pay_sign_in import BROWSER_DAYS
from ..models.locks import begin_autocommit
from ..models.tax_number import MOST_TYPED, has_wrong_check_digit
from .page import SENT, SHOWN
from .sign_in_mixin import SignInMixin
from .visits import SIGN_IN_COOKIE, browser_attempt, set_cookie


class SignInController(SignInMixin, Controller):
    """The payment address of a company: who owes something signs in here.

    Whoever is not on file sees the same as whoever is.
    """

    # === WHO ARE YOU === #

    @route(PORTAL_ROUTE, **SHOWN)
    def show_sign_in(self, slug, **_params):
        portal, elsewhere = self._portal(slug)
        if elsewhere:
            return elsewhere
        attempt = browser_attempt()
        if attempt._is_open() and attempt.portal_id == portal:
            return self._redirect(self._landing(attempt))
        return self._sign_in_page(portal)

    @route(PORTAL_ROUTE, **SENT)
    def sign_in(self, slug, form_token=None, tax_number='', email='', phone='', sure='', **_params):
        """Take who somebody says to be, and send a code if that is on file."""
        portal, elsewhere = self._portal(slug)
        if elsewhere:
            return elsewhere
        typed = {'tax_number': tax_number, 'email': email, 'phone': phone}
        typed = {name: str(text)[:MOST_TYPED * 4].strip() for name, text in typed.items()}
        if not self._is_own_form(form_token, portal):
            return self._sign_in_page(portal, typed, _(
                "This page was open for too long, or your browser keeps no cookies. Please try"
                " again."))
        self._use_language(None)
        identity = portal._identity(typed['tax_number'], typed['email'], typed['phone'])
        if mistake := self._mistake(portal, identity, typed, sure):
            field, sentence = mistake
            return self._sign_in_page(portal, typed, sentence, field, sure=identity.keys[:1])
        begin_autocommit(request.env.cr)
        return self._try(portal, identity, typed)

    def _mistake(self, portal, identity, typed, sure):
        """What somebody should look at again, as (field, sentence); None when nothing."""
        if not identity.keys:
            return 'tax_number', _("Enter your tax number.")
        if has_wrong_check_digit(typed['tax_number'], portal._country_code()) and (
            sure != identity.keys[0]
        ):
            return 'tax_number', _(
                "Please check the tax number: its check digit does not fit. If it is right, press"
                " “Continue” again.")
        if not (typed['email'] or typed['phone']):
            return 'email', _("Enter your e-mail address or your phone.")
        if typed['email'] and not identity.email:
            return 'email', _("Enter the e-mail address in full, like name@example.com.")
        if typed['phone'] and not identity.phone:
            return 'phone', _("Enter the phone number with its digits.")
        return None

    def _try(self, portal, identity, typed):
        """Count the try, then look up who it is, or let the job do so."""
        attempts = request.env['email.pay.sign.in'].sudo()
        address = request.httprequest.remote_addr
        known = request.cookies.get(self._browser_cookie(portal))
        taken = attempts._take_limits(portal, identity, address, known)
        if taken.refused:
            if taken.refused == 1:  # who goes on fills no table
                attempts._note(portal, identity, typed, address, state='early')
            return self._too_early(portal, typed, taken.wait)
        # Where strangers try one number after the other, everybody needs a code.
        if portal.sign_in_policy == 'match' and not taken.delay:
            attempt, token = attempts._match(portal, identity, typed, address)
            return self._enter(attempt, token) if token else self._unknown(portal, typed)
        _attempt, token = attempts._ask(portal, identity, typed, address, taken)
        response = self._redirect(self._path(portal, '/code'))
        set_cookie(response, SIGN_IN_COOKIE, token)
        return response

    def _unknown(self, portal, typed):
        return self._sign_in_page(portal, typed, _(
            "We have nobody on file with this tax number and this e-mail address or phone. Please"
            " check them, or contact us."))

    def _too_early(self, portal, typed, wait):
        response = self._sign_in_page(portal, typed, _(
            "There were too many tries. Please wait %s and try again, or use the link in one of our"
            " e-mails.", _("%s minutes", math.ceil(wait / 60)) if wait > 60 else _("a minute"),
        ), status=429)
        response.headers['Retry-After'] = str(math.ceil(wait))
        return response

    # === THE CODE === #

    @route(f'{PORTAL_ROUTE}/code', **SHOWN)
    def show_code(self, slug, **_params):
        portal, elsewhere = self._portal(slug)
        if elsewhere:
            return elsewhere
        attempt = browser_attempt()
        if attempt.portal_id != portal or not attempt._is_waiting():
            return self._redirect(self._path(portal))
        return self._code_page(portal, attempt)

    @route(f'{PORTAL_ROUTE}/code', **SENT)
    def enter_code(self, slug, form_token=None, code='', **_params):
        """Let in who has the code, in the browser that asked for it."""
        portal, elsewhere = self._portal(slug)
        if elsewhere:
            return elsewhere
        attempt = browser_attempt()
        if attempt.portal_id != portal or not self._is_own_form(form_token, portal):
            return self._redirect(self._path(portal))
        self._use_language(None)
        digits = ''.join(char for char in code if char.isascii() and char.isdigit())
        if len(digits) != attempt.code_digits:
            return self._code_page(
                portal, attempt, _("Enter the %s digits.", attempt.code_digits))
        begin_autocommit(request.env.cr)
        return self._checked(portal, attempt, attempt._try_code(digits))

    def _checked(self, portal, attempt, outcome):
        match outcome:
            case 'right':
                return self._enter(attempt, attempt._open(with_code=True))
            case 'wrong':
                left = CODE_TRIES - attempt.tries
                return self._code_page(portal, attempt, (
                    _("This is not the code. You have %s tries left.", left) if left > 1
                    else _("This is not the code. You have one try left.")))
            case 'over':
                sentence = _("This was not the code either. Please ask for a new one.")
            case _other:
                sentence = _("The code does not work any more. Please ask for a new one.")
        return self._sign_in_page(portal, error=sentence)

    # === IN AND OUT === #

    def _browser_cookie(self, portal):
        return f'email_pay_known_{portal.id}'

    def _enter(self, attempt, token):
        """Begin the session, in a browser that is known from now on."""
        response = self._redirect(self._landing(attempt))
        set_cookie(response, SIGN_IN_COOKIE, token)
        set_cookie(
            response, self._browser_cookie(attempt.portal_id), attempt._browser_proof(),
            BROWSER_DAYS * 24 * 3600,
        )
        return response

    def _landing(self, attempt):
        """The page of what there is to pay, or of the accounts to choose from."""
        links = attempt._live_links()
        return links._path() if len(links) == 1 else self._path(attempt.portal_id, '/accounts')

    @route(f'{PORTAL_ROUTE}/accounts', **SHOWN)
    def show_accounts(self, slug, **_params):
        """The accounts of who signed in, where there are several."""
        portal, elsewhere = self._portal(slug)
        if elsewhere:
            return elsewhere
        attempt = browser_attempt()
        if not attempt._is_open() or attempt.portal_id != portal:
            return self._redirect(self._path(portal))
        attempt._touch()
        self._use_language(attempt.partner_ids[:1].lang)
        actions = [
            {'label': self._account_label(link, attempt), 'url': link._path(), 'primary': True}
            for link in attempt._live_links().sorted(lambda link: (link.partner_id.id, link.id))
        ]
        return self._message_page(
            'info', _("Your accounts"), _("Choose what you want to pay."),
            company=portal.company_id, lang_code=attempt.partner_ids[:1].lang,
            actions=[*actions, self._sign_out_action(portal)],
        )

    def _account_label(self, link, attempt):
        """An account as its owner knows it; without the name where no code proved who it is."""
        section = link._statement().section(None)
        documents = section.charges if section else []
        if not documents and attempt.portal_id.shown_documents == 'history':
            documents = link._paid_documents()
        names = [document.name for document in documents[:2]] + ['…'] * (len(documents) > 2)
        due = section and section.due and section.currency.format(section.due)
        who = link.partner_id.name if attempt.with_code else ', '.join(names)
        company = link.company_id.name if len(attempt.link_ids.company_id) > 1 else False
        return ' · '.join(filter(None, (who, company, due or _("Nothing is due"))))

    @route(f'{PORTAL_ROUTE}/out', **SENT)
    def sign_out(self, slug, form_token=None, **_params):
        portal, elsewhere = self._portal(slug)
        if elsewhere:
            return elsewhere
        if not self._is_own_form(form_token, portal):
            return self._redirect(self._path(portal))
        browser_attempt()._close()
        response = self._message_page(
            'done', _("You are signed out"), False, company=portal.company_id,
            actions=[{'label': _("Sign in again"), 'url': self._path(portal)}],
        )
        set_cookie(response, SIGN_IN_COOKIE, '', 0)
        return response

    # === RENDERING === #

    def _sign_in_page(self, portal, typed=None, error=False, field=False, sure=(), status=None):
        values = {
            'post_url': self._path(portal), 'typed': typed or {}, 'error': error, 'field': field,
            'sure': ''.join(sure), 'tax_label': portal.company_id.country_id.vat_label,
            'portal_name': portal.name, 'with_code': portal.sign_in_policy == 'code',
        }
        return self._form_page(
            'email_pay.sign_in_page', portal, values, _("Pay %s", portal.name),
            status or (400 if error else 200))

    def _code_page(self, portal, attempt, error=False):
        values = {
            'post_url': self._path(portal, '/code'), 'again_url': self._path(portal),
            'contact': attempt.contact, 'minutes': CODE_MINUTES,
            'digits': attempt.code_digits, 'error': error,
        }
        return self._form_page(
            'email_pay.code_page', portal, values, _("Enter the code"), 400 if error else 200)

    def _form_page(self, template, portal, values, title, status):
        """A page with a form, which only the browser that got it can send."""
        token = request.cookies.get(SIGN_IN_COOKIE)
        fresh = not token
        if fresh:
            token, _values = request.env['email.pay.sign.in']._new_token()
        response = self._render(
            template, {**values, 'form_token': self._form_token(*self._form_holder(portal, token))},
            title=title, company=portal.company_id, status=status,
        )
        if fresh:
            set_cookie(response, SIGN_IN_COOKIE, token)
        return response
