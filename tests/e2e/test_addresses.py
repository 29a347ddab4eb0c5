"""Whose a request is: trusted proxies, and the PROXY protocol."""
import collections
import contextlib
import os
import re
import signal
import socket
import struct

import pytest

from conf import proxy
from gateway import Watch, free_port, freeze, wait_until
from origin import field
from wire import Wire, get, raw

PONG = ('routes = ( { path = "/*rest"; respond = { body = "{client}"; '
        'content_type = "text/plain"; }; } );\n')
TRUST = 'trusted_proxies = [ "127.0.0.0/8", "10.0.0.0/8", "fd00::/8" ];\n'
SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'
GET = b'GET / HTTP/1.1\r\nHost: t\r\n\r\n'


def listener(port, proxied=True):
    flag = 'true' if proxied else 'false'
    return (f'listeners = ( {{ address = "127.0.0.1:{port}"; '
            f'proxy_protocol = {flag}; }} );\n')


def v1(source, port=4711):
    family = 'TCP6' if ':' in source else 'TCP4'
    other = '::1' if ':' in source else '127.0.0.1'
    return f'PROXY {family} {source} {other} {port} 80\r\n'.encode()


def v2(source=None, port=4711, tlvs=b''):
    """A header of version 2; without a source, LOCAL."""
    if source is None:
        return SIGNATURE + struct.pack('>BBH', 0x20, 0, len(tlvs)) + tlvs
    family = socket.AF_INET6 if ':' in source else socket.AF_INET
    ip = socket.inet_pton(family, source)
    block = ip + bytes(len(ip)) + struct.pack('>HH', port, 80) + tlvs
    kind = 0x21 if ':' in source else 0x11
    return SIGNATURE + struct.pack('>BBH', 0x21, kind, len(block)) + block


def seen(upstream, name):
    """What the upstream got last, in fields of this name."""
    return field(upstream.last, name)


def client_of(port, header, request=GET):
    """The client that the gateway takes a connection for."""
    return raw(port, header + request).body.decode()


# --- trusted_proxies


@pytest.fixture(scope='module')
def chain(shared_house):
    """(gateway, origin): 127.0.0.0/8, 10.0.0.0/8 and fd00::/8 are trusted."""
    o = shared_house.origin()
    routes = ('{ path = "/client"; respond = { body = "{client}"; }; }, '
              '{ path = "/*rest"; service = "s"; }')
    return shared_house.gateway(TRUST + proxy(o.port, routes=routes)), o


def forwarded_for(*values):
    return [('X-Forwarded-For', v) for v in values]


@pytest.mark.parametrize('fields, client', [
    ((), '127.0.0.1'),
    (('192.0.2.1',), '192.0.2.1'),
    (('6.6.6.6, 192.0.2.1',), '192.0.2.1'),
    (('6.6.6.6, 192.0.2.1, 10.0.0.1, fd00::1',), '192.0.2.1'),
    (('6.6.6.6', '192.0.2.1', '10.0.0.1'), '192.0.2.1'),
    (('10.0.0.3, 10.0.0.2, 10.0.0.1',), '10.0.0.3'),
    (('6.6.6.6, unknown, 10.0.0.1',), '10.0.0.1'),
    (('6.6.6.6, 10.0.0.1x',), '127.0.0.1'),
    (('[2001:db8::1]:443, 10.0.0.1:50',), '2001:db8::1'),
    (('2001:db8::1',), '2001:db8::1'),
    (('::ffff:192.0.2.1',), '192.0.2.1'),
])
def test_client_behind_proxies(chain, fields, client):
    g, o = chain
    answer = get(g.port, '/client', headers=forwarded_for(*fields))
    assert answer.body.decode() == client
    get(g.port, '/', headers=forwarded_for(*fields))
    assert seen(o, 'x-forwarded-for') == [', '.join([*fields, '127.0.0.1'])]


