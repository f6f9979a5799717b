"""The hosted page: a phone's first, without a script, in Portuguese unless English is asked for."""

from collections.abc import Iterator
from decimal import Decimal
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from ...cards import Card, luhn_valid
from ...standin import Route
from ...web import Problem, Request, Response, as_html, nonce
from .. import cards
from ..accounts import CENT, CREATED, Order
from .words import WORDS

PATH = '/pagolivre/pay'
FOLDER = Path(__file__).parent
PAGE = Template((FOLDER / 'page.html').read_text())
STYLE = (FOLDER / 'page.css').read_text()


class Page:
    def __init__(self, standin):
        self._standin = standin

    def routes(self) -> Iterator[Route]:
        yield 'GET', f'{PATH}/<number>', self._show
        yield 'POST', f'{PATH}/<number>', self._submit

    def _submit(self, request: Request, number: str) -> Response:
        fields = request.form
        card = checked_card(fields.get('number', ''), fields.get('exp', ''))
        if not card or self._standin.order(number).status != CREATED:
            return self._show(request, number, '' if card else 'wrong')
        return self._standin.faults.around(
            self._standin.name, 'sale',
            act=lambda: self._paid(request, number, card),
            unknown=lambda: self._message(_words(request), 'unknown', 504),
        )

    def _paid(self, request: Request, number: str, card: Card) -> Response:
        address = self._standin.pay(number, card.number, card.exp)
        if not address:
            return self._show(request, number)
        return Response(b'', status=303, headers={'Location': address})

    def _show(self, request: Request, number: str, error: str = '') -> Response:
        words = _words(request)
        try:
            order = self._standin.order(number)
        except Problem:
            return self._message(words, 'unknown', 404)
        if order.status != CREATED:
            return self._message(words, order.status, 410)
        if not order.guest.get('mobileNumber'):
            return as_html('<!DOCTYPE html><title>PagoLivre</title>', "default-src 'none'")
        return self._form(words, order, error)

    def _form(self, words: dict[str, str], order: Order, error: str) -> Response:
        key, amount = nonce(), reais(order.amount)
        share = (order.amount / order.installments).quantize(CENT)
        months = words['months'].format(number=order.installments, amount=reais(share))
        page = PAGE.substitute(
            words, nonce=key, style=STYLE, merchant=escape(order.merchant.name),
            amount=amount, message=escape(order.message),
            months=months if order.is_recurrent else '', button=f'{words["pay"]} {amount}',
            back_url=escape(order.return_url), error=words.get(error, ''),
            invalid='aria-invalid="true"' if error else '', hints=_hints(words),
        )
        origin = urlsplit(order.return_url)
        policy = (
            f"default-src 'none'; style-src 'nonce-{key}'; base-uri 'none'; "
            f"form-action 'self' {origin.scheme}://{origin.netloc}"
        )
        return as_html(page, policy)

    def _message(self, words: dict[str, str], name: str, status: int) -> Response:
        key = nonce()
        page = (
            f'<!DOCTYPE html><html lang="{words["lang"]}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>PagoLivre</title><style nonce="{key}">{STYLE}</style></head>'
            f'<body><main><h1>{words[name]}</h1><p>{words["close"]}</p></main></body></html>'
        )
        return as_html(page, f"default-src 'none'; style-src 'nonce-{key}'", status)


def address(request: Request, order: Order) -> str:
    """Where the order is paid: on the host that was asked."""
    return f'http://{request.headers.get("Host")}{PATH}/{order.id}'


def reais(amount: Decimal) -> str:
    """As it is written in Brazil: R$ 1.234,56."""
    return f'R$ {amount:,.2f}'.translate(str.maketrans(',.', '.,'))


def _hints(words: dict[str, str]) -> str:
    hints = {cards.APPROVED: words['approved']} | cards.DECLINED
    return ''.join(f'<li><code>{number}</code> {text}</li>' for number, text in hints.items())


def _words(request: Request) -> dict[str, str]:
    wanted = (request.headers.get('Accept-Language') or '')[:2].lower()
    return WORDS.get(wanted, WORDS['pt'])


def checked_card(number: str, exp: str) -> Card | None:
    """The card, as far as it can be one."""
    number = ''.join(filter(str.isdecimal, number))
    exp = ''.join(filter(str.isdecimal, exp))
    if not luhn_valid(number) or len(exp) != 4 or not 1 <= int(exp[:2]) <= 12:
        return None
    return Card(number, exp)
