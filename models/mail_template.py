from odoo import models


class MailTemplate(models.Model):
    _inherit = 'mail.template'

    def _email_pay_send(self, record, purpose='collection', **email_values):
        """Put the mail about `record` in the outbox, in the look of Email Pay, to leave by the
        account that its company has for `purpose`; a server chosen on the template comes first.

        :return: the id of the `mail.mail`.
        """
        account = {} if self.mail_server_id else record.company_id._email_pay_mail_values(purpose)
        return self.send_mail(
            record.id, email_layout_xmlid='email_pay.mail_layout',
            email_values={**account, **email_values},
        )
