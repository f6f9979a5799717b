from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import consteq

from ..models import email_pay_link
from .company_common import CompanyCommon


@tagged('post_install', '-at_install')
class TestLink(CompanyCommon):
    """A link is a capability: it opens one thing, for a time, until it is revoked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice()
        cls.link = cls.create_link(cls.invoice)

    # --- the token --------------------------------------------------------------------------------

    def _from_token(self, token):
        return self.env['email.pay.link']._from_token(token)

    def test_the_token_opens_its_link(self):
        self.assertEqual(self._from_token(self.link._token()), self.link)

    def test_no_other_token_opens_it(self):
        token = self.link._token()
        other = self.create_link(self.create_invoice())._token()
        for wrong in (
            '', self.link.selector, token[:-1], token + 'A', token[:-1] + '~',
            token[:12] + other[12:], other[:12] + token[12:], token.swapcase(), 'é' * 40,
        ):
            with self.subTest(wrong):
                self.assertFalse(self._from_token(wrong))

    def test_tokens_are_compared_in_constant_time_also_when_there_is_no_link(self):
        compare = f'{email_pay_link.__name__}.consteq'
        for token in (self.link._token(), self.link.selector + 'x', 'zzzzzzzzzzzz' + 'x', ''):
            with self.subTest(token), patch(compare, wraps=consteq) as compared:
                self._from_token(token)
                compared.assert_called_once()

    def test_the_secret_has_at_least_128_bits_and_differs(self):
        other = self.create_link(self.create_invoice())
        self.assertGreaterEqual(len(self.link.verifier) * 6, 128)
        self.assertNotEqual(self.link.verifier, other.verifier)

    def test_a_link_that_was_not_found_has_no_verifier_to_match(self):
        self.assertFalse(self._from_token('zzzzzzzzzzzz' + 'False'))
        self.assertFalse(self._from_token('zzzzzzzzzzzz'))

    def test_a_visit_is_proof_for_its_own_link_only(self):
        other = self.create_link(self.create_invoice())
        self.assertTrue(self.link._is_visit(self.link._visit()))
        for proof in (other._visit(), '', None, 'x', self.link._visit()[:-2], self.link._token()):
            self.assertFalse(self.link._is_visit(proof))

    def test_the_clean_address_holds_no_secret(self):
        self.assertNotIn(self.link.verifier, self.link._path())
        self.assertTrue(self.link._url().endswith(self.link._token()))

    # --- its life ---------------------------------------------------------------------------------

    def test_an_invoice_keeps_its_live_link(self):
        self.assertEqual(self.create_link(self.invoice), self.link)

    def test_a_link_that_is_handed_out_again_lasts_as_long_as_a_new_one(self):
        statement = self.env['email.pay.link']._for_customer(self.customer, self.company)
        for link, hand_out in (
            (self.link, self.invoice._email_pay_shared_link),
            (self.link, self.invoice._email_pay_shared_links),
            (statement, self.customer._email_pay_shared_link),
            (statement, self.customer._email_pay_shared_links),
        ):
            link.expires_at = fields.Datetime.now() + timedelta(days=1)
            self.assertEqual(hand_out(), link)
            self.assertGreater(link.expires_at, fields.Datetime.now() + timedelta(days=29))

    def test_a_link_expires_after_the_days_of_the_settings(self):
        self.portal.link_validity_days = 3
        link = self.create_link(self.create_invoice())
        self.assertAlmostEqual(
            link.expires_at, fields.Datetime.now() + timedelta(days=3), delta=timedelta(minutes=1)
        )
        self.assertEqual(link.state, 'active')
        link.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        self.assertEqual((link.state, link._obstacle()), ('expired', 'expired'))

    def test_a_revoked_link_stays_revoked_and_is_replaced(self):
        self.invoice.action_revoke_payment_link()
        self.assertEqual((self.link.state, self.link._obstacle()), ('revoked', 'revoked'))
        revoked_at = self.link.revoked_at
        self.link.action_revoke()
        self.assertEqual(self.link.revoked_at, revoked_at)
        self.assertNotEqual(self.create_link(self.invoice), self.link)

    def test_revoking_is_told_in_the_chatter(self):
        self.invoice.action_revoke_payment_link()
        self.assertIn("The payment link was revoked.", self.invoice.message_ids[:1].body)

    # --- what stands in the way -------------------------------------------------------------------

    def test_nothing_stands_in_the_way_of_an_open_invoice(self):
        self.assertEqual(self.link._obstacle(), '')

    def test_a_paid_invoice(self):
        self.settle_by_hand(self.invoice)
        self.assertEqual(self.link._obstacle(), 'paid')

    def test_an_invoice_reset_to_draft(self):
        self.invoice.button_draft()
        self.assertEqual(self.link._obstacle(), 'changing')

    def test_a_cancelled_invoice(self):
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self.assertEqual(self.link._obstacle(), 'canceled')

    def test_a_credited_invoice(self):
        self.env['account.move.reversal'].with_context(
            active_model='account.move', active_ids=self.invoice.ids
        ).create({'journal_id': self.invoice.journal_id.id}).refund_moves()
        self.invoice.reversal_move_ids.action_post()
        self.assertEqual(self.link._obstacle(), 'credited')

    def test_settings_that_are_no_longer_enabled(self):
        self.portal.enabled = False
        self.assertEqual(self.link._obstacle(), 'disabled')

    # --- how much ---------------------------------------------------------------------------------

    def test_the_whole_or_another_amount(self):
        self.assertEqual(
            self.link._amount_choices(), {'full': 100.0, 'other': (0.01, 100.0)}
        )

    def test_without_partial_payments_only_the_whole(self):
        self.portal.allow_partial = False
        self.assertEqual(self.link._amount_choices(), {'full': 100.0})

    def test_the_next_instalment(self):
        invoice = self.create_invoice(invoice_payment_term_id=self.pay_terms_b)
        choices = self.create_link(invoice)._amount_choices()
        self.assertEqual((choices['full'], choices['installment']), (100.0, 30.0))

    def test_the_early_payment_discount(self):
        term = self.env['account.payment.term'].create({
            'name': "2% in 10 days", 'early_discount': True, 'discount_percentage': 2,
            'discount_days': 10, 'early_pay_discount_computation': 'included',
        })
        choices = self.create_link(
            self.create_invoice(invoice_payment_term_id=term)
        )._amount_choices()
        self.assertEqual(choices['discount'], 98.0)

    def test_an_amount_outside_the_limits_is_refused(self):
        self.portal.minimum_amount = 10
        for amount in (9.99, 100.01, -5.0, 0.0, 10.001, None):
            with self.subTest(amount), self.assertRaises(UserError):
                self.link._chosen_amount('other', amount)
        self.assertEqual(self.link._chosen_amount('other', 10.0), 10.0)

    def test_a_choice_that_is_not_offered_is_refused(self):
        self.portal.allow_partial = False
        for choice in ('other', 'discount', 'installment', '', 'free'):
            with self.subTest(choice), self.assertRaises(UserError):
                self.link._chosen_amount(choice, 50.0)

    def test_the_browser_cannot_change_a_named_choice(self):
        self.assertEqual(self.link._chosen_amount('full', 1.0), 100.0)

    # --- what an invoice shows --------------------------------------------------------------------

    def test_the_first_visit_is_told_once(self):
        self.link._record_opened()
        self.link._record_opened()
        self.assertEqual((self.link.open_count, self.invoice.email_pay_status), (2, 'opened'))
        told = [m for m in self.invoice.message_ids if "opened the payment page" in (m.body or '')]
        self.assertEqual(len(told), 1)

    def test_an_invoice_that_was_paid_otherwise_does_not_say_online(self):
        self.settle_by_hand(self.invoice)
        self.assertFalse(self.invoice.email_pay_status)

    def test_invoices_are_found_by_their_status(self):
        opened, plain = self.create_invoice(), self.create_invoice()
        self.create_link(opened)._record_opened()
        moves = self.env['account.move']
        self.assertIn(opened, moves.search([('email_pay_status', '=', 'opened')]))
        self.assertNotIn(plain, moves.search([('email_pay_status', '=', 'opened')]))
        self.assertIn(plain, moves.search([('email_pay_status', '=', False)]))
        self.assertNotIn(opened, moves.search([('email_pay_status', '=', False)]))
