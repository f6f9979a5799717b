"""Proofs that a notification comes from the gateway. An adapter *says* which; `check` decides.

Every comparison takes constant time, and every proof fails closed: no key, no acceptance.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

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
