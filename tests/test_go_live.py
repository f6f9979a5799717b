from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import config

from ..gateways.credicorp import const
from ..models.public_address import is_public_https
from .set_up_common import SetUpCommon

PUBLIC = 'https://erp.canal.example.com'


@tagged('post_install', '-at_install')
class TestGoLive(SetUpCommon):
    """*Go live* says all that is missing at once; when nothing is, real money is collected."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env['ir.mail_server'].search([]).active = False
        cls.startClassPatcher(patch.dict(config.options, {'smtp_server': 'localhost'}))

    def make_ready(self):
        """Everything that going live asks for, as it comes about."""
        self.up_to('trial')
        self.portal._offer_for_trial(self.credicorp)
        self.assertEqual(self.notify(self.sale_event()).status_code, 200)
        self.env['ir.config_parameter'].set_param('web.base.url', PUBLIC)
        self.env['ir.mail_server'].create({'name': "Ours", 'smtp_host': 'mail.canal.example.com'})
        self.credicorp.credicorp_base_url = const.PRODUCTION_URL
        with self.at_the_bank():
            self.credicorp.action_email_pay_test_connection()
        self.credicorp = self.credicorp.with_user(self.boss)

    def lacks(self):
        """What *Go live* says that is missing."""
        with self.assertRaises(UserError) as caught:
            self.credicorp.action_email_pay_go_live()
        headline, *lines = str(caught.exception).split('\n- ')
        self.assertEqual(headline, "Credicorp Bank cannot go live yet:")
        self.assertNotEqual(self.credicorp.state, 'enabled')
        return lines

    def assertLacks(self, sentence):
        """One thing is missing."""
        [line] = self.lacks()
        self.assertRegex(line, sentence)

    # --- when nothing is missing ------------------------------------------------------------------

    def test_when_nothing_is_missing_it_collects_real_money_and_says_so(self):
        self.make_ready()
        answer = self.credicorp.action_email_pay_go_live()
        self.assertEqual(self.credicorp.state, 'enabled')
        self.assertTrue(self.credicorp.is_published)
        self.assertEqual(answer['params']['title'], "Credicorp Bank is live")
        self.assertEqual(self.panel()['live'], 'just_done')

    def test_the_step_of_the_panel_goes_the_same_way(self):
        self.make_ready()
        self.press('live')
        self.assertEqual(self.credicorp.state, 'enabled')

    # --- one thing --------------------------------------------------------------------------------

    def test_an_address_that_is_not_public(self):
        self.make_ready()
        for address in ('http://erp.canal.example.com', 'https://127.0.0.1', 'https://odoo'):
            self.env['ir.config_parameter'].set_param('web.base.url', address)
            with self.subTest(address):
                self.assertLacks(rf"own address is {address}.*web\.base\.url")

    def test_a_notification_that_never_arrived(self):
        self.make_ready()
        self.events().unlink()
        self.assertLacks("No notification of Credicorp Bank has arrived.*webhook URL")

    def test_a_notification_of_another_time_does_not_count(self):
        self.make_ready()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE email_pay_event SET create_date = '2020-01-01' WHERE provider_id = %s",
            [self.credicorp.id])
        self.assertLacks("No notification")

    def test_an_answer_to_a_question_is_no_notification(self):
        self.make_ready()
        self.events().source = 'query'
        self.assertLacks("No notification")

    def test_the_address_of_the_test_system(self):
        self.make_ready()
        self.credicorp.action_credicorp_use_sandbox()
        self.assertIn("“Gateway Address” leads to a test system. Enter the address for real"
                      " payments.", self.lacks())

    def test_keys_that_were_not_tried(self):
        self.make_ready()
        self.credicorp.credicorp_api_key = 'live-key'
        self.assertLacks("Press “Test connection”")

    def test_a_test_key(self):
        self.make_ready()
        for key in ('sk_test_51H', 'test_abc', 'TEST-1234', 'rzp_test_1'):
            self.credicorp.credicorp_api_key = key
            with self.subTest(key):
                self.assertIn("“Credicorp API Key” is a test key. Enter the one for real payments.",
                              self.lacks())
        self.credicorp.credicorp_api_key = 'latest_key'
        self.assertLacks("Press “Test connection”")

    def test_empty_keys(self):
        self.make_ready()
        self.credicorp.write({
            'state': 'disabled', 'credicorp_api_key': False, 'credicorp_tokenization_key': False})
        self.assertIn(
            "Fill in what the gateway gave you: Credicorp API Key, Public Tokenization Key.",
            self.lacks())

    def test_no_collection_journal(self):
        self.make_ready()
        self.credicorp.state = 'disabled'
        self.credicorp.journal_id = False
        self.assertIn("Choose the collection journal of Credicorp Bank.", self.lacks())

    def test_an_archived_journal(self):
        self.make_ready()
        self.collections.active = False
        self.assertLacks("The collection journal Collections is archived")

    def test_a_journal_without_the_payment_method_of_the_app(self):
        self.make_ready()
        self.env['account.payment.method.line'].search([
            ('payment_provider_id', '=', self.credicorp.id)]).payment_provider_id = False
        with patch.object(type(self.credicorp), '_get_provider_payment_method',
                          lambda self, code: self.env['account.payment.method']):
            self.credicorp.invalidate_recordset(['journal_id'])
            self.assertLacks("has no payment method for Credicorp Bank")

    def test_no_outgoing_mail_server(self):
        self.make_ready()
        self.env['ir.mail_server'].search([]).active = False
        self.assertLacks("no server for outgoing mails")
        with patch.dict(config.options, {'smtp_server': 'mail.canal.example.com'}):
            self.assertFalse(self.credicorp._email_pay_obstacles_to_live())

    def test_a_mail_account_that_was_not_tested_or_fails(self):
        self.make_ready()
        account = self.env['ir.mail_server'].create({
            'email_pay_purpose': 'collection', 'email_pay_company_id': self.company.id,
            'email_pay_sender': 'collect@canal.example.com', 'smtp_host': 'mail.canal.example.com',
        })
        self.assertLacks("collect@canal.example.com was never tested")
        account._email_pay_tested()
        self.assertFalse(self.credicorp._email_pay_obstacles_to_live())
        account.email_pay_failing_since = '2024-01-01'
        self.assertLacks("collect@canal.example.com does not work")

    def test_an_app_that_is_not_offered_and_settings_that_are_off(self):
        self.make_ready()
        self.portal.write({'enabled': False, 'method_ids': [Command.clear()]})
        self.assertEqual(self.lacks(), [
            "Add Credicorp Bank to the payment methods in the settings of Email Pay.",
            "Switch “Enabled” on in the settings of Email Pay.",
        ])

    # --- everything -------------------------------------------------------------------------------

    def test_all_that_is_missing_is_said_at_once(self):
        self.env['ir.config_parameter'].set_param('web.base.url', 'http://localhost:8069')
        lines = self.lacks()
        for word in ("API Key", "collection journal", "https://", "notification", "outgoing mails",
                     "payment methods", "“Enabled”"):
            self.assertTrue(any(word in line for line in lines), word)

    def test_who_enables_it_in_the_form_reads_it_too(self):
        self.up_to('trial')
        with self.assertLogs('odoo.tests.form', 'WARNING') as logs, Form(self.credicorp) as form:
            form.state = 'enabled'
        self.assertIn("cannot go live yet", '\n'.join(logs.output))

    # --- addresses --------------------------------------------------------------------------------

    def test_public_addresses(self):
        for address in ('https://erp.example.com', 'https://8.8.8.8:8443/x'):
            self.assertTrue(is_public_https(address), address)
        for address in (
            '', False, 'http://erp.example.com', 'https://localhost', 'https://odoo',
            'https://odoo.local', 'https://10.0.0.1', 'https://[::1]', 'https://[',
            'https://192.168.1.2:8069', 'erp.example.com',
        ):
            self.assertFalse(is_public_https(address), address)
