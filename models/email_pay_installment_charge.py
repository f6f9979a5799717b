import json
import logging
from datetime import timedelta

import psycopg2

from odoo import _, api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import CHARGING_BATCH
from .account_move_notes import Notes
from .locks import CONFLICTS, locked_ids

_logger = logging.getLogger(__name__)

# After so many minutes, what was claimed and not sent is of a worker that is no more.
CLAIM_MINUTES = 10
# What cannot be charged now, since its document changed, a customer is paying it, or Odoo made an
# error.
PUT_OFF = timedelta(hours=1)

# What is to be charged. Each of the ways to be due has an index of its own, which gives the next of
# many in order: as long as PostgreSQL sees that they are many. What it would have to guess of other
# tables is therefore no join.
DUE = """
      FROM email_pay_installment line
      JOIN email_pay_plan plan ON plan.id = line.plan_id
     WHERE line.mode = 'token' AND line.provider_id = ANY(%(apps)s) AND %(way)s
"""
# Its day has begun where the company is.
FELL_DUE = """
    plan.state = 'active' AND line.due_date <= %(latest)s
    AND line.due_date <= (%(days)s::jsonb ->> line.company_id::text)::date
"""
# The customer gave a card, with which Odoo makes the first charge; one that the customer made, and
# that came to nothing, is not made again.
BEGAN = """
    plan.state = 'pending' AND plan.token_id IS NOT NULL AND line.number = 1
    AND (line.transaction_id IS NULL OR (
        SELECT operation = 'offline' FROM payment_transaction WHERE id = line.transaction_id))
"""
NOT_CHARGED = """
    AND line.state = 'awaiting' AND (line.next_attempt IS NULL OR line.next_attempt <= %(now)s)
    AND (line.transaction_id IS NULL OR (
        SELECT state IN ('error', 'cancel')
            OR (state = 'pending' AND operation = 'offline' AND email_pay_ask_at IS NULL
                AND last_state_change < %(left)s)
          FROM payment_transaction WHERE id = line.transaction_id))
"""
REFUSED = """
    plan.state = 'active' AND line.state = 'denied'
    AND line.next_attempt IS NOT NULL AND line.next_attempt <= %(now)s
"""
WAYS = (FELL_DUE + NOT_CHARGED, BEGAN + NOT_CHARGED, REFUSED)


