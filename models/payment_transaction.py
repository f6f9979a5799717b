import logging
from decimal import Decimal

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import float_repr, hash_sign

from ..const import TRANSACTION_TOKEN_HOURS
from ..gateways import REGISTRY, errors
from ..gateways.values import (
    RETURNS,
    CardSource,
    Customer,
    Flow,
    Operation,
    PaymentRequest,
    Status,
)
from .comparison import odoo_time
from .signed import read_signed

_logger = logging.getLogger(__name__)

TOKEN_SCOPE = 'email_pay.transaction'


class PaymentTransaction(models.Model):
    _inherit = 'payment.transaction'

    email_pay_link_id = fields.Many2one(
        string="Payment Link", comodel_name='email.pay.link', readonly=True, copy=False,
        index='btree_not_null',
    )
    email_pay_ask_at = fields.Datetime(
        string="Ask the Gateway at", readonly=True, copy=False, index='btree_not_null',
        help="When the gateway is asked for this payment, as long as its outcome is unknown.",
    )
    email_pay_asked = fields.Integer(string="Times Asked", readonly=True, copy=False)
    email_pay_card_last4 = fields.Char(string="Card Ending In", readonly=True, copy=False)

    # === THE CUSTOMER'S ADDRESS OF A TRANSACTION === #

    def _email_pay_token(self):
        """An unguessable name of this transaction, for the pages that pay it and show its state."""
        self.ensure_one()
        return hash_sign(
            self.sudo().env, TOKEN_SCOPE, self.id, expiration_hours=TRANSACTION_TOKEN_HOURS
        )

    @api.model
    def _email_pay_from_token(self, token):
        """The transaction (sudo) that `_email_pay_token` named; empty when the token is bad."""
        return self.sudo().browse(read_signed(self.env, TOKEN_SCOPE, token) or []).exists()

    def _email_pay_path(self, tail=''):
        return f'/pay/t/{self._email_pay_token()}{tail}'

    # === ASKING FOR MONEY === #

    def _email_pay_gateway(self):
        return self.provider_id.sudo()._email_pay_gateway(self.reference)

    def _email_pay_decimal(self, amount):
        """The amount as Decimal with the currency's own number of decimals."""
        return Decimal(float_repr(amount, self.currency_id.decimal_places))

    def _email_pay_request(self):
        # A link has the address of its company; in a shop the customer comes back to the same shop.
        base_url = (self.email_pay_link_id.company_id or self.provider_id).get_base_url()
        return PaymentRequest(
            reference=self.reference,
            amount=self._email_pay_decimal(self.amount),
            currency=self.currency_id.name,
            description=self._email_pay_label() or self.reference,
            customer=Customer(
                name=self.partner_name or '',
                email=self.partner_email or '',
                phone=self.partner_phone or self.partner_id.phone or '',
                street=self.partner_address or '',
                city=self.partner_city or '',
                zip=self.partner_zip or '',
                country=self.partner_country_id.code or '',
                identification=self.partner_id.vat or '',
            ),
            return_url=base_url.rstrip('/') + self._email_pay_path('/back'),
            notification_url=self.provider_id._email_pay_webhook_url(),
        )

    def _get_specific_rendering_values(self, processing_values):
        """Override of `payment`: where Odoo's own payment form sends the customer's browser."""
        if self.provider_code not in REGISTRY:
            return super()._get_specific_rendering_values(processing_values)
        if REGISTRY[self.provider_code].supports.flow == Flow.WINDOW:
            return {'action': self._email_pay_path(), 'method': 'get', 'fields': {}}
        return self._email_pay_checkout()

    def _email_pay_charge_window(self, card_token):
        """Charge the card that the customer entered in the gateway's window, once.

        The transaction is claimed and committed before the gateway is asked, so that a second
        click, a second tab, or Odoo running this request again can never charge again.
        """
        self.ensure_one()
        if not self._email_pay_claim():
            return
        self.env.cr.commit()  # pylint: disable=invalid-commit  # before it is charged
        self._email_pay_charge(CardSource(token=card_token, save_card=self.tokenize))

    def _email_pay_claim(self):
        """Take this draft for charging. False when it was taken already.

        :raises ValidationError: the invoices are no longer due to that amount, or the company
            closed the link or the app meanwhile.
        """
        self._email_pay_lock()
        if self.state != 'draft':
            return False
        self._email_pay_check_collectable()
        link = self.email_pay_link_id.sudo()
        closed = link._obstacle() if link else ''
        if self.provider_id.state == 'disabled' or closed in ('revoked', 'disabled'):
            raise ValidationError(_("This way to pay is no longer available. Nothing was charged."))
        self._set_pending()
        self._email_pay_plan_question()
        return True

    def _email_pay_charge(self, source):
        """Ask the gateway to charge, and apply its answer. Unknown outcomes are asked for later."""
        gateway = self._email_pay_gateway()
        try:
            event = gateway.charge(self._email_pay_request(), source)
        except errors.UnknownOutcome as error:
            _logger.warning("The outcome of %s is unknown: %s", self.reference, error)
            if self.state == 'draft':
                self._set_pending()
            self._email_pay_plan_question()
            return
        except errors.GatewayError as error:
            self._email_pay_refuse(error)
            return
        self._email_pay_apply(event, 'charge')

    def _email_pay_refuse(self, error):
        """The gateway did not even ask the bank."""
        _logger.warning("%s was not charged: %s", self.reference, error)
        self._set_error(self._email_pay_in_customers_language().env._(
            "The payment could not be made. Nothing was charged."
        ))

    def _send_payment_request(self):
        """Override of `payment`: charge a saved card. Odoo may run this twice after a rollback,
        with the same reference: the gateway is asked first."""
        if self.provider_code not in REGISTRY:
            return super()._send_payment_request()
        try:
            known = self._email_pay_gateway().query(self.reference)
        except errors.GatewayError as error:
            raise ValidationError(_("The gateway does not answer. Nothing was charged.")) from error
        if known:
            self._email_pay_apply_all(known, 'query')
        else:
            self._email_pay_charge(CardSource(saved_card=self.token_id.provider_ref))
        return None

    # === BEING TOLD === #

    @api.model
    def _extract_reference(self, provider_code, payment_data):
        if provider_code not in REGISTRY:
            return super()._extract_reference(provider_code, payment_data)
        return payment_data.reference

    def _extract_amount_data(self, payment_data):
        if self.provider_code not in REGISTRY:
            return super()._extract_amount_data(payment_data)
        if payment_data.amount is None or payment_data.status != Status.DONE:
            return None  # the amount of what did not happen is no reason to fail
        return {
            'amount': float(payment_data.amount),
            'currency_code': payment_data.currency or self.currency_id.name,
        }

    def _apply_updates(self, payment_data):
        """Override of `payment`: move the state as the gateway's `PaymentEvent` says. What comes
        late or twice never moves it back."""
        if self.provider_code not in REGISTRY:
            return super()._apply_updates(payment_data)
        if payment_data.gateway_reference and (self.state != 'done' or self._email_pay_by_hand()):
            self.provider_reference = payment_data.gateway_reference
        if payment_data.card_last4:
            self.email_pay_card_last4 = payment_data.card_last4
        open_states = ('draft', 'pending', 'authorized')
        match payment_data.status:
            case Status.DONE if self.state != 'done':
                self.email_pay_paid_at = odoo_time(payment_data.happened_at)
                self._set_done()
            case Status.DECLINED if self.state in open_states:
                gateway = self._email_pay_gateway()
                self.email_pay_refused_for_good = not gateway.may_repeat(payment_data.code)
                self._set_error(self._email_pay_reason(payment_data.code))
            case Status.CANCELED if self.state in open_states:
                self._set_canceled()
            case Status.PENDING if self.state == 'draft':
                self._set_pending()
        if self.state not in ('draft', 'pending'):
            self._email_pay_plan_question()
        return None

    def _extract_token_values(self, payment_data):
        if self.provider_code not in REGISTRY:
            return super()._extract_token_values(payment_data)
        if not payment_data.saved_card:
            return {}
        return {
            'provider_ref': payment_data.saved_card,
            'payment_details': payment_data.card_last4,
        }

    def _set_done(self, *, state_message=None, extra_allowed_states=()):
        """Override of `payment`: money that came after a cancellation came all the same."""
        return super()._set_done(
            state_message=state_message, extra_allowed_states=(*extra_allowed_states, 'cancel')
        )

    def _email_pay_reason(self, code):
        """The gateway's result `code` in the customer's words and language."""
        sentence = self._email_pay_gateway().reason(code)
        env = self._email_pay_in_customers_language().env
        # i18n/ has the sentences of all gateways.
        return env._(sentence)  # pylint: disable=E8301,gettext-variable  # not written here

    def _email_pay_in_customers_language(self):
        return self.with_context(lang=self.partner_lang or self.env.lang)

    def _email_pay_apply_all(self, events, source):
        for event in events:
            self._email_pay_apply(event, source)

    def _email_pay_apply(self, event, source):
        """Apply what the gateway answered: the same rules as for a notification, and what does not
        fit is kept as a parked notification."""
        if event.operation in RETURNS:
            self._email_pay_apply_return(event, source)
        elif event.operation == Operation.PAYMENT:
            self._email_pay_apply_payment(event, source)

    def _email_pay_apply_payment(self, event, source):
        reason = self._email_pay_refusal(event)
        if reason:
            self.env['email.pay.event'].sudo()._park_answer(self, event, source, reason)
        else:
            self._process(self.provider_code, event)

    def _email_pay_refusal(self, event):
        """Why the payment `event` cannot be booked on this transaction, as a sentence that tells
        an accountant what to do; '' when it can."""
        self.ensure_one()
        self = self.env['email.pay.portal']._speak(self)
        if event.status == Status.AUTHORIZED:
            return _(
                "The bank only reserved %(amount)s on the customer's card and collected nothing."
                " Capture or release it at the gateway.", amount=event.amount,
            )
        if event.status != Status.DONE:
            return ''
        if event.test and self.provider_id.state == 'enabled':
            return _("The gateway reports a test payment, and this app is live. No money came.")
        if event.amount is not None and event.amount != self._email_pay_decimal(self.amount):
            return _(
                "The gateway collected %(collected)s, and the transaction asked for %(asked)s."
                " Find the payment at the gateway, then book it or pay it back by hand.",
                collected=event.amount, asked=self.currency_id.format(self.amount),
            )
        if event.currency and event.currency != self.currency_id.name:
            return _(
                "The gateway collected in %(collected)s, and the transaction is in %(asked)s. Find"
                " the payment at the gateway, then book it or pay it back by hand.",
                collected=event.currency, asked=self.currency_id.name,
            )
        known = event.gateway_reference == (self.provider_reference or '')
        if self.state == 'done' and not known and not self._email_pay_by_hand():
            return _(
                "A second payment for the same reference: %(first)s is booked, and the gateway also"
                " reports %(second)s. Pay the second one back at the gateway.",
                first=self.provider_reference, second=event.gateway_reference,
            )
        return ''
