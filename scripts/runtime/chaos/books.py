"""The two books: what the gateway collected, and what Odoo knows of it."""

import email
import email.policy
import re
from collections import Counter, defaultdict
from decimal import Decimal
from functools import cached_property
from urllib.parse import unquote

from .. import database

COLLECTING = ('sale', 'capture')
RETURNING = ('refund', 'void', 'credit', 'chargeback')
RECEIPT = re.compile(r'openerp-(\d+)-account\.payment@')

BOOKED = """
    SELECT tx.id, tx.reference, payment.id, payment.amount, tx.provider_reference,
           EXISTS (SELECT FROM email_pay_receipt receipt
                    WHERE receipt.payment_id = payment.id AND receipt.sent_at IS NOT NULL),
           EXISTS (SELECT FROM mail_activity WHERE res_model = 'account.payment'
                      AND res_id = payment.id)
      FROM account_payment payment
      JOIN payment_transaction tx ON tx.id = payment.payment_transaction_id
     WHERE payment.state NOT IN ('draft', 'canceled', 'rejected')
"""
PARKED = """
    SELECT reference, gateway_reference, amount, error FROM email_pay_event
     WHERE state = 'parked'
"""
INVOICES = """
    SELECT move.id, move.name, move.amount_total, move.amount_residual,
           array_agg(tx.reference)
      FROM account_move move
      JOIN account_invoice_transaction_rel rel ON rel.invoice_id = move.id
      JOIN payment_transaction tx ON tx.id = rel.transaction_id
  GROUP BY move.id
"""
INSTALLMENTS = """
    SELECT plan.reference || ', ' || line.number, line.amount, line.state, line.attempts,
           array_agg(tx.reference) FILTER (WHERE tx.id IS NOT NULL)
      FROM email_pay_installment line
      JOIN email_pay_plan plan ON plan.id = line.plan_id
      LEFT JOIN payment_transaction tx ON tx.email_pay_installment_id = line.id
  GROUP BY line.id, plan.reference
"""
DRAFTS = """
    SELECT plan.reference, move.state, bool_or(line.state = 'confirmed')
      FROM email_pay_plan plan
      JOIN email_pay_installment line ON line.plan_id = plan.id
      JOIN account_move move ON move.id = plan.move_id
     WHERE move.ref = 'draft'
  GROUP BY plan.id, move.id
"""


def read(stage):
    return Books(stage)


