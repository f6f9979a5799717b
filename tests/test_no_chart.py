from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .company_common import CompanyCommon


@tagged('post_install', '-at_install')
class TestNoChart(CompanyCommon):
    """A company whose chart of accounts nobody has chosen yet: it is said, and nothing breaks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fresh = cls.env['res.company'].create({'name': "Fresh"})
        cls.env.user.company_ids += cls.fresh
        cls.env = cls.env(context={**cls.env.context, 'allowed_company_ids': cls.fresh.ids})
        cls.fresh_portal = cls.env['email.pay.portal']._for_company(cls.fresh)
        cls.fresh_app = cls.env['payment.provider'].search(
            [('code', '=', 'credicorp'), ('company_id', '=', cls.fresh.id)])

    def test_the_form_of_an_app_says_what_is_missing(self):
        self.assertIn("chart of accounts", Form(self.fresh_app).email_pay_lacks_chart)
        self.assertFalse(Form(self.credicorp).email_pay_lacks_chart)

    def test_what_is_missing_is_said_before_it_can_be_offered(self):
        self.fresh_app.write({**self.merchant_keys, 'state': 'test'})
        self.assertFalse(self.fresh_app.journal_id)
        with self.assertRaisesRegex(ValidationError, "Fresh has no chart of accounts"):
            self.offer(self.fresh_app, portal=self.fresh_portal)

    def test_a_journal_that_was_made_by_hand_will_do(self):
        journal = self._create_collections_journal(self.fresh)
        self.fresh_app.write({**self.merchant_keys, 'state': 'test', 'journal_id': journal.id})
        self.offer(self.fresh_app, portal=self.fresh_portal)
        self.fresh_portal.enabled = True
        self.assertFalse(self.fresh_portal.missing)

    def test_every_screen_opens(self):
        menus = self.env['ir.ui.menu'].search([('id', 'child_of', [
            self.env.ref('email_pay.menu_email_pay').id,
            self.env.ref('email_pay.menu_email_pay_configuration').id,
        ]), ('action', '!=', False)])
        self.assertTrue(menus)
        for menu in menus:
            with self.subTest(menu.complete_name):
                self.open_screen(menu.action)

    def open_screen(self, action):
        """Ask for what the web client asks for when a menu is clicked."""
        if action._name == 'ir.actions.server':
            self.assertTrue(action.run())
            return
        if action._name == 'ir.actions.client':
            self.assertEqual(action.tag, 'email_pay.overview')
            self.assertTrue(self.env['email.pay.overview'].read_overview())
            return
        model = self.env[action.res_model]
        self.assertTrue(model.get_views(action.views)['views'])
        model.web_search_read([], {'display_name': {}})

    def test_every_job_runs(self):
        jobs = self.env['ir.model.data'].search([
            ('module', '=', 'email_pay'), ('model', '=', 'ir.cron')])
        self.assertTrue(jobs)
        for job in jobs:
            with self.subTest(job.name), self.own_cursor() as env:
                env['ir.cron'].browse(job.res_id).method_direct_trigger()

    def test_an_invoice_is_refused_by_odoo_itself(self):
        with self.assertRaisesRegex(UserError, "journal"):
            self.env['account.move'].create({
                'move_type': 'out_invoice', 'partner_id': self.customer.id,
                'company_id': self.fresh.id,
            })
