import logging
from datetime import timedelta

from odoo import _, fields, models
from odoo.exceptions import ValidationError

from ..gateways import errors
from ..gateways.values import Status
from .comparison import odoo_time

_logger = logging.getLogger(__name__)

# Beyond the life of a gateway's page: for a payment that was begun in its last second.
CHECKOUT_GRACE = timedelta(minutes=1)
# A page that never ends is looked after for so long.
MOST_CHECKOUT = timedelta(days=30)


class PaymentTransaction(models.Model):
    """The gateway's own page, on which the customer pays.

    A transaction keeps its reference for every page that is opened for it, and at most one of them
    lives: it is given again as long as it does. Before another is opened, the gateway is asked
    whether the last one was paid; and it is asked once more when a page ends, whatever became of
    the transaction meanwhile.
    """

    _inherit = 'payment.transaction'

    email_pay_checkout = fields.Json(
        string="Page of the Gateway", copy=False, groups='base.group_system')
    email_pay_checkout_until = fields.Datetime(
        string="Page of the Gateway Ends At", readonly=True, copy=False,
    )

    # === THERE === #

    def _email_pay_checkout(self):
        """Where the customer's browser goes, as `action`, `method` and `fields` of a form.

        :raises ValidationError: it cannot be opened; nothing was charged.
        """
        self.ensure_one()
        self._email_pay_lock()
        if self.state == 'draft' and not self._email_pay_checkout_lives():
            self._email_pay_open_checkout()
        if self.state != 'draft':
            return {'action': self._email_pay_path('/status'), 'method': 'GET', 'fields': {}}
        return self.email_pay_checkout

    def _email_pay_checkout_lives(self):
        """Whether the gateway still takes a payment on the page that was opened last."""
        until = self.email_pay_checkout_until
        return bool(until) and until > fields.Datetime.now()

    def _email_pay_checkout_is_over(self):
        """Whether a page was opened, and takes no payment any more."""
        return bool(self.email_pay_checkout_until) and not self._email_pay_checkout_lives()

    def _email_pay_open_checkout(self):
        if self.email_pay_checkout_until and not self._email_pay_ask_again():
            return
        self._email_pay_check_customer()
        gateway = self._email_pay_gateway()
        saves_card = self.operation == 'validation' and gateway.supports.saves_cards_apart
        act = gateway.save_card if saves_card else gateway.checkout
        try:
            redirect = act(self._email_pay_request())
        except errors.GatewayError as error:
            raise self._email_pay_unreachable(error) from error
        now = fields.Datetime.now()
        until = odoo_time(redirect.until) or now + gateway.supports.checkout_within
        until = min(until, now + MOST_CHECKOUT)
        self.write({
            'email_pay_checkout': {
                'action': redirect.url, 'method': redirect.method, 'fields': dict(redirect.fields),
            },
            'email_pay_checkout_until': until + CHECKOUT_GRACE,
            'email_pay_asked': 0,
        })
        if redirect.gateway_reference:
            self.provider_reference = redirect.gateway_reference
        self._email_pay_plan_question()

    def _email_pay_check_customer(self):
        """
        :raises ValidationError: the gateway needs to know more of the customer.
        """
        if lacks := self.provider_id.sudo()._email_pay_lacks(self.partner_id):
            raise ValidationError(_(
                "To pay with %(app)s, we need %(what)s of you. Nothing was charged. Please send it"
                " to %(company)s, or choose another way to pay.", app=self.provider_id.name,
                what=_(" and ").join(lacks), company=self.company_id.name,
            ))

    def _email_pay_ask_again(self):
        """Whether another page may be opened: the gateway has no payment of the last one, and the
        invoices are still due.

        :raises ValidationError: they are not, or the gateway does not answer.
        """
        try:
            known = self._email_pay_query()
        except errors.GatewayError as error:
            raise self._email_pay_unreachable(error) from error
        self._email_pay_apply_all(known, 'query')
        if self.state == 'draft':
            self._email_pay_check_collectable()
        return self.state == 'draft' and not known

    def _email_pay_unreachable(self, error):
        _logger.warning("%s: the gateway opened no page: %s", self.reference, error)
        return ValidationError(_(
            "%s cannot be reached right now. Nothing was charged. Please try again in a moment, or"
            " choose another way to pay.", self.provider_id.name,
        ))

    # === AND BACK === #

    def _email_pay_come_back(self, tail):
        """Take note of what the customer's browser brought back from the gateway's page.

        What cannot be verified tells nothing, and the gateway is asked in its time. Where the
        browser never brings anything, that is now.

        :param str tail: the path behind the address to which the gateway sent it.
        """
        self.ensure_one()
        gateway = self._email_pay_gateway()
        try:
            notification = gateway.returned(tail)
            if notification is None:
                self._email_pay_give_up_checkout(_("The customer cancelled at the gateway."))
                return
            gateway.verify(notification)
            [report] = gateway.parse(notification)
        except errors.Unsupported:
            if self.state == 'draft' and not self.email_pay_asked:
                self.email_pay_ask_at = fields.Datetime.now()
        except errors.NotificationError as error:
            _logger.warning("%s: what the browser brought back is refused: %s",
                            self.reference, error)
        else:
            if report.reference == self.reference and self.state != 'done':
                self._email_pay_take_hint(report)
        self._email_pay_advance()

    def _email_pay_give_up_checkout(self, reason):
        """The customer does not want to pay there any more; in another tab he may have."""
        if self.state == 'draft' and self.email_pay_checkout_until:
            self._email_pay_ask()
        if self.state == 'draft':
            self._email_pay_close_checkout()
            self._set_canceled(state_message=reason)
            self._email_pay_plan_question()
        self._email_pay_book()

    def _email_pay_close_checkout(self):
        """Let nobody pay on the gateway's page any more, where it can be told so. Otherwise it is
        asked when the page ends."""
        if not self._email_pay_checkout_lives():
            return
        gateway = self._email_pay_gateway()
        if not gateway.supports.closes_checkout:
            return
        try:
            answer = gateway.close_checkout(self._email_pay_charged())
        except errors.GatewayError as error:
            _logger.warning("%s: the gateway's page stays open: %s", self.reference, error)
            return
        if answer.status == Status.DONE:
            self.email_pay_checkout_until = fields.Datetime.now()

    def _email_pay_take_hint(self, report):
        """Act on a report that proves no amount: the gateway is asked, and its answer decides. A
        saved card is no money, so that there is nothing to ask.

        :param gateways.values.PaymentEvent report: verified, of this transaction.
        :return: the state for the notification, and a sentence for an accountant.
        :rtype: tuple[str, str]
        """
        if self.operation == 'validation':
            before = self.state
            self._process(self.provider_code, report)
            return ('done' if self.state != before else 'ignored'), ''
        if not self._email_pay_ask():
            return 'failed', ''
        events = self.env['email.pay.event'].sudo()
        if report.status != Status.DONE or events._has_parked(self, report.gateway_reference):
            return 'done', ''  # or the answer itself waits for a person
        if self.state == 'done':
            # Of a second payment under the same reference, a query may tell only one.
            reason = report.gateway_reference and self._email_pay_refusal(report)
            return ('parked', reason) if reason else ('done', '')
        self = self.env['email.pay.portal']._speak(self)
        return 'failed', _(
            "The gateway reported this payment, and does not confirm it when it is asked. Look it"
            " up at the gateway by its reference. If the money came, press “Replay”; if not,"
            " press “Mark as dealt with”."
        )
