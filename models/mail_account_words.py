"""What people read when a mail account does not work: what is wrong, and what to try."""

from ..smtp import Kind, preset_of_host

WORDS = {
    Kind.NO_HOST: lambda env, _s: env._("Enter the mail server."),
    Kind.NAME: lambda env, s: env._(
        "There is no mail server named %(host)s. Check how the name is spelled.", host=s.host),
    Kind.REFUSED: lambda env, s: env._(
        "%(host)s refuses connections at port %(port)s. Check the port: most servers use 587 with"
        " STARTTLS or 465 with SSL/TLS.", host=s.host, port=s.port),
    Kind.UNREACHABLE: lambda env, s: env._(
        "%(host)s cannot be reached at port %(port)s. Check the server and the port: most use 587"
        " with STARTTLS or 465 with SSL/TLS. If they are right, a firewall keeps Odoo from it: ask"
        " whoever runs the network of Odoo's server to open the port.", host=s.host, port=s.port),
    Kind.SILENT: lambda env, s: _silent(env, s),
    Kind.NOT_SMTP: lambda env, s: env._(
        "What answers at port %(port)s of %(host)s is not a server for outgoing mail. Ports for"
        " reading mail, such as 993 and 995, do not send.", host=s.host, port=s.port),
    Kind.TURNED_AWAY: lambda env, s: env._(
        "%(host)s does not serve us now. Try again in some minutes; if it stays so, ask your mail"
        " provider whether Odoo's server is blocked.", host=s.host),
    Kind.TLS_EXPECTED: lambda env, s: env._(
        "Port %(port)s of %(host)s is encrypted from the start. Choose SSL/TLS, or the port 587"
        " with STARTTLS.", host=s.host, port=s.port),
    Kind.PLAIN_EXPECTED: lambda env, s: env._(
        "Port %(port)s of %(host)s is not encrypted from the start. Choose STARTTLS, or the port"
        " 465 with SSL/TLS.", host=s.host, port=s.port),
    Kind.NO_STARTTLS: lambda env, s: env._(
        "%(host)s offers no STARTTLS at port %(port)s. Try the port 587, or the port 465 with"
        " SSL/TLS.", host=s.host, port=s.port),
    Kind.STARTTLS_NEEDED: lambda env, s: env._(
        "%(host)s only lets you sign in over an encrypted connection. Choose STARTTLS.",
        host=s.host),
    Kind.CERTIFICATE: lambda env, s: env._(
        "The certificate of %(host)s cannot be trusted. Check the name of the server; if it is your"
        " own server, give it a valid certificate, or choose “%(encryption)s”.", host=s.host,
        encryption=label_of(env, 'smtp_encryption', s.encryption.removesuffix('_strict'))),
    Kind.HANDSHAKE: lambda env, s: env._(
        "No encrypted connection to %(host)s came about. Check the port and the encryption: 587"
        " with STARTTLS, or 465 with SSL/TLS.", host=s.host),
    Kind.NO_LOGIN: lambda env, s: env._(
        "%(host)s takes no user and password at port %(port)s. Try the port 587 with STARTTLS, or"
        " leave the user empty.", host=s.host, port=s.port),
    Kind.LOGIN_NEEDED: lambda env, s: env._(
        "%(host)s wants you to sign in. Enter the user and the password.", host=s.host),
    Kind.LOGIN: lambda env, s: env._(
        "%(host)s refuses the user or the password. Type both again; the user is often the whole"
        " e-mail address.", host=s.host),
    Kind.APP_PASSWORD: lambda env, s: env._(
        "%(host)s wants an app password here, not the one with which you read your mail.",
        host=s.host),
    Kind.LOGIN_BLOCKED: lambda env, s: env._(
        "%(host)s blocks signing in with a password for this user.", host=s.host),
    Kind.CHARACTERS: lambda env, _s: env._(
        "The user or the password has letters that mail servers do not take, such as ñ or á. Choose"
        " a password without them."),
    Kind.SENDER: lambda env, s: env._(
        "%(host)s does not let this user send as this sender. Use the user's own address as sender,"
        " or let your mail provider allow the other one.", host=s.host),
    Kind.RELAY: lambda env, s: env._(
        "%(host)s does not deliver mails to other domains for you. Enter the user and the password;"
        " if they are there, ask your mail provider to allow it.", host=s.host),
    Kind.LIMIT: lambda env, s: env._(
        "%(host)s takes no more mails for now: a limit is reached. Wait, or ask your mail provider"
        " for a higher limit.", host=s.host),
    Kind.RECIPIENT: lambda env, s: env._(
        "%(host)s refuses the recipient. Check the address.", host=s.host),
    Kind.MESSAGE: lambda env, s: env._("%(host)s refuses the mail.", host=s.host),
    Kind.DROPPED: lambda env, s: env._(
        "%(host)s closed the connection. Try again; if it stays so, check the port and the"
        " encryption.", host=s.host),
    Kind.SLOW: lambda env, s: env._(
        "%(host)s takes too long to answer. Try again; if it stays so, ask your mail provider.",
        host=s.host),
    Kind.BROKEN: lambda env, s: env._(
        "Odoo made an error while it was to send by %(host)s. Show this to whoever looks after"
        " Odoo.", host=s.host),
}

