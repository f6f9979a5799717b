"""Goal 17: a thousand receipts beside a hundred, written into the outbox and handed over to a mail
server. They are without their PDFs: a program of its own draws those."""

import importlib
import tempfile
from contextlib import contextmanager
from pathlib import Path

from .. import processes
from . import notices
from .result import at_most, ms

FEW, MANY = 100, 1000
STEPS = {'write': 'written', 'send': 'handed over'}


def sent(stage):
    with _mailbox() as port, stage.shell('ours', 'receipts') as call:
        call('open_mail_account', port=port)
        found = {}
        for count in (10, FEW, MANY):  # the first ones read what is read once for all
            call('post_payments', count=count)
            found[count] = {step: _each(call(f'{step}_receipts'), count) for step in STEPS}
    return [_result(what, found[FEW][step], found[MANY][step]) for step, what in STEPS.items()]


def _each(timed, count):
    return {name: value / count for name, value in timed.items()}


def _result(what, few, many):
    return at_most(
        17, f'each of {MANY} receipts {what}, of {FEW}', f'{many["queries"]:.1f} SQL',
        f'{few["queries"]:.1f} SQL', many['queries'] / few['queries'], 1.02,
        (f'{ms(many["seconds"])} each, beside {ms(few["seconds"])}',))


@contextmanager
def _mailbox():
    """The port of a mail server on loopback."""
    notices.sandbox()
    smtp, store = (importlib.import_module(f'sandbox.mailbox.{name}') for name in ('smtp', 'store'))
    with tempfile.TemporaryDirectory() as folder:
        server = smtp.Smtp(store.Store(Path(folder)), processes.LOOPBACK, 0)
        server.start()
        try:
            yield server.port
        finally:
            server.stop()
