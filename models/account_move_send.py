from odoo import models


class AccountMoveSend(models.AbstractModel):
    _inherit = 'account.move.send'

    def _send_mail(self, move, mail_template, **kwargs):
        """Override of `account`: what *Send* mails leaves by the account for electronic invoicing,
        unless a server is chosen on its template."""
        account = {}
        if not mail_template.sudo().mail_server_id:
            account = move.company_id._email_pay_mail_values('supplier')
        move = move.with_context(email_pay_account_values=account)
        return super()._send_mail(move, mail_template, **kwargs)


class AccountMove(models.Model):
    _inherit = 'account.move'

    def message_post(self, **kwargs):
        """Override of `mail`, for `_send_mail`, which hands no server over."""
        account = self.env.context.get('email_pay_account_values') or {}
        move = self.with_context(email_pay_account_values=None)
        return super(AccountMove, move).message_post(**kwargs | account)
