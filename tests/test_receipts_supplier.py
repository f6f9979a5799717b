from odoo import Command
from odoo.tests import tagged

from .receipt_common import ReceiptCommon


@tagged('post_install', '-at_install')
class TestSupplierNotices(ReceiptCommon):
    """A supplier who is paid is told which bills, what was held back, and where the money went."""

    def notice(self):
        [mail] = self.receipts('cobros@papeles.example.com')
        return self.text(mail)

    def test_bills_amounts_and_references(self):
        bills = self.create_bill(100.0, 'F-00017') | self.create_bill(60.0, 'F-00018')
        bank = self.env['res.partner.bank'].create({
            'acc_number': 'PA00 1234 5678 9012', 'partner_id': self.supplier.id,
            'allow_out_payment': True,
        })
        payment = self.register(
            bills, group_payment=True, amount=130.0, partner_bank_id=bank.id,
            email_pay_bank_reference='TRX-778899')
        text = self.notice()
        for part in (
            f"F-00017 Our number: {bills[0].name} Total: {self.money(100.0)}",
            f"{self.money(100.0)} {self.money(100.0)} Paid in full",
            f"F-00018 Our number: {bills[1].name} Total: {self.money(60.0)}",
            f"{self.money(60.0)} {self.money(30.0)} Still open: {self.money(30.0)}",
            f"Amount paid {self.money(130.0)}", f"Reference {payment.name}",
            "Bank reference TRX-778899", "To the account •••• 9012",
        ):
            self.assertIn(part, text)
        self.assertNotIn('5678', text)

    def test_the_notice_is_attached(self):
        self.register(self.create_bill())
        [attachment] = self.receipts().attachment_ids
        page = self.text(attachment.raw.decode())
        self.assertIn("F-00017", page)
        self.assertIn("Payment notice", page)

    def test_an_early_payment_discount(self):
        term = self.env['account.payment.term'].create({
            'name': "2% in 10 days", 'early_discount': True, 'discount_percentage': 2,
            'discount_days': 10, 'early_pay_discount_computation': 'included',
        })
        self.register(self.create_bill(invoice_payment_term_id=term.id))
        text = self.notice()
        self.assertIn(f"Amount paid {self.money(98.0)}", text)
        self.assertIn(f"{self.money(100.0)} Paid in full", text)
        self.assertIn(f"Early payment discount {self.money(-2.0)}", text)

    def test_a_discount_that_takes_back_a_tax_is_one_line(self):
        tax = self.percent_tax(10.0, type_tax_use='purchase')
        term = self.env['account.payment.term'].create({
            'name': "2% in 10 days", 'early_discount': True, 'discount_percentage': 2,
            'discount_days': 10, 'early_pay_discount_computation': 'included',
        })
        self.register(self.create_bill(invoice_payment_term_id=term.id, tax_ids=tax))
        text = self.notice()
        self.assertIn(f"Early payment discount {self.money(-2.2)}", text)
        self.assertNotIn("Withheld", text)

    def test_what_is_withheld(self):
        """The journal items that Odoo's modules for withholding taxes make."""
        tax = self.percent_tax(5.0, type_tax_use='purchase', name="ISR 5%")
        bill = self.create_bill()
        payment = self.draft_payment(
            payment_type='outbound', partner_type='supplier', partner_id=self.supplier.id,
            amount=95.0, invoice_ids=[Command.set(bill.ids)], write_off_line_vals=[
                self._item(-5.0, tax_repartition_line_id=tax.invoice_repartition_line_ids.filtered(
                    lambda line: line.repartition_type == 'tax').id),
                self._item(100.0), self._item(-100.0),
            ],
        )
        payment.action_post()
        (payment.move_id.line_ids + bill.line_ids).filtered(
            lambda line: line.account_type == 'liability_payable').reconcile()
        text = self.notice()
        self.assertIn(f"Amount paid {self.money(95.0)}", text)
        self.assertIn(f"{self.money(100.0)} Paid in full", text)
        self.assertIn(f"Withheld: ISR 5% {self.money(-5.0)}", text)
        self.assertNotIn("Difference", text)

    def _item(self, amount, **values):
        return {
            'name': "Withholding", 'account_id': self.company_data['default_account_expense'].id,
            'partner_id': self.supplier.id, 'currency_id': self.company_currency.id,
            'amount_currency': amount, 'balance': amount, **values,
        }

    def test_a_credit_of_the_supplier(self):
        bill = self.create_bill()
        credit = self._create_invoice_one_line(
            price_unit=30.0, name="Back", move_type='in_refund', tax_ids=[], ref='NC-3',
            partner_id=self.supplier, currency_id=self.company_currency,
            invoice_date=bill.invoice_date, post=True)
        self.register(bill | credit, group_payment=True)
        self.assertIn(f"Credit NC-3 −{self.money(30.0)} Used up", self.notice())

    def test_no_copy_goes_to_the_address_for_collections(self):
        self.portal.notification_email = 'desk@canal.example.com'
        payment = self.register(self.create_bill())
        self.receipts()
        self.assertEqual(
            self.history(payment), [('first', 'cobros@papeles.example.com', 'outbox')])

    def test_money_back_from_a_supplier_is_a_receipt(self):
        credit = self._create_invoice_one_line(
            price_unit=30.0, name="Back", move_type='in_refund', tax_ids=[],
            partner_id=self.supplier, currency_id=self.company_currency, post=True)
        payment = self.register(credit)
        [mail] = self.receipts()
        self.assertEqual(payment.email_pay_receipt_ids.kind, 'receipt')
        self.assertIn("payment received", mail.subject)
