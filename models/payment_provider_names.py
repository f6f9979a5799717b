from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

# By what an app can be looked for: no credential is among them.
CHOSEN_BY = ('id', 'name', 'display_name', 'code', 'state', 'company_id')


class PaymentProvider(models.Model):
    """Accountants choose an app by its name; all else of it is for administrators."""

    _inherit = 'payment.provider'

    display_name = fields.Char(compute_sudo=True)

    @api.model
    def name_search(self, name='', domain=None, operator='ilike', limit=100):
        """Override of `base`: whoever may read the Email Pay settings finds the apps of his
        companies by name.

        :raises odoo.exceptions.AccessError: the domain asks for more than is told to him.
        """
        if self.has_access('read') or not self.env['email.pay.portal'].has_access('read'):
            return super().name_search(name, domain, operator, limit)
        domain = Domain(domain or Domain.TRUE)
        if not all(map(_is_harmless, domain.iter_conditions())):
            raise AccessError(self.env._("Only administrators can search payment apps by this."))
        own = Domain('company_id', 'parent_of', self.env.companies.ids)
        return super(PaymentProvider, self.sudo()).name_search(name, domain & own, operator, limit)


def _is_harmless(condition):
    return condition.field_expr in CHOSEN_BY and 'any' not in condition.operator
