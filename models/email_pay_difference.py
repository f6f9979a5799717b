from odoo import _, api, fields, models

from .notification import RELOAD, notification

KINDS = [
    ('unbooked', "At the gateway, not in Odoo"),
    ('missing', "In Odoo, not at the gateway"),
    ('amount', "Another amount"),
    ('currency', "Another currency"),
    ('twice', "Booked twice"),
    ('parked', "Collected, not booked yet"),
    ('returned', "Went back, not in the books"),
    ('undone', "Undone in Odoo, kept by the gateway"),
    ('silent', "Could not be compared"),
]
# What an accountant does about each kind; `alone` is without a transaction.
WHAT_TO_DO = {
    'unbooked': lambda env: env._(
        "The gateway collected this, and the transaction does not show it. Ask the gateway."
        " If it stays, it is a second payment: pay it back at the gateway, or register it"
        " by hand."
    ),
    'unbooked alone': lambda env: env._(
        "The gateway collected this, and no transaction of this app has its reference."
        " Register the payment by hand. If another system uses the same merchant account,"
        " settle it with a note."
    ),
    'missing': lambda env: env._(
        "Odoo booked this, and the gateway does not know it. Look it up at the gateway. If"
        " no money came, cancel the payment, so that the invoice is due again."
    ),
    'amount': lambda env: env._(
        "The gateway moved another amount than the one booked. Correct the payment, or pay"
        " the difference back at the gateway."
    ),
    'currency': lambda env: env._(
        "The gateway moved another currency than the one booked. Correct the payment, or"
        " pay it back at the gateway."
    ),
    'twice': lambda env: env._(
        "One collection is booked more than once. Keep one payment, and cancel the others."
    ),
    'parked': lambda env: env._(
        "The money came, and could not be booked. See Notifications for the reason, mend"
        " it, then ask the gateway."
    ),
    'returned': lambda env: env._(
        "This went back to the customer, and the books do not have it. Ask the gateway. If"
        " it stays, register the refund by hand, so that the invoice is due again."
    ),
    'undone': lambda env: env._(
        "The gateway keeps this money, and its payment was cancelled, deleted or reset to"
        " draft in Odoo. Post the payment again, or pay the money back at the gateway."
    ),
    'silent': lambda env: env._(
        "The gateway did not report its payments for several days. Test the connection of"
        " the app, then compare again."
    ),
}


