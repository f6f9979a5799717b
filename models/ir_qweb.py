from odoo import models
from odoo.tools import ormcache


class IrQweb(models.AbstractModel):
    _inherit = 'ir.qweb'

    @ormcache('bundle', cache='assets')
    def _email_pay_style(self, bundle):
        """The style sheet of a bundle, to stand in the page: the browser need not ask for it."""
        return self.sudo()._get_asset_bundle(bundle, js=False).css().raw.decode()
