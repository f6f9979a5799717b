import logging

from odoo import _, api, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain

from .account_move import PAYABLE_TYPES
from .locks import CONFLICTS, hold
from .plan_values import LIVE

_logger = logging.getLogger(__name__)

# Of the app `sale`, which this add-on does not need.
ORDER = 'sale.order'
OPEN_ORDER_STATES = ('draft', 'sent', 'sale')
# When no other invoice of an order is to come.
INVOICED = ('invoiced', 'upselling')


class OrderDocument:
    """What makes a sales order the document of a plan: the methods that an invoice has too, given
    to its model where `sale` is installed."""

    def _email_pay_plan_lock(self):
        hold(self)

    def _email_pay_plan_amount(self):
        """What a plan made now would collect: what is not paid yet, of the order or, as far as it
        is invoiced, of its invoices."""
        self.ensure_one()
        order = self.sudo()
        invoices = order._email_pay_plan_invoices()
        invoiced = sum(invoices.mapped('amount_total'))
        whole = invoices and order.invoice_status in INVOICED
        total = invoiced if whole else max(order.amount_total, invoiced)
        return total - order.amount_paid - order._email_pay_plan_settled(invoices)

    def _email_pay_plan_invoices(self):
        return self.invoice_ids.filtered(
            lambda move: move.state != 'cancel' and move.move_type in PAYABLE_TYPES)

    def _email_pay_plan_settled(self, invoices):
        """What was settled of the order's `invoices` otherwise than by its online payments."""
        own = self.transaction_ids.payment_id.move_id
        parts = invoices.line_ids.matched_credit_ids
        others = parts.filtered(lambda part: part.credit_move_id.move_id not in own)
        return sum(others.mapped('debit_amount_currency'))

    def _email_pay_plan_obstacle(self):
        """Why no plan can be made of this order now, as a sentence; '' when one can."""
        self.ensure_one()
        if self.state not in OPEN_ORDER_STATES:
            return _("The order is cancelled.")
        if self.env['email.pay.plan']._of_order(self).filtered(lambda plan: plan.state in LIVE):
            return _("This document is being collected in instalments already.")
        if self.sudo().invoice_ids.filtered(lambda move: move.state != 'cancel'):
            return _("This order is invoiced already. Press “Collect in instalments” on its"
                     " invoice.")
        if self.currency_id.compare_amounts(self._email_pay_plan_amount(), 0) <= 0:
            return _("Nothing is due on this order.")
        return self.env['email.pay.portal']._recurring_obstacle(self.company_id)

    def _email_pay_plan_values(self):
        """What a plan takes from this order."""
        self.ensure_one()
        return {
            'order_model': self._name,
            'order_id': self.id,
            'company_id': self.company_id.id,
            'partner_id': self.partner_invoice_id.id,
            'currency_id': self.currency_id.id,
            'amount': self._email_pay_plan_amount(),
        }

    def _email_pay_plan_match(self, payment):
        """Settle with `payment` what is due on the order's invoices, the oldest first."""
        invoices = self._email_pay_plan_invoices().filtered(lambda move: move.state == 'posted')
        for invoice in invoices.sorted('id'):
            invoice._email_pay_match_credits(payment)


DOCUMENT_METHODS = {
    name: method for name, method in vars(OrderDocument).items()
    if name.startswith('_email_pay_plan')
}


