import logging
import time
from datetime import timedelta
from typing import NamedTuple

import psycopg2
import requests

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..gateways import REGISTRY, errors
from ..gateways.base import Gateway
from ..gateways.values import CardSource, PaymentRequest
from .account_move_notes import Notes
from .locks import CONFLICTS, locked_ids
from .payment_janitor import ASK_GAPS

_logger = logging.getLogger(__name__)

# How long an answer may wait for others with which it is written, in seconds.
MOST_UNWRITTEN = 2
# How often it is tried to write an answer while others change the same documents.
WRITE_TRIES = 5
# When a person is asked what became of a charge by a provider that nobody can ask.
STOCK_PATIENCE = timedelta(hours=1)
# Nothing was charged and nothing is wrong with the card: it is charged later.
POSTPONED = (errors.NotSent, errors.CredentialsRefused)

# What is not sent has no question planned. One of all workers makes it sent; that it was before is
# not forgotten.
MARK_SENT = """
    UPDATE payment_transaction tx
       SET email_pay_ask_at = %s, email_pay_asked = LEAST(email_pay_asked, 1)
      FROM email_pay_installment line
     WHERE tx.id = %s AND tx.state = 'pending' AND tx.email_pay_ask_at IS NULL
       AND line.id = tx.email_pay_installment_id AND line.state = 'awaiting'
 RETURNING tx.id
"""


class BrokenOff(errors.UnknownOutcome):
    """Our own work failed, in the middle of asking: it may have been charged."""


class NotPrepared(Exception):
    """Our own work failed before anything was asked: nothing was sent."""


class Charge(NamedTuple):
    """All that it takes to charge a saved card: nothing is read of the database meanwhile."""

    transaction_id: int
    provider_id: int
    gateway: Gateway
    request: PaymentRequest
    source: CardSource
    was_sent: bool

    def send(self):
        """What the gateway answers: events, or the error that it comes to.

        What may have been sent before is asked for first. An error that is none of a gateway is of
        this charge alone, too: the others are still to be made.
        """
        try:
            known = self.was_sent and self._known()
            return known or (self.gateway.charge(self.request, self.source),)
        except errors.GatewayError as error:
            return error
        except Exception as error:
            _logger.exception("Charging %s broke off", self.request.reference)
            return BrokenOff(type(error).__name__)  # its text may tell a secret

    def _known(self):
        try:
            return self.gateway.query(self.request.reference)
        except POSTPONED:
            raise
        except errors.GatewayError as error:
            raise errors.NotSent(f"It is not known whether it was charged: {error}") from error


