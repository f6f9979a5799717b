from base64 import b64encode
from datetime import datetime, time, timedelta

from odoo import fields, models
from odoo.tools.image import image_data_uri

from . import qr_code


class EmailPayPortal(models.Model):
    _inherit = 'email.pay.portal'

    print_on_invoice = fields.Boolean(
        string="Print on Invoices", default=True, tracking=True,
        help="The PDF of an invoice shows a QR code of its payment page, and your payment address,"
             " while something is due. Where Odoo prints a QR code of its own, this one is left"
             " out.",
    )


class EmailPayLink(models.Model):
    _inherit = 'email.pay.link'

    def _last_on_paper(self):
        """Work as long as a link that was sent when its invoice is due: who pays from a print does
        so then. An invoice that is overdue counts as due today."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        due = max(self.invoice_ids.invoice_date_due or today, today)
        end = datetime.combine(due, time()) + timedelta(days=self._portal().link_validity_days)
        if self.expires_at < end:
            self.expires_at = end


class AccountMove(models.Model):
    _inherit = 'account.move'

    def _email_pay_printed(self):
        """What is printed on this invoice for paying it online; None where nothing is.

        :return: dict: `url`, `address` as people type it, `qr` as a data URI
        """
        self.ensure_one()
        if not self._email_pay_is_printed():
            return None
        link = self.env['email.pay.link']._for_invoice(self)
        link._last_on_paper()
        url = link._url()
        return {
            'url': url,
            'address': self._email_pay_typed_url(link).partition('://')[2],
            'qr': image_data_uri(b64encode(qr_code.png(url))),
        }

    def _email_pay_typed_url(self, link):
        """The short address of the company, where the customer can sign in there; else that of
        the link, which no one likes to type."""
        can_sign_in = self.commercial_partner_id.email_pay_tax_key and (
            self._email_pay_address() or self._email_pay_phone())
        return link._portal()._address() if can_sign_in else link._url()

    def _email_pay_is_printed(self):
        portal = self.env['email.pay.portal']._for_company(self.company_id)
        stock_code = self.display_qr_code or self.display_link_qr_code
        return portal.print_on_invoice and not stock_code and not self._email_pay_obstacle()
