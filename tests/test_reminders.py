from datetime import timedelta

import psycopg2

from odoo import Command
from odoo.tests import Form, tagged
from odoo.tools import html2plaintext, mute_logger

from .reminder_common import ReminderCommon


@tagged('post_install', '-at_install')
class TestReminders(ReminderCommon):
    """Who is reminded on which day, of what."""

    # --- the days -----------------------------------------------------------------------------

    def test_each_step_is_sent_on_its_day_once(self):
        self.owe_then()
        days = (-4, -3, -2, -1, 0, 1, 6, 7, 8, 14, 15, 16, 29, 30, 31, 60)
        sent = {day: len(self.run_at(day)) for day in days}
        self.assertEqual({day for day, count in sent.items() if count}, {-3, 0, 7, 15, 30})
        self.assertEqual(set(sent.values()), {0, 1})

    def test_the_words_get_firmer(self):
        self.owe_then()
        subjects = [self.run_at(days).subject for days in (-3, 0, 7, 15)]
        for subject, words in zip(
            subjects, ("due soon", "payment due", "payment due", "overdue"), strict=True,
        ):
            self.assertIn(f"Canal Supplies: {words}", subject)
            self.assertIn("10.00", subject)

    def test_a_day_is_one_on_the_companys_clock_from_an_hour_on(self):
        self.owe_then()
        self.assertFalse(self.run_at(-3, hour=14))
        self.assertTrue(self.run_at(-3, hour=15))
        self.assertFalse(self.run_at(0, hour=5))  # eleven in the evening before
        self.portal.reminder_hour = 0
        self.assertFalse(self.run_at(0, hour=5))
        self.assertTrue(self.run_at(0, hour=6))

    def test_missed_days_are_made_up_for_by_the_newest_step_alone(self):
        self.owe_then()
        self.assertIn("overdue", self.run_at(22).subject)
        self.assertEqual(self.notices().item_ids.delay, 15)
        self.assertFalse(self.run_at(23))
        self.assertTrue(self.run_at(30))

    def test_what_was_missed_for_long_is_not_made_up_for(self):
        self.owe_then()
        self.assertFalse(self.run_at(121))

    def test_old_debts_do_not_come_to_a_schedule_that_begins(self):
        self.owe_then(days=-28, invoice_date=self.today - timedelta(days=8))
        self.assertFalse(self.run_at(-20))  # today
        self.assertFalse(self.run_at(-14))
        self.assertTrue(self.run_at(-13))  # 15 days after it was due

    def test_switched_on_again_it_begins_again(self):
        self.owe_then()
        self.portal.reminders_scheduled = False
        self.assertFalse(self.run_at(0))
        with self.at(10):
            self.portal.reminders_scheduled = True
        self.assertFalse(self.run_at(11))
        self.assertTrue(self.run_at(15))

    def test_a_step_that_is_changed_begins_again(self):
        self.owe_then()
        self.run_at(7)
        with self.at(12):
            self.step(7).days = 10
        self.assertFalse(self.run_at(12))

    def test_of_an_invoice_no_step_that_came_before_it(self):
        self.create_invoice(
            5.0, invoice_date=self.due_date, invoice_date_due=self.due_date,
            invoice_payment_term_id=None)
        self.assertFalse(self.run_at(0))
        self.assertTrue(self.run_at(7))

    def test_a_later_due_date_begins_anew(self):
        invoice = self.owe_then()
        self.run_at(7)
        invoice.invoice_date_due = self.due_date + timedelta(days=30)
        self.assertFalse(self.run_at(15))
        self.assertTrue(self.run_at(27))

    def test_the_database_itself_allows_each_step_once_and_one_message_a_day(self):
        self.owe_then()
        self.run_at(0)
        notice = self.notices()
        item = notice.item_ids
        for record, values in (
            (notice, {'company_id': self.company.id, 'partner_id': self.customer.id,
                      'day': notice.day}),
            (item, {'move_id': item.move_id.id, 'due_date': item.due_date, 'delay': item.delay,
                    'currency_id': item.currency_id.id}),
        ):
            with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.UniqueViolation), \
                    self.env.cr.savepoint():
                record.sudo().create(values)

    # --- of what ------------------------------------------------------------------------------

    def test_many_invoices_are_one_mail_in_the_firmest_words(self):
        invoices = [self.owe_then(10.0), self.owe_then(20.0, -15), self.owe_then(40.0, 3)]
        self.owe_then(80.0, 10)
        mail = self.run_at(0)
        self.assertEqual((mail.email_to, len(mail)), ('rosa@example.com', 1))
        self.assertIn("overdue", mail.subject)
        text = html2plaintext(mail.body_html)
        for invoice in invoices:
            self.assertIn(invoice.name, text)
        self.assertIn("70.00", text)
        self.assertNotIn("80.00", text)
        self.assertEqual(self.notices().item_ids.mapped('delay'), [15, 0, -3])

    def test_one_message_a_day_whatever_comes_later_on_that_day(self):
        self.owe_then()
        self.assertTrue(self.run_at(0, hour=16))
        self.owe_then(5.0)
        self.portal.reminded_on = False
        self.assertFalse(self.run_at(0, hour=17))
        self.assertIn("5.00", self.run_at(1).subject)

    def test_on_the_day_of_the_monthly_statement_it_waits_for_the_next(self):
        self.portal.write({'statement_scheduled': True, 'statement_day': self.due_date.day})
        self.owe_then()
        reason = "The monthly statement is sent that day; the reminder follows the next day."
        self.assertEqual(self.preview_at(-1)[self.customer][0], reason)
        self.assertFalse(self.run_at(0))
        self.assertEqual((self.notices().state, self.notices().reason), ('skipped', reason))
        self.assertTrue(self.run_at(1))

    def test_instalments_are_due_on_days_of_their_own(self):
        terms = self.env['account.payment.term'].create({'name': "Two halves", 'line_ids': [
            Command.create({'value': 'percent', 'value_amount': 50, 'nb_days': days})
            for days in (20, 50)
        ]})
        self.create_invoice(100.0, invoice_date=self.today, invoice_payment_term_id=terms.id)
        self.assertIn("50.00", self.run_at(0).subject)
        self.assertIn("50.00", self.run_at(15).subject)
        self.assertIn("50.00", self.run_at(27).subject)  # 3 days before the second
        mail = self.run_at(30)  # of both
        self.assertIn("100.00", mail.subject)
        self.assertEqual(len(self.notices()), 4)

    def test_what_is_paid_is_not_reminded_of(self):
        invoice = self.owe_then()
        partly = self.owe_then(20.0)
        self.settle_by_hand(invoice)
        self.settle_by_hand(partly, 15.0)
        mail = self.run_at(0)
        self.assertIn("5.00", mail.subject)
        self.assertNotIn(invoice.name, mail.body_html)

    def test_only_posted_customer_invoices(self):
        self.create_invoice(99.0, post=False, invoice_date_due=self.due_date)
        self.open_balance(50.0).line_ids.date_maturity = self.due_date
        self.assertFalse(self.run_at(0))

    def test_credits_lower_what_is_due_the_oldest_first(self):
        first, second = self.owe_then(10.0, -1), self.owe_then(20.0)
        self.credit_note(14.0)
        mail = self.run_at(0)
        self.assertIn("16.00", mail.subject)
        self.assertNotIn(first.name, mail.body_html)
        self.assertEqual(self.notices().item_ids.mapped('move_id'), second)

    def test_credits_that_cover_all_leave_nothing(self):
        self.owe_then(10.0)
        self.credit_note(12.0)
        self.assertFalse(self.run_at(0))
        self.assertEqual(
            (self.notices().state, self.notices().reason),
            ('skipped', "Credits of the customer cover it."))

    def test_currencies_have_a_button_each(self):
        self.owe_then(10.0)
        self.owe_euros(7.0, -20)
        mail = self.run_at(0)
        for text in ("10.00", "7.00"):
            self.assertIn(text, mail.subject)
        for currency in ('USD', 'EUR'):
            self.assertIn(f'section={currency}-', mail.body_html)

    def test_nothing_while_a_payment_is_on_its_way(self):
        invoice = self.owe_then()
        transaction = self.start_payment(self.create_link(invoice), 4.0)
        transaction._email_pay_claim()
        self.assertFalse(self.run_at(0))
        self.assertEqual(self.notices().reason, "A payment is on its way.")
        transaction._set_canceled()
        self.assertTrue(self.run_at(1))

    def collect_monthly(self, invoice):
        """A plan of two months that a person confirms: it holds what is due now."""
        if not self.portal._recurring_methods():
            self.portal.method_ids = [Command.create({
                'provider_id': self.credicorp.id, 'kind': 'recurring', 'recurring_mode': 'manual',
            })]
        return self.env['email.pay.plan']._create_for(
            invoice, self.portal._recurring_methods(), 2, self.due_date)

    def test_what_is_collected_in_instalments_is_not_reminded_of(self):
        pending, active = self.owe_then(100.0), self.owe_then(50.0)
        for invoice in (pending, active):
            plan = self.collect_monthly(invoice)
        plan.sudo().state = 'active'
        self.assertFalse(self.run_at(0))
        plan.installment_ids._cancel("Stopped.")
        mail = self.run_at(1)
        self.assertIn(active.name, mail.body_html)
        self.assertNotIn(pending.name, mail.body_html)

    def test_what_is_due_beyond_the_instalments_is_reminded_of(self):
        part, whole = self.owe_then(100.0), self.owe_then(50.0)
        self.settle_by_hand(part, 40.0)
        for invoice in (part, whole):
            self.collect_monthly(invoice)
        part._get_reconciled_payments().action_cancel()  # it was booked by mistake
        self.assertEqual(part.amount_residual, 100.0)
        mail = self.run_at(0)
        self.assertIn("40.00", mail.subject)
        self.assertNotIn(whole.name, mail.body_html)

    def test_a_promise_holds_until_its_day_is_past(self):
        invoice = self.owe_then()
        invoice.email_pay_promised_for = self.due_date + timedelta(days=9)
        self.assertFalse(self.run_at(7))
        self.assertFalse(self.run_at(9))
        self.assertTrue(self.run_at(10))

    # --- left out -----------------------------------------------------------------------------

    def test_a_customer_is_left_out(self):
        self.owe_then()
        customer = self.customer.with_company(self.company).with_context(
            tracking_disable=False, mail_notrack=False)
        self.cr.flush()
        customer.email_pay_no_reminders = True
        self.cr.flush()
        self.env.invalidate_all()
        self.assertIn('email_pay_no_reminders',
                      self.customer.message_ids.tracking_value_ids.field_id.mapped('name'))
        self.assertFalse(self.run_at(0))
        other = self.env['res.company'].create({'name': "Another"})
        self.assertFalse(self.customer.with_company(other).email_pay_no_reminders)

    def test_an_invoice_is_left_out(self):
        mine, odoos, other = self.owe_then(10.0), self.owe_then(20.0), self.owe_then(40.0)
        mine.email_pay_no_reminders = True
        odoos.no_followup = True
        mail = self.run_at(0)
        self.assertIn("40.00", mail.subject)
        self.assertEqual(self.notices().item_ids.move_id, other)

    def test_a_step_is_left_out_for_a_customer_or_for_all(self):
        self.owe_then()
        self.customer.email_pay_no_reminder_ids = self.step(7)
        self.assertTrue(self.run_at(0))
        self.assertFalse(self.run_at(7))
        self.assertEqual(
            self.notices()[-1:].reason, "The customer is excluded from this reminder.")
        self.step(15).active = False
        self.assertFalse(self.run_at(15))

    def test_switched_off_nothing_is_sent(self):
        self.owe_then()
        self.portal.reminders_scheduled = False
        self.assertFalse(self.run_at(0))
        self.portal.write({'reminders_scheduled': True, 'enabled': False})
        self.assertFalse(self.run_at(0))

    # --- the preview --------------------------------------------------------------------------

    def test_the_preview_tells_tomorrows_list_and_why_not(self):
        names = ("Nomail", "Excluded", "Promised", "Credited", "Left", "Later")
        partners = {name: self.customer_named(name) for name in names}
        invoices = {
            name: self.owe_then(10.0, partner=partner) for name, partner in partners.items()}
        mine = self.owe_then(10.0)
        partners["Nomail"].email = False
        partners["Excluded"].with_company(self.company).email_pay_no_reminders = True
        invoices["Promised"].email_pay_promised_for = self.due_date
        invoices["Left"].email_pay_no_reminders = True
        invoices["Later"].invoice_date_due = self.due_date + timedelta(days=1)
        self.create_invoice(10.0, partner=partners["Credited"], move_type='out_refund')
        self.run_at(-3)
        self.run_at(-2)
        rows = self.preview_at(-1)
        self.assertEqual(rows.pop(self.customer), ('', 0, mine.name, 10.0))
        reasons = {partner.name: row[0] for partner, row in rows.items()}
        self.assertIn("Payment is promised for ", reasons.pop("Promised"))
        self.assertEqual(reasons, {
            "Nomail": "The customer has no valid e-mail address.",
            "Excluded": "The customer is excluded from reminders.",
            "Credited": "Credits of the customer cover it.",
            "Left": "The invoice is excluded from reminders.",
        })
        self.assertEqual(self.run_at(0).mapped('email_to'), ['rosa@example.com'])

    def test_the_preview_leaves_out_what_is_sent_today(self):
        self.owe_then(10.0)
        self.owe_then(20.0, 1)
        names = [self.preview_at(0)[self.customer][3]]
        self.run_at(0)
        names.append(self.preview_at(0)[self.customer][3])
        self.assertEqual(names, [20.0, 20.0])
        self.assertIn("20.00", self.run_at(1).subject)

    def test_the_preview_of_a_schedule_that_is_off_is_that_of_one_that_begins(self):
        self.owe_then(10.0)
        self.owe(20.0, 40)
        self.portal.reminders_scheduled = False
        self.assertEqual(self.preview_at(-1)[self.customer][3], 10.0)

    def test_the_settings_open_and_offer_the_usual_steps(self):
        delays = [-3, 0, 7, 15, 30]
        self.assertEqual(self.portal.reminder_ids.mapped('delay'), delays)
        self.portal.reminder_ids.unlink()
        self.portal.action_add_usual_reminders()
        self.portal.action_add_usual_reminders()
        self.assertEqual(self.portal.reminder_ids.mapped('delay'), delays)
        with Form(self.portal) as form, form.reminder_ids.new() as line:
            line.days = 60
        self.assertEqual(
            self.step(60).mail_template_id, self.env.ref('email_pay.mail_template_reminder_late'))
        self.assertEqual(self.step(-3).display_name, "3 days before")
