"""What the tests of statements share: a customer with several open documents."""

from datetime import timedelta

from odoo import Command, fields
from odoo.tests import new_test_user

from .company_common import CompanyCommon


class StatementCommon(CompanyCommon):
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
        return cls.owe_in(cls.currency_euro, amount, days)

    @classmethod
    def owe_in(cls, currency, amount, days=0):
        currency.active = True
        today = fields.Date.today()
        return cls._create_invoice_one_line(
            price_unit=amount, name="Work", tax_ids=[], partner_id=cls.customer,
            currency_id=currency, invoice_date=today - timedelta(days=max(days, 0)),
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
    def open_balance(cls, amount, partner=None, other=None):
        """An opening balance, in an entry with that of another customer."""
        other = other or cls.env['res.partner'].create({'name': "Somebody else"})
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

    def many(self, count, partner=None):
        """So many open documents, copied by SQL: posting a thousand takes minutes."""
        invoice = self.owe(10.01, 5, partner=partner)
        self.env.flush_all()
        line = invoice.line_ids.filtered(lambda item: item.display_type == 'payment_term')
        self._copy_rows('account_move', invoice.id, count - 1, {
            'name': "'COPY/' || n || '/' || old.id", 'sequence_prefix': "'COPY/'",
            'sequence_number': 'n', 'access_token': 'NULL', 'inalterable_hash': 'NULL',
            'made_sequence_gap': 'false',
        })
        self.env.cr.execute(
            "SELECT id FROM account_move WHERE name LIKE %s ORDER BY id", [f'COPY/%/{invoice.id}'])
        ids = [row[0] for row in self.env.cr.fetchall()]
        self._copy_rows('account_move_line', line.id, count - 1, {
            'move_id': '(%s::int[])[n]', 'move_name': "'COPY/' || n || '/' || old.move_id",
        }, ids)
        self.env.invalidate_all()
        return self.env['account.move'].browse([invoice.id, *ids])

    def _copy_rows(self, table, row_id, count, changes, *values):
        self.env.cr.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND column_name != 'id'", [table])
        names = [row[0] for row in self.env.cr.fetchall()]
        columns = ', '.join(f'"{name}"' for name in names)
        sources = ', '.join(changes.get(name, f'old."{name}"') for name in names)
        self.env.cr.execute(
            f"INSERT INTO {table} ({columns})"
            f" SELECT {sources} FROM {table} old, generate_series(1, %s) n WHERE old.id = %s",
            [*values, count, row_id])


class ThreeDocuments:
    """Rosa owes 100, 60 and 40: overdue for long, overdue, and not due yet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.middle, cls.new = cls.owe(100.0, 90), cls.owe(60.0, 30), cls.owe(40.0, -5)

    def setUp(self):
        super().setUp()
        self.link = self.statement_link()

    def residuals(self, *moves):
        return [move.amount_residual for move in moves or (self.old, self.middle, self.new)]


class StatementPages:
    """The page of a statement without any script, and who signs in to see it."""

    def send(self, page, *moves, **values):
        """Press a button of the form with these boxes ticked; the boxes are outside of it."""
        form = self.form(page, self.link.selector)
        data = [(name, value) for name, value in form.form_values() if name not in values]
        data += [('document', str(move.id)) for move in moves]
        data += [(name, value) for name, value in values.items() if value is not None]
        return self.url_open(form.action, data=data, method='POST', allow_redirects=False)

    def ticked_ids(self, page):
        return self.tree(page).xpath('//input[@name="document"][@checked]/@value')

    def ticked(self, page):
        return self.env['account.move'].browse([int(box) for box in self.ticked_ids(page)])

    def running(self, page):
        return ' '.join(self.tree(page).xpath('string(//*[@data-total])').split())

    def assertBegan(self, response, amount, moves):
        self.assertEqual(response.status_code, 303, response.text[:300])
        transaction = self.transactions(self.link)
        self.assertEqual((transaction.amount, transaction.invoice_ids), (amount, moves))
        return transaction

    def sign_in(self, partner):
        user = new_test_user(self.env, 'contact', 'base.group_portal', email='c@example.com')
        user.partner_id.parent_id = partner
        self.env.flush_all()
        self.authenticate('contact', 'contact')
        return user

    def overdue(self):
        self.env.flush_all()
        page = self.url_open('/my/invoices/overdue')
        self.env.invalidate_all()
        return page
