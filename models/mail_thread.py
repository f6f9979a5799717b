from odoo import api, models
from odoo.tools import email_normalize, html2plaintext
from odoo.tools.mail import email_normalize_all

from ..const import REASON_LENGTH

# What keeps the number of the mail that told of it, as `message_id`, and where it went.
TELLING = (
    'email.pay.link', 'email.pay.receipt', 'email.pay.reminder.notice', 'email.pay.installment',
)


class MailThread(models.AbstractModel):
    _inherit = 'mail.thread'

    def _notify_thread_by_sms(self, *args, sms_content=None, **kwargs):
        """Override of `sms`: what is sent has the payment link, the chatter has it without its
        secret."""
        full = self.env.context.get('email_pay_sms_content')
        return super()._notify_thread_by_sms(*args, sms_content=full or sms_content, **kwargs)

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """Override of `mail`: mark payment links and what else is told by mail too. What is only
        late, and still tried, has not come back."""
        if is_only_late(email_message):
            return
        super()._routing_handle_bounce(email_message, message_dict)
        message_ids = message_dict['bounced_msg_ids'] or []
        links, *others = (
            self.env[name].sudo().search([('message_id', 'in', message_ids)]) for name in TELLING)
        addresses = [message_dict['bounced_email']]
        if not any(addresses):  # the report only names the mail, and Odoo marked nobody
            addresses = email_normalize_all(', '.join(filter(None, (
                address for records in (links, *others) for address in records.mapped('email')))))
            self.env['res.partner']._email_pay_count_bounce(addresses)
        reason = html2plaintext(message_dict.get('body') or '')[:REASON_LENGTH]
        for records in others:
            records._record_bounce(reason)
        (links | links._bounced_by(addresses))._record_bounce(reason)

    @api.model
    def _routing_reset_bounce(self, email_message, message_dict):
        """Override of `mail`: an address from which a mail comes works."""
        super()._routing_reset_bounce(email_message, message_dict)
        self.env['email.pay.link']._forget_bounces([email_normalize(message_dict['email_from'])])


def is_only_late(email_message):
    """Whether a report of delivery, RFC 3464, tells of no failure."""
    actions = {
        str(block['Action'] or '').strip().lower()
        for part in email_message.walk()
        if part.get_content_type() == 'message/delivery-status' and part.is_multipart()
        for block in part.get_payload()
    }
    return bool(actions - {''}) and 'failed' not in actions
