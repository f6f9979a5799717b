import json
import shutil
import unittest
from http.server import BaseHTTPRequestHandler

from sandbox.credicorp import cards

from .common import SandboxCase, Served

CHROMIUM = shutil.which('chromium')
try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None

HOST_PAGE = """<!DOCTYPE html><title>Host</title>
<button id="pay">Pay</button><p id="result"></p>
<script nonce="n" src="{url}/token/Collect.js" data-tokenization-key="{key}"></script>
<script nonce="n">
CollectJS.configure({{
    variant: "lightbox",
    paymentSelector: "#pay",
    price: "1250.50",
    currency: "USD",
    callback: (answer) => document.querySelector("#result").textContent = JSON.stringify(answer),
}});
</script>"""


class HostPage(Served):
    """A page of a merchant with a strict Content-Security-Policy."""

    def __init__(self, url: str, key: str):
        page = HOST_PAGE.format(url=url, key=key).encode()
        policy = (
            f"default-src 'none'; script-src 'nonce-n' {url}; style-src 'nonce-n'; frame-src {url}"
        )

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header('Content-Type', 'text/html; charset=utf-8')
                self.send_header('Content-Security-Policy', policy)
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *args):
                pass

        super().__init__(Handler, '/')


class TestTokens(SandboxCase):

    def create(self, **values):
        content = {'key': self.merchant.tokenization_key, 'exp': '1230', 'cvv': '123'} | values
        body = json.dumps(content).encode()
        return json.loads(self.send('POST', '/token/create', body, 'application/json'))

    def test_create(self):
        answer = self.create(number='4111111111111111')
        self.assertEqual(answer['card']['number'], '411111******1111')
        self.assertEqual(answer['card']['type'], 'visa')
        self.assertEqual(self.sale(payment_token=answer['token'])['response'], '1')

    def test_refused(self):
        self.assertStatus(400, self.create, number='4111111111111112')
        self.assertStatus(400, self.create, number='4111111111111111', exp='12')
        self.assertStatus(401, self.create, number='4111111111111111', key='wrong')

    def test_settings_cannot_end_their_script(self):
        page = self.send('GET', '/token/window?price=%3C/script%3E%3Cscript%3Ealert(1)').decode()
        self.assertNotIn('</script><script>alert', page)


@unittest.skipUnless(sync_playwright and CHROMIUM, "needs playwright and chromium")
class TestWindow(SandboxCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        playwright = cls.enterClassContext(sync_playwright())
        cls.browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=['--no-sandbox']
        )
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        super().setUp()
        host = self.enterContext(HostPage(self.sandbox.url, self.merchant.tokenization_key))
        self.context = self.browser.new_context(
            locale='es-PA', viewport={'width': 390, 'height': 844}
        )
        self.addCleanup(self.context.close)
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on('console', lambda message: self.complaints.append(message.text))
        self.page.on('pageerror', lambda error: self.complaints.append(str(error)))
        self.page.goto(host.url)
        self.page.click('#pay')
        self.window = self.page.frame_locator('#CollectJSIframe')
        self.window.locator('#number:focus').wait_for()

    def fill(self, number='4111111111111111', exp='1230', cvv='123'):
        for name, value in {'number': number, 'exp': exp, 'cvv': cvv}.items():
            self.window.locator(f'#{name}').press_sequentially(value)
        self.window.locator('#cvv').press('Enter')

    def test_token_of_a_typed_card(self):
        self.assertEqual(self.window.locator('#pay').text_content(), 'Pagar USD\u00a01,250.50')
        self.assertEqual(self.window.locator('#merchant').text_content(), 'Demo Company')
        self.fill()
        self.page.locator('#result:not(:empty)').wait_for()
        answer = json.loads(self.page.text_content('#result'))
        self.assertEqual(answer['card']['number'], '411111******1111')
        self.assertEqual(answer['card']['exp'], '1230')
        self.assertEqual(self.sale(payment_token=answer['token'])['response'], '1')
        self.assertEqual(self.page.locator('iframe').count(), 0)
        self.assertEqual(self.complaints, [])

    def test_mistakes_are_told(self):
        self.fill(number='4111111111111112', exp='0120', cvv='1')
        for name in ('number', 'exp', 'cvv'):
            self.assertTrue(self.window.locator(f'#{name}-error').is_visible(), name)
        self.assertTrue(self.window.locator('#number:focus').is_visible())

    def test_hints_fill_in(self):
        self.window.get_by_text('Fondos insuficientes').click()
        typed = self.window.locator('#number').input_value().replace(' ', '')
        self.assertEqual(cards.DECLINED[typed], '202')

    def test_escape_and_button_close(self):
        self.assertTrue(self.page.locator('#pay').evaluate('button => button.inert'))
        self.page.keyboard.press('Escape')
        self.page.locator('iframe').wait_for(state='detached')
        self.assertTrue(self.page.locator('#pay:focus').is_visible())
        self.page.click('#pay')
        self.window.get_by_label('Cerrar sin pagar').click()
        self.page.locator('iframe').wait_for(state='detached')
        self.assertEqual(self.page.text_content('#result'), '')
