"""What every stand-in remembers in the same way: its merchant accounts, and the last number."""

import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

MERCHANTS = ('Demo Company', 'Second Company', 'Third Company')


@dataclass
class Merchant(ABC):
    """A merchant account. What tells it from others is the same at every start, and evidently no
    secret.

    :cvar settings: what of it can be changed.
    """

    settings: ClassVar[tuple[str, ...]] = ('name', 'webhook_url')

    id: str
    name: str

    @abstractmethod
    def as_json(self) -> dict:
        """All that one needs to use it, its keys above all, and its settings."""


class Accounts(ABC):
    """All that a gateway remembers; it can be pickled. Whoever changes something holds `lock`."""

    def __init__(self):
        self.lock = threading.RLock()
        # From the clock, so that the numbers of two runs do not meet in one Odoo database.
        self._last_id = int(time.time()) * 10
        self.merchants: list[Merchant] = []
        self.add_merchant()

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != 'lock'}

    def __setstate__(self, state):
        vars(self).update(state, lock=threading.RLock())

    def add_merchant(self, name: str = '') -> Merchant:
        with self.lock:
            number = len(self.merchants) + 1
            name = name or MERCHANTS[min(number, len(MERCHANTS)) - 1]
            merchant = self.open_account(100000 + number, name)
            self.merchants.append(merchant)
        return merchant

    @abstractmethod
    def open_account(self, number: int, name: str) -> Merchant:
        """A merchant account, with keys of its own; those of the first are the same always."""

    def new_id(self) -> str:
        with self.lock:
            self._last_id += 1
            return str(self._last_id)
