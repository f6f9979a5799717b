"""When a mail that could not leave is tried again."""

from datetime import timedelta

from odoo import fields

# Minutes until a mail is tried again, by how often it was; the last is for all later ones.
RETRY_MINUTES = (1, 5, 15, 60, 240, 720)


def next_try(attempts):
    minutes = RETRY_MINUTES[min(attempts, len(RETRY_MINUTES) - 1)]
    return fields.Datetime.now() + timedelta(minutes=minutes)


def tries_within(time):
    """How often a mail is tried again in vain within `time`."""
    return sum(
        timedelta(minutes=sum(RETRY_MINUTES[:count])) <= time
        for count in range(1, len(RETRY_MINUTES) + 1))
