import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from lxml import etree

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import file_open, mute_logger

from ..gateways.values import CardSource, Operation, PaymentEvent, Status
from ..models import payment_comparison
from .common import NO_FUNDS_CARD, EmailPayCommon
from .test_access import BILLING, MANAGER, READER

COMPARISON = 'odoo.addons.email_pay.models.payment_comparison'
BOOKING = 'odoo.addons.email_pay.models.payment_booking'


class ComparisonCommon(EmailPayCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What a test just did is old enough to be judged.
        cls.startClassPatcher(patch.object(payment_comparison, 'GRACE', timedelta(minutes=-1)))
        cls.differences = cls.env['email.pay.difference'].sudo()

    def compare(self):
        """What the daily job does."""
        self.credicorp.email_pay_compare_at = False
        with self.own_cursor() as env:
            env['payment.provider']._email_pay_cron_compare()

    def found(self, provider=None):
        """Every difference of the provider, oldest first."""
        return self.differences.search(
            [('provider_id', '=', (provider or self.credicorp).id)], order='id'
        )

    def assertFound(self, kind, **values):
        difference = self.found()
        self.assertEqual(difference.mapped('kind'), [kind])
        self.assertEqual(difference.state, 'open')
        for name, value in values.items():
            self.assertEqual(difference[name], value, name)
        return difference

    def paid(self, amount=100.0):
        return self.pay_by_card(self.create_link(self.create_invoice(amount)))

    def charge_at_the_gateway(self, reference, amount='100.00', currency=None):
        """A charge that Odoo did not order; the gateway's number."""
        request = replace(
            self.start_payment(self.create_link(self.create_invoice()))._email_pay_request(),
            reference=reference, amount=Decimal(amount),
            currency=currency or self.company_currency.name,
        )
        source = CardSource(token=self.sandbox.credicorp.token())
        return self.credicorp._email_pay_gateway().charge(request, source).gateway_reference

    def credit_at_the_gateway(self, transaction, amount='150.00'):
        """Money that the gateway's back office gave the customer beyond the payment."""
        merchant = self.sandbox.credicorp.merchant
        form = {
            'type': 'credit', 'amount': amount, 'orderid': transaction.reference,
            'currency': transaction.currency_id.name, 'security_key': merchant.security_key,
            'payment_token': self.sandbox.credicorp.token(),
        }
        self.sandbox.credicorp._answer(form)

    def another_app(self, **values):
        """A second app of the same merchant account."""
        journal = self.collections.copy({'code': 'COL2', 'name': "Collections 2"})
        other = self.credicorp.copy({'state': 'disabled', **self.merchant_keys, **values})
        other.write({'state': 'test', 'journal_id': journal.id})
        return other

    def make_older(self, **gap):
        """Let everything have happened longer ago, at the gateway and here."""
        gap = timedelta(**gap)
        for transaction in self.sandbox.credicorp.accounts.transactions.values():
            transaction.actions = [
                replace(action, date=action.date - gap) for action in transaction.actions
            ]
        ours = self.env['payment.transaction'].search([('provider_id', '=', self.credicorp.id)])
        for tx in ours:
            tx.last_state_change -= gap
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE payment_transaction SET create_date = create_date - %s WHERE id IN %s",
            [gap, tuple(ours.ids)],
        )
        self.env.cr.execute(
            "UPDATE email_pay_difference SET happened_at = happened_at - %s", [gap]
        )
        self.env.invalidate_all()


