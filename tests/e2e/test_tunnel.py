"""Tunnels: back-pressure, ends, timeouts, reloads, deaths, the stop."""
import os
import signal
import socket
import struct
import threading
import time

import pytest

import ws
from conf import proxy
from gateway import SANITIZED, Watch, free_port, rss_kb, wait_until
from wire import Cut, Wire, get
from ws import (CLOSE, LISTED, Asks, WebSocket, frame, read_frame, replies,
                tunnels, wait_tunnels)

GOING_AWAY = b'\x03\xe9'

# --- back-pressure

CHUNK = bytes(range(256)) * 256
CHUNKS = 1600  # 100 MiB: more than all buffers on the way
STALLED_KB = 20000 if SANITIZED else 3000


class Pour(threading.Thread):
    """Sends CHUNKS times CHUNK, as fast as it is taken."""

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock, self.done = sock, 0
        sock.settimeout(60)
        self.start()

    def run(self):
        for _ in range(CHUNKS):
            self.sock.sendall(CHUNK)
            self.done += 1

    def wait_stalled(self):
        """Until it has not moved for a while, before the end."""
        seen, since = -1, time.monotonic()
        deadline = time.monotonic() + 120
        while seen <= 0 or time.monotonic() - since < 0.7:
            assert time.monotonic() < deadline
            if self.done != seen:
                seen, since = self.done, time.monotonic()
            time.sleep(0.02)
        assert 0 < seen < CHUNKS


def take(wire):
    wire.sock.settimeout(60)
    for _ in range(CHUNKS):
        assert wire.exactly(len(CHUNK)) == CHUNK


@pytest.mark.parametrize('up', [True, False])
def test_stalled_reader_costs_no_memory(gateway, upstream, up):
    """Who does not read stops the other side; nothing is lost or changed."""
    there, go = [], threading.Event()

    def handler(conn, request):
        ws.switch(conn, request, protocol='thing')
        there.append(conn)
        assert go.wait(120)
    o = upstream(handler)
    g = gateway(proxy(o.port, routes=LISTED))
    before = rss_kb(g.worker_pids[0])
    with Asks(g.port) as w:
        assert w.upgrade(protocol='thing').status == 101
        wait_until(lambda: there, 5, 'the origin')
        sender, reader = (w, there[0]) if up else (there[0], w)
        pour = Pour(sender.sock)
        pour.wait_stalled()
        assert rss_kb(g.worker_pids[0]) - before < STALLED_KB
        take(reader)
        pour.join(60)
        assert pour.done == CHUNKS
        go.set()


# --- ends

def test_half_closed(gateway, upstream):
    """An end is passed on, and the other way goes on."""
    def handler(conn, request):
        ws.switch(conn, request, protocol='thing/2')
        got = b''
        while more := conn.sock.recv(65536):
            got += more
        conn.send(b'after the end: ' + got)
        conn.end()
    o = upstream(handler)
    g = gateway(proxy(o.port, routes=LISTED))
    with Asks(g.port) as w:
        r = w.upgrade(protocol='other, thing/2', key=None, wsversion=None)
        assert r.status == 101 and r.get('Upgrade') == 'thing/2'
        w.send(b'raw bytes')
        w.end_sending()
        while w.more():
            pass
        assert w.data == b'after the end: raw bytes'
    wait_tunnels(g, 0)
    wait_until(lambda: g.metric('connections') == 0, 5, 'no connection')
    assert g.metric('requests_total', code='101') == 1
    assert g.metric('replies_total') == 0


def test_half_closed_by_the_origin(gateway, upstream):
    def handler(conn, request):
        ws.switch(conn, request, protocol='thing', behind=b'bye')
        conn.sock.shutdown(socket.SHUT_WR)
        got.append(conn.exactly(500000))
        conn.end()
    got = []
    g = gateway(proxy(upstream(handler).port, routes=LISTED))
    with Asks(g.port) as w:
        assert w.upgrade(protocol='thing').status == 101
        assert w.exactly(3) == b'bye' and w.closed()
        w.send(b'x' * 500000)
        w.end_sending()
        wait_until(lambda: got, 5, 'the rest')
    wait_tunnels(g, 0)
    assert g.metric('replies_total') == 0


