from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import float_round

# What the payment page reads of large records. A field that is missing here costs a query more.
MOVE_FIELDS = (
    'name', 'move_type', 'state', 'payment_state', 'company_id', 'commercial_partner_id',
    'currency_id', 'invoice_currency_rate', 'amount_untaxed', 'amount_total', 'amount_residual',
    'invoice_date', 'invoice_date_due', 'invoice_payment_term_id', 'invoice_cash_rounding_id',
    'journal_id', 'email_pay_is_trial',
)
# Where a localization has it, the totals of an invoice depend on it.
JOURNAL_FIELDS = ('l10n_latam_use_documents',)
LINE_FIELDS = (
    'move_id', 'sequence', 'display_type', 'name', 'quantity', 'price_unit', 'discount',
    'price_subtotal', 'currency_id', 'tax_ids', 'tax_repartition_line_id', 'extra_tax_data',
    'product_id', 'product_uom_id', 'partner_id', 'account_id', 'analytic_distribution', 'date',
    'date_maturity', 'amount_residual', 'amount_residual_currency', 'reconciled',
)
PARTNER_FIELDS = (
    'name', 'lang', 'tz', 'phone', 'email_normalized', 'website', 'street', 'city', 'country_id',
)
CURRENCY_FIELDS = ('name', 'symbol', 'position', 'rounding', 'decimal_places')
COMPANY_FIELDS = (
    'partner_id', 'parent_path', 'currency_id', 'primary_color', 'uses_default_logo',
    'tax_calculation_rounding_method', 'display_invoice_tax_company_currency',
    'account_fiscal_country_id',
)


