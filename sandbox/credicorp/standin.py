"""The stand-in as a whole: its addresses, its back office, its books."""

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urlencode

from ..cards import luhn_valid
from ..courier import Delivery, Message, Proof
from ..ledger import Entry
from ..standin import Route, StandIn
from ..web import Problem, Request, Response
from . import cards, const, notices, operations, query, window
from .accounts import Accounts, Merchant, Refusal, Transaction
from .cards import Card

XML = 'text/xml; charset=utf-8'
TEXT = 'text/html; charset=UTF-8'  # as the real one labels its form-encoded answers


class Credicorp(StandIn):
    name = 'credicorp'
    title = 'Credicorp Bank'
    Accounts = Accounts
    back_office = ('refund', 'void', 'settle', 'chargeback', 'notify')

    def __init__(self, ledger, faults, courier):
        super().__init__(ledger, faults, courier)
        self.window = window.Window(self)

    def routes(self) -> Iterator[Route]:
        yield 'POST', '/api/transact.php', self._transact
        yield 'POST', '/api/query.php', self._query
        yield from self.window.routes()

    def test_cards(self) -> dict[str, str]:
        approved = dict.fromkeys(cards.APPROVED, const.OK_CODE)
        return approved | cards.DECLINED | {cards.CHARGED_UNKNOWN: '421, charged'}

    # --- for tests --------------------------------------------------------------------------------

    def token(self, number: str = '4111111111111111', exp: str = '1230', merchant=None) -> str:
        """A payment token, as the card window would give it."""
        if not luhn_valid(number):
            raise ValueError(f'{number} is no card number.')
        return self.accounts.tokenize(merchant or self.merchant, Card(number, exp))

    def transaction(self, transaction_id: str) -> Transaction:
        found = self.accounts.transactions.get(transaction_id)
        if not found:
            raise Problem(f'There is no transaction {transaction_id}.', 404)
        return found

    def notification(self, transaction_id: str) -> tuple[bytes, dict[str, str]]:
        """Body and headers of the event of a transaction's last operation, signed, not sent."""
        transaction = self.transaction(transaction_id)
        _type, body = notices.transaction_event(transaction)
        return body, notices.headers(transaction.merchant, body)

    # --- the API ----------------------------------------------------------------------------------

    def _transact(self, request: Request) -> Response:
        form = request.form
        saves_only = form.get('customer_vault') == 'add_customer' and 'amount' not in form
        operation = form.setdefault('type', 'vault' if saves_only else 'sale')
        return self.faults.around(
            self.name,
            operation,
            act=lambda: self._answer(form),
            unknown=lambda: _reply(form, const.UNKNOWN_CODE),
        )

    def _answer(self, form: dict[str, str]) -> Response:
        merchant = self.accounts.merchant('security_key', form.get('security_key', ''))
        if not merchant:
            return _reply(form, const.REJECTED_CODE, const.INVALID_KEY)
        try:
            return self._run(merchant, form)
        except Refusal as refusal:
            self._record_refusal(merchant, form, str(refusal))
            return _reply(form, const.REJECTED_CODE, str(refusal))

    def _run(self, merchant: Merchant, form: dict[str, str]) -> Response:
        if form['type'] == 'vault':
            return self._save_unseen(merchant, form)
        operation = operations.OPERATIONS.get(form['type'])
        if not operation:
            raise Refusal('Invalid Transaction Type')
        with self.accounts.lock:
            transaction = operation(self.accounts, merchant, form, 'api')
            vault_id = self._saved(transaction, form)
            self._report(transaction)
        code = operations.answer_code(transaction)
        return _reply(form, code, transaction=transaction, vault_id=vault_id)

    def _save_unseen(self, merchant: Merchant, form: dict[str, str]) -> Response:
        """Save a card without asking its bank."""
        with self.accounts.lock:
            card = self.accounts.card(merchant, form)
            vault_id = self.accounts.save_card(merchant, card, form.get('customer_vault_id', ''))
        return _reply(form, const.OK_CODE, 'Customer Added', vault_id=vault_id)

    def _saved(self, transaction: Transaction, form: dict[str, str]) -> str:
        if form.get('customer_vault') != 'add_customer' or not transaction.actions[-1].success:
            return form.get('customer_vault_id', '')
        return self.accounts.save_card(
            transaction.merchant, transaction.card, form.get('customer_vault_id', '')
        )

    def _query(self, request: Request) -> Response:
        form = request.form
        unknown = query.error_xml(const.TEXTS[const.UNKNOWN_CODE])
        return self.faults.around(
            self.name,
            'report' if form.get('start_date') else 'query',
            act=lambda: Response(self._found(form), XML),
            unknown=lambda: Response(unknown, XML),
        )

    def _found(self, form: dict[str, str]) -> bytes:
        merchant = self.accounts.merchant('security_key', form.get('security_key', ''))
        if not merchant:
            return query.error_xml(const.INVALID_KEY)
        try:
            with self.accounts.lock:
                return query.transactions_xml(query.find(self.accounts, merchant, form))
        except query.Malformed as error:
            return query.error_xml(str(error))

    # --- the back office --------------------------------------------------------------------------

    def refund(self, transaction_id: str, amount: str = '') -> Transaction:
        return self._at_the_desk('refund', transaction_id, amount)

    def void(self, transaction_id: str) -> Transaction:
        return self._at_the_desk('void', transaction_id)

    def settle(self, transaction_id: str = '') -> list[Transaction]:
        """Settle one transaction, or all that wait for it, and send the batch's notification."""
        with self.accounts.lock:
            wanted = [self.transaction(transaction_id)] if transaction_id else list(
                self.accounts.transactions.values()
            )
            pending = [t for t in wanted if t.condition == const.PENDING_SETTLEMENT]
            for merchant in self.accounts.merchants:
                batch = [operations.settle(t) for t in pending if t.merchant is merchant]
                if batch:
                    self._send(merchant, 'settle', *notices.settlement_event(merchant, batch))
        return pending

    def chargeback(self, transaction_id: str, amount: str = '') -> Transaction:
        """The customer's bank takes the money back."""
        transaction = self.transaction(transaction_id)
        taken = Decimal(amount) if amount else transaction.collected
        if not 0 < taken <= transaction.collected:
            raise Problem('There is no such amount to charge back.')
        self._enter(transaction, 'chargeback', taken, source='bank')
        event = notices.chargeback_event(transaction, taken)
        self._send(transaction.merchant, 'chargeback', *event)
        return transaction

    def notify(self, transaction_id: str, url: str = '') -> list[Delivery]:
        """Tell of the last operation again, as a new event, to the merchant or to `url`."""
        transaction = self.transaction(transaction_id)
        event = notices.transaction_event(transaction)
        return self._send(transaction.merchant, transaction.last.type, *event, url=url)

    def _at_the_desk(self, operation: str, transaction_id: str, amount: str = '') -> Transaction:
        form = {'type': operation, 'transactionid': transaction_id, 'amount': amount}
        merchant = self.transaction(transaction_id).merchant
        try:
            with self.accounts.lock:
                run = operations.OPERATIONS[operation]
                transaction = run(self.accounts, merchant, form, 'virtual_terminal')
                self._report(transaction)
        except Refusal as refusal:
            raise Problem(str(refusal), 409) from refusal
        return transaction

    # --- books and notifications ------------------------------------------------------------------

    def _report(self, transaction: Transaction):
        action = transaction.actions[-1]
        self._enter(transaction, action.type, action.amount, action.code, action.source)
        event = notices.transaction_event(transaction)
        self._send(transaction.merchant, action.type, *event)

    def _enter(self, transaction, operation, amount, code=const.OK_CODE, source='api'):
        self.ledger.add(Entry(
            gateway=self.name,
            merchant=transaction.merchant.id,
            operation=operation,
            id=transaction.id,
            order_id=transaction.order_id,
            amount=amount,
            currency=transaction.currency,
            success=code == const.OK_CODE,
            code=code,
            text=const.TEXTS[code],
            source=source,
            details=transaction.fields | {'card': transaction.card.masked},
        ))

    def _record_refusal(self, merchant: Merchant, form: dict[str, str], text: str):
        try:
            amount = operations.amount_of(form, default='0')
        except Refusal:
            amount = Decimal(0)
        self.ledger.add(Entry(
            gateway=self.name,
            merchant=merchant.id,
            operation=form['type'],
            id=form.get('transactionid', ''),
            order_id=form.get('orderid', ''),
            amount=amount,
            currency=form.get('currency', ''),
            success=False,
            code=const.REJECTED_CODE,
            text=text,
        ))

    def _send(self, merchant: Merchant, operation, event_type, body, url='') -> list[Delivery]:
        deliveries = []
        for address in [url] if url else merchant.webhook_urls:
            def addressed(proof: Proof, address=address):
                return address, notices.headers(merchant, body, proof)

            message = Message(self.name, operation, event_type, lambda _proof: body, addressed)
            deliveries += self.courier.send(message)
        return deliveries


def _reply(form, code, text='', transaction: Transaction | None = None, vault_id='') -> Response:
    approved = code == const.OK_CODE
    values = {
        'response': const.response_of(code),
        'responsetext': text or const.TEXTS[code],
        'authcode': transaction.authorization if transaction and approved else '',
        'transactionid': transaction.id if transaction else '',
        'avsresponse': 'N' if transaction else '',
        'cvvresponse': 'N' if transaction else '',
        'orderid': transaction.order_id if transaction else form.get('orderid', ''),
        'type': form['type'],
        'response_code': code,
    }
    if vault_id:
        values['customer_vault_id'] = vault_id
    return Response(urlencode(values).encode(), TEXT)
