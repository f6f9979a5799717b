"""The stand-in as a whole. Still to do: its addresses, its page, its notifications."""

from collections.abc import Iterable

from ..standin import Route, StandIn
from .accounts import Accounts


class PagoLivre(StandIn):
    name = 'pagolivre'
    title = 'PagoLivre'
    Accounts = Accounts

    def routes(self) -> Iterable[Route]:
        """Still to do: every address that the adapter asks, each answer given through
        `faults.around`, each payment entered in the `ledger`, each notification handed to the
        `courier`, and the page on which a customer pays. It shares no constant with the adapter."""
        return ()

    def test_cards(self) -> dict[str, str]:
        """Still to do: the test cards, each with its outcome."""
        return {}
