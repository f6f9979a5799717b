"""Monthly charges while everything breaks: of saved cards, some with the first charge still to be
made, which posts a draft; and of orders that a gateway charges by itself."""

import json
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl

import requests

from .. import database
from .background import going_on
from .orders import Orders
from .stage import PATIENCE

KEY = 'sandbox-security-key-100001'
TOKENIZATION_KEY = 'sandbox-tokenization-key-100001'
CARDS = {
    '4111111111111111': 20,
    '4000000000002024': 2,  # insufficient funds
    '4000000000002230': 1,  # expired
    '4000000000004210': 1,  # the bank did not answer: not charged
    '4000000000014219': 3,  # the bank did not answer: charged
}
# One plan of so many begins with a draft, and as many are orders at a gateway.
SHARE = 4
SLOWNESS = 0.1  # of every charge, so that workers are killed in the middle of one
WAKES = 1.5
INSIDE = Path(__file__).with_name('plans_inside.py')
CREATE = (
    f'import sys; sys.path.append({str(INSIDE.parent)!r}); import plans_inside;'
    ' plans_inside.create(env, {cards}, {drafts}, {months});'
    ' plans_inside.collect(env, {orders}, {months}); env.cr.commit()'
)
FALL_DUE = "UPDATE email_pay_installment SET due_date = CURRENT_DATE - 1 WHERE number = {month}"
WAKE = """
    INSERT INTO ir_cron_trigger (cron_id, call_at)
    SELECT res_id, now() AT TIME ZONE 'UTC' FROM ir_model_data
     WHERE module = 'email_pay' AND model = 'ir.cron' AND name LIKE '%charge_installments%'
"""
LOOK = """
    UPDATE email_pay_plan SET sync_at = now() AT TIME ZONE 'UTC' WHERE sync_at IS NOT NULL
"""


def create(stage, count, months, rng):
    """So many plans, to be charged in months."""
    orders = drafts = count // SHARE
    cards = [_saved_card(stage.gateway, number)
             for number in rng.choices(list(CARDS), CARDS.values(), k=count - orders)]
    script = CREATE.format(cards=json.dumps(cards), drafts=drafts, orders=orders, months=months)
    database.odoo(stage.database, 'plans', script=script, logs=stage.mailbox.parent)


def _saved_card(gateway, number):
    token = gateway.ask('POST', '/token/create', json={
        'key': TOKENIZATION_KEY, 'number': number, 'exp': '1230'})['token']
    answer = requests.post(f'{gateway.url}/api/transact.php', timeout=PATIENCE, data={
        'security_key': KEY, 'customer_vault': 'add_customer', 'payment_token': token})
    return dict(parse_qsl(answer.text))['customer_vault_id']


class Calendar:
    """Months pass: what comes next falls due, and the workers of all nodes are woken, again and
    again, since some are killed. At the end all of it is due."""

    def __init__(self, stage, months, seconds, rng):
        self._stage = stage
        self._months = months
        self._length = seconds / months
        self._over = threading.Event()
        self._orders = Orders(stage, rng)

    def passing(self):
        return going_on(self._pass, self._over)

    def end(self):
        """What was to happen at the gateway, and did not while it was away. Odoo looks once more at
        what it looks at once a day."""
        self._orders.end(self._months)
        database.execute(LOOK, database=self._stage.database)

    def _pass(self):
        for month in range(1, self._months + 1):
            database.execute(FALL_DUE.format(month=month), database=self._stage.database)
            end = time.monotonic() + self._length
            self._orders.month(month, self._over)
            while time.monotonic() < end and not self._over.is_set():
                self._wake()
                self._over.wait(WAKES)

    def _wake(self):
        with suppress(requests.RequestException):
            self._stage.gateway.ask('POST', '/control/faults', json={
                'kind': 'slow', 'operations': ['sale'], 'times': 50, 'seconds': SLOWNESS})
        database.execute(WAKE, database=self._stage.database)
        database.execute(f"NOTIFY cron_trigger, '{self._stage.database}'")
