import base64
from urllib.parse import parse_qs, urlsplit

from odoo import Command
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.sms.tests.common import MockSMS

from .common import EmailPayCommon
from .qr_reader import drawn, read
from .share_common import ShareCommon

NUMBER = '+50761234567'


@tagged('post_install', '-at_install')
class TestShare(ShareCommon, EmailPayCommon, MockSMS):
    """One dialog with every way to hand out a payment link."""

    # --- the dialog ---------------------------------------------------------------------------

    def test_an_invoice_has_its_dialog(self):
        invoice = self.owe(1234.5)
        dialog = self.share(invoice)
        link = self.create_link(invoice)
        self.assertEqual(dialog.address, link._url())
        self.assertEqual(
            (dialog.email, dialog.phone, dialog.expires_at),
            ('rosa@example.com', NUMBER, link.expires_at))
        for text in (invoice.name, "1,234.50", link._url(), self.company.name):
            self.assertIn(text, dialog.text)
        for view in ('form', 'qr'):
            form = Form(dialog, f'email_pay.email_pay_share_view_{view}')
            self.assertEqual(form.address, link._url())
        with Form(dialog, 'email_pay.email_pay_share_view_sms') as form:
            form.text = f"Rosa! {dialog.address}"
        self.assertEqual(dialog.text, f"Rosa! {dialog.address}")

    def test_a_customer_has_its_dialog_for_the_whole_balance(self):
        self.owe(10.0)
        self.owe(20.5)
        self.owe_euros(7.5)
        dialog = self.share(self.customer)
        self.assertEqual(dialog.address, self.statement_link()._url())
        for text in ("30.50", "7.50", dialog.address):
            self.assertIn(text, dialog.text)

    def test_a_contact_shares_what_its_company_owes(self):
        contact = self.env['res.partner'].create({'name': "Luis", 'parent_id': self.customer.id})
        self.owe(10.0, partner=contact)
        self.assertEqual(self.share(contact).address, self.statement_link()._url())

    def test_nothing_due_opens_no_dialog(self):
        invoice = self.owe(10.0)
        self.settle_by_hand(invoice)
        for record in (invoice, self.customer):
            with self.assertRaisesRegex(UserError, "Nothing is due"):
                self.share(record)

    def test_the_qr_codes_are_read_as_the_address(self):
        dialog = self.share(self.owe(10.0), 'action_show_payment_qr')
        png, svg = base64.b64decode(dialog.qr_png), base64.b64decode(dialog.qr_svg)
        self.assertEqual(read(png), dialog.address)
        self.assertEqual(read(drawn(svg.decode())), dialog.address)

    def test_it_says_what_became_of_the_link(self):
        invoice = self.owe(10.0)
        link = self.create_link(invoice)
        link._send()
        link._record_opened()
        self.pay_by_card(link, 4.0)
        dialog = self.share(invoice)
        self.assertEqual(
            (dialog.sent_at, dialog.opened_at, dialog.paid_at),
            (link.sent_at, link.opened_at, link.paid_at))
        self.assertTrue(dialog.paid_at)

    def test_revoking_closes_the_link_and_the_next_dialog_has_another(self):
        invoice = self.owe(10.0)
        for record, note in ((invoice, invoice), (self.customer, self.customer)):
            dialog = self.share(record)
            dialog.action_revoke()
            self.assertEqual(dialog.link_id.state, 'revoked')
            self.assertEqual(self.last_note(note), "The payment link was revoked.")
            self.assertNotEqual(self.share(record).address, dialog.address)
            with self.assertRaisesRegex(UserError, "no longer works"):
                dialog.action_send_sms()

    # --- e-mail -------------------------------------------------------------------------------

    def test_it_is_mailed(self):
        dialog = self.share(self.owe(10.0))
        dialog.action_send_mail()
        [mail] = self.outbox('mail_template_payment', 'rosa@example.com')
        self.assertIn(dialog.address, mail.body_html)
        self.assertEqual((dialog.link_id.mail_state, dialog.link_id.sent_count), ('sent', 1))

    # --- text messages ------------------------------------------------------------------------

    def test_a_text_message_is_queued_and_not_sent_by_the_request(self):
        invoice = self.owe(10.0)
        dialog = self.share(invoice, 'action_send_payment_sms')
        with self.mockSMSGateway():
            dialog.action_send_sms()
            self.assertFalse(self._sms_api_contact_iap_mock.called)
        sms = self.texts()
        self.assertEqual((sms.number, sms.body), (NUMBER, dialog.text))
        self.assertIn(dialog.address, sms.body)
        link = self.create_link(invoice)
        self.assertEqual((link.sms_state, link.phone, link.sent_count), ('sent', NUMBER, 1))
        self.assertEqual(invoice.email_pay_status, 'sent')
        self.assertFalse(self.outbox('mail_template_payment'))

    def test_odoo_sends_it_from_its_queue(self):
        dialog = self.share(self.owe(10.0))
        dialog.action_send_sms()
        with self.mockSMSGateway():
            self.work_off_texts()
        self.assertIn((NUMBER, dialog.text), [(sms['number'], sms['body']) for sms in self._sms])
        self.assertFalse(self.texts())

    def test_the_messages_of_two_companies_leave_one_queue(self):
        other = self.env['res.company'].create({'name': "Another"})
        self.share(self.owe(10.0)).action_send_sms()
        self.customer._message_sms(
            "From another company", partner_ids=self.customer.ids, put_in_queue=True)
        first, second = self.env['sms.sms'].sudo().search([], order='id desc', limit=2)
        first.mail_message_id.record_company_id = other
        self.assertNotEqual(first._get_sms_company(), second._get_sms_company())
        with self.mockSMSGateway():
            self.work_off_texts()
        self.assertEqual(set((first | second).mapped('state')), {'pending'})

    def test_the_chatter_has_the_text_without_the_secret(self):
        invoice = self.owe(10.0)
        for record, action in ((invoice, self.share(invoice)),
                               (self.customer, self.share(self.customer))):
            token = action.link_id.sudo()._token()
            action.action_send_sms()
            self.env.invalidate_all()
            message = record.message_ids[:1]
            self.assertEqual(message.message_type, 'sms')
            self.assertNotIn(token, message.body)
            self.assertIn("Pay here" if record == invoice else "pay here", message.body)

    def test_a_wrong_number_is_seen_on_the_chatter(self):
        invoice = self.owe(10.0)
        self.share(invoice).action_send_sms()
        with self.mockSMSGateway(sim_error='wrong_number_format'):
            self.work_off_texts()
        notification = invoice.message_ids.notification_ids.filtered(
            lambda item: item.notification_type == 'sms')
        self.assertEqual(
            (notification.notification_status, notification.failure_type),
            ('exception', 'sms_number_format'))
        self.assertTrue(invoice.with_user(self.accountant).message_has_sms_error)

    def test_the_text_and_the_number_can_be_changed(self):
        dialog = self.share(self.owe(10.0))
        dialog.write({'text': f"Dear Rosa: {dialog.address}", 'phone': '6999 0000'})
        dialog.action_send_sms()
        sms = self.texts()
        self.assertEqual(
            (sms.number, sms.body), ('+50769990000', f"Dear Rosa: {dialog.address}"))
        self.assertEqual(self.customer.phone_sanitized, NUMBER)

    def test_what_cannot_be_sent_is_said(self):
        dialog = self.share(self.owe(10.0))
        dialog.phone = '12'
        with self.assertRaisesRegex(UserError, "“12” is not a phone number"):
            dialog.action_send_sms()
        dialog.write({'phone': NUMBER, 'text': "Please pay."})
        with self.assertRaisesRegex(UserError, "has to contain the payment link"):
            dialog.action_send_sms()
        self.assertFalse(self.texts())

    def test_the_text_speaks_the_language_of_the_customer(self):
        self.env['res.lang']._activate_lang('es_PA')
        template = self.env.ref('email_pay.sms_template_payment').with_context(lang='es_PA')
        template.body = "Pague {{ object._subject() }} en {{ object._url() }}"
        self.customer.lang = 'es_PA'
        invoice = self.owe(10.0)
        dialog = self.share(invoice)
        self.assertEqual(dialog.text, f"Pague {invoice.name} en {dialog.address}")

    def test_a_text_message_stays_a_short_one(self):
        """A no-break space, or ₡, would make it one of 70 characters."""
        colon = self.env.ref('base.CRC')
        colon.write({'active': True, 'symbol': '₡', 'position': 'before'})
        invoice = self._create_invoice_one_line(
            price_unit=12500.0, tax_ids=[], partner_id=self.customer, currency_id=colon, post=True)
        text = self.share(invoice).text
        self.assertIn("CRC 12,500.00", text)
        text.encode('ascii')

    # --- many ---------------------------------------------------------------------------------

    def test_many_text_messages_are_queued_and_who_gets_none_is_named(self):
        other = self.env['res.partner'].create({
            'name': "Other", 'phone': '6999-0000', 'country_id': self.env.ref('base.pa').id})
        unknown = self.env['res.partner'].create({'name': "Unknown"})
        refused = self.env['res.partner'].create({'name': "No SMS", 'phone': '+507 6888 0000'})
        self.env['phone.blacklist'].sudo()._add(['+50768880000'])
        self.owe(10.0)
        self.owe(5.0)
        invoices = {
            partner: self.owe(10.0, partner=partner) for partner in (other, unknown, refused)}
        self.env.flush_all()
        rows = self.env['email.pay.outstanding'].with_user(self.accountant).search(
            [('partner_id', 'in', (self.customer | other | unknown | refused).ids)])
        message = rows.action_send_payment_sms()['params']['message']
        self.assertIn("2 text messages are on their way.", message)
        self.assertIn(f"no valid phone number. ({invoices[unknown].name})", message)
        self.assertIn(f"asked for no text messages. ({invoices[refused].name})", message)
        self.assertFalse(self.texts())
        with self.own_cursor() as env:
            env['email.pay.link']._cron_send()
        self.assertEqual(
            {sms.number: sms.body for sms in self.texts()},
            {NUMBER: self.statement_link()._text(),
             '+50769990000': self.create_link(invoices[other])._text()})
        self.assertFalse(self.outbox('mail_template_statement'))

    def test_what_was_paid_before_the_job_is_not_sent(self):
        invoice = self.owe(10.0)
        link = self.create_link(invoice)
        link._queue('sms')
        self.settle_by_hand(invoice)
        with self.own_cursor() as env:
            env['email.pay.link']._cron_send()
        self.assertEqual(
            (link.sms_state, link.sms_error), ('failed', "Nothing is due on this invoice."))
        self.assertIn("The text message was not sent", self.last_note(invoice))
        self.assertFalse(self.texts())
        moves = self.env['account.move']
        self.assertIn(invoice, moves.search([('email_pay_status', '=', 'failed')]))

    def test_mail_and_text_message_wait_in_one_queue(self):
        link = self.create_link(self.owe(10.0))
        link._queue()
        link._queue('sms')
        with self.own_cursor() as env:
            env['email.pay.link']._cron_send()
        self.assertEqual((link.mail_state, link.sms_state, link.sent_count), ('sent', 'sent', 2))

    # --- WhatsApp -----------------------------------------------------------------------------

    def test_whatsapp_opens_a_chat_with_the_text(self):
        invoice = self.owe(10.0)
        dialog = self.share(invoice)
        dialog.text = f"¿Paga & listo? {dialog.address}"
        action = dialog.action_open_whatsapp()
        url = urlsplit(action['url'])
        self.assertEqual(
            (action['type'], url.scheme, url.netloc, url.path),
            ('ir.actions.act_url', 'https', 'wa.me', '/50761234567'))
        self.assertEqual(parse_qs(url.query), {'text': [dialog.text]})
        link = self.create_link(invoice)
        self.assertEqual((link.sent_count, invoice.email_pay_status), (1, 'sent'))
        self.assertIn(f"A WhatsApp chat with {NUMBER} was opened", self.last_note(invoice))
        self.assertIn(
            invoice, self.env['account.move'].search([('email_pay_status', '=', 'sent')]))

    def test_the_number_is_one_of_the_country_of_the_customer(self):
        for code, typed, expected in (
            ('cl', '9 6123 4567', '56961234567'), ('br', '(11) 96123-4567', '5511961234567'),
            ('cr', '8312 3456', '50683123456'), ('us', '(415) 555-0132', '14155550132'),
        ):
            self.customer.write(
                {'country_id': self.env.ref(f'base.{code}').id, 'phone': typed})
            action = self.owe(1.0).with_user(self.accountant).action_open_whatsapp()
            self.assertEqual(urlsplit(action['url']).path, f'/{expected}')

    def test_without_a_number_there_is_no_chat(self):
        self.customer.phone = False
        with self.assertRaisesRegex(UserError, "no valid phone number"):
            self.owe(10.0).action_open_whatsapp()

    # --- who ----------------------------------------------------------------------------------

    def test_only_accountants_share(self):
        invoice = self.owe(10.0)
        seller = new_test_user(self.env, 'seller', 'base.group_user')
        for record in (invoice, self.customer):
            for action in (
                'action_share_payment_link', 'action_copy_payment_link', 'action_open_whatsapp',
                'action_send_payment_sms', 'action_show_payment_qr', 'action_revoke_payment_link',
            ):
                with self.subTest(record=record, action=action), self.assertRaises(AccessError):
                    getattr(record.with_user(seller), action)()

    def test_a_dialog_is_that_of_whoever_opened_it(self):
        dialog = self.share(self.owe(10.0))
        colleague = new_test_user(
            self.env, 'colleague', 'base.group_user,account.group_account_invoice',
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)])
        with self.assertRaises(AccessError):
            dialog.with_user(colleague).read(['address'])

    def test_a_dialog_leads_to_no_other_link(self):
        """Neither by a dialog of one's own making nor by changing one."""
        mine, other = self.owe(10.0), self.owe(20.0)
        dialog = self.share(mine)
        with self.assertRaises(AccessError):
            dialog.link_id = self.create_link(other).id
        with self.assertRaises(AccessError):
            dialog.create({'link_id': self.create_link(other).id})

    def test_without_an_address_the_contact_is_opened(self):
        self.customer.email = False
        invoice = self.owe(10.0)
        with self.assertRaises(RedirectWarning):
            invoice.action_send_payment_email()
        dialog = self.share(invoice)
        self.assertFalse(dialog.email)
        self.assertEqual(dialog.action_open_contact()['res_id'], self.customer.id)
