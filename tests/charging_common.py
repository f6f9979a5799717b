"""What the tests of saved cards share: plans in token mode, and the job that charges them."""

from datetime import timedelta

from odoo import fields

from .common import APPROVED_CARD, EmailPayCommon

JOB = 'odoo.addons.email_pay.models.payment_saved_card'


class ChargingCommon(EmailPayCommon):
    """A company that collects in instalments with cards saved at Credicorp."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.method = cls.create_method(cls.credicorp)

    @classmethod
    def create_method(cls, provider, mode='token', **values):
        return cls.env['email.pay.method'].create({
            'portal_id': cls.portal.id, 'provider_id': provider.id, 'kind': 'recurring',
            'recurring_mode': mode, 'retry_days': 3, 'retry_times': 2, **values,
        })

    @classmethod
    def create_plan(cls, count=3, amount=300.0, method=None, invoice=None):
        """A plan that the customer has not begun."""
        invoice = invoice or cls.create_invoice(amount)
        return cls.env['email.pay.plan']._create_for(
            invoice, method or cls.method, count, fields.Date.today(),
        )

    def begin(self, plan, number=APPROVED_CARD):
        """Make the first charge, as the customer does in the gateway's window."""
        attempt = self.charge(plan._attempt(), number)
        self.advance(attempt)
        return attempt

    def active_plan(self, number=APPROVED_CARD, **kwargs):
        """A plan whose card is saved, and all of whose charges are to come."""
        plan = self.create_plan(**kwargs)
        plan.write({'state': 'active', 'token_id': self.saved_card(number).id})
        return plan

    def saved_card(self, number=APPROVED_CARD):
        gateway = self.sandbox.credicorp
        merchant, card = gateway.accounts.tokens.pop(gateway.token(number))
        return self._create_token(
            provider_id=self.credicorp.id, payment_method_id=self.card.id,
            partner_id=self.customer.id, provider_ref=gateway.accounts.save_card(merchant, card),
        )

    def line(self, plan, number=1):
        return plan.installment_ids.filtered(lambda line: line.number == number)

    def fall_due(self, plan, *numbers):
        for number in numbers or (1,):
            self.line(plan, number).due_date = fields.Date.today() - timedelta(days=3)

    def run_job(self, **kwargs):
        with self.own_cursor() as env:
            env['email.pay.installment']._cron_charge(**kwargs)

    def look(self):
        """The job that looks at the documents of plans, where the charging job woke it."""
        with self.own_cursor() as env:
            env['email.pay.plan']._cron_sync()

    def minutes_pass(self, transactions, minutes=11):
        """What was claimed is of a worker that is no more."""
        for transaction in transactions:
            transaction.last_state_change -= timedelta(minutes=minutes)

    def taken(self, plan):
        """How often the gateway took money for this plan: the truth."""
        references = self.env['payment.transaction'].search([
            ('email_pay_installment_id', 'in', plan.installment_ids.ids),
        ]).mapped('reference')
        return sum(len(self.sandbox.ledger.charges(reference)) for reference in references)

    def asked(self, reference):
        """How often the gateway was asked to charge a reference, whatever became of it."""
        return len(self.sandbox.ledger.entries(order_id=reference, operation='sale'))

    def pay_denied(self, plan, number=APPROVED_CARD):
        """Pay an instalment that was refused, with the link."""
        line = plan.installment_ids.filtered(lambda line: line.state == 'denied')[:1]
        attempt = plan._live_link()._start_installment(
            line, self.credicorp, self.credicorp.payment_method_ids[:1])
        self.charge(attempt, number)
        self.advance(attempt)
        return attempt
