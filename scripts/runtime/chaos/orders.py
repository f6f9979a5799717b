"""Orders that the gateway charges month by month: customers make the first charge on its page, its
clock makes the others, and it tells of them once, several times, or not at all."""

from contextlib import suppress

import requests

from .. import database
from .stage import PATIENCE

GATEWAY = 'pagolivre'
CARDS = {
    '4111111111111111': 5,
    '4000000000009995': 1,  # insufficient funds
}
REFUSED, COMES_BACK, TRIED_AGAIN = 0.2, 0.5, 0.5
# How the notifications of a month come.
TOLD = (None, 'drop', 'duplicate')
ORDERS = """
    SELECT provider_reference FROM payment_transaction
     WHERE email_pay_order_id = id AND provider_reference IS NOT NULL ORDER BY id
"""


class Orders:
    def __init__(self, stage, rng):
        self._stage = stage
        self._rng = rng
        self._numbers = [
            number for (number,) in database.query(ORDERS, database=stage.database)]
        self._unpaid = list(self._numbers)

    def month(self, month, over):
        """What happens in a month, as soon as the gateway can be reached."""
        while not over.is_set():
            try:
                return self._pay_all() if month == 1 else self._pass_month()
            except requests.RequestException:
                over.wait(0.5)

    def end(self, months):
        """Everything works again: what is not paid is paid, and all months are over."""
        if self._numbers:
            self._pay_all()
            self._at_the_desk('desk/advance', months=months)
            for number in self._numbers:
                if self._rng.random() < TRIED_AGAIN:
                    self._try_again(number)

    def _pay_all(self):
        while self._unpaid:
            if self._pay(self._unpaid[0]):
                del self._unpaid[0]

    def _pay(self, number):
        """Enter a card on the page; tell whether the order is decided. Some customers come back."""
        card, = self._rng.choices(list(CARDS), CARDS.values())
        answer = requests.post(
            f'{self._stage.gateway.url}/{GATEWAY}/pay/{number}', timeout=PATIENCE,
            data={'number': card, 'exp': '1235'}, allow_redirects=False)
        if answer.status_code == 303 and self._rng.random() < COMES_BACK:
            with suppress(requests.RequestException):  # the server was killed: so be it
                requests.get(answer.headers['Location'], timeout=PATIENCE)
        return answer.status_code in (303, 410)

    def _pass_month(self):
        if not self._numbers:
            return
        for number in self._numbers:
            if self._rng.random() < REFUSED:
                self._at_the_desk(f'transactions/{number}/refuse')
        if kind := self._rng.choice(TOLD):
            self._stage.gateway.ask('POST', '/control/faults', json={
                'kind': kind, 'gateway': GATEWAY, 'operations': ['charge'], 'copies': 3,
                'times': len(self._numbers)})
        self._at_the_desk('desk/advance', months=1)

    def _try_again(self, number):
        """Charge what was refused, where something was."""
        try:
            self._at_the_desk(f'transactions/{number}/retry')
        except requests.HTTPError as error:
            if error.response.status_code != 409:
                raise

    def _at_the_desk(self, what, **values):
        self._stage.gateway.ask('POST', f'/control/{GATEWAY}/{what}', json=values)