@pytest.mark.parametrize('reset', [True, False])
def test_upstream_dies(gateway, upstream, reset):
    there = []

    def handler(conn, request):
        ws.switch(conn, request)
        read_frame(conn)
        there.append(conn)
        conn.send(frame(b'last words'))
        assert go.wait(120)
        conn.reset() if reset else conn.end()
    go = threading.Event()
    o = upstream(handler)
    g = gateway(proxy(o.port))
    with WebSocket(g.port) as w:
        w.say(b'x')
        assert w.hear()[1] == b'last words'
        go.set()
        assert w.ended()
    wait_tunnels(g, 0)
    assert replies(g, 'upstream_closed') == (1 if reset else 0)


def test_client_resets(gateway, upstream):
    o = upstream(ws.echo)
    g = gateway(proxy(o.port))
    w = WebSocket(g.port)
    assert w.echoes(b'x')
    w.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                      struct.pack('ii', 1, 0))
    w.close()
    wait_tunnels(g, 0)
    wait_until(lambda: not o.live, 5, 'the origin is told')
    assert replies(g, 'client_closed') == 1


def test_idle(gateway, upstream):
    """Only bytes count, either way; other timeouts do not hold in it."""
    def handler(conn, request):
        ws.switch(conn, request, protocol='thing')
        if request.target == '/down':
            for _ in range(3):
                time.sleep(2.5)
                conn.send(b'x')
        while conn.sock.recv(100):
            pass
    o = upstream(handler)
    g = gateway(proxy(o.port, routes=LISTED), top='timeouts = { head = "2s";'
                ' body = "2s"; response = "2s"; idle = "2s";'
                ' tunnel = "5s"; };\nlimits = { request_body = "10"; };')
    with Asks(g.port) as down, Asks(g.port) as up, Asks(g.port) as quiet:
        assert down.upgrade('/down', 'thing').status == 101
        assert quiet.upgrade('/', 'thing').status == 101
        assert up.upgrade('/', 'thing').status == 101
        for _ in range(3):
            up.send(b'xxxx')
            time.sleep(2.5)
        assert tunnels(g) == 2
        assert quiet.ended()
        assert down.exactly(3) == b'xxx'
        assert down.ended() and up.ended()
    wait_until(lambda: not o.live, 5, 'the origin is told')
    assert replies(g, 'tunnel_timeout') == 3


# --- retry, permits, reload, death

def test_connect_failures_are_retried(gateway, upstream):
    o = upstream(ws.echo)
    g = gateway(proxy(free_port(), o.port,
                      extra='balance = "round_robin";'))
    for _ in range(4):
        with WebSocket(g.port) as w:
            assert w.answer.status == 101 and w.echoes(b'x')
    assert g.metric('upstream_connect_failures_total') > 0


def test_not_sent_twice(gateway, upstream):
    """Who took the request may have switched before it closed."""
    o = upstream(lambda conn, _: conn.end())
    g = gateway(proxy(o.port))
    with WebSocket(g.port) as w:
        assert w.answer.status == 502 and b'upstream_closed' in w.answer.body
    assert len(o.requests) == 1
    assert get(g.port).status == 502
    assert len(o.requests) > 2


def test_status_may_be_retried(gateway, upstream):
    """It says that nothing was switched."""
    def busy_once(conn, request):
        if len(o.requests) == 1:
            conn.reply(503, b'busy')
        else:
            ws.echo(conn, request)
    o = upstream(busy_once)
    g = gateway(proxy(o.port))
    with WebSocket(g.port) as w:
        assert w.answer.status == 101 and w.echoes(b'x')


