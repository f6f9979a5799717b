"""What the tests in a browser share: a real one, and what a customer does in it."""

import os
import re
import resource
import shutil
from contextlib import contextmanager
from unittest import SkipTest

# An Odoo of somebody else may be without it.
try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None
try:
    from axe_playwright_python.sync_playwright import Axe
except ImportError:
    Axe = None

from odoo.tests import tagged
from odoo.tests.common import TEST_CURSOR_COOKIE_NAME, save_test_file

from .card_page_common import CardPageCommon
from .common import APPROVED_CARD

PHONE = {
    'viewport': {'width': 390, 'height': 844}, 'is_mobile': True, 'has_touch': True,
    'device_scale_factor': 2,
}
SMALL_PHONE = {**PHONE, 'viewport': {'width': 320, 'height': 568}}
DESKTOP = {'viewport': {'width': 1280, 'height': 800}}
FLAGS = ('--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking')
COUNT_SHIFTS = """
    window.layoutShift = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
            window.layoutShift += entry.value;
        }
    }).observe({type: "layout-shift", buffered: true});
"""
WEIGH = """() => [
    ...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource"),
].filter((entry) => !entry.name.startsWith("data:")).map((entry) => entry.transferSize)"""
# The bundle of our pages begins with this one; other pages have none to wait for.
SCRIPTS_ARE_THERE = '() => window.epAmounts || !document.querySelector("script[data-src]")'


@tagged('email_pay_slow')
class BrowserCommon(CardPageCommon):
    """A customer's browser: a real Chromium, driven by Playwright."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not sync_playwright:
            raise SkipTest("Playwright is not installed.")
        chromium = shutil.which('chromium') or shutil.which('google-chrome')
        if not chromium:
            raise SkipTest("There is no Chromium.")
        # Odoo limits the memory of its process; Chromium, started from it, reserves more.
        limits = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (limits[1], limits[1]))
        try:
            playwright = sync_playwright().start()
        finally:
            resource.setrlimit(resource.RLIMIT_AS, limits)
        cls.addClassCleanup(playwright.stop)
        cls.chromium = playwright.chromium.launch(
            executable_path=chromium, chromium_sandbox=os.geteuid() != 0, args=FLAGS)
        cls.addClassCleanup(cls.chromium.close)

    @contextmanager
    def browser_page(self, device=None, expected='', **options):
        """A page with cookies of its own. Nothing but the page is to be used while it is open: it
        has the database. Whatever its console complains of, beside `expected`, is a failure."""
        complaints = []
        self.cr.flush()
        self.cr.clear()
        with self.allow_requests():
            context = self.chromium.new_context(
                base_url=self.base_url(), **{'locale': 'en-US', **(device or PHONE), **options})
            context.add_cookies([{
                'name': TEST_CURSOR_COOKIE_NAME, 'value': self.http_request_key,
                'url': self.base_url(),
            }])
            context.add_init_script(COUNT_SHIFTS)
            context.set_default_timeout(20_000)
            page = context.new_page()
            page.on('console', lambda message: message.type in ('error', 'warning')
                    and complaints.append(message.text))
            page.on('pageerror', lambda error: complaints.append(str(error)))
            try:
                yield page
            except Exception:
                save_test_file(
                    self._testMethodName, page.screenshot(full_page=True), 'screen_', 'png')
                raise
            finally:
                context.close()
                self._wait_remaining_requests()
        self.env.invalidate_all()
        if expected:
            complaints = [text for text in complaints if not re.search(expected, text)]
        self.assertEqual(complaints, [])

    def address(self, link):
        return f'/pay/{link._token()}'

    def visit(self, page, link):
        """Follow a link, and wait for the scripts of its page, which come when it is painted."""
        page.goto(self.address(link))
        self.wait_for_scripts(page)

    def wait_for_scripts(self, page):
        page.wait_for_function(SCRIPTS_ARE_THERE)

    def type_card(self, page, number=APPROVED_CARD):
        """Fill the gateway's window, which opened by itself, and press its button."""
        window = page.frame_locator('#CollectJSIframe')
        window.locator('#number').fill(number)
        window.locator('#exp').fill('12 / 30')
        window.locator('#cvv').fill('123')
        window.locator('#pay').click()

    def wait_for_state(self, page, state):
        page.locator(f'#ep-status[data-state="{state}"]').wait_for()

    def pay_button(self, page):
        return page.locator('#ep-pay button[type=submit]')

    def bars(self, page, **context):
        """What keeps somebody from using the page, as axe finds it; None without axe.

        :param context: which parts of the page, in axe's words.
        """
        if not Axe:
            return None
        return [
            (violation['id'], [node['html'][:200] for node in violation['nodes']])
            for violation in Axe().run(page, context=context or None).response['violations']
            if violation['impact'] in ('serious', 'critical')
        ]

    def assertPaid(self, link, charges=1):
        transaction = self.transactions(link).filtered(lambda tx: tx.state == 'done')
        self.assertEqual(len(transaction), charges)
        self.assertEqual(len(self.sandbox.ledger.entries(operation='sale', success=True)), charges)
        self.assertTrue(all(transaction.mapped('payment_id')))


