import logging
import smtplib
from contextlib import suppress
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL
from odoo.tools.mail import email_normalize_all

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..smtp import Kind, Problem, Session
from .locks import free_ids

_logger = logging.getLogger(__name__)

# For one mail of a usual size, whatever the server does.
MAIL_SECONDS = 60
# After so many mails in a row that the server cut off or kept waiting, the others wait too.
BREAKS = {Kind.DROPPED, Kind.SLOW}
BROKEN_IN_A_ROW = 3
# Minutes until a mail is tried again, by how often it was; the last is for all later ones.
RETRY_MINUTES = (1, 5, 15, 60, 240, 720)
# When a mail was put off so often, somebody is told, also where the account seems to work.
TELLING_ATTEMPTS = 4


class MailMail(models.Model):
    """The outbox: mails of a mail account leave by it, or wait."""

    _inherit = 'mail.mail'

    email_pay_attempts = fields.Integer(string="Attempts", readonly=True, copy=False)
    email_pay_until = fields.Datetime(
        string="Useless After", readonly=True, copy=False,
        help="A mail that could not leave until then is not sent any more.",
    )

    # === WHICH ACCOUNT === #

    def _filter_mail_mail_servers(self, mail_servers):
        """Override of `mail`: an account sends the mails of its company that are meant for it."""
        servers = super()._filter_mail_mail_servers(mail_servers)
        return servers.filtered(
            lambda server: not server.sudo().email_pay_purpose or self._email_pay_may_use(server))

    @api.constrains('mail_message_id', 'mail_server_id')
    def _check_mail_server_id(self):
        """Override of `mail`, which only knows servers of other users."""
        for mail in self.filtered(lambda mail: mail.sudo().mail_server_id.email_pay_purpose):
            account = mail.sudo().mail_server_id
            if not mail._email_pay_may_use(account):
                raise ValidationError(
                    _("“%s” is a mail account of another company.", account.display_name))
        super()._check_mail_server_id()

    def _email_pay_may_use(self, account):
        return all(
            mail.mail_server_id.id == account.id
            and account.sudo()._email_pay_serves(mail._email_pay_company())
            for mail in self.sudo()
        )

    def _email_pay_company(self):
        """Whose mail this is: what it was made for says it, else the record that it is about."""
        if self.record_company_id or not (self.model and self.res_id):
            return self.record_company_id
        record = self.env[self.model].browse(self.res_id).exists()
        return self.record_company_id.union(*record._mail_get_companies().values())

    def _email_pay_of_accounts(self):
        """The mails that are to leave by an account; the default server sends those whose account
        is gone."""
        mails = self.filtered(lambda mail: mail.sudo().mail_server_id.email_pay_purpose)
        gone = mails.filtered(lambda mail: not (
            mail.sudo().mail_server_id.active and mail._email_pay_may_use(mail.mail_server_id)))
        gone.sudo().mail_server_id = False
        return mails - gone

    # === SENDING === #

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """Override of `mail`: a mail of an account that fails is kept and tried again."""
        mails = self._email_pay_in_time()
        own = mails._email_pay_of_accounts()
        if not own or self.env['ir.mail_server']._disable_send():
            return super(MailMail, mails).send(auto_commit, raise_exception, post_send_callback)
        others = mails - own
        # Those that failed before come last: what keeps one from leaving may not keep the others.
        waiting = own.filtered(lambda mail: mail.state == 'outgoing').sorted(
            lambda mail: (mail.email_pay_attempts, mail.id))
        stranded = []
        for account_id, alias_domain_id, smtp_from, ids in waiting._split_by_mail_configuration():
            account = self.env['ir.mail_server'].sudo().browse(account_id)
            stranded.append((account, self.browse(ids)._email_pay_send_by(
                account, smtp_from, auto_commit=auto_commit, raise_exception=raise_exception,
                alias_domain_id=alias_domain_id, post_send_callback=post_send_callback)))
        if others := others.union(*(mails for _account, mails in stranded)):
            super(MailMail, others).send(auto_commit, raise_exception, post_send_callback)
        for account, mails in stranded:
            mails._email_pay_give_back(account)
        return True

    def _email_pay_send_by(self, account, smtp_from, *, auto_commit, raise_exception,
                           post_send_callback, **options):
        """Send by `account`, one session for all while it lasts.

        :return: the mails that the default server is to send instead.
        """
        session = problem = None
        handled, broken, left = self.browse(), 0, False
        try:
            for mail in self:
                if not session or not session.sock:
                    session = account._email_pay_open(smtp_from)
                mail._email_pay_send_one(
                    session, raise_exception=raise_exception, mail_server=account, **options)
                failure = session.problem
                left = left or session.delivered
                if failure and failure.of_account:
                    raise failure
                mail._email_pay_settle(account, session)
                handled += mail
                if auto_commit:
                    mail._email_pay_commit(post_send_callback)
                broken = broken + 1 if failure and failure.kind in BREAKS else 0
                if broken == BROKEN_IN_A_ROW:
                    raise failure
        except Problem as error:
            problem = error
        finally:
            if session:
                session.quit()
        stranded = (self - handled)._email_pay_hold(account, problem, raise_exception)
        if problem:
            account._email_pay_note_failure(problem)
        elif left:
            account._email_pay_note_success()
        if auto_commit:
            self._email_pay_commit(post_send_callback)
        return stranded

    def _email_pay_commit(self, post_send_callback):
        if post_send_callback:
            post_send_callback(self.ids)
        self.env.cr.commit()  # pylint: disable=invalid-commit  # it left

    def _email_pay_send_one(self, session, **options):
        """Send one mail; the session says what came of it."""
        session.problem, session.delivered = None, []
        session.allow(MAIL_SECONDS)
        with suppress(smtplib.SMTPServerDisconnected):
            self._send(smtp_session=session, **options)
        if session.problem and session.delivered:
            self._email_pay_drop(session.delivered)

    def _send(self, *args, smtp_session=None, **kwargs):
        """Override of `mail`: a mail of an account that somebody else is sending is left to them.
        """
        mails = self
        if isinstance(smtp_session, Session):
            mails = self._email_pay_take()
        return not mails or super(MailMail, mails)._send(
            *args, smtp_session=smtp_session, **kwargs)

    def _email_pay_take(self):
        """Lock these mails, and return those that are still to be sent and that nobody else is
        sending. They stay locked until it is known what became of them."""
        self.flush_recordset(['state'])
        taken = self.browse(free_ids(self.env.cr, SQL(
            "SELECT id FROM mail_mail WHERE id IN %s AND state IN ('outgoing', 'exception')"
            " ORDER BY id FOR NO KEY UPDATE SKIP LOCKED", tuple(self.ids),
        )))
        (self - taken).invalidate_recordset(['state'])
        return taken

    def _email_pay_drop(self, delivered):
        """Forget who has a mail of several recipients already, before it is tried again."""
        def has_it(text):
            addresses = email_normalize_all(text or '')
            return addresses and set(addresses) <= set(delivered)

        mail = self.sudo()
        mail.recipient_ids -= mail.recipient_ids.filtered(lambda partner: has_it(partner.email))
        if has_it(mail.email_to):
            mail.write({'email_to': False, 'email_cc': False})

    # === WHAT DID NOT LEAVE === #

    def _email_pay_settle(self, account, session):
        """What becomes of a mail after it was tried."""
        if session.problem and session.problem.passing:
            self._email_pay_postpone(account._email_pay_explain(session.problem))
            if self.email_pay_attempts == TELLING_ATTEMPTS:
                account._email_pay_note_failure(session.problem, lasting=True)
        elif session.problem:
            self._email_pay_give_up(account._email_pay_explain(session.problem))
        elif not session.delivered and self.exists().state == 'exception':
            self._email_pay_give_up(self.failure_reason)

    def _email_pay_hold(self, account, problem, raise_exception):
        """Keep mails whose account does not work; return those for the default server."""
        if not self or not problem:
            return self.browse()
        reason = account._email_pay_explain(problem)
        if raise_exception:
            raise MailDeliveryException(reason)
        # When it came during a mail, that mail may be the reason, and comes last next time.
        tried = self if problem.opening else self.filtered(lambda mail: mail.state == 'exception')
        mails = self._email_pay_take()
        if not account.email_pay_fallback:
            mails._email_pay_postpone(reason, mails & tried)
            return self.browse()
        mails.sudo().write({
            'mail_server_id': False, 'state': 'outgoing', 'failure_reason': reason,
        })
        return mails

    def _email_pay_give_back(self, account):
        """Where the default server failed too, mails wait for their account."""
        failed = self.exists().filtered(lambda mail: mail.state == 'exception')
        failed.sudo().mail_server_id = account
        for reason, mails in failed.grouped('failure_reason').items():
            mails._email_pay_postpone(reason)

    def _email_pay_postpone(self, reason, tried=None):
        """Try again later, the later the more often it was tried.

        :param tried: which of these mails were; all of them when it is not given. The others wait
            as long as the one that was tried most often.
        """
        tried = self if tried is None else tried
        values = {'failure_type': 'mail_smtp', 'failure_reason': reason}
        most = max(self.sudo().mapped('email_pay_attempts'), default=0)
        for attempts, mails in tried.sudo().grouped('email_pay_attempts').items():
            mails._email_pay_postpone_to(
                next_try(attempts), {**values, 'email_pay_attempts': attempts + 1})
        (self - tried).sudo()._email_pay_postpone_to(next_try(most), values)
        self._email_pay_mark_notifications(reason)

    def _email_pay_postpone_to(self, time, values):
        useless = self._email_pay_useless_at(time)
        useless.write({'state': 'cancel', **values})
        if waiting := self - useless:
            waiting.write({'state': 'outgoing', 'scheduled_date': time, **values})
            self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger(at=time)
        for mail in useless:
            mail._email_pay_tell_refused(mail.failure_reason)

    def _email_pay_useless_at(self, time):
        return self.filtered(lambda mail: mail.email_pay_until and mail.email_pay_until < time)

    def _email_pay_in_time(self):
        """These mails without those that are useless by now, which are cancelled."""
        late = self.sudo()._email_pay_useless_at(fields.Datetime.now()).filtered(
            lambda mail: mail.state == 'outgoing')
        for mail in late and late._email_pay_take():
            reason = mail.failure_reason or _("It did not leave in time.")
            mail.write({'state': 'cancel', 'failure_reason': reason})
            mail._email_pay_tell_refused(reason)
        return self - late

    def _email_pay_give_up(self, reason):
        """The server will never take this mail: it stays as failed, and who sent it is told."""
        self.sudo().failure_reason = reason
        self._email_pay_mark_notifications(reason)
        self._email_pay_tell_refused(reason)

    def _email_pay_tell_refused(self, reason):
        record = self.env[self.model].browse(self.res_id) if self.model and self.res_id else None
        if not hasattr(record, '_email_pay_mail_refused'):
            return
        try:
            with self.env.cr.savepoint():
                record.sudo()._email_pay_mail_refused(self, reason)
        except Exception:
            _logger.exception("Nobody could be told that mail %s was refused", self.id)

    def _email_pay_mark_notifications(self, reason):
        """Show the reason at the message in the chatter."""
        self._postprocess_sent_message(
            success_pids=[], success_emails=[], failure_reason=reason,
            failure_type='mail_smtp')


def next_try(attempts):
    minutes = RETRY_MINUTES[min(attempts, len(RETRY_MINUTES) - 1)]
    return fields.Datetime.now() + timedelta(minutes=minutes)
