from odoo import _, models
from odoo.tools import ormcache
from odoo.tools.image import image_data_uri


class EmailPayPortal(models.Model):
    """The ways to pay that a portal offers."""

    _inherit = 'email.pay.portal'

    def _ways(self, company, partner, amount, currency):
        """The ways to pay `amount`, as (provider, payment method), the card first. A provider whose
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
        return [self._way_values(provider, method) for provider, method in ways]

    def _way_values(self, provider, method):
        brands = method.brand_ids.filtered('active')[:4] or method
        return {
            'value': f'{provider.id}-{method.id}',
            'name': self._way_name(provider, method),
            'hint': False,
            'logos': [image_data_uri(brand.image) for brand in brands if brand.image],
            'maximum': provider.maximum_amount,
            'test': provider.state == 'test',
        }

    def _way_name(self, provider, method):
        if provider._email_pay_flow() == 'inline':
            return provider.name
        # Odoo's own name of a card is not translated well everywhere: in Brazil it is a notice
        # board.
        return _("Card") if method.code == 'card' else method.name
