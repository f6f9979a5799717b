import logging

import psycopg2

from odoo.exceptions import RedirectWarning, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .locks import locked_ids

_logger = logging.getLogger(__name__)

# Errors whose text is for people.
SENTENCES = (UserError, RedirectWarning)
# Where so many attempts in a row come to nothing, it is not because somebody else was faster.
MOST_IN_VAIN = 20


def take(model, domain, limit, order='id'):
    """The next records of a domain, locked; those that another worker has are passed over."""
    model.env.invalidate_all()
    query = model._search(domain, limit=limit, order=order)
    return model.browse(locked_ids(
        model.env.cr, SQL("%s FOR NO KEY UPDATE SKIP LOCKED", query.select())))


def work_off(model, domain, work, failed=None, limit=1):
    """Do `work`, which ends that they wait, on all records of a domain: the oldest first, with a
    commit after each `limit`. What a crash interrupts still waits, what is committed does not, and
    what another worker has is left to it.

    An error undoes what was done for its record, and stops no other: `failed`, which gets both,
    ends that it waits. Without that, or where that fails too, it waits for the next run.
    """
    domain = Domain(domain)
    left = in_vain = 0
    while True:
        try:
            taken = take(model, domain, limit)
            if not taken:
                break
            error = _attempt(work, taken)
            if error and len(taken) > 1:
                limit = 1  # from here on each by itself
                continue
            if error and not _give_up(taken, domain, failed, error):
                domain &= Domain('id', 'not in', taken.ids)
        except psycopg2.OperationalError:
            model.env.cr.rollback()  # somebody else changed one of them
            in_vain += 1
            if in_vain == MOST_IN_VAIN:
                raise
            continue
        in_vain = 0
        # What others take meanwhile is seen when nothing seems to be left.
        left = max(left - len(taken), 0) or model.search_count(domain)
        if not model.env['ir.cron']._commit_progress(len(taken), remaining=left):
            break


def _attempt(work, records, *args):
    """Do `work` on these records. It may commit, so that a savepoint would not do.

    :return: the error that undid it; None without one.
    """
    try:
        work(records, *args)
        records.env.cr.flush()
    except psycopg2.OperationalError:
        raise
    except Exception as error:
        if not isinstance(error, SENTENCES):
            _logger.exception("%s could not be worked off", records)
        records.env.cr.rollback()
        return error
    return None


def _give_up(records, domain, failed, error):
    """Let `failed` end that these wait, unless another worker has them now; whether it did."""
    if not failed:
        return False
    records = take(records, domain & Domain('id', 'in', records.ids), len(records))
    return not records or not _attempt(failed, records, error)


def reason_of(env, error):
    """What a person reads of an error; the text of one of our own may tell a secret."""
    if isinstance(error, SENTENCES):
        return str(error.args[0])
    return env._("Odoo made an error (%s). Show this to whoever looks after Odoo.",
                 type(error).__name__)
