"""What no gateway sends, and what only looks like it."""

import os
import tempfile

# Hypothesis writes its caches beside the code otherwise.
os.environ.setdefault('HYPOTHESIS_STORAGE_DIRECTORY', tempfile.gettempdir() + '/hypothesis')

from hypothesis import settings
from hypothesis import strategies as st

FUZZ = settings(max_examples=150, deadline=None, database=None, derandomize=True)

# What bytes are spoilt with.
SNIPPETS = (
    b'', b'\x00', b'\xff', b'{', b']', b',', b'"', b'-', b'NaN', b'1e999999', b'9' * 5000, b'null',
    b'"\\ud800"', b'true', b'[' * 9999,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)

# Not what any gateway sends, whatever its fields are called.
MALFORMED = (
    b'',
    b'null',
    b'true',
    b'12.34',
    b'"paid"',
    b'[]',
    b'[{}]',
    b'{}',
    b'{',
    b'{"a": }',
    b'\xff\xfe{',
    b'\x00',
    b'<html></html>',
    b'response=1&response_code=100',
    b'[' * 100_000,
    b'{"a":' * 100_000,
    b'{"a": ' + b'9' * 10_000 + b'}',
)


@st.composite
def spoilt(draw, bodies, snippets=SNIPPETS):
    """One of some real messages with pieces cut out and others put in."""
    body = draw(st.sampled_from(bodies))
    for _time in range(draw(st.integers(1, 3))):
        at, length = draw(st.integers(0, len(body))), draw(st.integers(0, 30))
        piece = draw(st.sampled_from(snippets) | st.binary(max_size=9))
        body = body[:at] + piece + body[at + length:]
    return body


def any_bytes(folder, snippets=()):
    """Whatever can come from the network where a gateway's messages, the files of `folder`, do."""
    files = (path for path in sorted(folder.iterdir()) if path.suffix != '.md')
    bodies = [path.read_bytes() for path in files]
    snippets = (*SNIPPETS, *snippets)
    return st.one_of(
        st.binary(max_size=300), spoilt(bodies, snippets), st.sampled_from(snippets))


def paths(content, path=()):
    """The path of every value inside a JSON value."""
    yield path
    if isinstance(content, dict | list):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in pairs:
            yield from paths(value, (*path, key))


def replaced(content, path, value):
    """A copy of a JSON value with `value` at `path`."""
    if not path:
        return value
    copy = content.copy()
    copy[path[0]] = replaced(content[path[0]], path[1:], value)
    return copy
