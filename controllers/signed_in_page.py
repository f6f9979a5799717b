from odoo import _
from odoo.exceptions import UserError
from odoo.http import request, route
from odoo.tools import format_date

from .plan_page import PlanPageController
from .sign_in_mixin import SignInMixin
from .statement_page import StatementPageController
from .visits import browser_attempt, sign_in_for


def without_reasons(rows):
    """Instalments without what the bank said of the customer's card."""
    return [{**row, 'reason': False} for row in rows]


class SignedInPageController(SignInMixin, StatementPageController, PlanPageController):
    """The statement of who signed in at the company's payment address: for a while, and with what
    was paid where the company shows it; whose it is only to who entered a code. From there also the
    plans of which an instalment was refused."""

    @route()
    def download(self, selector, **params):
        attempt = self._attempt(selector)
        if attempt and not attempt.with_code:
            return self._not_found()
        return super().download(selector, **params)

    @route()
    def qr_code(self, selector, **params):
        """The code holds the link of the mail, which is good for much longer than a session."""
        if self._attempt(selector):
            return self._not_found()
        return super().qr_code(selector, **params)

    def _attempt(self, selector):
        return sign_in_for(request.env['email.pay.link']._from_selector(selector))

    def _not_found(self):
        """Who was signed in is told that this is over."""
        attempt = browser_attempt()
        if attempt.state != 'in' or attempt._is_open():
            return super()._not_found()
        self._use_language(attempt.partner_ids[:1].lang)
        return self._message_page(
            'info', _("You were signed out"),
            _("For your safety, that happens when you open no page for a while."),
            company=attempt.company_id, lang_code=attempt.partner_ids[:1].lang, status=403,
            actions=[{
                'label': _("Sign in again"), 'url': self._path(attempt.portal_id), 'primary': True,
            }],
        )

    # === RENDERING === #

    def _statement_values(self, link, *args):
        values = super()._statement_values(link, *args)
        attempt = sign_in_for(link)
        if not attempt:
            return values
        values |= self._sign_in_values(link, attempt)
        if not attempt.with_code:
            refused = without_reasons(values['refused'])
            selection = {**values['selection'], 'credit': False}
            values |= {'customer': False, 'pdf_url': False, 'refused': refused,
                       'selection': selection}
        return values

    def _sign_in_values(self, link, attempt):
        return {
            'qr_url': False,
            **self._bar_values(attempt),
            'history': self._history_values(link, attempt.portal_id),
        }

    def _bar_values(self, attempt):
        portal = attempt.portal_id
        several = len(attempt._live_links()) > 1
        return {
            'sign_out': self._sign_out_action(portal),
            'accounts_url': several and self._path(portal, '/accounts'),
        }

    def _plan_page_values(self, link, attempts):
        values = super()._plan_page_values(link, attempts)
        attempt = sign_in_for(link)
        if not attempt:
            return values
        values |= self._bar_values(attempt)
        values['statement_url'] = attempt._statement_for(link)[:1]._path()
        if not attempt.with_code:
            rows = without_reasons(values['rows'])
            values |= {'document': False, 'card': False, 'rows': rows}
        return values

    def _next_step(self, link, lang):
        """Who entered no code pays what was refused, and changes nothing else of a plan."""
        attempt = sign_in_for(link)
        refused = request.params.get('do') == 'installment'
        if attempt and link.plan_id and not attempt.with_code and not refused:
            raise UserError(_("Please open this page again from one of our e-mails."))
        return super()._next_step(link, lang)

    def _history_values(self, link, portal):
        """What was paid lately, as the page shows it; empty where the company does not show it."""
        if portal.shown_documents != 'history':
            return []
        kinds = link.env['email.pay.statement']._kinds()
        return [
            {
                'name': move.name, 'kind': kinds[move.move_type],
                'date': format_date(link.env, move.invoice_date),
                'total': move.currency_id.format(move.amount_total),
            }
            for move in link._paid_documents()
        ]

    def _uses_credit(self):
        """Who entered no code pays, and uses up nothing that the customer has left over."""
        if not super()._uses_credit():
            return False
        attempt = self._attempt(request.params['selector'])
        return not attempt or attempt.with_code

    def _obstacle_page(self, link, obstacle):
        """The history is there also when nothing is left to pay; and who is signed in goes on when
        the link ends on which that happened."""
        attempt = sign_in_for(link)
        if attempt and link.scope == 'statement' and link.state != 'active':
            return self._redirect(self._path(attempt.portal_id))
        history = attempt and self._history_values(link, attempt.portal_id)
        if obstacle != 'settled' or not history:
            return super()._obstacle_page(link, obstacle)
        return self._render(
            'email_pay.settled_page', self._sign_in_values(link, attempt),
            title=_("Nothing is due"), company=link.company_id, lang_code=link.partner_id.lang,
        )

    def _message(self, link, kind, headline, text, actions=()):
        if attempt := sign_in_for(link):
            actions = [*actions, self._sign_out_action(attempt.portal_id)]
        return super()._message(link, kind, headline, text, actions)