@tagged('post_install', '-at_install')
class TestBreaks(ComparisonCommon):
    """What the gateway and the books do not agree on."""

    def test_what_agrees_is_no_difference(self):
        self.paid()
        refunded = self.paid()
        with self.own_cursor() as env:
            refund = env['payment.transaction'].browse(refunded.id)._refund(30.0)
            refund._post_process()
        self.charge(self.start_payment(self.create_link(self.create_invoice())), NO_FUNDS_CARD)
        self.start_payment(self.create_link(self.create_invoice()))
        self.compare()
        self.assertFalse(self.found())
        self.assertTrue(self.credicorp.email_pay_compared_at)

    def test_a_payment_that_nobody_told_of_is_booked_and_no_difference(self):
        open_one = self.start_payment(self.create_link(self.create_invoice()))
        open_one._email_pay_claim()
        ended = self.start_payment(self.create_link(self.create_invoice()))
        ended._set_canceled()
        for transaction in (open_one, ended):
            self.charge_behind_odoo(transaction)
        self.compare()
        for transaction in (open_one, ended):
            self.assertEqual(transaction.payment_id.state, 'paid')
            self.assertEqual(transaction.invoice_ids.amount_residual, 0.0)
        self.assertFalse(self.found())

    def test_money_that_no_transaction_asked_for(self):
        number = self.charge_at_the_gateway('POS-7', '45.00')
        self.compare()
        difference = self.assertFound(
            'unbooked', gateway_reference=number, reference='POS-7', gateway_amount=45.0,
            booked_amount=0.0, currency_id=self.company_currency, company_id=self.company,
        )
        self.assertIn("no transaction of this app", difference.what_to_do)
        self.assertLess(abs(difference.happened_at - fields.Datetime.now()), timedelta(minutes=1))

    def test_money_without_any_reference(self):
        self.charge_at_the_gateway('')
        self.compare()
        self.assertFalse(self.assertFound('unbooked', reference=False).transaction_id)

    def test_a_second_charge_of_a_paid_reference(self):
        transaction = self.paid()
        number = self.charge_behind_odoo(transaction)
        self.compare()
        difference = self.assertFound(
            'unbooked', gateway_reference=number, transaction_id=transaction, booked_amount=0.0,
        )
        self.assertIn("it is a second payment", difference.what_to_do)

    def test_another_amount(self):
        transaction = self.start_payment(self.create_link(self.create_invoice()))
        transaction._email_pay_claim()
        self.charge_at_the_gateway(transaction.reference, '99.00')
        self.compare()
        self.assertFound('amount', transaction_id=transaction, gateway_amount=99.0)
        self.assertFalse(transaction.payment_id)

    def test_another_amount_in_the_books(self):
        transaction = self.paid()
        payment = transaction.payment_id
        payment.action_draft()
        payment.amount = 90.0
        payment.action_post()
        self.compare()
        self.assertFound(
            'amount', payment_id=payment, gateway_amount=100.0, booked_amount=90.0,
        )

    def test_another_currency(self):
        transaction = self.start_payment(self.create_link(self.create_invoice()))
        transaction._email_pay_claim()
        self.charge_at_the_gateway(transaction.reference, currency='CLP')
        self.compare()
        difference = self.assertFound('currency', transaction_id=transaction)
        self.assertEqual(difference.currency_id.name, 'CLP')

    def test_a_payment_that_was_undone_in_odoo(self):
        undo = {
            'reset to draft': lambda payment: payment.action_draft(),
            'cancelled': lambda payment: payment.action_cancel(),
            'deleted': lambda payment: (payment.action_draft(), payment.unlink()),
        }
        for name, action in undo.items():
            with self.subTest(name):
                self.found().unlink()
                self.sandbox.reset()
                transaction = self.paid()
                action(transaction.payment_id)
                self.compare()
                difference = self.found().filtered(lambda d: d.kind == 'undone')
                self.assertEqual(difference.transaction_id, transaction)
                self.assertEqual((difference.gateway_amount, difference.booked_amount), (100.0, 0))

    def test_one_collection_that_is_booked_twice(self):
        transaction = self.paid()
        copy = transaction.payment_id.copy({'payment_transaction_id': transaction.id})
        copy.action_post()
        self.compare()
        self.assertFound('twice', transaction_id=transaction, booked_amount=200.0)

    def test_money_that_could_not_be_booked(self):
        with patch.object(
            type(self.env['account.payment']), 'action_post', side_effect=UserError("Closed."),
        ), mute_logger(BOOKING):
            transaction = self.paid()
            self.compare()
        self.assertFound('parked', transaction_id=transaction, gateway_amount=100.0)
        self.compare()
        self.assertEqual(self.found().state, 'resolved')
        self.assertTrue(transaction.payment_id)

    def test_a_payment_of_which_the_gateway_knows_nothing(self):
        transaction = self.start_payment(self.create_link(self.create_invoice()))
        transaction.provider_reference = '99'
        transaction._set_done()
        transaction._post_process()
        self.compare()
        self.assertFound(
            'missing', transaction_id=transaction, gateway_reference='99',
            payment_id=transaction.payment_id, booked_amount=100.0, gateway_amount=0.0,
        )

    def test_money_that_went_back_and_is_not_in_the_books(self):
        transaction = self.paid()
        self.credit_at_the_gateway(transaction)
        self.compare()
        difference = self.assertFound('returned', transaction_id=transaction, gateway_amount=150.0)
        self.assertEqual(difference.reference, transaction.reference)

    def test_a_dispute_which_is_in_no_gateways_list_is_no_difference(self):
        transaction = self.paid()
        state, _reason = transaction._email_pay_take_return(PaymentEvent(
            Operation.CHARGEBACK, Status.DONE, transaction.reference, 'CB1', Decimal('100.00'),
        ))
        transaction.child_transaction_ids._email_pay_book()
        self.assertEqual((state, transaction.invoice_ids.amount_residual), ('done', 100.0))
        self.compare()
        self.assertFalse(self.found())

    def test_what_was_undone_on_both_sides_is_no_difference(self):
        transaction = self.paid()
        self.sandbox.credicorp.void(transaction.provider_reference)
        transaction.payment_id.action_cancel()
        self.compare()
        self.assertFalse(self.found())

    def test_another_app_on_the_same_account_looks_after_its_own(self):
        other = self.another_app()
        transaction = self.start_payment(self.create_link(self.create_invoice()), provider=other)
        self.charge(transaction)
        self.advance(transaction)
        self.paid()
        self.compare()
        self.assertFalse(self.found() | self.found(other))
        transaction.payment_id.action_cancel()
        other.email_pay_compare_at = False
        self.compare()
        self.assertEqual((len(self.found()), self.found(other).kind), (0, 'undone'))

    def test_money_from_before_this_app_is_not_its_own(self):
        self.charge_at_the_gateway('POS-1')
        for transaction in self.sandbox.credicorp.accounts.transactions.values():
            transaction.actions = [
                replace(transaction.actions[0],
                        date=transaction.actions[0].date - timedelta(days=2)),
                replace(transaction.actions[0], type='settle'),
            ]
        self.compare()
        self.assertFalse(self.found())


