"""What is recorded of connections that end before there is a request on them,
of requests that wait, and of calls of gRPC."""
import contextlib
import socket
import threading

import pytest

from gateway import free_port, wait_until
from h2origin import MAX_STREAMS, H2Origin
from h2wire import Client, Raw, frame
from secure import Shop
from test_addresses import v1
from test_client_limits import From
from test_recorder import record, records
from wire import Wire, get

PONG = ('routes = ( { path = "/*rest"; respond = { body = "pong"; }; } );\n'
        'acl = { deny = [ "127.0.0.3", "192.0.2.3" ]; };\n'
        'limits = { connections_per_address = 4; };\n'
        'timeouts = { head = "3s"; };\n')


@pytest.fixture(scope='module')
def doors(shared_house):
    """(gateway, port in the clear, with a PROXY header, of TLS)."""
    clear, proxied, secret = free_port(), free_port(), free_port()
    shop = Shop(shared_house.folder())
    top = (f'listeners = ( {{ address = "127.0.0.1:{clear}"; '
           'protocols = [ "h2", "http/1.1" ]; }, '
           f'{{ address = "127.0.0.1:{proxied}"; proxy_protocol = true; }}, '
           f'{shop.listener(port=secret)} );\n')
    return shared_house.gateway(PONG, top=top, workers=2), clear, proxied, \
        secret


def cut(wire):
    with wire, contextlib.suppress(OSError):
        while wire.more():
            pass


def refused(port, source):
    """It may be over before it is there."""
    with contextlib.suppress(OSError):
        cut(From(port, source))


def ends(g, why, peer='127.0.0.1'):
    """The last record that says so."""
    def look():
        found = [r for r in records(g)
                 if r['why'] == why and r['client'] == peer]
        return found[-1] if found else None
    r = wait_until(look, 5, f'{why} of {peer}')
    assert r['kind'] == 'connection' and r['status'] == 0
    assert 'path' not in r and r['calls'] == []
    return r


def test_who_is_not_let_in(doors):
    g, clear, proxied, _ = doors
    refused(clear, '127.0.0.3')
    ends(g, 'acl_closed', '127.0.0.3')
    wire = Wire(proxied)
    wire.send(v1('192.0.2.3'))
    cut(wire)
    ends(g, 'acl_closed', '192.0.2.3')
    g.ctl('ban', '--for=1h', '127.0.0.4')
    refused(clear, '127.0.0.4')
    ends(g, 'banned_closed', '127.0.0.4')
    held = [From(clear, '127.0.0.5') for _ in range(4)]
    for wire in held:
        wire.ask('/')
    refused(clear, '127.0.0.5')
    ends(g, 'too_many_connections', '127.0.0.5')
    for wire in held:
        wire.close()


def test_what_does_not_begin_well(doors):
    g, clear, proxied, secret = doors
    wire = Wire(proxied)
    wire.send(b'GET / HTTP/1.1\r\nHost: t\r\n\r\n')
    cut(wire)
    ends(g, 'bad_proxy_header')
    wire = Wire(secret)
    wire.send(b'GET / HTTP/1.1\r\nHost: t\r\n\r\n')
    cut(wire)
    assert ends(g, 'tls_failed')['flags'] == []
    with Raw(clear) as raw:
        raw.send(frame(0, 0, 0, b'data on no stream'))
        raw.goaway()
    assert ends(g, 'h2_protocol_error')['protocol'] == 'HTTP/2.0'


def test_a_head_of_http_2_that_is_none(doors):
    g, clear, _, _ = doors
    with Raw(clear) as raw:
        raw.headers(1, [(':method', 'PUT'), (':scheme', 'http'),
                        (':authority', 't'), (':path', '/bad?q'),
                        ('Upper', 'x')])
        raw.until(3, 1)
    r = record(g, '/bad')
    assert (r['kind'], r['status'], r['why']) == \
        ('connection', 400, 'bad_request')
    assert (r['method'], r['host'], r['protocol']) == ('PUT', 't', 'HTTP/2.0')
    assert r['bytes_out'] > 200  # of problem+json


