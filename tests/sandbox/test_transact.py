from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sandbox.cards import luhn_valid
from sandbox.credicorp import cards, const

from .common import SandboxCase


class TestCards(SandboxCase):

    def test_every_number_is_valid(self):
        for number in [*cards.APPROVED, *cards.DECLINED, cards.CHARGED_UNKNOWN]:
            self.assertTrue(luhn_valid(number), number)

    def test_a_number_names_its_code(self):
        for number, code in cards.DECLINED.items():
            self.assertEqual(number[-4:-1], code)
        self.assertEqual(set(cards.DECLINED.values()) | {'100'}, set(const.TEXTS))

    def test_sale_with_every_card_that_approves(self):
        for number, brand in cards.APPROVED.items():
            with self.subTest(brand):
                answer = self.sale(number=number)
                self.assertEqual((answer['response'], answer['response_code']), ('1', '100'))
                transaction = self.credicorp.transaction(answer['transactionid'])
                self.assertEqual(transaction.card.brand, brand)

    def test_sale_with_every_card_that_does_not(self):
        for number, code in cards.DECLINED.items():
            with self.subTest(code):
                answer = self.sale(number=number)
                self.assertEqual(answer['response_code'], code)
                self.assertEqual(answer['response'], '2' if code < '300' else '3')
                self.assertEqual(answer['authcode'], '')
        self.assertFalse(self.sandbox.ledger.charges('INV-1'))

    def test_unknown_but_charged(self):
        answer = self.sale(number=cards.CHARGED_UNKNOWN)
        self.assertEqual(answer['response_code'], '421')
        self.assertEqual(len(self.sandbox.ledger.charges('INV-1')), 1)


