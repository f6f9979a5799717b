from collections import defaultdict

from odoo import _, models

from ..const import MAIL_BATCH
from .notification import RELOAD, notification


class EmailPaySharing(models.AbstractModel):
    """What an accountant hands a payment link out for: an invoice, or a customer's balance."""

    _name = 'email.pay.sharing'
    _description = 'Shared by Payment Link'

    # === WHAT EACH MODEL SAYS === #

    def _email_pay_check_accountant(self):
        """:raises AccessError: the user may not hand out links of these records."""
        raise NotImplementedError

    def _email_pay_shared_link(self):
        """The live link (sudo) of this one record, for its accountant to hand out.

        :raises UserError: nothing can be paid with it, in a sentence that says why.
        :raises AccessError: the user may not hand it out.
        """
        raise NotImplementedError

    def _email_pay_shared_links(self):
        """The live links (sudo) of many records that have something to pay."""
        raise NotImplementedError

    def _email_pay_live_links(self):
        """The links (sudo) that still work, for its accountant to revoke."""
        raise NotImplementedError

    def _email_pay_unpayable(self):
        """Why nothing can be paid of each record, as a sentence, '' when something can."""
        raise NotImplementedError

    def _email_pay_title(self):
        """What the accountant calls this record."""
        raise NotImplementedError

    def _email_pay_address(self):
        """The e-mail address on file; False without one."""
        raise NotImplementedError

    def _email_pay_phone(self):
        """The number on file in E.164; False without one."""
        raise NotImplementedError

    # === THE BUTTONS === #

    def action_share_payment_link(self):
        """The dialog with every way to hand the link out."""
        return self._email_pay_shared_link()._share_action()

    def action_copy_payment_link(self):
        """The link to copy; the browser puts it on the clipboard."""
        return self._email_pay_shared_link()._copy_action()

    def action_show_payment_qr(self):
        return self._email_pay_shared_link()._share_action('email_pay_share_view_qr')

    def action_open_whatsapp(self):
        """A chat with the customer, with the text typed in."""
        return self._email_pay_shared_link()._whatsapp_action()

    def action_send_payment_sms(self):
        """One: its text can be changed before it is sent; many: queued."""
        if len(self) == 1:
            return self._email_pay_shared_link()._share_action('email_pay_share_view_sms')
        self._email_pay_check_accountant()
        return self._email_pay_tell_queued(
            *self._email_pay_queue('sms'), _("%s text messages are on their way."))

    def action_revoke_payment_link(self):
        self._email_pay_check_accountant()
        links = self._email_pay_live_links()
        links.action_revoke()
        links._log(_("The payment link was revoked."))
        return self._email_pay_notify(_("The payment link no longer works."), 'success')

    # === MANY AT ONCE === #

    def _email_pay_queue(self, channel):
        """Queue a message of `channel`, mail or sms, for every record that can have one.

        :return: how many are queued, and the names of the others by the reason, a sentence
        """
        unreachable = getattr(self, f'_email_pay_unreachable_by_{channel}')()
        skipped = defaultdict(list)
        accepted = []
        for record, obstacle in self._email_pay_unpayable().items():
            if obstacle := obstacle or unreachable[record]:
                skipped[obstacle].append(record._email_pay_title())
            else:
                accepted.append(record.id)
        self.browse(accepted)._email_pay_shared_links()._queue(channel)
        return len(accepted), skipped

    def _email_pay_unreachable_by_mail(self):
        """Why each record cannot be mailed, '' when it can."""
        reason = _("The customer has no valid e-mail address.")
        return {record: '' if record._email_pay_address() else reason for record in self}

    def _email_pay_unreachable_by_sms(self):
        """The same for text messages."""
        numbers = {record: record._email_pay_phone() for record in self}
        refused = set(self.env['phone.blacklist'].sudo().search(
            [('number', 'in', list(filter(None, numbers.values())))]).mapped('number'))
        reasons = dict.fromkeys(refused, _("The customer asked for no text messages."))
        reasons[False] = _("The customer has no valid phone number.")
        return {record: reasons.get(number, '') for record, number in numbers.items()}

    def _email_pay_tell_queued(self, count, skipped, sentence):
        """Say how many messages are on their way, and which are not, and why."""
        lines = [sentence % count]
        for reason, names in skipped.items():
            shown = ', '.join(names[:MAIL_BATCH]) + ('…' if len(names) > MAIL_BATCH else '')
            lines.append(_("%(count)s skipped: %(reason)s (%(names)s)",
                           count=len(names), reason=reason, names=shown))
        return self._email_pay_notify('\n'.join(lines), 'warning' if skipped else 'success')

    def _email_pay_notify(self, message, kind):
        return notification(kind, message, sticky=kind != 'success', next=RELOAD)
