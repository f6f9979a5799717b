from datetime import timedelta
from urllib.parse import urlsplit

from odoo import fields
from odoo.tests import tagged

from .card_page_common import CardPageCommon
from .qr_reader import drawn, read
from .share_common import ShareCommon


@tagged('post_install', '-at_install')
class TestSharedPages(ShareCommon, CardPageCommon):
    """What the customer finds behind a shared link, over HTTP."""

    def setUp(self):
        super().setUp()
        self.env.flush_all()

    def test_a_customer_pays_what_it_chooses_of_a_texted_balance(self):
        first, second = self.owe(10.0, 5), self.owe(20.0)
        dialog = self.share(self.customer)
        dialog.action_send_sms()
        address = urlsplit(dialog.address).path
        self.assertIn(address, self.texts().body)
        page = self.url_open(address)
        for text in (first.name, second.name, self.money(30.0)):
            self.assertIn(text, self.text(page))
        link = self.statement_link()
        self.assertEqual((link.open_count, bool(link.opened_at)), (1, True))
        self.pay_selection(link, first)
        self.assertTrue(link.paid_at)
        self.assertEqual((first.amount_residual, second.amount_residual), (0.0, 20.0))
        self.assertIn(second.name, self.text(self.url_open(address)))

    def test_a_revoked_or_expired_balance_is_closed(self):
        self.owe(10.0)
        dialog = self.share(self.customer)
        path = urlsplit(dialog.address).path
        link = self.statement_link()
        link.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        self.assertEqual(self.headline(self.url_open(path)), "This link has expired")
        link.expires_at = fields.Datetime.now() + timedelta(days=1)
        dialog.action_revoke()
        self.assertEqual(self.headline(self.url_open(path)), "This link no longer works")

    def test_the_pictures_are_downloaded_by_whoever_opened_the_dialog(self):
        dialog = self.share(self.owe(10.0))
        actions = (dialog.action_download_png(), dialog.action_download_svg())
        address = dialog.address
        self.authenticate('collector', 'collector')
        png, svg = (self.url_open(action['url']) for action in actions)
        self.assertEqual(read(png.content), address)
        self.assertEqual(read(drawn(svg.text)), address)
        self.authenticate(None, None)
        self.assertEqual(self.url_open(actions[0]['url']).status_code, 404)
