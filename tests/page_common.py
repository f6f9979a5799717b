"""What the tests of the public pages share: a visitor with a browser's cookies, and forms."""

from lxml import html

from odoo.tests import tagged
from odoo.tests.common import Opener
from odoo.tools import mute_logger

from .company_common import CompanyHttpCommon


@tagged('email_pay_pages')
class PageCommon(CompanyHttpCommon):
    """A customer who follows payment links over real HTTP."""

    def new_visitor(self):
        """Go on in another browser, without any cookie."""
        self.opener = Opener(self)

    def tree(self, response):
        return html.fromstring(response.content)

    def text(self, response):
        """What one reads in the page's main part, in one line."""
        main = self.tree(response).find('.//main')
        return ' '.join(' '.join(main.itertext()).split())

    def headline(self, response):
        return ' '.join(self.tree(response).find('.//h1').text_content().split())

    def form(self, response, action=''):
        """The first form of a page whose action ends with `action`."""
        forms = self.tree(response).forms
        return next(form for form in forms if form.action.endswith(action))

    def submit(self, response, action='', **values):
        """Press the button of a form: its own fields, and what the customer filled in."""
        form = self.form(response, action)
        data = {name: value for name, value in form.form_values() if value is not None}
        return self.post(form.action, **{**data, **values})

    def post(self, path, **values):
        return self.url_open(path, data=values, method='POST', allow_redirects=False)

    def follow(self, response):
        """Where a redirect leads."""
        self.assertEqual(response.status_code, 303, response.text)
        return self.url_open(response.headers['Location'], allow_redirects=False)

    def form_token(self, response, action=''):
        return dict(self.form(response, action).form_values())['form_token']

    def choices(self, response):
        """The amounts that the page offers: name → the label on the right."""
        return {
            field.get('value'): field.get('data-amount')
            for field in self.tree(response).xpath('//input[@name="choice"]')
        }

    def refusal(self, response):
        """The sentence with which the page refuses a payment."""
        return ' '.join(self.tree(response).xpath('string(//*[@role="alert"])').split())

    def money(self, amount):
        """An amount as `text`, `headline` and `refusal` give it."""
        return self.company_currency.format(amount).replace('\xa0', ' ')

    def transactions(self, link):
        return self.env['payment.transaction'].search(
            [('email_pay_link_id', '=', link.id)], order='id'
        )

    # --- paying by HTTP, as the browser does ------------------------------------------------------

    def press_pay(self, link, **values):
        """Open a link and press *Pay now*: the answer to the form."""
        return self.submit(self.open_link(link), link.selector, **values)

    def card_page(self, link, **values):
        """Open a link and go on to the page with the gateway's card window."""
        return self.follow(self.press_pay(link, **values))

    def speak_spanish(self):
        """Let the customer speak Spanish, as this add-on is translated."""
        self.env['res.lang']._activate_lang('es_PA')
        self.env['ir.module.module']._load_module_terms(['email_pay'], ['es_PA'])
        self.customer.lang = 'es_PA'


REFUSALS = ('odoo.exceptions.UserError', 'odoo.exceptions.ValidationError')


class OdooFormCommon(PageCommon):
    """Odoo's own payment form as the second step, sent as its script does. `form_provider` is who
    collects with it."""

    def stock_form(self, response):
        """What Odoo's form sends with every call."""
        form = self.tree(response).get_element_by_id('o_payment_form')
        return {key.removeprefix('data-'): value for key, value in form.items()}

    def start(self, page, **values):
        """Press the button of Odoo's form: what its script posts, changed by `values`."""
        form = self.stock_form(page)
        response = self.url_open(form['transaction-route'], json=self.build_rpc_payload({
            'provider_id': self.form_provider.id,
            'payment_method_id': self.form_provider.payment_method_ids[:1].id,
            'token_id': None, 'amount': form.get('amount'), 'flow': 'direct',
            'tokenization_requested': False, 'landing_route': form['landing-route'],
            'is_validation': False, 'access_token': form['access-token'], **values,
        }))
        return response.json()

    def assertRefuses(self, page, sentence="This page is out of date", **values):
        with mute_logger('odoo.http'):
            error = self.start(page, **values)['error']['data']
        self.assertIn(error['name'], REFUSALS)
        self.assertRegex(error['message'], sentence)
