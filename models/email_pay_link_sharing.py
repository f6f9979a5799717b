from urllib.parse import quote

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from .email_pay_link import SENDING

# What a text message of 160 characters can hold: one other character makes it one of 70.
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def plain_amount(currency, amount):
    text = ' '.join(currency.format(amount).split())
    return text if GSM.issuperset(text) else text.replace(currency.symbol, currency.name)


class EmailPayLink(models.Model):
    """A link that goes out by other ways than mail: text message, WhatsApp, a dialog to copy it."""

    _inherit = 'email.pay.link'

    sms_state = fields.Selection(
        SENDING, string="Text Message", default='none', required=True, readonly=True,
    )
    sms_error = fields.Char(string="Text Message Error", readonly=True)
    phone = fields.Char(
        string="Texted to", readonly=True, help="The last number to which this link was sent.",
    )

    _sms_queued = models.Index("(id) WHERE sms_state = 'queued'")

    # === THE DIALOG === #

    def _share_action(self, view='email_pay_share_view_form'):
        """The dialog to hand out this link, on one of its views."""
        self.ensure_one()
        dialog = self.env['email.pay.share']._create_for(self)
        return {
            'type': 'ir.actions.act_window',
            'name': _("Payment link: %s", self._subject()),
            'res_model': dialog._name,
            'res_id': dialog.id,
            'views': [(self.env.ref(f'email_pay.{view}').id, 'form')],
            'target': 'new',
            'context': {'dialog_size': 'medium'},
        }

    def _thread(self):
        """Whose chatter tells of this link."""
        return self.invoice_ids[:1]

    def _subject(self):
        return self._thread()._email_pay_title()

    def _shared_amount(self):
        """What is due, in words that do not make a text message longer."""
        return ', '.join(plain_amount(currency, amount) for currency, amount in self._due())

    def _due(self):
        """What is due, as pairs of currency and amount."""
        invoice = self.invoice_ids[:1]
        return [(invoice.currency_id, invoice.amount_residual)]

    # === TEXT MESSAGES === #

    def _phone(self):
        return self._thread()._email_pay_phone()

    def _text(self):
        """The words that go with this link, in the customer's language."""
        self.ensure_one()
        template = self.env.ref(f'email_pay.{self._text_template()}').sudo()
        return template._render_field('body', self.ids, compute_lang=True)[self.id]

    def _text_template(self):
        return 'sms_template_payment'

    def _send_sms(self, text=None, number=None):
        """Put a text message in Odoo's queue. The chatter shows it without the link's secret.

        :param text: what to say; the template's words when empty.
        :param number: in E.164; the one on file when empty.
        :raises UserError: the customer has no number, or asked for no messages.
        """
        for link in self.sudo():
            phone = number or link._texted_number()
            full = text or link._text()
            thread = link._thread().with_company(link.company_id)  # whose provider sends it
            thread.with_context(email_pay_sms_content=full)._message_sms(
                full.replace(link._token(), '…'),
                partner_ids=link.partner_id.ids,
                sms_pid_to_number={link.partner_id.id: phone},
                put_in_queue=True,
            )
            link._record_sent(sms_state='sent', sms_error=False, phone=phone)

    def _texted_number(self):
        thread = self._thread()
        if reason := thread._email_pay_unreachable_by_sms()[thread]:
            raise UserError(reason)
        return self._phone()

    # === WHATSAPP === #

    def _whatsapp_action(self, text=None, number=None):
        """Open a chat with the customer in which the text is typed already.

        https://faq.whatsapp.com/5913398998672934: digits only, and the text encoded.

        :raises UserError: the customer has no number.
        """
        self.ensure_one()
        number = number or self._phone()
        if not number:
            raise UserError(_("The customer has no valid phone number."))
        text = quote(text or self._text(), safe='')
        self._record_sent(phone=number)
        self._log(_("A WhatsApp chat with %s was opened, with the payment link.", number))
        return {
            'type': 'ir.actions.act_url',
            'url': f'https://wa.me/{number.lstrip("+")}?text={text}',
            'target': 'new',
            'close': True,
        }

    # === AS FOR MAIL === #

    def _send_queued(self):
        if self.mail_state == 'queued':
            super()._send_queued()
        elif reason := self._unsendable(addresses=False):
            raise UserError(reason)
        else:
            self._send_sms()

    def _fail_queued(self, reason):
        if self.mail_state == 'queued':
            super()._fail_queued(reason)
            return
        self.write({'sms_state': 'failed', 'sms_error': reason})
        self._log(_("The text message was not sent: %s", reason))

    def _sending_states(self):
        states = super()._sending_states() | {self.sms_state}
        return {'sent'} if states == {'none'} and self.sent_at else states

    @api.model
    def _sending_domain(self, state):
        wanted = super()._sending_domain(state) | fields.Domain('sms_state', '=', state)
        if state != 'sent':
            return wanted
        return wanted | fields.Domain([
            ('mail_state', '=', 'none'), ('sms_state', '=', 'none'), ('sent_at', '!=', False),
        ])
