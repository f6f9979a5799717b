import logging
import re
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command, api, fields
from odoo.tests import tagged

from odoo.addons.account_payment.models.payment_transaction import (
    PaymentTransaction as OdooTransaction,
)

from ..const import EVENT_BATCH
from ..models.account_move_notes import in_turns
from .common import EmailPayCommon

LOGGER = 'odoo.addons.email_pay.models.payment_booking'
SQL_PER_PAYMENT = 40

# Not `is_manually_modified`, which only vendor bills use: Odoo sets it when an invoice is paid, as
# if a person had changed it.
MOVE_FIELDS = (
    'move_type', 'state', 'date', 'ref', 'partner_id', 'commercial_partner_id', 'currency_id',
    'journal_id', 'company_id', 'payment_state', 'amount_total_signed', 'amount_residual',
    'invoice_currency_rate', 'partner_bank_id', 'posted_before', 'checked', 'auto_post',
    'fiscal_position_id', 'always_tax_exigible', 'made_sequence_gap', 'sequence_prefix',
    'invoice_user_id', 'status_in_payment',
)
LINE_FIELDS = (
    'name', 'account_id', 'partner_id', 'currency_id', 'amount_currency', 'balance', 'debit',
    'credit', 'date', 'date_maturity', 'display_type', 'sequence', 'amount_residual',
    'amount_residual_currency', 'reconciled', 'tax_ids', 'tax_line_id', 'tax_tag_ids',
    'analytic_distribution', 'journal_id', 'parent_state', 'company_id', 'no_followup',
)
PAYMENT_FIELDS = (
    'amount', 'currency_id', 'date', 'state', 'memo', 'partner_id', 'partner_type', 'payment_type',
    'journal_id', 'company_id', 'payment_method_line_id', 'payment_method_id', 'payment_token_id',
    'outstanding_account_id', 'destination_account_id', 'is_reconciled', 'is_matched', 'is_sent',
    'partner_bank_id', 'amount_company_currency_signed', 'paired_internal_transfer_payment_id',
)
MESSAGE_FIELDS = (
    'author_id', 'email_from', 'message_type', 'subtype_id', 'is_internal', 'subject', 'reply_to',
    'record_company_id', 'record_alias_domain_id', 'email_add_signature',
)
PARTIAL_FIELDS = (
    'amount', 'debit_amount_currency', 'credit_amount_currency', 'max_date', 'company_id',
    'debit_currency_id', 'credit_currency_id',
)


