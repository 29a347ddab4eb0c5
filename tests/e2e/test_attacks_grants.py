"""Attacks on what the gateway signs itself, on services that it asks, and on
keys and revocations that change while tokens are in every cache. The table is
in tests/README.md."""
import hashlib
import json
import time

import pytest

from conf import service
from forge import hs, token
from origin import field
from tokens import Issuer, Key, authenticators, b64, bearer
from wire import Wire, get

FORM = ('Content-Type', 'application/x-www-form-urlencoded')


def said(response):
    return json.loads(response.body).get('error')


# --- services that are asked

@pytest.fixture(scope='module')
def asked(shared_house):
    """`answer` is what the service says: of "/introspect", of "/auth"."""
    origin, idp = shared_house.origin(), shared_house.origin()
    g = shared_house.gateway(
        'services = { '
        's = { endpoints = ( { '
        f'address = "127.0.0.1:{origin.port}"; }} ); }};'
        f'idp = {{ endpoints = ( {{ address = "127.0.0.1:{idp.port}"; }} ); }};'
        ' };\n' + authenticators(
            'ask = { type = "introspection"; service = "idp"; '
            'path = "/introspect"; ttl = "60s"; };',
            'out = { type = "forward"; service = "idp"; path = "/auth"; '
            'forward_headers = [ "Authorization" ]; '
            'answer = { user = "X-Auth-User"; roles = "X-Auth-Roles"; }; };') +
        '''routes = (
  { path = "/out/*rest"; service = "s"; authenticate = "out"; },
  { path = "/*rest"; service = "s"; authenticate = "ask"; } );
''')

    def answers(path, status, body=b'', headers=()):
        idp.on(path, lambda conn, request: conn.reply(status, body, headers))
    g.answers, g.idp = answers, idp
    return g, origin


ACTIVE = {'active': True, 'sub': 'alice',
          'exp': int(time.time()) + 6 * 3600}  # the tests begin later
INTROSPECTED = {
    **{f'active {v!r}': (200, {**ACTIVE, 'active': v}, 'auth_unavailable')
       for v in ('true', 'True', 1, [True], {'active': True}, None)},
    'inactive': (200, {'active': False}, 'token_inactive'),
    'no active': (200, {'sub': 'alice'}, 'auth_unavailable'),
    'Active': (200, {'Active': True, 'sub': 'alice'}, 'auth_unavailable'),
    'twice': (200, '{"active":false,"active":true,"sub":"alice"}',
              'auth_unavailable'),
    'within': (200, {'x': ACTIVE}, 'auth_unavailable'),
    'a list': (200, [ACTIVE], 'auth_unavailable'),
    'more behind it': (200, json.dumps(ACTIVE) + '{}', 'auth_unavailable'),
    'empty': (200, '', 'auth_unavailable'),
    'cut': (200, json.dumps(ACTIVE)[:-1], 'auth_unavailable'),
    'very long': (200, {**ACTIVE, 'x': 'y' * 2000000}, 'auth_unavailable'),
    'deep': (200, '{"active":true,"x":' + '[' * 5000 + ']' * 5000 + '}',
             'auth_unavailable'),
    **{f'status {s}': (s, ACTIVE, 'auth_unavailable')
       for s in (201, 204, 302, 400, 401, 403, 404, 500, 503)},
    'expired': (200, {**ACTIVE, 'exp': 1}, 'token_expired'),
    'exp of a string': (200, {**ACTIVE, 'exp': 'x'}, 'token_claims'),
    'a user of two lines': (200, {**ACTIVE, 'sub': 'a\r\nX-User-Roles: b'},
                            'token_claims'),
    'roles with commas': (200, {**ACTIVE, 'roles': ['a,admin']},
                          'token_claims'),
}


@pytest.mark.parametrize('name', INTROSPECTED)
def test_introspection(asked, name):
    g, origin = asked
    status, body, why = INTROSPECTED[name]
    g.answers('/introspect', status,
              body if isinstance(body, str) else json.dumps(body))
    before = len(origin.requests)
    one = bearer('opaque-' + b64(name))
    for _ in range(2):
        r = get(g.port, headers=one)
        assert r.status == (503 if why == 'auth_unavailable' else 401)
        assert said(r) == why
    assert len(origin.requests) == before


def test_introspection_of_odd_texts(asked):
    """Nothing of a token is read as another parameter."""
    g, origin = asked
    g.answers('/introspect', 200, json.dumps(ACTIVE))
    assert get(g.port, headers=bearer('a+b/c=')).status == 200
    assert field(origin.last, 'x-user-id') == ['alice']
    assert g.idp.last.body.endswith(b'&token=a%2Bb%2Fc%3D')
    before = len(g.idp.requests)
    for text in ('a&active=true', 'a%26b', 'a\0', 'a b', 'a"', 'a;b'):
        assert get(g.port, headers=bearer(text)).status in (400, 401)
    assert len(g.idp.requests) == before


