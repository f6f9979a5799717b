from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.tests import tagged

from ..gateways.greenpay import const
from ..models import identity
from .greenpay_common import GreenPayCommon


@tagged('post_install', '-at_install')
class TestGreenPayApp(GreenPayCommon):
    """The form of the app: currencies, terminals, addresses, and whose account it is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.write({
            'country_id': cls.env.ref('base.cr').id, 'vat': '3-101-012009',
        })
        cls.greenpay.write({
            'greenpay_identification_type': 'legal', 'greenpay_identification': '3101012009',
        })

    def currencies(self):
        return set(self.greenpay.available_currency_ids.mapped('name'))

    def test_only_currencies_with_a_terminal_are_offered(self):
        self.assertEqual(self.currencies(), {'CRC', 'USD', 'GTQ'})
        self.greenpay.greenpay_terminal_gtq = False
        self.assertEqual(self.currencies(), {'CRC', 'USD'})
        offered = self.env['payment.provider']._get_compatible_providers(
            self.company.id, self.customer.id, 10.0,
            currency_id=self.env.ref('base.GTQ').id,
        )
        self.assertNotIn(self.greenpay, offered)

    def test_no_currency_without_a_terminal_is_offered_whatever_is_allowed(self):
        self.greenpay.greenpay_terminal_gtq = False
        self.greenpay.available_currency_ids = False
        providers = self.env['payment.provider']
        for name, offered in (('GTQ', False), ('EUR', False), ('CRC', True)):
            currency = self.env['res.currency'].with_context(active_test=False).search(
                [('name', '=', name)])
            found = providers._get_compatible_providers(
                self.company.id, self.customer.id, 10.0, currency_id=currency.id)
            self.assertEqual(self.greenpay in found, offered, name)

    def test_without_a_terminal_it_cannot_be_used(self):
        with self.assertRaisesRegex(ValidationError, "terminal"):
            self.greenpay.write(dict.fromkeys(
                ('greenpay_terminal_crc', 'greenpay_terminal_usd', 'greenpay_terminal_gtq'), False
            ))

    def test_a_key_that_is_none_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "RSA public key"):
            self.greenpay.greenpay_public_key = 'rubbish'

    def test_both_pairs_of_addresses_are_one_click_away(self):
        self.greenpay.action_greenpay_use_sandbox()
        self.assertEqual(self.greenpay.greenpay_form_url, const.SANDBOX_FORM_URL)
        self.greenpay.action_greenpay_use_production()
        self.assertEqual(self.greenpay.greenpay_merchant_url, const.MERCHANT_URL)

    def test_connection_names_the_terminal(self):
        self.greenpay.greenpay_terminal_usd = 'another'
        with self.assertRaisesRegex(UserError, "terminal"):
            self.greenpay.action_email_pay_test_connection()

    # --- whose account ----------------------------------------------------------------------------

    def test_it_cannot_be_enabled_before_connect(self):
        with self.assertRaisesRegex(ValidationError, "Press “Connect”"):
            self.greenpay.state = 'enabled'
        self.greenpay.action_greenpay_connect()
        self.greenpay.state = 'enabled'
        self.assertTrue(self.greenpay.greenpay_is_connected)

    def test_it_goes_live_only_for_the_company_of_the_account(self):
        self.assertTrue(any("Press “Connect”" in line for line
                            in self.greenpay._email_pay_obstacles_to_live()))
        self.greenpay.action_greenpay_connect()
        different = "Identification number"
        self.assertFalse(any(different in line for line
                             in self.greenpay._email_pay_obstacles_to_live()))
        self.company.vat = '3-101-005744'
        self.assertTrue(any(different in line for line
                            in self.greenpay._email_pay_obstacles_to_live()))

    def test_it_is_not_enabled_for_a_company_whose_number_changed(self):
        self.greenpay.action_greenpay_connect()
        self.company.vat = '3-101-005744'
        with self.assertRaisesRegex(ValidationError, "Identification number"):
            self.greenpay.state = 'enabled'
        self.company.vat = '3-101-012009'
        self.greenpay.state = 'enabled'

    def test_all_that_keeps_it_from_being_enabled_is_said_at_once(self):
        self.greenpay.state = 'disabled'
        for name in ('crc', 'usd', 'gtq'):
            self.greenpay[f'greenpay_terminal_{name}'] = False
        with self.assertRaises(ValidationError) as caught:
            self.greenpay.state = 'enabled'
        first, second = str(caught.exception).splitlines()
        self.assertIn("terminal", first)
        self.assertIn("Press “Connect”", second)

    def test_every_way_to_write_a_number_is_the_same(self):
        for theirs, kind, ours in (
            ('3-101-012009', 'legal', '3101012009'),
            ('CR3101012009', 'legal', '3-101-012009'),
            ('109870654', 'physical', '1-0987-0654'),
            ('109870654', 'physical', '01-0987-0654'),
            ('155812994816', 'dimex', '155812994816'),
            ('1234567890', 'nite', '1234567890'),
        ):
            self.company.partner_id.with_context(no_vat_validation=True).vat = theirs
            self.greenpay.write({
                'greenpay_identification_type': kind, 'greenpay_identification': ours,
            })
            answer = self.greenpay.action_greenpay_connect()
            self.assertEqual(answer['params']['type'], 'success', theirs)

    def test_a_difference_says_which_field_and_leads_to_the_company(self):
        cases = {
            'legal': ('3101999999', ["Identification number"]),
            'physical': ('109870654', ["Identification type", "Identification number"]),
        }
        for kind, (number, fields_told) in cases.items():
            self.greenpay.write({
                'greenpay_identification_type': kind, 'greenpay_identification': number,
            })
            with self.assertRaises(RedirectWarning) as caught:
                self.greenpay.action_greenpay_connect()
            text, action, _button = caught.exception.args[:3]
            for name in ("Identification type", "Identification number"):
                self.assertEqual(name in text, name in fields_told, text)
            self.assertEqual((action['res_model'], action['res_id']),
                             ('res.company', self.company.id))
            self.assertFalse(self.greenpay.greenpay_is_connected)

    def test_a_number_of_another_kind_is_refused(self):
        self.greenpay.greenpay_identification = '123'
        with self.assertRaisesRegex(UserError, "Cédula jurídica"):
            self.greenpay.action_greenpay_connect()

    def test_nothing_entered_is_asked_for(self):
        self.greenpay.greenpay_identification = False
        with self.assertRaisesRegex(UserError, "Enter the identification"):
            self.greenpay.action_greenpay_connect()

    def test_a_company_without_a_number_is_told_so(self):
        self.company.partner_id.vat = False
        with self.assertRaisesRegex(RedirectWarning, "has no tax ID"):
            self.greenpay.action_greenpay_connect()
        self.company.partner_id.with_context(no_vat_validation=True).vat = '12345'
        with self.assertRaisesRegex(RedirectWarning, "no Costa Rican identification"):
            self.greenpay.action_greenpay_connect()

    def test_wrong_credentials_do_not_connect(self):
        self.greenpay.greenpay_secret = 'another'
        with self.assertRaises(UserError):
            self.greenpay.action_greenpay_connect()
        self.assertFalse(self.greenpay.greenpay_is_connected)

    def test_a_number_that_changes_later_is_a_warning_on_the_app(self):
        self.greenpay.action_greenpay_connect()
        self.assertFalse(self.greenpay.greenpay_warning)
        self.company.partner_id.vat = '3-101-999999'
        # Some localizations write it without dashes.
        self.assertIn("3101999999", self.greenpay.greenpay_warning.replace('-', ''))
        self.company.partner_id.vat = '3101012009'
        self.assertFalse(self.greenpay.greenpay_warning)

    def test_another_account_must_be_connected_again(self):
        self.greenpay.action_greenpay_connect()
        self.greenpay.state = 'enabled'
        with self.assertRaisesRegex(ValidationError, "Press “Connect”"):
            self.greenpay.greenpay_merchant_id = 'another'

    def test_what_a_localization_calls_a_number_counts(self):
        self.assertEqual(identity.kind_of('3101012009'), 'legal')
        self.assertEqual(identity.kind_of('3101012009', "Cédula NITE"), 'nite')
        self.assertEqual(identity.kind_of('109870654', "Cédula física"), 'physical')
        self.assertEqual(identity.kind_of('109870654', "VAT"), 'physical')
        self.assertEqual(identity.kind_of('12'), '')
