"""The sandbox as one thing: gateways, mailbox, control and pages behind one address."""

from pathlib import Path

from .control import Control
from .courier import RETRY_GAPS, Courier
from .credicorp import Credicorp
from .faults import Faults
from .greenpay import GreenPay
from .ledger import Ledger
from .mailbox import Mailbox
from .memory import Memory
from .overview import Overview
from .pagolivre import PagoLivre
from .server import Server
from .standin import StandIn
from .web import Router, files, not_found

STAND_INS: tuple[type[StandIn], ...] = (
    Credicorp,
    GreenPay,
    PagoLivre,
)
STATIC = Path(__file__).parent / 'static'


class Sandbox:
    """Use it as a context, or call `start` and `stop`. Each gateway is an attribute by its name.

        with Sandbox() as sandbox:
            sandbox.credicorp.configure(webhook_url=...)
            sandbox.faults.add('cut', ['sale'], charged=True)
            ...
            sandbox.ledger.charges('INV/2025/0001')

    :param port: 0 for a free one.
    :param mailbox: the folder of the mails; without it there is no mailbox.
    :param smtp_port: where mail is received, 0 for a free port; None to only show the folder.
    :param memory: the file that keeps what the gateways did; without it, nothing survives.
    :param odoo_url: linked from the pages, and where mails may load their pictures from.
    """

    credicorp: Credicorp
    greenpay: GreenPay
    pagolivre: PagoLivre

    def __init__(
        self, host='127.0.0.1', port=0, smtp_port: int | None = None, mailbox: str | Path = '',
        odoo_url='', memory: str | Path = '', retry_gaps: tuple[float, ...] = RETRY_GAPS,
    ):
        self.odoo_url = odoo_url.rstrip('/')
        self.ledger = Ledger()
        self.faults = Faults()
        self.courier = Courier(self.faults, retry_gaps)
        self.gateways: dict[str, StandIn] = {}
        for stand_in in STAND_INS:
            gateway = stand_in(self.ledger, self.faults, self.courier)
            self.gateways[gateway.name] = gateway
            setattr(self, gateway.name, gateway)
        self.memory = Memory(Path(memory), self.ledger, self.gateways) if memory else None
        if self.memory:
            self.memory.load()
        self.mailbox = Mailbox(Path(mailbox), host, smtp_port, self.odoo_url) if mailbox else None
        self.control = Control(self)
        self._server = Server(host, port, self._router())

    def _router(self) -> Router:
        router = Router()
        served = [self.control, Overview(self), *self.gateways.values()]
        for part in [*served, self.mailbox] if self.mailbox else served:
            for method, pattern, answer in part.routes():
                router.add(method, pattern, self._remembered(method, answer))
        static = files(STATIC)
        router.add('GET', '/static/<name>', lambda _request, name: static.get(name, not_found()))
        return router

    def _remembered(self, method: str, answer):
        return self.memory.remembering(answer) if self.memory and method != 'GET' else answer

    @property
    def url(self) -> str:
        return self._server.url

    def addresses(self) -> dict:
        """Where everything is."""
        found = {'url': self.url, 'control': f'{self.url}/control'}
        if self.mailbox:
            found['mailbox'] = f'{self.url}/mailbox'
            found['smtp_port'] = self.mailbox.smtp_port
        return found

    def start(self) -> 'Sandbox':
        if self.mailbox:
            self.mailbox.start()
        self.courier.start()
        self._server.start()
        return self

    def stop(self):
        self._server.stop()
        self.courier.stop()
        if self.mailbox:
            self.mailbox.stop()

    def reset(self):
        """As freshly started, except for the mails."""
        self.faults.clear()
        self.courier.clear()
        self.ledger.clear()
        for gateway in self.gateways.values():
            gateway.reset()

    def __enter__(self) -> 'Sandbox':
        return self.start()

    def __exit__(self, *_exception):
        self.stop()
