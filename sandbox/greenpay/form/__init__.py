"""The hosted form: one page, without a script, in the language of the browser."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from ...cards import Card, luhn_valid
from ...standin import Route
from ...web import Problem, Request, Response, as_html, nonce
from .. import cards
from .words import WORDS

PATH = '/greenpay/form/<session>'
FOLDER = Path(__file__).parent
PAGE = Template((FOLDER / 'form.html').read_text())
STYLE = (FOLDER / 'form.css').read_text()
HINTS = {
    cards.APPROVED: 'approved',
    '4094394314664828': 'funds',
    '4539610492212483': 'old',
    '4485970366452449': 'declined',
}


class Form:
    def __init__(self, standin):
        self._standin = standin

    def routes(self) -> Iterator[Route]:
        yield 'GET', PATH, self._show
        yield 'POST', PATH, self._submit

    def _show(self, request: Request, session: str) -> Response:
        return self._page(request, session)

    def _submit(self, request: Request, session: str) -> Response:
        found, fields = self._standin.session(session), request.form
        if not found.live:
            return self._page(request, session)
        card = checked_card(fields.get('number', ''), fields.get('exp', ''))
        if not card:
            return self._page(request, session, 'wrong')
        return self._standin.faults.around(
            self._standin.name, 'tokenize' if found.saves_card else 'sale',
            act=lambda: _sent_to(self._standin.pay(session, card.number, card.exp)),
            unknown=lambda: _sent_to(self._standin.unknown(found)),
        )

    def _page(self, request: Request, session: str, error: str = '') -> Response:
        words = _words(request)
        try:
            found = self._standin.session(session)
        except Problem:
            return self._message(words, 'unknown', 404)
        if not found.live:
            return self._message(words, 'paid' if found.used else 'expired', 410)
        order, key = found.order, nonce()
        amount = f'{order["amount"]:,.2f} {order["currency"]}' if 'amount' in order else ''
        callback = order.get('callback', '').rstrip('/')
        page = PAGE.substitute(
            words, nonce=key, style=STYLE, merchant=escape(found.merchant.name),
            amount=escape(amount), description=escape(order.get('description', '')),
            button=f'{words["pay"]} {escape(amount)}' if amount else words['save'],
            cancel=escape(f'{callback}/cancel'), error=words.get(error, ''),
            invalid='aria-invalid="true"' if error else '', hints=_hints(words),
        )
        origin = urlsplit(callback)
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
            f'<title>GreenPay</title><style nonce="{key}">{STYLE}</style></head>'
            f'<body><main><h1>{words[name]}</h1><p>{words["close"]}</p></main></body></html>'
        )
        return as_html(page, f"default-src 'none'; style-src 'nonce-{key}'", status)


def _hints(words: dict[str, str]) -> str:
    return ''.join(
        f'<li><code>{number}</code> {words[name]}</li>' for number, name in HINTS.items()
    )


def _words(request: Request) -> dict[str, str]:
    wanted = (request.headers.get('Accept-Language') or '')[:2].lower()
    return WORDS.get(wanted, WORDS['en'])


def _sent_to(address: str) -> Response:
    return Response(b'', status=303, headers={'Location': address})


def checked_card(number: str, exp: str) -> Card | None:
    """The card, as far as it can be one."""
    number = ''.join(filter(str.isdecimal, number))
    exp = ''.join(filter(str.isdecimal, exp))
    if not luhn_valid(number) or len(exp) != 4 or not 1 <= int(exp[:2]) <= 12:
        return None
    return Card(number, exp)
