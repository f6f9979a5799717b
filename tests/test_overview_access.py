from lxml import etree

from odoo import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import EmailPayHttpCommon
from .overview_common import GROUPS, OverviewCommon


@tagged('post_install', '-at_install')
class TestOverviewAccess(OverviewCommon, EmailPayHttpCommon):
    """Who sees which numbers, of which companies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.overviews = cls.env['email.pay.overview']
        cls.other = cls.env['res.company'].create({
            'name': "Another", 'currency_id': cls.currency_euro.id,
        })

    def test_accountants_see_it_and_nobody_else(self):
        self.sent(opened=True, paid_after=1)
        for group in GROUPS:
            with self.subTest(group):
                user = self.user_in(group) if group != 'billing' else self.accountant
                result, error = self.rpc(user, self.overviews, 'read_overview', 'month')
                self.assertIsNone(error, error and error['message'])
                [block] = result['companies']
                self.assertEqual([figure['count'] for figure in block['funnel']], [1, 1, 1])
                self.assertEachLeadsToWhatItCounts(block, user=user)
        seller = new_test_user(self.env, 'overview_seller', 'base.group_user')
        with mute_logger('odoo.http'):
            result, error = self.rpc(seller, self.overviews, 'read_overview')
        self.assertIsNone(result)
        self.assertEqual(error['name'], 'odoo.exceptions.AccessError')

    def test_another_company_sees_nothing_of_it(self):
        self.sent(opened=True, paid_after=1)
        self.owe(10.0, 40)
        self.create_link(self.create_invoice()).mail_state = 'failed'
        stranger = self.user_in('manager', self.other)
        [block] = self.overview(user=stranger, companies=self.other)['companies']
        self.assertEqual(block['id'], self.other.id)
        self.assertEqual({figure['count'] for figure in self.figures(block)}, {0})
        self.assertEqual(block['attention'], [])
        self.assertTrue(block['start'])

    def test_each_company_has_its_own_numbers_in_its_own_currency(self):
        self.sent(opened=True, paid_after=1)
        both = self.user_in('billing', self.other | self.company)
        first, second = self.overview(user=both, companies=self.company | self.other)['companies']
        self.assertEqual(
            (first['id'], first['currency_id'], first['funnel'][0]['count']),
            (self.company.id, self.company.currency_id.id, 1))
        self.assertEqual(
            (second['id'], second['currency_id'], second['funnel'][0]['count']),
            (self.other.id, self.currency_euro.id, 0))
        self.assertEqual(len(self.overview(user=both, companies=self.other)['companies']), 1)

    def test_a_branch_is_counted_apart(self):
        self.owe(10.0, 5)
        branch = self.env['res.company'].create({'name': "Branch", 'parent_id': self.company.id})
        self.cr.precommit.run()  # the accounts of the branch
        self.accountant.company_ids = [Command.link(branch.id)]
        whole, part = self.overview(companies=self.company | branch)['companies']
        self.assertEqual((whole['id'], part['id']), (self.company.id, branch.id))
        self.assertEqual((whole['outstanding']['count'], part['outstanding']['count']), (1, 0))

    # --- the menu, and where the numbers lead -------------------------------------------------

    def test_it_is_the_first_entry_of_the_menu(self):
        menu = self.env.ref('email_pay.menu_email_pay').with_user(self.accountant)
        first = menu.child_id.sorted('sequence')[0]
        self.assertEqual(first, self.env.ref('email_pay.menu_email_pay_overview'))
        self.assertEqual(first.sudo().action.tag, 'email_pay.overview')

    def test_every_action_shows_what_it_is_asked_for(self):
        self.sent(opened=True, paid_after=1)
        for figure in self.figures(self.block()):
            with self.subTest(figure['label']):
                action = self.env['ir.actions.act_window'].with_user(
                    self.accountant)._for_xml_id(figure['action'])
                self.assertEqual(action['res_model'], figure['model'])

    def test_the_views_of_the_links_can_be_opened(self):
        self.sent(opened=True, paid_after=1)
        report = self.env['email.pay.link.report'].with_user(self.accountant)
        views = report.get_views([
            (False, kind) for kind in ('list', 'kanban', 'pivot', 'graph', 'search')])['views']
        shown = etree.fromstring(views['list']['arch']).xpath('//field/@name')
        [row] = report.search([('company_id', '=', self.company.id)])
        self.assertEqual(row.read(shown)[0]['stage'], 'paid')
        [(*counts, days)] = report._read_group(
            [('id', '=', row.id)], [], ['sent:sum', 'opened:sum', 'paid:sum', 'days:avg'])
        self.assertEqual((counts, round(days)), ([1, 1, 1], 1))
