"""Collect.js and the payment window that it opens: card numbers go here and nowhere else."""

import json
from collections.abc import Iterator
from pathlib import Path

from ...cards import luhn_valid
from ...hosted import FIELDS
from ...standin import Route
from ...web import Problem, Request, Response, as_html, as_json, files, nonce
from .. import cards
from ..cards import Card

FOLDER = Path(__file__).parent
# What the window offers to fill in, by the name of its explanation in window.js.
HINTS = {
    'approved': '4111111111111111',
    'funds': next(number for number, code in cards.DECLINED.items() if code == '202'),
    'expired': next(number for number, code in cards.DECLINED.items() if code == '223'),
    'unknown': cards.CHARGED_UNKNOWN,
}


class Window:
    def __init__(self, standin):
        self._standin = standin
        self._files = files(FOLDER)

    def routes(self) -> Iterator[Route]:
        yield 'GET', '/token/Collect.js', lambda request: self._files['Collect.js']
        yield 'GET', '/token/window', self._page
        yield 'POST', '/token/create', self._create

    def _page(self, request: Request) -> Response:
        merchant = self._merchant(request.query.get('key', ''))
        settings = {
            'key': request.query.get('key', ''),
            'origin': request.query.get('origin', ''),
            'price': request.query.get('price', ''),
            'currency': request.query.get('currency', '') or (merchant and merchant.currency),
            'merchant': merchant and merchant.name,
            'hints': HINTS,
        }
        key = nonce()
        policy = (
            f"default-src 'none'; script-src 'nonce-{key}'; style-src 'nonce-{key}'; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'"
        )
        return as_html(self._filled(key, settings), policy)

    def _filled(self, key: str, settings: dict) -> str:
        # In a script element only "<" could end the JSON early.
        data = json.dumps(settings).replace('<', '\\u003c')
        page = self._text('window.html').replace('{{fields.css}}', FIELDS)
        for name in ('window.css', 'words.js', 'window.js'):
            page = page.replace(f'{{{{{name}}}}}', self._text(name))
        return page.replace('{{nonce}}', key).replace('{{settings}}', data)

    def _text(self, name: str) -> str:
        return self._files[name].body.decode()

    def _create(self, request: Request) -> Response:
        values = request.json
        merchant = self._merchant(values.get('key', ''))
        if not merchant:
            raise Problem('Invalid tokenization key', 401)
        card = Card(str(values.get('number', '')), str(values.get('exp', '')))
        if not luhn_valid(card.number) or len(card.exp) != 4 or not card.exp.isdigit():
            raise Problem('Invalid card')
        token = self._standin.accounts.tokenize(merchant, card)
        return as_json({'token': token, 'card': _shown(card)})

    def _merchant(self, key: str):
        return self._standin.accounts.merchant('tokenization_key', key)


def _shown(card: Card) -> dict[str, str]:
    return {
        'number': card.masked,
        'bin': card.number[:6],
        'exp': card.exp,
        'type': card.brand,
        'hash': '',
    }
