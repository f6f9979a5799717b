import logging
from datetime import UTC, timedelta
from functools import partial

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..gateways import REGISTRY, errors
from .comparison import Comparison, Window
from .email_pay_attention import telling
from .locks import CONFLICTS, locked_ids
from .payment_provider import TEST_ANSWERS

_logger = logging.getLogger(__name__)

REPORTING = [code for code, gateway in REGISTRY.items() if gateway.supports.report]
# What is compared at least, and at most after days without an answer.
DAYS, MOST_DAYS = 4, 30
# What is younger may still be on its way.
GRACE = timedelta(hours=1)
# Less than a day, so that a daily job finds every provider due.
EVERY = timedelta(hours=20)
# A report that does not tell of more confirmed payments than this is none.
MOST_UNREPORTED = 200
# Comparisons in vain, a day apart, until a person is told.
FAILURES_UNTIL_TOLD = 3


class PaymentProvider(models.Model):
    """Once a day, what the gateway did is compared with what Odoo booked."""

    _inherit = 'payment.provider'

    email_pay_can_compare = fields.Boolean(compute='_compute_email_pay_can_compare')
    email_pay_compare_at = fields.Datetime(
        string="Compared Next on", readonly=True, copy=False,
    )
    email_pay_compared_at = fields.Datetime(string="Last Compared on", readonly=True, copy=False)
    email_pay_compare_failures = fields.Integer(readonly=True, copy=False)

    @api.depends('code')
    def _compute_email_pay_can_compare(self):
        for provider in self:
            provider.email_pay_can_compare = provider.code in REPORTING

    # === WHEN === #

    @api.model
    def _email_pay_cron_compare(self):
        """Compare every provider whose day has come, a commit for each."""
        now = fields.Datetime.now()
        due = self._email_pay_comparable().filtered(
            lambda provider: not provider.email_pay_compare_at
            or provider.email_pay_compare_at <= now
        )
        for number, provider in enumerate(due, 1):
            provider._email_pay_compare_in_turn()
            if not self.env['ir.cron']._commit_progress(1, remaining=len(due) - number):
                break

    @api.model
    def _email_pay_comparable(self):
        """The providers (sudo) that can be asked for a report and have something to compare: live
        or not, and disabled ones whose last payments are recent."""
        providers = self.sudo().search([('code', 'in', REPORTING)]).filtered(
            lambda provider: provider._email_pay_has_credentials()
        )
        recent = fields.Datetime.now() - timedelta(days=DAYS)
        last = dict(self.env['payment.transaction'].sudo()._read_group(
            [('provider_id', 'in', providers.ids)], ['provider_id'], ['last_state_change:max'],
        ))
        return providers.filtered(
            lambda provider: provider in last
            and (provider.state != 'disabled' or last[provider] >= recent)
        )

    def _email_pay_has_credentials(self):
        """Whether what a provider of this code needs is filled in. A neutralized one has nothing,
        and is never asked."""
        needed = (
            name for name, field in self._fields.items()
            if getattr(field, 'required_if_provider', None) == self.code
        )
        return all(self[name] for name in needed)

    def _email_pay_compare_in_turn(self):
        """Compare; a gateway that does not answer is no difference, and is asked tomorrow."""
        try:
            self._email_pay_compare(commit=self.env['ir.cron']._commit_progress)
            self.env.cr.flush()
        except CONFLICTS:  # somebody else works on the same: begin again soon
            self.env.cr.rollback()
            self.env.ref('email_pay.ir_cron_compare')._trigger()
        except Exception as error:
            self.env.cr.rollback()
            if isinstance(error, errors.GatewayError):
                _logger.warning("Provider %s could not be compared: %s", self.id, error)
            else:
                _logger.exception("Provider %s could not be compared", self.id)
            self._email_pay_note_failure()

    def _email_pay_note_failure(self):
        self.email_pay_compare_failures += 1
        self.email_pay_compare_at = fields.Datetime.now() + EVERY
        if self.email_pay_compare_failures >= FAILURES_UNTIL_TOLD:
            with telling(self.env.cr, "Nobody could be told of provider %s", self.id):
                self.env['email.pay.difference']._record_silence(self)

    # === COMPARING === #

    def _email_pay_compare(self, commit=None):
        """Compare what the gateway did in the last days with the books, mend what can be mended by
        asking and booking, and record what remains.

        :param commit: what a job calls after every payment that it mended, as that is work done.
        :raises gateways.errors.GatewayError: nothing is known.
        """
        self.ensure_one()
        now = fields.Datetime.now()
        window = self._email_pay_window(now)
        events = self._email_pay_gateway().report(
            window.since.replace(tzinfo=UTC), now.replace(tzinfo=UTC)
        )
        open_before = self.env['email.pay.difference']._open_of(self)
        comparison = Comparison(self, list(events), window, open_before.transaction_id)
        older = open_before.filtered(
            lambda difference: difference.gateway_reference not in comparison.numbers
        )
        comparison = self._email_pay_ask_for(
            comparison, comparison.unreported() | older.transaction_id
        )
        comparison = self._email_pay_mend(comparison, commit)
        self._email_pay_conclude(comparison, now)

    def _email_pay_window(self, now):
        """The last days, or all since the last comparison; not before the first payment."""
        begin = self.env['payment.transaction'].sudo().search(
            [('provider_id', '=', self.id)], order='id', limit=1
        ).create_date or now
        since = min(now, self.email_pay_compared_at or now) - timedelta(days=DAYS)
        oldest = now - timedelta(days=MOST_DAYS)
        return Window(since=max(since, oldest, begin), until=now - GRACE, begin=begin)

    def _email_pay_ask_for(self, comparison, transactions):
        """Ask for each of what the report does not tell of: it may be older, or the two clocks may
        differ. What the gateway does not answer is not judged.

        :raises gateways.errors.UnknownOutcome: the report tells of too little to be believed.
        """
        if len(transactions) > MOST_UNREPORTED:
            raise errors.UnknownOutcome(
                f"The report of the gateway misses {len(transactions)} confirmed payments."
            )
        answers, silent = {}, set()
        for tx in transactions:
            payment = tx.source_transaction_id or tx
            try:
                answers.update(
                    (reference, self._email_pay_gateway(reference).query(reference))
                    for reference in {payment.reference, tx.reference} - answers.keys()
                )
            except errors.GatewayError as error:
                _logger.info("%s: the gateway was asked in vain: %s", tx.reference, error)
                silent.add(tx.id)
        told = [event for events in answers.values() for event in events]
        events = list(dict.fromkeys([*comparison.events, *told]))
        return Comparison(self, events, comparison.window, comparison.also, silent)

    def _email_pay_mend(self, comparison, commit=None):
        """Ask for and book what the gateway reports and the books do not have yet: the way on which
        every payment comes. What somebody else works on is not judged."""
        busy = set(comparison.unjudged)
        for tx_id in comparison.unfinished().ids:
            if not self.env['payment.transaction'].browse(tx_id).sudo()._email_pay_mend():
                busy.add(tx_id)
            if commit:
                commit()
        return Comparison(self, comparison.events, comparison.window, comparison.also, busy)

    def _email_pay_conclude(self, comparison, now):
        """Record the outcome, one comparison at a time for each provider."""
        locked_ids(self.env.cr, SQL(
            "SELECT id FROM payment_provider WHERE id = %s FOR NO KEY UPDATE", self.id,
        ))
        self.env['email.pay.difference']._record(comparison)
        self.write({
            'email_pay_compared_at': now,
            'email_pay_compare_at': now + EVERY,
            'email_pay_compare_failures': 0,
        })

    def _email_pay_compare_again(self, transactions):
        """Compare only these payments, by asking for each.

        :raises odoo.exceptions.UserError: the gateway does not answer.
        """
        now = fields.Datetime.now()
        events = []
        for tx in transactions | transactions.source_transaction_id:
            events += self._email_pay_or_say(
                partial(self._email_pay_gateway(tx.reference).query, tx.reference)
            )
        nothing_else = Window(since=now, until=now, begin=now)
        comparison = Comparison(self, list(dict.fromkeys(events)), nothing_else, transactions)
        self.env['email.pay.difference']._record(self._email_pay_mend(comparison))

    # === BY HAND === #

    def action_email_pay_compare(self):
        """*Compare now*: compare at once, and show what is open."""
        if not self.env.user.has_group('account.group_account_invoice'):
            raise AccessError(_("Only billing users can do this."))
        self.check_access('read')
        self.sudo()._email_pay_compare_now()
        return self.env['ir.actions.act_window']._for_xml_id(
            'email_pay.action_email_pay_differences'
        )

    def _email_pay_compare_now(self):
        for provider in self:
            provider._email_pay_or_say(provider._email_pay_compare)

    def _email_pay_or_say(self, work):
        """Do `work`, and say in words what keeps the gateway from answering."""
        try:
            return work()
        except errors.GatewayError as error:
            answer = next(text for kind, text in TEST_ANSWERS if isinstance(error, kind))
            raise UserError(_(
                "%(name)s could not be compared. %(answer)s\n%(detail)s",
                name=self.name, answer=answer(self.env), detail=error,
            )) from error


class PaymentTransaction(models.Model):
    _inherit = 'payment.transaction'

    def _email_pay_mend(self):
        """Ask the gateway what became of this payment and of its refunds, and book what is
        confirmed.

        :return: False when nothing can be said of it now: somebody else works on it, or the gateway
            does not answer.
        """
        if not self._email_pay_try_lock():
            return False
        answered = self._email_pay_ask()
        for tx in self | self.child_transaction_ids:
            tx._email_pay_book()
        return answered
