from odoo import fields
from odoo.tests import tagged

from .card_page_common import CardPageCommon
from .statement_common import StatementCommon, StatementPages, ThreeDocuments
from .test_browser import PHONE, BrowserCommon


@tagged('post_install', '-at_install')
class TestStatementPage(ThreeDocuments, StatementPages, StatementCommon, CardPageCommon):
    """The page of a statement without any script: the server adds up."""

    def test_everything_is_picked_at_first(self):
        page = self.open_link(self.link)
        self.assertEqual(self.ticked(page), self.old | self.middle | self.new)
        self.assertEqual(self.headline(page), f"Total due {self.money(200.0)}")
        self.assertEqual(self.running(page), self.money(200.0))
        for text in (self.old.name, "90 days overdue", "31–60 days", "Statement of account"):
            self.assertIn(text, self.text(page))

    def test_the_buttons_of_the_list_pick_and_add_up(self):
        page = self.open_link(self.link)
        for button, moves in {
            'overdue': self.old | self.middle, 'none': self.old.browse(),
            'all': self.old | self.middle | self.new,
        }.items():
            page = self.send(page, self.new, do=button)
            self.assertEqual(self.ticked(page), moves)
            self.assertEqual(self.running(page), self.money(sum(moves.mapped('amount_residual'))))

    def test_what_is_ticked_is_added_up_by_the_server(self):
        page = self.send(self.open_link(self.link), self.old, self.new, do='update')
        self.assertEqual(self.running(page), self.money(140.0))
        self.assertBegan(self.send(page, self.old, self.new), 140.0, self.old | self.new)

    def test_a_total_that_was_not_shown_is_not_charged(self):
        page = self.send(self.open_link(self.link), self.old)
        self.assertEqual(page.status_code, 400)
        self.assertIn(f"comes to {self.money(100.0)} now", self.refusal(page))
        self.assertFalse(self.transactions(self.link))
        self.assertBegan(self.send(page, self.old), 100.0, self.old)

    def test_what_was_paid_after_the_page_was_shown_is_asked_again(self):
        page = self.open_link(self.link)
        self.settle_by_hand(self.middle)
        page = self.send(page, self.old, self.middle, self.new)
        self.assertEqual((page.status_code, self.ticked(page)), (400, self.old | self.new))
        self.assertFalse(self.transactions(self.link))

    def test_nothing_is_paid_when_nothing_is_ticked(self):
        page = self.send(self.open_link(self.link), do='none')
        self.assertEqual(self.refusal(self.send(page)), "Choose at least one document.")

    def test_another_amount(self):
        page = self.open_link(self.link)
        transaction = self.assertBegan(
            self.send(page, self.old, self.middle, self.new, choice='other', amount='130'),
            130.0, self.old | self.middle)
        self.assertEqual(
            transaction.email_pay_allocation_ids.mapped('amount'), [100.0, 30.0])

    def test_another_amount_beyond_what_is_picked_is_refused(self):
        page = self.send(self.open_link(self.link), self.new, do='update')
        answer = self.send(page, self.new, choice='other', amount='40.01')
        self.assertIn(f"and {self.money(40.0)}", self.refusal(answer))

    def test_documents_of_others_are_not_paid(self):
        foreign = self.owe(10.0, partner=self.env['res.partner'].create({'name': "Other"}))
        page = self.open_link(self.link)
        answer = self.send(page, self.old, foreign, shown='100.00')
        self.assertEqual(answer.status_code, 400)
        self.assertFalse(self.transactions(self.link))

    def test_credits_are_used_when_the_customer_says_so(self):
        self.credit_note(30.0)
        page = self.open_link(self.link)
        self.assertIn("Your credits", self.text(page))
        page = self.send(page, self.old, do='update', credit='1')
        self.assertEqual(self.running(page), self.money(70.0))
        self.assertBegan(self.send(page, self.old, credit='1'), 70.0, self.old)

    def test_credits_that_cover_all_are_used_without_a_payment(self):
        self.credit_note(130.0)
        page = self.send(self.open_link(self.link), self.old, do='update', credit='1')
        self.assertIn("Use my credit", self.text(page))
        page = self.follow(self.send(page, self.old, credit='1'))
        self.assertEqual(self.old.amount_residual, 0.0)
        self.assertEqual(self.headline(page), f"Total due {self.money(100.0)}")

    def test_one_currency_at_a_time(self):
        self.owe_euros(25.0)
        page = self.open_link(self.link)
        self.assertEqual(self.ticked(page), self.old | self.middle | self.new)
        [tab] = self.tree(page).xpath('//nav//a[not(@aria-current)]/@href')
        page = self.url_open(tab)
        self.assertEqual(len(self.ticked(page)), 1)
        answer = self.send(page, *self.ticked(page))
        self.assertEqual(answer.status_code, 303)
        self.assertEqual(self.transactions(self.link).currency_id, self.currency_euro)

    def test_a_button_of_the_mail_leads_to_its_method(self):
        provider = self.dummy_provider
        self.offer(self.credicorp, provider)
        [section] = self.link._statement_sections()
        self.assertEqual(len(section['buttons']), 2)
        path = section['buttons'][1]['url'].removeprefix(self.link._base_url())
        page = self.url_open(path)
        [checked] = self.tree(page).xpath('//input[@name="method"][@checked]/@value')
        self.assertEqual(checked.split('-')[0], str(provider.id))

    def test_what_is_being_paid_is_shown_and_cannot_be_ticked(self):
        transaction = self.start_selection(self.link, self.old)
        transaction._email_pay_claim()
        page = self.open_link(self.link)
        self.assertIn("Being paid", self.text(page))
        self.assertEqual(self.ticked(page), self.middle | self.new)

    def test_a_paid_statement_says_so(self):
        self.pay_selection(self.link)
        self.assertEqual(self.headline(self.open_link(self.link)), "Nothing is due")

    def test_expired_revoked_and_switched_off(self):
        self.open_link(self.link)
        self.portal.enabled = False
        self.assertIn("not available", self.headline(self.url_open(self.link._path())))
        self.portal.enabled = True
        self.link.expires_at = fields.Datetime.now()
        page = self.url_open(self.link._path())
        self.assertEqual(self.headline(page), "This link has expired")
        self.submit(page, '/renew')
        self.assertEqual(len(self.outbox('mail_template_statement')), 1)
        self.link.action_revoke()
        page = self.url_open(self.link._path())
        self.assertEqual(self.headline(page), "This link no longer works")

    def test_nobody_else_gets_in(self):
        self.assertEqual(self.url_open(self.link._path()).status_code, 404)

    def test_the_pdf(self):
        self.open_link(self.link)
        self.assertEqual(self.url_open(self.link._path('/pdf')).status_code, 200)

    def queries(self, path):
        """How many queries a page takes when it is warm, and the page."""
        self.url_open(path)
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        page = self.url_open(path)
        return self.cr.sql_log_count - before, page

    def test_a_thousand_documents_take_as_many_queries_as_ten(self):
        self.open_link(self.link)
        counts = []
        for number, due in ((7, 270.07), (990, 10179.97)):
            self.many(number)
            for tail in ('', '?all=1'):
                count, page = self.queries(self.link._path(tail))
                counts.append(count)
                self.assertEqual(self.headline(page), f"Total due {self.money(due)}")
                self.assertEqual(self.running(page), self.money(due))
        self.assertEqual(len(self.ticked_ids(page)), 1000)
        self.assertEqual(len(set(counts)), 1, counts)

    def test_of_very_many_the_newest_are_one_row(self):
        self.many(150)
        page = self.open_link(self.link)
        self.assertEqual(len(self.tree(page).xpath('//input[@name="document"]')), 101)
        self.assertIn("53 more documents", self.text(page))
        self.assertEqual(self.running(page), self.money(1701.5))
        oldest = self.ticked_ids(page)[0]
        answer = self.url_open(self.link._path(), method='POST', allow_redirects=False, data=[
            *self.form(page, self.link.selector).form_values(), ('document', oldest),
            ('document', 'more'), ('do', 'update'),
        ])
        self.assertIn("54 of 153 documents", self.text(answer))
        page = self.url_open(self.link._path('?all=1'))
        self.assertEqual(len(self.tree(page).xpath('//input[@name="document"]')), 153)

    def test_very_many_are_one_payment(self):
        moves = self.many(150)
        page = self.open_link(self.link)
        answer = self.url_open(self.link._path(), method='POST', allow_redirects=False, data=[
            *self.form(page, self.link.selector).form_values(),
            *(('document', value) for value in self.ticked_ids(page)),
        ])
        self.assertBegan(answer, 1701.5, self.old | self.middle | self.new | moves)

    # --- who signed in ----------------------------------------------------------------------------

    def test_a_contact_of_the_customer_opens_the_statement(self):
        self.sign_in(self.customer)
        page = self.url_open('/my/statement')
        self.assertEqual(self.ticked(page), self.old | self.middle | self.new)
        self.assertBegan(self.send(page, self.old, self.middle, self.new), 200.0,
                         self.old | self.middle | self.new)

    def test_signing_out_closes_it(self):
        self.sign_in(self.customer)
        self.url_open('/my/statement')
        self.logout()
        self.new_visitor()
        self.assertEqual(self.url_open(self.link._path()).status_code, 404)

    def test_a_stranger_who_signed_in_sees_only_the_own_statement(self):
        self.sign_in(self.env['res.partner'].create({'name': "Stranger"}))
        self.assertEqual(self.headline(self.url_open('/my/statement')), "Nothing is due")
        self.assertEqual(self.url_open(self.link._path()).status_code, 404)

    def test_my_account_leads_there_as_long_as_something_is_due(self):
        self.sign_in(self.customer)
        entry = self.tree(self.url_open('/my')).xpath('//a[@href="/my/statement"]')[0]
        [counter] = entry.xpath('.//@data-placeholder_count')
        for shown in (1, 0):
            counts = self.make_jsonrpc_request('/my/counters', {'counters': [counter]})
            self.assertEqual(counts, {counter: shown})
            self.portal.enabled = False

    def test_my_account_shows_each_entry_by_a_counter_of_its_own(self):
        self.sign_in(self.customer)
        counters = self.tree(self.url_open('/my')).xpath('//@data-placeholder_count')
        self.assertEqual(len(counters), len(set(counters)))


