from collections import Counter

from odoo import models
from odoo.tools import ormcache
from odoo.tools.image import image_data_uri


class EmailPayPortal(models.Model):
    """The ways to pay that a portal offers."""

    _inherit = 'email.pay.portal'

    def _ways(self, company, partner, amount, currency):
        """The ways to pay `amount`, as (provider, payment method), in their order. A provider whose
        own form lets the customer choose the method is there once."""
        ways = []
        for provider in self._usable_providers(company, partner, amount, currency):
            methods = self.env['payment.method'].sudo()._get_compatible_payment_methods(
                provider.ids, partner.id, currency_id=currency.id
            )
            if provider._email_pay_flow() != 'redirect':
                methods = methods[:1]
            ways += [(provider, method) for method in methods]
        return ways

    @ormcache('self.id', 'company.id', 'partner.country_id.id', 'currency.id', 'self.env.lang')
    def _offer(self, company, partner, currency):
        """What customers from the country of `partner` are shown, for any amount.

        Cached: what a customer then chooses is looked up again in `_ways`.
        """
        ways = self._ways(company, partner, 0, currency)
        counts = Counter(provider for provider, _method in ways)
        lines = {line.provider_id: line for line in self._methods()}
        offer = [
            self._way_values(lines[provider], method, counts[provider] > 1)
            for provider, method in ways
        ]
        names = Counter(way['name'] for way in offer)
        for way, (provider, _method) in zip(offer, ways, strict=True):
            if names[way['name']] > 1:
                way['name'] = f"{way['name']}, {provider.name}"
        return offer

    def _way_values(self, line, method, one_of_many):
        provider, brands = line.provider_id, method._email_pay_brands()
        return {
            'value': f'{provider.id}-{method.id}',
            'name': line._way_name(method, one_of_many),
            'hint': line.fees_text,
            'logos': [image_data_uri(brand.image) for brand in brands if brand.image],
            'brand_ids': brands.filtered('image').ids,
            'maximum': provider.maximum_amount,
            'test': provider.state == 'test',
        }
