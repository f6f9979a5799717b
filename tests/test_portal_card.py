from lxml import etree

from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.image import image_data_uri

from .card_page_common import CardPageCommon
from .page_common import PageCommon
from .qr_reader import drawn, read
from .statement_common import StatementCommon
from .test_qr_code import logo


@tagged('post_install', '-at_install')
class TestPortalCard(PageCommon):
    """The card with the address to copy and the QR code to download, in *Email Pay ▸ Portal*."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal.slug = 'canal'
        cls.biller = cls.new_user('biller-of-cards', 'account.group_account_invoice')

    def _qr(self, kind='png', query='', user=None):
        self.env.flush_all()
        self.authenticate(*[(user or self.biller).login] * 2)
        return self.url_open(f'/email_pay/portal/{self.portal.id}/qr.{kind}{query}')

    # --- the QR code ------------------------------------------------------------------------------

    def test_the_code_is_read_as_the_address(self):
        for company_logo in (False, logo()):
            self.company.logo = company_logo
            picture = self._qr('png')
            self.assertEqual(picture.headers['Content-Type'], 'image/png')
            self.assertEqual(read(picture.content), self.portal.address)
            drawing = self._qr('svg')
            self.assertTrue(drawing.headers['Content-Type'].startswith('image/svg+xml'))
            self.assertEqual(read(drawn(drawing.text)), self.portal.address)

    def test_the_companys_logo_is_in_it_or_the_settings_own(self):
        self.assertNotIn('<image', self._qr('svg').text)
        self.company.logo = logo(600, 200)
        companys = self._qr('svg').text
        self.assertIn('<image', companys)
        self.portal.logo = logo(300, 300)
        self.assertNotEqual(self._qr('svg').text, companys)

    def test_it_is_downloaded_with_a_name(self):
        for kind in ('png', 'svg'):
            header = self._qr(kind, '?download=1').headers['Content-Disposition']
            self.assertIn('attachment', header)
            self.assertIn(f'canal.{kind}', header)
            self.assertNotIn('Content-Disposition', self._qr(kind).headers)

    def test_no_cache_shows_an_old_one(self):
        self.assertIn('no-cache', self._qr().headers['Cache-Control'])

    @mute_logger('odoo.http')
    def test_it_is_for_those_who_see_the_settings(self):
        other = self.env['res.company'].create({'name': "Second"})
        stranger = self.new_user('stranger-of-cards', 'account.group_account_manager', other)
        self.assertEqual(self._qr(user=stranger).status_code, 404)
        seller = self.new_user('seller-of-cards', 'base.group_user')
        self.assertEqual(self._qr(user=seller).status_code, 403)
        self.new_visitor()
        answer = self.url_open(
            f'/email_pay/portal/{self.portal.id}/qr.png', allow_redirects=False)
        self.assertIn('/web/login', answer.headers['Location'])

    # --- the card ---------------------------------------------------------------------------------

    def test_the_menu_opens_a_card_for_each_company_of_the_user(self):
        action = self.env.ref('email_pay.menu_email_pay_portal').action
        self.assertEqual((action.res_model, action.view_mode), ('email.pay.portal', 'kanban,form'))
        second = self.env['res.company'].create({'name': "Second"})
        self.biller.company_ids = self.company | second
        portals = self.env['email.pay.portal'].with_user(self.biller).with_context(
            allowed_company_ids=(self.company | second).ids).search([])
        self.assertEqual(portals.company_id, self.company | second)

    def test_a_billing_user_sees_all_that_is_on_the_card_and_the_form(self):
        for view_type in ('kanban', 'form'):
            self._see(view_type)

    def _see(self, view_type):
        self.env.flush_all()
        self.env.invalidate_all()
        portal = self.portal.with_user(self.biller)
        view = etree.fromstring(portal.get_view(view_type=view_type)['arch'])
        names = {field.get('name') for field in view.xpath('//field[not(ancestor::field)]')}
        specification = {name: {} for name in names}
        if lines := view.xpath('//field[@name="method_ids"]//field/@name'):
            specification['method_ids'] = {'fields': {name: {} for name in lines}}
        [values] = portal.web_read(specification)
        self.assertEqual(values['address'], f'{self.company.get_base_url()}/pay/to/canal')
        return values

    def test_the_card_shows_the_methods_with_logos(self):
        summary = self.portal.with_user(self.biller).methods_summary
        self.assertIn("Card", summary)
        self.assertIn('/web/image/payment.method/', summary)

    def test_a_name_of_a_method_is_text(self):
        self.portal.method_ids.name = '<b onclick="x()">Card</b>'
        self.assertNotIn('<b ', self.portal.methods_summary)


@tagged('post_install', '-at_install')
class TestPortalOnPages(CardPageCommon, StatementCommon):
    """What a company says and shows of its own to its customers."""

    def setUp(self):
        super().setUp()
        self.invoice = self.owe(50.0, 5)
        self.link = self.create_link(self.invoice)

    def _header(self, page):
        return self.tree(page).xpath('//header//img/@src')

    def test_the_logo_is_that_of_the_settings_else_the_companys(self):
        self.assertFalse(self._header(self.open_link(self.link)))
        self.company.logo = logo(600, 200)
        companys = self._header(self.open_link(self.link))
        self.assertEqual(companys, [image_data_uri(self.company.logo_web)])
        self.portal.logo = logo(300, 300)
        own = self._header(self.open_link(self.link))
        self.assertEqual(own, [image_data_uri(self.portal.logo_web)])
        self.portal.logo = False
        self.assertEqual(self._header(self.open_link(self.link)), companys)

    def test_the_texts_are_on_the_pages_as_text(self):
        self.portal.write({
            'welcome_text': "Welcome.\nPay <b>here</b>.", 'help_text': "Call us until 5."})
        for link in (self.link, self.statement_link()):
            page = self.open_link(link)
            welcome = self.tree(page).xpath('string(//*[@class="ep-welcome"])')
            self.assertEqual(welcome, "Welcome.\nPay <b>here</b>.")
            self.assertIn("Call us until 5.", self.tree(page).xpath('string(//footer)'))

    def test_the_texts_are_in_the_customers_language(self):
        self.speak_spanish()
        self.portal.help_text = "Call us."
        self.portal.with_context(lang='es_PA').help_text = "Llámenos."
        page = self.open_link(self.link)
        self.assertIn("Llámenos.", self.tree(page).xpath('string(//footer)'))

    def test_a_company_without_texts_shows_none(self):
        page = self.open_link(self.link)
        self.assertFalse(self.tree(page).xpath('//*[@class="ep-welcome"]'))

    # --- copies of receipts -----------------------------------------------------------------------

    def test_the_receipt_of_a_statement_is_copied_too(self):
        self.portal.notification_email = 'desk@canal.example.com'
        self.owe(30.0)
        self.pay_selection(self.statement_link())
        [copy] = self.receipts('desk@canal.example.com')
        self.assertIn("80.00", copy.subject)

    def test_the_receipt_of_a_branch_is_copied_to_the_company_that_serves_it(self):
        self.portal.notification_email = 'desk@canal.example.com'
        branch = self.env['res.company'].create({
            'name': "Branch", 'parent_id': self.company.id})
        self.assertEqual(
            self.env['email.pay.portal']._for_company(branch).notification_email,
            'desk@canal.example.com',
        )
