"""What no gateway sends, and what only looks like it."""

import os
import tempfile

# Hypothesis writes its caches beside the code otherwise.
os.environ.setdefault('HYPOTHESIS_STORAGE_DIRECTORY', tempfile.gettempdir() + '/hypothesis')

from hypothesis import settings
from hypothesis import strategies as st

FUZZ = settings(max_examples=150, deadline=None, database=None, derandomize=True)

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
