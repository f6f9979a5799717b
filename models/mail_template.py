from odoo import _, models
from odoo.exceptions import ValidationError

OUTBOUND = ('payment_type', '=', 'outbound')
# Templates that are for some of the records of their model only, and for which.
ABOUT = {
    'email_pay.mail_template_payment': [('plan_id', '=', False), ('invoice_ids', '!=', False)],
    'email_pay.mail_template_statement': [('plan_id', '=', False), ('invoice_ids', '=', False)],
    'email_pay.mail_template_plan': [('plan_id', '!=', False)],
    'email_pay.mail_template_denied': [('state', '=', 'denied')],
    'email_pay.mail_template_payment_receipt': [('payment_type', '=', 'inbound')],
    'email_pay.mail_template_payment_refund': [OUTBOUND, ('partner_type', '=', 'customer')],
    'email_pay.mail_template_payment_notice': [OUTBOUND, ('partner_type', '=', 'supplier')],
}


class MailTemplate(models.Model):
    _inherit = 'mail.template'

    def _check_can_be_rendered(self, fnames=None, render_options=None):
        """Override of `mail`, which tries any record of the model: ours are tried with one that
        they are for. Those that an installation brings are not tried."""
        if self.env.context.get('install_module') == 'email_pay':
            return
        names = self.get_external_id()
        ours = self.filtered(lambda template: names[template.id] in ABOUT)
        super(MailTemplate, self - ours)._check_can_be_rendered(fnames, render_options)
        for template in ours:
            record = self.env[template.sudo().model_id.model].search(
                ABOUT[names[template.id]], limit=1)
            template._email_pay_try(record, fnames, render_options)

    def _email_pay_try(self, record, fnames, options):
        """:raises ValidationError: the template cannot be rendered about `record`."""
        names = self._get_dynamic_field_names()
        for name in (set(fnames) & names if fnames else names) if record else ():
            try:
                self._render_field(name, record.ids, options=options)
            except Exception as error:
                raise ValidationError(_(
                    "“%(field)s” cannot be written about %(record)s: %(reason)s",
                    field=self._fields[name]._description_string(self.env),
                    record=record.display_name, reason=error,
                )) from error

    def _email_pay_send(self, record, purpose='collection', **email_values):
        """Put the mail about `record` in the outbox, in the look of Email Pay, to leave by the
        account that its company has for `purpose`; a server chosen on the template comes first.

        :return: the id of the `mail.mail`.
        """
        account = {} if self.mail_server_id else record.company_id._email_pay_mail_values(purpose)
        return self.send_mail(
            record.id, email_layout_xmlid='email_pay.mail_layout',
            email_values={**account, **email_values},
        )
