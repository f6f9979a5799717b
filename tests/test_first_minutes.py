from odoo.tests import tagged
from odoo.tools import mute_logger

from .card_page_common import CardPageCommon
from .set_up_common import SetUpCommon


@tagged('post_install', '-at_install')
class TestFirstMinutes(SetUpCommon, CardPageCommon):
    """From the choice of a gateway to the first paid invoice, by the requests of the web client and
    of a customer's browser."""

    def do(self, record, method, *args, **kwargs):
        """The result of a call as the administrator, that must not fail."""
        result, error = self.rpc(self.boss, record, method, *args, **kwargs)
        self.assertIsNone(error, error and error['message'])
        return result

    def shown(self):
        shown = self.do(self.env['onboarding.onboarding'], 'email_pay_panel')
        return {self.name_of(step): step['state'] for step in shown['steps']}

    def click(self, step):
        return self.do(self.env['onboarding.onboarding.step'], f'action_email_pay_{step}')

    def test_the_whole_way(self):
        self.assertEqual(set(self.shown().values()), {'not_done'})
        self._choose_and_enter()
        self.assertEqual(self.shown()['keys'], 'just_done')
        self.assertEqual(self.click('test')['params']['type'], 'success')
        self.assertEqual(self.shown()['test'], 'just_done')
        self._send()
        self._pay()
        states = self.shown()
        self.assertEqual(states.pop('live'), 'not_done')
        self.assertEqual(states.pop('trial'), 'just_done')
        self.assertEqual(set(states.values()), {'done'})
        self._try_to_go_live()

    def _choose_and_enter(self):
        choices = self.env['email.pay.method.choice']
        found = self.do(choices, 'search_read', self.click('choose')['domain'], ['provider_id'])
        [choice] = [row['id'] for row in found if row['provider_id'][0] == self.credicorp.id]
        self.do(choices.browse(choice), 'action_choose')
        action = self.click('keys')
        provider = self.env[action['res_model']].browse(action['res_id'])
        self.do(provider, 'web_save', {
            **self.merchant_keys, 'journal_id': self.collections.id}, specification={})

    def _send(self):
        action = self.click('trial')
        dialog = self.env[action['res_model']].browse(action['res_id'])
        answer = self.do(dialog, 'action_send')
        self.assertIn("boss@canal.example.com", answer['params']['message'])

    def _pay(self):
        """Follow the link of the mail in another browser, pay by card, and be told by the gateway.
        """
        self.new_visitor()
        link = self.trials().email_pay_link_ids
        status = self.follow(self.enter_card(self.card_page(link)))
        self.assertEqual(self.headline(status), "Payment received")
        self.notify_of(self.transactions(link).provider_reference)
        self.process_events()
        self.assertEqual(self.trials().amount_residual, 0)
        self.new_visitor()

    def _try_to_go_live(self):
        steps = self.env['onboarding.onboarding.step']
        with mute_logger('odoo.http'):
            _result, error = self.rpc(self.boss, steps, 'action_email_pay_live')
        self.assertEqual(error['name'], 'odoo.exceptions.UserError')
        self.assertIn("“Gateway Address” leads to a test system.", error['message'])
        self.assertIn("Odoo's own address", error['message'])
        self.assertNotIn("No notification", error['message'])
        self.assertEqual(self.credicorp.state, 'test')
