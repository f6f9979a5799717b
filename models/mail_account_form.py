from dataclasses import astuple
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize, hmac
from odoo.tools.mail import email_domain_extract

from ..smtp import PRESETS, Problem, Settings, open_session, preset_of_address, preset_of_host
from .mail_account_words import explain

# The whole test, whatever the server does, in less than 15 seconds.
TEST_SECONDS = 14
PROOF_SCOPE = 'email_pay.mail_account.proof'
# A password that was saved is for these, and goes nowhere else.
PASSWORD_IS_FOR = ('smtp_host', 'smtp_user')
PORTS = {'none': 25, 'starttls': 587, 'starttls_strict': 587, 'ssl': 465, 'ssl_strict': 465}


class IrMailServer(models.Model):
    """The form of a mail account: filled from the address, and tested before it is saved."""

    _inherit = 'ir.mail_server'

    email_pay_provider = fields.Selection(
        [('gmail', "Gmail"), ('office365', "Microsoft 365"), ('outlook', "Outlook.com"),
         ('zoho', "Zoho"), ('zoho_eu', "Zoho in Europe"), ('yahoo', "Yahoo"),
         ('other', "Another one")],
        string="Mail Provider", compute='_compute_email_pay_provider', readonly=False,
        help="Fills in the server, the port and the encryption.",
    )
    email_pay_password = fields.Char(
        string="New Password", compute='_compute_email_pay_password',
        inverse='_inverse_email_pay_password', groups='base.group_system',
        help="Nobody can read a password that was saved, only replace it.",
    )
    email_pay_password_hint = fields.Char(
        compute='_compute_email_pay_password_hint', compute_sudo=True)
    email_pay_bounce_hint = fields.Char(
        compute='_compute_email_pay_bounce_hint', compute_sudo=True)
    email_pay_proof = fields.Char(
        store=False, help="That these very settings passed the test before they were saved.")

    # === COMPUTE METHODS === #

    @api.depends('smtp_host')
    def _compute_email_pay_provider(self):
        for account in self:
            account.email_pay_provider = preset_of_host(account.smtp_host or '') or 'other'

    def _compute_email_pay_password(self):
        self.email_pay_password = False

    def _inverse_email_pay_password(self):
        for account in self.filtered('email_pay_password'):
            account.sudo().email_pay_secret = account.email_pay_password
        self.invalidate_recordset(['email_pay_password'], flush=False)

    @api.depends('smtp_host', 'smtp_user', 'email_pay_secret')
    @api.depends_context('lang')
    def _compute_email_pay_password_hint(self):
        for account in self:
            saved = account._origin
            kept = saved.email_pay_secret and not saved._email_pay_moves_password(
                {name: account[name] for name in PASSWORD_IS_FOR})
            account.email_pay_password_hint = (
                _("Kept. Type here to replace it") if kept else _("Type the password"))

    @api.depends('from_filter', 'email_pay_sender', 'email_pay_company_id.bounce_email')
    @api.depends_context('lang')
    def _compute_email_pay_bounce_hint(self):
        for account in self:
            account.email_pay_bounce_hint = account._email_pay_bounce_hint(
                account.email_pay_company_id.bounce_email)

    def _email_pay_bounce_hint(self, bounce):
        """Where mails that cannot be delivered come back to, and what is to do about it."""
        if not bounce:
            return _("What cannot be delivered comes back to the mailbox of the sender. Let Odoo"
                     " read that mailbox, so that it marks those addresses.")
        if self._match_from_filter(bounce, self._email_pay_may_send_as()):
            return _("What cannot be delivered comes back to Odoo, at %s.", bounce)
        return _("What cannot be delivered comes back to the mailbox of the sender. So that Odoo"
                 " marks those addresses, enter %(bounce)s under “May Also Send as”, where the"
                 " server allows it. Otherwise redirect such reports from the mailbox to"
                 " %(bounce)s, or let Odoo read the mailbox.", bounce=bounce)

    # === FILLING IN === #

    @api.onchange('email_pay_sender')
    def _onchange_email_pay_sender(self):
        address = email_normalize(self.email_pay_sender or '')
        if not address:
            return
        if not self._origin.smtp_user:
            self.smtp_user = address
        preset = preset_of_address(address)
        if preset and not self._origin.smtp_host:
            self.email_pay_provider = preset
            self._onchange_email_pay_provider()

    @api.onchange('email_pay_provider')
    def _onchange_email_pay_provider(self):
        if (preset := PRESETS.get(self.email_pay_provider)) and (
                preset_of_host(self.smtp_host or '') != self.email_pay_provider):
            self.smtp_host = preset.host
            self.smtp_encryption = preset.encryption
            self.smtp_port = preset.port

    @api.onchange('smtp_encryption')
    def _onchange_encryption(self):
        """Override of `base`, whose ports are those of mail that does not sign in."""
        if not self.email_pay_purpose:
            return super()._onchange_encryption()
        if self.smtp_port in (0, *PORTS.values()):
            self.smtp_port = PORTS[self.smtp_encryption]
        return None

    @api.onchange('smtp_port')
    def _onchange_email_pay_port(self):
        if not self.email_pay_purpose:
            return
        if self.smtp_port == 465 and not self.smtp_encryption.startswith('ssl'):
            self.smtp_encryption = 'ssl_strict'
        elif self.smtp_port == 587 and not self.smtp_encryption.startswith('starttls'):
            self.smtp_encryption = 'starttls_strict'

    # === TESTING === #

    def email_pay_test(self, changes):
        """Connect, log in and send the user a mail, with the settings as they stand in the form.

        :param dict changes: what is in the form and not saved.
        :return: how it went, for a message to the user; with the proof of it while there is
            something to save.
        """
        self.check_access('write')
        values = self._email_pay_values() | {
            name: value for name, value in changes.items() if name in self._email_pay_names()}
        if self._email_pay_moves_password(values) and not values.get('email_pay_password'):
            return self._email_pay_failed(
                _("Type the password again, since it is for another server or user."))
        values['email_pay_secret'] = (
            values.pop('email_pay_password', None) or self.sudo().email_pay_secret or '')
        try:
            settings = self._email_pay_settings(values)
            self._email_pay_try(settings, values)
        except UserError as error:
            return self._email_pay_failed(str(error))
        except Problem as problem:
            return self._email_pay_failed(explain(self.env, problem, settings))
        return self._email_pay_passed(values)

    def _email_pay_failed(self, message):
        return {'type': 'danger', 'title': _("It does not work yet"), 'message': message}

    def _email_pay_passed(self, values):
        answer = {
            'type': 'success',
            'title': _("Configuration correct"),
            'message': _("A test message is on its way to %s.", self.env.user.email),
        }
        proof = self._email_pay_prove(values)
        if self and proof == self._email_pay_prove():
            self._email_pay_tested()
            return answer
        return answer | {'proof': proof}

    def _email_pay_try(self, settings, values):
        user = self.env.user
        sender = email_normalize(values['email_pay_sender'] or '')
        if not sender:
            raise UserError(_("Enter the sender."))
        if not user.email_normalized:
            raise UserError(_("Your user has no e-mail address, to which the test message could be"
                              " sent. Enter it in your preferences."))
        session = open_session(settings, TEST_SECONDS)
        try:
            session.send_message(
                self._email_pay_test_message(sender), sender, [user.email_normalized])
        except Exception as error:
            raise (session.problem or error) from error
        finally:
            session.close()

    def _email_pay_test_message(self, sender):
        message = EmailMessage()
        message['From'] = sender
        message['To'] = self.env.user.email_normalized
        message['Subject'] = _("Test of your mail account")
        message['Date'] = formatdate()
        message['Message-Id'] = make_msgid(domain=email_domain_extract(sender))
        message['Auto-Submitted'] = 'auto-generated'
        message.set_content(_("The mail account %s works: Odoo can send mails with it.", sender))
        return message

    # === PROOF OF A TEST === #

    @api.model
    def _email_pay_names(self):
        """The fields that a test is about."""
        return (
            'smtp_host', 'smtp_port', 'smtp_encryption', 'smtp_user', 'email_pay_sender',
            'email_pay_password',
        )

    def _email_pay_values(self):
        return {name: self[name] for name in self._email_pay_names()}

    def _email_pay_saved_values(self):
        return self._email_pay_values() | {'email_pay_secret': self.sudo().email_pay_secret}

    def _email_pay_saved_settings(self):
        return self._email_pay_settings(self.sudo()._email_pay_saved_values())

    def _email_pay_prove(self, values=None):
        """What only the server can say of settings, which it says when they pass the test."""
        if values is None:
            values = self._email_pay_saved_values()
        settings = self._email_pay_settings(values)
        return hmac(self.sudo().env, PROOF_SCOPE, repr((
            *astuple(settings), email_normalize(values['email_pay_sender'] or ''))))

    def _email_pay_moves_password(self, values):
        """Whether a saved password would go to another server, or be tried with another user."""
        return bool(self.sudo().email_pay_secret) and any(
            self[name] != values[name] for name in PASSWORD_IS_FOR)

    @api.model
    def _email_pay_settings(self, values):
        return Settings(
            host=(values['smtp_host'] or '').strip(), port=values['smtp_port'] or 0,
            encryption=values['smtp_encryption'], user=values['smtp_user'] or '',
            password=values['email_pay_secret'] or '',
        )
