"""A mailbox for everything that Odoo sends: received by SMTP, kept as files, shown as pages."""

from pathlib import Path

from .pages import Pages
from .smtp import Smtp
from .store import Mail, Store

__all__ = ['Mail', 'Mailbox']


class Mailbox:
    def __init__(self, folder: Path, host: str, smtp_port: int | None, odoo_url: str = ''):
        self.store = Store(folder)
        self._smtp = None if smtp_port is None else Smtp(self.store, host, smtp_port)
        self._pages = Pages(self.store, odoo_url)
        self.routes = self._pages.routes

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
