import logging
import secrets

from odoo import api, fields, models
from odoo.tools import consteq, hmac

from ..const import CODE_TRIES, MAIL_BATCH
from .email_pay_attention import telling
from .email_pay_portal_sign_in import Found, Identity
from .email_pay_sign_in import TYPED
from .email_pay_sign_in_limit import TEXTS
from .locks import CONFLICTS
from .queues import take

_logger = logging.getLogger(__name__)

CODE_SCOPE = 'email_pay.sign_in.code'
# The states in which a code can be entered: nobody is told whether there is one.
WAITING = ('asked', 'sent', 'unknown', 'failed')
# So often in a row a batch may meet others who change the same rows.
MOST_CONFLICTS = 5


class EmailPaySignIn(models.Model):
    """The one-time code: a job sends it, and the browser that asked for it can use it once."""

    _inherit = 'email.pay.sign.in'

    # === SENDING === #

    @api.model
    def _cron_answer(self, limit=MAIL_BATCH):
        """Look up who asked, oldest first, and send the codes; a commit before each batch goes out,
        so that no code arrives that is not known."""
        conflicts = 0
        while True:
            try:
                asked, go_on = self._answer_batch(limit)
            except CONFLICTS:  # somebody else changed the same rows
                conflicts += 1
                if conflicts > MOST_CONFLICTS:
                    raise
                self.env.cr.rollback()
                continue
            conflicts = 0
            if not asked or not go_on:
                break
        self._plan_answers()

    @api.model
    def _answer_batch(self, limit):
        """How many were answered, and whether there is time for more."""
        asked = take(self, self._asked_domain(), limit, order='answer_at, id')
        if not asked:
            return 0, False
        mails = self.env['mail.mail'].sudo().union(*(attempt._try_answer() for attempt in asked))
        waiting = self.search_count(self._asked_domain())
        go_on = self.env['ir.cron']._commit_progress(len(asked), remaining=waiting)
        self._send_now(mails)
        self.env['ir.cron']._commit_progress()
        return len(asked), go_on

    @api.model
    def _send_now(self, mails):
        """The mails are in the outbox already: what fails here leaves from there."""
        try:
            mails.exists().send()
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Sign-in codes %s were left to the outbox", mails.ids)
            self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger()

    @api.model
    def _asked_domain(self):
        return [('state', '=', 'asked'), ('answer_at', '<=', fields.Datetime.now())]

    @api.model
    def _plan_answers(self):
        later = self.search([('state', '=', 'asked')], order='answer_at', limit=1)
        if later:
            self.env.ref('email_pay.ir_cron_sign_in')._trigger(at=later.answer_at)

    def _try_answer(self):
        """Answer an attempt, and return its mail; what goes wrong with one stops no other."""
        try:
            with self.env.cr.savepoint():
                return self._answer()
        except CONFLICTS:
            raise
        except Exception:
            _logger.exception("The code of sign-in %s could not be sent", self.id)
            self.write({'state': 'failed', **dict.fromkeys(TYPED, False)})
            self._tell_unwritten()
            return self.env['mail.mail']

    def _answer(self):
        """Look up who asked, and send the code to the address on file that fits."""
        self.ensure_one()
        identity = Identity(
            self.asked_keys or [], self.asked_email or '', self.asked_phone or '')
        found = self.portal_id._matching_contacts(identity)
        self.write({'state': 'unknown', **dict.fromkeys(TYPED, False)})
        if not found.contacts:
            return self.env['mail.mail']
        if found.way == 'sms' and not self._may_text(found.address):
            found = self._instead_of_text(found)
        self._remember_customers(found)
        if not found.way:
            self.state = 'failed'
            return self.env['mail.mail']
        return self._send_code(found)

    def _send_code(self, found):
        digits = self.code_digits
        code = f'{secrets.randbelow(10 ** digits):0{digits}}'
        self.write({'state': 'sent', 'code_hash': self._code_hash(code)})
        contact = found.contacts[:1]
        sender = self.with_context(email_pay_code=code, lang=contact.lang or self.lang)
        if found.way == 'email':
            return sender._mail_code(found.address)
        return sender._text_code(contact)

    def _may_text(self, phone):
        """Whether a text message may go there: in a browser that is not known, anybody can ask for
        one, which the company pays for."""
        if self.known_browser:
            return True
        limits = self.env['email.pay.sign.in.limit'].sudo()
        return not limits._take(TEXTS, 'text', self.portal_id.id, phone).refused

    def _instead_of_text(self, found):
        """Those of the contacts who have one e-mail address, to which the code goes."""
        env = self.env['email.pay.portal']._speak(self).env
        self._ask_team(env._("Very many sign-in codes for one phone"), env._(
            "More than %(count)s text messages were asked for at the payment address for the"
            " customer with the phone %(phone)s. The codes go by e-mail for a while where there is"
            " an address. “See who tried to sign in” in the settings lists from where.",
            count=TEXTS.free, phone=found.address,
        ))
        address = next(filter(None, found.contacts.mapped('email_normalized')), '')
        if not address:
            return Found(found.contacts)
        contacts = found.contacts.filtered(lambda contact: contact.email_normalized == address)
        return Found(contacts, 'email', address)

    # === TELLING THE TEAM === #

    def _tell_unwritten(self):
        env = self.env['email.pay.portal']._speak(self).env
        self._ask_team(env._("Sign-in codes cannot be written"), env._(
            "Customers who sign in at the payment address get no code. Correct its e-mail template"
            " and its text message template, “Email Pay: sign-in code”, or update Email Pay in Apps"
            " if one was deleted."))

    def _ask_team(self, summary, note):
        """Give the billing team an activity, unless it has the same one. Whatever fails here, the
        codes go out."""
        company = self.company_id
        with telling(self.env.cr, "Nobody could be told about sign-in %s", self.id):
            self.env['email.pay.attention']._ask_attention_once(
                company, company.partner_id, summary, note)

    def _email_pay_mail_refused(self, _addresses, _reason, left=False):
        """No mail server would take the mail with the code.

        :param left: whether it took it for others.
        """
        if not left:
            self._not_sent()

    def _not_sent(self):
        """What the accountant sees; the visitor sees what everybody sees."""
        self.filtered(lambda attempt: attempt.state == 'sent').state = 'failed'

    # === THE MESSAGES === #

    def _mail_code(self, address):
        """The mail with the code, in the outbox."""
        template = self.env.ref('email_pay.mail_template_sign_in_code').sudo()
        mail_id = template._email_pay_send(
            self, email_to=address, recipient_ids=[], email_pay_until=self.sudo().expires_at)
        return self.env['mail.mail'].browse(mail_id)

    def _email_from(self):
        return self.portal_id._sender(self.company_id)

    def _text_code(self, contact):
        """The code in the queue of text messages; there is no mail."""
        template = self.env.ref('email_pay.sms_template_sign_in_code').sudo()
        [body] = template._render_field('body', self.ids).values()
        self.env['sms.sms'].sudo().create({
            'number': contact.phone_sanitized, 'partner_id': contact.id, 'body': body,
            'email_pay_company_id': self.company_id.id, 'email_pay_sign_in_id': self.id,
        })
        return self.env['mail.mail']

    # === CHECKING === #

    def _code_hash(self, code):
        return hmac(self.sudo().env, CODE_SCOPE, f'{self.id}:{code}')

    def _is_waiting(self):
        """Whether a code can still be entered."""
        return (
            self.state in WAITING and self.tries < CODE_TRIES
            and self.expires_at and self.expires_at > fields.Datetime.now()
        )

    def _try_code(self, code):
        """Use up a try: 'right', once; 'wrong', 'over' with the last one, or 'expired'.

        The caller makes each statement a database transaction of its own, so that of many at the
        same instant no more than the tries are counted, and only one is right.
        """
        self.ensure_one()
        self.env.cr.execute(
            "UPDATE email_pay_sign_in SET tries = tries + 1"
            " WHERE id = %s AND state IN %s AND tries < %s"
            " AND expires_at > %s RETURNING tries, code_hash",
            [self.id, WAITING, CODE_TRIES, fields.Datetime.now()])
        [(tries, code_hash)] = self.env.cr.fetchall() or [(0, '')]
        self.invalidate_recordset()
        given = self._code_hash(code)
        # Compared also when there is none, so that both take the same time.
        if consteq(code_hash or self._code_hash('none'), given) and self._use_code(code_hash):
            return 'right'
        if not tries:
            return 'expired'
        if tries < CODE_TRIES:
            return 'wrong'
        self.write({'state': 'wrong', 'code_hash': False})
        return 'over'

    def _use_code(self, code_hash):
        """Whether the code was still there: of several at the same instant one gets it."""
        self.env.cr.execute(
            "UPDATE email_pay_sign_in SET code_hash = NULL WHERE id = %s AND code_hash = %s"
            " RETURNING id", [self.id, code_hash])
        used = bool(self.env.cr.fetchall())
        self.invalidate_recordset()
        return used
