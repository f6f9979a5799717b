"""What goes wrong, on demand. A fault hits the next requests or notifications, then is used up."""

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from .web import Cut, Problem, Response


class Kind(StrEnum):
    """Faults of a request first, then those of a notification."""

    SLOW = 'slow'  # the answer comes `seconds` late
    HTTP_500 = 'http_500'
    CUT = 'cut'  # the connection closes without an answer
    COMMUNICATION_ERROR = 'communication_error'  # the gateway says that it does not know

    DUPLICATE = 'duplicate'  # sent `copies` times
    DELAY = 'delay'  # sent `seconds` late
    SHUFFLE = 'shuffle'  # those of the next `seconds` are sent together, the newest first
    DROP = 'drop'  # never sent
    FORGE = 'forge'  # signed with another key
    UNSIGNED = 'unsigned'


REQUEST_KINDS = frozenset({Kind.SLOW, Kind.HTTP_500, Kind.CUT, Kind.COMMUNICATION_ERROR})
NOTIFICATION_KINDS = frozenset(Kind) - REQUEST_KINDS


@dataclass
class Fault:
    """One fault that was asked for.

    :param operations: the types hit (sale, refund, query, …); empty = all.
    :param gateway: the stand-in hit; '' = all.
    :param times: how many it hits before it is used up; None = until cleared.
    :param charged: for a broken answer, whether the gateway acted before it broke.
    """

    kind: Kind
    operations: frozenset[str] = frozenset()
    gateway: str = ''
    times: int | None = 1
    charged: bool = False
    seconds: float = 1.0
    copies: int = 2
    id: int = 0
    used: int = 0
    first_used: float = 0.0

    def __post_init__(self):
        if (self.times is not None and self.times < 1) or self.copies < 1 or self.seconds < 0:
            raise ValueError('times and copies count from 1, seconds from 0')

    @property
    def spent(self) -> bool:
        return self.times is not None and self.used >= self.times

    def hits(self, gateway: str, operation: str) -> bool:
        return self.gateway in ('', gateway) and (
            not self.operations or operation in self.operations
        )

    def as_json(self) -> dict:
        names = ('id', 'kind', 'gateway', 'times', 'charged', 'seconds', 'copies', 'used')
        return {name: getattr(self, name) for name in names} | {
            'operations': sorted(self.operations)
        }


class Faults:
    def __init__(self):
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, kind: Kind | str, operations: Iterable[str] = (), **options) -> Fault:
        """Ask for a fault; `options` are the other fields of `Fault`."""
        if isinstance(operations, str):
            operations = [operations]
        fault = Fault(Kind(kind), frozenset(operations), id=next(self._ids), **options)
        with self._lock:
            self._faults.append(fault)
        return fault

    def add_json(self, content: dict) -> Fault:
        allowed = {'kind', 'operations', 'gateway', 'times', 'charged', 'seconds', 'copies'}
        if unknown := content.keys() - allowed:
            raise Problem(f'A fault has no {", ".join(sorted(unknown))}.')
        try:
            return self.add(**content)
        except (TypeError, ValueError) as error:
            raise Problem(f'Not a fault: {error}') from error

    def all(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def clear(self, fault_id: int | None = None):
        with self._lock:
            self._faults = [f for f in self._faults if fault_id not in (None, f.id)]

    def take(self, kinds: frozenset[Kind], gateway: str, operation: str) -> dict[Kind, Fault]:
        """The faults that hit this one, at most one of each kind, counted as used."""
        with self._lock:
            hitting: dict[Kind, Fault] = {}
            for fault in self._faults:
                if fault.kind in kinds and fault.hits(gateway, operation):
                    hitting.setdefault(fault.kind, fault)
            for fault in hitting.values():
                fault.used += 1
                fault.first_used = fault.first_used or time.monotonic()
            self._faults = [fault for fault in self._faults if not fault.spent]
        return hitting

    def around(
        self,
        gateway: str,
        operation: str,
        act: Callable[[], Response],
        unknown: Callable[[], Response],
    ) -> Response:
        """Run `act` as the faults want it; `unknown` is the gateway's own "I do not know"."""
        hitting = self.take(REQUEST_KINDS, gateway, operation)
        slow = hitting.pop(Kind.SLOW, None)
        acts = all(fault.charged for fault in hitting.values())
        answer = act() if acts else None
        if slow:
            time.sleep(slow.seconds)
        return _broken(hitting, unknown) if hitting else answer


def _broken(hitting: dict[Kind, Fault], unknown: Callable[[], Response]) -> Response:
    if Kind.CUT in hitting:
        raise Cut
    if Kind.HTTP_500 in hitting:
        return Response(b'<h1>Internal Server Error</h1>\n', status=500)
    return unknown()
