"""Carries notifications to the merchants' webhooks, from one thread, in the order they come due."""

import heapq
import http.client
import itertools
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .faults import NOTIFICATION_KINDS, Faults, Kind
from .ledger import now

RETRY_GAPS = (0.5, 2.0, 5.0)
TIMEOUT = 10
HISTORY = 2000


class Proof(StrEnum):
    TRUE = 'true'
    FORGED = 'forged'
    NONE = 'none'


@dataclass(frozen=True)
class Message:
    """One notification. `address` gives the URL and the headers, `body` the bytes, of which either
    carries the proof asked for.

    Both are asked again for every attempt: a gateway signs each one anew.
    """

    gateway: str
    operation: str
    label: str
    body: Callable[[Proof], bytes]
    address: Callable[[Proof], tuple[str, Mapping[str, str]]]


@dataclass
class Delivery:
    """A message on its way, and what became of each attempt."""

    id: int
    message: Message
    proof: Proof
    state: str = 'waiting'
    attempts: list[dict] = field(default_factory=list)

    def as_json(self) -> dict:
        return {
            'id': self.id,
            'gateway': self.message.gateway,
            'event': self.message.label,
            # Without the query: some gateways carry a credential there.
            'url': self.message.address(Proof.NONE)[0].partition('?')[0],
            'proof': self.proof,
            'state': self.state,
            'attempts': self.attempts,
        }


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


# No proxy either: what this machine is configured for has no part in a local delivery.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


class Courier:
    def __init__(self, faults: Faults, retry_gaps: tuple[float, ...] = RETRY_GAPS):
        self._faults = faults
        self._retry_gaps = retry_gaps
        self._deliveries: list[Delivery] = []
        self._due: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()
        self._ids = itertools.count(1)
        self._changed = threading.Condition()
        self._busy = self._stopping = False
        self._thread = threading.Thread(target=self._run, name='sandbox-courier', daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(TIMEOUT + 1)

    def send(self, message: Message) -> list[Delivery]:
        """Send a message as the faults want it. Returns at once, with its delivery or copies."""
        hitting = self._faults.take(NOTIFICATION_KINDS, message.gateway, message.operation)
        proof = (
            Proof.NONE if Kind.UNSIGNED in hitting
            else Proof.FORGED if Kind.FORGE in hitting
            else Proof.TRUE
        )
        copies = hitting[Kind.DUPLICATE].copies if Kind.DUPLICATE in hitting else 1
        due = self._due_time(hitting)
        with self._changed:
            deliveries = [Delivery(next(self._ids), message, proof) for _ in range(copies)]
            self._deliveries = (self._deliveries + deliveries)[-HISTORY:]
            for delivery in deliveries:
                if Kind.DROP in hitting:
                    delivery.state = 'dropped'
                else:
                    self._schedule(delivery, due)
        return deliveries

    def resend(self, delivery_id: int) -> Delivery | None:
        """Send a past message once more, truly signed."""
        with self._changed:
            past = next((d for d in self._deliveries if d.id == delivery_id), None)
            if not past:
                return None
            again = Delivery(next(self._ids), past.message, Proof.TRUE)
            self._deliveries.append(again)
            self._schedule(again, time.monotonic())
        return again

    def deliveries(self) -> list[Delivery]:
        with self._changed:
            return list(self._deliveries)

    def wait(self, timeout: float = 10) -> bool:
        """Wait until nothing is under way; False when that took longer than `timeout`."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._due or self._busy), timeout)

    def clear(self):
        with self._changed:
            self._deliveries.clear()
            self._due.clear()
            self._changed.notify_all()

    # --- the thread -------------------------------------------------------------------------------

    def _due_time(self, hitting) -> float:
        if shuffle := hitting.get(Kind.SHUFFLE):
            # Each is due a little before the one that came before it.
            return shuffle.first_used + shuffle.seconds - shuffle.used / 1000
        delay = hitting.get(Kind.DELAY)
        return time.monotonic() + (delay.seconds if delay else 0)

    def _schedule(self, delivery: Delivery, due: float):
        heapq.heappush(self._due, (due, next(self._order), delivery))
        self._changed.notify_all()

    def _run(self):
        while delivery := self._next():
            attempt = _attempt(delivery)
            with self._changed:
                delivery.attempts.append(attempt)
                self._settle(delivery)
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> Delivery | None:
        with self._changed:
            while not self._stopping:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    self._busy = True
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None

    def _settle(self, delivery: Delivery):
        tried = len(delivery.attempts)
        if delivery.attempts[-1]['status'] in range(200, 300):
            delivery.state = 'delivered'
        elif tried <= len(self._retry_gaps):
            delivery.state = 'retrying'
            self._schedule(delivery, time.monotonic() + self._retry_gaps[tried - 1])
        else:
            delivery.state = 'failed'


def _attempt(delivery: Delivery) -> dict:
    message = delivery.message
    url, headers = message.address(delivery.proof)
    started = now().isoformat()
    try:
        request = urllib.request.Request(
            url, message.body(delivery.proof), {'Content-Type': 'application/json'} | dict(headers),
            method='POST',
        )
        with _opener.open(request, timeout=TIMEOUT) as answer:
            return {'time': started, 'status': answer.status}
    except urllib.error.HTTPError as error:
        error.close()
        return {'time': started, 'status': error.code}
    except (OSError, http.client.HTTPException, ValueError) as error:
        return {'time': started, 'status': 0, 'error': str(error)}