def test_words_of_a_trusted_proxy(chain):
    g, o = chain
    answer = get(g.port, headers=[
        ('X-Request-ID', 'abc-"1"'), ('X-Forwarded-Proto', 'https'),
        ('X-Forwarded-Host', 'www.example:8443'), ('X-Forwarded-Port', '9443'),
        ('Forwarded', 'for=192.0.2.1;proto=https'), ('X_Forwarded_For', '7')])
    assert answer.get('X-Request-ID') == 'abc-"1"'
    assert seen(o, 'x-request-id') == ['abc-"1"']
    assert seen(o, 'x-forwarded-proto') == ['https']
    assert seen(o, 'x-forwarded-host') == ['www.example:8443']
    assert seen(o, 'x-forwarded-port') == ['9443']
    assert seen(o, 'x-forwarded-for') == ['127.0.0.1']
    assert seen(o, 'x_forwarded_for') == []
    assert seen(o, 'forwarded') == [
        'for=192.0.2.1;proto=https, '
        'for=127.0.0.1;host="test";proto=http']


def test_nonsense_of_a_trusted_proxy(chain):
    g, o = chain
    answer = get(g.port, headers=[
        ('X-Request-ID', 'a b'), ('X-Forwarded-Proto', 'gopher'),
        ('X-Forwarded-Host', 'a/b'), ('X-Forwarded-Port', '0')])
    assert re.fullmatch('[0-9a-f]{32}', answer.get('X-Request-ID'))
    assert seen(o, 'x-request-id') == [answer.get('X-Request-ID')]
    assert seen(o, 'x-forwarded-proto') == ['http']
    assert seen(o, 'x-forwarded-host') == ['test']
    assert seen(o, 'x-forwarded-port') == ['80']


def test_id_of_a_trusted_proxy_in_an_error(gateway):
    g = gateway(TRUST + 'routes = ( { path = "/a"; respond = { }; } );')
    answer = get(g.port, '/b', headers=[('X-Request-ID', 'it-"\\')])
    assert answer.status == 404
    assert answer.get('X-Request-ID') == 'it-"\\'
    assert b'"request_id":"it-\\"\\\\"' in answer.body.replace(b' ', b'')


LIES = [('X-Forwarded-For', '6.6.6.6'), ('X-Forwarded-Proto', 'https'),
        ('X-Forwarded-Host', 'evil'), ('X-Forwarded-Port', '1'),
        ('Forwarded', 'for=6.6.6.6'), ('X-Request-ID', 'mine')]


@pytest.mark.parametrize('top', ['', 'trusted_proxies = "10.0.0.0/8";\n'])
def test_others_are_not_believed(gateway, upstream, top):
    o = upstream()
    g = gateway(top + proxy(o.port))
    answer = get(g.port, headers=LIES)
    assert seen(o, 'x-forwarded-for') == ['127.0.0.1']
    assert seen(o, 'x-forwarded-proto') == ['http']
    assert seen(o, 'x-forwarded-host') == ['test']
    assert seen(o, 'x-forwarded-port') == ['80']
    assert seen(o, 'forwarded') == ['for=127.0.0.1;host="test";proto=http']
    assert seen(o, 'x-request-id') == [answer.get('X-Request-ID')] != ['mine']


def test_a_chain_of_gateways(gateway, upstream):
    """The client's lies end at the first; the last one knows the client."""
    o = upstream()
    inner = gateway('trusted_proxies = "127.0.0.0/8";\n' + proxy(o.port))
    outer = gateway(proxy(inner.port))
    answer = get(outer.port, headers=LIES)
    assert seen(o, 'x-forwarded-for') == ['127.0.0.1, 127.0.0.1']
    assert seen(o, 'x-forwarded-host') == ['test']
    assert seen(o, 'x-request-id') == [answer.get('X-Request-ID')]
    assert len(seen(o, 'forwarded')[0].split(', ')) == 2


