"""Senders for the protocol tests: one that records, and one that meets a misbehaving server."""

import datetime
import ipaddress
import socket
import ssl
import tempfile
import threading
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

import requests

from gateways.values import HttpRequest, HttpResponse

TIMEOUT = 0.3


class Recorder:
    """A `send` that keeps what it is asked to send, and gives the answers in turn."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests: list[HttpRequest] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def prepared(self) -> requests.PreparedRequest:
        """The last request as `requests` would put it on the wire."""
        last = self.requests[-1]
        return requests.Request(
            last.method, last.url, headers=dict(last.headers), data=last.data, json=last.json
        ).prepare()

    def form(self) -> dict[str, str]:
        """The fields of the last request, read back from its bytes; none may appear twice."""
        pairs = parse_qsl(self.prepared().body, keep_blank_values=True, strict_parsing=True)
        fields = dict(pairs)
        assert len(fields) == len(pairs), pairs
        return fields


def send(request: HttpRequest, verify=True) -> HttpResponse:
    """Really send, but impatiently, and through no proxy of this machine."""
    with requests.Session() as session:
        session.trust_env = False
        response = session.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.data,
            json=request.json,
            timeout=TIMEOUT,
            verify=verify,
            allow_redirects=False,
        )
    return HttpResponse(response.status_code, response.content, dict(response.headers))


class Server:
    """A server on loopback that treats every connection with `behave(connection)`."""

    def __init__(self, behave, context: ssl.SSLContext | None = None):
        self._behave, self._context = behave, context
        self._stopped = threading.Event()
        self._listener = socket.create_server(('127.0.0.1', 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def host(self) -> str:
        return f'127.0.0.1:{self._listener.getsockname()[1]}'

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_failure):
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self):
        while not self._stopped.is_set():
            try:
                connection, _address = self._listener.accept()
                with self._wrapped(connection) as wrapped:
                    self._behave(wrapped)
            except OSError:
                continue

    def _wrapped(self, connection):
        connection.settimeout(5)
        if self._context is None:
            return connection
        return self._context.wrap_socket(connection, server_side=True)


def read_request(connection) -> bytes:
    """One whole request, headers and body."""
    data = b''
    while b'\r\n\r\n' not in data:
        data += connection.recv(65536)
    head, _blank, body = data.partition(b'\r\n\r\n')
    headers = [line.partition(b':') for line in head.lower().split(b'\r\n')]
    length = next((int(value) for name, _colon, value in headers if name == b'content-length'), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b'\r\n\r\n' + body


def answer(status: int, body: bytes = b''):
    """A behaviour: answer with `status`."""

    def behave(connection):
        read_request(connection)
        head = f'HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n'
        connection.sendall(head.encode() + body)

    return behave


def cut_unanswered(connection):
    read_request(connection)


def cut_in_headers(connection):
    read_request(connection)
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-')


def cut_in_body(connection):
    read_request(connection)
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nresponse=1')


def cut_in_chunk(connection):
    read_request(connection)
    connection.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99\r\nresponse=1')


def garbled_compression(connection):
    read_request(connection)
    head = b'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n'
    connection.sendall(head + b'text')


def never_answer(connection):
    read_request(connection)
    connection.recv(1)


def not_http(connection):
    read_request(connection)
    connection.sendall(b'220 mail.example.com ESMTP\r\n')


# Each has read the whole request, so each may have acted on it.
FAULTS = {
    'cut unanswered': cut_unanswered,
    'cut in the headers': cut_in_headers,
    'cut in the body': cut_in_body,
    'cut in a chunk': cut_in_chunk,
    'garbled compression': garbled_compression,
    'never answers': never_answer,
    'not HTTP': not_http,
    '500': answer(500, b'response=1&response_code=100'),
    '502': answer(502, b'<html>Bad gateway</html>'),
    '503': answer(503),
    '504': answer(504),
}


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


@cache
def self_signed() -> ssl.SSLContext:
    """The TLS of a server for 127.0.0.1 whose certificate nobody vouches for."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = _certificate(key).public_bytes(serialization.Encoding.PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, 'server.pem')
        file.write_bytes(private + public)
        context.load_cert_chain(file)
    return context


def _certificate(key):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, '127.0.0.1')])
    address = x509.IPAddress(ipaddress.ip_address('127.0.0.1'))
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
