"""WebSocket over HTTP/2 (RFC 8441): a tunnel in a stream among others."""
import os
import signal
import threading
import time

import pytest

import h2wire
import ws
from gateway import free_port, rss_kb, wait_until
from h2wire import Client
from origin import field
from secure import Shop, service

ROUTES = ('routes = ( { path = "/chat"; service = "s"; '
          'upgrade = [ "websocket" ]; }, { path = "/*rest"; service = "s"; } '
          ');\n')


@pytest.fixture
def port():
    return free_port()


def listener(port):
    return (f'listeners = ( {{ address = "127.0.0.1:{port}"; '
            'protocols = [ "h2" ]; } );\n')


class Tunnel:
    """A WebSocket in a stream of a Client."""

    def __init__(self, client, path='/chat', protocol='websocket',
                 version='13'):
        self.client = client
        more = [(':protocol', protocol)]
        headers = [('sec-websocket-version', version)] if version else []
        client.wait(lambda: client.h2.remote_settings
                    .enable_connect_protocol == 1, 'SETTINGS')
        self.stream = client.request(path, 'CONNECT', headers, end=False,
                                     more=more)
        self.answer = client.answers[self.stream]
        self.at = 0
        client.wait(lambda: self.answer.status or self.answer.over)

    def say(self, payload, opcode=ws.BINARY):
        self.client.send(self.stream, ws.frame(payload, opcode, mask=True))

    def exactly(self, n):
        self.client.wait(lambda: len(self.answer.body) >= self.at + n
                         or self.answer.over)
        part = self.answer.body[self.at:self.at + n]
        self.at += n
        return part

    def hear(self):
        return ws.read_frame(self)[:2]

    def echoes(self, payload):
        self.say(payload)
        return self.hear() == (ws.BINARY, payload)


def test_echo(gateway, upstream, port):
    origin = upstream()
    origin.on('/chat', ws.echo)
    g = gateway(listener(port) + service(origin) + ROUTES)
    with Client(port) as c:
        t = Tunnel(c)
        assert t.answer.status == 200
        assert 'sec-websocket-accept' not in t.answer.headers
        assert 'upgrade' not in t.answer.headers
        assert len(field(origin.last, 'sec-websocket-key')) == 1
        for n in (1, 125, 126, 70000, 300000):
            assert t.echoes(os.urandom(n))
        # Others beside it.
        assert c.ask('/').status == 200
        assert g.metric('tunnels_active') == 1
        other = Tunnel(c)
        assert other.echoes(b'two') and t.echoes(b'one')
        t.say(b'\x03\xe8', ws.CLOSE)
        assert t.hear() == (ws.CLOSE, b'\x03\xe8')
        c.wait(lambda: t.answer.ended)
        c.h2.end_stream(t.stream)
        c.flush()
        ws.wait_tunnels(g, 1)
        assert other.echoes(b'still')
    ws.wait_tunnels(g, 0)
    assert g.metric('requests_total', code='101') == 2
    keys = [field(q, 'sec-websocket-key') for q in origin.requests
            if q.target == '/chat']
    assert keys[0] != keys[1]


def test_early_bytes(gateway, upstream, port):
    """What the client sends before the answer waits for it."""
    go = threading.Event()

    def late(conn, request):
        go.wait(120)
        ws.echo(conn, request)

    origin = upstream()
    origin.on('/chat', late)
    gateway(listener(port) + service(origin) + ROUTES)
    with Client(port) as c:
        c.wait(lambda: c.h2.remote_settings.enable_connect_protocol == 1)
        s = c.request('/chat', 'CONNECT', [('sec-websocket-version', '13')],
                      end=False, more=[(':protocol', 'websocket')])
        c.send(s, ws.frame(b'early', ws.BINARY, mask=True))
        assert c.ask('/').status == 200
        go.set()
        a = c.answers[s]
        c.wait(lambda: len(a.body) >= 7)
        assert a.body == ws.frame(b'early')


def test_refused(gateway, upstream, port):
    origin = upstream()
    origin.on('/chat', lambda c, q: c.reply(403, b'no'))
    gateway(listener(port) + service(origin) + ROUTES)
    with Client(port) as c:
        for path, protocol, version, status in (
                ('/chat', 'websocket', '13', 403),
                ('/chat', 'thing', None, 501),
                ('/chat', 'websocket', None, 400)):
            t = Tunnel(c, path, protocol, version)
            assert t.answer.status == status
            c.answer(t.stream)
        assert c.ask('/').status == 200


