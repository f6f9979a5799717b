import smtplib
import time
import unittest
from email.message import EmailMessage
from unittest.mock import patch

from smtp import Kind, Problem, Settings, open_session, preset_of_address, preset_of_host, session

from .servers import (
    HOST,
    MailServer,
    RawServer,
    blocked_port,
    certificate,
    closed_port,
    dribble,
    dribble_lines,
    hang_up,
    say,
    say_nothing,
)

USER, PASSWORD = 'rosa@canal.example.com', 'right'


class SessionCase(unittest.TestCase):

    def settings(self, server, encryption='none', user='', password='', host=HOST):
        port = server if isinstance(server, int) else server.port
        return Settings(host, port, encryption, user, password)

    def problem(self, settings, seconds=5, mail=False):
        """The problem that a session meets, and in time."""
        started = time.monotonic()
        with self.assertRaises(Problem) as caught:
            opened = open_session(settings, seconds)
            try:
                self.hand_over(opened)
            except Exception as error:
                raise (opened.problem or error) from None
            finally:
                opened.close()
        self.assertLess(time.monotonic() - started, seconds + 1)
        return caught.exception

    def hand_over(self, opened, to=('ana@example.com',)):
        message = EmailMessage()
        message['From'], message['To'], message['Subject'] = USER, ', '.join(to), 'Hello'
        message.set_content('Hello')
        opened.send_message(message, USER, list(to))

    def kind(self, *args, **kwargs):
        return self.problem(*args, **kwargs).kind


class TestGood(SessionCase):
    """A mail leaves, with each encryption, signed in or not."""

    def check(self, server, encryption, **kwargs):
        opened = open_session(self.settings(server, encryption, **kwargs), 5)
        self.hand_over(opened)
        opened.quit()
        [envelope] = server.mails
        self.assertEqual(envelope.rcpt_tos, ['ana@example.com'])

    def test_plain(self):
        with MailServer() as server:
            self.check(server, 'none')

    def test_signed_in(self):
        with MailServer(users={USER: PASSWORD}) as server:
            self.check(server, 'none', user=USER, password=PASSWORD)
            self.assertEqual(server.tried, [USER])

    def test_starttls(self):
        with MailServer('starttls', {USER: PASSWORD}, plain_login=False) as server:
            self.check(server, 'starttls', user=USER, password=PASSWORD)

    def test_tls(self):
        with MailServer('ssl', {USER: PASSWORD}) as server:
            self.check(server, 'ssl', user=USER, password=PASSWORD)

    def test_certificate_that_is_trusted(self):
        context, file = certificate()
        for tls in ('starttls', 'ssl'):
            with (
                self.subTest(tls), patch.dict('os.environ', SSL_CERT_FILE=file),
                MailServer(tls, context=context) as server,
            ):
                self.check(server, f'{tls}_strict')

    def test_first_address_that_does_not_answer(self):
        with MailServer() as server:
            real = session._addresses

            def addresses(host, port, seconds):
                [*_others, last] = real('127.0.0.1', port, seconds)
                return [(*last[:4], ('127.0.0.1', closed_port())), last]

            with patch.object(session, '_addresses', addresses):
                self.check(server, 'none')


