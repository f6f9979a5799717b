from unittest.mock import patch

from stdnum.co import nit

from odoo.tests import BaseCase, TransactionCase, tagged
from odoo.tools import SQL

from ..models.tax_number import has_wrong_check_digit, has_wrong_form, key_of, keys_of, masked

# Ways to write one number of a country, all valid.
WAYS = {
    'CL': [('76.086.428-5', '760864285', 'CL760864285', 'cl 76.086.428-5', '76 086 428 – 5'),
           ('12.345.678-5', '123456785'), ('9.876.543-3', '09.876.543-3'),
           ('10.000.013-k', '10000013K')],
    'PA': [('155596713-2-2015 DV 59', '155596713-2-2015', '155596713-2-2015-59',
            '155596713-2-2015 D.V. 59', '155596713-2-2015 dv59'),
           ('8-442-445', '8-0442-00445', '8 442 445'), ('8-NT-1-13656', '8-nt-001-13656 DV 3'),
           ('E-8-98765', 'e-8-098765'), ('PE-12-345', 'pe-0012-0345')],
    'CR': [('3-101-012009', '3101012009', 'CR3101012009'),
           ('1-613-584', '01-0613-0584', '106130584')],
    'BR': [('12.345.678/0001-95', '12345678000195', 'BR12345678000195'),
           ('111.444.777-35', '11144477735')],
    'EC': [('1790011674001', '179001167-4001'), ('171430710-3', '1714307103')],
    'CO': [('213.123.432-1', '213123432-1', '2131234321', '213.123.432'),
           ('1012345670-0', '10123456700')],
    'PE': [('20512333797', '20-51233379-7'), ('10117410', '101 174 10')],
    'MX': [('GODE 561231 GR8', 'gode561231gr8', 'GODE-561231-GR8'),
           ('Ñañ 890101 AB1', 'NAN890101AB1')],
    'AR': [('20-05536168-2', '20055361682', 'AR20055361682'), ('30.111.222', '30111222')],
    'VE': [('V-11470283-4', 'v114702834')],
    'DO': [('1-01-85004-3', '101850043'), ('00113918205', '001-1391820-5')],
    'UY': [('21-100342-001-7', '211003420017')],
    'ES': [('ESB58378431', 'B-58378431', 'b 58.378.431')],
    'HN': [('0801-1990-12345', '08011990 12345')],  # no country of the library
    '': [('A-12.345/6', 'a123456')],
}
WRONG = {
    'CL': '76.086.428-6', 'BR': '12.345.678/0001-96', 'EC': '1714307104',
    'CO': '213.123.432-2', 'PE': '20512333798', 'AR': '20-05536168-3', 'VE': 'V-11470283-5',
}
# Of nobody, of everybody, or not a number.
NOTHING = ('', None, '/', '-', 'N/A', '0', '123', '66.666.666-6', '9999999999999', 'XAXX010101000',
           'xexx-010101-000', '222222222222-7', '\x00', '٣٣٣٣٣٣', 'A' * 5000)


@tagged('post_install', '-at_install')
class TestTaxNumber(BaseCase):
    """A tax number is the same in whatever way it is written."""

    def test_all_ways_to_write_a_number_are_one_key(self):
        for country, numbers in WAYS.items():
            for ways in numbers:
                with self.subTest(country=country, number=ways[0]):
                    self.assertEqual(len({key_of(way, country) for way in ways}), 1,
                                     [key_of(way, country) for way in ways])
                    self.assertRegex(key_of(ways[0], country), r'^[A-Z0-9]{4,}$')

    def test_a_number_is_found_by_whoever_types_it_elsewhere(self):
        for country, numbers in WAYS.items():
            for way in {way for ways in numbers for way in ways}:
                for elsewhere in (country, 'PA', 'CL', 'US', ''):
                    if country in ('BR', 'AR', 'CL', 'ES') and not way.startswith(country):
                        continue
                    with self.subTest(number=way, typed_in=elsewhere):
                        self.assertIn(key_of(way, country), keys_of(way, elsewhere))

    def test_different_numbers_have_different_keys(self):
        for country, numbers in WAYS.items():
            keys = [key_of(ways[0], country) for ways in numbers]
            self.assertEqual(len(set(keys)), len(keys), country)

    def test_a_wrong_check_digit_is_seen(self):
        for country, number in WRONG.items():
            with self.subTest(country=country):
                self.assertTrue(has_wrong_check_digit(number, country))
        for country, numbers in WAYS.items():
            for ways in numbers:
                with self.subTest(country=country, number=ways[0]):
                    self.assertFalse(has_wrong_check_digit(ways[0], country))

    def test_what_is_another_countrys_is_not_called_wrong(self):
        for number in ('8-442-445', 'GODE561231GR8', 'B58378431', 'hello'):
            self.assertFalse(has_wrong_check_digit(number, 'CL'), number)

    def test_a_number_of_ten_digits_is_found_with_and_without_its_check_digit(self):
        """One of eleven looks like one of nine with its check digit."""
        for number in range(1012345600, 1012345700):
            full = f'{number}-{nit.calc_check_digit(str(number))}'
            for kept in (str(number), full):
                for typed in (str(number), full):
                    self.assertIn(key_of(kept, 'CO'), keys_of(typed, 'CO'), (kept, typed))

    def test_a_wrong_length_or_form_is_seen(self):
        for country, number in {
            'CL': '76.086.42', 'CR': '1-613', 'CO': '213.12', 'MX': 'GODE 561231 G',
        }.items():
            with self.subTest(country=country):
                self.assertTrue(has_wrong_form(number, country))
        for country, numbers in WAYS.items():
            for way in {way for ways in numbers for way in ways if country != 'CO'}:
                with self.subTest(country=country, number=way):
                    self.assertFalse(has_wrong_form(way, country))
        for number in (WRONG['CL'], '', None):
            self.assertFalse(has_wrong_form(number, 'CL'))

    def test_what_tells_no_customer_from_another_has_no_key(self):
        for number in NOTHING:
            for country in ('', 'CL', 'PA', 'CR', 'CO', 'MX', 'XX', '?'):
                with self.subTest(number=number and number[:20], country=country):
                    self.assertEqual(key_of(number, country), '')

    def test_only_the_end_is_shown(self):
        self.assertEqual(masked('76.086.428-5'), '•••285')
        self.assertEqual(masked(''), '•••')


