import logging
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.tools import SQL

from ..gateways import errors
from ..gateways.values import RETURNS, Operation, Status
from .email_pay_attention import telling
from .locks import CONFLICTS

_logger = logging.getLogger(__name__)

# Seconds between one question to the gateway and the next, while a payment's outcome is unknown.
ASK_GAPS = (15, 60, 5 * 60, 15 * 60, 3600, 6 * 3600, 24 * 3600)
# A gateway that still does not know a payment after this many questions never got it.
ASKS_UNTIL_LOST = 3
# Whose outcome stays unknown for this long is left to a person.
ASK_DAYS = 30
OPEN_STATES = ('draft', 'pending')
GIVEN_UP_STATES = ('cancel', 'error')
FINAL = (Status.DONE, Status.DECLINED, Status.CANCELED)


class PaymentTransaction(models.Model):
    """The janitor: no payment stays open because nobody told us what became of it."""

    _inherit = 'payment.transaction'

    def _email_pay_plan_question(self):
        """Set when the gateway is asked next for the outcome of this payment; never again when it
        has one. What was declined or given up can still be paid on a gateway's page that lives: it
        is asked for when that ends."""
        self.ensure_one()
        ask_at = self.state in OPEN_STATES and self._email_pay_next_turn()
        if self.state in GIVEN_UP_STATES + OPEN_STATES and self._email_pay_checkout_lives():
            end = self.email_pay_checkout_until
            ask_at = min(ask_at, end) if ask_at else end
        self.email_pay_ask_at = ask_at

    def _email_pay_next_turn(self):
        gap = ASK_GAPS[min(self.email_pay_asked, len(ASK_GAPS) - 1)]
        return fields.Datetime.now() + timedelta(seconds=gap)

    def _email_pay_ask(self):
        """Ask the gateway what became of this payment, and apply its answer.

        :return: whether the gateway answered.
        """
        self.ensure_one()
        self.email_pay_asked += 1
        self._email_pay_plan_question()
        try:
            events = self._email_pay_query()
        except errors.GatewayError as error:
            _logger.info("%s: the gateway was asked in vain: %s", self.reference, error)
            if self.state in GIVEN_UP_STATES and self._email_pay_checkout_is_over():
                self._email_pay_ask_while_it_matters()
            return False
        self._email_pay_take_told(events)
        if not events:
            self._email_pay_take_unknown()
        return True

    def _email_pay_take_unknown(self):
        """The gateway answered that it does not know this payment."""
        if self.state == 'pending' and self.email_pay_asked >= ASKS_UNTIL_LOST:
            self._email_pay_set_lost()
        elif self.state == 'draft' and self._email_pay_checkout_is_over():
            self._set_canceled(state_message=_("The payment was not finished in time."))
            self.email_pay_ask_at = False

    def _email_pay_take_told(self, events):
        self._email_pay_apply_all(events, 'query')
        about = (Operation.PAYMENT,) if self.operation != 'refund' else RETURNS
        if any(event.operation in about and event.status in FINAL for event in events):
            self.env['email.pay.event'].sudo()._note_answered(self)

    def _email_pay_ask_beside(self):
        """Ask for a person who wants to know now, beside the questions that are counted: of those,
        some in vain mean that the gateway never got the payment, which may be on its way there."""
        self.ensure_one()
        try:
            self._email_pay_take_told(self._email_pay_query())
        except errors.GatewayError as error:
            _logger.info("%s: the gateway was asked in vain: %s", self.reference, error)

    def _email_pay_advance(self):
        """All that can be done for this transaction now: the notifications that wait for it, a
        question to the gateway when one is due, and the booking.

        The worker, the customer's page and the janitor all come here.

        :return: False when the gateway was asked and did not answer.
        """
        self.ensure_one()
        answered = True
        self.env['email.pay.event'].sudo()._process_for(self)
        if self.email_pay_ask_at and self.email_pay_ask_at <= fields.Datetime.now():
            answered = self._email_pay_ask()
        self._email_pay_book()
        return answered

    @api.model
    def _email_pay_cron_ask(self):
        """Ask for every payment whose outcome is still unknown and whose time has come, a commit
        for each. A provider that does not answer is left alone until the next run, so that it keeps
        no other waiting."""
        due = self._email_pay_due_questions()
        while due:
            tx_id, provider_id = due.pop(0)
            if not self.browse(tx_id)._email_pay_take_turn():
                due = [question for question in due if question[1] != provider_id]
            if not self.env['ir.cron']._commit_progress(1, remaining=len(due)):
                break

    @api.model
    def _email_pay_due_questions(self):
        """The transactions to ask for now, with the provider of each: the first of every provider,
        then the second of every provider, and so on."""
        self.flush_model(['email_pay_ask_at'])
        return self.env.execute_query(SQL(
            """
            SELECT id, provider_id FROM payment_transaction WHERE email_pay_ask_at <= %s
             ORDER BY row_number() OVER (PARTITION BY provider_id ORDER BY email_pay_ask_at, id),
                      email_pay_ask_at
            """, fields.Datetime.now(),
        ))

    def _email_pay_take_turn(self):
        """Ask for this transaction unless somebody else works on it. What fails is asked for again,
        later and later, like what has no answer.

        :return: whether its provider may be asked for the next one.
        """
        try:
            if not self._email_pay_try_lock():
                return True
            answered = self._email_pay_advance()
            self._email_pay_give_up_in_time()
            self.env.cr.flush()
            return answered
        except CONFLICTS:
            self.env.cr.rollback()  # somebody else works on it
        except Exception as error:
            _logger.exception("Transaction %s could not be asked for", self.id)
            self.env.cr.rollback()
            self._email_pay_note_broken(error)
        return True

    def _email_pay_note_broken(self, error):
        """Ask again later, and tell a person of the error; after the last time, that it ended."""
        self.email_pay_asked += 1
        self._email_pay_plan_question()
        with telling(self.env.cr, "Nobody could be told of transaction %s", self.id):
            self.env['email.pay.event'].sudo()._park_unanswered(self, self._email_pay_broken(error))
        with telling(self.env.cr, "Transaction %s could not be given up", self.id):
            self._email_pay_give_up_in_time()

    def _email_pay_ask_while_it_matters(self):
        """What was paid on a page that ended is not known yet, whatever the state says."""
        self.email_pay_ask_at = self._email_pay_next_turn()
        if self._email_pay_is_given_up():
            self.email_pay_ask_at = False

    def _email_pay_is_given_up(self):
        limit = fields.Datetime.now() - timedelta(days=ASK_DAYS)
        return bool(self.email_pay_ask_at) and self.last_state_change < limit

    def _email_pay_give_up_in_time(self):
        if self.state in OPEN_STATES and self._email_pay_is_given_up():
            self._email_pay_give_up()

    def _email_pay_give_up(self):
        """Leave a payment without an outcome to a person.

        It ends as an error, so it holds its invoices no longer; money that comes after all is still
        booked, or kept as the customer's credit.
        """
        _logger.warning("%s: no outcome after %s days", self.reference, ASK_DAYS)
        sentence = self._email_pay_in_customers_language().env._(
            "The bank has not confirmed this payment. Please contact us before you pay again."
        )
        self._set_error(sentence)
        self.email_pay_ask_at = False
        self.env['email.pay.event'].sudo()._park_unanswered(self, self._email_pay_what_to_do())

    def _email_pay_broken(self, error):
        """What a person reads of an error of our own, whose text may tell a secret."""
        return self.env['email.pay.portal']._speak(self).env._(
            "Odoo made an error (%(error)s) while it asked %(app)s what became of this payment. It"
            " asks again by itself. Show this to whoever looks after Odoo: other payments may have"
            " met the same error.", error=type(error).__name__, app=self.provider_id.name,
        )

    def _email_pay_what_to_do(self):
        env = self.env['email.pay.portal']._speak(self).env
        if self.operation == 'refund':
            return env._(
                "The gateway has not told for %(days)s days whether it paid this refund out. Look"
                " it up at the gateway by its reference. If it did, press “Replay”, or book it by"
                " hand; if not, press “Mark as dealt with”, and order the refund again.",
                days=ASK_DAYS,
            )
        return env._(
            "The gateway has not told for %(days)s days what became of this payment. Look it up at"
            " the gateway by its reference. If the money came, press “Replay”, or book it by hand;"
            " if not, press “Mark as dealt with”. The invoice can be paid again.", days=ASK_DAYS,
        )
