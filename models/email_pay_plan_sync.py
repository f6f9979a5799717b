import logging

from odoo import _, api, fields, models

from ..gateways import REGISTRY
from .email_pay_attention import telling
from .locks import CONFLICTS
from .plan_values import LIVE, SYNC_AGAIN, SYNC_EVERY

_logger = logging.getLogger(__name__)


class EmailPayPlan(models.Model):
    """What is learned of a plan by asking: each day, and when a person presses *Refresh*."""

    _inherit = 'email.pay.plan'

    # === NOW === #

    def action_refresh(self):
        """Ask the gateway now; send the order again when it did not get it."""
        self._check_may_decide()
        open_ = self.env['payment.transaction'].sudo()
        for plan in self.sudo():
            plan._lock()
            open_ |= plan._ask_for_sent()
            plan._refresh()
        if left := open_.filtered(lambda tx: tx.state == 'pending')[:1]:
            return self._email_pay_notify(left._email_pay_still_unknown(), 'warning')
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def _refresh(self):
        if not self._sync():
            return
        living = self._attempts().filtered(lambda tx: tx._email_pay_checkout_lives())
        if self.state == 'pending' and self.mode == 'integrated' and not living:
            self._open()

    def _ask_for_sent(self):
        """Ask for each payment of an instalment that may have been made and has no outcome; the
        order of a plan is asked for by `_sync`.

        :return: those payments (sudo), whatever became of them.
        """
        sent = self._in_flight().filtered(lambda tx: tx._email_pay_may_be_made())
        for tx in sent.filtered(lambda tx: tx._email_pay_can_be_asked_for()):
            tx._email_pay_lock()
            tx._email_pay_ask_beside()
            tx._email_pay_book()
        return sent

    # === ASKING === #

    def _anchor(self):
        """The payment whose reference the order at the gateway has: the one that was paid, else the
        newest; none when nobody charges by himself."""
        attempts = self._attempts().filtered(lambda tx: tx._email_pay_is_order())
        return attempts.filtered(lambda tx: tx.state == 'done')[-1:] or attempts[-1:]

    def _sync(self):
        """Ask the gateway for this plan, and book what it collected.

        :return: False when it does not answer.
        """
        order = self._anchor()
        if order and self.provider_id._email_pay_has_credentials():
            order._email_pay_lock()
            if not order._email_pay_ask():
                return False
            order._email_pay_book()
        return True

    @api.model
    def _cron_sync(self):
        """Look at every plan whose time has come, a commit for each: at its document, and at what
        the gateway tells. A gateway that does not answer is asked in the next run."""
        due = self.search([('sync_at', '<=', fields.Datetime.now())], order='sync_at, id')
        silent = self.env['payment.provider']
        for number, plan in enumerate(due, 1):
            if plan.provider_id not in silent and not plan._sync_in_turn():
                silent |= plan.provider_id
            if not self.env['ir.cron']._commit_progress(1, remaining=len(due) - number):
                break

    def _sync_in_turn(self):
        """Look at this plan unless somebody else works on it; whether its gateway answered."""
        try:
            self.invalidate_recordset()
            if not self.try_lock_for_update() or not self.sync_at:
                return True
            spoken = self.env['email.pay.portal']._speak(self)
            if not spoken._sync():
                self.sync_at = fields.Datetime.now() + SYNC_AGAIN  # behind all others
                self.env.cr.flush()
                return False
            spoken._judge()
            live = self.state in LIVE
            again = live and (self.mode == 'integrated' or self.problem)
            self.sync_at = again and fields.Datetime.now() + SYNC_EVERY
            self.env.cr.flush()
        except CONFLICTS:
            self.env.cr.rollback()
        except Exception as error:
            _logger.exception("Plan %s could not be looked at", self.id)
            self.env.cr.rollback()
            self.sync_at = fields.Datetime.now() + SYNC_EVERY
            with telling(self.env.cr, "Nobody could be told of plan %s", self.id):
                self.env['email.pay.portal']._speak(self)._report_not_looked_at(error)
        return True

    def _report_not_looked_at(self, error):
        self._report_own_error(
            _("Plans at %s could not be looked at", self.provider_id.name),
            _("Odoo made an error (%(error)s) while it looked at %(reference)s: it does not know"
              " what %(app)s did, nor whether the document still fits. It looks again every day."
              " Show this to whoever looks after Odoo: other plans may have met the same error.",
              error=type(error).__name__, reference=self.reference, app=self.provider_id.name),
        )


class PaymentTransaction(models.Model):
    """Payments of instalments, asked for because a person wants to know."""

    _inherit = 'payment.transaction'

    def _email_pay_may_be_made(self):
        """Whether it was sent, or is paid on a gateway's page, and has no outcome."""
        if self._email_pay_is_order() or self._email_pay_is_claimed():
            return False
        return self.state == 'pending' or (
            self.state == 'draft' and bool(self.email_pay_checkout_until))

    def _email_pay_can_be_asked_for(self):
        return self.provider_code in REGISTRY and self.provider_id._email_pay_has_credentials()

    def _email_pay_still_unknown(self):
        """What a person reads who asked in vain."""
        values = {'app': self.provider_id.name, 'reference': self.reference}
        if self._email_pay_can_be_asked_for():
            return _("%(app)s does not tell yet what became of %(reference)s. Odoo asks again by"
                     " itself, and charges nothing twice.", **values)
        return _("Odoo cannot ask %(app)s what became of %(reference)s. If it does not tell by"
                 " itself, a person is asked to look it up there.", **values)
