"""`/control`: everything that a test can ask of the sandbox, as JSON."""

from collections.abc import Iterator

from .faults import Kind
from .standin import Route, StandIn
from .web import Problem, Request, Response, as_json


class Control:
    def __init__(self, sandbox):
        self._sandbox = sandbox

    def routes(self) -> Iterator[Route]:
        yield 'GET', '/control', self._state
        yield 'POST', '/control/reset', self._reset
        yield 'GET', '/control/ledger', self._ledger
        yield 'GET', '/control/deliveries', self._deliveries
        yield 'POST', '/control/deliveries/<number>/resend', self._resend
        yield 'GET', '/control/faults', self._faults
        yield 'POST', '/control/faults', self._add_fault
        yield 'DELETE', '/control/faults', self._clear_faults
        yield 'DELETE', '/control/faults/<number>', self._clear_faults
        yield 'GET', '/control/mail', self._mail
        yield 'GET', '/control/<gateway>', self._describe
        yield 'POST', '/control/<gateway>', self._configure
        yield 'POST', '/control/<gateway>/merchants', self._add_merchant
        yield 'POST', '/control/<gateway>/settle', self._settle
        yield 'POST', '/control/<gateway>/desk/<action>', self._at_the_desk
        yield 'POST', '/control/<gateway>/transactions/<number>/<action>', self._back_office

    def configure(self, gateway: str, values: dict) -> dict:
        found = self._gateway(gateway)
        _call(found.configure, values)
        return found.describe()

    # --- the sandbox ------------------------------------------------------------------------------

    def _state(self, _request: Request) -> Response:
        sandbox = self._sandbox
        return as_json({
            **sandbox.addresses(),
            'odoo_url': sandbox.odoo_url,
            'gateways': {name: found.describe() for name, found in sandbox.gateways.items()},
            'fault_kinds': list(Kind),
            'faults': [fault.as_json() for fault in sandbox.faults.all()],
        })

    def _reset(self, request: Request) -> Response:
        _ = request.json  # asks for the type that no foreign page can send
        self._sandbox.reset()
        return as_json({})

    def _ledger(self, request: Request) -> Response:
        names = ('gateway', 'merchant', 'operation', 'id', 'order_id')
        wanted = {name: request.query[name] for name in names if name in request.query}
        return as_json([entry.as_json() for entry in self._sandbox.ledger.entries(**wanted)])

    def _deliveries(self, _request: Request) -> Response:
        return as_json([d.as_json() for d in self._sandbox.courier.deliveries()])

    def _resend(self, request: Request, number: str) -> Response:
        _ = request.json
        delivery = self._sandbox.courier.resend(_number(number))
        if not delivery:
            raise Problem(f'There is no delivery {number}.', 404)
        return as_json(delivery.as_json())

    def _faults(self, _request: Request) -> Response:
        return as_json([fault.as_json() for fault in self._sandbox.faults.all()])

    def _add_fault(self, request: Request) -> Response:
        return as_json(self._sandbox.faults.add_json(request.json).as_json(), 201)

    def _clear_faults(self, request: Request, number: str = '') -> Response:
        self._sandbox.faults.clear(_number(number) if number else None)
        return self._faults(request)

    def _mail(self, _request: Request) -> Response:
        mailbox = self._sandbox.mailbox
        return as_json([mail.as_json() for mail in mailbox.mails()] if mailbox else [])

    # --- one gateway ------------------------------------------------------------------------------

    def _gateway(self, name: str) -> StandIn:
        found = self._sandbox.gateways.get(name)
        if not found:
            raise Problem(f'There is no gateway {name}.', 404)
        return found

    def _describe(self, _request: Request, gateway: str) -> Response:
        return as_json(self._gateway(gateway).describe())

    def _configure(self, request: Request, gateway: str) -> Response:
        return as_json(self.configure(gateway, request.json))

    def _add_merchant(self, request: Request, gateway: str) -> Response:
        merchant = _call(self._gateway(gateway).add_merchant, request.json)
        return as_json(merchant.as_json(), 201)

    def _settle(self, request: Request, gateway: str) -> Response:
        settled = _call(self._desk(gateway, 'settle'), request.json)
        return as_json({'settled': [transaction.id for transaction in settled]})

    def _at_the_desk(self, request: Request, gateway: str, action: str) -> Response:
        found = self._gateway(gateway)
        if action not in found.desk:
            raise Problem(f'One cannot {action} at {gateway}.', 404)
        _call(getattr(found, action), request.json)
        return as_json(found.describe())

    def _back_office(self, request: Request, gateway: str, number: str, action: str) -> Response:
        _call(self._desk(gateway, action), {**request.json, 'transaction_id': number})
        entries = self._sandbox.ledger.entries(gateway=gateway)
        return as_json(entries[-1].as_json() if entries else {})

    def _desk(self, gateway: str, action: str):
        found = self._gateway(gateway)
        if action not in found.back_office:
            raise Problem(f'One cannot {action} a transaction of {gateway}.', 404)
        return getattr(found, action)


def _call(function, values: dict):
    try:
        return function(**values)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise Problem(str(error)) from error


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else -1
