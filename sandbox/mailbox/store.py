"""Mails as files: one `<time>-<n>.eml` each, whole or absent."""

import itertools
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

NAME = re.compile(r'\d{8}T\d{6}\.\d{6}-\d+\.eml')


@dataclass(frozen=True)
class Mail:
    name: str
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    def header(self, name: str) -> str:
        # A header that breaks the rules must not keep the mail from being shown.
        try:
            return str(self.message[name] or '')
        except (ValueError, TypeError, AttributeError, IndexError):
            return '(unreadable)'

    @property
    def time(self) -> datetime:
        stamp = datetime.strptime(self.name.partition('-')[0], '%Y%m%dT%H%M%S.%f')
        return stamp.replace(tzinfo=UTC)

    def text(self, subtype: str) -> str | None:
        """The body of this kind: `plain` or `html`."""
        part = self.message.get_body((subtype,))
        if part is None:
            return None
        content = part.get_payload(decode=True) or b''
        try:
            return content.decode(part.get_content_charset('utf-8'), 'replace')
        except LookupError:
            return content.decode('utf-8', 'replace')

    @property
    def parts(self) -> list[EmailMessage]:
        return [part for part in self.message.walk() if not part.is_multipart()]

    def attachments(self) -> list[tuple[int, EmailMessage]]:
        """What one can save, with its place among `parts`; not the pictures that the text shows."""
        return [
            (place, part) for place, part in enumerate(self.parts)
            if part.get_content_disposition() == 'attachment'
            or (part.get_filename() and not part['Content-ID'])
        ]

    def as_json(self) -> dict:
        headers = {name: self.header(name) for name in ('From', 'To', 'Subject', 'X-Envelope-To')}
        return {'name': self.name, 'time': self.time.isoformat()} | {
            name.lower().replace('-', '_'): value for name, value in headers.items()
        }


class Store:
    def __init__(self, folder: Path):
        self.folder = folder
        self._numbers = itertools.count(1)
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, content: bytes, sender: str, recipients: list[str], login: str = '') -> str:
        """Keep a mail with its envelope, and who signed in to send it. A reader of the folder never
        sees half of it."""
        time = datetime.now(UTC).strftime('%Y%m%dT%H%M%S.%f')
        name = f'{time}-{next(self._numbers)}.eml'
        envelope = f'X-Envelope-From: {sender}\r\nX-Envelope-To: {", ".join(recipients)}\r\n'
        if login:
            envelope += f'X-Login: {login}\r\n'
        unfinished = self.folder / f'.{name}.tmp'
        unfinished.write_bytes(envelope.encode() + content)
        unfinished.replace(self.folder / name)
        return name

    def mails(self) -> list[Mail]:
        """Newest first."""
        names = sorted((path.name for path in self.folder.glob('*.eml')), reverse=True)
        return [mail for name in names if (mail := self.mail(name))]

    def mail(self, name: str) -> Mail | None:
        path = self.folder / name
        if not NAME.fullmatch(name) or not path.is_file():
            return None
        return Mail(name, path.read_bytes())
