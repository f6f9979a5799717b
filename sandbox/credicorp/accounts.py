"""What the stand-in remembers: merchants, card tokens, saved cards, transactions."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from .. import accounts
from ..ledger import now
from . import const
from .cards import Card


class Refusal(Exception):
    """The gateway refuses before it asks the bank: response 3, code 300, and this text."""


@dataclass
class Merchant(accounts.Merchant):
    """
    :param refund_keeps_order: whether a refund carries the order id of the payment, whatever its
        request says. Inferred: turn it off to try the other answer.
    """

    settings: ClassVar[tuple[str, ...]] = ('name', 'webhook_url', 'currency', 'refund_keeps_order')

    webhook_urls: list[str] = field(default_factory=list)
    currency: str = 'USD'
    refund_keeps_order: bool = True

    @property
    def security_key(self) -> str:
        return f'sandbox-security-key-{self.id}'

    @property
    def tokenization_key(self) -> str:
        return f'sandbox-tokenization-key-{self.id}'

    @property
    def signing_key(self) -> str:
        return f'sandbox-signing-key-{self.id}'

    @property
    def webhook_url(self) -> str:
        return self.webhook_urls[0] if self.webhook_urls else ''

    @webhook_url.setter
    def webhook_url(self, urls: str | list[str]):
        """One address, a list of them, or '' for none."""
        self.webhook_urls = [url for url in ([urls] if isinstance(urls, str) else urls) if url]

    def as_json(self) -> dict:
        return {
            'id': self.id,
            'name': self.name,
            'security_key': self.security_key,
            'tokenization_key': self.tokenization_key,
            'signing_key': self.signing_key,
            'webhook_urls': self.webhook_urls,
            'currency': self.currency,
            'refund_keeps_order': self.refund_keeps_order,
        }


@dataclass(frozen=True)
class Action:
    type: str
    amount: Decimal
    code: str
    text: str
    source: str
    date: datetime = field(default_factory=now)

    @property
    def success(self) -> bool:
        return self.code == const.OK_CODE


@dataclass
class Transaction:
    id: str
    merchant: Merchant
    type: str
    order_id: str
    amount: Decimal
    currency: str
    card: Card
    fields: dict[str, str] = field(default_factory=dict)
    original: 'Transaction | None' = None
    authorization: str = ''
    condition: str = const.FAILED
    actions: list[Action] = field(default_factory=list)
    refunds: list['Transaction'] = field(default_factory=list)

    @property
    def last(self) -> Action:
        """The last operation; the nightly settlement is none."""
        return [action for action in self.actions if action.type != 'settle'][-1]

    @property
    def modified(self) -> datetime:
        return self.actions[-1].date

    @property
    def collected(self) -> Decimal:
        """What was taken and not voided; 0 for anything but a sale or a captured authorization."""
        if self.condition not in (const.PENDING_SETTLEMENT, const.COMPLETE):
            return Decimal(0)
        taken = [a.amount for a in self.actions if a.success and a.type in ('sale', 'capture')]
        return sum(taken, Decimal(0))

    @property
    def refundable(self) -> Decimal:
        returned = (r.amount for r in self.refunds if r.condition != const.CANCELED)
        return self.collected - sum(returned, Decimal(0))


class Accounts(accounts.Accounts):
    """All of it."""

    def __init__(self):
        super().__init__()
        self.tokens: dict[str, tuple[Merchant, Card]] = {}
        self.vault: dict[str, tuple[Merchant, Card]] = {}
        self.transactions: dict[str, Transaction] = {}

    def open_account(self, number: int, name: str) -> Merchant:
        return Merchant(str(number), name)

    def merchant(self, key_name: str, key: str) -> Merchant | None:
        """The merchant whose `security_key`, `tokenization_key` or `id` this is."""
        return next((m for m in self.merchants if key and getattr(m, key_name) == key), None)

    # --- cards ------------------------------------------------------------------------------------

    def tokenize(self, merchant: Merchant, card: Card) -> str:
        token = '-'.join(secrets.token_hex(length) for length in (4, 3, 3, 6))
        self.tokens[token] = (merchant, card)
        return token

    def save_card(self, merchant: Merchant, card: Card, vault_id: str = '') -> str:
        vault_id = vault_id or self.new_id()
        self.vault[vault_id] = (merchant, card)
        return vault_id

    def card(self, merchant: Merchant, form: dict[str, str]) -> Card:
        """The card that a request names. A token serves once."""
        if 'ccnumber' in form:
            raise Refusal('Card numbers are not accepted here: send a payment_token')
        if token := form.get('payment_token'):
            owner, card = self.tokens.pop(token, (None, None))
            missing = 'Payment Token does not exist'
        else:
            owner, card = self.vault.get(form.get('customer_vault_id', ''), (None, None))
            missing = 'Invalid Customer Vault ID specified'
        if owner is not merchant:
            raise Refusal(missing)
        return card

    # --- transactions -----------------------------------------------------------------------------

    def transaction(self, merchant: Merchant, transaction_id: str) -> Transaction:
        found = self.transactions.get(transaction_id)
        if not found or found.merchant is not merchant:
            raise Refusal('Transaction not found')
        return found

    def find(self, merchant: Merchant, **wanted: str) -> list[Transaction]:
        """The merchant's transactions with these fields, oldest first; empty values are no wish."""
        wishes = {name: value for name, value in wanted.items() if value}
        return [
            transaction for transaction in self.transactions.values()
            if transaction.merchant is merchant
            and all(getattr(transaction, name) == value for name, value in wishes.items())
        ]
