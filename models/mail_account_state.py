from datetime import timedelta

from odoo import _, fields, models
from odoo.tools import SQL

from .email_pay_attention import telling
from .locks import free_ids
from .mail_account_words import explain
from .mail_retry import tries_within

# A failure that goes away by itself is told when it has not done so for this long.
PATIENCE = timedelta(minutes=15)


class IrMailServer(models.Model):
    """Whether a mail account works, and whom that concerns."""

    _inherit = 'ir.mail_server'

    def _email_pay_take(self):
        """Whether the account can be written to now. If not, the next one does it: mails that have
        left must not be forgotten because of a note."""
        self.flush_recordset()
        query = SQL(
            "SELECT id FROM ir_mail_server WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED", self.id)
        taken = bool(free_ids(self.env.cr, query))
        if taken:
            self.invalidate_recordset()
        return taken

    def _email_pay_tested(self):
        """The account works: nobody has to look any more, and what waits leaves."""
        if self.email_pay_failing_since:
            self._no_attention()
            self._email_pay_release()
        self.write({
            'email_pay_tested_at': fields.Datetime.now(), 'email_pay_failing_since': False,
            'email_pay_failure': False, 'email_pay_told': False,
        })

    def _email_pay_note_success(self):
        """After mails left: note it, once a day, and that a failure is over."""
        now = fields.Datetime.now()
        recent = self.email_pay_tested_at and self.email_pay_tested_at > now - timedelta(days=1)
        if (self.email_pay_failing_since or not recent) and self._email_pay_take():
            self._email_pay_tested()

    def _email_pay_note_failure(self, problem, lasting=False):
        """After mails could not leave: note why, and tell the billing team, once.

        :param lasting: whether it did not pass by itself, as it might have.
        """
        if not self._email_pay_take():
            return
        now = fields.Datetime.now()
        self.write({
            'email_pay_failing_since': self.email_pay_failing_since or now,
            'email_pay_failure': self._email_pay_explain(problem),
        })
        waited = now - self.email_pay_failing_since
        if (lasting or not problem.passing or waited >= PATIENCE) and not self.email_pay_told:
            self.email_pay_told = True
            self._email_pay_tell()

    def _email_pay_tries(self):
        """How often a mail would have been tried in vain since it fails."""
        since = self.email_pay_failing_since
        return tries_within(fields.Datetime.now() - since) if since else 0

    def _email_pay_tell(self):
        with telling(
                self.env.cr, "Nobody could be told that mail account %s does not work", self.id):
            self._email_pay_speak()._email_pay_ask()

    def _email_pay_ask(self):
        self._ask_attention(
            self.email_pay_company_id, self, _("A mail account does not work"),
            self._email_pay_telling())

    def _email_pay_telling(self):
        values = {'account': self.email_pay_sender, 'reason': self.email_pay_failure}
        if self.email_pay_fallback:
            return _("Mails of %(account)s leave by the default server meanwhile. Ask an"
                     " administrator to correct the mail account. %(reason)s", **values)
        return _("Mails of %(account)s wait in the outbox and are tried again. Ask an administrator"
                 " to correct the mail account. %(reason)s", **values)

    def _email_pay_explain(self, problem):
        return explain(self._email_pay_speak().env, problem, self._email_pay_saved_settings())

    def _email_pay_speak(self):
        """This account, in the language of whoever is told that it does not work."""
        portal = self.env['email.pay.portal']._for_company(self.email_pay_company_id)
        return self.with_context(lang=portal._attention_user().lang)

    # === WHAT WAITS === #

    def _email_pay_release(self):
        """Try what was put off because of this account now."""
        waiting = self.env['mail.mail'].sudo().search(
            [*self._email_pay_waiting_domain(), ('failure_reason', '!=', False)])
        if waiting:
            waiting.scheduled_date = False
            self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger()

    def _email_pay_waiting_domain(self):
        return [('mail_server_id', 'in', self.ids), ('state', '=', 'outgoing')]

    def action_email_pay_waiting(self):
        return {
            'type': 'ir.actions.act_window',
            'name': _("Mails that wait"),
            'res_model': 'mail.mail',
            'view_mode': 'list,form',
            'domain': self._email_pay_waiting_domain(),
        }
