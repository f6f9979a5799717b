from datetime import timedelta

from odoo.tests import tagged

from .plan_follow_common import PlanFollowCommon
from .reminder_common import ReminderCommon


@tagged('post_install', '-at_install')
class TestRefusedReminded(ReminderCommon, PlanFollowCommon):
    """Of a refused instalment its customer is reminded, counted from the day of that instalment."""

    def monthly(self, *states, days=0):
        """A plan whose first instalment is due so many days after `due_date`, of an invoice that
        was due before any step counts."""
        invoice = self.create_invoice(
            30.0 * len(states), invoice_date=self.today - timedelta(days=200),
            invoice_date_due=self.today - timedelta(days=200), invoice_payment_term_id=None)
        return self.plan(*states, invoice=invoice, first_date=self.date(days))

    def test_it_is_reminded_of_after_its_day_each_step_once(self):
        plan = self.monthly('denied', 'awaiting', 'awaiting')
        self.assertFalse(self.run_at(0))  # the notice of the refusal told it
        mail = self.run_at(7)
        self.assertIn(self.company_currency.format(30.0), mail.subject)
        self.assertIn(plan.move_id.name, mail.body_html)
        self.assertIn("7 days overdue", mail.body_html)
        self.assertFalse(self.run_at(8))
        self.assertTrue(self.run_at(15))

    def test_several_of_a_plan_are_in_one_mail(self):
        self.monthly('denied', 'denied', 'awaiting')
        self.assertIn(self.company_currency.format(60.0), self.run_at(40).subject)

    def test_nothing_is_said_while_it_is_being_paid(self):
        plan = self.monthly('denied', 'awaiting')
        line = plan.installment_ids.sorted('number')[0]
        attempt = plan._live_link()._start_installment(line, self.credicorp, self.card)
        attempt._set_pending()
        self.assertFalse(self.run_at(7))
        self.assertEqual(self.notices().reason, "A payment is on its way.")
        attempt._set_canceled()
        self.assertTrue(self.run_at(8))

    def test_what_was_paid_is_not_reminded_of(self):
        plan = self.monthly('denied', 'awaiting')
        plan.installment_ids.sorted('number')[0].state = 'confirmed'
        self.assertFalse(self.run_at(7))

    def test_the_last_of_a_plan_is_reminded_of_on_its_own_day_too(self):
        self.monthly('confirmed', 'denied', days=-31)
        self.assertIn(self.company_currency.format(30.0), self.run_at(8).subject)

    def test_who_is_left_out_is_not_reminded(self):
        self.monthly('denied', 'awaiting').move_id.email_pay_no_reminders = True
        self.assertFalse(self.run_at(7))
        self.assertFalse(self.notices())

    def test_the_accountant_sees_it_before(self):
        plan = self.monthly('denied', 'awaiting')
        reason, delay, names, due = self.preview_at(6)[self.customer]
        self.assertEqual((reason, delay, names, due), ('', 7, plan.move_id.name, 30.0))
