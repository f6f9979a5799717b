from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .test_access import BILLING, MANAGER, READER
from .test_differences import ComparisonCommon


@tagged('post_install', '-at_install')
class TestDifferenceAccess(ComparisonCommon):
    """Who may see and decide."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            name: new_test_user(
                cls.env, name, groups, company_id=cls.company.id,
                company_ids=[Command.set(cls.company.ids)],
            ) for name, groups in (
                ('biller', BILLING), ('chief', MANAGER), ('auditor', READER),
                ('seller', 'base.group_user'), ('guest', 'base.group_portal'),
            )
        }

    def setUp(self):
        super().setUp()
        self.paid().payment_id.action_draft()
        self.credicorp._email_pay_compare()
        self.difference = self.assertFound('undone').sudo(False)

    def assertForbidden(self, function, *args):
        with self.assertRaises(AccessError):
            function(*args)

    def test_accountants_open_the_form(self):
        for name in ('biller', 'chief', 'auditor'):
            with self.subTest(name):
                difference = self.difference.with_user(self.users[name])
                form = etree.fromstring(difference.get_view(view_type='form')['arch'])
                shown = form.xpath('//field[not(ancestor::field)]/@name')
                names = {'fields': {'display_name': {}}}
                self.assertTrue(difference.web_read({
                    name: names if difference._fields[name].relational else {} for name in shown
                }))

    def test_nobody_else_sees_them(self):
        for name in ('seller', 'guest'):
            with self.subTest(name):
                self.assertForbidden(
                    self.difference.with_user(self.users[name]).read, ['display_name']
                )

    def test_nobody_writes_makes_or_deletes_them(self):
        for name in ('biller', 'chief'):
            difference = self.difference.with_user(self.users[name])
            self.assertForbidden(difference.write, {'state': 'settled'})
            self.assertForbidden(difference.unlink)
            self.assertForbidden(difference.create, {})

    def test_only_billing_users_decide(self):
        for name in ('auditor', 'seller', 'guest'):
            difference = self.difference.with_user(self.users[name])
            for button in ('action_ask', 'action_settle', 'action_reopen', 'action_compare_all'):
                with self.subTest(user=name, button=button):
                    self.assertForbidden(getattr(difference, button))
            provider = self.credicorp.with_user(self.users[name])
            self.assertForbidden(provider.action_email_pay_compare)
            self.assertForbidden(difference._settle, "Done")

    def test_a_billing_user_decides(self):
        difference = self.difference.with_user(self.users['biller'])
        difference.action_ask()
        self.assertEqual(difference.state, 'open')
        self.env['email.pay.settle'].with_user(self.users['biller']).create({
            'difference_ids': [Command.set(difference.ids)], 'note': "Posted again",
        }).action_settle()
        self.assertEqual(difference.settled_by_id, self.users['biller'])
        difference.action_reopen()
        self.assertEqual(difference.state, 'open')

    def test_a_billing_user_compares_now(self):
        self.found().unlink()
        nothing = self.env['email.pay.difference'].with_user(self.users['biller'])
        action = nothing.action_compare_all()
        self.assertEqual(action['params']['message'], "Open differences: 1")
        self.assertFound('undone')

    def test_comparing_one_app_shows_the_list(self):
        action = self.credicorp.action_email_pay_compare()
        self.assertEqual(action['res_model'], 'email.pay.difference')

    def test_comparing_now_says_why_it_cannot(self):
        self.sandbox.faults.add('http_500', ['report'])
        with self.assertRaisesRegex(UserError, "The gateway does not answer"):
            self.env['email.pay.difference'].with_user(self.users['biller']).action_compare_all()

    def test_another_company_sees_nothing(self):
        other = self.env['res.company'].create({'name': "Second"})
        stranger = new_test_user(
            self.env, 'stranger', MANAGER, company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        difference = self.difference.with_user(stranger)
        self.assertFalse(difference.search([('id', '=', difference.id)]))
        for button in ('action_ask', 'action_settle', 'action_reopen'):
            self.assertForbidden(getattr(difference, button))
