from odoo import _, api, fields, models
from odoo.fields import Command


class EmailPayMethodChoice(models.TransientModel):
    """A payment app that a company can offer to its customers, or what it lacks yet.

    Who keeps the books chooses among these: the apps themselves are an administrator's.
    """

    _name = 'email.pay.method.choice'
    _description = 'Choice of a Payment Method'
    _order = 'id'

    portal_id = fields.Many2one('email.pay.portal', readonly=True, ondelete='cascade')
    provider_id = fields.Many2one('payment.provider', readonly=True, ondelete='cascade')
    name = fields.Char(related='provider_id.name', string="App")
    image = fields.Image(related='provider_id.image_128')
    missing = fields.Char(string="To Do", readonly=True)
    is_offered = fields.Boolean(readonly=True, help="As one payment.")
    free_mode = fields.Char(readonly=True, help="In which it can become a recurring credit.")

    @api.model
    def _create_for(self, portal):
        """A choice for each payment app of the portal's company that can be offered, as one payment
        or as a recurring credit, and is not yet."""
        choices = [self._choice(portal, provider) for provider in self._apps(portal)]
        return self.create(sorted(
            (choice for choice in choices if choice['free_mode'] or not choice['is_offered']),
            key=lambda choice: (bool(choice['missing']), choice['is_offered']),
        ))

    @api.model
    def _create_to_set_up(self, portal):
        """A choice for each payment app of the portal's company, those of this add-on first."""
        apps = self._apps(portal).sorted('email_pay_is_gateway', reverse=True)
        return self.create([self._choice(portal, app) for app in apps])

    @api.model
    def _apps(self, portal):
        return portal.env['payment.provider'].sudo().search([
            ('company_id', 'parent_of', portal.company_id.ids),
            ('code', 'not in', ('none', 'custom')), ('module_state', '!=', 'uninstalled'),
        ])

    @api.model
    def _choice(self, portal, provider):
        lines = portal.method_ids.filtered(lambda line: line.provider_id == provider)
        taken = lines.filtered(lambda line: line.kind == 'recurring').mapped('recurring_mode')
        modes = provider._email_pay_recurring_modes()
        return {
            'portal_id': portal.id,
            'provider_id': provider.id,
            'missing': ' '.join(provider._email_pay_missing()),
            'is_offered': 'single' in lines.mapped('kind'),
            'free_mode': next((mode for mode in modes if mode not in taken), False),
        }

    def action_add(self):
        """Offer this app, and go back to the settings."""
        self.ensure_one()
        self.portal_id._add_method(self.provider_id)
        return {'type': 'ir.actions.act_window_close'}

    def action_add_recurring(self):
        """Collect in instalments with this app, and go back to the settings."""
        self.ensure_one()
        most = self.provider_id.sudo()._email_pay_most_installments(self.free_mode)
        self.portal_id._add_method(
            self.provider_id, kind='recurring', recurring_mode=self.free_mode,
            **({'max_installments': most} if most else {}),
        )
        return {'type': 'ir.actions.act_window_close'}

    def action_choose(self):
        """Set this app up."""
        self.ensure_one()
        self.portal_id.chosen_provider_id = self.provider_id
        return {'type': 'ir.actions.act_window_close'}

    def action_set_up(self):
        """The form of the app, from which the way back leads to the settings."""
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window', 'name': _("Payment App"),
            'res_model': 'payment.provider', 'res_id': self.provider_id.id,
            'views': [(False, 'form')],
        }


class EmailPayPortal(models.Model):
    _inherit = 'email.pay.portal'

    def action_add_method(self):
        """The payment apps that can be offered, and what the others lack."""
        self.ensure_one()
        self.check_access('write')
        choices = self.env['email.pay.method.choice']._create_for(self)
        return {
            'type': 'ir.actions.act_window', 'name': _("Add a Payment Method"),
            'res_model': choices._name, 'views': [(False, 'kanban')], 'target': 'new',
            'domain': [('id', 'in', choices.ids)],
        }

    def _add_method(self, provider, **values):
        """Offer `provider` after all others."""
        last = max(self.method_ids.mapped('sequence'), default=0)
        self.method_ids = [Command.create({
            'provider_id': provider.id, 'sequence': last + 10, **values,
        })]
