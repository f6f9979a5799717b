from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..gateways import REGISTRY
from .plan_values import MODES


class EmailPayMethod(models.Model):
    """A method of recurring credit: a sale that is collected month by month."""

    _inherit = 'email.pay.method'

    kind = fields.Selection(
        [('single', "One payment"), ('recurring', "Recurring credit")], string="Type",
        default='single', required=True,
        help="One payment: customers choose it on their pages. Recurring credit: you choose it when"
             " you press “Collect in instalments” on an invoice.",
    )
    recurring_mode = fields.Selection(
        MODES, string="Who Charges",
        help="Each month: the gateway by itself, Odoo with the card that the customer saved, or"
             " nobody, as a person confirms that the money came.",
    )
    min_installments = fields.Integer(string="Least Instalments", default=2)
    max_installments = fields.Integer(string="Most Instalments", default=12)
    retry_days = fields.Integer(
        string="Days Until It Is Tried Again", default=3,
        help="After a card was refused. A gateway that charges by itself has its own rule.",
    )
    retry_times = fields.Integer(
        string="Times It Is Tried Again", default=3,
        help="Then the customer has to pay that instalment with the link.",
    )

    _provider_unique = models.UniqueIndex(
        "(portal_id, provider_id, kind, (COALESCE(recurring_mode, '')))",
        "This payment app is among the payment methods already.",
    )
    _installments_in_order = models.Constraint(
        'CHECK(2 <= min_installments AND min_installments <= max_installments)',
        "A recurring credit has at least two instalments, and the most are not less than the"
        " least.",
    )
    _retries_not_negative = models.Constraint(
        'CHECK(retry_days >= 1 AND retry_times >= 0)',
        "A refused card is tried again after at least a day.",
    )

    @api.depends('kind', 'recurring_mode')
    def _compute_display_name(self):
        """Override: what an accountant chooses among when there are several."""
        super()._compute_display_name()
        modes = dict(self._fields['recurring_mode']._description_selection(self.env))
        for line in self.filtered(lambda line: line.kind == 'recurring'):
            line.display_name = f'{line.display_name} ({modes.get(line.recurring_mode, "")})'

    @api.constrains('kind', 'recurring_mode', 'provider_id', 'max_installments')
    def _check_recurring(self):
        for line in self.filtered(lambda line: line.kind == 'recurring'):
            provider = line.provider_id.sudo()
            if line.recurring_mode not in provider._email_pay_recurring_modes():
                raise ValidationError(_(
                    "%s cannot charge in this way. Choose another one under “Who Charges”.",
                    provider.name,
                ))
            most = provider._email_pay_most_installments(line.recurring_mode)
            if most and line.max_installments > most:
                raise ValidationError(_(
                    "%(app)s charges at most %(most)s instalments.", app=provider.name, most=most,
                ))

    @api.onchange('kind')
    def _onchange_kind(self):
        if self.kind == 'recurring' and not self.recurring_mode:
            modes = self.provider_id.sudo()._email_pay_recurring_modes()
            self.recurring_mode = next(iter(modes), False)

    def action_open_method(self):
        """The form of this method, with what only a recurring credit has."""
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window', 'name': _("Payment Method"),
            'res_model': self._name, 'res_id': self.id, 'views': [(False, 'form')],
            'target': 'new',
        }


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    def _email_pay_recurring_modes(self):
        """The modes in which this app can collect month by month, the most convenient first."""
        if not self:
            return []
        self.ensure_one()
        modes = []
        if self._email_pay_most_installments('integrated') > 1:
            modes.append('integrated')
        if self.support_tokenization:
            modes.append('token')
        return [*modes, 'manual']

    def _email_pay_most_installments(self, mode):
        """The most instalments of one plan; 0 when nothing limits them."""
        if mode != 'integrated':
            return 0
        return REGISTRY[self.code].supports.installments if self.code in REGISTRY else 1