def test_holds_its_permit_and_is_not_pooled(gateway, upstream):
    o = upstream(ws.echo)
    g = gateway(proxy(o.port, extra='pool = { max_connections = 1; };'
                                    ' retry = { attempts = 1; };'))
    for _ in range(2):
        with WebSocket(g.port) as w:
            assert w.answer.status == 101
            r = get(g.port)
            assert r.status == 503 and b'endpoints_full' in r.body
            w.say(b'', CLOSE)
            assert w.hear()[0] == CLOSE
            assert w.closed()
        wait_tunnels(g, 0)
    assert o.connections == 2
    wait_until(lambda: not o.live, 5, 'no connection is kept')


def test_reloads_leave_it_alone(gateway, upstream):
    """100 of them under 50 tunnels that echo; no generation is held."""
    o = upstream(ws.echo)
    g = gateway(proxy(o.port), workers=2)
    socks = [WebSocket(g.port) for _ in range(50)]
    for i in range(100):
        g.reload(proxy(o.port, routes='{ path = "/*rest"; service = "s";'
                                      f' name = "n{i}"; }}'))
        for w in socks[i % 10::10]:
            assert w.echoes(os.urandom(3000))
    wait_until(lambda: len(g.ctl_json('generations')['generations']) == 1, 5,
               'one generation')
    assert all(w.echoes(b'still') for w in socks)
    assert tunnels(g) == 50
    for w in socks:
        w.close()
    wait_tunnels(g, 0)


def test_worker_death_ends_its_own(gateway, upstream):
    o = upstream(ws.echo)
    g = gateway(proxy(o.port), workers=2, allow=['killed by signal 9 '])
    socks = []
    while not g.each_worker_has(socks):
        socks.append(WebSocket(g.port))
        assert len(socks) < 1000
    victim, = g.titled('worker 0')
    os.kill(victim, signal.SIGKILL)
    g.wait_successor('worker 0', victim)
    left = 0
    for w in socks:
        try:
            left += w.echoes(b'x')
        except (Cut, OSError):
            pass
        w.close()
    assert 0 < left < len(socks)
    wait_tunnels(g, 0)
    with WebSocket(g.port) as w:
        assert w.echoes(b'x')


# --- the graceful stop

DRAIN = 'timeouts = { drain = "300ms"; };'
BOTH = ('{ path = "/*rest"; service = "s"; upgrade = [ "thing", "websocket" ]; '
        '}')


def stop(g):
    began = Watch()
    g.send(signal.SIGTERM)
    return began


def test_stop_says_going_away(gateway, upstream):
    """RFC 6455 7.4.1: both ends get 1001, the origin's masked."""
    got = []

    def handler(conn, request):
        ws.switch(conn, request)
        while True:
            opcode, payload, mask = read_frame(conn)
            got.append((opcode, payload, mask))
            conn.send(frame(payload, opcode))
            if opcode == CLOSE:
                conn.end()
                return
    g = gateway(proxy(upstream(handler).port),
                top='timeouts = { drain = "3s"; };')
    with WebSocket(g.port) as w:
        assert w.echoes(b'x')
        began = stop(g)
        wait_until(lambda: g.admin_status('/readyz') == 503, 5, 'draining')
        assert w.echoes(b'during the drain')
        opcode, payload, mask = read_frame(w)
        assert (opcode, payload, mask) == (CLOSE, GOING_AWAY, False)
        w.say(GOING_AWAY, CLOSE)
        assert w.closed()
        assert began.within(2.9, 5)
    assert got[-1] == (CLOSE, GOING_AWAY, True)
    assert [opcode for opcode, _, _ in got].count(CLOSE) == 1
    assert g.proc.wait(60) == 0


