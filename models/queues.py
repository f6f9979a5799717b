import psycopg2

from odoo.tools import SQL

from .locks import locked_ids


def take(model, domain, limit, order='id'):
    """The next records of a domain, locked; those that another worker has are passed over."""
    model.env.invalidate_all()
    query = model._search(domain, limit=limit, order=order)
    return model.browse(locked_ids(
        model.env.cr, SQL("%s FOR NO KEY UPDATE SKIP LOCKED", query.select())))


def work_off(model, domain, work, limit=1):
    """Do `work`, which ends that they wait, on all records of a domain: the oldest first, with a
    commit after each `limit`. What a crash interrupts still waits, what is committed does not, and
    what another worker has is left to it."""
    left = 0
    while True:
        try:
            taken = take(model, domain, limit)
            if not taken:
                break
            work(taken)
            model.env.cr.flush()
        except psycopg2.OperationalError:
            model.env.cr.rollback()  # somebody else changed one of them
            continue
        # What others take meanwhile is seen when nothing seems to be left.
        left = max(left - len(taken), 0) or model.search_count(domain)
        if not model.env['ir.cron']._commit_progress(len(taken), remaining=left):
            break
