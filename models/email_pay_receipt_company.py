from odoo import fields, models


class ResCompany(models.Model):
    """What was chosen last for a payment, which is proposed for the next one."""

    _inherit = 'res.company'

    email_pay_send_receipt = fields.Boolean(string="Send Receipts to Customers")
    email_pay_send_notice = fields.Boolean(string="Send Notices to Suppliers")

    def _email_pay_receipt_choice(self, partner_type):
        return self[self._email_pay_choice_field(partner_type)]

    def _email_pay_remember_choice(self, partner_type, choice):
        """Any biller may choose; only what changes is written."""
        if self._email_pay_receipt_choice(partner_type) != choice:
            self.sudo()[self._email_pay_choice_field(partner_type)] = choice

    def _email_pay_choice_field(self, partner_type):
        kind = 'notice' if partner_type == 'supplier' else 'receipt'
        return f'email_pay_send_{kind}'
