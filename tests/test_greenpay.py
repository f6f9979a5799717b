import re
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo import fields
from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..gateways.greenpay import const
from ..models import identity
from ..sandbox.greenpay.accounts import CURRENCIES
from .common import EmailPayCommon, EmailPayHttpCommon

NO_FUNDS_CARD = '4094394314664828'

CHECKOUT = 'odoo.addons.email_pay.models.payment_checkout'


class GreenPayCommon(EmailPayCommon):
    """A company that collects through GreenPay, played by the sandbox."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        merchant = cls.sandbox.greenpay.merchant
        cls.greenpay_keys = {
            'greenpay_secret': merchant.secret,
            'greenpay_merchant_id': merchant.id,
            'greenpay_public_key': merchant.public_key,
            'greenpay_merchant_url': f'{cls.sandbox.url}/greenpay/merchant',
            'greenpay_form_url': f'{cls.sandbox.url}/greenpay/form',
            **{
                f'greenpay_terminal_{code.lower()}': merchant.terminal(code)
                for code in CURRENCIES
            },
        }
        cls.greenpay = cls._prepare_provider('greenpay', update_values={
            **cls.greenpay_keys, 'journal_id': cls.collections.id, 'allow_tokenization': True,
        })
        cls.portal.card_provider_id = cls.greenpay

    @property
    def gateway(self):
        return self.sandbox.greenpay

    def open_checkout(self, transaction):
        """The address of GreenPay's form, as the customer's browser gets it."""
        with self.own_cursor() as env:
            checkout = env['payment.transaction'].browse(transaction.id)._email_pay_checkout()
        return checkout['action']

    def pay_at_gateway(self, transaction, **kwargs):
        """Pay on GreenPay's form; what the browser brings back behind the address of the return."""
        location = self.gateway.pay(self.open_checkout(transaction), **kwargs)
        return urlsplit(location).path.partition('/back/')[2]

    def come_back(self, transaction, tail):
        with self.own_cursor() as env:
            env['payment.transaction'].browse(transaction.id)._email_pay_come_back(tail)

    def pay(self, amount=100.0, **kwargs):
        """A payment from the link to the booking."""
        link = self.create_link(self.create_invoice(amount))
        transaction = self.start_payment(link, provider=self.greenpay)
        self.come_back(transaction, self.pay_at_gateway(transaction, **kwargs))
        return transaction

    def later(self, **kwargs):
        """Some time later, for Odoo and for the gateway's sessions."""
        moment = timedelta(**kwargs)
        self.addCleanup(patch.stopall)
        now = fields.Datetime.now() + moment
        patch.object(fields.Datetime, 'now', lambda *_args: now).start()
        for session in self.gateway.accounts.sessions.values():
            session.opened -= moment

    def janitor(self):
        with self.own_cursor() as env:
            env['payment.transaction']._email_pay_cron_ask()


