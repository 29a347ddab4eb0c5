"""Signed tokens: who is let in, who is told to the endpoint, and why others
are not."""
import time

import jwt
import pytest

from conf import service
from gateway import wait_until
from origin import field
from tokens import (Issuer, Key, authenticators, b64, bearer)
from wire import Wire, get, raw

ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'RS384', 'RS512',
              'PS256', 'PS384', 'PS512']
SECRET = 'a secret of more than thirty-two characters'


def replies(g, why):
    return g.metric('replies_total', why=why)


@pytest.fixture(scope='module')
def them():
    return Issuer()


@pytest.fixture(scope='module')
def gate(shared_house, them):
    origin = shared_house.origin()
    g = shared_house.gateway('', start=False)
    them.write(g.dir)
    g.write(service(origin.port) + authenticators(
        them.authenticator(more='issuer = [ "us", "we" ]; leeway = "0s"; '
                           'audience = [ "api", "web" ]; realm = "the api";'),
        them.authenticator('cookie', more='cookie = "session"; strip = true; '
                           'require = [ ];'),
        them.authenticator('header', more='header = "X-Token"; strip = true;'),
        them.authenticator('fresh', more='cache = false;')) + '''
roles = { admin = [ "x" ]; };
routes = (
  { path = "/cookie"; service = "s"; authenticate = "cookie"; },
  { path = "/header"; service = "s"; authenticate = "header"; },
  { path = "/fresh"; service = "s"; authenticate = "fresh"; },
  { path = "/maybe"; service = "s"; authenticate = [ "main", "anonymous" ]; },
  { path = "/open"; service = "s"; },
  { path = "/demands"; service = "s"; authenticate = [ "main", "anonymous" ];
    authorize = { any_role = "admin"; }; },
  { path = "/own"; authenticate = "main"; respond = { body = "{user}"; }; },
  { path = "/*rest"; service = "s"; authenticate = "main"; } );
''')
    return g.start(), origin


def good(them, **claims):
    return them.sign(**{'sub': 'alice', 'iss': 'we', 'aud': 'api', **claims})


def test_a_good_token(gate, them):
    g, origin = gate
    token = good(them, email='a@b', roles=['x', 'y'], tenant_id='t1',
                 permissions='users:read')
    for _ in range(3):
        assert get(g.port, '/', headers=bearer(token)).status == 200
    said = origin.last
    assert field(said, 'x-user-id') == ['alice']
    assert field(said, 'x-user-email') == ['a@b']
    assert field(said, 'x-user-roles') == ['x,y']
    assert field(said, 'x-user-permissions') == ['users:read']
    assert field(said, 'x-tenant-id') == ['t1']
    # Byte for byte.
    assert field(said, 'authorization') == [f'Bearer {token}']
    assert get(g.port, '/own', headers=bearer(token)).body == b'alice'


def test_what_is_not_said_is_not_told(gate, them):
    g, origin = gate
    get(g.port, '/', headers=bearer(good(them)))
    assert field(origin.last, 'x-user-roles') == []
    assert field(origin.last, 'x-tenant-id') == []


@pytest.mark.parametrize('claims,why', [
    ({'exp': -1}, 'token_expired'),  # seconds from now
    ({'exp': None}, 'token_claims'),
    ({'nbf': 60}, 'token_early'),
    ({'iss': 'them'}, 'token_issuer'),
    ({'iss': None}, 'token_issuer'),
    ({'aud': ['other']}, 'token_audience'),
    ({'aud': None}, 'token_audience'),
    ({'sub': ''}, 'token_claims'),
    ({'sub': 'a\r\nX-User-Roles: admin'}, 'token_claims'),
    ({'roles': ['a,b']}, 'token_claims'),
    ({'roles': [1]}, 'token_claims'),
    ({'tenant_id': 7}, 'token_claims'),
])
def test_bad_claims(gate, them, claims, why):
    g, origin = gate
    claims = {n: int(time.time()) + v if n in ('exp', 'nbf') and v else v
              for n, v in claims.items()}
    before = len(origin.requests)
    r = get(g.port, '/', headers=bearer(good(them, **claims)))
    assert r.status == 401 and f'"error":"{why}"'.encode() in r.body
    assert len(origin.requests) == before
    said = r.get('WWW-Authenticate')
    assert said.startswith('Bearer realm="the api", error="invalid_token", '
                           'error_description="')


