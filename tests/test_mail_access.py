from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from .mail_common import SENDER, MailAccountCommon

SECRETS = ('smtp_user', 'smtp_pass', 'email_pay_password', 'email_pay_secret')


@tagged('post_install', '-at_install')
class TestMailAccess(MailAccountCommon):
    """Whose mail account it is: who sees it, and which mails may leave by it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = cls.servers.search([('name', '=', "Default")])
        cls.hidden = cls.servers.create(cls.settings(
            email_pay_company_id=cls.other.id, email_pay_sender='other@other.example.com'))
        cls.billing = cls.somebody('mail_billing', 'base.group_user,account.group_account_invoice')
        cls.reader = cls.somebody('mail_reader', 'base.group_user,account.group_account_readonly')
        cls.seller = cls.somebody('mail_seller', 'base.group_user')
        cls.marketer = cls.somebody('mail_marketer', 'base.group_user')
        cls.both = cls.somebody('mail_both', 'base.group_user,account.group_account_invoice')
        cls.admin = cls.somebody('mail_system', 'base.group_system,account.group_account_manager')
        cls.let_read(cls.marketer + cls.both)

    @classmethod
    def somebody(cls, login, groups):
        return new_test_user(
            cls.env, login, groups, company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)])

    @classmethod
    def let_read(cls, users):
        """Do what `mass_mailing` does: its users choose a mail server."""
        name = 'mass_mailing.group_mass_mailing_user'
        group = cls.env.ref(name, raise_if_not_found=False)
        if not group:
            group = cls.env['res.groups'].create({'name': "Mailings"})
            module, _dot, record = name.partition('.')
            cls.env['ir.model.data'].create({
                'module': module, 'name': record, 'model': 'res.groups', 'res_id': group.id})
            cls.env['ir.model.access'].create({
                'name': "Mailings", 'group_id': group.id, 'perm_read': True,
                'model_id': cls.env['ir.model']._get_id('ir.mail_server')})
        for user in users:
            user.group_ids += group

    def seen_by(self, user):
        return self.servers.with_user(user).search([]).sudo(False).with_user(self.env.user)

    def forbidden(self, *functions):
        for function in functions:
            with self.assertRaises(AccessError):
                function()

    # --- seen -------------------------------------------------------------------------------------

    def test_who_keeps_books_sees_the_accounts_of_their_companies(self):
        for user in (self.billing, self.reader):
            self.assertEqual(self.seen_by(user), self.account)
            self.assertEqual(self.account.with_user(user).email_pay_sender, SENDER)
            self.forbidden(
                lambda user=user: self.hidden.with_user(user).read(['email_pay_sender']))

    def test_who_sends_mailings_sees_the_servers_for_them(self):
        self.assertEqual(self.seen_by(self.marketer), self.plain)
        self.forbidden(
            lambda: self.account.with_user(self.marketer).read(['email_pay_sender']),
            lambda: self.hidden.with_user(self.marketer).read(['smtp_host']))

    def test_who_does_both_sees_both(self):
        self.assertEqual(self.seen_by(self.both), self.plain + self.account)

    def test_administrators_see_all_but_the_accounts_of_other_companies(self):
        self.assertEqual(self.seen_by(self.admin), self.plain + self.account)
        self.forbidden(
            lambda: self.hidden.with_user(self.admin).read(['email_pay_sender']),
            lambda: self.hidden.with_user(self.admin).write({'smtp_host': 'x'}),
            lambda: self.hidden.with_user(self.admin).email_pay_test({}))

    def test_others_see_none(self):
        self.forbidden(lambda: self.servers.with_user(self.seller).search([]))

    def test_nobody_reads_what_is_secret_and_only_administrators_change_anything(self):
        for user in (self.billing, self.reader, self.marketer, self.both):
            account = self.account.with_user(user)
            self.forbidden(
                *(lambda name=name, account=account: account.read([name]) for name in SECRETS),
                lambda account=account: account.email_pay_test({}),
                lambda account=account: account.write({'smtp_host': 'x'}),
                lambda account=account: account.unlink())
        account = self.account.with_user(self.admin)
        self.assertEqual(account.read(['smtp_pass', 'email_pay_password'])[0], {
            'id': account.id, 'smtp_pass': False, 'email_pay_password': False})
        self.forbidden(lambda: account.read(['email_pay_secret']))

    # --- used -------------------------------------------------------------------------------------

    def test_no_picker_offers_an_account(self):
        for user in (self.both, self.admin, self.env.user):
            offered = {server for server, _name in self.servers.with_user(user).name_search('')}
            self.assertEqual(offered, {self.plain.id})

    def test_a_template_with_the_account_of_another_company_sends_nothing_by_it(self):
        template = self.env['mail.template'].create({
            'name': "Mail", 'model_id': self.env['ir.model']._get_id('account.move'),
            'subject': "Hello", 'body_html': "<p>Hello</p>", 'email_to': 'rosa@example.com',
            'mail_server_id': self.hidden.id,
        })
        with self.assertRaisesRegex(ValidationError, "of another company"):
            template.send_mail(self.create_invoice().id)
        template.mail_server_id = self.account
        self.send(self.env['mail.mail'].browse(template.send_mail(self.create_invoice().id)))
        self.assertEqual(self.arrived(), ['rosa@example.com'])

    def test_a_mail_of_no_company_or_of_another_one_does_not_leave_by_it(self):
        for values in ({'record_company_id': False}, {'record_company_id': self.other.id}):
            with self.assertRaisesRegex(ValidationError, "of another company"):
                self.mail(**values)
        mail = self.mail()
        self.cr.execute(
            "UPDATE mail_message SET mail_server_id = %s WHERE id = %s",
            [self.hidden.id, mail.mail_message_id.id])
        self.env.invalidate_all()
        self.send(mail)
        self.assertFalse(self.server.mails)
        self.assertEqual(self.arrived(self.default), ['rosa@example.com'])
