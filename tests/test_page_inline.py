from odoo.tests import tagged

from .page_common import OdooFormCommon


@tagged('post_install', '-at_install')
class TestPageInline(OdooFormCommon):
    """A provider of Odoo that brings its own inline form gets it as the second step."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dummy_provider.inline_form_view_id = cls.env['ir.ui.view'].create({
            'name': "Dummy inline form", 'type': 'qweb', 'key': 'email_pay.test_inline_form',
            'arch': '<div class="test_inline_form">Your card</div>',
        })
        cls.env['ir.model.data'].create({
            'module': 'email_pay', 'name': 'test_inline_form', 'model': 'ir.ui.view',
            'res_id': cls.dummy_provider.inline_form_view_id.id,
        })
        cls.form_provider = cls.dummy_provider
        cls.offer(cls.dummy_provider)

    def setUp(self):
        super().setUp()
        self.link = self.create_link(self.create_invoice(100.0))

    def second_step(self, **values):
        return self.follow(self.press_pay(self.link, **values))

    def test_the_second_step_is_odoos_form_over_the_chosen_amount(self):
        page = self.second_step(choice='other', amount='40')
        self.assertEqual(page.status_code, 200)
        self.assertEqual(self.headline(page), f"You pay {self.money(40.0)}")
        self.assertEqual(float(self.stock_form(page)['amount']), 40.0)
        self.assertIn("Your card", self.text(page))
        self.assertIn(f"Pay {self.money(40.0)}", self.text(page))
        self.assertFalse(self.transactions(self.link), "nothing is started before the form is sent")

    def test_the_second_step_is_in_the_customers_language(self):
        self.speak_spanish()
        self.assertEqual(self.tree(self.second_step()).get('lang'), 'es-PA')

    def test_the_second_step_cannot_be_framed_stored_or_indexed(self):
        headers = self.second_step().headers
        self.assertIn("frame-ancestors 'none'", headers['Content-Security-Policy'])
        self.assertEqual(headers['X-Frame-Options'], 'DENY')
        self.assertEqual(headers['Cache-Control'], 'no-store')
        self.assertEqual(headers['Referrer-Policy'], 'no-referrer')

    def test_the_form_starts_a_payment_of_the_offered_amount(self):
        values = self.start(self.second_step(choice='other', amount='40'))['result']
        transaction = self.transactions(self.link)
        self.assertEqual(values['reference'], transaction.reference)
        self.assertEqual(transaction.amount, 40.0)
        self.assertEqual(transaction.operation, 'online_direct')
        self.assertFalse(transaction.tokenize)
        self.assertRegex(transaction.landing_route, r'^/pay/t/[\w-]+/status$')

    def test_an_amount_sent_by_the_browser_does_not_count(self):
        self.start(self.second_step(choice='other', amount='40'), amount=0.01)
        self.assertEqual(self.transactions(self.link).amount, 40.0)

    def test_a_card_cannot_be_saved_or_a_saved_one_used(self):
        token = self.env['payment.token'].create({
            'provider_id': self.dummy_provider.id, 'payment_method_id': self.payment_method.id,
            'partner_id': self.customer.id, 'payment_details': '4242', 'provider_ref': 'vault-77',
        })
        page = self.second_step()
        self.assertNotIn('4242', self.text(page))
        self.assertFalse(self.tree(page).xpath('//*[@name="o_payment_tokenize_checkbox"]'))
        self.assertRefuses(page, "not available", flow='token', token_id=token.id)
        self.start(page, tokenization_requested=True)
        self.assertFalse(self.transactions(self.link).tokenize)

    def test_another_provider_or_method_is_refused(self):
        page = self.second_step()
        self.assertRefuses(page, provider_id=self.credicorp.id)
        self.assertRefuses(page, provider_id=None)
        self.assertRefuses(page, "not available", payment_method_id=self.card.id)
        self.assertRefuses(page, "not available", payment_method_id=None)
        self.assertFalse(self.transactions(self.link))

    def test_without_the_cookie_the_offer_is_worth_nothing(self):
        step = self.press_pay(self.link)
        page = self.follow(step)
        self.new_visitor()
        self.assertRefuses(page)
        self.assertFalse(self.transactions(self.link))
        self.assertEqual(self.url_open(step.headers['Location']).status_code, 404)

    def test_an_offer_serves_its_own_link_only(self):
        page = self.second_step()
        other = self.create_link(self.create_invoice(500.0))
        foreign = self.stock_form(self.follow(self.press_pay(other)))['access-token']
        own = self.stock_form(page)['access-token']
        for offer in (foreign, own[:-2], own + 'AAAA', '', 'x', None, 7):
            with self.subTest(offer=offer):
                self.assertRefuses(page, access_token=offer)
        self.assertFalse(self.transactions(self.link))

    def test_an_offer_ends_when_the_link_does(self):
        step = self.press_pay(self.link)
        page = self.follow(step)
        self.link.action_revoke()
        self.assertRefuses(page)
        self.assertEqual(self.headline(self.follow(self.follow(step))), "This link no longer works")

    def test_an_offer_ends_when_the_provider_is_no_longer_offered(self):
        page = self.second_step()
        self.offer(self.credicorp)
        self.assertRefuses(page, "not available")

    def test_an_offer_ends_when_the_provider_is_disabled(self):
        page = self.second_step()
        self.dummy_provider.state = 'disabled'
        self.assertRefuses(page, "not available")

    def test_what_was_paid_meanwhile_is_not_paid_again(self):
        page = self.second_step()
        self.settle_by_hand(self.link.invoice_ids, 30.0)
        self.assertRefuses(page, "Only .*70.00 is due")
        self.settle_by_hand(self.link.invoice_ids)
        self.assertRefuses(page)

    def test_a_second_tab_waits_for_the_first(self):
        first, second = self.second_step(), self.second_step()
        self.start(first)
        self.assertRefuses(second, "being processed")
        self.assertEqual(len(self.transactions(self.link)), 1)

    def test_paid_with_the_form_it_ends_on_our_status_page(self):
        self.start(self.second_step())
        transaction = self.transactions(self.link)
        transaction._set_done()
        status = self.url_open('/payment/status')
        self.assertEqual(self.headline(status), "Payment received")
        self.assertIn(transaction.reference, self.text(status))
        self.assertIn(self.link.invoice_ids.payment_state, ('in_payment', 'paid'))
        self.assertTrue(self.receipts(self.customer.email))
