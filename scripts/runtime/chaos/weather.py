"""Faults of the gateway: of its answers, and of its notifications on their way."""

import random
import threading
from collections import Counter

import requests

from ..demo import GATEWAY_ADDRESSES
from .background import going_on

GATEWAY = next(iter(GATEWAY_ADDRESSES))
PACE = (0.2, 1.2)  # seconds from one change to the next
MOST_FAULTS = 10

ANSWERS = (
    ('slow', {}),
    ('http_500', {'charged': False}),
    ('http_500', {'charged': True}),
    ('cut', {'charged': False}),
    ('cut', {'charged': True}),
    ('communication_error', {'charged': False}),
    ('communication_error', {'charged': True}),
)
NOTIFICATIONS = (
    ('duplicate', {'copies': 2}),
    ('duplicate', {'copies': 6}),
    ('delay', {}),
    ('shuffle', {'times': 4}),
    ('drop', {}),
    ('forge', {}),
    ('unsigned', {}),
)


class Weather:
    def __init__(self, stage, seed):
        self.faults = Counter()
        self._stage = stage
        self._rng = random.Random(f'{seed} weather')
        self._over = threading.Event()
        self._urls = self._webhook_urls()

    def blowing(self):
        return going_on(self._blow, self._over)

    def _blow(self):
        while not self._over.wait(self._rng.uniform(*PACE)):
            try:
                self._change()
            except requests.RequestException:
                self.faults['gateway out of reach'] += 1

    def _change(self):
        gateway = self._stage.gateway
        if len(gateway.ask('GET', '/control/faults')) >= MOST_FAULTS:
            gateway.ask('DELETE', '/control/faults')
        kind, options = self._rng.choice(self._rng.choice((ANSWERS, NOTIFICATIONS)))
        operation = self._rng.choice(('sale', 'sale', 'query'))
        gateway.ask('POST', '/control/faults', json={
            'kind': kind,
            'operations': [operation] if (kind, options) in ANSWERS else [],
            'seconds': self._rng.uniform(0.1, 2.5),
            **options,
        })
        self.faults[kind] += 1
        if self._rng.random() < 0.2:
            urls = self._rng.choice((self._urls[:1], self._urls[1:], self._urls))
            gateway.ask('POST', f'/control/{GATEWAY}', json={'webhook_url': urls})

    def _webhook_urls(self):
        """Where notifications can go: to the one server, to the other, to both."""
        first, *others = (node.url for node in self._stage.nodes)
        merchant = self._stage.gateway.ask('GET', f'/control/{GATEWAY}')['merchants'][0]
        known = merchant['webhook_urls'][0]
        return [known, *(known.replace(first, url) for url in others)]
