"""WebSocket and other protocols: what is asked for, and what may switch."""
import asyncio
import os
import socket
import threading

import pytest
import websockets

import ws
from conf import proxy
from gateway import wait_until
from wire import Wire
from ws import Asks, frame, read_frame, replies, wait_tunnels


class Library:
    """A WebSocket server of python3-websockets, in a thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.port = None
        self.stop = None
        self.thread = threading.Thread(target=self.loop.run_until_complete,
                                       args=(self.run(),), daemon=True)
        self.thread.start()
        assert self.ready.wait(120)

    async def run(self):
        async def echo(sock):
            async for message in sock:
                await sock.send(message)
        self.stop = asyncio.Event()
        async with websockets.serve(echo, '127.0.0.1', 0, max_size=None,
                                    subprotocols=['chat'],
                                    ping_interval=None) as server:
            self.port = server.sockets[0].getsockname()[1]
            self.ready.set()
            await self.stop.wait()

    def close(self):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(10)


@pytest.fixture
def library():
    server = Library()
    yield server
    server.close()


async def talk(port, number):
    """A client of the library: messages of all sizes, some in fragments."""
    big = os.urandom(1 << 20)
    async with websockets.connect(
            f'ws://127.0.0.1:{port}/chat', max_size=None,
            subprotocols=['chat'], ping_interval=None,
            compression='deflate' if number % 2 else None) as sock:
        assert sock.subprotocol == 'chat'
        for i in range(50):
            await sock.send(f'message {number} {i}')
            assert await sock.recv() == f'message {number} {i}'
        for n in (0, 125, 126, 65535, 65536, len(big)):
            await sock.send(big[:n])
            assert await sock.recv() == big[:n]
        await sock.send([big[at:at + 70000] for at in range(0, 500000, 70000)])
        assert await sock.recv() == big[:560000]
        pong = await sock.ping()
        await asyncio.wait_for(pong, 120)
    assert sock.close_code == 1000


@pytest.mark.parametrize('workers', [1, 4])
def test_library_echoes(gateway, library, workers):
    g = gateway(proxy(library.port), workers=workers)

    async def all_of_them():
        await asyncio.wait_for(
            asyncio.gather(*(talk(g.port, i) for i in range(8))), 300)
    asyncio.run(all_of_them())
    wait_tunnels(g, 0)
    assert g.metric('tunnels_total') == 8
    assert g.metric('requests_total', code='101') == 8
    assert g.metric('upstream_requests_total', code='101') == 8
    wait_until(lambda: g.metric('requests_active') == 0, 5, 'their ends')


def test_heads_are_written_anew(gateway, upstream):
    o = upstream(ws.echo)
    g = gateway(proxy(o.port))
    with Asks(g.port) as w:
        r = w.upgrade(protocol='h2c, WebSocket, thing',
                      connection='keep-alive, upgrade, X-Hop',
                      more=['X-Hop: 1', 'Sec-WebSocket-Protocol: a, b'])
        assert r.status == 101
        assert r.get('Sec-WebSocket-Accept') == 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
        assert r.all('Upgrade') == ['WebSocket']
        assert r.all('Connection') == ['upgrade']
        assert r.get('Content-Length') is None
        assert r.get('X-Request-ID')
        assert w.echoes(b'x')
    asked = [(n.lower(), v) for n, v in o.last.headers]
    assert [v for n, v in asked if n == 'upgrade'] == ['WebSocket']
    assert [v for n, v in asked if n == 'connection'] == ['upgrade']
    assert ('sec-websocket-key', ws.KEY) in asked
    assert ('sec-websocket-protocol', 'a, b') in asked
    assert not [v for n, v in asked if n == 'x-hop']


@pytest.mark.parametrize('how', [
    {'protocol': 'h2c', 'key': None, 'wsversion': None,
     'connection': 'Upgrade, HTTP2-Settings',
     'more': ['HTTP2-Settings: AAMAAABkAAQAAP__']},
    {'protocol': 'thing'},
    {'protocol': 'websocket/13'},
    {'method': 'POST', 'more': ['Content-Length: 0']},
    {'method': 'OPTIONS'},
    {'more': ['Content-Length: 0']},
    {'connection': None},
    {'connection': 'keep-alive'},
    {'version': 'HTTP/1.0', 'connection': 'Upgrade, keep-alive'},
])
def test_not_asked_for(gateway, upstream, how):
    """RFC 9110 7.8: the field is dropped, and the rest is HTTP."""
    o = upstream()
    g = gateway(proxy(o.port))
    with Asks(g.port) as w:
        r = w.upgrade(**how)
        assert r.status == 200 and r.get('Upgrade') is None
        names = {n.lower() for n, _ in o.last.headers}
        assert not names & {'upgrade', 'connection', 'http2-settings'}
        assert w.ask().status == 200
    assert g.metric('tunnels_total') == 0


def test_none_listed(gateway, upstream):
    o = upstream()
    g = gateway(proxy(
        o.port, routes='{ path = "/*rest"; service = "s"; upgrade = [ ]; }'))
    with Asks(g.port) as w:
        assert w.upgrade().status == 200
        assert 'upgrade' not in {n.lower() for n, _ in o.last.headers}


@pytest.mark.parametrize('how', [
    {'key': None}, {'key': ''}, {'key': 'c2hvcnQ='},
    {'key': 'dGhlIHNhbXBsZSBub25jZQ='}, {'key': '=' * 24},
    {'key': 'dGhlIHNhbXBsZSBub25jZ-=='}, {'wsversion': None},
    {'more': ['Sec-WebSocket-Version: 13']},
])
def test_bad_handshake(gateway, upstream, how):
    o = upstream(ws.echo)
    g = gateway(proxy(o.port))
    with Asks(g.port) as w:
        r = w.upgrade(**how)
        assert r.status == 400 and b'bad_handshake' in r.body
        assert w.closed()
    assert o.requests == []
    assert replies(g, 'bad_handshake') == 1


def test_key_with_bits_that_stand_for_nothing(gateway, upstream):
    """The one in RFC 6455 4.1 is such."""
    g = gateway(proxy(upstream(ws.echo).port))
    with Asks(g.port) as w:
        assert w.upgrade(key='AQIDBAUGBwgJCgsMDQ4PEC==').status == 101
        assert w.echoes(b'x')


@pytest.mark.parametrize('answer', [
    {'accept': 'wrong'},
    {'accept': 'S3pPLMBiTxaQ9kYGzzhZRbK+xOo='},
    {'more': ['Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']},
    {'protocol': 'thing'},
    {'protocol': 'websocket, thing'},
    {'more': ['Upgrade: websocket']},
    {'connection': 'keep-alive'},
])
def test_wrong_switch(gateway, upstream, answer):
    """RFC 6455 4.1: what a client would have to refuse is 502 here."""
    o = upstream(lambda conn, request: ws.switch(conn, request, **answer))
    g = gateway(proxy(o.port))
    with Asks(g.port) as w:
        r = w.upgrade()
        assert r.status == 502 and b'bad_response' in r.body
        assert r.get('Sec-WebSocket-Accept') is None
    assert len(o.requests) == 1
    wait_until(lambda: not o.live, 5, 'the connection is not kept')


@pytest.mark.parametrize('ask', [
    lambda w: w.ask(), lambda w: w.upgrade(protocol='thing'),
    lambda w: w.upgrade(connection=None),
    lambda w: w.upgrade(wsversion='8'),
])
def test_switch_nobody_asked_for(gateway, upstream, ask):
    o = upstream(ws.switch)
    g = gateway(proxy(o.port))
    with Asks(g.port) as w:
        r = ask(w)
        assert r.status == 502 and b'bad_response' in r.body
    assert len(o.requests) == 1


def test_other_version_is_the_servers_to_refuse(gateway, upstream):
    """RFC 6455 4.4, RFC 9110 15.5.22; afterwards it is HTTP again."""
    def handler(conn, request):
        if request.target == '/plain':
            conn.reply(200, b'plain')
        else:
            conn.reply(426, b'no', [('Upgrade', 'h2c, websocket'),
                                    ('Connection', 'Upgrade'),
                                    ('Sec-WebSocket-Version', '13')])
    o = upstream(handler)
    g = gateway(proxy(o.port))
    with Asks(g.port) as w:
        r = w.upgrade(wsversion='99', key=None)
        assert r.status == 426 and r.body == b'no'
        assert r.get('Sec-WebSocket-Version') == '13'
        assert r.all('Upgrade') == ['websocket']
        assert r.all('Connection') == ['upgrade']
        assert w.ask('/plain').body == b'plain'
    assert o.connections == 1


def test_another_answer_stays_http(gateway, upstream):
    """Bytes that were meant for a tunnel are a bad request then."""
    o = upstream(lambda conn, _: conn.reply(403, b'no'))
    g = gateway(proxy(o.port))
    with Asks(g.port) as w:
        assert w.upgrade().status == 403
        w.say(b'too soon')
        assert w.response().status == 400
    assert len(o.requests) == 1


def test_bytes_around_the_switch(gateway, upstream):
    """Those behind the 101 are the tunnel's; those before it wait."""
    go, early = threading.Event(), []

    def handler(conn, request):
        assert go.wait(120)
        conn.sock.settimeout(0.3)
        try:
            early.append(conn.sock.recv(1))
        except socket.timeout:
            pass
        conn.sock.settimeout(60)
        ws.switch(conn, request, behind=frame(b'hello') + frame(b'x' * 70000))
        conn.send(frame(read_frame(conn)[1]))
        conn.send(frame(read_frame(conn)[1]))
        conn.end()
    o = upstream(handler)
    g = gateway(proxy(o.port))
    with Wire(g.port) as w:
        w.send(f'GET / HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\n'
               f'Connection: upgrade\r\nSec-WebSocket-Key: {ws.KEY}\r\n'
               'Sec-WebSocket-Version: 13\r\n\r\n'.encode()
               + frame(b'first', mask=True))
        wait_until(lambda: o.requests, 5, 'the request')
        w.send(frame(b'second', mask=True))
        w.sock.shutdown(socket.SHUT_WR)
        go.set()
        assert w.response().status == 101
        assert [read_frame(w)[1] for _ in range(4)] == [
            b'hello', b'x' * 70000, b'first', b'second']
        assert w.closed()
    assert early == []
    wait_tunnels(g, 0)


def test_end_before_the_switch(gateway, upstream):
    go = threading.Event()

    def handler(conn, request):
        assert go.wait(120)
        ws.switch(conn, request, behind=b'hello')
        assert conn.sock.recv(1) == b''
        conn.send(b' and bye')
        conn.end()
    o = upstream(handler)
    g = gateway(proxy(o.port))
    with Asks(g.port) as w:
        w.ask_to_switch()
        w.end_sending()
        wait_until(lambda: o.requests, 5, 'the request')
        go.set()
        assert w.response().status == 101
        assert w.exactly(13) == b'hello and bye' and w.closed()
    wait_tunnels(g, 0)
