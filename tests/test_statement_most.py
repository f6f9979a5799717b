from odoo.tests import tagged

from .card_page_common import CardPageCommon
from .statement_common import StatementCommon, StatementPages, ThreeDocuments
from .test_browser import PHONE, BrowserCommon


class MostCommon(ThreeDocuments, StatementPages, StatementCommon):
    """Of 200 that are due, the only way to pay takes 120 at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.credicorp.maximum_amount = 120.0


@tagged('post_install', '-at_install')
class TestMost(MostCommon, CardPageCommon):
    """What a way to pay takes at once ends no page: the customer picks less."""

    SENTENCE = "can be paid at once. Select less, or choose another amount."

    def limit(self, page):
        """The sentence that says that this much cannot be paid at once, while it is shown."""
        [said] = self.tree(page).xpath('//*[@data-limit]')
        return '' if said.get('hidden') else ' '.join(said.text_content().split())

    def test_all_that_is_due_is_more_and_less_is_picked(self):
        page = self.open_link(self.link)
        self.assertEqual(self.ticked(page), self.old | self.middle | self.new)
        self.assertEqual(self.limit(page), f"At most {self.money(120.0)} {self.SENTENCE}")
        self.assertIn(f"Up to {self.money(120.0)} at once", self.text(page))
        page = self.send(page, self.old, do='update')
        self.assertEqual((self.running(page), self.limit(page)), (self.money(100.0), ''))
        self.assertBegan(self.send(page, self.old), 100.0, self.old)

    def test_more_is_refused_in_a_sentence_and_another_amount_is_paid(self):
        page = self.open_link(self.link)
        page = self.send(page, self.old, self.middle, self.new)
        self.assertIn(f"At most {self.money(120.0)} can be paid at once with", self.refusal(page))
        self.assertFalse(self.transactions(self.link))
        self.assertBegan(
            self.send(page, self.old, self.middle, self.new, choice='other', amount='120'),
            120.0, self.old | self.middle)

    def test_a_second_way_that_takes_all_is_chosen_and_the_first_stays(self):
        self.offer(self.credicorp, self.dummy_provider)
        page = self.open_link(self.link)
        methods = self.tree(page).xpath('//input[@name="method"]')
        self.assertEqual(
            [(int(field.get('value').split('-')[0]), bool(field.get('checked')))
             for field in methods[:2]],
            [(self.credicorp.id, False), (self.dummy_provider.id, True)])
        self.assertFalse(self.tree(page).xpath('//*[@data-limit]'))

    def test_the_page_of_an_invoice_lets_pay_less_too(self):
        link = self.create_link(self.owe(500.0, 3))
        page = self.open_link(link)
        self.assertEqual(
            self.limit(page),
            f"At most {self.money(120.0)} can be paid at once. Please choose another amount.")
        page = self.submit(page, link.selector)
        self.assertIn(f"At most {self.money(120.0)} can be paid at once with", self.refusal(page))
        self.submit(page, link.selector, choice='other', amount='120')
        self.assertEqual(self.transactions(link).amount, 120.0)
        self.portal.allow_partial = False
        self.assertIn("not available", self.text(self.open_link(link)))


@tagged('post_install', '-at_install')
class TestMostBrowser(MostCommon, BrowserCommon):

    def test_the_sentence_comes_and_goes_with_what_is_ticked(self):
        with self.browser_page(PHONE) as page:
            self.visit(page, self.link)
            sentence = page.locator('[data-limit]')
            self.assertTrue(sentence.is_visible())
            page.locator('label', has_text=self.old.name).tap()
            self.assertFalse(sentence.is_visible())
