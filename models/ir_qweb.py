from markupsafe import Markup

from odoo import models
from odoo.tools import ormcache


class IrQweb(models.AbstractModel):
    _inherit = 'ir.qweb'

    @ormcache('bundle', cache='assets')
    def _email_pay_assets(self, bundle):
        """The style sheet and the script of a bundle, to stand in the page: the browser need not
        ask for them."""
        assets = self.sudo()._get_asset_bundle(bundle)
        return Markup(assets.css().raw.decode()), Markup(assets.js().raw.decode())