FORWARDED = {
    **{f'status {s}': (s, [('X-Auth-User', 'a')], why) for s, why in (
        (401, 'auth_refused'), (403, 'auth_forbidden'),
        (302, 'auth_unavailable'), (404, 'auth_unavailable'),
        (500, 'auth_unavailable'))},
    'two users': (200, [('X-Auth-User', 'a'), ('x-auth-user', 'b')],
                  'auth_unavailable'),
    'no end of a letter': (200, [('X-Auth-User', '\xc3')], 'auth_unavailable'),
    'no UTF-8': (200, [('X-Auth-User', '\xff')], 'auth_unavailable'),
}


@pytest.mark.parametrize('name', FORWARDED)
def test_forward(asked, name):
    g, origin = asked
    status, headers, why = FORWARDED[name]
    g.answers('/auth', status, '', headers)
    before = len(origin.requests)
    r = get(g.port, '/out/x', headers=bearer('x'))
    assert said(r) == why
    assert len(origin.requests) == before


def test_forward_is_asked_of_what_is_sent(asked):
    """The service judges the path that the endpoint gets, not its spelling;
    what the client says of itself is nothing to it."""
    g, origin = asked
    g.answers('/auth', 200, '', [('X-Auth-User', 'alice')])
    for path in ('/out/public/../admin', '/out/%61dmin', '/x/../out//admin',
                 '/out/public/%2e%2e/admin'):
        assert get(g.port, path + '?a=b', headers=bearer(
            'x', ('X-Forwarded-Uri', '/out/public'),
            ('X-Forwarded-Method', 'HEAD'), ('X-Auth-User', 'root'),
            ('X-Auth-Roles', 'admin'))).status == 200
        assert origin.last.target == '/out/admin?a=b'
        assert field(g.idp.last, 'x-forwarded-uri') == ['/out/admin?a=b']
        assert field(g.idp.last, 'x-forwarded-method') == ['GET']
        assert field(g.idp.last, 'x-auth-user') == []
        assert field(origin.last, 'x-user-id') == ['alice']
        assert field(origin.last, 'x-user-roles') == []


# --- what the gateway signs

@pytest.fixture
def grants(house):
    origin = house.origin()
    digest = hashlib.sha256(b'abc').hexdigest()
    g = house.gateway('', start=False, workers=2)
    g.write(f'''
services = {{ s = {{ endpoints = ( {{ address = "127.0.0.1:{origin.port}"; }} );
  token = {{ header = "X-Service-Token"; }}; }}; }};
token_issuer = {{ issuer = "https://gw"; audience = [ "clients" ];
  per_minute = 0; }};
''' + authenticators('keys = { type = "api_key"; header = "X-API-Key"; '
                     f'holders = ( {{ name = "a"; sha256 = "{digest}"; '
                     'user = "alice"; } ); };',
                     'own = { type = "jwt"; own = true; '
                     'audience = [ "clients" ]; };') + '''
routes = (
  { path = "/token"; issue = true; authenticate = "keys"; },
  { path = "/refresh"; refresh = true; },
  { path = "/.well-known/jwks.json"; jwks = true; },
  { path = "/main"; service = "s"; authenticate = "keys"; },
  { path = "/*rest"; service = "s"; authenticate = "own"; } );
''')
    g.start()
    r = get(g.port, '/token', 'POST', body=b'', headers=[('X-API-Key', 'abc')])
    assert r.status == 200, r
    g.pair = json.loads(r.body)
    return g, origin


def refresh(g, text, kind=FORM, form='refresh_token={}'):
    return get(g.port, '/refresh', 'POST', headers=[kind],
               body=form.format(text).encode())


def test_tokens_of_another_kind(grants):
    """RFC 8725 2.8: each is good for one thing alone."""
    g, origin = grants
    access, again = g.pair['access_token'], g.pair['refresh_token']
    assert get(g.port, headers=bearer(access)).status == 200
    assert field(origin.last, 'x-user-id') == ['alice']
    ours = field(origin.last, 'x-service-token')[0]
    before = len(origin.requests)
    assert said(get(g.port, headers=bearer(again))) == 'token_algorithm'
    assert said(get(g.port, headers=bearer(ours))) == 'token_audience'
    for text in (access, ours):
        assert get(g.port, '/main', headers=bearer(text)).status == 401
        assert said(refresh(g, text)) == 'refresh_unknown'
    public = get(g.port, '/.well-known/jwks.json').body
    head, payload, _ = again.split('.')
    for text in (f'{head}.{payload}.', f'{head}.{payload}.AAAA', again[:-4],
                 f'{b64({"alg": "none"})}.{payload}.',
                 token(hs(b''), {'alg': 'HS256'}, ME_CLAIMS),
                 token(hs(public), {'alg': 'HS256'}, ME_CLAIMS)):
        assert said(refresh(g, text)) == 'refresh_unknown', text
    assert len(origin.requests) == before
    # It is still good: none of that was a turn.
    assert refresh(g, again).status == 200


