from lxml import etree

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import EmailPayHttpCommon
from .test_access import AccessCommon

NAMES = {'fields': {'display_name': {}}}


@tagged('post_install', '-at_install')
class TestApps(AccessCommon, EmailPayHttpCommon):
    """Accountants see payment apps by name; all else of them is for administrators.

    What they do is done by real requests, so that nothing is read before by somebody who may.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.event = cls._create_event()
        cls.difference = cls.env['email.pay.difference'].sudo().create({
            'provider_id': cls.credicorp.id, 'company_id': cls.company.id, 'kind': 'unbooked',
            'gateway_reference': '7100001',
        })
        cls.apps = cls.env['payment.provider']
        cls.accountants = (cls.billing, cls.manager, cls.reader)

    def done(self, user, record, method, *args, **kwargs):
        """The result of a call that must not fail."""
        result, error = self.rpc(user, record, method, *args, **kwargs)
        self.assertIsNone(error, error and error['message'])
        return result

    def assertRefused(self, user, record, method, *args, **kwargs):
        with mute_logger('odoo.http'):
            result, error = self.rpc(user, record, method, *args, **kwargs)
        self.assertIsNone(result)
        self.assertEqual(error['name'], 'odoo.exceptions.AccessError')

    def specification(self, user, record):
        """What the web client asks for to show the form of `record`."""
        views = self.done(user, record.browse(), 'get_views', [[False, 'form']])
        form = etree.fromstring(views['views']['form']['arch'])
        return self._fields_of(form, record)

    def _fields_of(self, view, model):
        nodes = view.xpath('.//field[count(ancestor::field) = $depth]',
                           depth=len(view.xpath('ancestor-or-self::field')))
        found = {}
        for node in nodes:
            field = model._fields[node.get('name')]
            found[field.name] = NAMES if field.type == 'many2one' else {}
            if len(node):
                lines = self._fields_of(node, self.env[field.comodel_name])
                found[field.name] = {'fields': lines}
        return found

    def test_only_administrators_read_apps(self):
        for user in self.accountants:
            with self.subTest(user.login):
                self.assertRefused(user, self.credicorp, 'read', ['name'])
                self.assertRefused(user, self.apps, 'search_read', [])
        menus = self.env['ir.ui.menu']
        gateways = self.env.ref('email_pay.menu_email_pay_providers')
        self.assertIn(gateways.id, menus._visible_menu_ids())
        self.assertNotIn(gateways.id, menus.with_user(self.manager)._visible_menu_ids())

    def test_accountants_open_every_form_with_the_names_of_its_apps(self):
        for user in self.accountants:
            for record in (self.portal, self.link, self.event, self.difference):
                with self.subTest(user=user.login, model=record._name):
                    [values] = self.done(
                        user, record, 'web_read', self.specification(user, record),
                    )
                    if record == self.portal:
                        [method] = values['method_ids']
                        self.assertEqual(method['provider_name'], self.credicorp.name)
                    elif record != self.link:
                        self._assert_named(values)
                    elif user != self.reader:
                        self._assert_named(*values['transaction_ids'])

    def _assert_named(self, values):
        self.assertEqual(values['provider_id']['display_name'], self.credicorp.name)

    def test_accountants_search_and_group_by_app(self):
        name = self.credicorp.name
        for user in self.accountants:
            for record in (self.event, self.difference):
                with self.subTest(user=user.login, model=record._name):
                    model = record.browse()
                    [found] = self.done(user, model, 'search_read', [
                        ('provider_name', 'ilike', name), ('id', '=', record.id),
                    ], ['provider_id'])
                    self.assertEqual(found['provider_id'], [self.credicorp.id, name])
                    groups = self.done(user, model, 'web_read_group', [], ['provider_id'],
                                       ['__count'])['groups']
                    self.assertIn([self.credicorp.id, name],
                                  [group['provider_id'] for group in groups])

    def test_nobody_learns_more_by_searching(self):
        self.assertRefused(self.manager, self.apps, 'name_search', "credi")
        for field in ('credicorp_api_key', 'credicorp_base_url'):
            self.assertRefused(self.manager, self.event.browse(), 'search_count', [
                (f'provider_id.{field}', '=like', 'h%'),
            ])

    def test_a_billing_user_compares_and_refunds(self):
        transaction = self.pay_by_card(self.create_link(self.create_invoice()))
        self.env.invalidate_all()
        nothing = self.env['email.pay.difference'].with_user(self.billing)
        self.assertIn('message', nothing.action_compare_all()['params'])
        self.env.invalidate_all()
        wizard = self.env['payment.refund.wizard'].with_user(self.billing).with_context(
            active_id=transaction.payment_id.id, active_model='account.payment',
        ).create({'payment_id': transaction.payment_id.id})
        self.assertFalse(wizard.email_pay_is_over)
        with self.own_cursor() as env:
            wizard.with_env(env(user=self.billing)).action_refund()
        self.assertEqual(transaction.child_transaction_ids.state, 'done')
