"""What can be wrong with a mail account, or with one mail."""

import re
from enum import StrEnum


class Kind(StrEnum):
    """In the order in which a session meets them."""

    NO_HOST = 'no_host'
    NAME = 'name'  # no such host name
    REFUSED = 'refused'  # nobody listens at this port
    UNREACHABLE = 'unreachable'
    SILENT = 'silent'  # connected, and nothing said
    NOT_SMTP = 'not_smtp'  # something else answers
    TURNED_AWAY = 'turned_away'  # the greeting is a refusal
    TLS_EXPECTED = 'tls_expected'  # the server speaks TLS from the first byte, we did not
    PLAIN_EXPECTED = 'plain_expected'  # the other way round
    NO_STARTTLS = 'no_starttls'
    STARTTLS_NEEDED = 'starttls_needed'
    CERTIFICATE = 'certificate'
    HANDSHAKE = 'handshake'
    NO_LOGIN = 'no_login'  # the server knows no user and password
    LOGIN_NEEDED = 'login_needed'
    LOGIN = 'login'
    APP_PASSWORD = 'app_password'
    LOGIN_BLOCKED = 'login_blocked'
    CHARACTERS = 'characters'  # SMTP passwords are ASCII
    SENDER = 'sender'
    RELAY = 'relay'
    LIMIT = 'limit'  # too many mails
    RECIPIENT = 'recipient'
    MESSAGE = 'message'
    DROPPED = 'dropped'
    SLOW = 'slow'
    BROKEN = 'broken'  # an error of our own


# These say something of one mail; all others, of the account.
OF_A_MAIL = {Kind.RECIPIENT, Kind.MESSAGE, Kind.DROPPED, Kind.SLOW}
# These go away by themselves; the others do when somebody corrects something.
PASSING = {
    Kind.REFUSED, Kind.UNREACHABLE, Kind.SILENT, Kind.TURNED_AWAY, Kind.LIMIT, Kind.DROPPED,
    Kind.SLOW,
}


class Problem(Exception):
    """`str()` is what the server said, or the system: English, and never a password.

    :param later: whether the server asked to try again later, with a code of 400 to 499.
    :param opening: whether it came before the first mail; then it is the account's.
    :param address: the recipient who was refused.
    """

    def __init__(self, kind: Kind, detail='', later=False, opening=False, address=''):
        super().__init__(detail)
        self.kind = kind
        self.opening = opening
        self.address = address
        self.passing = later or kind in PASSING
        self.of_account = opening or kind not in OF_A_MAIL

    @property
    def for_good(self):
        """Whether it makes no sense to hand this mail over once more."""
        return not (self.passing or self.of_account)


# What providers write in their refusals, which says more than the code.
WORDS = {
    Kind.APP_PASSWORD: r"""
        5\.7\.9\b | application-specific\ password | app(lication)?[\ -]password""",
    Kind.LOGIN_BLOCKED: r"""
        5\.7\.139\b | 5\.7\.14\b | clientauthentication\ is\ disabled
        | basic\ authentication\ is\ disabled | via\ your\ web\ browser | web\ ?login\ required""",
    Kind.STARTTLS_NEEDED: r"""
        starttls\ (command\ )?first | must\ issue\ a\ starttls | encryption\ (is\ )?required""",
    Kind.LIMIT: r"""
        5\.4\.5\b | (sending|submission)\ (limit|quota) | rate\ limit
        | too\ many\ (mails|messages|login)""",
    Kind.SENDER: r"""
        sendasdenied | 5\.7\.60\b | 5\.2\.252\b | relaying\ disallowed\ as | not\ owned\ by\ user
        | sender\ (address\ )?(rejected|verify\ failed) | not\ allowed\ to\ send\ as""",
    Kind.LOGIN_NEEDED: r"""
        authentication\ (is\ )?required | must\ (first\ )?authenticate""",
    Kind.RELAY: r"""
        relay(ing)?\ (access\ )?denied | unable\ to\ relay | not\ permitted\ to\ relay""",
}
# A mail is refused in the words of these as well, and for other reasons.
OF_SIGNING_IN = {Kind.APP_PASSWORD, Kind.LOGIN_BLOCKED}
# Who may send, the server says before it has read the mail.
OF_CONTENT = {Kind.SENDER, Kind.LIMIT}


def of_reply(kind: Kind, code: int, text: bytes | str, opening=False, address='') -> Problem:
    """The problem that a refusal is: `kind`, unless its words say it more exactly."""
    text = text.decode(errors='replace') if isinstance(text, bytes) else text
    flags = re.IGNORECASE | re.VERBOSE
    said = next((
        other for other, words in WORDS.items()
        if _may_mean(kind, other, opening) and re.search(words, text, flags)
    ), kind)
    if code == 530 and said == kind:
        said = Kind.LOGIN_NEEDED
    return Problem(
        said, f'{code} {text}'.strip(), later=400 <= code < 500, opening=opening, address=address)


def _may_mean(kind, other, opening):
    if opening:
        return True
    return other in OF_CONTENT or (kind != Kind.MESSAGE and other not in OF_SIGNING_IN)
