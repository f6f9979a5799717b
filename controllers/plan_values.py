"""An instalment plan in the words of its page: plain, formatted values for the templates."""

from odoo import _
from odoo.tools import format_date

from .documents import document_values

LOOKS = {'awaiting': 'quiet', 'confirmed': 'good', 'denied': 'bad', 'cancelled': 'quiet'}
PLAN_LOOKS = {'pending': 'info', 'active': 'info', 'done': 'good', 'cancelled': 'quiet'}


def plan_values(plan):
    """The plan as a whole."""
    upcoming = plan._next_installment()
    denied = plan._denied_installments()
    return {
        'begun': plan.state != 'pending',
        'count': plan.count,
        'left': plan.currency_id.format(plan._left_to_collect()),
        'next_date': plan.state == 'active' and upcoming and format_date(
            plan.env, upcoming.due_date),
        'denied': denied and (
            _("%s payments did not go through", len(denied)) if len(denied) > 1
            else _("1 payment did not go through")
        ),
    }


def charge_rows(plan):
    """Its charges, in order."""
    labels = {
        'awaiting': _("To come"), 'confirmed': _("Paid"), 'denied': _("Declined"),
        'cancelled': _("Cancelled"),
    }
    return [
        {
            'number': installment.number,
            'date': format_date(plan.env, installment.due_date),
            'amount': plan.currency_id.format(installment.amount),
            'state': installment.state,
            'label': labels[installment.state],
            'look': LOOKS[installment.state],
            'reason': installment.state == 'denied' and installment.reason,
        }
        for installment in plan.installment_ids.sorted('number')
    ]


def plan_document_values(plan, pdf_url):
    """What is paid with it; a draft has no number yet, and no PDF."""
    invoice = plan.move_id
    if not invoice:
        return False
    posted = invoice.state == 'posted'
    values = document_values(invoice, posted and pdf_url)
    return {**values, 'name': posted and invoice.name}


def listed_plan(plan):
    """The plan as one of several of a customer."""
    labels = {
        'pending': _("Not begun"), 'active': _("In progress"), 'done': _("Paid"),
        'cancelled': _("Cancelled"),
    }
    upcoming = plan.state in ('pending', 'active') and plan._next_installment()
    currency = plan.currency_id
    return {
        'company': plan.company_id.name,
        'name': plan.document,
        'label': labels[plan.state],
        'look': PLAN_LOOKS[plan.state],
        'paid': len(plan.installment_ids.filtered(lambda one: one.state == 'confirmed')),
        'count': plan.count,
        'amount': currency.format(plan.amount),
        'next_date': upcoming and format_date(plan.env, upcoming.due_date),
        'next_amount': upcoming and currency.format(upcoming.amount),
    }
