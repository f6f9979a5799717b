from odoo import models


class MailMail(models.Model):
    _inherit = 'mail.mail'

    def _filter_mail_mail_servers(self, mail_servers):
        """Override of `mail`: an account sends the mails of its company that are meant for it."""
        servers = super()._filter_mail_mail_servers(mail_servers)
        accounts = servers.sudo().filtered('email_pay_purpose').sudo(False)
        return servers - accounts.filtered(lambda account: not self._email_pay_may_use(account))

    def _email_pay_may_use(self, account):
        return all(
            mail.mail_server_id == account
            and account.sudo()._email_pay_serves(mail._email_pay_company())
            for mail in self.sudo()
        )

    def _email_pay_company(self):
        """Whose mail this is: what it was made for says it, else the record that it is about."""
        if self.record_company_id or not (self.model and self.res_id):
            return self.record_company_id
        record = self.env[self.model].browse(self.res_id).exists()
        return self.record_company_id.union(*record._mail_get_companies().values())
