"""The stand-in as a whole: its API, its clock, its back office, its books."""

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from ..cards import Card
from ..courier import Delivery
from ..ledger import Entry
from ..standin import Route, StandIn
from ..web import HTML, JSON, Problem, Request, Response
from . import cards, notices, page
from .accounts import (
    CANCELED,
    CREATED,
    DECLINED,
    EXPIRED,
    PAID,
    Accounts,
    Charge,
    Order,
    Refusal,
    month_later,
)

API = '/pagolivre/api/v2'
CARD_OPTION, RECURRENT_OPTION = 'creditCard', 'recurrentCreditCard'
MOST_INSTALLMENTS = 12
# Somebody in between refuses who does not say what he is, and not in JSON.
NOBODY = Response(b'<html><h1>Access denied</h1></html>', HTML, 403)


class PagoLivre(StandIn):
    name = 'pagolivre'
    title = 'PagoLivre'
    Accounts = Accounts
    back_office = ('cancel', 'refuse', 'retry', 'notify')
    desk = ('advance', 'rewind')

    def __init__(self, ledger, faults, courier):
        super().__init__(ledger, faults, courier)
        self.page = page.Page(self)

    def routes(self) -> Iterator[Route]:
        yield 'POST', f'{API}/orders', self._answering('order', self._create)
        yield 'GET', f'{API}/orders/byOrderKey/<key>', self._answering('query', self._get)
        yield 'POST', f'{API}/orders/<number>/cancel', self._answering('refund', self._cancel)
        yield from self.page.routes()

    def test_cards(self) -> dict[str, str]:
        return {cards.APPROVED: 'aprovado'} | cards.DECLINED

    def describe(self) -> dict:
        return super().describe() | {'clock': self.accounts.now().isoformat(timespec='minutes')}

    # --- for tests --------------------------------------------------------------------------------

    def order(self, address: str) -> Order:
        """The order of a page's address, or of its number."""
        found = self.accounts.orders.get(address.rpartition('/')[2])
        if not found:
            raise Problem('There is no such order.', 404)
        self._expire(found)
        return found

    def pay(self, address: str, number: str = cards.APPROVED, exp: str = '1235') -> str:
        """What a customer does on the page; where his browser is sent then."""
        order = self.order(address)
        with self.accounts.lock:
            if order.status != CREATED:
                raise Problem('This order cannot be paid any more.', 410)
            order.card = Card(number, exp)
            if order.is_recurrent:
                self._begin(order)
            else:
                order.declining = self._refusal(order)
                order.status = DECLINED if order.declining else PAID
                self._enter(order, 'sale', order.amount, order.declining)
        self._tell(order, order.status)
        return order.return_url

    def notification(self, number: str, event: str = 'paid') -> bytes:
        """The notification of an order, not sent."""
        return notices.notice_body(self.order(number), event)

    # --- the clock --------------------------------------------------------------------------------

    def advance(self, months: int = 1, minutes: float = 0) -> list[Order]:
        """Let time pass: what falls due is charged in its order, and what nobody paid ends."""
        with self.accounts.lock:
            return self._advance(int(months), float(minutes))

    def _advance(self, months: int, minutes: float) -> list[Order]:
        before = self.accounts.now()
        after = month_later(before, months) + timedelta(minutes=minutes)
        due = sorted(
            ((charge.due, order, charge) for order in self.accounts.orders.values()
             for charge in order.waiting if charge.due <= after),
            key=lambda one: one[0],
        )
        self.accounts.offset += after - before
        for _due, order, charge in due:
            if order.status == PAID:
                self._charge(order, charge)
        for order in self.accounts.orders.values():
            self._expire(order)
        return [order for _due, order, _charge in due]

    def rewind(self) -> None:
        """Back to the present; nothing that happened is undone."""
        self.accounts.offset = timedelta(0)

    def _expire(self, order: Order):
        if order.status == CREATED and order.expires <= self.accounts.now():
            order.status = EXPIRED
            self._tell(order, EXPIRED)

    # --- charging ---------------------------------------------------------------------------------

    def _begin(self, order: Order):
        """The first charge of a recurrent order decides whether there is one."""
        self.accounts.plan(order)
        order.status = PAID
        first = order.charges[0]
        self._charge(order, first, tell=False)
        if first.status == DECLINED:
            order.status, order.declining = DECLINED, first.reason
            order.charges = []

    def _charge(self, order: Order, charge: Charge, tell=True):
        charge.reason = self._refusal(order)
        charge.status = DECLINED if charge.reason else PAID
        charge.paid_at = None if charge.reason else max(charge.due, order.created)
        self._enter(order, 'sale', charge.amount, charge.reason, charge)
        if tell:
            self._tell(order, 'charge')

    def _refusal(self, order: Order) -> str | None:
        """Why the card of an order cannot be charged now."""
        if order.refusals:
            order.refusals -= 1
            return cards.REFUSED
        month, year = int(order.card.exp[:2]), 2000 + int(order.card.exp[2:])
        now = self.accounts.now()
        if (now.year, now.month) > (year, month):
            return cards.EXPIRED
        return cards.DECLINED.get(order.card.number)

    # --- the API ----------------------------------------------------------------------------------

    def _answering(self, operation: str, answer):
        def answering(request: Request, **names) -> Response:
            return self.faults.around(
                self.name, operation,
                act=lambda: self._answered(answer, request, names),
                unknown=lambda: _error('Tempo esgotado', 504, 'timeout'),
            )

        return answering

    def _answered(self, answer, request: Request, names: dict) -> Response:
        if not request.headers.get('User-Agent'):
            return NOBODY
        try:
            merchant = self.accounts.merchant(request.headers.get('Authorization') or '')
            order = answer(merchant, request, **names)
        except Refusal as refusal:
            return _error(str(refusal), refusal.status, refusal.code)
        if order is None:
            return Response(b'', JSON, 204)
        body = notices.order_body(order, page.address(request, order))
        return Response(json.dumps(body, ensure_ascii=False).encode(), JSON)

    def _create(self, merchant, request: Request) -> Order:
        return self.accounts.open_order(merchant, _wanted(merchant, request.json))

    def _get(self, merchant, _request: Request, key: str) -> Order | None:
        self.accounts.take_turn(merchant)
        order = self.accounts.find(merchant, key)
        if order:
            self._expire(order)
        return order

    def _cancel(self, merchant, request: Request, number: str) -> Order:
        content, order = request.json, self.accounts.orders.get(number)
        if not order or order.merchant is not merchant:
            raise Refusal('Ordem não encontrada', 404, 'not_found')
        if not content.get('cancellationRequestId'):
            raise Refusal('cancellationRequestId é obrigatório')
        amount = _amount(content['amount']) if 'amount' in content else None
        request_id, reason = content['cancellationRequestId'], content.get('reason')
        with self.accounts.lock:
            self._cancel_order(order, amount, request_id, reason)
        return order

    # --- cancelling -------------------------------------------------------------------------------

    def cancel(self, transaction_id: str, amount: str = '') -> Order:
        order = self.order(transaction_id)
        try:
            self._cancel_order(
                order, Decimal(amount) if amount else None, self.accounts.new_id(), 'balcão'
            )
        except Refusal as refusal:
            raise Problem(str(refusal), 409) from refusal
        return order

    def _cancel_order(self, order: Order, amount: Decimal | None, request_id: str, reason):
        """All of an order without an amount. With one, the charges to come when it is their sum
        (inferred), else that part of what was collected."""
        if order.status not in (CREATED, PAID):
            raise Refusal('A ordem não pode ser cancelada', 409, 'conflict')
        rest = sum((charge.amount for charge in order.waiting), Decimal(0))
        back = order.left if amount is None else Decimal(0) if amount == rest else amount
        if back > order.left or (amount is not None and amount <= 0):
            raise Refusal('Valor maior que o disponível')
        if amount is None or amount == rest:
            for charge in order.waiting:
                charge.status = CANCELED
        if back:
            order.cancellations.append({'cancellationRequestId': request_id, 'amount': back})
            self._enter(order, 'refund', back, None)
        if amount is None or (back and not order.left):
            order.status, order.canceling = CANCELED, reason
        self._tell(order, CANCELED if order.status == CANCELED else 'charge')

    # --- the back office --------------------------------------------------------------------------

    def refuse(self, transaction_id: str, times: int = 1) -> Order:
        """The next charges of an order are refused."""
        order = self.order(transaction_id)
        order.refusals += int(times)
        return order

    def retry(self, transaction_id: str) -> Order:
        """Charge again what was refused, the oldest first."""
        order = self.order(transaction_id)
        refused = [charge for charge in order.charges if charge.status == DECLINED]
        if not refused or order.status != PAID:
            raise Problem('Nothing of this order was refused.', 409)
        self._charge(order, refused[0])
        return order

    def notify(self, transaction_id: str, event: str = '') -> list[Delivery]:
        """Tell of the order again."""
        order = self.order(transaction_id)
        return self._tell(order, event or order.status)

    # --- books and notifications ------------------------------------------------------------------

    def _enter(self, order: Order, operation: str, amount: Decimal, refusal, charge=None):
        self.ledger.add(Entry(
            gateway=self.name,
            merchant=order.merchant.id,
            operation=operation,
            id=order.id,
            order_id=order.key,
            amount=amount,
            currency='BRL',
            success=not refusal,
            code='declined' if refusal else 'ok',
            text=refusal or 'Aprovada',
            details={'card': order.card.masked} | (
                {'charge': charge.id, 'number': str(charge.number)} if charge else {}),
        ))

    def _tell(self, order: Order, event: str) -> list[Delivery]:
        url = order.merchant.webhook_url or order.callback
        return self.courier.send(notices.message(order, event, url)) if url else []


