from odoo.tests import new_test_user, tagged

from .browser_common import EveryPage
from .statement_common import StatementCommon

BANK = 'https://bank.example.com'


@tagged('post_install', '-at_install')
class TestBrowserStatementPages(StatementCommon, EveryPage):
    """The pages of a statement, and those on the way to a gateway."""

    allow_inherited_tests_method = True
    # Odoo's form also loads the scripts of other providers that are installed.
    expected = 'Slow network|Access to font|ERR_NAME_NOT_RESOLVED'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.demo = cls.env['payment.provider'].search([
            ('code', '=', 'demo'), ('company_id', '=', cls.company.id)], limit=1)
        cls.demo.write({'state': 'test', 'journal_id': cls.collections.id})
        cls.offer(cls.credicorp, cls.dummy_provider, *cls.demo)
        cls.dummy_provider.redirect_form_view_id.arch = f"""
            <form action="{BANK}/pay" method="post"/>"""

    def every_page(self):
        self.owe(100.1, 90)
        self.owe(60.2, 30)
        self.owe(40.3, -5)
        self.credit_note(30.0)
        link = self.statement_link()
        invoice = self.create_link(self.create_invoice(80.0))
        handover = self.start_payment(self.create_link(self.create_invoice(80.0)),
                                      provider=self.dummy_provider)
        settled = self.env['res.partner'].create({'name': "Luz", 'email': 'luz@example.com'})
        new_test_user(
            self.env, 'rosa', groups='base.group_portal', partner_id=self.customer.id)
        session = self.authenticate('rosa', 'rosa')
        pages = {
            'statement': self.address(link),
            'nothing due': self.address(link._for_customer(settled, self.company)),
            'handover': lambda page: self.see_handover(page, handover),
            'my statement': lambda page: self.see_my_statement(page, session),
        }
        if self.demo:
            pages["Odoo's form"] = lambda page: self.see_odoos_form(page, invoice)
        return pages

    def see_handover(self, page, transaction):
        """Stay where the browser is sent on at once."""
        page.route(f'{BANK}/**', lambda route: route.fulfill(status=204))
        page.goto(transaction._email_pay_path(), wait_until='commit')
        page.locator('button[form=email_pay_redirect]').wait_for()
        page.wait_for_timeout(300)

    def see_my_statement(self, page, session):
        page.context.add_cookies([{
            'name': 'session_id', 'value': session.sid, 'url': self.base_url(),
        }])
        page.goto('/my/statement')
        page.locator('#ep-pay').wait_for()
        page.context.clear_cookies(name='session_id')

    def see_odoos_form(self, page, link):
        page.goto(self.address(link))
        page.locator(f'input[name=method][value^="{self.demo.id}-"]').check()
        self.pay_button(page).click()
        page.locator('#customer_input').wait_for()