class TestConnecting(SessionCase):
    """What is wrong before anything is said."""

    def test_no_server(self):
        self.assertEqual(self.kind(self.settings(25, host='')), Kind.NO_HOST)

    def test_no_such_name(self):
        for host in ('mail.invalid', 'a..b', 'x' * 70 + '.example.com', 'exa mple'):
            with self.subTest(host):
                self.assertEqual(self.kind(self.settings(25, host=host), 8), Kind.NAME)

    def test_name_server_that_does_not_answer(self):
        def getaddrinfo(*_args, **_kwargs):
            time.sleep(3)

        with patch('socket.getaddrinfo', getaddrinfo):
            self.assertEqual(self.kind(self.settings(25), 0.5), Kind.NAME)

    def test_nobody_listens(self):
        for encryption in ('none', 'ssl'):
            self.assertEqual(self.kind(self.settings(closed_port(), encryption)), Kind.REFUSED)

    def test_says_nothing(self):
        for encryption in ('none', 'starttls', 'ssl'):
            with self.subTest(encryption), RawServer(say_nothing) as server:
                self.assertEqual(self.kind(self.settings(server, encryption), 1), Kind.SILENT)

    def test_blocked_by_a_firewall(self):
        for encryption in ('none', 'starttls', 'ssl'):
            with self.subTest(encryption), blocked_port() as port:
                self.assertEqual(self.kind(self.settings(port, encryption), 1), Kind.UNREACHABLE)

    def test_dribbles(self):
        for behave, kind in ((dribble, Kind.SILENT), (dribble_lines, Kind.SLOW)):
            with self.subTest(behave.__name__), RawServer(behave) as server:
                self.assertEqual(self.kind(self.settings(server), 1), kind)

    def test_hangs_up(self):
        with RawServer(hang_up) as server:
            self.assertEqual(self.kind(self.settings(server)), Kind.DROPPED)

    def test_something_else_answers(self):
        for greeting in (b'HTTP/1.1 400 Bad Request\r\n\r\n', b'* OK IMAP4 ready\r\n', b'+OK\r\n'):
            with self.subTest(greeting), RawServer(say(greeting)) as server:
                self.assertEqual(self.kind(self.settings(server)), Kind.NOT_SMTP)

    def test_line_without_end(self):
        with RawServer(say(b'220 ' + b'x' * 20000)) as server:
            self.assertEqual(self.kind(self.settings(server)), Kind.NOT_SMTP)

    def test_turned_away(self):
        for greeting, passing in ((b'554 No service\r\n', True), (b'421 Busy\r\n', True)):
            with self.subTest(greeting), RawServer(say(greeting)) as server:
                problem = self.problem(self.settings(server))
                self.assertEqual(problem.kind, Kind.TURNED_AWAY)
                self.assertEqual(problem.passing, passing)
                self.assertTrue(problem.of_account)


class TestEncryption(SessionCase):
    """Encryption that does not fit the port."""

    def test_not_begun_where_it_is_expected(self):
        for encryption in ('none', 'starttls'):
            with (
                self.subTest(encryption), MailServer('ssl') as server,
                patch.object(session, 'GREETING_SECONDS', 0.5),
            ):
                self.assertEqual(self.kind(self.settings(server, encryption)), Kind.TLS_EXPECTED)

    def test_begun_where_it_is_not_expected(self):
        for tls in ('none', 'starttls'):
            with self.subTest(tls), MailServer(tls) as server:
                self.assertEqual(self.kind(self.settings(server, 'ssl')), Kind.PLAIN_EXPECTED)

    def test_no_starttls(self):
        with MailServer() as server:
            self.assertEqual(self.kind(self.settings(server, 'starttls')), Kind.NO_STARTTLS)

    def test_signing_in_needs_it(self):
        with MailServer('starttls', {USER: PASSWORD}, plain_login=False) as server:
            settings = self.settings(server, 'none', USER, PASSWORD)
            self.assertEqual(self.kind(settings), Kind.STARTTLS_NEEDED)

    def test_certificate(self):
        cases = {
            'nobody vouches for it': (certificate(), None),
            'another name': (certificate('other.example.com'),) * 2,
            'expired': (certificate(days=-2),) * 2,
        }
        for (name, (made, trusted)), tls in zip(
                sorted(cases.items()) * 2, ['starttls'] * 3 + ['ssl'] * 3, strict=True):
            environment = {'SSL_CERT_FILE': trusted[1]} if trusted else {}
            with (
                self.subTest(name, tls=tls), patch.dict('os.environ', environment),
                MailServer(tls, context=made[0]) as server,
            ):
                problem = self.problem(self.settings(server, f'{tls}_strict'))
                self.assertEqual(problem.kind, Kind.CERTIFICATE)
                self.assertTrue(str(problem))
                self.assertFalse(problem.passing)


