from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_concurrency import QUIET, ConcurrencyCommon


@tagged('post_install', '-at_install')
class TestStatementConcurrency(ConcurrencyCommon):
    """What is picked of a statement, and its credits, serve one."""

    def _selected(self, env):
        """The customer's statement, with everything on it picked and the credits used."""
        link = env['email.pay.link']._for_customer(
            self._record(env, 'res.partner'), env.ref('base.main_company')
        )
        section = link._statement().section(None)
        selection = section and link._select(section, link._free(section), True)
        return link, selection

    def _pick(self, env):
        link, selection = self._selected(env)
        if not selection.charges:
            raise UserError("Nothing is left to pick.")  # as the page says
        provider = self._record(env, 'payment.provider')
        transaction = link._start_selection(
            selection, selection.to_pay, provider, provider.payment_method_ids[:1]
        )
        transaction._email_pay_claim()
        return transaction.id

    def _credit(self, env, amount):
        note = env['account.move'].with_context(tracking_disable=True).create({
            'move_type': 'out_refund', 'partner_id': self.ids['res.partner'],
            'invoice_date': '2024-01-02',
            'invoice_line_ids': [Command.create({
                'name': "Work", 'price_unit': amount, 'tax_ids': [Command.clear()],
            })],
        })
        note.action_post()
        self.addCleanup(self._withdraw, note.id)

    def _withdraw(self, note_id):
        with self._environment() as env:
            note = env['account.move'].browse(note_id)
            note.line_ids.remove_move_reconcile()
            note.button_draft()
            note.with_context(force_delete=True).unlink()

    @mute_logger(*QUIET)
    def test_two_cannot_both_pay_what_they_picked_of_a_statement(self):
        with self._environment() as env:
            self._selected(env)  # one link for both
        outcomes = self._together(self._pick)
        [refused] = [outcome for outcome in outcomes if isinstance(outcome, UserError)]
        self.assertTrue(str(refused))
        with self._environment() as env:
            self.assertEqual(env['payment.transaction'].search([
                ('provider_id', '=', self.ids['payment.provider']), ('state', '=', 'pending'),
            ]).mapped('amount'), [100.0])

    @mute_logger(*QUIET)
    def test_two_forms_over_the_same_documents_start_one_payment(self):
        with self._environment() as env:
            link, selection = self._selected(env)
            ids = [link._pick(selection).id for _form in range(2)]
        todo, mine = iter(ids), {}

        def send(env):
            pick = env['email.pay.pick'].browse(mine.get(env) or mine.setdefault(env, next(todo)))
            provider = self._record(env, 'payment.provider')
            transaction = pick._start_payment(
                pick.to_pay, provider, provider.payment_method_ids[:1], 'direct')
            transaction._email_pay_claim()
            return transaction.id

        outcomes = self._together(send)
        [refused] = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        self.assertIsInstance(refused, UserError)
        self.assertIn("already being processed", str(refused))
        with self._environment() as env:
            self.assertEqual(env['payment.transaction'].search([
                ('provider_id', '=', self.ids['payment.provider']),
            ]).email_pay_allocation_ids.mapped('amount'), [100.0])

    @mute_logger(*QUIET)
    def test_a_credit_is_used_once(self):
        with self._environment() as env:
            self._credit(env, 30.0)
            self._selected(env)
        outcomes = self._together(self._pick)
        self.assertEqual(len([one for one in outcomes if isinstance(one, UserError)]), 1, outcomes)
        with self._environment() as env:
            transactions = env['payment.transaction'].search([
                ('provider_id', '=', self.ids['payment.provider']), ('state', '=', 'pending'),
            ])
            self.assertEqual(transactions.mapped('amount'), [70.0])
            self.assertEqual(
                transactions.email_pay_allocation_ids.mapped('amount'), [100.0, -30.0])

    @mute_logger(*QUIET)
    def test_credits_that_cover_all_are_applied_once(self):
        with self._environment() as env:
            self._credit(env, 130.0)
            self._selected(env)

        def apply(env):
            link, selection = self._selected(env)
            if not selection:
                raise UserError("Nothing is due.")  # as the page says
            link._apply_credits(selection)

        outcomes = self._together(apply)
        self.assertEqual(len([one for one in outcomes if isinstance(one, UserError)]), 1, outcomes)
        with self._environment() as env:
            self.assertEqual(self._record(env, 'account.move').amount_residual, 0.0)
