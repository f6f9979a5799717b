import json
from datetime import timedelta

from odoo import api, fields, models

from ..gateways.errors import NotificationMalformed
from .email_pay_event import WORKER

STORED_HEADERS = ('content-type',)
# How long a wake-up is trusted to be on its way.
WAKING_SECONDS = 15


class EmailPayEvent(models.Model):
    """What a gateway tells is stored before anybody works on it."""

    _inherit = 'email.pay.event'

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
        if rows == [(None,)] or (
            not rows and receiver.gateway.supports.installments > 1
            and self._ask_again(receiver, key)
        ):
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
        waking_since = now - timedelta(seconds=WAKING_SECONDS)
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
                   AND create_date > %s
                 LIMIT 1 FOR KEY SHARE SKIP LOCKED
            )
            """,
            (
                receiver.provider_id, key, notification.text, notification.tail,
                json.dumps(headers), reference or None, now, now, now,
                self._worker_id(), waking_since,
            ),
        )
        return self.env.cr.fetchall()

    @api.model
    def _ask_again(self, receiver, key):
        """Of an order that is charged month by month each month's notification says the same, so
        that one which is known asks once more; tell whether it does."""
        self.env.cr.execute(
            """
            UPDATE email_pay_event SET state = 'new', attempts = 0, next_attempt = %(now)s
             WHERE id IN (
                SELECT event.id FROM email_pay_event event
                  JOIN payment_transaction tx
                       ON tx.reference = event.reference AND tx.provider_id = event.provider_id
                 WHERE event.provider_id = %(provider)s AND event.key = %(key)s
                   AND event.state IN ('done', 'ignored') AND tx.email_pay_order_id = tx.id
                   FOR UPDATE OF event SKIP LOCKED
             )
            """,
            {'now': fields.Datetime.now(), 'provider': receiver.provider_id, 'key': key},
        )
        return bool(self.env.cr.rowcount)

    @api.model
    def _worker_id(self):
        return self.env['ir.model.data']._xmlid_to_res_id(WORKER)
