"""What the gateways did, in order: the truth against which a test compares Odoo's books."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

COLLECTING = frozenset({'sale', 'capture'})
RETURNING = frozenset({'refund', 'void', 'credit', 'chargeback'})


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Entry:
    """One operation that reached a gateway, approved or not."""

    gateway: str
    merchant: str
    operation: str
    id: str
    order_id: str
    amount: Decimal
    currency: str
    success: bool
    code: str
    text: str
    source: str = 'api'
    details: Mapping[str, str] = field(default_factory=dict)
    time: datetime = field(default_factory=now)

    def as_json(self) -> dict:
        return asdict(self) | {'amount': str(self.amount), 'time': self.time.isoformat()}


class Ledger:
    def __init__(self):
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def add(self, entry: Entry):
        with self._lock:
            self._entries.append(entry)

    def entries(self, **wanted) -> list[Entry]:
        """The entries whose fields have these values, oldest first."""
        with self._lock:
            entries = list(self._entries)
        return [
            entry for entry in entries
            if all(getattr(entry, name) == value for name, value in wanted.items())
        ]

    def charges(self, order_id: str) -> list[Entry]:
        """The entries that took money for an order: more than one is a double charge."""
        found = self.entries(order_id=order_id, success=True)
        return [entry for entry in found if entry.operation in COLLECTING]

    def balance(self, order_id: str) -> Decimal:
        """What the merchant holds for an order after all that was taken and given back."""
        found = self.entries(order_id=order_id, success=True)
        taken = sum((e.amount for e in found if e.operation in COLLECTING), Decimal(0))
        returned = sum((e.amount for e in found if e.operation in RETURNING), Decimal(0))
        return taken - returned

    def clear(self):
        with self._lock:
            self._entries.clear()
