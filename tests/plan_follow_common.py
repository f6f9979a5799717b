"""What the tests of what people see of a plan share: plans whose charges a person confirms, so that
no gateway takes part."""

from odoo import fields

from .company_common import CompanyCommon


class PlanFollowCommon(CompanyCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.by_hand = cls.env['email.pay.method'].create({
            'portal_id': cls.portal.id, 'provider_id': cls.credicorp.id, 'kind': 'recurring',
            'recurring_mode': 'manual', 'name': "Monthly",
        })
        cls.on_card = cls.by_hand.copy({'recurring_mode': 'token', 'name': "Card on file"})

    @classmethod
    def plan(cls, *states, invoice=None, first_date='2026-01-31', plan_state='active', method=None):
        """A plan of 30.00 a month whose instalments are in these states."""
        invoice = invoice or cls.create_invoice(30.0 * len(states))
        plan = cls.env['email.pay.plan']._create_for(
            invoice, method or cls.by_hand, len(states), fields.Date.to_date(first_date))
        for line, state in zip(plan.installment_ids.sorted('number'), states, strict=True):
            line.state = state
            if state == 'denied':
                line.reason = "The bank declined the card."
        plan.state = plan_state
        plan.flush_recordset()
        return plan
