import json
import threading
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree as Xml

import requests

from gateways.values import HttpRequest, HttpResponse
from sandbox import Sandbox

TIMEOUT = 10


class SandboxCase(unittest.TestCase):
    """One sandbox for the class, forgotten between its tests; spoken to by real HTTP."""

    options = {}

    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox(retry_gaps=(0.05, 0.05), **cls.options))

    def setUp(self):
        self.sandbox.reset()
        self.credicorp = self.sandbox.credicorp
        self.merchant = self.credicorp.merchant

    # --- the gateway's API ------------------------------------------------------------------------

    def post(self, path: str, **values: str) -> bytes:
        values = {'security_key': self.merchant.security_key} | values
        return self.send('POST', path, urlencode(values).encode())

    def transact(self, **values: str) -> dict[str, str]:
        answer = self.post('/api/transact.php', **values).decode()
        return dict(parse_qsl(answer, keep_blank_values=True))

    def sale(self, amount='12.34', number='4111111111111111', **values) -> dict[str, str]:
        token = self.credicorp.token(number)
        values = {'type': 'sale', 'orderid': 'INV-1', 'payment_token': token} | values
        return self.transact(amount=amount, **values)

    def query(self, **values: str) -> Xml.Element:
        return Xml.fromstring(self.post('/api/query.php', **values))

    # --- the sandbox's control --------------------------------------------------------------------

    def control(self, method: str, path: str, content: dict | None = None):
        body = None if content is None else json.dumps(content).encode()
        return json.loads(self.send(method, f'/control{path}', body, 'application/json'))

    def post_json(self, path: str, content: dict):
        return json.loads(
            self.send('POST', path, json.dumps(content).encode(), 'application/json'))

    def send(self, method, path, body=None, content_type='application/x-www-form-urlencoded'):
        request = urllib.request.Request(
            self.sandbox.url + path, body, {'Content-Type': content_type}, method=method
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return response.read()

    def assertStatus(self, status: int, call, *args, **options):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            call(*args, **options)
        caught.exception.close()
        self.assertEqual(caught.exception.code, status)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


class HostedPageCase(SandboxCase):
    """A gateway with a page of its own, and the customer's browser on it.

    :cvar language: that the browser asks for.
    """

    language = 'en'

    def submit(self, url, number='4111111111111111', exp='12/30', language=None):
        """The form as a browser posts it; where it is sent, or the page that it gets."""
        body = urlencode({'number': number, 'exp': exp, 'cvv': '123'}).encode()
        headers = {'Accept-Language': language or self.language}
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.headers['Location'] or error.read().decode()


def send(request: HttpRequest) -> HttpResponse:
    """The door of the adapters to the network, as Odoo gives it to them."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(
            request.method, request.url, json=request.json, headers=request.headers,
            timeout=TIMEOUT, allow_redirects=False,
        )
    return HttpResponse(answer.status_code, answer.content, answer.headers)


class Served:
    """An HTTP server on a loopback address, while it is entered."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], path: str):
        self._server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
        self.url = f'http://127.0.0.1:{self._server.server_port}{path}'

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exception):
        self._server.shutdown()
        self._server.server_close()


class Inbox(Served):
    """A merchant's webhook: keeps what it gets, and answers the statuses it is given, then 200."""

    def __init__(self):
        self.requests: list[tuple[dict, bytes]] = []
        self.statuses: list[int] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                inbox.requests.append((dict(self.headers), body))
                self.send_response(inbox.statuses.pop(0) if inbox.statuses else 200)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *args):
                pass

        super().__init__(Handler, '/webhook')

    @property
    def events(self) -> list[dict]:
        return [json.loads(body) for _headers, body in self.requests]
