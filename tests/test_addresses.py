from odoo.tests import tagged

from odoo.addons.http_routing.tests.common import MockRequest

from .company_common import CompanyCommon

ELSEWHERE = 'https://elsewhere.example.com/'


@tagged('post_install', '-at_install')
class TestAddresses(CompanyCommon):
    """Gateways and customers are told the company's own address, by whatever name Odoo was called:
    with a website, an app's address is that of the visitor."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.base_url = cls.company.get_base_url()
        cls.link = cls.create_link(cls.create_invoice())

    def test_where_the_gateway_reports(self):
        path = f'/pay/webhook/{self.credicorp.id}'
        self.assertEqual(self.credicorp.email_pay_webhook_url, self.base_url + path)
        self.credicorp.invalidate_recordset()
        with MockRequest(self.env, url_root=ELSEWHERE):
            self.assertEqual(self.credicorp.email_pay_webhook_url, self.base_url + path)

    def test_where_the_customer_comes_back_to(self):
        transaction = self.start_payment(self.link)
        with MockRequest(self.env, url_root=ELSEWHERE):
            request = transaction._email_pay_request()
        self.assertEqual(
            request.return_url, self.base_url + transaction._email_pay_path('/back'))
        self.assertTrue(request.notification_url.startswith(f'{self.base_url}/pay/webhook/'))

    def test_what_is_mailed_and_given_out(self):
        with MockRequest(self.env, url_root=ELSEWHERE):
            self.assertTrue(self.link._url().startswith(f'{self.base_url}/pay/'))
            self.assertTrue(self.portal.address.startswith(f'{self.base_url}/pay/to/'))
