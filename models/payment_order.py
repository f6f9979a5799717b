from dataclasses import replace
from datetime import timedelta

from odoo import _, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command

from ..gateways.values import Operation, PaymentEvent, Status
from .payment_janitor import ASKS_UNTIL_LOST

ENDED = (Status.DECLINED, Status.CANCELED)


class PaymentTransaction(models.Model):
    """The order of a plan that a gateway charges by itself.

    The transaction of the first charge carries the reference of the order, and is asked for as any
    other; what the gateway tells is then applied charge by charge, each to a transaction of its
    own, which is made when the gateway confirms it.
    """

    _inherit = 'payment.transaction'

    email_pay_order_id = fields.Many2one(
        'payment.transaction', string="Order", readonly=True, copy=False, index='btree_not_null',
        ondelete='restrict',
        help="The first payment of the order by which the gateway charges month by month.",
    )

    def _email_pay_is_order(self):
        """Whether the reference of this transaction is that of such an order."""
        return bool(self) and self.email_pay_order_id == self

    def _email_pay_request(self):
        request = super()._email_pay_request()
        if not self._email_pay_is_order():
            return request
        plan = self.email_pay_installment_id.plan_id
        return replace(
            request, amount=self._email_pay_decimal(plan.amount), installments=plan.count,
            description=plan._email_pay_title(),
        )

    def _email_pay_label(self):
        plan = self.email_pay_installment_id.plan_id
        return plan._email_pay_title() if plan else super()._email_pay_label()

    # === WHAT THE GATEWAY TELLS === #

    def _email_pay_query(self):
        if not self._email_pay_is_order():
            return super()._email_pay_query()
        told = self._email_pay_gateway().plan(self.reference)
        if told is None:
            return ()
        self.email_pay_installment_id.plan_id._note_dates(told)
        return self._email_pay_events_of(told)

    def _email_pay_take_unknown(self):
        """Override: an order that never reached the gateway is sent again."""
        super()._email_pay_take_unknown()
        opened = self.email_pay_checkout_until
        if (
            self._email_pay_is_order() and self.state == 'draft' and not opened
            and self.email_pay_asked >= ASKS_UNTIL_LOST
        ):
            self.email_pay_ask_at = False
            self.email_pay_installment_id.plan_id._send_again()

    def _email_pay_events_of(self, told):
        """What the gateway tells of this order, as events of the payments that it consists of.
        Until it is paid, the charges that it lists are what is planned, and only money counts."""
        events = tuple(self._email_pay_event_of(charge, told) for charge in told.charges)
        if told.status == Status.PENDING and self.state != 'done':
            return tuple(event for event in events if event.status == Status.DONE)
        if events or told.status == Status.PENDING:
            return events
        event = PaymentEvent(
            operation=Operation.PAYMENT, status=told.status, reference=self.reference,
            gateway_reference=told.gateway_reference, code=told.code, message=told.message,
        )
        if told.status == Status.DONE:
            self._email_pay_park_order(event)
            event = replace(event, status=Status.PENDING)
        elif self.state == 'done':
            return self._email_pay_events_of_ended(event)
        return (event,)

    def _email_pay_events_of_ended(self, event):
        """Of an order that was paid, and ended without telling of its charges, none is to come."""
        plan = self.email_pay_installment_id.plan_id
        return tuple(
            replace(event, status=Status.CANCELED, reference=f'{self.reference}-{line.number}')
            for line in plan._installments('awaiting')
        )

    def _email_pay_park_order(self, event):
        env = self.env['email.pay.portal']._speak(self).env
        self.env['email.pay.event'].sudo()._park_answer(self, event, 'query', env._(
            "%(app)s says that the order is paid, and tells of no monthly charges. Compare what is"
            " to be confirmed with it on the payment app, then press “Replay”.",
            app=self.provider_id.name,
        ))

    def _email_pay_event_of(self, charge, told):
        """One charge: the first is told under the number of the order, by which it is known."""
        event = charge.event
        first = charge.number == 1
        over = told.status in ENDED and event.status == Status.PENDING
        return replace(
            event,
            status=Status.CANCELED if over else event.status,
            reference=self.reference if first else f'{self.reference}-{charge.number}',
            gateway_reference=told.gateway_reference if first else event.gateway_reference,
        )

    def _email_pay_apply_all(self, events, source):
        """Override: the months that the gateway cancelled are told together."""
        if not self._email_pay_is_order():
            super()._email_pay_apply_all(events, source)
            return
        events = tuple(events)
        gone = [event for event in events if self._email_pay_is_cancelled_month(event)]
        super()._email_pay_apply_all((event for event in events if event not in gone), source)
        if gone:
            plan = self.email_pay_installment_id.plan_id
            plan._lock()
            numbers = {self._email_pay_number_of(event) for event in gone}
            plan.installment_ids.filtered(
                lambda line: line.number in numbers)._cancel_by_gateway()

    def _email_pay_is_cancelled_month(self, event):
        return (
            event.operation == Operation.PAYMENT and event.status == Status.CANCELED
            and event.reference != self.reference
        )

    def _email_pay_number_of(self, event):
        """The number of the later charge that `event` is about."""
        return int(event.reference.removeprefix(f'{self.reference}-'))

    def _email_pay_apply_payment(self, event, source):
        if not self._email_pay_is_order():
            return super()._email_pay_apply_payment(event, source)
        plan = self.email_pay_installment_id.plan_id
        plan._lock()
        if event.reference != self.reference:
            return self._email_pay_apply_charge(event, source)
        if event.status in ENDED and self._email_pay_checkout_lives():
            self.email_pay_checkout_until = fields.Datetime.now() - timedelta(seconds=1)
        return super()._email_pay_apply_payment(event, source)

    def _email_pay_apply_charge(self, event, source):
        """Apply what became of a later charge, once, in whatever order it is told."""
        plan = self.email_pay_installment_id.plan_id
        number = self._email_pay_number_of(event)
        installment = plan.installment_ids.filtered(lambda line: line.number == number)
        if event.status == Status.DONE:
            self._email_pay_apply_confirmed(installment, event, source)
        elif event.status == Status.DECLINED:
            installment._deny(self._email_pay_reason(event.code), told=event.message)

    def _email_pay_apply_confirmed(self, installment, event, source):
        """Book a charge that the gateway made. One that does not fit waits for a person."""
        charge = self.search([
            ('reference', '=', event.reference), ('provider_id', '=', self.provider_id.id),
        ])
        values = self._email_pay_charge_values(installment, event)
        if not installment:
            reason = self._email_pay_unknown_charge()
        else:
            reason = (charge or self.new(values))._email_pay_refusal(event)
        if reason:
            self.env['email.pay.event'].sudo()._park_answer(self, event, source, reason)
            return
        charge = charge or self.create(values)
        charge._process(self.provider_code, event)
        charge._email_pay_book()

    def _email_pay_unknown_charge(self):
        env = self.env['email.pay.portal']._speak(self).env
        return env._(
            "The gateway charged more instalments than the plan has. Look it up at the gateway,"
            " then book it or pay it back by hand."
        )

    def _email_pay_charge_values(self, installment, event):
        return {
            'provider_id': self.provider_id.id,
            'payment_method_id': self.payment_method_id.id,
            'reference': event.reference,
            'amount': installment.amount,
            'currency_id': self.currency_id.id,
            'partner_id': self.partner_id.id,
            'operation': 'offline',
            'invoice_ids': [Command.set(self.email_pay_installment_id.move_id.ids)],
            'email_pay_installment_id': installment.id,
            'email_pay_order_id': self.id,
            'email_pay_link_id': self.email_pay_link_id.id,
        }

    # === WHAT GOES BACK: parts of the order, which tells of none of them === #

    def _email_pay_charged(self):
        charged = super()._email_pay_charged()
        if order := self.email_pay_order_id:
            return replace(
                charged, reference=order.reference,
                gateway_reference=order.provider_reference or '',
            )
        return charged

    def _email_pay_void_is_over(self):
        """Override: a void would undo the whole order, all months of it."""
        return bool(self.email_pay_order_id) or super()._email_pay_void_is_over()

    def _email_pay_is_untold(self):
        if self.operation == 'refund' and self.source_transaction_id.email_pay_order_id:
            return True
        return super()._email_pay_is_untold()

    def _email_pay_check_refundable(self, amount, besides=None):
        super()._email_pay_check_refundable(amount, besides)
        if not self.email_pay_order_id:
            return
        rest = self.email_pay_installment_id.plan_id._awaiting_amount()
        if self.currency_id.compare_amounts(amount, rest) == 0:
            raise ValidationError(_(
                "%(app)s would take %(amount)s for the charges to come, which are as much, and stop"
                " them. Press “Cancel the rest” first, or pay back another amount.",
                app=self.provider_id.name, amount=self.currency_id.format(amount),
            ))
