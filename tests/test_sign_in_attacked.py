from odoo.tests import tagged

from ..const import CODE_DIGITS, LONG_CODE_DIGITS
from ..models.email_pay_sign_in_limit import NUMBER, NUMBER_IN_SITE, SITE_BITS, TEXTS, network_of
from .sign_in_common import PHONE, RUT, UNKNOWN_RUT, SignInCommon


@tagged('post_install', '-at_install')
class TestSignInAttacked(SignInCommon):
    """What somebody tries who knows a lot of a customer."""

    def setUp(self):
        super().setUp()
        self.invoice = self.owe(100.0, 5)
        self.path_of_customer = self.statement_link()._path()

    # --- somebody else with the same number -------------------------------------------------------

    def _twin(self, **values):
        """Another customer with the number of the first one, who owes 30."""
        twin = self.env['res.partner'].with_context(no_vat_validation=True).create({
            'name': "Viña Rosa Sur", 'is_company': True, 'vat': RUT, 'country_id': self.chile.id,
            **values,
        })
        return twin, self.owe(30.0, partner=twin)

    def test_who_reads_the_mail_is_let_in_to_what_has_that_address_only(self):
        twin, other = self._twin(email='sur@vina.example.com')
        typed = {'email': 'sur@vina.example.com', 'phone': PHONE}
        page = self.sign_in(**typed)
        self.portal.sign_in_policy = 'match'
        self.new_visitor()
        for shown in (page, self.follow(self.fill_in(**typed))):
            self.assertIn(other.name, self.text(shown))
            self.assertEqual(self.attempts()[-1].partner_ids, twin)
            self.assertEqual(self.url_open(self.path_of_customer).status_code, 404)

    def test_who_reads_the_text_message_is_let_in_to_what_has_that_phone_only(self):
        """A number without its country is one in Chile and another in Peru."""
        twin, _other = self._twin(phone='961234567', country_id=self.env.ref('base.pe').id)
        self.assertEqual(
            [self.buyer.phone_sanitized, twin.phone_sanitized], ['+56961234567', '+51961234567'])
        self.assertEqual(twin.email_pay_tax_key, self.customer.email_pay_tax_key)
        self.ask(phone='961234567')
        self.answer()
        self.assertEqual(self.texts()[-1].number, '+56961234567')
        self.assertEqual(self.attempts().partner_ids, self.customer)

    # --- without a code ---------------------------------------------------------------------------

    def test_who_entered_no_code_uses_up_no_credit(self):
        self.credit_note(100.0)
        page = self.sign_in(email=self.customer.email)
        self.assertIn("Use my credit first", self.text(page))
        self.sign_out(page)
        self.portal.sign_in_policy = 'match'
        page = self.follow(self.fill_in(email=self.customer.email))
        self.assertNotIn("Use my credit first", self.text(page))
        response = self.submit(
            page, self.path_of_customer, document=str(self.invoice.id), credit='1', shown='0.00')
        self.assertIn("100.00 now", self.refusal(response))
        self.assertNotIn("Use my credit first", self.text(response))
        self.assertEqual(self.invoice.amount_residual, 100.0)

    # --- from everywhere --------------------------------------------------------------------------

    def _tried(self, number=RUT, addresses=None):
        """What the limits say of a try from each of these addresses."""
        identity = self.portal._identity(number, 'guess@example.com', '')
        addresses = addresses or [f'203.0.113.{host}' for host in range(NUMBER.free)]
        attempts = self.env['email.pay.sign.in'].sudo()
        return [
            attempts._take_limits(self.portal, identity, address, '') for address in addresses]

    def test_the_networks_of_one_site_are_counted_together(self):
        addresses = [f'2001:db8:1:{number:x}::1' for number in range(NUMBER_IN_SITE.free + 1)]
        self.assertEqual({network_of(each, SITE_BITS) for each in addresses}, {'2001:db8:1::/48'})
        refused = [taken.refused for taken in self._tried(addresses=addresses)]
        self.assertEqual(refused, [0] * NUMBER_IN_SITE.free + [1])
        [elsewhere] = self._tried(addresses=['2001:db8:2::1'])
        self.assertFalse(elsewhere.refused)

    def test_where_strangers_try_the_code_is_too_long_to_guess(self):
        digits = CODE_DIGITS
        for _attack in range(2):
            pages = [
                self.text(self.ask(tax_number=number, email='rosa@example.com'))
                for number in (UNKNOWN_RUT, RUT)]
            self.assertEqual(*pages)
            self.assertIn(f"It has {digits} digits", pages[0])
            with self.later(seconds=61):
                code = self.sent_codes()[-1]
                self.assertEqual(len(code), digits)
            for number in (UNKNOWN_RUT, RUT):
                self._tried(number)
            self.new_visitor()
            digits = LONG_CODE_DIGITS

    def test_a_long_code_lets_in(self):
        self._tried()
        page = self.ask(email=self.customer.email)
        with self.later(seconds=61):
            code = self.sent_code()
            self.assertEqual(self.enter(page, code[:6]).status_code, 400)
            self.assertEqual(self.attempts().tries, 0)
            self.assertEqual(self.enter(page, code).status_code, 303)

    # --- at the cost of the company ---------------------------------------------------------------

    def _text_often(self):
        limits = self.env['email.pay.sign.in.limit'].sudo()
        for _time in range(TEXTS.free):
            self.assertFalse(limits._take(
                TEXTS, 'text', self.portal.id, self.customer.phone_sanitized).refused)

    def _asked_for_a_person(self):
        self.env.invalidate_all()
        return self.company.partner_id.activity_ids.filtered(
            lambda activity: activity.summary == "Very many sign-in codes for one phone")

    def test_after_many_text_messages_the_code_goes_by_mail(self):
        page = self.sign_in(email=self.customer.email)
        self.sign_out(page)
        customer = self.opener
        before = self.texts()
        self._text_often()
        for _time in range(2):
            self.new_visitor()
            page = self.ask(phone=PHONE)
            [mail] = self.answer()
            self.assertEqual(mail['email_to'], ['rosa@example.com'])
        self.assertEqual(self.texts(), before)
        self.assertEqual(len(self._asked_for_a_person()), 1)
        self.assertIn(PHONE.replace(' ', ''), self._asked_for_a_person().note)
        self.opener = customer
        self.ask(phone=PHONE)
        self.assertFalse(self.answer())
        self.assertGreater(self.texts(), before, "a browser that is known still gets one")

    def test_or_nowhere_and_the_page_is_the_same(self):
        self.customer.email = False
        before = self.texts()
        self._text_often()
        page = self.ask(phone=PHONE)
        self.assertFalse(self.answer())
        self.assertEqual(self.texts(), before)
        self.assertEqual(self.attempts().state, 'failed')
        self.assertIn("4 tries left", self.refusal(self.enter(page, '000000')))
