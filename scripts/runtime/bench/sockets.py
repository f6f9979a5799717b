"""HTTP over raw sockets: no client library between the clock and the server."""

import socket
import threading
import time
from typing import NamedTuple

from ..processes import LOOPBACK

PATIENCE = 120
CHUNK = 1 << 16


class Answer(NamedTuple):
    status: int
    head: str
    body: bytes
    seconds: float

    def header(self, name):
        """The first header of that name, '' without one."""
        for line in self.head.split('\r\n')[1:]:
            found, _colon, value = line.partition(':')
            if found.lower() == name:
                return value.strip()
        return ''


def post(path, body, **headers):
    """The bytes of a POST of JSON."""
    return _request('POST', path, {
        'Content-Type': 'application/json', 'Content-Length': len(body), **headers}) + body


def get(path, **headers):
    return _request('GET', path, headers)


def _request(method, path, headers):
    lines = [f'{method} {path} HTTP/1.1', f'Host: {LOOPBACK}', 'Connection: close']
    lines += [f'{name.replace("_", "-")}: {value}' for name, value in headers.items()]
    return '\r\n'.join([*lines, '', '']).encode()


def ask(port, request):
    """Connect, send, read to Content-Length, close; timed from the connection on."""
    started = time.perf_counter()
    with socket.create_connection((LOOPBACK, port), PATIENCE) as connection:
        return _exchange(connection, request, started)


def _exchange(connection, request, started):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(request)
    data = b''
    while b'\r\n\r\n' not in data:
        data += _receive(connection)
    head, _gap, body = data.partition(b'\r\n\r\n')
    answer = Answer(int(head.split(None, 2)[1]), head.decode('latin-1'), body, 0)
    parts = [body]
    missing = int(answer.header('content-length')) - len(body)
    while missing > 0:
        parts.append(_receive(connection))
        missing -= len(parts[-1])
    seconds = time.perf_counter() - started
    return answer._replace(body=b''.join(parts), seconds=seconds)


def _receive(connection):
    if data := connection.recv(CHUNK):
        return data
    raise ConnectionError('The server closed before its Content-Length.')


def ask_at_once(port, requests):
    """Send several requests at the same instant, on connections that are open already."""
    start = threading.Barrier(len(requests))
    answers = [None] * len(requests)

    def send(index, connection):
        with connection:
            start.wait()
            answers[index] = _exchange(connection, requests[index], time.perf_counter())

    threads = [
        threading.Thread(target=send, args=(
            index, socket.create_connection((LOOPBACK, port), PATIENCE)))
        for index in range(len(requests))
    ]
    _run(threads)
    return answers


def ask_in_turns(port, requests, clients):
    """Let so many clients work off the requests; return the answers and all the seconds."""
    answers = []

    def work(share):
        for request in share:
            answers.append(ask(port, request))

    started = time.perf_counter()
    _run([
        threading.Thread(target=work, args=(requests[client::clients],))
        for client in range(clients)
    ])
    return answers, time.perf_counter() - started


def _run(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