@tagged('post_install', '-at_install')
class TestGreenPayCheckout(GreenPayCommon):
    """One page of the gateway at a time, and nothing booked that it did not confirm."""

    def setUp(self):
        super().setUp()
        self.invoice = self.create_invoice(100.0)
        self.link = self.create_link(self.invoice)
        self.transaction = self.start_payment(self.link, provider=self.greenpay)

    def test_what_the_browser_brings_back_is_confirmed_and_booked(self):
        self.come_back(self.transaction, self.pay_at_gateway(self.transaction))
        self.assertEqual(self.transaction.state, 'done')
        self.assertEqual(self.invoice.payment_state, self.invoice._get_invoice_in_payment_state())
        self.assertEqual(self.transaction.email_pay_card_last4, '1111')
        self.assertFalse(self.transaction.email_pay_ask_at)
        self.assertEqual(self.charges(self.transaction), 1)

    def test_two_tabs_get_the_same_page(self):
        first = self.open_checkout(self.transaction)
        self.assertEqual(self.open_checkout(self.transaction), first)
        self.assertEqual(len(self.gateway.accounts.sessions), 1)

    def test_who_comes_back_later_gets_a_new_page_of_the_same_order(self):
        first = self.open_checkout(self.transaction)
        self.later(minutes=32)
        second = self.open_checkout(self.transaction)
        self.assertNotEqual(first, second)
        sessions = self.gateway.accounts.sessions.values()
        self.assertEqual({s.order['orderReference'] for s in sessions},
                         {self.transaction.reference})
        self.assertEqual([s.live for s in sessions], [False, True])
        self.come_back(self.transaction, self.pay_at_gateway(self.transaction))
        self.assertEqual(self.transaction.state, 'done')

    def test_a_page_that_was_paid_is_not_opened_again(self):
        self.pay_at_gateway(self.transaction)
        self.later(minutes=32)
        self.assertIn('/status', self.open_checkout(self.transaction))
        self.assertEqual(self.transaction.state, 'done')
        self.assertEqual(len(self.gateway.accounts.sessions), 1)

    def test_a_page_is_not_opened_again_for_what_was_paid_meanwhile(self):
        self.open_checkout(self.transaction)
        self.later(minutes=32)
        self.settle_by_hand(self.invoice)
        with self.assertRaises(ValidationError):
            self.open_checkout(self.transaction)

    def test_a_page_is_not_opened_again_while_the_gateway_is_silent(self):
        self.open_checkout(self.transaction)
        self.later(minutes=32)
        self.sandbox.faults.add('cut', ['query'])
        with self.assertRaises(ValidationError), self.assertLogs(CHECKOUT, 'WARNING'):
            self.open_checkout(self.transaction)
        self.assertEqual(len(self.gateway.accounts.sessions), 1)

    def test_a_page_that_lives_holds_the_invoice(self):
        self.open_checkout(self.transaction)
        self.later(minutes=32)
        self.open_checkout(self.transaction)
        self.later(minutes=20)
        with self.assertRaises(ValidationError):
            self.start_payment(self.link, provider=self.greenpay)

    def test_a_gateway_that_opens_no_page_says_so(self):
        for fault in ('cut', 'http_500', 'communication_error'):
            self.sandbox.faults.add(fault, ['order'])
            with (
                self.subTest(fault), self.assertLogs(CHECKOUT, 'WARNING'),
                self.assertRaisesRegex(ValidationError, "cannot be reached"),
            ):
                self.open_checkout(self.transaction)

    def test_a_decline_has_its_reason(self):
        tail = self.pay_at_gateway(self.transaction, number=NO_FUNDS_CARD)
        self.come_back(self.transaction, tail)
        self.assertEqual(self.transaction.state, 'error')
        self.assertIn("does not have enough funds", self.transaction.state_message)

    def test_what_is_forged_tells_nothing(self):
        good = self.pay_at_gateway(self.transaction)
        other = self.start_payment(
            self.create_link(self.create_invoice(5.0)), provider=self.greenpay
        )
        self.open_checkout(other)
        self.come_back(other, good)
        self.assertEqual(other.state, 'draft')
        for tail in (good[:-8], 'rubbish', 'e30=', ''):
            with self.assertLogs(CHECKOUT, 'WARNING'):
                self.come_back(other, tail)
            self.assertEqual(other.state, 'draft', tail)
        self.assertFalse(self.events(self.greenpay))

    def test_a_signed_return_of_an_amount_that_differs_is_parked(self):
        tail = self.pay_at_gateway(self.transaction)
        [payment] = self.gateway.accounts.payments.values()
        payment.amount -= 1
        self.come_back(self.transaction, tail)
        self.assertNotEqual(self.transaction.state, 'done')
        self.assertEqual(self.events(self.greenpay).mapped('state'), ['parked'])

    def test_a_customer_who_cancels_can_begin_again(self):
        self.open_checkout(self.transaction)
        self.come_back(self.transaction, 'cancel')
        self.assertEqual(self.transaction.state, 'cancel')
        second = self.start_payment(self.link, provider=self.greenpay)
        self.assertNotEqual(second.reference, self.transaction.reference)

    def test_a_customer_who_cancels_after_paying_has_paid(self):
        self.pay_at_gateway(self.transaction)
        self.come_back(self.transaction, 'cancel')
        self.assertEqual(self.transaction.state, 'done')

    def test_money_that_comes_after_a_cancel_is_found_when_the_page_ends(self):
        url = self.open_checkout(self.transaction)
        self.come_back(self.transaction, 'cancel')
        self.gateway.pay(url)
        self.later(minutes=32)
        self.sandbox.faults.add('cut', ['query'])
        self.janitor()
        self.assertEqual(self.transaction.state, 'cancel')
        self.later(hours=1)
        self.janitor()
        self.assertEqual(self.transaction.state, 'done')
        self.assertTrue(self.transaction.payment_id)

    def test_everything_lost_is_found_by_asking(self):
        self.pay_at_gateway(self.transaction)
        self.assertEqual(self.transaction.state, 'draft')
        self.later(minutes=1)
        self.janitor()
        self.assertEqual(self.transaction.state, 'done')
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_a_page_that_nobody_paid_ends(self):
        self.open_checkout(self.transaction)
        self.later(minutes=32)
        self.janitor()
        self.assertEqual(self.transaction.state, 'cancel')
        self.assertFalse(self.transaction.email_pay_ask_at)
        self.assertEqual(self.link._start_payment(
            100.0, self.greenpay, self.greenpay.payment_method_ids[:1]
        ).state, 'draft')

    def test_504_waits_for_the_answer(self):
        for charged in (False, True):
            invoice = self.create_invoice(10.0)
            transaction = self.start_payment(self.create_link(invoice), provider=self.greenpay)
            session = self.gateway.session(self.open_checkout(transaction))
            if charged:
                self.gateway.pay(session.id)
            tail = urlsplit(self.gateway.unknown(session)).path.partition('/back/')[2]
            self.come_back(transaction, tail)
            self.assertEqual(transaction.state, 'done' if charged else 'draft')
            self.assertEqual(bool(transaction.email_pay_ask_at), not charged)


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


