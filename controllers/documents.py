"""Invoices in the words of the payment page: plain, formatted values for the templates."""

import re

from odoo import _, fields
from odoo.http import request
from odoo.tools import float_repr, format_date, formatLang

from ..models.statement_values import minor_units

LINE_TYPES = ('product', 'line_section', 'line_subsection', 'line_note')


def document_values(invoice, pdf_url):
    """One invoice as the page shows it."""
    currency = invoice.currency_id
    env = invoice.env
    today = fields.Date.context_today(invoice)
    late = (today - invoice.invoice_date_due).days if invoice.invoice_date_due else 0
    paid = invoice.amount_total - invoice.amount_residual
    return {
        'name': invoice.name,
        'kind_label': invoice.type_name,
        'date': format_date(env, invoice.invoice_date),
        'due_date': invoice.invoice_date_due and format_date(env, invoice.invoice_date_due),
        'overdue': late > 0,
        'overdue_label': _("%s days overdue", late) if late > 1 else _("1 day overdue"),
        'customer': invoice.commercial_partner_id.name,
        'lines': [_line_values(line) for line in _invoice_lines(invoice).sorted('sequence')],
        'untaxed': currency.format(invoice.amount_untaxed),
        'taxes': _tax_values(invoice),
        'total': currency.format(invoice.amount_total),
        'paid': not currency.is_zero(paid) and currency.format(paid),
        'due': currency.format(invoice.amount_residual),
        'pdf_url': pdf_url,
    }


def _invoice_lines(invoice):
    """`invoice_line_ids`, out of the journal items that the taxes are computed from anyway."""
    return invoice.line_ids.filtered(lambda line: line.display_type in LINE_TYPES)


def _line_values(line):
    return {
        'name': line.name,
        'quantity': formatLang(line.env, line.quantity).rstrip('0').rstrip('.,'),
        'subtotal': line.currency_id.format(line.price_subtotal),
        'is_section': line.display_type in ('line_section', 'line_subsection'),
        'is_note': line.display_type == 'line_note',
    }


def _tax_values(invoice):
    subtotals = (invoice.tax_totals or {}).get('subtotals', [])
    groups = [group for subtotal in subtotals for group in subtotal['tax_groups']]
    return [
        {
            'name': group['group_name'],
            'amount': invoice.currency_id.format(group['tax_amount_currency']),
        }
        for group in groups
    ]


def amount_choices(link, lang):
    """The amounts that can be chosen, and the limits of the free one (False when there is none)."""
    terms = link.invoice_ids._get_invoice_next_payment_values()
    choices = link._amount_choices(terms)
    currency = link.invoice_ids.currency_id
    labels = {
        'full': (_("The whole amount"), False),
        'discount': (_("With early payment discount"), terms.get('epd_discount_msg')),
        'installment': (
            _("What is overdue") if terms.get('installment_state') == 'overdue'
            else _("The next instalment"),
            terms.get('next_due_date') and _(
                "Due on %s", format_date(link.env, terms['next_due_date'])
            ),
        ),
        'other': (_("Another amount"), False),
    }
    checked = request.params.get('choice')
    if checked not in choices:
        checked = 'discount' if 'discount' in choices else 'full'
    options = [
        {
            'value': value,
            'label': label,
            'hint': hint,
            'amount': value != 'other' and currency.format(choices[value]),
            'checked': value == checked,
        }
        for value, (label, hint) in labels.items() if value in choices
    ]
    return options, 'other' in choices and other_values(choices['other'], currency, lang)


def other_values(limits, currency, lang):
    least, most = limits
    return {
        'min': float_repr(least, currency.decimal_places),
        'max': float_repr(most, currency.decimal_places),
        'min_label': currency.format(least),
        'max_label': currency.format(most),
        'value': request.params.get('amount', ''),
        **money_format(currency, lang),
    }


def money_format(currency, lang):
    """How the scripts of the pages read and write amounts."""
    return {
        'decimals': str(currency.decimal_places),  # a bare 0 would leave the attribute out
        'symbol': currency.symbol,
        'symbol_position': currency.position,
        'decimal_point': lang.decimal_point,
        'thousands_sep': lang.thousands_sep,
    }


def method_values(ways):
    """The ways to pay, with the one that is chosen."""
    values = [way['value'] for way in ways]
    checked = request.params.get('method')
    if checked not in values:
        fitting = (way['value'] for way in ways if way.get('fits', True))
        checked = next(fitting, values[:1] and values[0])
    return [{**way, 'checked': way['value'] == checked} for way in ways]


def methods_up_to(link, currency, amount):
    """All ways to pay in `currency`, also those that do not take `amount` at once: the customer may
    choose less."""
    fitting = [way['value'] for way in link._offer_in(amount, currency)]
    return method_values([
        {
            **way, 'fits': way['value'] in fitting,
            'limit': way['most'] and _("Up to %s at once", currency.format(way['most'])),
        }
        for way in link._offer_with_most(currency)
    ])


def limit_values(methods, currency, amount, text):
    """What says, by `text`, that none of the ways to pay takes `amount` at once; False when one of
    them takes any."""
    if not methods or not all(method['most'] for method in methods):
        return False
    most = max(method['most'] for method in methods)
    return {
        'label': text % currency.format(most),
        'units': minor_units(currency, most),
        'exceeded': currency.compare_amounts(amount, most) > 0,
    }


def parse_amount(text, decimal_point):
    """The number that a customer typed, None when it is not clear which: 1234.5, 1,234.50 and 12,5
    are, in any language; 1.234 is only where the point groups thousands."""
    decimal, grouping = (',', '.') if decimal_point == ',' else ('.', ',')
    whole = rf"\d{{1,3}}(?:[{grouping}]\d{{3}})+|\d{{1,12}}"
    fraction = rf"[{decimal}](\d{{0,6}})|[{grouping}](\d{{1,2}})"
    typed = re.sub(r"[\s'’]", '', text)
    match = re.fullmatch(rf"({whole})(?:{fraction})?", typed, re.ASCII)
    return match and float(f"{match[1].replace(grouping, '')}.{match[2] or match[3] or 0}")
