from odoo import _, api, fields, models
from odoo.exceptions import AccessError

PANEL = 'email_pay.onboarding_email_pay'
SHOWN = ('title', 'description', 'button_text', 'done_text', 'panel_step_open_action_name')
# Who sets Email Pay up: the keys are an administrator's, what is booked an accounting manager's.
GROUPS = ('base.group_system', 'account.group_account_manager')


class OnboardingOnboarding(models.Model):
    """The first five minutes: a panel that knows by itself how far a company is."""

    _inherit = 'onboarding.onboarding'

    @api.model
    def email_pay_panel(self):
        """What the panel shows for the current company; False when it is closed, or is not for this
        user."""
        panel = self._email_pay_panel()
        if not panel or panel.is_onboarding_closed:
            return False
        values = panel._prepare_rendering_values()
        steps = [step._email_pay_values(values['state'][step.id]) for step in values['steps']]
        finished = all(step['state'] in ('done', 'just_done', 'skipped') for step in steps)
        return {
            'steps': steps,
            # Odoo's own field for it is not translated.
            'finished': finished and _(
                "That is all. Open a posted invoice and press “Send payment email”."),
            'company': self.env.company.name,
        }

    @api.model
    def action_email_pay_close(self):
        """Close the panel of the current company; the menu brings it back."""
        self._email_pay_panel_of_administrator().action_close()

    @api.model
    def action_email_pay_set_up(self):
        """Bring the panel back."""
        self._email_pay_panel_of_administrator().current_progress_id.is_onboarding_closed = False
        return self.env['ir.actions.act_window']._for_xml_id('email_pay.action_email_pay_providers')

    @api.model
    def _email_pay_panel(self):
        """The panel with its progress in the current company; empty for who may not set it up."""
        panel = self.env.ref(PANEL, raise_if_not_found=False)
        if not panel or not all(map(self.env.user.has_group, GROUPS)):
            return self.browse()
        panel._search_or_create_progress()
        return panel

    @api.model
    def _email_pay_panel_of_administrator(self):
        panel = self._email_pay_panel()
        if not panel:
            raise AccessError(_("Only administrators who keep the books set Email Pay up."))
        return panel

    def _prepare_rendering_values(self):
        """Override of `onboarding`: look which steps are done."""
        if self == self.env.ref(PANEL, raise_if_not_found=False):
            self.step_ids._email_pay_look()
        return super()._prepare_rendering_values()


class OnboardingOnboardingStep(models.Model):
    _inherit = 'onboarding.onboarding.step'

    def _email_pay_look(self):
        """Note which of these steps are done in the current company, and which are no longer."""
        done = self._email_pay_portal()._set_up_done()
        self.filtered(lambda step: not step.current_progress_step_id)._create_progress_steps()
        for step in self:
            progress = step.current_progress_step_id
            if done[step._email_pay_name()]:
                progress.action_set_just_done()
            elif progress.step_state != 'not_done':
                progress.step_state = 'not_done'

    def _email_pay_values(self, state):
        """What the panel shows of this step."""
        if state == 'not_done' and self.current_progress_step_id.email_pay_is_skipped:
            state = 'skipped'
        [values] = self.read(SHOWN)
        return {**values, 'state': state}

    @api.model
    def _email_pay_portal(self):
        """The settings that serve the current company."""
        portal = self.env['email.pay.portal']._for_company(self.env.company)
        return portal.with_env(self.env)

    def _email_pay_name(self):
        """By what the settings of Email Pay know this step."""
        return self.panel_step_open_action_name.removeprefix('action_email_pay_')

    # === THE BUTTONS === #

    @api.model
    def action_email_pay_choose(self):
        return self._email_pay_do('choose')

    @api.model
    def action_email_pay_keys(self):
        return self._email_pay_do('keys')

    @api.model
    def action_email_pay_test(self):
        return self._email_pay_do('test')

    @api.model
    def action_email_pay_trial(self):
        return self._email_pay_do('trial')

    @api.model
    def action_email_pay_live(self):
        return self._email_pay_do('live')

    @api.model
    def _email_pay_do(self, name):
        """The form, the dialog or the answer of a step."""
        self.env['onboarding.onboarding']._email_pay_panel_of_administrator()
        return getattr(self._email_pay_portal(), f'_set_up_{name}')()

    def email_pay_skip(self, skipped=True):
        """Leave this step out, or come back to it."""
        self.ensure_one()
        self.env['onboarding.onboarding']._email_pay_panel_of_administrator()
        self.current_progress_step_id.email_pay_is_skipped = skipped


class OnboardingProgressStep(models.Model):
    _inherit = 'onboarding.progress.step'

    email_pay_is_skipped = fields.Boolean(string="Skipped", readonly=True)
