from odoo import Command
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import tagged

from .set_up_common import SetUpCommon

OPEN = dict.fromkeys(('choose', 'keys', 'test', 'trial', 'live'), 'not_done')


@tagged('post_install', '-at_install')
class TestOnboarding(SetUpCommon):
    """The panel of the first five minutes: each step is done when it is, not when it is pressed."""

    def assertDone(self, *names):
        done = [name for name, state in self.panel().items() if state in ('just_done', 'done')]
        self.assertEqual(done, list(names))

    # --- the steps --------------------------------------------------------------------------------

    def test_a_new_company_has_everything_before_it(self):
        self.assertEqual(self.panel(), OPEN)

    def test_looking_at_a_step_does_not_do_it(self):
        self.press('choose')
        self.assertDone()
        self.choose()
        self.press('keys')
        self.assertDone('choose')

    def test_a_gateway_is_chosen(self):
        self.choose()
        self.assertEqual(self.panel()['choose'], 'just_done')
        self.assertEqual(self.panel()['choose'], 'done', "it is celebrated once")

    def test_every_app_can_be_chosen_and_ours_come_first(self):
        action = self.press('choose')
        choices = self.env['email.pay.method.choice'].with_user(self.boss).search(action['domain'])
        ours = choices.mapped('provider_id.email_pay_is_gateway')
        self.assertEqual(ours, sorted(ours, reverse=True))
        self.assertIn(self.credicorp, choices.provider_id)

    def test_what_was_set_up_without_the_panel_is_done(self):
        self.enter_keys()
        self.credicorp.state = 'test'
        self.assertDone('choose', 'keys')

    def test_keys_without_a_journal_are_not_enough(self):
        self.choose()
        self.credicorp.write(self.merchant_keys)
        self.assertDone('choose')
        self.credicorp.journal_id = self.collections
        self.assertDone('choose', 'keys')

    def test_the_form_of_the_chosen_app_opens(self):
        self.choose()
        action = self.press('keys')
        self.assertEqual((action['res_model'], action['res_id']),
                         ('payment.provider', self.credicorp.id))

    def test_the_test_asks_the_gateway_and_puts_the_app_into_test_mode(self):
        self.up_to('test')
        self.assertEqual(self.press('test')['params']['type'], 'success')
        self.assertEqual(self.credicorp.state, 'test')
        self.assertDone('choose', 'keys', 'test')

    def test_refused_keys_are_no_test(self):
        self.up_to('test')
        self.credicorp.credicorp_api_key = 'another'
        with self.assertRaisesRegex(UserError, "refused the key"):
            self.press('test')
        self.assertEqual(self.credicorp.state, 'disabled')

    def test_keys_that_changed_are_to_be_tested_again(self):
        self.up_to('trial')
        self.credicorp.credicorp_api_key = 'another'
        self.assertDone('choose', 'keys')

    def test_the_test_button_of_the_app_does_the_step_too(self):
        self.up_to('test')
        self.credicorp.state = 'test'
        self.credicorp.with_user(self.boss).action_email_pay_test_connection()
        self.assertDone('choose', 'keys', 'test')

    def test_a_test_without_keys_opens_the_form(self):
        self.choose()
        self.assertEqual(self.press('test')['res_model'], 'payment.provider')

    def test_nothing_goes_before_a_choice(self):
        for step in ('keys', 'test', 'trial', 'live'):
            with self.subTest(step), self.assertRaisesRegex(UserError, "Choose your gateway first"):
                self.press(step)

    def test_the_trial_is_done_when_its_payment_is(self):
        self.up_to('trial')
        invoice = self.send_trial()
        self.assertDone('choose', 'keys', 'test')
        self.pay_by_card(invoice.email_pay_link_ids)
        self.assertDone('choose', 'keys', 'test', 'trial')

    def test_an_app_that_is_live_ends_it(self):
        self.up_to('trial')
        self.offer(self.credicorp)
        self.portal.enabled = True
        self.credicorp.state = 'enabled'
        self.assertDone(*OPEN)

    def test_an_app_of_odoo_needs_no_keys_of_ours(self):
        app = self.dummy_provider
        app.write({'code': 'none', 'state': 'test'})
        self.portal.sudo().chosen_provider_id = app
        self.assertDone('choose', 'keys', 'test')

    # --- leaving out, closing, coming back --------------------------------------------------------

    def test_a_step_is_skipped_and_found_again(self):
        self.panel()
        self.step('choose').email_pay_skip()
        self.assertEqual(self.panel()['choose'], 'skipped')
        self.choose()
        self.assertEqual(self.panel()['choose'], 'just_done', "done is more than skipped")
        self.step('trial').email_pay_skip()
        self.step('trial').email_pay_skip(False)
        self.assertEqual(self.panel()['trial'], 'not_done')

    def test_when_nothing_is_left_it_says_so(self):
        shown = self.env['onboarding.onboarding'].with_user(self.boss).email_pay_panel()
        self.assertFalse(shown['finished'])
        for name in OPEN:
            self.step(name).email_pay_skip()
        shown = self.env['onboarding.onboarding'].with_user(self.boss).email_pay_panel()
        self.assertIn("Send payment email", shown['finished'])

    def test_it_is_closed_and_the_menu_brings_it_back(self):
        panels = self.env['onboarding.onboarding'].with_user(self.boss)
        self.choose()
        panels.action_email_pay_close()
        self.assertFalse(self.panel())
        action = panels.env.ref('email_pay.action_email_pay_set_up').with_user(self.boss).run()
        self.assertEqual(action['res_model'], 'payment.provider')
        self.assertEqual(self.panel()['choose'], 'just_done')

    # --- whose it is ------------------------------------------------------------------------------

    def test_each_company_has_its_own_progress(self):
        other = self.env['res.company'].create({'name': "Other"})
        self.boss.company_ids += other
        self.choose()
        self.assertEqual(self.panel(company=other), OPEN)
        self.env['onboarding.onboarding'].with_user(self.boss).action_email_pay_close()
        self.assertFalse(self.panel())
        self.assertEqual(self.panel(company=other), OPEN)

    def test_who_may_not_set_it_up_does_not_see_it(self):
        for number, groups in enumerate((
            'base.group_user', 'base.group_system', 'account.group_account_manager',
            'base.group_user,account.group_account_invoice', 'base.group_portal',
        )):
            user = self.administrator(f'user{number}', groups)
            with self.subTest(groups):
                self.assertFalse(self.panel(user))
                steps = self.env['onboarding.onboarding.step'].with_user(user)
                with self.assertRaises(AccessError):
                    steps.action_email_pay_keys()
                with self.assertRaises(AccessError):
                    self.step('keys').with_user(user).email_pay_skip()

    def test_without_a_chart_of_accounts_it_says_what_to_do(self):
        bare = self.env['res.company'].create({'name': "Bare"})
        self.boss.company_ids += bare
        app = self.env['payment.provider'].search([
            ('company_id', '=', bare.id), ('code', '=', 'credicorp')])
        portal = self.env['email.pay.portal']._for_company(bare)
        portal.chosen_provider_id = app
        self.assertEqual(self.panel(company=bare)['choose'], 'just_done')
        for step in ('keys', 'test', 'trial', 'live'):
            with self.subTest(step), self.assertRaisesRegex(RedirectWarning, "chart of accounts"):
                self.press(step, company=bare)

    def test_a_branch_shows_how_far_the_company_above_it_is(self):
        self.up_to('trial')
        self.offer(self.credicorp)
        self.portal.enabled = True
        branch = self.env['res.company'].create({'name': "Branch", 'parent_id': self.company.id})
        self.boss.company_ids = [Command.link(branch.id)]
        self.assertEqual(self.panel(company=branch)['test'], 'just_done')
