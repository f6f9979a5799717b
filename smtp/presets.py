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


def _domains(**names: str) -> frozenset[str]:
    """Each name with each of its endings."""
    return frozenset(f'{name}.{end}' for name, ends in names.items() for end in ends.split())


PRESETS = {
    'gmail': Preset(
        'smtp.gmail.com', 587, 'starttls_strict',
        _domains(gmail="com", googlemail="com"), ('smtp-relay.gmail.com',),
    ),
    'office365': Preset('smtp.office365.com', 587, 'starttls_strict', hosts=('.outlook.com',)),
    'outlook': Preset(
        'smtp-mail.outlook.com', 587, 'starttls_strict',
        _domains(
            outlook="com com.ar com.br com.gr com.pe at be cl cz de dk es fr hu ie it lv pt sk",
            hotmail="com com.ar com.br com.gr com.mx com.pe co.uk at be ch cl cz de dk es fi fr gr"
                    " hu ie it lv nl no pt se sk",
            live="com com.ar com.mx com.pt co.uk at be ch cl de dk es eu fi fr ie it nl no se",
            msn="com", passport="com",
        ),
    ),
    'zoho': Preset(
        'smtp.zoho.com', 465, 'ssl_strict',
        _domains(zoho="com", zohomail="com"), ('.zoho.com', '.zoho.in'),
    ),
    'zoho_eu': Preset(
        'smtp.zoho.eu', 465, 'ssl_strict', _domains(zoho="eu", zohomail="eu"), ('.zoho.eu',),
    ),
    'yahoo': Preset(
        'smtp.mail.yahoo.com', 465, 'ssl_strict',
        _domains(
            yahoo="com com.ar com.br com.co com.mx com.pe com.ve co.uk at be bg cl cz de dk es fi"
                  " fr gr hr hu ie it nl no pl pt ro se sk",
            ymail="com", rocketmail="com",
        ),
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
