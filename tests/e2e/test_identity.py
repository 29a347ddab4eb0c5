"""What an endpoint is told of an identity comes from the gateway alone: copies
of clients are removed, in every spelling, by every way in."""
import json
import socket

import pytest

from conf import service
from gateway import free_port
from h2wire import Client
from origin import field
from tokens import Issuer, authenticators, bearer
from wire import Wire, get, raw

NAMES = ('X-User-ID', 'X-User-Email', 'X-User-Roles', 'X-User-Permissions',
         'X-Tenant-ID')


def spellings(name):
    """As servers that make variables of fields may take them for it."""
    yield from (name, name.lower(), name.upper(), name.replace('-', '_'),
                name.lower().replace('-', '_'), name.replace('-', '_', 1),
                name.replace('-', '.'), name.swapcase().replace('-', '~'))


ALL = [s for name in NAMES for s in spellings(name)]


def folded(name):
    return ''.join(c if c.isalnum() else '-' for c in name.lower())


def told(request, own=()):
    """Fields of the request that an endpoint might take for one of ours."""
    names = {folded(n) for n in (*NAMES, *own)}
    return [(n, v) for n, v in request.headers if folded(n) in names]


@pytest.fixture(scope='module')
def them():
    return Issuer()


@pytest.fixture(scope='module')
def gate(shared_house, them):
    origin = shared_house.origin()
    port2 = free_port()
    g = shared_house.gateway('', start=False)
    them.write(g.dir)
    g.port2 = port2
    g.write(f'''
listeners = ( {{ address = "127.0.0.1:{g.port}"; }},
  {{ address = "127.0.0.1:{port2}"; protocols = [ "h2" ]; }} );
''' + service(origin.port) + authenticators(them.authenticator()) + '''
routes = (
  { path = "/open/*rest"; service = "s"; },
  { path = "/ws"; service = "s"; upgrade = [ "websocket" ]; },
  { path = "/maybe"; service = "s"; authenticate = [ "main", "anonymous" ]; },
  { path = "/rule"; service = "s"; authenticate = "main";
    request_headers = ( { set = "X-Who"; value = "{user}/{tenant}/{roles}"; } ); },
  { path = "/*rest"; service = "s"; authenticate = "main"; } );
''')
    return g.start(), origin


@pytest.mark.parametrize('path', ['/open/x', '/maybe', '/'])
def test_http1(gate, them, path):
    g, origin = gate
    token = bearer(them.sign(sub='alice')) if path == '/' else []
    for at in range(0, len(ALL), 20):
        claims = [(n, 'mallory') for n in ALL[at:at + 20]]
        assert get(g.port, path, headers=[
            *token, *claims, ('X-User-IDs', 'kept'),
            ('XX-User-ID', 'kept')]).status == 200
        expected = [('X-User-ID', 'alice')] if path == '/' else []
        assert told(origin.last) == expected
        assert field(origin.last, 'x-user-ids') == ['kept']
        assert field(origin.last, 'xx-user-id') == ['kept']


@pytest.mark.parametrize('path', ['/open/x', '/maybe', '/'])
def test_http2(gate, them, path):
    g, origin = gate
    token = bearer(them.sign(sub='alice')) if path == '/' else []
    token = [(n.lower(), v) for n, v in token]
    names = sorted({n.lower() for n in ALL})
    with Client(g.port2) as h:
        for at in range(0, len(names), 20):
            claims = [(n, 'mallory') for n in names[at:at + 20]]
            assert h.ask(path, headers=[*token, *claims]).status == 200
            expected = [('X-User-ID', 'alice')] if path == '/' else []
            assert told(origin.last) == expected


def test_two_of_them(gate, them):
    g, origin = gate
    get(g.port, '/', headers=bearer(
        them.sign(sub='alice'), ('X-User-ID', 'a'), ('X-User-ID', 'b')))
    assert told(origin.last) == [('X-User-ID', 'alice')]


def test_nobody_takes_ours_away(gate, them):
    """By naming them in Connection (RFC 9110 7.6.1)."""
    g, origin = gate
    get(g.port, '/', headers=bearer(
        them.sign(sub='alice', roles=['x']),
        ('Connection', 'X-User-ID, x-user-roles, Authorization'),
        ('X-User-ID', 'mallory')))
    assert told(origin.last) == [('X-User-ID', 'alice'),
                                 ('X-User-Roles', 'x')]


