from odoo import _, fields, models
from odoo.exceptions import RedirectWarning, UserError

from ..gateways import REGISTRY


class EmailPayPortal(models.Model):
    """What a new administrator does, step by step: each step knows by itself whether it is done."""

    _inherit = 'email.pay.portal'

    chosen_provider_id = fields.Many2one(
        'payment.provider', string="Gateway Being Set Up", copy=False, check_company=True,
        ondelete='set null', groups='base.group_system',
    )

    def _set_up_provider(self):
        """The app that is being set up: the chosen one, else the first that is in use; empty when
        none is."""
        self.ensure_one()
        if chosen := self.chosen_provider_id or self._providers()[:1]:
            return chosen
        return self.env['payment.provider'].search([
            ('company_id', 'parent_of', self.company_id.ids), ('code', 'in', list(REGISTRY)),
            ('state', '!=', 'disabled'),
        ], limit=1)

    def _set_up_done(self):
        """Which steps are done, by name."""
        app = self.sudo()._set_up_provider()
        live = app.state == 'enabled'
        return {
            'choose': bool(app),
            'keys': bool(app.journal_id) and not app._email_pay_empty_fields(),
            'test': live or (app.state == 'test' and app._email_pay_is_tested()),
            'trial': live or (bool(app) and self._is_trial_paid(app)),
            'live': live and self.enabled,
        }

    # === THE STEPS === #

    def _set_up_choose(self):
        choices = self.env['email.pay.method.choice']._create_to_set_up(self)
        return {
            'type': 'ir.actions.act_window', 'name': _("Choose Your Gateway"),
            'res_model': choices._name, 'target': 'new',
            'views': [(self.env.ref('email_pay.email_pay_method_choice_view_set_up').id, 'kanban')],
            'domain': [('id', 'in', choices.ids)],
        }

    def _set_up_keys(self):
        app = self._app_to_set_up()
        return {
            'type': 'ir.actions.act_window', 'name': _("Payment App"),
            'res_model': 'payment.provider', 'res_id': app.id, 'views': [(False, 'form')],
        }

    def _set_up_test(self):
        """Try the keys, and put the app into test mode."""
        app = self._app_to_set_up()
        if not self._set_up_done()['keys']:
            return self._set_up_keys()
        answer = app.code in REGISTRY and app.action_email_pay_test_connection()
        if app.state == 'disabled':
            app.state = 'test'
        if answer:
            answer['params']['next'] = {'type': 'ir.actions.client', 'tag': 'soft_reload'}
        return answer

    def _set_up_trial(self):
        app = self._app_to_set_up()
        if obstacle := self._trial_obstacle(app):
            raise UserError(obstacle)
        return self.env['email.pay.trial']._open_for(self, app)

    def _set_up_live(self):
        return self._app_to_set_up().action_email_pay_go_live()

    def _app_to_set_up(self):
        """:raises UserError: none is chosen, or there are no accounts to book into."""
        app = self._set_up_provider()
        if not app:
            raise UserError(_("Choose your gateway first."))
        journals = self.env['account.journal'].with_company(self.company_id)
        domain = journals._check_company_domain(self.company_id)
        if not journals.search_count(domain, limit=1):
            raise self._without_chart()
        return app

    def _without_chart(self):
        """The warning that nothing can be booked yet, with a button to the settings."""
        return RedirectWarning(
            _("%s has no chart of accounts yet, so that there is no journal to collect into. Choose"
              " a fiscal localization first.", self.company_id.name),
            self.env.ref('account.action_account_config').id, _("Open the settings"),
        )