class PaymentTransaction(models.Model):
    """Charges of a saved card that nobody waits for: the instalments of a plan.

    Such a payment is pending from the beginning. While no question to the gateway is planned for
    it, nothing was sent, and any worker may charge it. The moment of the first question is set, and
    committed, before the gateway is asked to charge: from then on only the answer, a notification
    or the janitor's question tells what became of it, whoever is killed meanwhile.
    """

    _inherit = 'payment.transaction'

    email_pay_refused_for_good = fields.Boolean(
        string="Refused for Good", readonly=True, copy=False,
        help="The same card will never be accepted again.",
    )
    email_pay_broke_off = fields.Boolean(
        string="Broke Off", readonly=True, copy=False,
        help="An error of Odoo's own ended the charge: it is not charged again by itself.",
    )
    email_pay_card_plan_id = fields.Many2one(
        'email.pay.plan', string="Card of", readonly=True, copy=False, index='btree_not_null',
        ondelete='set null', help="The recurring credit for which a card is saved, and no more.",
    )

    def _email_pay_charge_cards(self):
        """Charge these payments, which are claimed and committed, and book what was collected.

        :return: the providers that take no charges now.
        """
        away = self.env['payment.provider']
        ours = self.filtered(lambda tx: tx.provider_code in REGISTRY)
        for tx in self - ours:
            tx._email_pay_charge_stock()
        charges, answers = ours._email_pay_prepare_charges()
        since = time.monotonic()
        for charge in charges:
            if charge.provider_id in away.ids or not self._email_pay_mark_sent(
                charge.transaction_id
            ):
                continue
            answer = answers[charge.transaction_id] = charge.send()
            if isinstance(answer, POSTPONED):
                away |= away.browse(charge.provider_id)
            if time.monotonic() - since > MOST_UNWRITTEN:
                self._email_pay_write_answers(answers)
                answers, since = {}, time.monotonic()
        self._email_pay_write_answers(answers)
        return away

    @api.constrains('token_id')
    def _check_token_is_active(self):
        """Override of `payment`, which judges one at a time."""
        for tx in self:
            super(PaymentTransaction, tx)._check_token_is_active()

    # === SEND === #

    def _email_pay_prepare_charges(self):
        """What each of these charges needs, read at once; and why some cannot be made, by their
        ids."""
        saved_with = self._email_pay_first_references()
        charges, broken = [], {}
        for tx in self:
            try:
                charges.append(tx._email_pay_prepare_charge(saved_with))
            except psycopg2.Error:
                raise
            except Exception as error:
                _logger.exception("Charging %s could not be prepared", tx.reference)
                broken[tx.id] = NotPrepared(type(error).__name__)  # its text may tell a secret
        return charges, broken

    def _email_pay_prepare_charge(self, saved_with):
        return Charge(
            self.id, self.provider_id.id, self._email_pay_gateway(), self._email_pay_request(),
            CardSource(
                saved_card=self.token_id.sudo().provider_ref,
                initial_reference=saved_with.get(self.token_id, ''),
            ),
            bool(self.email_pay_asked),
        )

    def _email_pay_first_references(self):
        """The gateway's number of the payment with which each card was saved, by card."""
        first = self.search([
            ('token_id', 'in', self.token_id.ids), ('state', '=', 'done'),
            ('operation', '!=', 'offline'),
        ], order='id desc')
        return {tx.token_id: tx.provider_reference or '' for tx in first}

    def _email_pay_mark_sent(self, charge_id, patience=None):
        """Note for all to see that this charge is sent now; false when it must not be."""
        patience = patience or timedelta(seconds=ASK_GAPS[0])
        try:
            with self.env.registry.cursor() as cr:
                return bool(locked_ids(cr, SQL(
                    MARK_SENT, fields.Datetime.now() + patience, charge_id,
                )))
        except CONFLICTS:  # somebody else works on it
            return False

    def _email_pay_charge_stock(self):
        """Charge with a provider of Odoo, which applies the answer by itself."""
        self.ensure_one()
        if not self._email_pay_mark_sent(self.id, STOCK_PATIENCE):
            return
        self.env.cr.commit()  # pylint: disable=invalid-commit  # before it is charged
        try:
            self._email_pay_charge_by_odoo()
            self.env.cr.commit()  # pylint: disable=invalid-commit  # it was charged
        except Exception as error:
            self.env.cr.rollback()
            # Where a notification was faster, it told what the answer tells.
            if not isinstance(error, CONFLICTS) or self.state == 'pending':
                # It may have charged: the question that is planned tells.
                _logger.exception("The outcome of %s is unknown", self.reference)
                return
        self.with_context(ir_cron_progress_id=False)._email_pay_book_and_commit()

    def _email_pay_charge_by_odoo(self):
        try:
            self.with_context(email_pay_charging=True)._charge_with_token()
        except errors.UnknownOutcome as error:  # see `_send_api_request`
            _logger.warning("The outcome of %s is unknown: %s", self.reference, error)
        if self.state not in ('draft', 'pending'):
            self.email_pay_ask_at = False

    # === THE ANSWERS === #

    def _email_pay_write_answers(self, answers, tries=WRITE_TRIES):
        """Write what gateways answered to these charges, and commit it; then book. What cannot be
        written stays pending, and the gateway is asked for it later.

        :param dict answers: what `Charge.send` gave, by the ids of the transactions.
        """
        if not answers:
            return
        charges = self.browse(answers)
        # The marks are newer than what we see.
        self.env.cr.commit()  # pylint: disable=invalid-commit  # to see them
        try:
            with Notes.of(self.env) as notes:
                charges.with_env(notes.env)._email_pay_take_answers(answers)
            self.env.cr.commit()  # pylint: disable=invalid-commit  # they were charged
        except Exception as error:
            self.env.cr.rollback()
            if len(answers) > 1:
                for tx_id, answer in answers.items():
                    self._email_pay_write_answers({tx_id: answer})
            elif isinstance(error, CONFLICTS):
                if tries:
                    self._email_pay_write_answers(answers, tries - 1)
            else:
                _logger.exception("The answer to charge %s could not be written", list(answers))
            return
        # The job counts instalments, whatever becomes of them.
        done = charges.with_context(ir_cron_progress_id=False).filtered(
            lambda tx: tx.state == 'done')
        done._email_pay_book_and_commit()
        if not all(done.mapped('is_post_processed')):  # somebody works on the same documents
            self.env.ref('payment.cron_post_process_payment_tx')._trigger()

    def _email_pay_take_answers(self, answers):
        self._email_pay_lock()
        # Odoo loses sight of the others while it changes the state of one: all is read before.
        plans = self.email_pay_installment_id.plan_id
        plans.mapped('state')
        plans.installment_ids.mapped('state')
        for tx in self:
            self.env['email.pay.portal']._speak(tx)._email_pay_take_answer(answers[tx.id])

    def _email_pay_take_answer(self, answer):
        if isinstance(answer, NotPrepared):
            self._email_pay_put_off(answer)
        elif isinstance(answer, POSTPONED):
            self._email_pay_postpone(answer)
        elif isinstance(answer, errors.UnknownOutcome):
            _logger.warning("The outcome of %s is unknown: %s", self.reference, answer)
            if isinstance(answer, BrokenOff):
                self._email_pay_report_broken_off(answer)
        elif isinstance(answer, errors.GatewayError):
            self._email_pay_refuse(answer)
        else:
            self._email_pay_apply_all(answer, 'charge')

    def _email_pay_postpone(self, error):
        """It was not sent, and is charged later; a person is told of what does not mend itself."""
        _logger.warning("%s was not charged yet: %s", self.reference, error)
        self.email_pay_ask_at = False
        line = self.email_pay_installment_id
        late = line.due_date and line.due_date < fields.Date.today() - timedelta(days=1)
        if late or isinstance(error, errors.CredentialsRefused):
            line.plan_id._ask_once(
                _("%s takes no charges", self.provider_id.name),
                _("Cards cannot be charged for instalments that are due: %(reason)s Press “Test"
                  " connection” on the app %(app)s. What is due is charged as soon as it works.",
                  reason=error, app=self.provider_id.name),
                for_all=self.provider_id,
            )

    def _email_pay_put_off(self, error):
        """It was not sent, by an error of our own: that may be mended when it is tried again."""
        told = bool(self.state_message)
        self.state_message = _("Odoo made an error before it was sent: %s", error)
        self.email_pay_installment_id._put_off_broken(error, told)

    def _email_pay_report_broken_off(self, error):
        self.email_pay_broke_off = True
        self.email_pay_installment_id.plan_id._report_own_error(
            _("Charging at %s broke off", self.provider_id.name),
            _("Odoo made an error (%(error)s) while %(app)s was to charge %(amount)s for"
              " %(reference)s. It is asked whether it charged, and nothing is charged again by"
              " itself. Show this to whoever looks after Odoo: other plans may have met the same"
              " error.",
              error=error, app=self.provider_id.name, reference=self.reference,
              amount=self.currency_id.format(self.amount)),
        )

    # === WHAT BECAME OF IT === #

    def _email_pay_claim_again(self):
        """Let these payments, of which the first is not known to be made, be charged once more: the
        gateway is asked before."""
        given_up = self.filtered(lambda tx: tx.state in ('error', 'cancel'))
        given_up.write({'email_pay_asked': 1, 'email_pay_ask_at': False})
        given_up._set_pending(extra_allowed_states=('error', 'cancel'))
        (self - given_up).filtered(
            lambda tx: tx.state == 'pending'
        ).last_state_change = fields.Datetime.now()

    def _email_pay_withdraw(self):
        """Let nobody charge those of these payments that are claimed and not sent yet. It is no
        refusal of their instalments."""
        claimed = self.filtered(lambda tx: tx._email_pay_is_claimed())
        claimed.with_context(email_pay_withdrawn=True)._set_canceled()

    def _email_pay_tell_installment(self):
        if not self.env.context.get('email_pay_withdrawn'):
            super()._email_pay_tell_installment()

    def _email_pay_is_claimed(self):
        """Whether this is a charge of a saved card that was not sent."""
        return (
            self.state == 'pending' and self.operation == 'offline' and not self.email_pay_ask_at
            and bool(self.token_id and self.email_pay_installment_id)
        )

    def _email_pay_set_lost(self):
        """Override: the gateway never got the charge of an instalment. It is sent again, unless the
        gateway knows it by then; where an error of our own ended it, which may repeat itself, a
        person decides."""
        if self.operation != 'offline' or not self.token_id or not self.email_pay_installment_id:
            super()._email_pay_set_lost()
        elif self.email_pay_broke_off:
            self.env['email.pay.portal']._speak(self)._email_pay_report_untold()
        else:
            self.email_pay_ask_at = False

    def _email_pay_query(self):
        """Override: that a card was asked for proves nothing, as no question tells its name."""
        if not self.email_pay_card_plan_id:
            return super()._email_pay_query()
        return ()

    def _email_pay_ask(self):
        """Override: what a provider of Odoo has not told is left to a person, as nobody can ask."""
        if self.provider_code in REGISTRY:
            return super()._email_pay_ask()
        self.email_pay_asked += 1
        self._email_pay_plan_question()
        if self.email_pay_installment_id and self.state == 'pending':
            self.env['email.pay.portal']._speak(self)._email_pay_report_untold()
        return True

    def _email_pay_give_up(self):
        """Override: of what nobody knows whether it was charged, nothing is charged again."""
        self.email_pay_refused_for_good = True
        super()._email_pay_give_up()

    def _email_pay_report_untold(self):
        line = self.email_pay_installment_id
        line.plan_id._ask_once(
            _("Was instalment %s charged?", line.number),
            _("%(app)s did not tell whether it charged %(amount)s for %(reference)s. It is not"
              " charged again by itself. Look it up there, then press “Confirm” or “Deny” on the"
              " instalment.", app=self.provider_id.name, reference=self.reference,
              amount=self.currency_id.format(self.amount)),
        )

    def _tokenize(self, payment_data):
        """Override of `payment`: the card that the customer saved for a plan is its card."""
        super()._tokenize(payment_data)
        plan = self.email_pay_card_plan_id or self.email_pay_installment_id.plan_id
        if plan and self.token_id:
            plan._take_card(self.token_id)


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    def _send_api_request(self, *args, **kwargs):
        """Override of `payment`: while a saved card is charged, a provider of Odoo that broke off
        may have charged it. Odoo takes that for a refusal.

        :raises gateways.errors.NoAnswer: the outcome is unknown.
        """
        try:
            return super()._send_api_request(*args, **kwargs)
        except ValidationError as error:
            if self.env.context.get('email_pay_charging') and _may_have_charged(error.__context__):
                raise errors.NoAnswer(f"{self.name} broke off.") from error
            raise


def _may_have_charged(cause):
    if isinstance(cause, requests.exceptions.HTTPError):
        return cause.response.status_code >= 500
    return isinstance(cause, requests.exceptions.RequestException)
