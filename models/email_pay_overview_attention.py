from datetime import timedelta
from typing import NamedTuple

from odoo import _, api, fields, models
from odoo.fields import Domain

from .email_pay_attention import ATTENTION
from .email_pay_overview import LAST_DAYS

# Whose activities are counted by what they are about.
COUNTED = ('email.pay.event', 'email.pay.difference', 'ir.mail_server', 'res.partner')


class Item(NamedTuple):
    """What may need a person: which records it is, and how it is called."""

    model: str
    domain: list
    label: str
    action: str = ''
    urgent: bool = False


class EmailPayEvent(models.Model):
    _inherit = 'email.pay.event'

    _parked = models.Index("(provider_id) WHERE state = 'parked'")


class EmailPayDifference(models.Model):
    _inherit = 'email.pay.difference'

    _open = models.Index("(company_id) WHERE state = 'open'")


class EmailPayInstallment(models.Model):
    _inherit = 'email.pay.installment'

    _denied = models.Index("(company_id) WHERE state = 'denied'")
    _by_hand = models.Index(
        "(company_id, due_date) WHERE state = 'awaiting' AND mode = 'manual'")


class EmailPayLink(models.Model):
    _inherit = 'email.pay.link'

    _failed = models.Index("(company_id) WHERE mail_state = 'failed' OR sms_state = 'failed'")


class EmailPayReceipt(models.Model):
    _inherit = 'email.pay.receipt'

    _lost = models.Index("(payment_id) WHERE state IN ('failed', 'bounced')")


class EmailPayReminderNotice(models.Model):
    _inherit = 'email.pay.reminder.notice'

    _failed = models.Index("(company_id) WHERE state = 'failed'")


class EmailPayOverview(models.AbstractModel):
    """What needs a person now, whatever the period."""

    _inherit = 'email.pay.overview'

    @api.model
    def _parts(self):
        return [*super()._parts(), self._read_attention]

    @api.model
    def _read_attention(self, companies, _period):
        figures = {company: [] for company in companies}
        for item in [*self._attention_items(), *self._attention_activities()]:
            field = self._company_field(item.model)
            rows = self.env[item.model]._read_group(
                Domain(item.domain) & Domain(field, 'in', companies.ids), [field], ['__count'])
            for company, count in rows:
                figures[company].append(self._figure(
                    item.label, count, company, item.domain, item.action, item.model,
                    urgent=item.urgent))
        return {company: {'attention': found} for company, found in figures.items()}

    @api.model
    def _attention_items(self):
        """The most urgent first."""
        items = [*self._attention_to_money(), *self._attention_to_mails()]
        return sorted(items, key=lambda item: not item.urgent)

    @api.model
    def _attention_to_money(self):
        today = fields.Date.to_string(fields.Date.context_today(self))
        return [
            Item('email.pay.event', [('state', '=', 'parked')],
                 _("Parked notifications"), 'email_pay.action_email_pay_events', urgent=True),
            Item('email.pay.difference', [('state', '=', 'open')],
                 _("Differences with the gateways"), 'email_pay.action_email_pay_differences',
                 urgent=True),
            Item('email.pay.installment', [('state', '=', 'denied')],
                 _("Denied instalments"), 'email_pay.action_email_pay_installments', urgent=True),
            Item('email.pay.installment',
                 [('state', '=', 'awaiting'), ('mode', '=', 'manual'),
                  ('plan_id.state', '=', 'active'), ('due_date', '<=', today)],
                 _("Instalments to confirm"), 'email_pay.action_email_pay_installments'),
            Item('email.pay.outstanding', [('promised_for', '<', today), ('due', '>', 0)],
                 _("Promises that were not kept"), 'email_pay.action_email_pay_outstanding'),
        ]

    @api.model
    def _attention_to_mails(self):
        """What nobody has to look at any more goes away by itself: links that expired; receipts and
        reminders after some days."""
        now = fields.Datetime.now()
        since = fields.Date.to_string(now.date() - timedelta(days=LAST_DAYS))
        return [
            Item('ir.mail_server', [('email_pay_failing_since', '!=', False)],
                 _("Mail accounts that do not work"), 'email_pay.action_email_pay_mail_accounts',
                 urgent=True),
            Item('email.pay.link',
                 ['|', ('mail_state', '=', 'failed'), ('sms_state', '=', 'failed'),
                  ('revoked_at', '=', False), ('expires_at', '>', fields.Datetime.to_string(now))],
                 _("Payment links that were not sent"), 'email_pay.action_email_pay_links'),
            Item('email.pay.link', [('bounced_at', '!=', False)],
                 _("Payment links that came back"), 'email_pay.action_email_pay_links'),
            Item('account.payment',
                 [('email_pay_receipt_state', 'in', ('failed', 'bounced')), ('date', '>=', since)],
                 _("Receipts that did not arrive"), 'account.action_account_all_payments'),
            Item('email.pay.reminder.notice', [('state', '=', 'failed'), ('day', '>=', since)],
                 _("Reminders that were not sent"), 'email_pay.action_email_pay_reminder_notices'),
        ]

    @api.model
    def _attention_activities(self):
        """The other records on which an activity asks for a person, by their model."""
        kind = self.env.ref(ATTENTION)
        rows = self.env['mail.activity'].sudo()._read_group(
            [('activity_type_id', '=', kind.id)], ['res_model'])
        models_ = [self.env[name] for (name,) in rows if name in self.env and name not in COUNTED]
        return [
            Item(model._name, [('activity_ids.activity_type_id', '=', kind.id)],
                 _("To do: %s", self.env['ir.model']._get(model._name).name))
            for model in models_ if 'company_id' in model._fields and model.has_access('read')
        ]
