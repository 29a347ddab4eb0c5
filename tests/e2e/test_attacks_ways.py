"""Attacks that go round a token: what else an endpoint might take for an
identity, paths that are read in two ways, keys that have changed, services that
are asked. The table is in tests/README.md."""
import hashlib

import pytest

from gateway import free_port
from h2wire import (DATA, END_HEADERS, END_STREAM, HEADERS, Client, Raw,
                    block, frame, plain)
from origin import field
from tokens import Issuer, authenticators, bearer
from wire import Wire, get, raw

KEY_HASH = hashlib.sha256(b'abc').hexdigest()


@pytest.fixture(scope='module')
def them():
    return Issuer()


@pytest.fixture(scope='module')
def gate(shared_house, them):
    origin = shared_house.origin()
    g = shared_house.gateway('', start=False)
    g.port2 = free_port()
    them.write(g.dir)
    g.write(f'''
listeners = ( {{ address = "127.0.0.1:{g.port}"; }},
  {{ address = "127.0.0.1:{g.port2}"; protocols = [ "h2" ]; }} );
services = {{
  s = {{ endpoints = ( {{ address = "127.0.0.1:{origin.port}"; }} ); }};
  told = {{ endpoints = ( {{ address = "127.0.0.1:{origin.port}"; }} );
    token = {{ header = "X-Service-Token"; }}; }}; }};
signing = {{ issuer = "https://gw"; }};
''' + authenticators(
        them.authenticator(),
        them.authenticator('cookie', more='cookie = "session";'),
        'cert = { type = "mtls"; open = true; };',
        'ops = { type = "api_key"; header = "X-API-Key"; query = "api_key"; '
        'holders = ( { name = "ci"; sha256 = "'
        f'{KEY_HASH}"; }} ); }};') + '''
roles = { admin = [ "all:*" ]; user = [ "some:read" ]; };
routes = (
  { path = "/orgs/:org/*rest"; service = "s"; authenticate = "main";
    authorize = { tenant = "{org}"; }; },
  { path = "/admin/*rest"; service = "s"; authenticate = "main";
    authorize = { any_role = [ "admin" ]; }; },
  { path = "/cookie"; service = "s"; authenticate = "cookie"; },
  { path = "/cert"; service = "s"; authenticate = "cert"; },
  { path = "/key"; service = "s"; authenticate = "ops"; },
  { path = "/told/*rest"; service = "told"; },
  { path = "/open/*rest"; service = "s"; } );
''')
    return g.start(), origin


def refused(gate, ask, status, why):
    """`ask` gets a port; nothing may get to the endpoint."""
    g, origin = gate
    before = len(origin.requests)
    r = ask(g.port)
    assert r.status == status, r
    assert f'"error":"{why}"'.encode() in r.body, r
    assert len(origin.requests) == before


# --- the path that names a tenant

OF_T1 = 'tenant_mismatch'
PATHS = {
    '/orgs/t2/x': (403, OF_T1), '/orgs/T1/x': (403, OF_T1),
    '/orgs/t1%20/x': (403, OF_T1), '/orgs/%2574%31/x': (403, OF_T1),
    '/orgs/t1%2f..%2ft2/x': (400, 'bad_path'),
    '/orgs/t1%2fx': (400, 'encoded_slash'),
    '/orgs/t1/%2e%2e/t2/x': (403, OF_T1), '/orgs/t1/../t2/x': (403, OF_T1),
    '/orgs/t1/..%2ft2/x': (400, 'bad_path'),
    '/orgs/t1/..;/t2/x': (400, 'bad_path'),
    '/orgs/t1/..\\t2/x': (400, 'bad_path'),
    '/orgs/t1/%5c..%5ct2/x': (400, 'bad_path'),
    '/orgs/t1%00/x': (400, 'bad_path'), '/orgs/t1%0a/x': (400, 'bad_path'),
    '/orgs/t2;t1/x': (403, OF_T1), '/orgs/t2,t1/x': (403, OF_T1),
    '/./orgs//t2/x': (403, OF_T1), '/open/../orgs/t2/x': (403, OF_T1),
    '/open/%2e%2e/admin/x': (403, 'role_missing'),
    '/open/..%2fadmin/x': (400, 'bad_path'),
    '//admin/x': (403, 'role_missing'), '/%61dmin/x': (403, 'role_missing'),
    '/ADMIN/x': (404, 'no_route'), '/admin%2fx': (400, 'encoded_slash'),
    '/orgs//x': (404, 'no_route'),
}


