from contextlib import contextmanager

from odoo import Command
from odoo.tests import new_test_user

from .common import EmailPayHttpCommon

ADMINISTRATOR = 'base.group_system,account.group_account_manager'


class SetUpCommon(EmailPayHttpCommon):
    """A new administrator of a company that has not begun to set Email Pay up."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal.write({'enabled': False, 'method_ids': [Command.clear()]})
        cls.credicorp.write({
            'state': 'disabled', 'journal_id': False, **dict.fromkeys(cls.merchant_keys, False),
        })
        cls.boss = cls.administrator('boss')
        cls.boss.partner_id.email = 'boss@canal.example.com'

    @classmethod
    def administrator(cls, login, groups=ADMINISTRATOR, companies=None):
        companies = companies or cls.company
        return new_test_user(
            cls.env, login, groups, company_id=companies[:1].id,
            company_ids=[Command.set(companies.ids)])

    # --- the panel --------------------------------------------------------------------------------

    def panel(self, user=None, company=None):
        """What the panel shows to a user: step → its state; False when it is not there."""
        self.env.invalidate_all()
        panels = self.env['onboarding.onboarding'].with_user(user or self.boss)
        shown = panels.with_company(company or self.company).email_pay_panel()
        return shown and {self.name_of(step): step['state'] for step in shown['steps']}

    def name_of(self, step):
        return step['panel_step_open_action_name'].removeprefix('action_email_pay_')

    @classmethod
    def press(cls, step, company=None):
        """Press the button of a step."""
        steps = cls.env['onboarding.onboarding.step'].with_user(cls.boss)
        return getattr(steps.with_company(company or cls.company), f'action_email_pay_{step}')()

    def step(self, name):
        return self.env.ref(f'email_pay.onboarding_step_{name}').with_user(self.boss)

    # --- the steps, as an administrator does them -------------------------------------------------

    @classmethod
    def choose(cls):
        action = cls.press('choose')
        choices = cls.env['email.pay.method.choice'].with_user(cls.boss).search(action['domain'])
        choices.filtered(lambda choice: choice.provider_id == cls.credicorp).action_choose()

    @classmethod
    def enter_keys(cls):
        cls.credicorp.with_user(cls.boss).write({
            **cls.merchant_keys, 'journal_id': cls.collections.id})

    @classmethod
    def up_to(cls, step):
        """Do the steps before this one."""
        acts = {
            'choose': cls.choose, 'keys': cls.enter_keys, 'test': lambda: cls.press('test'),
        }
        for name, act in acts.items():
            if name == step:
                return
            act()

    def open_trial(self):
        """The dialog of the trial invoice."""
        action = self.press('trial')
        return self.env[action['res_model']].with_user(self.boss).browse(action['res_id'])

    def trials(self):
        return self.env['account.move'].search([
            ('email_pay_is_trial', '=', True), ('company_id', '=', self.company.id)])

    def send_trial(self):
        self.open_trial().action_send()
        return self.trials()

    # --- going live -------------------------------------------------------------------------------

    @contextmanager
    def at_the_bank(self):
        """Let the bank's own address be answered by the sandbox."""
        cls = type(self)
        handler = cls.__dict__.get('_request_handler')
        inherited = super()._request_handler

        def redirect(_cls, session, request, /, **options):
            request.url = request.url.replace('https://secure.nmi.com', cls.sandbox.url)
            return inherited(session, request, **options)

        cls._request_handler = classmethod(redirect)
        try:
            yield
        finally:
            if handler:
                cls._request_handler = handler
            else:
                del cls._request_handler
