"""What a gateway reports, beside what Odoo has booked. It reads in bulk, and changes nothing."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property

from odoo.fields import Domain

from ..gateways.values import RETURNS, Operation, PaymentEvent, Status

# Payments of these states are in the books.
BOOKED = ('in_process', 'paid')


def odoo_time(moment: datetime | None) -> datetime | None:
    """As Odoo keeps it: in UTC, without zone."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Break:
    """One thing that the gateway and the books do not agree on. `kind` is `email.pay.difference`'s;
    the records are empty when there are none."""

    kind: str
    number: str  # the gateway's own
    reference: str
    transaction: object
    payment: object
    collected: Decimal | None = None
    booked: float | None = None
    currency: str = ''
    happened_at: datetime | None = None

    @property
    def key(self):
        return self.kind, self.number, self.reference


@dataclass
class Window:
    """What is compared, in UTC without zone, as Odoo keeps it.

    :param until: what is younger may still be on its way, and is not judged.
    :param begin: what is older than the first payment of this app, and unknown to it, is not its
        own.
    """

    since: datetime
    until: datetime
    begin: datetime

    def __contains__(self, moment):
        return self.since <= moment <= self.until


@dataclass
class Comparison:
    """:param provider: whose transactions (sudo).
    :param events: what the gateway reports.
    :param window: the time for which `events` are complete.
    :param also: transactions to look at whatever their time.
    :param unjudged: transactions on which nothing can be said now.
    """

    provider: object
    events: list[PaymentEvent]
    window: Window
    also: object
    unjudged: set[int] = field(default_factory=set)

    # --- reading ----------------------------------------------------------------------------------

    @cached_property
    def money(self) -> list[PaymentEvent]:
        """The money that came or went; a test on a live app is none."""
        live = self.provider.state == 'enabled'
        return [
            event for event in self.events
            if event.status == Status.DONE and event.operation != Operation.OTHER
            and not (event.test and live)
        ]

    @cached_property
    def transactions(self):
        """Every transaction that an event names, by our reference or by the gateway's number; those
        that were confirmed in the window; and the refunds of all of these."""
        found = self._search(Domain('reference', 'in', list({e.reference for e in self.money})))
        own = Domain('provider_id', '=', self.provider.id)
        found |= self._search(own & Domain('provider_reference', 'in', list(self.numbers)))
        found |= self._search(
            own & Domain('state', '=', 'done')
            & Domain('last_state_change', '>=', self.window.since)
            & Domain('last_state_change', '<=', self.window.until)
        )
        found |= self.also | (found | self.also).source_transaction_id
        return found | self._search(Domain('source_transaction_id', 'in', found.ids))

    def _search(self, domain):
        return self.provider.env['payment.transaction'].sudo().search(domain)

    @cached_property
    def numbers(self) -> set[str]:
        return {event.gateway_reference for event in self.money if event.gateway_reference}

    @cached_property
    def _by_reference(self) -> dict:
        return {tx.reference: tx for tx in self.transactions}

    @cached_property
    def _by_number(self) -> dict:
        found = defaultdict(self.transactions.browse)
        for tx in self.transactions:
            if tx.provider_id == self.provider and tx.operation not in ('refund', 'validation'):
                found[tx.provider_reference or ''] |= tx
        return found

    @cached_property
    def _payments(self) -> dict:
        """The payments in the books, by transaction."""
        found = defaultdict(self.provider.env['account.payment'].sudo().browse)
        for payment in found.default_factory().search([
            ('payment_transaction_id', 'in', self.transactions.ids), ('state', 'in', BOOKED),
        ]):
            found[payment.payment_transaction_id] |= payment
        return found

    @cached_property
    def _refunds(self) -> dict:
        """The confirmed refunds, by the payment's transaction."""
        found = defaultdict(self.transactions.browse)
        for tx in self.transactions:
            if tx.operation == 'refund' and tx.state == 'done':
                found[tx.source_transaction_id] |= tx
        return found

    def _transaction(self, event):
        """Whose money it is, by our reference, else by the gateway's number."""
        return self._by_reference.get(event.reference) or (
            self._by_number[event.gateway_reference][:1]
        )

    # --- what can still be mended -----------------------------------------------------------------

    def unreported(self):
        """Confirmed transactions that the gateway does not report: it has to be asked for each."""
        return self.transactions.browse(tx.id for tx in self.transactions if self._is_missing(tx))

    def unfinished(self):
        """Transactions to which the gateway reports money that is not booked."""
        todo = self.transactions.browse()
        for event in self.money:
            tx = self._transaction(event)
            if self._judge(event) and tx.provider_id == self.provider:
                todo |= tx.source_transaction_id or tx
        return todo

    # --- judging ----------------------------------------------------------------------------------

    def breaks(self) -> list[Break]:
        judged = [self._judge(event) for event in self.money]
        missing = [self._missing(tx) for tx in self.transactions if self._is_missing(tx)]
        return list({found.key: found for found in (*judged, *missing) if found}.values())

    def has_judged(self, number: str, transaction) -> bool:
        """Whether this comparison can tell that a difference is none any more."""
        if self._is_unjudged(transaction):
            return False
        return number in self.numbers or transaction in self.transactions

    def _judge(self, event: PaymentEvent) -> Break | None:
        tx = self._transaction(event)
        if self._is_too_early(event, tx) or self._is_anothers(event, tx):
            return None
        if event.operation in RETURNS:
            return self._judge_return(event, tx)
        return self._judge_payment(event, tx)

    def _is_unjudged(self, tx) -> bool:
        return not self.unjudged.isdisjoint((tx.id, tx.source_transaction_id.id))

    def _is_too_early(self, event, tx) -> bool:
        happened = odoo_time(event.happened_at)
        return self._is_unjudged(tx) or (bool(happened) and happened > self.window.until)

    def _is_anothers(self, event, tx) -> bool:
        """Money of another app that uses the same account, or of a time before this app."""
        if not tx:
            happened = odoo_time(event.happened_at)
            return bool(happened) and happened < self.window.begin
        other = tx.provider_id
        return other != self.provider and other.code == self.provider.code and (
            other._email_pay_gateway().credentials == self.provider._email_pay_gateway().credentials
        )

    def _judge_payment(self, event, tx) -> Break | None:
        if tx.provider_id != self.provider:
            return self._break('unbooked', event)
        same = self._by_number[event.gateway_reference].filtered(lambda tx: tx.state == 'done')
        if tx not in same:
            kind = self._mismatch(event, tx.amount, tx.currency_id) or 'unbooked'
            return self._break(kind, event, tx)
        if not tx.is_post_processed:
            return self._break('parked', event, tx)
        payments = tx.payment_id.browse().union(*(self._payments[one] for one in same))
        if not payments:
            return self._break('undone', event, tx, tx.payment_id)
        kind = 'twice' if len(payments) > 1 else self._mismatch(
            event, payments.amount, payments.currency_id
        )
        return self._break(kind, event, tx, payments) if kind else None

    def _mismatch(self, event, amount, currency) -> str:
        if event.currency and event.currency != currency.name:
            return 'currency'
        if event.amount is not None and currency.compare_amounts(float(event.amount), amount):
            return 'amount'
        return ''

    def _judge_return(self, event, tx) -> Break | None:
        payment = tx.source_transaction_id or tx
        if event.operation == Operation.VOID and not self._payments[payment]:
            return None  # undone on both sides
        booked = self._refunds[payment].filtered(lambda refund: self._is_same(refund, event))
        if booked and all(self._payments[refund] for refund in booked):
            return None
        return self._break('returned', event, payment)

    def _is_same(self, refund, event) -> bool:
        if refund.reference == event.reference:
            return True
        same_amount = event.amount is None or not refund.currency_id.compare_amounts(
            float(event.amount), -refund.amount
        )
        return same_amount and refund.provider_reference == event.gateway_reference

    def _is_missing(self, tx) -> bool:
        """Whether `tx` is confirmed here and the gateway reports nothing of it. A dispute is the
        bank's, and in no gateway's list."""
        asked = tx.last_state_change in self.window or tx in self.also
        if (
            tx.provider_id != self.provider or tx.state != 'done' or tx.operation == 'validation'
            or tx.email_pay_return == 'chargeback' or not asked or self._is_unjudged(tx)
        ):
            return False
        if tx.operation == 'refund':
            told = (tx.provider_reference, *RETURNS), (tx.reference, *RETURNS)
        else:
            told = ((tx.provider_reference, Operation.PAYMENT, Operation.VOID),)
        return not any(
            (name, operation) in self._told for name, *operations in told
            for operation in operations
        )

    @cached_property
    def _told(self) -> set[tuple[str, Operation]]:
        """What the gateway reports, by its own number and by our reference."""
        return {
            (name, event.operation)
            for event in self.money for name in (event.gateway_reference, event.reference) if name
        }

    # --- telling ----------------------------------------------------------------------------------

    def _missing(self, tx) -> Break:
        payments = self._payments[tx]
        return Break(
            kind='missing', number=tx.provider_reference or '', reference=tx.reference,
            transaction=tx, payment=payments[:1], booked=sum(payments.mapped('amount')),
            currency=tx.currency_id.name, happened_at=tx.last_state_change,
        )

    def _break(self, kind, event, tx=None, payments=None) -> Break:
        tx = self.transactions.browse() if tx is None else tx
        payments = tx.payment_id.browse() if payments is None else payments
        return Break(
            kind=kind, number=event.gateway_reference, reference=event.reference,
            transaction=tx, payment=payments[:1], collected=event.amount,
            booked=sum(payments.filtered(lambda p: p.state in BOOKED).mapped('amount')),
            currency=event.currency, happened_at=odoo_time(event.happened_at),
        )
