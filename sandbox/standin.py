"""What every gateway's stand-in gives to the sandbox. A gateway is one folder with one of these."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar

from .accounts import Accounts, Merchant
from .courier import Courier
from .faults import Faults
from .ledger import Ledger
from .web import Problem, Response

Route = tuple[str, str, Callable[..., Response]]


class StandIn(ABC):
    """
    :cvar name: in the control API, as the provider code in Odoo.
    :cvar title: on the sandbox's page.
    :cvar Accounts: what its merchants own and what they did.
    :cvar back_office: what a person can do with one transaction at the gateway's own desk; each is
        a method `name(transaction_id, **values)`.
    :cvar desk: what he can do there with none in particular; each is a method `name(**values)`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    Accounts: ClassVar[type[Accounts]]
    back_office: ClassVar[tuple[str, ...]] = ()
    desk: ClassVar[tuple[str, ...]] = ()

    def __init__(self, ledger: Ledger, faults: Faults, courier: Courier):
        self.ledger = ledger
        self.faults = faults
        self.courier = courier
        self.accounts = self.Accounts()

    @abstractmethod
    def routes(self) -> Iterable[Route]:
        """The gateway's own addresses: method, pattern, who answers."""

    @abstractmethod
    def test_cards(self) -> dict[str, str]:
        """The test cards, each with its outcome."""

    def describe(self) -> dict:
        """Its merchants with their keys, its test cards: all that one needs to use it; `clock`,
        where it has one that can be moved."""
        return {
            'merchants': [merchant.as_json() for merchant in self.accounts.merchants],
            'cards': self.test_cards(),
        }

    @property
    def merchant(self) -> Merchant:
        """The first merchant, with its keys."""
        return self.accounts.merchants[0]

    def add_merchant(self, name: str = '') -> Merchant:
        """Open another merchant account, with keys of its own."""
        return self.accounts.add_merchant(name)

    def configure(self, merchant: str = '', **settings) -> None:
        """Change a merchant's settings, the webhook address above all; see its `Merchant`.

        :param merchant: its id or name; the first when empty.
        """
        named = [one for one in self.accounts.merchants if merchant in ('', one.id, one.name)]
        if not named:
            raise Problem(f'There is no merchant {merchant}.', 404)
        if unknown := settings.keys() - set(named[0].settings):
            raise Problem(f'A merchant has no {", ".join(sorted(unknown))}.')
        for name, value in settings.items():
            setattr(named[0], name, value)

    def reset(self) -> None:
        """Forget every transaction, token and setting; the first merchant keeps its keys."""
        self.accounts = self.Accounts()
