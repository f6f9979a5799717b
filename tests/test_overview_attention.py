from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .overview_common import OverviewCommon
from .plan_follow_common import PlanFollowCommon


@tagged('post_install', '-at_install')
class TestOverviewAttention(OverviewCommon, PlanFollowCommon):
    """What needs a person: each kind is counted, leads to its records, and goes away."""

    def attention(self):
        return self.block()['attention']

    def check(self, label, record, urgent=False):
        figure = self.named(self.attention(), label)
        self.assertTrue(figure, label)
        self.assertLeadsTo(figure, record)
        self.assertEqual(figure['urgent'], urgent)

    def assertGone(self, label):
        self.assertFalse(self.named(self.attention(), label))

    def test_nothing_needs_anybody(self):
        self.sent(opened=True)
        self.assertEqual(self.attention(), [])

    def test_parked_notifications(self):
        events = self.env['email.pay.event'].sudo()
        events._park_booking(self.start_payment(self.create_link(self.create_invoice())), "No.")
        event = self.events()
        self.check("Parked notifications", event, urgent=True)
        event.with_user(self.accountant).action_ignore()
        self.assertGone("Parked notifications")

    def test_differences(self):
        difference = self.env['email.pay.difference'].sudo().create({
            'provider_id': self.credicorp.id, 'company_id': self.company.id, 'kind': 'unbooked',
            'gateway_reference': '7100001',
        })
        self.check("Differences with the gateways", difference, urgent=True)
        difference.with_user(self.accountant)._settle("By hand")
        self.assertGone("Differences with the gateways")

    def test_denied_instalments(self):
        plan = self.plan('confirmed', 'denied', 'awaiting', first_date='2099-01-31')
        denied = plan.installment_ids.filtered(lambda line: line.state == 'denied')
        self.check("Denied instalments", denied, urgent=True)
        denied.state = 'cancelled'
        self.assertGone("Denied instalments")

    def test_instalments_that_a_person_confirms(self):
        since = {'first_date': fields.Date.to_string(fields.Date.today() - timedelta(days=9))}
        due = self.plan('awaiting', 'awaiting', **since).installment_ids.sorted('number')[0]
        self.plan('awaiting', 'awaiting', first_date='2099-01-31')
        self.plan('awaiting', 'awaiting', method=self.on_card, **since)
        self.plan('awaiting', 'awaiting', plan_state='pending', **since)
        self.check("Instalments to confirm", due)

    def test_promises_that_were_not_kept(self):
        broken, kept = self.owe(10.0, 5), self.owe(10.0, 5)
        today = fields.Date.today()
        broken.email_pay_promised_for = today - timedelta(days=1)
        kept.email_pay_promised_for = today
        [line] = broken.line_ids.filtered('date_maturity')
        self.check("Promises that were not kept", self.env['email.pay.outstanding'].browse(line.id))
        self.settle_by_hand(broken)
        self.assertGone("Promises that were not kept")

    def test_mail_accounts_that_fail(self):
        account = self.env['ir.mail_server'].sudo().create({
            'name': "Collections", 'smtp_host': 'localhost', 'email_pay_purpose': 'collection',
            'email_pay_company_id': self.company.id, 'email_pay_sender': 'a@canal.example.com',
        })
        self.assertGone("Mail accounts that do not work")
        account.email_pay_failing_since = fields.Datetime.now()
        self.check("Mail accounts that do not work", account, urgent=True)

    def test_links_that_were_not_sent(self):
        by_mail, by_sms, closed = (self.create_link(self.create_invoice()) for _number in range(3))
        by_mail.mail_state = by_sms.sms_state = closed.mail_state = 'failed'
        closed.action_revoke()
        self.check("Payment links that were not sent", by_sms | by_mail)
        (by_mail | by_sms).expires_at = fields.Datetime.now() - timedelta(days=1)
        self.assertGone("Payment links that were not sent")

    def test_links_that_came_back(self):
        link = self.sent()
        link._record_bounce("Unknown user")
        self.check("Payment links that came back", link)
        self.customer.email = 'rosa.vega@example.com'
        self.assertGone("Payment links that came back")

    def test_receipts_that_did_not_arrive(self):
        payment = self.pay_by_card(self.create_link(self.create_invoice())).payment_id
        self.receipts()
        self.assertGone("Receipts that did not arrive")
        receipt = payment.email_pay_receipt_ids.filtered(lambda one: one.role == 'first')
        receipt._record_bounce("Unknown user")
        self.check("Receipts that did not arrive", payment)
        receipt.copy({'role': 'again', 'state': 'sent'})
        self.assertGone("Receipts that did not arrive")

    def test_reminders_that_were_not_sent(self):
        notice = self.env['email.pay.reminder.notice'].sudo().create({
            'company_id': self.company.id, 'partner_id': self.customer.id, 'state': 'failed',
            'day': fields.Date.today(),
        })
        self.check("Reminders that were not sent", notice)
        notice.day -= timedelta(days=40)
        self.assertGone("Reminders that were not sent")

    def test_whatever_else_asks_for_a_person(self):
        plan = self.plan('awaiting', 'awaiting', first_date='2099-01-31')
        plan._need_person("Look", "At this.")
        name = f"To do: {self.env['ir.model']._get('email.pay.plan').name}"
        self.check(name, plan)
        plan._no_attention()
        self.assertGone(name)
