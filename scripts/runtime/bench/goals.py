"""All the goals, in the order in which they are measured."""

from typing import NamedTuple

from . import (
    accept,
    booking,
    charging,
    day,
    journey,
    memory,
    overview,
    pages,
    receipts,
    sign_in,
    statements,
)


class Goal(NamedTuple):
    number: int
    name: str
    measure: object


GOALS = (
    Goal(1, 'accept', accept.latency),
    Goal(2, 'throughput', accept.throughput),
    Goal(5, 'forged', accept.forged),
    Goal(3, 'stripe', accept.beside_stripe),
    Goal(4, 'copies', accept.copies),
    Goal(9, 'page', pages.served),
    Goal(11, 'browser', pages.first_visits),
    Goal(12, 'statement', statements.served),
    Goal(14, 'look-up', sign_in.looked_up),
    Goal(13, 'sign-in', sign_in.told_by_time),
    Goal(18, 'overview', overview.opened),
    Goal(8, 'alone', booking.alone),
    Goal(7, 'backlog', booking.backlog),
    Goal(15, 'charging', charging.due),
    Goal(16, 'day', day.due),
    Goal(17, 'receipts', receipts.sent),
    Goal(10, 'memory', memory.growth),
    Goal(6, 'journey', journey.unattended),
)
