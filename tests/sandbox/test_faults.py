import http.client
import time

from .common import SandboxCase


class TestFaults(SandboxCase):

    def charges(self):
        return len(self.sandbox.ledger.charges('INV-1'))

    def assertCut(self):
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionResetError)):
            self.sale()

    def test_cut_before_charging(self):
        self.sandbox.faults.add('cut')
        self.assertCut()
        self.assertEqual(self.charges(), 0)

    def test_cut_after_charging(self):
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        self.assertCut()
        self.assertEqual(self.charges(), 1)
        [transaction] = self.query(order_id='INV-1')
        self.assertEqual(transaction.findtext('condition'), 'pendingsettlement')

    def test_500_with_and_without_charge(self):
        for charged in (False, True):
            self.sandbox.faults.add('http_500', charged=charged)
            self.assertStatus(500, self.sale)
            self.assertEqual(self.charges(), charged)

    def test_421_with_and_without_charge(self):
        for charged in (False, True):
            self.sandbox.faults.add('communication_error', charged=charged)
            answer = self.sale()
            self.assertEqual((answer['response'], answer['response_code']), ('3', '421'))
            self.assertEqual(self.charges(), charged)

    def test_slow(self):
        self.sandbox.faults.add('slow', seconds=0.2)
        started = time.monotonic()
        self.assertEqual(self.sale()['response'], '1')
        self.assertGreaterEqual(time.monotonic() - started, 0.2)

    def test_only_the_chosen_operation(self):
        self.sandbox.faults.add('http_500', ['refund', 'query'])
        self.assertEqual(self.sale()['response'], '1')
        self.assertStatus(500, self.query, order_id='INV-1')
        self.assertEqual(len(self.query(order_id='INV-1')), 1)

    def test_until_cleared(self):
        fault = self.control('POST', '/faults', {'kind': 'http_500', 'times': None})
        for _ in range(3):
            self.assertStatus(500, self.sale)
        self.assertEqual(self.control('GET', '/faults')[0]['used'], 3)
        self.control('DELETE', f'/faults/{fault["id"]}')
        self.assertEqual(self.sale()['response'], '1')

    def test_what_is_no_fault(self):
        for content in (
            {'kind': 'fire'},
            {'kind': 'cut', 'times': '2'},
            {'kind': 'cut', 'wings': 2},
            {'times': 1},
        ):
            with self.subTest(content):
                self.assertStatus(400, self.control, 'POST', '/faults', content)


class TestControl(SandboxCase):

    def test_state_tells_the_keys(self):
        [merchant] = self.control('GET', '')['gateways']['credicorp']['merchants']
        self.assertEqual(merchant['security_key'], self.merchant.security_key)

    def test_merchants_have_webhooks_of_their_own(self):
        second = self.control('POST', '/credicorp/merchants', {'name': 'Subsidiary'})
        described = self.control('POST', '/credicorp', {
            'merchant': second['id'], 'webhook_url': 'http://127.0.0.1:9/hook',
        })
        urls = [merchant['webhook_urls'] for merchant in described['merchants']]
        self.assertEqual(urls, [[], ['http://127.0.0.1:9/hook']])

    def test_ledger(self):
        self.sale()
        self.sale(orderid='INV-2', number='4000000000002024')
        first, second = self.control('GET', '/ledger')
        self.assertEqual((first['amount'], first['success']), ('12.34', True))
        self.assertEqual((second['code'], second['success']), ('202', False))
        self.assertEqual(self.control('GET', '/ledger?order_id=INV-2'), [second])

    def test_foreign_pages_cannot_post(self):
        self.assertStatus(415, self.send, 'POST', '/control/faults', b'{}', 'text/plain')

    def test_unknown_addresses(self):
        for path in ('/nowhere', '/control/nobank', '/static/../core.py', '/mailbox'):
            with self.subTest(path):
                self.assertStatus(404, self.send, 'GET', path)

    def test_overview_shows_everything_escaped(self):
        self.sale(orderid='<b>"INV"</b>')
        page = self.send('GET', '/').decode()
        self.assertIn('&lt;b&gt;&quot;INV&quot;&lt;/b&gt;', page)
        self.assertNotIn('<b>"INV"', page)
