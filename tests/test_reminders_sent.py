from unittest.mock import patch
from urllib.parse import urlsplit

from lxml import html

from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import SQL, html2plaintext, mute_logger, split_every

from odoo.addons.sms.tests.common import MockSMS

from .page_common import PageCommon
from .reminder_common import ReminderCommon

JOB = 'odoo.addons.email_pay.models.email_pay_reminder_notice'
NUMBER = '+50761234567'


@tagged('post_install', '-at_install')
class TestRemindersSent(ReminderCommon, MockSMS):
    """How a reminder goes out, and who sees it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({'phone': '6123-4567', 'country_id': cls.env.ref('base.pa').id})

    def texts(self):
        return self.env['sms.sms'].sudo().search([
            ('state', '=', 'outgoing'), ('mail_message_id.record_company_id', '=', self.company.id),
        ], order='id')

    def last_note(self, record):
        self.env.invalidate_all()
        return html2plaintext(record.message_ids[:1].body)

    # --- told ---------------------------------------------------------------------------------

    def test_the_accountant_sees_which_reminder_went_when(self):
        invoice, other = self.owe_then(10.0), self.owe_then(20.0, -7)
        unreminded = self.owe_then(40.0, 10)
        self.run_at(0)
        self.assertEqual(
            self.last_note(invoice), "Reminder “On the due date” sent to rosa@example.com.")
        self.assertEqual(
            self.last_note(other), "Reminder “7 days after” sent to rosa@example.com.")
        self.assertIn(f"{other.name}, {invoice.name}", self.last_note(self.customer))
        rows = self.env['email.pay.outstanding'].with_user(self.accountant).search(
            [('partner_id', '=', self.customer.id), ('was_reminded', '=', True)])
        self.assertEqual(rows.search(
            [('partner_id', '=', self.customer.id), ('was_reminded', '=', False)]
        ).move_id, unreminded)
        self.assertEqual(
            {row.move_id: row.reminder for row in rows},
            {invoice: "On the due date", other: "7 days after"})
        self.assertEqual(rows.mapped('reminded_at')[0].date(), self.due_date)
        self.assertEqual(rows.mapped('sent_at')[0].date(), self.due_date)
        self.run_at(7)
        self.env.invalidate_all()
        self.assertEqual(rows.filtered(lambda row: row.move_id == invoice).reminder, "7 days after")

    def test_what_was_sent_is_listed(self):
        self.owe_then()
        self.run_at(0)
        notice = self.notices().with_user(self.accountant)
        self.assertEqual(
            (notice.state, notice.step, notice.email, notice.sent_at.date()),
            ('sent', "On the due date", 'rosa@example.com', self.due_date))
        self.assertEqual(notice.documents, notice.item_ids.move_id.name)
        self.assertEqual(Form(notice).step, "On the due date")

    def test_the_mail_speaks_the_language_of_the_customer(self):
        self.env['res.lang']._activate_lang('es_PA')
        template = self.env.ref('email_pay.mail_template_reminder_due')
        template.with_context(lang='es_PA').subject = "Vence {{ object._totals() }}"
        self.customer.lang = 'es_PA'
        self.owe_then()
        self.assertIn("Vence", self.run_at(0).subject)

    def test_who_has_no_address_is_listed_and_no_other_is_kept_waiting(self):
        other = self.customer_named("Other")
        self.owe_then(partner=other)
        self.owe_then()
        self.customer.email = False
        self.assertEqual(self.run_at(0).email_to, 'other@example.com')
        notice = self.notices().filtered(lambda notice: notice.partner_id == self.customer)
        self.assertEqual(
            (notice.state, notice.reason), ('skipped', "The customer has no valid e-mail address."))
        self.customer.email = 'rosa@example.com'
        self.assertEqual(self.run_at(1).email_to, 'rosa@example.com')
        self.assertFalse(notice.exists())

    def test_whose_mails_came_back_is_listed_until_the_address_is_corrected(self):
        self.owe_then()
        self.customer.message_bounce = 1
        self.assertFalse(self.run_at(0))
        self.assertEqual(self.notices().state, 'skipped')
        self.assertIn("came back", self.notices().reason)
        self.customer.email = 'rosa.vega@example.com'
        self.assertEqual(self.run_at(1).email_to, 'rosa.vega@example.com')

    # --- text messages ------------------------------------------------------------------------

    def test_a_text_message_goes_out_instead_or_too(self):
        invoice = self.owe_then()
        self.step(0).channel = 'sms'
        self.step(7).channel = 'both'
        self.assertFalse(self.run_at(0))
        notice = self.notices()
        sms = self.texts()
        self.assertEqual((sms.number, notice.phone, notice.email), (NUMBER, NUMBER, False))
        self.assertIn(f"Canal Supplies: {invoice.name}, $ 10.00, due. Pay here: ", sms.body)
        self.assertIn(notice._url(), sms.body)
        self.assertNotIn(notice.link_id.sudo()._token(), ''.join(
            self.customer.message_ids.mapped('body')))
        self.assertIn(NUMBER, self.last_note(invoice))
        self.assertTrue(self.run_at(7))
        self.assertEqual(len(self.texts()), 2)

    def test_a_text_message_that_cannot_be_sent_blocks_no_mail(self):
        self.owe_then()
        self.step(0).channel = 'both'
        self.step(7).channel = 'both'
        self.customer.phone = False
        self.assertTrue(self.run_at(0))
        self.assertIn("no valid phone number", self.notices().reason)
        self.customer.phone = '6123-4567'
        self.step(7).sms_template_id.body = "{{ object.nothing }}"
        self.assertTrue(self.run_at(7))
        self.assertIn("The text message was not sent", self.notices()[-1:].reason)
        self.assertEqual(self.notices().mapped('state'), ['sent', 'sent'])
        self.assertFalse(self.texts())

    def test_without_an_address_the_text_message_goes_out_alone(self):
        self.owe_then()
        self.step(0).channel = 'both'
        self.customer.email = False
        self.assertFalse(self.run_at(0))
        self.assertEqual((self.notices().state, len(self.texts())), ('sent', 1))

    def test_where_mails_came_back_the_text_message_goes_out_alone(self):
        self.owe_then()
        self.step(0).channel = 'both'
        self.customer.message_bounce = 1
        self.assertFalse(self.run_at(0))
        self.assertEqual(
            (self.notices().state, self.notices().email, len(self.texts())), ('sent', False, 1))

    def test_who_asked_for_no_text_messages_gets_none(self):
        self.owe_then()
        self.step(0).channel = 'sms'
        self.env['phone.blacklist'].sudo()._add([NUMBER])
        self.run_at(0)
        self.assertEqual(self.notices().reason, "The customer asked for no text messages.")

    # --- when something breaks ----------------------------------------------------------------

    def test_a_worker_that_is_killed_leaves_all_to_the_next_one(self):
        self.owe_then()
        self.owe_then(partner=self.customer_named("Other"))
        self.env.flush_all()
        with self.at(0), self.own_cursor() as env:
            env['email.pay.portal'].browse(self.portal.id)._queue_reminders()
            env.cr.commit()
            env['email.pay.reminder.notice'].search([], order='id', limit=1)._try_to_send()
            env.cr.rollback()  # killed before its commit
        self.assertFalse(self.reminders())
        self.assertEqual(len(self.run_at(0)), 2)
        self.assertFalse(self.run_at(0))

    @mute_logger('odoo.addons.email_pay.models.email_pay_portal_schedule')
    def test_a_company_that_breaks_keeps_nothing_back_and_is_told_once(self):
        self.owe_then()
        self.env.flush_all()
        with self.at(0), self.own_cursor() as env:
            env['email.pay.portal'].browse(self.portal.id)._queue_reminders()
        self.portal.reminded_on = False
        with patch.object(
                type(self.portal), '_reminder_customers_sql', side_effect=ValueError("Secret")):
            self.assertTrue(self.run_at(0))
            self.run_at(0)
        [activity] = self.activities(self.company.partner_id)
        self.assertEqual(activity.summary, "No reminders are sent")
        self.assertIn("ValueError", activity.note)
        self.assertNotIn("Secret", activity.note)
        self.assertFalse(self.portal.reminded_on)

    @mute_logger(JOB, 'odoo.addons.email_pay.models.email_pay_attention',
                 'odoo.addons.mail.models.mail_render_mixin')
    def test_what_nobody_can_be_told_of_stops_no_other(self):
        self.owe_then()
        self.owe_then(partner=self.customer_named("Other"))
        self.step(0)._template('mail').subject = "{{ object.nothing }}"
        attention = type(self.env['email.pay.attention'])
        with patch.object(attention, '_ask_attention', side_effect=ValueError):
            self.assertFalse(self.run_at(0))
        self.assertEqual(set(self.notices().mapped('state')), {'failed'})

    def test_what_was_queued_yesterday_is_not_sent_today_as_well(self):
        self.owe_then()
        self.env.flush_all()
        with self.at(0), self.own_cursor() as env:
            env['email.pay.portal'].browse(self.portal.id)._queue_reminders()
        self.assertFalse(self.run_at(1, hour=7))  # before its hour: yesterday's are left out
        self.assertEqual(len(self.run_at(1)), 1)

    def test_what_is_paid_after_it_was_queued_is_not_sent(self):
        invoice = self.owe_then()
        self.env.flush_all()
        with self.at(0), self.own_cursor() as env:
            env['email.pay.portal'].browse(self.portal.id)._queue_reminders()
        self.settle_by_hand(invoice)
        self.assertFalse(self.run_at(0))
        self.assertFalse(self.notices())

    def test_a_broken_template_is_told_once_and_tried_again(self):
        template = self.env.ref('email_pay.mail_template_reminder_due')
        words = template.subject
        template.subject = "{{ object.nothing }}"
        for name in ("First", "Second"):
            self.owe_then(partner=self.customer_named(name))
        self.owe_then(days=-15)
        with mute_logger('odoo.addons.mail.models.mail_render_mixin'), \
                self.assertLogs(JOB, 'ERROR') as logged:
            self.assertEqual(self.run_at(0).email_to, 'rosa@example.com')
        self.assertEqual(len(logged.output), 2)
        failed = self.notices().filtered(lambda notice: notice.state == 'failed')
        self.assertEqual(len(failed), 2)
        self.assertEqual(sum(len(self.activities(notice.partner_id)) for notice in failed), 1)
        template.subject = words
        self.assertEqual(len(self.run_at(1)), 2)

    # --- who ----------------------------------------------------------------------------------

    def test_who_may_see_and_change_reminders(self):
        self.owe_then()
        self.run_at(0)
        seller = new_test_user(self.env, 'seller', 'base.group_user')
        other = self.env['res.company'].create({'name': "Another"})
        stranger = new_test_user(
            self.env, 'stranger', 'base.group_user,account.group_account_manager',
            company_id=other.id, company_ids=other.ids)
        billing = new_test_user(
            self.env, 'billing', 'base.group_user,account.group_account_invoice',
            company_id=self.company.id, company_ids=self.company.ids)
        for record in (self.notices(), self.notices().item_ids, self.step(0)):
            for user in (seller, stranger):
                with self.subTest(record=record, user=user.login), self.assertRaises(AccessError):
                    record.with_user(user).read()
            self.assertTrue(record.with_user(billing).read())
            with self.assertRaises(AccessError):
                record.with_user(billing).write({'company_id': other.id})
        self.step(0).with_user(self.accountant).days = 1
        self.assertTrue(self.portal.with_user(billing).action_preview_reminders())
        with self.assertRaises(AccessError):
            self.portal.with_user(seller).action_preview_reminders()

    def test_who_keeps_no_books_changes_a_customer_as_before(self):
        self.customer.email_pay_no_reminder_ids = self.step(0)
        self.env.flush_all()
        self.env.invalidate_all()
        clerk = new_test_user(self.env, 'clerk', 'base.group_user,base.group_partner_manager')
        customer = self.customer.with_user(clerk).with_context(
            tracking_disable=False, mail_notrack=False)
        customer.function = "Baker"
        self.assertEqual(self.customer.email_pay_no_reminder_ids, self.step(0))

    # --- a constant number of queries ---------------------------------------------------------

    def queries_of(self, partners, each=1):
        """What the job takes to remind each of new customers of so many invoices."""
        moves = self.many(len(partners) * each)
        for partner, own in zip(partners, split_every(each, moves.ids), strict=True):
            for table, column in (('account_move', 'id'), ('account_move_line', 'move_id')):
                self.env.cr.execute(SQL(
                    "UPDATE %s SET partner_id = %s WHERE %s IN %s", SQL.identifier(table),
                    partner.id, SQL.identifier(column), tuple(own)))
        self.portal.reminded_on = False
        self.env.flush_all()
        self.env.invalidate_all()
        with self.at(5), self.own_cursor() as env:
            before = env.cr.sql_log_count
            env['email.pay.portal']._cron_remind()
            return env.cr.sql_log_count - before

    def customers(self, count):
        return self.env['res.partner'].create([
            {'name': f"N{number}", 'email': f'n{number}@example.com'} for number in range(count)])

    def test_forty_invoices_in_a_mail_take_as_many_queries_as_ten(self):
        counts = [self.queries_of(self.customers(1), each) for each in (1, 10, 40)]
        self.assertEqual(
            [len(notice.item_ids) for notice in self.notices()], [1, 10, 40])
        self.assertEqual(len(set(counts[1:])), 1, counts)

    def test_each_of_forty_mails_takes_as_many_queries_as_each_of_ten(self):
        counts = [self.queries_of(self.customers(count)) for count in (1, 2, 10, 40)]
        self.assertEqual(len(self.reminders()), 53)
        each = [(counts[2] - counts[1]) / 8, (counts[3] - counts[2]) / 30]
        self.assertEqual(len(set(each)), 1, counts)
        self.assertLessEqual(each[0], 60)


@tagged('post_install', '-at_install')
class TestReminderPage(ReminderCommon, PageCommon):
    """What the customer finds behind a reminder, over HTTP."""

    def test_what_the_reminder_is_about_is_picked(self):
        reminded, other = self.owe_then(10.0), self.owe_then(20.0, 10)
        mail = self.run_at(0)
        [address] = html.fromstring(mail.body_html).xpath('//a[normalize-space()="Pay now"]/@href')
        url = urlsplit(address)
        self.env.flush_all()
        page = self.url_open(f'{url.path}?{url.query}')
        self.assertEqual(self.picked(page), [str(reminded.id)])
        self.settle_by_hand(reminded)
        self.env.flush_all()
        page = self.url_open(f'{url.path}?{url.query}')
        self.assertEqual(self.picked(page), [str(other.id)])

    def test_another_customers_reminder_picks_nothing(self):
        mine, other = self.owe_then(10.0), self.customer_named("Other")
        self.owe_then(10.0, partner=other)
        self.run_at(0)
        notice = self.notices().filtered(lambda notice: notice.partner_id == other)
        link = self.statement_link()
        self.env.flush_all()
        for value in (notice.id, 'x', '²', '9' * 30):
            page = self.open_link(link, params={'reminder': value})
            self.assertEqual(self.picked(page), [str(mine.id)])

    def picked(self, page):
        return self.tree(page).xpath('//input[@name="document"][@checked]/@value')
