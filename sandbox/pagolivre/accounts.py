"""What the stand-in remembers. Still to do: orders, payments, saved cards."""

from dataclasses import dataclass

from .. import accounts


@dataclass
class Merchant(accounts.Merchant):
    webhook_url: str = ''

    @property
    def api_key(self) -> str:
        return f'sandbox-api-key-{self.id}'

    @property
    def webhook_key(self) -> str:
        return f'sandbox-webhook-key-{self.id}'

    def as_json(self) -> dict:
        return {
            'id': self.id,
            'name': self.name,
            'api_key': self.api_key,
            'webhook_key': self.webhook_key,
            'webhook_url': self.webhook_url,
        }


class Accounts(accounts.Accounts):
    """All of it."""

    def open_account(self, number: int, name: str) -> Merchant:
        return Merchant(str(number), name)
