"""A gateway that hands out tokens, and clients that ask for them.

    g = granting(house, origin.port)    # /login /key /refresh /jwks /in
    pair = login(g)                     # {'access_token': ..., ...}
    refresh(g, pair['refresh_token'])   # a Response
    claims = verified(g, pair['access_token'])  # by the gateway's own keys
"""
import base64
import ctypes
import hashlib
import json

import jwt

from conf import service
from tokens import bearer
from wire import get

LIBCRYPT = ctypes.CDLL('libcrypt.so.1')
LIBCRYPT.crypt.restype = ctypes.c_char_p
ISSUER, AUDIENCE = 'https://gw', 'api'
KEY = 'the-key-of-ci'
FORM = ('Content-Type', 'application/x-www-form-urlencoded')


def hashed(password):
    return LIBCRYPT.crypt(password.encode(), b'$6$rounds=1000$salt').decode()


def write_users(folder, **passwords):
    (folder / 'users').write_text(
        ''.join(f'{u}:{hashed(p)}\n' for u, p in passwords.items()))


def authenticators(more='', alice='roles = [ "admin" ]; tenant = "t1";'):
    return f'''
authenticators = {{
  ops = {{ type = "basic"; htpasswd = "users"; open = true;
    holders = ( {{ name = "alice"; {alice} }} ); }};
  keys = {{ type = "api_key"; holders = ( {{ name = "ci"; user = "robot";
    sha256 = "{hashlib.sha256(KEY.encode()).hexdigest()}"; }} ); }};
  own = {{ type = "jwt"; own = true; audience = "{AUDIENCE}"; }};
  {more}
}};
roles = {{ admin = [ "x" ]; viewer = [ "y" ]; }};
'''


def issuer(more='per_minute = 0;'):
    return (f'token_issuer = {{ issuer = "{ISSUER}"; '
            f'audience = [ "{AUDIENCE}" ]; {more} }};\n')


ROUTES = '''
routes = (
  { path = "/login"; issue = true; authenticate = "ops"; },
  { path = "/key"; issue = true; authenticate = [ "keys", "ops" ]; },
  { path = "/refresh"; refresh = true; },
  { path = "/.well-known/jwks.json"; jwks = true; },
  { path = "/in"; service = "s"; authenticate = "own"; },
  { path = "/*rest"; service = "s"; } );
'''


def granting(house, port, body=None, start=True, **kw):
    g = house.gateway('', start=False, **kw)
    write_users(g.dir, alice='secret', bob='geheim')
    g.write(body if body is not None
            else service(port) + authenticators() + issuer() + ROUTES)
    return g.start() if start else g


def basic(user, password):
    text = base64.b64encode(f'{user}:{password}'.encode()).decode()
    return ('Authorization', f'Basic {text}')


def ask_login(g, user='alice', password='secret', **kw):
    return get(g.port, '/login', 'POST', headers=[basic(user, password)],
               body='', **kw)


def login(g, *args):
    r = ask_login(g, *args)
    assert r.status == 200, r
    return json.loads(r.body)


def refresh(g, token, path='/refresh'):
    return get(g.port, path, 'POST', headers=[FORM],
               body=f'grant_type=refresh_token&refresh_token={token}')


def refreshed(g, token):
    r = refresh(g, token)
    assert r.status == 200, r
    return json.loads(r.body)


def error_of(r):
    return r.status, json.loads(r.body)['error']


def key_set(g, path='/.well-known/jwks.json'):
    r = get(g.port, path)
    assert r.status == 200, r
    return json.loads(r.body)['keys']


def verified(g, token, audience=AUDIENCE, iss=ISSUER):
    """The claims, by the keys that the gateway shows."""
    kid = jwt.get_unverified_header(token)['kid']
    keys = [k for k in key_set(g) if k['kid'] == kid]
    assert len(keys) == 1
    return jwt.decode(token, jwt.PyJWK(keys[0]).key, [keys[0]['alg']],
                      audience=audience, issuer=iss)


def gets_in(g, pair):
    return get(g.port, '/in', headers=bearer(pair['access_token'])).status