class TestTransact(SandboxCase):

    def test_answer_is_the_documented_one(self):
        answer = self.sale()
        self.assertEqual(list(answer), [
            'response', 'responsetext', 'authcode', 'transactionid', 'avsresponse', 'cvvresponse',
            'orderid', 'type', 'response_code',
        ])
        self.assertEqual(answer['responsetext'], 'SUCCESS')
        self.assertRegex(answer['authcode'], r'^\d{6}$')
        self.assertEqual((answer['orderid'], answer['type']), ('INV-1', 'sale'))

    def test_wrong_key(self):
        answer = self.sale(security_key='wrong')
        self.assertEqual(answer['response'], '3')
        self.assertEqual(answer['responsetext'], 'Invalid Security Key')
        self.assertEqual(answer['response_code'], '300')
        self.assertFalse(self.sandbox.ledger.entries())

    def test_another_merchants_key_token_and_transaction(self):
        other = self.credicorp.add_merchant()
        sale = self.sale()
        stolen = self.sale(security_key=other.security_key)
        void = self.transact(
            type='void', transactionid=sale['transactionid'], security_key=other.security_key
        )
        self.assertEqual((stolen['response'], void['response']), ('3', '3'))
        self.assertEqual(len(self.sandbox.ledger.charges('INV-1')), 1)

    def test_token_serves_once(self):
        token = self.credicorp.token()
        first, second = (self.sale(payment_token=token) for _ in range(2))
        self.assertEqual((first['response'], second['response']), ('1', '3'))

    def test_card_number_is_refused(self):
        answer = self.transact(
            type='sale', amount='10.00', ccnumber='4111111111111111', ccexp='1230'
        )
        self.assertEqual(answer['response'], '3')
        self.assertNotIn('4111111111111111', repr(self.sandbox.ledger.entries()))

    def test_bad_amounts(self):
        for amount in ('', 'abc', '0.00', '-5.00', 'NaN', 'Infinity'):
            with self.subTest(amount):
                self.assertEqual(self.sale(amount=amount)['response_code'], '300')

    def test_under_one_declines(self):
        self.assertEqual(self.sale(amount='0.99')['response_code'], '200')
        self.assertEqual(self.sale(amount='1.00')['response_code'], '100')

    def test_a_repeated_order_is_charged_again(self):
        self.sale()
        self.sale()
        self.assertEqual(len(self.sandbox.ledger.charges('INV-1')), 2)
        self.assertEqual(self.sandbox.ledger.balance('INV-1'), Decimal('24.68'))

    def test_auth_then_capture(self):
        auth = self.sale(type='auth')
        self.assertEqual(self.sandbox.ledger.balance('INV-1'), 0)
        captures = [
            self.transact(type='capture', transactionid=auth['transactionid'], amount=amount)
            for amount in ('12.35', '10.00', '2.34')
        ]
        self.assertEqual([capture['response'] for capture in captures], ['3', '1', '3'])
        self.assertEqual(self.sandbox.ledger.balance('INV-1'), Decimal('10.00'))

    def test_void_before_settlement(self):
        sale = self.sale()
        void = self.transact(type='void', transactionid=sale['transactionid'])
        self.assertEqual((void['response'], void['type']), ('1', 'void'))
        self.assertEqual(self.sandbox.ledger.balance('INV-1'), 0)

    def test_void_after_settlement(self):
        sale = self.sale()
        self.credicorp.settle()
        void = self.transact(type='void', transactionid=sale['transactionid'])
        self.assertEqual((void['response'], void['response_code']), ('3', '300'))
        self.assertEqual(
            void['responsetext'], 'Only transactions pending settlement can be voided'
        )

    def test_refunds_after_settlement_up_to_the_amount(self):
        sale = self.sale()
        self.credicorp.settle()
        refunds = [
            self.transact(type='refund', transactionid=sale['transactionid'], amount=amount)
            for amount in ('10.00', '2.35', '2.34', '0.01')
        ]
        self.assertEqual([refund['response'] for refund in refunds], ['1', '3', '1', '3'])
        self.assertNotEqual(refunds[0]['transactionid'], sale['transactionid'])
        self.assertEqual(self.sandbox.ledger.balance('INV-1'), 0)

    def test_order_of_a_refund(self):
        sale = self.sale()
        for keeps, order in ((True, 'INV-1'), (False, 'REFUND-1')):
            self.control('POST', '/credicorp', {'refund_keeps_order': keeps})
            refund = self.transact(
                type='refund', transactionid=sale['transactionid'], amount='1.00',
                orderid='REFUND-1',
            )
            self.assertEqual(refund['orderid'], order)

    def test_validate_saves_a_card_that_pays_again(self):
        saved = self.sale(type='validate', amount='0.00', customer_vault='add_customer')
        vault_id = saved['customer_vault_id']
        again = self.transact(
            type='sale', amount='5.00', customer_vault_id=vault_id, initiated_by='merchant',
            stored_credential_indicator='used', initial_transaction_id=saved['transactionid'],
        )
        self.assertEqual((again['response'], again['customer_vault_id']), ('1', vault_id))
        unknown = self.transact(type='sale', amount='5.00', customer_vault_id='1')
        self.assertEqual(unknown['response'], '3')

    def test_a_card_can_be_saved_unseen(self):
        token = self.sandbox.credicorp.token('4000000000002024')
        saved = self.transact(customer_vault='add_customer', payment_token=token)
        self.assertEqual(saved['response'], '1')
        self.assertFalse(self.sandbox.ledger.entries(operation='sale'))
        paid = self.transact(
            type='sale', amount='5.00', customer_vault_id=saved['customer_vault_id'])
        self.assertEqual(paid['response_code'], '202')

    def test_a_declined_card_is_not_saved(self):
        answer = self.sale(number='4000000000002024', customer_vault='add_customer')
        self.assertNotIn('customer_vault_id', answer)

    def test_unknown_type(self):
        self.assertEqual(self.sale(type='gift')['response_code'], '300')

    def test_credit(self):
        self.assertEqual(self.sale(type='credit')['response'], '1')
        self.assertEqual(self.sandbox.ledger.balance('INV-1'), Decimal('-12.34'))


