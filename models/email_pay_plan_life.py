import logging

from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..gateways import errors
from ..gateways.values import Status
from .locks import CONFLICTS
from .plan_values import LIVE

_logger = logging.getLogger(__name__)

SYNC = 'email_pay.ir_cron_sync_plans'


class EmailPayPlan(models.Model):
    """What becomes of a plan: charges, refusals, a document that changes, an end."""

    _inherit = 'email.pay.plan'

    problem = fields.Char(
        readonly=True, copy=False, help="Why the document no longer fits this plan.",
    )
    sync_at = fields.Datetime(
        string="Looked at Next on", readonly=True, copy=False, index='btree_not_null',
        help="When the gateway is asked, and the document is looked at.",
    )

    # === CHARGES === #

    def _take_confirmed(self, installment, was):
        """A payment collected `installment`, which was in the state `was`."""
        self.ensure_one()
        if was == 'cancelled':
            self._take_unexpected(installment)
        elif self.state == 'pending':
            self.write({'state': 'active', 'error': False})
        self._message_log(body=_(
            "Instalment %(number)s of %(amount)s was collected (%(reference)s).",
            number=installment.number, reference=installment.transaction_id.reference,
            amount=self.currency_id.format(installment.amount),
        ))
        self._finish_if_over()

    def _take_unexpected(self, installment):
        """Money came for what was cancelled: before the attempt could be stopped, or since the
        gateway charged all the same. What was paid wins."""
        if installment.number == 1 and self.state == 'cancelled' and self._revive():
            return
        self._need_person(
            _("A cancelled instalment was charged"),
            _("%(app)s charged instalment %(number)s, which was cancelled. The money is booked."
              " Make sure that nothing more is charged there, and pay back what is not yours.",
              app=self.provider_id.name, number=installment.number),
        )
        self._on_invoice_changed()

    def _revive(self):
        """Take up a plan that was cancelled before its first charge, unless another took its place.
        """
        live = Domain('state', 'in', LIVE) & Domain('id', '!=', self.id)
        if self.search_count(live & self._same_document(), limit=1):
            return False
        self.installment_ids.filtered(lambda line: not line.confirmed_at).write({
            'state': 'awaiting', 'reason': False,
        })
        self.state = 'active'
        self._live_link()
        self._need_person(
            _("A cancelled attempt was paid"),
            _("The customer made the first charge before the attempt could be cancelled. The plan"
              " goes on: press “Cancel the rest” if it should not."),
        )
        self._on_invoice_changed()
        return True

    def _same_document(self):
        """The domain of the plans that collect the same."""
        same_move = Domain('move_id', 'in', self.move_id.ids)
        if not self.order_id:
            return same_move
        return same_move | (
            Domain('order_model', '=', self.order_model) & Domain('order_id', '=', self.order_id))

    def _take_cancelled(self, lines):
        """The gateway will not charge `lines`."""
        self._need_person(
            _("%s cancelled charges", self.provider_id.name),
            _("%(app)s no longer charges %(count)s instalments of %(reference)s. What they would"
              " have brought is due on the document. See at %(app)s whether anything that was"
              " collected went back, and book that by hand.",
              app=self.provider_id.name, count=len(lines), reference=self.reference),
        )
        self._finish_if_over()

    def _finish_if_over(self):
        """Done when nothing is left that somebody could charge or pay."""
        for plan in self.filtered(lambda plan: plan.state in LIVE):
            if all(line.state in ('confirmed', 'cancelled') for line in plan.installment_ids):
                collected = any(plan.installment_ids.mapped('confirmed_at'))
                plan.write({
                    'state': 'done' if collected else 'cancelled', 'error': False,
                    'problem': False, 'sync_at': False,
                })
                plan._note(_("The recurring credit %s is finished.", plan.reference))

    def _note_dates(self, told):
        """The gateway's own dates of the charges."""
        dates = {charge.number: charge.due for charge in told.charges if charge.due}
        for line in self.installment_ids:
            if dates.get(line.number, line.due_date) != line.due_date:
                line.due_date = dates[line.number]

    # === THE DRAFT === #

    def _post_draft(self):
        """Post the draft before its first charge is booked, if it is still what the customer
        agreed to. Otherwise nothing is posted, and the money becomes the customer's credit."""
        self.ensure_one()
        move = self.move_id
        if not move or move.state != 'draft' or self._is_booked():
            return
        reason = self._problem_of(move)[1]
        if not reason:
            try:
                with self.env.cr.savepoint():
                    move.with_company(move.company_id).action_post()
                return
            except CONFLICTS:
                raise
            except Exception as error:
                _logger.info("%s: its draft could not be posted: %s", self.reference, error)
                reason = str(error)
        self._need_person(_("A draft was not posted"), _(
            "The first instalment was collected, and the draft was not posted: %s The money is"
            " booked as the customer's credit. Put the draft right, post it, and add the credit.",
            reason,
        ))
        self._on_invoice_changed()

    def _is_booked(self):
        """Whether anything that this plan collected is booked."""
        return bool(self.installment_ids.transaction_id.payment_id)

    # === THE DOCUMENT === #

    def _awaiting_amount(self):
        lines = self.installment_ids.filtered(lambda line: line.state == 'awaiting')
        return sum(lines.mapped('amount'))

    def _to_charge(self):
        """What is charged without a person's doing: what is awaited, and what is tried again."""
        again = self._installments('denied').filtered('next_attempt')
        return self._awaiting_amount() + sum(again.mapped('amount'))

    def _to_come(self):
        """What is awaited, beside what is on its way and is taken off what is open, too."""
        flying = self.move_id._email_pay_in_flight() if self.move_id else self._in_flight()
        waiting = self._installments('awaiting') - flying.email_pay_installment_id
        return sum(waiting.mapped('amount'))

    def _open_amount(self, besides):
        """What can be collected of the document by this plan, beside what the payments `besides` of
        it are to collect."""
        move = self.move_id
        if move.state == 'draft':
            return 0 if self._problem()[1] else self.amount
        if move.state != 'posted':
            return 0
        flying = move._email_pay_in_flight() - besides
        return (
            move.amount_residual - flying._email_pay_amount_for(move)
            - move._email_pay_without_entry()
        )

    def _in_flight(self):
        """The payments (sudo) of its instalments that may bring money which nothing shows yet."""
        transactions = self.env['payment.transaction'].sudo()
        return transactions.search(transactions._email_pay_in_flight_domain() & Domain(
            'email_pay_installment_id', 'in', self.installment_ids.ids))

    def _problem(self):
        """What of the document no longer fits this plan: what is to be done ('stop' charging,
        'tell' a person), and a sentence; both '' while it fits."""
        self.ensure_one()
        if not self._left():
            return '', ''
        if not self._document():
            return 'stop', _("The document was deleted.")
        return self._problem_of(self.move_id) if self.move_id else ('', '')

    def _problem_of(self, move):
        awaiting = self._to_charge()
        if move.state == 'cancel':
            return 'stop', _("The invoice was cancelled.")
        if move.currency_id != self.currency_id:
            return 'tell', _("The invoice is in another currency now.")
        if move.commercial_partner_id != self.partner_id.commercial_partner_id:
            return 'tell', _("The invoice belongs to another customer now.")
        if move.state == 'draft':
            return self._problem_of_draft(move)
        if self.currency_id.is_zero(move.amount_residual):
            return 'stop', _("Nothing is due on the invoice any more.")
        if self.currency_id.compare_amounts(move.amount_residual, awaiting) < 0:
            return 'tell', _(
                "%(due)s is due on the invoice, and %(awaiting)s is still to be charged. Cancel"
                " the plan, and collect what is due in another way.",
                due=self.currency_id.format(move.amount_residual),
                awaiting=self.currency_id.format(awaiting),
            )
        return '', ''

    def _problem_of_draft(self, move):
        if self._is_booked():
            return 'tell', _(
                "The invoice is a draft. What is charged meanwhile is booked as credit of the"
                " customer: post it, or press “Cancel the rest”."
            )
        if self.currency_id.compare_amounts(move.amount_total, self.amount):
            return 'tell', _(
                "The invoice is over %(total)s now, and the plan collects %(amount)s. Cancel the"
                " attempt, and collect it again.",
                total=self.currency_id.format(move.amount_total),
                amount=self.currency_id.format(self.amount),
            )
        return '', ''

    def _on_invoice_changed(self):
        """Look at the document again, as soon as this is committed: what follows may have to be
        told to a gateway."""
        live = self.sudo().filtered(lambda plan: plan.state in LIVE)
        if live:
            live.sync_at = fields.Datetime.now()
            self.env.ref(SYNC).sudo()._trigger()

    def _judge(self):
        """Do what the document asks for: stop, or tell a person."""
        self._give_up_settled()
        what, sentence = self._problem()
        if what == 'stop':
            self._stop(sentence)
        elif sentence != (self.problem or ''):
            self.problem = sentence
            self._no_attention()
            if sentence:
                self._need_person(_("A document changed while it is collected"), sentence)
            else:
                self._note(_("The document fits the recurring credit again."))

    def _give_up_settled(self):
        """Collect no more of what was refused, the oldest first, than the document has due beyond
        what is awaited: the rest was settled in another way."""
        move, denied = self.move_id, self._installments('denied')
        if not denied or move.state != 'posted' or move.currency_id != self.currency_id:
            return
        due = move.amount_residual - move._email_pay_without_entry()
        settled = sum(denied.mapped('amount')) + self._awaiting_amount() - due
        given_up = denied.browse()
        for line in denied - self._in_flight().email_pay_installment_id:
            if self.currency_id.compare_amounts(line.amount, settled) <= 0:
                settled -= line.amount
                given_up |= line
        self._give_up(given_up, _("What was refused is settled in another way."))
        self._finish_if_over()

    def _give_up(self, lines, reason):
        if cancelled := lines._cancel(reason):
            self._note(_(
                "%(count)s instalments are not collected any more. %(reason)s",
                count=len(cancelled), reason=reason,
            ))

    def _stop(self, reason):
        """Charge nothing more; where that fails, a person must."""
        try:
            with self.env.cr.savepoint():
                if self.state == 'pending':
                    self._stop_attempt(reason)
                else:
                    self._stop_rest(reason)
        except UserError as error:
            text = _("%(reason)s The charges to come could not be stopped: %(error)s",
                     reason=reason, error=error)
            if text != self.problem:
                self.problem = text
                self._need_person(_("Charges have to be stopped"), text)

    def _need_person(self, summary, note):
        """A note for whoever reads the plan or its document, and an activity for the responsible.
        """
        self._note(note)
        spoken = self.env['email.pay.portal']._speak(self)
        spoken._ask_attention(self.company_id, spoken, summary, note)

    # === CANCEL THE REST === #

    def action_cancel_rest(self):
        """Charge nothing more. What was paid stays paid; the rest is due on the document."""
        self._check_may_decide()
        for plan in self.sudo():
            plan._lock()
            if plan.state != 'active':
                raise UserError(_("Only the rest of an active plan can be cancelled."))
            plan._stop_rest(_("The rest was cancelled by %s.", self.env.user.name))
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def _stop_rest(self, reason):
        """:raises UserError: the gateway did not stop, or something is being charged right now."""
        if self.mode == 'integrated':
            self._stop_order()
        if self._in_flight().filtered(lambda tx: tx.state != 'done'):
            raise UserError(_("An instalment is being paid right now. Wait for its outcome."))
        self._give_up(self.installment_ids, reason)
        self._no_attention()
        self._finish_if_over()

    def _stop_order(self):
        """Tell the gateway to charge no more. It is asked first: what it charged meanwhile is
        booked, and what it stopped already is not stopped again, which would be a refund."""
        order = self._anchor()
        if not order:
            return
        self._check_app()
        gateway = order._email_pay_gateway()
        try:
            told = gateway.plan(order.reference)
            if told is None:
                return
            order._email_pay_apply_all(order._email_pay_events_of(told), 'query')
            waiting = [c for c in told.charges if c.event.status == Status.PENDING]
            if waiting and told.status == Status.DONE:
                rest = sum(charge.event.amount for charge in waiting)
                gateway.cancel_rest(order._email_pay_charged(), rest)
        except errors.UnknownOutcome as error:
            raise UserError(_(
                "%(app)s did not answer. Press “Refresh” in a minute to see whether it stopped."
                " (%(error)s)", app=self.provider_id.name, error=error,
            )) from error
        except errors.GatewayError as error:
            raise UserError(_(
                "%(app)s did not stop the charges: %(error)s",
                app=self.provider_id.name, error=error,
            )) from error
