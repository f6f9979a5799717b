"""What the tests of statements share: a customer with several open documents."""

from datetime import timedelta

from odoo import Command, fields

from .common import EmailPayCommon


class StatementCommon(EmailPayCommon):
    """Rosa owes, and has credits."""

    @classmethod
    def owe(cls, amount, days=0, partner=None, **values):
        """An invoice that is overdue for so many days, or due in the future."""
        today = fields.Date.today()
        return cls.create_invoice(
            amount, partner=partner, invoice_date=today - timedelta(days=max(days, 0)),
            invoice_date_due=today - timedelta(days=days), invoice_payment_term_id=None, **values,
        )

    @classmethod
    def owe_euros(cls, amount, days=0):
        cls.currency_euro.active = True
        today = fields.Date.today()
        return cls._create_invoice_one_line(
            price_unit=amount, name="Work", tax_ids=[], partner_id=cls.customer,
            currency_id=cls.currency_euro, invoice_date=today - timedelta(days=max(days, 0)),
            invoice_date_due=today - timedelta(days=days), invoice_payment_term_id=None, post=True,
        )

    @classmethod
    def credit_note(cls, amount):
        return cls.create_invoice(amount, move_type='out_refund')

    def receive(self, amount):
        """A payment of the customer that nobody allocated."""
        payment = self.env['account.payment'].create({
            'amount': amount, 'payment_type': 'inbound', 'partner_type': 'customer',
            'partner_id': self.customer.id, 'journal_id': self.collections.id,
        })
        payment.action_post()
        return payment

    @classmethod
    def open_balance(cls, amount, partner=None):
        """An opening balance, in an entry with that of another customer."""
        other = cls.env['res.partner'].create({'name': "Somebody else"})
        receivable = cls.company_data['default_account_receivable']
        lines = [
            {'partner_id': (partner or cls.customer).id, 'account_id': receivable.id,
             'balance': amount, 'date_maturity': fields.Date.today() - timedelta(days=100)},
            {'partner_id': other.id, 'account_id': receivable.id, 'balance': 70.0},
            {'account_id': cls.company_data['default_account_revenue'].id,
             'balance': -amount - 70.0},
        ]
        entry = cls.env['account.move'].create({
            'move_type': 'entry', 'line_ids': [Command.create(line) for line in lines],
        })
        entry.action_post()
        return entry

    def statement(self):
        return self.env['email.pay.statement']._of(self.customer, self.company)

    def statement_link(self):
        return self.env['email.pay.link']._for_customer(self.customer, self.company)

    def select(self, link, moves=None, use_credit=False):
        """What a customer picks: all that can be paid, or these."""
        section = link._statement().section(None)
        ids = link._free(section) if moves is None else set(moves.ids)
        return link._select(section, ids, use_credit)

    def start_selection(self, link, moves=None, amount=None, use_credit=False):
        selection = self.select(link, moves, use_credit)
        amount = selection.to_pay if amount is None else amount
        return link._start_selection(selection, amount, self.credicorp, self.card)

    def pay_selection(self, *args, **kwargs):
        transaction = self.charge(self.start_selection(*args, **kwargs))
        self.advance(transaction)
        return transaction
