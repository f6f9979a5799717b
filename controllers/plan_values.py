"""An instalment plan in the words of its page: plain, formatted values for the templates."""

from odoo import _
from odoo.tools import format_date

from .documents import document_values

CHARGE_LOOKS = {'awaiting': 'quiet', 'confirmed': 'good', 'denied': 'bad', 'cancelled': 'quiet'}
PLAN_LOOKS = {'pending': 'info', 'active': 'info', 'done': 'good', 'cancelled': 'quiet'}


def plan_values(plan):
    """The plan as a whole."""
    denied = plan._installments('denied')
    return {
        'begun': plan.state != 'pending',
        'count': plan.count,
        'left': plan.currency_id.format(plan._left()),
        'next_date': _next_date(plan),
        'denied': denied and (
            _("%s payments did not go through", len(denied)) if len(denied) > 1
            else _("1 payment did not go through")
        ),
    }


def _next_date(plan):
    upcoming = plan.state == 'active' and plan._installments('awaiting')[:1]
    return upcoming and format_date(plan.env, upcoming.due_date)


def charge_rows(plan):
    """Its charges, in order."""
    labels = {
        'awaiting': _("To come"), 'confirmed': _("Paid"), 'denied': _("Declined"),
        'cancelled': _("Cancelled"),
    }
    return [
        {
            'number': line.number,
            'date': format_date(plan.env, line.due_date),
            'amount': plan.currency_id.format(line.amount),
            'state': line.state,
            'label': labels[line.state],
            'look': CHARGE_LOOKS[line.state],
            'reason': line.state == 'denied' and line.reason,
        }
        for line in plan.installment_ids.sorted('number')
    ]


def begin_values(plan):
    """How it begins: what is charged now, and by whom the rest."""
    lines = plan.installment_ids.sorted('number')
    said = {
        'amount': plan.currency_id.format(lines[:1].amount), 'app': plan.provider_id.name,
        'company': plan.company_id.name, 'date': format_date(plan.env, lines[-1:].due_date),
    }
    if plan.mode == 'token':
        text = _("You pay %(amount)s now, and your card is saved at %(app)s. %(company)s charges it"
                 " every month until %(date)s, as listed here.", **said)
    else:
        text = _("%(app)s charges %(amount)s now, and each next payment on its date until"
                 " %(date)s, as listed here.", **said)
    return {
        'do': 'begin', 'installment': False, 'methods': [], 'text': text,
        'title': _("Enter your card once"), 'button': _("Continue"),
    }


def denied_values(line, methods):
    """How the customer pays an instalment that the bank declined."""
    plan = line.plan_id
    return {
        'do': 'installment', 'installment': line.id, 'methods': methods,
        'title': _("Payment %(number)s of %(count)s was not made", number=line.number,
                   count=plan.count),
        'text': _("Pay it here. A card that you enter at %s is charged for the next payments too.",
                  plan.provider_id.name) if plan._takes_card_of(plan.provider_id)
        else _("Pay it here, with the same card or another one."),
        'button': _("Pay %s", line.currency_id.format(line.amount)),
    }


def card_values(plan, signed_in):
    """The card that is charged each month, where it is saved; False where it is not. Only to whom
    it belongs, and who `signed_in`, it is named."""
    if plan.state != 'active' or not plan.token_id:
        return False
    return {
        'text': _("%s is charged on the dates of this list.", plan.token_id.display_name)
        if signed_in else _("Your saved card is charged on the dates of this list."),
        'can_change': plan._can_change_card(),
    }


def document_of(plan, pdf_url):
    """What is paid with it; a draft has no number yet, and no PDF."""
    invoice = plan.move_id
    if not invoice:
        return False
    posted = invoice.state == 'posted'
    return {
        **document_values(invoice, posted and pdf_url),
        'name': posted and invoice.name,
    }


def listed_plan(plan):
    """The plan as one of several of a customer."""
    labels = {
        'pending': _("Not begun"), 'active': _("In progress"), 'done': _("Paid"),
        'cancelled': _("Cancelled"),
    }
    return {
        'company': plan.company_id.name,
        'name': plan.document,
        'label': labels[plan.state],
        'look': PLAN_LOOKS[plan.state],
        'progress': _("%(paid)s of %(count)s payments made",
                      paid=len(plan._installments('confirmed')), count=plan.count),
        'amount': plan.currency_id.format(plan.amount),
        'next_date': _next_date(plan),
    }
