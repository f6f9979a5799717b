"""What the stand-in remembers: merchants, orders with their charges, and what time it is there."""

import calendar
import uuid
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import ClassVar

from .. import accounts
from ..cards import Card
from ..ledger import now

CREATED, PAID, CANCELED, DECLINED, EXPIRED = 'created', 'paid', 'canceled', 'declined', 'expired'
CENT = Decimal('0.01')


class Refusal(Exception):
    """PagoLivre refuses, with this text and HTTP status."""

    def __init__(self, text: str, status: int = 400, code: str = 'bad_request'):
        super().__init__(text)
        self.status = status
        self.code = code


@dataclass
class Merchant(accounts.Merchant):
    """
    :param webhook_url: where it is told instead of the order's own `callbackUrl`.
    :param query_interval: the least seconds between two questions.
    :param order_minutes: how long an order can be paid.
    :param recurring: whether it has the option of recurrent credit.
    :param told: whether an order tells its amount and cancellations, which is inferred.
    """

    settings: ClassVar[tuple[str, ...]] = (
        'name', 'webhook_url', 'query_interval', 'order_minutes', 'recurring', 'told',
    )

    webhook_url: str = ''
    query_interval: float = 1.0
    order_minutes: float = 30
    recurring: bool = True
    told: bool = True
    asked_at: datetime | None = None

    @property
    def token(self) -> str:
        # Its Base64 has all that an address can garble.
        return b64encode(f'sandbox~~~>>>???:{self.id}'.encode()).decode()

    def as_json(self) -> dict:
        return {'id': self.id, 'token': self.token} | {
            name: getattr(self, name) for name in self.settings
        }


@dataclass
class Charge:
    """One month of a recurrent order."""

    id: str
    number: int
    amount: Decimal
    due: datetime
    status: str = CREATED
    paid_at: datetime | None = None
    reason: str | None = None


@dataclass
class Order:
    id: str
    merchant: Merchant
    key: str
    amount: Decimal
    installments: int
    guest: dict
    created: datetime
    expires: datetime
    message: str = ''
    callback: str = ''
    return_url: str = ''
    status: str = CREATED
    card: Card | None = field(default=None, repr=False)
    declining: str | None = None
    canceling: str | None = None
    refusals: int = 0
    cancellations: list[dict] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)

    @property
    def is_recurrent(self) -> bool:
        return self.installments > 1

    @property
    def waiting(self) -> list[Charge]:
        return [charge for charge in self.charges if charge.status == CREATED]

    @property
    def collected(self) -> Decimal:
        """What was charged, before anything went back."""
        if self.is_recurrent:
            return sum((c.amount for c in self.charges if c.paid_at), Decimal(0))
        return self.amount if self.card and not self.declining else Decimal(0)

    @property
    def left(self) -> Decimal:
        """What of it can still go back."""
        return self.collected - sum((one['amount'] for one in self.cancellations), Decimal(0))


class Accounts(accounts.Accounts):
    """All of it."""

    def __init__(self):
        self.offset = timedelta(0)
        super().__init__()
        self.orders: dict[str, Order] = {}

    def open_account(self, number: int, name: str) -> Merchant:
        return Merchant(f'pl-{number}', name)

    def now(self) -> datetime:
        return now() + self.offset

    def merchant(self, authorization: str) -> Merchant:
        scheme, _space, token = authorization.partition(' ')
        found = next((one for one in self.merchants if one.token == token), None)
        if scheme != 'Basic' or not found:
            raise Refusal('Token inválido', 401, 'unauthorized')
        return found

    def take_turn(self, merchant: Merchant) -> None:
        """At most one question in `query_interval` seconds. How PagoLivre refuses is inferred."""
        with self.lock:
            before, merchant.asked_at = merchant.asked_at, now()
            gap = timedelta(seconds=merchant.query_interval)
            if before and merchant.asked_at - before < gap:
                raise Refusal('Limite de consultas excedido', 429, 'too_many_requests')

    def open_order(self, merchant: Merchant, values: dict) -> Order:
        """Another order each time, also with a key that there is already."""
        opened = self.now()
        order = Order(
            id=str(uuid.uuid4()), merchant=merchant, created=opened,
            expires=opened + timedelta(minutes=merchant.order_minutes), **values,
        )
        with self.lock:
            self.orders[order.id] = order
        return order

    def find(self, merchant: Merchant, key: str) -> Order | None:
        """The order of a key; of several, the last (inferred)."""
        found = [o for o in self.orders.values() if o.merchant is merchant and o.key == key]
        return found[-1] if found else None

    def plan(self, order: Order) -> None:
        """The charges of a recurrent order, a month apart; the last takes the rounding."""
        share = (order.amount / order.installments).quantize(CENT, ROUND_DOWN)
        last, begin = order.amount - share * (order.installments - 1), self.now()
        amounts = [share] * (order.installments - 1) + [last]
        order.charges = [
            Charge(self.new_id(), number + 1, amount, month_later(begin, number))
            for number, amount in enumerate(amounts)
        ]


def month_later(moment: datetime, months: int) -> datetime:
    """The same day some months later, or the last one of a shorter month."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