@tagged('post_install', '-at_install')
class TestGrace(EmailPayCommon):

    def test_what_is_younger_than_an_hour_is_not_judged(self):
        transaction = self.pay_by_card(self.create_link(self.create_invoice()))
        transaction.payment_id.action_cancel()
        self.credicorp._email_pay_compare()
        differences = self.env['email.pay.difference'].sudo().search([
            ('provider_id', '=', self.credicorp.id)
        ])
        self.assertFalse(differences)


@tagged('post_install', '-at_install')
class TestLife(ComparisonCommon):
    """A difference from the day it is found to the day it is none."""

    def setUp(self):
        super().setUp()
        self.transaction = self.paid()
        self.payment = self.transaction.payment_id

    def undone(self):
        self.payment.action_draft()
        self.compare()
        return self.assertFound('undone')

    def test_a_person_is_told_once(self):
        difference = self.undone()
        activity = self.activities(difference)
        self.assertEqual(activity.user_id, self.portal.responsible_id)
        self.assertIn("Post the payment again", activity.note)
        self.compare()
        self.assertEqual(self.activities(self.found()), activity)

    def test_what_is_in_order_again_is_closed_with_its_activity(self):
        difference = self.undone()
        self.payment.action_post()
        self.compare()
        self.assertEqual(difference.state, 'resolved')
        self.assertFalse(self.activities(difference))

    def test_what_comes_back_is_open_again_and_told_again(self):
        difference = self.undone()
        self.payment.action_post()
        self.compare()
        self.payment.action_draft()
        self.compare()
        self.assertEqual(self.found(), difference)
        self.assertEqual((difference.state, len(self.activities(difference))), ('open', 1))

    def test_what_a_person_settled_stays_settled(self):
        difference = self.undone()
        form = Form(self.env['email.pay.settle'].with_context(
            difference.action_settle()['context']
        ))
        form.note = "Paid back at the counter"
        form.save().action_settle()
        self.compare()
        self.assertEqual(difference.state, 'settled')
        self.assertEqual(difference.note, "Paid back at the counter")
        self.assertEqual(difference.settled_by_id, self.env.user)
        self.assertFalse(self.activities(difference))
        difference.action_reopen()
        self.assertEqual((difference.state, difference.note), ('open', False))

    def test_it_says_how_before_it_is_settled(self):
        difference = self.undone()
        with self.assertRaises(AssertionError), Form(self.env['email.pay.settle'].with_context(
            difference.action_settle()['context']
        )):
            pass

    def test_an_old_one_is_judged_too(self):
        number = self.charge_behind_odoo(self.transaction)
        self.compare()
        difference = self.assertFound('unbooked')
        self.make_older(days=12)
        self.compare()
        self.assertEqual(difference.state, 'open')
        self.sandbox.credicorp.refund(number)
        voided = self.sandbox.credicorp.transaction(number)
        voided.condition = 'canceled'
        self.make_older(days=12)
        self.compare()
        self.assertEqual(difference.state, 'resolved')

    def test_an_old_one_stays_open_while_the_gateway_cannot_be_asked(self):
        self.charge_behind_odoo(self.transaction)
        self.compare()
        self.make_older(days=12)
        self.sandbox.faults.add('http_500', ['query'], times=None)
        self.compare()
        self.assertEqual(self.found().state, 'open')

    def test_an_old_one_without_a_reference_waits_for_a_person(self):
        self.charge_at_the_gateway('')
        self.compare()
        self.make_older(days=12)
        self.compare()
        self.assertEqual(self.found().state, 'open')

    def test_one_that_the_gateway_reports_again_while_it_settles_stays_open(self):
        number = self.charge_at_the_gateway('POS-7')
        self.compare()
        self.make_older(days=6)
        self.sandbox.credicorp.settle(number)
        self.compare()
        self.assertEqual(self.found().state, 'open')

    def test_asking_the_gateway_settles_what_it_can(self):
        with patch.object(type(self.transaction), '_email_pay_mend', lambda _tx: True):
            late = self.start_payment(self.create_link(self.create_invoice()))
            late._email_pay_claim()
            self.charge_behind_odoo(late)
            self.compare()
        difference = self.assertFound('unbooked', transaction_id=late)
        difference.action_ask()
        self.assertEqual(difference.state, 'resolved')
        self.assertEqual(late.payment_id.amount, 100.0)

    def test_asking_a_gateway_that_does_not_answer_says_so(self):
        difference = self.undone()
        self.sandbox.faults.add('http_500', ['query'])
        with self.assertRaisesRegex(UserError, "could not be compared"):
            difference.action_ask()

    def test_the_sentence_is_in_the_readers_language(self):
        difference = self.undone()
        sentences = difference._sentences()
        self.assertEqual(
            set(sentences) - {'unbooked alone'}, {kind for kind, _name in
                                                  difference._fields['kind'].selection}
        )


