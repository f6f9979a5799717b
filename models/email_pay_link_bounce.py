from odoo import _, api, fields, models


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
