import json
from dataclasses import asdict
from datetime import timedelta

from odoo import api, fields, models

from ..const import EVENT_MAX_ATTEMPTS
from ..gateways.errors import GatewayError

# Seconds before each further attempt at a notification that failed.
RETRY_GAPS = (10, 60, 5 * 60, 15 * 60, 3600, 4 * 3600, 12 * 3600)
WORKER = 'email_pay.ir_cron_process_events'


class Many2oneUnchecked(fields.Many2one):
    """Without a foreign key. PostgreSQL plans the check of one anew at each notification, since
    Odoo's pool discards all plans with each connection; that takes as long as to store it."""

    def update_db_foreign_key(self, model, column):
        """Override: there is none."""


class EmailPayEvent(models.Model):
    """The inbox: everything that a gateway told us, kept whatever became of it."""

    _name = 'email.pay.event'
    _description = 'Payment Notification'
    _inherit = ['email.pay.attention']
    _order = 'id desc'
    _rec_name = 'key'

    provider_id = Many2oneUnchecked(
        'payment.provider', required=True, readonly=True, ondelete='restrict',
    )
    provider_name = fields.Char(related='provider_id.name', string="App Name")
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
    # A gateway may tell the token of a saved card in it.
    body = fields.Text(readonly=True, groups='base.group_system')
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
    reference = fields.Char(readonly=True)
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
    # Both to work off what waits, which is little, and to find what waits for one payment.
    _waiting = models.Index("(reference) WHERE state IN ('new', 'failed')")

    @api.depends('reference', 'gateway_reference', 'key')
    def _compute_display_name(self):
        """By what an accountant knows it: the payment that it is about."""
        for event in self:
            event.display_name = event.reference or event.gateway_reference or event.key

    # === WHAT IS KEPT ABOUT A TRANSACTION === #

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
        event = self._kept(tx, 'query', f'unanswered:{tx.reference}', {
            'result': 'pending', **self._values_of(tx),
        })
        if (event.state, event.error) != ('parked', reason):
            event._park(reason)

    @api.model
    def _values_of(self, tx):
        return {
            'reference': tx.reference,
            'gateway_reference': tx.provider_reference,
            'operation': 'refund' if tx.operation == 'refund' else 'payment',
            'amount': f'{tx._email_pay_decimal(abs(tx.amount))} {tx.currency_id.name}',
        }

    @api.model
    def _report_values(self, report):
        return {
            'reference': report.reference or False,
            'gateway_reference': report.gateway_reference,
            'operation': report.operation.value,
            'result': report.status.value,
            'amount': f'{report.amount} {report.currency}' if report.amount is not None else False,
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

    @api.model
    def _has_parked(self, tx, number):
        """Whether an answer about the payment `number` of `tx` waits for a person."""
        return bool(self.search_count([
            ('transaction_id', '=', tx.id), ('state', '=', 'parked'), ('source', '!=', 'webhook'),
            ('gateway_reference', '=', number),
        ], limit=1))

    # === OUTCOMES === #

    def _finish(self, state):
        if not self:
            return
        self.write({'state': state, 'error': False})
        self._no_attention()

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
        self._no_attention()
        spoken = self.env['email.pay.portal']._speak(self)
        self._ask_attention(self.company_id, self, spoken.env._("A payment needs you"), reason)

    # === DECIDE === #

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