@tagged('post_install', '-at_install')
class TestStatementBrowser(StatementCommon, BrowserCommon):
    """A statement on a phone."""

    def test_ticking_adds_up_and_the_payment_is_what_the_button_says(self):
        old, middle = self.owe(100.1, 90), self.owe(60.2, 30)
        self.owe(40.3, -5)
        self.credit_note(30.0)
        link, name = self.statement_link(), middle.name
        with self.browser_page(PHONE) as page:
            self.visit(page, link)
            button = page.locator('.ep-button-pay')

            def label():
                return page.locator('[data-pay-text]').inner_text().replace('\xa0', ' ')

            self.assertEqual(label(), "Pay $ 200.60")
            page.locator('.ep-pick[value=overdue]').tap()
            self.assertEqual(label(), "Pay $ 160.30")
            self.assertIn("2 of 3 documents", page.locator('[data-count]').inner_text())
            page.locator('.ep-pick[value=none]').tap()
            self.assertEqual(label(), "Pay now")
            page.locator('label', has_text=name).tap()
            self.assertEqual(label(), "Pay $ 60.20")
            page.locator('input[name=credit]').tap()
            self.assertEqual(label(), "Pay $ 30.20")
            page.get_by_text("Another amount").tap()
            page.fill('#ep-amount', '50')
            button.tap()
            self.assertTrue(page.get_by_text("Enter an amount between").last.is_visible())
            page.fill('#ep-amount', '10.2')
            self.assertEqual(label(), "Pay $ 10.20")
            button.tap()
            self.type_card(page)
            self.wait_for_state(page, 'paid')
        self.assertPaid(link)
        self.assertEqual((old.amount_residual, middle.amount_residual), (100.1, 20.0))

    def test_a_currency_without_decimals_adds_up(self):
        pesos = self.env.ref('base.CLP')
        name = self.owe_in(pesos, 4139400, 38).name
        self.owe_in(pesos, 899185, 11)
        link = self.statement_link()
        with self.browser_page(PHONE) as page:
            self.visit(page, link)
            total = page.locator('[data-total]')
            self.assertEqual(total.inner_text().replace('\xa0', ' '), "$ 5,038,585")
            page.locator('label', has_text=name).tap()
            self.assertEqual(total.inner_text().replace('\xa0', ' '), "$ 899,185")
            page.get_by_text("Another amount").tap()
            page.fill('#ep-amount', '500000')
            label = page.locator('[data-pay-text]').inner_text()
            self.assertEqual(label.replace('\xa0', ' '), "Pay $ 500,000")

    def test_credits_that_cover_all_change_the_button(self):
        self.owe(20.0, 3)
        self.credit_note(30.0)
        link = self.statement_link()
        with self.browser_page(PHONE) as page:
            self.visit(page, link)
            page.locator('input[name=credit]').tap()
            self.assertEqual(page.locator('[data-pay-text]').inner_text(), "Use my credit")
            page.locator('.ep-button-pay').tap()
            page.get_by_text("Nothing is due").wait_for()

    def test_without_javascript(self):
        old = self.owe(100.0, 90)
        self.owe(60.0, 30)
        link, name = self.statement_link(), old.name
        with self.browser_page(PHONE, java_script_enabled=False) as page:
            page.goto(self.address(link))
            page.locator('.ep-pick[value=none]').tap()
            page.locator('[data-count]', has_text="0 of 2").wait_for()
            page.locator('label', has_text=name).tap()
            page.get_by_text("Add up again").tap()
            page.locator('[data-total]', has_text="100.00").wait_for()
            page.locator('.ep-button-pay').tap()
            page.wait_for_url('**/pay/t/**')
        self.assertEqual(self.transactions(link).invoice_ids, old)
