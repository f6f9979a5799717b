from odoo import _, api, fields, models
from odoo.exceptions import RedirectWarning, UserError


class ResPartner(models.Model):
    """The statement of account of a customer: sent, or its link shared."""

    _name = 'res.partner'
    _inherit = ['res.partner', 'email.pay.sharing']

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

    def _email_pay_address(self):
        """Where the statements of a customer go: to its first contact for invoices that has an
        address, else to itself. The outstanding documents ask the same of the database."""
        return self._email_pay_address_owner().email_normalized

    def _email_pay_address_owner(self):
        """The contact whose address that is."""
        return self._email_pay_contact_with('email_normalized')

    def _email_pay_phone(self):
        """The same for text messages: a number in E.164."""
        return self._email_pay_contact_with('phone_sanitized').phone_sanitized

    def _email_pay_contact_with(self, name):
        customer = self.commercial_partner_id
        contacts = customer.child_ids.filtered(lambda contact: (
            contact.type == 'invoice' and not contact.is_company and contact[name]))
        return contacts[:1] or customer

    def _email_pay_statement_obstacles(self, company, addresses=True, payable=True):
        """Why each customer cannot get a statement, as a sentence; '' when it can.

        :param addresses: whether the lack of an e-mail address is a reason.
        :param payable: whether it is one that nothing of what is due can be paid now.
        """
        if not self.env['email.pay.portal']._for_company(company).enabled:
            reason = _("Email Pay is not enabled for %s.", company.display_name)
            return dict.fromkeys(self, reason)
        statements = self.env['email.pay.statement']._all(company, self)
        return {
            partner: partner._email_pay_statement_obstacle(
                statements.get(partner), addresses, payable)
            for partner in self
        }

    def _email_pay_statement_obstacle(self, statement, addresses=True, payable=True):
        if not statement or not statement.anything_due:
            return _("Nothing is due.")
        if payable and not statement.anything_payable:
            return _("Nothing of what is due can be paid now.")
        if addresses and not self._email_pay_address():
            return _("The customer has no valid e-mail address.")
        return ''

    # === THE BUTTONS === #

    def action_send_statement(self):
        """Mail the statement with its *Pay online* buttons. One: at once; many: queued."""
        self._email_pay_check_accountant()
        customers = self.commercial_partner_id
        if len(customers) != 1:
            return self._email_pay_tell_queued(
                *customers._email_pay_queue('mail'), _("%s statements are on their way."))
        link = customers._email_pay_shared_link()
        if not customers._email_pay_address():
            raise customers._email_pay_without_address()
        link._send()
        return self._email_pay_notify(_("Statement sent to %s.", link.email), 'success')

    def _email_pay_check_accountant(self):
        """What a statement shows are journal items, and its link lets whoever has it pay them."""
        self.env['account.move'].check_access('write')
        self.check_access('read')

    def _email_pay_without_address(self):
        """The warning that nothing can be mailed, with a button to the contact."""
        return RedirectWarning(
            _("%s has no valid e-mail address.", self.display_name), self._email_pay_form_action(),
            _("Open the contact"),
        )

    def _email_pay_form_action(self):
        return {
            'type': 'ir.actions.act_window', 'res_model': 'res.partner', 'res_id': self.id,
            'views': [(False, 'form')],
        }

    def action_send_payment_sms(self):
        """Override: a customer is asked once, whichever of its contacts are selected."""
        return super(ResPartner, self.commercial_partner_id).action_send_payment_sms()

    # === SHARING === #

    def _email_pay_shared_link(self):
        self.ensure_one()
        self._email_pay_check_accountant()
        customer = self.commercial_partner_id._email_pay_in_company()
        # One that an accountant hands out may say only what cannot be paid now.
        obstacles = customer._email_pay_statement_obstacles(
            customer.env.company, addresses=False, payable=False)
        if obstacle := obstacles[customer]:
            raise UserError(obstacle)
        return self.env['email.pay.link']._for_customer(customer, customer.env.company)

    def _email_pay_in_company(self):
        """The customer in the company whose link is meant: where those of all selected companies
        are listed together, the one to which something is due.

        :raises UserError: there are several, and one link pays what is due to one of them.
        """
        if not self.env.context.get('email_pay_all_companies'):
            return self
        found = {
            company: self.env['email.pay.statement'].with_company(company)._all(company, self)
            for company in self.env.companies
        }
        owed = [company for company, statements in found.items()
                if self in statements and statements[self].anything_due]
        if len(owed) > 1:
            raise UserError(_(
                "%(customer)s owes something to several companies: %(companies)s. A payment link is"
                " for one of them. Select only that one at the top right, or share the documents"
                " one by one.", customer=self.display_name,
                companies=', '.join(company.name for company in owed)))
        return self.with_company(owed[0]) if owed else self

    def _email_pay_shared_links(self):
        links = self.env['email.pay.link']
        return links.sudo().union(*links._for_customers(self, self.env.company).values())

    def _email_pay_live_links(self):
        return self.env['email.pay.link'].sudo().search([
            ('scope', '=', 'statement'), ('partner_id', 'in', self.commercial_partner_id.ids),
            ('company_id', '=', self.env.company.id),
        ]).filtered(lambda link: link.state == 'active')

    def _email_pay_unpayable(self):
        return self._email_pay_statement_obstacles(self.env.company, addresses=False)

    def _email_pay_title(self):
        return self.display_name
