import re
from datetime import timedelta

from odoo.tests import tagged

from ..controllers.visits import SIGN_IN_COOKIE
from .common import EmailPayHttpCommon
from .sign_in_common import PHONE, RUT, UNKNOWN_RUT, SignInCommon


@tagged('post_install', '-at_install')
class TestSignInSession(SignInCommon, EmailPayHttpCommon):
    """What who signed in sees, for how long, and how one leaves."""

    def setUp(self):
        super().setUp()
        self.invoice = self.owe(100.0, 5)
        self.paid = self.owe(40.0, 30)
        self.settle_by_hand(self.paid)
        self.link = self.statement_link()

    # --- for how long -----------------------------------------------------------------------------

    def test_it_lasts_thirty_minutes_after_the_last_page(self):
        self.sign_in(email=self.customer.email)
        with self.later(minutes=29):
            self.assertIn(self.invoice.name, self.text(self.url_open(self.link._path())))
        with self.later(minutes=58):
            self.assertIn(self.invoice.name, self.text(self.url_open(self.link._path())))
        with self.later(minutes=89):
            page = self.url_open(self.link._path())
            self.assertEqual(page.status_code, 403)
            self.assertEqual(self.headline(page), "You were signed out")
            self.assertNotIn(self.invoice.name, page.text)
            self.assertTrue(self.tree(page).xpath(f'//main//a[@href="{self.path}"]'))
            self.assertEqual(self.url_open(self.link._path('/pdf')).status_code, 403)

    def test_it_ends_after_eight_hours_also_for_who_goes_on(self):
        self.sign_in(email=self.customer.email)
        attempt = self.attempts()
        attempt.signed_in_at -= timedelta(hours=7, minutes=59)
        self.assertIn(self.invoice.name, self.text(self.url_open(self.link._path())))
        attempt.signed_in_at -= timedelta(minutes=2)
        self.assertEqual(self.url_open(self.link._path()).status_code, 403)

    def test_a_payment_form_that_is_sent_too_late_starts_nothing(self):
        page = self.sign_in(email=self.customer.email)
        with self.later(minutes=31):
            response = self.submit(page, self.link._path(), document=str(self.invoice.id))
        self.assertEqual(response.status_code, 403)
        self.assertFalse(self.invoice.transaction_ids)

    def test_signing_out_ends_it_on_the_server(self):
        page = self.sign_in(email=self.customer.email)
        token = self.token()
        left = self.sign_out(page)
        self.assertEqual(self.headline(left), "You are signed out")
        self.assertFalse(self.token())
        self.opener.cookies.set(SIGN_IN_COOKIE, token)
        self.assertEqual(self.url_open(self.link._path()).status_code, 404)
        self.assertEqual(self.attempts().state, 'out')

    def test_nobody_can_sign_somebody_else_out(self):
        self.sign_in(email=self.customer.email)
        page = self.url_open(self.link._path())
        token = self.token()
        self.new_visitor()
        self.sign_out(page)
        self.opener.cookies.set(SIGN_IN_COOKIE, token)
        self.assertEqual(self.url_open(self.link._path()).status_code, 200)

    def test_who_is_signed_in_comes_back_to_the_statement(self):
        self.sign_in(email=self.customer.email)
        response = self.url_open(self.path, allow_redirects=False)
        self.assertTrue(response.headers['Location'].endswith(self.link._path()))

    # --- what is let in ---------------------------------------------------------------------------

    def test_only_the_own_statement_is(self):
        self.sign_in(email=self.customer.email)
        other = self.env['res.partner'].create({'name': "Other"})
        self.owe(7.0, partner=other)
        link = self.env['email.pay.link']._for_customer(other, self.company)
        for path in (link._path(), link._path('/pdf'), self.create_link(self.invoice)._path()):
            self.assertEqual(self.url_open(path).status_code, 404)

    def test_the_mailed_link_is_not_given_away(self):
        page = self.sign_in(email=self.customer.email)
        self.assertNotIn('/qr', page.text)
        self.assertEqual(self.url_open(self.link._path('/qr')).status_code, 404)
        self.assertNotIn(self.link._token(), page.text)

    def test_who_came_with_the_mailed_link_keeps_what_it_opens(self):
        self.sign_in(email=self.customer.email)
        page = self.open_link(self.link)
        self.assertIn('/qr', page.text)
        self.assertFalse(self.tree(page).xpath('//form[contains(@action, "/out")]'))

    def test_an_altered_token_lets_nobody_in(self):
        self.sign_in(email=self.customer.email)
        token = self.token()
        for altered in (token[:-1], token + 'A', token[:12], token[:12] + 'A' * 24, 'x', 'é',
                        token.upper(), f'{token[:11]}%00{token[12:]}'):
            with self.subTest(token=altered[-6:]):
                self.new_visitor()
                self.opener.cookies.set(SIGN_IN_COOKIE, altered)
                self.assertEqual(self.url_open(self.link._path()).status_code, 404)

    def test_the_token_for_the_code_page_opens_nothing_else(self):
        self.ask(email=self.customer.email)
        self.answer()
        self.assertEqual(self.url_open(self.link._path()).status_code, 404)
        self.assertEqual(
            self.url_open(f'{self.path}/accounts', allow_redirects=False).status_code, 303)

    # --- headers ----------------------------------------------------------------------------------

    def every_page(self):
        pages = {'address': self.url_open(self.path), 'nowhere': self.url_open('/pay/to/nobodys')}
        pages['mistake'] = self.fill_in()
        code = self.fill_in(email=self.customer.email)
        pages |= {'to code': code, 'code': self.follow(code)}
        pages['wrong'] = self.enter(pages['code'], '000000')
        entered = self.enter(pages['code'], self.sent_code())
        pages |= {'to statement': entered, 'statement': self.follow(entered)}
        with self.later(minutes=31):
            pages['ended'] = self.url_open(self.link._path())
        pages['out'] = self.sign_out(pages['statement'])
        return pages

    def test_no_page_is_stored_indexed_framed_or_named_to_others(self):
        for name, response in self.every_page().items():
            with self.subTest(page=name):
                headers = response.headers
                self.assertEqual(headers['Cache-Control'], 'no-store')
                self.assertEqual(headers['Referrer-Policy'], 'no-referrer')
                self.assertEqual(headers['X-Robots-Tag'], 'noindex, nofollow')
                self.assertEqual(headers['X-Frame-Options'], 'DENY')
                self.assertNotIn('session_id', headers.get('Set-Cookie', ''))
                if response.status_code == 303:
                    self.assertNotIn('?', headers['Location'])
                else:
                    self.assertIn("default-src 'none'", headers['Content-Security-Policy'])

    def test_the_cookies_are_for_our_pages_only_and_out_of_reach_of_scripts(self):
        for name, response in self.every_page().items():
            for cookie in response.headers.get('Set-Cookie', '').split(', email_pay'):
                if cookie:
                    with self.subTest(page=name, cookie=cookie[:30]):
                        self.assertIn('HttpOnly', cookie)
                        self.assertIn('SameSite=Lax', cookie)
                        self.assertIn('Path=/pay', cookie)

    # --- without a code ---------------------------------------------------------------------------

    def match(self, **typed):
        self.portal.sign_in_policy = 'match'
        return self.fill_in(**typed or {'email': self.customer.email})

    def test_what_matches_lets_in_without_a_code(self):
        for typed in ({'email': self.customer.email}, {'phone': '98765 4321'}):
            with self.subTest(typed=typed):
                self.new_visitor()
                page = self.follow(self.match(**typed))
                self.assertIn(self.invoice.name, self.text(page))
        self.assertFalse(self.answer())
        self.assertFalse(self.texts())

    def test_it_shows_no_personal_data_and_no_pdf(self):
        self.portal.shown_documents = 'history'
        page = self.follow(self.match())
        for text in ("Viña", "Rosa", 'rosa@', '8765', RUT, "PDF"):
            self.assertNotIn(text, self.text(page))
        self.assertEqual(self.url_open(self.link._path('/pdf')).status_code, 404)
        self.assertEqual(self.url_open(self.link._path('/qr')).status_code, 404)

    def test_nor_does_the_page_after_the_payment(self):
        self.follow(self.match())
        transaction = self.start_selection(self.link)
        self.assertNotIn('@', self.text(self.url_open(transaction._email_pay_path('/status'))))
        self.charge(transaction)
        self.advance(transaction)
        page = self.url_open(transaction._email_pay_path('/status'))
        self.assertEqual(self.headline(page), "Payment received")
        self.assertNotIn('@', self.text(page))
        self.open_link(self.link)
        page = self.url_open(transaction._email_pay_path('/status'))
        self.assertNotIn('r•••@', self.text(page), "the visitor is still the one who matched")

    def test_nor_does_odoos_own_form(self):
        self.dummy_provider.inline_form_view_id = self.env['ir.ui.view'].create({
            'name': "Form of a provider", 'type': 'qweb', 'key': 'email_pay.test_filled_in_form',
            'arch': """<p t-out="provider_sudo.env['res.partner'].browse(partner_id).email"/>""",
        })
        self.env['ir.model.data'].create({
            'module': 'email_pay', 'name': 'test_filled_in_form', 'model': 'ir.ui.view',
            'res_id': self.dummy_provider.inline_form_view_id.id,
        })
        self.offer(self.dummy_provider)
        forms = []
        for enter in (self.match, lambda: self.open_link(self.link)):
            page = enter()
            page = self.follow(page) if page.status_code == 303 else page
            forms.append(self.follow(self.submit(
                page, self.link._path(), document=str(self.invoice.id))).text)
            self.new_visitor()
        self.assertNotIn(self.customer.email, forms[0])
        self.assertIn(self.customer.email, forms[1], "others are spared typing it")

    def test_with_a_code_the_name_and_the_pdf_are_there(self):
        page = self.sign_in(email=self.customer.email)
        self.assertIn("Viña Rosa", self.text(page))
        self.assertEqual(self.url_open(self.link._path('/pdf')).status_code, 200)

    def test_what_does_not_match_is_refused_in_the_same_words(self):
        answers = {
            self.refusal(self.match(**typed)) for typed in (
                {'tax_number': UNKNOWN_RUT, 'email': self.customer.email},
                {'email': 'stranger@example.com'}, {'phone': '9 8765 4322'},
            )
        }
        [sentence] = answers
        self.assertIn("We have nobody on file", sentence)
        self.assertEqual(set(self.attempts().mapped('state')), {'unknown'})

    def test_of_several_accounts_no_name_is_shown(self):
        twin = self.customer.copy({'name': "Viña Rosa Sur"})
        other = self.owe(30.0, partner=twin)
        page = self.follow(self.match())
        self.assertEqual(self.headline(page), "Your accounts")
        self.assertIn(other.name, self.text(page))
        self.assertNotIn("Viña", self.text(page))

    # --- what was paid ----------------------------------------------------------------------------

    def test_what_was_paid_is_shown_where_the_company_wants_so(self):
        page = self.sign_in(email=self.customer.email)
        self.assertNotIn(self.paid.name, self.text(page))
        self.portal.shown_documents = 'history'
        page = self.url_open(self.link._path())
        self.assertIn(self.paid.name, self.text(page))
        self.assertIn("Paid in the last 12 months", self.text(page))

    def test_what_was_paid_long_ago_is_not(self):
        self.portal.shown_documents = 'history'
        old = self.owe(11.0, 400)
        self.settle_by_hand(old)
        self.assertNotIn(old.name, self.text(self.sign_in(email=self.customer.email)))

    def test_it_is_not_shown_to_who_has_but_the_link(self):
        self.portal.shown_documents = 'history'
        self.assertNotIn(self.paid.name, self.text(self.open_link(self.link)))

    def test_it_is_there_too_when_nothing_is_due(self):
        self.portal.shown_documents = 'history'
        self.settle_by_hand(self.invoice)
        page = self.sign_in(email=self.customer.email)
        self.assertEqual(self.headline(page), "Nothing is due")
        self.assertIn(self.paid.name, self.text(page))
        self.assertEqual(self.headline(self.sign_out(page)), "You are signed out")

    def test_who_owes_nothing_can_sign_out(self):
        self.settle_by_hand(self.invoice)
        page = self.sign_in(email=self.customer.email)
        self.assertEqual(self.headline(page), "Nothing is due")
        self.assertEqual(self.headline(self.sign_out(page)), "You are signed out")


