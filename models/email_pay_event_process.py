import json
import logging
from datetime import timedelta

import psycopg2
from requests.structures import CaseInsensitiveDict

from odoo import _, api, fields, models
from odoo.tools import SQL

from ..const import EVENT_BATCH, EVENT_MAX_ATTEMPTS
from ..gateways.values import RETURNS, Notification, Operation
from .account_move_notes import Notes
from .email_pay_event import WORKER
from .locks import CONFLICTS, locked_ids

_logger = logging.getLogger(__name__)

# How often the transaction of a notification is looked for before a person must.
LOOKS_FOR_TRANSACTION = 3
# How long a notification that somebody else works on is left to him.
HELD_SECONDS = 5
WAITING = ('new', 'failed')
# What can become of a notification, the least grave first.
GRAVITY = ('ignored', 'done', 'failed', 'parked')
FINISHED = ('ignored', 'done')


class EmailPayEvent(models.Model):
    """What waits in the inbox is applied, by the worker or while a customer looks."""

    _inherit = 'email.pay.event'

    # === TAKE WHAT WAITS === #

    @api.model
    def _cron_process(self, limit=EVENT_BATCH):
        """Process what waits, oldest first, a commit per batch; wake up again when more is left."""
        waiting = True
        while waiting and (events := self._take(limit)):
            try:
                events._process()
                self.env.cr.flush()
            except psycopg2.OperationalError:
                # Somebody else works on one of the same transactions: begin again, with fewer.
                self.env.cr.rollback()
                limit = max(1, limit // 2)
                continue
            waiting = self._count_due() if len(events) == limit else 0
            limit = min(2 * limit, EVENT_BATCH)
            if not self.env['ir.cron']._commit_progress(len(events), remaining=waiting):
                break
        self._plan_retries()

    @api.model
    def _due_domain(self):
        return [('state', 'in', WAITING), ('next_attempt', '<=', fields.Datetime.now())]

    @api.model
    def _count_due(self):
        return self.search_count(self._due_domain())

    @api.model
    def _take(self, limit):
        """The next events to process, locked; those that another worker has are passed over."""
        self.env.invalidate_all()
        return self.browse(locked_ids(self.env.cr, SQL(
            "SELECT id FROM email_pay_event WHERE state IN ('new', 'failed') AND next_attempt <= %s"
            " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED", fields.Datetime.now(), limit,
        )))

    @api.model
    def _plan_retries(self):
        """Come again when the next attempt is due; soon, where somebody else has one that is due
        already, and may leave it as it is."""
        upcoming = self.search([('state', 'in', WAITING)], order='next_attempt', limit=1)
        if upcoming:
            soon = fields.Datetime.now() + timedelta(seconds=HELD_SECONDS)
            self.env.ref(WORKER)._trigger(at=max(upcoming.next_attempt, soon))

    @api.model
    def _process_for(self, tx):
        """Process now what waits for `tx`, as its customer is looking."""
        waiting = self.search([
            ('provider_id', '=', tx.provider_id.id),
            ('reference', '=', tx.reference),
            ('state', 'in', WAITING),
        ], order='id')
        waiting.try_lock_for_update()._process()

    # === PROCESS === #

    def _process(self):
        """Process these events, a savepoint each, and book together what they collected. A conflict
        with another worker is the caller's to repeat."""
        with Notes.of(self.env) as notes:
            self = self.with_env(notes.env)
            held = self._hold_transactions()
            for event in self:
                self.env['email.pay.portal']._speak(event)._process_one(notes, held)
            self.filtered(lambda event: event.state in FINISHED)._no_attention()
            self.transaction_id._email_pay_book()

    def _hold_transactions(self):
        """Lock and read in few queries what these events are about."""
        transactions = self.env['payment.transaction'].search([
            ('reference', 'in', self.mapped('reference')),
            ('provider_id', 'in', self.provider_id.ids),
        ])
        if transactions:
            transactions._email_pay_lock()
        companies = self.env.company | transactions.company_id
        companies.mapped('name')
        partners = self.env.user.partner_id | companies.partner_id | transactions.partner_id
        partners.mapped('name')
        transactions.invoice_ids.mapped('line_ids.account_id.account_type')
        return transactions

    def _process_one(self, notes, held):
        """Apply one event in a savepoint. An error is kept, shown and retried."""
        attempts = self.attempts + 1
        try:
            with notes.savepoint():
                self.attempts = attempts
                self._apply(held)
        except CONFLICTS:
            raise
        except Exception as error:
            _logger.exception("Notification %s could not be processed", self.id)
            self.attempts = attempts
            self._fail(error)

    def _apply(self, held):
        """Apply all that this notification reports; the gravest outcome is its own.

        :param held: the transactions that are locked already.
        """
        outcomes = []
        for report in self._reports():
            self.write(self._report_values(report))
            outcomes.append(self._apply_report(report, held))
        state = max((state for state, _reason in outcomes), key=GRAVITY.index)
        reason = ' '.join(dict.fromkeys(text for grave, text in outcomes if grave == state))
        if state == 'parked':
            self._park(reason)
        elif state == 'failed':
            self._retry_later()
        else:
            self.write({'state': state, 'error': False})

    def _apply_report(self, report, held):
        """Apply one report, and return the state that it brings with the sentence for a person."""
        if report.operation == Operation.OTHER:
            return 'ignored', ''
        tx = self._find_transaction(report, held)
        if not tx:
            return self._without_transaction(report)
        self.transaction_id = tx
        if unheld := (tx.source_transaction_id | tx) - held:
            unheld._email_pay_lock()
        if not report.confirmed or report.operation in RETURNS:
            take = tx._email_pay_take_return if report.confirmed else tx._email_pay_take_hint
            state, reason = take(report)
            late = reason and state == 'failed' and self.attempts >= EVENT_MAX_ATTEMPTS
            return ('parked' if late else state), reason
        if reason := tx._email_pay_refusal(report):
            return 'parked', reason
        before = tx.state
        tx._process(tx.provider_code, report)
        return ('done' if tx.state != before else 'ignored'), ''

    def _find_transaction(self, report, held):
        found = held.filtered(
            lambda tx: tx.reference == report.reference and tx.provider_id == self.provider_id
        )
        if found or not report.reference:
            return found.with_env(self.env)
        return self.env['payment.transaction'].search([
            ('reference', '=', report.reference), ('provider_id', '=', self.provider_id.id),
        ])

    def _without_transaction(self, report):
        """A gateway can be faster than our own commit: look again twice before a person must."""
        if report.operation == Operation.CHARGEBACK:
            return 'parked', self._propose(report)
        if self.attempts < LOOKS_FOR_TRANSACTION:
            return 'failed', ''
        return 'parked', _(
            "No transaction of this app has the reference “%s”. If the money is yours, book it by"
            " hand; if another system uses the same merchant account, ignore this.",
            report.reference,
        )

    def _reports(self):
        return self.provider_id.sudo()._email_pay_gateway().parse(self._notification())

    def _notification(self):
        return Notification(
            body=(self.body or '').encode(),
            headers=CaseInsensitiveDict(json.loads(self.headers or '{}')),
            tail=self.tail or '',
        )
