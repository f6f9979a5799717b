from odoo import _, api, fields, models
from odoo.exceptions import RedirectWarning, UserError
from odoo.tools import email_normalize

from ..models.notification import notification


class EmailPayTrial(models.TransientModel):
    """An administrator sends himself an invoice of one unit, to pay it with test money."""

    _name = 'email.pay.trial'
    _description = 'Trial Invoice'

    portal_id = fields.Many2one(
        'email.pay.portal', required=True, readonly=True, ondelete='cascade')
    provider_id = fields.Many2one(
        'payment.provider', string="App", required=True, readonly=True, ondelete='cascade')
    currency_id = fields.Many2one(related='portal_id.currency_id')
    partner_id = fields.Many2one(
        'res.partner', string="Customer", required=True, readonly=True, ondelete='cascade')
    amount = fields.Monetary(readonly=True, default=1.0)
    email = fields.Char(string="E-mail")
    invoice_id = fields.Many2one('account.move', readonly=True, ondelete='set null')
    is_enabled = fields.Boolean(related='portal_id.enabled')
    is_paid = fields.Boolean(readonly=True)

    @api.model
    def _open_for(self, portal, provider):
        """The dialog; it knows the trial invoice that was sent before."""
        partner = self.env.user.partner_id
        dialog = self.create({
            'portal_id': portal.id, 'provider_id': provider.id, 'partner_id': partner.id,
            'email': partner.email or False,
            **self._sent_before(portal, provider),
        })
        return {
            'type': 'ir.actions.act_window', 'name': _("Send Yourself an Invoice"),
            'res_model': self._name, 'res_id': dialog.id, 'views': [(False, 'form')],
            'target': 'new', 'context': {'dialog_size': 'medium'},
        }

    @api.model
    def _sent_before(self, portal, provider):
        if invoice := portal._open_trial():
            return {'invoice_id': invoice.id}
        paid = portal._is_trial_paid(provider)
        return {'is_paid': paid, 'invoice_id': paid and portal._trials()[:1].id}

    def action_send(self):
        """Send the invoice, the same one again if it was sent before."""
        self.ensure_one()
        if self._sent_before(self.portal_id, self.provider_id).get('is_paid'):
            raise UserError(_("The trial invoice is paid already: it works."))
        self._check_customer()
        invoice = self.portal_id._send_trial(self.provider_id, self.partner_id)
        return notification(
            'success',
            _("Open the mail at %s, press “Pay now”, and pay with a test card of"
              " the gateway.", self.email),
            title=_("%s is on its way", invoice.name),
            next={'type': 'ir.actions.act_window_close'})

    def _check_customer(self):
        """:raises UserError: the gateway or the mail needs something that is not known."""
        partner = self.partner_id
        if not email_normalize(self.email or ''):
            raise UserError(_("Enter your e-mail address."))
        if partner.email != self.email:
            partner.email = self.email
        if lacks := self.provider_id._email_pay_lacks(partner):
            raise RedirectWarning(
                _("%(app)s needs to know of its customers: %(lacks)s. Enter it in your contact.",
                  app=self.provider_id.name, lacks=', '.join(lacks)),
                partner._email_pay_form_action(), _("Open the contact"),
            )

    def action_open_invoice(self):
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window', 'res_model': 'account.move',
            'res_id': self.invoice_id.id, 'views': [(False, 'form')],
        }