def _wanted(merchant, content: dict) -> dict:
    """What an order is made of."""
    guests = content.get('orderGuests')
    guest = guests[0] if isinstance(guests, list) and guests else None
    installments = content.get('installments', 1)
    option = content.get('receivingOptionType')
    if not content.get('orderKey') or not content.get('requestId'):
        raise Refusal('orderKey e requestId são obrigatórios')
    if not isinstance(guest, dict) or not guest.get('cpf'):
        raise Refusal('O CPF do cliente é obrigatório')
    if option not in (CARD_OPTION, RECURRENT_OPTION) or (
        option == RECURRENT_OPTION and not merchant.recurring
    ):
        raise Refusal('A opção de recebimento selecionada não existe', 403, 'forbidden')
    if not isinstance(installments, int) or not 1 <= installments <= MOST_INSTALLMENTS:
        raise Refusal('Número de parcelas inválido')
    return {
        'key': content['orderKey'],
        'amount': _amount(content.get('amount')),
        'installments': installments if option == RECURRENT_OPTION else 1,
        'guest': guest,
        'message': content.get('message') or '',
        'callback': content.get('callbackUrl') or '',
        'return_url': content.get('returnUrl') or '',
    }


def _amount(value) -> Decimal:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value <= 0:
        raise Refusal('Valor inválido')
    return Decimal(str(value))


def _error(text: str, status: int, code: str) -> Response:
    body = {'code': code, 'message': text}
    return Response(json.dumps(body, ensure_ascii=False).encode(), JSON, status)
