from odoo.tests import tagged

from .card_page_common import CardPageCommon
from .common import NO_FUNDS_CARD


@tagged('post_install', '-at_install')
class TestPageOnce(CardPageCommon):
    """Two tabs, double clicks and the back button take money once."""

    def setUp(self):
        super().setUp()
        self.link = self.create_link(self.create_invoice(100.0))

    def sales(self):
        return self.sandbox.ledger.entries(operation='sale', success=True)

    def test_paid_by_card_ends_on_a_paid_status_page(self):
        answer = self.enter_card(self.card_page(self.link))
        self.assertEqual(answer.status_code, 303)
        status = self.follow(answer)
        self.assertEqual(self.headline(status), "Payment received")
        transaction = self.transactions(self.link)
        self.assertIn(transaction.reference, self.text(status))
        self.assertIn("Your receipt goes to r•••@example.com.", self.text(status))
        self.assertNotIn(self.customer.email, status.text)
        self.assertIn(self.link.invoice_ids.payment_state, ('in_payment', 'paid'))
        self.assertEqual(transaction.payment_id.journal_id, self.collections)
        self.assertTrue(self.receipts(self.customer.email))

    def test_a_part_paid_says_what_is_still_to_pay(self):
        answer = self.enter_card(self.card_page(self.link, choice='other', amount='30'))
        status = self.follow(answer)
        self.assertIn(f"Still to pay {self.money(70.0)}", self.text(status))
        self.assertEqual(self.link.invoice_ids.amount_residual, 70.0)
        page = self.url_open(self.tree(status).xpath('//a[text()="Pay the rest"]/@href')[0])
        self.assertEqual(self.headline(page), f"Total due {self.money(70.0)}")

    def test_a_second_tab_cannot_start_what_the_first_paid(self):
        first, second = self.open_link(self.link), self.open_link(self.link)
        self.follow(self.enter_card(self.follow(self.submit(first))))
        answer = self.submit(second)
        self.assertEqual(self.headline(answer), f"{self.link.invoice_ids.name} is paid")
        self.assertEqual(len(self.transactions(self.link)), 1)

    def test_a_second_tab_cannot_charge_what_the_first_paid(self):
        first, second = self.card_page(self.link), self.card_page(self.link)
        self.follow(self.enter_card(first))
        answer = self.enter_card(second)
        self.assertEqual(self.refusal(answer), "This invoice is already paid. Nothing was charged.")
        self.assertEqual(len(self.sales()), 1)

    def test_a_second_tab_is_told_of_a_payment_whose_outcome_is_unknown(self):
        first, second = self.card_page(self.link), self.card_page(self.link)
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        with self.assertLogs('odoo.addons.email_pay', 'WARNING'):
            self.enter_card(first)
        page = self.open_link(self.link)
        self.assertIn(f"A payment of {self.money(100.0)} is being processed.", self.text(page))
        self.assertFalse(self.choices(page))
        answer = self.enter_card(second)
        self.assertEqual(
            self.refusal(answer),
            f"A payment of {self.money(100.0)} for this invoice is already being processed."
            " Please wait until it is finished before you pay again.",
        )
        self.assertEqual(len(self.sales()), 1)

    def test_a_card_form_sent_twice_charges_once(self):
        page = self.card_page(self.link)
        answers = [self.enter_card(page), self.enter_card(page)]
        # Each address is signed with the second it was made in: what they show has to be the same.
        shown = {self.text(self.follow(answer)) for answer in answers}
        self.assertEqual(len(shown), 1)
        self.assertIn(self.transactions(self.link).reference, *shown)
        self.assertEqual(len(self.sales()), 1)

    def test_back_to_the_card_page_after_paying_leads_to_the_receipt(self):
        start = self.press_pay(self.link)
        self.enter_card(self.follow(start))
        again = self.url_open(start.headers['Location'])
        self.assertEqual(self.headline(again), "Payment received")

    def test_back_to_the_payment_page_after_paying_says_that_it_is_paid(self):
        self.follow(self.enter_card(self.card_page(self.link)))
        page = self.url_open(self.link._path())
        self.assertEqual(self.headline(page), f"{self.link.invoice_ids.name} is paid")

    def test_without_a_card_nothing_is_asked_of_the_gateway(self):
        page = self.card_page(self.link)
        for token in ('', 'x' * 513):
            answer = self.submit(page, payment_token=token)
            self.assertEqual(
                self.refusal(answer), "The card was not entered. Please try again.")
        self.assertFalse(self.sandbox.ledger.entries())
        self.assertEqual(self.transactions(self.link).state, 'draft')

    def test_a_declined_card_says_why_and_offers_another_try(self):
        status = self.follow(self.enter_card(self.card_page(self.link), NO_FUNDS_CARD))
        self.assertEqual(self.headline(status), "The payment did not go through")
        self.assertIn("funds", self.text(status))
        self.assertEqual(
            self.tree(status).xpath('//a[text()="Try again"]/@href'), [self.link._path()])
        self.enter_card(self.card_page(self.link))
        self.assertEqual(self.transactions(self.link).mapped('state'), ['error', 'done'])

    def test_no_mail_tells_of_a_declined_card(self):
        self.enter_card(self.card_page(self.link), NO_FUNDS_CARD)
        self.assertFalse(self.receipts())
