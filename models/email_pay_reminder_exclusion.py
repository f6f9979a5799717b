from odoo import fields, models


class AccountMove(models.Model):
    """An invoice of which its customer is reminded, or not."""

    _inherit = 'account.move'

    email_pay_no_reminders = fields.Boolean(
        string="No Reminders", copy=False, tracking=True,
        help="The customer is not reminded of this invoice.",
    )

    def _email_pay_not_reminded(self):
        """How much of each of these invoices nobody is reminded of, since it is on its way; of one
        that the customer is paying right now, all; of one that is collected in instalments, what is
        still to be charged. A constant number of queries.

        :return: dict, id of the invoice → amount in its currency
        """
        paying = self._email_pay_holders()._email_pay_moves() & self
        plans = (self - paying).sudo().email_pay_plan_ids
        return {move.id: move.amount_residual for move in paying} | {
            plan.move_id.id: held for plan in plans if (held := plan._held_amount())
        }


class ResPartner(models.Model):
    """A customer who is reminded, or not; of each company it is another one."""

    _inherit = 'res.partner'

    email_pay_no_reminders = fields.Boolean(
        string="No Reminders", company_dependent=True, tracking=True,
        help="This customer is not reminded of what is due.",
    )
    email_pay_no_reminder_ids = fields.Many2many(
        'email.pay.reminder', 'email_pay_reminder_partner_rel', 'partner_id', 'reminder_id',
        string="Reminders Left Out", tracking=True,
        groups='account.group_account_invoice,account.group_account_readonly',
        help="The steps of the reminders by which this customer is not reminded.",
    )
