"""Proofs that a notification comes from the gateway. An adapter *says* which; `check` decides.

Every comparison takes constant time, and every proof fails closed: no key, no acceptance.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from .errors import SecretMissing, SignatureInvalid


def hmac_sha256_hex(key: str, message: bytes) -> str:
    """Lowercase hexadecimal HMAC-SHA256 of `message`."""
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class HmacSha256:
    """`signature` is the lowercase hexadecimal HMAC-SHA256 of `message` under one of `keys`.

    Several keys are live at once while a merchant rotates them.
    """

    keys: tuple[str, ...] = field(repr=False)
    message: bytes = field(repr=False)
    signature: str

    def check(self):
        """Return nothing when the proof holds.

        :raises SecretMissing: no key is configured.
        :raises SignatureInvalid: no key produces this signature.
        """
        keys = [key for key in self.keys if key and key.strip()]
        if not keys:
            raise SecretMissing("No signing key is configured.")
        given = self.signature.encode('utf-8', 'replace')
        matches = [
            hmac.compare_digest(hmac_sha256_hex(key, self.message).encode(), given) for key in keys
        ]
        if not any(matches):
            raise SignatureInvalid("The signature does not match the body.")


def rsa_public_key(text: str) -> RSAPublicKey | None:
    """The RSA key in `text`, which is PEM or the bare Base64 inside it; None when it is none."""
    lines = [line.strip() for line in text.strip().splitlines()]
    encoded = ''.join(line for line in lines if not line.startswith('-----'))
    try:
        key = load_der_public_key(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAPublicKey) else None


@dataclass(frozen=True)
class RsaSha256:
    """`signature` is the hexadecimal SHA256withRSA signature of `message` (PKCS #1 v1.5)."""

    public_key: str = field(repr=False)
    message: bytes = field(repr=False)
    signature: str

    def check(self):
        """As `HmacSha256.check`."""
        key = rsa_public_key(self.public_key)
        if key is None:
            raise SecretMissing("No RSA public key is configured.")
        try:
            key.verify(bytes.fromhex(self.signature), self.message, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError) as error:
            raise SignatureInvalid("The signature does not match the body.") from error


@dataclass(frozen=True)
class SharedToken:
    """`given` is `token`, a secret that the sender shows instead of signing anything with it."""

    token: str = field(repr=False)
    given: str = field(repr=False)

    def check(self):
        """As `HmacSha256.check`."""
        token = self.token.strip()
        if not token:
            raise SecretMissing("No token is configured.")
        given = self.given.encode('utf-8', 'replace')
        if not hmac.compare_digest(token.encode('utf-8', 'replace'), given):
            raise SignatureInvalid("The notification does not carry the token.")
