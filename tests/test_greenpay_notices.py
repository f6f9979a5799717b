import re
from urllib.parse import urlsplit

from odoo import fields
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import CHECKOUT, EmailPayHttpCommon
from .greenpay_common import GreenPayCommon


@tagged('post_install', '-at_install')
class TestGreenPayNotices(GreenPayCommon, EmailPayHttpCommon):
    """The webhook and the pages, over HTTP."""

    def setUp(self):
        super().setUp()
        self.invoice = self.create_invoice(100.0)
        self.link = self.create_link(self.invoice)
        self.transaction = self.start_payment(self.link, provider=self.greenpay)

    def tell(self, body, tail='/', content_type='application/json'):
        self.env.flush_all()
        response = self.url_open(
            self.webhook_path(self.greenpay) + tail, data=body, method='POST',
            headers={'Content-Type': content_type},
        )
        self.env.invalidate_all()
        return response

    def notification(self):
        return self.gateway.notification(list(self.gateway.accounts.payments)[-1])

    def test_the_webhook_alone_is_enough(self):
        self.pay_at_gateway(self.transaction)
        self.assertEqual(self.tell(self.notification()).status_code, 200)
        self.assertEqual(self.transaction.state, 'draft')
        self.process_events()
        self.assertEqual(self.transaction.state, 'done')
        self.assertEqual(self.events(self.greenpay).mapped('state'), ['done'])
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_every_tail_is_a_route(self):
        self.pay_at_gateway(self.transaction)
        for tail in ('', '/', '/newCard', '/subscription/payment/results', '/bulkResume'):
            self.assertEqual(self.tell(self.notification(), tail).status_code, 200, tail)
        self.assertEqual(len(self.events(self.greenpay)), 1)

    def test_the_raw_body_counts_whatever_its_label(self):
        self.pay_at_gateway(self.transaction)
        for content_type in ('application/x-www-form-urlencoded',
                             'application/x-www-form-urlencoded; charset=utf-8'):
            answer = self.tell(self.notification(), content_type=content_type)
            self.assertEqual(answer.status_code, 200)
        self.assertEqual(len(self.events(self.greenpay)), 1)
        answer = self.tell(self.notification(), content_type='multipart/form-data; boundary=x')
        self.assertEqual(answer.status_code, 415)

    def test_a_forged_notification_is_refused(self):
        self.pay_at_gateway(self.transaction)
        body = self.notification()
        for forged in (body.replace(b'"status": 200', b'"status": 500'), b'{}', b'[]', b''):
            with mute_logger('odoo.addons.email_pay.controllers.webhook'):
                self.assertEqual(self.tell(forged).status_code, 400)
        self.assertFalse(self.events(self.greenpay))

    def test_a_notification_that_the_gateway_does_not_confirm_books_nothing(self):
        self.pay_at_gateway(self.transaction)
        body = self.notification()
        self.gateway.accounts.payments.clear()
        self.tell(body)
        self.process_events()
        event = self.events(self.greenpay)
        self.assertEqual((self.transaction.state, event.state), ('draft', 'failed'))
        for _attempt in range(8):
            event.next_attempt = fields.Datetime.now()
            self.process_events()
        self.assertEqual((self.transaction.state, event.state), ('draft', 'parked'))
        self.assertIn("does not confirm", event.error)

    def test_a_second_payment_of_one_order_is_noticed(self):
        self.come_back(self.transaction, self.pay_at_gateway(self.transaction))
        checkout = self.gateway.session(self.transaction.email_pay_checkout['action'])
        second = self.gateway.accounts.pay(
            checkout.merchant, checkout.order, self.gateway.payment(
                self.transaction.provider_reference
            ).card,
        )
        self.tell(self.gateway.notification(second.id))
        self.process_events()
        parked = self.events(self.greenpay).filtered(lambda event: event.state == 'parked')
        self.assertEqual(len(parked), 1)
        self.assertIn("second payment", parked.error)

    def test_from_the_page_to_the_form_and_back(self):
        self.open_link(self.link)
        page = self.url_open(self.transaction._email_pay_path())
        [form] = set(re.findall(r'http://127\.0\.0\.1:\d+/greenpay/form/[\w-]+', page.text))
        self.assertIn('id="email_pay_redirect"', page.text)
        location = urlsplit(self.gateway.pay(form))
        self.env.flush_all()
        answer = self.url_open(location.path)
        self.env.invalidate_all()
        self.assertTrue(urlsplit(answer.url).path.endswith('/status'))
        self.assertIn("Payment received", answer.text)
        self.assertEqual(self.transaction.state, 'done')

    def test_cancelling_leads_to_our_page(self):
        self.open_checkout(self.transaction)
        self.env.flush_all()
        answer = self.url_open(self.transaction._email_pay_path('/back/cancel'))
        self.assertIn("The payment was cancelled", answer.text)
        self.env.invalidate_all()
        self.assertEqual(self.transaction.state, 'cancel')

    def test_a_return_of_nobody_is_not_found(self):
        for path in ('/pay/t/rubbish/back/cancel', '/pay/t/rubbish/back'):
            self.assertEqual(self.url_open(path).status_code, 404)

    def test_a_gateway_that_does_not_answer_has_a_page(self):
        self.sandbox.faults.add('cut', ['order'])
        with self.assertLogs(CHECKOUT, 'WARNING'):
            answer = self.url_open(self.transaction._email_pay_path())
        self.assertEqual(answer.status_code, 503)
        self.assertIn("cannot be reached right now", answer.text)
        self.assertIn("Try again", answer.text)

    def test_a_card_is_saved_and_pays_for_a_customer_who_signed_in(self):
        user = new_test_user(self.env, 'greenpay-customer', 'base.group_portal')
        validation = self._create_transaction(
            'redirect', provider_id=self.greenpay.id, operation='validation', amount=0.0,
            payment_method_id=self.card.id, partner_id=user.partner_id.id, tokenize=True,
            reference='V-greenpay', landing_route='/my/payment_method',
        )
        location = urlsplit(self.gateway.pay(self.open_checkout(validation)))
        self.env.flush_all()
        answer = self.url_open(location.path, allow_redirects=False)
        self.env.invalidate_all()
        self.assertTrue(answer.headers['Location'].endswith('/my/payment_method'))
        self.assertEqual((validation.state, validation.token_id.payment_details), ('done', '1111'))
        charge = self._create_transaction(
            'token', provider_id=self.greenpay.id, token_id=validation.token_id.id, amount=25.0,
            partner_id=user.partner_id.id, reference='greenpay-token',
            currency_id=self.company_currency.id,
        )
        charge._charge_with_token()
        self.assertEqual((charge.state, self.charges(charge)), ('done', 1))

    def test_a_saved_card_that_comes_by_the_webhook_is_saved_once(self):
        validation = self._create_transaction(
            'redirect', provider_id=self.greenpay.id, operation='validation', amount=0.0,
            payment_method_id=self.card.id, tokenize=True, reference='V-webhook',
        )
        self.gateway.configure(webhook_url=self.base_url() + self.webhook_path(self.greenpay))
        tail = urlsplit(self.gateway.pay(self.open_checkout(validation))).path
        self.assertTrue(self.sandbox.courier.wait())
        self.come_back(validation, tail.partition('/back/')[2])
        token = validation.token_id
        self.assertTrue(token)
        self.come_back(validation, tail.partition('/back/')[2])
        self.assertEqual(validation.token_id, token)

    def test_no_box_promises_to_save_a_card_with_a_payment(self):
        user = new_test_user(self.env, 'greenpay-portal', 'base.group_portal')
        user.partner_id.parent_id = self.invoice.partner_id
        self.greenpay.is_published = True
        self.authenticate('greenpay-portal', 'greenpay-portal')
        self.env.flush_all()
        page = self.url_open(self.invoice.get_portal_url()).text
        options = page.split('name="o_payment_option"')
        [option] = [text for text in options if 'data-provider-code="greenpay"' in text]
        self.assertNotIn('o_payment_tokenize_checkbox', option)
        self.assertIn('o_payment_tokenize_checkbox', page)  # of another provider
