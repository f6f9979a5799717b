import contextlib
import os
from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..sandbox.ledger import COLLECTING, RETURNING
from .common import APPROVED_CARD, NO_FUNDS_CARD, UNKNOWN_BUT_CHARGED_CARD, EmailPayHttpCommon

DUE = 100.0
AMOUNTS = st.sampled_from([10.0, 35.0, 65.0, 100.0])
CARDS = st.sampled_from([APPROVED_CARD, APPROVED_CARD, NO_FUNDS_CARD, UNKNOWN_BUT_CHARGED_CARD])
PARTS = st.sampled_from([0.3, 1.0])
FAULTS = st.sampled_from(['', '', 'cut before', 'cut after', 'crash'])
# The same examples in every run; a longer search of new ones: EMAIL_PAY_EXAMPLES=500.
EXAMPLES = int(os.environ.get('EMAIL_PAY_EXAMPLES') or 0)
SETTINGS = settings(
    max_examples=EXAMPLES or 20, stateful_step_count=16, deadline=None, database=None,
    derandomize=not EXAMPLES, suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
)
ROUNDS = 5


class Crash(Exception):
    """The process is killed: what it did not commit never happened."""


class World(RuleBasedStateMachine):
    """One invoice, and all that can happen to the money for it, in any order.

    The truth is the gateway's ledger and what the accountant entered by hand.
    """

    case = None  # the test that runs it

    def __init__(self):
        super().__init__()
        self.savepoint = self.case.env.cr.savepoint()
        self.case.sandbox.reset()
        self.invoice = self.case.create_invoice(DUE)
        self.link = self.case.create_link(self.invoice)
        self.known = self.case.env['payment.transaction']
        self.by_hand = 0.0
        self.post = []  # notifications on their way
        self.returned = []  # of money that went back at the gateway's desk: these never get lost

    def teardown(self):
        try:
            self._settle()
            self._compare()
        finally:
            self.savepoint.close(rollback=True)
            self.case.env.invalidate_all()

    # --- the customer -----------------------------------------------------------------------------

    @initialize(amount=AMOUNTS, number=CARDS, fault=FAULTS, back=st.booleans(), part=PARTS)
    def pay_first(self, amount, number, fault, back, part):
        self.open_window(amount)
        self._submit(self.known, APPROVED_CARD if back else number, '' if back else fault)
        if back:
            self.case.advance(self.known)
            self._refund(self.known, part, fault)

    @rule(amount=AMOUNTS)
    def open_window(self, amount):
        with contextlib.suppress(UserError), self.case.env.cr.savepoint():
            self.known += self.case.start_payment(self.link, amount)

    @rule(data=st.data(), number=CARDS, fault=FAULTS)
    def submit_card(self, data, number, fault):
        if not self._drafts():
            self.open_window(DUE / 2)
        if drafts := self._drafts():
            self._submit(data.draw(st.sampled_from(list(drafts))), number, fault)

    def _submit(self, tx, number, fault):
        free = DUE - self.by_hand - self._collected()
        token = self.case.sandbox.credicorp.token(number)
        with self._breaking('sale', fault) as env:
            env['payment.transaction'].browse(tx.id)._email_pay_charge_window(token)
        for charge in self.case.sandbox.ledger.charges(tx.reference):
            assert tx.amount <= free, f'{tx.amount} collected where {free} was due'
            self.post.append(self.case.sandbox.credicorp.notification(charge.id))

    @rule(data=st.data())
    def look_at_status_page(self, data):
        if self.known:
            self.case.advance(data.draw(st.sampled_from(list(self.known))))

    @rule()
    def give_up(self):
        self.link._cancel_attempts()

    @contextlib.contextmanager
    def _breaking(self, operation, fault):
        """An environment for a request in which the gateway, or we, may break down."""
        if fault.startswith('cut'):
            self.case.sandbox.faults.add('cut', [operation], charged=fault == 'cut after')
        with contextlib.suppress(UserError, Crash), self.case.own_cursor() as env:
            yield env
            if fault == 'crash':
                raise Crash
        self.case.env.invalidate_all()
        self.case.sandbox.faults.clear()

    # --- the gateway ------------------------------------------------------------------------------

    @rule(data=st.data(), keep=st.booleans())
    def notify(self, data, keep):
        if not self.post:
            return
        self._deliver(data.draw(st.integers(0, len(self.post) - 1)), keep)

    def _deliver(self, index, keep):
        body, headers = self.post[index] if keep else self.post.pop(index)
        answer = self.case.notify(body, {'Content-Type': 'application/json', **headers})
        assert answer.status_code == 200

    @rule()
    def lose_notification(self):
        del self.post[:1]

    @rule(data=st.data(), part=PARTS)
    def pay_back_at_the_desk(self, data, part):
        if charged := [tx for tx in self.known if self.case.balance(tx) > 0]:
            tx = data.draw(st.sampled_from(charged))
            [charge] = self.case.sandbox.ledger.charges(tx.reference)
            desk = self.case.sandbox.credicorp
            if self.case.balance(tx) == tx.amount and part == 1.0:
                back = desk.void(charge.id)
            else:
                back = desk.refund(charge.id, f'{self.case.balance(tx) * part:.2f}')
            self.returned.append(desk.notification(back.id))

    # --- Odoo -------------------------------------------------------------------------------------

    @rule(crash=st.booleans())
    def work(self, crash):
        with contextlib.suppress(Crash), self.case.own_cursor() as env:
            env['email.pay.event']._cron_process()
            if crash:
                raise Crash
        self.case.env.invalidate_all()

    @rule(data=st.data(), part=PARTS, fault=FAULTS)
    def refund(self, data, part, fault):
        if paid := self.known.filtered(lambda tx: tx.state == 'done'):
            self._refund(data.draw(st.sampled_from(list(paid))), part, fault)

    def _refund(self, tx, part, fault):
        with self._breaking('refund', fault) as env:
            env['payment.transaction'].browse(tx.id)._refund(round(tx.amount * part, 2))

    @rule()
    def ask_gateway(self):
        self._let_time_pass()
        with self.case.own_cursor() as env:
            env['payment.transaction']._email_pay_cron_ask()

    @rule()
    def run_odoos_own_job(self):
        with self.case.own_cursor() as env:
            env['payment.transaction']._cron_post_process()

    @rule(part=st.sampled_from([0.5, 1.0]))
    def register_transfer(self, part):
        if amount := round(self.invoice.amount_residual * part, 2):
            self.case.settle_by_hand(self.invoice, amount)
            self.by_hand += amount

    # --- the truth --------------------------------------------------------------------------------

    @invariant()
    def nothing_is_booked_twice(self):
        payments = self._payments()
        assert len(payments) == len(payments.payment_transaction_id)
        assert self._sum(payments, 'inbound') <= self._moved(COLLECTING)
        assert self._sum(payments, 'outbound') <= self._moved(RETURNING)

    def _drafts(self):
        return self.known.filtered(lambda tx: tx.state == 'draft')

    def _collected(self):
        return float(sum(self.case.sandbox.ledger.balance(tx.reference) for tx in self.known))

    def _moved(self, operations):
        entries = self.case.sandbox.ledger.entries(success=True)
        return float(sum(e.amount for e in entries if e.operation in operations))

    def _transactions(self):
        return self.known | self.known.child_transaction_ids

    def _payments(self):
        return self.case.env['account.payment'].search([
            ('payment_transaction_id', 'in', self._transactions().ids),
        ])

    def _sum(self, payments, kind):
        return sum(payments.filtered(lambda p: p.payment_type == kind).mapped('amount'))

    def _let_time_pass(self):
        past = fields.Datetime.now() - timedelta(seconds=1)
        self._transactions().filtered('email_pay_ask_at').email_pay_ask_at = past
        self.case.events().filtered(lambda e: e.state == 'failed').next_attempt = past

    def _settle(self):
        """Nothing breaks any more, and time passes; the notifications that are left are lost."""
        self.post = self.returned
        while self.post:
            self._deliver(0, keep=False)
        for _round in range(ROUNDS):
            self.ask_gateway()
            self.run_odoos_own_job()
            self._let_time_pass()
            self.work(crash=False)

    def _compare(self):
        payments = self._payments()
        done = self._transactions().filtered(lambda tx: tx.state == 'done')
        assert not self._transactions().filtered(lambda tx: tx.state == 'pending')
        assert done.payment_id == payments, "Each confirmed payment is booked"
        booked = self._sum(payments, 'inbound') - self._sum(payments, 'outbound')
        assert abs(booked - self._collected()) < 0.005, f'{booked} booked of {self._collected()}'
        assert not self._open(payments, 'outbound'), "What went back is owed again"
        owed = self.invoice.amount_residual + self._open(payments, 'inbound')
        assert abs(owed - (DUE - self.by_hand - self._collected())) < 0.005, f'{owed} owed'
        told = self.case.receipts().mapped('res_id')
        assert sorted(told) == sorted(done.payment_id.ids), "Of each payment and refund one mail"
        assert set(self.case.events().mapped('state')) <= {'done', 'ignored'}

    def _open(self, payments, kind):
        """What is not set against anything of the payments of a kind; credit is negative."""
        lines = payments.filtered(lambda p: p.payment_type == kind).move_id.line_ids
        return sum(lines.filtered(
            lambda line: line.account_type == 'asset_receivable'
        ).mapped('amount_residual'))


@tagged('post_install', '-at_install', 'email_pay_slow')
class TestShuffle(EmailPayHttpCommon):
    """Whatever happens in whatever order: the books end up as the gateway's ledger."""

    @mute_logger(
        'odoo.addons.email_pay.models.payment_transaction',
        'odoo.addons.email_pay.models.payment_booking',
        'odoo.addons.email_pay.models.payment_refund',
    )
    def test_any_order_ends_in_the_truth(self):
        World.case = self
        run_state_machine_as_test(World, settings=SETTINGS)
