"""A mailbox for everything that Odoo sends: mails come by SMTP and text messages by HTTP; both are
kept as files and shown as pages."""

from collections.abc import Iterator
from pathlib import Path

from ..standin import Route
from .pages import Pages
from .smtp import Smtp
from .store import Mail, Store
from .texts import Texts

__all__ = ['Mail', 'Mailbox']


class Mailbox:
    def __init__(self, folder: Path, host: str, smtp_port: int | None, odoo_url: str = ''):
        self.store = Store(folder)
        self._smtp = None if smtp_port is None else Smtp(self.store, host, smtp_port)
        self._pages = Pages(self.store, odoo_url)
        self._texts = Texts(self.store)

    def routes(self) -> Iterator[Route]:
        yield from self._pages.routes()
        yield from self._texts.routes()

    @property
    def smtp_port(self) -> int | None:
        return self._smtp and self._smtp.port

    def mails(self) -> list[Mail]:
        """Newest first."""
        return self.store.mails()

    def start(self):
        if self._smtp:
            self._smtp.start()

    def stop(self):
        if self._smtp:
            self._smtp.stop()
