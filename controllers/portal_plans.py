from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal


class EmailPayPlansPortal(CustomerPortal):

    def _prepare_home_portal_values(self, counters):
        """Override of `portal`: *My account* shows *Instalments* to whom something is collected
        in them."""
        values = super()._prepare_home_portal_values(counters)
        if 'email_pay_plans' in counters:
            customer = request.env.user.partner_id.commercial_partner_id.sudo()
            values['email_pay_plans'] = len(request.env['email.pay.plan']._of_customer(customer))
        return values