def test_stop_waits_for_the_frame(gateway, upstream):
    """The close frame stands behind the frame that is on its way."""
    rest, got = threading.Event(), []

    def handler(conn, request):
        if request.target == '/thing':
            ws.switch(conn, request, protocol='thing')
            conn.sock.recv(1)
            return
        whole = frame(b'y' * 1000)
        ws.switch(conn, request, behind=whole[:400])
        assert rest.wait(120)
        conn.send(whole[400:] + frame(b'too late'))
        while not got or got[-1][0] != CLOSE:
            got.append(read_frame(conn)[:2])
        conn.send(frame(GOING_AWAY, CLOSE))
        conn.end()
    g = gateway(proxy(upstream(handler).port, routes=BOTH), top=DRAIN)
    with Asks(g.port) as other, WebSocket(g.port) as w:
        assert other.upgrade('/thing', 'thing').status == 101
        whole = frame(b'z' * 1000, mask=True)
        w.send(whole[:7])
        w.exactly(400)
        began = stop(g)
        assert other.ended()  # and so has the drain
        rest.set()
        w.send(whole[7:] + frame(b'too late', mask=True))
        assert w.exactly(604) == b'y' * 604
        assert read_frame(w)[:2] == (CLOSE, GOING_AWAY)
        w.say(GOING_AWAY, CLOSE)
        assert w.closed()
        assert began.within(0, 3)
    wait_until(lambda: len(got) == 2, 5, 'both frames')
    assert got == [(ws.BINARY, b'z' * 1000), (CLOSE, GOING_AWAY)]
    assert g.proc.wait(60) == 0


def test_stop_ends_what_does_not_answer(gateway, upstream):
    """A close frame has a second to be answered; other protocols none."""
    def handler(conn, request):
        ws.switch(conn, request, protocol=request.target[1:])
        assert conn.sock.recv(1) != b'' or request.target == '/thing'
        while conn.sock.recv(100):
            pass
    g = gateway(proxy(upstream(handler).port, routes=BOTH), top=DRAIN)
    with Asks(g.port) as other, Asks(g.port) as w:
        assert other.upgrade('/thing', 'thing').status == 101
        assert w.upgrade('/websocket').status == 101
        began = stop(g)
        assert other.ended()
        assert began.within(0.25, 1.1)
        assert read_frame(w)[:2] == (CLOSE, GOING_AWAY)
        assert w.ended()
        assert began.within(1.2, 3)
    assert g.proc.wait(60) == 0


def test_stop_after_a_close_frame(gateway, upstream):
    """Nothing follows one that has passed."""
    def handler(conn, request):
        ws.switch(conn, request, behind=frame(b'\x03\xe8', CLOSE))
        while conn.sock.recv(100):
            pass
    g = gateway(proxy(upstream(handler).port), top=DRAIN)
    with WebSocket(g.port) as w:
        assert w.hear() == (CLOSE, b'\x03\xe8')
        stop(g)
        assert w.closed()
    assert g.proc.wait(60) == 0


# --- endless answers

def test_events_flow_at_once(gateway, upstream):
    """Each has arrived before the next is sent, whatever its framing."""
    # One each: the first answer may still wait when the next one begins.
    all_arrived = {path: threading.Semaphore(0)
                   for path in ('/chunked', '/to-the-end')}

    def handler(conn, request):
        chunked = request.target == '/chunked'
        arrived = all_arrived[request.target]
        conn.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
                  + ('Transfer-Encoding: chunked\r\n' if chunked else
                     'Connection: close\r\n') + '\r\n')
        for i in range(20):
            event = f'data: {i:02}\n\n'
            conn.send(f'a\r\n{event}\r\n' if chunked else event)
            assert arrived.acquire(timeout=60)
        conn.end()
    g = gateway(proxy(upstream(handler).port))
    for path, arrived in all_arrived.items():
        with Wire(g.port) as w:
            w.send(f'GET {path} HTTP/1.1\r\nHost: t\r\n\r\n')
            w.head()
            for i in range(20):
                assert int(w.until(b'\r\n'), 16) == 10
                assert w.exactly(12) == f'data: {i:02}\n\n\r\n'.encode()
                arrived.release()
