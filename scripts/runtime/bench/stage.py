"""Where it is measured: copies of the templates, and servers over them on loopback."""

import os
import re
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from .. import database, processes, server
from ..chaos.stage import Node
from . import floor, shell
from .sockets import ask_at_once
from .templates import TEMPLATES

# No worker ends in the middle because it has served enough.
LIMITS = ('--limit-request', 10_000_000, '--limit-memory-soft', 0, '--limit-memory-hard', 0)
WORKERS = 2
REQUEST = re.compile(r'"[A-Z]+ (\S+) [^"]*" \d{3} - (\d+) [\d.]+ [\d.]+')
RETRY = re.compile(r'try again in|maximum number of tries')


class Server(NamedTuple):
    """An Odoo server with workers, and what its log tells."""

    database: str
    port: int
    node: Node
    log: Path

    @property
    def url(self):
        return self.node.url

    def mark(self):
        """Where the log ends now."""
        return self.log.stat().st_size

    def queries(self, path, since):
        """How many queries each request to a path took, by the access log."""
        return [
            int(count) for found, count in REQUEST.findall(self._read(since))
            if found.startswith(path)
        ]

    def retries(self, since):
        """How often a request was run again, or could not be."""
        return len(RETRY.findall(self._read(since)))

    def warm_up(self, requests):
        """Let every worker answer: so many connections are open at once."""
        for _ in range(3):
            ask_at_once(self.port, requests)

    def _read(self, since):
        with self.log.open('rb') as file:
            file.seek(since)
            return file.read().decode(errors='replace')


class Stage:
    """Databases and servers by name, made when first asked for and kept until the end."""

    def __init__(self, folder, options):
        self.folder = folder
        self.rounds = options.rounds
        self.backlog = options.backlog
        self.plans = options.plans
        self._addons = floor.write(folder / 'addons')
        self._stack = ExitStack()
        self._made = {}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def database(self, kind, use='http'):
        """A copy of a template, one for each use."""
        return self._once(
            (kind, use), lambda: database.copy(TEMPLATES[kind](), f'bench_{kind}_{use}'))

    def server(self, kind):
        """A server with two workers and no cron worker: nothing but requests."""
        return self._once((kind, 'server'), lambda: self.serving(self.database(kind)))

    @contextmanager
    def serving(self, name, *, workers=WORKERS, cron=0, smtp_port=None, proxy=False):
        mail = ('--smtp', processes.LOOPBACK, '--smtp-port', smtp_port) if smtp_port else ()
        log = self.folder / f'{name}-{workers}-{cron}.log'
        with processes.port(8069) as port, processes.port(8069) as gevent_port:
            node = Node(f'http://{processes.LOOPBACK}:{port}', self._command(
                '--database', name, '--http-port', port, '--gevent-port', gevent_port,
                '--workers', workers, '--max-cron-threads', cron, *mail,
                *(('--proxy-mode',) if proxy else ())), name, log)
            try:
                node.start()
                node.wait()
                yield Server(name, port, node, log)
            finally:
                node.stop()

    def shell(self, kind, use):
        """An Odoo shell on a database, to be used as a context; see `shell.running`."""
        return shell.running(self.database(kind, use), self.folder / f'shell-{kind}-{use}.log')

    def start_payments(self, kind, use, **arguments):
        """Transactions for invoices, made in a shell; see `inside.start_payments`."""
        with self.shell(kind, use) as call:
            return call('start_payments', **arguments)

    def query(self, name, statement, *values):
        return database.query(statement, *values, database=name)

    def _once(self, key, make):
        if key not in self._made:
            self._made[key] = self._stack.enter_context(make())
        return self._made[key]

    def _command(self, *options):
        addons = ','.join(filter(None, [
            str(server.addon().parent),
            os.environ.get('EMAIL_PAY_EXTRA_ADDONS', '').replace(os.pathsep, ','),
            str(self._addons),
        ]))
        return server.command(
            '--addons-path', addons, '--load', f'base,rpc,web,{floor.NAME}', *LIMITS, *options)
