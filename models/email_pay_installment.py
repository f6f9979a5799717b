from odoo import _, api, fields, models
from odoo.tools import SQL

from .locks import locked_ids


class EmailPayInstallment(models.Model):
    """One month of a plan: what is to be collected, and what became of it."""

    _name = 'email.pay.installment'
    _description = 'Instalment'
    _order = 'due_date, plan_id, number, id'
    _rec_name = 'number'

    plan_id = fields.Many2one(
        'email.pay.plan', required=True, readonly=True, index=True, ondelete='cascade',
    )
    number = fields.Integer(required=True, readonly=True, aggregator=None)
    amount = fields.Monetary(required=True, readonly=True)
    due_date = fields.Date(required=True, readonly=True, index=True)
    state = fields.Selection(
        [
            ('awaiting', "Awaiting"),
            ('confirmed', "Confirmed"),
            ('denied', "Denied"),
            ('cancelled', "Cancelled"),
        ],
        default='awaiting', required=True, readonly=True,
    )
    reason = fields.Char(
        readonly=True, help="Why it was not collected, in the customer's language.",
    )
    transaction_id = fields.Many2one(
        'payment.transaction', readonly=True, index='btree_not_null', ondelete='set null',
        help="By which it was collected, or was last tried to be.",
    )
    payment_id = fields.Many2one(related='transaction_id.payment_id', string="Payment")
    confirmed_at = fields.Datetime(string="Confirmed on", readonly=True)
    attempts = fields.Integer(string="Times Refused", readonly=True, aggregator=None)
    next_attempt = fields.Datetime(string="Tried Next on", readonly=True)
    # Of the plan, for the report.
    company_id = fields.Many2one(related='plan_id.company_id', store=True, index=True)
    partner_id = fields.Many2one(related='plan_id.partner_id', store=True, index=True)
    currency_id = fields.Many2one(related='plan_id.currency_id', store=True)
    mode = fields.Selection(related='plan_id.mode', store=True)
    provider_id = fields.Many2one(related='plan_id.provider_id', store=True)
    move_id = fields.Many2one(related='plan_id.move_id', store=True, index='btree_not_null')

    _number_unique = models.UniqueIndex('(plan_id, number)', "An instalment has its own number.")

    @api.depends('number', 'plan_id.reference', 'plan_id.count')
    def _compute_display_name(self):
        for line in self:
            line.display_name = _(
                "%(plan)s, %(number)s of %(count)s", plan=line.plan_id.reference,
                number=line.number, count=line.plan_id.count,
            )

    # === WHAT BECAME OF IT: THE ONE PLACE === #

    def _lock(self):
        """As `email.pay.plan._lock`, for one instalment."""
        if self:
            locked_ids(self.env.cr, SQL(
                "UPDATE email_pay_installment SET write_date = write_date WHERE id IN"
                " (SELECT id FROM email_pay_installment WHERE id IN %s ORDER BY id"
                "  FOR NO KEY UPDATE) RETURNING id", tuple(self.ids),
            ))

    def _confirm(self, tx):
        """The payment `tx` (done) collected this instalment. The same again changes nothing; what
        another payment collected already becomes the customer's credit."""

    def _deny(self, reason, tx=None):
        """It was not collected, for `reason`, while the plan is active."""

    def _cancel(self, reason):
        """Nobody will charge it."""
