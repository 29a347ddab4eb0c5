"""Tokens for tests: who signs them, their keys in every form, and requests
that bear them.

    them = Issuer()                     # a key "k1" of ES256
    them.write(folder)                  # k1.pem, its public part
    token = them.sign(sub='alice')      # with an exp in an hour
    get(g.port, '/', headers=bearer(token))
    them.serve(house)                   # an origin with /jwks.json: them.url
"""
import base64
import json
import time
import uuid

import jwt
from cryptography.hazmat.primitives import serialization
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from pki import new_key

KINDS = {'ES256': 'P-256', 'ES384': 'P-384', 'ES512': 'P-521',
         'EdDSA': 'Ed25519', 'RS256': 'RSA-2048', 'RS384': 'RSA-2048',
         'RS512': 'RSA-2048', 'PS256': 'RSA-2048', 'PS384': 'RSA-2048',
         'PS512': 'RSA-2048'}
HOUR = 3600


def bearer(token, *more):
    return [('Authorization', f'Bearer {token}'), *more]


def b64(data):
    if isinstance(data, (dict, list)):
        data = json.dumps(data)
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


class Key:
    def __init__(self, kid='k1', alg='ES256'):
        self.kid, self.alg = kid, alg
        self.private = new_key(KINDS[alg])

    @property
    def pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def jwk(self):
        public = self.private.public_key()
        if self.alg.startswith('ES'):
            # RFC 7518 6.2.1.2: all bytes, also those that are zero.
            n, size = public.public_numbers(), (public.key_size + 7) // 8
            text = json.dumps({
                'kty': 'EC', 'crv': KINDS[self.alg],
                **{k: b64(getattr(n, k).to_bytes(size, 'big'))
                   for k in ('x', 'y')}})
        elif self.alg == 'EdDSA':
            text = OKPAlgorithm.to_jwk(public)
        else:
            text = RSAAlgorithm.to_jwk(public)
        return {'kid': self.kid, 'use': 'sig', 'alg': self.alg,
                **{k: v for k, v in json.loads(text).items()
                   if k != 'key_ops'}}


class Issuer:
    """Somebody who signs; several keys at once, of which the last is used."""

    def __init__(self, *keys):
        self.keys = list(keys) or [Key()]
        self.origin = None
        self.asked = 0

    @property
    def key(self):
        return self.keys[-1]

    def sign(self, key=None, headers=None, **claims):
        """A token. Claims that are None are left out."""
        key = key or self.key
        says = {'exp': int(time.time()) + HOUR, 'jti': uuid.uuid4().hex,
                **claims}
        says = {k: v for k, v in says.items() if v is not None}
        return jwt.encode(says, key.private, key.alg,
                          headers={'kid': key.kid, **(headers or {})})

    def write(self, folder):
        for key in self.keys:
            (folder / f'{key.kid}.pem').write_bytes(key.pem)

    @property
    def jwks(self):
        return {'keys': [key.jwk for key in self.keys]}

    def serve(self, house):
        """Its key set, as it is at any time, from an origin."""
        def answer(conn, request):
            self.asked += 1
            conn.reply(200, json.dumps(self.jwks),
                       [('Content-Type', 'application/jwk-set+json')])
        self.origin = house.origin(answer)

    @property
    def url(self):
        return f'http://127.0.0.1:{self.origin.port}/jwks.json'

    # --- configuration

    def keys_text(self):
        """`keys` for an authenticator, of the files of write()."""
        return 'keys = ( ' + ', '.join(
            f'{{ id = "{k.kid}"; file = "{k.kid}.pem"; }}'
            for k in self.keys) + ' );'

    def authenticator(self, name='main', more='', keys=None):
        algorithms = ', '.join(f'"{a}"'
                               for a in sorted({k.alg for k in self.keys}))
        return (f'{name} = {{ type = "jwt"; algorithms = [ {algorithms} ]; '
                f'{self.keys_text() if keys is None else keys} {more} }};')

    def jwks_text(self, more='cooldown = "1s"; refresh = "5m";'):
        return f'jwks = {{ url = "{self.url}"; {more} }};'


def authenticators(*texts):
    return 'authenticators = { ' + ' '.join(texts) + ' };\n'
