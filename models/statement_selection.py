"""What a customer picks of a statement, and how the money is divided: plain values."""


class Selection:
    """Documents of one section, with or without the credits of the customer."""

    def __init__(self, section, charges, credits_):
        self.section = section
        self.charges = charges
        self.credits = credits_
        self.total = self._sum(charges)
        # How much of the credits these documents use up.
        self.credit = min(-self._sum(credits_), self.total)
        self.to_pay = section.currency.round(self.total - self.credit)

    def plan(self, amount):
        """How `amount`, and before it the credits, are divided: the oldest due first.

        :return: list of pairs, id of the entry and amount, which is negative for a credit
        """
        paid = self._fill(self.charges, amount + self.credit)
        used = self._fill(self.credits, self.credit)
        return [*paid.items(), *((move_id, -part) for move_id, part in used.items())]

    def _fill(self, documents, amount):
        """Divide `amount` among the items of `documents`."""
        currency = self.section.currency
        items = sorted(
            (item, document.move_id) for document in documents for item in document.items
        )
        filled = {}
        for item, move_id in items:
            part = currency.round(min(abs(item.due), amount))
            if currency.is_zero(part):
                break
            filled[move_id] = currency.round(filled.get(move_id, 0.0) + part)
            amount = currency.round(amount - part)
        return filled

    def _sum(self, documents):
        return self.section.currency.round(sum(document.due for document in documents))
