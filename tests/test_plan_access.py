from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import EmailPayHttpCommon
from .plan_follow_common import PlanFollowCommon

ACCOUNTANT = 'account.group_account_manager'


@tagged('post_install', '-at_install')
class TestPlanAccess(PlanFollowCommon, EmailPayHttpCommon):
    """Who keeps the books of another company neither sees nor decides what becomes of a plan."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.our_plan = cls.plan('confirmed', 'denied', 'awaiting')
        cls.second = cls.env['res.company'].create({'name': "Second"})
        cls.stranger = cls.new_user('stranger', ACCOUNTANT, cls.second)
        cls.ours = cls.new_user('ours', ACCOUNTANT)
        cls.lines = cls.our_plan.installment_ids.sorted('number')

    def assertForbidden(self, function, *args):
        with mute_logger('odoo.addons.base.models.ir_rule'), self.assertRaises(AccessError):
            function(*args)

    def test_it_is_not_seen(self):
        for records in (self.our_plan, self.lines):
            with self.subTest(records._name):
                records = records.with_user(self.stranger)
                self.assertForbidden(records.read, ['display_name'])
                self.assertFalse(records.search([('id', 'in', records.ids)]))
                self.assertEqual(records._read_group(
                    [('id', 'in', records.ids)], aggregates=['__count', 'amount:sum']),
                    [(0, False)])

    def test_who_keeps_both_books_sees_it_beside_the_company_only(self):
        both = self.new_user('both', ACCOUNTANT)
        both.company_ids = [Command.link(self.second.id)]
        lines = self.lines.with_user(both)
        self.assertEqual(
            lines.with_context(allowed_company_ids=self.company.ids).search(
                [('id', 'in', lines.ids)]), self.lines)
        elsewhere = lines.with_context(allowed_company_ids=self.second.ids)
        self.assertFalse(elsewhere.search([('id', 'in', lines.ids)]))
        self.assertForbidden(elsewhere[1].action_confirm)

    def test_nothing_is_decided(self):
        for line in self.lines[1:].with_user(self.stranger):
            for decide in (line.action_confirm, line.action_deny):
                self.assertForbidden(decide)
        plan = self.our_plan.with_user(self.stranger)
        for act in (
            plan.action_refresh, plan.action_cancel_rest, plan.action_cancel_attempt,
            plan.action_send_link, plan.action_view_payments, plan.action_open_document,
        ):
            with self.subTest(act.__name__):
                self.assertForbidden(act)
        self.assertUnchanged()

    def assertUnchanged(self):
        self.assertEqual(self.lines.mapped('state'), ['confirmed', 'denied', 'awaiting'])
        self.assertFalse(self.lines.transaction_id)

    def open_window(self, user, line):
        """The window in which one decides, made by whoever knows the number of an instalment."""
        return self.env['email.pay.decide'].with_user(user).create({
            'installment_id': line.id, 'decision': 'confirm', 'reason': "No.",
        })

    def test_the_window_tells_and_decides_nothing(self):
        window = self.open_window(self.stranger, self.lines[1])
        for name in ('partner_id', 'amount', 'journal_name'):
            with self.subTest(name):
                self.assertForbidden(window.read, [name])
        self.assertForbidden(window.action_confirm)
        self.assertForbidden(window.action_deny)
        self.assertUnchanged()

    @mute_logger('odoo.http', 'odoo.addons.base.models.ir_rule')
    def test_nothing_is_decided_or_told_from_outside(self):
        window = self.open_window(self.stranger, self.lines[2])
        for record, method, *args in (
            (self.lines[2], 'action_confirm'), (self.lines[2], 'web_read', {'amount': {}}),
            (window, 'action_confirm'), (window, 'web_read', {'amount': {}}),
            (self.env['email.pay.decide'], 'onchange', [], {'installment_id': self.lines[2].id},
             ['installment_id'], {'amount': {}, 'journal_name': {}}),
        ):
            with self.subTest(f'{record._name}.{method}'):
                result, error = self.rpc(self.stranger, record, method, *args)
                self.assertIsNone(result)
                self.assertEqual(error['name'].rpartition('.')[2], 'AccessError')
        self.assertUnchanged()

    def test_who_keeps_these_books_decides(self):
        window = self.open_window(self.ours, self.lines[1])
        self.assertEqual((window.amount, window.partner_id), (30.0, self.customer))
        self.assertEqual(window.journal_name, self.collections.name)
        window.action_confirm()
        self.assertEqual(self.lines[1].state, 'confirmed')
