import logging

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.base.models.ir_actions_report import _wkhtml

from ..const import MAIL_BATCH, REASON_LENGTH
from .email_pay_attention import telling
from .locks import CONFLICTS
from .queues import work_off

_logger = logging.getLogger(__name__)

STATES = [
    ('due', "Waiting"),
    ('outbox', "In the outbox"),
    ('sent', "Sent"),
    ('failed', "Not sent"),
    ('bounced', "Came back"),
]


class EmailPayReceipt(models.Model):
    """A mail that tells of a payment: due when the payment is posted, put in the outbox by a job of
    its own, and kept with what became of it. Odoo's own record of the mail is deleted when sent."""

    _name = 'email.pay.receipt'
    _description = 'Receipt or Payment Notice'
    _order = 'id desc'
    _rec_name = 'email'

    payment_id = fields.Many2one(
        'account.payment', required=True, readonly=True, index=True, ondelete='cascade',
    )
    company_id = fields.Many2one(related='payment_id.company_id', store=True)
    kind = fields.Selection(
        [('receipt', "Receipt"), ('refund', "Refund"), ('notice', "Notice to supplier")],
        required=True, readonly=True,
    )
    role = fields.Selection(
        [('first', "First"), ('again', "Sent again"), ('copy', "Copy for the company")],
        string="Reason", required=True, readonly=True, default='first',
    )
    state = fields.Selection(STATES, required=True, readonly=True, default='due')
    email = fields.Char(string="To", readonly=True)
    sent_at = fields.Datetime(
        string="Sent on", readonly=True, help="When the mail was put in the outbox, then when a"
        " mail server took it.",
    )
    server = fields.Char(string="Mail Server", readonly=True)
    answer = fields.Char(
        readonly=True, help="What the mail server answered, or why nothing was sent.",
    )
    mail_id = fields.Many2one('mail.mail', readonly=True, index='btree_not_null')
    message_id = fields.Char(readonly=True, index='btree_not_null')

    _once = models.UniqueIndex(
        "(payment_id) WHERE role = 'first'", "This payment has a receipt already.",
    )
    _due = models.Index("(id) WHERE state = 'due'")

    # === QUEUED === #

    @api.model
    def _queue(self, payments, role):
        """Let the job send one mail for each of these payments, once this is committed."""
        if payments:
            self.sudo().create([{
                'payment_id': payment.id, 'company_id': payment.company_id.id,
                'kind': payment._email_pay_receipt_kind(), 'role': role,
            } for payment in payments])
            self.env.ref('email_pay.ir_cron_send_receipts').sudo()._trigger()

    @api.model
    def _cron_send(self):
        """Send the receipts that are due, a commit per batch."""
        work_off(
            self, [('state', '=', 'due')], lambda due: due._send_all(), limit=MAIL_BATCH)

    # === SENT === #

    def _send_all(self):
        self = self.with_context(email_pay_pdfs={})
        if _wkhtml().is_patched_qt:
            self._draw_together()
        for receipt in self:
            receipt._try()
        self.env.ref('mail.ir_cron_mail_scheduler_action')._trigger()

    def _draw_together(self):
        """Make the PDFs of all at once, see `ir.actions.report`, which the usual build of the
        program that draws them can. Where that fails, each is made with its own mail, and whose
        fault it was is told there."""
        for receipts in self.grouped('kind').values():
            try:
                with self.env.cr.savepoint():
                    for report in receipts[:1]._template().report_template_ids:
                        report._pre_render_qweb_pdf(report, receipts.payment_id.ids)
            except CONFLICTS:
                raise
            except Exception:
                _logger.info("Receipts are drawn one by one", exc_info=True)

    def _try(self):
        """Send a receipt, or say why there is none."""
        try:
            with self.env.cr.savepoint():
                self._send()
        except CONFLICTS:
            raise
        except Exception as error:
            _logger.exception("The receipt of %s could not be written", self.payment_id.name)
            reason = str(error)[:REASON_LENGTH]
            self.write({'state': 'failed', 'answer': reason})
            with telling(self.env.cr, "Nobody could be told of receipt %s", self.id):
                self.env['email.pay.portal']._speak(self)._report(reason)

    def _send(self):
        """Put the mail in the outbox, and that of the first one for the company's own address."""
        self.ensure_one()
        if not self.payment_id._email_pay_is_posted():
            self.unlink()  # taken back before it was told: told when it is posted again
            return
        if self.payment_id._email_pay_receipt_address():
            self._put_in_outbox()
        else:
            self._give_up()
        portal = self.env['email.pay.portal']._for_company(self.company_id)
        if portal.notification_email and self.role == 'first' and self.kind != 'notice':
            copy = self.copy({'role': 'copy'})
            copy._put_in_outbox(email_to=portal.notification_email, recipient_ids=[])

    def _put_in_outbox(self, **email_values):
        payment = self.payment_id
        mail_id = self._template()._email_pay_send(
            payment, payment._email_pay_purpose(), **email_values)
        mail = self.env['mail.mail'].browse(mail_id)
        self.write({
            'state': 'outbox', 'mail_id': mail.id, 'message_id': mail.message_id,
            'email': mail.email_to or ', '.join(mail.recipient_ids.mapped('email')),
            'sent_at': fields.Datetime.now(), 'answer': False,
        })

    def _template(self):
        """:raises UserError: somebody deleted it."""
        name = f'email_pay.mail_template_payment_{self.kind}'
        if template := self.env.ref(name, raise_if_not_found=False):
            return template.sudo()
        raise UserError(_("The e-mail template is missing: update Email Pay in Apps."))

    def _give_up(self):
        payment = self.env['email.pay.portal']._speak(self.payment_id)
        reason = payment._email_pay_no_address()
        self.write({'state': 'failed', 'answer': reason})
        payment.message_post(body=payment.env._("No receipt was sent: %s", reason))

    def _report(self, reason):
        self.env['email.pay.attention']._ask_attention(
            self.company_id, self.payment_id, _("No receipt was sent"),
            _("The mail about %(payment)s could not be written. Correct its e-mail template, one of"
              " those of Email Pay, and press “Resend” on the payment. %(reason)s",
              payment=self.payment_id.name, reason=reason),
        )

    def _take_back(self):
        """The payment is not posted any more: what has not left does not, and is told when the
        payment is posted again."""
        waiting = self.filtered(lambda receipt: receipt.mail_id.state == 'outgoing')
        waiting.mail_id.cancel()
        unwritten = self.filtered(
            lambda receipt: receipt.state in ('due', 'failed') and not receipt.message_id)
        (waiting | unwritten).unlink()

    # === WHAT BECAME OF IT === #

    def _record_delivery(self, state, server, answer):
        """Note what the mail server answered."""
        self.write({
            'state': state, 'server': server, 'answer': answer, 'sent_at': fields.Datetime.now(),
        })

    def _record_bounce(self, reason):
        self.write({'state': 'bounced', 'answer': reason})
        for payment in self.payment_id:
            payment._message_log(body=payment.env._(
                "The mail about this payment came back: %s", reason))