class EmailPayPlan(models.Model):
    """A sales order as the document of a plan."""

    _inherit = 'email.pay.plan'

    def _register_hook(self):
        """Override of `base`: whichever of `sale` and this add-on was installed first."""
        super()._register_hook()
        if ORDER not in self.env:
            return
        for name, method in DOCUMENT_METHODS.items():
            setattr(self.env.registry[ORDER], name, method)
        if {'sale', 'email_pay'} & set(self.env.registry.updated_modules):
            self._offer_on_orders()

    @api.model
    def _offer_on_orders(self):
        """The action on sales orders. It goes with `sale`, as all that is bound to its models."""
        model = self.env['ir.model'].sudo()._get(ORDER)
        action = self.env['ir.actions.server'].sudo()._load_records([{
            'xml_id': 'email_pay.action_collect_order',
            'noupdate': True,
            'values': {
                'name': "Collect in instalments",
                'model_id': model.id,
                'binding_model_id': model.id,
                'binding_view_types': 'form',
                'group_ids': [Command.set(self.env.ref('account.group_account_invoice').ids)],
                'state': 'code',
                'code': "action = env['email.pay.plan']._collect_order(record)",
            },
        }])
        for code, _name in self.env['res.lang'].get_installed():
            speaking = self.with_context(lang=code)
            action.with_context(lang=code).name = speaking.env._("Collect in instalments")

    @api.model
    def _collect_order(self, order):
        """The dialog for an order; its plan when it has one already."""
        self.env['account.move'].check_access('write')
        order.ensure_one()
        order.check_access('read')
        plan = self._of_order(order).filtered(lambda plan: plan.state in LIVE)
        if plan:
            return {
                'type': 'ir.actions.act_window', 'res_model': self._name, 'res_id': plan.id,
                'views': [(False, 'form')],
            }
        if reason := order._email_pay_plan_obstacle():
            raise UserError(reason)
        return {
            'type': 'ir.actions.act_window', 'name': _("Collect in Instalments"),
            'res_model': 'email.pay.collect', 'views': [(False, 'form')], 'target': 'new',
            'context': {
                'default_order_model': order._name, 'default_order_id': order.id,
                'dialog_size': 'medium',
            },
        }

    @api.model
    def _of_order(self, orders):
        """The plans (sudo) of sales orders, the newest first."""
        return self.sudo().search([
            ('order_model', '=', ORDER), ('order_id', 'in', orders.ids),
        ]) if orders else self.sudo()

    @api.model
    def _order_domain(self, operator, value):
        if ORDER not in self.env:
            return super()._order_domain(operator, value)
        orders = self.env[ORDER].sudo()._search([('name', operator, value)])
        return Domain('order_model', '=', ORDER) & Domain('order_id', 'in', orders)

    def _sales_order(self):
        """The sales order (sudo) that is collected, as long as `sale` is installed; else empty."""
        if self.order_model != ORDER or ORDER not in self.env:
            return self.browse()
        return self.env[ORDER].sudo().browse(self.order_id).exists()

    def _same_document(self):
        """Override: an order and its invoices are the same."""
        domain = super()._same_document()
        orders = self._sales_order() or self.move_id._email_pay_orders()
        if not orders:
            return domain
        return domain | Domain('move_id', 'in', orders.invoice_ids.ids) | (
            Domain('order_model', '=', ORDER) & Domain('order_id', 'in', orders.ids))

    # === ITS LIFE === #

    def _open_amount(self, besides):
        """Override: an order that is not invoiced yet."""
        order = self._sales_order()
        if self.move_id or not order:
            return super()._open_amount(besides)
        if self._problem()[1]:
            return 0
        flying = self._in_flight() - besides
        return order._email_pay_plan_amount() - sum(flying.mapped('amount'))

    def _problem(self):
        """Override: an order that is not invoiced yet."""
        order = self._sales_order()
        if self.move_id or not order or not self._left():
            return super()._problem()
        if order.state == 'cancel':
            return 'stop', _("The order was cancelled.")
        if not self._order_changed(order):
            return '', ''
        if self.state == 'pending':
            return 'tell', _(
                "The order is not what the plan was made for any more. Cancel the attempt, and"
                " collect it again.")
        return 'tell', _(
            "The order is not what the plan was made for any more. Press “Cancel the rest”, and"
            " collect what is due in another way.")

    def _post_draft(self):
        """The first charge confirms the order, if it is still what the customer agreed to."""
        super()._post_draft()
        order = self._sales_order()
        if not order or self._is_booked() or order.state not in ('draft', 'sent'):
            return
        if self._order_changed(order):
            reason = _("The order is not what the plan was made for any more.")
        elif not (reason := self._confirm_order(order)):
            self._note(_("%s was confirmed by the first payment.", order.name))
            return
        self._need_person(_("%s was not confirmed", order.name), _(
            "The first instalment was collected, and the order was not confirmed: %s The money is"
            " booked as the customer's credit. Put the order right and confirm it, or press “Cancel"
            " the rest” on the plan.", reason,
        ))

    def _confirm_order(self, order):
        """Why the order cannot be confirmed; '' when it is."""
        try:
            with self.env.cr.savepoint():
                order.with_context(send_email=True).action_confirm()
        except CONFLICTS:
            raise
        except Exception as error:
            _logger.info("%s: its order could not be confirmed: %s", self.reference, error)
            return str(error)
        return ''

    def _order_changed(self, order):
        """Whether the order is not what the customer agreed to; or, once something of it was
        collected, whether less is due than is still to be charged."""
        payer = order.partner_invoice_id.commercial_partner_id
        if order.currency_id != self.currency_id or payer != self.partner_id.commercial_partner_id:
            return True
        due = order._email_pay_plan_amount()
        if self._is_booked():
            return self.currency_id.compare_amounts(due, self._to_charge()) < 0
        return self.currency_id.compare_amounts(due, self.amount) != 0


