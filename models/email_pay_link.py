import secrets
import string
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import consteq, hash_sign

from ..const import (
    LINK_ROUTE,
    PAGE_ROUTE,
    SELECTOR_LENGTH,
    VERIFIER_BYTES,
    VISIT_HOURS,
)
from .queues import reason_of, work_off
from .signed import read_signed

SENDING = [
    ('none', "Not sent"),
    ('queued', "Queued"),
    ('sent', "In the outbox"),
    ('failed', "Failed"),
]
# A link that was given out so lately is not written again each time that somebody opens something.
KEPT_FRESH = timedelta(hours=1)
ALPHABET = string.ascii_lowercase + string.digits
VISIT_SCOPE = 'email_pay.visit'


class EmailPayLink(models.Model):
    """A capability: whoever holds its token may see and pay its invoices, until it expires or is
    revoked, and nothing else."""

    _name = 'email.pay.link'
    _description = 'Payment Link'
    _order = 'id desc'
    _check_company_auto = True
    _rec_name = 'selector'

    selector = fields.Char(
        string="Link", required=True, readonly=True, copy=False,
        default=lambda self: self._new_selector(),
    )
    verifier = fields.Char(
        required=True, readonly=True, copy=False, groups='base.group_system',
        default=lambda self: secrets.token_urlsafe(VERIFIER_BYTES),
    )
    company_id = fields.Many2one('res.company', required=True, readonly=True, index=True)
    partner_id = fields.Many2one(
        'res.partner', string="Customer", required=True, readonly=True, index=True,
        ondelete='cascade',
    )
    invoice_ids = fields.Many2many(
        'account.move', 'email_pay_link_move_rel', 'link_id', 'move_id', string="Invoices",
        readonly=True,
    )
    email = fields.Char(string="Sent to", readonly=True)
    expires_at = fields.Datetime(string="Expires on", required=True, readonly=True)
    revoked_at = fields.Datetime(string="Revoked on", readonly=True)
    mail_state = fields.Selection(
        SENDING, string="Mail", default='none', required=True, readonly=True,
    )
    mail_error = fields.Char(readonly=True)
    sent_at = fields.Datetime(string="Last Sent on", readonly=True)
    sent_count = fields.Integer(string="Times Sent", readonly=True)
    opened_at = fields.Datetime(string="First Opened on", readonly=True)
    open_count = fields.Integer(string="Times Opened", readonly=True)
    # Not stored: who books a payment must not wait for who opens the page.
    paid_at = fields.Datetime(
        string="Last Payment on", compute='_compute_paid_at', search='_search_paid_at',
        compute_sudo=True,
    )
    transaction_ids = fields.One2many(
        'payment.transaction', 'email_pay_link_id', string="Transactions", readonly=True,
    )
    state = fields.Selection(
        [('active', "Active"), ('expired', "Expired"), ('revoked', "Revoked")],
        compute='_compute_state',
    )

    _selector_unique = models.UniqueIndex('(selector)', "A payment link is unique.")
    _queued = models.Index("(id) WHERE mail_state = 'queued'")

    @api.depends('expires_at', 'revoked_at')
    def _compute_state(self):
        now = fields.Datetime.now()
        for link in self:
            if link.revoked_at:
                link.state = 'revoked'
            else:
                link.state = 'active' if link.expires_at > now else 'expired'

    @api.depends('transaction_ids.state')
    def _compute_paid_at(self):
        for link in self:
            paid = link.transaction_ids.filtered(lambda tx: tx.state == 'done')
            link.paid_at = max(paid.mapped('last_state_change'), default=False)

    @api.model
    def _search_paid_at(self, operator, value):
        if operator not in ('in', 'not in') or set(value) != {False}:
            return NotImplemented
        paid = fields.Domain('transaction_ids', 'any', [('state', '=', 'done')])
        return paid if operator == 'not in' else ~paid

    # === THE TOKEN === #

    @api.model
    def _new_selector(self):
        return ''.join(secrets.choice(ALPHABET) for _position in range(SELECTOR_LENGTH))

    def _token(self):
        return self.selector + self.sudo().verifier

    def _url(self):
        """The address to mail: it lets its holder in. Keep it out of logs."""
        self.ensure_one()
        return self._base_url() + LINK_ROUTE.replace('<string:token>', self._token())

    def _copy_action(self):
        """The browser puts the link on the clipboard."""
        return {
            'type': 'ir.actions.client',
            'tag': 'email_pay.copy_link',
            'params': {'url': self._url()},
        }

    def _path(self, tail=''):
        """The clean address of the page: it opens nothing by itself."""
        self.ensure_one()
        return PAGE_ROUTE.replace('<string:selector>', self.selector) + tail

    def _base_url(self):
        return self.company_id.get_base_url()

    @api.model
    def _from_token(self, token):
        """The link (sudo) that `token` opens, in whatever state; empty when there is none."""
        link = self._from_selector(token[:SELECTOR_LENGTH])
        # Compared also when nothing was found, so that both take the same time.
        verifier = link.verifier or secrets.token_urlsafe(VERIFIER_BYTES)
        matches = consteq(verifier.encode(), token[SELECTOR_LENGTH:].encode())
        return link if link and matches else self.sudo().browse()

    @api.model
    def _from_selector(self, selector):
        if not set(ALPHABET).issuperset(selector):  # what nobody could look up, like a NUL
            return self.sudo().browse()
        return self.sudo().search_fetch([('selector', '=', selector)], limit=1)

    # A visit is the proof, in a cookie of the browser, that it came with the token.

    def _visit(self):
        self.ensure_one()
        return hash_sign(
            self.sudo().env, VISIT_SCOPE, [self.id, self.selector], expiration_hours=VISIT_HOURS
        )

    def _is_visit(self, proof):
        return read_signed(self.env, VISIT_SCOPE, proof) == [self.id, self.selector]

    # === LIFE === #

    @api.model
    def _for_invoice(self, invoice):
        """The live link of an invoice: the newest that still works, or a new one."""
        links = invoice.sudo().email_pay_link_ids
        live = links.filtered(lambda link: link.state == 'active')[:1]
        live._extend()
        return live or self._create_for(invoice)

    def _renew(self):
        """Mail a fresh link in place of an expired one, once, to the address on file."""
        if self.state != 'expired' or self._unsendable():
            return
        fresh = self._successor()
        if fresh._address() and not fresh.sent_at:
            fresh._send()

    def _successor(self):
        """The live link to the same."""
        return self._for_invoice(self.invoice_ids)

    def _unsendable(self, addresses=True):
        """Why this link cannot be sent, as a sentence; '' when it can.

        :param addresses: whether the lack of an e-mail address is a reason.
        """
        return self.invoice_ids._email_pay_obstacle()

    def _address(self):
        """Where the mail of this link goes."""
        return self.invoice_ids[:1]._email_pay_address()

    def _log(self, body):
        """Tell the chatters of what this link is about."""
        for move in self.invoice_ids:
            move._message_log(body=body)

    @api.model
    def _create_for(self, *groups):
        """A new link over each group of invoices; a group has one company and one customer."""
        companies = self.env['res.company'].union(*(group.company_id for group in groups))
        expiry = {company: self._expiry(company) for company in companies}
        return self.sudo().create([
            {
                'company_id': group.company_id.id,
                'partner_id': group.partner_id[:1].id,
                'invoice_ids': [fields.Command.set(group.ids)],
                'email': group[:1]._email_pay_address(),
                'expires_at': expiry[group.company_id],
            }
            for group in groups
        ])

    @api.model
    def _expiry(self, company):
        days = self.env['email.pay.portal']._for_company(company).link_validity_days
        return fields.Datetime.now() + timedelta(days=days)

    def _extend(self):
        """Work as long as a new link from now on: it is handed out again."""
        for company, links in self.grouped('company_id').items():
            expiry = self._expiry(company)
            ending = [('expires_at', '<', expiry - KEPT_FRESH)]
            links.filtered_domain(ending).expires_at = expiry

    def action_revoke(self):
        """Close these links for ever; what was paid stays paid."""
        self.env['account.move'].check_access('write')
        self.invoice_ids.check_access('write')
        self.sudo().filtered(lambda link: not link.revoked_at).revoked_at = fields.Datetime.now()

    def _record_opened(self):
        """Count a visit. The chatter tells of the first one only."""
        self.ensure_one()
        # Visits at the same moment are all counted, and none is a change of the link.
        self.env.cr.execute(
            "UPDATE email_pay_link SET open_count = COALESCE(open_count, 0) + 1 WHERE id = %s",
            [self.id])
        self.invalidate_recordset(['open_count'])
        if not self.opened_at:
            self.opened_at = fields.Datetime.now()
            self._log(_("The customer opened the payment page."))

    # === MAIL === #

    def _send(self):
        """Put the payment mail of each link in the outbox.

        :raises UserError: the customer has no address.
        """
        for link in self.sudo():
            link.email = link._address()
            if not link.email:
                raise UserError(_("%s has no e-mail address.", link.partner_id.display_name))
            mail_id = link._mail_template()._email_pay_send(
                link, attachment_ids=[(4, pdf.id) for pdf in link._attachments()])
            mail = self.env['mail.mail'].sudo().browse(mail_id)
            link._record_sent(
                mail_state='sent', mail_error=False, message_id=mail.message_id, bounced_at=False)
            link.invoice_ids.is_move_sent = True
            link._log(link._sent_note())
        self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger()

    def _email_pay_mail_refused(self, addresses, reason, left=False):
        """No mail server would take the mail of this link for these addresses.

        :param left: whether it took it for others.
        """
        if not left:
            self.write({'mail_state': 'failed', 'mail_error': reason})
        self._log(_("The mail to %(address)s was not sent: %(reason)s",
                    address=addresses, reason=reason))

    def _record_sent(self, **values):
        self.write({
            'sent_at': fields.Datetime.now(), 'sent_count': self.sent_count + 1, **values,
        })

    def _mail_template(self):
        return self.env.ref('email_pay.mail_template_payment').sudo()

    def _attachments(self):
        return self.invoice_ids._email_pay_pdf()

    def _pdf(self):
        """What can be downloaded from the page of this link."""
        return self._attachments().raw

    def _sent_note(self):
        return _("Payment email sent to %s.", self.email)

    def _queue(self, channel='mail'):
        """Let the job send the mails, or the text messages, of these links."""
        self.write({f'{channel}_state': 'queued', f'{channel}_error': False})
        self.env.ref('email_pay.ir_cron_send_links').sudo()._trigger()

    def _email_from(self):
        return self.env['email.pay.portal']._sender(self.company_id)

    @api.model
    def _cron_send(self):
        """Send what was queued, a commit each: a failing one is shown and stops no other."""
        work_off(
            self, self._sending_domain('queued'), lambda link: link._send_queued(),
            failed=lambda link, error: link._fail_queued(reason_of(self.env, error)))

    def _send_queued(self):
        """Send it by one of the ways that are queued; each has a turn of its own.

        :raises UserError: it cannot be sent.
        """
        self.ensure_one()
        if reason := self._unsendable():
            raise UserError(reason)
        self._send()

    def _fail_queued(self, reason):
        """Show why it was not sent by the way whose turn it was."""
        self.write({'mail_state': 'failed', 'mail_error': reason})
        self._log(self._unsent_note(reason))

    # How far each of the ways to send it came.

    def _sending_states(self):
        return {self.mail_state}

    @api.model
    def _sending_domain(self, state):
        return fields.Domain('mail_state', '=', state)

    def _unsent_note(self, error):
        return _("The payment email was not sent: %s", error)