class EmailPayLink(models.Model):
    """What the holder of a link can pay, and with what."""

    _inherit = 'email.pay.link'

    def _prefetch(self):
        """Read what the payment page needs: whole records would take most of its time."""
        self.company_id.fetch(COMPANY_FIELDS)
        partners = self.partner_id | self.company_id.partner_id
        partners.fetch(PARTNER_FIELDS)
        self.invoice_ids.fetch(MOVE_FIELDS)
        self.invoice_ids.currency_id.fetch(CURRENCY_FIELDS)
        self.invoice_ids.line_ids.fetch(LINE_FIELDS)
        journals = self.invoice_ids.journal_id
        journals.fetch([name for name in JOURNAL_FIELDS if name in journals._fields])
        self.invoice_ids.invoice_payment_term_id.fetch(['early_discount'])

    def _prefetch_names(self):
        """Read what has a name in the customer's language."""
        company = self.company_id
        countries = company.partner_id.country_id | company.account_fiscal_country_id
        countries.fetch(['name', 'code'])

    def _obstacle(self):
        """Why nothing can be paid with this link now: a word, '' when something can."""
        self.ensure_one()
        if self.state != 'active':
            return self.state
        if reason := self._documents_obstacle():
            return reason
        return '' if self._portal().enabled else 'disabled'

    def _documents_obstacle(self):
        invoice = self.invoice_ids
        if not invoice or any(move.state == 'cancel' for move in invoice):
            return 'canceled'
        if any(move.state == 'draft' for move in invoice):
            return 'changing'
        if all(move.currency_id.is_zero(move.amount_residual) for move in invoice):
            reversed_ = any(move.payment_state == 'reversed' for move in invoice)
            return 'credited' if reversed_ else 'paid'
        return ''

    def _portal(self):
        return self.env['email.pay.portal']._for_company(self.company_id)

    def _amount_choices(self, terms=None):
        """The amounts that can be paid now, by name: `full`, `discount`, `installment`; and
        `other`, which is a pair: the least and the most.

        :param dict terms: what Odoo's `_get_invoice_next_payment_values` said of the invoice.
        """
        invoice = self.invoice_ids
        terms = terms or invoice._get_invoice_next_payment_values()
        currency = invoice.currency_id
        due = invoice.amount_residual - invoice._email_pay_awaited()
        choices = {'full': due}
        if terms.get('installment_state') == 'epd':
            choices['discount'] = terms['amount_due']
        upcoming = terms.get('next_amount_to_pay', due)
        if terms.get('installment_state') in ('next', 'overdue') and (
            currency.compare_amounts(due, upcoming) > 0
        ):
            choices['installment'] = upcoming
        least, most = self._portal()._amount_limits(self.company_id, currency, due)
        if currency.compare_amounts(least, most) < 0:
            choices['other'] = (least, most)
        return choices

    def _chosen_amount(self, choice, other):
        """The amount of `choice`, or `other` when that is what was chosen and it is allowed.

        :raises UserError: a sentence for the customer.
        """
        choices = self._amount_choices()
        currency = self.invoice_ids.currency_id
        if choice not in choices:
            raise UserError(_("Please choose how much you want to pay."))
        if choice != 'other':
            return choices[choice]
        self._check_other(other, choices['other'], currency)
        return other

    def _check_other(self, amount, limits, currency):
        """:raises UserError: a sentence for the customer who typed `amount`."""
        if amount is None:
            raise UserError(_("Enter the amount as a number."))
        if currency.round(amount) != amount:
            raise UserError(_("Enter an amount with at most %s decimals.", currency.decimal_places))
        least, most = limits
        if not (
            currency.compare_amounts(amount, least) >= 0
            and currency.compare_amounts(amount, most) <= 0
        ):
            raise UserError(_(
                "Enter an amount between %(least)s and %(most)s.",
                least=currency.format(least), most=currency.format(most),
            ))

    def _methods(self, amount):
        """The ways to pay `amount` now, as (provider, payment method)."""
        return self._ways(amount, self._payment_currency())

    def _ways(self, amount, currency):
        return self._portal()._ways(self.company_id, self.partner_id, amount, currency)

    def _offer(self, amount):
        """The ways to pay `amount` as the page shows them (see `email.pay.portal`)."""
        return self._offer_in(amount, self._payment_currency())

    def _offer_in(self, amount, currency):
        return [
            way for way in self._offer_with_most(currency)
            if not way['most'] or currency.compare_amounts(way['most'], amount) >= 0
        ]

    def _offer_with_most(self, currency):
        """The same for any amount, each with the most that it takes at once; 0 where it takes
        any."""
        company, today = self.company_id, fields.Date.context_today(self)

        def most(way):
            converted = company.currency_id._convert(
                way['maximum'], currency, company, today, round=False)
            return float_round(
                converted, precision_rounding=currency.rounding, rounding_method='DOWN')

        offer = self._portal()._offer(company, self.partner_id, currency)
        return [{**way, 'most': way['maximum'] and most(way)} for way in offer]

    def _check_most(self, chosen, amount, currency):
        """:raises UserError: the way to pay that was chosen does not take so much at once."""
        for way in self._offer_with_most(currency):
            over = way['most'] and currency.compare_amounts(amount, way['most']) > 0
            if over and way['value'] == chosen:
                raise UserError(_(
                    "At most %(most)s can be paid at once with %(way)s. Pay less, or choose another"
                    " way to pay.", most=currency.format(way['most']), way=way['name'],
                ))

    def _usable_providers(self, amount, currency):
        """The apps that can collect `amount` by this link now."""
        return self._portal()._usable_providers(
            self.company_id, self.partner_id, amount, currency)

    def _saves_card(self):
        """Whether what is paid now is paid with a card that is charged again later."""
        return False

    def _payment_currency(self):
        return self.invoice_ids.currency_id

    def _payment_label(self):
        """What is paid, in few words."""
        return ', '.join(self.invoice_ids.mapped('name'))

    def _start_payment(self, amount, provider, method, flow=None):
        """A new transaction of `amount`; refused when it is not due (see `payment_guard`)."""
        self.ensure_one()
        invoice = self.invoice_ids
        invoice._email_pay_lock()  # before the reference is counted, which two tabs would share
        transactions = self.env['payment.transaction'].sudo()
        return self._begin(provider, {
            'payment_method_id': method.id,
            'reference': transactions._compute_reference(
                provider.code, invoice_ids=[Command.set(invoice.ids)]
            ),
            'amount': amount,
            'currency_id': invoice.currency_id.id,
            'invoice_ids': [Command.set(invoice.ids)],
        }, flow)

    def _begin(self, provider, values, flow=None):
        """Create a transaction of this link."""
        if not flow:
            flow = 'redirect' if provider._email_pay_flow() == 'redirect' else 'direct'
        transaction = self.env['payment.transaction'].sudo().create({
            'provider_id': provider.id,
            'partner_id': self.partner_id.id,
            'operation': f'online_{flow}',
            'email_pay_link_id': self.id,
            **values,
        })
        transaction.landing_route = transaction._email_pay_path('/status')
        transaction._log_sent_message()
        return transaction

    def _attempts(self):
        """Payments that were begun with this link at a gateway and may still be made."""
        return self.invoice_ids._email_pay_in_flight().filtered(
            lambda tx: tx.email_pay_link_id == self and tx.state == 'draft'
        )

    def _cancel_attempts(self):
        for transaction in self._attempts():
            transaction._email_pay_lock()
            transaction._email_pay_give_up_checkout(_("The customer started again."))
