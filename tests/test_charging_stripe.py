from odoo.fields import Command
from odoo.tests import tagged

from .charging_common import ChargingCommon
from .stripe_common import KEYS, StripeCommon


@tagged('post_install', '-at_install')
class TestStripeCharges(StripeCommon, ChargingCommon):
    """Saved cards of Stripe, by Odoo's own provider over real HTTP; in a currency without decimals.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stripe = cls._prepare_provider('stripe', update_values={
            **KEYS, 'journal_id': cls.collections.id, 'allow_tokenization': True,
        })
        cls.on_stripe = cls.create_method(cls.stripe)
        cls.pesos = cls.env['res.currency'].with_context(active_test=False).search(
            [('name', '=', 'CLP')])
        cls.pesos.active = True
        (cls.credicorp | cls.stripe).available_currency_ids = [Command.clear()]

    def create_plan_in_pesos(self, method):
        """Three months of 1000 pesos, all of them due."""
        plan = self.create_plan(method=method, invoice=self._create_invoice_one_line(
            price_unit=1000, name="Work", tax_ids=[], partner_id=self.customer,
            currency_id=self.pesos, post=True))
        self.fall_due(plan, 1, 2, 3)
        return plan

    def stripe_plan(self):
        plan = self.create_plan_in_pesos(self.on_stripe)
        plan.write({'state': 'active', 'token_id': self._create_token(
            provider_id=self.stripe.id, payment_method_id=self.card.id,
            partner_id=self.customer.id, provider_ref='cus_1', stripe_payment_method='pm_1',
        ).id})
        return plan

    def assertCollected(self, plan):
        self.assertEqual((plan.state, plan.move_id.amount_residual), ('done', 0.0))
        self.assertEqual(plan.installment_ids.sorted('number').payment_id.mapped('amount'),
                         [333.0, 333.0, 334.0])

    def test_pesos_have_no_decimals_and_add_up(self):
        plan = self.create_plan_in_pesos(self.method)
        self.assertEqual(plan.installment_ids.sorted('number').mapped('amount'),
                         [333.0, 333.0, 334.0])
        plan.write({'state': 'active', 'token_id': self.saved_card().id})
        self.run_job()
        self.assertCollected(plan)
        charges = self.sandbox.ledger.entries(operation='sale')
        self.assertEqual([(str(entry.amount), entry.currency) for entry in charges],
                         [('333', 'CLP'), ('333', 'CLP'), ('334', 'CLP')])

    def test_pesos_are_their_own_minor_units(self):
        plan = self.stripe_plan()
        self.run_job()
        self.assertCollected(plan)
        self.assertEqual(
            [(form['amount'], form['currency'], form['off_session'])
             for form in self.stripe_api.asked],
            [('333', 'clp', 'True'), ('333', 'clp', 'True'), ('334', 'clp', 'True')])

    def test_a_notification_after_the_answer_changes_nothing(self):
        plan = self.stripe_plan()
        self.run_job()
        for intent in self.stripe_api.charged.values():
            charge = self.env['payment.transaction']._search_by_reference(
                'stripe', self.told(intent))
            charge._process('stripe', self.told(intent))
            self.advance(charge)
        self.assertCollected(plan)
        self.assertEqual(len(self.stripe_api.asked), 3)
