from odoo import api, fields, models
from odoo.exceptions import UserError


class EmailPayDecide(models.TransientModel):
    """What a person knows of an instalment that no gateway reports."""

    _name = 'email.pay.decide'
    _description = 'Confirm or Deny an Instalment'

    installment_id = fields.Many2one(
        'email.pay.installment', required=True, readonly=True, ondelete='cascade',
    )
    decision = fields.Selection(
        [('confirm', "The money came"), ('deny', "The money did not come")], required=True,
        readonly=True,
    )
    # Whoever opens this window for it must be allowed to see it.
    partner_id = fields.Many2one(related='installment_id.partner_id', related_sudo=False)
    currency_id = fields.Many2one(related='installment_id.currency_id', related_sudo=False)
    amount = fields.Monetary(related='installment_id.amount', related_sudo=False)
    journal_name = fields.Char(string="Journal", compute='_compute_journal_name')
    date = fields.Date(string="Collected on", default=fields.Date.context_today)
    memo = fields.Char(help="For example the number of the bank transfer.")
    reason = fields.Char(help="The customer reads it.")
    tell = fields.Boolean(
        string="Tell the Customer", default=True,
        help="By e-mail, with the link by which this instalment can be paid.",
    )

    @api.depends('installment_id')
    def _compute_journal_name(self):
        for window in self:
            provider = window.installment_id.plan_id.provider_id
            window.journal_name = provider.sudo().journal_id.name

    def action_confirm(self):
        self.installment_id._confirm_by_hand(self.date, self.memo)
        return self._done_action()

    def action_deny(self):
        if not self.reason:
            raise UserError(self.env._("Enter the reason."))
        self.installment_id._deny_by_hand(self.reason, self.tell)
        return self._done_action()

    def _done_action(self):
        return {'type': 'ir.actions.act_window_close'}
