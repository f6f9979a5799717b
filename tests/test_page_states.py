from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import file_open

from .card_page_common import CardPageCommon


@tagged('post_install', '-at_install')
class TestPageStates(CardPageCommon):
    """What the page says in every state of a link and of its invoice."""

    def setUp(self):
        super().setUp()
        self.invoice = self.create_invoice(120.0)
        self.link = self.create_link(self.invoice)

    def assertSays(self, response, headline, status=200):
        self.assertEqual(response.status_code, status)
        self.assertEqual(self.headline(response), headline)
        self.assertFalse(self.tree(response).xpath('//form[@id="ep-pay"]'))

    def expire(self, link):
        link.expires_at = fields.Datetime.now() - timedelta(seconds=1)

    # --- the link -------------------------------------------------------------------------------

    def test_an_active_link_shows_the_invoice_and_pay_now(self):
        response = self.open_link(self.link)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(self.headline(response), f"Total due {self.money(120.0)}")
        self.assertIn(self.invoice.name, self.text(response))
        self.assertIn("Work", self.text(response))
        self.assertEqual(self.form(response).action, self.link._path())
        self.assertTrue(self.tree(response).xpath(f'//a[@href="{self.link._path("/pdf")}"]'))

    def test_what_was_paid_already_is_shown(self):
        self.settle_by_hand(self.invoice, 20.0)
        text = self.text(self.open_link(self.link))
        self.assertIn(f"Already paid {self.money(20.0)}", text)
        self.assertIn(f"Amount due {self.money(100.0)}", text)

    def test_taxes_are_shown(self):
        invoice = self._create_invoice_one_line(
            price_unit=100.0, name="Taxed work", partner_id=self.customer, tax_ids=self.tax_sale_a,
            currency_id=self.company_currency, post=True,
        )
        text = self.text(self.open_link(self.create_link(invoice)))
        self.assertIn(f"Subtotal {self.money(100.0)}", text)
        self.assertIn(f"{self.tax_sale_a.tax_group_id.name} {self.money(invoice.amount_tax)}", text)

    def test_the_first_visit_is_recorded_and_every_visit_counted(self):
        self.open_link(self.link)
        self.open_link(self.link)
        self.assertTrue(self.link.opened_at)
        self.assertEqual(self.link.open_count, 2)
        notes = self.invoice.message_ids.filtered(lambda m: "opened the payment page" in m.body)
        self.assertEqual(len(notes), 1)

    def test_a_visit_of_our_own_staff_is_not_counted(self):
        self.authenticate('admin', 'admin')
        self.assertEqual(self.open_link(self.link).status_code, 200)
        self.assertFalse(self.link.opened_at)

    def test_an_expired_link_offers_a_fresh_one_by_mail(self):
        self.expire(self.link)
        response = self.open_link(self.link)
        self.assertSays(response, "This link has expired")
        self.assertNotIn(self.customer.email, response.text)
        answer = self.submit(response, '/renew')
        self.assertSays(answer, "Look into your mailbox")
        self.assertNotIn(self.customer.email, answer.text)
        mail = self.outbox('mail_template_payment', self.customer.email)
        self.assertEqual(len(mail), 1)
        fresh = self.invoice.email_pay_link_ids - self.link
        self.assertIn(fresh._token(), mail.body_html)
        self.assertEqual(self.form(self.open_link(fresh)).action, fresh._path())

    def test_a_fresh_link_is_mailed_once(self):
        self.expire(self.link)
        response = self.open_link(self.link)
        for _click in range(3):
            self.assertSays(self.submit(response, '/renew'), "Look into your mailbox")
        self.assertEqual(len(self.outbox('mail_template_payment')), 1)
        self.assertEqual(len(self.invoice.email_pay_link_ids), 2)

    def test_a_fresh_link_goes_to_the_address_on_file_whatever_the_visitor_sends(self):
        self.expire(self.link)
        response = self.open_link(self.link)
        self.submit(response, '/renew', email='thief@example.com', email_to='thief@example.com')
        self.assertEqual(
            self.outbox('mail_template_payment').mapped('email_to'), [self.customer.email]
        )

    def test_no_fresh_link_for_an_active_revoked_or_settled_one(self):
        token = self.form_token(self.open_link(self.link))
        self.post(self.link._path('/renew'), form_token=token)
        self.link.action_revoke()
        self.post(self.link._path('/renew'), form_token=token)
        self.link.revoked_at = False
        self.expire(self.link)
        self.settle_by_hand(self.invoice)
        self.post(self.link._path('/renew'), form_token=token)
        self.assertFalse(self.outbox('mail_template_payment'))

    def test_a_fresh_link_for_a_customer_without_an_address_is_no_error(self):
        self.customer.email = False
        self.expire(self.link)
        answer = self.submit(self.open_link(self.link), '/renew')
        self.assertSays(answer, "Look into your mailbox")
        self.assertFalse(self.outbox('mail_template_payment'))

    def test_a_revoked_link_says_so(self):
        self.link.action_revoke()
        response = self.open_link(self.link)
        self.assertSays(response, "This link no longer works")
        self.assertNotIn(self.invoice.name, response.text)

    def test_an_unknown_token_is_not_found(self):
        selector, verifier = self.link.selector, self.link.sudo().verifier
        for token in (
            'x' * 36, selector, f'{selector}{verifier}x', f'{selector}{verifier[:-1]}', 'l',
            f'{selector}ñandú', f'{selector}%00', '%00', '%FF', '%F0%9F%92%B8', 'x' * 5000,
        ):
            with self.subTest(token=token[:50]):
                response = self.url_open(f'/pay/{token}')
                self.assertSays(response, "This link does not work", 404)
                self.assertFalse(response.cookies)

    def test_the_clean_address_opens_nothing_without_the_cookie(self):
        for path in ('', '/pdf', '/form', '/form?offer=x'):
            with self.subTest(path=path):
                response = self.url_open(self.link._path(path))
                self.assertSays(response, "This link does not work", 404)
        self.assertSays(self.url_open('/pay/l/000000000000'), "This link does not work", 404)
        self.assertSays(self.url_open('/pay/l/%00'), "This link does not work", 404)

    def test_the_cookie_of_one_link_does_not_open_another(self):
        other = self.create_link(self.create_invoice(5.0))
        self.open_link(other)
        proof = self.opener.cookies.get(f'email_pay_{other.selector}')
        self.assertTrue(proof)
        self.opener.cookies.set(f'email_pay_{self.link.selector}', proof, path='/pay')
        self.assertSays(self.url_open(self.link._path()), "This link does not work", 404)

    def test_a_browser_that_followed_the_link_comes_back_without_its_token(self):
        self.open_link(self.link)
        self.assertEqual(self.form(self.url_open(self.link._path())).action, self.link._path())

    # --- the invoice ------------------------------------------------------------------------------

    def test_an_invoice_paid_meanwhile_is_paid_and_its_pdf_stays(self):
        self.open_link(self.link)
        self.settle_by_hand(self.invoice)
        response = self.url_open(self.link._path())
        self.assertSays(response, f"{self.invoice.name} is paid")
        self.assertEqual(self.url_open(self.link._path('/pdf')).status_code, 200)

    def test_an_invoice_reset_to_draft_is_being_changed(self):
        self.invoice.button_draft()
        response = self.open_link(self.link)
        self.assertSays(response, "This invoice is being changed")
        self.assertEqual(self.url_open(self.link._path('/pdf')).status_code, 404)

    def test_a_cancelled_invoice_says_so(self):
        name = self.invoice.name
        self.invoice.button_cancel()
        self.assertSays(self.open_link(self.link), f"{name} was cancelled")
        self.assertEqual(self.url_open(self.link._path('/pdf')).status_code, 404)

    def test_a_credited_invoice_says_that_nothing_is_due(self):
        self.env['account.move.reversal'].with_context(
            active_model='account.move', active_ids=self.invoice.ids
        ).create({'journal_id': self.invoice.journal_id.id}).modify_moves()
        self.assertEqual(self.invoice.payment_state, 'reversed')
        self.assertSays(self.open_link(self.link), f"Nothing is due on {self.invoice.name}")

    def test_a_deleted_invoice_is_no_traceback(self):
        self.invoice.button_draft()
        self.invoice.with_context(force_delete=True).unlink()
        response = self.open_link(self.link)
        self.assertSays(response, "this invoice was cancelled")

    # --- the company's settings -------------------------------------------------------------------

    def test_a_disabled_portal_takes_no_payment(self):
        self.open_link(self.link)
        self.portal.enabled = False
        response = self.url_open(self.link._path())
        self.assertSays(response, "Online payment is not available right now")

    def test_without_a_processor_the_invoice_is_shown_and_not_paid(self):
        self.credicorp.state = 'disabled'
        response = self.open_link(self.link)
        self.assertSays(response, f"Total due {self.money(120.0)}")
        self.assertIn("Online payment is not available right now", self.text(response))

    def test_a_processor_disabled_meanwhile_refuses_with_a_sentence(self):
        page = self.open_link(self.link)
        self.credicorp.state = 'disabled'
        answer = self.submit(page)
        self.assertEqual(answer.status_code, 400)
        self.assertIn("This way to pay is not available right now", self.refusal(answer))
        self.assertFalse(self.transactions(self.link))

    def test_a_processor_disabled_meanwhile_is_not_charged(self):
        page = self.card_page(self.link)
        self.credicorp.state = 'disabled'
        answer = self.enter_card(page)
        self.assertIn("This way to pay is no longer available", self.refusal(answer))
        self.assertFalse(self.sandbox.ledger.entries(operation='sale'))

    def test_a_link_revoked_meanwhile_is_not_charged(self):
        page = self.card_page(self.link)
        self.link.action_revoke()
        answer = self.enter_card(page)
        self.assertIn("This way to pay is no longer available", self.refusal(answer))
        self.assertFalse(self.sandbox.ledger.entries(operation='sale'))

    def test_test_mode_is_said_on_the_page(self):
        self.assertIn("Test mode", self.open_link(self.link).text)
        self.credicorp.state = 'enabled'
        self.assertNotIn("Test mode", self.open_link(self.link).text)

    # --- the language -----------------------------------------------------------------------------

    def test_the_page_is_in_the_customers_language_whatever_the_browser_speaks(self):
        self.speak_spanish()
        response = self.open_link(self.link, headers={'Accept-Language': 'en-US'})
        self.assertEqual(self.tree(response).get('lang'), 'es-PA')

    def test_the_companys_address_is_in_the_customers_language_too(self):
        self.speak_spanish()
        self.company.country_id = self.env.ref('base.de')
        self.company.country_id.with_context(lang='es_PA').name = "Alemania"
        for response in (self.open_link(self.link), self.card_page(self.link)):
            footer = self.tree(response).find('.//footer').text_content()
            self.assertIn("Alemania", footer)

    def test_without_a_language_of_the_customer_the_browsers_counts(self):
        self.speak_spanish()
        self.customer.lang = False
        response = self.open_link(self.link, headers={'Accept-Language': 'es-PA,es;q=0.9'})
        self.assertEqual(self.tree(response).get('lang'), 'es-PA')
        response = self.open_link(self.link, headers={'Accept-Language': 'en-US'})
        self.assertEqual(self.tree(response).get('lang'), 'en-US')

    def test_a_language_that_is_not_installed_is_no_error(self):
        response = self.url_open('/pay/unknown', headers={'Accept-Language': 'xx-XX'})
        self.assertSays(response, "This link does not work", 404)

    def test_every_state_speaks_spanish(self):
        try:
            file_open('email_pay/i18n/es.po').close()
        except FileNotFoundError:
            self.skipTest("There is no Spanish translation yet.")
        english = {}
        for state in self.visit_every_state():
            english[state[0]] = self.headline(state[1])
        self.speak_spanish()
        for name, response in self.visit_every_state():
            with self.subTest(state=name):
                self.assertEqual(self.tree(response).get('lang'), 'es-PA')
                self.assertNotEqual(self.headline(response), english[name])

    def visit_every_state(self):
        link = self.create_link(self.create_invoice(120.0))
        yield 'active', self.open_link(link)
        self.expire(link)
        yield 'expired', self.open_link(link)
        link.action_revoke()
        yield 'revoked', self.open_link(link)
        link = self.create_link(self.create_invoice(120.0))
        self.settle_by_hand(link.invoice_ids)
        yield 'paid', self.open_link(link)
        link = self.create_link(self.create_invoice(120.0))
        link.invoice_ids.button_draft()
        yield 'changing', self.open_link(link)
        link.invoice_ids.button_cancel()
        yield 'canceled', self.open_link(link)