@pytest.mark.parametrize('path', PATHS)
def test_paths(gate, them, path):
    one = bearer(them.sign(sub='a', tenant_id='t1', roles=['user']))
    status, why = PATHS[path]
    refused(gate, lambda port: raw(
        port, f'GET {path} HTTP/1.1\r\nHost: x\r\n{one[0][0]}: {one[0][1]}'
        '\r\nX-Original-URL: /open/x\r\nX-Rewrite-URL: /open/x\r\n'
        'X-Forwarded-Prefix: /open\r\nX-HTTP-Method-Override: GET\r\n'
        'X-Tenant-ID: t2\r\nX-User-Roles: admin\r\n\r\n'), status, why)


@pytest.mark.parametrize('path,sent', [
    ('/orgs/t1/x', '/orgs/t1/x'), ('/orgs/%741/x', '/orgs/t1/x'),
    ('/orgs/t2/../t1/x', '/orgs/t1/x'), ('//orgs/./t1//x', '/orgs/t1/x')])
def test_what_was_compared_is_sent(gate, them, path, sent):
    """One reading of the path: the endpoint gets the one that was judged."""
    g, origin = gate
    one = bearer(them.sign(sub='a', tenant_id='t1'))
    assert get(g.port, path, headers=one).status == 200
    assert origin.last.target == sent
    assert field(origin.last, 'x-tenant-id') == ['t1']


@pytest.mark.parametrize('tenant', [None, '', 't1/..', 't1,t2', ['t1'], '*',
                                    ':org', '{org}'])
def test_tenants(gate, them, tenant):
    one = bearer(them.sign(sub='a', tenant_id=tenant))
    g, origin = gate
    before = len(origin.requests)
    assert get(g.port, '/orgs/t1/x', headers=one).status in (401, 403)
    assert len(origin.requests) == before


# --- what else might be taken for an identity

CLAIMED = [('X-SSL-Client-Verify', 'SUCCESS'), ('X-SSL-Client-S-DN', 'CN=a'),
           ('X-Client-Cert', 'MIIB'), ('X-Forwarded-Client-Cert', 'By=a'),
           ('Client-Cert', ':MIIB:'), ('SSL_CLIENT_CERT', 'MIIB'),
           ('X-ARR-ClientCert', 'MIIB'), ('X-User-ID', 'root')]


def test_a_certificate_by_header(gate):
    """RFC 9440: only the handshake has one."""
    refused(gate, lambda port: get(port, '/cert', headers=CLAIMED), 401,
            'no_credentials')


def test_a_service_token_of_the_client(gate):
    """It is ours to give, on every route, whatever its spelling."""
    g, origin = gate
    for path in ('/told/x', '/open/x'):
        for name in ('X-Service-Token', 'x_service_token', 'X-SERVICE_TOKEN'):
            assert get(g.port, path, headers=[(name, 'forged')]).status == 200
            assert 'forged' not in [v for _, v in origin.last.headers]
    with Client(g.port2) as h:
        assert h.ask('/open/x', headers=[('x-service-token', 'forged'),
                                         ('x_service_token', 'forged')]
                     ).status == 200
    assert 'forged' not in [v for _, v in origin.last.headers]


@pytest.mark.parametrize('name', ['X-User-ID', 'x-user-ID', 'X_user_id'])
def test_capitals_over_http2(gate, name):
    """RFC 9113 8.2.1: malformed, and nothing of it goes on."""
    g, origin = gate
    before = len(origin.requests)
    with Raw(g.port2) as h:
        h.send(frame(HEADERS, END_HEADERS | END_STREAM, 1,
                     block(*plain('/open/x'), (name, 'root'))))
        assert b'"error":"bad_request"' in h.until(DATA, 1)[3]
    assert len(origin.requests) == before


@pytest.mark.parametrize('line', [
    'X-User-ID : root', 'X-User-ID\t: root', 'X-User-ID\x0b: root',
    ' X-User-ID: root', 'X-User\r-ID: root', 'X-User-ID\0: root',
    'X-User-ID\xa0: root', 'Host: y\nX-User-ID: root',
    'X-A: b\rX-User-ID: root', 'X-A: b\r\n\tX-User-ID: root'])
