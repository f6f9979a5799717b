"""The page on which a customer pays at a gateway: one page, for a phone first, without a script, in
the language of the browser. A gateway brings its colours and what it alone says."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from ..cards import Card, luhn_valid
from ..web import Request, Response, as_html, nonce
from .words import WORDS

FOLDER = Path(__file__).parent
FRAME = Template((FOLDER / 'frame.html').read_text())
FORM = Template((FOLDER / 'form.html').read_text())
MESSAGE = Template('<h1>$message</h1>\n<p>$close</p>')
FIELDS = (FOLDER / 'fields.css').read_text()
STYLE = FIELDS + (FOLDER / 'style.css').read_text()

Words = Mapping[str, str]


class CardPage:
    """
    :param brand: whose page it is.
    :param colors: what the style sheets leave open, by name.
    :param words: what only this gateway says, by language; who asks for none of them gets the
        first.
    """

    def __init__(self, brand: str, colors: Words, words: Mapping[str, Words]):
        self._brand = brand
        self._style = STYLE + _root(colors)
        self._words = {
            lang: {name: text.replace('{brand}', brand) for name, text in WORDS[lang].items()} | own
            for lang, own in words.items()
        }

    def words(self, request: Request) -> Words:
        """What is said to whoever sent `request`."""
        wanted = (request.headers.get('Accept-Language') or '')[:2].lower()
        return self._words.get(wanted) or next(iter(self._words.values()))

    def form(
        self, words: Words, *, amount: str, hints: Words, back_url: str, error: str = '',
        button: str = '', **texts: str,
    ) -> Response:
        """The form, with test cards to fill in.

        :param hints: what becomes of each of these cards.
        :param button: what it says, when nothing is paid.
        :param error: the name of what went wrong.
        :param texts: `merchant`, `description`, and a `note` to the amount.
        """
        page = {'note': '', 'amount': amount, 'back_url': back_url, **texts}
        page |= {'button': button or f'{words["pay"]} {amount}', 'error': words.get(error, '')}
        parts = urlsplit(back_url)
        return self._framed(
            FORM, words, {name: escape(text) for name, text in page.items()} | {
                'invalid': 'aria-invalid="true"' if error else '',
                'hints': ''.join(
                    f'<li><code>{number}</code> {escape(text)}</li>'
                    for number, text in hints.items()
                ),
            },
            f"form-action 'self' {parts.scheme}://{parts.netloc}",
        )

    def message(self, words: Words, name: str, status: int) -> Response:
        """One thing to say, and nothing to do."""
        return self._framed(MESSAGE, words, {'message': words[name]}, "form-action 'none'", status)

    def _framed(self, main: Template, words: Words, values: Words, policy, status=200):
        key = nonce()
        page = FRAME.substitute(
            words, brand=self._brand, nonce=key, style=self._style,
            main=main.substitute(words, brand=self._brand, **values),
        )
        return as_html(page, (
            f"default-src 'none'; img-src data:; style-src 'nonce-{key}'; base-uri 'none'; {policy}"
        ), status)


def _root(colors: Words) -> str:
    named = ''.join(f'    --{name}: {color};\n' for name, color in colors.items())
    return f'\n:root {{\n{named}}}\n'


def typed_card(fields: Mapping[str, str]) -> Card | None:
    """The card of a form that was sent, as far as it can be one."""
    number, exp = (
        ''.join(filter(str.isdecimal, fields.get(name, ''))) for name in ('number', 'exp')
    )
    if not luhn_valid(number) or len(exp) != 4 or not 1 <= int(exp[:2]) <= 12:
        return None
    return Card(number, exp)


def sent_to(address: str) -> Response:
    return Response(b'', status=303, headers={'Location': address})
