from odoo.tests import tagged
from odoo.tools import SQL

from ..models.email_pay_installment_charge import FELL_DUE, NOT_CHARGED
from .charging_common import ChargingCommon

# As many plans more as the one that there is: months that were charged, one that is due, one to
# come.
MORE_PLANS = """
    INSERT INTO email_pay_plan (
        reference, company_id, partner_id, currency_id, method_id, provider_id, mode, amount,
        count, first_date, state, token_id)
    SELECT reference || '/' || number, company_id, partner_id, currency_id, method_id, provider_id,
           mode, amount, count, first_date, state, token_id
      FROM email_pay_plan, generate_series(1, 1000) number WHERE id = %s
 RETURNING id
"""
MORE_LINES = """
    INSERT INTO email_pay_installment (
        plan_id, number, amount, due_date, state, company_id, partner_id, currency_id, mode,
        provider_id)
    SELECT id, number, 10, CURRENT_DATE + 30 * (number - 6) - 2,
           CASE WHEN number < 6 THEN 'confirmed' ELSE 'awaiting' END, company_id, partner_id,
           currency_id, mode, provider_id
      FROM email_pay_plan, generate_series(1, 7) number WHERE id IN %s
"""


@tagged('post_install', '-at_install')
class TestManyDue(ChargingCommon):
    """A day on which many instalments are due."""

    def test_the_next_ones_are_found_without_reading_all_of_them(self):
        plan = self.active_plan()
        self.fall_due(plan)
        self.env.flush_all()
        plans = self.env.execute_query(SQL(MORE_PLANS, plan.id))
        self.env.execute_query(SQL(MORE_LINES + "RETURNING id", tuple(id_ for id_, in plans)))
        self.cr.execute("ANALYZE email_pay_plan, email_pay_installment, payment_transaction")
        due = self.env['email.pay.installment']._due(
            FELL_DUE + NOT_CHARGED, self.env['payment.provider'])
        rows = self.env.execute_query(SQL(
            "EXPLAIN SELECT line.id %s ORDER BY line.due_date, line.id LIMIT 20", due))
        explained = '\n'.join(line for line, in rows)
        self.assertIn('email_pay_installment_due_to_charge', explained)
        self.assertNotIn('Sort', explained)