def test_lines_that_are_none(gate, line):
    refused(gate, lambda port: raw(
        port, f'GET /open/x HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n'), 400,
        'bad_request')


@pytest.mark.parametrize('value', [
    'session=a; session={t}', 'session={t}; session=a', 'session="{t}"',
    'session={t},session=a', 'session={t}%3B'])
def test_cookies(gate, them, value):
    g, origin = gate
    before = len(origin.requests)
    r = get(g.port, '/cookie',
            headers=[('Cookie', value.format(t=them.sign(sub='a')))])
    assert r.status in (400, 401), r
    assert len(origin.requests) == before


@pytest.mark.parametrize('headers,path', [
    ([('X-API-Key', 'abc'), ('X-API-Key', 'x')], '/key'),
    ([('X-API-Key', 'abc'), ('x-api-key', 'abc')], '/key'),
    ([('X_API_Key', 'abc')], '/key'), ([('X-API-Key', 'ABC')], '/key'),
    ([('X-API-Key', 'abc abc')], '/key'), ([('X-API-Key', 'abc,x')], '/key'),
    ([('X-API-Key', 'ci')], '/key'), ([('Authorization', 'abc')], '/key'),
    ([], '/key?API_KEY=abc'), ([], '/key?api_key=abc&api_key=x'),
    ([], '/key?api_key=abc%00'), ([], '/key?api_key[]=abc'),
    ([], '/key?x=1;api_key=abc'), ([], '/key?api_key=%61bc%20'),
    ([('Cookie', 'api_key=abc')], '/key'),
    ([('X-API-Key', KEY_HASH)], '/key')])
def test_api_keys(gate, headers, path):
    g, origin = gate
    before = len(origin.requests)
    assert get(g.port, '/key', headers=[('X-API-Key', 'abc')]).status == 200
    before += 1
    r = get(g.port, path, headers=headers)
    assert r.status in (400, 401), r
    assert len(origin.requests) == before


def test_an_identity_is_of_one_request(gate, them):
    """Not of its connection, to whichever endpoint that goes on."""
    g, origin = gate
    one, other = (bearer(them.sign(sub=u, tenant_id='t1'))[0][1] for u in 'ab')
    heads = [f'GET /orgs/t1/x HTTP/1.1\r\nHost: x\r\nAuthorization: {one}\r\n',
             'GET /open/x HTTP/1.1\r\nHost: x\r\n',
             'GET /orgs/t1/x HTTP/1.1\r\nHost: x\r\n',
             f'GET /orgs/t1/x HTTP/1.1\r\nHost: x\r\nAuthorization: {other}\r\n']
    before = len(origin.requests)
    with Wire(g.port) as w:
        w.send('\r\n'.join(heads) + '\r\n')
        assert [w.response().status for _ in heads] == [200, 200, 401, 200]
    with Client(g.port2) as h:
        streams = [h.request(path, headers=[('authorization', a)] if a else [])
                   for path, a in (('/orgs/t1/x', one), ('/open/x', None),
                                   ('/orgs/t1/x', None),
                                   ('/orgs/t1/x', other))]
        assert [h.answer(n).status for n in streams] == [200, 200, 401, 200]
    said = [field(r, 'x-user-id') for r in origin.requests[before:]]
    assert said[:3] == [['a'], [], ['b']]
    assert sorted(said[3:]) == [[], ['a'], ['b']]


@pytest.mark.parametrize('token', ['', 'x.y.z', 'e30.e30.e30'])
def test_what_begins_before_the_answer(gate, token):
    """Bodies that are offered, and switches of protocol."""
    g, origin = gate
    before = len(origin.requests)
    for more, body in (
            ('Expect: 100-continue\r\nContent-Length: 5\r\n', ''),
            ('Content-Length: 5\r\n', 'abcde'),
            ('Upgrade: websocket\r\nConnection: Upgrade\r\n'
             'Sec-WebSocket-Version: 13\r\n'
             'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n', '')):
        r = raw(g.port, f'POST /orgs/t1/x HTTP/1.1\r\nHost: x\r\n{more}'
                f'Authorization: Bearer {token}\r\n\r\n{body}')
        assert r.status in (400, 401, 426), r
    assert len(origin.requests) == before
