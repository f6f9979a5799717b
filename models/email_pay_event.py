import json
import logging
from dataclasses import asdict, replace
from datetime import timedelta

import psycopg2

from odoo import _, api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, format_date

from ..const import EVENT_BATCH, EVENT_MAX_ATTEMPTS
from ..gateways.errors import GatewayError, NotificationMalformed
from ..gateways.values import RETURNS, Notification, Operation
from .account_move_notes import Notes
from .locks import CONFLICTS, locked_ids

_logger = logging.getLogger(__name__)

# Seconds before each further attempt at a notification that failed.
RETRY_GAPS = (10, 60, 5 * 60, 15 * 60, 3600, 4 * 3600, 12 * 3600)
# How often the transaction of a notification is looked for before a person must.
LOOKS_FOR_TRANSACTION = 3
# How long after a payment its dispute can come: the card schemes allow 120 days, rarely more.
DISPUTE_DAYS = 180
# What can become of a notification, the least grave first.
GRAVITY = ('ignored', 'done', 'failed', 'parked')
FINISHED = ('ignored', 'done')
STORED_HEADERS = ('content-type',)
ATTENTION = 'email_pay.mail_activity_attention'
WORKER = 'email_pay.ir_cron_process_events'
# How long a wake-up is trusted to be on its way.
WAKING_SECONDS = 5