@tagged('post_install', '-at_install')
class TestGreenPayReturns(GreenPayCommon):
    """What goes back, as long as it can."""

    def wizard(self, transaction):
        return self.env['payment.refund.wizard'].with_context(
            active_id=transaction.payment_id.id
        ).create({})

    def refund_terms(self, transaction):
        wizard = self.wizard(transaction)
        return wizard.email_pay_terms, wizard.email_pay_is_over

    def test_the_refund_wizard_says_so_before_it_tries(self):
        wizard = Form(self.env['payment.refund.wizard'].with_context(
            active_id=self.pay().payment_id.id))
        self.assertIn("voids the payment", wizard.email_pay_terms)
        self.assertFalse(wizard.email_pay_returned)

    def test_within_three_hours_it_is_voided(self):
        transaction = self.pay()
        terms, is_over = self.refund_terms(transaction)
        self.assertIn("voids the payment", terms)
        self.assertIn("only the whole payment", terms)
        self.assertFalse(is_over)
        refund = self.refund(transaction)
        self.assertEqual((refund.state, refund.email_pay_return), ('done', 'void'))
        self.assertEqual(self.balance(transaction), 0)

    def test_later_it_is_refunded(self):
        transaction = self.pay()
        self.gateway.age(transaction.provider_reference, hours=4)
        self.later(hours=4)
        terms, is_over = self.refund_terms(transaction)
        self.assertNotIn("voided", terms)
        self.assertIn("It can be paid back until", terms)
        self.assertFalse(is_over)
        refund = self.refund(transaction)
        self.assertEqual((refund.state, refund.email_pay_return), ('done', 'refund'))
        operations = [entry.operation for entry in self.sandbox.ledger.entries()]
        self.assertEqual(operations, ['sale', 'refund'])

    def test_a_void_that_comes_too_late_becomes_a_refund(self):
        transaction = self.pay()
        self.gateway.age(transaction.provider_reference, hours=4)
        refund = self.refund(transaction)
        self.assertEqual((refund.state, refund.email_pay_return), ('done', 'refund'))

    def test_after_seven_days_it_is_refused_before_it_is_tried(self):
        transaction = self.pay()
        self.later(days=7, hours=1)
        terms, is_over = self.refund_terms(transaction)
        self.assertIn("no longer pays this payment back", terms)
        self.assertTrue(is_over)
        with self.assertRaises(ValidationError):
            self.refund(transaction)
        self.assertFalse(transaction.child_transaction_ids)

    def test_a_part_is_refused_before_it_is_tried(self):
        transaction = self.pay()
        with self.assertRaisesRegex(ValidationError, "only the whole payment"):
            self.refund(transaction, 40.0)

    def test_an_acquirer_that_refunds_nothing_says_so(self):
        transaction = self.pay()
        self.gateway.configure(refunds=False)
        self.gateway.age(transaction.provider_reference, hours=4)
        refund = self.refund(transaction)
        self.assertEqual(refund.state, 'error')
        self.assertIn("not available for this bank", refund.state_message)

    def test_a_lost_answer_is_asked_for(self):
        transaction = self.pay()
        self.sandbox.faults.add('cut', ['void'], charged=True)
        with self.assertLogs('odoo.addons.email_pay.models.payment_returns', 'WARNING'):
            refund = self.refund(transaction)
        self.assertEqual(refund.state, 'pending')
        self.later(minutes=1)
        self.janitor()
        self.assertEqual(refund.state, 'done')
        self.assertEqual(self.balance(transaction), 0)

    def test_other_gateways_have_no_such_terms(self):
        transaction = self.pay_by_card(self.create_link(self.create_invoice(10.0)))
        self.assertFalse(any(self.refund_terms(transaction)))


