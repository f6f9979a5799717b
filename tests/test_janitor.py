import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.payment_janitor import ASK_DAYS, ASK_GAPS
from .common import EmailPayCommon

JANITOR = 'odoo.addons.email_pay.models.payment_janitor'
TRANSACTION = 'odoo.addons.email_pay.models.payment_transaction'
NOWHERE = 'http://127.0.0.1:1'


class JanitorCommon(EmailPayCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.credicorp.copy({'state': 'disabled', **cls.merchant_keys})
        cls.other.write({
            'state': 'test', 'journal_id': cls._create_second_journal().id,
            'credicorp_base_url': NOWHERE,
        })

    @classmethod
    def _create_second_journal(cls):
        return cls.env['account.journal'].create({
            'name': "Collections 2", 'code': 'COL2', 'type': 'bank', 'company_id': cls.company.id,
        })

    def lost(self, provider=None, charged=True, amount=100.0):
        """A payment whose charge had no answer, due to be asked for."""
        link = self.create_link(self.create_invoice(amount))
        transaction = self.start_payment(link, provider=provider or self.credicorp)
        if charged:
            with mute_logger(TRANSACTION):
                self.sandbox.faults.add('cut', ['sale'], charged=True)
                address, transaction.provider_id.credicorp_base_url = (
                    transaction.provider_id.credicorp_base_url, self.sandbox.url
                )
                self.charge(transaction)
                transaction.provider_id.credicorp_base_url = address
        else:
            transaction._email_pay_claim()
        self.due(transaction)
        return transaction

    def due(self, transaction, days=0):
        transaction.email_pay_ask_at = fields.Datetime.now() - timedelta(seconds=1)
        transaction.last_state_change = fields.Datetime.now() - timedelta(days=days)

    def ask(self):
        with self.own_cursor() as env:
            env['payment.transaction']._email_pay_cron_ask()

    def unanswered(self, transaction):
        return self.events().filtered(lambda e: e.key == f'unanswered:{transaction.reference}')


@tagged('post_install', '-at_install')
class TestFairness(JanitorCommon):
    """One gateway's trouble is no other's."""

    def test_a_gateway_that_does_not_answer_is_asked_once_a_run(self):
        silent = [self.lost(self.other, charged=False) for _number in range(3)]
        found = [self.lost() for _number in range(2)]
        self.ask()
        self.assertEqual(sum(tx.email_pay_asked for tx in silent), 1)
        self.assertEqual([tx.state for tx in found], ['done', 'done'])
        self.ask()
        self.assertEqual(sorted(tx.email_pay_asked for tx in silent), [0, 1, 1])

    def test_every_gateway_is_asked_in_its_turn(self):
        many = [self.lost() for _number in range(3)]
        one = self.lost(self.other, charged=False)
        pair = self.credicorp | self.other
        order = self.env['payment.transaction']._email_pay_due_questions()
        ours = [tx_id for tx_id, provider in order if provider in pair.ids]
        self.assertEqual(ours.index(one.id), 1)
        self.assertEqual(set(ours), {one.id, *(tx.id for tx in many)})

    @mute_logger(JANITOR)
    def test_one_that_fails_stops_no_other_and_is_asked_for_later(self):
        bad, good = self.lost(), self.lost()
        apply = type(bad)._email_pay_apply

        def fail_for_bad(tx, event, source):
            if tx == bad:
                raise ValueError("Out of order")
            apply(tx, event, source)

        with patch.object(type(bad), '_email_pay_apply', fail_for_bad):
            self.ask()
        self.assertEqual((bad.state, good.state), ('pending', 'done'))
        self.assertEqual(bad.email_pay_asked, 1)
        self.assertGreater(bad.email_pay_ask_at, fields.Datetime.now())
        told = self.unanswered(bad)
        self.assertIn("ValueError", told.activity_ids.note)
        self.assertNotIn("Out of order", told.activity_ids.note)
        self.due(bad)
        self.ask()
        self.assertEqual((bad.state, told.state, len(told.activity_ids)), ('done', 'done', 0))

    def test_a_run_that_has_no_time_left_leaves_the_rest_for_the_next(self):
        found = [self.lost() for _number in range(3)]
        with patch.object(type(self.env['ir.cron']), '_commit_progress', lambda *_a, **_k: 0):
            self.ask()
        self.assertEqual([tx.state for tx in found].count('done'), 1)


@tagged('post_install', '-at_install')
class TestGivingUp(JanitorCommon):
    """After 30 days without an outcome a person must."""

    def give_up(self, transaction=None):
        transaction = transaction or self.lost()
        self.due(transaction, ASK_DAYS + 1)
        self.sandbox.faults.add('communication_error', ['query'])
        with self.assertLogs(JANITOR, logging.WARNING):
            self.ask()
        return transaction

    @mute_logger(JANITOR, 'odoo.addons.email_pay.models.email_pay_attention')
    def test_one_that_cannot_be_given_up_stops_no_other(self):
        bad, good = self.lost(), self.lost()
        give_up = type(bad)._set_error

        def fail_for_bad(tx, *args, **kwargs):
            if tx == bad:
                raise ValueError("Out of order")
            return give_up(tx, *args, **kwargs)

        for transaction in (bad, good):
            self.due(transaction, ASK_DAYS + 1)
        self.sandbox.faults.add('http_500', ['query'], times=2)
        with patch.object(type(bad), '_set_error', fail_for_bad):
            self.ask()
            self.ask()  # after one that does not answer, none is asked
        self.assertEqual((bad.state, good.state), ('pending', 'error'))
        self.assertGreater(bad.email_pay_ask_at, fields.Datetime.now())
        self.assertIn("ValueError", self.unanswered(bad).error)

    def test_the_last_question_can_still_find_the_payment(self):
        transaction = self.lost()
        self.due(transaction, ASK_DAYS + 1)
        self.ask()
        self.assertEqual(transaction.state, 'done')
        self.assertFalse(self.unanswered(transaction))

    def test_before_that_it_is_asked_for_once_a_day(self):
        transaction = self.lost()
        self.due(transaction, ASK_DAYS - 1)
        transaction.email_pay_asked = 40
        self.sandbox.faults.add('http_500', ['query'])
        self.ask()
        gap = transaction.email_pay_ask_at - fields.Datetime.now()
        self.assertAlmostEqual(gap.total_seconds(), ASK_GAPS[-1], delta=60)
        self.assertEqual(transaction.state, 'pending')

    def test_a_person_is_told_once_what_to_do(self):
        transaction = self.give_up()
        event = self.unanswered(transaction)
        self.assertEqual((event.state, event.source), ('parked', 'query'))
        self.assertIn("press “Replay”", event.error)
        self.assertEqual(self.activities(event).user_id, self.portal.responsible_id)
        self.ask()
        self.assertEqual(len(self.activities(self.unanswered(transaction))), 1)

    def test_it_is_not_asked_for_again(self):
        transaction = self.give_up()
        self.assertFalse(transaction.email_pay_ask_at)
        asked = transaction.email_pay_asked
        self.ask()
        self.assertEqual(transaction.email_pay_asked, asked)

    def test_the_invoice_can_be_paid_again(self):
        transaction = self.give_up()
        self.assertEqual(transaction.state, 'error')
        self.assertIn("before you pay again", transaction.state_message)
        invoice = transaction.invoice_ids
        self.assertFalse(invoice._email_pay_in_flight())
        again = self.pay_by_card(self.create_link(invoice))
        self.assertEqual((again.state, invoice.amount_residual), ('done', 0.0))

    def test_replay_books_what_came_after_all(self):
        transaction = self.give_up()
        self.unanswered(transaction).action_replay()
        self.assertEqual(transaction.payment_id.amount, 100.0)
        self.assertEqual(transaction.invoice_ids.amount_residual, 0.0)
        self.assertEqual(self.unanswered(transaction).state, 'done')
        self.assertFalse(self.activities(self.unanswered(transaction)))

    def test_replay_in_vain_begins_no_new_search(self):
        transaction = self.give_up(self.lost(charged=False))
        self.unanswered(transaction).action_replay()
        self.assertEqual(self.unanswered(transaction).state, 'parked')
        self.assertFalse(transaction.email_pay_ask_at)

    def test_a_payment_that_was_declined_after_all_needs_nobody(self):
        transaction = self.lost()
        self.due(transaction, ASK_DAYS + 1)
        [gateway_payment] = self.sandbox.credicorp.accounts.transactions.values()
        self.give_up(transaction)
        self.sandbox.credicorp.void(gateway_payment.id)
        self.unanswered(transaction).action_replay()
        self.assertEqual(self.unanswered(transaction).state, 'done')
        self.assertFalse(transaction.payment_id)

    def test_both_collections_are_kept_when_the_customer_paid_again(self):
        transaction = self.give_up()
        self.pay_by_card(self.create_link(transaction.invoice_ids))
        self.unanswered(transaction).action_replay()
        self.assertEqual(transaction.state, 'done')
        self.assertTrue(self.activities(transaction.payment_id))
