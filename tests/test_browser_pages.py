from odoo.tests import new_test_user, tagged

from .browser_common import DESKTOP, PHONE, Axe, EveryPage
from .statement_common import StatementCommon

BANK = 'https://bank.example.com'


@tagged('post_install', '-at_install')
class TestBrowserStatementPages(StatementCommon, EveryPage):
    """The pages of a statement, and those on the way to a gateway."""

    allow_inherited_tests_method = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.offer(cls.credicorp, cls.dummy_provider)
        (cls.credicorp | cls.dummy_provider).maximum_amount = 150.0
        cls.dummy_provider.redirect_form_view_id.arch = f"""
            <form action="{BANK}/pay" method="post"/>"""

    def every_page(self):
        self.owe(100.1, 90)
        self.owe(60.2, 30)
        self.owe(40.3, -5)
        self.credit_note(30.0)
        link = self.statement_link()
        handover = self.start_payment(self.create_link(self.create_invoice(80.0)),
                                      provider=self.dummy_provider)
        settled, held = self.env['res.partner'].create([
            {'name': "Luz", 'email': 'luz@example.com'}, {'name': "Paz"},
        ])
        self.owe(10.0, 3, partner=held).action_toggle_block_payment()
        new_test_user(
            self.env, 'rosa', groups='base.group_portal', partner_id=self.customer.id)
        session = self.authenticate('rosa', 'rosa')
        return {
            'statement': self.address(link),
            'on hold': self.address(link._for_customer(held, self.company)),
            'nothing due': self.address(link._for_customer(settled, self.company)),
            'handover': lambda page: self.see_handover(page, handover),
            'my statement': lambda page: self.see_signed_in(
                page, session, '/my/statement', '#ep-pay'),
        }

    def see_handover(self, page, transaction):
        """Stay where the browser is sent on at once."""
        page.route(f'{BANK}/**', lambda route: route.fulfill(status=204))
        page.goto(transaction._email_pay_path(), wait_until='commit')
        page.locator('button[form=email_pay_redirect]').wait_for()
        page.wait_for_timeout(300)

    def test_odoos_own_form_bars_nobody(self):
        demo = self.env['payment.provider'].search([
            ('code', '=', 'demo'), ('company_id', '=', self.company.id)], limit=1)
        if not (demo and Axe):
            self.skipTest("payment_demo or axe is not installed.")
        demo.write({'state': 'test', 'journal_id': self.collections.id})
        self.offer(demo)
        link = self.create_link(self.create_invoice(80.0))
        # The form also loads the scripts of other providers that are installed.
        expected = 'Slow network|Access to font|ERR_NAME_NOT_RESOLVED'
        for device in (PHONE, DESKTOP):
            with self.browser_page(device, expected=expected) as page:
                self.visit(page, link)
                self.pay_button(page).click()
                page.locator('#customer_input').wait_for()
                # Odoo's sign of the test mode is a label on nothing.
                bars = self.bars(page, exclude=['#o_payment_form [aria-label="Test mode"]'])
            self.assertFalse(bars)
