import time
from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import fields, models

from ..gateways import REGISTRY, errors

# Who would have to wait longer for his turn is told to come again.
MOST_WAIT = timedelta(seconds=5)
# How often a turn is tried for that others take at the same instant.
MOST_ATTEMPTS = 20

TAKE_TURN = """
    INSERT INTO email_pay_pace AS pace (provider, next_at)
    VALUES (%(provider)s, (clock_timestamp() AT TIME ZONE 'UTC') + %(interval)s)
    ON CONFLICT (provider) DO UPDATE
       SET next_at = GREATEST(pace.next_at, clock_timestamp() AT TIME ZONE 'UTC') + %(interval)s
     WHERE pace.next_at <= (clock_timestamp() AT TIME ZONE 'UTC') + %(most)s
    RETURNING EXTRACT(EPOCH FROM
        next_at - %(interval)s - (clock_timestamp() AT TIME ZONE 'UTC'))
"""


class EmailPayPace(models.Model):
    """When a gateway that limits our questions may be asked next, by whatever process.

    Turns are taken in a database transaction of their own, so that nobody waits for what the one
    who took the last turn does with its answer; and without foreign key, for the same reason.
    """

    _name = 'email.pay.pace'
    _description = "Next Question to a Gateway"
    _log_access = False

    provider = fields.Integer(required=True)
    next_at = fields.Datetime(required=True)

    _provider_unique = models.UniqueIndex('(provider)')

    def _take_turn(self, provider_id, interval):
        """Take the next turn, and return in how many seconds it comes.

        :return: None when that would be too long; no turn is taken then.
        """
        values = {'provider': provider_id, 'interval': interval, 'most': MOST_WAIT}
        for _attempt in range(MOST_ATTEMPTS):
            try:
                with self.env.registry.cursor() as cr:
                    cr.execute(TAKE_TURN, values, log_exceptions=False)
                    row = cr.fetchone()
            except SerializationFailure:  # somebody else took this turn: try for the next
                continue
            return max(0.0, float(row[0])) if row else None
        return None


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    def _email_pay_take_pace(self):
        """Wait until this gateway may be asked again.

        :raises gateways.errors.NotSent: that would take too long.
        """
        interval = REGISTRY[self.code].supports.min_interval
        if not interval:
            return
        wait = self.env['email.pay.pace'].sudo()._take_turn(self.id, interval)
        if wait is None:
            raise errors.NotSent("Too many questions are waiting for this gateway.")
        time.sleep(wait)
