"""A demo: Odoo with this add-on, beside the gateways' sandbox and a mailbox, on this machine only.

`scripts/demo` starts one and keeps its database for the next start, until the add-on changes;
`--fresh` begins with a new one. `scripts/demo --check [NAME…]` runs the journeys instead, on a
database that is dropped afterwards.
"""

import itertools
import os
import re
import shutil
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import requests

from . import database, fetch, journeys, postgres, processes, rpc, server
from .home import CHECKOUT, HOME, LOGS, Failure, digest, lock

# Which fields of a provider hold its gateway's addresses, and where the sandbox answers for each.
GATEWAY_ADDRESSES = {
    'credicorp': {'credicorp_base_url': ''},
    'greenpay': {
        'greenpay_merchant_url': '/greenpay/merchant', 'greenpay_form_url': '/greenpay/form',
    },
    'pagolivre': {'pagolivre_base_url': '/pagolivre/api/v2'},
}
# The field that names the merchant account of a provider: it ends with the account's number. What
# is not here tells the gateway with each payment where it reports to.
MERCHANTS = {'credicorp': 'credicorp_tokenization_key', 'greenpay': 'greenpay_merchant_id'}

CONFLICT = 'could not serialize access'
ACCOUNTANTS = (
    'accountant (Panama), contadora (Costa Rica), contador (Chile), contabilista (Brazil)'
)


class Demo(NamedTuple):
    """The parts of a running demo."""

    database: str
    odoo_url: str
    sandbox_url: str
    mailbox: Path
    smtp_port: int
    odoo_log: Path

    def rpc(self, login='admin', password='admin'):
        return rpc.Session(self.odoo_url, self.database, login, password)


def main(*arguments):
    options = {word for word in arguments if word.startswith('--')}
    names = [word for word in arguments if word not in options]
    if unknown := options - {'--check', '--fresh'}:
        raise Failure(f'There is no option {unknown.pop()}; there are --check and --fresh.')
    with postgres.server():
        if '--check' in options:
            return _check(names)
        return _serve('--fresh' in options)


