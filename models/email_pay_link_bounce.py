from odoo import _, api, fields, models
from odoo.tools import email_normalize, html2plaintext
from odoo.tools.mail import email_normalize_all

from ..const import REASON_LENGTH


class EmailPayLink(models.Model):
    _inherit = 'email.pay.link'

    bounced_at = fields.Datetime(
        string="Came Back on", readonly=True, copy=False,
        help="The mail with this link could not be delivered. Correct the address of the contact.",
    )
    message_id = fields.Char(readonly=True, copy=False, index='btree_not_null')

    _bounced = models.Index("(partner_id) WHERE bounced_at IS NOT NULL")
    _email = models.Index("(email) WHERE email IS NOT NULL")

    @api.model
    def _bounced_by(self, addresses):
        """The links (sudo) that still work and whose mail went to these addresses."""
        return self.sudo().search([
            ('email', 'in', list(filter(None, addresses))), ('bounced_at', '=', False),
            ('revoked_at', '=', False), ('expires_at', '>', fields.Datetime.now()),
        ])

    def _record_bounce(self, reason):
        for link in self:
            link._log(_("The mail with the payment link to %(address)s came back: %(reason)s",
                        address=link.email, reason=reason))
        self.bounced_at = fields.Datetime.now()

    @api.model
    def _forget_bounces(self, addresses):
        self.sudo().search([
            ('bounced_at', '!=', False), ('email', 'in', list(filter(None, addresses))),
        ]).bounced_at = False

    @api.model
    def _follow_address(self, partner, old):
        """What is told by the links that still work goes to the new address of `partner`."""
        self.sudo().search([
            ('email', '=', old), ('revoked_at', '=', False),
            ('expires_at', '>', fields.Datetime.now()),
            ('partner_id.commercial_partner_id', '=', partner.commercial_partner_id.id),
        ]).email = partner.email_normalized


class ResPartner(models.Model):
    """An address from which mail came back, until it changes or a mail comes from it. Odoo counts
    what came back in `message_bounce`, and shows it nowhere."""

    _inherit = 'res.partner'

    email_pay_bounced = fields.Boolean(
        string="Mail Came Back", compute='_compute_email_pay_bounced',
        search='_search_email_pay_bounced',
    )

    @api.depends('message_bounce', 'email_normalized')
    def _compute_email_pay_bounced(self):
        for partner in self:
            partner.email_pay_bounced = bool(partner.email_normalized and partner.message_bounce)

    def _email_pay_came_back(self):
        """Of these customers, those whose address does not work, each with the sentence why nothing
        is sent there by itself."""
        reason = _("The last mail to the customer came back. Correct the address of the contact.")
        owners = {customer: customer._email_pay_address_owner() for customer in self}
        return {customer: reason for customer, owner in owners.items() if owner.email_pay_bounced}

    @api.model
    def _search_email_pay_bounced(self, operator, value):
        if operator != 'in' or set(value) != {True}:
            return NotImplemented
        return [('message_bounce', '>', 0), ('email_normalized', '!=', False)]

    def write(self, vals):
        """Override: a corrected address has a clean slate, and so have the links of who has it,
        which go there from now on."""
        before = {partner: partner.email_normalized for partner in self if 'email' in vals}
        res = super().write(vals)
        changed = self.filtered(lambda p: p in before and p.email_normalized != before[p])
        if bounced := changed.filtered('message_bounce'):
            bounced.message_bounce = 0
        links = self.env['email.pay.link']
        if changed:
            links._forget_bounces({before[partner] for partner in changed})
        for partner in changed.filtered('email_normalized'):
            if before[partner]:
                links._follow_address(partner, before[partner])
        return res

    def action_email_pay_trust_address(self):
        """Somebody knows that the address works after all."""
        self.check_access('write')
        self.message_bounce = 0
        self.env['email.pay.link']._forget_bounces(self.mapped('email_normalized'))

    @api.model
    def _email_pay_note_refusal(self, address, answer):
        """A mail server that refuses an address for good says at once what others say by mail."""
        address = email_normalize(address)
        self._email_pay_count_bounce([address])
        self.env['email.pay.link']._bounced_by([address])._record_bounce(answer)

    @api.model
    def _email_pay_count_bounce(self, addresses):
        for partner in self.sudo().search([('email_normalized', 'in', addresses)]):
            partner._message_receive_bounce(partner.email_normalized, partner)


class MailThread(models.AbstractModel):
    _inherit = 'mail.thread'

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """Override of `mail`: mark payment links and receipts too. What is only late, and still
        tried, has not come back."""
        if is_only_late(email_message):
            return
        super()._routing_handle_bounce(email_message, message_dict)
        message_ids = message_dict['bounced_msg_ids'] or []
        receipts = self.env['email.pay.receipt'].sudo().search([('message_id', 'in', message_ids)])
        links = self.env['email.pay.link'].sudo().search([('message_id', 'in', message_ids)])
        addresses = [message_dict['bounced_email']]
        if not any(addresses):  # the report only names the mail, and Odoo marked nobody
            addresses = email_normalize_all(
                ', '.join(filter(None, receipts.mapped('email') + links.mapped('email'))))
            self.env['res.partner']._email_pay_count_bounce(addresses)
        reason = html2plaintext(message_dict.get('body') or '')[:REASON_LENGTH]
        receipts._record_bounce(reason)
        (links | links._bounced_by(addresses))._record_bounce(reason)

    @api.model
    def _routing_reset_bounce(self, email_message, message_dict):
        """Override of `mail`: an address from which a mail comes works."""
        super()._routing_reset_bounce(email_message, message_dict)
        self.env['email.pay.link']._forget_bounces([email_normalize(message_dict['email_from'])])


def is_only_late(email_message):
    """Whether a report of delivery, RFC 3464, tells of no failure."""
    actions = {
        str(block['Action'] or '').strip().lower()
        for part in email_message.walk()
        if part.get_content_type() == 'message/delivery-status' and part.is_multipart()
        for block in part.get_payload()
    }
    return bool(actions - {''}) and 'failed' not in actions
