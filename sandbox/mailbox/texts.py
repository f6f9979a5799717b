"""The service through which Odoo sends text messages: each is kept beside the mails.

Source: Odoo 19, `addons/sms/tools/sms_api.py` (`SmsApi`) and `addons/iap/tools/iap_tools.py`.
"""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import localtime

from ..standin import Route
from ..web import Request, Response, as_json
from .store import Store

SENDER = 'Text message <sms@sandbox.example.com>'
# What one writes to here cannot be reached, or the account has no credit left.
REFUSED = {'000': 'wrong_number_format', '001': 'insufficient_credit'}
E164 = re.compile(r'\+[1-9]\d{7,14}')


class Texts:
    """Numbers whose last digits are in `REFUSED` are answered so; they are for tests."""

    def __init__(self, store: Store):
        self._store = store

    def routes(self) -> Iterator[Route]:
        yield 'POST', '/sms/api/sms/3/send', self._send

    def _send(self, request: Request) -> Response:
        call = request.json
        results = [
            {'uuid': number['uuid'], 'state': self._take(number['number'], message['content']),
             'credit': 1}
            for message in call['params']['messages'] for number in message['numbers']
        ]
        return as_json({'jsonrpc': '2.0', 'id': call['id'], 'result': results})

    def _take(self, number: str, content: str) -> str:
        """Keep one message; how the service calls what became of it."""
        if not E164.fullmatch(number or ''):
            return 'wrong_number_format'
        if refusal := REFUSED.get(number[-3:]):
            return refusal
        self._store.save(_as_mail(number, content).as_bytes(), 'sms', [number])
        return 'success'


def _as_mail(number: str, content: str) -> EmailMessage:
    """A text message in the form in which mails are kept and shown."""
    message = EmailMessage()
    message['From'] = SENDER
    message['To'] = number
    message['Date'] = localtime()
    message['Subject'] = ''.join(content.splitlines()[:1])
    message.set_content(content)
    return message
