from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import BaseCase, tagged

from ..controllers.documents import parse_amount
from .card_page_common import CardPageCommon


@tagged('post_install', '-at_install')
class TestParseAmount(BaseCase):

    def assertParses(self, decimal_point, expected):
        for text, amount in expected.items():
            with self.subTest(text=text, decimal_point=decimal_point):
                self.assertEqual(parse_amount(text, decimal_point), amount)

    def test_notations_of_a_language_with_a_decimal_point(self):
        self.assertParses('.', {
            '100': 100.0, '100.5': 100.5, '100.50': 100.5, '1,234.50': 1234.5, '1,234': 1234.0,
            '1234.5': 1234.5, '1 234.50': 1234.5, '12,5': 12.5, ' 7 ': 7.0, '0.01': 0.01,
            '1,234,567.89': 1234567.89, '5.': 5.0, '1\xa0234.50': 1234.5, "1'234.50": 1234.5,
        })

    def test_notations_of_a_language_with_a_decimal_comma(self):
        self.assertParses(',', {
            '100': 100.0, '100,5': 100.5, '1.234,50': 1234.5, '1.234': 1234.0, '1234,5': 1234.5,
            '1 234,50': 1234.5, '12.5': 12.5, '1.234.567,89': 1234567.89, '1\u202f234,50': 1234.5,
        })

    def test_what_is_not_clearly_an_amount_is_none(self):
        for decimal_point in '.,':
            self.assertParses(decimal_point, dict.fromkeys((
                '', ' ', '-5', '+5', 'ten', 'nan', 'NaN', 'inf', 'Infinity', '1e9', '1E2', '0x10',
                '1_000', '..', ',', '.5', '1..5', '1,2,3', '12,34,567', '1.2.3', '٣', '１２',
                '9' * 13, '9' * 5000, '5 USD', '5\x00', '--5', '5-',
            )))
        self.assertParses('.', {'1.234.567': None, '1.234,50': None})
        self.assertParses(',', {'1,234,567': None, '1,234.50': None})

    def test_more_decimals_than_a_currency_has_are_seen_and_not_cut(self):
        self.assertParses('.', {'10.123': 10.123, '1,234.567': 1234.567})
        self.assertParses(',', {'10,123': 10.123, '1.234,567': 1234.567})