def test_no_token(gate):
    g, _ = gate
    r = get(g.port, '/')
    assert r.status == 401 and b'no_credentials' in r.body
    # RFC 6750 3.1: of errors there is nothing to say.
    assert r.all('WWW-Authenticate') == ['Bearer realm="the api"']
    r = get(g.port, '/', headers=[('Authorization', 'Basic YTpi')])
    assert r.status == 401 and b'no_credentials' in r.body


def test_two_tokens(gate, them):
    g, _ = gate
    token = good(them)
    r = raw(g.port, f'GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer '
            f'{token}\r\nAuthorization: Bearer {token}\r\n\r\n')
    assert r.status == 400
    for headers in ([('Cookie', f'session={token}; session={token}')],
                    [('Cookie', f'session={token}'), *bearer(token)]):
        r = get(g.port, '/cookie', headers=headers)
        assert r.status == 400 and b'two_credentials' in r.body


def test_bad_ones_are_not_anonymous(gate, them):
    g, origin = gate
    assert get(g.port, '/maybe').status == 200
    assert field(origin.last, 'x-user-id') == []
    assert get(g.port, '/maybe', headers=bearer(good(them))).status == 200
    assert field(origin.last, 'x-user-id') == ['alice']
    assert get(g.port, '/maybe', headers=bearer('x')).status == 401
    assert get(g.port, '/maybe', headers=bearer('')).status == 401
    # Of another kind: it is nothing to this authenticator.
    assert get(g.port, '/maybe',
               headers=[('Authorization', 'Basic YTpi')]).status == 200


def test_anonymous_is_not_enough(gate, them):
    """Where a route lets nobody in and demands something, that is a 401."""
    g, _ = gate
    r = get(g.port, '/demands')
    assert r.status == 401 and b'no_credentials' in r.body
    assert r.get('WWW-Authenticate') == 'Bearer realm="the api"'
    r = get(g.port, '/demands', headers=bearer(good(them)))
    assert r.status == 403 and r.get('WWW-Authenticate') is None
    assert get(g.port, '/demands', headers=bearer(
        good(them, roles=['admin']))).status == 200


def test_the_text_is_signed(gate, them):
    g, origin = gate
    token = good(them)
    assert get(g.port, '/', headers=bearer(token)).status == 200
    before = len(origin.requests)
    head, payload, signature = token.split('.')
    other = good(them, sub='bob').split('.')
    with Wire(g.port) as w:
        for bad in (token + '=', token + '.', token + '!', token[:-1],
                    f'{head}.{other[1]}.{signature}', f'{head}.{payload}.',
                    f'{head}.{payload}', f'{head}.{payload}.{other[2]}',
                    f'{head}==.{payload}.{signature}',
                    f'{payload}.{head}.{signature}', token.upper(),
                    f' {token} x', f'{token},{token}'):
            assert w.ask('/', headers=bearer(bad)).status == 401, bad
    assert len(origin.requests) == before


def test_the_token_does_not_choose(gate, them):
    g, origin = gate
    claims = {'sub': 'root', 'iss': 'we', 'aud': 'api',
              'exp': int(time.time()) + 60}
    before = len(origin.requests)
    forged = [
        f'{b64({"alg": a, "typ": "JWT", "kid": "k1"})}.{b64(claims)}.{s}'
        for a in ('none', 'None', 'NONE', 'nOnE', '') for s in ('', 'AAAA')]
    # The public key's text as a secret, and an empty one.
    for secret in (them.key.pem, them.key.pem.strip(), b''):
        head = b64({'alg': 'HS256', 'typ': 'JWT', 'kid': 'k1'})
        text = f'{head}.{b64(claims)}'
        mac = jwt.algorithms.HMACAlgorithm(
            jwt.algorithms.HMACAlgorithm.SHA256).sign(text.encode(), secret)
        forged.append(f'{text}.{b64(mac)}')
    mine = Key('k1')
    forged += [
        Issuer(mine).sign(**claims),
        Issuer(mine).sign(headers={'jwk': mine.jwk}, **claims),
        Issuer(mine).sign(headers={'jku': 'http://127.0.0.1/'}, **claims),
        good(them, **claims).replace('.', '..'),
        them.sign(headers={'crit': ['exp'], 'exp': 1}, **claims),
        them.sign(headers={'b64': False, 'crit': ['b64']}, **claims),
        them.sign(headers={'typ': 'secevent+jwt'}, **claims),
        # Psychic signatures: r and s are zero, and are n.
        f'{b64({"alg": "ES256", "kid": "k1"})}.{b64(claims)}.{b64(bytes(64))}',
    ]
    for token in forged:
        r = get(g.port, '/', headers=bearer(token))
        assert r.status == 401, token
    assert len(origin.requests) == before


