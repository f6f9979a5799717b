import logging
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import Form, new_test_user, tagged

from .receipt_common import ReceiptCommon


@tagged('post_install', '-at_install')
class TestReceipts(ReceiptCommon):
    """A payment that a person registers is told to the customer: once, when it is really posted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.create_invoice()

    # --- told once --------------------------------------------------------------------------------

    def test_a_registered_payment_is_told_with_documents_and_what_remains(self):
        other = self.create_invoice(60.0)
        payment = self.register(self.invoice | other, group_payment=True, amount=130.0)
        self.assertEqual(self.history(payment), [('first', False, 'due')])
        [mail] = self.receipts()
        self.assertEqual(mail.email_to, 'rosa@example.com')
        self.assertIn('130.00', mail.subject)
        text = self.text(mail)
        for part in (
            f"{other.name} {self.money(60.0)} Paid in full",
            f"{self.invoice.name} {self.money(70.0)} Still to pay: {self.money(30.0)}",
            f"Reference {payment.name}", "Paid with Collections", "Hello Rosa Vega",
        ):
            self.assertIn(part, text)
        self.assertEqual(self.history(payment), [('first', 'rosa@example.com', 'outbox')])

    def test_the_receipt_is_attached(self):
        payment = self.register(self.invoice)
        [attachment] = self.receipts().attachment_ids
        self.assertIn(payment.name.replace('/', '-'), attachment.name)
        page = self.text(attachment.raw.decode())
        for part in (payment.name, self.invoice.name, self.money(100.0), "What remains"):
            self.assertIn(part, page)

    def test_the_job_sends_once(self):
        self.register(self.invoice)
        for _time in range(2):
            self.assertEqual(len(self.receipts()), 1)

    def test_of_many_each_customer_gets_one(self):
        ana = self.env['res.partner'].create({'name': "Ana", 'email': 'ana@example.com'})
        payments = self.register(self.invoice | self.create_invoice(50.0, partner=ana))
        self.assertEqual(len(payments), 2)
        self.assertEqual(
            set(self.receipts().mapped('email_to')), {'rosa@example.com', 'ana@example.com'})

    def test_who_chooses_nothing_tells_nobody(self):
        self.register(self.invoice, tell=False)
        self.assertFalse(self.receipts())

    def test_a_draft_is_not_told(self):
        payment = self.draft_payment()
        self.assertFalse(self.receipts())
        payment.action_post()
        self.assertEqual(len(self.receipts()), 1)

    def test_posted_again_is_told_once(self):
        payment = self.register(self.invoice)
        self.receipts()
        payment.action_draft()
        payment.action_post()
        self.assertEqual(len(self.receipts()), 1)

    def test_what_is_taken_back_before_it_was_told_waits_until_it_is_posted_again(self):
        payment = self.register(self.invoice)
        payment.action_draft()
        self.assertFalse(self.receipts())
        payment.action_post()
        self.assertEqual(len(self.receipts()), 1)

    def test_a_payment_that_is_rolled_back_is_not_told(self):
        with self.assertRaises(UserError), self.cr.savepoint():
            self.register(self.invoice)
            raise UserError("Something else failed.")
        self.assertFalse(self.receipts())

    def test_the_job_is_woken(self):
        job = self.env.ref('email_pay.ir_cron_send_receipts')
        triggers = self.env['ir.cron.trigger'].search([('cron_id', '=', job.id)])
        self.register(self.invoice)
        self.assertTrue(
            self.env['ir.cron.trigger'].search([('cron_id', '=', job.id)]) - triggers)

    def test_the_company_gets_a_copy(self):
        self.portal.notification_email = 'desk@canal.example.com'
        payment = self.register(self.invoice)
        self.receipts()
        self.assertEqual(self.history(payment), [
            ('first', 'rosa@example.com', 'outbox'), ('copy', 'desk@canal.example.com', 'outbox'),
        ])

    # --- what the receipt shows -------------------------------------------------------------------

    def test_credits_that_were_used(self):
        note = self.create_invoice(30.0, move_type='out_refund')
        payment = self.register(self.invoice | note, group_payment=True)
        self.assertEqual(payment.amount, 70.0)
        text = self.text(self.receipts())
        self.assertIn(f"{self.invoice.name} {self.money(100.0)} Paid in full", text)
        self.assertIn(f"Your credit {note.name} −{self.money(30.0)} Used up", text)

    def test_a_difference_that_was_written_off(self):
        account = self.company_data['default_account_expense']
        self.register(
            self.invoice, amount=95.0, payment_difference_handling='reconcile',
            writeoff_account_id=account.id, writeoff_label="Bank charges",
        )
        text = self.text(self.receipts())
        self.assertIn(f"{self.invoice.name} {self.money(100.0)} Paid in full", text)
        self.assertIn(f"Bank charges {self.money(-5.0)}", text)

    def test_money_in_advance(self):
        self.draft_payment().action_post()
        self.assertIn(f"Kept as your credit {self.money(100.0)}", self.text(self.receipts()))

    def test_another_currency(self):
        currency = self.setup_other_currency('CAD', rates=[('2016-01-01', 2.0)])
        invoice = self._create_invoice_one_line(
            price_unit=80.0, name="Work", tax_ids=[], partner_id=self.customer,
            currency_id=currency, post=True,
        )
        self.register(invoice, currency_id=self.company_currency.id, amount=10.0)
        text = self.text(self.receipts())
        self.assertIn(f"Amount paid {self.money(10.0)}", text)
        self.assertIn(f"Still to pay: {self.money(60.0, currency)}", text)

    def test_money_that_goes_back_to_a_customer(self):
        note = self.create_invoice(30.0, move_type='out_refund')
        self.register(note)
        [mail] = self.receipts()
        self.assertIn("refund", mail.subject)
        self.assertIn(f"Amount paid back {self.money(30.0)}", self.text(mail))
        self.assertIn(note.name, self.text(mail))

    def test_the_language_of_the_customer(self):
        self.env['res.lang']._activate_lang('es_419')
        self.env['mail.template'].browse(
            self.env.ref('email_pay.mail_template_payment_receipt').id
        ).with_context(lang='es_419').subject = "Recibo {{ object.name }}"
        self.customer.lang = 'es_419'
        payment = self.register(self.invoice)
        self.assertEqual(self.receipts().subject, f"Recibo {payment.name}")

    # --- what was chosen last ---------------------------------------------------------------------

    def test_the_choice_is_remembered_for_each_company_and_side(self):
        bill, other = self.create_bill(), self.env['res.company'].create({'name': "Other"})
        self.register(self.invoice)
        self.assertTrue(self.company.email_pay_send_receipt)
        self.assertFalse(self.company.email_pay_send_notice)
        self.assertFalse(self.register(bill, tell=None).email_pay_send_receipt)
        self.assertTrue(self.register(self.create_invoice(), tell=None).email_pay_send_receipt)
        self.assertFalse(other.email_pay_send_receipt)

    def register_form(self, moves):
        return Form(self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=moves.ids))

    def test_of_many_each_side_is_asked_and_remembered_by_itself(self):
        self.company.email_pay_send_receipt = True
        ana, depot = self.env['res.partner'].create([{'name': "Ana"}, {'name': "Depot"}])
        customers = self.invoice | self.create_invoice(partner=ana)
        suppliers = self.create_bill() | self.create_bill(ref='F-2', partner=depot)
        form = self.register_form(customers)
        self.assertTrue(form.email_pay_send_receipt)
        form.email_pay_send_receipt = False
        form = self.register_form(suppliers)
        self.assertFalse(form.email_pay_send_receipt)
        form.email_pay_send_receipt = True
        form.save().action_create_payments()
        self.assertTrue(self.company.email_pay_send_notice)
        self.assertTrue(self.company.email_pay_send_receipt)
        self.assertEqual(len(self.receipts('cobros@papeles.example.com')), 1)

    def test_the_form_proposes_it_and_programs_do_not(self):
        self.register(self.invoice)
        with Form(self.env['account.payment'].with_context(
            default_partner_id=self.customer.id, default_journal_id=self.collections.id,
        )) as form:
            self.assertTrue(form.email_pay_send_receipt)
            form.email_pay_send_receipt = False
        self.assertFalse(self.company.email_pay_send_receipt)
        self.company.email_pay_send_receipt = True
        payment = self.env['account.payment'].create({
            'amount': 5.0, 'partner_id': self.customer.id, 'journal_id': self.collections.id,
        })
        self.assertFalse(payment.email_pay_send_receipt)

    # --- again ------------------------------------------------------------------------------------

    def test_resend_keeps_the_history(self):
        payment = self.register(self.invoice)
        self.receipts()
        told = payment.action_email_pay_send_receipt()
        self.assertEqual(told['params']['message'], "The mail to rosa@example.com is on its way.")
        self.assertEqual(payment.email_pay_receipt_state, 'due')
        self.receipts()
        self.assertEqual(self.history(payment), [
            ('first', 'rosa@example.com', 'outbox'), ('again', 'rosa@example.com', 'outbox'),
        ])

    def test_two_clicks_send_one(self):
        payment = self.register(self.invoice, tell=False)
        payment.action_email_pay_send_receipt()
        with self.assertRaisesRegex(UserError, "on its way"):
            payment.action_email_pay_send_receipt()
        self.assertEqual(len(self.receipts()), 1)

    def test_an_online_payment_can_be_told_again(self):
        transaction = self.pay_by_card(self.create_link(self.invoice))
        self.receipts()
        transaction.payment_id.action_email_pay_send_receipt()
        self.assertEqual(len(self.receipts('rosa@example.com')), 2)

    def test_from_the_list(self):
        told = self.register(self.invoice)
        self.receipts()
        draft = self.draft_payment()
        nobody = self.env['res.partner'].create({'name': "Nobody"})
        unreachable = self.register(self.create_invoice(partner=nobody), tell=False)
        new = self.register(self.create_invoice(), tell=False)
        message = (told | draft | unreachable | new).action_email_pay_send_receipt()[
            'params']['message']
        self.assertIn("2 receipts and notices are on their way.", message)
        self.assertIn("The payment is not posted.", message)
        self.assertIn("Nobody has no valid e-mail address.", message)
        self.receipts()
        self.assertEqual([len(p.email_pay_receipt_ids) for p in (told, new)], [2, 1])

    def test_found_by_what_became_of_it(self):
        told, untold = self.register(self.invoice), self.register(self.create_invoice(), False)
        search = self.env['account.payment'].search
        none = search([('email_pay_receipt_state', '=', 'none')])
        self.assertIn(untold, none)
        self.assertNotIn(told, none)
        self.assertIn(told, search([('email_pay_receipt_state', 'in', ('due', 'failed'))]))
        self.assertFalse(search([('email_pay_receipt_state', '=', 'sent')]) & told)

    def test_a_draft_cannot_be_told(self):
        with self.assertRaisesRegex(UserError, "not posted"):
            self.draft_payment().action_email_pay_send_receipt()

    # --- nobody to tell ---------------------------------------------------------------------------

    def test_without_an_address_it_says_so_and_opens_the_contact(self):
        self.customer.email = False
        payment = self.register(self.invoice)
        self.assertFalse(self.receipts())
        self.assertEqual(self.history(payment), [('first', False, 'failed')])
        self.assertIn("Rosa Vega has no valid e-mail address", payment.email_pay_obstacle)
        self.assertIn("No receipt was sent", ' '.join(payment.message_ids.mapped('body')))
        self.assertEqual(payment.action_email_pay_open_contact()['res_id'], self.customer.id)
        with self.assertRaises(RedirectWarning) as caught:
            payment.action_email_pay_send_receipt()
        self.assertEqual(caught.exception.args[1]['res_id'], self.customer.id)
        self.customer.email = 'rosa@new.example.com'
        payment.action_email_pay_send_receipt()
        self.assertEqual(self.receipts().email_to, 'rosa@new.example.com')

    def test_the_dialog_names_who_cannot_be_told(self):
        wizard = self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=self.invoice.ids,
        ).create({'email_pay_send_receipt': True})
        self.assertFalse(wizard.email_pay_unreachable)
        self.customer.email = False
        wizard.email_pay_send_receipt = False
        self.assertFalse(wizard.email_pay_unreachable)
        wizard.email_pay_send_receipt = True
        self.assertIn("Rosa Vega", wizard.email_pay_unreachable)
        self.assertEqual(wizard.action_email_pay_open_contacts()['res_id'], self.customer.id)

    def test_a_receipt_that_cannot_be_written_is_shown_and_stops_no_other(self):
        broken = self.register(self.invoice)
        fine = self.register(self.create_invoice())
        send = type(self.env['mail.template']).send_mail

        def send_mail(template, res_id, **kwargs):
            if res_id == broken.id:
                raise UserError("Unknown field")
            return send(template, res_id, **kwargs)

        with (
            patch.object(type(self.env['mail.template']), 'send_mail', send_mail),
            self.assertLogs('odoo.addons.email_pay', logging.ERROR),
        ):
            self.receipts()
        self.assertEqual(broken.email_pay_receipt_state, 'failed')
        self.assertIn("Unknown field", self.activities(broken).note)
        self.assertEqual(fine.email_pay_receipt_state, 'outbox')

    def test_a_template_that_was_deleted_is_told(self):
        payment = self.register(self.invoice)
        self.env.ref('email_pay.mail_template_payment_receipt').unlink()
        with self.assertLogs('odoo.addons.email_pay', logging.ERROR):
            self.assertFalse(self.receipts())
        self.assertIn("template is missing", self.activities(payment).note)

    # --- who may ----------------------------------------------------------------------------------

    def reader(self):
        return new_test_user(
            self.env, 'payment_reader', 'account.group_account_readonly',
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)])

    def test_readers_print_the_receipt_of_an_online_payment(self):
        transaction = self.pay_by_card(self.create_link(self.invoice))
        payment_ids = transaction.payment_id.ids
        report = self.env['ir.actions.report'].with_user(self.reader())
        self.env.flush_all()
        self.env.invalidate_all()
        page, _kind = report._render_qweb_html('email_pay.report_receipt', payment_ids)
        text = self.text(page.decode())
        for part in (self.invoice.name, transaction.reference, "Paid with Card"):
            self.assertIn(part, text)

    def test_readers_see_the_history_and_send_nothing(self):
        payment = self.register(self.invoice)
        self.receipts()
        payment = payment.with_user(self.reader())
        self.assertEqual(payment.email_pay_receipt_ids.email, 'rosa@example.com')
        with self.assertRaises(AccessError):
            payment.action_email_pay_send_receipt()
        with self.assertRaises(AccessError):
            payment.email_pay_receipt_ids.write({'email': 'other@example.com'})

    def test_another_company_sees_nothing(self):
        receipt = self.register(self.invoice).email_pay_receipt_ids
        other = self.env['res.company'].create({'name': "Other"})
        biller = new_test_user(
            self.env, 'other_biller', 'account.group_account_invoice', company_id=other.id,
            company_ids=[Command.set(other.ids)])
        with self.assertRaises(AccessError):
            receipt.with_user(biller).read(['email'])

    def test_a_biller_registers_and_resends(self):
        biller = new_test_user(
            self.env, 'biller_of_receipts', 'account.group_account_invoice',
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)])
        wizard = self.env['account.payment.register'].with_user(biller).with_context(
            active_model='account.move', active_ids=self.invoice.ids,
        ).create({'email_pay_send_receipt': True})
        payment = self.env['account.payment'].browse(wizard.action_create_payments()['res_id'])
        self.assertTrue(self.company.email_pay_send_receipt)
        self.assertEqual(len(self.receipts()), 1)
        payment.with_user(biller).action_email_pay_send_receipt()
        self.assertEqual(len(self.receipts()), 2)

    # --- many -------------------------------------------------------------------------------------

    def test_no_script_is_waited_for_when_receipts_are_drawn(self):
        def delay(reports):
            paper = self.env.ref('base.paperformat_euro')
            arguments = reports._build_wkhtmltopdf_args(paper, False)
            return arguments[arguments.index('--javascript-delay') + 1]

        reports = self.env['ir.actions.report']
        self.assertEqual(delay(reports.with_context(email_pay_pdfs={})), '0')
        self.assertNotEqual(delay(reports), '0')

    def test_many_receipts_take_as_many_queries_each_as_few(self):
        self.register(self.invoice)
        self.receipts()  # what is read once for all
        costs = []
        for count in (10, 40):
            payments = self.env['account.payment'].create([
                {
                    'amount': 5.0, 'partner_id': self.customer.id, 'payment_type': 'inbound',
                    'partner_type': 'customer', 'journal_id': self.collections.id,
                    'email_pay_send_receipt': True,
                } for _number in range(count)
            ])
            payments.action_post()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.receipts()
            costs.append((self.cr.sql_log_count - before) / count)
            self.assertEqual(set(payments.mapped('email_pay_receipt_state')), {'outbox'})
        self.assertLessEqual(costs[1], costs[0])
