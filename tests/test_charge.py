import contextlib
import logging

from odoo import fields
from odoo.tests import tagged

from .common import NO_FUNDS_CARD, UNKNOWN_BUT_CHARGED_CARD, EmailPayCommon, OnePayment

LOGGER = 'odoo.addons.email_pay.models.payment_transaction'

NO_FUNDS = "The card does not have enough funds. Please use another card."


@tagged('post_install', '-at_install')
class TestCharge(OnePayment, EmailPayCommon):
    """From the card token to the gateway's answer: charged once, whatever goes wrong."""

    def assertUnknown(self):
        self.assertEqual(self.transaction.state, 'pending')
        self.assertTrue(self.transaction.email_pay_ask_at)

    def assertBooked(self, transaction=None, charges=1):
        transaction = transaction or self.transaction
        self.assertEqual(transaction.state, 'done')
        self.assertEqual(transaction.payment_id.amount, transaction.amount)
        self.assertEqual(self.charges(transaction), charges)
        self.assertFalse(transaction.email_pay_ask_at)

    # --- the gateway answers ----------------------------------------------------------------------

    def test_an_approved_card_pays(self):
        self.charge(self.transaction)
        self.assertEqual(self.transaction.state, 'done')
        self.assertTrue(self.transaction.provider_reference)
        self.assertFalse(self.transaction.email_pay_ask_at)

    def test_the_gateway_gets_what_it_needs(self):
        self.charge(self.transaction)
        [entry] = self.sandbox.ledger.charges(self.transaction.reference)
        self.assertEqual((str(entry.amount), entry.currency), ('100.00', 'USD'))
        self.assertEqual(entry.details['orderdescription'], self.invoice.name)
        self.assertEqual(entry.details['email'], 'rosa@example.com')
        self.assertEqual(
            (entry.details['firstname'], entry.details['lastname']), ("Rosa", "Vega")
        )

    def test_a_declined_card_says_why_and_holds_nothing(self):
        self.charge(self.transaction, NO_FUNDS_CARD)
        self.assertEqual(self.transaction.state, 'error')
        self.assertEqual(self.transaction.state_message, NO_FUNDS)
        self.assertEqual(self.pay_by_card(self.link).state, 'done')

    def test_the_reason_is_in_the_customers_language(self):
        self.env['res.lang']._activate_lang('es_PA')
        self.env['ir.module.module']._load_module_terms(['email_pay'], ['es_PA'])
        self.customer.lang = 'es_PA'
        reason = self.start_payment(self.link)._email_pay_reason('202')
        expected = self.env(context={'lang': 'es_PA'})._(NO_FUNDS)
        self.assertEqual(reason, expected)

    def test_a_reason_that_is_not_known_is_still_a_sentence(self):
        self.assertIn("contact us", self.transaction._email_pay_reason('999'))

    # --- a second click, a second tab, a repeated request -----------------------------------------

    def test_a_second_submit_charges_nothing(self):
        for _time in range(2):
            self.charge(self.transaction)
        self.assertEqual(self.charges(self.transaction), 1)

    def test_a_request_that_runs_again_after_a_rollback_charges_nothing_more(self):
        token = self.sandbox.credicorp.token()
        with contextlib.suppress(ZeroDivisionError), self.own_cursor() as env:
            transaction = env['payment.transaction'].browse(self.transaction.id)
            transaction._email_pay_charge_window(token)
            raise ZeroDivisionError  # as a serialization failure does: the request is rolled back
        self.assertUnknown()
        self.charge(self.transaction, card_token=self.sandbox.credicorp.token())
        self.assertEqual(self.charges(self.transaction), 1)
        self.ask_now(self.transaction)
        self.assertBooked()

    def test_two_tabs_cannot_pay_twice(self):
        second = self.start_payment(self.link)
        self.charge(self.transaction)
        with self.assertRaisesRegex(Exception, "already being processed|already paid"):
            self.charge(second)
        self.assertEqual(self.charges(second), 0)

    def test_a_declined_attempt_is_not_charged_again(self):
        self.charge(self.transaction, NO_FUNDS_CARD)
        self.charge(self.transaction)
        self.assertEqual((self.transaction.state, self.charges(self.transaction)), ('error', 0))

    # --- the answer is lost -----------------------------------------------------------------------

    def _charge_into(self, fault, **options):
        self.sandbox.faults.add(fault, ['sale'], **options)
        with self.assertLogs(LOGGER, logging.WARNING):
            self.charge(self.transaction)

    def test_cut_after_charging_is_found_by_asking(self):
        self._charge_into('cut', charged=True)
        self.assertUnknown()
        self.ask_now(self.transaction)
        self.assertBooked()
        self.assertEqual(self.invoice.payment_state, 'paid')

    def test_an_error_500_after_charging_is_found_by_asking(self):
        self._charge_into('http_500', charged=True)
        self.assertUnknown()
        self.ask_now(self.transaction)
        self.assertBooked()

    def test_a_communication_error_after_charging_is_found_by_asking(self):
        with self.assertLogs(LOGGER, logging.WARNING):
            self.charge(self.transaction, UNKNOWN_BUT_CHARGED_CARD)
        self.assertUnknown()
        self.ask_now(self.transaction)
        self.assertBooked()

    def test_cut_before_charging_is_asked_for_three_times_and_given_up(self):
        self._charge_into('cut')
        for _time in range(2):
            self.ask_now(self.transaction)
            self.assertUnknown()
        self.ask_now(self.transaction)
        self.assertEqual(self.transaction.state, 'error')
        self.assertIn("did not reach the bank", self.transaction.state_message)
        self.assertEqual(self.charges(self.transaction), 0)
        self.assertEqual(self.pay_by_card(self.link).state, 'done')

    def test_while_the_outcome_is_unknown_nothing_else_is_collected(self):
        self._charge_into('cut', charged=True)
        with self.assertRaisesRegex(Exception, "already being processed"):
            self.start_payment(self.link)

    def test_money_that_was_found_after_giving_up_is_booked(self):
        self._charge_into('cut')
        for _time in range(3):
            self.ask_now(self.transaction)
        self.charge_behind_odoo(self.transaction)
        self.ask_now(self.transaction)
        self.assertBooked()

    def test_a_gateway_that_does_not_answer_is_asked_later(self):
        self._charge_into('cut', charged=True)
        self.sandbox.faults.add('http_500', ['query'])
        self.ask_now(self.transaction)
        self.assertUnknown()
        self.assertGreater(self.transaction.email_pay_ask_at, fields.Datetime.now())
        self.ask_now(self.transaction)
        self.assertBooked()

    def test_questions_become_rarer(self):
        self._charge_into('cut')
        gaps = []
        for _time in range(2):
            self.ask_now(self.transaction)
            gaps.append(self.transaction.email_pay_ask_at - fields.Datetime.now())
        self.assertLess(gaps[0], gaps[1])

    def test_a_payment_that_is_not_due_yet_is_not_asked_for(self):
        self._charge_into('cut', charged=True)
        with self.own_cursor() as env:
            env['payment.transaction']._email_pay_cron_ask()
        self.assertEqual(self.transaction.email_pay_asked, 0)

    # --- nothing was charged ----------------------------------------------------------------------

    def _assert_not_charged(self):
        with self.assertLogs(LOGGER, logging.WARNING):
            self.charge(self.transaction)
        self.assertEqual(self.transaction.state, 'error')
        self.assertEqual(
            self.transaction.state_message, "The payment could not be made. Nothing was charged."
        )
        self.assertEqual(self.charges(self.transaction), 0)

    def test_a_refused_key_charges_nothing(self):
        self.credicorp.credicorp_api_key = 'another'
        self._assert_not_charged()

    def test_a_gateway_that_cannot_be_reached_charges_nothing(self):
        self.credicorp.credicorp_base_url = 'http://127.0.0.1:9'
        self._assert_not_charged()

    def test_a_token_that_was_used_charges_nothing(self):
        token = self.sandbox.credicorp.token()
        self.charge(self.start_payment(self.create_link(self.create_invoice())), card_token=token)
        self.charge(self.transaction, card_token=token)
        self.assertEqual((self.transaction.state, self.charges(self.transaction)), ('error', 0))

    # --- what the gateway says does not fit -------------------------------------------------------

    def test_a_voided_charge_that_was_never_booked_is_cancelled(self):
        self._charge_into('cut', charged=True)
        [entry] = self.sandbox.ledger.charges(self.transaction.reference)
        self.sandbox.credicorp.void(entry.id)
        self.ask_now(self.transaction)
        self.assertEqual(self.transaction.state, 'cancel')
        self.assertFalse(self.events())

    def test_a_second_charge_found_by_asking_is_parked(self):
        self._charge_into('cut', charged=True)
        second = self.charge_behind_odoo(self.transaction)
        self.ask_now(self.transaction)
        self.assertBooked(charges=2)
        event = self.events()
        self.assertEqual((event.state, event.source), ('parked', 'query'))
        self.assertIn(second, event.error)

    def test_another_amount_found_by_asking_is_parked_and_not_booked(self):
        self._charge_into('cut', charged=True)
        self.transaction.amount = 90
        self.ask_now(self.transaction)
        self.assertEqual(self.events().state, 'parked')
        self.assertFalse(self.transaction.payment_id)


