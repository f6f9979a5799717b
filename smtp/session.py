"""A session with a mail server: every wait has an end, and every failure a name."""

import smtplib
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field

import idna

from .problems import Kind, Problem, of_reply

# Parts of the whole time: for one address of the server, for its greeting, which some give late on
# purpose, and for asking whether it speaks TLS where it does not greet.
ADDRESS_SECONDS = 4
GREETING_SECONDS = 7
GREETING_SECONDS_AT = {465: 4}  # likely silent because it waits for TLS
PROBE_SECONDS = 3
QUIT_SECONDS = 3
# A large mail has more time.
SLOWEST_BYTES_PER_SECOND = 50_000
# A wait may end a moment before its time.
CLOCK_SECONDS = 0.05


@dataclass(frozen=True)
class Settings:
    """:param encryption: none, starttls, starttls_strict, ssl or ssl_strict, as in Odoo."""

    host: str
    port: int
    encryption: str
    user: str = ''
    password: str = field(default='', repr=False)

    @property
    def tls_from_start(self):
        return self.encryption in ('ssl', 'ssl_strict')

    @property
    def starttls(self):
        return self.encryption in ('starttls', 'starttls_strict')

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if not self.encryption.endswith('_strict'):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class Lines:
    """The server's lines; waiting for the rest of one does not begin anew with each byte."""

    def __init__(self, session, sock):
        self._session = session
        self._sock = sock
        self._read = b''

    def readline(self, limit):
        while b'\n' not in self._read[:limit] and len(self._read) < limit:
            self._sock.settimeout(self._session.remaining())
            more = self._sock.recv(4096)
            if not more:
                break
            self._read += more
        end = self._read.find(b'\n', 0, limit) + 1 or limit
        line, self._read = self._read[:end], self._read[end:]
        return line

    def close(self):
        pass


