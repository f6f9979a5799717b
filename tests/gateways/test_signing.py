import unittest

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateways.errors import SecretMissing, SignatureInvalid
from gateways.signing import HmacSha256, RsaSha256, hmac_sha256_hex, rsa_public_key

# RFC 4231, test case 2.
KEY, MESSAGE = 'Jefe', b'what do ya want for nothing?'
SIGNATURE = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'


class TestHmacSha256(unittest.TestCase):
    def refuse(self, error, keys, message=MESSAGE, signature=SIGNATURE):
        with self.assertRaises(error):
            HmacSha256(keys, message, signature).check()

    def test_the_published_vector(self):
        self.assertEqual(hmac_sha256_hex(KEY, MESSAGE), SIGNATURE)

    def test_any_live_key_is_enough(self):
        for keys in ((KEY,), (KEY, 'other'), ('other', KEY), ('', KEY), (False, KEY)):
            self.assertIsNone(HmacSha256(keys, MESSAGE, SIGNATURE).check())

    def test_another_key_message_or_signature_is_refused(self):
        self.refuse(SignatureInvalid, ('other',))
        self.refuse(SignatureInvalid, (KEY,), message=MESSAGE + b' ')
        self.refuse(SignatureInvalid, (KEY,), message=b'')
        for signature in ('', SIGNATURE[:-1], SIGNATURE + '0', SIGNATURE.upper(), 'é', '\udcff'):
            self.refuse(SignatureInvalid, (KEY,), signature=signature)

    def test_without_a_key_nothing_is_accepted(self):
        for blank in ('', ' ', '\t\n', None, False):
            for keys in ((), (blank,), (blank, blank)):
                self.refuse(SecretMissing, keys)
        self.refuse(SecretMissing, ('',), signature=hmac_sha256_hex('', MESSAGE))
        self.refuse(SecretMissing, (' ',), signature=hmac_sha256_hex(' ', MESSAGE))

    def test_shows_neither_keys_nor_message(self):
        shown = repr(HmacSha256((KEY,), MESSAGE, SIGNATURE))
        self.assertNotIn(KEY, shown)
        self.assertNotIn('what do ya want', shown)


class TestRsaPublicKey(unittest.TestCase):
    def test_only_an_rsa_key_is_one(self):
        curve = ec.generate_private_key(ec.SECP256R1()).public_key()
        other = curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        for text in ('', ' ', 'é', 'AAAA', other, other * 2, 'x' * 100_000):
            self.assertIsNone(rsa_public_key(text))
            with self.assertRaises(SecretMissing):
                RsaSha256(text, MESSAGE, '00').check()
