import logging
from datetime import timedelta

import psycopg2

from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every

from ..const import BOOKING_BATCH
from .account_move_notes import BOOKING, Notes, in_turns
from .locks import CONFLICTS, locked_ids

_logger = logging.getLogger(__name__)


class PaymentTransaction(models.Model):
    """Booked once: what Odoo's own post-processing books, and who hears of what it could not."""

    _inherit = 'payment.transaction'

    def _post_process(self):
        """Override of `payment`: one at a time for each transaction, so that the customer's page,
        the worker and Odoo's own cron never book it twice; many transactions together."""
        self._email_pay_prepare_returns()
        todo = self._email_pay_lock_unprocessed()
        released = todo._email_pay_release_changed()
        with Notes.of(self.env) as notes:
            self.env.cr.precommit.data[BOOKING] = notes
            for turn in in_turns(todo, lambda tx: tx._email_pay_moves().ids):
                transactions = notes.env[self._name].browse([tx.id for tx in turn])
                transactions._email_pay_create_payments()
                super(PaymentTransaction, transactions)._post_process()
        todo._email_pay_finish_returns()
        booked = todo.filtered(lambda tx: tx.state == 'done' and tx.payment_id)
        if booked:
            self.env['email.pay.event'].sudo()._note_booked(booked)
            told = released | booked.filtered(
                lambda tx: tx.invoice_ids or tx.email_pay_link_id or tx.email_pay_installment_id
            )
            told._email_pay_report_credits()
            (told | booked._email_pay_told_refunds())._email_pay_plan_receipts()

    def _create_payment(self, **extra_create_values):
        """Override of `account_payment`: say what is missing instead of what SQL says."""
        if not self.provider_id.journal_id:
            raise UserError(_("Choose the collection journal of %s.", self.provider_id.name))
        return super()._create_payment(**extra_create_values)

    def _cron_post_process(self):
        """Override of `payment`: what was collected is booked whenever that becomes possible, not
        only for four days, and what cannot be booked is shown instead of only logged."""
        since = fields.Datetime.now() - timedelta(days=4)
        todo = self or self.search([
            ('is_post_processed', '=', False), '|', ('state', '=', 'done'),
            ('last_state_change', '>=', since),
        ])
        collected = todo.filtered(lambda tx: tx.state == 'done')
        for ids in split_every(BOOKING_BATCH, collected.ids):
            self.browse(ids)._email_pay_book_and_commit()
        if others := (todo - collected).exists():
            super(PaymentTransaction, others)._cron_post_process()

    def _email_pay_book_and_commit(self):
        """Book together; one by one when somebody else works on one of them."""
        try:
            self._email_pay_book()
            self.env['ir.cron']._commit_progress(len(self))
        except psycopg2.OperationalError:
            self.env.cr.rollback()
            if len(self) > 1:
                for tx in self:
                    tx._email_pay_book_and_commit()

    def _email_pay_book(self):
        """Book what was collected. What cannot be booked is shown to a person, and stays collected.

        One that fails does not keep the others from being booked.

        :raises psycopg2.OperationalError: somebody else works on it; the caller repeats.
        """
        todo = self.filtered(lambda tx: tx.state == 'done' and not tx.is_post_processed)
        if not todo:
            return
        try:
            with Notes.of(self.env).savepoint():
                todo._post_process()
        except CONFLICTS:
            raise
        except Exception as error:
            if len(todo) > 1:
                half = len(todo) // 2
                todo[:half]._email_pay_book()
                todo[half:]._email_pay_book()
            else:
                _logger.exception("Transaction %s could not be booked", todo.reference)
                self.env['email.pay.event'].sudo()._park_booking(todo, str(error))

    def _email_pay_lock_unprocessed(self):
        """Wait for whoever post-processes the same transactions, and return those left to do."""
        if not self:
            return self
        self.flush_recordset(['is_post_processed'])
        ids = set(locked_ids(self.env.cr, SQL(
            "SELECT id FROM payment_transaction WHERE id IN %s AND is_post_processed IS NOT TRUE"
            " ORDER BY id FOR NO KEY UPDATE", tuple(self.ids),
        )))
        return self.filtered(lambda tx: tx.id in ids)

    # === WHAT WAS COLLECTED BEYOND WHAT WAS DUE === #

    def _email_pay_report_credits(self):
        """Tell the accountant of money that no invoice needed; it stays the customer's credit."""
        for tx in self:
            receivable = tx.payment_id.move_id.line_ids.filtered(
                lambda line, tx=tx: line.account_id == tx.payment_id.destination_account_id
            )
            credit = -sum(receivable.mapped('amount_residual_currency'))
            if tx.currency_id.compare_amounts(credit, 0) > 0:
                self.env['email.pay.portal']._speak(tx)._email_pay_report_credit(credit)

    def _email_pay_report_credit(self, credit):
        self.env['email.pay.attention']._ask_attention(
            self.company_id, self.payment_id,
            _("Customer credit of %s", self.currency_id.format(credit)),
            _("The online payment %(reference)s brought more than was still due. %(credit)s is"
              " booked as credit of %(customer)s: use it for another invoice, or pay it back.",
              reference=self.reference, credit=self.currency_id.format(credit),
              customer=self.partner_id.commercial_partner_id.display_name),
        )

    def _email_pay_remaining(self):
        """What is still due on the documents of this payment, in its currency."""
        if self.email_pay_allocation_ids:
            charges = self._email_pay_allocated_lines().filtered(lambda line: line.balance > 0)
            return sum(charges.mapped('amount_residual_currency'))
        return sum(
            self.invoice_ids.filtered(lambda move: move.state == 'posted').mapped('amount_residual')
        )
