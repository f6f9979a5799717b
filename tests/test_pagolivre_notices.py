import logging
from urllib.parse import quote, urlsplit

from odoo import fields
from odoo.tests import tagged

from ..controllers.logs import HideTokens
from .common import EmailPayHttpCommon
from .pagolivre_common import PagoLivreCommon

WEBHOOK = 'odoo.addons.email_pay.controllers.webhook'


@tagged('post_install', '-at_install')
class TestPagoLivreNotices(PagoLivreCommon, EmailPayHttpCommon):
    """The webhook and the pages, over HTTP."""

    def setUp(self):
        super().setUp()
        self.invoice = self.create_invoice(100.0)
        self.link = self.create_link(self.invoice)
        self.transaction = self.start_payment(self.link, provider=self.pagolivre)
        self.token = self.gateway.merchant.token

    def tell(self, event='paid', query=None):
        self.env.flush_all()
        query = f'?accessToken={quote(self.token, safe="")}' if query is None else query
        response = self.url_open(
            self.webhook_path(self.pagolivre) + query, method='POST',
            data=self.gateway.notification(self.orders[0].id, event),
            headers={'Content-Type': 'application/json'},
        )
        self.env.invalidate_all()
        return response.status_code

    def refused(self, query):
        """Tell it with a query that is refused; return what the log says of it."""
        with self.assertLogs(WEBHOOK, logging.WARNING) as logs:
            self.assertEqual(self.tell(query=query), 400)
        return logs.output

    def test_the_notification_is_a_hint_and_pagolivre_is_asked(self):
        self.gateway.pay(self.open_checkout(self.transaction))
        self.assertEqual(self.tell(), 200)
        self.assertEqual(self.transaction.state, 'draft')
        self.process_events()
        self.assertEqual((self.transaction.state, self.invoice.amount_residual), ('done', 0))
        self.assertEqual(self.events(self.pagolivre).mapped('state'), ['done'])

    def test_the_sandbox_tells_it_where_the_order_says(self):
        self.open_checkout(self.transaction)
        self.assertTrue(self.orders[0].callback.endswith(self.webhook_path(self.pagolivre)))
        self.assertNotIn(self.token, self.orders[0].callback)

    def test_what_is_told_twice_or_late_changes_nothing(self):
        self.gateway.pay(self.open_checkout(self.transaction))
        for event in ('paid', 'paid', 'created', 'expired', 'declined', 'canceled'):
            self.assertEqual(self.tell(event), 200)
            self.process_events()
        self.assertEqual(self.transaction.state, 'done')
        self.assertEqual(len(self.events(self.pagolivre)), 5)
        self.assertEqual(len(self.invoice._get_reconciled_payments()), 1)
        self.assertEqual(self.charges(self.transaction), 1)

    def test_what_pagolivre_does_not_confirm_is_not_booked(self):
        self.open_checkout(self.transaction)
        self.tell()
        self.process_events()
        event = self.events(self.pagolivre)
        self.assertEqual((self.transaction.state, event.state), ('draft', 'failed'))
        for _attempt in range(8):
            event.next_attempt = fields.Datetime.now()
            self.process_events()
        self.assertEqual((self.transaction.state, event.state), ('draft', 'parked'))
        self.assertIn("does not confirm", event.error)

    def test_a_token_that_is_not_ours_is_refused(self):
        self.gateway.pay(self.open_checkout(self.transaction))
        raw = self.token.replace('+', '%20')
        self.assertNotEqual(raw, self.token)
        for query in (
            '', '?accessToken=', '?accessToken=x', '?token=x', f'?accessToken={self.token[:-1]}',
        ):
            with self.subTest(query.replace(self.token, '…')):
                self.refused(query)
        for query in (f'?accessToken={raw}', f'?accessToken={self.token}'):
            with self.subTest(query.replace(self.token, '…')):
                self.assertEqual(self.tell(query=query), 200)
        self.assertEqual(len(self.events(self.pagolivre)), 1)

    def test_without_a_token_nothing_is_accepted(self):
        self.gateway.pay(self.open_checkout(self.transaction))
        self.pagolivre.write({'state': 'disabled', 'pagolivre_token': False})
        for query in ('', '?accessToken=', None):
            self.refused(query)

    def test_the_token_is_in_no_log_and_not_kept(self):
        self.gateway.pay(self.open_checkout(self.transaction))
        lines, root = [], logging.getLogger()
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(handler.format(record))
        root.addHandler(handler)
        self.addCleanup(root.removeHandler, handler)
        self.addCleanup(root.setLevel, root.level)
        root.setLevel(logging.INFO)
        self.tell()
        lines += self.refused(f'?accessToken={self.token}x')
        self.process_events()
        ours = [line for line in lines if 'sandbox' not in line]
        self.assertTrue(any('/pay/webhook/' in line for line in lines), lines)
        self.assertTrue(any('refused' in line for line in ours))
        told = self.events(self.pagolivre).read()
        for text in (*lines, str(told)):
            self.assertNotIn(self.token, text)
            self.assertNotIn(quote(self.token, safe=''), text)

    def test_no_query_of_a_webhook_is_logged(self):
        line = '"POST /pay/webhook/7/x?accessToken=s%2B/c= HTTP/1.1" 200 -'
        for values in ((line, ()), ('%s', (line,))):
            record = logging.LogRecord('werkzeug', logging.INFO, '', 0, *values, None)
            HideTokens().filter(record)
            self.assertEqual(record.getMessage(), '"POST /pay/webhook/7/x?… HTTP/1.1" 200 -')
        record = logging.LogRecord(
            'werkzeug', logging.INFO, '', 0, '"GET /web?debug=1 HTTP/1.1"', (), None)
        HideTokens().filter(record)
        self.assertIn('debug=1', record.getMessage())

    def test_from_the_page_to_pagolivre_and_back(self):
        self.open_link(self.link)
        page = self.url_open(self.transaction._email_pay_path())
        self.assertIn('id="email_pay_redirect"', page.text)
        [order] = self.orders
        self.assertIn(f'/pagolivre/pay/{order.id}', page.text)
        location = urlsplit(self.gateway.pay(order.id))
        self.env.flush_all()
        answer = self.url_open(location.path)
        self.env.invalidate_all()
        self.assertIn("Payment received", answer.text)
        self.assertEqual(self.transaction.state, 'done')

    def test_a_customer_of_whom_too_little_is_known_has_a_page(self):
        self.customer.phone = False
        self.transaction.partner_phone = False
        answer = self.url_open(self.transaction._email_pay_path())
        self.assertEqual(answer.status_code, 503)
        self.assertIn("mobile phone number", answer.text)
        self.assertFalse(self.orders)