def test_nobody_says_anything(doors):
    g, clear, _, _ = doors
    before = len(records(g))
    with Wire(clear) as wire:
        wire.sock.shutdown(socket.SHUT_WR)
        cut(wire)
    get(clear, '/after')
    record(g, '/after')
    assert len(records(g)) == before + 1


def test_waiting_for_a_connection(shared_house):
    gate = threading.Event()

    def slow(conn, _):
        gate.wait(120)
        conn.reply()
    origin = shared_house.origin(slow)
    g = shared_house.gateway(
        f'services = {{ s = {{ endpoints = ( {{ address = '
        f'"127.0.0.1:{origin.port}"; }} ); pool = {{ max_connections = 1; }}; '
        'queue = { length = 5; timeout = "10s"; }; }; };\n'
        'routes = ( { path = "/*rest"; service = "s"; } );\n')
    with Wire(g.port) as first, Wire(g.port) as second:
        first.send('GET /first HTTP/1.1\r\nHost: t\r\n\r\n')
        wait_until(lambda: origin.requests, 5, 'the first')
        second.send('GET /second HTTP/1.1\r\nHost: t\r\n\r\n')
        wait_until(lambda: g.metric('queue_waiting') == 1, 5, 'the second')
        gate.set()
        first.response()
        second.response()
    assert record(g, '/first')['queue_us'] == 0
    r = record(g, '/second')
    assert r['upstream_us'] >= r['queue_us'] > 1000
    assert r['calls'][0]['at_us'] >= r['queue_us']


class Late(H2Origin):
    """Its SETTINGS, which allow one stream, come when they are let."""

    gate = threading.Event()

    def serve(self, conn):
        self.gate.wait(120)
        super().serve(conn)


def test_no_room_after_all(shared_house):
    done = threading.Event()

    def slow(x):
        done.wait(120)
        x.reply(200, b'ok')
    origins = [Late(slow, settings={MAX_STREAMS: 1}) for _ in range(2)]
    shared_house.origins.extend(origins)
    ends = ', '.join(f'{{ address = "127.0.0.1:{o.port}"; }}'
                     for o in origins)
    g = shared_house.gateway(
        f'services = {{ s = {{ endpoints = ( {ends} ); protocol = "h2"; '
        'pool = { max_connections = 1; }; }; };\n'
        'routes = ( { path = "/*rest"; service = "s"; } );\n', workers=1)
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(g.port)) for _ in range(4)]
        for i, wire in enumerate(wires):
            wire.send(f'GET /{i} HTTP/1.1\r\nHost: t\r\n\r\n')
        wait_until(lambda: g.metric('requests_active') == 4, 5, 'all of them')
        Late.gate.set()
        refused = wait_until(
            lambda: [r for r in records(g) if r['status'] == 503][1:], 5,
            'two that are refused') and records(g)
        done.set()
        assert sorted(w.response().status for w in wires) == \
            [200, 200, 503, 503]
    for r in refused:
        assert (r['why'], r['attempts'], r['calls']) == \
            ('endpoints_full', 0, [])


def test_grpc(shared_house):
    origin = shared_house.h2origin()

    def said(x):
        x.head(200, [('content-type', 'application/grpc')])
        x.end([('grpc-status', '9')])
    origin.default = said
    g = shared_house.gateway(
        f'services = {{ s = {{ protocol = "h2"; endpoints = ( {{ address = '
        f'"127.0.0.1:{origin.port}"; }} ); }}; }};\n'
        'routes = ( { path = "/t/*rest"; service = "s"; } );\n',
        top='listeners = ( { address = "127.0.0.1:%d"; protocols = "h2"; } );'
        % (port := free_port()))
    grpc = [('content-type', 'application/grpc'), ('te', 'trailers')]
    with Client(port) as c:
        assert c.ask('/t/a', method='POST', headers=grpc).status == 200
        assert c.ask('/none', method='POST', headers=grpc).status == 200
    r = record(g, '/t/a')
    assert (r['status'], r['grpc_status'], r['why']) == (200, 9, 'ok')
    r = record(g, '/none')
    assert (r['status'], r['grpc_status'], r['why']) == (200, 12, 'no_route')