@tagged('post_install', '-at_install')
class TestPageAmounts(CardPageCommon):
    """Whatever the browser sends, only an amount that the page offered is asked for."""

    def link_over(self, amount=100.0, **values):
        return self.create_link(self.create_invoice(amount, **values))

    def assertStarts(self, link, amount, response):
        self.assertEqual(response.status_code, 303, self.tree(response).text_content())
        transaction = self.transactions(link)
        self.assertEqual(transaction.mapped('amount'), [amount])
        self.assertEqual(transaction.state, 'draft')
        self.assertEqual(transaction.invoice_ids, link.invoice_ids)
        self.assertEqual(transaction.currency_id, link.invoice_ids.currency_id)

    def assertRefuses(self, link, sentence, response):
        self.assertEqual(response.status_code, 400)
        self.assertEqual(self.refusal(response), sentence)
        self.assertFalse(self.transactions(link))

    def test_the_whole_amount(self):
        link = self.link_over()
        page = self.open_link(link)
        self.assertEqual(list(self.choices(page)), ['full', 'other'])
        self.assertStarts(link, 100.0, self.submit(page))

    def test_an_amount_edited_in_the_browser_does_not_count_for_the_whole_amount(self):
        link = self.link_over()
        self.assertStarts(link, 100.0, self.press_pay(link, choice='full', amount='1.00'))

    def test_another_amount_within_the_limits(self):
        link = self.link_over()
        self.assertStarts(link, 33.33, self.press_pay(link, choice='other', amount='33.33'))

    def test_the_limits_themselves_are_allowed(self):
        self.portal.minimum_amount = 10.0
        for amount in ('10', '100'):
            link = self.link_over()
            response = self.press_pay(link, choice='other', amount=amount)
            self.assertStarts(link, float(amount), response)

    def test_an_amount_beyond_the_limits_is_refused_with_them(self):
        self.portal.minimum_amount = 10.0
        link = self.link_over()
        sentence = f"Enter an amount between {self.money(10.0)} and {self.money(100.0)}."
        for amount in ('9.99', '0', '0.00', '100.01', '999999999999'):
            with self.subTest(amount=amount):
                response = self.press_pay(link, choice='other', amount=amount)
                self.assertRefuses(link, sentence, response)

    def test_what_is_no_amount_is_refused(self):
        link = self.link_over()
        for amount in ('', '-5', 'ten', 'nan', 'inf', '1e9', '9' * 100, '<script>'):
            with self.subTest(amount=amount):
                response = self.press_pay(link, choice='other', amount=amount)
                self.assertRefuses(link, "Enter the amount as a number.", response)

    def test_too_many_decimals_are_refused_not_rounded(self):
        link = self.link_over()
        response = self.press_pay(link, choice='other', amount='10.005')
        self.assertRefuses(link, "Enter an amount with at most 2 decimals.", response)

    def test_a_currency_with_three_decimals_keeps_them(self):
        dinar = self.env['res.currency'].with_context(active_test=False).search(
            [('name', '=', 'KWD')])
        dinar.active = True
        self.credicorp.available_currency_ids = [Command.clear()]
        invoice = self._create_invoice_one_line(
            price_unit=10.0, name="Work", tax_ids=[], partner_id=self.customer,
            currency_id=dinar, post=True)
        link = self.create_link(invoice)
        response = self.press_pay(link, choice='other', amount='1.125')
        self.assertStarts(link, 1.125, response)

    def test_an_amount_is_read_in_the_customers_language(self):
        self.env['res.lang']._activate_lang('de_DE')
        self.customer.lang = 'de_DE'
        link = self.link_over(2000.0)
        self.assertStarts(link, 1234.5, self.press_pay(link, choice='other', amount='1.234,50'))

    def test_a_refused_amount_stays_in_its_field(self):
        link = self.link_over()
        response = self.press_pay(link, choice='other', amount='"><b>12')
        fields_ = dict(self.form(response).form_values())
        self.assertEqual(fields_['amount'], '"><b>12')
        self.assertEqual(fields_['choice'], 'other')
        self.assertIn('autofocus', self.tree(response).xpath('//*[@role="alert"]')[0].attrib)

    def test_the_next_instalment(self):
        term = self.env['account.payment.term'].create({
            'name': "40% now, 60% in 30 days",
            'line_ids': [
                Command.create({'value': 'percent', 'value_amount': 40, 'nb_days': 5}),
                Command.create({'value': 'percent', 'value_amount': 60, 'nb_days': 30}),
            ],
        })
        link = self.link_over(invoice_payment_term_id=term)
        page = self.open_link(link)
        self.assertIn("The next instalment", self.text(page))
        self.assertEqual(list(self.choices(page)), ['full', 'installment', 'other'])
        self.assertStarts(link, 40.0, self.submit(page, choice='installment'))

    def test_the_instalment_after_the_one_that_was_paid(self):
        term = self.env['account.payment.term'].create({
            'name': "Two halves",
            'line_ids': [
                Command.create({'value': 'percent', 'value_amount': 50, 'nb_days': 5}),
                Command.create({'value': 'percent', 'value_amount': 50, 'nb_days': 30}),
            ],
        })
        link = self.link_over(invoice_payment_term_id=term)
        self.pay_by_card(link, 50.0)
        page = self.open_link(link)
        self.assertEqual(list(self.choices(page)), ['full', 'other'])
        response = self.submit(page, choice='installment')
        self.assertEqual(response.status_code, 400)
        self.assertEqual(self.refusal(response), "Please choose how much you want to pay.")

    def test_overdue_instalments_are_one_choice(self):
        term = self.env['account.payment.term'].create({
            'name': "Three parts",
            'line_ids': [
                Command.create({'value': 'percent', 'value_amount': 20, 'nb_days': 5}),
                Command.create({'value': 'percent', 'value_amount': 30, 'nb_days': 10}),
                Command.create({'value': 'percent', 'value_amount': 50, 'nb_days': 90}),
            ],
        })
        sent = fields.Date.today() - timedelta(days=30)
        link = self.link_over(invoice_payment_term_id=term, invoice_date=sent)
        page = self.open_link(link)
        self.assertIn("What is overdue", self.text(page))
        self.assertStarts(link, 50.0, self.submit(page, choice='installment'))

    def test_an_early_payment_discount_is_offered_first_and_settles_the_invoice(self):
        term = self.env['account.payment.term'].create({
            'name': "2% within 7 days", 'early_discount': True, 'discount_percentage': 2,
            'discount_days': 7,
            'line_ids': [Command.create({'value': 'percent', 'value_amount': 100, 'nb_days': 30})],
        })
        link = self.link_over(invoice_payment_term_id=term)
        page = self.open_link(link)
        self.assertEqual(dict(self.form(page).form_values())['choice'], 'discount')
        self.assertIn("With early payment discount", self.text(page))
        response = self.submit(page)
        self.assertStarts(link, 98.0, response)
        self.enter_card(self.follow(response))
        transaction = self.transactions(link)
        self.url_open(transaction._email_pay_path('/status'))
        self.assertEqual(transaction.state, 'done')
        self.assertIn(link.invoice_ids.payment_state, ('in_payment', 'paid'))

    def test_a_choice_that_was_not_offered_is_refused(self):
        link = self.link_over()
        sentence = "Please choose how much you want to pay."
        for choice in ('discount', 'installment', 'free', ''):
            with self.subTest(choice=choice):
                self.assertRefuses(link, sentence, self.press_pay(link, choice=choice, amount='1'))

    def test_without_partial_payments_only_the_whole_amount(self):
        self.portal.allow_partial = False
        link = self.link_over()
        page = self.open_link(link)
        self.assertEqual(list(self.choices(page)), ['full'])
        self.assertFalse(self.tree(page).xpath('//input[@name="amount"]'))
        response = self.submit(page, choice='other', amount='50')
        self.assertRefuses(link, "Please choose how much you want to pay.", response)

    def test_less_than_the_minimum_can_be_paid_when_less_is_due(self):
        self.portal.minimum_amount = 10.0
        link = self.link_over(8.0)
        page = self.open_link(link)
        self.assertEqual(list(self.choices(page)), ['full'])
        self.assertStarts(link, 8.0, self.submit(page))

    def test_a_method_that_was_not_offered_is_refused(self):
        link = self.link_over()
        foreign = self.credicorp.copy({'company_id': self.env['res.company'].create(
            {'name': "Another company"}).id})
        sentence = "This way to pay is not available right now. Please choose another."
        for method in (
            f'{foreign.id}-{self.card.id}', f'{self.dummy_provider.id}-{self.payment_method.id}',
            f'{self.credicorp.id}-{self.payment_method.id}', f'{self.credicorp.id}', 'x', '0-0',
        ):
            with self.subTest(method=method):
                self.assertRefuses(link, sentence, self.press_pay(link, method=method))

    def test_the_amount_of_another_currency_is_asked_for_in_it(self):
        euro = self.currency_euro
        self.credicorp.available_currency_ids = [Command.clear()]
        invoice = self._create_invoice_one_line(
            price_unit=70.0, name="Work", tax_ids=[], partner_id=self.customer,
            currency_id=euro, post=True)
        link = self.create_link(invoice)
        page = self.open_link(link)
        self.assertIn(euro.format(70.0).replace('\xa0', ' '), self.headline(page))
        self.assertStarts(link, 70.0, self.submit(page))
