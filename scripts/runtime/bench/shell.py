"""Odoo's shell as a process that is told what to do: the functions of `inside`, one at a time."""

import json
import socket
import subprocess
from contextlib import contextmanager

from .. import processes, server
from ..home import Failure
from .templates import HERE

PATIENCE = 1800
START = 120


@contextmanager
def running(name, log):
    """Yield `call(function, **arguments)`."""
    command = server.command('shell', '--database', name, '--no-http', '--max-cron-threads', 0)
    with socket.create_server((processes.LOOPBACK, 0)) as listener:
        listener.settimeout(START)
        port = listener.getsockname()[1]
        with processes.running(
            command, log, stdin=subprocess.PIPE, env=server.environment(),
        ) as process:
            process.stdin.write(f'{HERE}import inside; inside.serve(env, {port})\n'.encode())
            process.stdin.close()
            connection, _address = listener.accept()
            connection.settimeout(PATIENCE)
            with connection, connection.makefile('rw', encoding='utf-8') as lines:
                yield lambda function, **arguments: _call(lines, log, function, arguments)


def _call(lines, log, function, arguments):
    lines.write(f'{json.dumps([function, arguments])}\n')
    lines.flush()
    if answer := lines.readline():
        return json.loads(answer)
    raise Failure(f'{function} failed inside Odoo, see {log}.')
