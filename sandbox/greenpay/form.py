"""The hosted form."""

from collections.abc import Iterator

from ..hosted import CardPage, sent_to, typed_card
from ..standin import Route
from ..web import Problem, Request, Response
from . import cards

PATH = '/greenpay/form/<session>'
COLORS = {
    'ink': '#12352a', 'paper': '#eef5f0', 'soft': '#55706a', 'line': '#b6c9c0', 'pale': '#6c827a',
    'accent': '#0f6b42', 'pressed': '#0b5534', 'focus': 'rgb(15 107 66 / 45%)',
    'shadow': 'rgb(11 61 41 / 14%)',
}
WORDS = {
    'en': {
        'save': 'Save card', 'back': 'Cancel', 'funds': 'has no funds', 'old': 'has expired',
        'declined': 'is declined', 'expired': 'This session has expired.',
    },
    'es': {
        'save': 'Guardar tarjeta', 'back': 'Cancelar', 'funds': 'no tiene fondos',
        'old': 'está vencida', 'declined': 'se rechaza', 'expired': 'Esta sesión venció.',
    },
    'pt': {
        'save': 'Salvar cartão', 'back': 'Cancelar', 'funds': 'não tem saldo',
        'old': 'está vencido', 'declined': 'é recusado', 'expired': 'Esta sessão expirou.',
    },
}
HINTS = {
    cards.APPROVED: 'approved',
    '4094394314664828': 'funds',
    '4539610492212483': 'old',
    '4485970366452449': 'declined',
}


class Form:
    def __init__(self, standin):
        self._standin = standin
        self._page = CardPage(standin.title, COLORS, WORDS)

    def routes(self) -> Iterator[Route]:
        yield 'GET', PATH, self._show
        yield 'POST', PATH, self._submit

    def _submit(self, request: Request, session: str) -> Response:
        found = self._standin.session(session)
        if not found.live:
            return self._show(request, session)
        card = typed_card(request.form)
        if not card:
            return self._show(request, session, 'wrong')
        return self._standin.faults.around(
            self._standin.name, 'tokenize' if found.saves_card else 'sale',
            act=lambda: sent_to(self._standin.pay(session, card.number, card.exp)),
            unknown=lambda: sent_to(self._standin.unknown(found)),
        )

    def _show(self, request: Request, session: str, error: str = '') -> Response:
        words = self._page.words(request)
        try:
            found = self._standin.session(session)
        except Problem:
            return self._page.message(words, 'unknown', 404)
        if not found.live:
            return self._page.message(words, 'paid' if found.used else 'expired', 410)
        order = found.order
        pays = 'amount' in order
        return self._page.form(
            words, amount=f'{order["amount"]:,.2f} {order["currency"]}' if pays else '',
            hints={number: words[name] for number, name in HINTS.items()},
            back_url=f'{order.get("callback", "").rstrip("/")}/cancel', error=error,
            button='' if pays else words['save'], merchant=found.merchant.name,
            description=order.get('description', ''),
        )
