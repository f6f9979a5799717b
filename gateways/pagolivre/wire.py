"""Reads what PagoLivre writes: its answers and its notifications."""

import json
import logging
from collections.abc import Mapping

from .. import errors
from ..values import HttpResponse, PaymentEvent, Status
from . import const

_logger = logging.getLogger(__name__)


class Unreadable(errors.UnknownOutcome):
    """The answer is not one of this API."""


def read_answer(response: HttpResponse) -> dict:
    """The JSON object of an answer.

    Still to do: which answer refuses the key (`errors.CredentialsRefused`), and which one the
    request (`errors.RequestRefused`).

    :raises Unreadable: it is none.
    """
    try:
        content = json.loads(response.body[: const.MAX_ANSWER_BYTES])
    except (ValueError, RecursionError) as error:
        raise Unreadable("The gateway's answer cannot be read.") from error
    if not isinstance(content, dict) or not content:
        raise Unreadable("The gateway's answer cannot be read.")
    return content


def status(word) -> Status:
    """What a word of the gateway says; pending when it is not known."""
    if isinstance(word, str) and word in const.STATUSES:
        return const.STATUSES[word]
    _logger.warning("Status %.40r is not known: left pending.", word)
    return Status.PENDING


def found_events(content: Mapping, reference: str) -> tuple[PaymentEvent, ...]:
    """What a query found, oldest first; empty when the gateway says that it has no such order.

    Still to do: read amounts with `values.to_decimal`, and accept no answer about another order.
    """
    raise NotImplementedError("what a query answers")


def notified_events(content: Mapping) -> tuple[PaymentEvent, ...]:
    """What a notification reports.

    Still to do: any field may be missing or of any type; `to_decimal` and `status` bear that.

    :raises errors.NotificationMalformed: it is not what this gateway sends.
    """
    raise NotImplementedError("what a notification says")
