"""Tokens that tell services that a request came through the gateway."""
import threading
import time

import jwt
import pytest

from gateway import wait_until
from granted import (authenticators, basic, error_of, key_set, write_users)
from origin import field
from tokens import Issuer, bearer
from wire import get

HEADER = 'x-service-token'
SECRET = 'q' * 40
JWKS = '{ path = "/.well-known/jwks.json"; jwks = true; }'


def conf(origin, token='', routes='', top='', more=''):
    """A service with tokens, and one without, of the same endpoint."""
    ends = f'endpoints = ( {{ address = "127.0.0.1:{origin.port}"; }} );'
    return f'''{top}
services = {{ s = {{ {ends} token = {{ {token} }}; }};
              other = {{ {ends} }}; {more} }};
routes = ( {routes} {JWKS},
  {{ path = "/other/*rest"; service = "other"; }},
  {{ path = "/*rest"; service = "s"; }} );
'''


def told(origin):
    """The token that came with the last request."""
    tokens = field(origin.last, HEADER)
    assert len(tokens) == 1
    return tokens[0]


def verified(g, token, audience='s', iss='penstock'):
    """As a service does it, by the key set that it fetches."""
    kid = jwt.get_unverified_header(token)['kid']
    keys = {k['kid']: jwt.PyJWK(k).key for k in key_set(g)}
    return jwt.decode(token, keys[kid], ['ES256'], audience=audience,
                      issuer=iss, options={'require': ['exp', 'iat', 'aud',
                                                       'iss']})


def ask(g, path='/a', **kw):
    r = get(g.port, path, **kw)
    assert r.status == 200, r


# --- what it says


def test_anonymous(house):
    origin = house.origin()
    g = house.gateway(conf(origin))
    ask(g)
    claims = verified(g, told(origin))
    assert abs(claims['iat'] - time.time()) < 5
    iat = claims.pop('iat')
    assert claims == {'iss': 'penstock', 'aud': 's', 'exp': iat + 60,
                      'service': 's'}
    ask(g, '/other/x')
    assert not field(origin.last, HEADER)


def test_options(house):
    origin = house.origin()
    g = house.gateway(conf(
        origin, 'header = "X-From"; audience = "https://s"; lifetime = "5m";',
        top='signing = { issuer = "https://gw"; };'))
    ask(g)
    token, = field(origin.last, 'x-from')
    claims = verified(g, token, 'https://s', 'https://gw')
    assert claims['exp'] - claims['iat'] == 300
    with pytest.raises(jwt.InvalidAudienceError):
        verified(g, token, 's', 'https://gw')


def test_nobody_else_says_so(house):
    """Copies of clients are gone, in every spelling, on every route."""
    origin = house.origin()
    g = house.gateway(conf(origin))
    forged = jwt.encode({'iss': 'penstock', 'aud': 's', 'service': 's',
                         'exp': int(time.time()) + 60}, 'x' * 32)
    for name in ('X-Service-Token', 'x_service_token', 'X-Service_Token',
                 'x.service.token'):
        for path, count in (('/a', 1), ('/other/a', 0)):
            ask(g, path, headers=[(name, forged), (name, 'b')])
            got = [v for n, v in origin.last.headers
                   if 'service' in n.lower()]
            assert len(got) == count and forged not in got
    assert verified(g, told_by(g, origin))['service'] == 's'


def told_by(g, origin):
    ask(g)
    return told(origin)


# --- whose it is


def test_users(house):
    origin = house.origin()
    them = Issuer()
    g = house.gateway('', start=False, workers=2)
    them.write(g.dir)
    write_users(g.dir, alice='secret', bob='geheim')
    route = ('{ path = "/user"; service = "s"; authenticate = '
             '[ "them", "ops", "keys", "anonymous" ]; },')
    body = conf(origin, routes=route) + authenticators(
        them.authenticator('them')).replace(
            'own = { type = "jwt"; own = true; audience = "api"; };', '')
    g.write(body)
    g.start()

    def subject(*headers):
        ask(g, '/user', headers=list(headers))
        return verified(g, told(origin)).get('sub')
    for _ in range(3):
        assert subject(*bearer(them.sign(sub='carol'))) == 'carol'
        assert subject(*bearer(them.sign(sub='dave"\\é'))) == 'dave"\\é'
        assert subject(*bearer(them.sign(sub=None))) is None
        assert subject(basic('alice', 'secret')) == 'alice'
        assert subject(basic('bob', 'geheim')) == 'bob'
        assert subject(('X-API-Key', 'the-key-of-ci')) == 'robot'
        assert subject() is None
    # A user whose name would fill the token.
    r = get(g.port, '/user', headers=bearer(them.sign(sub='x' * 9000)))
    assert error_of(r) == (500, 'identity_too_large')
    assert subject(*bearer(them.sign(sub='x' * 4000))) == 'x' * 4000


def test_kept(house):
    """One per user, for half of its life."""
    origin = house.origin()
    g = house.gateway(conf(origin, 'lifetime = "10s";'))
    first = told_by(g, origin)
    assert {told_by(g, origin) for _ in range(20)} == {first}
    began = verified(g, first)['iat']
    wait_until(lambda: told_by(g, origin) != first, 15, 'a new token')
    again = verified(g, told(origin))
    assert 5 <= again['iat'] - began <= 8
    verified(g, first)  # holds still