@tagged('post_install', '-at_install', 'email_pay_slow')
class TestBookingBatch(EmailPayCommon):
    """Many payments are booked together, exactly as Odoo books them one by one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.discount = cls.env['account.payment.term'].create({
            'name': "2% in 10 days", 'early_discount': True, 'discount_percentage': 2,
            'discount_days': 10, 'early_pay_discount_computation': 'included',
        })
        cls.foreign = cls.setup_other_currency(
            'CAD', rates=[('2016-01-01', 2.0), (fields.Date.today(), 4.0)]
        )

    # --- what there is to book --------------------------------------------------------------------

    def collected(self, invoice, amount=None, **values):
        """A transaction whose money came, and which is not booked yet."""
        transaction = self.start_payment(self.create_link(invoice), amount)
        transaction.write({'provider_reference': '4711', **values})
        transaction._set_done()
        return transaction

    def foreign_invoice(self, **values):
        return self._create_invoice_one_line(
            price_unit=80.0, name="Work", tax_ids=[], partner_id=self.customer,
            currency_id=self.foreign, post=True, **values,
        )

    def taxed_invoice(self, **values):
        tax = self.env['account.tax'].search([
            ('type_tax_use', '=', 'sale'), ('company_id', '=', self.company.id),
        ], limit=1)
        return self._create_invoice_one_line(
            price_unit=100.0, name="Work", tax_ids=tax, partner_id=self.customer,
            currency_id=self.company_currency, post=True, **values,
        )

    def book_together(self, transactions):
        self._as_worker(transactions)._email_pay_book()
        self.env.cr.flush()
        self.env.invalidate_all()

    def book_as_odoo(self, transaction):
        """Odoo's own post-processing, without ours."""
        OdooTransaction._post_process(self._as_worker(transaction))
        self.env.cr.flush()
        self.env.invalidate_all()

    def _as_worker(self, records):
        """As the jobs see them: nothing switches the chatter off."""
        return records.with_env(api.Environment(self.env.cr, SUPERUSER_ID, {}))

    # --- the same as Odoo's -----------------------------------------------------------------------

    def _cases(self):
        """What is paid, and how much of it, by name."""
        contact = self.env['res.partner'].create({'name': "Desk", 'parent_id': self.customer.id})
        return {
            "in full": (self.create_invoice, None),
            "a part": (self.create_invoice, 40.0),
            "with tax": (self.taxed_invoice, None),
            "a foreign currency, with an exchange difference": (
                lambda: self.foreign_invoice(invoice_date='2020-01-01'), None,
            ),
            "a part of a foreign currency": (
                lambda: self.foreign_invoice(invoice_date='2020-01-01'), 30.0,
            ),
            "an early payment discount": (
                lambda: self.create_invoice(invoice_payment_term_id=self.discount), 98.0,
            ),
            "an early payment discount with tax": (
                lambda: self.taxed_invoice(invoice_payment_term_id=self.discount), 'discount',
            ),
            "a contact of a company": (lambda: self.create_invoice(partner=contact), None),
            "followed by somebody who wants to know": (self._followed_invoice, None),
        }

    def test_twins_have_the_same_entries(self):
        cases = self._cases()
        stock, together, alone = {}, {}, {}
        for name, (make, amount) in cases.items():
            for twins in (stock, together, alone):
                invoice = make()
                asked = amount
                if amount == 'discount':
                    asked = invoice._get_invoice_next_payment_values()['amount_due']
                twins[name] = self.collected(invoice, asked)
        self.env.cr.flush()
        for transaction in stock.values():
            self.book_as_odoo(transaction)
        for discount in (True, False):
            self.book_together(self.env['payment.transaction'].concat(
                *(tx for name, tx in together.items() if ('discount' in name) == discount)
            ))
        for transaction in alone.values():
            self.book_together(transaction)
        for name in cases:
            for twins in (together, alone):
                with self.subTest(name, together=twins is together):
                    self.assertTrue(twins[name].payment_id)
                    self.assertEqual(self._booked(twins[name]), self._booked(stock[name]))

    def _followed_invoice(self):
        invoice = self.create_invoice()
        invoice.message_subscribe(self.env.user.partner_id.ids, subtype_ids=[
            self.env.ref('mail.mt_note').id, self.env.ref('account.mt_invoice_paid').id,
        ])
        return invoice

    def _booked(self, transaction):
        """All that a booking left, as plain values; what names the transaction is neutral."""
        payment, invoice = transaction.payment_id, transaction.invoice_ids
        partials = (
            payment.move_id.line_ids.matched_debit_ids | payment.move_id.line_ids.matched_credit_ids
        )
        neutral = {
            transaction.reference: 'TX', payment.name: 'PAY', invoice.name: 'INV',
        }
        booked = {
            'payment': self._values(payment, PAYMENT_FIELDS),
            'entry': self._values(payment.move_id, MOVE_FIELDS),
            'lines': self._lines(payment.move_id),
            'invoice': self._values(invoice, MOVE_FIELDS),
            'invoice lines': self._lines(invoice),
            'partials': [self._values(partial, PARTIAL_FIELDS) for partial in partials],
            'fully': bool(partials.full_reconcile_id),
            'exchange': [
                (self._values(move, MOVE_FIELDS), self._lines(move))
                for move in partials.exchange_move_id
            ],
            'reconciled': (
                payment.reconciled_invoice_ids == invoice, payment.invoice_ids == invoice,
                invoice.reconciled_payment_ids == payment,
            ),
            'chatter': [
                self._chatter(record) for record in (payment, payment.move_id, invoice)
            ],
            'done': transaction.is_post_processed,
        }
        return self._neutral(booked, neutral)

    def _neutral(self, value, names):
        if isinstance(value, dict):
            return {key: self._neutral(item, names) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._neutral(item, names) for item in value]
        if isinstance(value, str):
            for name, neutral in names.items():
                value = value.replace(name, neutral)
        return value

    def _values(self, record, names):
        values = {}
        for name in names:
            if name in record._fields:
                value = record[name]
                values[name] = value.ids if hasattr(value, 'ids') else value
        return values

    def _lines(self, move):
        lines = move.line_ids.sorted(lambda line: (line.account_id.id, line.balance))
        return [
            self._values(line, LINE_FIELDS) | {
                'matched': bool(line.matching_number),
                'in part': str(line.matching_number).startswith('P'),
            }
            for line in lines
        ]

    def _chatter(self, record):
        return [
            (
                self._values(message, MESSAGE_FIELDS), re.sub(r'\d+"', 'id"', message.body),
                bool(message.parent_id),
                message.notification_ids.res_partner_id.ids,
                [
                    (value.field_id.name, value.old_value_char, value.new_value_char)
                    for value in message.tracking_value_ids
                ],
            )
            for message in record.message_ids.sorted('id')
        ]

    # --- together ---------------------------------------------------------------------------------

    def test_two_payments_of_one_invoice_collect_once_and_the_rest_is_credit(self):
        invoice = self.create_invoice()
        first = self.collected(invoice)
        second = first.copy({'reference': f'{first.reference}-again'})
        second.write({'invoice_ids': [Command.set(invoice.ids)], 'provider_reference': '4712'})
        second._set_done()
        self.book_together(first + second)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(first.payment_id.reconciled_invoice_ids, invoice)
        self.assertTrue(first.payment_id.is_reconciled)
        self.assertFalse(self.activities(first.payment_id))
        self.assertFalse(second.payment_id.is_reconciled)
        self.assertIn("100.00", self.activities(second.payment_id).summary)

    def test_two_parts_of_one_invoice_are_both_matched(self):
        invoice = self.create_invoice()
        parts = self.collected(invoice, 40.0) + self.collected(invoice, 60.0)
        self.book_together(parts)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(invoice.reconciled_payment_ids, parts.payment_id)
        self.assertFalse(self.activities(parts.payment_id))

    def test_one_that_fails_does_not_keep_the_others(self):
        transactions = self.env['payment.transaction'].concat(
            *(self.collected(self.create_invoice()) for _number in range(12)),
            self.collected(self.foreign_invoice()),
            self.collected(self.create_invoice(), 40.0),
        )
        bad = transactions[7]
        with self._not_postable(bad), self.assertLogs(LOGGER, logging.ERROR) as logs:
            self.book_together(transactions)
        self.assertEqual(len(logs.records), 1)
        self.assertFalse(bad.payment_id)
        self.assertEqual(self.events().mapped('transaction_id'), bad)
        self.assertEqual(self.events().state, 'parked')
        self.assertEqual(len(transactions.payment_id), 13)
        self.assertEqual(
            self.env['account.payment'].search_count([
                ('payment_transaction_id', 'in', transactions.ids)
            ]), 13,
        )
        self.assertFalse(any((transactions - bad)[:12].invoice_ids.mapped('amount_residual')))

    def _not_postable(self, bad):
        """Odoo refuses to post one payment, as when a rule of another module forbids it."""
        post = type(self.env['account.payment']).action_post

        def action_post(payments):
            if bad in payments.payment_transaction_id:
                raise ValueError("The period is closed.")
            return post(payments)

        return patch.object(type(self.env['account.payment']), 'action_post', action_post)

    def test_what_is_not_plain_is_left_to_odoo(self):
        draft = self.collected(self.create_invoice())
        changed = draft.invoice_ids
        changed.button_draft()
        canceled = self.collected(self.create_invoice())
        canceled.invoice_ids.button_cancel()
        plain = self.collected(self.create_invoice())
        for transaction, expected in ((draft, False), (canceled, False), (plain, True)):
            self.assertEqual(bool(transaction._email_pay_is_plain()), expected)
        self.book_together(draft + canceled + plain)
        self.assertEqual(changed.state, 'draft')
        self.assertFalse(draft.payment_id.is_reconciled)
        self.assertFalse(canceled.payment_id.is_reconciled)

    def test_a_module_with_its_own_booking_is_respected(self):
        seen = []

        def create_payment(transaction, **values):
            seen.append(transaction)
            return create(transaction, **values)

        create = OdooTransaction._create_payment
        create_payment._module = 'other'
        transactions = self.collected(self.create_invoice()) + self.collected(self.create_invoice())
        self.assertFalse(transactions._email_pay_foreign_booking())
        with (
            patch.object(OdooTransaction, '_create_payment', create_payment),
            patch.object(OdooTransaction, '_module', 'other'),
        ):
            self.assertTrue(transactions._email_pay_foreign_booking())
            self.book_together(transactions)
        self.assertEqual(seen, list(transactions))
        self.assertEqual(len(transactions.payment_id), 2)

    def test_odoos_own_job_books_a_backlog_together(self):
        transactions = self.env['payment.transaction'].concat(
            *(self.collected(self.create_invoice()) for _number in range(3))
        )
        with self.own_cursor() as env:
            env['payment.transaction'].browse(transactions.ids)._cron_post_process()
        self.assertEqual(len(transactions.payment_id), 3)

    def test_turns_keep_the_order_and_never_share(self):
        self.assertEqual(in_turns("abcabca", lambda item: item), [
            ['a', 'b', 'c'], ['a', 'b', 'c'], ['a'],
        ])
        pairs = [{1}, {1, 2}, {2}, {3}, {1}]
        self.assertEqual(in_turns(pairs, lambda item: item), [
            [{1}, {3}], [{1, 2}], [{2}, {1}],
        ])

    # --- how many questions to the database -------------------------------------------------------

    def test_a_backlog_costs_few_statements(self):
        self._backlog(3)
        self.process_events()  # what is read once for all
        count = 2 * EVENT_BATCH
        events = self._backlog(count)
        before = self.env.cr.sql_log_count
        self.process_events()
        statements = self.env.cr.sql_log_count - before
        self.assertEqual(set(events.mapped('state')), {'done'})
        self.assertEqual(len(events.transaction_id.payment_id), count)
        self.assertLessEqual(statements / count, SQL_PER_PAYMENT)

    def _backlog(self, count):
        """Notifications of payments, stored and not processed."""
        values = []
        for number in range(count):
            transaction = self.start_payment(self.create_link(self.create_invoice()))
            body = self.sale_event(transaction, transaction_id=str(9000 + number))
            values.append({
                'provider_id': self.credicorp.id, 'key': f'backlog-{transaction.id}',
                'body': body.decode(), 'headers': '{}', 'reference': transaction.reference,
            })
        return self.env['email.pay.event'].sudo().create(values)
