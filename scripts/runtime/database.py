"""Databases with their filestores: templates that are built once, and copies of them."""

import functools
import hashlib
import os
import re
import secrets
import shutil
from contextlib import contextmanager

import psycopg2

from . import fetch, postgres, server
from .home import CHECKOUT, HOME, LOGS, Failure, digest, lock, step

BASE_MODULES = ('account_payment', 'l10n_pa', 'l10n_cr', 'l10n_cl', 'l10n_br', 'payment_demo')
# Loaded once here: the demo's customers speak them, and loading takes a minute.
LANGUAGES = 'en_US,es_PA,es_CR,es_CL,pt_BR'
TEMPLATES = HOME / 'templates'
KEPT_TEMPLATES = 4
DEMO = ('--with-demo', '--stop-after-init')

# What the tests of this add-on find: a provider of Odoo that it must hold to its own rules, and the
# company that each class of them would make for itself, see tests/company_common.py.
BESIDE = 'payment_stripe'
TESTED_COMPANY = """
company = env['res.company'].create({'name': 'company_1_data'})
charts = env['account.chart.template']
chart = charts._guess_chart_template(company.country_id)
charts.try_loading(chart, company=company, install_demo=False)
company.account_fiscal_country_id = company.account_fiscal_country_id or env.ref('base.us')
env.cr.commit()
"""

# What of the checkout does not change an installed database.
NOT_INSTALLED = {'tests', 'sandbox', 'scripts', 'doc', 'docs', 'description', '__pycache__'}

# Renders every asset bundle once, so that no copy's first page has to wait for them.
RENDER_ASSETS = "env['ir.qweb']._pregenerate_assets_bundles(); env.cr.commit()"


# -- Templates --------------------------------------------------------------------------------

def base():
    """Return the template with the modules this add-on builds on, and demo data."""
    odoo = fetch.odoo()
    release = (odoo / 'odoo/release.py').read_text()
    key = digest(odoo, release, BASE_MODULES, LANGUAGES, RENDER_ASSETS)
    title = f'database with {", ".join(BASE_MODULES)}'
    return template(f'template_base_{key}', title, _build_base)


@functools.cache
def email_pay():
    """Return the template with this add-on as it is in the checkout when first asked for."""
    origin = base()
    name = f'template_email_pay_{digest(origin, addon_digest())}'
    return template(name, 'database with email_pay', lambda name: _build_email_pay(name, origin))


def tested():
    """Return the template that the tests of this add-on run in."""
    origin = email_pay()
    name = f'template_tested_{digest(origin, BESIDE, TESTED_COMPANY)}'
    return template(name, 'database with what tests need', lambda name: _build_tested(name, origin))


def template(name, title, build):
    """Return a template's name, built by `build(name)` unless it is there already."""
    if not _is_ready(name):
        with lock(name, title=title):
            if not _is_ready(name):
                _build_template(name, title, build)
    (TEMPLATES / name).touch()
    return name


def _is_ready(name):
    return (TEMPLATES / name).exists() and exists(name)


def _build_template(name, title, build):
    drop(name)
    with step(title):
        try:
            build(name)
        except BaseException:
            drop(name)
            raise
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    (TEMPLATES / name).touch()
    _drop_old_templates(name.rpartition('_')[0])


def _build_base(name):
    create(name)
    install(name, *BASE_MODULES, languages=LANGUAGES)
    odoo(name, 'assets', script=RENDER_ASSETS)


def _build_email_pay(name, origin):
    create(name, origin)
    install_email_pay(name)


def _build_tested(name, origin):
    create(name, origin)
    install(name, BESIDE)
    odoo(name, 'company', script=TESTED_COMPANY + RENDER_ASSETS)


def install_email_pay(name):
    install(name, server.ADDON)
    odoo(name, 'assets', script=RENDER_ASSETS)


def _drop_old_templates(kind):
    """Keep the templates of a kind that were used last."""
    newest_first = sorted(
        TEMPLATES.glob(f'{kind}_*'), key=lambda path: path.stat().st_mtime, reverse=True)
    for record in newest_first[KEPT_TEMPLATES:]:
        record.unlink()
        drop(record.name)


