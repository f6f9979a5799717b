from odoo import _, api, fields, models
from odoo.exceptions import RedirectWarning, UserError, ValidationError

from ..gateways.greenpay import const
from ..gateways.signing import rsa_public_key
from . import identity

TERMINALS = ('greenpay_terminal_crc', 'greenpay_terminal_usd', 'greenpay_terminal_gtq')


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    code = fields.Selection(
        selection_add=[('greenpay', "GreenPay")], ondelete={'greenpay': 'set default'}
    )
    greenpay_secret = fields.Char(
        string="GreenPay Secret", required_if_provider='greenpay', groups='base.group_system',
        copy=False,
    )
    greenpay_merchant_id = fields.Char(
        string="GreenPay Merchant ID", required_if_provider='greenpay', copy=False
    )
    greenpay_terminal_crc = fields.Char(
        string="Terminal for Colones", copy=False,
        help="GreenPay gives one terminal for each currency. A currency without one is not"
             " offered.",
    )
    greenpay_terminal_usd = fields.Char(string="Terminal for US Dollars", copy=False)
    greenpay_terminal_gtq = fields.Char(string="Terminal for Quetzales", copy=False)
    greenpay_public_key = fields.Text(
        string="RSA Public Key", required_if_provider='greenpay', copy=False,
        help="It proves that a notification comes from GreenPay. Paste it as GreenPay gave it.",
    )
    greenpay_merchant_url = fields.Char(
        string="Merchant Service Address", default=const.MERCHANT_URL,
        required_if_provider='greenpay',
    )
    greenpay_form_url = fields.Char(
        string="Payment Form Address", default=const.FORM_URL, required_if_provider='greenpay'
    )
    greenpay_identification_type = fields.Selection(
        [
            (identity.PHYSICAL, "Cédula física"),
            (identity.LEGAL, "Cédula jurídica"),
            (identity.DIMEX, "DIMEX"),
            (identity.NITE, "NITE"),
        ],
        string="Identification Type", copy=False,
        help="The identification with which the GreenPay account was opened.",
    )
    greenpay_identification = fields.Char(string="Identification Number", copy=False)
    greenpay_connected_as = fields.Char(
        string="Connected GreenPay Account", readonly=True, copy=False,
        help="The account and identification that “Connect” has confirmed.",
    )
    greenpay_is_connected = fields.Boolean(
        string="GreenPay Is Connected", compute='_compute_greenpay_is_connected')
    greenpay_warning = fields.Text(
        string="GreenPay Warning", compute='_compute_greenpay_warning')

    # === COMPUTE METHODS === #

    @api.depends(*TERMINALS)
    def _compute_available_currency_ids(self):
        super()._compute_available_currency_ids()

    @api.depends(
        'greenpay_connected_as', 'greenpay_merchant_id', 'greenpay_identification_type',
        'greenpay_identification',
    )
    def _compute_greenpay_is_connected(self):
        for provider in self:
            account = provider._greenpay_account()
            provider.greenpay_is_connected = bool(account) and (
                provider.greenpay_connected_as == account
            )

    @api.depends('greenpay_is_connected', 'company_id.vat', 'company_id.country_id')
    def _compute_greenpay_warning(self):
        for provider in self:
            different = provider._greenpay_differences() if provider.greenpay_is_connected else []
            provider.greenpay_warning = '\n'.join(different)

    # === ACTION METHODS === #

    def action_greenpay_use_sandbox(self):
        self.write({
            'greenpay_merchant_url': const.SANDBOX_MERCHANT_URL,
            'greenpay_form_url': const.SANDBOX_FORM_URL,
        })

    def action_greenpay_use_production(self):
        self.write({
            'greenpay_merchant_url': const.MERCHANT_URL, 'greenpay_form_url': const.FORM_URL,
        })

    def action_greenpay_connect(self):
        """Compare the company with the GreenPay account, then try the credentials.

        GreenPay's API tells nothing of the merchant, so that what it knows of him is entered here.
        """
        self.ensure_one()
        if not self.greenpay_identification_type or not self.greenpay_identification:
            raise UserError(_(
                "Enter the identification type and number with which the GreenPay account was"
                " opened."
            ))
        if not self._greenpay_identification():
            raise UserError(_(
                "%(number)s is no number of the type %(type)s.",
                number=self.greenpay_identification,
                type=self._greenpay_type_name(self.greenpay_identification_type),
            ))
        if different := self._greenpay_differences():
            raise RedirectWarning(
                '\n'.join(different), self._greenpay_company_action(), _("Open the company")
            )
        answer = self.action_email_pay_test_connection()
        self.greenpay_connected_as = self._greenpay_account()
        answer['params'].update(
            title=_("Connected"), next={'type': 'ir.actions.client', 'tag': 'soft_reload'},
            message=_("The %s account belongs to this company. You can enable the app now.",
                      self.name),
        )
        return answer

    def _greenpay_company_action(self):
        return {
            'type': 'ir.actions.act_window',
            'res_model': 'res.company',
            'res_id': self.company_id.id,
            'views': [(False, 'form')],
        }

    # === IDENTITY === #

    def _greenpay_identification(self):
        """The number of the GreenPay account, normalized; '' when it is none."""
        kind = self.greenpay_identification_type
        return identity.normalized(kind, self.greenpay_identification) if kind else ''

    def _greenpay_account(self):
        """The GreenPay account and whose it is, in one word; '' when that is not entered."""
        number = self._greenpay_identification()
        if not number or not self.greenpay_merchant_id:
            return ''
        merchant = self.greenpay_merchant_id.strip()
        return f'{self.greenpay_identification_type}:{number}:{merchant}'

    def _greenpay_differences(self):
        """What differs between the company and the GreenPay account, as sentences."""
        company = self.company_id.sudo()
        kind = identity.kind_of(company.vat, self._greenpay_type_of(company))
        number = kind and identity.normalized(kind, company.vat)
        if not number:
            return [
                _("The tax ID of %(company)s, “%(vat)s”, is no Costa Rican identification. Correct"
                  " it in the company.", company=company.name, vat=company.vat)
                if company.vat else
                _("%s has no tax ID. Enter it in the company.", company.name)
            ]
        different = []
        if kind != self.greenpay_identification_type:
            different.append(_(
                "Identification type: %(company)s has %(theirs)s, and the GreenPay account"
                " %(account)s.", company=company.name, theirs=self._greenpay_type_name(kind),
                account=self._greenpay_type_name(self.greenpay_identification_type),
            ))
        if number != self._greenpay_identification():
            different.append(_(
                "Identification number: %(company)s has %(theirs)s, and the GreenPay account"
                " %(account)s.", company=company.name, theirs=company.vat,
                account=self.greenpay_identification,
            ))
        return different

    @api.model
    def _greenpay_type_of(self, company):
        """What the localization calls the type of the company's number, when one is installed."""
        partner = company.partner_id
        if 'l10n_latam_identification_type_id' not in partner._fields:
            return ''
        return partner.l10n_latam_identification_type_id.name or ''

    def _greenpay_type_name(self, kind):
        return dict(self._fields['greenpay_identification_type'].selection)[kind]

    # === CONSTRAINTS === #

    @api.constrains('greenpay_merchant_url', 'greenpay_form_url')
    def _check_greenpay_addresses(self):
        self._email_pay_check_address('greenpay_merchant_url')
        self._email_pay_check_address('greenpay_form_url')

    @api.constrains('greenpay_public_key')
    def _check_greenpay_public_key(self):
        for provider in self.filtered('greenpay_public_key'):
            if not rsa_public_key(provider.greenpay_public_key):
                raise ValidationError(_(
                    "This is no RSA public key. Paste it whole, as GreenPay gave it."
                ))

    def _greenpay_unready(self, state):
        unready = []
        if not any(self[name] for name in TERMINALS):
            unready.append(_("Enter at least one terminal of GreenPay."))
        if state == 'enabled' and not self.greenpay_is_connected:
            unready.append(_(
                "Press “Connect” before you enable %(app)s: it checks that the account belongs"
                " to %(company)s.", app=self.name, company=self.company_id.name,
            ))
        elif state == 'enabled':
            unready += self._greenpay_differences()
        return unready