@tagged('post_install', '-at_install')
class TestSavedCard(EmailPayCommon):
    """A saved card is charged once per reference; what is paid back is paid back once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice()

    def setUp(self):
        super().setUp()
        self.token = self._create_token(
            provider_id=self.credicorp.id, payment_method_id=self.card.id,
            partner_id=self.customer.id, provider_ref=self._vault(),
        )

    def _vault(self, number='4111111111111111'):
        credicorp = self.sandbox.credicorp
        _merchant, card = credicorp.accounts.tokens.pop(credicorp.token(number))
        return credicorp.accounts.save_card(credicorp.merchant, card)

    def _start(self, amount=100.0):
        reference = self.env['payment.transaction']._compute_reference('credicorp', prefix='S')
        return self._create_transaction(
            'token', operation='offline', amount=amount, token_id=self.token.id,
            provider_id=self.credicorp.id, payment_method_id=self.card.id, reference=reference,
            currency_id=self.company_currency.id, partner_id=self.customer.id,
            invoice_ids=[fields.Command.set(self.invoice.ids)],
        )

    def test_a_saved_card_is_charged(self):
        transaction = self._start()
        transaction._charge_with_token()
        self.assertEqual((transaction.state, self.charges(transaction)), ('done', 1))
        [entry] = self.sandbox.ledger.charges(transaction.reference)
        self.assertEqual(entry.details['initiated_by'], 'merchant')

    def test_odoo_running_it_again_does_not_charge_again(self):
        transaction = self._start()
        self.charge_behind_odoo(transaction)  # and the request was rolled back
        transaction._charge_with_token()
        self.assertEqual((transaction.state, self.charges(transaction)), ('done', 1))

    def test_it_is_not_charged_while_the_gateway_cannot_be_asked(self):
        self.sandbox.faults.add('http_500', ['query'])
        transaction = self._start()
        transaction._charge_with_token()
        self.assertEqual((transaction.state, self.charges(transaction)), ('error', 0))

    def test_a_lost_answer_stays_pending_and_is_asked_for(self):
        self.sandbox.faults.add('cut', ['sale'], charged=True)
        transaction = self._start()
        with self.assertLogs(LOGGER, logging.WARNING):
            transaction._charge_with_token()
        self.assertEqual(transaction.state, 'pending')
        transaction._email_pay_ask()
        self.assertEqual((transaction.state, self.charges(transaction)), ('done', 1))

    def test_a_declined_saved_card_says_why(self):
        self.token.provider_ref = self._vault(NO_FUNDS_CARD)
        transaction = self._start()
        transaction._charge_with_token()
        self.assertEqual(transaction.state, 'error')
        self.assertIn("enough funds", transaction.state_message)

    def test_the_window_saves_a_card_when_the_customer_wants_it(self):
        transaction = self.start_payment(self.create_link(self.invoice))
        transaction.tokenize = True
        self.charge(transaction)
        self.assertTrue(transaction.token_id.provider_ref)
        self.assertEqual(transaction.token_id.partner_id, self.customer)
