import logging

import psycopg2

from odoo import _, api, fields, models
from odoo.tools import SQL

from ..const import MAIL_BATCH
from .locks import CONFLICTS, locked_ids

_logger = logging.getLogger(__name__)


class PaymentTransaction(models.Model):
    """Told once: the receipt, which a job of its own puts in the outbox after the booking."""

    _inherit = 'payment.transaction'

    email_pay_receipt_due = fields.Boolean(
        string="Receipt Due", readonly=True, copy=False,
        help="The payment is booked, and its receipt is about to be sent.",
    )
    email_pay_receipt_at = fields.Datetime(
        string="Receipt Sent on", readonly=True, copy=False,
        help="When the receipt was put in the outbox. One receipt per payment.",
    )

    _email_pay_receipts_due = models.Index("(id) WHERE email_pay_receipt_due IS TRUE")

    def _email_pay_plan_receipts(self):
        """Mark booked payments for a receipt, and wake who sends it when this is committed."""
        due = self.filtered(lambda tx: tx._email_pay_wants_receipt())
        for company, transactions in due.grouped('company_id').items():
            if self.env['email.pay.portal']._for_company(company).enabled:
                transactions.email_pay_receipt_due = True
        if any(due.mapped('email_pay_receipt_due')):
            self.env.ref('email_pay.ir_cron_send_receipts')._trigger()

    def _email_pay_told_refunds(self):
        """The refunds of which customers are told; who disputes a payment knows it."""
        return self.filtered(
            lambda tx: tx.operation == 'refund' and tx.email_pay_return != 'chargeback'
            and (tx.source_transaction_id.invoice_ids or tx.source_transaction_id.email_pay_link_id)
        )

    def _email_pay_wants_receipt(self):
        return self.amount and not (self.email_pay_receipt_due or self.email_pay_receipt_at)

    @api.model
    def _email_pay_cron_receipts(self, limit=MAIL_BATCH):
        """Send the receipts that are due, a commit per batch. One that a crash or another worker
        interrupts is still due; one that is committed is not."""
        while True:
            try:
                due = self._email_pay_take_due_receipts(limit)
                for tx in due:
                    tx._email_pay_try_receipt()
                self.env.cr.flush()
            except psycopg2.OperationalError:
                self.env.cr.rollback()  # somebody else changed one of them
                continue
            if not due:
                break
            self.env.ref('mail.ir_cron_mail_scheduler_action')._trigger()
            remaining = self.search_count([('email_pay_receipt_due', '=', True)])
            if not self.env['ir.cron']._commit_progress(len(due), remaining=remaining):
                break

    @api.model
    def _email_pay_take_due_receipts(self, limit):
        """Payments whose receipt is due, locked. Those that somebody has, as the customer's status
        page for a moment, come last and are waited for: nothing else would wake this job again."""
        self.env.invalidate_all()
        due = SQL(
            "SELECT id FROM payment_transaction WHERE email_pay_receipt_due IS TRUE ORDER BY id"
            " LIMIT %s FOR NO KEY UPDATE", limit,
        )
        free = locked_ids(self.env.cr, SQL("%s SKIP LOCKED", due))
        return self.browse(free or locked_ids(self.env.cr, due))

    def _email_pay_try_receipt(self):
        """Send a receipt, or say why there is none."""
        try:
            with self.env.cr.savepoint():
                self._email_pay_send_receipt()
        except CONFLICTS:
            raise
        except Exception as error:
            _logger.exception("The receipt of %s could not be written", self.reference)
            self.email_pay_receipt_due = False
            self.env['email.pay.portal']._speak(self)._email_pay_report_receipt(str(error))

    def _email_pay_send_receipt(self):
        """Put the customer's receipt in the outbox, once, with a copy to the company's address."""
        self.ensure_one()
        self.write({
            'email_pay_receipt_due': False, 'email_pay_receipt_at': fields.Datetime.now(),
        })
        portal = self.env['email.pay.portal']._for_company(self.company_id)
        template = self._email_pay_receipt_template()
        if self._email_pay_receipt_address():
            template._email_pay_send(self)
        else:
            self.payment_id.message_post(body=_("No receipt was sent: the customer has no e-mail."))
        if portal.notification_email:
            template._email_pay_send(self, email_to=portal.notification_email, recipient_ids=[])

    def _email_pay_mail_refused(self, mail, reason):
        """The mail server of the company would not take the receipt."""
        self.env['email.pay.portal']._speak(self)._email_pay_report_refused(mail.email_to, reason)

    def _email_pay_report_refused(self, address, reason):
        self.env['email.pay.attention']._ask_attention(
            self.company_id, self.payment_id, _("A receipt was not sent"),
            _("The receipt of %(reference)s to %(address)s was not sent. Correct the address, and"
              " tell the customer. %(reason)s",
              reference=self.reference, address=address, reason=reason),
        )

    def _email_pay_report_receipt(self, reason):
        self.env['email.pay.attention']._ask_attention(
            self.company_id, self.payment_id, _("No receipt was sent"),
            _("The receipt of %(reference)s could not be written: %(reason)s. Correct the e-mail"
              " template “Email Pay: payment receipt”, and tell the customer.",
              reference=self.reference, reason=reason),
        )

    def _email_pay_receipt_address(self):
        """Where the receipt goes: the address of the link that was paid, else the customer's."""
        link = (self.source_transaction_id or self).email_pay_link_id
        return link.email or self.partner_email

    def _email_pay_receipt_template(self):
        name = 'mail_template_refund' if self.operation == 'refund' else 'mail_template_receipt'
        return self.env.ref(f'email_pay.{name}').sudo()

    def _email_pay_sender(self):
        portal = self.env['email.pay.portal']._for_company(self.company_id)
        return portal.email_from or self.company_id.email_formatted
