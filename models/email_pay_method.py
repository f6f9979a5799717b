from markupsafe import Markup

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

# A payment method has up to dozens of brands; customers know these few.
SHOWN_BRANDS = 4


class EmailPayMethod(models.Model):
    """A payment app that a company offers to its customers, and what they read of it."""

    _name = 'email.pay.method'
    _description = 'Payment Method of a Company'
    _inherit = ['email.pay.cached']
    _check_company_auto = True
    _order = 'sequence, id'

    portal_id = fields.Many2one(
        'email.pay.portal', required=True, readonly=True, index=True, ondelete='cascade',
    )
    company_id = fields.Many2one(related='portal_id.company_id')
    provider_id = fields.Many2one(
        'payment.provider', string="Payment App", required=True, check_company=True, index=True,
        ondelete='cascade',
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(
        string="Offered", default=True, help="Whether customers can pay with it.",
    )
    name = fields.Char(
        string="Name for Customers", translate=True,
        help="What customers read. Empty: what the payment app calls it.",
    )
    fees_text = fields.Char(
        string="Fees", translate=True,
        help="Told to customers below the name, for example “No fee” or “The bank adds 1 %”.",
    )
    # Who keeps the books sees these of an app, which only an administrator may open.
    provider_name = fields.Char(related='provider_id.name', string="App")
    default_name = fields.Char(compute='_compute_default_name', compute_sudo=True)
    logos = fields.Html(compute='_compute_logos', compute_sudo=True, sanitize=False)
    missing = fields.Text(string="To Do", compute='_compute_missing', compute_sudo=True)

    _provider_unique = models.UniqueIndex(
        '(portal_id, provider_id)', "This payment app is among the payment methods already.",
    )

    # === COMPUTE METHODS === #

    @api.depends('provider_id')
    @api.depends_context('lang')
    def _compute_default_name(self):
        for line in self:
            names = [line._own_name(method) for method in line._payment_methods()]
            line.default_name = ', '.join(dict.fromkeys(names)) or line.provider_id.name

    @api.depends('name', 'default_name')
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.name or line.default_name

    @api.depends('provider_id')
    def _compute_logos(self):
        image = Markup(
            '<img src="/web/image/payment.method/%s/image" alt="%s" width="38" height="24"'
            ' class="me-1" style="object-fit: contain"/>'
        )
        for line in self:
            methods = line._payment_methods()
            brands = [brand for method in methods for brand in method._email_pay_brands()]
            line.logos = Markup().join(image % (brand.id, brand.name) for brand in brands)

    @api.depends('provider_id.state', 'provider_id.journal_id')
    def _compute_missing(self):
        for line in self:
            line.missing = line.provider_id and '\n'.join(line.provider_id._email_pay_missing())

    # === CONSTRAINTS === #

    @api.constrains('provider_id', 'active')
    def _check_configured(self):
        for line in self.filtered('active'):
            provider = line.provider_id.sudo()
            if missing := provider._email_pay_missing():
                raise ValidationError(_(
                    "%(app)s cannot be offered yet: %(reason)s",
                    app=provider.name, reason=' '.join(missing),
                ))

    # === WHAT CUSTOMERS READ === #

    def _payment_methods(self):
        return self.provider_id.payment_method_ids.filtered('is_primary')

    def _way_name(self, method, one_of_many):
        """What a way to pay is called: the company's name of it, else its own.

        :param bool one_of_many: the app has other ways, which would get the same name.
        """
        own = self._own_name(method)
        if not self.name:
            return own
        return f'{self.name}: {own}' if one_of_many else self.name

    def _own_name(self, method):
        if self.provider_id._email_pay_flow() == 'inline':
            return self.provider_id.name
        # Odoo's own name of a card is not translated well everywhere: in Brazil it is a notice
        # board.
        return _("Card") if method.code == 'card' else method.name


class PaymentMethod(models.Model):
    _inherit = 'payment.method'

    def _email_pay_brands(self):
        """The payment methods whose logos stand for this one."""
        return self.brand_ids.filtered('active')[:SHOWN_BRANDS] or self
