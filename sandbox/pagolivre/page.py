"""The hosted page."""

from collections.abc import Iterator
from decimal import Decimal

from ..cards import Card
from ..hosted import CardPage, Words, sent_to, typed_card
from ..standin import Route
from ..web import Problem, Request, Response, as_html
from . import cards
from .accounts import CENT, CREATED, Order

PATH = '/pagolivre/pay'
COLORS = {
    'ink': '#1f1633', 'paper': '#f4f1fa', 'soft': '#655a7c', 'line': '#c5bbd8', 'pale': '#776d8c',
    'accent': '#5b21b6', 'pressed': '#4a1a96', 'focus': 'rgb(91 33 182 / 45%)',
    'shadow': 'rgb(48 20 92 / 14%)',
}
WORDS = {
    'pt': {
        'months': '{number}× de {amount} no cartão, uma por mês', 'back': 'Voltar à loja',
        'expired': 'Este pagamento expirou.', 'canceled': 'Este pagamento foi cancelado.',
        'declined': 'O banco recusou o cartão. Nada foi cobrado.',
    },
    'en': {
        'months': '{number} × {amount} by card, one each month', 'back': 'Back to the shop',
        'expired': 'This payment has expired.', 'canceled': 'This payment was cancelled.',
        'declined': 'The bank declined the card. Nothing was charged.',
    },
}


class Page:
    def __init__(self, standin):
        self._standin = standin
        self._page = CardPage(standin.title, COLORS, WORDS)

    def routes(self) -> Iterator[Route]:
        yield 'GET', f'{PATH}/<number>', self._show
        yield 'POST', f'{PATH}/<number>', self._submit

    def _submit(self, request: Request, number: str) -> Response:
        card = typed_card(request.form)
        if not card or self._standin.order(number).status != CREATED:
            return self._show(request, number, '' if card else 'wrong')
        return self._standin.faults.around(
            self._standin.name, 'sale',
            act=lambda: self._paid(request, number, card),
            unknown=lambda: self._page.message(self._page.words(request), 'unknown', 504),
        )

    def _paid(self, request: Request, number: str, card: Card) -> Response:
        address = self._standin.pay(number, card.number, card.exp)
        return sent_to(address) if address else self._show(request, number)

    def _show(self, request: Request, number: str, error: str = '') -> Response:
        words = self._page.words(request)
        try:
            order = self._standin.order(number)
        except Problem:
            return self._page.message(words, 'unknown', 404)
        if order.status != CREATED:
            return self._page.message(words, order.status, 410)
        if not order.guest.get('mobileNumber'):
            return as_html('<!DOCTYPE html><title>PagoLivre</title>', "default-src 'none'")
        return self._page.form(
            words, amount=reais(order.amount),
            hints={cards.APPROVED: words['approved']} | cards.DECLINED, back_url=order.return_url,
            error=error, merchant=order.merchant.name, description=order.message,
            note=_months(words, order) if order.is_recurrent else '',
        )


def _months(words: Words, order: Order) -> str:
    share = (order.amount / order.installments).quantize(CENT)
    return words['months'].format(number=order.installments, amount=reais(share))


def address(request: Request, order: Order) -> str:
    """Where the order is paid: on the host that was asked."""
    return f'http://{request.headers.get("Host")}{PATH}/{order.id}'


def reais(amount: Decimal) -> str:
    """As it is written in Brazil: R$ 1.234,56."""
    return f'R$ {amount:,.2f}'.translate(str.maketrans(',.', '.,'))
