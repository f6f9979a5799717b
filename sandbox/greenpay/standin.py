"""The stand-in as a whole: its addresses, its back office, its books."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

from ..cards import Card
from ..courier import Delivery, Message, Proof
from ..ledger import Entry
from ..standin import Route, StandIn
from ..web import JSON, Problem, Request, Response, as_json
from . import cards, form, notices
from .accounts import APPROVED, REFUNDED, VOIDED, Accounts, Merchant, Payment, Refusal, Session

MERCHANT_PATH = '/greenpay/merchant'
VOID_WITHIN = timedelta(hours=3)
REFUND_WITHIN = timedelta(days=7)

# Behind the address that the merchant registered.
TAILS = {'payment': '/', 'card': '/newCard'}


class GreenPay(StandIn):
    name = 'greenpay'
    title = 'GreenPay'
    Accounts = Accounts
    back_office = ('void', 'refund', 'age', 'notify')

    def __init__(self, ledger, faults, courier):
        super().__init__(ledger, faults, courier)
        self.form = form.Form(self)

    def routes(self) -> Iterator[Route]:
        for path, operation, answer in (
            ('/', 'order', self._order),
            ('/tokenize', 'tokenize', self._tokenize),
            ('/tokenPayment', 'sale', self._token_payment),
            ('/transactions/get', 'query', self._get),
            ('/transactions/void', 'void', self._void),
            ('/transactions/refund', 'refund', self._refund),
        ):
            yield 'POST', MERCHANT_PATH + path, self._answering(operation, answer)
        yield from self.form.routes()

    def test_cards(self) -> dict[str, str]:
        return {cards.APPROVED: '00'} | cards.DECLINED

    # --- for tests --------------------------------------------------------------------------------

    def session(self, address: str) -> Session:
        """The session of a form's address, or of its id."""
        found = self.accounts.sessions.get(address.rpartition('/')[2])
        if not found:
            raise Problem('There is no such session.', 404)
        return found

    def pay(self, address: str, number: str = cards.APPROVED, exp: str = '1230') -> str:
        """What a customer does on the form; where his browser is sent then."""
        session = self.session(address)
        if not session.live:
            raise Problem('This session has expired.', 410)
        if session.saves_card:
            return self._save_card(session, Card(number, exp))
        payment = self.accounts.pay(session.merchant, session.order, Card(number, exp))
        session.used = payment.state == APPROVED
        content = notices.payment_body(payment, session.order.get('callback', ''))
        self._report(payment, 'sale', content)
        return notices.return_address(session.merchant, content)

    def unknown(self, session: Session) -> str:
        """Where the browser is sent when GreenPay does not know what became of the payment."""
        return notices.return_address(session.merchant, notices.unknown_body(session.order))

    def payment(self, number: str) -> Payment:
        found = self.accounts.payments.get(number)
        if not found:
            raise Problem(f'There is no payment {number}.', 404)
        return found

    def notification(self, number: str) -> bytes:
        """The notification of a payment, signed, not sent."""
        payment = self.payment(number)
        return notices.as_bytes(payment.merchant, notices.payment_body(payment))

    # --- the API ----------------------------------------------------------------------------------

    def _answering(self, operation: str, answer: Callable[[dict], dict]):
        def answering(request: Request) -> Response:
            content = request.json
            return self.faults.around(
                self.name, operation,
                act=lambda: self._answered(answer, content, operation),
                unknown=lambda: as_json({'status': 504, 'errors': ['timeout']}, 504),
            )

        return answering

    def _answered(self, answer, content: dict, operation: str) -> Response:
        try:
            found = answer(content)
        except Refusal as refusal:
            self._record_refusal(content, operation, str(refusal))
            return as_json(
                {'code': refusal.status, 'status': refusal.status, 'errors': [str(refusal)]},
                refusal.status,
            )
        status = 500 if found.get('status') == 500 else 200
        return Response(json.dumps(found).encode(), JSON, status)

    def _order(self, content: dict) -> dict:
        return self._opened(self.accounts.order(content), content)

    def _tokenize(self, content: dict) -> dict:
        merchant = self.accounts.merchant(content)
        if not content.get('requestId'):
            raise Refusal('Invalid requestId')
        return self._opened(merchant, content)

    def _opened(self, merchant: Merchant, content: dict) -> dict:
        session = self.accounts.open_session(merchant, content)
        return {'session': session.id, 'token': session.id[::-1]}

    def _token_payment(self, content: dict) -> dict:
        merchant = self.accounts.order(content)
        card = self.accounts.card(merchant, content.get('token'))
        if not card:
            return {
                'status': 500, 'orderId': content['orderReference'], 'authorization': None,
                'errors': ['Error: Invalid card token'],
            }
        payment = self.accounts.pay(merchant, content, card)
        found = notices.payment_body(payment, content.get('callback', ''))
        self._report(payment, 'sale', found)
        return json.loads(notices.as_bytes(merchant, found))

    def _get(self, content: dict) -> dict:
        merchant = self.accounts.merchant(content, needs_secret=False)
        payment = self.accounts.find(merchant, content.get('orderReference'))
        return {'code': 200, 'status': 'SUCCESS', 'result': {
            'amount': f'{payment.amount:.2f}',
            'date': payment.date.isoformat(timespec='milliseconds').replace('+00:00', 'Z'),
            'state': payment.state,
            'retrievalNumber': payment.id,
            'authorizationID': payment.authorization,
            'currency': payment.currency,
            'cardNumber': payment.card.masked,
            'description': payment.description,
            'responseCode': payment.code,
        }}

    def _void(self, content: dict) -> dict:
        return self._give_back(content, 'void', self._void_payment)

    def _refund(self, content: dict) -> dict:
        return self._give_back(content, 'refund', self._refund_payment)

    def _give_back(self, content: dict, word: str, act) -> dict:
        payment = self.accounts.find(self.accounts.merchant(content), content.get('orderReference'))
        if payment.authorization != content.get('authorization') or (
            payment.card.masked[:6] != content.get('bin')
            or payment.card.number[-4:] != content.get('last4')
        ):
            raise Refusal('Error: Transaction not found', 404)
        act(payment)
        return {'code': 200, 'status': 'SUCCESS', 'result': {
            'orderReference': payment.reference, word: True,
        }}

    # --- the back office --------------------------------------------------------------------------

    def void(self, transaction_id: str) -> Payment:
        return self._at_the_desk(self._void_payment, transaction_id)

    def refund(self, transaction_id: str) -> Payment:
        return self._at_the_desk(self._refund_payment, transaction_id)

    def _at_the_desk(self, act, transaction_id: str) -> Payment:
        try:
            return act(self.payment(transaction_id))
        except Refusal as refusal:
            raise Problem(str(refusal), 409) from refusal

    def _void_payment(self, payment: Payment) -> Payment:
        if payment.state != APPROVED or payment.age > VOID_WITHIN:
            raise Refusal('Transaction is not ready for reversion')
        return self._undo(payment, 'void', VOIDED)

    def _refund_payment(self, payment: Payment) -> Payment:
        if not payment.merchant.refunds:
            raise Refusal('Refund is not available for this bank entity')
        if payment.state != APPROVED or payment.age > REFUND_WITHIN:
            raise Refusal('Transaction can not be refunded')
        return self._undo(payment, 'refund', REFUNDED)

    def age(self, transaction_id: str, hours: float = 4) -> Payment:
        """Let time pass for a payment."""
        payment = self.payment(transaction_id)
        payment.date -= timedelta(hours=float(hours))
        return payment

    def notify(self, transaction_id: str, url: str = '') -> list[Delivery]:
        """Tell of the payment again, to the merchant or to `url`."""
        payment = self.payment(transaction_id)
        return self._send(payment.merchant, 'sale', 'payment', notices.payment_body(payment), url)

    # --- books and notifications ------------------------------------------------------------------

    def _save_card(self, session: Session, card: Card) -> str:
        session.used = True
        token = self.accounts.save_card(session.merchant, card)
        content = notices.card_body(session, card, token)
        self._send(session.merchant, 'tokenize', 'card', content)
        return notices.return_address(session.merchant, content)

    def _undo(self, payment: Payment, operation: str, state: str) -> Payment:
        with self.accounts.lock:
            payment.state = state
        self._enter(payment, operation, '00')
        return payment

    def _report(self, payment: Payment, operation: str, content: dict):
        self._enter(payment, operation, payment.code)
        self._send(payment.merchant, operation, 'payment', content)

    def _enter(self, payment: Payment, operation: str, code: str):
        self.ledger.add(Entry(
            gateway=self.name,
            merchant=payment.merchant.id,
            operation=operation,
            id=payment.id,
            order_id=payment.reference,
            amount=payment.amount,
            currency=payment.currency,
            success=code == '00',
            code=code,
            text=cards.TEXTS[code],
            details={'card': payment.card.masked},
        ))

    def _record_refusal(self, content: dict, operation: str, text: str):
        if operation == 'query':
            return  # an order that nobody paid yet is nothing to note
        self.ledger.add(Entry(
            gateway=self.name, merchant=str(content.get('merchantId', '')), operation=operation,
            id='', order_id=str(content.get('orderReference', '')), amount=Decimal(0), currency='',
            success=False, code='500', text=text,
        ))

    def _send(self, merchant: Merchant, operation, label, content, url='') -> list[Delivery]:
        base = url or merchant.webhook_url
        if not base:
            return []
        address = base.rstrip('/') + TAILS[label]

        def body(proof: Proof) -> bytes:
            return notices.as_bytes(merchant, content, proof)

        message = Message(self.name, operation, label, body, lambda _proof: (address, {}))
        return self.courier.send(message)
