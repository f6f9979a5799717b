import socket
import time
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import file_open, mute_logger

from ..hooks import uninstall_hook
from ..models import mail_account_form
from ..models.mail_account_words import HINTS
from ..smtp import PRESETS
from .mail_common import PASSWORD, SENDER, MailAccountCommon
from .smtp.servers import (
    HOST,
    MailServer,
    RawServer,
    blocked_port,
    certificate,
    dribble_lines,
    say_nothing,
)


@tagged('post_install', '-at_install')
class TestMailAccount(MailAccountCommon):
    """A mail account is tested as it stands in the form, before it is saved."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.email = 'admin@canal.example.com'

    def try_out(self, account=None, **changes):
        """The answer to *Test*, of a saved account or of a form that was never saved."""
        if account is None:
            return self.servers.email_pay_test(self.settings(**changes))
        return account.email_pay_test(changes)

    def assertFails(self, words, *args, **changes):
        answer = self.try_out(*args, **changes)
        self.assertEqual(answer['type'], 'danger')
        self.assertIn(words, answer['message'])
        return answer

    def archive(self, account):
        account.active = False
        account.flush_recordset()

    # --- the test ---------------------------------------------------------------------------------

    def test_it_sends_the_user_a_mail_and_saves_nothing(self):
        before = self.servers.search_count([])
        answer = self.try_out()
        self.assertEqual((answer['type'], answer['title']), ('success', "Configuration correct"))
        self.assertEqual(self.arrived(), ['admin@canal.example.com'])
        self.assertEqual(self.server.mails[0].mail_from, SENDER)
        self.assertEqual(self.servers.search_count([]), before)

    def test_settings_that_passed_are_saved_as_tested(self):
        self.archive(self.account)
        proof = self.try_out()['proof']
        account = self.servers.create(self.settings(email_pay_proof=proof))
        self.assertTrue(account.email_pay_tested_at)
        self.assertEqual(account.email_pay_status, 'works')

    def test_other_settings_than_those_that_passed_are_not(self):
        self.archive(self.account)
        proof = self.try_out()['proof']
        for changes in (
                {'email_pay_password': 'other'}, {'smtp_port': 1}, {'email_pay_sender': 'x@y.com'},
                {'smtp_encryption': 'starttls'}, {'smtp_user': 'x'}, {'email_pay_proof': 'x'},
                {'email_pay_proof': False}):
            account = self.servers.create(self.settings(**{'email_pay_proof': proof, **changes}))
            self.assertFalse(account.email_pay_tested_at, changes)
            self.archive(account)

    def test_a_saved_account_is_tested_with_its_password_and_changes_reset_that(self):
        self.assertEqual(self.account.email_pay_status, 'untested')
        answer = self.try_out(self.account)
        self.assertEqual(answer['type'], 'success')
        self.assertNotIn('proof', answer)
        self.assertEqual(self.account.email_pay_status, 'works')
        self.account.email_pay_fallback = True  # changes nothing of what was tested
        self.assertEqual(self.account.email_pay_status, 'works')
        self.account.email_pay_password = 'other'
        self.assertEqual(self.account.email_pay_status, 'untested')

    def test_what_is_wrong_is_said_in_plain_words(self):
        self.assertFails("Enter the mail server", smtp_host=False)
        self.assertFails("no mail server named mail.invalid", smtp_host='mail.invalid')
        self.assertFails("refuses connections", smtp_port=1)
        self.assertFails("refuses the user or the password", email_pay_password='wrong')
        self.assertFails("offers no STARTTLS", smtp_encryption='starttls')
        self.assertFails("not encrypted from the start", smtp_encryption='ssl')
        self.assertFails("Enter the sender", email_pay_sender=False)
        self.server.answers = {'MAIL': '553 5.7.1 Sender address rejected'}
        answer = self.assertFails("does not let this user send as this sender")
        self.assertIn("The answer was: 553 5.7.1 Sender address rejected", answer['message'])
        self.assertFalse(self.server.mails)

    def test_encryption_that_does_not_fit_is_recognized(self):
        context, _file = certificate()
        with (
            MailServer('ssl', context=context) as server,
            patch('odoo.addons.email_pay.smtp.session.GREETING_SECONDS', 0.3),
        ):
            for encryption in ('none', 'starttls'):
                self.assertFails("encrypted from the start. Choose SSL/TLS",
                                 smtp_port=server.port, smtp_encryption=encryption)
            self.assertFails("certificate", smtp_port=server.port, smtp_encryption='ssl_strict')

    def test_a_port_that_a_firewall_blocks_is_recognized(self):
        session = 'odoo.addons.email_pay.smtp.session'
        with patch(f'{session}.GREETING_SECONDS', 0.3), patch(f'{session}.ADDRESS_SECONDS', 0.3):
            for encryption, other in (('ssl_strict', "port 587"), ('starttls', "port 465")):
                with RawServer(say_nothing) as server:
                    answer = self.assertFails(
                        "a firewall is in between", smtp_port=server.port,
                        smtp_encryption=encryption)
                    self.assertIn(f"Try the {other}", answer['message'])
                with blocked_port() as port:
                    self.assertFails("cannot be reached at port", smtp_port=port,
                                     smtp_encryption=encryption)

    def test_what_odoo_calls_a_choice_is_quoted_in_its_words(self):
        field = self.env['ir.model.fields']._get('ir.mail_server', 'smtp_authentication')
        field.field_description = "Sign in with"
        encryption = self.env['ir.model.fields']._get('ir.mail_server', 'smtp_encryption')
        encryption.selection_ids.filtered(
            lambda choice: choice.value == 'ssl').name = "TLS, no check"
        self.env.registry.clear_cache()
        account = self.account.with_context(lang='en_US')
        with self.assertRaisesRegex(ValidationError, "“Username” under “Sign in with”"):
            account.smtp_authentication = 'cli'
        context, _file = certificate()
        with MailServer('ssl', context=context) as server:
            answer = account.browse().email_pay_test(
                self.settings(server, smtp_encryption='ssl_strict'))
        self.assertIn("or choose “TLS, no check”", answer['message'])

    def test_providers_get_a_hint(self):
        hints = {
            'gmail': "https://myaccount.google.com/apppasswords", 'outlook': "another provider",
            'office365': "Authenticated SMTP", 'zoho': "https://accounts.zoho.com",
            'zoho_eu': "https://accounts.zoho.com", 'yahoo': "Yahoo only accepts app passwords",
        }
        for provider, preset in PRESETS.items():
            with patch('odoo.addons.email_pay.smtp.session._addresses', self.to_the_server):
                self.assertFails(
                    hints[provider], smtp_host=preset.host, email_pay_password='wrong')

    def to_the_server(self, _host, _port, _seconds):
        return socket.getaddrinfo('127.0.0.1', self.server.port, 0, socket.SOCK_STREAM)

    def test_it_ends_in_time(self):
        self.assertLess(mail_account_form.TEST_SECONDS, 15)
        started = time.monotonic()
        with (
            RawServer(dribble_lines) as server,
            patch.object(mail_account_form, 'TEST_SECONDS', 0.5),
        ):
            self.assertFails("takes too long", smtp_port=server.port)
        self.assertLess(time.monotonic() - started, 2)

    def test_a_user_without_an_address_is_told(self):
        self.env.user.email = False
        self.assertFails("Your user has no e-mail address")

    # --- the password -----------------------------------------------------------------------------

    def test_nobody_can_read_the_password(self):
        groups = 'base.group_system,account.group_account_manager'
        admin = new_test_user(self.env, 'mail_admin', groups, company_id=self.company.id)
        account = self.account.with_user(admin)
        self.assertFalse(account.email_pay_password)
        self.assertFalse(account.smtp_pass)
        with self.assertRaises(AccessError):
            account.read(['email_pay_secret'])
        with self.assertRaises(AccessError):
            self.servers.with_user(admin).search([('email_pay_secret', '=like', 'r%')])
        self.assertEqual(self.account.sudo().email_pay_secret, PASSWORD)

    def test_the_form_of_odoo_keeps_it_there_too(self):
        self.account.smtp_pass = 'typed there'
        self.assertFalse(self.account.smtp_pass)
        self.assertEqual(self.account.sudo().email_pay_secret, 'typed there')

    def test_it_is_not_handed_to_another_server(self):
        with MailServer(users={SENDER: PASSWORD}) as other:
            self.assertFails("Type the password again", self.account, smtp_host='127.0.0.1',
                             smtp_port=other.port)
            self.assertFalse(other.tried)
        self.account.smtp_host = '127.0.0.1'
        self.assertFalse(self.account.sudo().email_pay_secret)

    def test_it_is_not_carried_to_another_server_without_a_purpose(self):
        self.account.email_pay_purpose = False
        self.assertFalse(self.account.sudo().email_pay_secret)
        self.cr.execute(
            "UPDATE ir_mail_server SET email_pay_secret = 'kept' WHERE id = %s", [self.account.id])
        self.account.invalidate_recordset()
        self.account.write({'smtp_host': '127.0.0.1', 'email_pay_purpose': 'collection'})
        self.assertFalse(self.account.sudo().email_pay_secret)

    def test_that_of_a_server_that_becomes_an_account_is_kept_there_too(self):
        server = self.servers.create({
            'name': "Plain", 'smtp_host': HOST, 'smtp_port': self.server.port,
            'smtp_user': SENDER, 'smtp_pass': PASSWORD,
        })
        self.archive(self.account)
        server.write({
            'email_pay_purpose': 'collection', 'email_pay_company_id': self.company.id,
            'email_pay_sender': SENDER,
        })
        self.assertFalse(server.smtp_pass)
        self.assertEqual(server.sudo().email_pay_secret, PASSWORD)
        self.assertEqual((server.name, server.email_pay_status), (SENDER, 'untested'))

    def test_a_copy_has_no_password(self):
        copy = self.account.copy({'active': False})
        self.assertFalse(copy.sudo().email_pay_secret)

    def test_uninstalling_leaves_no_account_as_a_server_for_all_mails(self):
        archived = self.account.copy({'active': False})
        uninstall_hook(self.env(user=SUPERUSER_ID))
        self.assertFalse((self.account + archived).exists())

    def test_a_neutralized_database_has_none(self):
        with file_open('email_pay/data/neutralize.sql') as file:
            self.cr.execute(file.read())
        self.env.invalidate_all()
        self.assertFalse(self.account.sudo().email_pay_secret)
        self.assertFalse(self.account.smtp_user)

    # --- the form ---------------------------------------------------------------------------------

    def form(self):
        view = 'email_pay.mail_account_view_form'
        return Form(self.servers.with_context(
            email_pay_account=True, default_email_pay_purpose='supplier',
            default_smtp_encryption='starttls_strict', default_smtp_port=587), view)

    def test_the_address_fills_in_what_its_provider_wants(self):
        cases = {
            'rosa@gmail.com': ('gmail', 'smtp.gmail.com', 587, 'starttls_strict'),
            'rosa@hotmail.com': ('outlook', 'smtp-mail.outlook.com', 587, 'starttls_strict'),
            'rosa@zoho.com': ('zoho', 'smtp.zoho.com', 465, 'ssl_strict'),
            'rosa@zohomail.eu': ('zoho_eu', 'smtp.zoho.eu', 465, 'ssl_strict'),
            'rosa@yahoo.com': ('yahoo', 'smtp.mail.yahoo.com', 465, 'ssl_strict'),
        }
        for address, values in cases.items():
            form = self.form()
            form.email_pay_sender = address
            self.assertEqual(
                (form.email_pay_provider, form.smtp_host, form.smtp_port, form.smtp_encryption),
                values)
            self.assertEqual(form.smtp_user, address)

    def test_a_provider_can_be_chosen(self):
        form = self.form()
        form.email_pay_sender = 'rosa@canal.example.com'
        self.assertFalse(form.smtp_host)
        form.email_pay_provider = 'office365'
        self.assertEqual(form.smtp_host, 'smtp.office365.com')
        form.email_pay_provider = 'yahoo'
        self.assertEqual((form.smtp_port, form.smtp_encryption), (465, 'ssl_strict'))
        account = form.save()
        self.assertEqual(account.email_pay_provider, 'yahoo')
        self.assertEqual(account.email_pay_company_id, self.env.company)

    def test_port_and_encryption_stay_together(self):
        form = self.form()
        form.smtp_encryption = 'ssl_strict'
        self.assertEqual(form.smtp_port, 465)
        form.smtp_encryption = 'starttls'
        self.assertEqual(form.smtp_port, 587)
        form.smtp_port = 465
        self.assertEqual(form.smtp_encryption, 'ssl_strict')
        form.smtp_port = 2525
        form.smtp_encryption = 'starttls_strict'
        self.assertEqual(form.smtp_port, 2525)

    def test_addresses_are_checked(self):
        for name in ('email_pay_sender', 'email_pay_reply_to'):
            with self.assertRaises(ValidationError):
                self.account[name] = 'nonsense'

    def test_it_signs_in_by_password(self):
        server = self.servers.create({'name': "Plain", 'smtp_authentication': 'cli'})
        self.archive(self.account)
        for change in (
                lambda: self.account.write({'smtp_authentication': 'cli'}),
                lambda: server.write(self.settings())):
            with self.assertRaisesRegex(ValidationError, "signs in with a user and a password"):
                change()
        self.assertNotIn("integration", HINTS['outlook'](self.env))

    # --- whose account it is ----------------------------------------------------------------------

    def test_one_account_for_each_purpose_of_a_company(self):
        with self.assertRaises(IntegrityError), mute_logger('odoo.sql_db'), self.cr.savepoint():
            self.servers.create(self.settings())
        self.servers.create(self.settings(email_pay_purpose='supplier'))

    def test_a_branch_uses_the_account_of_its_company_until_it_has_one(self):
        branch = self.env['res.company'].create({
            'name': "Canal Norte", 'parent_id': self.company.id})
        self.assertEqual(branch._email_pay_mail_account('collection'), self.account)
        own = self.servers.create(self.settings(email_pay_company_id=branch.id))
        self.assertEqual(branch._email_pay_mail_account('collection'), own)
        self.assertEqual(self.company._email_pay_mail_account('collection'), self.account)

    def test_no_other_company_and_no_other_purpose_uses_it(self):
        self.assertEqual(self.other._email_pay_mail_values('collection'), {})
        self.assertEqual(self.company._email_pay_mail_values('supplier'), {})
        with self.assertRaisesRegex(ValidationError, "of another company"):
            self.mail(record_company_id=self.other.id)

    def test_what_a_mail_gets(self):
        sender = '"Canal Supplies" <collect@canal.example.com>'
        self.assertEqual(self.company._email_pay_mail_values('collection'), {
            'mail_server_id': self.account.id, 'record_company_id': self.company.id,
            'email_from': sender, 'reply_to': sender,
        })
        self.account.write({
            'email_pay_sender': 'Canal Collections <collect@canal.example.com>',
            'email_pay_reply_to': 'desk@canal.example.com',
        })
        values = self.company._email_pay_mail_values('collection')
        self.assertEqual(values['email_from'], '"Canal Collections" <collect@canal.example.com>')
        self.assertEqual(values['reply_to'], 'desk@canal.example.com')

    def test_the_button_of_odoo_says_the_same(self):
        self.account.email_pay_password = 'wrong'
        with self.assertRaisesRegex(UserError, "refuses the user or the password"):
            self.account.test_smtp_connection()
