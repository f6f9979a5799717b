from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal


class EmailPayHome(CustomerPortal):

    def _prepare_home_portal_values(self, counters):
        """Override of `portal`: *My account* shows *Statement* to whom something is due, and
        *Instalments* to whom something is collected in them."""
        values = super()._prepare_home_portal_values(counters)
        customer = request.env.user.partner_id.commercial_partner_id.sudo()
        if 'email_pay_statements' in counters:
            statements = request.env['email.pay.statement'].sudo()
            values['email_pay_statements'] = len(statements._companies(customer))
        if 'email_pay_plans' in counters:
            values['email_pay_plans'] = len(request.env['email.pay.plan']._of_customer(customer))
        return values
