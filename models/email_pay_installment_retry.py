from datetime import timedelta

from odoo import _, fields, models


class EmailPayInstallment(models.Model):
    """Refused: tried again with the saved card, as often as the payment method says."""

    _inherit = 'email.pay.installment'

    def _deny(self, reason, tx=None, told=''):
        """Override: plan when it is tried again, or tell a person that it is not."""
        awaited = self.filtered(lambda line: line.state == 'awaiting')
        super()._deny(reason, tx, told)
        for line in awaited.filtered(lambda line: line.mode == 'token' and line.state == 'denied'):
            line._plan_retry(tx)

    def _plan_retry(self, tx):
        method = self.plan_id.method_id
        again = bool(self._card()) and self.attempts <= method.retry_times
        if again and tx and not tx.email_pay_refused_for_good:
            self.next_attempt = fields.Datetime.now() + timedelta(days=method.retry_days)
        else:
            self.next_attempt = False
            self.env['email.pay.portal']._speak(self)._report_denied()

    def _report_denied(self):
        self.env['email.pay.attention']._ask_attention(
            self.company_id, self.plan_id, _("Instalment %s was not collected", self.number),
            _("%(amount)s was refused, and Odoo does not try it again by itself. The customer is"
              " told, with the link by which it can be paid. The reason: %(reason)s",
              amount=self.currency_id.format(self.amount), reason=self.reason),
        )

    def _fail(self, tx):
        """Override: a card that was saved for a plan, and cannot make its first charge, is not its
        card."""
        if self.plan_id.state == 'pending' and tx.operation == 'offline' and self.mode == 'token':
            self.attempts += 1
            self.plan_id.token_id = False
        super()._fail(tx)
