from odoo import api, models

# The modules whose part of the booking leaves alone what is booked here: they look at what was not
# paid yet, at orders, or act on the booked payment.
KNOWN_MODULES = {
    'account_payment', 'delivery', 'email_pay', 'payment', 'pos_online_payment', 'sale',
    'website_payment', 'website_sale_collect',
}
BOOKING_METHODS = ('_create_payment', '_post_process')
# What a transaction pays in other modules, which book it in their own way.
ORDER_FIELDS = ('sale_order_ids', 'pos_order_id')
PLAIN_OPERATIONS = ('online_redirect', 'online_direct', 'online_token', 'offline')


class Collected(Exception):
    """Odoo is about to create a payment with these values."""

    def __init__(self, values):
        super().__init__()
        self.values = values


class PaymentTransaction(models.Model):
    """Many payments at once: what Odoo books one by one, created, posted and matched together."""

    _inherit = 'payment.transaction'

    def _email_pay_create_payments(self):
        """Create the payments that Odoo would create for these transactions, which must not share
        invoices. What is not plain is left to Odoo's own `_post_process`."""
        if self._email_pay_foreign_booking():
            return
        plain = self.filtered(lambda tx: tx._email_pay_is_plain())
        for company, transactions in plain.grouped('company_id').items():
            transactions.with_company(company)._email_pay_create_company_payments()

    def _email_pay_create_company_payments(self):
        payments = self.env['account.payment'].create(
            [tx._email_pay_payment_values() for tx in self]
        )
        payments.action_post()
        for tx, payment in zip(self, payments, strict=True):
            tx.payment_id = payment
        self.env['account.move.line']._reconcile_plan([tx._email_pay_lines() for tx in self])

    @api.model
    def _email_pay_foreign_booking(self):
        """Whether another module has its own way to book, which only one by one would respect."""
        return any(
            vars(cls).get('_module') not in (None, *KNOWN_MODULES)
            for cls in type(self).mro()
            if any(name in vars(cls) for name in BOOKING_METHODS)
        )

    def _email_pay_is_plain(self):
        """Whether this is money for posted invoices and nothing else."""
        self.ensure_one()
        return (
            self.state == 'done'
            and self.operation in PLAIN_OPERATIONS
            and not self.payment_id
            and not self.source_transaction_id
            and not self.child_transaction_ids
            and not any(self[name] for name in ORDER_FIELDS if name in self._fields)
            and self.invoice_ids
            and all(invoice.state == 'posted' for invoice in self.invoice_ids)
        )

    def _email_pay_payment_values(self):
        """The values with which Odoo itself would create the payment."""
        values = {}
        try:
            self.with_context(email_pay_collect=True)._create_payment()
        except Collected as collected:
            values = collected.values
        if not values['write_off_line_vals']:
            # Odoo makes the entries of such payments together, when they are posted.
            del values['write_off_line_vals']
        return values

    def _email_pay_lines(self):
        """The journal items that belong together: of the payment and of its invoices."""
        return (self.payment_id.move_id.line_ids + self.invoice_ids.line_ids).filtered(
            lambda line: line.account_id == self.payment_id.destination_account_id
            and not line.reconciled
        )


class AccountPayment(models.Model):
    _inherit = 'account.payment'

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.context.get('email_pay_collect'):
            raise Collected(*vals_list)
        return super().create(vals_list)
