"""Goal 15: charging the saved cards of what falls due on one day, beside Odoo's post-processing.

Two shells work in turns on the same invoices: ours from the instalment that is due to the
reconciled entry, through a stand-in of the gateway, whose own time is left out; Odoo's from the
confirmed transaction on. Then the books are compared.
"""

from contextlib import contextmanager

from . import booking, notices
from .documents import CUSTOMERS
from .result import ms


class Books(booking.Books):
    """What is not due yet is made due when its turn has come."""

    def book_ours(self, numbers):
        self.ours('let_fall_due', numbers=numbers)
        return booking.each(self.ours('charge_ours'), len(numbers))


def due(stage):
    shares = booking.shares_of(stage)
    with _books(stage, shares) as books:
        measured = booking.measure(books, shares)
    outside = f'the gateway took {ms(measured.whole["outside"])} for each besides'
    return booking.results(15, 0.3, 'charge due of', shares, measured, (outside,))


@contextmanager
def _books(stage, shares):
    with (
        gateway() as sandbox,
        stage.shell('ours', 'due') as ours, stage.shell('stock', 'due') as stock,
    ):
        cards = saved_cards(sandbox)
        ours('create_plans', numbers=shares.ours, cards=cards, url=sandbox.url)
        stock('start_payments', code='demo', numbers=shares.stock, state='done')
        yield Books(ours, stock, None, {})


@contextmanager
def gateway():
    """The stand-in of the gateway, in this process."""
    sandbox = notices.sandbox().Sandbox(retry_gaps=())
    sandbox.start()
    try:
        yield sandbox
    finally:
        sandbox.stop()


def saved_cards(sandbox):
    """The gateway's names of saved cards, one for each customer."""
    return [_saved_card(sandbox.credicorp) for _customer in range(CUSTOMERS)]


def _saved_card(gateway):
    merchant, card = gateway.accounts.tokens.pop(gateway.token())
    return gateway.accounts.save_card(merchant, card)
