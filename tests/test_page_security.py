import json
import re
from unittest.mock import patch

from odoo.tests import freeze_time, tagged
from odoo.tools import config

from .card_page_common import CardPageCommon
from .qr_reader import drawn, read

BASE_POLICY = {
    'default-src': ["'none'"],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'none'"],
    'form-action': ["'self'"],
    'connect-src': ["'self'"],
    'img-src': ["'self'", 'data:'],
    'script-src': ["'nonce'"],
    'style-src': ["'nonce'"],
}
HANDLER = re.compile(r'^on[a-z]+$')


@tagged('post_install', '-at_install')
class TestPageSecurity(CardPageCommon):
    """Who holds a link sees and pays its invoice, and nothing else can be done with a page."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.offer(cls.credicorp, cls.dummy_provider)
        cls.dummy_provider.redirect_form_view_id.arch = """
            <form action="https://bank.example.com/pay" method="post"/>"""
        cls.visited, cls.secrets = {}, {}

    def setUp(self):
        super().setUp()
        self.link = self.create_link(self.create_invoice(100.0))
        self.redirect_method = f'{self.dummy_provider.id}-{self.payment_method.id}'

    def every_page(self):
        """Every kind of page of our own, as name → answer. They are visited once."""
        if not self.visited:
            self.visited.update(self.visit_every_page())
            self.secrets.update({
                'api key': self.credicorp.credicorp_api_key,
                'webhook key': self.credicorp.credicorp_webhook_key,
                'verifier': self.link.sudo().verifier,
                'address': self.customer.email,
                'database secret':
                    self.env['ir.config_parameter'].sudo().get_param('database.secret'),
            })
        return self.visited

    def visit_every_page(self):
        pages = {'unknown': self.url_open('/pay/unknown'), 'payment': self.open_link(self.link)}
        pages['refusal'] = self.submit(pages['payment'], choice='other', amount='0')
        pages['card'] = self.card_page(self.link)
        pages['card refused'] = self.submit(pages['card'], payment_token='')
        pages['declined'] = self.follow(self.enter_card(pages['card'], '4000000000002024'))
        pages['handover'] = self.card_page(self.link, method=self.redirect_method)
        transaction = self.transactions(self.link)[-1]
        pages['in flight'] = self.open_link(self.link)
        pages['processing'] = self.url_open(transaction._email_pay_path('/status'))
        transaction._set_done()
        pages['paid now'] = self.url_open(transaction._email_pay_path('/status'))
        pages['paid'] = self.open_link(self.link)
        expired = self.create_link(self.create_invoice(10.0))
        expired.expires_at = '2020-01-01'
        pages['expired'] = self.open_link(expired)
        pages['renewed'] = self.submit(pages['expired'], '/renew')
        return pages

    def policy(self, response):
        """The page's Content-Security-Policy by directive, its nonce by name."""
        directives = response.headers['Content-Security-Policy'].split('; ')
        policy = {name: sources for name, *sources in map(str.split, directives)}
        nonces = {source for source in policy['script-src'] if source.startswith("'nonce-")}
        self.assertEqual(len(nonces), 1)
        return {
            name: ["'nonce'" if source in nonces else source for source in sources]
            for name, sources in policy.items()
        }, nonces.pop()[len("'nonce-"):-1]

    # --- letting in -------------------------------------------------------------------------------

    def test_the_token_is_exchanged_for_a_clean_address(self):
        response = self.open_link(self.link, allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        location = response.headers['Location'].removeprefix(self.base_url())
        self.assertEqual(location, self.link._path())
        self.assertNotIn(self.link.sudo().verifier, location)
        self.assertEqual(response.headers['Cache-Control'], 'no-store')
        self.assertEqual(response.headers['Referrer-Policy'], 'no-referrer')

    def test_the_cookie_is_for_our_pages_only_and_out_of_reach_of_scripts(self):
        response = self.open_link(self.link, allow_redirects=False)
        cookie = response.headers['Set-Cookie']
        self.assertTrue(cookie.startswith(f'email_pay_{self.link.selector}='))
        self.assertNotIn(self.link.sudo().verifier, cookie)
        attributes = {part.strip().lower() for part in cookie.split(';')[1:]}
        self.assertLessEqual({'httponly', 'samesite=lax', 'path=/pay'}, attributes)
        self.assertNotIn('session_id', cookie)

    def test_the_cookie_is_secure_behind_https(self):
        self.startPatcher(patch.dict(config.options, {'proxy_mode': True}))
        response = self.open_link(self.link, allow_redirects=False, headers={
            'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'pay.example.com',
        })
        self.assertIn('Secure', response.headers['Set-Cookie'])

    def test_an_altered_cookie_does_not_let_in(self):
        self.open_link(self.link)
        name = f'email_pay_{self.link.selector}'
        proof = self.opener.cookies.get(name)
        for altered in (proof[:-1], proof[:-2] + 'AA', proof + 'A', 'x', '', 'é', 'AQ' * 40):
            with self.subTest(cookie=altered[-8:]):
                self.new_visitor()
                self.opener.cookies.set(name, altered)
                self.assertEqual(self.url_open(self.link._path()).status_code, 404)

    def test_no_page_starts_a_session(self):
        for path in (
            '/pay/unknown', f'/pay/{self.link._token()}', self.link._path(),
            self.link._path('/pdf'),
        ):
            with self.subTest(path=path[:12]):
                response = self.url_open(path, allow_redirects=False)
                self.assertNotIn('session_id', response.headers.get('Set-Cookie', ''))
        page = self.card_page(self.link)
        status = self.follow(self.enter_card(page))
        for response in (page, status):
            self.assertNotIn('session_id', response.headers.get('Set-Cookie', ''))
        self.assertNotIn('session_id', self.opener.cookies)

    # --- headers and content of every page --------------------------------------------------------

    def test_no_page_is_stored_indexed_framed_or_named_to_others(self):
        for name, response in self.every_page().items():
            with self.subTest(page=name):
                headers = response.headers
                self.assertEqual(headers['Cache-Control'], 'no-store')
                self.assertEqual(headers['Referrer-Policy'], 'no-referrer')
                self.assertEqual(headers['X-Robots-Tag'], 'noindex, nofollow')
                self.assertEqual(headers['X-Frame-Options'], 'DENY')
                self.assertEqual(headers['X-Content-Type-Options'], 'nosniff')

    def test_the_policy_of_each_page_allows_what_it_needs_and_no_more(self):
        gateway = self.sandbox.url
        card = {
            **BASE_POLICY,
            'script-src': ["'nonce'", gateway], 'style-src': ["'nonce'", gateway],
            'style-src-attr': ["'unsafe-inline'"],
            'frame-src': [gateway], 'connect-src': ["'self'", gateway],
            'img-src': ["'self'", 'data:', gateway],
        }
        bank = ["'self'", 'https:', 'https://bank.example.com']
        special = {
            'card': card, 'card refused': card,
            'handover': {**BASE_POLICY, 'form-action': bank},
        }
        nonces = set()
        pages = self.every_page()
        for name, response in pages.items():
            with self.subTest(page=name):
                policy, nonce = self.policy(response)
                self.assertEqual(policy, special.get(name, BASE_POLICY))
                self.assertGreaterEqual(len(nonce), 22)
                nonces.add(nonce)
        self.assertEqual(len(nonces), len(pages), "a nonce is used once")

    def test_no_page_has_an_inline_style_a_handler_or_an_unmarked_script(self):
        for name, response in self.every_page().items():
            with self.subTest(page=name):
                _policy, nonce = self.policy(response)
                for element in self.tree(response).iter('*'):
                    self.assertNotIn('style', element.attrib, element.tag)
                    self.assertFalse([key for key in element.attrib if HANDLER.match(key)])
                    self.assertFalse(element.get('href', '').lower().startswith('javascript:'))
                    if element.tag in ('script', 'style'):
                        self.assertEqual(element.get('nonce'), nonce)

    def test_no_page_loads_anything_from_elsewhere(self):
        for name, response in self.every_page().items():
            with self.subTest(page=name):
                sources = self.tree(response).xpath(
                    '//@src | //@srcset | //link/@href | //object/@data | //iframe/@src')
                for source in sources:
                    self.assertRegex(source, r'^(/web/assets/|/pay/l/|data:)', source)
                self.assertFalse(self.tree(response).xpath('//iframe | //object | //embed'))

    def test_what_people_wrote_is_shown_as_text(self):
        self.customer.name = self.portal.name = '<script>alert(1)</script>'
        invoice = self._create_invoice_one_line(
            price_unit=5.0, name='<img src=x onerror=alert(2)>', tax_ids=[],
            partner_id=self.customer, currency_id=self.company_currency, post=True)
        response = self.open_link(self.create_link(invoice))
        self.assertNotIn('<script>alert', response.text)
        self.assertNotIn('<img src=x', response.text)
        self.assertIn('<script>alert(1)</script>', self.text(response))

    def test_a_company_colour_cannot_leave_the_style_sheet(self):
        self.company.primary_color = 'red;}</style><script>alert(1)</script>'
        self.assertNotIn('<script>alert', self.open_link(self.link).text)

    def test_no_secret_is_on_any_page(self):
        for name, response in self.every_page().items():
            for what, secret in self.secrets.items():
                with self.subTest(page=name, secret=what):
                    self.assertTrue(secret)
                    self.assertNotIn(secret, response.text)

    def test_no_saved_card_is_shown(self):
        self.env['payment.token'].create({
            'provider_id': self.credicorp.id, 'payment_method_id': self.card.id,
            'partner_id': self.customer.id, 'payment_details': '4242', 'provider_ref': 'vault-77',
        })
        pages = [self.open_link(self.link), self.card_page(self.link)]
        for response in pages:
            self.assertNotIn('4242', self.text(response))
            self.assertNotIn('vault-77', response.text)

    # --- forms ------------------------------------------------------------------------------------

    def test_a_form_without_its_token_is_refused(self):
        page = self.open_link(self.link)
        other = self.create_link(self.create_invoice(7.0))
        foreign = self.form_token(self.open_link(other))
        own = self.form_token(page)
        for action in ('', '/renew', '/cancel'):
            for token in (None, '', 'x', 'ñ', foreign, own[:-1], own[::-1]):
                with self.subTest(action=action, token=token and token[:6]):
                    data = {'form_token': token} if token is not None else {}
                    response = self.post(self.link._path(action), **data)
                    self.assertEqual(response.status_code, 404)
        self.assertFalse(self.transactions(self.link))

    def test_a_form_token_is_no_use_without_the_cookie(self):
        token = self.form_token(self.open_link(self.link))
        self.new_visitor()
        for action in ('', '/renew', '/cancel'):
            response = self.post(self.link._path(action), form_token=token)
            self.assertEqual(response.status_code, 404)
        self.assertFalse(self.transactions(self.link))

    def test_a_card_form_without_its_token_is_refused(self):
        page = self.card_page(self.link)
        other = self.card_page(self.create_link(self.create_invoice(7.0)))
        path = self.form(page).action
        for token in (None, '', 'x', self.form_token(other)):
            with self.subTest(token=token and token[:6]):
                data = {'form_token': token} if token is not None else {}
                card = self.sandbox.credicorp.token()
                response = self.post(path, payment_token=card, **data)
                self.assertEqual(response.status_code, 404)
        self.assertFalse(self.sandbox.ledger.entries())

    def test_a_card_cannot_be_posted_to_a_payment_of_another_kind(self):
        start = self.press_pay(self.link, method=self.redirect_method)
        transaction = self.transactions(self.link)
        response = self.post(start.headers['Location'], payment_token='x' * 20)
        self.assertEqual(response.status_code, 404)
        self.assertEqual(transaction.state, 'draft')

    # --- addresses cannot be walked ---------------------------------------------------------------

    def test_an_altered_transaction_address_opens_nothing(self):
        self.press_pay(self.link)
        transaction = self.transactions(self.link)
        token = transaction._email_pay_token()
        middle = len(token) // 2
        swapped = 'B' if token[middle] == 'A' else 'A'
        for altered in (
            token[:-1], token + 'A', token[:middle] + swapped + token[middle + 1:],
            str(transaction.id), 'x', '%00', '%FF', 'A' * 3000,
        ):
            for tail in ('', '/status', '/state'):
                with self.subTest(token=altered[:12], tail=tail):
                    response = self.url_open(f'/pay/t/{altered}{tail}')
                    self.assertEqual(response.status_code, 404)

    def test_an_expired_transaction_address_opens_nothing(self):
        self.press_pay(self.link)
        path = self.transactions(self.link)._email_pay_path('/status')
        with freeze_time('2035-01-01'):
            self.assertEqual(self.url_open(path).status_code, 404)

    def test_a_token_made_for_one_purpose_serves_no_other(self):
        page = self.open_link(self.link)
        form_token = self.form_token(page)
        visit = self.opener.cookies.get(f'email_pay_{self.link.selector}')
        for token in (form_token, visit):
            self.assertEqual(self.url_open(f'/pay/t/{token}').status_code, 404)
            self.assertEqual(
                self.url_open(self.link._path(f'/form?offer={token}')).status_code, 404)
        self.assertEqual(
            self.post(self.link._path(), form_token=visit).status_code, 404)

    def test_selectors_and_verifiers_are_not_predictable(self):
        links = [self.create_link(self.create_invoice(1.0)) for _number in range(5)]
        self.assertEqual(len({link.selector for link in links}), 5)
        self.assertEqual(len({link.sudo().verifier for link in links}), 5)
        for link in links:
            self.assertRegex(link.selector, r'^[a-z0-9]{12}$')
            self.assertGreaterEqual(len(link.sudo().verifier) * 6, 128)

    def test_the_qr_code_is_for_whoever_followed_the_link(self):
        self.assertEqual(self.url_open(self.link._path('/qr')).status_code, 404)
        self.open_link(self.link)
        response = self.url_open(self.link._path('/qr'))
        self.assertEqual(response.headers['Content-Type'], 'image/svg+xml')
        self.assertEqual(response.headers['Cache-Control'], 'no-store')
        self.assertEqual(read(drawn(response.text)), self.link._url())
        self.link.action_revoke()
        self.assertEqual(self.url_open(self.link._path('/qr')).status_code, 404)

    def test_the_pdf_is_for_whoever_followed_the_link(self):
        self.assertEqual(self.url_open(self.link._path('/pdf')).status_code, 404)
        self.open_link(self.link)
        response = self.url_open(self.link._path('/pdf'))
        self.assertEqual(response.headers['Content-Type'], 'application/pdf')
        self.assertEqual(response.headers['Cache-Control'], 'no-store')
        self.assertEqual(response.headers['Referrer-Policy'], 'no-referrer')
        self.assertTrue(response.content)
        self.link.action_revoke()
        self.assertEqual(self.url_open(self.link._path('/pdf')).status_code, 404)

    # --- weight -----------------------------------------------------------------------------------

    def test_a_first_visit_is_light(self):
        page = self.open_link(self.link)
        assets = self.tree(page).xpath('//script/@data-src | //link[@rel="stylesheet"]/@href')
        weight = len(page.content) + sum(len(self.url_open(url).content) for url in assets)
        self.assertLess(weight, 150_000)
        self.assertLessEqual(1 + len(assets), 8)

    def test_the_state_says_nothing_but_the_state(self):
        self.press_pay(self.link)
        response = self.url_open(self.transactions(self.link)._email_pay_path('/state'))
        self.assertEqual(json.loads(response.text), {'state': 'processing'})
