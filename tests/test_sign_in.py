from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError
from odoo.fields import Datetime
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..const import CODE_TRIES
from ..controllers.visits import SIGN_IN_COOKIE
from .sign_in_common import PHONE, RUT, UNKNOWN_RUT, SignInCommon


@tagged('post_install', '-at_install')
class TestSignIn(SignInCommon):
    """The payment address: who one is, the code, and in."""

    def setUp(self):
        super().setUp()
        self.invoice = self.owe(100.0, 5)

    # --- the way in -------------------------------------------------------------------------------

    def test_tax_number_mail_and_code_lead_to_the_statement(self):
        page = self.sign_in(email='Rosa@Example.com ')
        self.assertEqual(page.status_code, 200)
        self.assertIn(self.invoice.name, self.text(page))
        self.assertIn("Viña Rosa", self.text(page))
        attempt = self.attempts()
        self.assertEqual(attempt.state, 'in')
        self.assertEqual(attempt.partner_ids, self.customer)
        self.assertTrue(attempt.with_code)

    def test_it_can_be_paid(self):
        page = self.sign_in(email=self.customer.email)
        link = self.statement_link()
        response = self.submit(page, link._path(), document=str(self.invoice.id))
        self.assertRegex(response.headers['Location'], r'/pay/t/')
        self.assertEqual(self.invoice.transaction_ids.email_pay_link_id, link)

    def test_the_tax_number_may_be_written_in_any_way(self):
        for number in ('760864285', ' 76 086 428-5', 'cl76086428-5', '76.086.428‑5'):
            with self.subTest(number=number):
                self.new_visitor()
                self.ask(tax_number=number, email=self.customer.email)
                self.assertTrue(self.sent_code())

    def test_a_phone_gets_the_code_as_a_text_message(self):
        for phone in (PHONE, '9 8765-4321', '(56) 9 87654321'):
            with self.subTest(phone=phone):
                self.new_visitor()
                page = self.ask(phone=phone)
                self.assertFalse(self.answer())
                text = self.texts()[-1]
                self.assertEqual((text.number, text.state), ('+56987654321', 'outgoing'))
                response = self.enter(page, text.body[:6])
                self.assertIn(self.invoice.name, self.text(self.follow(response)))

    def test_a_code_goes_out_on_the_account_of_its_company(self):
        self.ask(phone=PHONE)
        self.answer()
        other = self.env['res.company'].create({'name': "Another"})
        self.assertEqual(self.texts()[-1].with_company(other)._get_sms_company(), self.company)

    def test_a_contact_counts_with_its_own_mail_or_phone(self):
        for typed in ({'email': 'bruno@vina.example.com'}, {'phone': '961234567'}):
            with self.subTest(typed=typed):
                self.new_visitor()
                self.ask(**typed)
                mails = self.answer()
                where = mails[0]['email_to'] if mails else self.texts()[-1].number
                self.assertIn(where, (['bruno@vina.example.com'], '+56961234567'))
                self.assertEqual(self.attempts()[-1].partner_ids, self.customer)

    def test_an_archived_contact_does_not(self):
        self.buyer.active = False
        self.ask(email=self.buyer.email)
        self.assertFalse(self.answer())
        self.assertEqual(self.attempts().state, 'unknown')

    def test_nor_does_a_contact_of_an_archived_customer(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET active = false WHERE id = %s", [self.customer.id])
        self.env.invalidate_all()
        self.ask(email=self.buyer.email)
        self.assertFalse(self.answer())

    def test_the_mail_is_in_the_language_of_the_contact(self):
        self.env['res.lang']._activate_lang('es_PA')
        self.customer.lang = 'es_PA'
        self.ask(email=self.customer.email)
        with self.mock_mail_gateway(), self.own_cursor() as env:
            template = env.ref('email_pay.mail_template_sign_in_code')
            template.with_context(lang='es_PA').subject = "Tu código"
            env['email.pay.sign.in']._cron_answer()
        self.assertEqual(self._mails[0]['subject'], "Tu código")

    def test_the_code_is_kept_nowhere_in_plain(self):
        self.ask(email=self.customer.email)
        code = self.sent_code()
        attempt = self.attempts()
        self.env.cr.execute("SELECT row_to_json(s)::text FROM email_pay_sign_in s WHERE id = %s",
                            [attempt.id])
        kept = self.env.cr.fetchone()[0]
        self.assertNotIn(code, kept)
        self.assertNotIn(self.customer.email, kept)
        self.assertNotIn('760864285', kept)
        self.assertNotIn(self.token()[12:], kept)

    def test_of_both_mail_and_phone_one_need_fit(self):
        self.ask(email='somebody@example.com', phone=PHONE)
        self.assertFalse(self.answer())
        self.assertEqual(self.texts()[-1].number, '+56987654321')

    def test_one_of_several_addresses_on_file_gets_it(self):
        self.customer.email = 'rosa@example.com, pagos@vina.example.com'
        self.ask(email='pagos@vina.example.com')
        [mail] = self.answer()
        self.assertEqual(mail['email_to'], ['pagos@vina.example.com'])

    # --- mistakes ---------------------------------------------------------------------------------

    def test_what_cannot_be_is_said_at_the_field(self):
        for typed, sentence, field in (
            ({'tax_number': '', 'email': 'a@b.example'}, "Enter your tax number.", 'tax_number'),
            ({'tax_number': '../', 'email': 'a@b.example'}, "Enter your tax number.", 'tax_number'),
            ({}, "Enter your e-mail address or your phone.", 'email'),
            ({'email': 'rosa'}, "Enter the e-mail address in full", 'email'),
            ({'phone': 'none'}, "Enter the phone number with its digits.", 'phone'),
        ):
            with self.subTest(typed=typed):
                response = self.fill_in(**typed)
                self.assertEqual(response.status_code, 400)
                self.assertIn(sentence, self.refusal(response))
                [marked] = self.tree(response).xpath('//input[@aria-invalid="true"]')
                self.assertEqual(marked.get('name'), field)
                self.assertEqual(marked.get('aria-describedby'), 'ep-error')
        self.assertFalse(self.attempts())

    def test_a_wrong_check_digit_is_asked_about_once(self):
        self.customer.with_context(no_vat_validation=True).vat = '76.086.428-6'
        response = self.fill_in(tax_number='76.086.428-6', email=self.customer.email)
        self.assertIn("its check digit does not fit", self.refusal(response))
        response = self.submit(response)
        self.assertEqual(response.status_code, 303)
        self.assertTrue(self.sent_code())

    def test_a_form_of_another_browser_is_not_taken(self):
        page = self.url_open(self.path)
        self.new_visitor()
        response = self.submit(page, tax_number=RUT, email=self.customer.email)
        self.assertEqual(response.status_code, 400)
        self.assertIn("Please try again", self.refusal(response))
        self.assertFalse(self.attempts())

    # --- whose address ----------------------------------------------------------------------------

    def test_an_unknown_address_is_nobodys(self):
        for tail in ('', '/code', '/accounts'):
            self.assertEqual(self.url_open(f'/pay/to/nobody-here{tail}').status_code, 404)

    def test_an_old_address_leads_to_the_new_one(self):
        self.portal.slug = 'canal-pays'
        response = self.url_open(self.path, allow_redirects=False)
        self.assertEqual(self.follow(response).status_code, 200)
        self.assertTrue(response.headers['Location'].endswith('/pay/to/canal-pays'))

    def test_the_address_of_a_company_that_does_not_collect_says_so(self):
        self.portal.enabled = False
        self.assertEqual(
            self.headline(self.url_open(self.path)), "Online payment is not available right now")

    def test_a_branch_without_settings_of_its_own_is_served_by_its_parent(self):
        branch = self.env['res.company'].create({'name': "Branch", 'parent_id': self.company.id})
        own = self.env['email.pay.portal'].search([('company_id', '=', branch.id)])
        response = self.url_open(f'/pay/to/{own.slug}', allow_redirects=False)
        self.assertTrue(response.headers['Location'].endswith(self.path))

    # --- the code ---------------------------------------------------------------------------------

    def test_a_wrong_code_leaves_four_tries_then_none(self):
        page = self.ask(email=self.customer.email)
        code = self.sent_code()
        wrong = str((int(code) + 1) % 10 ** 6).zfill(6)
        for left in range(CODE_TRIES - 1, 0, -1):
            page = self.enter(page, wrong)
            self.assertEqual(page.status_code, 400)
            said = "one try" if left == 1 else f"{left} tries"
            self.assertIn(f"You have {said} left", self.refusal(page))
        page = self.enter(page, wrong)
        self.assertIn("Please ask for a new one", self.refusal(page))
        self.assertEqual(self.attempts().state, 'wrong')
        self.assertEqual(self.url_open(f'{self.path}/code', allow_redirects=False).status_code, 303)

    def test_the_right_code_after_five_wrong_ones_does_not_let_in(self):
        page = self.ask(email=self.customer.email)
        code = self.sent_code()
        wrong = str((int(code) + 1) % 10 ** 6).zfill(6)
        for _time in range(CODE_TRIES):
            self.enter(page, wrong)
        response = self.enter(page, code)
        self.assertIn("does not work any more", self.refusal(response))
        self.assertEqual(self.attempts().state, 'wrong')

    def test_what_is_no_code_uses_up_no_try(self):
        page = self.ask(email=self.customer.email)
        for text in ('', '12345', '1234567', '٣٣٣٣٣٣', 'abcdef'):
            self.assertIn("Enter the 6 digits", self.refusal(self.enter(page, text)))
        self.assertEqual(self.attempts().tries, 0)

    def test_a_code_may_be_typed_with_a_space(self):
        page = self.ask(email=self.customer.email)
        code = self.sent_code()
        self.assertEqual(self.enter(page, f' {code[:3]} {code[3:]}').status_code, 303)

    def test_a_code_works_once(self):
        page = self.ask(email=self.customer.email)
        code = self.sent_code()
        token = self.token()
        self.assertEqual(self.enter(page, code).status_code, 303)
        self.assertNotEqual(self.token(), token, "who signs in gets a new token")
        self.new_visitor()
        self.opener.cookies.set(SIGN_IN_COOKIE, token)
        response = self.enter(page, code)
        self.assertTrue(response.headers['Location'].endswith(self.path))

    def test_a_code_works_for_ten_minutes(self):
        page = self.ask(email=self.customer.email)
        code = self.sent_code()
        with self.later(minutes=10, seconds=1):
            response = self.enter(page, code)
        self.assertIn("does not work any more", self.refusal(response))

    def test_a_code_works_in_the_browser_that_asked_for_it_only(self):
        self.ask(email=self.customer.email)
        code = self.sent_code()
        self.new_visitor()
        page = self.ask(email=self.customer.email)
        self.assertEqual(self.enter(page, code).status_code, 400)
        self.assertEqual(self.attempts().mapped('state'), ['sent', 'asked'])

    def test_a_code_that_was_not_sent_yet_cannot_be_guessed(self):
        page = self.ask(email=self.customer.email)
        self.assertEqual(self.enter(page, '000000').status_code, 400)
        self.assertEqual(self.attempts().tries, 1)

    # --- who is a customer of the company ---------------------------------------------------------

    def _second_company(self):
        company = self._create_company(name="Second")
        portal = self.env['email.pay.portal'].search([('company_id', '=', company.id)])
        journal = self._create_collections_journal(company)
        provider = self.credicorp.copy({'company_id': company.id, 'state': 'disabled'})
        provider.write({**self.merchant_keys, 'journal_id': journal.id, 'state': 'test'})
        self.offer(provider, portal=portal)
        portal.enabled = True
        return portal

    def test_the_customer_of_another_company_is_not_found(self):
        other = self._second_company()
        self.path = f'/pay/to/{other.slug}'
        self.ask(email=self.customer.email)
        self.assertFalse(self.answer())
        attempt = self.env['email.pay.sign.in'].sudo().search([('portal_id', '=', other.id)])
        self.assertEqual(attempt.state, 'unknown')

    def test_a_customer_record_of_another_company_is_not_found(self):
        other = self._second_company()
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET company_id = %s WHERE id IN %s", [
            other.company_id.id, (self.customer.id, self.buyer.id)])
        self.env.invalidate_all()
        self.ask(email=self.customer.email)
        self.assertFalse(self.answer())

    def test_a_new_customer_of_the_company_itself_is_found(self):
        self.env['res.partner'].create({
            'name': "New", 'vat': UNKNOWN_RUT, 'email': 'new@example.com',
            'company_id': self.company.id, 'country_id': self.chile.id,
        })
        page = self.sign_in(tax_number=UNKNOWN_RUT, email='new@example.com')
        self.assertEqual(self.headline(page), "Nothing is due")

    def test_what_a_branch_is_owed_is_there_too(self):
        branch = self.env['res.company'].create({'name': "Branch", 'parent_id': self.company.id})
        self.env.user.company_ids = [Command.link(branch.id)]
        self.customer.with_company(branch).property_account_receivable_id = (
            self.company_data['default_account_receivable'])
        invoice = self.env['account.move'].with_company(branch).create({
            'move_type': 'out_invoice', 'partner_id': self.customer.id,
            'invoice_date': '2024-01-01', 'company_id': branch.id,
            'invoice_line_ids': [Command.create({
                'name': "Work", 'price_unit': 70.0, 'tax_ids': [Command.clear()],
                'account_id': self.company_data['default_account_revenue'].id,
            })],
        })
        invoice.action_post()
        page = self.sign_in(email=self.customer.email)
        self.assertEqual(self.headline(page), "Your accounts")
        self.assertIn("Branch", self.text(page))
        self.assertIn("70.00", self.text(page))

    # --- several with one tax number --------------------------------------------------------------

    def _twin(self, email, **values):
        return self.env['res.partner'].create({
            'name': "Viña Rosa Sur", 'is_company': True, 'vat': RUT, 'email': email,
            'country_id': self.chile.id, **values,
        })

    def test_of_several_the_one_with_this_mail_is_let_in(self):
        twin = self._twin('sur@vina.example.com')
        other = self.owe(30.0, partner=twin)
        page = self.sign_in(email='sur@vina.example.com')
        self.assertIn(other.name, self.text(page))
        self.assertNotIn(self.invoice.name, self.text(page))

    def test_of_several_with_the_same_mail_each_can_be_chosen(self):
        twin = self._twin(self.customer.email)
        other = self.owe(30.0, partner=twin)
        page = self.sign_in(email=self.customer.email)
        self.assertEqual(self.headline(page), "Your accounts")
        self.assertIn("Viña Rosa Sur", self.text(page))
        for move in (self.invoice, other):
            link = move.partner_id.env['email.pay.link']._for_customer(
                move.partner_id, self.company)
            self.assertIn(move.name, self.text(self.url_open(link._path())))

    def test_of_several_only_one_of_which_owes_that_one_is_shown(self):
        self._twin(self.customer.email)
        self.owe(1.0)
        page = self.sign_in(email=self.customer.email)
        self.assertIn(self.invoice.name, self.text(page))

    # --- the job ----------------------------------------------------------------------------------

    def test_a_code_that_cannot_be_written_is_shown_and_stops_no_other(self):
        self.env.ref('email_pay.sms_template_sign_in_code').body = "{{ object.nonsense }}"
        self.ask(phone=PHONE)
        self.new_visitor()
        self.ask(email=self.customer.email)
        with mute_logger('odoo.addons.email_pay.models.email_pay_sign_in_code',
                         'odoo.addons.mail.models.mail_render_mixin'):
            self.assertTrue(self.sent_code())
        self.assertEqual(self.attempts().mapped('state'), ['failed', 'sent'])

    def test_an_attempt_is_answered_once(self):
        self.ask(email=self.customer.email)
        self.assertEqual(len(self.answer()), 1)
        self.assertFalse(self.answer())

    def test_old_attempts_are_forgotten(self):
        self.ask(email=self.customer.email)
        attempt = self.attempts()
        self.env.cr.execute("UPDATE email_pay_sign_in SET create_date = %s WHERE id = %s", [
            Datetime.now() - timedelta(days=91), attempt.id])
        self.ask(email=self.customer.email)
        self.env['email.pay.sign.in']._gc_old()
        self.assertEqual(len(self.attempts()), 1)
        self.assertNotEqual(self.attempts(), attempt)

    def test_the_accountant_sees_who_tried(self):
        self.ask(email='stranger@example.com')
        self.answer()
        attempt = self.attempts()
        self.assertEqual(
            (attempt.tax_number, attempt.contact, attempt.address, attempt.state),
            ('•••285', 's•••@example.com', '127.0.0.1', 'unknown'))

    def test_only_the_accountants_of_the_company_see_it(self):
        self.ask(email='stranger@example.com')
        attempt = self.attempts()
        second = self._create_company(name="Second")
        for login, groups, company, sees in (
            ('billing', 'account.group_account_invoice', self.company, True),
            ('reader', 'account.group_account_readonly', self.company, True),
            ('elsewhere', 'account.group_account_invoice', second, False),
            ('seller', 'base.group_user', self.company, False),
        ):
            user = new_test_user(
                self.env, login, f'base.group_user,{groups}', company_id=company.id,
                company_ids=[Command.set(company.ids)])
            with self.subTest(user=login):
                self.assertEqual(attempt.with_user(user).has_access('read'), sees)
                self.assertFalse(attempt.with_user(user).has_access('write'))
        accountant = self.env['res.users'].search([('login', '=', 'billing')])
        for name in ('token_hash', 'code_hash', 'asked_keys', 'asked_email', 'link_ids'):
            with self.assertRaises(AccessError):
                attempt.with_user(accountant).read([name])
        self.assertEqual(
            self.portal.with_user(accountant).action_view_sign_ins()['domain'],
            [('portal_id', 'in', self.portal.ids)])
