from odoo import api, models
from odoo.tools import convert_file

# Each has a file of demo data for the demo company of its localization.
DEMO_COUNTRIES = ('pa', 'cr', 'cl', 'br')


class ResCompany(models.Model):
    _inherit = 'res.company'

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        self.env['email.pay.portal']._create_missing()
        return companies

    @api.model
    def _email_pay_load_demo(self):
        """Load the demo data of each country whose localization is installed."""
        for country in DEMO_COUNTRIES:
            if self.env.ref(f'base.demo_company_{country}', raise_if_not_found=False):
                convert_file(
                    self.env, 'email_pay', f'demo/{country}.xml', idref={}, mode='init',
                    noupdate=True,
                )
