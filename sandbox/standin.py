"""What every gateway's stand-in gives to the sandbox. A gateway is one folder with one of these."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar

from .courier import Courier
from .faults import Faults
from .ledger import Ledger
from .web import Response

Route = tuple[str, str, Callable[..., Response]]


class StandIn(ABC):
    """
    :cvar name: in the control API, as the provider code in Odoo.
    :cvar title: on the sandbox's page.
    :ivar accounts: what its merchants own and what they did; it can be pickled, and has a `lock`.
    :cvar back_office: what a person can do with one transaction at the gateway's own desk; each is
        a method `name(transaction_id, **values)`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    back_office: ClassVar[tuple[str, ...]] = ()

    accounts: object

    def __init__(self, ledger: Ledger, faults: Faults, courier: Courier):
        self.ledger = ledger
        self.faults = faults
        self.courier = courier

    @abstractmethod
    def routes(self) -> Iterable[Route]:
        """The gateway's own addresses: method, pattern, who answers."""

    @abstractmethod
    def describe(self) -> dict:
        """Its merchants with their keys, its test cards: all that one needs to use it."""

    @abstractmethod
    def add_merchant(self, name: str = ''):
        """Open another merchant account, with keys of its own."""

    @abstractmethod
    def configure(self, **values) -> None:
        """Change a merchant's settings, the webhook address above all."""

    @abstractmethod
    def reset(self) -> None:
        """Forget every transaction, token and setting; the first merchant keeps its keys."""