def test_trust_follows_a_reload(gateway):
    g = gateway(PONG)
    with Wire(g.port) as w:
        ask = forwarded_for('192.0.2.1')
        assert w.ask(headers=ask).body == b'127.0.0.1'
        g.reload(TRUST + PONG)
        assert w.ask(headers=ask).body == b'192.0.2.1'
        g.reload(PONG)
        assert w.ask(headers=ask).body == b'127.0.0.1'


def test_hash_goes_by_the_client(gateway, upstream):
    """Many clients behind one proxy are spread, and each stays."""
    def named(port):
        def handler(conn, request):
            conn.reply(200, str(port))
        return handler
    origins = [upstream() for _ in range(3)]
    for o in origins:
        o.default = named(o.port)
    g = gateway(TRUST + proxy(
        *[o.port for o in origins],
        extra='balance = "hash"; hash_key = "address";'))
    places = collections.defaultdict(set)
    for _ in range(2):
        for i in range(60):
            ask = forwarded_for(f'192.0.2.{i}, 10.0.0.{i % 7}')
            places[i].add(get(g.port, headers=ask).body)
    assert all(len(p) == 1 for p in places.values())
    assert len(set.union(*places.values())) == 3


def test_ten_thousand_networks(gateway):
    nets = ', '.join(f'"10.{i // 100}.{i % 100}.0/25"' for i in range(10000))
    g = gateway(f'trusted_proxies = [ {nets}, "127.0.0.1" ];\n' + PONG)
    ask = forwarded_for('192.0.2.1, 10.77.3.5')
    assert get(g.port, headers=ask).body == b'192.0.2.1'
    ask = forwarded_for('192.0.2.1, 10.77.3.200')
    assert get(g.port, headers=ask).body == b'10.77.3.200'


# --- PROXY protocol


@pytest.fixture(scope='module')
def proxied(shared_house):
    """A gateway whose listener wants a header; it answers the client."""
    port = free_port()
    g = shared_house.gateway(listener(port) + PONG)
    g.port = port
    return g


@pytest.mark.parametrize('header, client', [
    (v1('192.0.2.7'), '192.0.2.7'),
    (v1('2001:db8::7'), '2001:db8::7'),
    (v1('::ffff:192.0.2.7'), '192.0.2.7'),
    (b'PROXY UNKNOWN\r\n', '127.0.0.1'),
    (b'PROXY UNKNOWN 1 2 3 4\r\n', '127.0.0.1'),
    (v2('192.0.2.7'), '192.0.2.7'),
    (v2('2001:db8::7'), '2001:db8::7'),
    (v2('192.0.2.7', tlvs=b'\1\0\2h2' + b'\4\x0b\xb8' + bytes(3000)),
     '192.0.2.7'),
    (v2(), '127.0.0.1'),
    (v2(tlvs=b'abc'), '127.0.0.1'),
    (SIGNATURE + b'\x21\0\0\0', '127.0.0.1'),
    (SIGNATURE + b'\x21\x31\0\xd8' + bytes(216), '127.0.0.1'),
])
def test_header(proxied, header, client):
    assert client_of(proxied.port, header) == client


def test_header_byte_by_byte(proxied):
    for header in v1('192.0.2.8'), v2('192.0.2.8', tlvs=b'\1\0\1x'):
        with Wire(proxied.port) as w:
            for byte in header + GET:
                w.send(bytes([byte]))
            assert w.response().body == b'192.0.2.8'


def test_requests_right_behind_the_header(proxied):
    with Wire(proxied.port) as w:
        w.send(v2('192.0.2.9') + GET * 3 + GET[:10])
        assert [w.response().body for _ in range(3)] == [b'192.0.2.9'] * 3
        w.send(GET[10:])
        assert w.response().body == b'192.0.2.9'
        # It stands at the beginning only.
        w.send(v1('192.0.2.10') + GET)
        assert w.response().status == 400


