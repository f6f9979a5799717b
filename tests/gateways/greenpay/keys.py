"""RSA keys for the tests: really made, and really signing."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_PRIVATE = {}


@cache
def public_key(name: str) -> str:
    """The PEM of the public half of a key of this name."""
    private = rsa.generate_private_key(65537, 2048)
    pem = private.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    ).decode()
    _PRIVATE[pem] = private
    return pem


def signature(pem: str, message: str) -> str:
    """Hexadecimal, by the private half of the key."""
    return _PRIVATE[pem].sign(message.encode(), PKCS1v15(), SHA256()).hex()
