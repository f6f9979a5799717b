from markupsafe import Markup

from odoo import _, api, fields, models
from odoo.tools import format_date

from ..models.plan_values import due_dates, shares


class EmailPayCollect(models.TransientModel):
    """How a document is collected in instalments."""

    _name = 'email.pay.collect'
    _description = 'Collect in Instalments'

    move_id = fields.Many2one('account.move', ondelete='cascade')
    order_model = fields.Char()
    order_id = fields.Many2oneReference(model_field='order_model')
    company_id = fields.Many2one('res.company', compute='_compute_document')
    partner_id = fields.Many2one('res.partner', string="Customer", compute='_compute_document')
    currency_id = fields.Many2one('res.currency', compute='_compute_document')
    amount = fields.Monetary(string="To Collect", compute='_compute_document')
    method_ids = fields.Many2many('email.pay.method', compute='_compute_document')
    method_id = fields.Many2one(
        'email.pay.method', string="Payment Method", required=True, ondelete='cascade',
        compute='_compute_method_id', store=True, readonly=False, precompute=True,
        domain="[('id', 'in', method_ids)]",
    )
    mode = fields.Selection(related='method_id.recurring_mode')
    least = fields.Integer(related='method_id.min_installments')
    most = fields.Integer(related='method_id.max_installments')
    count = fields.Integer(
        string="Instalments", required=True, compute='_compute_count', store=True, readonly=False,
        precompute=True,
    )
    first_date = fields.Date(
        string="First Charge", required=True, default=fields.Date.context_today,
    )
    preview = fields.Html(compute='_compute_preview', sanitize=False)
    warning = fields.Char(compute='_compute_warning')

    @api.depends('move_id', 'order_id')
    def _compute_document(self):
        for wizard in self:
            document = wizard._document()
            values = document._email_pay_plan_values() if document else {}
            for name in ('company_id', 'partner_id', 'currency_id', 'amount'):
                wizard[name] = values.get(name, False)
            portals = self.env['email.pay.portal']
            wizard.method_ids = document and portals._for_company(
                wizard.company_id)._recurring_methods().with_env(self.env)

    @api.depends('method_ids')
    def _compute_method_id(self):
        for wizard in self:
            if wizard.method_id not in wizard.method_ids:
                wizard.method_id = wizard.method_ids[:1]

    @api.depends('method_id')
    def _compute_count(self):
        for wizard in self:
            least, most = wizard.least, wizard.most
            wizard.count = min(max(wizard.count or most, least), most)

    @api.depends('amount', 'count', 'first_date', 'method_id')
    def _compute_preview(self):
        """The charges as they will be: their sum is the amount, to the cent."""
        row = Markup('<tr><td>%s</td><td>%s</td><td class="text-end">%s</td></tr>')
        for wizard in self:
            rows = [
                row % (number, format_date(self.env, date), wizard.currency_id.format(amount))
                for number, (date, amount) in enumerate(wizard._charges(), 1)
            ]
            wizard.preview = bool(rows) and Markup(
                '<table class="table table-sm mb-0"><thead><tr><th>#</th><th>%s</th>'
                '<th class="text-end">%s</th></tr></thead><tbody>%s</tbody>'
                '<tfoot><tr><th/><th>%s</th><th class="text-end">%s</th></tr></tfoot></table>'
            ) % (_("Date"), _("Amount"), Markup().join(rows), _("Total"),
                 wizard.currency_id.format(wizard.amount))

    def _charges(self):
        if not (self.first_date and self.currency_id and 1 < self.count <= self.most):
            return []
        amounts = shares(self.amount, self.count, self.currency_id)
        return list(zip(due_dates(self.first_date, self.count), amounts, strict=True))

    @api.depends('method_id', 'partner_id')
    def _compute_warning(self):
        """What the gateway will ask for, before it is asked."""
        for wizard in self:
            wizard.warning = wizard.method_id and self.env['email.pay.plan']._lacking(
                wizard.method_id, wizard.partner_id)

    def _document(self):
        """The invoice, or the order, to collect."""
        if self.move_id or not self.order_model:
            return self.move_id
        return self.env[self.order_model].browse(self.order_id).exists()

    def action_collect(self):
        """Make the plan, and send its order or link at once."""
        self.ensure_one()
        document = self._document()
        document.check_access('write')
        self.env['email.pay.plan']._collect(
            document, self.method_id, self.count, self.first_date)
        return {'type': 'ir.actions.act_window_close'}