@pytest.mark.parametrize('header', [
    GET,
    b'\x16\x03\x01\x02\x00\x01\x00',
    b'PROXY TCP4 192.0.2.7 127.0.0.1 1 80\n' + GET,
    b'PROXY TCP4 192.0.2.7 127.0.0.1 1 80 \r\n' + GET,
    b'PROXY TCP4 192.0.2.7, 127.0.0.1 1 80\r\n' + GET,
    b'PROXY ' + b'x' * 200,
    SIGNATURE + b'\x31\x11\0\x0c' + bytes(12) + GET,
    SIGNATURE + b'\x21\x12\0\x0c' + bytes(12) + GET,
    SIGNATURE + b'\x21\x11\0\x0b' + bytes(11) + GET,
    SIGNATURE + b'\x21\x11\x40\x00' + bytes(16384) + GET,
    v2('192.0.2.7', tlvs=b'\1\0\2h') + GET,
])
def test_bad_header(proxied, header):
    def refused():
        return proxied.metric('replies_total', why='bad_proxy_header')
    before, asked = refused(), proxied.metric('requests_total')
    with Wire(proxied.port) as w:
        try:
            w.send(header)
        except OSError:
            pass
        assert w.closed()
    wait_until(lambda: refused() == before + 1, 5, 'the count of refusals')
    assert proxied.metric('requests_total') == asked
    proxied.wait_log('a connection of 127.0.0.1:[0-9]+ was closed: its PROXY '
                     'header ')


def test_slow_header(gateway):
    """Within timeouts.head, else closed, and nothing is answered."""
    port = free_port()
    g = gateway(listener(port) + 'timeouts = { head = "1s"; };\n' + PONG)
    start = Watch()
    with Wire(port) as w, Wire(port) as silent:
        with contextlib.suppress(OSError):
            w.send(v1('192.0.2.7')[:-1])
        assert w.closed() and silent.closed()
    assert start.within(0.9, 4)
    wait_until(lambda: g.metric('replies_total', why='bad_proxy_header') == 2,
               5, 'the count of refusals')


def test_cut_header(proxied):
    def refused():
        return proxied.metric('replies_total', why='bad_proxy_header')
    before = refused()
    with Wire(proxied.port) as w:
        w.send(v2('192.0.2.7')[:-1])
        w.sock.shutdown(socket.SHUT_WR)
        assert w.closed()
    wait_until(lambda: refused() == before + 1, 5, 'the count of refusals')
    # A connection without a byte is how balancers look whether we live.
    with Wire(proxied.port) as w:
        w.sock.shutdown(socket.SHUT_WR)
        assert w.closed()
    assert refused() == before + 1


def test_local_health_check_on_its_own(proxied):
    """LOCAL, and no request: nothing is wrong with that."""
    before = proxied.metric('replies_total', why='bad_proxy_header')
    with Wire(proxied.port) as w:
        w.send(v2())
        w.sock.shutdown(socket.SHUT_WR)
        assert w.closed()
    assert proxied.metric('replies_total', why='bad_proxy_header') == before


def test_half_closed_behind_the_header(proxied):
    with Wire(proxied.port) as w:
        w.send(v1('192.0.2.7') + GET)
        w.sock.shutdown(socket.SHUT_WR)
        assert w.response().body == b'192.0.2.7'


def test_header_then_trusted_proxies(gateway, upstream):
    """What the header names is the peer: it is what has to be trusted."""
    o = upstream()
    port = free_port()
    gateway(listener(port) + 'trusted_proxies = "192.0.2.0/24";\n' +
            proxy(o.port))
    ask = b'GET / HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n'
    raw(port, v1('192.0.2.7') + ask)
    assert seen(o, 'x-forwarded-for') == ['198.51.100.1, 192.0.2.7']
    raw(port, v1('203.0.113.7') + ask)
    assert seen(o, 'x-forwarded-for') == ['203.0.113.7']
    # The balancer's own address counts for nothing, unless it says so.
    raw(port, v2() + ask)
    assert seen(o, 'x-forwarded-for') == ['127.0.0.1']


