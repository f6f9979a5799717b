"""The databases to measure on, built once and copied: stock Odoo, payment_stripe, ours.

All three begin with the same invoices: what is booked on one can be compared with another.
"""

from pathlib import Path

from .. import database
from ..home import digest

DOCUMENTS = 1401
# The invoice whose page is measured, the last one.
PAGE = f'bench {DOCUMENTS - 1}'
SCRIPT = Path(__file__).with_name('documents.py')
HERE = f'import sys; sys.path.append({str(SCRIPT.parent)!r})\n'
CREATE = f'{HERE}import documents; documents.create_documents(env, {DOCUMENTS}); env.cr.commit()'


def stock():
    """Odoo's own modules, and the invoices."""
    origin = database.base()
    key = digest(origin, SCRIPT.read_text(), DOCUMENTS)
    return database.template(
        f'template_bench_{key}', f'database with {DOCUMENTS} invoices',
        lambda name: _copy(name, origin, lambda: database.odoo(name, 'documents', script=CREATE)))


def stripe():
    """The same with `payment_stripe`, which only its webhook is asked of."""
    origin = stock()
    return database.template(
        f'template_stripe_{digest(origin)}', 'database with payment_stripe',
        lambda name: _copy(name, origin, lambda: database.install(name, 'payment_stripe')))


def ours():
    """The same with this add-on."""
    origin = stock()
    return database.template(
        f'template_ours_{digest(origin, database.addon_digest())}', 'database with email_pay',
        lambda name: _copy(name, origin, lambda: database.install_email_pay(name)))


def _copy(name, origin, change):
    database.create(name, origin)
    change()


TEMPLATES = {'stock': stock, 'stripe': stripe, 'ours': ours}
