from odoo.tests import tagged

from .browser_common import DESKTOP, PHONE, BrowserCommon
from .overview_common import OverviewCommon

# What Odoo's own client may say where nothing pushes messages to it.
NOISE = 'WebSocket|websocket|bus'
OURS = '.o_email_pay_overview'


@tagged('post_install', '-at_install')
class TestOverviewBrowser(OverviewCommon, BrowserCommon):
    """The overview in the web client."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owe(80.0, 40)

    def visit_overview(self, page, session):
        page.context.add_cookies([{
            'name': 'session_id', 'value': session.sid, 'url': self.base_url(),
        }])
        page.goto('/odoo/email-pay')
        page.locator('[name=outstanding]').wait_for()

    def assertNoBars(self, page):
        """Of what is ours: the rest of the screen is Odoo's."""
        self.assertFalse(self.bars(page, include=[[OURS]]))

    def test_a_number_leads_to_its_records_and_back(self):
        self.sent(opened=True, paid_after=1)
        self.sent(opened=True)
        self.sent()
        session = self.authenticate(self.accountant.login, self.accountant.login)
        with self.browser_page(DESKTOP, expected=NOISE) as page:
            self.visit_overview(page, session)
            page.locator('button[name=period]').click()
            page.get_by_role('menuitem', name="This quarter").click()
            page.locator('button[name=period]', has_text="This quarter").wait_for()
            opened = page.locator('[name=funnel] button', has_text="Opened")
            self.assertIn('2', opened.locator('.o_email_pay_number').inner_text())
            opened.click()
            page.locator('.o_list_view .o_data_row').first.wait_for()
            self.assertEqual(page.locator('.o_list_view .o_data_row').count(), 2)
            page.locator('.breadcrumb-item a, .o_back_button', has_text="Overview").first.click()
            page.locator('button[name=period]', has_text="This quarter").wait_for()

    def test_on_a_phone_it_fits_and_its_numbers_lead_to_cards(self):
        session = self.authenticate(self.accountant.login, self.accountant.login)
        with self.browser_page(PHONE, expected=NOISE) as page:
            self.visit_overview(page, session)
            page.get_by_text("Nothing was sent yet.").wait_for()
            self.assertLessEqual(
                page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0)
            self.assertNoBars(page)
            page.locator('[name=outstanding] button', has_text="31").click()
            page.locator('.o_kanban_record:not(.o_kanban_ghost)', has_text="Rosa Vega").wait_for()

    def test_no_part_of_it_bars_anybody(self):
        """With something in each of its parts, and above them the steps of who sets it up: some
        done, one skipped."""
        self.pay_by_card(self.sent(opened=True))
        self.create_link(self.create_invoice()).mail_state = 'failed'
        boss = self.user_in('administrator')
        self.env['onboarding.onboarding'].with_user(boss).email_pay_panel()
        self.env.ref('email_pay.onboarding_step_live').with_user(boss).email_pay_skip()
        session = self.authenticate(boss.login, boss.login)
        for device in (DESKTOP, PHONE):
            with (
                self.subTest(device['viewport']['width']),
                self.browser_page(device, expected=NOISE) as page,
            ):
                self.visit_overview(page, session)
                page.locator('.o_email_pay_onboarding [data-step-state=skipped]').wait_for()
                for part in ('attention', 'funnel', 'speed', 'collected', 'outstanding'):
                    self.assertTrue(page.locator(f'[name={part}] button').count(), part)
                self.assertLessEqual(
                    page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0)
                self.assertNoBars(page)
                page.locator('button[name=period]').click()
                page.locator('.o-dropdown--menu').wait_for()
                self.assertNoBars(page)
