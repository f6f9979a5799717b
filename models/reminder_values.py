"""What a customer is reminded of on a day: plain values, counted from a statement of account."""

from datetime import timedelta
from typing import NamedTuple


def step_label(env, delay):
    """When a reminder goes out, in words; `delay` is negative before the due date."""
    if not delay:
        return env._("On the due date")
    if abs(delay) == 1:
        return env._("1 day after") if delay > 0 else env._("1 day before")
    if delay > 0:
        return env._("%s days after", delay)
    return env._("%s days before", -delay)


class Part(NamedTuple):
    """What is due of an invoice on one day: an invoice without instalments has one part."""

    section: str
    currency: object
    move_id: int
    line_id: int
    name: str
    due_date: object
    delay: int
    # After the customer's credits.
    amount: float
    # What is due of the invoice from that part on.
    rest: float

    @property
    def key(self):
        """What is done once: a step of what is due on a day."""
        return self.move_id, self.due_date, self.delay

    def without(self, held):
        """The same when so much of the invoice is not to be reminded of: what is due last."""
        rest = self.currency.round(self.rest - held)
        return self._replace(amount=max(min(self.amount, rest), 0.0), rest=rest)


class Reminder(NamedTuple):
    """What one customer is reminded of, with the firmest of the steps that the parts came to."""

    customer: object
    step: object
    parts: list
    reason: str

    def by_currency(self):
        """The parts of each currency."""
        return {
            currency: [part for part in self.parts if part.currency == currency]
            for currency in dict.fromkeys(part.currency for part in self.parts)
        }


# How long a reminder that was not sent on its day is made up for: a server was down, a promise was
# broken. What has been due for longer is no surprise any more.
MADE_UP_DAYS = 90


class Schedule:
    """The steps of a company on one day. Of each amount due only the newest step counts whose day
    has come, so that a day on which nothing was sent is made up for once."""

    def __init__(self, steps, day, begins=None):
        """:param begins: the day before which no step counts, where it is later than its own."""
        self.day = day
        self.steps = {step.delay: step for step in steps.sorted('delay')}
        earliest = day - timedelta(days=MADE_UP_DAYS)
        self._since = {
            delay: max(step.since, begins or earliest, earliest)
            for delay, step in self.steps.items()
        }
        self.brackets = self._brackets()

    def _brackets(self):
        """The first and the last due date of what has come to each step, by its delay."""
        last = {delay: self.day - timedelta(days=delay) for delay in self.steps}
        brackets, older = {}, {}
        for delay, following in zip(last, [*last][1:], strict=False):
            older[delay] = last[following] + timedelta(days=1)
        for delay, date in last.items():
            begin = self._since[delay] - timedelta(days=delay)
            first = max(begin, older.get(delay, begin))
            if first <= date:
                brackets[delay] = (first, date)
        return brackets

    def delay_of(self, due_date, invoiced_on):
        """The step that an amount has come to: its delay, None when there is none, or when it came
        before the customer was invoiced."""
        return next((
            delay for delay, (first, last) in self.brackets.items()
            if first <= due_date <= last and due_date + timedelta(days=delay) > invoiced_on
        ), None)


def parts_of(statement, schedule, kinds, besides=()):
    """The parts of a statement that have come to a step, the oldest due first. The customer's
    credits are used for the oldest; what is being settled is left out.

    :param kinds: the kinds of documents of which customers are reminded.
    :param besides: the ids of documents that are left out.
    """
    parts = {}
    for section in statement.sections:
        for document, item, amount, rest in _uncovered(section):
            delay = schedule.delay_of(item.due_date, document.date)
            if delay is None or document.kind not in kinds or document.move_id in besides:
                continue
            part = Part(section.key, section.currency, document.move_id, item.line_id,
                        document.name, item.due_date, delay, amount, rest)
            if part.key in parts:  # two of one day
                amount = section.currency.round(amount + parts[part.key].amount)
                part = parts[part.key]._replace(amount=amount)
            parts[part.key] = part
    return [*parts.values()]


def refused_parts(statement, schedule, refused):
    """The parts of a statement that are refused instalments: each is due on its own day, of which
    the customer was told already.

    :param dict refused: the day and the amount of each, by the id of the document.
    """
    return [
        Part(section.key, section.currency, document.move_id, document.items[0].line_id,
             document.name, due_date, delay, amount, document.due)
        for section in statement.sections for document in section.charges
        for due_date, amount in refused.get(document.move_id, ())
        if (delay := schedule.delay_of(due_date, max(due_date, document.date))) is not None
    ]


def _uncovered(section):
    """Each open item, the oldest first: its document, itself, what credits leave due of it, and
    what is due of the document from it on."""
    credit = -sum(document.due for document in section.credits if not document.closed)
    items = sorted(
        (item, document) for document in section.charges if not document.closed
        for item in document.items
    )
    rests = {document.move_id: document.due for _item, document in items}
    for item, document in items:
        covered = min(credit, item.due)
        credit -= covered
        rest = rests[document.move_id]
        rests[document.move_id] = rest - item.due
        yield document, item, section.currency.round(item.due - covered), rest
