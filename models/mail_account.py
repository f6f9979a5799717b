from odoo import _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_normalize, formataddr
from odoo.tools.mail import email_split_tuples

PURPOSES = [
    ('supplier', "Electronic invoicing and supplier payment notices"),
    ('collection', "Customer collection notices"),
]


class IrMailServer(models.Model):
    """A mail account: an outgoing server that serves one purpose of one company, and no other."""

    _inherit = 'ir.mail_server'

    email_pay_purpose = fields.Selection(
        PURPOSES, string="Purpose", index='btree_not_null',
        help="Which mails of the company go out through this account. Other mails never do.",
    )
    email_pay_company_id = fields.Many2one(
        'res.company', string="Company", ondelete='cascade', index='btree_not_null',
        help="Whose mails these are. Branches without an account of their own use it too.",
    )
    email_pay_sender = fields.Char(
        string="Sender",
        help="The address from which the mails come. Most providers only accept the user's own.",
    )
    email_pay_reply_to = fields.Char(
        string="Answers Go to", help="Where answers to the mails go. Empty: to the sender.",
    )

    _email_pay_one_per_purpose = models.UniqueIndex(
        "(email_pay_company_id, email_pay_purpose)"
        " WHERE email_pay_purpose IS NOT NULL AND active",
        "This company has a mail account for this purpose already.",
    )
    _email_pay_has_company = models.Constraint(
        'CHECK(email_pay_purpose IS NULL OR'
        ' email_pay_company_id IS NOT NULL AND email_pay_sender IS NOT NULL)',
        "A mail account needs a company and a sender.",
    )

    @api.constrains('email_pay_sender', 'email_pay_reply_to')
    def _check_email_pay_addresses(self):
        for account in self:
            for text in filter(None, (account.email_pay_sender, account.email_pay_reply_to)):
                if not email_normalize(text):
                    raise ValidationError(_("“%s” is not an e-mail address.", text))

    def _find_mail_server_allowed_domain(self):
        """Override of `base`: an account is nobody's default server."""
        return super()._find_mail_server_allowed_domain() & fields.Domain(
            'email_pay_purpose', '=', False)

    def _email_pay_serves(self, company):
        """Whether this account is the one of `company`, or of a company that it is a branch of."""
        return self.email_pay_company_id in company.parent_ids

    def _email_pay_from(self):
        """The sender with a name: the one that was typed with it, else the company's."""
        [(name, address)] = email_split_tuples(self.email_pay_sender)[:1]
        return formataddr((name or self.email_pay_company_id.name, address))


class ResCompany(models.Model):
    _inherit = 'res.company'

    def _email_pay_mail_account(self, purpose):
        """The mail account (sudo) of this company for `purpose`, or the nearest one of the
        companies that it is a branch of."""
        self.ensure_one()
        companies = self.sudo().parent_ids
        accounts = self.env['ir.mail_server'].sudo().search([
            ('email_pay_purpose', '=', purpose), ('email_pay_company_id', 'in', companies.ids),
        ])
        return accounts.sorted(
            lambda account: companies.ids.index(account.email_pay_company_id.id))[-1:]

    def _email_pay_mail_values(self, purpose):
        """The `email_values` with which `mail.template.send_mail` sends through the company's
        account for `purpose`: 'collection' or 'supplier'. Without one the default server sends.
        """
        account = self._email_pay_mail_account(purpose)
        if not account:
            return {}
        values = {
            'mail_server_id': account.id,
            'email_from': account._email_pay_from(),
            'record_company_id': self.id,
        }
        if account.email_pay_reply_to:
            values['reply_to'] = account.email_pay_reply_to
        return values
