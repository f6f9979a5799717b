from odoo import fields
from odoo.fields import Command

from ..gateways.pagolivre import wire
from .pagolivre_common import PagoLivreCommon


class PlanCommon(PagoLivreCommon):
    """A Brazilian company that collects invoices month by month through PagoLivre."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal.method_ids = [Command.create({
            'provider_id': cls.pagolivre.id, 'kind': 'recurring', 'recurring_mode': 'integrated',
        })]
        cls.method = cls.portal._recurring_methods()

    def collect(self, invoice=None, count=3, method=None):
        """What *Collect* does for an invoice; the plan."""
        invoice = invoice or self.create_invoice(100.0)
        with self.own_cursor() as env:
            plan = env['email.pay.plan']._collect(
                env['account.move'].browse(invoice.id),
                env['email.pay.method'].browse((method or self.method).id),
                count, fields.Date.today(),
            )
        return self.env['email.pay.plan'].browse(plan.id)

    def within(self, plan, act):
        """Do `act(plan)` in a database transaction of its own, as a request does."""
        with self.own_cursor() as env:
            return act(env['email.pay.plan'].browse(plan.id))

    def order(self, plan):
        """The newest order of a plan, as PagoLivre keeps it."""
        key = wire.key(plan._anchor().reference)
        return next(order for order in reversed(self.orders) if order.key == key)

    def pay_first(self, plan, come_back=True, **kwargs):
        """The customer enters the card on the page of PagoLivre."""
        self.gateway.pay(self.order(plan).id, **kwargs)
        if come_back:
            self.come_back(plan._anchor())
        return plan

    def active(self, invoice=None, count=3):
        return self.pay_first(self.collect(invoice, count))

    def month(self, plan, months=1):
        """Some months pass, and nobody tells of it but the daily look."""
        self.gateway.advance(months=months)
        self.sync(plan)

    def sync(self, plan):
        plan.sudo().sync_at = fields.Datetime.now()
        with self.own_cursor() as env:
            env['email.pay.plan']._cron_sync()

    def tell_denied(self):
        with self.own_cursor() as env:
            env['email.pay.installment']._cron_tell()

    def states(self, plan):
        return plan.installment_ids.sorted('number').mapped('state')

    def lines(self, plan):
        return plan.installment_ids.sorted('number')

    def notes(self, record):
        return ' '.join(str(message.body) for message in record.message_ids)
