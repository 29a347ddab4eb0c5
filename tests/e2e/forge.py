"""Tokens by hand: what no library would sign, each text as it is written here.

    me = Forger()                          # keys of every kind, and a secret
    token(me.es256, {'alg': 'ES256'}, {})  # signed, whatever it says
"""
import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature)

from tokens import Key

P256_ORDER = int('ffffffff00000000ffffffffffffffff'
                 'bce6faada7179e84f3b9cac2fc632551', 16)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def text_of(part):
    """A part of a token: as bytes, as text, or as JSON."""
    if isinstance(part, bytes):
        return part
    return (part if isinstance(part, str) else json.dumps(part)).encode()


def token(sign, head, claims):
    signed = f'{b64(text_of(head))}.{b64(text_of(claims))}'
    return f'{signed}.{b64(sign(signed.encode()))}'


def raw_ecdsa(der, size):
    return b''.join(n.to_bytes(size, 'big') for n in decode_dss_signature(der))


def hs(secret, digest=hashlib.sha256):
    return lambda text: hmac.new(secret, text, digest).digest()


def nothing(_):
    return b''


class Forger:
    """Holds the keys of the authenticators, and some that are nobody's."""

    def __init__(self):
        self.ec, self.rsa = Key('ec'), Key('rsa', 'RS256')
        self.ed = Key('ed', 'EdDSA')
        self.p384 = Key('ec', 'ES384')
        self.k1 = ec.generate_private_key(ec.SECP256K1())
        self.secret = b'a secret of more than thirty-two bytes'

    # --- who signs

    def es256(self, text):
        return raw_ecdsa(self.es256_der(text), 32)

    def es256_der(self, text):
        return self.ec.private.sign(text, ec.ECDSA(hashes.SHA256()))

    def es256_k1(self, text):
        return raw_ecdsa(self.k1.sign(text, ec.ECDSA(hashes.SHA256())), 32)

    def es384(self, text):
        return raw_ecdsa(
            self.p384.private.sign(text, ec.ECDSA(hashes.SHA384())), 48)

    def rs256(self, text):
        return self.rsa.private.sign(text, padding.PKCS1v15(), hashes.SHA256())

    def rs512(self, text):
        return self.rsa.private.sign(text, padding.PKCS1v15(), hashes.SHA512())

    def ps256(self, text):
        return self.rsa.private.sign(
            text, padding.PSS(padding.MGF1(hashes.SHA256()), 32),
            hashes.SHA256())

    def eddsa(self, text):
        return self.ed.private.sign(text)

    def hs256(self, text):
        return hs(self.secret)(text)

    # --- what they say

    @staticmethod
    def claims(**more):
        """Those of a good token, good for as long as all tests may take."""
        says = {'sub': 'alice', 'iss': 'https://id.example', 'aud': 'api',
                'exp': int(time.time()) + 24 * 3600, **more}
        return {k: v for k, v in says.items() if v is not None}

    @classmethod
    def claims_text(cls, more):
        """With members that json.dumps would not write."""
        return json.dumps(cls.claims())[:-1] + f', {more}}}'

    def good(self, head=None, **more):
        """Signed by the EC key; `head` is added to its header."""
        return token(self.es256, {'alg': 'ES256', 'kid': 'ec', **(head or {})},
                     self.claims(**more))
