import unittest

from sandbox import Sandbox
from sandbox.web import Problem


class TestPagoLivre(unittest.TestCase):
    """Still to do: payments by the gateway's own protocol, spoken by real HTTP."""

    def setUp(self):
        self.sandbox = self.enterContext(Sandbox())
        self.pagolivre = self.sandbox.pagolivre

    def test_the_first_merchant_keeps_its_keys(self):
        key = self.pagolivre.merchant.api_key
        self.assertNotEqual(self.pagolivre.add_merchant('Another').api_key, key)
        self.sandbox.reset()
        self.assertEqual([one.api_key for one in self.pagolivre.accounts.merchants], [key])

    def test_a_merchant_is_configured_by_name(self):
        self.pagolivre.add_merchant('Another')
        self.pagolivre.configure(merchant='Another', webhook_url='http://127.0.0.1:9/')
        merchants = self.pagolivre.describe()['merchants']
        urls = [merchant['webhook_url'] for merchant in merchants]
        self.assertEqual(urls, ['', 'http://127.0.0.1:9/'])
        for wrong in ({'merchant': 'Nobody'}, {'colour': 'red'}):
            with self.assertRaises(Problem):
                self.pagolivre.configure(**wrong)
