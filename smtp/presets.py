"""What the large providers want, by the address of an account."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Preset:
    host: str
    port: int
    encryption: str
    domains: frozenset[str] = field(default_factory=frozenset)
    # Other servers of the same provider; a leading dot is any of the names below.
    hosts: tuple[str, ...] = ()


PRESETS = {
    'gmail': Preset(
        'smtp.gmail.com', 587, 'starttls_strict',
        frozenset({'gmail.com', 'googlemail.com'}), ('smtp-relay.gmail.com',),
    ),
    'office365': Preset('smtp.office365.com', 587, 'starttls_strict', hosts=('.outlook.com',)),
    'outlook': Preset(
        'smtp-mail.outlook.com', 587, 'starttls_strict',
        frozenset({
            'outlook.com', 'outlook.es', 'outlook.com.br', 'hotmail.com', 'hotmail.es', 'live.com',
            'msn.com',
        }),
    ),
    'zoho': Preset(
        'smtp.zoho.com', 465, 'ssl_strict',
        frozenset({'zoho.com', 'zohomail.com'}), ('.zoho.com', '.zoho.eu', '.zoho.in'),
    ),
    'yahoo': Preset(
        'smtp.mail.yahoo.com', 465, 'ssl_strict',
        frozenset({
            'yahoo.com', 'yahoo.es', 'yahoo.com.br', 'yahoo.com.mx', 'yahoo.com.ar', 'ymail.com',
            'rocketmail.com',
        }),
        ('.mail.yahoo.com',),
    ),
}


def preset_of_address(address: str) -> str | None:
    domain = address.rpartition('@')[2].strip(' >').lower()
    return next((name for name, preset in PRESETS.items() if domain in preset.domains), None)


def preset_of_host(host: str) -> str | None:
    host = host.strip().lower()
    exact = next((name for name, preset in PRESETS.items() if host == preset.host), None)
    return exact or next((
        name for name, preset in PRESETS.items()
        if any(_fits(host, other) for other in preset.hosts)
    ), None)


def _fits(host, pattern):
    return host.endswith(pattern) if pattern.startswith('.') else host == pattern
