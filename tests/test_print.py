from base64 import b64decode
from datetime import timedelta
from io import BytesIO
from urllib.parse import urlsplit

from lxml import html
from pypdf import PdfReader

from odoo import fields
from odoo.tests import Form, tagged

from .page_common import PageCommon
from .qr_reader import read
from .statement_common import StatementCommon


@tagged('post_install', '-at_install')
class TestPrint(StatementCommon, PageCommon):
    """The address of the payment page on the invoice's PDF."""

    def printed(self, invoice):
        """The part of the printed invoice that says how to pay it; None where nothing does."""
        body, _kind = self.env['ir.actions.report']._render_qweb_html(
            'account.account_invoices', invoice.ids)
        found = html.fromstring(body).xpath('//div[@id="email_pay_qrcode"]')
        return found[0] if found else None

    def scanned(self, part):
        return read(b64decode(part.xpath('string(.//img/@src)').partition('base64,')[2]))

    def test_the_printed_code_opens_the_payment_page(self):
        invoice = self.owe(1234.5)
        part = self.printed(invoice)
        address = self.scanned(part)
        self.assertEqual(address, self.create_link(invoice)._url())
        self.assertIn(address.partition('://')[2], part.text_content())
        page = self.url_open(urlsplit(address).path)
        self.assertIn(invoice.name, self.text(page))
        self.assertIn(self.money(1234.5), self.text(page))

    def test_the_printed_address_is_the_short_one_for_who_can_sign_in_there(self):
        invoice = self.owe(10.0)
        customer = self.customer.with_context(no_vat_validation=True)
        customer.write({'vat': 'A-4711-B', 'email': False, 'phone': False})
        self.assertIn(self.create_link(invoice)._token(), self.printed(invoice).text_content())
        customer.email = 'rosa@example.com'
        part = self.printed(invoice)
        self.assertIn(f'/pay/to/{self.portal.slug}', part.text_content())
        self.assertNotIn(self.create_link(invoice)._token(), part.text_content())
        self.assertEqual(self.scanned(part), self.create_link(invoice)._url())
        portal = self.portal
        self.assertEqual(
            portal._matching_contacts(portal._identity('a4711b', customer.email, '')).contacts,
            self.customer)

    def test_the_code_is_read_from_the_pdf(self):
        invoice = self.owe(10.0)
        pdf, _kind = self.env['ir.actions.report'].with_context(
            force_report_rendering=True)._render_qweb_pdf('account.account_invoices', invoice.ids)
        address = self.create_link(invoice)._url()
        pages = PdfReader(BytesIO(pdf)).pages
        pictures = [image.data for page in pages for image in page.images]
        self.assertIn(address, [read(picture) for picture in pictures])

    def test_nothing_is_printed_when_nothing_is_due(self):
        invoice, draft = self.owe(10.0), self.create_invoice(10.0, post=False)
        self.settle_by_hand(invoice)
        for move in (invoice, draft, self.credit_note(10.0)):
            self.assertIsNone(self.printed(move))
        self.assertFalse(draft.email_pay_link_ids)

    def test_what_is_paid_in_part_is_still_printed(self):
        invoice = self.owe(10.0)
        self.settle_by_hand(invoice, 4.0)
        self.assertIsNotNone(self.printed(invoice))

    def test_it_can_be_switched_off(self):
        self.assertTrue(self.portal.print_on_invoice)
        with Form(self.portal) as form:
            form.print_on_invoice = False
        invoice = self.owe(10.0)
        self.assertIsNone(self.printed(invoice))
        self.assertFalse(invoice.email_pay_link_ids)

    def test_it_needs_email_pay_enabled(self):
        self.portal.enabled = False
        self.assertIsNone(self.printed(self.owe(10.0)))

    def test_the_codes_of_odoo_come_first(self):
        invoice = self.owe(10.0)
        for switch in ('qr_code', 'link_qr_code'):
            self.company[switch] = True
            self.env.invalidate_all()
            with self.subTest(switch=switch):
                self.assertIsNone(self.printed(invoice))
            self.company[switch] = False
        self.env.invalidate_all()
        self.assertIsNotNone(self.printed(invoice))

    def test_a_printed_link_lives_as_long_as_one_sent_on_the_due_date(self):
        self.portal.link_validity_days = 10
        today = fields.Date.today()
        for days, last in {20: 0, -60: 60}.items():
            invoice = self.owe(10.0, days)
            link = self.create_link(invoice)
            link.expires_at = fields.Datetime.now() + timedelta(days=1)
            self.printed(invoice)
            self.assertEqual(link.expires_at.date(), today + timedelta(days=last + 10))
            kept = link.expires_at
            self.printed(invoice)
            self.assertEqual(link.expires_at, kept)
        self.assertEqual(self.create_link(invoice), link)

    def test_an_expired_print_offers_a_fresh_link_by_mail(self):
        invoice = self.owe(10.0)
        path = urlsplit(self.scanned(self.printed(invoice))).path
        self.create_link(invoice).expires_at = fields.Datetime.now() - timedelta(seconds=1)
        page = self.url_open(path)
        self.assertEqual(self.headline(page), "This link has expired")
        self.submit(page, '/renew')
        self.assertIn(
            self.create_link(invoice)._url(),
            self.outbox('mail_template_payment', 'rosa@example.com').body_html)

    def test_the_mailed_pdf_has_the_link_of_its_mail(self):
        invoice = self.owe(10.0).with_context(force_report_rendering=True)
        invoice.action_send_payment_email()
        [mail] = self.outbox('mail_template_payment')
        [page, *_more] = PdfReader(BytesIO(mail.attachment_ids.raw)).pages
        [address] = filter(None, (read(image.data) for image in page.images))
        self.assertIn(address, mail.body_html)
        self.assertEqual(len(invoice.email_pay_link_ids), 1)
