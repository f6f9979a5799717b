from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..gateways.pagolivre import const
from ..models import identity
from .pagolivre_common import PagoLivreCommon


@tagged('post_install', '-at_install')
class TestPagoLivreApp(PagoLivreCommon):
    """The form of the app."""

    def test_the_connection_is_tested_with_the_token(self):
        answer = self.pagolivre.action_email_pay_test_connection()
        self.assertEqual(answer['params']['type'], 'success')
        self.pagolivre.pagolivre_token = 'x'
        with self.assertRaisesRegex(UserError, "refused the key"):
            self.pagolivre.action_email_pay_test_connection()

    def test_only_reais_are_offered(self):
        self.assertEqual(self.pagolivre.available_currency_ids.mapped('name'), ['BRL'])

    def test_both_addresses_are_one_click_away(self):
        self.pagolivre.action_pagolivre_use_sandbox()
        self.assertEqual(self.pagolivre.pagolivre_base_url, const.SANDBOX_URL)
        self.pagolivre.action_pagolivre_use_production()
        self.assertEqual(self.pagolivre.pagolivre_base_url, const.PRODUCTION_URL)
        with self.assertRaises(ValidationError):
            self.pagolivre.pagolivre_base_url = 'http://api.example.com'

    def test_what_is_not_public_is_on_the_form_and_can_be_changed(self):
        with Form(self.pagolivre) as form:
            self.assertIn("recurring_option = recurrentCreditCard", form.pagolivre_words)
            form.pagolivre_words = "# asked on Monday\nrecurring_option = creditoRecorrente\n"
        words = self.pagolivre._email_pay_gateway()._words
        self.assertEqual(words['recurring_option'], 'creditoRecorrente')
        self.assertEqual(words['charges'], 'charges')

    def test_a_name_that_cannot_be_read_is_refused(self):
        for text in ("recurring option", "unknown = x", "charges ="):
            with self.assertRaisesRegex(ValidationError, "change only what is on the right"):
                self.pagolivre.pagolivre_words = text

    def test_brazilian_numbers_are_told_by_their_check_digits(self):
        for number in ('529.982.247-25', '52998224725', 'BR11222333000181', '11.222.333/0001-81',
                       '12.ABC.345/01DE-35'):
            self.assertTrue(identity.is_brazilian(number), number)
        for number in ('', False, '52998224726', '11222333000182', '12345678900', '8-888-888'):
            self.assertFalse(identity.is_brazilian(number), number)

    def test_other_gateways_need_nothing_of_a_customer(self):
        self.assertEqual(self.credicorp._email_pay_lacks(self.customer.browse()), [])
