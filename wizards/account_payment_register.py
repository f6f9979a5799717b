from odoo import _, api, fields, models


class AccountPaymentRegister(models.TransientModel):
    """*Register payment*, of one document or many: whether the other side is told."""

    _inherit = 'account.payment.register'

    # Customers or suppliers, never both; Odoo's own is empty when there are many of them.
    email_pay_side = fields.Char(
        compute='_compute_email_pay_side', export_string_translation=False)
    email_pay_send_receipt = fields.Boolean(
        string="Send Receipt", compute='_compute_email_pay_send_receipt', store=True,
        readonly=False, help="One mail for each payment, once it is posted.",
    )
    email_pay_bank_reference = fields.Char(
        string="Bank Reference", help="The bank's number of the transfer, for whoever is paid.",
    )
    email_pay_unreachable = fields.Char(compute='_compute_email_pay_unreachable')

    @api.depends('batches')
    def _compute_email_pay_side(self):
        for wizard in self:
            wizard.email_pay_side = wizard.batches[0]['payment_values']['partner_type']

    @api.depends('company_id', 'email_pay_side')
    def _compute_email_pay_send_receipt(self):
        """What was chosen last in this company."""
        for wizard in self:
            wizard.email_pay_send_receipt = wizard.company_id._email_pay_receipt_choice(
                wizard.email_pay_side)

    @api.depends('line_ids', 'email_pay_send_receipt')
    def _compute_email_pay_unreachable(self):
        for wizard in self:
            names = wizard.email_pay_send_receipt and (
                wizard._email_pay_unreachable_partners().mapped('display_name'))
            wizard.email_pay_unreachable = bool(names) and _(
                "Without a valid e-mail address: %s.", ', '.join(names))

    def _email_pay_unreachable_partners(self):
        return self.line_ids.move_id.filtered(
            lambda move: move.partner_id and not move._email_pay_address()
        ).partner_id.commercial_partner_id

    def action_email_pay_open_contacts(self):
        """The contacts whose address is missing; the dialog is opened again after that."""
        partners = self._email_pay_unreachable_partners()
        return partners._get_records_action(name=_("Contacts without an e-mail address"))

    def _create_payment_vals_from_wizard(self, batch_result):
        """Override of `account`."""
        values = super()._create_payment_vals_from_wizard(batch_result)
        return values | self._email_pay_payment_values()

    def _create_payment_vals_from_batch(self, batch_result):
        """Override of `account`."""
        values = super()._create_payment_vals_from_batch(batch_result)
        return values | self._email_pay_payment_values()

    def _email_pay_payment_values(self):
        values = {'email_pay_send_receipt': self.email_pay_send_receipt}
        if self.email_pay_bank_reference:
            values['payment_reference'] = self.email_pay_bank_reference
        return values
