import tempfile
import unittest
from pathlib import Path

from sandbox import Sandbox

from .common import SandboxCase


class TestMemory(SandboxCase):
    """What a gateway did, it still knows after it was killed."""

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.options = {'memory': Path(folder) / 'memory'}
        super().setUpClass()

    def test_a_payment_is_known_before_it_is_answered(self):
        paid = self.sale('12.34')
        with Sandbox(**self.options) as again:
            [entry] = again.ledger.charges('INV-1')
            self.assertEqual((str(entry.amount), entry.id), ('12.34', paid['transactionid']))
            refunded = again.credicorp.refund(paid['transactionid'])
        self.assertNotEqual(refunded.id, paid['transactionid'])

    def test_a_lost_answer_is_known_too(self):
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        with self.assertRaises(ConnectionError):
            self.sale()
        with Sandbox(**self.options) as again:
            self.assertEqual(len(again.ledger.charges('INV-1')), 1)

    def test_settings_and_tokens_are_known(self):
        self.control('POST', '/credicorp', {'webhook_url': 'http://127.0.0.1:9/'})
        token = self.credicorp.token()
        self.sale()
        with Sandbox(**self.options) as again:
            self.assertEqual(again.credicorp.merchant.webhook_urls, ['http://127.0.0.1:9/'])
            self.assertIn(token, again.credicorp.accounts.tokens)


if __name__ == '__main__':
    unittest.main()