@tagged('post_install', '-at_install')
class TestEnumeration(SignInCommon):
    """Nobody learns from the pages who is on file."""

    VARYING = re.compile(r'(nonce(?:=")?-?|name="form_token" value=")[\w=-]+')

    def setUp(self):
        super().setUp()
        self.owe(100.0, 5)

    def typed(self):
        """What fits, and what does not, in the same length."""
        return {
            'email': ({'tax_number': RUT, 'email': 'rosa@example.com'}, {
                'number': {'tax_number': UNKNOWN_RUT, 'email': 'rosa@example.com'},
                'address': {'tax_number': RUT, 'email': 'rita@example.com'},
                'both': {'tax_number': UNKNOWN_RUT, 'email': 'rita@example.com'},
            }),
            'phone': ({'tax_number': RUT, 'phone': PHONE}, {
                'number': {'tax_number': UNKNOWN_RUT, 'phone': PHONE},
                'phone': {'tax_number': RUT, 'phone': '+56 9 8765 5321'},
            }),
        }

    def visit(self, typed):
        """All pages up to the last try at the code: (status, headers, text), statements of each."""
        self.new_visitor()
        self.env['email.pay.sign.in.limit'].sudo().search([]).unlink()
        seen = []
        self.see(seen, self.url_open, self.path)
        seen.clear()
        page = self.url_open(self.path)
        response = self.see(seen, self.submit, page, **typed)
        page = self.see(seen, self.follow, response)
        self.answer()
        self.see(seen, self.url_open, f'{self.path}/code')
        for _time in range(6):
            self.see(seen, self.submit, page, code='000000')
        return seen

    def see(self, seen, act, *args, **kwargs):
        self.env.flush_all()
        before = self.cr.sql_log_count
        response = act(*args, **kwargs)
        headers = {
            name: self.VARYING.sub('', value) for name, value in response.headers.items()
            if name not in ('Date', 'Set-Cookie')
        }
        seen.append((
            response.status_code, headers, self.VARYING.sub('', response.text),
            self.cr.sql_log_count - before,
        ))
        self.env.invalidate_all()
        return response

    def test_every_page_is_the_same_for_who_is_on_file_and_who_is_not(self):
        for way, (fitting, others) in self.typed().items():
            self.visit(fitting)  # what is read once is read
            known = self.visit(fitting)
            self.assertTrue(self.texts() if way == 'phone' else True)
            for what, typed in others.items():
                unknown = self.visit(typed)
                for number, (one, other) in enumerate(zip(known, unknown, strict=True)):
                    with self.subTest(way=way, what=what, page=number):
                        self.assertEqual(
                            [part.replace('rita', 'rosa').replace('r•••', '') if
                             isinstance(part, str) else part for part in other[2:]],
                            [part.replace('r•••', '') if isinstance(part, str) else part
                             for part in one[2:]])
                        self.assertEqual(other[:2], one[:2])

    def test_the_known_one_really_got_a_code(self):
        """Else the test above compares two strangers."""
        fitting = self.typed()['email'][0]
        self.visit(fitting)
        attempt = self.attempts()[-1]
        self.assertEqual((attempt.state, attempt.partner_ids), ('wrong', self.customer))
        self.assertGreater(attempt.expires_at, attempt.create_date + timedelta(minutes=9))

    def test_the_sentence_says_if(self):
        page = self.ask(email='rita@example.com')
        self.assertIn(
            "If what you entered is on file, a code is on its way to r•••@example.com.",
            self.text(page))
