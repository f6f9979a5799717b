import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

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


def begin_autocommit(cr):
    """Make each query on `cr`, which has written nothing yet, a transaction of its own from here
    on: READ COMMITTED, as is PostgreSQL's default, and one round trip instead of three. What Odoo
    writes later on `cr` is committed as it goes."""
    cr.connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
