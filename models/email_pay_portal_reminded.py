from odoo import _, models
from odoo.tools import SQL, format_date

from .account_move import PAYABLE_TYPES
from .plan_values import LIVE
from .reminder_values import Reminder, parts_of, refused_parts

# What is read of the invoices: whole records would take most of the time.
MOVE_FIELDS = ('amount_residual', 'currency_id', 'email_pay_no_reminders', 'email_pay_promised_for')


class EmailPayPortal(models.Model):
    """Of what each customer is reminded on a day: the one place that knows it."""

    _inherit = 'email.pay.portal'

    def _reminders(self, day, customers, done=frozenset(), begins=None):
        """Of what each of these customers is reminded on `day`; of those who are not, and have come
        to a step, why not. A constant number of queries.

        :param done: the keys of parts that will have been reminded of before.
        :return: list of Reminder
        """
        schedule = self._schedule(day, begins)
        company = self.company_id
        statements = self.env['email.pay.statement'].with_company(company)._all(company, customers)
        refused = self._refused(customers)
        found = {
            customer: [
                *parts_of(statement, schedule, PAYABLE_TYPES, besides=refused),
                *refused_parts(statement, schedule, refused),
            ]
            for customer, statement in statements.items()
        }
        moves, left = self._not_reminded_of(found, done)
        held = moves._email_pay_not_reminded()
        left = {
            customer: [part.without(held.get(part.move_id, 0.0)) for part in parts]
            for customer, parts in left.items()
        }
        why_not = self._reasons_not_to_remind(day, schedule, moves, left)
        return self._check_statements(day, self._check_reach([
            self._reminder(customer, parts, schedule, why_not) for customer, parts in left.items()
        ]))

    def _refused(self, customers):
        """The day and the amount of each instalment of these customers that was refused, by the id
        of its invoice."""
        lines = self.env['email.pay.installment'].sudo().search([
            ('state', '=', 'denied'), ('plan_id.state', 'in', LIVE),
            ('company_id', '=', self.company_id.id),
            ('partner_id.commercial_partner_id', 'in', customers.ids),
        ])
        return {
            move.id: [(line.due_date, line.amount) for line in of_move]
            for move, of_move in lines.grouped('move_id').items()
        }

    def _not_reminded_of(self, found, done):
        """The invoices, and the parts by customer, of which nobody was reminded yet."""
        move_ids = {part.move_id for parts in found.values() for part in parts}
        self.env['email.pay.reminder.item'].flush_model(['move_id', 'due_date', 'delay'])
        done = done | set(self.env.execute_query(SQL(
            "SELECT move_id, due_date, delay FROM email_pay_reminder_item WHERE move_id IN %s",
            tuple(move_ids) or (0,),
        )))
        left = {}
        for customer, parts in found.items():
            if fresh := [part for part in parts if part.key not in done]:
                left[customer.with_company(self.company_id)] = fresh
        moves = self.env['account.move'].sudo().browse(
            {part.move_id for parts in left.values() for part in parts})
        moves.fetch(MOVE_FIELDS)
        return moves, left

    def _reasons_not_to_remind(self, day, schedule, moves, left):
        """Why nobody is reminded of some parts, as sentences by the keys of those parts."""
        lines = self.env['account.move.line'].sudo().browse(
            [part.line_id for parts in left.values() for part in parts])
        lines.fetch(['no_followup'])
        reasons = {}
        for customer, parts in left.items():
            for part in parts:
                move, line = moves.browse(part.move_id), lines.browse(part.line_id)
                reason = self._excluded(customer, schedule.steps[part.delay], move, line)
                if reason := reason or self._held(day, part, move):
                    reasons[part.key] = reason
        return reasons

    def _excluded(self, customer, step, move, line):
        """The sentence that says who or what an accountant excluded; '' when nothing is."""
        if customer.email_pay_no_reminders:
            return _("The customer is excluded from reminders.")
        if step in customer.email_pay_no_reminder_ids:
            return _("The customer is excluded from this reminder.")
        if move.email_pay_no_reminders or line.no_followup:
            return _("The invoice is excluded from reminders.")
        return ''

    def _held(self, day, part, move):
        """The sentence that says for what this part waits; '' when it is due."""
        promised = move.email_pay_promised_for
        if promised and promised >= day:
            return _("Payment is promised for %s.", format_date(self.env, promised))
        if part.currency.compare_amounts(part.rest, 0.0) <= 0:
            return _("A payment is on its way.")
        if part.currency.is_zero(part.amount):
            return _("Credits of the customer cover it.")
        return ''

    def _reminder(self, customer, parts, schedule, why_not):
        due = [part for part in parts if part.key not in why_not]
        reason = '' if due else why_not[parts[0].key]
        step = schedule.steps[max(part.delay for part in due or parts)]
        return Reminder(customer, step, due or parts, reason)

    def _check_statements(self, day, reminders):
        """The same, with the reason where the mail of that day is the monthly statement. What it
        keeps back is made up for the next day."""
        if not self.statement_scheduled or day != self._statement_date(day):
            return reminders
        reason = _("The monthly statement is sent that day; the reminder follows the next day.")
        return [
            reminder if reminder.step.channel == 'sms' else
            reminder._replace(reason=reminder.reason or reason) for reminder in reminders
        ]

    def _check_reach(self, reminders):
        """The same, with the reason where no message can reach the customer."""
        customers = {}
        for reminder in reminders:
            customers.setdefault(reminder.step, []).append(reminder.customer.id)
        obstacles = {
            (step, customer.id): obstacle for step, ids in customers.items()
            for customer, obstacle in step._obstacles(self.env['res.partner'].browse(ids)).items()
        }
        return [
            reminder._replace(
                reason=reminder.reason or obstacles[reminder.step, reminder.customer.id])
            for reminder in reminders
        ]
