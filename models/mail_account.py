from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import consteq, email_normalize, formataddr
from odoo.tools.mail import email_split_tuples

from ..smtp import Problem, open_session
from .mail_account_words import explain, label_of

# For connecting and signing in when mails are sent.
OPEN_SECONDS = 20

PURPOSES = [
    ('supplier', "Electronic invoicing and supplier payment notices"),
    ('collection', "Customer collection notices"),
]


class IrMailServer(models.Model):
    """A mail account: an outgoing server that serves one purpose of one company, and no other."""

    _name = 'ir.mail_server'
    _inherit = ['ir.mail_server', 'email.pay.attention']

    email_pay_purpose = fields.Selection(
        PURPOSES, string="Purpose", index='btree_not_null',
        help="Which mails of the company go out through this account. Other mails never do.",
    )
    email_pay_company_id = fields.Many2one(
        'res.company', string="Company", ondelete='cascade', index='btree_not_null',
        default=lambda self: self.env.context.get('email_pay_account') and self.env.company,
        help="Whose mails these are. Branches without an account of their own use it too.",
    )
    email_pay_sender = fields.Char(
        string="Sender",
        help="The address from which the mails come. Most providers only accept the user's own.",
    )
    email_pay_reply_to = fields.Char(
        string="Answers Go to", help="Where answers to the mails go. Empty: to the sender.",
    )

    email_pay_fallback = fields.Boolean(
        string="Use Default on Failure",
        help="While this account does not work, its mails leave by the default server. Otherwise"
             " they wait in the outbox. Mails of an archived or deleted account always leave by the"
             " default server.",
    )
    email_pay_secret = fields.Char(string="Kept Password", groups=fields.NO_ACCESS, copy=False)
    email_pay_tested_at = fields.Datetime(
        string="Last Success", readonly=True, copy=False,
        help="When these settings last passed the test, or a mail left by them.",
    )
    email_pay_failing_since = fields.Datetime(string="Failing Since", readonly=True, copy=False)
    email_pay_failure = fields.Text(string="What Is Wrong", readonly=True, copy=False)
    email_pay_told = fields.Boolean(
        readonly=True, copy=False, help="Whether somebody was asked to look at the failure.")
    email_pay_status = fields.Selection(
        [('failing', "Fails"), ('untested', "Not tested"), ('works', "Works")],
        string="Status", compute='_compute_email_pay_status',
    )
    email_pay_waiting = fields.Integer(
        string="Waiting", compute='_compute_email_pay_waiting', compute_sudo=True,
        help="Mails in the outbox that are to leave by this account.",
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

    # === COMPUTE METHODS === #

    @api.depends('email_pay_failing_since', 'email_pay_tested_at')
    def _compute_email_pay_status(self):
        for account in self:
            works = 'works' if account.email_pay_tested_at else 'untested'
            account.email_pay_status = 'failing' if account.email_pay_failing_since else works

    def _compute_email_pay_waiting(self):
        waiting = dict(self.env['mail.mail']._read_group(
            [('mail_server_id', 'in', self.ids), ('state', '=', 'outgoing')],
            ['mail_server_id'], ['__count'],
        ))
        for account in self:
            account.email_pay_waiting = waiting.get(account._origin, 0)

    # === CONSTRAINTS === #

    @api.constrains('email_pay_sender', 'email_pay_reply_to')
    def _check_email_pay_addresses(self):
        for account in self:
            for text in filter(None, (account.email_pay_sender, account.email_pay_reply_to)):
                if not email_normalize(text):
                    raise ValidationError(_("“%s” is not an e-mail address.", text))

    @api.constrains('email_pay_purpose', 'smtp_authentication')
    def _check_email_pay_authentication(self):
        for account in self.filtered('email_pay_purpose'):
            if account.smtp_authentication != 'login':
                field = self._fields['smtp_authentication']
                raise ValidationError(
                    _("A mail account signs in with a user and a password, or without. Choose"
                      " “%(choice)s” under “%(field)s”.",
                      choice=label_of(self.env, field.name, 'login'),
                      field=field._description_string(self.env)))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        servers = super().create([
            {'name': vals.get('email_pay_sender'), **vals} for vals in vals_list])
        for server, vals in zip(servers, vals_list, strict=True):
            if server.email_pay_purpose:
                server._email_pay_settings_saved(vals)
        return servers

    def write(self, vals):
        """Override of `base`: settings that changed are not tested any more, and a password is not
        handed to another server."""
        watched = (*self._email_pay_names(), 'smtp_pass', 'email_pay_purpose')
        before = {
            account: (
                account.email_pay_purpose, account._email_pay_values(), account._email_pay_prove())
            for account in self.sudo()
            if not vals.keys().isdisjoint(watched) and (
                account.email_pay_purpose or account.email_pay_secret
                or vals.get('email_pay_purpose'))
        }
        result = super().write(vals)
        for account, (purpose, values, proof) in before.items():
            moved = account._email_pay_moves_password(values) and not vals.get('email_pay_password')
            if moved or not account.email_pay_purpose:
                account.email_pay_secret = False
            if account.email_pay_purpose and (
                    not purpose or account.smtp_pass or account._email_pay_prove() != proof):
                account._email_pay_settings_saved(vals)
        return result

    def _email_pay_settings_saved(self, vals):
        """New settings: the password goes where nobody reads it, they are tested when the test went
        before, and the mails that wait are tried with them."""
        account = self.sudo()
        if account.smtp_pass:
            account.email_pay_secret = account.smtp_pass
            account.smtp_pass = False
        account.name = account.email_pay_sender
        if consteq(vals.get('email_pay_proof') or '', account._email_pay_prove()):
            account._email_pay_tested()
        else:
            account.email_pay_tested_at = False
        account._email_pay_release()

    # === SENDING === #

    @api.model
    def name_search(self, name='', domain=None, operator='ilike', limit=100):
        """Override: nobody is offered an account for other mails, such as mailings."""
        others = fields.Domain('email_pay_purpose', '=', False)
        return super().name_search(
            name, others & fields.Domain(domain or fields.Domain.TRUE), operator, limit)

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

    def _connect__(self, *args, mail_server_id=None, allow_archived=False, smtp_from=None,
                   **kwargs):
        """Override of `base`, whose sessions wait for as long as a server likes."""
        account = self.sudo().browse(mail_server_id or [])
        if not account._email_pay_by_password() or self._disable_send():
            return super()._connect__(
                *args, mail_server_id=mail_server_id, allow_archived=allow_archived,
                smtp_from=smtp_from, **kwargs)
        self._check_forced_mail_server(account, allow_archived, smtp_from)
        try:
            return account._email_pay_open(smtp_from)
        except Problem as problem:
            settings = account._email_pay_saved_settings()
            raise UserError(explain(self.env, problem, settings)) from problem

    def _email_pay_by_password(self):
        return bool(self.email_pay_purpose) and self.smtp_authentication == 'login'

    def _email_pay_open(self, smtp_from):
        """A session as Odoo's `_send` expects it.

        :raises Problem: the account does not work.
        """
        session = open_session(self._email_pay_saved_settings(), OPEN_SECONDS)
        # Bounces go to the sender; to Odoo only where the server is said to allow its address.
        session.from_filter = self._email_pay_may_send_as()
        session.smtp_from = smtp_from
        return session

    def _email_pay_may_send_as(self):
        return self.from_filter or email_normalize(self.email_pay_sender or '')


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
        sender = account._email_pay_from()
        return {
            'mail_server_id': account.id,
            'email_from': sender,
            'reply_to': account.email_pay_reply_to or sender,
            'record_company_id': self.id,
        }
