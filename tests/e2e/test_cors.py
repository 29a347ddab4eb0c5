"""What browsers are told, over HTTP/2 and TLS, to gRPC-Web, and over reloads;
the rest is in plays and in test_browser_cors.py."""
import struct

import pytest

from conf import proxy
from gateway import free_port
from h2wire import Client
from secure import Shop, route
from wire import Wire, get

APP = 'https://app.example'
PREFLIGHT = [('Origin', APP), ('Access-Control-Request-Method', 'PUT')]
POLICY = ('cors = { app = { origins = "%s"; headers = "X-A"; '
          'credentials = true; }; };\n')


def lower(headers):
    return [(n.lower(), v) for n, v in headers]


def cors(headers):
    """Those fields of an answer that are about other origins."""
    return {n.lower(): v for n, v in headers
            if n.lower().startswith('access-control-') or n.lower() == 'vary'}


# ---- HTTP/2, TLS


@pytest.fixture(scope='module')
def shop(shared_house):
    s = Shop(shared_house.folder())
    origin = shared_house.origin(lambda conn, request: conn.reply(
        200, 'ok', [('Access-Control-Allow-Origin', '*'), ('Vary', 'Accept'),
                    ('Strict-Transport-Security', 'max-age=1'),
                    ('X-Frame-Options', 'ALLOW'), ('Server', 'loud')]))
    shared_house.gateway(
        route(origin, 'cors = "app";') + POLICY % APP
        + 'security_headers = { preset = "owasp"; };\n',
        top=s.listeners(f'{{ address = "127.0.0.1:{s.plain}"; }}'))
    s.origin = origin
    return s


def test_h2(shop):
    with Client(shop.port, shop.context(alpn=['h2'])) as client:
        a = client.ask('/', 'OPTIONS', lower(PREFLIGHT))
        assert (a.status, a.body) == (204, b'')
        assert cors(a.headers.items()) == {
            'access-control-allow-origin': APP,
            'access-control-allow-credentials': 'true',
            'access-control-allow-methods':
                'GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH',
            'access-control-allow-headers': 'X-A',
            'access-control-max-age': '600', 'vary': 'Origin'}
        a = client.ask('/', headers=[('origin', APP)])
        assert cors(a.headers.items()) == {
            'access-control-allow-origin': APP,
            'access-control-allow-credentials': 'true',
            'vary': 'Accept, Origin'}
        a = client.ask('/', headers=[('origin', APP + '.evil')])
        assert cors(a.headers.items()) == {'vary': 'Accept, Origin'}
        assert a.headers['strict-transport-security'] == \
            'max-age=31536000; includeSubDomains'
        assert a.headers['x-frame-options'] == 'deny'
        assert 'server' not in a.headers


def test_each_field_once(shop):
    for connect, secured in ((shop.client, True),
                             (lambda: Wire(shop.plain), False)):
        with connect() as wire:
            r = wire.ask('/')
            for name in ('X-Frame-Options', 'Content-Security-Policy',
                         'Referrer-Policy', 'Vary', 'X-Request-ID', 'Date'):
                assert len(r.all(name)) == 1, name
            assert len(r.all('Server')) == 0
            # RFC 6797 7.2
            assert len(r.all('Strict-Transport-Security')) == secured


# ---- gRPC-Web


GRPC_WEB = [('Origin', APP), ('Content-Type', 'application/grpc-web+proto'),
            ('X-Grpc-Web', '1')]
EXPOSED = 'grpc-status, grpc-message, grpc-status-details-bin'


def call(x):
    x.head(200, [('content-type', 'application/grpc+proto'),
                 ('access-control-allow-origin', 'https://nobody.example')])
    x.data(struct.pack('>BI', 0, 2) + b'hi')
    x.end([('grpc-status', '0')])


def test_grpc_web(gateway, h2upstream):
    origin = h2upstream(call)
    g = gateway(POLICY % APP + f'''
services = {{
  s = {{ protocol = "h2"; endpoints = ( {{ address = "127.0.0.1:{origin.port}"; }} ); }};
  dead = {{ protocol = "h2"; endpoints = ( {{ address = "127.0.0.1:{free_port()}"; }} ); }};
}};
routes = (
  {{ path = "/a.B/*rest"; methods = "POST"; service = "s"; grpc_web = true; cors = "app"; }},
  {{ path = "/dead.B/*rest"; service = "dead"; grpc_web = true; cors = "app"; }} );
''')
    r = get(g.port, '/a.B/C', 'OPTIONS', headers=[
        ('Origin', APP), ('Access-Control-Request-Method', 'POST'),
        ('Access-Control-Request-Headers',
         'content-type,grpc-timeout,x-grpc-web,x-user-agent,x-a')])
    assert r.status == 204
    assert r.get('Access-Control-Allow-Methods') == 'POST'
    assert r.get('Access-Control-Allow-Headers') == \
        'X-A, Content-Type, X-Grpc-Web, X-User-Agent, Grpc-Timeout'
    r = get(g.port, '/a.B/C', 'POST', headers=GRPC_WEB,
            body=struct.pack('>BI', 0, 0))
    assert r.status == 200 and b'grpc-status: 0' in r.body
    assert cors(r.headers) == {
        'access-control-allow-origin': APP,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': EXPOSED, 'vary': 'Origin'}
    # What the gateway says itself has to be readable as well.
    r = get(g.port, '/dead.B/C', 'POST', headers=GRPC_WEB,
            body=struct.pack('>BI', 0, 0))
    assert r.get('grpc-status') == '14'
    assert cors(r.headers)['access-control-expose-headers'] == EXPOSED


# ---- life


def test_reload(gateway, upstream):
    origin = upstream()
    routes = '{ path = "/*rest"; service = "s"; cors = "app"; }'
    body = proxy(origin.port, routes=routes)
    g = gateway(POLICY % APP + body)
    with Wire(g.port) as wire:
        assert wire.ask('/', 'OPTIONS', PREFLIGHT).status == 204
        # A policy that is gone leaves what the file said before.
        g.write(body)
        done = g.run('-s', 'reload')
        assert done.returncode == 1
        assert 'there is no cors policy "app"' in done.stderr
        assert wire.ask('/', 'OPTIONS', PREFLIGHT).status == 204
        g.reload(POLICY % 'https://new.example' + body)
        r = wire.ask('/', 'OPTIONS', PREFLIGHT)
        assert r.status == 403 and b'cors_refused' in r.body
        g.reload(proxy(origin.port))
        r = wire.ask('/', 'OPTIONS', PREFLIGHT)
        assert r.status == 200
    assert origin.requests[-1].method == 'OPTIONS'
    assert len(origin.requests) == 1
    assert g.metric('replies_total', why='cors_preflight') == 2
    assert g.metric('requests_total', method='OPTIONS', code='403') == 1


def test_errors_before_the_filters(gateway, upstream):
    """The pipeline has not begun; a page still may read why."""
    origin = upstream()
    g = gateway('limits = { request_body = "10"; };\n' + POLICY % APP
                + proxy(origin.port,
                        routes='{ path = "/*rest"; service = "s"; '
                               'cors = "app"; }'))
    r = get(g.port, '/', 'POST', headers=[('Origin', APP)], body=b'x' * 11)
    assert r.status == 413
    assert cors(r.headers)['access-control-allow-origin'] == APP