@tagged('post_install', '-at_install')
class TestJob(ComparisonCommon):
    """The daily comparison of every provider."""

    def silent(self, times):
        for _day in range(times):
            self.sandbox.faults.add('http_500', ['report'])
            with self.assertLogs(COMPARISON, logging.WARNING):
                self.compare()

    def test_a_gateway_that_does_not_answer_is_no_difference(self):
        self.paid().payment_id.action_draft()
        self.silent(2)
        self.assertFalse(self.found())
        self.assertFalse(self.credicorp.email_pay_compared_at)
        self.assertGreater(self.credicorp.email_pay_compare_at, fields.Datetime.now())

    def test_after_three_days_without_an_answer_a_person_is_told(self):
        self.paid()
        self.silent(4)
        difference = self.assertFound('silent')
        self.assertEqual(len(self.activities(difference)), 1)
        self.assertIn("Test the connection", difference.what_to_do)
        self.compare()
        self.assertEqual(difference.state, 'resolved')
        self.assertFalse(self.credicorp.email_pay_compare_failures)
        self.silent(3)
        self.assertEqual((difference.state, len(self.activities(difference))), ('open', 1))

    @mute_logger(COMPARISON)
    def test_a_report_that_misses_too_much_is_none(self):
        self.paid()
        self.sandbox.credicorp.reset()
        with patch.object(payment_comparison, 'MOST_UNREPORTED', 0):
            self.compare()
        self.assertFalse(self.found())
        self.assertEqual(self.credicorp.email_pay_compare_failures, 1)

    def test_days_without_an_answer_are_compared_later(self):
        now = fields.Datetime.now()
        self.paid()
        self.make_older(days=50)
        self.assertEqual(self.credicorp._email_pay_window(now).since, now - timedelta(days=4))
        self.credicorp.email_pay_compared_at = now - timedelta(days=10)
        self.assertEqual(self.credicorp._email_pay_window(now).since, now - timedelta(days=14))
        self.credicorp.email_pay_compared_at = now - timedelta(days=100)
        self.assertEqual(self.credicorp._email_pay_window(now).since, now - timedelta(days=30))

    def test_it_is_done_once_a_day(self):
        self.paid().payment_id.action_draft()
        self.compare()
        self.found().unlink()
        with self.own_cursor() as env:
            env['payment.provider']._email_pay_cron_compare()
        self.assertFalse(self.found())

    @mute_logger(COMPARISON)
    def test_one_provider_that_fails_stops_no_other(self):
        other = self.another_app(sequence=-1, credicorp_base_url='http://127.0.0.1:1')
        self.start_payment(self.create_link(self.create_invoice()), provider=other)
        self.paid().payment_id.action_draft()
        self.compare()
        self.assertEqual(other.email_pay_compare_failures, 1)
        self.assertFound('undone')

    def comparable(self):
        return self.env['payment.provider']._email_pay_comparable()

    def test_a_disabled_app_is_compared_while_its_payments_are_recent(self):
        self.paid()
        self.credicorp.state = 'disabled'
        self.assertIn(self.credicorp, self.comparable())
        self.make_older(days=5)
        self.assertNotIn(self.credicorp, self.comparable())

    def test_an_app_that_never_collected_is_not_compared(self):
        self.assertNotIn(self.credicorp, self.comparable())

    def test_a_live_and_a_test_app_are_compared(self):
        self.paid()
        for state in ('test', 'enabled'):
            self.credicorp.state = state
            self.assertIn(self.credicorp, self.comparable())

    def test_a_neutralized_copy_asks_nobody(self):
        self.paid()
        self.env.flush_all()
        with file_open('email_pay/data/neutralize.sql') as file:
            self.cr.execute(file.read())
        self.env.invalidate_all()
        with self.assertNoLogs('odoo.addons.email_pay.models.payment_provider', logging.INFO):
            self.compare()
        self.assertNotIn(self.credicorp, self.comparable())

    def test_what_somebody_else_works_on_is_not_judged(self):
        transaction = self.start_payment(self.create_link(self.create_invoice()))
        transaction._email_pay_claim()
        self.charge_behind_odoo(transaction)
        with patch.object(type(transaction), '_email_pay_try_lock', lambda _tx: False):
            self.compare()
        self.assertFalse(self.found())
        self.compare()
        self.assertTrue(transaction.payment_id)

    def test_many_payments_are_compared_with_as_few_queries(self):
        self.paid()
        self.compare()
        few = self.queries()
        for _number in range(6):
            self.paid(10.0)
        self.assertLess(self.queries(), few + 3)

    def queries(self):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self.credicorp._email_pay_compare()
        self.env.flush_all()
        return self.cr.sql_log_count - before


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


@tagged('post_install', '-at_install')
class TestReturnsMended(ComparisonCommon):

    def test_what_went_back_at_the_gateway_is_booked_and_no_difference(self):
        refunded, voided = self.paid(), self.paid()
        self.sandbox.credicorp.refund(refunded.provider_reference, '30.00')
        self.sandbox.credicorp.void(voided.provider_reference)
        self.compare()
        self.assertFalse(self.found())
        for transaction, amount in ((refunded, 30.0), (voided, 100.0)):
            refund = transaction.child_transaction_ids
            self.assertEqual((refund.state, -refund.amount), ('done', amount))
            self.assertEqual(refund.payment_id.amount, amount)
        self.compare()
        self.assertFalse(self.found())
