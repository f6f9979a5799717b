import re

from odoo.tests import tagged
from odoo.tools import mute_logger

from .card_page_common import CardPageCommon
from .plan_follow_common import PlanFollowCommon
from .statement_common import StatementCommon, StatementPages, ThreeDocuments


@tagged('post_install', '-at_install')
class TestOverdue(
    ThreeDocuments, StatementPages, StatementCommon, PlanFollowCommon, CardPageCommon,
):
    """Odoo's own page of overdue invoices."""

    def pay_overdue(self, amount):
        self.env.flush_all()
        answer = self.make_jsonrpc_request('/invoice/transaction/overdue', {
            'payment_reference': 'BATCH', 'provider_id': self.provider.id,
            'payment_method_id': self.payment_method_id, 'token_id': None, 'amount': amount,
            'flow': 'redirect', 'tokenization_requested': False, 'landing_route': '/my/invoices',
        })
        self.env.invalidate_all()
        return self.env['payment.transaction'].search([('reference', '=', answer['reference'])])

    def test_fault_3_the_overdue_page_charges_what_is_due(self):
        self.settle_by_hand(self.old, 40.0)
        self.sign_in(self.customer)
        page = self.overdue()
        shown = re.search(r'data-amount="([\d.]+)"', page.text)
        self.assertEqual(float(shown[1]), 120.0)
        transaction = self.pay_overdue(120.0)
        self.assertEqual(transaction.invoice_ids, self.old | self.middle)
        with mute_logger('odoo.http'), self.assertRaises(Exception) as caught:
            self.pay_overdue(160.0)
        self.assertIn('ValidationError', str(caught.exception))
        transaction._set_done()
        with self.own_cursor() as env:
            env['payment.transaction'].browse(transaction.id)._cron_post_process()
        self.assertEqual((self.old.amount_residual, self.middle.amount_residual), (0.0, 0.0))

    def test_fault_4_a_contact_pays_what_its_company_owes(self):
        contact = self.env['res.partner'].create({'name': "Luis", 'parent_id': self.customer.id})
        third = self.owe(5.0, 3, partner=contact)
        self.sign_in(self.customer)
        page = self.overdue()
        self.assertEqual(float(re.search(r'data-amount="([\d.]+)"', page.text)[1]), 165.0)
        self.assertEqual(
            self.pay_overdue(165.0).invoice_ids, self.old | self.middle | third)

    def test_overdue_in_two_currencies_is_paid_from_the_statement(self):
        self.owe_euros(25.0, 3)
        self.sign_in(self.customer)
        page = self.overdue()
        self.assertIn("Statement of account", self.text(page))

    def test_what_is_being_paid_is_left_out_on_the_statement(self):
        self.start_selection(self.link, self.old)._email_pay_claim()
        self.sign_in(self.customer)
        page = self.overdue()
        self.assertIn("Being paid", self.text(page))
        self.assertEqual(self.ticked(page), self.middle | self.new)

    def test_what_a_plan_collects_is_left_out_on_the_statement(self):
        self.plan('awaiting', 'awaiting', invoice=self.old)
        self.sign_in(self.customer)
        page = self.overdue()
        self.assertIn("In instalments", self.text(page))
        self.assertBegan(
            self.send(page, self.middle, shown='60.00'), 60.0, self.middle)

    def test_where_nothing_can_be_paid_online_nobody_reads_that_all_is_paid(self):
        self.owe_euros(25.0, 3)
        self.portal.enabled = False
        self.sign_in(self.customer)
        self.assertIn('filterby=overdue_invoices', self.overdue().url)
        self.assertEqual(self.headline(self.url_open('/my/statement')),
                         "Online payment is not available right now")