class EmailPayDifference(models.Model):
    """What a gateway and the books do not agree on, one row for each; see `comparison`."""

    _name = 'email.pay.difference'
    _description = 'Payment Difference'
    _inherit = ['email.pay.attention']
    _order = 'state, happened_at desc, id desc'
    _rec_name = 'gateway_reference'

    provider_id = fields.Many2one(
        'payment.provider', string="App", required=True, readonly=True, ondelete='cascade',
    )
    provider_name = fields.Char(related='provider_id.name', string="App Name")
    company_id = fields.Many2one(
        'res.company', required=True, readonly=True, index=True, ondelete='cascade',
    )
    kind = fields.Selection(KINDS, string="Difference", required=True, readonly=True)
    state = fields.Selection(
        [
            ('open', "Open"),
            ('resolved', "In order again"),
            ('settled', "Settled by hand"),
        ],
        required=True, readonly=True, default='open', tracking=True,
    )
    what_to_do = fields.Char(string="What to Do", compute='_compute_what_to_do')
    gateway_reference = fields.Char(readonly=True, help="The gateway's own number.")
    reference = fields.Char(readonly=True, help="Our reference, as the gateway reports it.")
    transaction_id = fields.Many2one(
        'payment.transaction', readonly=True, index='btree_not_null',
    )
    payment_id = fields.Many2one('account.payment', readonly=True)
    currency_id = fields.Many2one('res.currency', readonly=True)
    gateway_amount = fields.Monetary(string="At the Gateway", readonly=True)
    booked_amount = fields.Monetary(string="Booked", readonly=True)
    happened_at = fields.Datetime(string="Date", readonly=True)
    first_seen = fields.Datetime(readonly=True, default=fields.Datetime.now)
    settled_by_id = fields.Many2one('res.users', string="Settled by", readonly=True)
    settled_at = fields.Datetime(string="Settled on", readonly=True)
    note = fields.Text(readonly=True)

    _break_unique = models.UniqueIndex(
        "(provider_id, kind, COALESCE(gateway_reference, ''), COALESCE(reference, ''))",
        "This difference is already listed.",
    )

    # === WHAT TO DO === #

    @api.depends('kind', 'transaction_id')
    @api.depends_context('lang')
    def _compute_what_to_do(self):
        for difference in self:
            alone = f'{difference.kind} alone'
            kind = difference.kind if difference.transaction_id else alone
            sentence = WHAT_TO_DO.get(kind) or WHAT_TO_DO.get(difference.kind)
            difference.what_to_do = sentence and sentence(self.env)

    # === RECORD === #

    @api.model
    def _open_of(self, provider):
        return self.sudo().search([('provider_id', '=', provider.id), ('state', '=', 'open')])

    @api.model
    def _record(self, comparison):
        """Keep what a comparison found: new differences with an activity each, and those that it
        finds in order again closed. What a person settled stays settled."""
        found = {one.key: one for one in comparison.breaks()}
        known = self.sudo().search([
            ('provider_id', '=', comparison.provider.id),
            '|', ('state', '=', 'open'),
            '|', ('gateway_reference', 'in', [one.number for one in found.values()]),
            ('reference', 'in', [one.reference for one in found.values()]),
        ])
        by_key = {difference._key(): difference for difference in known}
        values = {
            key: self._values(comparison.provider, one, currency)
            for (key, one), currency in zip(
                found.items(), self._currencies(found.values()), strict=True
            )
        }
        self.sudo().create([values[key] for key in values if key not in by_key])._alert()
        for key in values.keys() & by_key.keys():
            by_key[key]._see_again(values[key])
        known.filtered(
            lambda difference: difference._key() not in found
            and difference._is_in_order(comparison)
        )._resolve()

    def _key(self):
        return self.kind, self.gateway_reference or '', self.reference or ''

    @api.model
    def _currencies(self, breaks):
        """The currency of each break; empty when nobody knows it."""
        currencies = self.env['res.currency'].with_context(active_test=False).search([
            ('name', 'in', list({one.currency for one in breaks})),
        ])
        by_name = {currency.name: currency for currency in currencies}
        return [by_name.get(one.currency, currencies.browse()) for one in breaks]

    @api.model
    def _values(self, provider, found, currency):
        return {
            'provider_id': provider.id,
            'company_id': (found.transaction.company_id or provider.company_id).id,
            'kind': found.kind,
            'gateway_reference': found.number or False,
            'reference': found.reference or False,
            'transaction_id': found.transaction.id,
            'payment_id': found.payment.id,
            'currency_id': currency.id,
            'gateway_amount': found.collected or 0,
            'booked_amount': found.booked or 0,
            'happened_at': found.happened_at,
        }

    def _see_again(self, values):
        """Found again: an open one is brought up to date, and one that was in order is open again.
        """
        if self.state == 'settled':
            return
        names = ('transaction_id', 'payment_id', 'gateway_amount', 'booked_amount')
        self.write({name: values[name] for name in names})
        if self.state == 'resolved':
            self._reopen()

    def _is_in_order(self, comparison):
        """Whether a comparison that did not find this difference proves that it is gone."""
        return self.state == 'open' and (
            self.kind == 'silent'
            or comparison.has_judged(self.gateway_reference, self.transaction_id)
        )

    @api.model
    def _record_silence(self, provider):
        """Tell a person, once, that a provider cannot be compared."""
        difference = self.sudo().search([
            ('provider_id', '=', provider.id), ('kind', '=', 'silent'),
        ])
        if not difference:
            self.sudo().create({
                'provider_id': provider.id, 'company_id': provider.company_id.id, 'kind': 'silent',
                'happened_at': provider.email_pay_compared_at,
            })._alert()
        elif difference.state != 'open':
            difference._reopen()

    def _resolve(self):
        self.write({'state': 'resolved'})
        self._no_attention()

    def _reopen(self):
        self.write({'state': 'open', 'settled_by_id': False, 'settled_at': False, 'note': False})
        self._alert()

    def _alert(self):
        """One activity for each, for whoever is told when a payment needs a person."""
        portals = self.env['email.pay.portal']
        for difference in self:
            spoken = portals._speak(difference)
            summary = spoken.env._("The gateway and the books do not agree")
            self._ask_attention(difference.company_id, difference, summary, spoken.what_to_do)

    # === DECIDE === #

    def action_ask(self):
        """Ask the gateway for these payments, book what it confirms, and compare them again."""
        self._check_may_decide()
        for provider, differences in self.filtered('transaction_id').grouped('provider_id').items():
            provider.sudo()._email_pay_compare_again(differences.transaction_id.sudo())

    def action_settle(self):
        """Ask how a person settled these."""
        self._check_may_decide()
        return {
            'type': 'ir.actions.act_window',
            'name': _("Settled by hand"),
            'res_model': 'email.pay.settle',
            'view_mode': 'form',
            'target': 'new',
            'context': {'default_difference_ids': self.ids},
        }

    def _settle(self, note):
        """Note that a person settled these, and how."""
        self._check_may_decide()
        self.sudo().write({
            'state': 'settled', 'note': note, 'settled_by_id': self.env.uid,
            'settled_at': fields.Datetime.now(),
        })
        self.sudo()._no_attention()

    def action_reopen(self):
        """What was settled needs a person after all."""
        self._check_may_decide()
        self.sudo().filtered(lambda difference: difference.state == 'settled')._reopen()

    def action_compare_all(self):
        """Compare every app of the companies that are selected, now, and say what is open."""
        self._check_may_decide()
        companies = self.env.companies
        providers = self.env['payment.provider']._email_pay_comparable().filtered(
            lambda provider: provider.company_id in companies
        )
        providers._email_pay_compare_now()
        count = self.search_count([
            ('company_id', 'in', companies.ids), ('state', '=', 'open'),
        ])
        return notification(
            'warning' if count else 'success',
            _("Open differences: %s", count) if count else _("Nothing to clear up"),
            title=_("Compared") if providers else _("No app has payments to compare"),
            next=RELOAD)
