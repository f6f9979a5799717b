import json
import logging
import re

import psycopg2
from markupsafe import Markup

from odoo import _
from odoo.exceptions import UserError
from odoo.http import Controller, request, route

from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from ..const import TRANSACTION_ROUTE
from ..models.masked import masked_email
from .page import SENT, SHOWN, PageMixin, local_path, origin
from .visits import is_anonymous

_logger = logging.getLogger(__name__)

# After so many questions to the gateway, the customer need not wait on the page.
SOON = 2
# So many documents and credits are named on the status page.
SETTLED_ROWS = 12


class TransactionPageController(PageMixin, Controller):
    """From *Pay now* to the receipt: the gateway's window or page, and what became of it."""

    # === PAYING === #

    @route(TRANSACTION_ROUTE, **SHOWN)
    def show(self, token, **_params):
        """The next step of a payment that was started: the gateway's window, or its own page."""
        transaction = self._transaction(token)
        if not transaction:
            return self._not_found()
        if transaction.state != 'draft':
            return self._redirect(transaction._email_pay_path('/status'))
        if transaction.provider_id._email_pay_flow() == 'window':
            return self._card_page(transaction)
        return self._handover_page(transaction)

    @route(TRANSACTION_ROUTE, **SENT)
    def charge(self, token, form_token=None, payment_token='', **_params):
        """Charge the card that the gateway's window took."""
        transaction = self._transaction(token)
        if not transaction or not self._is_form(form_token, transaction.id):
            return self._not_found()
        if transaction.provider_id._email_pay_flow() != 'window':
            return self._not_found()
        if not payment_token or len(payment_token) > 512:
            error = _("The card was not entered. Please try again.")
            return self._card_page(transaction, error=error)
        try:
            transaction._email_pay_charge_window(payment_token)
        except UserError as error:
            return self._card_page(transaction, error=str(error))
        return self._redirect(transaction._email_pay_path('/status'))

    # === BACK FROM THE GATEWAY'S PAGE === #

    @route([f'{TRANSACTION_ROUTE}/back', f'{TRANSACTION_ROUTE}/back/<path:tail>'],
           **SENT | {'methods': ['GET', 'POST']})
    def come_back(self, token, tail='', **_params):
        """Take what the gateway gave the browser, whatever it is, and go on to a clean address."""
        transaction = self._transaction(token)
        if not transaction:
            return self._not_found()
        if transaction.provider_id._email_pay_flow() == 'redirect':
            self._hold(transaction, lambda: transaction._email_pay_come_back(tail))
        if transaction.operation == 'validation':
            return self._redirect(transaction.landing_route)
        return self._redirect(transaction._email_pay_path('/status'))

    # === WHAT BECAME OF IT === #

    @route(f'{TRANSACTION_ROUTE}/status', **SHOWN)
    def status(self, token, **_params):
        transaction = self._transaction(token)
        if not transaction:
            return self._not_found()
        self._advance(transaction)
        return self._status_page(transaction)

    @route(f'{TRANSACTION_ROUTE}/state', **SHOWN)
    def state(self, token, **_params):
        """What the status page asks for while it waits."""
        transaction = self._transaction(token)
        if not transaction:
            return self._not_found()
        self._advance(transaction)
        response = request.make_json_response({'state': self._page_state(transaction)})
        response.headers['Cache-Control'] = 'no-store'
        return response

    def _advance(self, transaction):
        """Do here what can be done now, unless another process is doing it."""
        self._hold(transaction, transaction._email_pay_advance)

    def _hold(self, transaction, act):
        try:
            with request.env.cr.savepoint():
                if transaction._email_pay_try_lock():
                    act()
        except psycopg2.OperationalError:
            _logger.info("%s is being processed elsewhere", transaction.reference)
            request.env.cr.rollback()

    def _transaction(self, token):
        transaction = request.env['payment.transaction']._email_pay_from_token(token)
        if transaction:
            self._use_language(transaction.partner_lang)
        return transaction.with_context(lang=request.env.context.get('lang'))

    # === RENDERING === #

    def _transaction_page(self, template, transaction, values, title, policy=None):
        return self._render(
            template,
            {'documents_label': transaction._email_pay_label(), **values},
            title=title, company=transaction.company_id, lang_code=transaction.partner_lang,
            test_mode=transaction.provider_id.state == 'test', policy=policy,
        )

    def _card_page(self, transaction, error=False):
        window = transaction._email_pay_gateway().card_window()
        values = {
            'amount': transaction.amount and transaction.currency_id.format(transaction.amount),
            'price': str(transaction._email_pay_decimal(transaction.amount)),
            'currency': transaction.currency_id.name,
            'reference': transaction.reference,
            'window': {
                'driver': window.driver,
                'script_url': window.script_url,
                'attributes': json.dumps(dict(window.attributes)),
            },
            'post_url': transaction._email_pay_path(),
            'form_token': self._form_token(transaction.id),
            'back_url': self._back_path(transaction),
            'error': error,
        }
        allowed = list(window.origins)
        policy = dict.fromkeys(
            ('script-src', 'style-src', 'frame-src', 'connect-src', 'img-src'), allowed
        )
        policy['style-src-attr'] = ["'unsafe-inline'"]  # as the gateway's script sets on its window
        return self._transaction_page(
            'email_pay.card_page', transaction, values,
            _("Pay %s", values['amount']) if values['amount'] else _("Your card"), policy,
        )

    def _handover_page(self, transaction):
        # The provider sends the browser back to /payment/status, which knows it by its session.
        request.session.can_save = True
        PaymentPostProcessing.monitor_transaction(transaction)
        try:
            with request.env.cr.savepoint():
                form = transaction._get_processing_values().get('redirect_form_html')
        except UserError as error:
            return self._no_page(transaction, str(error))
        if not form:
            return self._redirect(transaction._email_pay_path('/status'))
        action = re.search(r'\baction="([^"]+)"', form)
        # The gateway's page may send the browser on to a bank: a form may lead to any https host.
        target = [origin(action[1])] if action and '://' in action[1] else []
        return self._transaction_page(
            'email_pay.handover_page', transaction,
            {
                'provider_name': transaction.provider_id.name,
                'redirect_form': Markup(re.sub(
                    r'<form\b(?![^>]*\bid=)', '<form id="email_pay_redirect"', str(form), count=1
                )),
            },
            _("Pay %s", transaction.currency_id.format(transaction.amount)),
            {'form-action': ['https:', *target]},
        )

    def _no_page(self, transaction, reason):
        """The gateway's page cannot be opened now."""
        back = self._back_path(transaction)
        actions = [{'label': _("Try again"), 'url': transaction._email_pay_path(), 'primary': True}]
        actions += [{'label': _("Go back"), 'url': back}] if back else []
        return self._message_page(
            'warning', _("The payment page cannot be opened"), reason, actions=actions,
            company=transaction.company_id, lang_code=transaction.partner_lang, status=503,
        )

    def _page_state(self, transaction):
        """The word by which the status page shows itself, and knows that something changed."""
        soon = transaction.email_pay_ask_at and transaction.email_pay_asked < SOON
        return {
            'draft': 'processing',
            'pending': 'processing' if soon else 'pending_bank',
            'authorized': 'paid',
            # What is left to pay is not known before it is booked.
            'done': 'paid' if transaction.is_post_processed else 'received',
            'cancel': 'canceled',
            'error': 'declined',
        }[transaction.state]

    def _status_page(self, transaction):
        state = self._page_state(transaction)
        words = self._card_words if transaction.operation == 'validation' else self._status_words
        headline, text = words(transaction)[state]
        remaining = transaction._email_pay_remaining() if transaction.is_post_processed else 0
        currency = transaction.currency_id
        rest_due = state == 'paid' and currency.compare_amounts(remaining, 0) > 0
        finished = state in ('paid', 'received') and not rest_due
        back = self._back_path(transaction)
        values = {
            'state': state,
            'headline': headline,
            'text': text,
            'reference': transaction.reference,
            'amount': transaction.amount and currency.format(transaction.amount),
            'remaining': rest_due and currency.format(remaining),
            'settled': state == 'paid' and self._settled_values(transaction),
            'poll_url': transaction._email_pay_path('/state'),
            'retry_url': back if rest_due or state in ('declined', 'canceled') else False,
            'back_url': back if finished or transaction.state == 'draft' else False,
            'receipt_note': self._receipt_note(transaction),
        }
        return self._transaction_page('email_pay.status_page', transaction, values, headline)

    def _settled_values(self, transaction):
        """What was paid with this payment; False when it is one document, nothing, or more than
        fits: the receipt has it all."""
        settled = transaction._email_pay_settled()
        if not 1 < len(settled.documents) + len(settled.credits) <= SETTLED_ROWS:
            return False
        money = transaction.currency_id.format
        return {
            kind: [{'name': share.name, 'amount': money(share.amount)} for share in shares]
            for kind, shares in (('documents', settled.documents), ('credits', settled.credits))
        }

    def _status_words(self, transaction):
        return {
            'processing': (_("We are confirming your payment"), _("This page changes by itself.")),
            'pending_bank': (
                _("Your payment is on its way"),
                _("The bank will confirm it. We tell you by e-mail as soon as it arrives."),
            ),
            'received': (_("Payment received"), _("Thank you.")),
            'paid': (_("Payment received"), _("Thank you.")),
            'declined': (_("The payment did not go through"), transaction.state_message),
            'canceled': (_("The payment was cancelled"), _("Nothing was charged.")),
        }

    def _card_words(self, transaction):
        """The same of a payment of nothing, which only saves a card."""
        saved = (_("Your card is saved"), _("It is charged from now on."))
        return self._status_words(transaction) | {
            'processing': (_("We are saving your card"), _("This page changes by itself.")),
            'received': saved,
            'paid': saved,
            'declined': (_("The card was not saved"), transaction.state_message),
        }

    def _receipt_note(self, transaction):
        address = transaction._email_pay_receipt_address()
        if not transaction._email_pay_receipt() or not address or is_anonymous():
            return False
        return _("Your receipt goes to %s.", masked_email(address))

    def _back_path(self, transaction):
        link = transaction.email_pay_link_id
        return link._path() if link else local_path(transaction.landing_route)