def _serve(fresh):
    """Run a demo until it is interrupted."""
    with _kept_database(fresh) as name, running(name, HOME / 'demos' / name) as demo:
        print(f"""
Odoo      {demo.odoo_url}
          admin, and for one company each: {ACCOUNTANTS};
          the password is the name
Payment   {demo.odoo_url}/pay/to/cl-company
          tax number 76.543.210-3, phone 9 8765 4321; the code comes to the mailbox
Gateways  {demo.sandbox_url}
Mailbox   {demo.sandbox_url}/mailbox
Log       {demo.odoo_log}

Ctrl-C stops everything.""", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


def _check(names):
    """Run journeys on a demo of their own."""
    folder = LOGS / f'demo-{time.strftime("%Y%m%d-%H%M%S")}-{os.getpid()}'
    with database.copy(database.email_pay(), 'demo') as name, running(name, folder) as demo:
        passed = journeys.run_all(demo, names, folder / 'screens')
        errors = _errors(demo.odoo_log)
    for line in errors:
        print(line)
    print(f'Log: {demo.odoo_log}')
    return int(not passed or bool(errors))


def _errors(log):
    """The errors of a log, but for the statements that met another worker's: Odoo runs those again.
    """
    lines = database.warnings(log, levels=('ERROR', 'CRITICAL'))
    entries = re.split(r'\n(?=\d{4}-\d\d-\d\d )', '\n'.join(lines)) if lines else []
    return [entry for entry in entries if CONFLICT not in entry]


@contextmanager
def _kept_database(fresh):
    """Yield the first demo database of this checkout that no other demo uses."""
    template = database.email_pay()
    current = f'demo_{digest(CHECKOUT)}_{digest(template)}'
    _drop_outdated(current)
    for number in itertools.count(1):
        name = f'{current}_{number}'
        with lock(name, wait=False) as mine:
            if not mine:
                continue
            if fresh or not database.exists(name):
                _drop(name)
                database.create(name, template)
            yield name
            return


def _drop_outdated(current):
    """Drop the demos of what this checkout was before, and of checkouts that are no more."""
    for (name,) in database.query("SELECT datname FROM pg_database WHERE datname ~ '^demo_'"):
        checkout = name.rsplit('_', 2)[0]
        if name.startswith(current) or (not current.startswith(checkout) and _exists(checkout)):
            continue
        with lock(name, wait=False) as unused:
            if unused:
                _drop(name)


def _exists(checkout):
    return (HOME / 'addons' / checkout.removeprefix('demo_') / server.ADDON).exists()


def _drop(name):
    database.drop(name)
    shutil.rmtree(HOME / 'demos' / name, ignore_errors=True)


@contextmanager
def running(name, folder, *options):
    """Run Odoo on a database, the sandbox and the mailbox; yield them as a `Demo`.

    :param options: what Odoo is told besides.
    """
    with (
        processes.port(8069) as odoo_port,
        processes.port(8169) as sandbox_port,
        processes.port(8269) as smtp_port,
    ):
        demo = Demo(
            database=name,
            odoo_url=f'http://{processes.LOOPBACK}:{odoo_port}',
            sandbox_url=f'http://{processes.LOOPBACK}:{sandbox_port}',
            mailbox=folder / 'mailbox',
            smtp_port=smtp_port,
            odoo_log=folder / 'odoo.log')
        demo.mailbox.mkdir(parents=True, exist_ok=True)
        with (
            _sandbox(demo, sandbox_port, smtp_port, folder),
            _odoo(demo, odoo_port, smtp_port, *options),
        ):
            configure(demo)
            yield demo


@contextmanager
def _sandbox(demo, port, smtp_port, folder):
    log = folder / 'sandbox.log'
    command = (
        fetch.python(), '-m', 'sandbox', '--host', processes.LOOPBACK, '--port', port,
        '--smtp-port', smtp_port, '--mailbox', demo.mailbox, '--odoo-url', demo.odoo_url)
    with processes.running(command, log, cwd=CHECKOUT) as process:
        processes.wait_for_http(demo.sandbox_url, process, log)
        yield


@contextmanager
def _odoo(demo, port, smtp_port, *options):
    command = server.command(
        '--database', demo.database, '--http-port', port, '--max-cron-threads', 1,
        '--smtp', processes.LOOPBACK, '--smtp-port', smtp_port, *options)
    with processes.running(command, demo.odoo_log, env=server.environment()) as process:
        processes.wait_for_http(f'{demo.odoo_url}/web/health', process, demo.odoo_log)
        yield


def configure(demo):
    """Tell Odoo its own address, and where the sandbox is; tell that where Odoo is."""
    admin = demo.rpc()
    parameters = {
        'web.base.url': demo.odoo_url, 'web.base.url.freeze': 'True',
        # Odoo's own service of text messages: nothing leaves this machine.
        'sms.endpoint': f'{demo.sandbox_url}/sms',
    }
    for name, value in parameters.items():
        admin.call('ir.config_parameter', 'set_param', name, value)
    [user] = admin.call('res.users', 'read', [admin.user_id], ['company_ids'])
    context = {'allowed_company_ids': user['company_ids']}
    for code, paths in GATEWAY_ADDRESSES.items():
        domain = [('code', '=', code), ('state', '!=', 'disabled')]
        ids = admin.call('payment.provider', 'search', domain, context=context)
        addresses = {field: demo.sandbox_url + path for field, path in paths.items()}
        admin.call('payment.provider', 'write', ids, addresses, context=context)
        if field := MERCHANTS.get(code):
            providers = admin.call(
                'payment.provider', 'read', ids, ['email_pay_webhook_url', field], context=context)
            _register_webhooks(f'{demo.sandbox_url}/control/{code}', providers, field)


def _register_webhooks(control, providers, field):
    """Tell the sandbox where each merchant account reports to, and open those it lacks."""
    webhooks = defaultdict(list)
    for provider in providers:
        webhooks[provider[field]].append(provider['email_pay_webhook_url'])
    accounts = [merchant['id'] for merchant in _ask('GET', control)['merchants']]
    for key in sorted(webhooks):
        if not (account := next((name for name in accounts if key.endswith(name)), None)):
            account = _ask('POST', f'{control}/merchants')['id']
        urls = webhooks[key]
        _ask('POST', control, merchant=account, webhook_url=urls if len(urls) > 1 else urls[0])


def _ask(method, url, **values):
    answer = requests.request(
        method, url, json=values if method == 'POST' else None, timeout=10)
    answer.raise_for_status()
    return answer.json()