class TestQuery(SandboxCase):

    def conditions(self, **values):
        return [element.findtext('condition') for element in self.query(**values)]

    def test_by_order_and_by_transaction(self):
        sale = self.sale(currency='EUR')
        self.sale(orderid='INV-2')
        for wanted in ({'order_id': 'INV-1'}, {'transaction_id': sale['transactionid']}):
            with self.subTest(wanted):
                [transaction] = self.query(**wanted)
                self.assertEqual(transaction.findtext('transaction_id'), sale['transactionid'])
                self.assertEqual(transaction.findtext('order_id'), 'INV-1')
                self.assertEqual(transaction.findtext('currency'), 'EUR')
                self.assertEqual(transaction.findtext('action/amount'), '12.34')
                self.assertEqual(transaction.findtext('action/action_type'), 'sale')
                self.assertEqual(transaction.findtext('action/success'), '1')
                self.assertRegex(transaction.findtext('action/date'), r'^\d{14}$')

    def test_by_dates_of_the_last_change(self):
        first = self.sale()['transactionid']
        self.sale(orderid='INV-2')
        hour = timedelta(hours=1)
        made = self.credicorp.accounts.transactions.values()
        for transaction, age in zip(made, (9, 2), strict=True):
            action = transaction.actions[-1]
            transaction.actions[-1] = replace(action, date=action.date - age * hour)
        dates = {'start_date': self.ago(10 * hour), 'end_date': self.ago(hour)}
        self.assertEqual(len(self.query(**dates)), 2)
        dates['end_date'] = self.ago(3 * hour)
        self.assertEqual(len(self.query(**dates)), 1)
        self.credicorp.void(first)
        self.assertEqual(len(self.query(**dates)), 0)
        self.assertEqual(len(self.query(start_date=self.ago(hour))), 1)

    def ago(self, gap):
        return (datetime.now(UTC) - gap).strftime('%Y%m%d%H%M%S')

    def test_page_by_page(self):
        orders = [f'INV-{number}' for number in range(5)]
        for order in orders:
            self.sale(orderid=order)
        pages = [
            [found.findtext('order_id') for found in self.query(result_limit='2', page_number=page)]
            for page in '0123'
        ]
        self.assertEqual(pages, [orders[:2], orders[2:4], orders[4:], []])

    def test_by_condition_and_kind_of_action(self):
        self.credicorp.void(self.sale()['transactionid'])
        self.sale(type='auth', orderid='INV-2')
        self.sale(orderid='INV-3')
        self.assertEqual(len(self.query(condition='canceled,pending')), 2)
        self.assertEqual(len(self.query(action_type='sale,void')), 2)

    def test_a_date_or_a_page_that_is_none(self):
        for name in ('start_date', 'end_date', 'result_limit', 'page_number'):
            response = self.query(**{name: 'soon'})
            self.assertEqual(response.findtext('error_response'), f'Invalid {name}')

    def test_nothing_found(self):
        response = self.query(order_id='INV-9')
        self.assertEqual((response.tag, len(response)), ('nm_response', 0))

    def test_wrong_key(self):
        response = self.query(order_id='INV-1', security_key='wrong')
        self.assertEqual(response.findtext('error_response'), 'Invalid Security Key')

    def test_another_merchant_sees_nothing(self):
        self.sale()
        other = self.credicorp.add_merchant()
        self.assertFalse(len(self.query(order_id='INV-1', security_key=other.security_key)))

    def test_conditions(self):
        sale = self.sale()
        wanted = {'transaction_id': sale['transactionid']}
        self.assertEqual(self.conditions(**wanted), ['pendingsettlement'])
        self.credicorp.settle()
        self.assertEqual(self.conditions(**wanted), ['complete'])
        self.transact(type='refund', transactionid=sale['transactionid'])
        self.assertEqual(self.conditions(order_id='INV-1'), ['complete', 'pendingsettlement'])
        self.sale(type='auth', orderid='A')
        self.sale(number='4000000000002008', orderid='D')
        voided = self.sale(orderid='V')
        self.transact(type='void', transactionid=voided['transactionid'])
        found = [self.conditions(order_id=order)[0] for order in 'ADV']
        self.assertEqual(found, ['pending', 'failed', 'canceled'])
