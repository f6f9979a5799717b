"""What the tests of the overview share: links that went out some days ago, and who looks at it."""

from datetime import timedelta

from odoo import Command, fields
from odoo.tests import new_test_user

from .common import EmailPayCommon
from .statement_common import StatementCommon

GROUPS = {
    'reader': 'account.group_account_readonly',
    'billing': 'account.group_account_invoice',
    'manager': 'account.group_account_manager',
    'administrator': 'base.group_system,account.group_account_manager',
}


class OverviewCommon(StatementCommon, EmailPayCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls.user_in('billing')

    @classmethod
    def user_in(cls, group, companies=None):
        companies = companies or cls.company
        return new_test_user(
            cls.env, f'overview_{group}_{companies[:1].id}', f'base.group_user,{GROUPS[group]}',
            company_id=companies[:1].id, company_ids=[Command.set(companies.ids)])

    # --- what happened ------------------------------------------------------------------------

    def sent(self, days=1.0, opened=False, paid_after=None, amount=10.0):
        """A link that went out first so many days ago, and what became of it."""
        link = self.create_link(self.create_invoice(amount))
        link._record_sent(mail_state='sent')
        link.first_sent_at = fields.Datetime.now() - timedelta(days=days)
        if opened:
            link._record_opened()
        if paid_after is not None:
            self.paid(link, paid_after)
        return link

    def paid(self, link, days, amount=None):
        """The gateway confirmed a payment, so many days after the link went out."""
        transaction = self.start_payment(link, amount)
        transaction._set_done()
        transaction.last_state_change = link.first_sent_at + timedelta(days=days)

    # --- what is seen -------------------------------------------------------------------------

    def overview(self, *period, user=None, companies=None, **context):
        """What `user` is shown when these companies are ticked."""
        self.env.flush_all()
        overview = self.env['email.pay.overview'].with_user(user or self.accountant)
        companies = companies or self.company
        return overview.with_context(
            allowed_company_ids=companies.ids, **context).read_overview(*period)

    def block(self, *period, **kwargs):
        """The part of the one company."""
        [block] = self.overview(*period, **kwargs)['companies']
        return block

    def records(self, figure, user=None):
        """Where a number leads."""
        return self.env[figure['model']].with_user(user or self.accountant).search(
            figure['domain'])

    def figures(self, block):
        """All numbers of a company."""
        return [
            figure for value in block.values()
            for figure in (value if isinstance(value, list) else [value])
            if isinstance(figure, dict) and 'domain' in figure
        ]

    def named(self, figures, label):
        return next((figure for figure in figures if figure['label'] == label), None)

    def assertLeadsTo(self, figure, records):
        self.assertEqual(figure['count'], len(records))
        self.assertEqual(self.records(figure), records.with_user(self.accountant))

    def assertEachLeadsToWhatItCounts(self, block, **kwargs):
        for figure in self.figures(block):
            with self.subTest(figure['label']):
                self.assertEqual(len(self.records(figure, **kwargs)), figure['count'])
