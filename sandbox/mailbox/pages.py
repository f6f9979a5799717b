"""`/mailbox`: the list of mails, and one mail shown without trusting it."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from html import escape
from urllib.parse import quote

from ..page import CLIP, POLICY, page, time_tag, top_links
from ..standin import Route
from ..web import Request, Response, as_html, not_found
from .store import Mail, Store

HEADERS = ('From', 'To', 'Cc', 'Reply-To', 'Date', 'X-Envelope-To', 'X-Login', 'Message-Id')
# Pictures that a browser cannot run: these are shown, all else is only saved.
PICTURES = frozenset({'image/png', 'image/jpeg', 'image/gif', 'image/webp'})
# No scripts and no forms; allow-same-origin only lets the page around measure the height.
FRAME = 'allow-same-origin allow-popups allow-popups-to-escape-sandbox'


class Pages:
    def __init__(self, store: Store, odoo_url: str):
        self._store = store
        self._odoo_url = odoo_url
        self._links = top_links(odoo_url, mailbox=True)

    def routes(self) -> Iterator[Route]:
        yield 'GET', '/mailbox', self._list
        yield 'GET', '/mailbox/<name>', self._show
        yield 'GET', '/mailbox/<name>/html', self._html
        yield 'GET', '/mailbox/<name>/raw', self._raw
        yield 'GET', '/mailbox/<name>/parts/<place>', self._part

    def _list(self, _request: Request) -> Response:
        mails = self._store.mails()
        items = ''.join(map(_item, mails)) or '<li class="empty">No mail yet.</li>'
        content = (
            f'<h1>Mailbox <small>{len(mails)}</small></h1>'
            f'<ul class="mails" data-refresh>{items}</ul>'
        )
        return as_html(page('Mailbox', content, self._links), POLICY)

    def _show(self, _request: Request, name: str) -> Response:
        mail = self._store.mail(name)
        if not mail:
            return not_found()
        subject = mail.header('Subject') or '(no subject)'
        content = ''.join((
            '<p class="back"><a href="/mailbox">← Mailbox</a></p>',
            f'<article class="card mail"><h1>{escape(subject)}</h1>',
            _headers(mail), _attachments(mail), _body(mail),
            f'<p class="foot"><a href="/mailbox/{name}/raw">Show the source</a></p></article>',
        ))
        return as_html(page(subject, content, self._links), POLICY)

    def _html(self, _request: Request, name: str) -> Response:
        mail = self._store.mail(name)
        html = mail and mail.text('html')
        if html is None:
            return not_found()
        # Odoo's own pictures (the logo, the QR code) load; nothing else from outside does.
        policy = (
            f"default-src 'none'; img-src 'self' data: {self._odoo_url}; "
            f"style-src 'unsafe-inline'; sandbox {FRAME}"
        )
        start = '<base target="_blank"><meta name="viewport" content="width=device-width">'
        return as_html(start + _with_pictures(html, mail), policy)

    def _raw(self, _request: Request, name: str) -> Response:
        mail = self._store.mail(name)
        return Response(mail.raw, 'text/plain; charset=utf-8') if mail else not_found()

    def _part(self, _request: Request, name: str, place: str) -> Response:
        mail = self._store.mail(name)
        parts = mail.parts if mail else []
        if not place.isdecimal() or int(place) >= len(parts):
            return not_found()
        return _download(parts[int(place)], f'part-{place}')


def _item(mail: Mail) -> str:
    subject = escape(mail.header('Subject') or '(no subject)')
    clip = f' {CLIP}' if mail.attachments() else ''
    login = f' · signed in as {escape(mail.header("X-Login"))}' if mail.header('X-Login') else ''
    return (
        f'<li><a href="/mailbox/{mail.name}"><span class="subject">{subject}{clip}</span>'
        f'<span class="people">{escape(mail.header("From"))} → '
        f'{escape(mail.header("X-Envelope-To") or mail.header("To"))}{login}</span>'
        f'{time_tag(mail.time)}</a></li>'
    )


def _headers(mail: Mail) -> str:
    rows = ''.join(
        f'<dt>{name}</dt><dd>{escape(mail.header(name))}</dd>'
        for name in HEADERS if mail.header(name)
    )
    return f'<dl>{rows}</dl>'


def _attachments(mail: Mail) -> str:
    links = ''.join(
        f'<a class="chip" href="/mailbox/{mail.name}/parts/{place}">{CLIP} '
        f'{escape(part.get_filename() or part.get_content_type())} '
        f'<small>{_size(part)}</small></a>'
        for place, part in mail.attachments()
    )
    return f'<p class="chips">{links}</p>' if links else ''


def _body(mail: Mail) -> str:
    html, plain = mail.text('html'), mail.text('plain')
    shown = ''
    if html is not None:
        shown = (
            f'<iframe class="letter" title="The mail" sandbox="{FRAME}" '
            f'src="/mailbox/{mail.name}/html"></iframe>'
        )
    if plain is not None:
        opened = '' if shown else ' open'
        letter = f'<pre>{escape(plain)}</pre>'
        shown += f'<details{opened}><summary>Plain text</summary>{letter}</details>'
    return shown or '<p class="empty">This mail has no text.</p>'


def _with_pictures(html: str, mail: Mail) -> str:
    """Pictures of the mail itself (cid:) at their address here."""
    places = {
        part['Content-ID'].strip('<> '): place
        for place, part in enumerate(mail.parts) if part['Content-ID']
    }

    def address(found: re.Match) -> str:
        place = places.get(found[1])
        return found[0] if place is None else f'/mailbox/{mail.name}/parts/{place}'

    return re.sub(r'cid:([^"\'\s>)]+)', address, html)


def _download(part: EmailMessage, fallback: str) -> Response:
    content_type = part.get_content_type()
    shown = content_type in PICTURES
    filename = quote(part.get_filename() or fallback)
    disposition = 'inline' if shown else f"attachment; filename*=UTF-8''{filename}"
    return Response(
        part.get_payload(decode=True) or b'',
        content_type if shown else 'application/octet-stream',
        headers={'Content-Disposition': disposition, 'Content-Security-Policy': 'sandbox'},
    )


def _size(part: EmailMessage) -> str:
    size = len(part.get_payload(decode=True) or b'')
    return f'{size / 1000:.0f} kB' if size >= 1000 else f'{size} bytes'
