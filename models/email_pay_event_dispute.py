from dataclasses import replace
from datetime import timedelta

from odoo import _, fields, models
from odoo.tools import format_date

# How long after a payment its dispute can come: the card schemes allow 120 days, rarely more.
DISPUTE_DAYS = 180


class EmailPayEvent(models.Model):
    """A dispute that names no payment."""

    _inherit = 'email.pay.event'

    def _propose(self, report):
        """Look for the one payment that a dispute can be about; the sentence for a person."""
        payments = self._disputable(report)
        if len(payments) != 1 or len(self._reports()) != 1:
            return _(
                "The bank reports a dispute of %(amount)s, card ending in %(card)s. Find the"
                " payment at the gateway, answer the dispute there, and reopen the invoice.",
                amount=report.amount, card=report.card_last4,
            )
        self.proposed_id = payments
        return _(
            "The bank reports a dispute of %(amount)s, card ending in %(card)s. It names no"
            " payment; only %(reference)s of %(customer)s on %(date)s fits. Compare it with the"
            " gateway, press “Book on this payment”, and answer the dispute at the gateway.",
            amount=report.amount, card=report.card_last4, reference=payments.reference,
            customer=payments.partner_id.display_name,
            date=format_date(self.env, payments.create_date),
        )

    def _disputable(self, report):
        """The payments of this app that `report`, which names none, can be about."""
        if not report.amount or not report.card_last4:
            return self.env['payment.transaction']
        since = fields.Datetime.now() - timedelta(days=DISPUTE_DAYS)
        return self.env['payment.transaction'].search([
            ('provider_id', '=', self.provider_id.id),
            ('state', '=', 'done'),
            ('operation', '!=', 'refund'),
            ('amount', '=', float(report.amount)),
            ('email_pay_card_last4', '=', report.card_last4),
            ('create_date', '>', since),
        ], limit=2)

    def action_accept_proposal(self):
        """A person has found that the proposed payment is the one that the dispute is about."""
        self._check_may_decide()
        for event in self.sudo().filtered(lambda e: e.state == 'parked' and e.proposed_id):
            tx = event.transaction_id = event.proposed_id
            [report] = event._reports()
            state, reason = tx._email_pay_take_return(replace(report, reference=tx.reference))
            if state in ('done', 'ignored'):
                event._finish(state)
            else:
                event._park(reason)
