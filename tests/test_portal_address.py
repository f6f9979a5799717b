from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from .company_common import CompanyCommon


@tagged('post_install', '-at_install')
class TestPortalAddress(CompanyCommon):
    """The address at which all customers of a company pay."""

    def setUp(self):
        super().setUp()
        self.portals = self.env['email.pay.portal']

    def _company(self, name):
        company = self.env['res.company'].create({'name': name})
        return self.portals.search([('company_id', '=', company.id)])

    # --- where it comes from ----------------------------------------------------------------------

    def test_a_company_gets_an_address_made_from_its_name(self):
        for name, slug in (
            ("Añejos de Panamá, S.A.", 'anejos-de-panama-sa'),
            ("  Café & Té  ", 'cafe-te'),
            ("AB", 'company-ab'),
            ("Admin", 'company-admin'),
            ("日本", 'company'),
            ("Long " * 30, 'long-long-long-long-long-long-long-long-long-long-long'),
        ):
            with self.subTest(name):
                self.assertEqual(self._company(name).slug, slug)

    def test_a_name_that_is_taken_gets_a_number(self):
        slugs = [self._company(name).slug for name in ("Istmo", "ISTMO", "Ístmo")]
        self.assertEqual(slugs, ['istmo', 'istmo-2', 'istmo-3'])

    def test_a_portal_from_before_there_were_addresses_gets_one(self):
        portal = self._company("Older")
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM email_pay_portal_slug WHERE portal_id = %s", [portal.id])
        self.env.cr.execute("UPDATE email_pay_portal SET slug = NULL WHERE id = %s", [portal.id])
        portal.invalidate_recordset()
        self.portals._set_up_addresses()
        self.assertEqual(portal.slug, 'older')
        self.assertEqual(self.portals._by_slug('older'), (portal, False))

    def test_the_address_begins_with_that_of_the_company(self):
        self.portal.slug = 'canal'
        self.assertEqual(self.portal.address, f'{self.company.get_base_url()}/pay/to/canal')

    # --- changing it ------------------------------------------------------------------------------

    def test_what_is_typed_becomes_a_slug(self):
        self.portal.slug = " Páguenos Aquí "
        self.assertEqual(self.portal.slug, 'paguenos-aqui')

    def test_an_old_address_leads_to_the_company_still(self):
        self.portal.slug = 'first'
        self.portal.slug = 'second'
        self.assertEqual(self.portals._by_slug('first'), (self.portal, True))
        self.assertEqual(self.portals._by_slug('second'), (self.portal, False))

    def test_an_address_can_come_back(self):
        for slug in ('first', 'second', 'first'):
            self.portal.slug = slug
        self.assertEqual(self.portals._by_slug('first'), (self.portal, False))
        self.assertEqual(self.portals._by_slug('second'), (self.portal, True))

    def test_capital_letters_lead_there_too(self):
        self.portal.slug = 'first'
        self.assertEqual(self.portals._by_slug('First'), (self.portal, True))

    def test_nobody_has_an_unknown_address(self):
        for slug in ('unknown', '', '\0', "'; --", 'x' * 10_000):
            self.assertEqual(self.portals._by_slug(slug), (self.portals, False))

    def test_strangers_do_not_fill_the_cache(self):
        self.portals._by_slug(self.portal.slug)
        with self.assertQueryCount(0):
            for number in range(50):
                self.portals._by_slug(f'guess-{number}')

    # --- what is refused --------------------------------------------------------------------------

    def test_the_address_of_another_company_is_refused(self):
        self._company("Neighbour")
        with self.assertRaisesRegex(ValidationError, "Another company has"):
            self.portal.slug = 'neighbour'

    def test_the_old_address_of_another_company_is_refused(self):
        self._company("Neighbour").slug = 'moved'
        with self.assertRaisesRegex(ValidationError, "or had"):
            self.portal.slug = 'neighbour'

    def test_the_address_of_a_company_that_is_gone_is_never_given_again(self):
        portal = self._company("Neighbour")
        portal.sudo().unlink()
        self.assertEqual(self.portals._by_slug('neighbour'), (self.portals, False))
        with self.assertRaisesRegex(ValidationError, "or had"):
            self.portal.slug = 'neighbour'
        self.assertEqual(self._company("NEIGHBOUR").slug, 'neighbour-2')

    def test_reserved_words_and_lengths_are_refused(self):
        for slug in ('admin', 'pay', 'sign-in', 'ab', 'x' * 61, '日本', False, ''):
            with self.subTest(slug), self.assertRaises(ValidationError):
                self.portal.slug = slug

    # --- who may ----------------------------------------------------------------------------------

    def test_a_billing_user_reads_the_addresses_of_own_companies_only(self):
        user = new_test_user(
            self.env, 'biller', 'base.group_user,account.group_account_invoice',
            company_id=self.company.id, company_ids=self.company.ids,
        )
        self._company("Neighbour")
        slugs = self.env['email.pay.portal.slug'].with_user(user).search([])
        self.assertEqual(slugs.portal_id, self.portal)
        with self.assertRaises(AccessError):
            self.portal.with_user(user).slug = 'mine'
