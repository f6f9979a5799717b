from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import RedirectWarning, UserError
from odoo.tests import tagged
from odoo.tools import html2plaintext, mute_logger

from .company_common import CompanyCommon

QUEUES = 'odoo.addons.email_pay.models.queues'


@tagged('post_install', '-at_install')
class TestSend(CompanyCommon):
    """*Send payment email*: one click, one mail; many: queued."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice()
        cls.invoice._email_pay_pdf()

    def _sent(self, invoice=None):
        """The mail of an invoice that was just sent."""
        (invoice or self.invoice).action_send_payment_email()
        return self.outbox('mail_template_payment')[-1:]

    # --- the mail ---------------------------------------------------------------------------------

    def test_the_mail_goes_to_the_outbox_with_button_and_pdf(self):
        mail = self._sent()
        link = self.invoice.email_pay_link_ids
        self.assertEqual(mail.email_to, 'rosa@example.com')
        self.assertIn(link._url(), mail.body_html)
        self.assertIn(self.invoice.name, mail.subject)
        self.assertIn('100.00', mail.subject)
        self.assertIn(self.invoice.invoice_pdf_report_id, mail.attachment_ids)

    def test_the_mail_comes_from_the_company_or_the_sender_of_the_settings(self):
        self.assertIn('billing@canal.example.com', self._sent().email_from)
        self.portal.email_from = "Canal <collect@canal.example.com>"
        self.assertEqual(self._sent().email_from, "Canal <collect@canal.example.com>")

    def test_the_mail_has_the_colours_of_the_company(self):
        self.company.email_secondary_color = '#123456'
        self.assertIn('#123456', self._sent().body_html)

    def test_the_mail_reads_well_as_plain_text(self):
        text = html2plaintext(self._sent().body_html)
        self.assertIn("Pay now", text)
        self.assertIn(self.invoice.email_pay_link_ids._url(), text)

    def test_sending_is_told_and_shown_without_the_secret(self):
        self._sent()
        link = self.invoice.email_pay_link_ids
        self.assertEqual(self.invoice.email_pay_status, 'sent')
        self.assertEqual((link.mail_state, link.sent_count), ('sent', 1))
        self.assertTrue(self.invoice.is_move_sent)
        bodies = ' '.join(m.body or '' for m in self.invoice.message_ids)
        self.assertIn("Payment email sent to rosa@example.com.", bodies)
        self.assertNotIn(link.verifier, bodies)

    def test_sending_again_uses_the_same_link(self):
        self._sent()
        self._sent()
        self.assertEqual(self.invoice.email_pay_link_ids.sent_count, 2)

    def test_the_address_of_the_company_serves_a_contact_without_one(self):
        contact = self.env['res.partner'].create({
            'name': "Desk", 'parent_id': self.customer.id,
        })
        self.assertEqual(self._sent(self.create_invoice(partner=contact)).email_to,
                         'rosa@example.com')

    def test_an_invoice_without_a_pdf_gets_one(self):
        invoice = self.create_invoice()
        self.assertFalse(invoice.invoice_pdf_report_id)
        mail = self._sent(invoice)
        self.assertTrue(invoice.invoice_pdf_report_id)
        self.assertIn(invoice.invoice_pdf_report_id, mail.attachment_ids)

    # --- what cannot be sent ----------------------------------------------------------------------

    def test_without_an_address_the_contact_can_be_opened(self):
        self.customer.email = False
        with self.assertRaises(RedirectWarning) as caught:
            self.invoice.action_send_payment_email()
        message, action, button = caught.exception.args[:3]
        self.assertIn("has no valid e-mail address", message)
        self.assertEqual((action['res_model'], action['res_id']), ('res.partner', self.customer.id))
        self.assertTrue(button)

    def test_an_address_that_is_none_counts_as_none(self):
        self.customer.email = "rosa at example"
        with self.assertRaises(RedirectWarning):
            self.invoice.action_send_payment_email()

    def assertRefused(self, invoice, sentence):
        links = invoice.email_pay_link_ids
        self.assertFalse(invoice.email_pay_can_send)
        for button in ('action_send_payment_email', 'action_copy_payment_link'):
            with self.assertRaises(UserError) as caught:
                getattr(invoice, button)()
            self.assertIn(sentence, str(caught.exception))
        self.assertEqual(invoice.email_pay_link_ids, links)

    def test_a_draft_is_refused(self):
        self.assertRefused(self.create_invoice(post=False), "The invoice is not posted.")

    def test_a_cancelled_invoice_is_refused(self):
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self.assertRefused(self.invoice, "The invoice is not posted.")

    def test_a_paid_invoice_is_refused(self):
        self.settle_by_hand(self.invoice)
        self.assertRefused(self.invoice, "Nothing is due on this invoice.")

    def test_a_vendor_bill_and_a_credit_note_are_refused(self):
        for move_type in ('in_invoice', 'out_refund', 'in_refund'):
            with self.subTest(move_type):
                move = self.create_invoice(move_type=move_type)
                self.assertRefused(move, "Only customer invoices can be paid online.")

    def test_a_company_that_is_not_enabled_is_refused(self):
        self.portal.enabled = False
        self.assertRefused(self.invoice, "Email Pay is not enabled for Canal Supplies.")

    def test_any_payment_term_can_be_sent(self):
        self.assertTrue(self.invoice.email_pay_can_send)
        invoice = self.create_invoice(invoice_payment_term_id=self.pay_terms_b)
        self.assertTrue(invoice.email_pay_can_send)

    def test_copy_payment_link_gives_the_address(self):
        url = self.invoice.action_copy_payment_link()['params']['url']
        self.assertEqual(url, self.invoice.email_pay_link_ids._url())

    # --- many at once -----------------------------------------------------------------------------

    def _queue(self, invoices):
        return invoices.action_send_payment_email()['params']['message']

    def test_many_are_queued_and_nothing_is_sent_in_the_request(self):
        invoices = self.invoice | self.create_invoice()
        message = self._queue(invoices)
        self.assertIn("2 payment emails are on their way.", message)
        self.assertEqual(set(invoices.mapped('email_pay_status')), {'queued'})
        self.assertFalse(self.outbox('mail_template_payment'))

    def test_what_is_skipped_is_named_with_the_reason(self):
        silent = self.create_invoice(partner=self.env['res.partner'].create({'name': "Silent"}))
        draft = self.create_invoice(post=False)
        message = self._queue(self.invoice | silent | draft)
        self.assertIn("1 payment emails are on their way.", message)
        self.assertIn(
            f"1 skipped: The customer has no valid e-mail address. ({silent.name})", message
        )
        self.assertIn("1 skipped: The invoice is not posted.", message)
        self.assertFalse(silent.email_pay_link_ids | draft.email_pay_link_ids)

    def test_queueing_keeps_live_links(self):
        link = self.create_link(self.invoice)
        other = self.create_invoice()
        self._queue(self.invoice | other)
        self.assertEqual(self.invoice.email_pay_link_ids, link)
        self.assertEqual(len(other.email_pay_link_ids), 1)

    def _run_queue(self, **context):
        with self.own_cursor() as env:
            env['email.pay.link'].with_context(**context)._cron_send()

    def test_a_job_whose_time_is_up_leaves_the_others_to_the_next_run(self):
        invoices = self.invoice | self.create_invoice() | self.create_invoice()
        self._queue(invoices)
        job = self.env.ref('email_pay.ir_cron_send_links')
        job, progress = job._add_progress()
        self.env.flush_all()
        self._run_queue(**job.env.context, cron_id=job.id, cron_end_time=0)
        self.assertEqual(len(self.outbox('mail_template_payment')), 1)
        self.assertEqual((progress.done, progress.remaining), (1, 2))
        self._run_queue()
        self.assertEqual(len(self.outbox('mail_template_payment')), 3)
        self.assertEqual(set(invoices.mapped('email_pay_status')), {'sent'})

    def test_a_mail_that_fails_is_shown_and_stops_no_other(self):
        paid = self.create_invoice()
        self._queue(paid | self.invoice)
        self.settle_by_hand(paid)
        self._run_queue()
        self.assertEqual(paid.email_pay_link_ids.mail_state, 'failed')
        self.assertEqual(
            paid.email_pay_link_ids.mail_error, "Nothing is due on this invoice."
        )
        self.assertEqual(self.invoice.email_pay_status, 'sent')

    def test_an_address_that_went_missing_is_shown(self):
        self._queue(self.invoice | self.create_invoice())
        self.customer.email = False
        self._run_queue()
        self.assertEqual(self.invoice.email_pay_status, 'failed')
        self.assertIn("has no e-mail address", self.invoice.email_pay_link_ids.mail_error)
        self.assertEqual(self.invoice.email_pay_link_ids.email, 'rosa@example.com')

    # --- what breaks ------------------------------------------------------------------------------

    @mute_logger(QUEUES)
    def _break(self, happen):
        """Queue two mails, and let something happen while e-invoicing has the document of the
        first; its link."""
        first = self.create_invoice()
        self.invoice.email_pay_link_ids.action_revoke()
        self._queue(first | self.invoice)
        link, second = first.email_pay_link_ids, self.invoice.email_pay_link_ids.sorted('id')[-1:]
        self.assertLess(link.id, second.id)
        send = type(self.env['account.move.send'])
        with patch.object(send, '_call_web_service_before_invoice_pdf_render', happen):
            self._run_queue()
        self.assertEqual(second.mail_state, 'sent')
        return link

    def test_what_breaks_with_one_is_shown_and_stops_no_other(self):
        def crash(_model, _data):
            raise ValueError("The secret of the link")

        def redirect(_model, _data):
            raise RedirectWarning("Enter the certificate.", {}, "Open")

        def refuse(model, data):
            for values in data.values():
                values['error'] = {'error_title': "Refused", 'errors': ["Unknown number"]}
            model.env.cr.commit()  # pylint: disable=invalid-commit  # as Odoo's do

        cases = (
            (crash, "Odoo made an error (ValueError)"), (redirect, "Enter the certificate."),
            (refuse, "Unknown number"),
        )
        for happen, reason in cases:
            with self.subTest(reason):
                link = self._break(happen)
                told = link.mail_error, link.invoice_ids.message_ids[:1].body
                self.assertEqual(link.mail_state, 'failed')
                for text in told:
                    self.assertIn(reason, text)
                    self.assertNotIn("secret", text)

    def test_e_invoicing_that_commits_keeps_nothing_back(self):
        link = self._break(
            lambda model, _data: model.env.cr.commit())  # pylint: disable=invalid-commit  # too
        self.assertEqual((link.mail_state, link.sent_count), ('sent', 1))
        self.assertEqual(
            len(self.outbox('mail_template_payment').filtered(lambda m: m.res_id == link.id)), 1)

    @mute_logger(QUEUES)
    def test_a_text_message_that_breaks_keeps_no_mail_back(self):
        self.customer.write({'phone': '6123-4567', 'country_id': self.env.ref('base.pa').id})
        first, second = (self.create_invoice() | self.invoice)._email_pay_shared_links()
        (first | second)._queue('sms')
        second._queue()
        self.env.ref('email_pay.sms_template_payment').sudo().unlink()
        self._run_queue()
        for link in first | second:
            self.assertEqual(link.sms_state, 'failed')
            self.assertIn("Odoo made an error (ValueError)", link.sms_error)
        self.assertEqual((first.mail_state, second.mail_state), ('none', 'sent'))

    # --- a fresh link -----------------------------------------------------------------------------

    def _expired(self):
        link = self.create_link(self.invoice)
        link.expires_at = fields.Datetime.now() - timedelta(days=1)
        return link

    def test_a_fresh_link_is_mailed_once(self):
        link = self._expired()
        link._renew()
        link._renew()
        [mail] = self.outbox('mail_template_payment')
        fresh = self.invoice.email_pay_link_ids - link
        self.assertEqual(mail.email_to, 'rosa@example.com')
        self.assertIn(fresh._url(), mail.body_html)

    def test_no_fresh_link_for_one_that_was_revoked_or_works(self):
        link = self._expired()
        link.action_revoke()
        link._renew()
        self.create_link(self.create_invoice())._renew()
        self.assertFalse(self.outbox('mail_template_payment'))

    def test_no_fresh_link_for_a_paid_invoice(self):
        link = self._expired()
        self.settle_by_hand(self.invoice)
        link._renew()
        self.assertFalse(self.outbox('mail_template_payment'))
