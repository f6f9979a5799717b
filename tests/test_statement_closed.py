from odoo.tests import tagged
from odoo.tools import html2plaintext

from .card_page_common import CardPageCommon
from .plan_follow_common import PlanFollowCommon
from .statement_common import StatementCommon, StatementPages


@tagged('post_install', '-at_install')
class TestClosed(StatementPages, StatementCommon, PlanFollowCommon, CardPageCommon):
    """What cannot be paid now is on the statement, marked as what it is, and nobody asks for it."""

    NOTHING = "Nothing of what is due can be paid now."

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.blocked = cls.owe(100.0, 10)
        cls.blocked.action_toggle_block_payment()

    def setUp(self):
        super().setUp()
        self.link = self.statement_link()

    def mailed(self):
        self.customer.action_send_statement()
        return html2plaintext(self.outbox('mail_template_statement')[-1:].body_html)

    def printed(self):
        report = self.env['ir.actions.report'].sudo()
        page = report._render_qweb_html('email_pay.report_statement', self.link.ids)[0]
        return html2plaintext(page.decode())

    def test_the_page_says_why_nothing_can_be_paid(self):
        page = self.open_link(self.link)
        self.assertEqual(self.headline(page), f"Total due {self.money(100.0)}")
        for text in ("On hold", "Nothing can be paid online right now", "What is on hold"):
            self.assertIn(text, self.text(page))
        self.assertNotIn("Being paid", self.text(page))
        self.assertFalse(self.tree(page).xpath('//input[@name="document"]'))

    def test_what_is_in_instalments_says_so(self):
        self.blocked.action_toggle_block_payment()
        plan = self.plan('awaiting', 'awaiting', invoice=self.blocked)
        text = self.text(self.open_link(self.link))
        self.assertIn("In instalments", text)
        self.assertIn("What is in instalments is charged as agreed.", text)
        plan.installment_ids[:1].state = 'denied'
        self.assertIn("Instalment declined", self.text(self.open_link(self.link)))
        self.assertTrue(self.link._statement().anything_payable)
        self.assertTrue(self.link._statement_sections()[0]['buttons'])

    def test_mail_and_paper_say_it_and_ask_for_nothing(self):
        for text in (self.mailed(), self.printed()):
            self.assertIn(self.blocked.name, text)
            self.assertIn("On hold", text)
            self.assertNotIn("pay online", text.lower().replace("pay it online", "pay online"))
        self.owe(5.0)
        for text in (self.mailed(), self.printed()):
            self.assertIn("On hold", text)
            self.assertIn("pay online", text.lower())

    def test_neither_the_schedule_nor_who_sends_many_asks_for_it(self):
        [(customer, _statement, reason)] = self.portal._statement_customers(self.company)
        self.assertEqual((customer, reason), (self.customer, self.NOTHING))
        other = self.env['res.partner'].create({'name': "Other", 'email': 'other@example.com'})
        self.owe(5.0, partner=other)
        message = (self.customer | other).action_send_statement()['params']['message']
        self.assertIn(f"1 skipped: {self.NOTHING} (Rosa Vega)", message)

    def test_a_button_for_a_settled_currency_leads_to_what_is_due(self):
        self.blocked.action_toggle_block_payment()
        euros = self.owe_euros(25.0)
        [section] = (section for section in self.link._statement().sections
                     if section.currency == self.currency_euro)
        page = self.open_link(self.link, params={'section': section.key})
        self.assertEqual(self.ticked(page), euros)
        self.settle_by_hand(euros)
        self.env['account.payment'].create({
            'amount': 3.0, 'payment_type': 'inbound', 'partner_type': 'customer',
            'partner_id': self.customer.id, 'journal_id': self.collections.id,
            'currency_id': self.currency_euro.id,
        }).action_post()
        page = self.open_link(self.link, params={'section': section.key})
        self.assertEqual(self.ticked(page), self.blocked)
