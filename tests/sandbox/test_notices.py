import json

from gateways import signing
from gateways.errors import SignatureInvalid

from .common import Inbox, SandboxCase


class NoticeCase(SandboxCase):

    def setUp(self):
        super().setUp()
        self.inbox = self.enterContext(Inbox())
        self.credicorp.configure(webhook_url=self.inbox.url)

    def events(self):
        self.assertTrue(self.sandbox.courier.wait())
        return self.inbox.events

    def check(self, headers, body):
        values = dict(part.split('=', 1) for part in headers['Webhook-Signature'].split(','))
        message = values['t'].encode() + b'.' + body
        signing.HmacSha256((self.merchant.signing_key,), message, values['s']).check()


class TestNotices(NoticeCase):

    def test_signed_sale(self):
        sale = self.sale()
        [event] = self.events()
        self.check(*self.inbox.requests[0])
        body = event['event_body']
        self.assertEqual(event['event_type'], 'transaction.sale.success')
        self.assertEqual(body['transaction_id'], sale['transactionid'])
        self.assertEqual((body['order_id'], body['currency']), ('INV-1', 'USD'))
        self.assertEqual(body['merchant'], {'id': self.merchant.id, 'name': 'Demo Company'})
        self.assertEqual(body['features'], {'is_test_mode': True})
        self.assertEqual(body['card']['cc_number'], '411111******1111')
        self.assertEqual(body['action']['amount'], '12.34')
        self.assertEqual(body['action']['success'], '1')

    def test_outcomes(self):
        self.sale(number='4000000000002024')
        self.sale(number='4000000000004210')
        types = [event['event_type'] for event in self.events()]
        self.assertEqual(types, ['transaction.sale.failure', 'transaction.sale.unknown'])

    def test_nothing_without_an_address(self):
        self.credicorp.configure(webhook_url='')
        self.sale()
        self.assertFalse(self.events())

    def test_several_addresses(self):
        with Inbox() as second:
            self.credicorp.configure(webhook_url=[self.inbox.url, second.url])
            self.sale()
            self.assertEqual(len(self.events()), 1)
            self.assertEqual(second.events, self.inbox.events)

    def test_repeated_until_accepted(self):
        self.inbox.statuses = [500, 302]
        self.sale()
        first, _second, third = self.events()
        self.assertEqual(first['event_id'], third['event_id'])
        signatures = {headers['Webhook-Signature'] for headers, _body in self.inbox.requests}
        self.assertEqual(len(signatures), 3)
        [delivery] = self.control('GET', '/deliveries')
        self.assertEqual(delivery['state'], 'delivered')
        self.assertEqual([a['status'] for a in delivery['attempts']], [500, 302, 200])

    def test_gives_up_and_sends_again_when_told(self):
        self.inbox.statuses = [500] * 3
        self.sale()
        self.events()
        [failed] = self.control('GET', '/deliveries')
        self.assertEqual(failed['state'], 'failed')
        self.control('POST', f'/deliveries/{failed["id"]}/resend', {})
        self.assertEqual(len(self.events()), 4)

    def test_back_office(self):
        start = f'/credicorp/transactions/{self.sale()["transactionid"]}'
        self.control('POST', f'{start}/refund', {'amount': '2.00'})
        self.control('POST', f'{start}/chargeback', {'amount': '3.00'})
        self.control('POST', f'{start}/settle', {})
        self.control('POST', f'{start}/notify', {})
        self.assertStatus(409, self.control, 'POST', f'{start}/void', {})
        self.assertStatus(404, self.control, 'POST', f'{start}/steal', {})
        types = [event['event_type'] for event in self.events()]
        self.assertEqual(types, [
            'transaction.sale.success', 'transaction.refund.success', 'chargeback.batch.complete',
            'settlement.batch.complete', 'transaction.sale.success',
        ])
        [chargeback] = self.inbox.events[2]['event_body']['chargebacks']
        self.assertEqual(chargeback['amount'], '3.00')

    def test_notification_for_a_test_to_post_itself(self):
        sale = self.sale()
        body, headers = self.credicorp.notification(sale['transactionid'])
        self.check(headers, body)
        self.assertEqual(json.loads(body)['event_body']['order_id'], 'INV-1')


class TestNoticeFaults(NoticeCase):

    def test_duplicate(self):
        self.sandbox.faults.add('duplicate', copies=3)
        self.sale()
        self.sale()
        ids = [event['event_id'] for event in self.events()]
        self.assertEqual([len(ids), len(set(ids))], [4, 2])

    def test_shuffle(self):
        self.sandbox.faults.add('shuffle', times=3, seconds=0.4)
        sent = [self.sale()['transactionid'] for _ in range(3)]
        got = [event['event_body']['transaction_id'] for event in self.events()]
        self.assertEqual(got, sent[::-1])

    def test_delay(self):
        self.sandbox.faults.add('delay', ['sale'], seconds=0.3)
        self.sale(orderid='late')
        self.sale(orderid='early')
        orders = [event['event_body']['order_id'] for event in self.events()]
        self.assertEqual(orders, ['early', 'late'])

    def test_drop(self):
        self.sandbox.faults.add('drop')
        self.sale()
        self.assertFalse(self.events())
        self.assertEqual(self.sandbox.courier.deliveries()[0].state, 'dropped')

    def test_forged(self):
        self.sandbox.faults.add('forge')
        self.sale()
        self.events()
        with self.assertRaises(SignatureInvalid):
            self.check(*self.inbox.requests[0])

    def test_unsigned(self):
        self.sandbox.faults.add('unsigned')
        self.sale()
        self.events()
        self.assertNotIn('Webhook-Signature', self.inbox.requests[0][0])
