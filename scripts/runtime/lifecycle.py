"""Install, upgrade and uninstall this add-on: no step may warn, nothing may stay behind."""

from . import database, processes, server
from .home import Failure

UNINSTALL = """
env['ir.module.module'].search([('name', '=', '%s')]).button_immediate_uninstall()
"""

# An app that this add-on does not need: its tests beside it, a request of a gateway, in which code
# that comes with it takes part, and what it offers there.
APP = 'sale'
APP_TESTS = ','.join((
    'email_pay_orders', '/email_pay:TestWebhook.test_a_signed_notification_is_stored_as_it_came'))
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
# Each table, and what tells its rows apart.
TABLES = """
    SELECT t.table_name, COALESCE(c.column_name::text, t.table_name || '::text')
      FROM information_schema.tables t
 LEFT JOIN information_schema.columns c
        ON c.table_name = t.table_name AND c.column_name = 'id' AND c.table_schema = 'public'
     WHERE t.table_schema = 'public'
"""
# What Odoo writes down of its own doings. Of the last three it forgets some rows of any module that
# goes; what they may not hold is among the strays.
CHANGING = {
    'bus_bus', 'ir_cron_trigger', 'orm_signaling_registry',
    'ir_model_constraint', 'ir_model_data', 'ir_model_inherit',
}
SHOWN_ROWS = 5
RECORDS = f"SELECT 'record ' || name FROM ir_model_data WHERE module = '{server.ADDON}'"
# Where a name of this add-on, or of one of its models, would tell of it.
NAMING = {
    'ir_attachment': ('res_model', 'url'), 'ir_config_parameter': ('key',),
    'ir_cron': ('cron_name',), 'ir_act_window': ('res_model',), 'ir_act_server': ('code',),
    'ir_filters': ('model_id',), 'ir_model': ('model',), 'ir_model_fields': ('name', 'relation'),
    'ir_ui_view': ('key', 'model'), 'mail_activity': ('res_model',), 'mail_message': ('model',),
    'mail_followers': ('res_model',), 'mail_template': ('model',), 'payment_provider': ('code',),
    'account_payment_method': ('code',), 'ir_model_data': ('name',),
    'onboarding_onboarding_step': ('panel_step_open_action_name',),
}
NAMES = r'(^|[^a-z])email[._]pay([._]|$)|^(credicorp|greenpay|pagolivre)$'
# What a page that was asked for meanwhile consists of; ours are among the strays.
BUNDLES = "url LIKE '/web/assets/%'"


def check(logs, addons):
    """Go through the life of an installation of the archive that is unpacked in `addons`, with demo
    data; return the number of steps checked."""
    options = ('--addons-path', addons)
    with database.copy(database.base(), 'install') as name:
        before = strays(name)
        for step in ('init', 'update'):
            database.odoo(
                name, step, *options, f'--{step}', server.ADDON, *database.DEMO, logs=logs)
        uninstall(name, server.ADDON, logs, *options)
        complain_of(strays(name) - before)
    return 3 + _check_beside(logs)


def _check_beside(logs):
    """An app that comes and goes: what this add-on offers on its documents comes and goes too."""
    with database.copy(database.email_pay(), 'beside') as name:
        with processes.port(18069) as port:  # which tests open, whatever else is said
            database.odoo(
                name, 'install', '--init', APP, '--update', server.ADDON, '--test-tags', APP_TESTS,
                '--http-port', port, *database.DEMO, logs=logs)
        if not database.query(APP_ACTIONS, database=name):
            raise Failure(f'Nothing is offered on the documents of {APP}.')
        uninstall(name, APP, logs)
        if database.query(APP_ACTIONS, database=name):
            raise Failure(f'What is offered on the documents of {APP} outlives it.')
    return 2


def uninstall(name, module, logs, *options):
    database.odoo(name, 'uninstall', *options, script=UNINSTALL % module, logs=logs)


def check_rows(before, after):
    """Fail with the tables and rows that a database has and the one it is a copy of has not."""
    complain_of(strays(after) - strays(before))
    old, new = _rows(before), _rows(after)
    left = {f'table {table}' for table in new.keys() - old.keys()}
    for table in new.keys() & old.keys():
        if rows := new[table] - old[table]:
            left.add(f'{len(rows)} rows of {table}: {sorted(rows)[:SHOWN_ROWS]}')
    complain_of(left)


def _rows(name):
    """The rows of each table of a database: their ids, all of them where it has none."""
    with database.cursor(name) as cr:
        cr.execute(TABLES)
        found = {}
        for table, shown in cr.fetchall():
            if table not in CHANGING:
                kept = f'WHERE ({BUNDLES}) IS NOT TRUE' if table == 'ir_attachment' else ''
                cr.execute(f'SELECT {shown} FROM {table} {kept}')
                found[table] = {row for (row,) in cr.fetchall()}
        return found


def complain_of(left):
    if left:
        raise Failure('\n'.join(['Uninstalling leaves these behind:', *sorted(left)]))


def strays(name):
    """What a database has that an uninstalled add-on may not leave: columns, tables, records."""
    statements = [STRAY_COLUMNS, RECORDS, *(
        f"SELECT '{table} ' || id || ' ' || {column} FROM {table} WHERE {column} ~ '{NAMES}'"
        for table, columns in NAMING.items() for column in columns
    )]
    return {
        found for statement in statements for (found,) in database.query(statement, database=name)
    } | {f'table {table}' for table, _shown in database.query(TABLES, database=name)}
