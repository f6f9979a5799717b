from markupsafe import Markup

from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_normalize, email_split, ormcache


class EmailPayPortal(models.Model):
    _name = 'email.pay.portal'
    _description = 'Email Pay Settings'
    _inherit = ['mail.thread', 'email.pay.cached']
    _check_company_auto = True
    _order = 'company_id'

    name = fields.Char(
        required=True, default=lambda self: self.env.company.name, tracking=True,
        help="The name that customers read on the payment page.",
    )
    company_id = fields.Many2one(
        'res.company', required=True, readonly=True, index=True, ondelete='cascade',
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related='company_id.currency_id')
    enabled = fields.Boolean(
        tracking=True,
        help="Whether invoices of this company can be sent by e-mail and paid online.",
    )
    method_ids = fields.One2many(
        'email.pay.method', 'portal_id', string="Payment Methods", copy=False, tracking=True,
        context={'active_test': False},
        help="The ways to pay that customers are offered, in this order.",
    )
    missing = fields.Text(string="To Do", compute='_compute_missing', compute_sudo=True)
    methods_summary = fields.Html(compute='_compute_methods_summary', sanitize=False)
    notification_email = fields.Char(
        string="Notification Address", tracking=True,
        help="A copy of every receipt goes here. Several addresses are separated by commas.",
    )
    email_from = fields.Char(
        string="Sender", tracking=True,
        help="The address from which customers get their mails. Empty: the company's own. A mail"
             " account for collection notices has a sender of its own.",
    )
    allow_partial = fields.Boolean(
        string="Partial Payments", default=True, tracking=True,
        help="Whether customers may pay less than what is due.",
    )
    minimum_amount = fields.Monetary(
        string="Minimum Payment", tracking=True,
        help="The least that a customer can pay at once. The last payment may be less.",
    )
    link_validity_days = fields.Integer(
        string="Links Are Valid for", default=30, required=True, tracking=True,
        help="Days after which a link expires. The customer can then have a fresh one mailed.",
    )
    responsible_id = fields.Many2one(
        'res.users', tracking=True, default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Who gets an activity when a payment needs a person.",
    )

    _company_unique = models.Constraint(
        'UNIQUE(company_id)', "There is one Email Pay settings record per company.",
    )
    _link_validity_positive = models.Constraint(
        'CHECK(link_validity_days BETWEEN 1 AND 3650)',
        "Payment links are valid for 1 to 3650 days.",
    )
    _minimum_not_negative = models.Constraint(
        'CHECK(minimum_amount >= 0)', "The minimum payment cannot be negative.",
    )

    # === COMPUTE METHODS === #

    @api.depends('method_ids.active', 'method_ids.missing')
    def _compute_missing(self):
        for portal in self:
            portal.missing = '\n'.join(portal._missing())

    @api.depends('method_ids.active', 'method_ids.display_name', 'method_ids.logos')
    @api.depends_context('lang')
    def _compute_methods_summary(self):
        row = Markup('<div class="d-flex justify-content-between align-items-center gap-2 py-1">'
                     '<span>%s</span><span class="text-nowrap">%s</span></div>')
        for portal in self:
            portal.methods_summary = Markup().join(
                row % (line.display_name, line.logos) for line in portal._methods())

    # === CONSTRAINTS === #

    @api.constrains('enabled', 'method_ids')
    def _check_enabled(self):
        for portal in self.filtered('enabled'):
            if missing := portal._missing():
                raise ValidationError(
                    _("Email Pay cannot be enabled yet:") + "\n- " + "\n- ".join(missing)
                )

    @api.constrains('notification_email', 'email_from')
    def _check_addresses(self):
        for portal in self:
            for text in filter(None, (portal.notification_email, portal.email_from)):
                addresses = email_split(text)
                if not addresses or not all(map(email_normalize, addresses)):
                    raise ValidationError(_("“%s” is not an e-mail address.", text))

    def _missing(self):
        """What keeps customers from paying, as sentences that say what to do."""
        self.ensure_one()
        providers = self._providers()
        if not providers:
            return [_("Add a payment method.")]
        return [
            sentence for provider in providers.sudo() for sentence in provider._email_pay_missing()
        ]

    # === BUSINESS METHODS === #

    @api.model
    def _create_missing(self):
        """One settings record for every company."""
        present = [company.id for (company,) in self.sudo()._read_group([], ['company_id'])]
        companies = self.env['res.company'].sudo().search([('id', 'not in', present)])
        return self.sudo().create([
            {'company_id': company.id, 'name': company.name} for company in companies
        ])

    @api.model
    def _for_company(self, company):
        """The settings (sudo) that serve `company`: its own, or while those are not enabled, the
        nearest enabled ones of the companies that it is a branch of."""
        return self.sudo().browse(self._id_for_company(company.id))

    @api.model
    @ormcache('company_id')
    def _id_for_company(self, company_id):
        portals = self.sudo().search([('company_id', 'parent_of', company_id)]).sorted(
            lambda portal: portal.company_id.parent_path.count('/'), reverse=True
        )
        return (portals.filtered('enabled')[:1] or portals[:1]).id

    @api.model
    def _sender(self, company):
        """The address from which customers of `company` get their mails."""
        portal = self._for_company(company)
        return portal.email_from or company.email_formatted or self.env.user.email_formatted

    def _methods(self):
        """The payment methods that customers are offered, in their order."""
        return self._switched_on('single')

    def _recurring_methods(self):
        """The methods with which a document can be collected in instalments, in their order."""
        return self._switched_on('recurring')

    @api.model
    def _recurring_obstacle(self, company):
        """Why nothing of `company` can be collected in instalments, as a sentence; '' if it can."""
        portal = self._for_company(company)
        if not portal.enabled:
            return _("Email Pay is not enabled for %s.", company.display_name)
        if not portal._recurring_methods():
            return _(
                "Add a payment method of the type “Recurring credit” in the settings of Email Pay."
            )
        return ''

    def _switched_on(self, kind):
        return self.method_ids.filtered(
            lambda line: line.active and line.kind == kind
        ).sorted('sequence')

    def _providers(self):
        """The payment apps of those methods."""
        return self._methods().provider_id

    def _usable_providers(self, company, partner, amount, currency):
        """The offered apps that can collect `amount` from `partner` now."""
        # A provider that an administrator chose here is offered, published on the website or not.
        compatible = self.env['payment.provider'].with_user(SUPERUSER_ID)
        compatible = compatible._get_compatible_providers(
            company.id, partner.id, amount, currency_id=currency.id
        )
        return self._providers().sudo().filtered(
            lambda provider: provider in compatible and not provider._email_pay_missing()
        )

    def _amount_limits(self, company, currency, due):
        """The least and the most that a customer can pay of `due`, in `currency`."""
        self.ensure_one()
        if not self.allow_partial:
            return due, due
        least = self.currency_id._convert(
            self.minimum_amount, currency, company, fields.Date.context_today(self)
        ) or currency.rounding
        return min(least, due), due

    def _attention_user(self):
        """Who is told when a payment needs a person."""
        self.ensure_one()
        if self.responsible_id.active:
            return self.responsible_id
        managers = self.env.ref('account.group_account_manager').sudo().all_user_ids.filtered(
            lambda user: user.active and not user.share and self.company_id in user.company_ids
        )
        return managers[:1] or self.env.ref('base.user_admin')

    @api.model
    def _speak(self, records):
        """`records`, in the language of whoever is told when their payments need a person."""
        portal = self._for_company(records.company_id)
        # Of whole records nothing but this is needed, for each payment.
        user = portal.with_context(prefetch_fields=False)._attention_user()
        return records.with_context(lang=user.lang)

    # === ACTION METHODS === #

    @api.model
    def action_open_settings(self):
        """The settings of the current company; the cards when several companies are selected."""
        portals = self.search([('company_id', 'in', self.env.companies.ids)])
        action = self.env['ir.actions.act_window']._for_xml_id('email_pay.action_email_pay_portals')
        if len(portals) == 1:
            action.update(views=[(False, 'form')], res_id=portals.id)
        return action
