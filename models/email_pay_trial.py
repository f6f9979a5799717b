from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from .account_move import OPEN_STATES
from .locks import hold

# The journal of trial invoices: they take no number of the invoices that count.
TRIAL_JOURNAL = 'TRIAL'


class AccountMove(models.Model):
    """An invoice of one unit that an administrator pays with test money, to see how it goes."""

    _inherit = 'account.move'

    email_pay_is_trial = fields.Boolean(
        string="Trial of Email Pay", readonly=True, copy=False,
        help="It was made to try Email Pay out, and can only be paid in test mode.",
    )

    _email_pay_trials = models.Index("(company_id) WHERE email_pay_is_trial")

    def action_email_pay_undo_trial(self):
        """Take a trial out of the books: its payments and the invoice are cancelled."""
        self._email_pay_check_accountant()
        trials = self.filtered(lambda move: move.email_pay_is_trial and move.state == 'posted')
        payments = trials.matched_payment_ids.filtered(lambda payment: payment.state != 'canceled')
        payments.action_draft()
        payments.action_cancel()
        trials.button_draft()
        trials.button_cancel()


class AccountMoveSend(models.AbstractModel):
    _inherit = 'account.move.send'

    @api.model
    def _get_default_extra_edis(self, move):
        """Override of `account`: no authority is told of a trial."""
        return set() if move.email_pay_is_trial else super()._get_default_extra_edis(move)


class EmailPayPortal(models.Model):
    _inherit = 'email.pay.portal'

    # === MAKING ONE === #

    def _trial_obstacle(self, provider):
        """Why no trial invoice of this company can be paid by `provider`, as a sentence."""
        self.ensure_one()
        if provider.state == 'enabled':
            return _("%s collects real money. Nothing is tried out with that.", provider.name)
        if provider.state != 'test':
            return _("Press “Test” first: it puts %s into test mode.", provider.name)
        currency = self.company_id.currency_id
        if provider.available_currency_ids and currency not in provider.available_currency_ids:
            return _("%(app)s does not collect in %(currency)s, the currency of %(company)s.",
                     app=provider.name, currency=currency.name, company=self.company_id.name)
        return ''

    def _send_trial(self, provider, partner):
        """Mail `partner` the trial invoice of this company: the one that is open, or a new one.

        :raises UserError: it cannot be made, paid or sent, in a sentence that says why.
        """
        self.ensure_one()
        if obstacle := self._trial_obstacle(provider):
            raise UserError(obstacle)
        self._offer_for_trial(provider)
        invoice = self._make_trial(partner)
        if invoice.state == 'draft':
            invoice.action_post()
        invoice.action_send_payment_email()
        return invoice

    def _make_trial(self, partner):
        """The trial invoice that is open, or a new one. Two clicks at once make one."""
        hold(self)
        return self._open_trial() or self._create_trial(partner)

    def _offer_for_trial(self, provider):
        if provider not in self._providers():
            self._add_method(provider)
        if not self.enabled:
            self.enabled = True

    def _trials(self):
        return self.env['account.move'].search([
            ('email_pay_is_trial', '=', True), ('company_id', '=', self.company_id.id),
            ('state', '!=', 'cancel'),
        ])

    def _open_trial(self):
        """The trial invoice that waits for its payment."""
        return self._trials().filtered(
            lambda move: move.state == 'draft' or (
                move.payment_state in OPEN_STATES and move.amount_residual))[:1]

    def _is_trial_paid(self, provider):
        """Whether a trial invoice was paid by `provider`."""
        return bool(self.env['payment.transaction'].sudo().search_count([
            ('provider_id', '=', provider.id), ('company_id', '=', self.company_id.id),
            ('state', '=', 'done'), ('invoice_ids.email_pay_is_trial', '=', True),
        ], limit=1))

    def _create_trial(self, partner):
        company = self.company_id
        title = _("Trial of Email Pay")
        return self.env['account.move'].with_company(company).create({
            'move_type': 'out_invoice',
            'email_pay_is_trial': True,
            'journal_id': self._trial_journal().id,
            'partner_id': partner.id,
            'currency_id': company.currency_id.id,
            'invoice_date': fields.Date.context_today(self),
            'invoice_payment_term_id': False,
            'ref': title,
            'email_pay_no_reminders': True,
            'narration': _("This invoice is a trial: nothing was sold, and it is paid with test"
                           " money only."),
            'invoice_line_ids': [Command.create({
                'name': title, 'quantity': 1, 'price_unit': 1.0, 'tax_ids': [Command.clear()],
            })],
        })

    def _trial_journal(self):
        """The journal of trial invoices, made when it is needed.

        :raises UserError: there is no chart of accounts.
        """
        company = self.company_id
        journals = self.env['account.journal'].with_company(company)
        sales = journals.with_context(active_test=False).search([
            *journals._check_company_domain(company), ('type', '=', 'sale'),
        ])
        mine = sales.filtered(
            lambda journal: journal.code == TRIAL_JOURNAL and journal.company_id == company)
        if mine:
            mine.active = True
            return mine
        account = sales.default_account_id[:1]
        if not account:
            raise self._without_chart()
        return journals.create({
            'name': _("Trials of Email Pay"), 'code': TRIAL_JOURNAL, 'type': 'sale',
            'company_id': company.id, 'default_account_id': account.id,
            'show_on_dashboard': False,
        })


class PaymentTransaction(models.Model):
    _inherit = 'payment.transaction'

    def _email_pay_check_collectable(self):
        """Override: no real money for a trial, on any route."""
        is_trial = any(self._email_pay_moves().mapped('email_pay_is_trial'))
        if is_trial and self.provider_id.state != 'test':
            raise ValidationError(_(
                "This invoice is a trial, and can only be paid in test mode. Nothing was charged."))
        super()._email_pay_check_collectable()


class EmailPayLink(models.Model):
    """The link to a trial offers what is in test mode."""

    _inherit = 'email.pay.link'

    def _is_trial(self):
        return any(self.invoice_ids.mapped('email_pay_is_trial'))

    def _ways(self, amount, currency):
        ways = super()._ways(amount, currency)
        if not self._is_trial():
            return ways
        return [(provider, method) for provider, method in ways if provider.state == 'test']

    def _offer_in(self, amount, currency):
        offer = super()._offer_in(amount, currency)
        return [way for way in offer if way['test']] if self._is_trial() else offer

    def _usable_providers(self, amount, currency):
        usable = super()._usable_providers(amount, currency)
        return usable.filtered(lambda p: p.state == 'test') if self._is_trial() else usable
