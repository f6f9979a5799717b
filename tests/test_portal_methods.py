from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .company_common import CompanyCommon
from .page_common import PageCommon
from .statement_common import StatementCommon


@tagged('post_install', '-at_install')
class TestPortalMethods(CompanyCommon):
    """The payment methods of a company: which, in which order, and who may choose."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls.new_user('accountant-of-tests', 'account.group_account_manager')

    def _second_app(self):
        """Another app that is configured: that of a second merchant account."""
        app = self.credicorp.copy({
            'name': "Second bank", 'state': 'disabled', **self.merchant_keys,
        })
        app.write({'state': 'test', 'journal_id': self.collections.id})
        return app

    def _usable(self):
        return list(self.portal._usable_providers(
            self.company, self.customer, 100.0, self.company_currency))

    # --- which ------------------------------------------------------------------------------------

    def test_one_that_is_switched_off_is_not_offered(self):
        self.offer(self.credicorp, self.dummy_provider)
        self.portal.method_ids[0].active = False
        self.assertEqual(self._usable(), [self.dummy_provider])
        self.assertEqual(len(self.portal.method_ids), 2, "it stays in the settings")

    def test_the_order_can_be_changed(self):
        self.offer(self.credicorp, self.dummy_provider)
        self.portal.method_ids[1].sequence = -1
        self.assertEqual(self._usable(), [self.dummy_provider, self.credicorp])

    def test_an_app_that_is_not_configured_cannot_be_chosen(self):
        self.dummy_provider.state = 'disabled'
        self.dummy_provider.journal_id = False
        with self.assertRaisesRegex(
            ValidationError, "cannot be offered yet: Enable .* Choose the collection journal",
        ):
            self.offer(self.credicorp, self.dummy_provider)

    def test_one_that_is_not_configured_any_more_cannot_be_switched_on(self):
        self.offer(self.credicorp, self.dummy_provider)
        line = self.portal.method_ids[1]
        line.active = False
        self.dummy_provider.state = 'disabled'
        with self.assertRaises(ValidationError):
            line.active = True

    @mute_logger('odoo.sql_db')
    def test_an_app_is_chosen_once(self):
        with self.assertRaises(UniqueViolation):
            self.offer(self.credicorp, self.credicorp)

    def test_all_that_is_missing_is_said(self):
        self.assertFalse(self.portal.missing)
        self.credicorp.state = 'disabled'
        self.assertEqual(
            self.portal.missing, "Enable Credicorp Bank, or put it in test mode.")
        self.assertEqual(self.portal.method_ids.missing, self.portal.missing)
        self.portal.write({'enabled': False, 'method_ids': [Command.clear()]})
        self.assertEqual(self.portal.missing, "Add a payment method.")

    def test_an_app_that_is_deleted_takes_its_line_along(self):
        app = self._second_app()
        self.offer(self.credicorp, app)
        app.state = 'disabled'
        app.unlink()
        self.portal.invalidate_recordset()
        self.assertEqual(self._usable(), [self.credicorp])

    # --- adding -----------------------------------------------------------------------------------

    def _choices(self, user=None):
        action = self.portal.with_user(user or self.accountant).action_add_method()
        model = self.env[action['res_model']].with_user(user or self.accountant)
        return model.search(action['domain'])

    def test_an_accountant_adds_an_app_of_the_list(self):
        app = self._second_app()
        choices = self._choices()
        there = choices.filtered(lambda choice: choice.name == "Credicorp Bank")
        self.assertTrue(there.is_offered, "it can only become a recurring credit")
        choice = choices.filtered(lambda choice: choice.name == "Second bank")
        self.assertFalse(choice.missing)
        self.assertEqual(choice.action_add()['type'], 'ir.actions.act_window_close')
        self.assertEqual(self._usable(), [self.credicorp, app])

    def test_the_list_says_what_an_app_lacks_and_does_not_take_it(self):
        choice = self._choices().filtered(lambda choice: choice.name == "GreenPay")
        self.assertIn("Enable GreenPay", choice.missing)
        with self.assertRaisesRegex(ValidationError, "GreenPay cannot be offered yet"):
            choice.action_add()

    def test_what_can_be_added_comes_first(self):
        missing = [bool(choice.missing) for choice in self._choices()]
        self.assertEqual(missing, sorted(missing))

    def test_apps_of_other_companies_are_not_in_the_list(self):
        other = self.env['res.company'].create({'name': "Second"})
        apps = self._choices().sudo().provider_id
        self.assertTrue(apps)
        self.assertNotIn(other, apps.company_id)

    def test_who_only_bills_sees_the_methods_and_changes_none(self):
        biller = self.new_user('biller-of-tests', 'account.group_account_invoice')
        line = self.portal.method_ids.with_user(biller)
        values, = line.read(['display_name', 'provider_name', 'missing', 'logos', 'fees_text'])
        self.assertEqual(values['provider_name'], "Credicorp Bank")
        self.assertTrue(self.portal.with_user(biller).methods_summary)
        with self.assertRaises(AccessError):
            self._choices(biller)
        for change in (
            lambda: line.write({'active': False}), line.unlink,
            lambda: line.create({'portal_id': self.portal.id}),
        ):
            with self.assertRaises(AccessError):
                change()

    def test_another_company_neither_sees_nor_changes_them(self):
        other = self.env['res.company'].create({'name': "Second"})
        stranger = self.new_user('stranger-of-tests', 'account.group_account_manager', other)
        lines = self.env['email.pay.method'].with_user(stranger)
        self.assertFalse(lines.search([('portal_id', '=', self.portal.id)]))
        with self.assertRaises(AccessError):
            self.portal.method_ids.with_user(stranger).active = False
        with self.assertRaises(UserError):
            lines.create({'portal_id': self.portal.id, 'provider_id': self.dummy_provider.id})

    def test_what_changes_is_in_the_history(self):
        self.env.cr.flush()  # what is new in the same commit has no history
        self.portal.with_context(tracking_disable=False, mail_notrack=False).write({
            'method_ids': [Command.create({'provider_id': self.dummy_provider.id})]})
        self.env.flush_all()
        self.env.cr.flush()
        self.portal.invalidate_recordset(['message_ids'])
        told = self.portal.message_ids.tracking_value_ids
        self.assertEqual(
            told.mapped('new_value_char'),
            [', '.join(self.portal.method_ids.mapped('display_name'))],
        )


@tagged('post_install', '-at_install')
class TestMethodsOnPages(PageCommon, StatementCommon):
    """What customers read of the payment methods."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.offer(cls.dummy_provider, cls.credicorp)
        cls.other_line, cls.card_line = cls.portal.method_ids
        cls.owe(50.0, 5)

    def _shown(self, page):
        """Each method of a page, as (name, what is below it, how many logos)."""
        return [
            (
                option.xpath('string(.//*[@class="ep-option-label"])').strip(),
                option.xpath('string(.//*[@class="ep-option-hint"])').strip(),
                len(option.xpath('.//img')),
            )
            for option in self.tree(page).xpath('//label[.//input[@name="method"]]')
        ]

    def test_the_payment_page_shows_names_fees_and_logos_in_order(self):
        self.other_line.write({'name': "Bank transfer", 'fees_text': "No fee"})
        self.card_line.fees_text = "The bank adds 1 %"
        page = self.open_link(self.create_link(self.create_invoice()))
        (first, below_first, _logos), (second, below_second, logos) = self._shown(page)
        self.assertEqual((first, below_first), ("Bank transfer", "No fee"))
        self.assertEqual((second, below_second), ("Card", "The bank adds 1 %"))
        self.assertGreaterEqual(logos, 2)

    def test_the_statement_shows_the_same(self):
        self.other_line.name = "Bank transfer"
        self.card_line.fees_text = "The bank adds 1 %"
        page = self.open_link(self.statement_link())
        self.assertEqual(
            [(name, fees) for name, fees, _logos in self._shown(page)],
            [("Bank transfer", ""), ("Card", "The bank adds 1 %")],
        )

    def test_one_method_alone_shows_its_fees_too(self):
        self.other_line.active = False
        self.card_line.write({'name': "Credit or debit card", 'fees_text': "No fee"})
        text = self.text(self.open_link(self.create_link(self.create_invoice())))
        self.assertIn("You pay with Credit or debit card No fee", text)

    def test_an_app_with_several_ways_keeps_them_apart(self):
        second = self.payment_method.copy({'name': "Second way", 'code': 'second-way'})
        self.dummy_provider.payment_method_ids = [Command.link(second.id)]
        second.active = True
        self.other_line.name = "Bank"
        names = {name for name, _fees, _logos in self._shown(
            self.open_link(self.create_link(self.create_invoice())))}
        self.assertEqual(
            names, {f"Bank: {self.payment_method.name}", "Bank: Second way", "Card"})

    def test_two_apps_without_a_name_are_told_apart_by_their_own(self):
        self.dummy_provider.payment_method_ids = self.card
        names = [name for name, _fees, _logos in self._shown(
            self.open_link(self.create_link(self.create_invoice())))]
        self.assertEqual(names, ["Card, Dummy Provider", "Card, Credicorp Bank"])

    def test_names_and_fees_are_in_the_customers_language(self):
        self.speak_spanish()
        self.card_line.write({'name': "Card of yours", 'fees_text': "No fee"})
        self.card_line.with_context(lang='es_PA').write({
            'name': "Tarjeta suya", 'fees_text': "Sin recargo"})
        shown = self._shown(self.open_link(self.create_link(self.create_invoice())))
        self.assertEqual(shown[1][:2], ("Tarjeta suya", "Sin recargo"))

    def test_a_change_shows_at_once(self):
        link = self.create_link(self.create_invoice())
        self.assertEqual(self._shown(self.open_link(link))[1][0], "Card")
        self.card_line.name = "Renamed"
        self.assertEqual(self._shown(self.open_link(link))[1][0], "Renamed")

    def test_the_logos_need_no_further_request(self):
        page = self.open_link(self.create_link(self.create_invoice()))
        logos = self.tree(page).xpath('//label//img/@src')
        self.assertTrue(logos)
        self.assertTrue(all(logo.startswith('data:') for logo in logos))

    def test_the_buttons_of_the_mail_have_names_fees_and_logos_in_order(self):
        self.other_line.name = "Bank transfer"
        self.card_line.fees_text = "The bank adds 1 %"
        link = self.statement_link()
        [section] = link._statement_sections()
        first, second = section['buttons']
        self.assertEqual(first['name'], "Bank transfer")
        self.assertEqual((second['name'], second['fees']), ("Card", "The bank adds 1 %"))
        link._send()
        [mail] = self.outbox('mail_template_statement')
        body = mail.body_html
        self.assertLess(body.index("Bank transfer"), body.index("The bank adds 1 %"))
        self.assertTrue(second['logos'])
        for logo in second['logos']:
            self.assertIn(logo, body)
            image = self.url_open(logo.removeprefix(link._base_url()))
            self.assertEqual(image.status_code, 200)
            self.assertTrue(image.headers['Content-Type'].startswith('image/'))
