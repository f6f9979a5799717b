from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .company_common import CompanyCommon, CompanyHttpCommon

BILLING = 'base.group_user,account.group_account_invoice'
MANAGER = 'base.group_user,account.group_account_manager'
READER = 'base.group_user,account.group_account_readonly'


class AccessCommon(CompanyCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.billing = cls.new_user('billing', BILLING)
        cls.manager = cls.new_user('manager', MANAGER)
        cls.reader = cls.new_user('reader', READER)
        cls.seller = cls.new_user('seller', 'base.group_user')
        cls.invoice = cls.create_invoice()
        cls.link = cls.create_link(cls.invoice)

    @classmethod
    def _create_event(cls, company_provider=None):
        transaction = cls.link._start_payment(10.0, cls.credicorp, cls.card)
        events = cls.env['email.pay.event'].sudo()
        events._park_booking(transaction, "For a test")
        return events.search([('key', '=', f'booking:{transaction.reference}')])


@tagged('post_install', '-at_install')
class TestAccess(AccessCommon):
    """Who may see and do what."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.event = cls._create_event()
        cls.records = (cls.portal, cls.link, cls.event)

    def assertForbidden(self, function, *args):
        with self.assertRaises(AccessError):
            function(*args)

    # --- groups -----------------------------------------------------------------------------------

    def test_accountants_see_settings_links_and_notifications(self):
        for user in (self.billing, self.manager, self.reader):
            for record in self.records:
                with self.subTest(user=user.login, model=record._name):
                    self.assertTrue(record.with_user(user).read(['display_name']))

    def test_accountants_open_every_form(self):
        for user in (self.billing, self.manager, self.reader):
            for record in self.records:
                with self.subTest(user=user.login, model=record._name):
                    record = record.with_user(user)
                    form = etree.fromstring(record.get_view(view_type='form')['arch'])
                    shown = form.xpath('//field[not(ancestor::field)]/@name')
                    names = {'fields': {'display_name': {}}}
                    self.assertTrue(record.web_read({
                        name: names if record._fields[name].relational else {} for name in shown
                    }))

    def test_what_a_gateway_sent_is_only_for_administrators(self):
        """It may hold the token of a saved card."""
        self.event.body = '{"result": {"token": "vault-77"}}'
        for user in (self.billing, self.manager, self.reader):
            with self.subTest(user.login):
                event = self.event.with_user(user)
                self.assertForbidden(event.read, ['body'])
                self.assertForbidden(event.search, [('body', 'ilike', 'vault')])
                self.assertNotIn('name="body"', event.get_view(view_type='form')['arch'])
        administrator = self.new_user('administrator', f'{BILLING},base.group_system')
        self.assertIn('vault-77', self.event.with_user(administrator).body)

    def test_nobody_else_sees_them(self):
        for user in (self.seller, self.portal_user, self.public_user):
            for record in self.records:
                with self.subTest(user=user.id, model=record._name):
                    self.assertForbidden(record.with_user(user).read, ['display_name'])

    def test_only_billing_administrators_change_settings(self):
        for user in (self.billing, self.reader, self.seller):
            with self.subTest(user.login):
                self.assertForbidden(
                    self.portal.with_user(user).write, {'link_validity_days': 5}
                )
        self.portal.with_user(self.manager).link_validity_days = 5
        self.assertEqual(self.portal.link_validity_days, 5)

    def test_nobody_writes_makes_or_deletes_links_and_notifications(self):
        for user in (self.billing, self.manager):
            for record in (self.link, self.event):
                with self.subTest(user=user.login, model=record._name):
                    record = record.with_user(user)
                    self.assertForbidden(record.write, {'company_id': self.company.id})
                    self.assertForbidden(record.unlink)
                    self.assertForbidden(record.create, {})

    def test_settings_are_neither_made_nor_deleted_by_hand(self):
        portal = self.portal.with_user(self.manager)
        self.assertForbidden(portal.unlink)
        self.assertForbidden(portal.create, {'company_id': self.company.id})

    # --- buttons ----------------------------------------------------------------------------------

    def test_a_billing_user_uses_every_button(self):
        invoice = self.invoice.with_user(self.billing)
        invoice.action_send_payment_email()
        self.assertIn(self.link._token(), invoice.action_copy_payment_link()['params']['url'])
        self.assertEqual(invoice.email_pay_link_ids.state, 'active')
        self.assertEqual(invoice.email_pay_status, 'sent')
        (invoice | self.create_invoice().with_user(self.billing)).action_send_payment_email()
        invoice.action_revoke_payment_link()
        self.assertEqual(self.link.state, 'revoked')

    def test_a_reader_can_neither_send_copy_nor_revoke(self):
        invoice = self.invoice.with_user(self.reader)
        for button in (
            'action_send_payment_email', 'action_copy_payment_link', 'action_revoke_payment_link',
        ):
            with self.subTest(button):
                self.assertForbidden(getattr(invoice, button))
        self.assertForbidden(self.link.with_user(self.reader).action_revoke)

    def test_only_billing_users_decide_about_notifications(self):
        for user in (self.reader, self.seller):
            for button in ('action_replay', 'action_ignore'):
                with self.subTest(user=user.login, button=button):
                    self.assertForbidden(getattr(self.event.with_user(user), button))
        self.event.with_user(self.billing).action_ignore()
        self.assertEqual(self.event.state, 'ignored')

    # --- companies --------------------------------------------------------------------------------

    def test_another_company_sees_nothing(self):
        other = self.env['res.company'].create({'name': "Second"})
        stranger = self.new_user('stranger', MANAGER, other)
        for record in self.records:
            with self.subTest(record._name):
                self.assertForbidden(record.with_user(stranger).read, ['display_name'])
                found = record.with_user(stranger).search([])
                self.assertFalse(found & record)
                self.assertLessEqual(found.company_id, other)

    def test_another_company_cannot_use_the_buttons(self):
        stranger = self.new_user('stranger', MANAGER, self.env['res.company'].create({'name': "B"}))
        self.assertForbidden(self.invoice.with_user(stranger).action_copy_payment_link)
        self.assertForbidden(self.link.with_user(stranger).action_revoke)
        self.assertForbidden(self.event.with_user(stranger).action_replay)

    # --- secrets ----------------------------------------------------------------------------------

    def let_everybody_read_apps(self):
        """As another module may do: each key is still guarded by itself."""
        self.env['ir.model.access'].create({
            'name': "Apps for everybody",
            'model_id': self.env['ir.model']._get_id('payment.provider'),
            'group_id': self.env.ref('base.group_user').id, 'perm_read': True,
        })

    def test_keys_are_read_by_administrators_only(self):
        self.let_everybody_read_apps()
        for name in ('api_key', 'webhook_key', 'webhook_key_previous'):
            field = f'credicorp_{name}'
            for user in (self.manager, self.billing, self.reader, self.seller):
                with self.subTest(field=field, user=user.login):
                    provider = self.credicorp.with_user(user)
                    self.assertForbidden(provider.read, [field])
                    self.assertForbidden(provider.search, [(field, '=like', 's%')])
        self.assertTrue(self.env.user.has_group('base.group_system'))
        self.assertTrue(self.credicorp.read(['credicorp_api_key'])[0]['credicorp_api_key'])

    def test_reading_all_fields_gives_no_key(self):
        self.let_everybody_read_apps()
        [values] = self.credicorp.with_user(self.billing).read()
        self.assertIn('credicorp_base_url', values)
        self.assertFalse(self._secrets() & set(map(str, values.values())))

    def _secrets(self):
        return {self.credicorp.credicorp_api_key, self.credicorp.credicorp_webhook_key}

    def test_the_secret_of_a_link_is_read_by_administrators_only(self):
        for user in (self.manager, self.billing, self.reader):
            link = self.link.with_user(user)
            self.assertForbidden(link.read, ['verifier'])
            self.assertForbidden(link.search, [('verifier', '=like', 'a%')])
            self.assertNotIn('verifier', link.fields_get())

    def test_the_form_and_its_history_hold_no_key(self):
        self.credicorp.credicorp_api_key = 'new-key'
        if 'message_ids' in self.credicorp._fields:
            told = ' '.join(self.credicorp.message_ids.mapped('body'))
            self.assertNotIn('new-key', told)


@tagged('post_install', '-at_install')
class TestRpc(AccessCommon, CompanyHttpCommon):
    """What the button says to whoever calls it from outside."""

    @mute_logger('odoo.http')
    def _refusal(self, user, record, method, *args):
        result, error = self.rpc(user, record, method, *args)
        self.assertIsNone(result)
        return error['name'].rpartition('.')[2], error['message']

    def test_the_button_sends(self):
        result, error = self.rpc(self.billing, self.invoice, 'action_send_payment_email')
        self.assertIsNone(error)
        self.assertEqual(result['params']['message'], "Payment email sent to rosa@example.com.")

    def test_what_cannot_be_sent_is_a_clear_sentence(self):
        draft = self.create_invoice(post=False)
        self.assertEqual(
            self._refusal(self.billing, draft, 'action_send_payment_email'),
            ('UserError', "The invoice is not posted."),
        )

    def test_a_missing_address_leads_to_the_contact(self):
        self.customer.email = False
        name, message = self._refusal(self.billing, self.invoice, 'action_send_payment_email')
        self.assertEqual(name, 'RedirectWarning')
        self.assertIn("has no valid e-mail address", message)

    def test_a_reader_is_refused(self):
        name, _message = self._refusal(self.reader, self.invoice, 'action_send_payment_email')
        self.assertEqual(name, 'AccessError')

    def test_what_is_private_cannot_be_called(self):
        for record, method in (
            (self.link, '_token'), (self.link, '_url'), (self.invoice, '_email_pay_pdf'),
            (self.credicorp, '_email_pay_gateway'), (self.portal, '_for_company'),
        ):
            with self.subTest(method):
                name, _message = self._refusal(self.manager, record, method)
                self.assertEqual(name, 'AccessError')
