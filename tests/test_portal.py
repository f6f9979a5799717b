from psycopg2.errors import CheckViolation, UniqueViolation

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .company_common import CompanyCommon


@tagged('post_install', '-at_install')
class TestPortal(CompanyCommon):
    """The settings of a company."""

    # --- one per company --------------------------------------------------------------------------

    def test_a_new_company_has_settings_that_are_not_enabled(self):
        company = self.env['res.company'].create({'name': "Second"})
        portal = self.env['email.pay.portal'].search([('company_id', '=', company.id)])
        self.assertEqual((portal.name, portal.enabled), ("Second", False))

    @mute_logger('odoo.sql_db')
    def test_a_company_cannot_have_two(self):
        with self.assertRaises(UniqueViolation):
            self.env['email.pay.portal'].sudo().create({'company_id': self.company.id})

    def test_a_branch_uses_the_settings_of_its_parent_until_its_own_are_enabled(self):
        branch = self.env['res.company'].create({
            'name': "Branch", 'parent_id': self.company.id,
        })
        portals = self.env['email.pay.portal']
        self.assertEqual(portals._for_company(branch), self.portal)
        own = portals.search([('company_id', '=', branch.id)])
        self.offer(self.credicorp, portal=own)
        own.enabled = True
        self.assertEqual(portals._for_company(branch), own)
        self.assertEqual(portals._for_company(self.company), self.portal)

    # --- enabling ---------------------------------------------------------------------------------

    def assertMissing(self, sentence, **values):
        self.portal.enabled = False
        with self.assertRaises(ValidationError) as caught:
            self.portal.write({'enabled': True, **values})
        self.assertIn(sentence, str(caught.exception))

    def test_enabling_without_a_payment_method_says_so(self):
        self.assertMissing("Add a payment method.", method_ids=[Command.clear()])

    def test_enabling_with_a_disabled_processor_says_so(self):
        self.portal.enabled = False
        self.credicorp.state = 'disabled'
        self.assertMissing("Enable Credicorp Bank, or put it in test mode.")

    def test_enabling_without_a_journal_says_so(self):
        self.portal.enabled = False
        self.credicorp.state = 'disabled'
        self.credicorp.journal_id = False
        self.assertMissing("Choose the collection journal of Credicorp Bank.")

    def test_the_last_payment_method_cannot_be_removed_while_enabled(self):
        with self.assertRaises(ValidationError):
            self.portal.method_ids = [Command.clear()]

    def test_any_app_of_odoo_can_be_offered(self):
        self.offer(self.dummy_provider)
        self.assertEqual(self._usable(), self.dummy_provider)

    def test_an_app_of_another_company_is_refused(self):
        other = self.env['res.company'].create({'name': "Second"})
        foreign = self.env['payment.provider'].search(
            [('code', '=', 'credicorp'), ('company_id', '=', other.id)]
        )
        self.portal.enabled = False
        with self.assertRaisesRegex(UserError, "company"):
            self.portal.method_ids = [
                Command.create({'provider_id': foreign.id, 'active': False})]

    # --- what is offered --------------------------------------------------------------------------

    def _usable(self, currency=None):
        return self.portal._usable_providers(
            self.company, self.customer, 100.0, currency or self.company_currency
        )

    def test_the_order_is_that_of_the_settings(self):
        for order in ([self.credicorp, self.dummy_provider], [self.dummy_provider, self.credicorp]):
            self.offer(*order)
            self.assertEqual(list(self._usable()), order)

    def test_an_unpublished_app_is_offered(self):
        self.credicorp.is_published = False
        self.assertEqual(self._usable(), self.credicorp)

    def test_a_disabled_app_is_not_offered(self):
        self.credicorp.state = 'disabled'
        self.assertFalse(self._usable())

    def test_an_app_without_the_currency_is_not_offered(self):
        self.credicorp.available_currency_ids = self.company_currency
        self.assertTrue(self._usable())
        self.assertFalse(self._usable(self.currency_euro))

    # --- how much ---------------------------------------------------------------------------------

    def _limits(self, due, currency=None):
        return self.portal._amount_limits(self.company, currency or self.company_currency, due)

    def test_without_partial_payments_only_the_whole_is_paid(self):
        self.portal.allow_partial = False
        self.assertEqual(self._limits(80.0), (80.0, 80.0))

    def test_without_a_minimum_any_amount_is_paid(self):
        self.assertEqual(self._limits(80.0), (0.01, 80.0))

    def test_the_minimum_holds_and_the_last_payment_may_be_less(self):
        self.portal.minimum_amount = 25
        self.assertEqual(self._limits(80.0), (25.0, 80.0))
        self.assertEqual(self._limits(10.0), (10.0, 10.0))

    def test_the_minimum_is_converted(self):
        self.portal.minimum_amount = 25
        rate = self.setup_other_currency('CAD', rates=[('2016-01-01', 2.0)])
        self.assertEqual(self._limits(80.0, rate), (50.0, 80.0))

    @mute_logger('odoo.sql_db')
    def test_a_negative_minimum_is_refused(self):
        with self.assertRaises(CheckViolation):
            self.portal.minimum_amount = -1
            self.portal.flush_recordset()

    # --- addresses and people ---------------------------------------------------------------------

    def test_addresses_are_checked(self):
        for field in ('notification_email', 'email_from'):
            with self.subTest(field), self.assertRaises(ValidationError):
                self.portal[field] = "nobody"

    def test_several_notification_addresses_are_fine(self):
        self.portal.notification_email = "one@example.com, Two <two@example.com>"
        self.assertTrue(self.portal.notification_email)

    def test_the_responsible_is_told(self):
        self.assertEqual(self.portal._attention_user(), self.env.user)

    def test_without_a_responsible_a_billing_administrator_is_told(self):
        boss = new_test_user(
            self.env, 'boss', 'base.group_user,account.group_account_manager',
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)],
        )
        self.portal.responsible_id = boss
        boss.active = False
        told = self.portal._attention_user()
        self.assertTrue(told.active and told.has_group('account.group_account_manager'))
        self.assertIn(self.company, told.company_ids)
