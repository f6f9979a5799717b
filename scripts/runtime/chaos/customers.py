"""The load: customers without a browser who follow their links and pay, patiently or not."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
from lxml import html

ABANDONS = 0.015  # before each request
DOUBLE_CLICKS = 0.15
SECOND_TABS = 0.15
GIVES_UP_FOR_NOW = 0.4
PAYS_IN_PART = 0.4
TRIES_AGAIN = 0.6  # after a refused card
PATIENCE = 15  # seconds for one answer
RELOADS = 8
POLLS = 8
CARDS = {
    '4111111111111111': 16,
    '5431111111111111': 4,
    '4000000000002024': 2,  # insufficient funds
    '4000000000002230': 1,  # expired
    '4000000000004210': 1,  # the bank did not answer: not charged
    '4000000000014219': 2,  # the bank did not answer: charged
}


class WalkedAway(Exception):
    """The customer is gone, in the middle of something."""


class Crowd:
    """Customers who pay at a time, each one whatever link comes next."""

    def __init__(self, stage, links, seed):
        self.stage = stage
        self.answers, self.steps = Counter(), Counter()
        self._open = list(links)
        self._seed = seed
        self._leaving = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def paying(self, count):
        """Let so many customers pay meanwhile; afterwards each one ends what it was doing."""
        with ThreadPoolExecutor(count) as pool:
            customers = [
                pool.submit(self._pay, random.Random(f'{self._seed} {number}'))
                for number in range(count)
            ]
            try:
                yield
            finally:
                self._leaving.set()
        for customer in customers:
            customer.result()

    def count(self, counter, what):
        with self._lock:
            counter[what] += 1

    def leave(self, link, forever):
        """Come back to this link late or never."""
        with self._lock:
            if link in self._open:
                self._open.remove(link)
                self._open.extend([] if forever else [link])

    def _pay(self, rng):
        while not self._leaving.is_set():
            if not self._open:
                time.sleep(0.5)
                continue
            # The first ones again and again, so that several meet at one invoice.
            link = rng.choice(self._open[:20])
            visits = [Visit(self, link, random.Random(rng.random()))]
            if rng.random() < SECOND_TABS:
                visits.append(Visit(self, link, random.Random(rng.random())))
            with ThreadPoolExecutor(len(visits)) as tabs:
                for visit in [tabs.submit(visit.run) for visit in visits]:
                    visit.result()
            if rng.random() < GIVES_UP_FOR_NOW:
                self.leave(link, forever=False)


class Visit:
    """One browser of a customer at one link."""

    def __init__(self, crowd, link, rng):
        self._crowd = crowd
        self._link = link
        self._rng = rng
        self._http = requests.Session()
        self._http.headers['Connection'] = 'close'

    def run(self):
        self._step('visits')
        try:
            while self._pay_once() == 'declined' and self._rng.random() < TRIES_AGAIN:
                self._step('tried again')
        except WalkedAway as reason:
            self._step(str(reason))

    def _pay_once(self):
        """Go from the link to the outcome; return the state that the last page shows."""
        page = self._get(self._link)
        form = _form(page, 'ep-pay')
        if form is None:
            if _text_of(page, 'is paid'):
                self._crowd.leave(self._link, forever=True)
            return 'nothing to pay'
        page = self._post(form, self._choice(page))
        form = _form(page, 'ep-card')
        if form is None:
            self._step('refused to start')
            return 'refused'
        page = self._post(form, {'payment_token': self._card_token()})
        return self._wait_for_outcome(page)

    def _choice(self, page):
        limits = page.find('.//div[@data-min]')
        if limits is None or self._rng.random() >= PAYS_IN_PART:
            return {'choice': 'full'}
        least, most = float(limits.get('data-min')), float(limits.get('data-max'))
        return {'choice': 'other', 'amount': f'{self._rng.uniform(least, most):.2f}'}

    def _card_token(self):
        """What the gateway's window gives for a card."""
        window = self._crowd.stage.gateway
        number = self._rng.choices(list(CARDS), CARDS.values())[0]
        for _ in range(RELOADS):
            try:
                return window.ask('POST', '/token/create', json={
                    'key': 'sandbox-tokenization-key-100001', 'number': number, 'exp': '1230',
                })['token']
            except requests.RequestException:
                time.sleep(0.5)
        raise WalkedAway('the card window did not open')

    def _wait_for_outcome(self, page):
        for _ in range(POLLS):
            status = page.find('.//section[@id="ep-status"]')
            if status is None:
                return 'refused'
            state = status.get('data-state')
            if state not in ('processing', 'pending_bank'):
                self._step(f'saw: {state}')
                return state
            time.sleep(self._rng.uniform(0.3, 1.5))
            poll = status.get('data-poll-url')
            self._request('GET', poll)
            page = self._get(poll.removesuffix('/state') + '/status')
        self._step('saw no outcome')
        return state

    # -- HTTP, on whichever server -----------------------------------------------------------

    def _get(self, address):
        return self._page(self._request('GET', urlsplit(address).path))

    def _post(self, form, values):
        """Send a form, sometimes with two clicks."""
        data = dict(form.fields) | values
        path = form.get('action')
        if self._rng.random() >= DOUBLE_CLICKS:
            return self._page(self._request('POST', path, data=data))
        self._step('double clicks')
        with ThreadPoolExecutor(2) as clicks:
            answers = [clicks.submit(self._request, 'POST', path, data=data) for _ in range(2)]
        return self._page(self._rng.choice(answers).result())

    def _page(self, answer):
        for _ in range(5):
            if 'Location' not in answer.headers:
                break
            answer = self._request('GET', urlsplit(answer.headers['Location']).path)
        return html.fromstring(answer.content)

    def _request(self, method, path, **options):
        """Ask one of the servers; what breaks is sent again, as a reload does."""
        if self._rng.random() < ABANDONS:
            raise WalkedAway('walked away')
        for _ in range(RELOADS):
            node = self._rng.choice(self._crowd.stage.nodes)
            try:
                answer = self._http.request(
                    method, node.url + path, timeout=PATIENCE, allow_redirects=False, **options)
            except requests.RequestException:
                self._crowd.count(self._crowd.answers, 'none')
            else:
                self._crowd.count(self._crowd.answers, answer.status_code)
                if answer.status_code < 500:
                    return answer
            time.sleep(self._rng.uniform(0.1, 1))
        raise WalkedAway('lost patience')

    def _step(self, what):
        self._crowd.count(self._crowd.steps, what)


def _form(page, name):
    return next((form for form in page.forms if form.get('id') == name), None)


def _text_of(page, words):
    return words in ' '.join(title.text_content() for title in page.iter('h1'))
