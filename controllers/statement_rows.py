"""The rows of a statement as markup: a thousand of them in the time of a few.

QWeb renders one row of each kind, with marks where the values of the others go.
"""

from operator import itemgetter

from markupsafe import Markup, escape

from odoo.http import request

# What decides how a row looks; everything else in it is text.
LOOKS = ('free', 'checked', 'late', 'partly')
TEXTS = ('id', 'name', 'kind', 'date', 'due_date', 'overdue', 'total', 'due', 'units')
MARK = '\N{OBJECT REPLACEMENT CHARACTER}'
# PostgreSQL has it in no text.
SEPARATOR = '\0'


def rendered_rows(rows):
    """The rows of `statement_values.section_values`, as `email_pay.statement_row` shows them."""
    looks = [*map(itemgetter(*LOOKS), rows)]
    patterns = {look: _pattern(look) for look in set(looks)}
    done = map(str.__mod__, map(patterns.__getitem__, looks), _escaped(rows))
    return Markup(''.join(done))


def _escaped(rows):
    """The texts of each row, as a dict. All are escaped at once: one by one takes most of the time
    of the page."""
    width = len(TEXTS)
    texts = SEPARATOR.join(text for row in map(itemgetter(*TEXTS), rows) for text in row)
    texts = str(escape(texts)).split(SEPARATOR)
    return [
        dict(zip(TEXTS, texts[start:start + width], strict=True))
        for start in range(0, width * len(rows), width)
    ]


def _pattern(look):
    """A row of this look, as a format for its texts."""
    marked = {name: f'{MARK}{name}{MARK}' for name in TEXTS}
    row = {**marked, **dict(zip(LOOKS, look, strict=True))}
    qweb = request.env['ir.qweb'].with_context(minimal_qcontext=True)
    pieces = qweb._render('email_pay.statement_row', {'row': row}).strip().split(MARK)
    pieces[::2] = [text.replace('%', '%%') for text in pieces[::2]]
    pieces[1::2] = [f'%({name})s' for name in pieces[1::2]]
    return ''.join(pieces)