class Session(smtplib.SMTP):
    """An SMTP session that is over when its time is, whatever the server does.

    :ivar connected: whether anything took the connection.
    :ivar problem: what went wrong with the last mail.
    :ivar delivered: the addresses that the server took it for.
    :ivar refused: those that it did not take, each with its problem.
    """

    def __init__(self, settings: Settings, deadline: float):
        self.deadline = deadline
        self.connected = False
        self.refused_login = None
        self.begin()
        self._greeting = GREETING_SECONDS_AT.get(settings.port, GREETING_SECONDS)
        super().__init__(local_hostname=_own_name())
        self._host = _ascii_host(settings.host)

    # --- time -------------------------------------------------------------------------------------

    def remaining(self, at_most=None):
        """Seconds that are left.

        :raises TimeoutError: none.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The time is over")
        return min(left, at_most or left)

    def allow(self, seconds):
        self.deadline = time.monotonic() + seconds

    @property
    def late(self):
        return time.monotonic() > self.deadline - CLOCK_SECONDS

    def _get_socket(self, host, port, _timeout):
        """Override of `smtplib`: a name that has many addresses has no more time than one."""
        failure = OSError("No address")
        for family, kind, protocol, _name, address in _addresses(host, port, self.remaining()):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self.remaining(ADDRESS_SECONDS))
                connection.connect(address)
                self.connected = True
                self.allow(self.remaining(self._greeting))
                return connection
            except OSError as error:
                connection.close()
                failure = error
        raise failure

    def getreply(self):
        if self.file is None and self.sock:
            self.file = Lines(self, self.sock)
        return super().getreply()

    def send(self, s):
        if self.sock:
            self.sock.settimeout(self.remaining())
        super().send(s)

    def starttls(self, **kwargs):
        self.sock.settimeout(self.remaining())
        return super().starttls(**kwargs)

    def quit(self):
        self.allow(QUIT_SECONDS)
        try:
            return super().quit()
        except (OSError, smtplib.SMTPException):
            self.close()

    # --- mails, and what went wrong ---------------------------------------------------------------

    def begin(self, messages=1):
        """Begin a mail, which goes out in so many messages, each to recipients of its own."""
        self.problem, self.delivered, self.refused = None, [], {}
        self._to_come, self._refusals = messages, {}

    def auth(self, *args, **kwargs):
        """Override of `smtplib`, which tries the other ways to sign in, also where the server hangs
        up after the first one: its refusal is what counts."""
        try:
            return super().auth(*args, **kwargs)
        except smtplib.SMTPAuthenticationError as error:
            self.refused_login = error
            raise

    def sendmail(self, from_addr, to_addrs, msg, *args, **kwargs):
        """Override of `smtplib`: who is refused keeps nobody else from getting a mail, and is told
        when its last message was handed over.

        :raises smtplib.SMTPRecipientsRefused: also where others got it.
        """
        self.problem = None
        if self._to_come <= 0:  # another mail, which nobody began
            self._refusals = {}
        self._to_come -= 1
        self.deadline += len(msg) / SLOWEST_BYTES_PER_SECOND
        try:
            refused = self._hand_over(from_addr, to_addrs, msg, *args, **kwargs)
            self.delivered += [address for address in to_addrs if address not in refused]
            self._refusals |= refused
            if self._refusals and self._to_come <= 0:
                raise smtplib.SMTPRecipientsRefused(self._refusals)
        except (smtplib.SMTPException, OSError) as error:
            self.problem = self.diagnose(error)
            raise
        return {}

    def _hand_over(self, from_addr, to_addrs, *args, **kwargs):
        try:
            return smtplib.SMTP.sendmail(self, from_addr, to_addrs, *args, **kwargs)
        except smtplib.SMTPRecipientsRefused as error:
            return error.recipients

    def diagnose(self, error) -> Problem:
        """What an exception while a mail was handed over means."""
        match error:
            case smtplib.SMTPSenderRefused() if error.smtp_code == 552:
                return of_reply(Kind.MESSAGE, error.smtp_code, error.smtp_error)  # too large
            case smtplib.SMTPSenderRefused():
                return of_reply(Kind.SENDER, error.smtp_code, error.smtp_error)
            case smtplib.SMTPRecipientsRefused():
                self.refused = {
                    address: of_reply(Kind.RECIPIENT, *said, address=address)
                    for address, said in error.recipients.items()
                }
                return min(self.refused.values(), key=lambda problem: problem.for_good)
            case smtplib.SMTPResponseException():
                return of_reply(Kind.MESSAGE, error.smtp_code, error.smtp_error)
            case smtplib.SMTPNotSupportedError():
                return Problem(Kind.RECIPIENT, str(error))  # an address that needs SMTPUTF8
        return Problem(Kind.SLOW if self.late else Kind.DROPPED, str(error))


class TlsSession(smtplib.SMTP_SSL, Session):
    """The same, in TLS from the first byte."""

    def __init__(self, settings: Settings, deadline: float):
        self.context = settings.context()
        Session.__init__(self, settings, deadline)

    def _get_socket(self, host, port, timeout):
        connection = Session._get_socket(self, host, port, timeout)
        try:
            connection.settimeout(self.remaining())
            return self.context.wrap_socket(connection, server_hostname=self._host)
        except OSError:
            connection.close()
            raise


def open_session(settings: Settings, seconds: float) -> Session:
    """Connect and log in.

    :raises Problem: what is wrong with the account; after `seconds` at the latest.
    """
    if not settings.host:
        raise Problem(Kind.NO_HOST, opening=True)
    session_class = TlsSession if settings.tls_from_start else Session
    try:
        session = session_class(settings, time.monotonic() + seconds)
    except UnicodeError as error:
        raise Problem(Kind.NAME, str(error), opening=True) from error
    try:
        _greet(session, settings)
        _encrypt(session, settings)
        _log_in(session, settings)
    except BaseException:
        session.close()
        raise
    return session


def _greet(session, settings):
    whole = session.deadline
    try:
        code, text = session.connect(session._host, settings.port)
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        raise _why_no_greeting(session, settings, error, whole) from error
    session.deadline = whole
    if code == -1:
        raise Problem(Kind.NOT_SMTP, text.decode(errors='replace'), opening=True)
    if code != 220:
        raise of_reply(Kind.TURNED_AWAY, code, text, opening=True)


def _why_no_greeting(session, settings, error, whole):
    kind = Kind.UNREACHABLE
    match error:
        case ssl.SSLCertVerificationError():
            return Problem(Kind.CERTIFICATE, error.verify_message, opening=True)
        case ssl.SSLError() if error.reason in ('WRONG_VERSION_NUMBER', 'UNKNOWN_PROTOCOL',
                                                'RECORD_LAYER_FAILURE'):
            kind = Kind.PLAIN_EXPECTED
        case ssl.SSLError():
            kind = Kind.HANDSHAKE
        case socket.gaierror() | UnicodeError():
            kind = Kind.NAME
        case ConnectionRefusedError():
            kind = Kind.REFUSED
        case ConnectionError():
            kind = Kind.DROPPED
        case smtplib.SMTPResponseException():
            kind = Kind.NOT_SMTP
        case smtplib.SMTPServerDisconnected():
            kind = Kind.SILENT if session.late else Kind.DROPPED
            session.deadline = whole
            if not settings.tls_from_start and _speaks_tls(session, settings):
                kind = Kind.TLS_EXPECTED
        case TimeoutError():
            kind = Kind.SILENT if session.connected else Kind.UNREACHABLE
    return Problem(kind, str(error), opening=True)


def _speaks_tls(session, settings):
    """Whether the server waits for us to begin TLS, instead of greeting."""
    try:
        session.allow(session.remaining(PROBE_SECONDS))
        connection = Session._get_socket(session, session._host, settings.port, None)
        with connection:
            context = Settings('', 0, 'ssl').context()
            connection.settimeout(session.remaining())
            context.wrap_socket(connection, server_hostname=session._host).close()
    except OSError:
        return False
    return True


def _encrypt(session, settings):
    try:
        session.ehlo_or_helo_if_needed()
        if settings.starttls:
            session.starttls(context=settings.context())
            session.ehlo_or_helo_if_needed()
    except ssl.SSLCertVerificationError as error:
        raise Problem(Kind.CERTIFICATE, error.verify_message, opening=True) from error
    except ssl.SSLError as error:
        raise Problem(Kind.HANDSHAKE, str(error), opening=True) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Problem(Kind.NO_STARTTLS, str(error), opening=True) from error
    except smtplib.SMTPResponseException as error:
        raise of_reply(Kind.TURNED_AWAY, error.smtp_code, error.smtp_error, opening=True) from error
    except (OSError, smtplib.SMTPException) as error:
        raise _cut(session, error) from error


def _log_in(session, settings):
    if not settings.user:
        return
    try:
        session.login(_ascii_user(settings.user), settings.password)
    except ValueError as error:  # our own letters, or what the server asks is none of SMTP
        kind = Kind.CHARACTERS if isinstance(error, UnicodeError) else Kind.NO_LOGIN
        raise Problem(kind, opening=True) from error
    except smtplib.SMTPNotSupportedError as error:
        hidden = session.has_extn('starttls') and not settings.starttls
        kind = Kind.STARTTLS_NEEDED if hidden else Kind.NO_LOGIN
        raise Problem(kind, str(error), opening=True) from error
    except (OSError, smtplib.SMTPException) as error:
        raise _login_problem(session, session.refused_login or error) from error


def _login_problem(session, error):
    match error:
        case smtplib.SMTPAuthenticationError():
            return of_reply(Kind.LOGIN, error.smtp_code, error.smtp_error, opening=True)
        case smtplib.SMTPResponseException():
            return of_reply(Kind.TURNED_AWAY, error.smtp_code, error.smtp_error, opening=True)
        case smtplib.SMTPServerDisconnected():
            return _cut(session, error)
        case smtplib.SMTPException():
            return Problem(Kind.NO_LOGIN, str(error), opening=True)
    return _cut(session, error)


def _cut(session, error):
    return Problem(Kind.SLOW if session.late else Kind.DROPPED, str(error), opening=True)


# --- names, which the system may look up for as long as it likes ----------------------------------


def _within(seconds, function, *args):
    """The result of `function`, or None when it takes too long; it is left to itself then."""
    results = []

    def run():
        try:
            results.append(function(*args))
        except (OSError, UnicodeError) as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if results and isinstance(results[0], Exception):
        raise results[0]
    return results[0] if results else None


def _addresses(host, port, seconds):
    addresses = _within(seconds, socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
    if addresses is None:
        raise socket.gaierror("The name server does not answer")
    return addresses


def _own_name():
    """How we call ourselves, as `smtplib` would."""
    name = _within(1, socket.getfqdn) or ''
    return name if '.' in name else '[127.0.0.1]'


def _ascii_host(host):
    host = host.strip()
    return host if host.isascii() else idna.encode(host).decode('ascii')


def _ascii_user(user):
    local, at, domain = user.strip().rpartition('@')
    return local + at + (domain if domain.isascii() else idna.encode(domain).decode('ascii'))