class EmailPayEvent(models.Model):
    """The inbox: everything that a gateway told us, kept whatever became of it."""

    _name = 'email.pay.event'
    _description = 'Payment Notification'
    _inherit = ['mail.thread', 'mail.activity.mixin']
    _order = 'id desc'
    _rec_name = 'key'
    _mail_post_access = 'read'

    provider_id = fields.Many2one(
        'payment.provider', required=True, readonly=True, ondelete='cascade',
        bypass_search_access=True,
    )
    company_id = fields.Many2one(related='provider_id.company_id')
    source = fields.Selection(
        [
            ('webhook', "Notification"),
            ('charge', "Answer to a charge"),
            ('refund', "Answer to a refund"),
            ('query', "Answer to a question"),
            ('booking', "Booking"),
        ],
        required=True, readonly=True, default='webhook',
    )
    key = fields.Char(
        string="Event", required=True, readonly=True,
        help="The gateway's own name of this notification. It is processed once, for ever.",
    )
    body = fields.Text(readonly=True)
    headers = fields.Char(readonly=True)
    tail = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ('new', "Waiting"),
            ('done', "Processed"),
            ('ignored', "No effect"),
            ('failed', "Will be retried"),
            ('parked', "Needs a person"),
        ],
        default='new', required=True, readonly=True,
    )
    attempts = fields.Integer(readonly=True)
    next_attempt = fields.Datetime(readonly=True, default=fields.Datetime.now)
    error = fields.Char(string="What to Do", readonly=True)
    transaction_id = fields.Many2one('payment.transaction', readonly=True, index='btree_not_null')
    proposed_id = fields.Many2one(
        'payment.transaction', string="Probably the Payment", readonly=True, ondelete='set null',
        help="The one payment of this amount, with a card of these last digits, that a dispute can"
             " be about. Nothing is booked until a person has compared it with the gateway.",
    )
    reference = fields.Char(readonly=True, index='btree_not_null')
    gateway_reference = fields.Char(readonly=True)
    operation = fields.Selection(
        [
            ('payment', "Payment"),
            ('refund', "Refund"),
            ('void', "Void"),
            ('chargeback', "Chargeback"),
            ('other', "Other"),
        ],
        readonly=True,
    )
    result = fields.Selection(
        [
            ('pending', "Pending"),
            ('authorized', "Authorized"),
            ('done', "Confirmed"),
            ('declined', "Declined"),
            ('canceled', "Canceled"),
        ],
        readonly=True,
    )
    amount = fields.Char(
        readonly=True, help="As the gateway told it, with its currency.",
    )

    _key_unique = models.UniqueIndex(
        '(provider_id, key)', "This notification is already stored.",
    )
    _waiting = models.Index("(next_attempt) WHERE state IN ('new', 'failed')")

    @api.depends('reference', 'gateway_reference', 'key')
    def _compute_display_name(self):
        """By what an accountant knows it: the payment that it is about."""
        for event in self:
            event.display_name = event.reference or event.gateway_reference or event.key

    # === ACCEPT === #

    @api.model
    def _accept(self, receiver, notification):
        """Store a verified notification and wake the worker; one that is stored already is no news.

        The gateway's reference is stored too, so that the customer's page finds it at once.

        :param models.payment_receiver.Receiver receiver: whose gateway has verified it.
        :return: whether it was new.
        :raises gateways.errors.NotificationMalformed: it cannot be read.
        """
        key = receiver.gateway.event_key(notification)
        reference = receiver.gateway.parse(notification)[0].reference
        is_plain = (key + reference + notification.tail).isprintable()
        if not is_plain or '\x00' in notification.text:  # which PostgreSQL cannot keep
            raise NotificationMalformed("The body, its name or its reference is not plain text.")
        rows = self._store(receiver, key, reference, notification)
        if rows == [(None,)]:
            self.env['ir.cron'].sudo().browse(self._worker_id())._trigger()
        return bool(rows)

    @api.model
    def _store(self, receiver, key, reference, notification):
        """Insert a notification, and look for a wake-up of the worker that serves it too.

        A job deletes its wake-ups when it begins, in a transaction that ends with the job. So one
        that is not locked belongs to a job that has not begun, and while we hold it that job waits
        for our commit before it looks into the inbox. One that is older, or was planned for a later
        time, may have been told to no server process.

        :return: no row when it is stored already, else one with the id of the wake-up or None.
        """
        headers = {name: notification.header(name) for name in STORED_HEADERS}
        now = fields.Datetime.now()
        self.env.cr.execute(
            """
            INSERT INTO email_pay_event (
                provider_id, source, key, body, tail, headers, state, attempts, reference,
                next_attempt, create_date, write_date
            ) VALUES (%s, 'webhook', %s, %s, %s, %s, 'new', 0, %s, %s, %s, %s)
            ON CONFLICT (provider_id, key) DO NOTHING
            RETURNING (
                SELECT id FROM ir_cron_trigger
                 WHERE cron_id = %s AND call_at <= create_date
                   AND create_date > now() AT TIME ZONE 'UTC' - make_interval(secs => %s)
                 LIMIT 1 FOR KEY SHARE SKIP LOCKED
            )
            """,
            (
                receiver.provider_id, key, notification.text, notification.tail,
                json.dumps(headers), reference or None, now, now, now,
                self._worker_id(), WAKING_SECONDS,
            ),
        )
        return self.env.cr.fetchall()

    @api.model
    def _worker_id(self):
        return self.env['ir.model.data']._xmlid_to_res_id(WORKER)

    @api.model
    def _park_answer(self, tx, report, source, reason):
        """Keep an answer of the gateway that cannot be booked on `tx`, for a person to see."""
        key = f'{source}:{report.operation}:{report.gateway_reference}:{report.status}'
        event = self._kept(tx, source, key, {
            'body': json.dumps(asdict(report), default=str), **self._report_values(report),
        })
        if event.state == 'new':
            event._park(reason)

    @api.model
    def _park_booking(self, tx, reason):
        """Show that money came or went back and could not be booked."""
        event = self._kept(tx, 'booking', f'booking:{tx.reference}', self._values_of(tx))
        env = self.env['email.pay.portal']._speak(tx).env
        sentence = (
            env._("Money went back and could not be booked. Put this right, then press “Replay”:"
                  " %s", reason)
            if tx.operation == 'refund' else
            env._("The payment was collected and could not be booked. Put this right, then press"
                  " “Replay”: %s", reason)
        )
        if (event.state, event.error) != ('parked', sentence):
            event._park(sentence)

    @api.model
    def _park_unanswered(self, tx, reason):
        """Show that nobody told what became of a payment."""
        self._kept(tx, 'query', f'unanswered:{tx.reference}', {
            'result': 'pending', **self._values_of(tx),
        })._park(reason)

    @api.model
    def _values_of(self, tx):
        return {
            'reference': tx.reference,
            'gateway_reference': tx.provider_reference,
            'operation': 'refund' if tx.operation == 'refund' else 'payment',
            'amount': f'{tx._email_pay_decimal(abs(tx.amount))} {tx.currency_id.name}',
        }

    @api.model
    def _kept(self, tx, source, key, values):
        """What is kept about `tx` under `key`: new the first time."""
        return self._find(tx, key) or self.create({
            'provider_id': tx.provider_id.id,
            'source': source,
            'key': key,
            'transaction_id': tx.id,
            **values,
        })

    @api.model
    def _note_booked(self, transactions):
        """What could not be booked or was not answered before is booked."""
        self.search([
            ('provider_id', 'in', transactions.provider_id.ids),
            ('key', 'in', [
                f'{kind}:{tx.reference}' for kind in ('booking', 'unanswered')
                for tx in transactions
            ]),
        ])._finish('done')

    @api.model
    def _note_answered(self, tx):
        if tx.email_pay_asked:
            self._find(tx, f'unanswered:{tx.reference}')._finish('done')

    @api.model
    def _find(self, tx, key):
        return self.search([('provider_id', '=', tx.provider_id.id), ('key', '=', key)])

    # === PROCESS === #

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
            limit = min(2 * limit, EVENT_BATCH)
            waiting = self._count_due()
            if not self.env['ir.cron']._commit_progress(len(events), remaining=waiting):
                break
        self._plan_retries()

    @api.model
    def _due_domain(self):
        return [('state', 'in', ('new', 'failed')), ('next_attempt', '<=', fields.Datetime.now())]

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
        upcoming = self.search([('state', '=', 'failed')], order='next_attempt', limit=1)
        if upcoming:
            self.env.ref(WORKER)._trigger(at=upcoming.next_attempt)

    @api.model
    def _process_for(self, tx):
        """Process now what waits for `tx`, as its customer is looking."""
        waiting = self.search([
            ('provider_id', '=', tx.provider_id.id),
            ('reference', '=', tx.reference),
            ('state', 'in', ('new', 'failed')),
        ], order='id')
        waiting.try_lock_for_update()._process()

    def _process(self):
        """Process these events, a savepoint each, and book together what they collected. A conflict
        with another worker is the caller's to repeat."""
        with Notes.of(self.env) as notes:
            self = self.with_env(notes.env)
            held = self._hold_transactions()
            for event in self:
                self.env['email.pay.portal']._speak(event)._process_one(notes, held)
            self.filtered(lambda event: event.state in FINISHED).activity_unlink([ATTENTION])
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

    @api.model
    def _has_parked(self, tx, number):
        """Whether an answer about the payment `number` of `tx` waits for a person."""
        return bool(self.search_count([
            ('transaction_id', '=', tx.id), ('state', '=', 'parked'), ('source', '!=', 'webhook'),
            ('gateway_reference', '=', number),
        ], limit=1))

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

    # === A DISPUTE THAT NAMES NO PAYMENT === #

    def _propose(self, report):
        """Look for the one payment that a dispute can be about; the sentence for a person."""
        payments = self._disputable(report)
        if len(payments) != 1 or len(self._reports()) != 1:
            return _(
                "The bank reports a dispute of %(amount)s, card ending in %(card)s. Find the"
                " payment at the gateway, answer the dispute there, and reopen the invoice.",
                amount=report.amount, card=report.card_last4,
            )
        self.proposed_id = payments
        return _(
            "The bank reports a dispute of %(amount)s, card ending in %(card)s. It names no"
            " payment; only %(reference)s of %(customer)s on %(date)s fits. Compare it with the"
            " gateway, press “Book on this payment”, and answer the dispute at the gateway.",
            amount=report.amount, card=report.card_last4, reference=payments.reference,
            customer=payments.partner_id.display_name,
            date=format_date(self.env, payments.create_date),
        )

    def _disputable(self, report):
        """The payments of this app that `report`, which names none, can be about."""
        if not report.amount or not report.card_last4:
            return self.env['payment.transaction']
        since = fields.Datetime.now() - timedelta(days=DISPUTE_DAYS)
        return self.env['payment.transaction'].search([
            ('provider_id', '=', self.provider_id.id),
            ('state', '=', 'done'),
            ('operation', '!=', 'refund'),
            ('amount', '=', float(report.amount)),
            ('email_pay_card_last4', '=', report.card_last4),
            ('create_date', '>', since),
        ], limit=2)

    def action_accept_proposal(self):
        """A person has found that the proposed payment is the one that the dispute is about."""
        self._check_may_decide()
        for event in self.sudo().filtered(lambda e: e.state == 'parked' and e.proposed_id):
            tx = event.transaction_id = event.proposed_id
            [report] = event._reports()
            state, reason = tx._email_pay_take_return(replace(report, reference=tx.reference))
            if state in ('done', 'ignored'):
                event._finish(state)
            else:
                event._park(reason)

    def _reports(self):
        return self.provider_id.sudo()._email_pay_gateway().parse(self._notification())

    def _notification(self):
        return Notification(
            body=(self.body or '').encode(),
            headers=json.loads(self.headers or '{}'),
            tail=self.tail or '',
        )

    @api.model
    def _report_values(self, report):
        return {
            'reference': report.reference or False,
            'gateway_reference': report.gateway_reference,
            'operation': report.operation.value,
            'result': report.status.value,
            'amount': f'{report.amount} {report.currency}' if report.amount is not None else False,
        }

    # === OUTCOMES === #

    def _finish(self, state):
        if not self:
            return
        self.write({'state': state, 'error': False})
        self.activity_unlink([ATTENTION])

    def _retry_later(self):
        gap = RETRY_GAPS[min(self.attempts, len(RETRY_GAPS)) - 1]
        self.write({
            'state': 'failed',
            'next_attempt': fields.Datetime.now() + timedelta(seconds=gap),
        })

    def _fail(self, error):
        """Note an error; after the last attempt a person must look."""
        text = str(error) if isinstance(error, GatewayError) else f'{type(error).__name__}: {error}'
        if self.attempts < EVENT_MAX_ATTEMPTS:
            self.error = text
            self._retry_later()
        else:
            self._park(text)

    def _park(self, reason):
        """Leave it to a person: visible in the inbox, with one activity for the responsible."""
        self.ensure_one()
        self.write({'state': 'parked', 'error': reason})
        self.activity_unlink([ATTENTION])
        portal = self.env['email.pay.portal']._for_company(self.company_id)
        self.activity_schedule(
            ATTENTION,
            summary=portal._speak(self).env._("A payment needs you"),
            note=reason,
            user_id=portal._attention_user().id,
        )

    def _check_may_decide(self):
        """What a gateway told us cannot be edited; billing users decide what becomes of it."""
        self.check_access('read')
        if not self.env.user.has_group('account.group_account_invoice'):
            raise AccessError(_("Only billing users can do this."))

    def action_replay(self):
        """Try again, now: the notification, the question to the gateway, or the booking."""
        self._check_may_decide()
        webhooks = self.filtered(lambda event: event.source == 'webhook')
        webhooks.sudo().write({
            'state': 'new', 'attempts': 0, 'error': False, 'next_attempt': fields.Datetime.now(),
        })
        self.env.ref(WORKER).sudo()._trigger()
        for tx in (self - webhooks).transaction_id.sudo():
            tx._email_pay_ask()
            tx._email_pay_book()

    def action_ignore(self):
        """A person has dealt with it."""
        self._check_may_decide()
        self.sudo()._finish('ignored')
