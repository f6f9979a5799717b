import logging
import smtplib
from contextlib import suppress

import psycopg2

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..smtp import Kind, Problem, Session
from .locks import free_ids
from .mail_retry import next_try
from .mail_run import Run

_logger = logging.getLogger(__name__)

# For one mail of a usual size, whatever the server does.
MAIL_SECONDS = 60
# When a mail was put off so often, somebody is told, also where the account seems to work.
TELLING_ATTEMPTS = 4
# So often a recipient is tried who is refused as if the account did not work, while it does.
REFUSED_ATTEMPTS = 4
# After these nothing more can be written.
BEYOND_REPAIR = (psycopg2.Error, MemoryError)


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
                    _("“%s” is a mail account of another company. Choose another mail server.",
                      account.display_name))
        super()._check_mail_server_id()

    def _email_pay_may_use(self, account):
        return all(
            mail.mail_server_id.id == account.id
            and account.sudo()._email_pay_serves(mail._email_pay_company())
            for mail in self.sudo()
        )

    def _email_pay_company(self):
        """Whose mail this is: what it was made for says it, else the record that it is about."""
        if self.record_company_id or not self.res_id or self.model not in self.env:
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
        # Those that failed before come last: what keeps one from leaving may not keep the others.
        waiting = own.filtered(lambda mail: mail.state == 'outgoing').sorted(
            lambda mail: (mail.email_pay_attempts, mail.id))
        stranded = []
        for account_id, alias_domain_id, smtp_from, ids in waiting._split_by_mail_configuration():
            account = self.env['ir.mail_server'].sudo().browse(account_id)
            stranded.append((account, self.browse(ids)._email_pay_send_by(
                account, smtp_from, auto_commit=auto_commit, raise_exception=raise_exception,
                alias_domain_id=alias_domain_id, post_send_callback=post_send_callback)))
        if others := mails - own:
            super(MailMail, others).send(auto_commit, raise_exception, post_send_callback)
        for account, mails in stranded:
            super(MailMail, mails.with_context(email_pay_stranded=True)).send(
                auto_commit, raise_exception, post_send_callback)
            mails._email_pay_give_back(account)
        return True

    def _email_pay_send_by(self, account, smtp_from, *, auto_commit, raise_exception,
                           post_send_callback, **options):
        """Send by `account`, one session for all while it lasts.

        :return: the mails that the default server is to send instead.
        """
        run = Run(self, account)
        problem = None
        try:
            for mail in self:
                mail._email_pay_send_one(
                    run.session(smtp_from), raise_exception=raise_exception, mail_server=account,
                    **options)
                run.check(mail)
                mail._email_pay_settle(run, raise_exception)
                if auto_commit:
                    mail._email_pay_commit(post_send_callback)
                mail._email_pay_note_refusals(run.gone)
                run.go_on()
        except Problem as error:
            problem = error
        except Exception as error:  # one of our own
            if raise_exception or isinstance(error, BEYOND_REPAIR):
                raise
            _logger.exception("Mail account %s could not send", account.id)
            problem = Problem(Kind.BROKEN, opening=True)
        finally:
            run.quit()
        run.stranded |= (self - run.tried)._email_pay_hold(account, problem, raise_exception)
        run.note(problem)
        if auto_commit:
            self._email_pay_commit(post_send_callback)
        return run.stranded

    def _email_pay_commit(self, post_send_callback):
        if post_send_callback:
            post_send_callback(self.ids)
        self.env.cr.commit()  # pylint: disable=invalid-commit  # it left

    def _email_pay_send_one(self, session, **options):
        """Send one mail; the session says what came of it."""
        session.begin(self._email_pay_messages())
        session.allow(MAIL_SECONDS)
        with suppress(smtplib.SMTPServerDisconnected):
            self._send(smtp_session=session, **options)
        if session.refused:
            self._email_pay_mark_recipients(session.delivered, session.refused)
        if session.problem and session.delivered:
            self._email_pay_drop(session.delivered)

    def _send(self, *args, smtp_session=None, **kwargs):
        """Override of `mail`: a mail of an account that somebody else is sending is left to them.
        """
        mails = self
        if isinstance(smtp_session, Session):
            mails = self._email_pay_take()._email_pay_take_records()
        return not mails or super(MailMail, mails)._send(
            *args, smtp_session=smtp_session, **kwargs)

    def _email_pay_take(self):
        """Lock these mails, and return those that are still to be sent and that nobody else is
        sending. They stay locked until it is known what became of them."""
        self.flush_recordset(['state'])
        # All at once, or each that nobody changed meanwhile.
        taken = self._email_pay_lock() or self.browse().union(
            *(mail._email_pay_lock() for mail in self))
        (self - taken).invalidate_recordset(['state'])
        return taken

    def _email_pay_lock(self):
        return self.browse(free_ids(self.env.cr, SQL(
            "SELECT id FROM mail_mail WHERE id IN %s AND state IN ('outgoing', 'exception')"
            " ORDER BY id FOR NO KEY UPDATE SKIP LOCKED", tuple(self.ids) or (0,),
        )))

    # === WHAT DID NOT LEAVE === #

    def _email_pay_settle(self, run, raise_exception):
        """What becomes of a mail after it was tried."""
        account, failure = run.account, run.failure
        if not failure:
            if not run.delivered and self.exists().state == 'exception':
                self._email_pay_give_up(self.failure_reason)
            return
        lost = [problem for problem in run.refused.values() if problem.for_good]
        if failure.for_good or self._email_pay_is_hopeless(run):
            reasons = [account._email_pay_explain(problem) for problem in lost or [failure]]
            self._email_pay_give_up('\n'.join(reasons), left=bool(run.delivered))
            return
        for problem in lost:
            self._email_pay_give_up_one(problem.address, account._email_pay_explain(problem))
        if failure.of_account:
            run.stranded |= self._email_pay_hold(account, failure, raise_exception)
        else:
            self._email_pay_postpone(account._email_pay_explain(failure))
        if self.email_pay_attempts == TELLING_ATTEMPTS and failure.passing:
            account._email_pay_note_failure(failure, lasting=True)

    def _email_pay_is_hopeless(self, run):
        """Whether the server refuses, in the words of an account that does not work, a recipient
        again and again, while it takes other mails."""
        return (
            run.failure.of_account and not run.failure.passing and run.works_beside(self)
            and self.email_pay_attempts + 1 >= REFUSED_ATTEMPTS
        )

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
            mails._email_pay_postpone(reason, mails & tried, account._email_pay_tries())
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

    def _email_pay_postpone(self, reason, tried=None, tries=0):
        """Try again later, the later the more often it was tried.

        :param tried: which of these mails were; all of them when it is not given. The others wait
            like one that was tried `tries` times.
        """
        tried = self if tried is None else tried
        values = {'failure_type': 'mail_smtp', 'failure_reason': reason}
        for attempts, mails in tried.sudo().grouped('email_pay_attempts').items():
            mails._email_pay_postpone_to(
                next_try(attempts), {**values, 'email_pay_attempts': attempts + 1})
        (self - tried).sudo()._email_pay_postpone_to(next_try(tries), values)
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