class EveryPage(BrowserCommon):
    """Every page looks at a phone and at a desktop as it should, and can be used by everybody.

    A subclass says which pages there are, and sets `allow_inherited_tests_method`.

    :cvar expected: what the console may say of them.
    """

    expected = '404'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.found = {}

    def every_page(self):
        """Every kind of page, as name → address, or a function that a browser's page is given and
        that goes there."""
        raise NotImplementedError

    def findings(self):
        """What a browser finds on each page at each width, as (page, width) → findings. The pages
        are visited once for all tests. Who is barred on a phone is not asked for each phone."""
        if not self.found:
            pages = self.every_page()
            found = [self.visit_all(pages, device) for device in (PHONE, SMALL_PHONE, DESKTOP)]
            self.found.update(item for findings in found for item in findings.items())
        return self.found

    def visit_all(self, pages, device):
        found = {}
        with self.browser_page(device, expected=self.expected) as page:
            for name, visit in pages.items():
                page.goto(visit) if isinstance(visit, str) else visit(page)
                self.wait_for_scripts(page)
                page.wait_for_timeout(100)
                found[name, device['viewport']['width']] = {
                    'shift': page.evaluate('window.layoutShift'),
                    'too wide': page.evaluate(
                        'document.documentElement.scrollWidth - innerWidth'),
                }
                if device is not SMALL_PHONE:
                    found[name, device['viewport']['width']]['bars'] = self.bars(page)
        return found

    def see_signed_in(self, page, session, path, selector):
        """Go to a page of Odoo's portal with somebody's session, which ends there."""
        page.context.add_cookies([{
            'name': 'session_id', 'value': session.sid, 'url': self.base_url(),
        }])
        page.goto(path)
        page.locator(selector).first.wait_for()
        page.context.clear_cookies(name='session_id')

    def see_card_page(self, page, transaction):
        """Close the gateway's window: it is not ours to judge."""
        page.goto(transaction._email_pay_path())
        page.frame_locator('#CollectJSIframe').locator('#close').click()
        page.locator('#CollectJSIframe').wait_for(state='detached')

    def assertOnEachPage(self, what, expected):
        for (name, width), found in self.findings().items():
            if what in found:
                with self.subTest(page=name, width=width):
                    self.assertTrue(expected(found[what]), found[what])

    def test_nothing_moves_while_a_page_loads(self):
        self.assertOnEachPage('shift', lambda shift: shift < 0.01)

    def test_no_page_scrolls_sideways(self):
        self.assertOnEachPage('too wide', lambda pixels: pixels <= 0)

    def test_no_page_bars_anybody(self):
        if not Axe:
            self.skipTest("axe is not installed.")
        self.assertOnEachPage('bars', lambda bars: bars == [])