def test_types(gate, them):
    g, _ = gate
    for typ in ('JWT', 'jwt', 'at+jwt', 'application/at+jwt', None):
        token = them.sign(headers={'typ': typ} if typ else {'typ': ''},
                          sub='a', iss='we', aud='api')
        assert get(g.port, '/', headers=bearer(token)).status in (
            (200,) if typ else (200, 401))


def test_large_tokens(gate, them):
    g, _ = gate
    r = get(g.port, '/', headers=bearer(good(them, x='y' * 20000)))
    assert r.status in (401, 431)
    assert get(g.port, '/', headers=bearer(
        good(them, x='y' * 9000))).status == 200


def test_named_places(gate, them):
    g, origin = gate
    token = them.sign(sub='alice')
    r = get(g.port, '/header', headers=[('X-Token', token), ('X-Kept', '1')])
    assert r.status == 200
    assert field(origin.last, 'x-token') == []
    assert field(origin.last, 'x-kept') == ['1']
    assert field(origin.last, 'x-user-id') == ['alice']
    r = get(g.port, '/cookie',
            headers=[('Cookie', f'a=b; session={token}; c=d')])
    assert r.status == 200
    assert field(origin.last, 'cookie') == ['a=b; c=d']
    # Elsewhere it is nothing.
    for path in ('/header', '/cookie'):
        r = get(g.port, path, headers=bearer(token))
        assert r.status == 401 and b'no_credentials' in r.body


def test_a_token_that_never_ends(gate, them):
    g, _ = gate
    r = get(g.port, '/cookie', headers=[
        ('Cookie', f'session={them.sign(sub="alice", exp=None)}')])
    assert r.status == 200


def test_cookies_and_other_sites(gate, them):
    g, origin = gate
    cookie = ('Cookie', f'session={them.sign(sub="alice")}')

    def post(*headers):
        return get(g.port, '/cookie', 'POST', body=b'x',
                   headers=[cookie, *headers])

    assert post().status == 403
    before = len(origin.requests)
    for headers in ([('Origin', 'https://evil.example')],
                    [('Origin', 'null')],
                    [('Referer', 'http://evil.example/test')],
                    [('Sec-Fetch-Site', 'cross-site'),
                     ('Origin', 'http://test')],
                    [('Sec-Fetch-Site', 'same-site')]):
        r = post(*headers)
        assert r.status == 403 and b'"csrf"' in r.body, headers
    assert len(origin.requests) == before
    for headers in ([('Origin', 'http://test')],
                    [('Referer', 'http://test/page')],
                    [('Sec-Fetch-Site', 'same-origin')]):
        assert post(*headers).status == 200, headers
    assert get(g.port, '/cookie', headers=[
        cookie, ('Origin', 'https://evil.example')]).status == 200


def test_it_expires_in_the_cache(gate, them):
    g, _ = gate
    token = good(them, exp=int(time.time()) + 5)
    assert get(g.port, '/', headers=bearer(token)).status == 200
    wait_until(lambda: get(g.port, '/', headers=bearer(token)).status == 401,
               15, 'the end of a token')
    assert b'token_expired' in get(g.port, '/', headers=bearer(token)).body


def test_the_cache_can_be_off(gate, them):
    g, _ = gate
    token = them.sign(sub='alice')
    before = g.metric('auth_verifications_total')
    for _ in range(5):
        assert get(g.port, '/fresh', headers=bearer(token)).status == 200
    assert g.metric('auth_verifications_total') == before + 5




@pytest.mark.parametrize('alg', ALGORITHMS)
def test_algorithms(house, alg):
    them, others = Issuer(Key(alg=alg)), Issuer(Key(alg=alg))
    origin = house.origin()
    g = house.gateway('', start=False)
    them.write(g.dir)
    g.write(service(origin.port) + authenticators(them.authenticator()) +
            'routes = ( { path = "/*rest"; service = "s"; '
            'authenticate = "main"; } );')
    g.start()
    assert get(g.port, headers=bearer(them.sign(sub='a'))).status == 200
    r = get(g.port, headers=bearer(others.sign(sub='a')))
    assert r.status == 401 and b'token_signature' in r.body


