"""Which addresses others can reach, as far as one can tell without asking."""

from ipaddress import ip_address
from urllib.parse import urlsplit

# Names that no public name server knows: RFC 2606, 6761, 6762, 8375, and what routers use.
PRIVATE_NAMES = (
    '.example', '.home.arpa', '.internal', '.invalid', '.lan', '.local', '.localhost', '.test',
)


def is_public_https(url: str) -> bool:
    """Whether an address begins with https:// and names no host of a private network."""
    try:
        parts = urlsplit(url or '')
        host = parts.hostname or ''
    except ValueError:
        return False
    if parts.scheme != 'https':
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return '.' in host and not host.endswith(PRIVATE_NAMES)
