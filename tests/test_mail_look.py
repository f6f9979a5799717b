from lxml import html

from odoo.tests import tagged

from .browser_common import PHONE, Axe, BrowserCommon
from .plan_follow_common import PlanFollowCommon
from .receipt_common import ReceiptCommon
from .reminder_common import ReminderCommon

# One white point.
PICTURE = (
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg==')
GROUNDS = {'light': 'rgb(244, 245, 248)', 'dark': 'rgb(20, 22, 29)'}
GROUND_AND_WIDTH = """() => [
    getComputedStyle(document.body).backgroundColor,
    document.documentElement.scrollWidth - innerWidth,
]"""


@tagged('post_install', '-at_install')
class TestMailLook(BrowserCommon, ReceiptCommon, PlanFollowCommon, ReminderCommon):
    """Every mail to a customer or a supplier can be read on a phone, by day and by night."""

    def mails(self):
        """A mail of each kind, by name."""
        invoice = self.create_invoice()
        self.create_link(invoice)._send()
        self.owe(10.0, days=6)
        self.credit_note(5.0)
        self.statement_link()._send()
        self.register(self.create_invoice())
        self.register(self.create_bill())
        self.register(self.create_invoice(move_type='out_refund'))
        self.plan('denied', 'awaiting').installment_ids[:1]._tell_denied()
        self.plan('awaiting', 'awaiting', plan_state='pending')._live_link()._send()
        self.sign_in_code()
        self.owe_then()
        for days in (-3, 0, 15):
            self.run_at(days)
        self.receipts()
        templates = (
            'payment', 'statement', 'payment_receipt', 'denied', 'reminder_due', 'sign_in_code')
        mails = self.env['mail.mail'].union(
            *(self.outbox(f'mail_template_{name}') for name in templates))
        return {f'{mail.id} {mail.model} {mail.subject}': mail.body_html for mail in mails}

    def sign_in_code(self):
        asked = self.env['email.pay.sign.in'].sudo().create({'portal_id': self.portal.id})
        self.env.ref('email_pay.mail_template_sign_in_code').sudo()._email_pay_send(
            asked.with_context(email_pay_code='123456'), email_to='rosa@example.com')

    def test_every_mail_is_legible_by_day_and_by_night(self):
        mails = self.mails()
        self.assertGreaterEqual(len(mails), 11, list(mails))
        for scheme, ground in GROUNDS.items():
            with self.browser_page(PHONE, color_scheme=scheme) as page:
                for name, body in mails.items():
                    page.set_content(body)
                    seen = page.evaluate(GROUND_AND_WIDTH)
                    bars = self.bars(page)
                    with self.subTest(mail=name, scheme=scheme):
                        self.assertEqual(seen, [ground, 0])
                        self.assertFalse(bars)

    def test_mail_readers_are_told_that_both_are_there_and_fetch_nothing_but_the_logo(self):
        self.company.logo = PICTURE
        for name, body in self.mails().items():
            tree = html.fromstring(body)
            with self.subTest(mail=name):
                for meta in ('color-scheme', 'supported-color-schemes'):
                    self.assertEqual(
                        tree.xpath(f'//meta[@name="{meta}"]/@content'), ['light dark'])
                logo, *others = tree.xpath('//*/@src | //link/@href | //*/@background')
                self.assertEqual(logo, f'{self.base_url()}/logo.png?company={self.company.id}')
                # A statement shows with what it can be paid.
                self.assertEqual([source for source in others if not (
                    'statement' in name
                    and source.startswith(f'{self.base_url()}/web/image/payment.method/'))], [])

    def test_axe_finds_what_is_dark_on_dark(self):
        if not Axe:
            self.skipTest("axe is not installed.")
        with self.browser_page(PHONE, color_scheme='dark') as page:
            page.set_content(
                '<html lang="en"><title>x</title><body style="background: #1f222c">'
                '<p style="color: #171b2c">Dark</p></body></html>')
            bars = self.bars(page)
        self.assertIn('color-contrast', dict(bars))
