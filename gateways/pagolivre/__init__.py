"""PagoLivre.

Still to do: which version of its protocol, and where that is described.
"""

from dataclasses import dataclass, field

from .. import errors
from ..base import Gateway
from ..values import (
    Flow,
    HttpRequest,
    Notification,
    PaymentEvent,
    PaymentRequest,
    Redirect,
    Supports,
)
from . import const, wire


@dataclass(frozen=True)
class Credentials:
    """What the merchant gets from PagoLivre.

    Still to do: make them what it really gives. Each is a text that may be empty, and a secret one
    has `repr=False`. Each has its field `pagolivre_<credential>` in
    models/provider_pagolivre.py and on the form in views/payment_provider_views.xml, and
    all but addresses have a line in data/neutralize.sql.

    :param api_key: tells the gateway who asks.
    :param webhook_key: proves that a notification is the gateway's own.
    :param base_url: the address of the API, production's when empty.
    """

    api_key: str = field(default='', repr=False)
    webhook_key: str = field(default='', repr=False)
    base_url: str = ''


class PagoLivre(Gateway):
    """Still to do: what is peculiar to this gateway, and what of it is only inferred.

    What a hook takes, gives and raises is said in gateways/base.py. Requests are built here, what
    comes back is read in `wire`, the words and addresses stand in `const`.

    Still to do: `supports`, as `values.Supports` explains it. The contract asks for the hook of
    everything that it claims: `charge` for saved cards, `refund`, `void`, `report`, `save_card`.
    """

    code = 'pagolivre'
    supports = Supports(flow=Flow.REDIRECT)
    media_types = frozenset({'application/json'})
    Credentials = Credentials

    # --- asking for money -------------------------------------------------------------------------

    def checkout(self, request: PaymentRequest) -> Redirect:
        """Still to do: `_ask` for the order as the gateway wants it: our reference as its number,
        the amount as it writes amounts, where to come back to, whom to notify. `wire` reads from
        the answer where the customer pays; `Supports.checkout_within` says for how long."""
        raise NotImplementedError("how a payment is opened, and where the customer pays")

    def returned(self, tail: str) -> Notification | None:
        """Still to do: what the browser brings back behind `return_url`, to be verified as a
        notification is. Delete this when it brings nothing that is signed."""
        raise NotImplementedError("what the browser brings back")

    # --- asking what happened ---------------------------------------------------------------------

    def query(self, reference: str) -> tuple[PaymentEvent, ...]:
        """Still to do: how the gateway is asked for an order by our reference. This answer decides
        what is booked; what the gateway tells by itself may be a hint only."""
        if not reference:
            raise errors.RequestRefused("Without a reference the gateway cannot be asked.")
        content = self._ask(const.QUERY_PATH, {'order': reference})
        return wire.found_events(content, reference)

    def test(self) -> None:
        """Ask for an order that cannot exist. Still to do: whether that needs every credential."""
        try:
            self.query(const.NO_ORDER)
        except wire.Unreadable as error:
            raise errors.AddressNotFound("The address does not answer as this gateway.") from error

    # --- being told -------------------------------------------------------------------------------

    def proof(self, notification: Notification):
        """Still to do: one of `signing`, over exactly what the gateway signs, with `webhook_key`.
        If that leaves out the amount, every event of `parse` has `confirmed=False`, and the suite
        `signs_body = False`."""
        raise NotImplementedError("how a notification is signed")

    def event_key(self, notification: Notification) -> str:
        """Still to do: the gateway's own name of the event, else all that tells it from others."""
        raise NotImplementedError("what names a notification")

    def parse(self, notification: Notification) -> tuple[PaymentEvent, ...]:
        """Still to do: where the gateway describes its notifications, and which there are."""
        return wire.notified_events(notification.content)

    # --- words ------------------------------------------------------------------------------------

    def reason(self, code: str) -> str:
        """The sentence of a result code."""
        return const.CODES.get(code, const.NO_REASON)

    @classmethod
    def reasons(cls) -> tuple[str, ...]:
        """The sentences of `const.CODES`, each once."""
        return tuple(dict.fromkeys([*const.CODES.values(), const.NO_REASON]))

    # --- the wire ---------------------------------------------------------------------------------

    def _ask(self, path: str, content: dict) -> dict:
        """Still to do: where the key goes, and whether the gateway reads JSON or a form."""
        base = (self.credentials.base_url or const.PRODUCTION_URL).rstrip('/')
        headers = {'Authorization': f'Bearer {self.credentials.api_key}'}
        request = HttpRequest('POST', f'{base}{path}', json=content, headers=headers, timeout=8)
        return wire.read_answer(self.call(request))
