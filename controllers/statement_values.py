"""What is picked of a statement, in the words of its page."""

from odoo import _
from odoo.http import request
from odoo.tools import float_repr, format_date

from ..models.statement_values import minor_units
from .documents import other_values


def selection_values(link, selection, free, use_credit):
    """What is picked, and what it comes to."""
    currency = selection.section.currency
    credit = -sum(doc.due for doc in selection.section.credits if doc.move_id in free)
    return {
        'count': len(selection.charges),
        'total': currency.format(selection.total),
        'shown': float_repr(selection.to_pay, currency.decimal_places),
        'to_pay': currency.format(selection.to_pay),
        'nothing_left': bool(selection.charges) and currency.is_zero(selection.to_pay),
        'credit': credit and currency.format(credit),
        'credit_units': minor_units(currency, credit),
        'use_credit': use_credit,
    }


def explanations(section, closed):
    """Why nothing of a section can be paid now, as sentences."""
    reasons = {closed.get(document.move_id) for document in section.charges}
    sentences = {
        'hold': _(
            "What is on hold cannot be paid online. Please contact us: our details are at the"
            " bottom of this page."),
        'installments': _("What is in instalments is charged as agreed."),
        'paying': _("What is being paid leaves this list once the payment has arrived."),
    }
    return [sentence for reason, sentence in sentences.items() if reason in reasons]


def choice_values(link, selection, lang):
    """The amounts that can be chosen, and the limits of the free one (False when there is none)."""
    currency = selection.section.currency
    partial = link._portal().allow_partial
    chosen = 'other' if partial and request.params.get('choice') == 'other' else 'full'
    choices = [{
        'value': 'full', 'label': _("What is selected"), 'hint': False,
        'amount': currency.format(selection.to_pay), 'checked': chosen == 'full',
    }]
    if not partial:
        return choices, False
    choices.append({
        'value': 'other', 'label': _("Another amount"), 'amount': False,
        'hint': _("The oldest document is paid first."), 'checked': chosen == 'other',
    })
    least, _most = link._portal()._amount_limits(link.company_id, currency, selection.section.due)
    return choices, {
        **other_values(link._selection_limits(selection), currency, lang),
        'least': float_repr(least, currency.decimal_places),
    }


def refused_rows(link, section, free):
    """The refused instalments of what cannot be picked, as the rest of it is still to be charged:
    they are paid on the page of their plan, one after the other."""
    closed = {document.move_id for document in section.charges} - free
    plans = closed and link._refused_plans().filtered(lambda plan: plan.move_id.id in closed)
    return [
        {
            'id': line.id,
            'name': plan.move_id.name,
            'number': line.number,
            'count': plan.count,
            'date': format_date(link.env, line.due_date),
            'amount': line.currency_id.format(line.amount),
            'reason': line.reason,
            'url': not position and link._path(f'/plan/{plan.id}'),
        }
        for plan in plans for position, line in enumerate(plan._installments('denied'))
    ]
