"""Attacks on signed tokens, each by hand; the table in tests/README.md says
where each comes from. None is let in, and none gets to the endpoint."""
import pytest

from attacks import GOOD, ME, OTHER, TABLES
from conf import service
from forge import token
from gateway import free_port
from h2wire import Client
from origin import field
from wire import get, raw

@pytest.fixture(scope='module')
def gate(shared_house):
    origin = shared_house.origin()
    g = shared_house.gateway('', start=False)
    g.port2 = free_port()
    for key in (ME.ec, ME.rsa, ME.ed):
        (g.dir / f'{key.kid}.pem').write_bytes(key.pem)
    (g.dir / 'secret').write_bytes(ME.secret)
    common = ('issuer = "https://id.example"; audience = [ "api" ]; '
              'leeway = "0s"; type = "jwt";')
    ec, rsa, ed = (f'{{ id = "{k}"; file = "{k}.pem"; }}'
                   for k in ('ec', 'rsa', 'ed'))
    hs = '{ id = "hs"; secret_file = "secret"; }'
    g.write(f'''
listeners = ( {{ address = "127.0.0.1:{g.port}"; }},
  {{ address = "127.0.0.1:{g.port2}"; protocols = [ "h2" ]; }} );
''' + service(origin.port) + f'''
limits = {{ request_head = "64k"; }};
authenticators = {{
  ec = {{ {common} algorithms = [ "ES256" ]; keys = ( {ec} ); }};
  rsa = {{ {common} algorithms = [ "RS256" ]; keys = ( {rsa} ); }};
  all = {{ {common} keys = ( {ec}, {rsa}, {ed}, {hs} );
    algorithms = [ "ES256", "RS256", "PS256", "HS256", "EdDSA" ]; }};
  any = {{ {common} algorithms = [ "ES256", "HS256" ];
    keys = ( {{ file = "ec.pem"; }}, {{ secret_file = "secret"; }} ); }};
  forever = {{ type = "jwt"; algorithms = [ "ES256" ]; keys = ( {ec} );
    require = [ ]; leeway = "0s"; }};
}};
routes = (
  {{ path = "/rsa"; service = "s"; authenticate = "rsa"; }},
  {{ path = "/all"; service = "s"; authenticate = "all"; }},
  {{ path = "/any"; service = "s"; authenticate = "any"; }},
  {{ path = "/forever"; service = "s"; authenticate = "forever"; }},
  {{ path = "/maybe"; service = "s"; authenticate = [ "ec", "anonymous" ]; }},
  {{ path = "/*rest"; service = "s"; authenticate = "ec"; }} );
''')
    return g.start(), origin


@pytest.mark.parametrize('name', GOOD)
def test_what_is_good(gate, name):
    """All the others differ from one of these in one thing alone."""
    g, origin = gate
    path, good = GOOD[name]
    for _ in range(2):
        assert get(g.port, path, headers=[('Authorization', f'Bearer {good}')]
                   ).status == 200
        assert field(origin.last, 'x-user-id') == ['alice']


@pytest.mark.parametrize('kind', TABLES)
def test_tokens(gate, kind):
    """Twice each: no level of the cache lets it in the second time."""
    g, origin = gate
    before, wrong = len(origin.requests), []
    for name, (path, t, why) in TABLES[kind].items():
        for _ in range(2):
            r = get(g.port, path, headers=[('Authorization',
                                            f'Bearer {t}')])
            if r.status != 401 or f'"error":"{why}"'.encode() not in r.body:
                wrong.append((name, r.status, r.body[:60], why))
    assert not wrong, '\n'.join(map(str, wrong))
    assert len(origin.requests) == before


# --- where a token stands

