"""Install, upgrade and uninstall this add-on: no step may warn, nothing may stay behind."""

from . import database, server
from .home import Failure

UNINSTALL = """
env['ir.module.module'].search([('name', '=', '%s')]).button_immediate_uninstall()
"""

# An app that this add-on does not need: its tests beside it, and what it offers there.
APP, APP_TESTS = 'sale', 'email_pay_orders'
APP_ACTIONS = """
    SELECT action.id FROM ir_act_server action
      JOIN ir_model_data name ON name.res_id = action.id AND name.model = 'ir.actions.server'
     WHERE name.module = 'email_pay' AND name.name = 'action_collect_order'
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
# What new administrators are shown; the progress of each company goes with it.
STEPS = """
    SELECT 'onboarding step ' || id FROM onboarding_onboarding_step
     WHERE starts_with(panel_step_open_action_name, 'action_email_pay')
"""
RECORDS = f"SELECT 'record ' || name FROM ir_model_data WHERE module = '{server.ADDON}'"


def check(logs):
    """Go through the life of an installation; return the number of steps checked."""
    with database.copy(database.base(), 'install') as name:
        before = _strays(name)
        database.install(name, server.ADDON, logs=logs)
        database.odoo(name, 'upgrade', '--update', server.ADDON, *database.DEMO, logs=logs)
        database.odoo(name, 'uninstall', script=UNINSTALL % server.ADDON, logs=logs)
        if left := sorted(_strays(name) - before):
            raise Failure('\n'.join(['Uninstalling leaves these behind:', *left]))
    return 3 + _check_beside(logs)


def _check_beside(logs):
    """An app that comes and goes: what this add-on offers on its documents comes and goes too."""
    with database.copy(database.email_pay(), 'beside') as name:
        database.odoo(
            name, 'install', '--init', APP, '--update', server.ADDON, '--test-tags', APP_TESTS,
            *database.DEMO, logs=logs)
        if not database.query(APP_ACTIONS, database=name):
            raise Failure(f'Nothing is offered on the documents of {APP}.')
        database.odoo(name, 'uninstall', script=UNINSTALL % APP, logs=logs)
        if database.query(APP_ACTIONS, database=name):
            raise Failure(f'What is offered on the documents of {APP} outlives it.')
    return 2


def _strays(name):
    return {
        found for statement in (STRAY_COLUMNS, RECORDS, STEPS)
        for (found,) in database.query(statement, database=name)
    }
