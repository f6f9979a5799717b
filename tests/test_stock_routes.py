import logging
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import JsonRpcException, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.payment.tests.http_common import PaymentHttpCommon

from .company_common import CompanyHttpCommon

SAVE_CARD = 'name="o_payment_tokenize_checkbox"'


@tagged('post_install', '-at_install')
class TestStockRoutes(CompanyHttpCommon, PaymentHttpCommon):
    """What stock Odoo gets wrong is right on Odoo's own routes too, with a provider of Odoo."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice(1000.0)

    def _pay(self, amount=1000.0, flow='redirect', token=None, **values):
        """What Odoo's own page of the invoice posts when the customer presses *Pay*."""
        self.env.flush_all()
        answer = self.make_jsonrpc_request(f'/invoice/transaction/{self.invoice.id}', {
            'access_token': self.invoice._portal_ensure_token(),
            'provider_id': self.provider.id,
            'payment_method_id': self.payment_method_id,
            'token_id': token and token.id,
            'amount': amount,
            'flow': flow,
            'tokenization_requested': False,
            'landing_route': '/my/invoices',
            **values,
        })
        self.env.invalidate_all()
        return self._get_tx(answer['reference'])

    @mute_logger('odoo.http')
    def assertRefused(self, **values):
        before = self.env['payment.transaction'].search_count([])
        with self.assertRaises(JsonRpcException) as caught:
            self._pay(**values)
        self.assertEqual(str(caught.exception), 'odoo.exceptions.ValidationError')
        self.assertEqual(self.env['payment.transaction'].search_count([]), before)

    def _book(self, transaction):
        """What Odoo's own cron does."""
        with self.own_cursor() as env:
            env['payment.transaction'].browse(transaction.id)._cron_post_process()

    def _payments(self, transaction):
        return self.env['account.payment'].search(
            [('payment_transaction_id', '=', transaction.id)]
        )

    def test_fault_1_a_stale_tab_cannot_pay_a_paid_invoice_again(self):
        self.settle_by_hand(self.invoice)
        self.assertRefused()

    def test_fault_1_a_second_browser_cannot_pay_what_is_collected_already(self):
        self._pay()._set_done()
        self.opener.cookies.clear()
        self.assertRefused()

    def test_a_second_try_of_the_same_browser_replaces_the_first(self):
        first = self._pay()
        second = self._pay()
        self.assertEqual((first.state, second.state), ('cancel', 'draft'))

    def test_fault_1_tabs_queue_before_their_reference_is_counted(self):
        order = []
        recorded = {'account.move': '_email_pay_lock', 'payment.transaction': '_compute_reference'}
        for model, name in recorded.items():
            method = getattr(type(self.env[model]), name)

            def record(*args, _method=method, _name=name, **kwargs):
                order.append(_name)
                return _method(*args, **kwargs)

            self.patch(type(self.env[model]), name, record)
        self._pay()
        self.assertEqual(order[:2], list(recorded.values()))

    def test_fault_2_the_browser_cannot_make_the_amount_larger(self):
        self.assertRefused(amount=5000.0)
        self.assertRefused(amount=1000.01)

    def test_fault_2_nor_zero_or_negative(self):
        for amount in (0, -1000.0):
            self.assertRefused(amount=amount)

    def test_a_part_can_still_be_paid_there(self):
        self.assertEqual(self._pay(amount=400.0).amount, 400.0)

    def test_fault_5_the_customer_gets_a_receipt(self):
        transaction = self._pay()
        transaction._set_done()
        self._book(transaction)
        [mail] = self.receipts()
        self.assertEqual(mail.email_to, 'rosa@example.com')

    def test_fault_6_a_success_after_a_cancellation_is_booked(self):
        transaction = self._pay()
        transaction._set_canceled()
        transaction._set_done()
        self.assertEqual(transaction.state, 'done')
        self._book(transaction)
        self.assertEqual(self.invoice.amount_residual, 0.0)

    def test_fault_7_the_page_and_the_cron_book_once(self):
        transaction = self._pay()
        transaction._set_done()
        self.env.flush_all()
        self.make_jsonrpc_request('/payment/status/poll')
        self.env.invalidate_all()
        self.assertTrue(transaction.payment_id)
        self._book(transaction)
        self.assertEqual(len(self._payments(transaction)), 1)

    def test_fault_10_booking_again_sends_no_second_receipt(self):
        transaction = self._pay()
        transaction._set_done()
        for _time in range(2):
            self._book(transaction)
            self.assertEqual(len(self.receipts()), 1)
            transaction.is_post_processed = False

    def test_fault_10_a_rolled_back_booking_leaves_no_mail(self):
        transaction = self._pay()
        transaction._set_done()
        broken = patch.object(
            type(self.env['account.payment']), 'action_post', side_effect=UserError("Closed"),
        )
        with broken, self.assertLogs('odoo.addons.email_pay', logging.ERROR):
            self._book(transaction)
        self.assertFalse(transaction.payment_id)
        self.assertFalse(self.receipts())
        self._book(transaction)
        self.assertEqual(len(self.receipts()), 1)

    def test_fault_11_a_visitor_cannot_charge_a_saved_card(self):
        token = self._create_token(partner_id=self.customer.id)
        with mute_logger('odoo.http'), self.assertRaises(JsonRpcException):
            self._pay(flow='token', token=token)
        self.assertFalse(token.transaction_ids)

    def test_fault_11_a_visitor_sees_no_saved_card(self):
        self._create_token(partner_id=self.customer.id, payment_details='4242')
        page = self.url_open(self.invoice.get_portal_url())
        self.assertEqual(page.status_code, 200)
        self.assertNotIn('4242', page.text)

    def test_fault_11_a_visitor_cannot_save_a_card(self):
        self.assertNotIn(SAVE_CARD, self.url_open(self.invoice.get_portal_url()).text)
        self.assertFalse(self._pay(tokenization_requested=True).tokenize)

    def _sign_in(self):
        """A customer who signed in, and whose invoice it is."""
        user = new_test_user(
            self.env, 'rosa', 'base.group_portal', email='rosa@example.com',
        )
        self.invoice = self.create_invoice(1000.0, partner=user.partner_id)
        self.env.flush_all()
        self.authenticate('rosa', 'rosa')
        return user.partner_id

    def test_who_signed_in_keeps_saved_cards(self):
        self._create_token(partner_id=self._sign_in().id, payment_details='4242')
        self.assertIn('4242', self.url_open(self.invoice.get_portal_url()).text)

    def test_who_signed_in_chooses_to_save_a_card(self):
        self._sign_in()
        self.assertIn(SAVE_CARD, self.url_open(self.invoice.get_portal_url()).text)
        self.assertFalse(self._pay().tokenize)
        self.assertTrue(self._pay(tokenization_requested=True).tokenize)
