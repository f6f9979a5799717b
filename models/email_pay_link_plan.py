from odoo import fields, models


class EmailPayLink(models.Model):
    """A link to a recurring credit: its first charge, what became of the others, and those that
    were refused."""

    _inherit = 'email.pay.link'

    plan_id = fields.Many2one(
        'email.pay.plan', string="Recurring Credit", readonly=True, index='btree_not_null',
        ondelete='cascade',
    )
