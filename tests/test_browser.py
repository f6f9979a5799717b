import re

import requests

from odoo.tests import tagged
from odoo.tests.common import TEST_CURSOR_COOKIE_NAME

from .browser_common import DESKTOP, PHONE, WEIGH, BrowserCommon, EveryPage
from .common import APPROVED_CARD, NO_FUNDS_CARD


@tagged('post_install', '-at_install')
class TestBrowserPayment(BrowserCommon):

    def setUp(self):
        super().setUp()
        self.link = self.create_link(self.create_invoice(100.0))

    def test_a_payment_on_a_phone(self):
        with self.browser_page() as page:
            self.visit(page, self.link)
            self.assertNotIn(self.link.selector + 'x', page.url)
            button = self.pay_button(page)
            self.assertEqual(button.inner_text().replace('\xa0', ' '), "Pay $ 100.00")
            button.tap()
            self.type_card(page)
            self.wait_for_state(page, 'paid')
            self.assertEqual(page.locator('h1').inner_text(), "Payment received")
        self.assertPaid(self.link)
        self.assertIn(self.link.invoice_ids.payment_state, ('in_payment', 'paid'))
        self.assertTrue(self.receipts(self.customer.email))

    def test_a_payment_in_spanish(self):
        self.speak_spanish()
        with self.browser_page(locale='es-PA') as page:
            self.visit(page, self.link)
            self.assertEqual(page.locator('html').get_attribute('lang'), 'es-PA')
            self.pay_button(page).tap()
            self.type_card(page)
            self.wait_for_state(page, 'paid')
            self.assertEqual(page.locator('html').get_attribute('lang'), 'es-PA')
        self.assertPaid(self.link)

    def test_a_payment_by_keyboard_only(self):
        with self.browser_page(DESKTOP) as page:
            self.visit(page, self.link)
            self.tab_to(page, 'input[name=choice]')
            page.keyboard.press('ArrowDown')
            self.tab_to(page, '#ep-amount')
            page.keyboard.type('25')
            self.tab_to(page, '#ep-pay button[type=submit]')
            page.keyboard.press('Enter')
            number = page.frame_locator('#CollectJSIframe').locator('#number')
            number.wait_for()
            page.wait_for_function(
                'document.activeElement === document.getElementById("CollectJSIframe")')
            page.wait_for_timeout(200)
            for text in (APPROVED_CARD, '1230', '123'):
                page.keyboard.type(text)
                page.keyboard.press('Tab')
            page.keyboard.press('Enter')
            self.wait_for_state(page, 'paid')
            self.assertEqual(page.evaluate('document.activeElement.tagName'), 'H1')
        self.assertPaid(self.link)
        self.assertEqual(self.link.invoice_ids.amount_residual, 75.0)

    def tab_to(self, page, selector):
        """Press Tab until the focus, which is to be seen, is on `selector`."""
        for _press in range(30):
            page.keyboard.press('Tab')
            if page.evaluate('(selector) => document.activeElement.matches(selector)', selector):
                return
        self.fail(f"Tab never gets to {selector}")

    def test_another_amount_shows_on_the_button(self):
        with self.browser_page() as page:
            self.visit(page, self.link)
            button = self.pay_button(page)
            page.get_by_text("Another amount").tap()
            self.assertEqual(button.inner_text(), "Pay now")
            page.fill('#ep-amount', '33.5')
            self.assertEqual(button.inner_text().replace('\xa0', ' '), "Pay $ 33.50")
            page.get_by_text("The whole amount").tap()
            self.assertEqual(button.inner_text().replace('\xa0', ' '), "Pay $ 100.00")

    def test_a_wrong_amount_is_told_before_it_is_sent(self):
        with self.browser_page() as page:
            self.visit(page, self.link)
            page.get_by_text("Another amount").tap()
            for wrong in ('0', '100.01', '-5', 'ten', '10.005', '1.050', '1e1', '1.234,5', ''):
                page.fill('#ep-amount', wrong)
                self.pay_button(page).tap()
                error = page.locator('#ep-amount-error span')
                error.wait_for(state='visible')
                self.assertEqual(page.locator('#ep-amount').get_attribute('aria-invalid'), 'true')
            page.fill('#ep-amount', '100')
            error.wait_for(state='hidden')
        self.assertFalse(self.transactions(self.link))

    def test_an_amount_is_understood_as_the_server_does(self):
        self.env['res.lang']._activate_lang('de_DE')
        link = self.create_link(self.create_invoice(5000.0))
        notations = {
            'en_US': {
                '1,234.50': '1,234.50', '1234.5': '1,234.50', '12,5': '12.50', '1 234': '1,234.00',
                '$ 7': '7.00', '1,234': '1,234.00', '1.234': None,
            },
            'de_DE': {'1.234,50': '1.234,50', '1.234': '1.234,00', '12.5': '12,50', '1,234': None},
        }
        for lang, amounts in notations.items():
            self.customer.lang = lang
            with self.browser_page() as page:
                self.visit(page, link)
                page.locator('input[name=choice][value=other]').check()
                plain = self.pay_button(page).inner_text()
                for text, shown in amounts.items():
                    with self.subTest(lang=lang, text=text):
                        page.fill('#ep-amount', text)
                        label = self.pay_button(page).inner_text().replace('\xa0', ' ')
                        if shown:
                            self.assertIn(f' {shown}', f' {label} ')
                        else:
                            self.assertEqual(label, plain)

    def test_a_double_click_pays_once(self):
        with self.browser_page(DESKTOP) as page:
            self.visit(page, self.link)
            self.pay_button(page).dblclick(no_wait_after=True)
            window = page.frame_locator('#CollectJSIframe')
            window.locator('#number').fill(APPROVED_CARD)
            window.locator('#exp').fill('12 / 30')
            window.locator('#cvv').fill('123')
            window.locator('#pay').dblclick(no_wait_after=True)
            self.wait_for_state(page, 'paid')
        self.assertEqual(len(self.transactions(self.link)), 1)
        self.assertPaid(self.link)

    def test_a_closed_window_opens_again(self):
        with self.browser_page() as page:
            self.visit(page, self.link)
            self.pay_button(page).tap()
            page.frame_locator('#CollectJSIframe').locator('#close').tap()
            page.locator('#CollectJSIframe').wait_for(state='detached')
            page.locator('[data-open]').tap()
            self.type_card(page)
            self.wait_for_state(page, 'paid')
        self.assertPaid(self.link)

    def test_a_declined_card_says_why_and_another_try_pays(self):
        with self.browser_page() as page:
            self.visit(page, self.link)
            self.pay_button(page).tap()
            self.type_card(page, NO_FUNDS_CARD)
            self.wait_for_state(page, 'declined')
            self.assertIn("funds", page.locator('main').inner_text())
            page.get_by_role('link', name="Try again").tap()
            self.pay_button(page).tap()
            self.type_card(page)
            self.wait_for_state(page, 'paid')
        self.assertPaid(self.link)
        self.assertEqual(self.transactions(self.link).mapped('state'), ['error', 'done'])

    def test_a_gateway_script_that_does_not_load_is_said(self):
        with self.browser_page(expected='ERR_FAILED|ERR_BLOCKED') as page:
            page.route('**/Collect.js*', lambda route: route.abort())
            self.visit(page, self.link)
            self.pay_button(page).tap()
            page.get_by_text("The card window could not be loaded").wait_for()
            page.unroute('**/Collect.js*')
            page.locator('[data-retry]').tap()
            self.type_card(page)
            self.wait_for_state(page, 'paid')
        self.assertPaid(self.link)

    def test_back_after_paying_never_pays_again(self):
        with self.browser_page() as page:
            self.visit(page, self.link)
            self.pay_button(page).tap()
            self.type_card(page)
            self.wait_for_state(page, 'paid')
            page.go_back()
            self.wait_for_state(page, 'paid')
            self.visit(page, self.link)
            page.get_by_role('heading', name="is paid").wait_for()
        self.assertPaid(self.link)

    def test_back_before_paying_leaves_the_button_working(self):
        with self.browser_page() as page:
            self.visit(page, self.link)
            self.pay_button(page).tap()
            page.locator('#CollectJSIframe').wait_for()
            page.go_back()
            self.pay_button(page).tap()
            self.type_card(page)
            self.wait_for_state(page, 'paid')
        self.assertPaid(self.link)

    def test_the_status_becomes_paid_by_itself_when_the_notification_arrives(self):
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        path = self.webhook_path()
        with self.assertLogs('odoo.addons.email_pay', 'WARNING'), self.browser_page() as page:
            self.visit(page, self.link)
            self.pay_button(page).tap()
            self.type_card(page)
            self.wait_for_state(page, 'processing')
            sale, = self.sandbox.ledger.entries(operation='sale')
            body, headers = self.sandbox.credicorp.notification(sale.id)
            answer = requests.post(
                self.base_url() + path, data=body, timeout=10,
                headers={'Content-Type': 'application/json', **headers},
                cookies={TEST_CURSOR_COOKIE_NAME: self.http_request_key})
            self.assertEqual(answer.status_code, 200)
            self.wait_for_state(page, 'paid')
        self.assertPaid(self.link)

    def test_the_page_works_without_a_script(self):
        self.offer(self.credicorp, self.dummy_provider)
        self.dummy_provider.redirect_form_view_id.arch = f"""
            <form action="{self.sandbox.url}/" method="get">
                <input type="hidden" name="order" value="4711"/>
            </form>"""
        with self.browser_page(java_script_enabled=False) as page:
            page.goto(self.address(self.link))
            page.get_by_text("Another amount").tap()
            page.fill('#ep-amount', '12.50')
            page.locator(f'input[name=method][value^="{self.dummy_provider.id}-"]').check()
            self.pay_button(page).tap()
            page.get_by_role('button', name=re.compile("^Continue to")).tap()
            page.wait_for_url('**/?order=4711')
        self.assertEqual(self.transactions(self.link).amount, 12.5)

    def test_the_card_window_needs_a_script_and_says_so(self):
        with self.browser_page(java_script_enabled=False) as page:
            page.goto(self.address(self.link))
            self.pay_button(page).tap()
            note = page.locator('noscript .ep-alert')
            note.wait_for()
            self.assertIn("The card window needs JavaScript", note.inner_text())
            self.assertFalse(page.locator('[data-open]').is_visible())

    def test_a_provider_with_odoos_own_form_is_paid_on_it(self):
        provider = self.env['payment.provider'].search([
            ('code', '=', 'demo'), ('company_id', '=', self.company.id)], limit=1)
        if not provider:
            self.skipTest("payment_demo is not installed.")
        provider.write({'state': 'test', 'journal_id': self.collections.id})
        self.offer(provider)
        # Odoo's form also loads the scripts of other providers that are installed.
        expected = 'Slow network|Access to font|ERR_NAME_NOT_RESOLVED'
        with self.browser_page(expected=expected) as page:
            self.visit(page, self.link)
            page.get_by_text("Another amount").tap()
            page.fill('#ep-amount', '40')
            self.pay_button(page).tap()
            page.locator('#customer_input').fill('4111 1111 1111 1111')
            page.locator('[name=o_payment_submit_button]').tap()
            self.wait_for_state(page, 'paid')
            self.assertIn('/pay/t/', page.url)
        transaction = self.transactions(self.link)
        self.assertEqual((transaction.amount, transaction.state), (40.0, 'done'))
        self.assertEqual(transaction.payment_id.journal_id, self.collections)
        self.assertEqual(self.link.invoice_ids.amount_residual, 60.0)
        self.assertTrue(self.receipts(self.customer.email))