class TestSigningIn(SessionCase):

    def setUp(self):
        self.server = self.enterContext(MailServer(users={USER: PASSWORD}))

    def refused(self, answer, password='wrong'):
        self.server.answers['AUTH'] = answer
        return self.problem(self.settings(self.server, 'none', USER, password))

    def test_wrong_password(self):
        problem = self.problem(self.settings(self.server, 'none', USER, 'wrong'))
        self.assertEqual(problem.kind, Kind.LOGIN)
        self.assertFalse(problem.passing)
        self.assertNotIn('wrong', str(problem))

    def test_what_providers_say(self):
        cases = {
            '535 5.7.8 Username and Password not accepted': Kind.LOGIN,
            '534 5.7.9 Application-specific password required': Kind.APP_PASSWORD,
            '534 5.7.14 Please log in via your web browser': Kind.LOGIN_BLOCKED,
            '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled':
                Kind.LOGIN_BLOCKED,
            '454 4.7.0 Too many login attempts, please try again later': Kind.LIMIT,
        }
        for answer, kind in cases.items():
            with self.subTest(answer):
                self.assertEqual(self.refused(answer).kind, kind)

    def test_try_again_later(self):
        self.assertTrue(self.refused('454 Temporary authentication failure').passing)

    def test_hangs_up_after_it_refused(self):
        with RawServer(say(
                b'220 a\r\n250-a\r\n250 AUTH PLAIN LOGIN\r\n535 5.7.8 Wrong password\r\n'
        )) as server:
            settings = self.settings(server, 'none', USER, 'wrong')
            self.assertEqual(self.kind(settings), Kind.LOGIN)

    def test_hangs_up_instead_of_answering(self):
        self.server.cut.add('AUTH')
        settings = self.settings(self.server, 'none', USER, PASSWORD)
        self.assertEqual(self.kind(settings), Kind.DROPPED)

    def test_nobody_signs_in_there(self):
        with MailServer() as server:
            settings = self.settings(server, 'none', USER, PASSWORD)
            self.assertEqual(self.kind(settings), Kind.NO_LOGIN)

    def test_asks_for_the_password_in_words_of_its_own(self):
        with RawServer(say(b'220 a\r\n250-a\r\n250 AUTH LOGIN\r\n334 Login:\r\n')) as server:
            settings = self.settings(server, 'none', USER, PASSWORD)
            self.assertEqual(self.kind(settings), Kind.NO_LOGIN)

    def test_letters_that_smtp_does_not_take(self):
        settings = self.settings(self.server, 'none', USER, 'contraseña')
        self.assertEqual(self.kind(settings), Kind.CHARACTERS)