class EmailPayInstallment(models.Model):
    """Charged by Odoo with the saved card, once, by any number of workers at a time.

    What is due gets a payment that is pending, and then is charged (see `payment_saved_card`). The
    reference of that payment stays the same until the bank has refused it.
    """

    _inherit = 'email.pay.installment'

    _due_to_charge = models.Index(
        "(due_date, id) WHERE mode = 'token' AND state = 'awaiting'")
    _denied_to_charge = models.Index(
        "(next_attempt) WHERE mode = 'token' AND state = 'denied' AND next_attempt IS NOT NULL")

    @api.model
    def _cron_charge(self, limit=CHARGING_BATCH):
        """Charge what is due, in batches. A gateway that takes no charge now keeps no other
        waiting; what was left is charged by a later run."""
        away, left = self.env['payment.provider'], 0
        while True:
            try:
                lines, charges = self._claim_due(limit, away)
                self.env.cr.flush()
            except psycopg2.OperationalError:
                self.env.cr.rollback()  # somebody else works on one of them
                continue
            if not lines:
                break
            # What other workers take meanwhile is seen when nothing seems to be left.
            left = max(left - len(lines), 0) or self._count_due(away)
            self.env['ir.cron']._commit_progress(len(lines), remaining=left)
            away |= charges._email_pay_charge_cards()
            if not self.env['ir.cron']._commit_progress(remaining=left):
                break

    # === WHAT IS DUE === #

    @api.model
    def _due(self, way, away):
        """The part of a query that says what is due, except for the apps that are `away`."""
        now, days = fields.Datetime.now(), self._days()
        apps = self.env['payment.provider'].sudo().search([('state', '!=', 'disabled')]) - away
        way = SQL(
            way, now=now, left=now - timedelta(minutes=CLAIM_MINUTES), days=json.dumps(days),
            latest=max(days.values()),
        )
        return SQL(DUE, way=way, apps=apps.ids)

    @api.model
    def _days(self):
        """What day it is where each company is, by its id."""
        now = fields.Datetime.now()
        return {
            company.id: fields.Datetime.context_timestamp(
                company.with_context(tz=company.partner_id.tz or 'UTC'), now).date().isoformat()
            for company in self.env['res.company'].sudo().search([])
        }

    @api.model
    def _count_due(self, away):
        return sum(
            self.env.execute_query(SQL("SELECT count(*) %s", self._due(way, away)))[0][0]
            for way in WAYS
        )

    @api.model
    def _claim_due(self, limit, away):
        """Take what is due next and nobody else has: the instalments, and the payments by which
        they are still to be charged."""
        self.env.invalidate_all()
        lines = self.browse()
        for way in WAYS:
            lines = lines or self.browse(locked_ids(self.env.cr, SQL(
                "SELECT line.id %s ORDER BY line.due_date, line.id LIMIT %s"
                " FOR UPDATE OF line SKIP LOCKED", self._due(way, away), limit,
            )))
        return lines, lines._claim()

    # === CLAIM === #

    def _claim(self):
        """The payments by which these instalments, which are locked, are to be charged now. One
        that fails is put off, and does not keep the others from being charged.

        :raises psycopg2.OperationalError: somebody else works on one of them.
        """
        try:
            with self.env.cr.savepoint():
                return self._claim_together()
        except CONFLICTS:
            raise
        except Exception as error:
            if len(self) > 1:
                half = len(self) // 2
                return self[:half]._claim() | self[half:]._claim()
            _logger.exception("Instalment %s could not be claimed", self.id)
            told = bool(self.next_attempt)
            self.env['email.pay.portal']._speak(self)._put_off_broken(type(error).__name__, told)
            return self.env['payment.transaction'].sudo()

    def _claim_together(self):
        with Notes.of(self.env) as notes:
            self = self.with_env(notes.env)
            self.plan_id._lock()
            self.plan_id._lock_documents()
            carded = self.filtered(lambda line: line._card())
            (self - carded)._refuse_without_card()
            lines = carded._collectable()
            (carded - lines)._put_off()
            # The plan tells a person what is wrong with its document.
            (carded - lines).plan_id._on_invoice_changed()
            lines.write({
                'state': 'awaiting', 'reason': False, 'next_attempt': False, 'notice_due': False,
            })
            return lines._charges()

    def _card(self):
        """The saved card with which it is charged; empty when there is none any more."""
        return self.plan_id.token_id.filtered('active')

    def _refuse_without_card(self):
        self.transaction_id.sudo()._email_pay_withdraw()
        begun = self.filtered(lambda line: line.plan_id.state == 'active')
        (self - begun).plan_id.token_id = False  # the customer begins again
        for line in begun:
            line._deny(line._in_customers_language().env._(
                "The saved card was removed. Please pay with another card."
            ))
        for line in begun.filtered('next_attempt'):  # refused before: the customer knows
            line._plan_retry(None)

    def _in_customers_language(self):
        return self.with_context(lang=self.partner_id.lang or self.env.lang)

    def _collectable(self):
        """Those that nobody is paying, and for which, one after the other, enough is still due on
        the document."""
        transactions = self.env['payment.transaction'].sudo()
        claimed = self.transaction_id
        flying = transactions.search(transactions._email_pay_in_flight_domain() & Domain(
            'email_pay_installment_id', 'in', self.ids)) - claimed
        rooms = {plan: plan._open_amount(claimed) for plan in self.plan_id}
        return self.browse([
            line.id for line in self - flying.email_pay_installment_id if line._take_room(rooms)
        ])

    def _take_room(self, rooms):
        """Take this instalment off what can still be collected by each plan; tell whether it was
        enough."""
        room = rooms[self.plan_id]
        if self.currency_id.compare_amounts(self._needed(), room) > 0:
            return False
        rooms[self.plan_id] = room - self.amount
        return True

    def _put_off(self):
        """Look at them again soon."""
        self.next_attempt = fields.Datetime.now() + PUT_OFF

    def _put_off_broken(self, error, told):
        """An error of our own kept it from being charged, and may be mended by then.

        :param str error: its name.
        :param told: whether the notes of the plan tell it already.
        """
        self._put_off()
        app = self.provider_id.sudo()
        self.plan_id._report_own_error(
            _("Charges at %s could not be prepared", app.name),
            _("Odoo made an error (%(error)s) before instalment %(number)s of %(reference)s was"
              " charged. Nothing was sent to %(app)s, and it is tried again every hour. Show this"
              " to whoever looks after Odoo: other plans may have met the same error.",
              error=error, number=self.number, reference=self.plan_id.reference, app=app.name),
            told,
        )

    def _charges(self):
        """The payments of these instalments, pending: the ones that they have, or new ones."""
        lines = {line._charge_reference(): line for line in self}
        transactions = self.env['payment.transaction'].sudo()
        known = transactions.search([('reference', 'in', list(lines))])
        known._email_pay_claim_again()
        for tx in known.filtered(lambda tx: tx._email_pay_is_claimed()):
            tx.write(lines[tx.reference]._card_values())
        new = transactions.create([
            line._charge_values(reference) for reference, line in lines.items()
            if reference not in known.mapped('reference')
        ])
        new._set_pending()
        for tx in known | new:
            lines[tx.reference].transaction_id = tx
        return (known | new).filtered(lambda tx: tx.state == 'pending')

    def _charge_reference(self):
        """The same for every try to charge, until one of them was refused for good."""
        reference = f'{self.plan_id.reference}-{self.number}'
        return f'{reference}-{self.attempts + 1}' if self.attempts else reference

    def _charge_values(self, reference):
        return {**self._payment_values(reference), **self._card_values()}

    def _card_values(self):
        card = self._card()
        return {'payment_method_id': card.payment_method_id.id, 'token_id': card.id}

    # === WHAT NEED NOT BE CHARGED ANY MORE === #

    def _confirm(self, tx):
        """Override: nobody charges what another payment collected."""
        claimed = self.transaction_id.sudo() - tx
        super()._confirm(tx)
        claimed._email_pay_withdraw()

    def _cancel(self, reason):
        """Override: the same for what was cancelled."""
        cancelled = super()._cancel(reason)
        cancelled.transaction_id.sudo()._email_pay_withdraw()
        return cancelled
