"""An identity provider: keys, tokens, and a server of its key set."""
import base64
import http.server
import json
import ssl
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


class Key:
    """A key of ES256."""

    def __init__(self, kid):
        self.kid = kid
        self.key = ec.generate_private_key(ec.SECP256R1())

    def jwk(self):
        n = self.key.public_key().public_numbers()
        return {'kty': 'EC', 'crv': 'P-256', 'use': 'sig', 'kid': self.kid,
                'x': b64(n.x.to_bytes(32, 'big')),
                'y': b64(n.y.to_bytes(32, 'big'))}

    def token(self, kid=None, **claims):
        head = {'alg': 'ES256', 'typ': 'JWT', 'kid': kid or self.kid}
        claims = {'sub': 'alice', 'exp': int(time.time()) + 600, **claims}
        signed = '.'.join(b64(json.dumps(part).encode())
                          for part in (head, claims))
        r, s = decode_dss_signature(
            self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f'{signed}.{b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))}'


class Provider:
    """Serves the key set of `keys`, or whatever `answer` makes of it."""

    def __init__(self, *keys, tls=None):
        """tls: files with a chain and its key."""
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                provider.asked.append((self.path, dict(self.headers)))
                status, body = provider.answer()
                self.send_response(status)
                self.send_header('Content-Type', 'application/jwk-set+json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):  # pylint: disable=arguments-differ
                pass

        self.keys, self.asked = list(keys), []
        self.answer = self.key_set
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0),
                                                      Handler)
        self.server.daemon_threads = True
        self.scheme = 'https' if tls else 'http'
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={'poll_interval': 0.02})
        self.thread.start()

    def key_set(self):
        return 200, json.dumps({'keys': [k.jwk() for k in self.keys]}).encode()

    def url(self, host='127.0.0.1'):
        return f'{self.scheme}://{host}:{self.port}/jwks.json'

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def bearer(token):
    return [('Authorization', f'Bearer {token}')]
