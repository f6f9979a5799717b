from datetime import datetime, time, timedelta
from statistics import median

from odoo import Command, fields
from odoo.tests import tagged

from .overview_common import OverviewCommon

WITHIN = (1, 3, 7)
PERIODS = ((30, 0), (7, 3), (400, 31), (3, 3), (0, -5))  # days ago, the first and the last


@tagged('post_install', '-at_install')
class TestOverviewCounted(OverviewCommon):
    """The overview says what one finds who counts record by record, whatever lies beside it: other
    companies, branches and currencies, what is archived, taken back, refunded or paid twice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env['res.company'].create({
            'name': "Branch", 'parent_id': cls.company.id})
        cls.cr.precommit.run()  # the accounts of the branch
        cls.other = cls.env['res.company'].create({
            'name': "Another", 'currency_id': cls.currency_euro.id,
        })
        cls.everything = cls.company | cls.branch | cls.other
        cls.accountant.company_ids = [Command.set(cls.everything.ids)]
        cls.archived = cls.customer.copy({'active': False})

    # --- what there is ------------------------------------------------------------------------

    def link(self, days, opened=None, company=None, partner=None, **values):
        """A link that went out first so many days ago; made now, whatever its age."""
        sent_at = days is not None and fields.Datetime.now() - timedelta(days=days)
        return self.env['email.pay.link'].sudo().create({
            'company_id': (company or self.company).id, 'partner_id': (partner or self.customer).id,
            'expires_at': fields.Datetime.now(), 'sent_at': sent_at, 'first_sent_at': sent_at,
            'opened_at': opened is not None and sent_at + timedelta(days=opened), **values,
        })

    def transaction(self, link, days, state='done'):
        """What was paid, or not, so many days after the link went out."""
        since = link.first_sent_at or fields.Datetime.now()
        return self.env['payment.transaction'].sudo().create({
            'provider_id': self.credicorp.id, 'payment_method_id': self.card.id,
            'reference': f'counted {link.id} {days}', 'amount': 10.0, 'state': state,
            'currency_id': self.company.currency_id.id, 'partner_id': link.partner_id.id,
            'email_pay_link_id': link.id, 'last_state_change': since + timedelta(days=days),
        })

    def create_links(self):
        """Their ids are in no order of time."""
        self.transaction(self.link(25, opened=0.5), 1.5)
        often = self.link(29)
        for days in (3, 0.25, 9):
            self.transaction(often, days)
        self.transaction(self.link(2, opened=0), -40)  # copied by hand, paid, and mailed later
        self.transaction(self.link(10, partner=self.archived), 7)
        self.transaction(self.link(5, revoked_at=fields.Datetime.now()), 0)
        self.transaction(self.link(350, opened=1), 340)  # paid in a later period
        self.transaction(self.link(None), 1)  # never sent
        for state in ('pending', 'cancel', 'error', 'draft'):
            self.transaction(self.link(4), 1, state)
        for company in (self.branch, self.other):
            self.transaction(self.link(6, company=company), 2)
            self.link(6, opened=0, company=company)

    # --- counted one by one -------------------------------------------------------------------

    def counted(self, company, first, last):
        begin = datetime.combine(first, time())
        end = datetime.combine(last + timedelta(days=1), time())
        links = self.env['email.pay.link'].sudo().search([('company_id', '=', company.id)])
        links = links.filtered(
            lambda link: link.first_sent_at and begin <= link.first_sent_at < end)
        paid = {
            link: min(done.mapped('last_state_change')) for link in links
            if (done := link.transaction_ids.filtered(lambda tx: tx.state == 'done'))
        }
        days = [
            max((at - link.first_sent_at) / timedelta(days=1), 0) for link, at in paid.items()
        ]
        opened = links.filtered(lambda link: link.opened_at or link in paid)
        return (
            [len(links), len(opened), len(paid)], median(days) if days else None,
            [sum(day <= limit for day in days) for limit in WITHIN],
        )

    def open_by_age(self, company):
        """What is open, by age, and the credits: journal item by journal item."""
        found = [0.0] * 6
        for line in self.env['account.move.line'].search([
            ('company_id', '=', company.id), ('parent_state', '=', 'posted'),
            ('account_id.account_type', '=', 'asset_receivable'), ('partner_id', '!=', False),
        ]).filtered('amount_residual'):
            late = (fields.Date.today() - (line.date_maturity or line.date)).days
            age = sum(late > limit for limit in (0, 30, 60, 90))
            found[age if line.amount_residual > 0 else 5] += line.amount_residual
        return [round(amount, 2) for amount in found]

    def collected(self, company, first, last):
        payments = self.env['account.payment'].search([('company_id', '=', company.id)]).filtered(
            lambda payment: payment.payment_transaction_id and first <= payment.date <= last
            and payment.state in ('in_process', 'paid'))
        came = payments.filtered(lambda payment: payment.payment_type == 'inbound')
        return [
            (len(some), round(sum(some.mapped('amount_company_currency_signed')), 2))
            for some in (came, payments - came)
        ]

    def assertCounted(self, figures, counted):
        """That is what the overview says in each period, of each company."""
        seen = set()
        for begin, end in PERIODS:
            first, last = (fields.Date.today() - timedelta(days=days) for days in (begin, end))
            blocks = self.overview(
                'free', str(first), str(last), companies=self.everything, tz='UTC')['companies']
            for company, block in zip(self.everything, blocks, strict=True):
                with self.subTest(company=company.name, first=begin, last=end):
                    expected = counted(company, first, last)
                    self.assertEqual(figures(block), expected)
                    self.assertEachLeadsToWhatItCounts(block)
                    seen.add(str(expected))
        self.assertGreater(len(seen), 1)  # it was no comparison of nothing with nothing

    # --- and compared -------------------------------------------------------------------------

    def test_links(self):
        self.create_links()

        def figures(block):
            return (
                [figure['count'] for figure in block['funnel']], block['median'],
                [figure['count'] for figure in block['within']],
            )

        self.assertCounted(figures, self.counted)

    def test_links_of_any_other_question(self):
        """The list may be asked for anything, with or without a time."""
        self.create_links()
        report = self.env['email.pay.link.report'].with_user(self.accountant)
        rows = {row.id: row for row in report.search([])}
        paid = [row for row in rows.values() if row.paid_at]
        self.assertEqual(len(paid), 8)
        week = fields.Datetime.now() - timedelta(days=7)
        for domain, wanted in (
            ([('paid_at', '!=', False)], lambda row: row.paid_at),
            ([('sent_at', '>=', week), ('paid_at', '!=', False)],
             lambda row: row.sent_at >= week and row.paid_at),
            (['|', ('sent_at', '>=', week), ('paid_at', '!=', False)],
             lambda row: row.sent_at >= week or row.paid_at),
            (['!', ('sent_at', '>=', week), ('paid_at', '!=', False)],
             lambda row: row.sent_at < week and row.paid_at),
            ([('id', 'not in', [row.id for row in paid[:2]]), ('paid_at', '!=', False)],
             lambda row: row.paid_at and row not in paid[:2]),
            ([('company_id', '=', self.company.id), ('stage', '=', 'paid')],
             lambda row: row.company_id == self.company and row.paid_at),
        ):
            with self.subTest(domain):
                self.env.invalidate_all()
                found = report.search(domain)
                self.assertEqual(set(found.ids), {row.id for row in rows.values() if wanted(row)})
                self.assertEqual(found.filtered('paid_at'), found & report.union(*paid))

    def test_what_is_open(self):
        for days, amount in {-5: 1.0, 0: 32.0, 10: 2.0, 40: 4.0, 70: 8.0, 100: 16.0}.items():
            self.owe(amount, days)
        self.env['res.currency.rate'].create({
            'currency_id': self.currency_euro.id, 'company_id': self.company.id,
            'name': fields.Date.today() - timedelta(days=200), 'rate': 0.5,
        })
        self.owe_euros(10.0, 40)
        self.credit_note(0.5)
        self.owe(64.0, 40, partner=self.customer.copy()).partner_id.active = False
        self.owe(128.0, 40).button_draft()
        self.owe(256.0, 40).button_cancel()
        self.receive(50.0)
        found = self.open_by_age(self.company)
        self.assertEqual(found[2], 4.0 + 20.0 + 64.0)
        for company in self.everything:
            block = self.block(companies=company)
            with self.subTest(company=company.name):
                ages = [figure['amount'] for figure in [*block['ages'], block['credits']]]
                self.assertEqual(ages, self.open_by_age(company))
                self.assertEachLeadsToWhatItCounts(block)

    def test_what_was_collected(self):
        for amount in (100.0, 30.0, 7.0):
            transaction = self.pay_by_card(self.create_link(self.create_invoice(amount)))
        transaction.payment_id.action_cancel()
        part = self.pay_by_card(self.create_link(self.create_invoice(50.0)))
        self.advance(self.refund(part, 20.0))
        self.receive(50.0)  # not online

        def figures(block):
            return [
                (block[name]['count'], block[name]['amount']) for name in ('collected', 'paid_back')
            ]

        self.assertCounted(figures, self.collected)
