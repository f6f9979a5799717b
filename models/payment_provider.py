import logging
import time
from functools import partial
from urllib.parse import urlsplit

import requests

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment.const import REPORT_REASONS_MAPPING

from ..const import WEBHOOK_ROUTE
from ..gateways import REGISTRY, errors
from ..gateways.values import Flow, HttpResponse
from .notification import notification

_logger = logging.getLogger(__name__)

# What an administrator reads after *Test connection*, by what the gateway layer found.
TEST_ANSWERS = [
    (errors.CredentialsRefused, lambda env: env._("The gateway refused the key.")),
    (errors.AddressNotFound, lambda env: env._("The gateway is not found at this address.")),
    (errors.CertificateInvalid, lambda env: env._("The certificate of this address is not valid.")),
    (errors.GatewayError, lambda env: env._("The gateway does not answer.")),
]


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    email_pay_webhook_url = fields.Char(
        string="Webhook URL",
        compute='_compute_email_pay_webhook_url',
        help="Enter this address in the merchant account of the gateway, so that it reports"
             " payments to Odoo.",
    )
    email_pay_is_gateway = fields.Boolean(compute='_compute_email_pay_is_gateway')
    email_pay_lacks_chart = fields.Char(compute='_compute_email_pay_lacks_chart')

    # === COMPUTE METHODS === #

    @api.depends('code')
    def _compute_email_pay_is_gateway(self):
        for provider in self:
            provider.email_pay_is_gateway = provider.code in REGISTRY

    @api.depends('company_id', 'journal_id')
    def _compute_email_pay_lacks_chart(self):
        """Before its company has a chart of accounts, there is no journal to choose."""
        for provider in self:
            company = provider.company_id
            journals = self.env['account.journal'].sudo().search_count([
                *self.env['account.journal']._check_company_domain(company), ('type', '=', 'bank'),
            ], limit=1)
            charted = provider.journal_id or journals or company.root_id.sudo().chart_template
            provider.email_pay_lacks_chart = not charted and _(
                "%s has no chart of accounts: choose one in the settings of Invoicing, under"
                " “Fiscal Localization”.", company.name,
            )

    @api.depends('code')
    def _compute_email_pay_webhook_url(self):
        for provider in self:
            provider.email_pay_webhook_url = (
                provider.email_pay_is_gateway and provider.id and provider._email_pay_webhook_url()
            )

    def _compute_feature_support_fields(self):
        result = super()._compute_feature_support_fields()
        for provider in self.filtered(lambda p: p.code in REGISTRY):
            supports = REGISTRY[provider.code].supports
            provider.update({
                'support_tokenization': supports.saved_cards,
                'support_refund': supports.refund.value,
            })
        return result

    def _get_supported_currencies(self):
        currencies = super()._get_supported_currencies()
        supported = self._email_pay_gateway().currencies() if self.code in REGISTRY else ()
        return currencies.filtered(lambda c: c.name in supported) if supported else currencies

    def _get_default_payment_method_codes(self):
        if self.code not in REGISTRY:
            return super()._get_default_payment_method_codes()
        return {'card', 'visa', 'mastercard', 'amex'}

    def _get_reset_values(self):
        if self.code not in REGISTRY:
            return super()._get_reset_values()
        secrets = REGISTRY[self.code].credential_names()
        return dict.fromkeys((f'{self.code}_{name}' for name in secrets), False)

    # === ACTION METHODS === #

    def action_email_pay_test_connection(self):
        """Ask the gateway with the credentials on the form, and say what it answered."""
        self.ensure_one()
        try:
            self._email_pay_gateway().test()
        except errors.GatewayError as error:
            answer = next(text for kind, text in TEST_ANSWERS if isinstance(error, kind))
            raise UserError(_(
                "%(answer)s\n%(detail)s", answer=answer(self.env), detail=error
            )) from error
        return notification(
            'success', _("%s answered and accepted the key.", self.name), title=_("It works"))

    # === BUSINESS METHODS === #

    @api.model
    def _email_pay_set_up(self):
        """Give every company its own copy of each gateway's app."""
        for code in REGISTRY:
            self._setup_provider(code)

    def _email_pay_webhook_url(self):
        # Not the provider's own address, which with a website is that of whoever asks.
        return self.company_id.get_base_url() + WEBHOOK_ROUTE.replace(
            '<int:provider_id>', str(self.id))

    def _email_pay_gateway(self, reference=None):
        """The gateway of this provider, ready to use.

        :param str reference: the transaction that its requests are about, for the log.
        :rtype: gateways.base.Gateway
        """
        self.ensure_one()
        send = partial(self._email_pay_send, reference=reference)
        return REGISTRY[self.code](self._email_pay_credentials(), send)

    def _email_pay_credentials(self):
        gateway = REGISTRY[self.code]
        return gateway.Credentials(**{
            name: (self.sudo()[f'{self.code}_{name}'] or '').strip()
            for name in gateway.credential_names()
        })

    def _email_pay_flow(self):
        """How customers pay with this provider: 'window', 'redirect', or 'inline' (Odoo's form)."""
        self.ensure_one()
        if self.code in REGISTRY:
            return REGISTRY[self.code].supports.flow.value
        has_form = self.inline_form_view_id and self._should_build_inline_form(is_validation=False)
        return 'inline' if has_form or not self.redirect_form_view_id else Flow.REDIRECT.value

    def _email_pay_saves_cards_apart(self):
        """Whether a card is only saved by itself, under *My account*, and not with a payment."""
        self.ensure_one()
        return self.code in REGISTRY and REGISTRY[self.code].supports.saves_cards_apart

    def _email_pay_lacks(self, partner):
        """What this gateway needs to know of a customer and is not known, as parts of a sentence.
        One that needs something has a method `_<code>_lacks`."""
        self.ensure_one()
        return getattr(self, f'_{self.code}_lacks', lambda _partner: [])(partner)

    def _email_pay_missing(self):
        """What keeps this provider from collecting, as sentences; empty when nothing does."""
        self.ensure_one()
        missing = []
        if self.state == 'disabled':
            missing.append(_("Enable %s, or put it in test mode.", self.name))
        if self.email_pay_lacks_chart:
            missing.append(self.email_pay_lacks_chart)
        if not self.journal_id:
            missing.append(_("Choose the collection journal of %s.", self.name))
        return missing

    @api.model
    def _get_compatible_providers(self, *args, currency_id=None, report=None, **kwargs):
        """Override of `payment`: a currency that the merchant account of a gateway cannot collect
        is never offered, whatever an administrator allows on the form."""
        providers = super()._get_compatible_providers(
            *args, currency_id=currency_id, report=report, **kwargs)
        if not currency_id:
            return providers
        name = self.env['res.currency'].browse(currency_id).name
        unable = providers.filtered(lambda provider: provider._email_pay_lacks_currency(name))
        payment_utils.add_to_report(
            report, unable, available=False, reason=REPORT_REASONS_MAPPING['incompatible_currency'])
        return providers - unable

    def _email_pay_lacks_currency(self, name):
        """Whether the merchant account of this gateway cannot collect in a currency."""
        if self.code not in REGISTRY:
            return False
        collected = self._email_pay_gateway().currencies()
        return bool(collected) and name not in collected

    # === REQUEST HELPERS === #

    def _email_pay_send(self, request, reference=None):
        """The `send` of the gateway layer: every request goes out through `_send_api_request`.

        :raises gateways.errors.NotSent: too much is waiting to be asked of this gateway.
        """
        if request.paced:
            self._email_pay_take_pace()
        return self._send_api_request(
            request.method, request.url, data=request.data, json=request.json,
            reference=reference, request=request,
        )

    def _send_api_request(
        self, method, endpoint, *, params=None, data=None, json=None, reference=None, **kwargs
    ):
        """Override of `payment`: our gateways get the answer of any status and the network's own
        exceptions, which tell a refused payment from an unknown one; the log has no payload."""
        if self.code not in REGISTRY:
            return super()._send_api_request(
                method, endpoint, params=params, data=data, json=json, reference=reference, **kwargs
            )
        self.ensure_one()
        request = kwargs['request']
        start = time.monotonic()
        outcome = 'no answer'
        try:
            response = requests.request(
                method, endpoint, params=params, data=data, json=json, headers=request.headers,
                timeout=(5, request.timeout), allow_redirects=False,
            )
            outcome = f'HTTP {response.status_code}'
        finally:
            _logger.info(
                "%s %s%s for %s: %s in %.0f ms", method, urlsplit(endpoint).netloc,
                urlsplit(endpoint).path, reference or f'provider {self.id}', outcome,
                (time.monotonic() - start) * 1000,
            )
        return HttpResponse(response.status_code, response.content, response.headers)

    # === CONSTRAINTS === #

    @api.constrains(lambda self: self._email_pay_settings())
    def _check_email_pay_ready(self):
        for provider in self.filtered(lambda p: p.code in REGISTRY and p.state != 'disabled'):
            if unready := provider._email_pay_unready(provider.state):
                raise ValidationError('\n'.join(unready))

    @api.model
    def _email_pay_settings(self):
        """The stored fields on which it depends whether a gateway can be switched on."""
        return ['state', 'code'] + [
            name for name, field in self._fields.items()
            if field.store and name.partition('_')[0] in REGISTRY
        ]

    def _email_pay_unready(self, state):
        """What keeps a gateway from being switched to `state` besides an empty required field, as
        sentences. One that has more to say has a method `_<code>_unready`."""
        return getattr(self, f'_{self.code}_unready', lambda _state: [])(state)

    def _email_pay_check_address(self, field_name):
        """An address of a gateway is https, or on this machine (sandbox, tests)."""
        for provider in self.filtered(field_name):
            try:
                parts = urlsplit(provider[field_name])
                host = parts.hostname
            except ValueError:
                host = None
            if not host or not (
                parts.scheme == 'https'
                or (parts.scheme == 'http' and host in ('127.0.0.1', 'localhost', '::1'))
            ):
                raise ValidationError(_(
                    "%s: enter a complete address that begins with https://",
                    provider._fields[field_name]._description_string(self.env),
                ))
