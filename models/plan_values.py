"""What a recurring credit consists of: amounts, days, words."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo.tools import float_round

MODES = [
    ('integrated', "The gateway charges"),
    ('token', "Odoo charges the saved card"),
    ('manual', "A person confirms"),
]
# The states in which something of a plan may still be charged.
LIVE = ('pending', 'active')
# A plan of a gateway that charges by itself is looked at once a day.
SYNC_EVERY = timedelta(hours=20)
SYNC_AGAIN = timedelta(minutes=30)


def shares(amount, count, currency):
    """Divide `amount` into `count` equal parts; the last takes what rounding leaves."""
    part = float_round(amount / count, precision_rounding=currency.rounding, rounding_method='DOWN')
    return [part] * (count - 1) + [currency.round(amount - part * (count - 1))]


def due_dates(first_date, count):
    """A day in each of `count` months: the same day, or the last one of a shorter month."""
    return [first_date + relativedelta(months=number) for number in range(count)]
