from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..gateways.pagolivre import const, wire
from . import identity


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    code = fields.Selection(
        selection_add=[('pagolivre', "PagoLivre")],
        ondelete={'pagolivre': 'set default'},
    )
    pagolivre_token = fields.Char(
        string="PagoLivre API Token", required_if_provider='pagolivre', groups='base.group_system',
        copy=False,
        help="As PagoLivre gave it, without the word Basic. PagoLivre also shows it in the address"
             " of every notification: no proxy before Odoo may log that address.",
    )
    pagolivre_base_url = fields.Char(
        string="PagoLivre Address", default=const.PRODUCTION_URL,
        required_if_provider='pagolivre',
    )
    pagolivre_words = fields.Text(
        string="To Be Confirmed with PagoLivre", default=const.WORDS, copy=False,
        help="What PagoLivre does not publish: its names for the recurrent credit, for the monthly"
             " charges and for what it notifies. Ask PagoLivre for them, and change what is on the"
             " right of an equals sign. What is left out is as it was delivered.",
    )

    email_pay_texts_link = fields.Boolean(
        string="The Gateway Texts the Link",
        help="Of a recurring credit, the gateway sends the customer a text message with the link."
             " Otherwise Odoo sends it. The e-mail is always Odoo's.",
    )

    # === ACTION METHODS === #

    def action_pagolivre_use_sandbox(self):
        self.pagolivre_base_url = const.SANDBOX_URL

    def action_pagolivre_use_production(self):
        self.pagolivre_base_url = const.PRODUCTION_URL

    # === CONSTRAINTS === #

    @api.constrains('pagolivre_base_url')
    def _check_pagolivre_base_url(self):
        self._email_pay_check_address('pagolivre_base_url')

    @api.constrains('pagolivre_words')
    def _check_pagolivre_words(self):
        for provider in self.filtered('pagolivre_words'):
            try:
                wire.words(provider.pagolivre_words)
            except ValueError as error:
                raise ValidationError(_(
                    "“%s” cannot be read. Write one name a line, as in “charge_status = status”,"
                    " and change only what is on the right.", error,
                )) from error

    # === WHAT A CUSTOMER NEEDS === #

    def _pagolivre_lacks(self, partner):
        lacks = []
        if not identity.is_brazilian(partner.vat):
            lacks.append(_("a valid CPF or CNPJ"))
        if not wire.mobile(partner.phone or ''):
            lacks.append(_("a Brazilian mobile phone number, with its area code"))
        return lacks
