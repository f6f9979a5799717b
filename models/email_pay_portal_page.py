from odoo import fields, models
from odoo.tools import ormcache
from odoo.tools.image import image_data_uri


class EmailPayPortal(models.Model):
    """What a company says and shows of its own on the pages of its customers."""

    _inherit = 'email.pay.portal'

    logo = fields.Image(
        max_width=1024, max_height=512,
        help="Shown to customers, and in the middle of the QR code. Empty: the company's own.",
    )
    logo_web = fields.Image(
        string="Logo on Pages", related='logo', max_width=360, max_height=88, store=True,
    )
    welcome_text = fields.Text(
        string="Welcome", translate=True,
        help="What customers read first, above what they owe.",
    )
    help_text = fields.Text(
        string="Help", translate=True,
        help="What customers read at the bottom of every page, for example when you answer calls.",
    )

    @ormcache('self.id')
    def _own_logo(self):
        """The logo of these settings for the top of a page, as a data URI; False when they have
        none. Cached: most have none."""
        return self.logo_web and image_data_uri(self.logo_web)

    def _qr_logo(self):
        """The picture for the middle of a QR code; False when there is none."""
        company = self.company_id
        return self.logo or (not company.uses_default_logo and company.logo)