def install(name, *modules, languages='', logs=LOGS):
    """Install modules, and languages; any warning in the log is a failure."""
    load = ('--load-language', languages) if languages else ()
    odoo(name, 'install', '--init', ','.join(modules), *load, *DEMO, logs=logs)


def odoo(name, title, *arguments, script='', logs=LOGS):
    """Run Odoo, or a script in its shell, on a database; fail with the warnings of its log."""
    log = logs / f'{name}-{title}.log'
    log.unlink(missing_ok=True)
    shell = ('shell',) if script else ()
    options = ('--database', name, '--no-http', '--max-cron-threads=0')
    code = server.run(log, *shell, *options, *arguments, script=script)
    if found := warnings(log):
        raise Failure('\n'.join([f'{title} on {name} is not clean ({log}):', *found]))
    if code:
        raise Failure(f'{title} on {name} failed, see {log}.')


def warnings(log, logger='', levels=('WARNING', 'ERROR', 'CRITICAL')):
    """Return the log's lines of these levels, tracebacks included."""
    entry = re.compile(r'\d{4}-\d\d-\d\d [\d:,]+ \d+ (\w+) \S+ (\S+):')
    found, wanted = [], False
    for line in log.read_text(errors='replace').split('\n'):
        if match := entry.match(line):
            level, name = match.groups()
            wanted = level in levels and name.startswith(logger)
        if wanted and line.strip():
            found.append(line)
    return found


def addon_digest():
    """Return a digest of the checkout's files that an installed database depends on."""
    total = hashlib.sha256()
    for path in sorted(_addon_files(CHECKOUT)):
        total.update(str(path.relative_to(CHECKOUT)).encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:12]


def _addon_files(folder):
    for path in folder.iterdir():
        if path.name.startswith('.') or path.name in NOT_INSTALLED:
            continue
        if path.is_dir():
            yield from _addon_files(path)
        elif path.suffix not in ('.md', '.toml', '.pyc'):
            yield path


# -- Databases --------------------------------------------------------------------------------

@contextmanager
def copy(template, label='copy'):
    """Yield the name of a copy of a template; drop it afterwards."""
    _drop_orphans()
    name = f'copy_{label}_{secrets.token_hex(4)}'
    with lock(name):
        try:
            create(name, template)
            yield name
        finally:
            drop(name)
    (HOME / 'locks' / name).unlink(missing_ok=True)


def _drop_orphans():
    """Drop the copies whose process was killed."""
    for path in (HOME / 'locks').glob('copy_*'):
        with lock(path.name, wait=False) as orphan:
            if orphan:
                drop(path.name)
                path.unlink(missing_ok=True)


def create(name, template=None):
    """Create a database: an empty one in Odoo's way, or a copy with its filestore."""
    if template is None:
        execute(f"CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C' ENCODING 'UTF8'")
        return
    # Odoo never writes into a file of the filestore again: links are copies.
    shutil.copytree(filestore(template), filestore(name), copy_function=os.link)
    execute(f'CREATE DATABASE {name} TEMPLATE {template}')


def drop(name):
    execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    shutil.rmtree(filestore(name), ignore_errors=True)


def exists(name):
    return bool(query('SELECT 1 FROM pg_database WHERE datname = %s', name))


def filestore(name):
    return server.DATA / 'filestore' / name


def query(statement, *values, database='postgres'):
    """Return the rows of a statement."""
    with cursor(database) as cr:
        cr.execute(statement, values)
        return cr.fetchall()


def execute(statement, database='postgres'):
    with cursor(database) as cr:
        cr.execute(statement)


@contextmanager
def cursor(database):
    connection = psycopg2.connect(
        dbname=database, host=str(postgres.socket_folder()), user=postgres.ROLE)
    connection.autocommit = True
    try:
        yield connection.cursor()
    finally:
        connection.close()
