import logging
import secrets

from odoo import api, fields, models
from odoo.tools import consteq, hmac

from ..const import CODE_DIGITS, CODE_TRIES, MAIL_BATCH
from .email_pay_portal_sign_in import Identity
from .email_pay_sign_in import TYPED
from .locks import CONFLICTS
from .queues import take

_logger = logging.getLogger(__name__)

CODE_SCOPE = 'email_pay.sign_in.code'


class EmailPaySignIn(models.Model):
    """The one-time code: a job sends it, and the browser that asked for it can use it once."""

    _inherit = 'email.pay.sign.in'

    # === SENDING === #

    @api.model
    def _cron_answer(self, limit=MAIL_BATCH):
        """Look up who asked, oldest first, and send the codes; a commit before each batch goes out,
        so that no code arrives that is not known."""
        while asked := take(self, self._asked_domain(), limit, order='answer_at, id'):
            mails = self.env['mail.mail'].sudo().union(*(
                attempt._try_answer() for attempt in asked))
            waiting = self.search_count(self._asked_domain())
            go_on = self.env['ir.cron']._commit_progress(len(asked), remaining=waiting)
            mails.exists().send()
            self.env['ir.cron']._commit_progress()
            if not go_on:
                break
        self._plan_answers()

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
            return self.env['mail.mail']

    def _answer(self):
        """Look up who asked, and send the code to the first address on file that fits."""
        self.ensure_one()
        identity = Identity(
            self.asked_keys or [], self.asked_email or '', self.asked_phone or '')
        found = self.portal_id._matching_contacts(identity)
        self.write({'state': 'unknown', **dict.fromkeys(TYPED, False)})
        if not found:
            return self.env['mail.mail']
        self._remember_customers(found)
        code = f'{secrets.randbelow(10 ** CODE_DIGITS):0{CODE_DIGITS}}'
        self.write({'state': 'sent', 'code_hash': self._code_hash(code)})
        contact, way = min(found, key=lambda pair: pair[1] != 'email')
        lang = contact.lang or self.lang
        sender = self.with_context(email_pay_code=code, lang=lang)
        if way == 'email':
            return sender._mail_code(identity.email)
        return sender._text_code(contact)

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
            'email_pay_company_id': self.company_id.id,
        })
        return self.env['mail.mail']

    # === CHECKING === #

    def _code_hash(self, code):
        return hmac(self.sudo().env, CODE_SCOPE, f'{self.id}:{code}')

    def _is_waiting(self):
        """Whether a code can still be entered; nobody is told whether there is one."""
        return (
            self.state in ('asked', 'sent', 'unknown') and self.tries < CODE_TRIES
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
            " WHERE id = %s AND state IN ('asked', 'sent', 'unknown') AND tries < %s"
            " AND expires_at > %s RETURNING tries, code_hash",
            [self.id, CODE_TRIES, fields.Datetime.now()])
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
