"""The HTTP/1.1 server: one thread per connection, no state of its own."""

import socket
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from .web import Cut, Problem, Request, Response, Router, as_json

BODY_LIMIT = 1_000_000
COMMON_HEADERS = {
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    timeout = 30
    server: 'Server'

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:  # the client gave up waiting, as clients of a slow gateway do
            self.close_connection = True

    def do_GET(self):
        try:
            self._send(self._answer())
        except Cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_GET

    def _answer(self) -> Response:
        try:
            return self.server.router.answer(self._request())
        except Problem as problem:
            return as_json({'error': str(problem)}, problem.status)
        except (Cut, ConnectionError):
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return as_json({'error': 'The sandbox itself failed; see its log.'}, 500)

    def _request(self) -> Request:
        url = urlsplit(self.path)
        return Request(
            method=self.command,
            path=unquote(url.path),
            query=dict(parse_qsl(url.query)),
            headers=self.headers,
            body=self._body(),
        )

    def _body(self) -> bytes:
        length = self.headers.get('Content-Length', '0')
        if not length.isdecimal() or int(length) > BODY_LIMIT:
            self.close_connection = True
            raise Problem('Send a Content-Length of at most 1 MB.', 413)
        return self.rfile.read(int(length))

    def _send(self, response: Response):
        self.send_response(response.status)
        self.send_header('Content-Type', response.content_type)
        self.send_header('Content-Length', str(len(response.body)))
        for name, value in (COMMON_HEADERS | dict(response.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(response.body)

    def version_string(self):
        return 'EmailPaySandbox'

    def log_message(self, *args):
        pass  # the ledger and the deliveries tell more, and hold no key


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, router: Router):
        super().__init__((host, port), Handler)
        self.router = router
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name='sandbox-http', daemon=True
        )

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f'http://{host}:{port}'

    def start(self):
        self._thread.start()

    def stop(self):
        self.shutdown()
        self._thread.join()
        self.server_close()
