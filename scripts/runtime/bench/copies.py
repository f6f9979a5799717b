"""Inside Odoo: more documents than Odoo could make and post in time."""

import documents  # beside this file, which is no part of a package here

# Tables to copy documents in, the statement for each, and the columns that a copy has for itself.
COPIES = (
    ('account_move', """
        INSERT INTO account_move ({own}, {others})
        SELECT 'COPY/' || number, 'bench ' || number, 'COPY/' || number, 'COPY/', number, NULL,
               {copied}
          FROM generate_series(%(known)s, %(count)s - 1) number
          JOIN account_move source ON source.ref = 'bench ' || number %% %(cycle)s
    """, ('name', 'ref', 'payment_reference', 'sequence_prefix', 'sequence_number',
          'access_token')),
    ('account_move_line', """
        INSERT INTO account_move_line ({own}, {others})
        SELECT move.id, move.name, move.ref, {copied}
          FROM account_move move
          JOIN account_move origin ON origin.ref = 'bench ' || substr(move.ref, 7)::int %% %(cycle)s
          JOIN account_move_line source ON source.move_id = origin.id
         WHERE move.sequence_prefix = 'COPY/'
    """, ('move_id', 'move_name', 'ref')),
)


def create(env, count):
    """Let there be so many documents, numbered from 0: the rest are copies of those that Odoo made
    and posted, by SQL, since it would take minutes for each thousand."""
    env.flush_all()
    known = env['account.move'].search_count([('ref', '=like', 'bench %')])
    for table, statement, own in COPIES:
        names = _columns(env, table, ('id', *own))
        env.cr.execute(statement.format(
            own=', '.join(own), others=', '.join(names),
            copied=', '.join(f'source.{name}' for name in names),
        ), {'known': known, 'cycle': known - known % len(documents.KINDS), 'count': count})
    env.invalidate_all()


def _columns(env, table, besides):
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND table_schema = 'public' AND column_name NOT IN %s",
        [table, besides])
    return [name for (name,) in env.cr.fetchall()]
