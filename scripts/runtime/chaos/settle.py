"""Afterwards: let Odoo find out and book all that is left, without any further notification.

The janitor asks with growing gaps. Their ends are moved to now by SQL, and the scheduled actions
are run at once: what they do is Odoo's own, only the waiting is left out.
"""

import time
from typing import NamedTuple

from .. import database
from ..home import say
from ..rpc import RemoteError

LONGEST = 240
# What the gateway has taken in before its last freeze may still be charged.
CALM = 4
ACTIONS = (
    'email_pay.ir_cron_process_events',
    'email_pay.ir_cron_charge_installments',
    'email_pay.ir_cron_ask',
    'email_pay.ir_cron_sync_plans',
    'payment.cron_post_process_payment_tx',
    'email_pay.ir_cron_send_receipts',
    'email_pay.ir_cron_tell_denied',
    'mail.ir_cron_mail_scheduler_action',
)
HASTEN = """
    UPDATE payment_transaction SET email_pay_ask_at = now() AT TIME ZONE 'UTC'
     WHERE email_pay_ask_at > now() AT TIME ZONE 'UTC';
    UPDATE email_pay_event SET next_attempt = now() AT TIME ZONE 'UTC'
     WHERE state = 'failed' AND next_attempt > now() AT TIME ZONE 'UTC';
    UPDATE email_pay_plan SET sync_at = now() AT TIME ZONE 'UTC'
     WHERE sync_at < now() AT TIME ZONE 'UTC' + interval '19 hours';
    UPDATE email_pay_installment SET next_attempt = now() AT TIME ZONE 'UTC'
     WHERE next_attempt > now() AT TIME ZONE 'UTC';
    UPDATE payment_transaction SET last_state_change = last_state_change - interval '1 hour'
     WHERE state = 'pending' AND email_pay_ask_at IS NULL;
"""
OPEN = """
    SELECT (SELECT count(*) FROM payment_transaction WHERE email_pay_ask_at IS NOT NULL),
           (SELECT count(*) FROM email_pay_event WHERE state IN ('new', 'failed')),
           (SELECT count(*) FROM payment_transaction tx
             WHERE state = 'done' AND is_post_processed IS NOT TRUE AND NOT EXISTS (
                SELECT FROM email_pay_event event
                 WHERE event.transaction_id = tx.id AND event.state = 'parked')),
           (SELECT count(*) FROM email_pay_receipt WHERE state = 'due'),
           (SELECT count(*) FROM mail_mail WHERE state = 'outgoing'),
           (SELECT count(*) FROM email_pay_installment line
              JOIN email_pay_plan plan ON plan.id = line.plan_id
             WHERE line.state = 'awaiting' AND (plan.state = 'active' OR plan.token_id IS NOT NULL)
                OR next_attempt IS NOT NULL OR notice_due),
           (SELECT count(*) FROM email_pay_plan
             WHERE sync_at < now() AT TIME ZONE 'UTC' + interval '19 hours')
"""


class Settled(NamedTuple):
    rounds: int
    seconds: float
    undelivered: int
    left: tuple


def settle(stage):
    started = time.monotonic()
    time.sleep(CALM)
    undelivered = _wait_for_courier(stage.gateway)
    admin = stage.rpc('admin')
    actions = [_action_id(admin, name) for name in ACTIONS]
    rounds, left = 0, _left(stage)
    say(f'· settling {left} …')
    while any(left) and time.monotonic() - started < LONGEST:
        _hasten(stage)
        for action in actions:
            _run(admin, action)
        rounds, left = rounds + 1, _left(stage)
    return Settled(rounds, time.monotonic() - started, undelivered, left)


def _wait_for_courier(gateway):
    """Wait until no notification is under way; return how many never arrived."""
    for _ in range(60):
        deliveries = gateway.ask('GET', '/control/deliveries')
        if not any(found['state'] in ('waiting', 'retrying') for found in deliveries):
            break
        time.sleep(0.5)
    return sum(found['state'] != 'delivered' for found in deliveries)


def _hasten(stage):
    for statement in HASTEN.split(';')[:-1]:
        database.execute(statement, database=stage.database)


def _left(stage):
    return database.query(OPEN, database=stage.database)[0]


def _action_id(admin, name):
    module, _dot, identifier = name.partition('.')
    return admin.call('ir.model.data', 'search_read', [
        ('module', '=', module), ('name', '=', identifier)], ['res_id'])[0]['res_id']


def _run(admin, action):
    try:
        admin.call('ir.cron', 'method_direct_trigger', [action])
    except RemoteError:
        time.sleep(0.5)  # a cron worker is at it
