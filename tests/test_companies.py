from odoo.tests import tagged

from .company_common import CompanyCommon


@tagged('post_install', '-at_install')
class TestCompanies(CompanyCommon):
    """Companies beside each other, and a branch that collects with what its company has."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env['res.company'].create({
            'name': "Canal Branch", 'parent_id': cls.company.id})
        cls.env.cr.precommit.run()  # its chart of accounts
        cls.env.user.company_ids += cls.branch
        cls.other = cls.setup_other_company(name="Other Supplies")['company']

    def branch_invoice(self):
        return self.env['account.move'].with_context(
            allowed_company_ids=self.branch.ids,
        ).with_company(self.branch).create({
            'move_type': 'out_invoice', 'partner_id': self.customer.id,
            'invoice_line_ids': [(0, 0, {'name': "Work", 'price_unit': 80.0, 'tax_ids': []})],
        })

    def test_a_branch_collects_with_the_app_of_its_company(self):
        invoice = self.branch_invoice()
        invoice.action_post()
        self.assertEqual(invoice.company_id, self.branch)
        link = self.create_link(invoice)
        transaction = self.start_payment(link)
        transaction._set_done()
        transaction._post_process()
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(transaction.payment_id.journal_id, self.collections)

    def test_each_company_has_its_own_apps_settings_and_address(self):
        apps = self.env['payment.provider'].search([
            ('code', '=', 'credicorp'), ('company_id', 'in', (self.company | self.other).ids)])
        self.assertEqual(apps.company_id, self.company | self.other)
        other_portal = self.env['email.pay.portal']._for_company(self.other)
        self.assertNotEqual(other_portal, self.portal)
        self.assertNotEqual(other_portal.slug, self.portal.slug)
        self.assertFalse(other_portal.enabled)