@tagged('post_install', '-at_install')
class TestBrowserPages(EveryPage):
    """The pages of an invoice."""

    allow_inherited_tests_method = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.offer(cls.credicorp, cls.dummy_provider)
        cls.dummy_provider.redirect_form_view_id.arch = """
            <form action="https://bank.example.com/pay" method="post"/>"""

    def every_page(self):
        link = self.create_link(self.create_invoice(1234.5))
        paid = self.create_link(self.create_invoice(10.0))
        self.settle_by_hand(paid.invoice_ids)
        expired = self.create_link(self.create_invoice(10.0))
        expired.expires_at = '2020-01-01'
        in_flight = self.create_link(self.create_invoice(80.0))
        waiting = self.start_payment(in_flight, provider=self.dummy_provider)
        done = self.pay_by_card(self.create_link(self.create_invoice(50.0)), 20.0)
        declined = self.pay_by_card(link, number=NO_FUNDS_CARD)
        card = self.start_payment(link)
        return {
            'payment': self.address(link),
            'in-flight': self.address(in_flight),
            'card': lambda page: self.see_card_page(page, card),
            'processing': waiting._email_pay_path('/status'),
            'part-paid': done._email_pay_path('/status'),
            'declined': declined._email_pay_path('/status'),
            'paid': self.address(paid),
            'expired': self.address(expired),
            'unknown': '/pay/unknown',
        }

    def test_a_first_visit_weighs_little(self):
        link = self.create_link(self.create_invoice(100.0))
        with self.browser_page(PHONE) as page:
            self.visit(page, link)
            page.wait_for_load_state('networkidle')
            sizes = page.evaluate(WEIGH)
        self.assertLessEqual(sum(sizes), 150_000)
        # The redirect from the mailed address is the first of them.
        self.assertLessEqual(1 + len(sizes), 8)