@tagged('post_install', '-at_install')
class TestTaxKey(TransactionCase):
    """The key that is kept with each contact."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chile = cls.env.ref('base.cl')
        cls.customer = cls.env['res.partner'].create({
            'name': "Viña", 'is_company': True, 'vat': '76.086.428-5', 'country_id': cls.chile.id,
        })
        cls.contact = cls.env['res.partner'].create({
            'name': "Rosa", 'parent_id': cls.customer.id, 'country_id': cls.env.ref('base.pa').id,
        })

    def test_a_contact_has_that_of_its_company(self):
        self.assertEqual(self.customer.email_pay_tax_key, '760864285')
        self.assertEqual(self.contact.email_pay_tax_key, '760864285')

    def test_it_follows_the_number_and_the_country(self):
        # Where a localization checks numbers, it also writes them in its own way.
        customer = self.customer.with_context(no_vat_validation=True)
        customer.write({'vat': '1-0613-0584', 'country_id': self.env.ref('base.cr').id})
        self.assertEqual(self.contact.email_pay_tax_key, '0106130584')
        customer.country_id = self.env.ref('base.us')
        self.assertEqual(self.contact.email_pay_tax_key, '106130584')
        customer.vat = False
        self.assertFalse(self.contact.email_pay_tax_key)

    def test_what_is_not_written_like_one_is_said_and_kept(self):
        for number, said in (('76.086.42', True), ('76.086.428-5', False)):
            contact = self.env['res.partner'].new({'vat': number, 'country_id': self.chile.id})
            warning = contact._onchange_email_pay_tax_number()
            self.assertEqual(bool(warning), said)
        self.assertIn("Chile", contact.new({
            'vat': '1', 'country_id': self.chile.id,
        })._onchange_email_pay_tax_number()['warning']['message'])

    def test_a_customer_is_looked_up_by_the_index(self):
        """Among 20,000; that it takes less than 5 ms among 200,000 is measured in scripts/bench."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            INSERT INTO res_partner (
                name, complete_name, commercial_partner_id, active, email_pay_tax_key, type,
                autopost_bills)
            SELECT 'Many', 'Many', %s, true, 'MANY' || n, 'contact', 'ask'
              FROM generate_series(1, 20000) n
            """, [self.customer.id])
        self.env.cr.execute("ANALYZE res_partner")
        portal = self.env['email.pay.portal'].search([], limit=1)
        executed = []
        execute = type(self.env.cr).execute

        def note(cr, query, *args, **kwargs):
            executed.append((query, args))
            return execute(cr, query, *args, **kwargs)

        with patch.object(type(self.env.cr), 'execute', note):
            portal._contact_rows(['MANY7', '760864285'])
        [[query, args]] = [call for call in executed if 'email_pay_tax_key' in str(call[0])]
        self.env.cr.execute(SQL("EXPLAIN %s", query), *args)
        plan = '\n'.join(row[0] for row in self.env.cr.fetchall())
        self.assertIn('res_partner__email_pay_tax_key_index', plan)

    def test_a_database_that_had_customers_before_gets_the_same_keys(self):
        partners = self.customer + self.contact
        expected = partners.mapped('email_pay_tax_key')
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET email_pay_tax_key = '0' || email_pay_tax_key")
        self.env['res.partner']._email_pay_fill_tax_keys()
        self.env.invalidate_all()
        self.assertEqual(partners.mapped('email_pay_tax_key'), expected)