@pytest.mark.parametrize('alg', ['HS256', 'HS384', 'HS512'])
def test_secrets(house, alg):
    origin = house.origin()
    secret = SECRET * 2
    g = house.gateway(service(origin.port) + f'''
authenticators = {{ main = {{ type = "jwt"; algorithms = [ "{alg}" ];
  keys = ( {{ id = "k"; secret = "${{TEST_SECRET}}"; }} ); }}; }};
routes = ( {{ path = "/*rest"; service = "s"; authenticate = "main"; }} );
''', environ={'TEST_SECRET': secret})
    claims = {'sub': 'a', 'exp': int(time.time()) + 60}
    for key, status in ((secret, 200), (secret + 'x', 401)):
        token = jwt.encode(claims, key, alg, headers={'kid': 'k'})
        assert get(g.port, headers=bearer(token)).status == status


def test_workers_share(house, them):
    origin = house.origin()
    g = house.gateway('', start=False, workers=3)
    them.write(g.dir)
    g.write(service(origin.port) + authenticators(them.authenticator()) +
            'routes = ( { path = "/*rest"; service = "s"; '
            'authenticate = "main"; } );')
    g.start()
    token = them.sign(sub='alice')
    assert get(g.port, headers=bearer(token)).status == 200
    for _ in range(60):
        assert get(g.port, headers=bearer(token)).status == 200
    assert g.metric('auth_verifications_total') == 1
    assert g.metric('auth_cache_shared_hits_total') in (1, 2)


# --- key sets

@pytest.fixture
def fetched(house):
    """A gateway that has its keys from an url."""
    them = Issuer()
    them.serve(house)
    origin = house.origin()
    g = house.gateway(service(origin.port) + authenticators(
        them.authenticator(keys=them.jwks_text())) + '''
routes = ( { path = "/*rest"; service = "s"; authenticate = "main"; } );
''')
    return g, them


def test_a_set_that_is_fetched(fetched):
    g, them = fetched
    assert get(g.port, headers=bearer(them.sign(sub='a'))).status == 200
    assert them.asked == 1


def test_a_new_key_is_fetched(fetched):
    g, them = fetched
    old = them.sign(sub='a')
    assert get(g.port, headers=bearer(old)).status == 200
    time.sleep(1.2)  # the cool-down
    them.keys.append(Key('k2'))
    assert get(g.port, headers=bearer(them.sign(sub='a'))).status == 200
    assert them.asked == 2
    assert get(g.port, headers=bearer(old)).status == 200
    # An unknown one is refused, and soon without asking.
    stranger = Issuer(Key('k3'))
    began = time.monotonic()
    for _ in range(10):
        r = get(g.port, headers=bearer(stranger.sign(sub='a')))
        assert r.status == 401 and b'token_key_unknown' in r.body
    # Once, and again after each cool-down.
    assert them.asked <= 3 + int(time.monotonic() - began)


def test_a_key_that_is_gone(fetched):
    g, them = fetched
    old = them.sign(sub='a')
    assert get(g.port, headers=bearer(old)).status == 200
    time.sleep(1.2)
    them.keys = [Key('k2')]
    assert get(g.port, headers=bearer(them.sign(sub='a'))).status == 200
    r = get(g.port, headers=bearer(old))
    assert r.status == 401 and b'token_key_unknown' in r.body


def test_no_set_yet(house):
    them = Issuer()
    them.serve(house)
    origin = house.origin()
    port = them.origin.port
    them.origin.close()
    g = house.gateway(service(origin.port) + authenticators(
        them.authenticator(keys=f'jwks = {{ url = "http://127.0.0.1:{port}/";'
                           ' cooldown = "1s"; };')) + '''
routes = ( { path = "/*rest"; service = "s"; authenticate = "main"; } );
''')
    r = get(g.port, headers=bearer(them.sign(sub='a')))
    assert r.status == 503 and b'auth_unavailable' in r.body


def test_a_body_waits_for_a_key(fetched):
    g, them = fetched
    time.sleep(1.2)
    them.keys.append(Key('k2'))
    body = b'z' * 300000
    r = get(g.port, '/', 'POST', headers=bearer(them.sign(sub='a')),
            body=body)
    assert r.status == 200 and body in r.body
