"""What adapters read alike, whatever the gateway."""

import json

from . import errors
from .values import HttpResponse

MAX_ANSWER_BYTES = 1_000_000


def clean(value, limit: int = 500) -> str:
    """A text or number of a gateway, on one line and without control characters; '' for anything
    else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ''
    try:
        return ''.join(filter(str.isprintable, ' '.join(str(value).split())))[:limit]
    except ValueError:  # a number of more digits than Python writes
        return ''


def json_object(response: HttpResponse) -> dict:
    """The JSON object that an answer is.

    :raises errors.Unreadable: it is none, or an empty one.
    """
    try:
        content = json.loads(response.body[:MAX_ANSWER_BYTES])
    except (ValueError, RecursionError) as error:
        raise errors.Unreadable("The gateway's answer cannot be read.") from error
    if not isinstance(content, dict) or not content:
        raise errors.Unreadable("The gateway's answer cannot be read.")
    return content


def last4(masked: str) -> str:
    """The last digits of a card's number, '' when they are none."""
    digits = masked[-4:]
    return digits if len(digits) == 4 and digits.isascii() and digits.isdigit() else ''
