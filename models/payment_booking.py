import logging
from datetime import timedelta

import psycopg2

from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .locks import CONFLICTS, locked_ids

_logger = logging.getLogger(__name__)


class PaymentTransaction(models.Model):
    """Booked once, told once: what Odoo's own post-processing books, and who hears of it."""

    _inherit = 'payment.transaction'

    email_pay_receipt_at = fields.Datetime(
        string="Receipt Sent on", readonly=True, copy=False,
        help="When the receipt was put in the outbox. One receipt per payment.",
    )

    def _post_process(self):
        """Override of `payment`: one at a time for each transaction, so that the customer's page,
        the worker and Odoo's own cron never book it twice."""
        self._email_pay_prepare_returns()
        todo = self._email_pay_lock_unprocessed()
        collected = todo.filtered(lambda tx: tx.state == 'done' and not tx.payment_id)
        released = collected._email_pay_release_changed()
        result = super(PaymentTransaction, todo)._post_process()
        todo._email_pay_finish_returns()
        for tx in todo.filtered(lambda tx: tx.state == 'done' and tx.payment_id):
            self.env['email.pay.event'].sudo()._note_booked(tx)
            if tx.invoice_ids or tx.email_pay_link_id or tx in released:
                tx._email_pay_report_credit()
                tx._email_pay_send_receipt()
        return result

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
        for tx in todo:
            try:
                if tx.state == 'done':
                    tx._email_pay_book()
                else:
                    tx._post_process()
                self.env['ir.cron']._commit_progress(1)
            except psycopg2.OperationalError:
                self.env.cr.rollback()  # somebody else works on it

    def _email_pay_book(self):
        """Book what was collected. What cannot be booked is shown to a person, and stays collected.

        :raises psycopg2.OperationalError: somebody else works on it; the caller repeats.
        """
        if self.state != 'done' or self.is_post_processed:
            return
        try:
            with self.env.cr.savepoint():
                self._post_process()
        except CONFLICTS:
            raise
        except Exception as error:
            _logger.exception("Transaction %s could not be booked", self.reference)
            self.env['email.pay.event'].sudo()._park_booking(self, str(error))

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

    def _email_pay_report_credit(self):
        """Tell the accountant of money that no invoice needed; it stays the customer's credit."""
        self.ensure_one()
        self = self.env['email.pay.portal']._speak(self)
        receivable = self.payment_id.move_id.line_ids.filtered(
            lambda line: line.account_id == self.payment_id.destination_account_id
        )
        credit = -sum(receivable.mapped('amount_residual_currency'))
        if self.currency_id.compare_amounts(credit, 0) <= 0:
            return
        portal = self.env['email.pay.portal']._for_company(self.company_id)
        self.payment_id.activity_schedule(
            'email_pay.mail_activity_attention',
            summary=_("Customer credit of %s", self.currency_id.format(credit)),
            note=_(
                "The online payment %(reference)s brought more than was still due. %(credit)s is"
                " booked as credit of %(customer)s: use it for another invoice, or pay it back.",
                reference=self.reference, credit=self.currency_id.format(credit),
                customer=self.partner_id.commercial_partner_id.display_name,
            ),
            user_id=portal._attention_user().id,
        )

    # === RECEIPT === #

    def _email_pay_send_receipt(self):
        """Put the customer's receipt in the outbox, once, with a copy to the company's address."""
        self.ensure_one()
        portal = self.env['email.pay.portal']._for_company(self.company_id)
        if self.email_pay_receipt_at or not portal.enabled:
            return
        if self.amount <= 0:  # a refund
            return
        self.email_pay_receipt_at = fields.Datetime.now()
        template = self.env.ref('email_pay.mail_template_receipt').sudo()
        if self._email_pay_receipt_address():
            template.send_mail(self.id, email_layout_xmlid='email_pay.mail_layout')
        else:
            self.payment_id.message_post(body=_("No receipt was sent: the customer has no e-mail."))
        if portal.notification_email:
            template.send_mail(
                self.id, email_layout_xmlid='email_pay.mail_layout',
                email_values={'email_to': portal.notification_email, 'recipient_ids': []},
            )
        self.env.ref('mail.ir_cron_mail_scheduler_action')._trigger()

    def _email_pay_receipt_address(self):
        """Where the receipt goes: the address of the link that was paid, else the customer's."""
        return self.email_pay_link_id.email or self.partner_email

    def _email_pay_sender(self):
        portal = self.env['email.pay.portal']._for_company(self.company_id)
        return portal.email_from or self.company_id.email_formatted

    def _email_pay_remaining(self):
        """What is still due on the documents of this payment, in its currency."""
        return sum(
            self.invoice_ids.filtered(lambda move: move.state == 'posted').mapped('amount_residual')
        )