def test_services_are_apart(house):
    origin = house.origin()
    g = house.gateway(conf(
        origin, routes='{ path = "/t/*rest"; service = "third"; },',
        more=f'third = {{ endpoints = ( {{ address = '
             f'"127.0.0.1:{origin.port}"; }} ); token = {{ }}; }};'))
    for path, name in (('/a', 's'), ('/t/a', 'third'), ('/a', 's')):
        ask(g, path)
        claims = verified(g, told(origin), name)
        assert (claims['aud'], claims['service']) == (name, name)


# --- with a secret


def test_hs256(house):
    origin = house.origin()
    body = conf(origin, f'algorithm = "HS256"; secret = "{SECRET}";').replace(
        JWKS + ',', '')
    g = house.gateway(body)
    token = told_by(g, origin)
    assert 'kid' not in jwt.get_unverified_header(token)
    assert jwt.decode(token, SECRET, ['HS256'], audience='s',
                      issuer='penstock')['service'] == 's'
    # Another secret: no token of the last one from then on.
    g.reload(body.replace(SECRET, 'p' * 40))
    token = told_by(g, origin)
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, SECRET, ['HS256'], audience='s')
    jwt.decode(token, 'p' * 40, ['HS256'], audience='s')


# --- keys that change


def kid_of(token):
    return jwt.get_unverified_header(token)['kid']


def test_rotation(house):
    origin = house.origin()
    g = house.gateway(conf(origin), workers=2)
    first = told_by(g, origin)
    keys = [k['kid'] for k in key_set(g)]
    assert kid_of(first) == keys[0] and len(keys) == 2
    g.ctl('signing', 'rotate')
    # The next one signs, at once; the last one still verifies.
    for _ in range(8):
        assert kid_of(told_by(g, origin)) == keys[1]
    now = [k['kid'] for k in key_set(g)]
    assert now[:2] == keys and len(now) == 3
    verified(g, first)
    g.ctl('signing', 'rotate')
    then = [k['kid'] for k in key_set(g)]
    assert then[:2] == now[1:] and len(then) == 3
    assert kid_of(told_by(g, origin)) == now[2]
    with pytest.raises(KeyError):
        verified(g, first)


def test_rotation_by_itself(house):
    origin = house.origin()
    g = house.gateway(conf(origin, 'lifetime = "5s";',
                           top='signing = { rotate = "5s"; };'))
    seen = set()

    def changed():
        token = told_by(g, origin)
        verified(g, token)
        seen.add(kid_of(token))
        return len(seen) >= 3
    wait_until(changed, 60, 'three keys')
    r = get(g.port, '/.well-known/jwks.json')
    assert r.get('Cache-Control') == 'max-age=5'


def test_rotation_under_load(house):
    """A service that fetches the set when it does not know a key refuses no
    token, whatever the turn."""
    origin = house.origin()
    g = house.gateway(conf(origin), workers=2)
    known, refused, fetched = {}, [], []
    lock = threading.Lock()

    def check(conn, request):
        token, = field(request, HEADER)
        with lock:
            if kid_of(token) not in known:
                fetched.append(kid_of(token))
                known.update({k['kid']: jwt.PyJWK(k).key for k in key_set(g)})
            key = known.get(kid_of(token))
        try:
            jwt.decode(token, key, ['ES256'], audience='s')
            conn.reply(200)
        except Exception as error:  # pylint: disable=broad-except
            refused.append(repr(error))
            conn.reply(401)
    origin.on('/load', check)
    stop = threading.Event()
    asked = []

    def load():
        while not stop.is_set():
            asked.append(get(g.port, '/load').status)
    threads = [threading.Thread(target=load) for _ in range(4)]
    for t in threads:
        t.start()
    for _ in range(30):
        g.ctl('signing', 'rotate')
        n = len(asked)
        wait_until(lambda n=n: len(asked) > n + 8, 10, 'requests')
    stop.set()
    for t in threads:
        t.join()
    assert not refused and set(asked) == {200}
    # Who fetches a key finds the next one, too: every other turn needs none.
    assert len(fetched) <= 17


def test_over_a_stop(house):
    origin = house.origin()
    g = house.gateway('', start=False)
    g.write(conf(origin), f'state_dir = "{g.dir}/state";\n')
    g.start()
    token = told_by(g, origin)
    g.ctl('signing', 'rotate')
    keys = key_set(g)
    g.stop()
    g.start()
    assert key_set(g) == keys
    verified(g, token)
    assert kid_of(told_by(g, origin)) == keys[1]['kid']


def test_from_a_reload_on(house):
    """There is a key as soon as there is somebody to sign for."""
    origin = house.origin()
    plain = conf(origin).replace('token = {  };', '').replace(JWKS + ',', '')
    g = house.gateway(plain, workers=2)
    stop, seen = threading.Event(), []

    def load():
        while not stop.is_set():
            seen.append(get(g.port, '/a').status)
    threads = [threading.Thread(target=load) for _ in range(3)]
    for t in threads:
        t.start()
    g.reload(conf(origin))
    verified(g, told_by(g, origin))
    stop.set()
    for t in threads:
        t.join()
    assert set(seen) == {200}
