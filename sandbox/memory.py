"""What a sandbox remembers over its own death: the ledger, and each gateway's accounts."""

import pickle
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from .ledger import Ledger
from .standin import StandIn
from .web import Request, Response


class Memory:
    """A file that is rewritten after every request that may have changed something.

    What is on its way as a notification is forgotten, as with a gateway that breaks down.
    """

    def __init__(self, path: Path, ledger: Ledger, gateways: Mapping[str, StandIn]):
        self._path = path
        self._ledger = ledger
        self._gateways = gateways
        self._lock = threading.Lock()

    def load(self):
        if not self._path.exists():
            return
        # Our own file, in a folder that the caller named.
        entries, accounts = pickle.loads(self._path.read_bytes())
        for entry in entries:
            self._ledger.add(entry)
        for name, known in accounts.items():
            self._gateways[name].accounts = known

    def save(self):
        with self._lock, ExitStack() as still:
            for gateway in self._gateways.values():
                still.enter_context(gateway.accounts.lock)
            content = pickle.dumps((
                self._ledger.entries(),
                {name: gateway.accounts for name, gateway in self._gateways.items()},
            ))
            scratch = self._path.with_suffix('.new')
            scratch.write_bytes(content)
            scratch.replace(self._path)

    def remembering(self, answer: Callable[..., Response]) -> Callable[..., Response]:
        """`answer`, which is kept in the file before anybody hears of it."""
        def answered(request: Request, **names) -> Response:
            try:
                return answer(request, **names)
            finally:
                self.save()

        return answered