@pytest.mark.parametrize('path', ['/open/x', '/'])
def test_trailers(gate, them, path):
    g, origin = gate
    seen = []

    def handler(conn, request):
        seen.append(conn.chunks())
        conn.reply(200)
    origin.on(path, handler, streamed=True)
    token = f'Authorization: Bearer {them.sign(sub="alice")}\r\n'
    trailers = ''.join(f'{n}: mallory\r\n' for n in ALL[:30])
    with Wire(g.port) as w:
        w.send(f'POST {path} HTTP/1.1\r\nHost: x\r\n{token}'
               'Transfer-Encoding: chunked\r\nTrailer: X-User-ID, X-Sum\r\n'
               f'\r\n3\r\nabc\r\n0\r\nX-Sum: 5\r\n{trailers}\r\n')
        assert w.response().status == 200
    assert seen == [(b'abc', [('X-Sum', '5')])]
    del origin.handlers[path]
    origin.streamed.discard(path)


def test_trailers_of_http2(gate):
    g, origin = gate
    seen = []

    def handler(conn, request):
        seen.append(conn.chunks())
        conn.reply(200)
    origin.on('/open/t', handler, streamed=True)
    with Client(g.port2) as h:
        n = h.request('/open/t', 'POST', end=False)
        h.send(n, b'abc')
        h.h2.send_headers(n, [('x_user_id', 'mallory'), ('x-sum', '5'),
                              ('x-tenant-id', 'mallory')], True)
        h.flush()
        assert h.answer(n).status == 200
    assert [t for _, t in seen] == [[('x-sum', '5')]]


def test_requests_that_switch(gate):
    g, origin = gate
    with socket.create_connection(('127.0.0.1', g.port), 10) as s:
        s.sendall(b'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n'
                  b'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
                  b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
                  b'X_User_ID: mallory\r\n\r\n')
        assert s.recv(100)
    assert told(origin.last) == []


def test_http10(gate):
    g, origin = gate
    raw(g.port, 'GET /open/x HTTP/1.0\r\nX-User-ID: mallory\r\n'
        'x_tenant_id: t\r\n\r\n')
    assert told(origin.last) == []


def test_templates_know_it(gate, them):
    g, origin = gate
    get(g.port, '/rule', headers=bearer(
        them.sign(sub='alice', tenant_id='t', roles=['a', 'b'])))
    assert field(origin.last, 'x-who') == ['alice/t/a,b']


def test_other_names(house, them):
    """Names of one's own; an empty one tells nothing, and is nobody's."""
    origin = house.origin()
    g = house.gateway('', start=False)
    them.write(g.dir)
    g.write(service(origin.port) + authenticators(them.authenticator()) + '''
identity_headers = { user = "Who"; roles = ""; service = "Which-Service"; };
routes = ( { path = "/open"; service = "s"; },
  { path = "/*rest"; service = "s"; authenticate = "main"; } );
''')
    g.start()
    token = them.sign(sub='alice', roles=['r'], service='billing')
    claims = [('who', 'm'), ('which_service', 'm'), ('X-User-ID', 'm'),
              ('X-User-Roles', 'm'), ('X-Tenant-ID', 'm')]
    for path, own in (('/', [('Who', 'alice'), ('Which-Service', 'billing')]),
                      ('/open', [])):
        get(g.port, path, headers=bearer(token, *claims))
        assert [(n, v) for n, v in origin.last.headers
                if folded(n) in ('who', 'which-service', 'x-tenant-id')] == own
        assert field(origin.last, 'x-user-id') == ['m']
        assert field(origin.last, 'x-user-roles') == ['m']


def test_claims_by_their_names(house, them):
    origin = house.origin()
    g = house.gateway('', start=False)
    them.write(g.dir)
    g.write(service(origin.port) + authenticators(them.authenticator(
        more='claims = { user = "preferred_username"; permissions = "scope"; '
        'roles = "realm_access.roles"; tenant = "https://x/tenant"; };')) + '''
routes = ( { path = "/*rest"; service = "s"; authenticate = "main"; } );
''')
    g.start()
    get(g.port, headers=bearer(them.sign(
        sub='id', preferred_username='alice', scope='read write',
        realm_access={'roles': ['a', 'b']}, **{'https://x/tenant': 't'})))
    assert dict(told(origin.last)) == {
        'X-User-ID': 'alice', 'X-User-Roles': 'a,b',
        'X-User-Permissions': 'read,write', 'X-Tenant-ID': 't'}


def test_what_was_echoed_is_json(gate, them):
    """Not only ASCII is told as it is."""
    g, _ = gate
    r = get(g.port, '/', headers=bearer(them.sign(sub='J\u00f6rg')))
    said = dict(json.loads(r.body)['headers'])
    assert said['X-User-ID'].encode('latin-1').decode() == 'J\u00f6rg'
