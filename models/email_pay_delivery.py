import smtplib
from contextlib import contextmanager

from odoo import api, models, tools
from odoo.tools import SQL

from ..smtp import Kind, Session, of_reply
from .locks import free_ids

SMTP = smtplib.SMTP  # the tests of other add-ons put something else in its place


class Delivery:
    """What the mail server `server` said to the last mail that was handed over to it."""

    def __init__(self, server):
        self.server = server
        self.answer = ''
        self.refused = {}  # the addresses that it will never take, of any mail, and why

    @contextmanager
    def listening(self, session):
        """Keep what is answered on `session`, an `smtplib.SMTP`, which only tells of failures."""
        data, sendmail = session.data, session.sendmail

        def listen(message):
            code, text = data(message)
            self.answer = _as_text(code, text)
            return code, text

        def hand_over(*args, **kwargs):
            refused = sendmail(*args, **kwargs)
            self._note_recipients(refused)  # where others are taken, nobody else looks
            return refused

        self.answer = ''
        session.data, session.sendmail = listen, hand_over
        try:
            yield
        except Exception as error:
            self._note_refusal(error.__context__)
            raise
        finally:
            del session.data, session.sendmail

    def _note_recipients(self, refused):
        self.refused |= {
            address: _as_text(*said) for address, said in refused.items() if _is_for_good(*said)
        }

    def _note_refusal(self, cause):
        """Odoo raises an exception of its own because of that of smtplib."""
        if isinstance(cause, smtplib.SMTPRecipientsRefused):
            self.answer = '\n'.join(_as_text(*said) for said in cause.recipients.values())
            self._note_recipients(cause.recipients)
        elif isinstance(cause, smtplib.SMTPResponseException):
            self.answer = _as_text(cause.smtp_code, cause.smtp_error)


def _is_for_good(code, text):
    """Whether a recipient is refused because there is no such address."""
    problem = of_reply(Kind.RECIPIENT, code, text)
    return not (problem.of_account or problem.passing)


def _as_text(code, text):
    return f'{code} {text.decode(errors="replace") if isinstance(text, bytes) else text}'


class IrMailServer(models.Model):
    _inherit = 'ir.mail_server'

    @api.model
    def send_email(self, message, *args, smtp_session=None, **kwargs):
        """Override of `base`: keep what the server answers to mails that are followed."""
        delivery = self.env.context.get('email_pay_delivery')
        if not delivery or not isinstance(smtp_session, SMTP):
            return super().send_email(message, *args, smtp_session=smtp_session, **kwargs)
        with delivery.listening(smtp_session):
            return super().send_email(message, *args, smtp_session=smtp_session, **kwargs)


class MailMail(models.Model):
    _inherit = 'mail.mail'

    def _email_pay_take_records(self):
        """These mails without those whose receipt somebody else changes, which leave later: a note
        that cannot be written would undo that a mail left."""
        return self - self.filtered(lambda mail: (
            mail.model == 'account.payment' and not mail._email_pay_lock_receipts()))

    def _email_pay_lock_receipts(self):
        self.env['email.pay.receipt'].flush_model(['mail_id'])
        return free_ids(self.env.cr, SQL(
            "SELECT 1 + count(*) FROM (SELECT FROM email_pay_receipt WHERE mail_id IN %s"
            " FOR NO KEY UPDATE NOWAIT) receipt", tuple(self.ids),
        ))

    def _send(self, *args, mail_server=False, smtp_session=None, **kwargs):
        """Override of `mail`: see `Delivery`. Which addresses do not work is noted when it is done:
        of a mail account, after the commit of each mail."""
        name = mail_server and mail_server.sudo().name
        delivery = Delivery(name or tools.config.get('smtp_server') or '')
        done = super(MailMail, self.with_context(email_pay_delivery=delivery))._send(
            *args, mail_server=mail_server, smtp_session=smtp_session, **kwargs)
        if not isinstance(smtp_session, Session):
            self._email_pay_note_refusals(delivery.refused)
        return done

    def _email_pay_note_refusals(self, refused):
        """Note addresses that do not work, each with the answer. That a mail left is not undone
        because of it."""
        for address, answer in refused.items():
            self._email_pay_tell(
                self.env['res.partner'], '_email_pay_note_refusal', address, answer)

    def _postprocess_sent_message(self, success_pids, success_emails, failure_reason=False,
                                  failure_type=None):
        """Override of `mail`: note what became of receipts before the mail is deleted."""
        delivery = self.env.context.get('email_pay_delivery')
        if of_payments := self.filtered(lambda mail: mail.model == 'account.payment'):
            of_payments._email_pay_record_delivery(delivery, failure_reason, failure_type)
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type)

    def _email_pay_record_delivery(self, delivery, failure_reason, failure_type):
        receipts = self.env['email.pay.receipt'].sudo().search([('mail_id', 'in', self.ids)])
        for receipt in receipts:
            mail = receipt.mail_id
            state = 'sent'
            if failure_type:  # what is tried again is in the outbox
                state = 'outbox' if mail.state == 'outgoing' else 'failed'
            answer = failure_reason or mail.failure_reason or failure_type
            receipt._record_delivery(
                state, delivery.server if delivery else mail.mail_server_id.name,
                (delivery and delivery.answer) or answer,
            )
