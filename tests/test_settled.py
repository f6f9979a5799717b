from odoo.tests import tagged
from odoo.tools import html2plaintext

from .card_page_common import CardPageCommon
from .statement_common import StatementCommon


@tagged('post_install', '-at_install')
class TestSettled(StatementCommon, CardPageCommon):
    """The receipt, and the page after the payment, tell what became of the money."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.middle = cls.owe(100.0, 90), cls.owe(60.0, 30)

    def setUp(self):
        super().setUp()
        self.link = self.statement_link()

    def receipt(self):
        [mail] = self.receipts(self.customer.email)
        return ' '.join(html2plaintext(mail.body_html).replace('*', '').split())

    def page(self, transaction):
        self.env.flush_all()
        return self.text(self.url_open(transaction._email_pay_path('/status')))

    def shares(self, transaction):
        settled = transaction._email_pay_settled()
        return [
            {share.name: (share.amount, share.rest) for share in shares}
            for shares in (settled.documents, settled.credits)
        ]

    def test_documents_credits_and_what_remains(self):
        note, payment = self.credit_note(30.0), self.receive(20.0)
        transaction = self.pay_selection(self.link, amount=90.0, use_credit=True)
        self.assertEqual(self.shares(transaction), [
            {self.old.name: (100.0, 0.0), self.middle.name: (40.0, 20.0)},
            {payment.move_id.name: (20.0, 0.0), note.name: (30.0, 0.0)},
        ])
        receipt = self.receipt()
        for text in (
            f"{self.old.name} {self.money(100.0)} Paid in full",
            f"{self.middle.name} {self.money(40.0)} Still to pay: {self.money(20.0)}",
            f"Your credit {note.name} −{self.money(30.0)} Used up",
            f"Your credit {payment.move_id.name} −{self.money(20.0)} Used up",
        ):
            self.assertIn(text, receipt)
        page = self.page(transaction)
        for text in (
            f"{self.old.name} {self.money(100.0)}", f"{self.middle.name} {self.money(40.0)}",
            f"Your credit {note.name} −{self.money(30.0)}",
            f"Still to pay {self.money(20.0)}",
        ):
            self.assertIn(text, page)

    def test_of_a_credit_only_what_was_used_is_told(self):
        self.credit_note(30.0)
        transaction = self.charge(self.start_selection(self.link, self.old, use_credit=True))
        self.settle_by_hand(self.old, 90.0)
        self.advance(transaction)
        settled = transaction._email_pay_settled()
        self.assertEqual(self.shares(transaction)[0], {self.old.name: (10.0, 0.0)})
        used = sum(share.amount for share in settled.credits)
        self.assertEqual(used + transaction.amount - settled.excess, 10.0)
        self.assertTrue(all(share.amount + share.rest == 30.0 for share in settled.credits))

    def test_one_document_needs_no_list(self):
        transaction = self.pay_selection(self.link, self.middle)
        self.assertIn(f"{self.middle.name} Paid in full", self.receipt())
        self.assertIn(f"For {self.middle.name}", self.page(transaction))

    def test_what_no_document_needed_is_kept_as_credit(self):
        transaction = self.charge(self.start_selection(self.link, self.old | self.middle))
        self.settle_by_hand(self.old)
        self.advance(transaction)
        self.assertEqual(self.shares(transaction), [{self.middle.name: (60.0, 0.0)}, {}])
        self.assertIn(f"Kept as your credit {self.money(100.0)}", self.receipt())

    def test_where_nothing_was_left_to_pay_the_documents_are_named(self):
        transaction = self.charge(self.start_selection(self.link, self.old))
        self.settle_by_hand(self.old)
        self.advance(transaction)
        self.assertIn(
            f"For {self.old.name} Kept as your credit {self.money(100.0)}", self.receipt())

    def test_what_the_money_is_used_for_later_is_no_part_of_it(self):
        transaction = self.charge(self.start_selection(self.link, self.old | self.middle))
        self.settle_by_hand(self.old)
        self.advance(transaction)
        later = self.owe(10.0)
        (transaction.payment_id.move_id.line_ids + later.line_ids).filtered(
            lambda line: line.account_id.account_type == 'asset_receivable'
            and not line.reconciled).reconcile()
        self.assertEqual(self.shares(transaction), [{self.middle.name: (60.0, 0.0)}, {}])

    def test_an_opening_balance_is_told_without_what_others_owe(self):
        entry = self.open_balance(55.0)
        transaction = self.pay_selection(self.link, entry | self.middle, 100.0)
        self.assertEqual(self.shares(transaction)[0], {
            entry.name: (55.0, 0.0), self.middle.name: (45.0, 15.0)})

    def test_a_refund_leaves_nothing_settled(self):
        transaction = self.pay_selection(self.link)
        self.refund(transaction)
        self.assertEqual(self.shares(transaction), [{}, {}])
        self.assertIn(f"For {self.old.name}, {self.middle.name}", self.page(transaction))

    def test_many_documents_take_as_many_queries_as_few(self):
        counts = []
        for number in (3, 20):
            customer = self.env['res.partner'].create({'name': f"Owes {number}"})
            for _document in range(number):
                self.owe(1.0, 3, partner=customer)
            link = self.env['email.pay.link']._for_customer(customer, self.company)
            transaction = self.pay_selection(link)
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertEqual(len(transaction._email_pay_settled().documents), number)
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(*counts)
