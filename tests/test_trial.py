from unittest.mock import patch

from odoo import Command
from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.tests import tagged

from .set_up_common import SetUpCommon


@tagged('post_install', '-at_install')
class TestTrial(SetUpCommon):
    """An administrator sends himself an invoice of one unit, and pays it with test money."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.up_to('trial')

    def test_it_is_an_invoice_of_one_unit_to_himself_marked_as_a_trial(self):
        invoice = self.send_trial()
        self.assertEqual((invoice.amount_total, invoice.currency_id), (1.0, self.company_currency))
        self.assertEqual(invoice.partner_id, self.boss.partner_id)
        self.assertEqual((invoice.state, invoice.ref), ('posted', "Trial of Email Pay"))
        self.assertIn("nothing was sold", invoice.narration)
        self.assertTrue(invoice.email_pay_no_reminders)
        self.assertFalse(invoice.line_ids.tax_ids)

    def test_its_mail_is_the_one_that_customers_get(self):
        invoice = self.send_trial()
        mail = self.outbox('mail_template_payment', 'boss@canal.example.com')
        self.assertIn(invoice.email_pay_link_ids._url(), mail.body_html)

    def test_it_takes_no_number_of_the_real_invoices(self):
        before = self.create_invoice()
        trial = self.send_trial()
        after = self.create_invoice()
        self.assertTrue(trial.name.startswith('TRIAL/'), trial.name)
        self.assertEqual(after.sequence_number, before.sequence_number + 1)

    def test_no_authority_is_told_of_it(self):
        trial, real = self.send_trial(), self.create_invoice()
        sends = self.env['account.move.send']
        with patch.object(type(sends), '_get_all_extra_edis', lambda self: {
            'tax_office': {'label': "Tax Office", 'is_applicable': lambda move: True},
        }):
            self.assertEqual(sends._get_default_extra_edis(real), {'tax_office'})
            self.assertEqual(sends._get_default_extra_edis(trial), set())

    def test_sending_it_switches_email_pay_on_in_test_mode(self):
        self.assertFalse(self.portal.enabled)
        self.send_trial()
        self.assertTrue(self.portal.enabled)
        self.assertEqual(self.portal._providers(), self.credicorp)

    def test_a_second_click_sends_the_same_again(self):
        invoice = self.send_trial()
        dialog = self.open_trial()
        self.assertEqual(dialog.invoice_id, invoice)
        dialog.action_send()
        self.assertEqual(self.trials(), invoice)
        self.assertEqual(invoice.email_pay_link_ids.sent_count, 2)

    def test_a_dialog_that_stayed_open_makes_no_second_one(self):
        first, second = self.open_trial(), self.open_trial()
        first.action_send()
        second.action_send()
        self.assertEqual(len(self.trials()), 1)

    def test_what_an_accountant_reset_is_posted_and_sent_again(self):
        invoice = self.send_trial()
        invoice.button_draft()
        self.open_trial().action_send()
        self.assertEqual((self.trials(), invoice.state), (invoice, 'posted'))

    def test_a_missing_address_is_asked_for(self):
        self.boss.partner_id.email = False
        dialog = self.open_trial()
        self.assertFalse(dialog.email)
        for address in (False, 'nobody'):
            dialog.email = address
            with self.assertRaisesRegex(UserError, "Enter your e-mail address"):
                dialog.action_send()
        dialog.email = 'new@canal.example.com'
        dialog.action_send()
        self.assertEqual(self.boss.partner_id.email, 'new@canal.example.com')
        self.assertTrue(self.outbox('mail_template_payment', 'new@canal.example.com'))

    def test_once_paid_there_is_nothing_to_send(self):
        invoice = self.send_trial()
        self.pay_by_card(invoice.email_pay_link_ids)
        dialog = self.open_trial()
        self.assertTrue(dialog.is_paid)
        with self.assertRaisesRegex(UserError, "paid already"):
            dialog.action_send()
        self.assertEqual(self.trials(), invoice)

    def test_undoing_takes_it_out_of_the_books(self):
        invoice = self.send_trial()
        transaction = self.pay_by_card(invoice.email_pay_link_ids)
        payment = transaction.payment_id
        self.assertTrue(payment)
        invoice.with_user(self.boss).action_email_pay_undo_trial()
        self.assertEqual((invoice.state, payment.state), ('cancel', 'canceled'))
        posted = (invoice + payment.move_id).filtered(lambda move: move.state == 'posted')
        self.assertFalse(posted)
        self.assertEqual(self.panel()['trial'], 'just_done', "it was paid")

    def test_undoing_leaves_other_invoices_alone(self):
        invoice = self.create_invoice()
        invoice.with_user(self.boss).action_email_pay_undo_trial()
        self.assertEqual(invoice.state, 'posted')

    # --- never with real money --------------------------------------------------------------------

    def test_an_app_that_is_live_tries_nothing_out(self):
        self.credicorp.state = 'enabled'
        with self.assertRaisesRegex(UserError, "collects real money"):
            self.press('trial')

    def test_a_trial_that_is_open_cannot_be_paid_with_real_money(self):
        invoice = self.send_trial()
        link = invoice.email_pay_link_ids
        self.assertTrue(link._offer(1.0) and link._methods(1.0))
        self.credicorp.state = 'enabled'
        self.assertFalse(link._offer(1.0) or link._methods(1.0))
        self.assertFalse(link._usable_providers(1.0, self.company_currency))
        with self.assertRaisesRegex(ValidationError, "can only be paid in test mode"):
            self.start_payment(link)

    def test_other_invoices_are_paid_in_either_mode(self):
        self.send_trial()
        self.credicorp.state = 'enabled'
        link = self.create_link(self.create_invoice())
        self.assertTrue(link._offer(100.0) and link._methods(100.0))
        self.assertTrue(self.start_payment(link))

    def test_it_is_no_trial_before_test_mode(self):
        self.credicorp.state = 'disabled'
        with self.assertRaisesRegex(UserError, "Press “Test” first"):
            self.press('trial')

    # --- what a gateway wants ---------------------------------------------------------------------

    def test_a_currency_that_the_app_does_not_collect_is_said(self):
        self.credicorp.available_currency_ids = [Command.set(self.env.ref('base.CRC').ids)]
        with self.assertRaisesRegex(UserError, "does not collect in USD"):
            self.press('trial')

    def test_what_the_gateway_needs_of_a_customer_is_asked_for(self):
        pagolivre = self._prepare_provider('pagolivre', update_values={
            'pagolivre_token': 'token', 'journal_id': self.collections.id,
        })
        dialog = self.open_trial()
        dialog.sudo().provider_id = pagolivre
        with self.assertRaisesRegex(RedirectWarning, "CPF"):
            dialog.action_send()
        self.assertFalse(self.trials())
