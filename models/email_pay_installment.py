import logging

from odoo import _, api, fields, models
from odoo.fields import Command

from .email_pay_attention import telling
from .locks import CONFLICTS, hold
from .queues import work_off

_logger = logging.getLogger(__name__)


class EmailPayInstallment(models.Model):
    """One month of a plan: what is to be collected, and what became of it."""

    _name = 'email.pay.installment'
    _description = 'Instalment'
    _order = 'due_date, plan_id, number, id'
    _rec_name = 'number'

    plan_id = fields.Many2one(
        'email.pay.plan', required=True, readonly=True, index=True, ondelete='cascade',
    )
    number = fields.Integer(required=True, readonly=True, aggregator=None)
    amount = fields.Monetary(required=True, readonly=True)
    due_date = fields.Date(required=True, readonly=True, index=True)
    state = fields.Selection(
        [
            ('awaiting', "Awaiting"),
            ('confirmed', "Confirmed"),
            ('denied', "Denied"),
            ('cancelled', "Cancelled"),
        ],
        default='awaiting', required=True, readonly=True,
    )
    reason = fields.Char(
        readonly=True, help="Why it was not collected, in the customer's language.",
    )
    transaction_id = fields.Many2one(
        'payment.transaction', readonly=True, index='btree_not_null', ondelete='set null',
        help="By which it was collected, or was last tried to be.",
    )
    payment_id = fields.Many2one(related='transaction_id.payment_id', string="Payment")
    confirmed_at = fields.Datetime(string="Confirmed on", readonly=True)
    attempts = fields.Integer(string="Times Refused", readonly=True, aggregator=None)
    next_attempt = fields.Datetime(string="Tried Next on", readonly=True)
    notice_due = fields.Boolean(
        readonly=True, help="The customer is about to be told that it was refused.",
    )
    # The mail that told it.
    message_id = fields.Char(readonly=True, copy=False, index='btree_not_null')
    email = fields.Char(related='plan_id.link_id.email', string="E-mailed to")
    # Of the plan, for the report.
    company_id = fields.Many2one(related='plan_id.company_id', store=True, index=True)
    partner_id = fields.Many2one(related='plan_id.partner_id', store=True, index=True)
    currency_id = fields.Many2one(related='plan_id.currency_id', store=True)
    mode = fields.Selection(related='plan_id.mode', store=True)
    provider_id = fields.Many2one(related='plan_id.provider_id', store=True)
    move_id = fields.Many2one(related='plan_id.move_id', store=True, index='btree_not_null')

    _notices_due = models.Index("(id) WHERE notice_due IS TRUE")
    _number_unique = models.UniqueIndex('(plan_id, number)', "An instalment has its own number.")

    # === WHAT BECAME OF IT: THE ONE PLACE === #

    def _lock(self):
        hold(self)

    def _confirm(self, tx):
        """The payment `tx` (done) collected this instalment. The same again changes nothing; what
        another payment collected already becomes the customer's credit."""
        self.ensure_one()
        self._lock()
        if self.confirmed_at and self.transaction_id == tx:
            return
        if self.state == 'confirmed':
            self._take_surplus(tx)
            return
        was = self.state
        self.write({
            'state': 'confirmed', 'reason': False, 'transaction_id': tx.id,
            'confirmed_at': fields.Datetime.now(), 'next_attempt': False, 'notice_due': False,
        })
        self.plan_id._take_confirmed(self, was)

    def _confirm_by(self, tx, amount):
        """Confirm as many of these as `amount` of an ordinary payment covers, the oldest first."""
        for line in self.sorted('number'):
            if line.currency_id.compare_amounts(line.amount, amount) <= 0:
                amount -= line.amount
                line._confirm(tx)

    def _take_surplus(self, tx):
        """It was collected already: the money is booked for no invoice, and the activity of every
        credit tells a person (see `payment_booking`)."""
        tx.invoice_ids = [Command.clear()]
        self.plan_id._note(_(
            "Instalment %(number)s was collected by %(first)s, and then again by %(second)s:"
            " %(amount)s is booked as the customer's credit.",
            number=self.number, first=self.transaction_id.reference, second=tx.reference,
            amount=tx.currency_id.format(tx.amount),
        ))

    def _fail(self, tx):
        """The payment `tx` did not come. Of a plan that has not begun, the customer tries again;
        who tried to pay what was refused before sees it on the page."""
        self.ensure_one()
        if self.plan_id.state == 'pending':
            self.plan_id._take_failed(tx)
        elif self.plan_id.state == 'active' and self.state == 'awaiting':
            self._deny(tx.state_message, tx)

    def _deny(self, reason, tx=None, told=''):
        """It was not collected, for `reason` (in the customer's language). The customer is told
        once, with the link to pay it.

        :param told: the gateway's own words, for the accountant.
        """
        self._lock()
        for line in self.filtered(lambda line: line.state == 'awaiting'):
            line.write({
                'state': 'denied', 'reason': reason, 'attempts': line.attempts + 1,
                'notice_due': True, **({'transaction_id': tx.id} if tx else {}),
            })
            line.plan_id._note(_(
                "Instalment %(number)s was refused: %(reason)s",
                number=line.number, reason=' '.join(filter(None, (reason, told and f'({told})'))),
            ))
            self.env.ref('email_pay.ir_cron_tell_denied').sudo()._trigger()

    def _cancel(self, reason):
        """Nobody will charge it."""
        lines = self.filtered(lambda line: line.state in ('awaiting', 'denied'))
        lines._lock()
        lines.write({
            'state': 'cancelled', 'reason': reason, 'next_attempt': False, 'notice_due': False,
        })
        return lines

    def _cancel_by_gateway(self):
        if lines := self._cancel(_("The gateway cancelled it.")):
            lines.plan_id._take_cancelled(lines)

    def _take_refund(self, tx, refund):
        """Its payment `tx` went back, as a whole or in part."""
        self.ensure_one()
        left = tx._email_pay_left(tx._email_pay_refunds().filtered(lambda one: one.state == 'done'))
        if self.transaction_id == tx and tx.currency_id.compare_amounts(left, 0) <= 0:
            self.write({'state': 'cancelled', 'reason': _("It was paid back.")})
        self.plan_id._note(_(
            "%(amount)s of instalment %(number)s was paid back (%(reference)s). It is due on the"
            " document again, and the plan does not collect it.",
            amount=refund.currency_id.format(-refund.amount), number=self.number,
            reference=refund.reference,
        ))
        self.plan_id._finish_if_over()

    def _take_ordinary_refund(self, tx, refund):
        """The ordinary payment `tx`, by which these were settled after they had been refused, went
        back, as a whole or in part: what is left of it no longer covers the newest of them."""
        left = tx._email_pay_left(tx._email_pay_refunds().filtered(lambda one: one.state == 'done'))
        missing = sum(self.mapped('amount')) - left
        for line in self.sorted(lambda line: (line.due_date, line.number), reverse=True):
            if line.currency_id.compare_amounts(line.amount, missing) <= 0:
                missing -= line.amount
                line.write({'state': 'cancelled', 'reason': _("It was paid back.")})
        for plan, lines in self.grouped('plan_id').items():
            plan._need_person(_("A payment of instalments was paid back"), _(
                "%(amount)s of the payment %(reference)s was paid back, which had settled the"
                " refused instalments %(numbers)s. Look at what is due on the document: the plan"
                " does not collect it.", amount=refund.currency_id.format(-refund.amount),
                reference=tx.reference,
                numbers=', '.join(str(line.number) for line in lines.sorted('number')),
            ))
            plan._finish_if_over()

    # === WHAT IT TAKES === #

    def _needed(self):
        """How much must be due on the document for this to be collected."""
        self.ensure_one()
        plan = self.plan_id
        if self.state == 'denied':  # what is awaited goes first: this may be settled already
            return self.amount + plan._to_come()
        # The first charge begins all of them.
        return plan._awaiting_amount() if plan.state == 'pending' else self.amount

    # === TELLING THE CUSTOMER === #

    @api.model
    def _cron_tell(self):
        """Mail the customers whose instalments were refused, a commit each."""
        work_off(self, [('notice_due', '=', True)], lambda line: line._tell_denied())

    def _tell_denied(self):
        """Put the mail in the outbox, or say why there is none. What was paid, or is charged again,
        before its turn came, is not told."""
        self.notice_due = False
        if self.state != 'denied':
            return
        try:
            with self.env.cr.savepoint():
                self._send_denied()
        except CONFLICTS:
            raise
        except Exception as error:
            _logger.exception("The customer of instalment %s could not be told", self.id)
            with telling(self.env.cr, "Nobody could be told of instalment %s", self.id):
                self.plan_id._need_person(_("A customer was not told"), str(error))

    def _send_denied(self):
        plan = self.plan_id
        if not plan._email_pay_address():
            plan._need_person(
                _("A customer was not told"),
                _("Instalment %s was refused, and the customer has no e-mail. Share the link in"
                  " another way.", self.number),
            )
            return
        plan._live_link()
        template = self.env.ref('email_pay.mail_template_denied').sudo()
        mail = self.env['mail.mail'].sudo().browse(template._email_pay_send(self))
        self.message_id = mail.message_id
        self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger()
        plan._message_log(body=_(
            "The customer was told that instalment %s was refused.", self.number))

    def _email_pay_mail_refused(self, _addresses, reason, left=False):
        """No mail server would take the mail that it was refused."""
        self.plan_id._need_person(_("A customer was not told"), reason)

    def _record_bounce(self, reason):
        """That mail came back; several reports of it are told once."""
        for line in self:
            line.message_id = False
            line.plan_id._need_person(_("A customer was not told"), _(
                "The mail that instalment %(number)s was refused came back: %(reason)s",
                number=line.number, reason=reason))
