import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from odoo.tools import SQL

# Not this work's fault: somebody else changed the same rows, or the connection is gone.
CONFLICTS = (psycopg2.OperationalError, psycopg2.InterfaceError)


def locked_ids(cr, query):
    """Run a query that locks rows, and return the ids that it gives.

    Whoever changed one of the rows since this database transaction began makes it fail. That is
    part of the game, so it is not logged; the caller, or Odoo, begins again.

    :raises psycopg2.OperationalError: begin again on fresh data.
    """
    cr.execute(query, log_exceptions=False)  # pylint: disable=sql-injection  # the caller's SQL
    return [row[0] for row in cr.fetchall()]


def free_ids(cr, query):
    """The same for work that can wait: of rows that somebody else has or changed, none is given,
    and what this database transaction did before is kept."""
    try:
        with cr.savepoint(flush=False):
            return locked_ids(cr, query)
    except psycopg2.OperationalError:
        return []


def hold(records):
    """Let one work at a time on these records.

    A lock alone would not do: a database transaction that waited for it still sees the past. The
    update, which changes nothing, makes it fail and run again.

    :raises psycopg2.OperationalError: begin again on fresh data.
    """
    if records:
        locked_ids(records.env.cr, SQL(
            "UPDATE %(table)s SET write_date = write_date WHERE id IN"
            " (SELECT id FROM %(table)s WHERE id IN %(ids)s ORDER BY id FOR NO KEY UPDATE)"
            " RETURNING id", table=SQL.identifier(records._table), ids=tuple(records.ids),
        ))


def begin_autocommit(cr):
    """Make each query on `cr`, which has written nothing yet, a transaction of its own from here
    on: READ COMMITTED, as is PostgreSQL's default, and one round trip instead of three. What Odoo
    writes later on `cr` is committed as it goes."""
    cr.connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
