from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import format_date, html2plaintext
from odoo.tools.misc import get_lang

from ..models.statement_values import date_formatter, money_formatter
from .statement_common import StatementCommon


@tagged('post_install', '-at_install')
class TestStatement(StatementCommon):
    """What a customer has open, right to the cent."""

    def section(self):
        [section] = self.statement().sections
        return section

    def names(self, documents):
        return [document.name for document in documents]

    def test_every_open_document_of_the_customer_is_there(self):
        invoice, partly = self.owe(100.0, 10), self.owe(80.0, 20)
        self.settle_by_hand(partly, 30.0)
        entry = self.open_balance(55.5)
        note, payment = self.credit_note(12.0), self.receive(20.0)
        paid = self.owe(10.0)
        self.settle_by_hand(paid)
        self.create_invoice(99.0, post=False)
        section = self.section()
        self.assertEqual(
            {(doc.name, doc.kind, doc.total, doc.due) for doc in section.charges},
            {(invoice.name, 'out_invoice', 100.0, 100.0), (partly.name, 'out_invoice', 80.0, 50.0),
             (entry.name, 'entry', 55.5, 55.5)},
        )
        self.assertEqual(
            {(doc.name, doc.kind, doc.due) for doc in section.credits},
            {(note.name, 'out_refund', -12.0), (payment.move_id.name, 'payment', -20.0)},
        )
        self.assertEqual(
            (section.due, section.credit, section.balance), (205.5, 32.0, 173.5))

    def test_documents_of_contacts_are_the_customers(self):
        contact = self.env['res.partner'].create({'name': "Luis", 'parent_id': self.customer.id})
        self.owe(40.0, partner=contact)
        self.assertEqual(self.section().due, 40.0)
        self.assertEqual(
            self.env['email.pay.statement']._of(contact, self.company).sections[0].due, 40.0)

    def test_the_oldest_due_comes_first(self):
        late, early, later = self.owe(1.0, 5), self.owe(2.0, 50), self.owe(3.0, -5)
        self.assertEqual(
            self.names(self.section().charges), [early.name, late.name, later.name])

    def test_ages_of_what_is_due(self):
        for days, amount in {0: 1.0, -9: 2.0, 1: 4.0, 30: 8.0, 31: 16.0, 60: 32.0, 61: 64.0,
                             90: 128.0, 91: 256.0}.items():
            self.owe(amount, days)
        section = self.section()
        self.assertEqual(section.ages, [3.0, 12.0, 48.0, 192.0, 256.0])
        self.assertEqual((section.due, section.overdue), (511.0, 508.0))

    def test_instalments_have_an_age_each(self):
        term = self.env['account.payment.term'].create({'name': "Halves", 'line_ids': [
            Command.create({'value': 'percent', 'value_amount': 50, 'nb_days': 0}),
            Command.create({'value': 'percent', 'value_amount': 50, 'nb_days': 300}),
        ]})
        self.create_invoice(
            90.0, invoice_payment_term_id=term,
            invoice_date=fields.Date.today() - timedelta(days=40))
        section = self.section()
        [document] = section.charges
        self.assertEqual(section.ages, [45.0, 0.0, 45.0, 0.0, 0.0])
        self.assertEqual((document.total, document.due), (90.0, 90.0))
        self.assertEqual(section.days_overdue(document.due_date), 40)

    def test_each_currency_is_added_up_on_its_own(self):
        self.owe(10.1)
        self.owe(20.2)
        self.owe_euros(7.77)
        self.assertEqual(
            {(section.currency, section.due) for section in self.statement().sections},
            {(self.company_currency, 30.3), (self.currency_euro, 7.77)},
        )

    def test_accounts_are_not_mixed(self):
        other = self.company_data['default_account_receivable'].copy()
        self.owe(10.0)
        invoice = self.create_invoice(20.0, post=False)
        invoice.line_ids.filtered(
            lambda line: line.display_type == 'payment_term').account_id = other
        invoice.action_post()
        self.assertEqual({section.due for section in self.statement().sections}, {10.0, 20.0})

    def test_dates_and_amounts_are_written_as_odoo_does(self):
        lang = self.env['res.lang']._get_data(code='en_US')
        amounts = (0.0, 0.05, -7.5, 999.99, 1234567.891)
        for date_format, grouping, point, thousands in (
            ('%m/%d/%Y', '[3,0]', '.', ','), ('%d.%m.%y', '[3,0]', ',', '.'),
            ('%Y年%m月%d日', '[3,0]', '.', ' '), ('%d %b %Y', '[3,2,0]', '.', ','),
            ('%-d de %m', '[3,0]', ',', ''),
        ):
            self.env['res.lang'].browse(lang.id).write({
                'date_format': date_format, 'grouping': grouping, 'decimal_point': point,
                'thousands_sep': thousands,
            })
            money = money_formatter(self.company_currency, get_lang(self.env))
            date = date_formatter(self.env)
            with self.subTest(date_format):
                for day in (fields.Date.to_date('2026-01-09'), fields.Date.today(), False):
                    self.assertEqual(date(day), format_date(self.env, day))
                for amount in amounts:
                    self.assertEqual(money(amount), self.company_currency.format(amount))

    def test_a_thousand_cents_make_ten(self):
        self.owe(0.1)
        invoice = self.owe(0.7)
        invoice.copy({'invoice_date': invoice.invoice_date}).action_post()
        self.assertEqual(self.section().due, 1.5)

    def test_other_companies_are_no_part_of_it(self):
        self.owe(10.0)
        self.assertFalse(self.env['email.pay.statement']._of(
            self.customer, self.env['res.company'].create({'name': "Another"})).sections)

    # --- for accountants --------------------------------------------------------------------------

    def test_a_statement_is_sent_with_its_table_buttons_and_pdf(self):
        invoice = self.owe(1234.5, 12)
        self.credit_note(34.5)
        self.owe_euros(7.77)
        self.customer.with_context(force_report_rendering=True).action_send_statement()
        [mail] = self.outbox('mail_template_statement')
        body = html2plaintext(mail.body_html).replace('\xa0', ' ')
        money = self.company_currency.format
        for text in (
            invoice.name, money(1234.5).replace('\xa0', ' '), "12 days overdue", "1–30 days",
            "Pay online", money(34.5).replace('\xa0', ' '), money(1200.0).replace('\xa0', ' '),
            self.currency_euro.format(7.77).replace('\xa0', ' '),
        ):
            self.assertIn(text, body)
        self.assertEqual(mail.email_to, 'rosa@example.com')
        self.assertEqual(mail.attachment_ids.mapped('mimetype'), ['application/pdf'])
        self.assertTrue(mail.attachment_ids.raw.startswith(b'%PDF'))
        link = self.statement_link()
        self.assertEqual(mail.body_html.count(f'{link._url()}?section='), 2)
        self.assertEqual((link.mail_state, link.sent_count), ('sent', 1))
        self.assertIn("Statement sent", self.customer.message_ids[:1].body)

    def test_nothing_due_is_not_sent(self):
        self.credit_note(10.0)
        with self.assertRaisesRegex(UserError, "Nothing is due"):
            self.customer.action_send_statement()

    def test_without_an_address_the_contact_is_opened(self):
        self.owe(10.0)
        self.customer.email = False
        with self.assertRaises(RedirectWarning):
            self.customer.action_send_statement()

    def test_the_contact_for_invoices_gets_it(self):
        self.owe(10.0)
        self.env['res.partner'].create({
            'name': "Books", 'type': 'invoice', 'parent_id': self.customer.id,
            'email': 'books@example.com',
        })
        self.customer.action_send_statement()
        self.assertEqual(self.outbox('mail_template_statement').email_to, 'books@example.com')

    def test_many_are_queued_and_who_cannot_get_one_is_named(self):
        self.owe(10.0)
        nothing, unknown = self.env['res.partner'].create([
            {'name': "Owes nothing", 'email': 'no@example.com'}, {'name': "Unknown"},
        ])
        self.owe(5.0, partner=unknown)
        answer = (self.customer | nothing | unknown).action_send_statement()
        message = answer['params']['message']
        self.assertIn("1 statements are on their way.", message)
        self.assertIn("Nothing is due. (Owes nothing)", message)
        self.assertIn("no valid e-mail address. (Unknown)", message)
        self.assertFalse(self.outbox('mail_template_statement'))
        with self.own_cursor() as env:
            env['email.pay.link']._cron_send()
        self.assertEqual(len(self.outbox('mail_template_statement')), 1)

    def test_what_was_paid_before_the_job_is_not_sent(self):
        invoice = self.owe(10.0)
        link = self.statement_link()
        link._queue()
        self.settle_by_hand(invoice)
        with self.own_cursor() as env:
            env['email.pay.link']._cron_send()
        self.assertEqual((link.mail_state, link.mail_error), ('failed', "Nothing is due."))

    def test_the_link_to_copy_is_the_same_as_the_mailed_one(self):
        self.owe(10.0)
        action = self.customer.action_copy_payment_link()
        self.assertEqual(action['params']['url'], self.statement_link()._url())

    def test_the_link_is_copied_from_the_customers_menu(self):
        self.owe(10.0)
        action = self.env.ref('email_pay.action_copy_statement_link')
        self.assertIn(action.id, [
            entry['id'] for entry in action.get_bindings('res.partner')['action']])
        answer = action.with_context(
            active_model='res.partner', active_ids=self.customer.ids).run()
        self.assertEqual(answer['params']['url'], self.statement_link()._url())
        seller = new_test_user(self.env, 'seller-of-links', 'base.group_user')
        with self.assertRaises(AccessError):
            action.with_user(seller).with_context(
                active_model='res.partner', active_ids=self.customer.ids).run()

    def test_only_accountants_send_and_copy(self):
        self.owe(10.0)
        seller = new_test_user(self.env, 'seller', 'base.group_user')
        for action in ('action_send_statement', 'action_copy_payment_link'):
            with self.assertRaises(AccessError):
                getattr(self.customer.with_user(seller), action)()
        self.assertFalse(self.customer.with_user(seller).email_pay_can_send)

    # --- a constant number of queries -------------------------------------------------------------

    def test_a_thousand_documents_take_as_many_queries_as_ten(self):
        counts = {}
        for count in (10, 990):
            self.many(count)
            self.statement()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            section = self.section()
            counts[len(section.charges)] = self.cr.sql_log_count - before
        self.assertEqual(set(counts), {10, 1000})
        self.assertEqual(len(set(counts.values())), 1, counts)
        self.assertEqual(section.due, 10010.0)
