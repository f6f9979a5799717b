"""A statement in words: plain, formatted values for the page, the mail and the PDF."""

import re
from functools import cache

from odoo.tools import format_date
from odoo.tools.misc import get_lang

AGE_NAMES = ('current', '30', '60', '90', 'older')


def money_formatter(currency, lang):
    """A function that writes amounts as `currency.format` does; of a thousand, in a fraction of
    its time."""
    if lang.grouping != '[3,0]':
        return currency.format
    digits = currency.decimal_places
    zero = f'{0:.{digits}f}'.replace('.', lang.decimal_point)
    before, found, after = currency.format(0.0).partition(zero)
    if not found:
        return currency.format
    signs = str.maketrans({
        ',': (lang.thousands_sep or '').replace(' ', '\N{NO-BREAK SPACE}'),
        '.': lang.decimal_point,
        '-': '-\N{ZERO WIDTH NO-BREAK SPACE}',
    })
    return lambda amount: f'{before}{format(amount + 0.0, f",.{digits}f").translate(signs)}{after}'


def date_formatter(env):
    """A function that writes dates as `format_date` does; those of digits, as in most languages, in
    a fraction of its time."""
    pattern = get_lang(env).date_format
    if '%' in re.sub('%[dmYy]', '', pattern):
        return lambda date: format_date(env, date)
    return lambda date: date.strftime(pattern) if date else ''


def section_values(env, section, chosen=(), closed=None, most=None):
    """All that one currency of a statement shows.

    :param chosen: the ids of the documents that are picked on the page.
    :param dict closed: the ids of those that cannot be, with the reason (see `mark_labels`).
    :param most: how many of the charges are shown each; None for all.
    """
    money = money_formatter(section.currency, get_lang(env))
    row = row_writer(env, section, money, chosen, closed or {})
    return {
        'key': section.key,
        'currency': section.currency.name,
        'due': money(section.due),
        'overdue': section.overdue and money(section.overdue),
        'credit': section.credit and money(section.credit),
        'balance': money(section.balance),
        'ages': age_values(env, section, money),
        'charges': [row(document) for document in section.charges[:most]],
        'count': len(section.charges),
        'credits': [row(document) for document in section.credits],
    }


def row_writer(env, section, money, chosen, closed):
    """A function that tells what the row of a document shows."""
    marks = mark_labels(env)
    date = cache(date_formatter(env))
    kinds = env['email.pay.statement']._kinds()
    unit = 10 ** section.currency.decimal_places

    @cache
    def due_values(due_date):
        days = section.days_overdue(due_date)
        return {
            'due_date': date(due_date),
            'overdue': overdue_label(env, days) if days else '',
            'late': days > 0,
        }

    def row(document):
        due = document.due
        owed = money(abs(due))
        partly = round((due - document.total) * unit) != 0
        return {
            'id': str(document.move_id),
            'name': document.name,
            'kind': kinds.get(document.kind, kinds['entry']),
            'date': date(document.date),
            **due_values(document.due_date),
            'total': money(abs(document.total)) if partly else owed,
            'due': owed,
            'partly': partly,
            'units': str(round(abs(due) * unit)),
            'free': document.move_id not in closed,
            'mark': marks.get(closed.get(document.move_id), ''),
            'checked': document.move_id in chosen,
        }

    return row


def mark_labels(env):
    """What the customer reads of a document that cannot be paid now, by the reason."""
    return {
        'hold': env._("On hold"),
        'installments': env._("In instalments"),
        'declined': env._("Instalment declined"),
        'paying': env._("Being paid"),
    }


def overdue_label(env, days):
    return env._("%s days overdue", days) if days > 1 else env._("1 day overdue")


def age_labels(env):
    return (
        env._("Not due"), env._("1–30 days"), env._("31–60 days"), env._("61–90 days"),
        env._("Over 90 days"),
    )


def age_values(env, section, money):
    """The ages of what is due, with the place of each on a bar of 100."""
    values, start = [], 0.0
    for name, label, amount in zip(AGE_NAMES, age_labels(env), section.ages, strict=True):
        width = 100.0 * amount / section.due if section.due else 0.0
        values.append({
            'name': name, 'label': label, 'amount': amount and money(amount),
            'start': f'{start:.2f}', 'width': f'{width:.2f}',
        })
        start += width
    return values


def minor_units(currency, amount):
    """An amount as a whole number, which a browser adds up exactly."""
    return str(round(amount * 10 ** currency.decimal_places))