def test_both_ends(gateway, upstream, port):
    """Either side's end, or reset, is seen by the other."""
    ended = threading.Event()

    def origin_ends(conn, request):
        ws.switch(conn, request)
        conn.send(ws.frame(b'bye'))
        conn.end()

    def client_ends(conn, request):
        ws.switch(conn, request)
        try:
            while conn.sock.recv(100):
                pass
        except OSError:
            pass
        ended.set()

    origin = upstream()
    origin.on('/chat', origin_ends)
    g = gateway(listener(port) + service(origin) + ROUTES)
    with Client(port) as c:
        t = Tunnel(c)
        assert t.hear() == (ws.BINARY, b'bye')
        c.wait(lambda: t.answer.over)
        assert t.answer.ended
        origin.on('/chat', client_ends)
        t = Tunnel(c)
        c.h2.reset_stream(t.stream, h2wire.CANCEL)
        c.flush()
        assert ended.wait(120)
        ended.clear()
        t = Tunnel(c)
        c.h2.end_stream(t.stream)
        c.flush()
        assert ended.wait(120)
    ws.wait_tunnels(g, 0)


def test_held_back(gateway, upstream, port):
    """A client that does not read holds its own stream back, not the rest."""
    def pour(conn, request):
        ws.switch(conn, request)
        for _ in range(512):
            conn.send(ws.frame(b'x' * 65000))

    origin = upstream()
    origin.on('/chat', pour)
    g = gateway(listener(port) + service(origin) + ROUTES)
    pid = g.worker_pids[0]
    with Client(port, auto=False) as c:
        before = rss_kb(pid)
        t = Tunnel(c)
        c.wait(lambda: len(t.answer.body) >= 65535)
        time.sleep(0.5)
        c.h2.increment_flow_control_window(1 << 20)
        c.flush()
        for _ in range(5):
            assert c.ask('/').status == 200
        assert len(t.answer.body) < 140000
        assert rss_kb(pid) - before < 4096


def test_graceful_stop(gateway, upstream, port):
    """Both ends get a close frame where a frame ends."""
    origin = upstream()
    origin.on('/chat', ws.echo)
    g = gateway(listener(port) + service(origin) + ROUTES
                + 'timeouts = { drain = "500ms"; };\n')
    with Client(port) as c:
        t = Tunnel(c)
        assert t.echoes(b'x')
        g.send(signal.SIGTERM)
        assert t.hear() == (ws.CLOSE, b'\x03\xe9')
        assert c.goaway == h2wire.NO_ERROR
        t.say(b'\x03\xe9', ws.CLOSE)
        assert c.closed()


def test_tunnel_timeout(gateway, upstream, port):
    origin = upstream()
    origin.on('/chat', ws.echo)
    g = gateway(listener(port) + service(origin) + ROUTES
                + 'timeouts = { tunnel = "3s"; body = "100ms"; };\n')
    with Client(port) as c:
        t = Tunnel(c)
        for _ in range(4):
            time.sleep(1)
            assert t.echoes(b'x')
        c.wait(lambda: t.answer.over)
        assert c.ask('/').status == 200
    wait_until(lambda: ws.replies(g, 'tunnel_timeout') == 1)


def test_many_over_tls(house, gateway, upstream):
    shop = Shop(house.folder())
    origin = upstream()
    origin.on('/chat', ws.echo)
    g = gateway(shop.listeners() + service(origin) + ROUTES)
    with Client(shop.port, shop.context(['h2'])) as c:
        all_of = [Tunnel(c) for _ in range(50)]
        for _ in range(3):
            for t in all_of:
                t.say(b'hello')
            for t in all_of:
                assert t.hear() == (ws.BINARY, b'hello')
        assert g.metric('tunnels_active') == 50
    ws.wait_tunnels(g, 0)


@pytest.mark.parametrize('behind', ['http/1.1', 'h2'])
@pytest.mark.parametrize('front', ['http/1.1', 'h2'])
def test_either_version_on_either_side(gateway, upstream, front, behind):
    """Through two gateways; what is between them is the second's matter."""
    ports = {'http/1.1': free_port(), 'h2': free_port()}
    inner = free_port()
    origin = upstream()
    origin.on('/chat', ws.echo)
    gateway(f'listeners = ( {{ address = "127.0.0.1:{inner}"; '
            f'protocols = [ "{behind}" ]; }} );\n' + service(origin) + ROUTES)
    outer = gateway(
        'listeners = ( ' + ', '.join(
            f'{{ address = "127.0.0.1:{port}"; protocols = [ "{p}" ]; }}'
            for p, port in ports.items()) + ' );\n'
        f'services = {{ s = {{ protocol = "{behind}"; endpoints = '
        f'( {{ address = "127.0.0.1:{inner}"; }} ); }}; }};\n' + ROUTES)
    if front == 'h2':
        with Client(ports['h2']) as c:
            assert Tunnel(c).echoes(os.urandom(100000))
    else:
        with ws.WebSocket(ports['http/1.1'], '/chat') as w:
            assert w.answer.status == 101
            assert w.answer.get('Sec-WebSocket-Accept') == \
                ws.accept_of(ws.KEY)
            assert w.echoes(os.urandom(100000))
    ws.wait_tunnels(outer, 0)