class Books:
    """Both books, read once, and their differences: each a list of lines that name references."""

    def __init__(self, stage):
        self._stage = stage
        ledger = stage.gateway.ask('GET', '/control/ledger')
        self.requests = [
            entry for entry in ledger if entry['operation'] == 'sale' and not _month(entry)]
        self.charges = defaultdict(Decimal)  # by reference and the gateway's number
        for entry in ledger:
            sign = (entry['operation'] in COLLECTING) - (entry['operation'] in RETURNING)
            if entry['success'] and sign:
                self.charges[_names(entry)] += sign * Decimal(entry['amount'])
        self.booked = self._query(BOOKED)
        self.parked = {
            (reference or '', number or ''): (_amount(amount), error)
            for reference, number, amount, error in self._query(PARKED)
        }
        self.invoices = self._query(INVOICES)
        self.installments = self._query(INSTALLMENTS)
        self.drafts = self._query(DRAFTS)
        self.states, self.events, self.mails = (
            dict(self._query(f'SELECT state, count(*) FROM {table} GROUP BY 1'))
            for table in ('payment_transaction', 'email_pay_event', 'mail_mail'))

    def _query(self, statement):
        return database.query(statement, database=self._stage.database)

    # -- Money ---------------------------------------------------------------------------------

    @property
    def charged_sum(self):
        return sum(self.charges.values())

    @property
    def booked_sum(self):
        return sum(row[3] for row in self.booked)

    @cached_property
    def suspense(self):
        """What the gateway holds, is not booked, and stands in front of a person."""
        booked = {(row[1], row[4]) for row in self.booked}
        return {
            key: amount for key, amount in self.charges.items()
            if amount and key not in booked and key in self.parked
        }

    @property
    def lost(self):
        booked = {(row[1], row[4]): row[3] for row in self.booked}
        return [
            f'{reference}: {amount} collected as {number}, {booked.get((reference, number), 0)} '
            f'booked; the transaction is {self._state(reference)}'
            for (reference, number), amount in self.charges.items()
            if amount > booked.get((reference, number), 0)
            and (reference, number) not in self.suspense
        ]

    @property
    def doubled(self):
        return [*self._booked_twice(), *self._charged_twice(), *self._hidden_credits()]

    def _booked_twice(self):
        booked = Counter()
        for row in self.booked:
            booked[row[1]] += row[3]
        charged = self._charged_by_reference()
        for reference, amount in booked.items():
            if amount > charged[reference]:
                yield f'{reference}: {amount} booked, {charged[reference]} collected'

    def _charged_twice(self):
        """One attempt is one request: a second one was only stopped by the card's token."""
        asked = Counter(entry['order_id'] for entry in self.requests)
        for reference, times in asked.items():
            if times > 1:
                yield f'{reference}: the gateway was asked {times} times to charge it'

    def _hidden_credits(self):
        for name, excess, shown in self.credits:
            if not shown:
                yield f'{name}: {excess} collected beyond its total, and nobody is told'

    @cached_property
    def credits(self):
        """The invoices for which more was collected than they are, and whether a person is told."""
        charged = self._charged_by_reference()
        told = {row[1] for row in self.booked if row[6]}
        told |= {reference for reference, _number in self.parked}
        return [
            (name, sum(charged[reference] for reference in references) - total,
             bool(told & set(references)))
            for _id, name, total, _residual, references in self.invoices
            if sum(charged[reference] for reference in references) > total
        ]

    @property
    def wrong_installments(self):
        """Those that are not what the gateway collected for them: once, or never."""
        charged = self._charged_by_reference()
        return [
            f'{name}: {collected} of {amount} collected, and it is {state}'
            for name, amount, state, _attempts, references in self.installments
            if (collected := sum(charged[one] for one in references or ()))
            != (amount if state == 'confirmed' else 0)
        ]

    @property
    def wrong_drafts(self):
        """Those that were not posted by the first charge of their plan, or by nothing."""
        return [
            f'{reference}: its draft is {state}, and its first charge was'
            f' {"made" if collected else "not made"}'
            for reference, state, collected in self.drafts if (state == 'posted') != collected
        ]

    @property
    def wrong_residuals(self):
        """Invoices that do not show what was booked for them."""
        booked = defaultdict(Decimal)
        for row in self.booked:
            booked[row[1]] += row[3]
        found = []
        for _id, name, total, residual, references in self.invoices:
            due = max(total - sum(booked[reference] for reference in references), 0)
            if due != residual:
                found.append(f'{name}: {residual} due, {due} expected')
        return found

    def _charged_by_reference(self):
        charged = defaultdict(Decimal)
        for (reference, _number), amount in self.charges.items():
            charged[reference] += amount
        return charged

    def _state(self, reference):
        rows = database.query(
            'SELECT state, is_post_processed, email_pay_ask_at, email_pay_asked, payment_id'
            ' FROM payment_transaction WHERE reference = %s', reference,
            database=self._stage.database)
        return ', '.join(map(str, rows[0])) if rows else 'absent'

    # -- Receipts ------------------------------------------------------------------------------

    @cached_property
    def receipts(self):
        """How often each receipt was delivered: by payment, recipient and Message-Id."""
        found = Counter()
        for path in self._stage.mailbox.glob('*.eml'):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            number = str(mail['Message-Id'] or '')
            if match := RECEIPT.search(number):
                found[int(match[1]), str(mail['To']), number.strip()] += 1
        return found

    @property
    def receipts_missing(self):
        """Both the customer and the company's address get one for every booked payment."""
        delivered = Counter(
            payment for payment, _to in {(payment, to) for payment, to, _number in self.receipts})
        return [
            f'{row[1]}: {delivered[row[2]]} of 2 receipts; '
            f'{"queued" if row[5] else "never queued"}'
            for row in self.booked if delivered[row[2]] < 2
        ]

    @property
    def receipts_doubled(self):
        """Receipts written twice: mails of their own."""
        written = Counter((payment, to) for payment, to, _number in self.receipts)
        return [
            f'payment {payment}: {times} receipts to {to}'
            for (payment, to), times in written.items() if times > 1
        ]

    @property
    def receipts_repeated(self):
        """The same mail, with the same Message-Id, handed over by SMTP more than once."""
        return [
            f'payment {payment}: the receipt to {to} was delivered {times} times'
            for (payment, to, _number), times in self.receipts.items() if times > 1
        ]

    @property
    def receipts_for_nothing(self):
        booked = {row[2] for row in self.booked}
        return [
            f'payment {payment}: a receipt, and nothing is booked'
            for payment in {payment for payment, _to, _number in self.receipts} - booked
        ]


def _month(entry):
    """Which charge of an order that the gateway charges by itself; None of any other."""
    return entry['details'].get('number')


def _names(entry):
    """The reference and the gateway's number by which Odoo knows what the ledger tells."""
    month = _month(entry)
    if not month:
        return entry['order_id'], entry['id']
    order = unquote(entry['order_id'].replace('~', '%'))
    if month == '1':
        return order, entry['id']
    return f'{order}-{month}', entry['details']['charge']


def _amount(text):
    return Decimal((text or '0').split()[0])
