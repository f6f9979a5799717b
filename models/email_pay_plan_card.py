from odoo import _, fields, models
from odoo.exceptions import UserError

from ..gateways import REGISTRY


class EmailPayPlan(models.Model):
    """The saved card of a plan: the customer gives it with the first charge, and can change it."""

    _inherit = 'email.pay.plan'

    def _take_card(self, card):
        """Charge `card` from now on, and at once what the last one was refused for."""
        self.ensure_one()
        if self.mode != 'token' or card == self.token_id:
            return
        if self.state == 'active':
            self._message_log(body=_("The customer gave a card: %s", card.display_name))
        self.token_id = card
        denied = self.installment_ids.filtered(lambda line: line.state == 'denied')
        denied.next_attempt = fields.Datetime.now()
        self.env.ref('email_pay.ir_cron_charge_installments').sudo()._trigger()

    def _attempt(self):
        """Override: where cards are saved apart, first the card; then Odoo makes the first charge.
        """
        self.ensure_one()
        if self.mode != 'token' or not self.provider_id.sudo()._email_pay_saves_cards_apart():
            return super()._attempt()
        self._lock()
        self.sudo()._check_new_attempt()
        return self._start_card()

    def _stop_rest(self, reason):
        """Override: what is claimed and not sent is no charge yet."""
        self.installment_ids.transaction_id.sudo()._email_pay_withdraw()
        super()._stop_rest(reason)

    def _can_change_card(self):
        """Whether the app can save a card without a payment."""
        self.ensure_one()
        return self.mode == 'token' and self.provider_id.sudo().code in REGISTRY

    def _start_card(self):
        """A payment of nothing, with which the customer's card is saved."""
        self.ensure_one()
        if self.state not in ('pending', 'active') or not self._can_change_card():
            raise UserError(_("The card cannot be changed here. Please contact us."))
        provider = self.provider_id.sudo()
        link = self._live_link()
        card = link._begin(provider, {
            'payment_method_id': provider.payment_method_ids[:1].id,
            'reference': self.env['payment.transaction'].sudo()._compute_reference(
                provider.code, prefix=f'{self.reference}-C'),
            'amount': 0,
            'currency_id': self.currency_id.id,
            'operation': 'validation',
            'tokenize': True,
            'email_pay_card_plan_id': self.id,
        })
        card.landing_route = link._path()
        return card

    # === NOTES === #

    def _message_log(self, *, body='', **kwargs):
        """Override of `mail`: while many charges are booked, plain notes are written together."""
        notes = self.env.context.get('email_pay_notes')
        if not notes or kwargs or not notes.keep_log(self, body):
            super()._message_log(body=body, **kwargs)

    # === PERSONS === #

    def _ask_once(self, summary, note, for_all=None):
        """Give a person an activity, unless one of the same summary is there already.

        :param for_all: a provider of which one activity on any of its plans is enough.
        """
        self.ensure_one()
        plans = for_all and self.search([('provider_id', '=', for_all.id)])
        self._ask_attention_once(self.company_id, self, summary, note, among=plans)

    def _report_own_error(self, summary, note, told=False):
        """Tell of an error that is none of a gateway: in the notes of the plan, and once for all
        plans of its app to a person.

        :param told: whether the notes of the plan tell it already.
        """
        if not told:
            self._message_log(body=note)
        self._ask_once(summary, note, for_all=self.provider_id)
