from odoo import _, api, fields, models
from odoo.tools import email_normalize


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
