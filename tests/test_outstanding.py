from datetime import timedelta

from lxml import etree

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .statement_common import StatementCommon


@tagged('post_install', '-at_install')
class TestOutstanding(StatementCommon):
    """What all customers have open, in one list."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref('base.pa')
        cls.customer.write({'phone': '6123-4567', 'country_id': cls.env.ref('base.pa').id})
        cls.accountant = cls.new_user('collector', 'account.group_account_invoice')

    def rows(self, partner=None, **context):
        self.env.flush_all()
        return self.env['email.pay.outstanding'].with_context(**context).search(
            [('partner_id', '=', (partner or self.customer).id)])

    def row(self, move):
        return self.rows().filtered(lambda row: row.move_id == move)

    # --- the same as the statement ------------------------------------------------------------

    def test_it_adds_up_to_the_statement(self):
        for days, amount in {0: 1.0, -9: 2.0, 1: 4.0, 30: 8.0, 31: 16.0, 60: 32.0, 61: 64.0,
                             90: 128.0, 91: 256.0}.items():
            self.owe(amount, days)
        partly = self.owe(80.0, 20)
        self.settle_by_hand(partly, 30.0)
        self.open_balance(55.5)
        self.credit_note(12.0)
        self.receive(20.0)
        self.create_invoice(99.0, post=False)
        [section] = self.statement().sections
        rows = self.rows()
        charges = rows.filtered(lambda row: row.due > 0)
        ages = [sum(charges.filtered(lambda row, age=age: row.ageing == str(age)).mapped('due'))
                for age in range(5)]
        self.assertEqual(ages, section.ages)
        self.assertEqual(sum(charges.mapped('due')), section.due)
        credits_ = rows - charges
        self.assertEqual(set(credits_.mapped('ageing')), {'5'})
        self.assertEqual(-sum(credits_.mapped('due')), section.credit)
        self.assertEqual(rows.search(
            [('partner_id', '=', self.customer.id), ('days_overdue', '>', 0)]
        ), charges.filtered('days_overdue'))
        self.assertEqual(sum(rows.mapped('company_due')), section.balance)
        self.assertEqual(
            {(row.name, row.kind, row.due) for row in rows},
            {(doc.name, doc.kind, doc.due) for doc in section.documents})
        self.assertEqual(
            {row.name: row.days_overdue for row in charges},
            {doc.name: section.days_overdue(doc.due_date) for doc in section.charges})

    def test_instalments_are_a_row_each(self):
        term = self.env['account.payment.term'].create({'name': "Halves", 'line_ids': [
            Command.create({'value': 'percent', 'value_amount': 50, 'nb_days': 0}),
            Command.create({'value': 'percent', 'value_amount': 50, 'nb_days': 300}),
        ]})
        invoice = self.create_invoice(
            90.0, invoice_payment_term_id=term,
            invoice_date=fields.Date.today() - timedelta(days=40))
        self.assertEqual(
            [(row.name, row.due, row.days_overdue, row.ageing) for row in self.rows()],
            [(invoice.name, 45.0, 40, '2'), (invoice.name, 45.0, 0, '0')])

    def test_what_is_paid_goes_away(self):
        invoice = self.owe(10.0)
        self.assertTrue(self.row(invoice))
        self.settle_by_hand(invoice)
        self.assertFalse(self.rows())

    def test_totals_are_in_the_currency_of_the_company(self):
        self.env['res.currency.rate'].create({
            'currency_id': self.currency_euro.id, 'company_id': self.company.id,
            'name': fields.Date.today(), 'rate': 0.5,
        })
        invoice = self.owe_euros(10.0)
        row = self.row(invoice)
        self.assertEqual((row.currency_id, row.due), (self.currency_euro, 10.0))
        self.assertEqual(
            (row.company_currency_id, row.company_due), (self.company_currency, 20.0))

    def test_today_is_that_of_whoever_looks(self):
        invoice = self.owe(10.0)
        today = invoice.invoice_date_due
        for zone in ('Pacific/Kiritimati', 'Pacific/Niue'):
            self.env.invalidate_all()
            now = fields.Date.context_today(self.customer.with_context(tz=zone))
            [row] = self.rows(tz=zone)
            self.assertEqual(row.days_overdue, max((now - today).days, 0))

    # --- groups and filters -------------------------------------------------------------------

    def test_it_is_grouped_by_customer_ageing_salesperson_and_company(self):
        self.owe(10.0, 5)
        self.owe(30.0, 100, invoice_user_id=self.accountant.id)
        outstanding = self.env['email.pay.outstanding']
        self.env.flush_all()
        domain = [('partner_id', '=', self.customer.id)]
        for field, expected in {
            'partner_id': {self.customer: 40.0},
            'ageing': {'1': 10.0, '4': 30.0},
            'company_id': {self.company: 40.0},
            'user_id': {self.env.user: 10.0, self.accountant: 30.0},
        }.items():
            with self.subTest(field=field):
                self.assertEqual(
                    dict(outstanding._read_group(domain, [field], ['company_due:sum'])), expected)

    def test_an_entry_has_the_salesperson_of_the_customer(self):
        self.customer.user_id = self.accountant
        self.assertEqual(self.row(self.open_balance(10.0)).user_id, self.accountant)

    def test_customers_without_a_valid_address_are_marked(self):
        invoice = self.owe(10.0)
        self.assertFalse(self.row(invoice).unreachable)
        for values, expected in (
            ({'email': 'nobody'}, 'email'),
            ({'email': False, 'phone': '12'}, 'both'),
            ({'email': 'rosa@example.com'}, 'phone'),
        ):
            self.customer.write(values)
            self.env.invalidate_all()
            with self.subTest(values=values):
                self.assertEqual(self.row(invoice).unreachable, expected)
        self.assertIn(invoice, self.env['email.pay.outstanding'].search(
            [('unreachable', 'in', ('phone', 'both'))]).move_id)

    def test_the_contact_for_invoices_is_an_address(self):
        self.customer.write({'email': False, 'phone': False})
        invoice = self.owe(10.0)
        self.env['res.partner'].create({
            'name': "Books", 'type': 'invoice', 'parent_id': self.customer.id,
            'email': 'books@example.com', 'phone': '+507 6999 0000', 'country_id': False,
        })
        row = self.row(invoice)
        self.assertFalse(row.unreachable)
        self.assertEqual(invoice._email_pay_address(), 'books@example.com')
        self.assertEqual(invoice._email_pay_phone(), '+50769990000')

    def test_an_invoice_for_a_person_goes_to_the_address_of_that_person(self):
        self.customer.write({'email': False, 'phone': False, 'is_company': True})
        person = self.env['res.partner'].create({
            'name': "Bruno", 'parent_id': self.customer.id, 'email': 'bruno@example.com',
            'phone': '+507 6999 0000',
        })
        invoice, entry = self.owe(10.0, partner=person), self.open_balance(5.0, partner=person)
        row = self.row(invoice)
        self.assertEqual((row.unreachable, row.contact_id), (False, person))
        self.assertEqual(invoice._email_pay_address(), 'bruno@example.com')
        self.assertEqual(row.search([('contact_id', 'child_of', "Bruno")]).move_id, invoice + entry)
        self.assertEqual(self.row(entry).unreachable, 'both', "its statement goes to the company")
        person.message_bounce = 1
        self.env.invalidate_all()
        self.assertTrue(self.row(invoice).bounced)

    def test_of_the_contacts_for_invoices_the_first_with_an_address_counts(self):
        self.customer.write({'email': False, 'message_bounce': 0, 'is_company': True})
        for values in (
            {'name': "A"}, {'name': "B", 'email': 'b@example.com'},
            {'name': "C", 'email': 'c@example.com', 'message_bounce': 1},
            {'name': "AA", 'email': 'aa@example.com', 'is_company': True},
        ):
            self.env['res.partner'].create(
                {**values, 'type': 'invoice', 'parent_id': self.customer.id})
        row = self.row(self.owe(10.0))
        self.assertEqual(row.move_id._email_pay_address(), 'b@example.com')
        self.assertEqual((row.unreachable, row.bounced), (False, False))

    def test_the_marks_say_whom_a_message_cannot_reach(self):
        """Whatever contacts a customer has, the list and the sending agree."""
        pa = self.env.ref('base.pa').id
        contacts = [
            {'name': "A"}, {'name': "B", 'email': 'b@example.com'},
            {'name': "C", 'phone': '6123-4567', 'country_id': pa},
        ]
        for own in contacts:
            for child in contacts:
                customer = self.env['res.partner'].create(own)
                child = self.env['res.partner'].create(
                    {**child, 'type': 'invoice', 'parent_id': customer.id})
                self.owe(1.0, partner=customer)
                self.owe(1.0, partner=child)
                for row in self.rows(customer):
                    without = {
                        (True, True): False, (False, True): 'email', (True, False): 'phone',
                        (False, False): 'both',
                    }[bool(row.move_id._email_pay_address()), bool(row.move_id._email_pay_phone())]
                    self.assertEqual(row.unreachable, without)

    def test_sent_and_opened_are_those_of_the_newest_link(self):
        invoice, other = self.owe(10.0), self.owe(20.0)
        row = self.row(invoice)
        self.assertEqual((row.sent_at, row.opened_at), (False, False))
        link = self.create_link(invoice)
        link.write({'sent_at': '2026-01-01', 'opened_at': '2026-01-02'})
        statement = self.statement_link()
        statement.sent_at = '2026-02-01'
        self.env.invalidate_all()
        row, other = self.row(invoice), self.row(other)
        self.assertEqual(
            (str(row.sent_at)[:10], str(row.opened_at)[:10]), ('2026-02-01', '2026-01-02'))
        self.assertEqual((str(other.sent_at)[:10], other.opened_at), ('2026-02-01', False))
        self.assertEqual(self.env['email.pay.outstanding'].search(
            [('partner_id', '=', self.customer.id), ('was_opened', '=', True)]), row)
        self.assertFalse(self.env['email.pay.outstanding'].search(
            [('partner_id', '=', self.customer.id), ('was_sent', '=', False)]))

    # --- promises -----------------------------------------------------------------------------

    def test_a_promise_is_kept_on_the_document_and_in_its_chatter(self):
        invoice = self.owe(10.0)
        row = self.row(invoice).with_user(self.accountant).with_context(
            tracking_disable=False, mail_notrack=False)
        self.cr.flush()
        row.promised_for = '2027-01-15'
        self.assertEqual(str(row.promised_for), '2027-01-15')
        self.assertEqual(str(invoice.email_pay_promised_for), '2027-01-15')
        self.cr.flush()
        self.env.invalidate_all()
        self.assertIn('email_pay_promised_for',
                      invoice.message_ids.tracking_value_ids.field_id.mapped('name'))

    # --- what can be done with a row ----------------------------------------------------------

    def test_an_invoice_is_shared_with_its_own_link(self):
        invoice = self.owe(10.0)
        action = self.row(invoice).with_user(self.accountant).action_copy_payment_link()
        self.assertEqual(action['params']['url'], self.create_link(invoice)._url())

    def test_what_is_no_invoice_is_shared_with_the_statement(self):
        entry, note = self.open_balance(10.0), self.credit_note(3.0)
        for move in (entry, note):
            action = self.row(move).with_user(self.accountant).action_copy_payment_link()
            self.assertEqual(action['params']['url'], self.statement_link()._url())

    def test_a_row_opens_its_document(self):
        invoice, payment = self.owe(10.0), self.receive(5.0)
        self.assertEqual(self.row(invoice).action_open_document()['res_id'], invoice.id)
        action = self.row(payment.move_id).action_open_document()
        self.assertEqual((action['res_model'], action['res_id']), ('account.payment', payment.id))

    def test_one_is_mailed_at_once(self):
        invoice = self.owe(10.0)
        self.row(invoice).action_send_payment_email()
        self.row(self.open_balance(10.0)).action_send_payment_email()
        payment, statement = self.outbox('mail_template_payment', 'rosa@example.com')
        self.assertIn(self.create_link(invoice)._url(), payment.body_html)
        self.assertIn(self.statement_link()._url(), statement.body_html)

    def test_many_are_one_mail_for_each_customer(self):
        one = self.env['res.partner'].create({'name': "One", 'email': 'one@example.com'})
        unknown = self.env['res.partner'].create({'name': "Unknown"})
        invoice = self.owe(10.0, partner=one)
        nameless = self.owe(10.0, partner=unknown)
        self.owe(10.0)
        self.owe(20.0)
        rows = self.rows() | self.rows(one) | self.rows(unknown)
        message = rows.with_user(self.accountant).action_send_payment_email()['params']['message']
        self.assertIn("2 e-mails are on their way.", message)
        self.assertIn(f"no valid e-mail address. ({nameless.name})", message)
        self.assertFalse(self.outbox('mail_template_payment'))
        with self.own_cursor() as env:
            env['email.pay.link']._cron_send()
        payment, statement = self.outbox('mail_template_payment')
        self.assertEqual(
            (payment.email_to, statement.email_to), ('one@example.com', 'rosa@example.com'))
        self.assertIn(self.create_link(invoice)._url(), payment.body_html)
        self.assertIn(self.statement_link()._url(), statement.body_html)

    def test_a_customer_is_shared_in_the_company_that_something_is_due_to(self):
        other = self.setup_other_company(name="Other Supplies")['company']
        portal = self.env['email.pay.portal'].search([('company_id', '=', other.id)])
        customer = self.customer.with_context(
            allowed_company_ids=[self.company.id, other.id], email_pay_all_companies=True)
        with self.assertRaisesRegex(UserError, "Nothing is due"):
            customer.action_copy_payment_link()
        self.env['account.move'].with_company(other).create({
            'move_type': 'out_invoice', 'partner_id': self.customer.id,
            'invoice_line_ids': [Command.create(
                {'name': "Work", 'price_unit': 30.0, 'tax_ids': []})],
        }).action_post()
        with self.assertRaisesRegex(UserError, "not enabled for Other Supplies"):
            customer.action_copy_payment_link()
        self.env.cr.execute(
            "UPDATE email_pay_portal SET enabled = TRUE WHERE id = %s", [portal.id])
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        link = self.env['email.pay.link']._for_customer(self.customer, other)
        self.assertEqual(customer.action_copy_payment_link()['params']['url'], link._url())
        self.owe(10.0)
        with self.assertRaisesRegex(UserError, "several companies: .*Other Supplies"):
            customer.action_send_statement()
        own = customer.with_context(email_pay_all_companies=False)
        self.assertEqual(
            own.action_copy_payment_link()['params']['url'], self.statement_link()._url())

    def test_links_can_be_copied_and_shown_on_a_phone_and_where_mail_came_back(self):
        row = self.row(self.owe(10.0)).with_user(self.accountant)
        views = row.get_views([(False, 'kanban'), (False, 'list')])['views']
        self.assertIn('action_copy_payment_link', views['kanban']['arch'])
        for button in etree.fromstring(views['list']['arch']).iterfind('button'):
            if button.get('name') == 'action_show_payment_qr':
                self.assertFalse(button.get('invisible'))

    # --- who ----------------------------------------------------------------------------------

    def test_accountants_see_their_companies(self):
        invoice = self.owe(10.0)
        other = self.env['res.company'].create({'name': "Another"})
        reader = self.new_user('reader', 'account.group_account_readonly')
        stranger = self.new_user('stranger', 'account.group_account_invoice', other)
        row = self.row(invoice)
        for user in (self.accountant, reader):
            row = row.with_user(user)
            self.assertTrue(row.read(['name', 'unreachable', 'sent_at']))
            views = row.get_views([
                (False, kind) for kind in ('list', 'kanban', 'pivot', 'graph', 'search')])['views']
            self.assertEqual(
                'action_send_payment_email' in views['list']['arch'], user == self.accountant)
        self.assertNotIn(row, row.with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            row.with_user(stranger).action_share_payment_link()

    def test_others_see_nothing_and_readers_send_nothing(self):
        row = self.row(self.owe(10.0))
        seller = new_test_user(self.env, 'seller', 'base.group_user')
        reader = self.new_user('reader', 'account.group_account_readonly')
        with self.assertRaises(AccessError):
            row.with_user(seller).search([])
        for action in (
            'action_share_payment_link', 'action_copy_payment_link', 'action_open_whatsapp',
            'action_send_payment_sms', 'action_show_payment_qr', 'action_send_payment_email',
            'action_revoke_payment_link',
        ):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(row.with_user(reader), action)()
        with self.assertRaises(AccessError):
            row.with_user(reader).promised_for = '2027-01-15'

    def test_nothing_but_the_promise_can_be_changed(self):
        row = self.row(self.owe(10.0)).with_user(self.accountant)
        with self.assertRaises(UserError):
            self.env['email.pay.outstanding'].with_user(self.accountant).create({'name': "X"})
        with self.assertRaises(UserError):
            row.unlink()

    # --- a constant number of queries ---------------------------------------------------------

    def test_eighty_rows_take_as_many_queries_as_ten(self):
        self.many(80)
        names = [
            'partner_id', 'unreachable', 'name', 'due', 'company_due', 'sent_at', 'opened_at',
            'promised_for', 'due_date', 'days_overdue', 'ageing',
        ]
        specification = {name: {} for name in names}
        counts = []
        for limit in (1, 10, 80):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            found = self.env['email.pay.outstanding'].web_search_read(
                [('partner_id', '=', self.customer.id)], specification, limit=limit)
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(len(found['records']), limit)
        self.assertEqual(len(set(counts[1:])), 1, counts)
