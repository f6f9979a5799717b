"""The rows of a statement as markup: a thousand of them in the time of a few.

QWeb renders one row of each kind, with marks where the values of the others go.
"""

from itertools import chain
from operator import itemgetter

from markupsafe import Markup, escape

from odoo.http import request

# What decides how a row looks; everything else in it is text.
LOOKS = ('free', 'checked', 'late', 'partly')
TEXTS = (
    'id', 'name', 'kind', 'date', 'due_date', 'overdue', 'mark', 'total', 'due', 'units',
)
MARK = '\N{OBJECT REPLACEMENT CHARACTER}'
# PostgreSQL has it in no text.
SEPARATOR = '\0'


def rendered_rows(rows):
    """The rows of `statement_values.section_values`, as `email_pay.statement_row` shows them."""
    looks = [*map(itemgetter(*LOOKS), rows)]
    patterns = {look: _pattern(look) for look in set(looks)}
    each = zip(map(patterns.__getitem__, looks), _escaped(rows), strict=True)
    return Markup(''.join([pattern % pick(texts) for (pattern, pick), texts in each]))


def _escaped(rows):
    """The texts of each row. All are escaped at once: one by one takes most of the time of the
    page."""
    texts = SEPARATOR.join(chain.from_iterable(map(itemgetter(*TEXTS), rows)))
    return zip(*[iter(str(escape(texts)).split(SEPARATOR))] * len(TEXTS), strict=False)


def _pattern(look):
    """A row of this look, as a format, and a function that picks its texts of those of a row."""
    marked = {name: f'{MARK}{name}{MARK}' for name in TEXTS}
    row = {**marked, **dict(zip(LOOKS, look, strict=True))}
    qweb = request.env['ir.qweb'].with_context(minimal_qcontext=True)
    pieces = qweb._render('email_pay.statement_row', {'row': row}).strip().split(MARK)
    pattern = '%s'.join(text.replace('%', '%%') for text in pieces[::2])
    return pattern, itemgetter(*map(TEXTS.index, pieces[1::2]))