ME_CLAIMS = {'family': '0' * 15 + '1', 'turn': 0, 'iat': 0, 'exp': 2**40,
             'by': 'main', 'sub': 'root'}


@pytest.mark.parametrize('kind,form', [
    (FORM, 'refresh_token={0}&refresh_token={0}'),
    (FORM, 'Refresh_Token={0}'), (FORM, ''), (FORM, 'refresh_token='),
    (('Content-Type', 'text/plain'), 'refresh_token={0}'),
    (('X-A', 'b'), 'refresh_token={0}'),
    (('Content-Type', 'application/json'),
     '{{"refresh_token":"{0}","refresh_token":"{0}"}}'),
    (('Content-Type', 'application/json'), '{{"refresh_token":["{0}"]}}'),
    (('Content-Type', 'application/json'), '["{0}"]')])
def test_forms(grants, kind, form):
    g, _ = grants
    again = g.pair['refresh_token']
    assert said(refresh(g, again, kind, form)) in ('bad_grant',
                                                   'refresh_unknown')
    assert refresh(g, again).status == 200


def test_used_again(grants):
    """RFC 9700 4.14: whoever comes second ends the family, by any worker."""
    g, origin = grants
    first = g.pair['refresh_token']
    second = json.loads(refresh(g, first).body)['refresh_token']
    assert said(refresh(g, first)) == 'refresh_reused'
    for text in (second, first):
        assert said(refresh(g, text)) == 'refresh_unknown'
    assert not origin.requests


# --- caches

def test_revoked_in_every_cache(house):
    """A token that all workers have, and the memory that they share."""
    origin, them = house.origin(), Issuer()
    g = house.gateway('', start=False, workers=3)
    them.write(g.dir)
    g.write(service(origin.port) + authenticators(them.authenticator()) +
            'routes = ( { path = "/*rest"; service = "s"; '
            'authenticate = "main"; } );')
    g.start()
    wires = [Wire(g.port) for _ in range(24)]
    now = int(time.time())
    for how in (('token', 'j1'), ('user', 'u2'), ('all',)):
        name = how[-1][-1]
        t = them.sign(sub=f'u{name}', jti=f'j{name}', iat=now)
        for w in wires:
            assert w.ask(headers=bearer(t)).status == 200
        before = len(origin.requests)
        g.ctl('revoke', *how)
        for w in [*wires, *[Wire(g.port) for _ in range(6)]]:
            r = w.ask(headers=bearer(t))
            assert r.status == 401 and said(r) == 'token_revoked'
        assert len(origin.requests) == before
    # Its text in another form is no other token.
    head, payload, signature = t.split('.')
    assert get(g.port, headers=bearer(f'{head}.{payload}.{signature}=')
               ).status == 401


@pytest.mark.parametrize('change', ['file', 'gone', 'algorithms', 'issuer'])
def test_another_configuration(house, change):
    """What was verified by other rules is verified anew."""
    origin, them, others = house.origin(), Issuer(), Issuer(Key('k1'))
    g = house.gateway('', start=False, workers=2)
    them.write(g.dir)
    rest = ('routes = ( { path = "/*rest"; service = "s"; '
            'authenticate = "main"; } );')
    g.write(service(origin.port) + authenticators(them.authenticator()) + rest)
    g.start()
    t = them.sign(sub='alice', iss='we')
    for _ in range(10):
        assert get(g.port, headers=bearer(t)).status == 200
    auth = them.authenticator()
    if change == 'file':
        others.write(g.dir)
    elif change == 'gone':
        (g.dir / 'k2.pem').write_bytes(others.key.pem)
        auth = auth.replace('k1', 'k2')
    elif change == 'algorithms':
        others = Issuer(Key('k1', 'ES384'))
        others.write(g.dir)
        auth = others.authenticator()
    else:
        auth = them.authenticator(more='issuer = "others";')
    g.reload(service(origin.port) + authenticators(auth) + rest)
    before = len(origin.requests)
    for _ in range(10):
        assert get(g.port, headers=bearer(t)).status == 401
    assert len(origin.requests) == before
