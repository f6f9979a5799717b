from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .page_common import PageCommon


@tagged('post_install', '-at_install')
class TestRedirectPage(PageCommon):
    """A provider with a page of its own, all without a script."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.offer(cls.credicorp, cls.dummy_provider)
        cls.dummy_provider.redirect_form_view_id.arch = """
            <form action="https://bank.example.com/pay" method="post">
                <input type="hidden" name="order" value="4711"/>
            </form>"""

    def setUp(self):
        super().setUp()
        self.link = self.create_link(self.create_invoice(100.0))
        self.method = f'{self.dummy_provider.id}-{self.payment_method.id}'

    def test_pay_now_leads_to_the_providers_form_with_a_button(self):
        start = self.press_pay(self.link, method=self.method)
        self.assertRegex(start.headers['Location'], r'^/pay/t/[\w-]+$')
        page = self.follow(start)
        form, = self.tree(page).forms
        self.assertEqual((form.action, form.method), ('https://bank.example.com/pay', 'POST'))
        self.assertEqual(dict(form.form_values()), {'order': '4711'})
        button, = self.tree(page).xpath('//button[@type="submit"]')
        self.assertEqual(button.get('form'), form.get('id'))

    def offered(self):
        fields_ = self.tree(self.open_link(self.link)).xpath('//input[@name="method"]')
        return [field.get('value') for field in fields_]

    def test_a_change_of_the_ways_to_pay_shows_at_once(self):
        card = f'{self.credicorp.id}-{self.card.id}'
        both, only_card = [card, self.method], [card]
        self.assertEqual(self.offered(), both)
        for record, field, value in (
            (self.dummy_provider, 'state', 'disabled'),
            (self.dummy_provider, 'available_currency_ids', self.env.ref('base.KWD')),
            (self.payment_method, 'active', False),
            (self.portal.method_ids[1], 'active', False),
        ):
            with self.subTest(f'{record._name}.{field}'):
                before = record[field]
                record[field] = value
                self.assertEqual(self.offered(), only_card)
                record[field] = before
                self.payment_method.active = True  # disabling a provider archives its methods
                self.assertEqual(self.offered(), both)

    def test_a_way_to_pay_is_looked_up_again_before_a_payment_starts(self):
        page = self.open_link(self.link)
        for field, value, reason in (
            ('maximum_amount', 0.01, (
                f"At most {self.money(0.01)} can be paid at once with {self.payment_method.name}."
                " Pay less, or choose another way to pay.")),
            ('state', 'disabled',
             "This way to pay is not available right now. Please choose another."),
        ):
            with self.subTest(field):
                self.dummy_provider[field] = value
                self.assertEqual(self.refusal(self.submit(page, method=self.method)), reason)
        self.assertFalse(self.transactions(self.link))

    def test_a_payment_that_was_started_can_be_continued_or_cancelled(self):
        self.press_pay(self.link, method=self.method)
        transaction = self.transactions(self.link)
        page = self.open_link(self.link)
        self.assertIn(f"A payment of {self.money(100.0)} was started", self.text(page))
        self.assertFalse(self.choices(page), "there is nothing left to start")
        continued, = self.tree(page).xpath('//a[text()="Continue that payment"]/@href')
        self.assertIn('https://bank.example.com/pay', self.url_open(continued).text)
        answer = self.submit(page, '/cancel')
        self.assertEqual(transaction.state, 'cancel')
        self.assertNotIn("was started", self.text(self.follow(answer)))
        self.assertEqual(self.press_pay(self.link).status_code, 303)

    def test_a_second_payment_waits_for_the_one_that_was_started(self):
        page = self.open_link(self.link)
        self.submit(page, method=self.method)
        answer = self.submit(page)
        self.assertEqual(answer.status_code, 400)
        self.assertIn("is already being processed", self.refusal(answer))
        self.assertEqual(len(self.transactions(self.link)), 1)

    def test_the_rest_can_be_paid_beside_a_part_that_was_started(self):
        self.press_pay(self.link, choice='other', amount='30', method=self.method)
        answer = self.press_pay(self.link, choice='other', amount='70', method=self.method)
        self.assertEqual(answer.status_code, 303)
        self.assertEqual(self.transactions(self.link).mapped('amount'), [30.0, 70.0])

    def test_the_status_of_a_payment_that_was_not_finished_leads_back_to_the_invoice(self):
        self.press_pay(self.link, method=self.method)
        status = self.url_open(self.transactions(self.link)._email_pay_path('/status'))
        self.assertTrue(self.tree(status).xpath(f'//main//a[@href="{self.link._path()}"]'))

    def test_the_status_page_follows_the_state(self):
        self.press_pay(self.link, method=self.method)
        transaction = self.transactions(self.link)
        expected = [
            ('processing', "We are confirming your payment", lambda: None),
            ('pending_bank', "Your payment is on its way", transaction._set_pending),
            ('declined', "The payment did not go through", lambda: transaction._set_error("No.")),
            ('paid', "Payment received", transaction._set_done),
        ]
        for state, headline, change in expected:
            with self.subTest(state=state):
                change()
                status = self.url_open(transaction._email_pay_path('/status'))
                self.assertEqual(self.headline(status), headline)
                answer = self.url_open(transaction._email_pay_path('/state'))
                self.assertEqual(answer.json(), {'state': state})
                self.assertEqual(answer.headers['Cache-Control'], 'no-store')
                section = self.tree(status).get_element_by_id('ep-status')
                self.assertEqual(section.get('data-state'), state)
                waits = state in ('processing', 'pending_bank')
                self.assertEqual(bool(section.get('data-poll-url')), waits)

    def test_a_cancelled_payment_says_that_nothing_was_charged(self):
        self.press_pay(self.link, method=self.method)
        transaction = self.transactions(self.link)
        transaction._set_canceled()
        status = self.url_open(transaction._email_pay_path('/status'))
        self.assertEqual(self.headline(status), "The payment was cancelled")
        self.assertIn("Nothing was charged.", self.text(status))
        self.assertIn("Try again", self.text(status))

    def test_a_page_that_came_before_the_booking_loads_itself_again_after_it(self):
        self.press_pay(self.link, method=self.method, choice='other', amount='30')
        transaction = self.transactions(self.link)
        transaction._set_done()
        closed = patch.object(
            type(self.env['account.payment']), 'action_post', side_effect=UserError("Closed."))
        with closed, mute_logger('odoo.addons.email_pay.models.payment_booking'):
            status = self.url_open(transaction._email_pay_path('/status'))
        self.assertEqual(self.headline(status), "Payment received")
        section = self.tree(status).get_element_by_id('ep-status')
        self.assertNotIn("Still to pay", self.text(status))
        transaction._post_process()
        answer = self.url_open(section.get('data-poll-url')).json()
        self.assertNotEqual(answer['state'], section.get('data-state'))
        status = self.url_open(transaction._email_pay_path('/status'))
        self.assertIn("Still to pay", self.text(status))
        self.assertIsNone(self.tree(status).get_element_by_id('ep-status').get('data-poll-url'))

    def test_odoos_own_status_page_leads_to_ours(self):
        self.follow(self.press_pay(self.link, method=self.method))
        answer = self.url_open('/payment/status', allow_redirects=False)
        self.assertIn('/pay/t/', answer.headers['Location'])
        self.assertEqual(
            self.headline(self.url_open(answer.headers['Location'])),
            "We are confirming your payment",
        )

    def test_the_status_page_waits_without_a_script_too(self):
        self.press_pay(self.link, method=self.method)
        status = self.url_open(self.transactions(self.link)._email_pay_path('/status'))
        self.assertTrue(self.tree(status).xpath('//noscript/meta[@http-equiv="refresh"]'))
