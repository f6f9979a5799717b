"""The rows of a statement as markup: a thousand of them in the time of a few.

QWeb renders one row of each kind, with marks where the values of the others go.
"""

from markupsafe import Markup, escape

from odoo.http import request

# What decides how a row looks; everything else in it is text.
LOOKS = ('free', 'checked', 'late', 'partly')
TEXTS = ('id', 'name', 'kind', 'date', 'due_date', 'overdue', 'total', 'due', 'units')
MARK = '\N{OBJECT REPLACEMENT CHARACTER}'


def rendered_rows(rows):
    """The rows of `statement_values.section_values`, as `email_pay.statement_row` shows them."""
    patterns = {}
    done = []
    for row in rows:
        look = tuple(map(row.__getitem__, LOOKS))
        if look not in patterns:
            patterns[look] = _pattern(look)
        # A text may hold what a mark is made of: what was filled in is not looked at again.
        texts, names = patterns[look]
        done.append(texts[0])
        for name, text in zip(names, texts[1:], strict=True):
            done.append(escape(row[name]))
            done.append(text)
    return Markup('').join(done)


def _pattern(look):
    """A row of this look, as the texts between the values, and the names of these."""
    marked = {name: f'{MARK}{name}{MARK}' for name in TEXTS}
    row = {**marked, **dict(zip(LOOKS, look, strict=True))}
    qweb = request.env['ir.qweb'].with_context(minimal_qcontext=True)
    pieces = qweb._render('email_pay.statement_row', {'row': row}).strip().split(MARK)
    return [Markup(text) for text in pieces[::2]], pieces[1::2]