T = ME.good()
PLACES = {
    'two fields': (f'Authorization: Bearer {T}\r\nAuthorization: Bearer {T}',
                   400, 'bad_request'),
    'two, one in other letters': (
        f'authorization: Bearer {T}\r\nAUTHORIZATION: bearer x', 400,
        'bad_request'),
    'two schemes': (f'Authorization: Basic YTpi\r\nAuthorization: Bearer {T}',
                    400, 'bad_request'),
    'no token': ('Authorization: Bearer', 401, 'token_malformed'),
    'blanks alone': ('Authorization: Bearer   ', 401, 'token_malformed'),
    'a tab': (f'Authorization: Bearer\t{T}', 401, 'no_credentials'),
    'a comma': (f'Authorization: Bearer,{T}', 401, 'no_credentials'),
    'a colon': (f'Authorization: Bearer:{T}', 401, 'no_credentials'),
    'no blank': (f'Authorization: Bearer{T}', 401, 'no_credentials'),
    'a blank and a tab': (f'Authorization: Bearer \t{T}', 401,
                          'token_malformed'),
    'a list': (f'Authorization: Bearer {T}, Bearer {T}', 401,
               'token_malformed'),
    'a list of schemes': (f'Authorization: Basic YTpi, Bearer {T}', 401,
                          'no_credentials'),
    'the scheme twice': (f'Authorization: Bearer Bearer {T}', 401,
                         'token_malformed'),
    'a parameter': (f'Authorization: Bearer token="{T}"', 401,
                    'token_malformed'),
    'no scheme': (f'Authorization: {T}', 401, 'no_credentials'),
    **{f'scheme {s}': (f'Authorization: {s} {T}', 401, 'no_credentials')
       for s in ('Basic', 'JWT', 'Token', 'DPoP', 'Bearer2', 'Digest')},
    **{f'field {n}': (f'{n}: Bearer {T}', 401, 'no_credentials')
       for n in ('Proxy-Authorization', 'X-Authorization', 'Authorization_',
                 'X-Access-Token', 'Authentication',
                 'X-Forwarded-Access-Token')},
    'a cookie': (f'Cookie: access_token={T}; Authorization=Bearer%20{T}', 401,
                 'no_credentials'),
    'nominated': (f'Connection: Authorization\r\nAuthorization: Bearer {T}x',
                  401, 'token_malformed'),
    'a blank before the colon': (f'Authorization : Bearer {T}', 400,
                                 'bad_request'),
    'folded': (f'Authorization: Bearer\r\n {T}', 400, 'bad_request'),
    'a NUL': (f'Authorization: Bearer {T}\0', 400, 'bad_request'),
    'a CR': (f'Authorization: Bearer {T}\rX-User-ID: root', 400,
             'bad_request'),
}


@pytest.mark.parametrize('name', PLACES)
def test_places(gate, name):
    g, origin = gate
    before = len(origin.requests)
    lines, status, why = PLACES[name]
    r = raw(g.port, f'GET / HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n')
    assert r.status == status and f'"error":"{why}"'.encode() in r.body
    assert len(origin.requests) == before


@pytest.mark.parametrize('path', [
    f'/?access_token={T}', f'/?Authorization=Bearer%20{T}', f'/{T}',
    f'/;access_token={T}'])
def test_a_token_in_the_target(gate, path):
    g, origin = gate
    before = len(origin.requests)
    r = get(g.port, path)
    assert r.status == 401 and b'no_credentials' in r.body
    assert len(origin.requests) == before


def test_a_token_behind_the_head(gate):
    """In a form (RFC 6750 2.2), or among the trailers."""
    g, origin = gate
    before = len(origin.requests)
    form = f'access_token={T}'
    for rest in (
            'Content-Type: application/x-www-form-urlencoded\r\n'
            f'Content-Length: {len(form)}\r\n\r\n{form}',
            'Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n'
            f'0\r\nAuthorization: Bearer {T}\r\n\r\n'):
        r = raw(g.port, f'POST / HTTP/1.1\r\nHost: x\r\n{rest}')
        assert r.status == 401 and b'no_credentials' in r.body
    assert len(origin.requests) == before


@pytest.mark.parametrize('value', [
    f'Bearer {T}', f'bearer {T}', f'BEARER {T}', f'Bearer   {T}',
    f'Bearer {T}  '])
def test_what_is_the_same(gate, value):
    """RFC 9110 11.1, 11.4: the scheme has no case, and blanks behind it."""
    g, origin = gate
    assert get(g.port, headers=[('Authorization', value)]).status == 200
    assert field(origin.last, 'x-user-id') == ['alice']


def test_nobody_asks_the_url_of_a_token(gate, house):
    """jku and x5u: who would fetch them could be made to ask anything."""
    g, origin = gate
    bait = house.origin()
    url = f'http://127.0.0.1:{bait.port}/keys'
    before = len(origin.requests)
    for head in ({'jku': url}, {'x5u': url}, {'jku': url, 'kid': 'new'},
                 {'kid': url}, {'iss': url}):
        forged = token(OTHER.es256, {'alg': 'ES256', 'kid': 'ec', **head},
                       ME.claims(iss=url if 'iss' in head else None))
        assert get(g.port, headers=[('Authorization', f'Bearer {forged}')]
                   ).status == 401
    assert bait.connections == 0
    assert len(origin.requests) == before


@pytest.mark.parametrize('kind', TABLES)
def test_tokens_over_http2(gate, kind):
    g, origin = gate
    before, wrong = len(origin.requests), []
    with Client(g.port2) as h:
        for name, (path, t, why) in TABLES[kind].items():
            r = h.ask(path, headers=[(
                b'authorization', f'Bearer {t}'.encode('latin-1'))])
            if r.status != 401 or f'"error":"{why}"'.encode() not in r.body:
                wrong.append((name, r.status, r.body[:60], why))
    assert not wrong, '\n'.join(map(str, wrong))
    assert len(origin.requests) == before


def test_two_over_http2(gate):
    g, origin = gate
    before = len(origin.requests)
    with Client(g.port2) as h:
        r = h.ask('/', headers=[('authorization', f'Bearer {T}')] * 2)
    assert r.status == 400 and b'"bad_request"' in r.body
    assert len(origin.requests) == before
