import base64

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..models import qr_code


class EmailPayShare(models.TransientModel):
    """The dialog with every way to hand out a payment link."""

    _name = 'email.pay.share'
    _description = 'Share a Payment Link'

    link_id = fields.Many2one(
        'email.pay.link', required=True, readonly=True, ondelete='cascade', index=True,
    )
    partner_id = fields.Many2one(related='link_id.partner_id')
    expires_at = fields.Datetime(related='link_id.expires_at')
    sent_at = fields.Datetime(related='link_id.sent_at')
    opened_at = fields.Datetime(related='link_id.opened_at')
    paid_at = fields.Datetime(related='link_id.paid_at')
    amount = fields.Char(string="Due", readonly=True)
    email = fields.Char(string="E-mail", readonly=True)
    phone = fields.Char(help="For text messages and WhatsApp. It changes nothing on the contact.")
    text = fields.Text(string="Message", help="For text messages and WhatsApp.")
    # Not stored: it is a secret.
    address = fields.Char(compute='_compute_address')
    qr_png = fields.Binary(string="QR Code", compute='_compute_qr')
    qr_svg = fields.Binary(string="QR Code as Drawing", compute='_compute_qr')

    @api.model
    def _create_for(self, link):
        return self.sudo().create({
            'link_id': link.id,
            'amount': link._shared_amount(),
            'email': link._address(),
            'phone': link._phone(),
            'text': link._text(),
        })

    def write(self, vals):
        """Override: only `_create_for` chooses the link, after the accountant's rights to it were
        checked."""
        if 'link_id' in vals and not self.env.su:
            raise AccessError(_("Please open this window again."))
        return super().write(vals)

    @api.depends('link_id')
    def _compute_address(self):
        for dialog in self:
            dialog.address = dialog.link_id.sudo()._url()

    @api.depends('link_id')
    def _compute_qr(self):
        for dialog in self:
            address = dialog.link_id.sudo()._url()
            dialog.qr_png = base64.b64encode(qr_code.png(address))
            dialog.qr_svg = base64.b64encode(qr_code.svg(address).encode())

    # === THE BUTTONS === #

    def action_send_mail(self):
        link = self._link()
        link._send()
        return self._tell(link._sent_note())

    def action_send_sms(self):
        link = self._link()
        number = self._number(link)
        link._send_sms(self._written(link), number)
        return self._tell(_("The text message to %s is on its way.", number))

    def action_open_whatsapp(self):
        link = self._link()
        return link._whatsapp_action(self._written(link), self._number(link))

    def action_download_png(self):
        return self._download('qr_png', 'png')

    def action_download_svg(self):
        return self._download('qr_svg', 'svg')

    def action_open_contact(self):
        return self.partner_id._email_pay_form_action()

    def action_revoke(self):
        thread = self._link()._thread().with_env(self.env)
        thread.with_company(self.link_id.company_id).action_revoke_payment_link()
        return self._tell(_("The payment link no longer works."))

    def _link(self):
        """The link (sudo), while it can be paid with.

        :raises UserError: it cannot any more.
        """
        self.ensure_one()
        link = self.link_id.sudo()
        if link.state != 'active':
            raise UserError(_("This link no longer works. Please open this window again."))
        if reason := link._unsendable(addresses=False):
            raise UserError(reason)
        return link

    def _number(self, link):
        """The number that the accountant left or typed, as that of the customer's country."""
        number = self.phone and link.partner_id._phone_format(
            number=self.phone, country=link.partner_id.country_id or link.company_id.country_id)
        if not number:
            raise UserError(_("“%s” is not a phone number. Please check it.", self.phone or ''))
        return number

    def _written(self, link):
        """The text that the accountant left or typed.

        :raises UserError: the link is not in it.
        """
        text = (self.text or '').strip()
        if link._token() not in text:
            raise UserError(_("The message has to contain the payment link:\n%s", link._url()))
        return text

    def _download(self, name, extension):
        file = ''.join(char if char.isalnum() else '-' for char in self.link_id.sudo()._subject())
        return {
            'type': 'ir.actions.act_url', 'target': 'download',
            'url': f'/web/content/{self._name}/{self.id}/{name}'
                   f'?download=true&filename={file}.{extension}',
        }

    def _tell(self, message):
        """Say it, and close the dialog."""
        answer = self.link_id.sudo()._thread()._email_pay_notify(message, 'success')
        answer['params']['next'] = {'type': 'ir.actions.act_window_close'}
        return answer
