from odoo.tests import tagged

from ..controllers.visits import SIGN_IN_COOKIE
from .browser_common import EveryPage
from .sign_in_common import RUT, UNKNOWN_RUT, SignInCommon


@tagged('post_install', '-at_install')
class TestBrowserSignInPages(SignInCommon, EveryPage):
    """The pages of the payment address of a company."""

    allow_inherited_tests_method = True
    expected = '40[034]'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal.write({'shown_documents': 'history', 'help_text': "Questions? Call us."})
        cls.twin = cls.customer.copy({'vat': UNKNOWN_RUT, 'email': 'twin@example.com'})
        cls.other = cls.twin.copy({'vat': UNKNOWN_RUT, 'email': 'twin@example.com'})
        cls.settled = cls.customer.copy({'vat': RUT, 'email': 'settled@example.com'})

    def every_page(self):
        for partner in (self.customer, self.twin, self.other):
            self.owe(100.0, 5, partner=partner)
        self.settle_by_hand(self.owe(40.0, 30))
        self.settle_by_hand(self.owe(40.0, 30, partner=self.settled))
        address = self.customer.email
        settled = self.signed_in(RUT, self.settled.email)
        token = self.signed_in(RUT, address)
        choosing = self.signed_in(UNKNOWN_RUT, 'twin@example.com')
        leaving = iter([self.signed_in(RUT, address) for _device in range(3)])
        return {
            'who': self.path,
            'wrong number': lambda page: self.say_who(page, '76.086.428-4', address, code=False),
            'code': lambda page: self.say_who(page, RUT, address),
            'wrong code': self.enter_wrong_code,
            'statement': lambda page: self.see_as(page, token, '#ep-pay'),
            'settled': lambda page: self.see_as(page, settled, '#ep-history-title'),
            'accounts': lambda page: self.see_as(page, choosing, '.ep-actions'),
            'signed out': lambda page: self.leave(page, next(leaving)),
            'nobody': '/pay/to/nobody',
        }

    def signed_in(self, tax_number, email):
        """The token of a browser in which somebody signed in with a code."""
        typed = {'tax_number': tax_number, 'email': email, 'phone': ''}
        attempts = self.env['email.pay.sign.in']
        attempt, _token = attempts._match(
            self.portal, self.portal._identity(tax_number, email, ''), typed, '127.0.0.1')
        return attempt._open(with_code=True)

    def say_who(self, page, tax_number, email, code=True):
        page.context.clear_cookies(name=SIGN_IN_COOKIE)
        page.goto(self.path)
        page.fill('#ep-tax-number', tax_number)
        page.fill('#ep-email', email)
        page.locator('main button[type=submit]').click()
        page.locator('#ep-code' if code else '#ep-error').wait_for()

    def enter_wrong_code(self, page):
        page.fill('#ep-code', '000000')
        page.locator('main button[type=submit]').click()
        page.locator('#ep-error').wait_for()

    def see_as(self, page, token, selector):
        page.context.clear_cookies(name=SIGN_IN_COOKIE)
        page.context.add_cookies([{
            'name': SIGN_IN_COOKIE, 'value': token, 'url': f'{self.base_url()}/pay/',
        }])
        page.goto(self.path)
        page.locator(selector).wait_for()

    def leave(self, page, token):
        self.see_as(page, token, '#ep-pay')
        page.locator('form[action$="/out"] button').click()
        page.locator('form[action$="/out"]').wait_for(state='detached')