@tagged('post_install', '-at_install')
class TestGreenPayApp(GreenPayCommon):
    """The form of the app: currencies, terminals, addresses, and whose account it is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.write({
            'country_id': cls.env.ref('base.cr').id, 'vat': '3-101-012009',
        })
        cls.greenpay.write({
            'greenpay_identification_type': 'legal', 'greenpay_identification': '3101012009',
        })

    def currencies(self):
        return set(self.greenpay.available_currency_ids.mapped('name'))

    def test_only_currencies_with_a_terminal_are_offered(self):
        self.assertEqual(self.currencies(), {'CRC', 'USD', 'GTQ'})
        self.greenpay.greenpay_terminal_gtq = False
        self.assertEqual(self.currencies(), {'CRC', 'USD'})
        offered = self.env['payment.provider']._get_compatible_providers(
            self.company.id, self.customer.id, 10.0,
            currency_id=self.env.ref('base.GTQ').id,
        )
        self.assertNotIn(self.greenpay, offered)

    def test_without_a_terminal_it_cannot_be_used(self):
        with self.assertRaisesRegex(ValidationError, "terminal"):
            self.greenpay.write(dict.fromkeys(
                ('greenpay_terminal_crc', 'greenpay_terminal_usd', 'greenpay_terminal_gtq'), False
            ))

    def test_a_key_that_is_none_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "RSA public key"):
            self.greenpay.greenpay_public_key = 'rubbish'

    def test_both_pairs_of_addresses_are_one_click_away(self):
        self.greenpay.action_greenpay_use_sandbox()
        self.assertEqual(self.greenpay.greenpay_form_url, const.SANDBOX_FORM_URL)
        self.greenpay.action_greenpay_use_production()
        self.assertEqual(self.greenpay.greenpay_merchant_url, const.MERCHANT_URL)

    def test_connection_names_the_terminal(self):
        self.greenpay.greenpay_terminal_usd = 'another'
        with self.assertRaisesRegex(UserError, "terminal"):
            self.greenpay.action_email_pay_test_connection()

    # --- whose account ----------------------------------------------------------------------------

    def test_it_cannot_be_enabled_before_connect(self):
        with self.assertRaisesRegex(ValidationError, "Press “Connect”"):
            self.greenpay.state = 'enabled'
        self.greenpay.action_greenpay_connect()
        self.greenpay.state = 'enabled'
        self.assertTrue(self.greenpay.greenpay_is_connected)

    def test_every_way_to_write_a_number_is_the_same(self):
        for theirs, kind, ours in (
            ('3-101-012009', 'legal', '3101012009'),
            ('CR3101012009', 'legal', '3-101-012009'),
            ('109870654', 'physical', '1-0987-0654'),
            ('109870654', 'physical', '01-0987-0654'),
            ('155812994816', 'dimex', '155812994816'),
            ('1234567890', 'nite', '1234567890'),
        ):
            self.company.partner_id.with_context(no_vat_validation=True).vat = theirs
            self.greenpay.write({
                'greenpay_identification_type': kind, 'greenpay_identification': ours,
            })
            answer = self.greenpay.action_greenpay_connect()
            self.assertEqual(answer['params']['type'], 'success', theirs)

    def test_a_difference_says_which_field_and_leads_to_the_company(self):
        cases = {
            'legal': ('3101999999', ["Identification number"]),
            'physical': ('109870654', ["Identification type", "Identification number"]),
        }
        for kind, (number, fields_told) in cases.items():
            self.greenpay.write({
                'greenpay_identification_type': kind, 'greenpay_identification': number,
            })
            with self.assertRaises(RedirectWarning) as caught:
                self.greenpay.action_greenpay_connect()
            text, action, _button = caught.exception.args[:3]
            for name in ("Identification type", "Identification number"):
                self.assertEqual(name in text, name in fields_told, text)
            self.assertEqual((action['res_model'], action['res_id']),
                             ('res.company', self.company.id))
            self.assertFalse(self.greenpay.greenpay_is_connected)

    def test_a_number_of_another_kind_is_refused(self):
        self.greenpay.greenpay_identification = '123'
        with self.assertRaisesRegex(UserError, "Cédula jurídica"):
            self.greenpay.action_greenpay_connect()

    def test_nothing_entered_is_asked_for(self):
        self.greenpay.greenpay_identification = False
        with self.assertRaisesRegex(UserError, "Enter the identification"):
            self.greenpay.action_greenpay_connect()

    def test_a_company_without_a_number_is_told_so(self):
        self.company.partner_id.vat = False
        with self.assertRaisesRegex(RedirectWarning, "has no tax ID"):
            self.greenpay.action_greenpay_connect()
        self.company.partner_id.vat = '12345'
        with self.assertRaisesRegex(RedirectWarning, "no Costa Rican identification"):
            self.greenpay.action_greenpay_connect()

    def test_wrong_credentials_do_not_connect(self):
        self.greenpay.greenpay_secret = 'another'
        with self.assertRaises(UserError):
            self.greenpay.action_greenpay_connect()
        self.assertFalse(self.greenpay.greenpay_is_connected)

    def test_a_number_that_changes_later_is_a_warning_on_the_app(self):
        self.greenpay.action_greenpay_connect()
        self.assertFalse(self.greenpay.greenpay_warning)
        self.company.partner_id.vat = '3-101-999999'
        self.assertIn("3-101-999999", self.greenpay.greenpay_warning)
        self.company.partner_id.vat = '3101012009'
        self.assertFalse(self.greenpay.greenpay_warning)

    def test_another_account_must_be_connected_again(self):
        self.greenpay.action_greenpay_connect()
        self.greenpay.state = 'enabled'
        with self.assertRaisesRegex(ValidationError, "Press “Connect”"):
            self.greenpay.greenpay_merchant_id = 'another'

    def test_what_a_localization_calls_a_number_counts(self):
        self.assertEqual(identity.kind_of('3101012009'), 'legal')
        self.assertEqual(identity.kind_of('3101012009', "Cédula NITE"), 'nite')
        self.assertEqual(identity.kind_of('109870654', "Cédula física"), 'physical')
        self.assertEqual(identity.kind_of('109870654', "VAT"), 'physical')
        self.assertEqual(identity.kind_of('12'), '')
