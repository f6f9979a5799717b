from odoo import _, models
from odoo.fields import Command
from odoo.tools.mail import email_normalize, email_normalize_all, email_split_and_format_normalize

from .email_pay_attention import telling


class MailMail(models.Model):
    """Mails that no server will ever take, or not for all: who sent them is told of whom."""

    _inherit = 'mail.mail'

    def _postprocess_sent_message(self, success_pids, success_emails, failure_reason=False,
                                  failure_type=None):
        """Override of `mail`: what the default server does not take is not tried again."""
        if failure_type and not self.env.context.get('email_pay_stranded'):
            lost = self.filtered(lambda mail: (
                mail.state == 'exception' and not mail.sudo().mail_server_id.email_pay_purpose))
            lost._email_pay_tell_lost()
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type)

    def _email_pay_tell_lost(self):
        """Many mails that failed together are told together, where the record knows how."""
        for reason, mails in self.grouped('failure_reason').items():
            for some in mails.grouped('model').values():
                records = some._email_pay_records()
                if hasattr(records, '_email_pay_mails_refused') and len(records) > 1:
                    some._email_pay_tell(records, '_email_pay_mails_refused', reason)
                else:
                    for mail in some:
                        mail._email_pay_tell_refused(reason)

    def _email_pay_records(self):
        """What these mails of one model are about; None when it is not there any more."""
        model = self[:1].model
        if model not in self.env:
            return None
        ids = dict.fromkeys(filter(None, self.mapped('res_id')))
        return self.env[model].sudo().browse(ids).exists() or None

    # === GIVEN UP === #

    def _email_pay_give_up(self, reason, left=False):
        """The server will never take this mail: it stays as failed, and who sent it is told.

        :param left: whether it took it for some of the recipients.
        """
        self.sudo().failure_reason = reason
        self._email_pay_mark_notifications(reason)
        self._email_pay_tell_refused(reason, left=left)

    def _email_pay_give_up_one(self, address, reason):
        """The server will never take this mail for `address`; for others it may."""
        self._email_pay_tell_refused(reason, address, left=True)
        self._email_pay_drop([address])

    def _email_pay_tell_refused(self, reason, addresses=None, left=False):
        record = self._email_pay_records()
        addresses = addresses or self._email_pay_addresses()
        if hasattr(record, '_email_pay_mail_refused'):
            self._email_pay_tell(
                record, '_email_pay_mail_refused', addresses, reason, left=left)
        elif left and hasattr(record, '_message_log'):
            self._email_pay_tell(record, '_message_log', body=_(
                "The mail to %(address)s was not sent: %(reason)s",
                address=addresses, reason=reason))

    def _email_pay_tell(self, record, name, *args, **kwargs):
        with telling(self.env.cr, "Nobody could be told that mails %s were refused", self.ids):
            getattr(record, name)(*args, **kwargs)

    def _email_pay_mark_notifications(self, reason):
        """Show the reason at the message in the chatter."""
        self._postprocess_sent_message(
            success_pids=[], success_emails=[], failure_reason=reason,
            failure_type='mail_smtp')

    # === RECIPIENTS === #

    def _email_pay_addresses(self):
        mail = self.sudo()
        texts = [mail.email_to, mail.email_cc, *mail.recipient_ids.mapped('email')]
        return ', '.join(filter(None, texts))

    def _email_pay_messages(self):
        """In how many messages this mail goes out: one to its addresses, one to each partner."""
        mail = self.sudo()
        together = ', '.join(filter(None, [mail.email_to, mail.email_cc]))
        texts = [together, *mail.recipient_ids.mapped('email')]
        return sum(bool(email_normalize_all(text or '')) for text in texts)

    def _email_pay_drop(self, addresses):
        """Forget those who have a mail of several recipients, or will never get it, before it is
        tried again."""
        mail, rest = self.sudo(), []
        done = mail.recipient_ids.filtered(lambda partner: has_one_of(partner, addresses))
        for partner in done:
            rest += email_normalize_all(partner.email)
        mail.write({
            'recipient_ids': [Command.unlink(partner.id) for partner in done],
            'email_to': without(', '.join(filter(None, [mail.email_to, *rest])), addresses),
            'email_cc': without(mail.email_cc, addresses),
        })

    def _email_pay_mark_recipients(self, delivered, refused):
        """Show at the message in the chatter who has it: Odoo takes note of none after one whom the
        server refused."""
        notifications = self.env['mail.notification'].sudo().search([
            ('mail_mail_id', 'in', self.ids), ('notification_type', '=', 'email')])
        for notification in notifications:
            if has_one_of(notification.res_partner_id, refused):
                notification.notification_status = 'exception'
            elif has_one_of(notification.res_partner_id, delivered):
                notification.write({
                    'notification_status': 'sent', 'failure_type': '', 'failure_reason': ''})


def has_one_of(partner, addresses):
    return not set(addresses).isdisjoint(email_normalize_all(partner.email or ''))


def without(text, addresses):
    """The addresses in `text`, as a text, without these; False when none is left."""
    left = [
        formatted for formatted in email_split_and_format_normalize(text or '')
        if email_normalize(formatted) not in addresses
    ]
    return ', '.join(left) or False
