"""`python -m sandbox`: run the sandbox until it is told to stop."""

import argparse
import json
import signal
import threading

from .core import Sandbox


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='sandbox', description=__doc__)
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=0, help='HTTP port (default: a free one)')
    parser.add_argument('--smtp-port', type=int, default=0, help='SMTP port (default: a free one)')
    parser.add_argument('--mailbox', default='', metavar='DIR', help='save mails in this folder')
    parser.add_argument('--memory', default='', metavar='FILE', help='survive a restart')
    parser.add_argument('--odoo-url', default='', help='the Odoo to link to')
    parser.add_argument(
        '--control', action='append', default=[], metavar='GATEWAY=JSON', type=_setting,
        help='what POST /control/GATEWAY would be sent, for example '
        '\'credicorp={"webhook_url": "http://127.0.0.1:8069/…"}\'',
    )
    return parser.parse_args(arguments)


def _setting(text: str) -> tuple[str, dict]:
    gateway, _equals, values = text.partition('=')
    return gateway, json.loads(values)


def main():
    options = parse()
    stopping = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopping.set())
    sandbox = Sandbox(
        options.host, options.port, options.smtp_port if options.mailbox else None,
        options.mailbox, options.odoo_url, options.memory,
    )
    for gateway, values in options.control:
        sandbox.control.configure(gateway, values)
    with sandbox:
        print(json.dumps(sandbox.addresses()), flush=True)
        stopping.wait()


if __name__ == '__main__':
    main()
