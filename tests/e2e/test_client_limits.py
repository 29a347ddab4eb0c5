"""What one client may take: connections, requests, time, patience."""
import contextlib
import os
import random
import signal
import socket
import threading
import time

from conf import proxy
from gateway import Watch, wait_until
from test_addresses import listener, v1
from wire import Cut, Wire

PONG = ('routes = ( { path = "/*rest"; respond = { body = "pong"; '
        'content_type = "text/plain"; }; } );\n')
REFUSED = 'connections_refused_per_address_total'


def limits(text):
    return f'limits = {{ {text} }};\n'


class From(Wire):
    """A client at another address of the loopback net."""

    def __init__(self, port, source='127.0.0.1', timeout=60, rcvbuf=None):
        # pylint: disable=super-init-not-called
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.bind((source, 0))
        self.sock.settimeout(timeout)
        self.sock.connect(('127.0.0.1', port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b''

    def served(self, head=b''):
        """True when a request is answered, False when it is closed first."""
        try:
            self.send(head + b'GET / HTTP/1.1\r\nHost: t\r\n\r\n')
            return self.response().status == 200
        except (Cut, ConnectionResetError, BrokenPipeError):
            return False


def admitted(port, source='127.0.0.1'):
    """A connection that is served, or None."""
    w = From(port, source)
    if w.served():
        return w
    w.close()
    return None


def fill(port, n, source='127.0.0.1'):
    """Tries n; those that are served."""
    return [w for w in (admitted(port, source) for _ in range(n)) if w]


def close(held):
    for w in held:
        w.close()


def settled(g, n=0):
    wait_until(lambda: g.metric('connections') == n, 5, f'{n} connections')


# --- connections of an address


def test_connections_of_an_address_over_all_workers(gateway):
    g = gateway(PONG + limits('connections_per_address = 5;'), workers=4)
    held = fill(g.port, 12)
    assert len(held) == 5
    other = fill(g.port, 12, '127.0.0.2')
    assert len(other) == 5
    assert g.metric(REFUSED) == 14
    assert g.metric('replies_total', why='too_many_connections') == 14
    assert g.metric('connections_uncounted_total') == 0
    held.pop().close()
    settled(g, 9)
    more = fill(g.port, 4)
    assert len(more) == 1
    close(held + other + more)
    settled(g)
    held = fill(g.port, 7)
    assert len(held) == 5
    close(held)


def test_connections_of_a_killed_worker_are_given_back(gateway):
    g = gateway(PONG + limits('connections_per_address = 6;'), workers=3,
                allow=['killed by signal 9 '])
    for i in range(5):
        held = fill(g.port, 9)
        assert len(held) == 6
        pid, = g.titled(f'worker {i % 3}')
        os.kill(pid, signal.SIGKILL)
        g.wait_successor(f'worker {i % 3}', pid)
        # What the dead one had is free again, and no more than that.
        alive = [w for w in held if w.served()]
        more = fill(g.port, 9)
        assert len(alive) + len(more) == 6
        close(held + more)
        settled(g)


def test_never_more_than_the_limit_at_once(gateway):
    """Many come and go; who was answered and has not left is counted."""
    g = gateway(PONG + limits('connections_per_address = 4;'), workers=4)
    lock, now, most, total = threading.Lock(), [0], [0], [0]
    over = threading.Event()

    def client(seed):
        rng = random.Random(seed)
        while not over.is_set():
            w = admitted(g.port)
            if not w:
                time.sleep(0.004)
                continue
            with lock:
                now[0] += 1
                total[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(rng.random() * 0.01)
            with lock:
                now[0] -= 1
            w.close()
    threads = [threading.Thread(target=client, args=(i,)) for i in range(16)]
    for t in threads:
        t.start()
    try:
        time.sleep(3)
        wait_until(lambda: total[0] > 100 and most[0] >= 4, 30, 'many')
    finally:
        over.set()
        for t in threads:
            t.join()
    assert most[0] == 4
    settled(g)
    held = fill(g.port, 6)
    assert len(held) == 4
    close(held)


def test_trusted_proxies_are_not_counted(gateway):
    g = gateway(PONG + limits('connections_per_address = 2;'),
                top='trusted_proxies = [ "127.0.0.2" ];')
    held = fill(g.port, 6, '127.0.0.2')
    assert len(held) == 6
    held += fill(g.port, 6, '127.0.0.3')
    assert len(held) == 8
    close(held)


def test_the_address_of_a_proxy_header_counts(gateway):
    g = gateway(PONG + limits('connections_per_address = 2;'), start=False)
    g.write(PONG + limits('connections_per_address = 2;') + listener(g.port))
    g.start()

    def served(*sources):
        wires = [From(g.port) for _ in sources]
        return wires, [w.served(v1(s)) for w, s in zip(wires, sources)]
    one, answers = served('192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2')
    assert answers == [True, True, False, True]
    # A net of IPv6 is one client.
    two, answers = served('2001:db8:0:1::1', '2001:db8:0:1:ffff::2',
                          '2001:db8:0:1::3', '2001:db8:0:2::1')
    assert answers == [True, True, False, True]
    close(one + two)
    settled(g)
    again, answers = served('192.0.2.1', '192.0.2.1', '192.0.2.1')
    assert answers == [True, True, False]
    close(again)


def test_the_limit_of_connections_is_reloaded(gateway):
    g = gateway(PONG)
    held = fill(g.port, 5)
    assert len(held) == 5
    g.reload(PONG + limits('connections_per_address = 2;'))
    held += fill(g.port, 5)  # those before are not counted
    assert len(held) == 7
    assert all(w.served() for w in held)
    g.reload(PONG + limits('connections_per_address = 3;'))
    held += fill(g.port, 5)
    assert len(held) == 8
    g.reload(PONG)
    held += fill(g.port, 5)
    assert len(held) == 13
    close(held)


# --- requests of a connection


def test_requests_of_a_connection(gateway):
    g = gateway(PONG + limits('requests_per_connection = 3;'))
    with Wire(g.port) as w:
        assert [w.ask().get('Connection') for _ in range(3)] == \
            [None, None, 'close']
        assert w.closed()
    with Wire(g.port) as w:  # the rest is not answered
        w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n' * 5)
        assert [w.response().get('Connection') for _ in range(3)] == \
            [None, None, 'close']
        assert w.sock.recv(1) == b''
    assert g.metric('requests_total') == 6
    settled(g)


def test_the_only_request_of_a_connection(gateway, upstream):
    o = upstream()
    g = gateway(proxy(o.port) + limits('requests_per_connection = 1;'))
    with Wire(g.port) as w:
        r = w.ask('/x', 'POST', body=b'x' * 100000)
        assert (r.status, r.get('Connection')) == (200, 'close')
        assert w.closed()
    assert field_of(o.last, 'connection') == []


def field_of(request, name):
    return [v for n, v in request.headers if n.lower() == name]


# --- heads that trickle


def test_timeouts_head_is_a_total(gateway):
    """Of a first request, of a later one, of one that came too early."""
    g = gateway(PONG + 'timeouts = { head = "800ms"; idle = "5s"; };\n')
    head = b'GET / HTTP/1.1\r\nHost: t\r\nX-Long: ' + b'x' * 200

    def trickle(before, skip=0):
        began = time.monotonic()
        with Wire(g.port) as w:
            if before:
                w.send(before)
                assert w.response().status == 200
            w.sock.settimeout(0.1)
            for i in range(skip, len(head)):
                w.send(head[i:i + 1])
                with contextlib.suppress(TimeoutError):
                    if w.more():
                        break
            assert w.response().status == 408
            return time.monotonic() - began
    whole = b'GET / HTTP/1.1\r\nHost: t\r\n\r\n'
    # Renewed by each byte it would be 20 s.
    assert 0.6 < trickle(b'') < 10
    assert 0.6 < trickle(whole) < 10
    assert 0.6 < trickle(whole + head[:10], skip=10) < 10
    assert g.metric('replies_total', why='head_timeout') == 3


# --- the minimum rate, and how long a refused upload is drained


# By pieces: who makes 64 MiB at once holds up all other threads for long.
PIECE, PIECES = b'x' * (1 << 18), 256
BIG = len(PIECE) * PIECES


def send_big(wire):
    for _ in range(PIECES):
        wire.send(PIECE)


def slow_upload(g, _):
    with Wire(g.port, timeout=60) as w:
        began = Watch()
        w.send('POST /sink HTTP/1.1\r\nHost: t\r\n'
               'Content-Length: 1000000\r\n\r\n')
        w.sock.settimeout(1)
        for _ in range(20):
            w.send(b'x' * 1000)
            with contextlib.suppress(TimeoutError):
                if w.more():
                    break
        r = w.response()
        assert r.status == 408 and b'too_slow' in r.body
        assert began.within(9, 13)


def fair_upload(g, _):
    with Wire(g.port, timeout=60) as w:
        w.send('POST /sink HTTP/1.1\r\nHost: t\r\n'
               'Content-Length: 120000\r\n\r\n')
        for _ in range(12):
            time.sleep(1)
            w.send(b'x' * 10000)
        assert w.response().status == 200


def held_upload(g, gate):
    """The upstream takes nothing: the client is not to blame."""
    with Wire(g.port, timeout=120) as w:
        w.send(f'POST /held HTTP/1.1\r\nHost: t\r\nContent-Length: {BIG}\r\n'
               '\r\n')
        threading.Timer(12, gate.set).start()
        send_big(w)
        assert w.response().status == 200


def expecting_upload(g, _):
    """Nor is one that waits for the 100."""
    with Wire(g.port, timeout=60) as w:
        w.send('POST /late HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n'
               'Expect: 100-continue\r\n\r\n')
        assert w.response().status == 100
        w.send(b'hello')
        assert w.response().status == 200


def slow_download(g, _):
    with From(g.port, rcvbuf=4096) as w:
        began = Watch()
        w.send('GET /big HTTP/1.1\r\nHost: t\r\n\r\n')
        w.head()
        with contextlib.suppress(ConnectionResetError):
            while not g.metric('replies_total', why='slow_reader'):
                assert began.within(0, 14)
                time.sleep(0.5)
                assert w.sock.recv(500)
        assert began.within(9, 14)


def fair_download(g, _):
    with From(g.port, rcvbuf=4096) as w:
        w.send('GET /big HTTP/1.1\r\nHost: t\r\n\r\n')
        began = time.monotonic()
        while time.monotonic() - began < 13:
            time.sleep(0.1)
            assert w.sock.recv(2000)


def slow_events(g, _):
    """The upstream is slow: the client is not to blame."""
    with Wire(g.port, timeout=60) as w:
        w.send('GET /events HTTP/1.1\r\nHost: t\r\n\r\n')
        assert len(w.response().body) == 12


def refuse_large(gateway):
    return gateway(PONG + limits('request_body = "1k";'))


def upload(w, n):
    w.send(f'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {n}\r\n\r\n')


def drained_upload(g, _):
    """Refused; 10 MB in 5 s, and only then the client reads."""
    with Wire(g.port) as w:
        upload(w, 50 * 209715)
        for _ in range(50):
            time.sleep(0.1)
            w.send(b'x' * 209715)
        r = w.response()
        assert (r.status, r.get('Connection')) == (413, 'close')
        assert w.sock.recv(1) == b''  # orderly, not reset


def endless_upload(g, _):
    """Refused; draining is bounded in time."""
    with Wire(g.port) as w:
        began = Watch()
        upload(w, 1 << 40)
        assert w.response().status == 413
        with contextlib.suppress(OSError):
            while began.within(0, 18):
                w.send(b'x' * 1000)
                time.sleep(0.2)
        assert began.within(14, 18)


def test_what_is_slow(gateway, upstream):
    """The minimum rate and the draining of refused uploads, side by side."""
    o = upstream()
    gate = threading.Event()

    def held(conn, _):
        gate.wait(120)
        for _ in range(PIECES):
            conn.exactly(len(PIECE))
        conn.reply()

    def big(conn, _):
        conn.send(f'HTTP/1.1 200 OK\r\nContent-Length: {BIG}\r\n\r\n')
        send_big(conn)

    def late(conn, request):
        time.sleep(12)
        conn.send('HTTP/1.1 100 Continue\r\n\r\n')
        conn.request_body(request)
        conn.reply()

    def events(conn, _):
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n')
        for _ in range(12):
            time.sleep(1)
            conn.send('x')
    o.on('/sink', lambda conn, _: conn.reply())
    o.on('/held', held, streamed=True)
    o.on('/late', late, streamed=True)
    o.on('/events', events)
    o.on('/big', big)
    g = gateway(proxy(o.port) + limits('min_rate = "2k";') +
                'timeouts = { body = "20s"; response = "25s"; };\n')
    large = refuse_large(gateway)
    errors = []

    def guarded(run, at):
        try:
            run(at, gate)
        except BaseException as error:  # pylint: disable=broad-except
            errors.append((run.__name__, error))
    threads = [threading.Thread(target=guarded, args=run) for run in (
        (slow_upload, g), (fair_upload, g), (held_upload, g),
        (expecting_upload, g), (slow_download, g), (fair_download, g),
        (slow_events, g), (drained_upload, large), (endless_upload, large))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    settled(large)
    assert g.metric('replies_total', why='too_slow') == 1
    assert g.metric('replies_total', why='slow_reader') == 1


# --- uploads that are refused


def test_who_is_silent_after_a_refusal_is_closed(gateway):
    g = refuse_large(gateway)
    with Wire(g.port) as w:
        began = Watch()
        upload(w, 10 << 20)
        assert w.response().status == 413
        settled(g)
        assert began.within(1, 4)


def test_draining_is_bounded_in_bytes(gateway):
    g = refuse_large(gateway)
    with Wire(g.port) as w:
        upload(w, 1 << 40)
        sent, block = 0, b'x' * (1 << 20)
        try:
            while sent < 200 << 20:
                w.send(block)
                sent += len(block)
        except OSError:
            pass
        assert 60 << 20 < sent < 100 << 20
    settled(g)


# --- an upstream that never comes to the point


def test_interim_answers_do_not_renew_the_timeout(gateway, upstream):
    o = upstream()

    def hints(conn, _):
        for _ in range(100):
            conn.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
            time.sleep(0.1)
    o.on('/hints', hints)
    g = gateway(proxy(o.port, extra='retry = { attempts = 1; };') +
                'timeouts = { response = "3s"; };\n')
    with Wire(g.port) as w:
        began = Watch()
        w.send('GET /hints HTTP/1.1\r\nHost: t\r\n\r\n')
        r = w.response()
        hinted = 0
        while r.status == 103:
            hinted += 1
            r = w.response()
        assert r.status == 504 and 5 <= hinted < 100
        assert began.within(2.9, 6)
    assert g.metric('replies_total', why='response_timeout') == 1
