"""What a hostile visitor, customer or mail server tries, beside what other tests know of."""

import base64
import json
from contextlib import suppress

from odoo.tests import tagged

from odoo.addons.payment.tests.http_common import PaymentHttpCommon

from ..const import MAX_FORM_BYTES
from ..controllers.page import local_path
from .common import EmailPayCommon
from .page_common import PageCommon
from .sign_in_common import SignInCommon

ELSEWHERE = 'https://evil.example'
LURE = f'<a href="{ELSEWHERE}">Rosa</a> & <img src=x>'


@tagged('post_install', '-at_install')
class TestHostileWords(EmailPayCommon):

    def test_what_others_wrote_is_text_in_what_a_person_is_asked(self):
        self.customer.name = LURE
        invoice = self.create_invoice()
        transaction = self.start_payment(self.create_link(invoice))
        self.settle_by_hand(invoice)
        transaction._set_done()
        self.advance(transaction)
        note = str(self.activities(transaction.payment_id).note)
        self.assertIn('&lt;a href=', note)
        self.assertNotIn('<a', note)
        self.assertNotIn('<img', note)


@tagged('post_install', '-at_install')
class TestHostileHost(EmailPayCommon):
    """The browser names the host that it asks. Odoo's websites believe it where they make the
    addresses of a payment provider."""

    def setUp(self):
        super().setUp()
        # As `website_payment` does while a request is served.
        self.patch(
            self.registry['payment.provider'], 'get_base_url', lambda _self: f'{ELSEWHERE}/')

    def test_a_gateway_is_sent_to_no_host_that_a_browser_named(self):
        transaction = self.start_payment(self.create_link(self.create_invoice()))
        request = transaction._email_pay_request()
        base_url = self.company.get_base_url()
        self.assertTrue(request.return_url.startswith(f'{base_url}/pay/t/'), request.return_url)
        self.assertEqual(
            request.notification_url, f'{base_url}/pay/webhook/{self.credicorp.id}')

    def test_the_webhook_url_to_copy_is_that_of_the_company(self):
        self.assertEqual(
            self.credicorp.email_pay_webhook_url,
            f'{self.company.get_base_url()}/pay/webhook/{self.credicorp.id}')


@tagged('post_install', '-at_install')
class TestHostileRoute(PageCommon, PaymentHttpCommon):

    def test_no_page_leads_where_a_browser_wanted_to_land(self):
        """Odoo's own routes let whoever pays say where to go afterwards."""
        invoice = self.create_invoice()
        for number, route in enumerate((
            f'{ELSEWHERE}/fake', '//evil.example/fake', r'/\evil.example', 'javascript:alert(1)',
        ), 1):
            answer = self.make_jsonrpc_request(f'/invoice/transaction/{invoice.id}', {
                'access_token': invoice._portal_ensure_token(), 'landing_route': route,
                'provider_id': self.credicorp.id, 'payment_method_id': self.card.id,
                'token_id': None, 'amount': float(number), 'flow': 'direct',
                'tokenization_requested': False,
            })
            transaction = self._get_tx(answer['reference'])
            self.assertEqual(transaction.landing_route, route)
            transaction._set_error("No funds.")
            page = self.url_open(transaction._email_pay_path('/status'))
            links = self.tree(page).xpath('//main//@href')
            with self.subTest(route=route):
                self.assertTrue(links)
                for link in links:
                    self.assertRegex(link, r'^/(?![/\\])')

    def test_what_is_no_address_leads_nowhere(self):
        for address in ('http://[', '', False, None):
            self.assertFalse(local_path(address))

    def test_a_file_in_place_of_a_word_is_refused(self):
        link = self.create_link(self.create_invoice())
        card_page = self.form(self.card_page(link)).action
        for path, status in (
            (link._path(), 404), (link._path('/renew'), 404), (card_page, 404),
            (f'/pay/to/{self.portal.slug}', 400),
        ):
            files = dict.fromkeys(('form_token', 'tax_number', 'amount'), ('x.txt', b'x'))
            with self.subTest(path=path[:8]):
                response = self.url_open(path, files=files, method='POST', allow_redirects=False)
                self.assertEqual(response.status_code, status)

    def test_a_large_form_is_not_read(self):
        link = self.create_link(self.create_invoice())
        token = self.form_token(self.open_link(link))
        for path in (link._path(), f'/pay/to/{self.portal.slug}'):
            with self.subTest(path=path[:8]):
                response = self.post(path, form_token=token, amount='1' * MAX_FORM_BYTES)
                self.assertEqual(response.status_code, 413)


@tagged('post_install', '-at_install')
class TestHostileReader(SignInCommon):
    """Scripts cannot read the cookie of who signed in, and what they can read does not hold it."""

    def readable(self, response):
        """All forms' tokens, as whoever has the page can take them apart."""
        for value in self.tree(response).xpath('//input[@name="form_token"]/@value'):
            signed = base64.urlsafe_b64decode(value + '===')
            with suppress(ValueError):
                yield from map(str, json.loads(signed[41:]))

    def test_no_page_gives_away_the_token_of_who_signed_in(self):
        self.owe(100.0)
        statement = self.sign_in()
        parts = list(self.readable(statement))
        self.assertIn(str(self.portal.id), parts)
        self.assertTrue(self.token())
        self.assertNotIn(self.token(), parts)
        self.assertNotIn(self.token(), statement.text)
        self.assertEqual(self.sign_out(statement).status_code, 200)
