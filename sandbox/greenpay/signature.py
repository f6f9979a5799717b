"""SHA256withRSA, as GreenPay puts it into the field `_signature`."""

from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ..courier import Proof

# The same at every start, so that an Odoo that was connected once stays so.
FIRST_KEY = (Path(__file__).parent / 'sandbox-key.pem').read_text()


def new_key() -> str:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def _loaded(pem: str):
    return load_pem_private_key(pem.encode(), None)


def public_key(pem: str) -> str:
    return _loaded(pem).public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    ).decode()


def sign(pem: str, message: str) -> str:
    return _loaded(pem).sign(message.encode(), PKCS1v15(), SHA256()).hex()


def signed(pem: str, content: dict, proof: Proof = Proof.TRUE) -> dict:
    """`content` with the signature of its status and of what it is about."""
    if proof is Proof.NONE:
        return content
    name = 'orderId' if 'orderId' in content else 'requestId'
    key = pem if proof is Proof.TRUE else new_key()
    message = f'status:{content["status"]},{name}:{content[name]}'
    return content | {'_signature': sign(key, message)}
