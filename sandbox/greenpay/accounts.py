"""What the stand-in remembers: merchants, sessions, saved cards, payments."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from .. import accounts
from ..cards import Card
from ..ledger import now
from . import cards, signature

CURRENCIES = ('CRC', 'USD', 'GTQ')

APPROVED, DENIED, VOIDED, REFUNDED = 'approved', 'denied', 'voided', 'refunded'


class Refusal(Exception):
    """GreenPay refuses, with this text and HTTP status."""

    def __init__(self, text: str, status: int = 500):
        super().__init__(text)
        self.status = status


@dataclass
class Merchant(accounts.Merchant):
    """
    :param private_key: that of a later merchant is new at every start.
    :param webhook_url: the host that the merchant registered; the routes are behind it.
    :param refunds: whether its acquirer is the one that refunds.
    :param session_seconds: how long a session lives.
    """

    settings: ClassVar[tuple[str, ...]] = ('name', 'webhook_url', 'refunds', 'session_seconds')

    private_key: str = field(repr=False)
    webhook_url: str = ''
    refunds: bool = True
    session_seconds: float = 30 * 60

    @property
    def secret(self) -> str:
        return f'sandbox-secret-{self.id}'

    @property
    def public_key(self) -> str:
        return signature.public_key(self.private_key)

    def terminal(self, currency: str) -> str:
        return f'sandbox-terminal-{currency.lower()}-{self.id}'

    def as_json(self) -> dict:
        return {
            'id': self.id,
            'name': self.name,
            'secret': self.secret,
            **{f'terminal_{code.lower()}': self.terminal(code) for code in CURRENCIES},
            'public_key': self.public_key,
            'webhook_url': self.webhook_url,
            'refunds': self.refunds,
            'session_seconds': self.session_seconds,
        }


@dataclass
class Session:
    """What a customer may do on the form: pay an order, or save a card."""

    id: str
    merchant: Merchant
    order: dict
    opened: datetime = field(default_factory=now)
    used: bool = False

    @property
    def saves_card(self) -> bool:
        return 'requestId' in self.order

    @property
    def live(self) -> bool:
        ends = self.opened + timedelta(seconds=self.merchant.session_seconds)
        return not self.used and now() < ends


@dataclass
class Payment:
    id: str  # the retrieval number
    merchant: Merchant
    reference: str
    amount: Decimal
    currency: str
    card: Card
    description: str = ''
    date: datetime = field(default_factory=now)
    state: str = DENIED

    @property
    def code(self) -> str:
        return cards.DECLINED.get(self.card.number, '00')

    @property
    def authorization(self) -> str:
        return self.id[-6:] if self.code == '00' else ''

    @property
    def age(self) -> timedelta:
        return now() - self.date


class Accounts(accounts.Accounts):
    """All of it."""

    def __init__(self):
        super().__init__()
        self.sessions: dict[str, Session] = {}
        self.cards: dict[str, tuple[Merchant, Card]] = {}
        self.payments: dict[str, Payment] = {}

    def open_account(self, number: int, name: str) -> Merchant:
        key = signature.new_key() if self.merchants else signature.FIRST_KEY
        return Merchant(f'gp-{number}', name, key)

    def merchant(self, content: dict, needs_secret: bool = True) -> Merchant:
        merchant_id = content.get('merchantId')
        found = next((one for one in self.merchants if one.id == merchant_id), None)
        if not found or (needs_secret and content.get('secret') != found.secret):
            raise Refusal("Merchant doesn't exist")
        return found

    def order(self, content: dict) -> Merchant:
        """The merchant of an order, which must be whole."""
        merchant, currency = self.merchant(content), content.get('currency')
        if currency not in CURRENCIES or content.get('terminal') != merchant.terminal(currency):
            raise Refusal("Bank entity doesn't exist")
        amount = content.get('amount')
        if isinstance(amount, bool) or not isinstance(amount, int | float) or amount <= 0:
            raise Refusal('Invalid amount')
        if not content.get('orderReference'):
            raise Refusal('Invalid orderReference')
        return merchant

    def open_session(self, merchant: Merchant, order: dict) -> Session:
        with self.lock:
            kept = {name: value for name, value in order.items() if name != 'secret'}
            session = Session(str(uuid.uuid4()), merchant, kept)
            self.sessions[session.id] = session
        return session

    def save_card(self, merchant: Merchant, card: Card) -> str:
        token = str(uuid.uuid4())
        self.cards[token] = (merchant, card)
        return token

    def card(self, merchant: Merchant, token) -> Card | None:
        owner, card = self.cards.get(token, (None, None))
        return card if owner is merchant else None

    def pay(self, merchant: Merchant, order: dict, card: Card) -> Payment:
        """Charge a card. No look for an earlier payment of the same order: each is another one."""
        with self.lock:
            payment = Payment(
                id=self.new_id(), merchant=merchant, reference=order['orderReference'],
                amount=Decimal(str(order['amount'])), currency=order['currency'], card=card,
                description=order.get('description', ''),
            )
            payment.state = APPROVED if payment.code == '00' else DENIED
            self.payments[payment.id] = payment
        return payment

    def find(self, merchant: Merchant, reference) -> Payment:
        """The payment of an order: the last approved one, else the last."""
        found = [
            payment for payment in self.payments.values()
            if payment.merchant is merchant and payment.reference == reference
        ]
        if not found:
            raise Refusal('Error: Transaction not found', 404)
        return max(found, key=lambda payment: (payment.state != DENIED, payment.id))