class TestMails(SessionCase):
    """What is wrong with the mail, and what with the account."""

    def setUp(self):
        self.server = self.enterContext(MailServer())

    def test_refusals(self):
        cases = [
            ('MAIL', '553 5.7.1 Sender address rejected: not owned by user', Kind.SENDER, True),
            ('MAIL', '550 Not you', Kind.SENDER, True),
            ('MAIL', '530 5.7.0 Authentication Required', Kind.LOGIN_NEEDED, True),
            ('MAIL', '530 5.7.0 Must issue a STARTTLS command first', Kind.STARTTLS_NEEDED, True),
            ('MAIL', '552 5.3.4 Message too big', Kind.MESSAGE, False),
            ('RCPT', '550 5.1.1 No such user', Kind.RECIPIENT, False),
            ('RCPT', '554 5.7.1 Relay access denied', Kind.RELAY, True),
            ('RCPT', '553 5.7.1 Sender address rejected: not owned by user', Kind.SENDER, True),
            ('DATA', '554 5.2.252 SendAsDenied', Kind.SENDER, True),
            ('DATA', '550 5.4.5 Daily user sending limit exceeded', Kind.LIMIT, True),
            ('DATA', '554 5.7.1 Spam', Kind.MESSAGE, False),
            ('DATA', '554 5.7.9 Message not accepted for policy reasons', Kind.MESSAGE, False),
            ('DATA', '550 5.7.1 Authentication required by DMARC', Kind.MESSAGE, False),
            ('DATA', '550 5.7.1 The next server: relaying denied', Kind.MESSAGE, False),
            ('RCPT', '550 5.7.14 Blocked, see our web page', Kind.RECIPIENT, False),
            ('RCPT', '550 5.7.1 Authentication required', Kind.LOGIN_NEEDED, True),
        ]
        for stage, answer, kind, of_account in cases:
            with self.subTest(answer, stage=stage):
                self.server.answers = {stage: answer}
                problem = self.problem(self.settings(self.server))
                self.assertEqual(problem.kind, kind)
                self.assertEqual(problem.of_account, of_account)
                self.assertEqual(problem.passing, kind == Kind.LIMIT)

    def test_not_now(self):
        for stage in ('MAIL', 'RCPT', 'DATA'):
            with self.subTest(stage):
                self.server.answers = {stage: '451 4.3.0 Try later'}
                self.assertTrue(self.problem(self.settings(self.server)).passing)

    def test_hangs_up(self):
        for stage in ('MAIL', 'RCPT', 'DATA', 'AFTER'):
            with self.subTest(stage):
                self.server.cut = {stage}
                problem = self.problem(self.settings(self.server))
                self.assertEqual(problem.kind, Kind.DROPPED)
                self.assertTrue(problem.passing)
                self.assertFalse(problem.of_account)

    def test_says_nothing(self):
        for stage in ('EHLO', 'MAIL', 'RCPT', 'DATA'):
            with self.subTest(stage):
                self.server.silent = {stage}
                self.assertEqual(self.kind(self.settings(self.server), 0.6), Kind.SLOW)

    def refuse(self, **answers):
        self.server.answers = {'RCPT': {
            f'{name}@example.com': answer for name, answer in answers.items()}}

    def hand_over_each(self, *messages):
        """Hand over a mail of so many messages, each to some recipients; the session."""
        opened = open_session(self.settings(self.server), 5)
        opened.begin(len(messages))
        *others, last = ([f'{name}@example.com' for name in names] for names in messages)
        for to in others:
            self.hand_over(opened, to)
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.hand_over(opened, last)
        opened.quit()
        return opened

    def test_one_recipient_of_two(self):
        self.refuse(gone='550 No such user')
        opened = self.hand_over_each(['ana', 'gone'])
        self.assertEqual(opened.delivered, ['ana@example.com'])
        self.assertEqual(list(opened.refused), ['gone@example.com'])
        self.assertEqual(opened.problem.address, 'gone@example.com')
        self.assertTrue(opened.problem.for_good)

    def test_who_is_refused_keeps_nobody_else_from_getting_it(self):
        self.refuse(gone='550 No such user', full='452 Mailbox full')
        opened = self.hand_over_each(['gone'], ['ana', 'full'], ['eva'])
        self.assertEqual(opened.delivered, ['ana@example.com', 'eva@example.com'])
        self.assertEqual(
            {address: problem.for_good for address, problem in opened.refused.items()},
            {'gone@example.com': True, 'full@example.com': False})
        self.assertEqual(opened.problem.address, 'full@example.com')

    def test_the_next_mail_knows_nothing_of_it(self):
        self.refuse(gone='550 No such user')
        opened = open_session(self.settings(self.server), 5)
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.hand_over(opened, ['gone@example.com'])
        self.hand_over(opened, ['eva@example.com'])  # nobody began this one
        opened.begin()
        self.hand_over(opened)
        opened.quit()
        self.assertIsNone(opened.problem)
        self.assertEqual((opened.delivered, opened.refused), (['ana@example.com'], {}))

    def test_quits_a_dead_session(self):
        opened = open_session(self.settings(self.server), 5)
        self.server.cut = {'MAIL'}
        with self.assertRaises(Exception):  # noqa: B017  # any will do
            self.hand_over(opened)
        self.assertEqual(opened.problem.kind, Kind.DROPPED)
        opened.quit()


class TestPresets(unittest.TestCase):

    def test_by_address(self):
        cases = {
            'rosa@gmail.com': 'gmail', 'Rosa <rosa@Hotmail.com>': 'outlook',
            'rosa@hotmail.com.br': 'outlook', 'rosa@live.com.mx': 'outlook', '': None,
            'rosa@outlook.com.ar': 'outlook', 'rosa@yahoo.com.br': 'yahoo',
            'rosa@yahoo.cl': 'yahoo', 'rosa@zoho.com': 'zoho', 'rosa@zohomail.eu': 'zoho_eu',
            'rosa@canal.example.com': None,
        }
        for address, name in cases.items():
            self.assertEqual(preset_of_address(address), name, address)

    def test_by_host(self):
        cases = {
            'smtp.gmail.com': 'gmail', 'SMTP.office365.com ': 'office365',
            'smtp-mail.outlook.com': 'outlook', 'smtppro.zoho.eu': 'zoho_eu',
            'smtp.mail.yahoo.com': 'yahoo', 'mail.example.com': None, 'evilzoho.com': None,
            '': None,
        }
        for host, name in cases.items():
            self.assertEqual(preset_of_host(host), name, host)
