"""What the server and everything behind it agree on: a request, an answer, a table of routes."""

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

HTML = 'text/html; charset=utf-8'
JSON = 'application/json'
TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.html': HTML,
}


class Cut(Exception):
    """Close the connection without an answer."""


class Problem(Exception):
    """What the caller asked for cannot be done; answered as JSON with this status."""

    def __init__(self, message: str, status: int = 400):
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode('utf-8', 'replace'), keep_blank_values=True))

    @property
    def json(self) -> dict:
        # The type is asked for because a foreign page can post anything but this without leave.
        if not self.headers.get('Content-Type', '').startswith(JSON):
            raise Problem('Send application/json.', 415)
        try:
            content = json.loads(self.body or b'{}')
        except ValueError as error:
            raise Problem('The body is not JSON.') from error
        if not isinstance(content, dict):
            raise Problem('The body is not a JSON object.')
        return content


@dataclass(frozen=True)
class Response:
    body: bytes
    content_type: str = HTML
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(content, status: int = 200) -> Response:
    return Response(json.dumps(content, indent=1, default=str).encode(), JSON, status)


def as_html(page: str, policy: str, status: int = 200) -> Response:
    return Response(page.encode(), HTML, status, {'Content-Security-Policy': policy})


def not_found(_request: Request | None = None) -> Response:
    return Response(b'Not found\n', 'text/plain; charset=utf-8', 404)


def nonce() -> str:
    return secrets.token_urlsafe(16)


def files(folder: Path) -> dict[str, Response]:
    """The files of `folder` that a page may load, by name."""
    return {
        path.name: Response(path.read_bytes(), TYPES[path.suffix])
        for path in folder.iterdir()
        if path.suffix in TYPES
    }


class Router:
    """Finds who answers a request. `<name>` in a pattern is one segment of the path."""

    def __init__(self):
        self._routes: list[tuple[str, re.Pattern, Callable]] = []

    def add(self, method: str, pattern: str, answer: Callable[..., Response]):
        expression = re.sub(r'<(\w+)>', r'(?P<\1>[^/]+)', re.escape(pattern))
        self._routes.append((method, re.compile(expression), answer))

    def answer(self, request: Request) -> Response:
        method = 'GET' if request.method == 'HEAD' else request.method
        for route_method, pattern, answer in self._routes:
            found = pattern.fullmatch(request.path)
            if found and route_method == method:
                return answer(request, **found.groupdict())
        return not_found()
