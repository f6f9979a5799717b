from collections import defaultdict

from odoo import _, api, fields, models
from odoo.exceptions import RedirectWarning, UserError


class ResPartner(models.Model):
    """The statement of account of a customer: sent, or its link copied."""

    _inherit = 'res.partner'

    email_pay_can_send = fields.Boolean(compute='_compute_email_pay_can_send')

    @api.depends('commercial_partner_id')
    @api.depends_context('company')
    def _compute_email_pay_can_send(self):
        may_send = self.env.user.has_group('account.group_account_invoice')
        enabled = may_send and self._email_pay_portal().enabled
        for partner in self:
            partner.email_pay_can_send = bool(enabled and partner.customer_rank)

    @api.model
    def _email_pay_portal(self):
        return self.env['email.pay.portal']._for_company(self.env.company)

    def _email_pay_statement_address(self):
        """Where the statements of a customer go: to its contact for invoices, else to itself."""
        customer = self.commercial_partner_id
        contact = self.browse(customer.address_get(['invoice'])['invoice'])
        return contact.email_normalized or customer.email_normalized

    def _email_pay_statement_obstacles(self, company, addresses=True):
        """Why each customer cannot get a statement, as a sentence; '' when it can."""
        if not self.env['email.pay.portal']._for_company(company).enabled:
            reason = _("Email Pay is not enabled for %s.", company.display_name)
            return dict.fromkeys(self, reason)
        statements = self.env['email.pay.statement']._all(company, self)
        return {
            partner: partner._email_pay_statement_obstacle(statements.get(partner), addresses)
            for partner in self
        }

    def _email_pay_statement_obstacle(self, statement, addresses=True):
        if not statement or not statement.anything_due:
            return _("Nothing is due.")
        if addresses and not self._email_pay_statement_address():
            return _("The customer has no valid e-mail address.")
        return ''

    # === THE BUTTONS === #

    def action_send_statement(self):
        """Mail the statement with its *Pay online* buttons. One: at once; many: queued."""
        self._email_pay_check_accountant()
        customers = self.commercial_partner_id
        if len(customers) != 1:
            return customers._email_pay_queue_statements()
        obstacle = customers._email_pay_statement_obstacles(self.env.company, addresses=False)
        if obstacle[customers]:
            raise UserError(obstacle[customers])
        if not customers._email_pay_statement_address():
            raise customers._email_pay_without_address()
        link = self.env['email.pay.link']._for_customer(customers, self.env.company)
        link._send()
        return self._email_pay_notify(_("Statement sent to %s.", link.email), 'success')

    def action_copy_statement_link(self):
        """The link to copy; the browser puts it on the clipboard."""
        self.ensure_one()
        self._email_pay_check_accountant()
        customer = self.commercial_partner_id
        obstacles = customer._email_pay_statement_obstacles(self.env.company, addresses=False)
        if obstacles[customer]:
            raise UserError(obstacles[customer])
        link = self.env['email.pay.link']._for_customer(customer, self.env.company)
        return link._copy_action()

    def _email_pay_check_accountant(self):
        """What a statement shows are journal items, and its link lets whoever has it pay them."""
        self.env['account.move'].check_access('write')
        self.check_access('read')

    def _email_pay_without_address(self):
        """The warning that nothing can be mailed, with a button to the contact."""
        action = {
            'type': 'ir.actions.act_window', 'res_model': 'res.partner', 'res_id': self.id,
            'views': [(False, 'form')],
        }
        return RedirectWarning(
            _("%s has no valid e-mail address.", self.display_name), action, _("Open the contact"),
        )

    # === MANY AT ONCE === #

    def _email_pay_queue_statements(self):
        """Queue the statement of every customer that can have one; say which cannot, and why."""
        skipped = defaultdict(list)
        accepted = self.browse()
        for partner, obstacle in self._email_pay_statement_obstacles(self.env.company).items():
            if obstacle:
                skipped[obstacle].append(partner.display_name)
            else:
                accepted |= partner
        links = self.env['email.pay.link']._for_customers(accepted, self.env.company)
        self.env['email.pay.link'].sudo().union(*links.values())._queue()
        moves = self.env['account.move']
        return self._email_pay_notify(
            moves._email_pay_summary(_("%s statements are on their way.", len(accepted)), skipped),
            'warning' if skipped else 'success',
        )

    def _email_pay_notify(self, message, kind):
        return self.env['account.move']._email_pay_notify(message, kind)
