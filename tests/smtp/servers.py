"""Real SMTP servers on loopback that sign in, encrypt, refuse, keep waiting and hang up."""

import asyncio
import datetime
import logging
import socket
import ssl
import tempfile
import threading
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

HOST = 'localhost'

logging.getLogger('mail.log').disabled = True  # what aiosmtpd says of clients like ours


class MailServer:
    """An SMTP server. What it does at a stage (MAIL, RCPT, DATA, AUTH) can be set at any time.

    :param tls: none, starttls or ssl.
    :param users: names and passwords; without any, nobody signs in.
    :ivar answers: what it answers at a stage instead of taking it.
    :ivar cut: the stages at which it hangs up, or the recipients; `silent`: the stages at which it
        says nothing any more.
    :ivar delay: seconds that it takes for each mail.
    :ivar mails: the envelopes that it took.
    :ivar tried: the names that tried to sign in.
    """

    def __init__(self, tls='none', users=None, context=None, plain_login=True):
        self.tls = tls
        self.users = users or {}
        self.context = context or certificate()[0]
        self.plain_login = plain_login
        self.reset()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def reset(self):
        self.answers, self.cut, self.silent = {}, set(), set()
        self.mails, self.tried, self.delay = [], [], 0

    def __enter__(self):
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_details):
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self):
        self._server = await self._loop.create_server(
            self._session, '127.0.0.1', 0, ssl=self.context if self.tls == 'ssl' else None)

    def _session(self):
        from aiosmtpd.smtp import SMTP

        return SMTP(
            self, loop=self._loop, hostname=HOST, enable_SMTPUTF8=True,
            tls_context=self.context if self.tls == 'starttls' else None,
            authenticator=self._sign_in if self.users else None,
            auth_require_tls=not (self.users and self.plain_login),
        )

    async def _close(self):
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _sign_in(self, server, _session, _envelope, _mechanism, data):
        from aiosmtpd.smtp import AuthResult

        name, password = data.login.decode(), data.password.decode()
        self.tried.append(name)
        if 'AUTH' in self.cut:
            server.transport.abort()
        if answer := self.answers.get('AUTH'):
            return AuthResult(success=False, handled=False, message=answer)
        return AuthResult(success=self.users.get(name) == password, handled=False)

    async def _at(self, stage, server):
        if stage in self.cut:
            server.transport.abort()
        if stage in self.cut | self.silent:
            await asyncio.sleep(3600)
        return self.answers.get(stage)

    # --- called by aiosmtpd -----------------------------------------------------------------------

    async def handle_EHLO(self, server, session, _envelope, hostname, responses):
        await self._at('EHLO', server)
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, _session, envelope, address, options):
        await asyncio.sleep(self.delay)
        if answer := await self._at('MAIL', server):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return '250 OK'

    async def handle_RCPT(self, server, _session, envelope, address, _options):
        answer = await self._at('RCPT', server)
        if answer and (not isinstance(answer, dict) or address in answer):
            return answer[address] if isinstance(answer, dict) else answer
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(self, server, _session, envelope):
        for stage in ('DATA', *envelope.rcpt_tos):
            if answer := await self._at(stage, server):
                return answer
        self.mails.append(envelope)
        if 'AFTER' in self.cut:  # took it, and did not say so
            server.transport.abort()
        return '250 Taken'


class RawServer:
    """Talks as it is told to: `behave` gets each connection."""

    def __init__(self, behave):
        self._behave = behave
        self._stop = threading.Event()

    def __enter__(self):
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_details):
        self._stop.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self):
        with suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                with connection, suppress(OSError):
                    self._behave(connection, self._stop)


def say(text):
    """A behaviour: say `text`, and hang up when spoken to."""
    def behave(connection, _stop):
        connection.sendall(text)
        connection.recv(1024)
    return behave


def say_nothing(_connection, stop):
    stop.wait(60)


def hang_up(_connection, _stop):
    pass


def dribble(connection, stop):
    """One more character of the greeting every tenth of a second, for ever."""
    connection.sendall(b'220 ')
    while not stop.wait(0.1):
        connection.sendall(b'x')


def dribble_lines(connection, stop):
    """One more line of an answer that never ends."""
    connection.sendall(b'220 ready\r\n')
    while not stop.wait(0.1):
        connection.sendall(b'250-MORE\r\n')


def closed_port():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def blocked_port():
    """A port at which nobody answers a connection, as behind a firewall."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(('127.0.0.1', 0), backlog=0))
        address = listener.getsockname()
        for _client in range(4):  # whoever comes after these is left waiting
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        yield address[1]


@cache
def certificate(name=HOST, days=1):
    """A self-made certificate: (TLS of a server that has it, file by which clients trust it)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - 9 * day).not_valid_after(now + days * day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption())
    folder = Path(tempfile.mkdtemp(prefix='email-pay-certificates-'))
    file = folder / 'trusted.pem'
    file.write_bytes(made)
    both = folder / 'both.pem'
    both.write_bytes(private + made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    both.unlink()
    return context, str(file)
