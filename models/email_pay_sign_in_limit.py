import ipaddress
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import hmac

LIMIT_SCOPE = 'email_pay.sign_in.limit'
# A limit that nobody met for so long starts anew.
FORGOTTEN_AFTER = timedelta(days=1)


class Limit(NamedTuple):
    """How much is free at once, and how long one waits for more.

    A try is forgotten after `refill` seconds. From the `free`-th that is remembered on, the next
    must wait `first` seconds, and twice as long each time, at most `longest`.
    """

    free: int
    refill: int
    first: int
    longest: int
    # Whether who comes too early is refused; else all are let through, and served later.
    refuses: bool


# Only strangers in the same network as a customer can use these up; a browser with which the
# customer signed in before has one of its own.
NETWORK = Limit(free=30, refill=20, first=15, longest=900, refuses=True)
NUMBER_IN_NETWORK = Limit(free=5, refill=600, first=30, longest=900, refuses=True)
BROWSER = Limit(free=10, refill=120, first=15, longest=900, refuses=True)
# Of an IPv6 /48 anybody can have as many of those networks as there are; of a phone company's each
# customer has one.
SITE_BITS = 48
SITE = NETWORK._replace(free=200, refill=2)
NUMBER_IN_SITE = NUMBER_IN_NETWORK._replace(free=20, refill=180, longest=300)
# Strangers anywhere can use these up, so that nobody is refused for them.
NUMBER = Limit(free=20, refill=180, first=5, longest=60, refuses=False)
PORTAL = Limit(free=300, refill=1, first=5, longest=60, refuses=False)
# Text messages to one phone for browsers that are not known: ten at once, then ten an hour.
TEXTS = Limit(free=10, refill=360, first=360, longest=360, refuses=True)


class Verdict(NamedTuple):
    """What a limit says of one try."""

    # In how many seconds it may be repeated, or is served.
    wait: float
    # How many were refused since the last that was not.
    refused: int


def network_of(address, bits=64):
    """The network that an address is one of a person's or household's many in: an IPv6 /64.

    :param int bits: of the IPv6 network; an IPv4 address stands for itself.
    """
    try:
        ip = ipaddress.ip_address(address or '')
    except ValueError:
        return address or ''
    if ip.version == 6 and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    size = bits if ip.version == 6 else 32
    return str(ipaddress.ip_network((ip, size), strict=False))


class EmailPaySignInLimit(models.Model):
    """How often somebody tried, counted for all workers and nodes together."""

    _name = 'email.pay.sign.in.limit'
    _description = 'Sign-in Limit'
    _log_access = False

    key = fields.Char(required=True, help="Of whom: an HMAC, as nobody needs to know.")
    level = fields.Float(required=True, help="The tries that are remembered.")
    tried_at = fields.Datetime(required=True, help="The last try that was let through.")
    wait_until = fields.Datetime(required=True)
    refused = fields.Integer(required=True)

    _key_unique = models.UniqueIndex('(key)', "A limit is counted once.")
    _old = models.Index('(tried_at)')

    @api.model
    def _take(self, limit, *subject):
        """Count a try of `subject` in one statement, of which the caller makes a database
        transaction of its own: two at the same instant are two, and no rollback takes one back.

        Who is refused is not counted, so that no wait becomes longer by it.
        """
        now = fields.Datetime.now()
        self.env.cr.execute(
            """
            INSERT INTO email_pay_sign_in_limit AS kept (key, level, tried_at, wait_until, refused)
            VALUES (%(key)s, 1, %(now)s, %(now)s, 0)
            ON CONFLICT (key) DO UPDATE SET (level, tried_at, wait_until, refused) = (
                SELECT CASE WHEN early THEN kept.level ELSE new_level END,
                       CASE WHEN early THEN kept.tried_at ELSE %(now)s END,
                       CASE WHEN early THEN kept.wait_until
                            WHEN new_level < %(free)s - 0.5 THEN %(now)s
                            ELSE %(now)s + make_interval(secs => LEAST(%(longest)s,
                                %(first)s * 2 ^ GREATEST(0, new_level - %(free)s))) END,
                       CASE WHEN early THEN kept.refused + 1 ELSE 0 END
                  FROM (SELECT %(refuses)s AND kept.wait_until > %(now)s AS early,
                               LEAST(%(free)s + 10, 1 + GREATEST(0, kept.level - EXTRACT(
                                   EPOCH FROM %(now)s - kept.tried_at) / %(refill)s)) AS new_level
                       ) AS seen)
            RETURNING EXTRACT(EPOCH FROM wait_until - %(now)s), refused
            """,
            {
                **limit._asdict(), 'now': now,
                'key': hmac(self.sudo().env, LIMIT_SCOPE, repr(subject)),
            },
        )
        wait, refused = self.env.cr.fetchone()
        return Verdict(float(wait), refused)

    @api.autovacuum
    def _gc_forgotten(self):
        self.env.cr.execute(
            "DELETE FROM email_pay_sign_in_limit WHERE tried_at < %s",
            [fields.Datetime.now() - FORGOTTEN_AFTER])
