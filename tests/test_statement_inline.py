from odoo.exceptions import UserError
from odoo.tests import tagged

from ..controllers.inline_page import inline_path
from .page_common import OdooFormCommon
from .statement_common import StatementCommon, ThreeDocuments
from .test_browser import PHONE, BrowserCommon


class DemoCommon(ThreeDocuments, StatementCommon):
    """Odoo's own demo provider, which brings its form as Stripe and others do, is offered alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.form_provider = cls.env['payment.provider'].search([
            ('code', '=', 'demo'), ('company_id', '=', cls.company.id)], limit=1)
        if not cls.form_provider:
            cls.skipTest(cls, "payment_demo is not installed.")
        cls.form_provider.write({'state': 'test', 'journal_id': cls.collections.id})
        cls.offer(cls.form_provider)

    def shares(self, transaction):
        return {part.move_id: part.amount for part in transaction.email_pay_allocation_ids}


@tagged('post_install', '-at_install')
class TestStatementInline(DemoCommon, OdooFormCommon):
    """A statement is paid on Odoo's own form: what was picked, and that sum."""

    def form_of(self, *moves, **values):
        """Tick documents, press *Pay*, and come to Odoo's form."""
        due = sum(move.amount_residual for move in moves)
        return self.follow(self.press(moves, **{'shown': f'{due:.2f}', **values}))

    def press(self, moves, link=None, **values):
        link = link or self.link
        page = self.form(self.open_link(link), link.selector)
        values = {**dict(page.form_values()), **values}
        data = [*values.items(), *(('document', str(move.id)) for move in moves)]
        return self.url_open(page.action, data=data, method='POST', allow_redirects=False)

    def simulate(self, transaction, state='done'):
        """The demo provider tells what became of the payment."""
        self.env.flush_all()
        self.url_open('/payment/demo/simulate_payment', json=self.build_rpc_payload({
            'reference': transaction.reference, 'payment_details': '4111',
            'simulated_state': state,
        }))
        self.env.invalidate_all()

    def pay(self, page):
        """Send Odoo's form, and look at what comes of it."""
        self.assertNotIn('error', self.start(page))
        transaction = self.transactions(self.link)[-1:]
        self.simulate(transaction)
        return transaction, self.url_open('/payment/status')

    # --- paying -----------------------------------------------------------------------------------

    def test_it_is_offered_on_the_page_and_in_the_mail(self):
        [method] = self.tree(self.open_link(self.link)).xpath('//input[@name="method"]/@value')
        self.assertEqual(method.split('-')[0], str(self.form_provider.id))
        [section] = self.link._statement_sections()
        self.assertEqual(
            [button['name'] for button in section['buttons']], [self.form_provider.name])

    def test_what_was_picked_is_paid_and_booked(self):
        page = self.form_of(self.old, self.new)
        self.assertEqual(self.headline(page), f"You pay {self.money(140.0)}")
        self.assertIn(f"{self.old.name}, {self.new.name}", self.text(page))
        self.assertFalse(self.transactions(self.link), "nothing is started before the form is sent")
        transaction, status = self.pay(page)
        self.assertEqual(self.headline(status), "Payment received")
        self.assertEqual(self.shares(transaction), {self.old: 100.0, self.new: 40.0})
        self.assertEqual((transaction.amount, transaction.operation), (140.0, 'online_direct'))
        self.assertEqual(self.residuals(), [0.0, 60.0, 0.0])
        self.assertEqual(transaction.payment_id.journal_id, self.collections)
        self.assertTrue(self.receipts(self.customer.email))

    def test_credits_are_used_with_it(self):
        note = self.credit_note(30.0)
        page = self.form_of(self.old, credit='1', shown='70.00')
        self.assertIn(f"{self.old.name}, after your credit of {self.money(30.0)}", self.text(page))
        transaction, _status = self.pay(page)
        self.assertEqual(self.shares(transaction), {self.old: 100.0, note: -30.0})
        self.assertEqual((transaction.amount, *self.residuals(self.old, note)), (70.0, 0.0, 0.0))

    def test_another_amount_pays_the_oldest(self):
        page = self.form_of(
            self.old, self.middle, self.new, choice='other', amount='130')
        self.assertEqual(self.headline(page), f"You pay {self.money(130.0)}")
        self.pay(page)
        self.assertEqual(self.residuals(), [0.0, 30.0, 40.0])

    def test_another_currency_is_paid_in_its_own(self):
        euros = self.owe_euros(25.0, 3)
        section = next(
            section for section in self.link._statement().sections
            if section.currency == self.currency_euro)
        transaction, _status = self.pay(self.form_of(euros, section=section.key))
        self.assertEqual((transaction.currency_id, transaction.amount), (self.currency_euro, 25.0))
        self.assertEqual(self.residuals(euros, self.old), [0.0, 100.0])

    def test_a_declined_payment_can_be_made_on_the_same_form(self):
        page = self.form_of(self.old)
        self.start(page)
        self.simulate(self.transactions(self.link), 'error')
        transaction, _status = self.pay(page)
        self.assertEqual(self.transactions(self.link).mapped('state'), ['error', 'done'])
        self.assertEqual((self.shares(transaction), self.residuals(self.old)),
                         ({self.old: 100.0}, [0.0]))

    def test_a_card_is_neither_shown_nor_saved(self):
        token = self.env['payment.token'].create({
            'provider_id': self.form_provider.id, 'partner_id': self.customer.id,
            'payment_method_id': self.form_provider.payment_method_ids[:1].id,
            'payment_details': '4242', 'provider_ref': 'vault-77',
            'demo_simulated_state': 'done',
        })
        page = self.form_of(self.old)
        self.assertNotIn('4242', page.text)
        self.assertFalse(self.tree(page).xpath('//*[@name="o_payment_tokenize_checkbox"]'))
        self.assertRefuses(page, "not available", flow='token', token_id=token.id)
        self.start(page, tokenization_requested=True)
        self.assertFalse(self.transactions(self.link).tokenize)

    # --- what changes meanwhile -------------------------------------------------------------------

    def assertAsksAgain(self, page, sentence="Your statement has changed"):
        self.assertRefuses(page, sentence)
        self.assertFalse(self.transactions(self.link))
        self.assertEqual(self.url_open(page.url, allow_redirects=False).status_code, 303)

    def test_what_was_paid_meanwhile_is_asked_again(self):
        page = self.form_of(self.old, self.middle)
        self.settle_by_hand(self.middle)
        self.assertAsksAgain(page)

    def test_a_document_that_became_smaller_is_asked_again(self):
        page = self.form_of(self.old, self.middle)
        self.settle_by_hand(self.middle, 10.0)
        self.assertAsksAgain(page)

    def test_a_document_that_became_larger_is_asked_again(self):
        self.settle_by_hand(self.old, 10.0)
        page = self.form_of(self.old)
        self.old.line_ids.remove_move_reconcile()
        self.assertAsksAgain(page)

    def test_a_credit_that_went_elsewhere_is_asked_again(self):
        note = self.credit_note(30.0)
        page = self.form_of(self.old, credit='1', shown='70.00')
        (note.line_ids + self.new.line_ids).filtered(
            lambda line: line.account_id.account_type == 'asset_receivable').reconcile()
        self.assertAsksAgain(page)

    def test_when_nothing_is_due_any_more_it_is_refused(self):
        page = self.form_of(self.old)
        for move in self.old, self.middle, self.new:
            self.settle_by_hand(move)
        self.assertRefuses(page)

    def test_a_new_invoice_is_no_part_of_it(self):
        page = self.form_of(self.old)
        newer = self.owe(500.0, 200)
        self.pay(page)
        self.assertEqual(self.residuals(self.old, newer), [0.0, 500.0])

    def test_two_forms_cannot_both_pay_one_document(self):
        first, second = self.form_of(self.old, self.middle), self.form_of(self.middle, self.new)
        self.start(first)
        self.assertRefuses(second, "already being processed")
        self.assertRefuses(first, "already being processed")
        self.assertEqual(len(self.transactions(self.link)), 1)

    def test_what_was_settled_while_the_customer_paid_stays_credit(self):
        self.start(self.form_of(self.old, self.middle))
        transaction = self.transactions(self.link)
        self.settle_by_hand(self.old)
        self.simulate(transaction)
        self.url_open('/payment/status')
        self.assertEqual(self.residuals(), [0.0, 0.0, 40.0])
        self.assertTrue(self.activities(transaction.payment_id))

    # --- who sends something else -----------------------------------------------------------------

    def test_what_the_browser_says_beside_the_method_does_not_count(self):
        self.owe_euros(25.0, 3)
        self.start(
            self.form_of(self.old), amount=0.01, currency_id=self.currency_euro.id,
            partner_id=self.partner.id, document=[self.new.id], invoice_id=self.new.id,
            invoice_ids=[self.new.id], document_ids=[self.new.id], landing_route='//evil.example',
            company_id=self.env['res.company'].create({'name': "Other"}).id, reference_prefix='X',
        )
        transaction = self.transactions(self.link)
        self.assertEqual(self.shares(transaction), {self.old: 100.0})
        self.assertEqual(
            (transaction.amount, transaction.currency_id, transaction.company_id,
             transaction.partner_id),
            (100.0, self.company_currency, self.company, self.customer))
        self.assertRegex(transaction.landing_route, r'^/pay/t/[\w-]+/status$')

    def test_another_way_to_pay_is_refused(self):
        page = self.form_of(self.old)
        self.assertRefuses(page, provider_id=self.credicorp.id)
        self.assertRefuses(page, provider_id=None)
        self.assertRefuses(page, "not available", payment_method_id=self.payment_method.id)
        self.assertRefuses(page, "not available", flow='validation')
        self.assertFalse(self.transactions(self.link))

    def test_an_offer_of_somebody_else_is_refused(self):
        page = self.form_of(self.old)
        own = self.stock_form(page)['access-token']
        stranger = self.env['res.partner'].create({'name': "Stranger", 'email': 's@example.com'})
        invoice = self.owe(7.0, 3, partner=stranger)
        link = self.env['email.pay.link']._for_customer(stranger, self.company)
        foreign_page = self.follow(self.press(invoice, link, shown='7.00'))
        foreign = self.stock_form(foreign_page)['access-token']
        for offer in (foreign, own[:-2], own + 'AAAA', '', 'x', None, 7):
            with self.subTest(offer=offer):
                self.assertRefuses(page, access_token=offer)
        self.assertFalse(self.transactions(self.link))

    def test_what_another_customer_or_company_picked_is_not_paid(self):
        stranger = self.env['res.partner'].create({'name': "Stranger"})
        foreign = self.owe(7.0, 3, partner=stranger)
        selection = self.select(self.link, self.old)
        pick = self.link._pick(selection)
        pick.write({'document_ids': foreign.ids, 'to_pay': 7.0})
        with self.assertRaisesRegex(UserError, "has changed"):
            pick._selection()
        pick.write({'section': f'EUR-{selection.section.account_id}'})
        with self.assertRaisesRegex(UserError, "has changed"):
            pick._selection()

    def test_an_offer_without_what_was_picked_is_worth_nothing(self):
        self.open_link(self.link)
        path = inline_path(self.link, 100.0, self.form_provider)
        self.env.flush_all()
        self.assertEqual(self.url_open(path).status_code, 404)
        pick = self.link._pick(self.select(self.link, self.old))
        path = inline_path(self.link, 100.0, self.form_provider, pick)
        self.env.flush_all()
        page = self.url_open(path)
        self.assertEqual(page.status_code, 200)
        pick.unlink()
        self.assertRefuses(page)

    def test_without_the_cookie_it_is_worth_nothing(self):
        page = self.form_of(self.old)
        self.new_visitor()
        self.assertRefuses(page)
        self.assertEqual(self.url_open(page.url).status_code, 404)

    def test_it_ends_with_the_link_and_with_the_provider(self):
        page = self.form_of(self.old)
        self.form_provider.state = 'disabled'
        self.assertRefuses(page, "not available")
        self.form_provider.state = 'test'
        self.link.action_revoke()
        self.assertRefuses(page)
        self.assertFalse(self.transactions(self.link))


@tagged('post_install', '-at_install')
class TestStatementInlineBrowser(DemoCommon, BrowserCommon):

    def test_picked_on_a_phone_paid_on_odoos_form_and_booked(self):
        name = self.middle.name
        # Odoo's form also loads the scripts of other providers that are installed.
        expected = 'Slow network|Access to font|ERR_NAME_NOT_RESOLVED'
        with self.browser_page(PHONE, expected=expected) as page:
            self.visit(page, self.link)
            page.locator('.ep-pick[value=none]').tap()
            page.locator('label', has_text=name).tap()
            self.pay_button(page).last.tap()
            page.locator('#customer_input').fill('4111 1111 1111 1111')
            page.locator('[name=o_payment_submit_button]').tap()
            self.wait_for_state(page, 'paid')
            self.assertIn('/pay/t/', page.url)
        transaction = self.transactions(self.link)
        self.assertEqual((transaction.amount, transaction.state), (60.0, 'done'))
        self.assertEqual(self.residuals(), [100.0, 0.0, 40.0])
