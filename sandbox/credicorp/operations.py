"""What each `type` of request does. Money words only: no HTTP, no encoding.

An operation gets the accounts, the merchant and the form, and gives the transaction with the action
that it added last; or it raises `Refusal`.
"""

from decimal import Decimal, InvalidOperation

from . import const
from .accounts import Accounts, Action, Merchant, Refusal, Transaction
from .cards import CHARGED_UNKNOWN, Card

LEAST_AMOUNT = Decimal('1.00')  # under it the test mode declines (inferred)


def charge(accounts: Accounts, merchant: Merchant, form: dict, source: str) -> Transaction:
    """Sale, auth, credit and validate: a new transaction on a card."""
    operation = form['type']
    amount = amount_of(form, default='0.00' if operation == 'validate' else '')
    if amount <= 0 and operation != 'validate':
        raise Refusal('Invalid amount')
    card = accounts.card(merchant, form)
    transaction = _open(accounts, merchant, form, card, amount)
    return _act(transaction, operation, amount, _verdict(card, operation, amount), source)


def capture(accounts: Accounts, merchant: Merchant, form: dict, source: str) -> Transaction:
    transaction = accounts.transaction(merchant, form.get('transactionid', ''))
    if transaction.condition != const.PENDING:
        raise Refusal('Only transactions pending capture can be captured')
    amount = amount_of(form, default=transaction.amount)
    if not 0 < amount <= transaction.amount:
        raise Refusal('The specified amount exceeds the authorization amount')
    return _act(transaction, 'capture', amount, const.OK_CODE, source)


def void(accounts: Accounts, merchant: Merchant, form: dict, source: str) -> Transaction:
    transaction = accounts.transaction(merchant, form.get('transactionid', ''))
    if transaction.condition not in (const.PENDING, const.PENDING_SETTLEMENT):
        raise Refusal(const.NOT_VOIDABLE)
    amount = transaction.collected or transaction.amount
    return _act(transaction, 'void', amount, const.OK_CODE, source)


def refund(accounts: Accounts, merchant: Merchant, form: dict, source: str) -> Transaction:
    """A transaction of its own, linked to the one that it pays back."""
    original = accounts.transaction(merchant, form.get('transactionid', ''))
    amount = amount_of(form, default=original.refundable)
    if not original.collected:
        raise Refusal('Only collected transactions can be refunded')
    if not 0 < amount <= original.refundable:
        raise Refusal('Refund amount may not exceed the transaction balance')
    inherited = {'currency': original.currency}
    if merchant.refund_keeps_order or not form.get('orderid'):
        inherited['orderid'] = original.order_id
    transaction = _open(accounts, merchant, form | inherited, original.card, amount)
    transaction.original = original
    original.refunds.append(transaction)
    return _act(transaction, 'refund', amount, const.OK_CODE, source)


def settle(transaction: Transaction) -> Transaction:
    """The nightly batch: what was pending settlement is complete."""
    amount = transaction.collected or transaction.amount
    return _act(transaction, 'settle', amount, const.OK_CODE, 'internal')


OPERATIONS = {
    'sale': charge,
    'auth': charge,
    'credit': charge,
    'validate': charge,
    'capture': capture,
    'void': void,
    'refund': refund,
}


def amount_of(form: dict, default='') -> Decimal:
    try:
        amount = Decimal(form.get('amount') or default)
    except InvalidOperation as error:
        raise Refusal('Invalid amount') from error
    if not amount.is_finite():
        raise Refusal('Invalid amount')
    return amount


def _verdict(card: Card, operation: str, amount: Decimal) -> str:
    too_small = operation != 'validate' and amount < LEAST_AMOUNT
    return '200' if card.code == const.OK_CODE and too_small else card.code


def _open(accounts, merchant, form, card, amount) -> Transaction:
    # No look for an earlier one of the same order: the real gateway charges a repeated order again.
    transaction = Transaction(
        id=accounts.new_id(),
        merchant=merchant,
        type=form['type'],
        order_id=form.get('orderid', ''),
        amount=amount,
        currency=form.get('currency') or merchant.currency,
        card=card,
        fields={k: v for k, v in form.items() if k not in ('security_key', 'payment_token')},
    )
    accounts.transactions[transaction.id] = transaction
    return transaction


def _act(transaction: Transaction, operation, amount, code, source) -> Transaction:
    action = Action(operation, amount, code, const.TEXTS[code], source)
    transaction.actions.append(action)
    if action.success:
        transaction.condition = const.CONDITIONS[operation]
        transaction.authorization = transaction.authorization or transaction.id[-6:]
    return transaction


def answer_code(transaction: Transaction) -> str:
    """The code that the caller is told, which for one test card is not what happened."""
    last = transaction.actions[-1]
    if last.type in ('sale', 'auth') and transaction.card.number == CHARGED_UNKNOWN:
        return const.UNKNOWN_CODE
    return last.code