SIGNING_IN = {Kind.LOGIN, Kind.APP_PASSWORD, Kind.LOGIN_BLOCKED, Kind.NO_LOGIN, Kind.DROPPED}

# What the large providers want from whoever signs in.
HINTS = {
    'gmail': lambda env: env._(
        "Gmail only accepts app passwords: switch on 2-Step Verification in the Google account,"
        " make an app password at https://myaccount.google.com/apppasswords and enter it here."),
    'outlook': lambda env: env._(
        "Outlook.com no longer accepts passwords from other programs for most accounts. Use an"
        " account of another provider."),
    'office365': lambda env: env._(
        "Microsoft 365 only accepts passwords where “Authenticated SMTP” is allowed: in the"
        " Microsoft 365 admin center, open the user, Mail, Manage email apps. With two-factor"
        " sign-in, use an app password."),
    'zoho': lambda env: _zoho(env),
    'zoho_eu': lambda env: _zoho(env),
    'yahoo': lambda env: env._(
        "Yahoo only accepts app passwords: make one in the Yahoo account under Security and enter"
        " it here."),
}


def _zoho(env):
    return env._(
        "Zoho wants an app password when two-factor sign-in is on: make one at"
        " https://accounts.zoho.com under Security. Addresses of your own domain use"
        " smtppro.zoho.com, accounts in Europe and India smtp.zoho.eu and smtp.zoho.in.")


def _silent(env, settings):
    if settings.tls_from_start:
        return env._(
            "Something accepts the connection to %(host)s at port %(port)s, but no encryption comes"
            " about: likely a firewall is in between. Try the port 587 with STARTTLS, or ask"
            " whoever runs the network of Odoo's server to open this port.",
            host=settings.host, port=settings.port)
    return env._(
        "Something accepts the connection to %(host)s at port %(port)s, but no mail server answers:"
        " likely a firewall is in between. Try the port 465 with SSL/TLS, or ask whoever runs the"
        " network of Odoo's server to open this port.", host=settings.host, port=settings.port)


def label_of(env, field, value):
    """How Odoo itself calls a choice, in the user's language."""
    return dict(env['ir.mail_server']._fields[field]._description_selection(env))[value]


def explain(env, problem, settings):
    """What is wrong, with whom, what to try, and what the server said, a line each."""
    lines = [WORDS[problem.kind](env, settings)]
    if problem.address:
        lines.append(env._("The recipient was %s.", problem.address))
    provider = preset_of_host(settings.host)
    if provider and problem.kind in SIGNING_IN:
        lines.append(HINTS[provider](env))
    if said := str(problem):
        lines.append(env._("The answer was: %s", said[:500]))
    return '\n'.join(lines)