@pytest.mark.parametrize('address, to', [
    ('*', '127.0.0.1'), ('0.0.0.0', '127.0.0.1'), ('[::ffff:127.0.0.1]',
                                                   '127.0.0.1')])
def test_header_on_any_form_of_address(gateway, address, to):
    port = free_port()
    gateway(f'listeners = ( {{ address = "{address}:{port}"; '
            'proxy_protocol = true; } );\n' + PONG)
    with Wire(port, address=to) as w:
        w.send(v1('192.0.2.7') + GET)
        assert w.response().body == b'192.0.2.7'


def test_header_over_ipv6(gateway):
    port = free_port()
    gateway(f'listeners = ( {{ address = "[::1]:{port}"; '
            'proxy_protocol = true; } );\n' + PONG)
    with socket.create_connection(('::1', port), 60) as s:
        s.sendall(v2() + GET)
        assert s.recv(65536).endswith(b'\r\n\r\n::1')


def test_without_proxy_protocol(gateway):
    g = gateway(PONG)
    for header in v1('192.0.2.7'), v2('192.0.2.7'):
        assert raw(g.port, header + GET).status == 400


def test_reload_switches_it(gateway):
    port = free_port()
    g = gateway(listener(port, False) + PONG)
    with Wire(port) as old:
        assert old.ask().body == b'127.0.0.1'
        with Wire(port) as waiting:  # accepted before, and without a header
            wait_until(lambda: g.metric('connections') == 2, 5, 'accepted')
            g.reload(listener(port) + PONG)
            assert client_of(port, v1('192.0.2.7')) == '192.0.2.7'
            with Wire(port) as w:
                w.send(GET)
                assert w.closed()
            assert waiting.ask().body == b'127.0.0.1'
        assert old.ask().body == b'127.0.0.1'
        g.reload(listener(port, False) + PONG)
        assert get(port).body == b'127.0.0.1'


def test_workers_that_hand_over(gateway):
    """Long connections go to other workers, and keep their headers."""
    port = free_port()
    g = gateway(listener(port) + PONG, workers=4)
    wires = [Wire(port) for _ in range(100)]
    for i, w in enumerate(wires):
        w.send(v2(f'192.0.2.{i}') + GET)
    for i, w in enumerate(wires):
        assert w.response().body.decode() == f'192.0.2.{i}'
    assert g.metric('connections_handed_over_total') > 0
    for w in wires:
        w.close()


def test_a_listener_that_goes(gateway):
    """What waits in its queue, or was accepted, still has its header read."""
    ports = free_port(), free_port()
    text = (f'listeners = ( {{ address = "127.0.0.1:{ports[0]}"; '
            'proxy_protocol = true; }, '
            f'{{ address = "127.0.0.1:{ports[1]}"; }} );\n')
    g = gateway(text + PONG)
    with Wire(ports[0]) as accepted:
        wait_until(lambda: g.metric('connections') == 1, 5, 'accepted')
        [pid] = g.worker_pids
        freeze(pid)
        try:
            with Wire(ports[0]) as queued:
                g.reload(listener(ports[1], False) + PONG)
                os.kill(pid, signal.SIGCONT)
                for w in queued, accepted:
                    w.send(v1('192.0.2.7') + GET)
                    assert w.response().body == b'192.0.2.7'
        finally:
            os.kill(pid, signal.SIGCONT)
    assert get(ports[1]).body == b'127.0.0.1'


def test_stop_while_headers_are_awaited(gateway):
    """A graceful stop does not wait for them longer than for first heads."""
    port = free_port()
    g = gateway(listener(port) + PONG)
    with Wire(port), Wire(port) as w:
        wait_until(lambda: g.metric('connections') == 2, 5, 'accepted')
        start = Watch()
        g.proc.terminate()
        w.send(v1('192.0.2.7') + GET)
        assert w.response().body == b'192.0.2.7'
        g.proc.wait(60)
        assert start.within(0, 5)
    assert not g.titled('worker')
