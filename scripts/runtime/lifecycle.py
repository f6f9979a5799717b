"""Install, upgrade and uninstall this add-on: no step may warn, nothing may stay behind."""

from . import database, server
from .home import Failure

UNINSTALL = f"""
env['ir.module.module'].search([('name', '=', '{server.ADDON}')]).button_immediate_uninstall()
"""

# Columns that no field describes; those of a many-to-many's table belong to its relation.
STRAY_COLUMNS = """
    SELECT table_name || '.' || column_name
      FROM information_schema.columns
     WHERE table_schema = 'public'
       AND table_name NOT IN (SELECT name FROM ir_model_relation)
       AND NOT EXISTS (
               SELECT FROM ir_model_fields
                WHERE replace(model, '.', '_') = table_name AND name = column_name)
"""
RECORDS = f"SELECT 'record ' || name FROM ir_model_data WHERE module = '{server.ADDON}'"


def check(logs):
    """Go through the life of an installation; return the number of steps checked."""
    with database.copy(database.base(), 'install') as name:
        before = _strays(name)
        database.install(name, server.ADDON, logs=logs)
        database.odoo(name, 'upgrade', '--update', server.ADDON, *database.DEMO, logs=logs)
        database.odoo(name, 'uninstall', script=UNINSTALL, logs=logs)
        if left := sorted(_strays(name) - before):
            raise Failure('\n'.join(['Uninstalling leaves these behind:', *left]))
    return 3


def _strays(name):
    return {
        found for statement in (STRAY_COLUMNS, RECORDS)
        for (found,) in database.query(statement, database=name)
    }
