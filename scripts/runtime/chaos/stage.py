"""What is broken: two Odoo servers over one database, and the gateways. Beside them a mailbox."""

import os
import signal
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import requests

from .. import demo, fetch, processes, rpc, server
from ..home import CHECKOUT

NODES = 2
WORKERS = 2
CRON_WORKERS = 1
PATIENCE = 10


class Node:
    """One Odoo server with its workers; killed and started again as often as one likes."""

    def __init__(self, url, command, name, log):
        self.url = url
        self._command = command
        # By this PostgreSQL knows our connections, and the process of each.
        self._environment = {**server.environment(), 'PGAPPNAME': f'{name}_{{pid}}'}
        self._log = log
        self._stack = ExitStack()
        self._process = None

    @property
    def is_up(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process and self._process.pid

    def start(self):
        self.stop()
        self._process = self._stack.enter_context(
            processes.running(self._command, self._log, env=self._environment))

    def wait(self):
        processes.wait_for_http(f'{self.url}/web/health', self._process, self._log)

    def stop(self):
        self._process = None
        self._stack.close()

    def kill(self):
        """End the server and all its workers at once, as a power cut does."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self.stop()

    def workers(self, *, cron):
        """The workers of a kind; Odoo is nice to others in its cron workers only."""
        found = []
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children() if self.is_up else ():
                with suppress(psutil.NoSuchProcess):
                    if 'gevent' not in child.cmdline() and (child.nice() > 0) is cron:
                        found.append(child)
        return found


class Gateway:
    """The sandbox, by its control addresses; frozen as if it were out of reach, or killed."""

    def __init__(self, url, command, log):
        self.url = url
        self._command = command
        self._log = log
        self._stack = ExitStack()
        self._process = None

    def start(self):
        self._process = self._stack.enter_context(
            processes.running(self._command, self._log, cwd=CHECKOUT))
        processes.wait_for_http(self.url, self._process, self._log)

    def stop(self):
        self._stack.close()

    def kill(self):
        """End it at once. What it had done it still knows when it starts again."""
        self._process.kill()
        self.stop()

    def freeze(self):
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def ask(self, method, path, **options):
        answer = requests.request(method, f'{self.url}{path}', timeout=PATIENCE, **options)
        answer.raise_for_status()
        return answer.json()


class Stage(NamedTuple):
    database: str
    nodes: tuple
    gateway: Gateway
    mailbox: Path

    def rpc(self, login, node=0):
        return rpc.Session(self.nodes[node].url, self.database, login, login)

    def heal(self):
        """Everything runs and nothing is wrong any more."""
        self.gateway.thaw()
        self.gateway.ask('DELETE', '/control/faults')
        for node in self.nodes:
            if not node.is_up:
                node.start()
        for node in self.nodes:
            node.wait()


@contextmanager
def running(name, folder):
    with ExitStack() as stack:
        ports = [stack.enter_context(processes.port(first)) for first in (8169, 8269)]
        post = stack.enter_context(processes.port(8369))
        ports += [stack.enter_context(processes.port(8069)) for _ in range(2 * NODES)]
        urls = [f'http://{processes.LOOPBACK}:{port}' for port in ports]
        nodes = tuple(
            Node(urls[2 + 2 * number],
                 _odoo_command(name, ports[2 + 2 * number:][:2], ports[1]),
                 name, folder / f'odoo-{number + 1}.log')
            for number in range(NODES))
        mailbox = folder / 'mailbox'
        mailbox.mkdir(parents=True)
        stack.enter_context(_mailbox(post, ports[1], mailbox, folder))
        gateway = Gateway(urls[0], _sandbox_command(
            '--port', ports[0], '--memory', folder / 'gateway.memory', '--odoo-url', urls[2],
        ), folder / 'gateway.log')
        stack.callback(gateway.stop)
        gateway.start()
        stage = Stage(name, nodes, gateway, mailbox)
        for node in nodes:
            stack.callback(node.stop)
            node.start()
        for node in nodes:
            node.wait()
        demo.configure(demo.Demo(
            name, nodes[0].url, gateway.url, mailbox, ports[1], folder / 'odoo-1.log'))
        yield stage


@contextmanager
def _mailbox(port, smtp_port, mailbox, folder):
    """Receive mail in a process of its own, which outlives the gateway."""
    log = folder / 'mailbox.log'
    command = _sandbox_command('--port', port, '--smtp-port', smtp_port, '--mailbox', mailbox)
    with processes.running(command, log, cwd=CHECKOUT) as process:
        processes.wait_for_http(f'http://{processes.LOOPBACK}:{port}', process, log)
        yield


def _sandbox_command(*options):
    return fetch.python(), '-m', 'sandbox', '--host', processes.LOOPBACK, *options


def _odoo_command(name, ports, smtp_port):
    return server.command(
        '--database', name, '--http-port', ports[0], '--gevent-port', ports[1],
        '--workers', WORKERS, '--max-cron-threads', CRON_WORKERS,
        '--smtp', processes.LOOPBACK, '--smtp-port', smtp_port)