class AccountMove(models.Model):
    _inherit = 'account.move'

    def _email_pay_orders(self):
        """The sales orders (sudo) that these documents invoice; None without `sale`."""
        return self.sudo().line_ids.sale_line_ids.order_id if ORDER in self.env else None

    def _email_pay_plan_obstacle(self):
        """Override: nor of an invoice whose order is collected so."""
        plans = self.env['email.pay.plan']._of_order(self._email_pay_orders())
        if plans.filtered(lambda plan: plan.state in LIVE and not plan.move_id):
            return _("The order of this invoice is being collected in instalments already.")
        return super()._email_pay_plan_obstacle()

    def _email_pay_tell_plans(self, besides=()):
        """Override: what becomes of its invoices changes what is due on an order, too."""
        super()._email_pay_tell_plans(besides)
        plans = self.env['email.pay.plan']._of_order(self._email_pay_orders())
        plans.filtered(
            lambda plan: not plan.move_id and plan.id not in besides)._on_invoice_changed()

    def _post(self, soft=True):
        """Override of `account`: what was collected for an order is matched with its invoice, and
        what is still to come is collected for that."""
        posted = super()._post(soft)
        for invoice in posted.filtered(lambda move: move.move_type in PAYABLE_TYPES):
            invoice._email_pay_take_over_orders()
        return posted

    def _email_pay_take_over_orders(self):
        """The plan of an order goes on with its invoice. Of one that is invoiced in parts, it does
        as soon as one of them has all that is still to come."""
        plans = self.env['email.pay.plan']._of_order(self._email_pay_orders())
        self._email_pay_match_credits(plans.installment_ids.payment_id)
        for plan in plans.filtered(lambda plan: plan.state in LIVE and not plan.move_id)[:1]:
            order = plan._sales_order()
            whole = order._email_pay_plan_invoices() == self and order.invoice_status in INVOICED
            if whole or self.currency_id.compare_amounts(
                self.amount_residual, plan._left()
            ) >= 0:
                plan.move_id = self

    def _email_pay_match_credits(self, payments):
        """Settle this invoice with what is left of `payments`, the oldest first."""
        for line in payments.move_id.line_ids.sorted('id'):
            own = self.line_ids.filtered(
                lambda mine, line=line: mine.account_id == line.account_id and not mine.reconciled)
            if own and not line.reconciled and line.account_id.account_type == 'asset_receivable':
                (own + line).reconcile()


class PaymentTransaction(models.Model):
    _inherit = 'payment.transaction'

    def _email_pay_ordered(self):
        """Those that collect an instalment of an order which was not invoiced yet."""
        lines = self.email_pay_installment_id.filtered(lambda line: line.plan_id._sales_order())
        return self.filtered(lambda tx: not tx.invoice_ids and tx in lines.transaction_id)

    def _post_process(self):
        """Override of `payment`: what was booked is what was paid of the order. Its own booking of
        online payments, with its mails and down payments, would only repeat ours."""
        super()._post_process()
        for tx in self.filtered(lambda tx: tx.state == 'done' and tx.email_pay_installment_id):
            if order := tx.email_pay_installment_id.plan_id._sales_order():
                tx.sale_order_ids = [Command.link(order.id)]
                if tx._email_pay_ordered():
                    order._email_pay_plan_match(tx.payment_id)

    def _email_pay_report_credits(self):
        """Override: the credit for an order is no surprise; its invoice takes it."""
        others = self - self._email_pay_ordered()
        return super(PaymentTransaction, others)._email_pay_report_credits()

    def _email_pay_check_collectable(self):
        """Override: nor what a plan collects of an order, on the pages of `sale`."""
        super()._email_pay_check_collectable()
        orders = self.sale_order_ids if 'sale_order_ids' in self._fields else ()
        for order in orders:
            plans = self.env['email.pay.plan']._of_order(order)
            if plans.filtered(lambda plan: plan.state in LIVE):
                raise ValidationError(_(
                    "%s is being collected in instalments. Nothing was charged.", order.name))
