"""What passes between a client and its upstream is that exchange, and nothing
else: not a byte of another one."""
import array
import collections
import concurrent.futures
import fcntl
import functools
import hashlib
import os
import sys
import termios
import threading

import pytest

from conf import NO_BREAKER, proxy
from gateway import wait_until
from wire import Cut, Wire

# Up to what is read of an answer at once (worker/origin/solo.c), which one
# segment holds; and one that is so long that it passes without being copied.
AT_ONCE = 16384
SIZES = [300, AT_ONCE, 294912]


def answer(size, fill):
    """Of so many bytes, its head included."""
    head = 'HTTP/1.1 200 OK\r\nContent-Length: {:07d}\r\n\r\n'
    n = size - len(head.format(0))
    return head.format(n).encode() + fill * n


def unasked(conn, request):
    """Two answers, and then more of them. The end of the first and the second
    come as one: who has read all of the one can know of the other."""
    size = int(request.target[1:])
    asked, stray = answer(size, b'a'), answer(200, b'?')
    if size > AT_ONCE:
        conn.send(asked[:-1000])
        asked = asked[-1000:]
        wait_until(lambda: not unacknowledged(conn))
    conn.send(asked + stray)
    for _ in range(3):
        conn.send(stray)


def unacknowledged(conn):
    """Bytes that were sent to a peer that has not received them."""
    n = fcntl.ioctl(conn.sock, termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(n, sys.byteorder)


@pytest.mark.parametrize('size', SIZES)
def test_answers_that_nobody_asked_for(house, size):
    g = house.gateway(proxy(house.origin(unasked).port))
    ask = f'GET /{size} HTTP/1.1\r\nHost: test\r\n\r\n'
    with Wire(g.port) as first, Wire(g.port) as second:
        for _ in range(5):
            first.send(ask * 4)
            second.send(ask)
            for w in [first] * 4 + [second]:
                r = w.response()
                assert r.status == 200
                assert set(r.body) == {ord('a')}, r.body[:20]


# --- long bodies, which pass without being copied

MIB = 1 << 20
LONG = [65535, 65536, 90000, MIB, MIB + 1, 12345678]


@functools.lru_cache(None)
def body(size):
    """Of which every part can be told from every other."""
    return array.array('Q', range(size // 8 + 1)).tobytes()[:size]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def say_body(conn, request):
    """/SIZE in the framing that it asks for."""
    size, how = request.target[1:].split('-')
    data = body(int(size))
    if how == 'chunked':
        conn.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
                  f'{len(data):x}\r\n')
        conn.send(data + b'\r\n0\r\n\r\n')
    elif how == 'end':
        conn.send('HTTP/1.1 200 OK\r\n\r\n')
        conn.send(data)
        conn.end()
    elif request.method == 'HEAD':
        conn.send(f'HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n\r\n')
    else:
        conn.reply(200, data)


def say_digest(conn, request):
    conn.reply(200, digest(request.body))


def pipes(g):
    """How many the workers have open."""
    found = collections.Counter()
    for pid in g.worker_pids:
        for fd in os.listdir(f'/proc/{pid}/fd'):
            try:
                found[os.readlink(f'/proc/{pid}/fd/{fd}')] += 1
            except OSError:
                pass
    return sum(k.startswith('pipe:') for k in found)


def records(g):
    return g.ctl_json('recorder', '--count=100')['records']


@pytest.fixture
def long(house):
    origin = house.origin(say_body)
    origin.on('/up', say_digest)
    return house.gateway(proxy(
        origin.port, extra=NO_BREAKER)), origin


@pytest.mark.parametrize('how', ['length', 'chunked', 'end'])
def test_long_answers(long, how):
    g, origin = long
    with Wire(g.port, 60) as w:
        for size in LONG * 2:
            r = w.ask(f'/{size}-{how}')
            assert r.status == 200 and digest(r.body) == digest(body(size))
    if how != 'end':
        assert origin.connections == 1


def test_long_answers_to_their_end(long):
    g, _ = long
    for size in LONG:
        with Wire(g.port, 60) as w:
            w.send(f'GET /{size}-end HTTP/1.0\r\nHost: t\r\n\r\n')
            r = w.response()
            assert r.get('Content-Length') is None
            assert digest(r.body) == digest(body(size))


def test_long_uploads(long):
    g, origin = long
    with Wire(g.port, 60) as w:
        for size in LONG * 2:
            r = w.ask('/up', 'POST', body=body(size))
            assert r.body.decode() == digest(body(size))
    assert origin.connections == 1


def test_they_do_pass(long):
    """Through a pipe that is kept for the next one."""
    g, _ = long
    before = pipes(g)
    with Wire(g.port, 60) as w:
        w.ask('/100-length')
        assert pipes(g) == before
        for _ in range(5):
            w.ask(f'/{4 * MIB}-length')
            w.ask('/up', 'POST', body=body(4 * MIB))
        assert pipes(g) == before + 1


def test_nothing_is_read_beyond(long):
    """Requests that wait behind a long upload, and behind a long answer."""
    g, origin = long
    data = body(3 * MIB)
    upload = (f'POST /up HTTP/1.1\r\nHost: t\r\n'
              f'Content-Length: {len(data)}\r\n\r\n').encode() + data
    ask = f'GET /{2 * MIB}-length HTTP/1.1\r\nHost: t\r\n\r\n'.encode()
    with Wire(g.port, 60) as w:
        sender = threading.Thread(target=w.send,
                                  args=((upload + ask + ask) * 3,))
        sender.start()
        for _ in range(3):
            assert w.response().body.decode() == digest(data)
            for _ in range(2):
                assert digest(w.response().body) == digest(body(2 * MIB))
        sender.join()
    assert origin.connections == 1


def test_heads_of_long_answers(long):
    g, _ = long
    with Wire(g.port) as w:
        for _ in range(3):
            r = w.ask(f'/{MIB}-length', 'HEAD')
            assert r.get('Content-Length') == str(MIB)
            r = w.ask(f'/{MIB}-length')
            assert len(r.body) == MIB


def test_stray_bytes_behind_a_long_answer(house):
    g = house.gateway(proxy(house.origin(unasked).port))
    with Wire(g.port, 60) as w:
        for size in (400000, MIB, 3 * MIB) * 3:
            w.send(f'GET /{size} HTTP/1.1\r\nHost: test\r\n\r\n' * 2)
            for _ in range(2):
                r = w.response()
                assert set(r.body) == {ord('a')}
                assert len(r.raw_head) + 4 + len(r.body) >= size


@pytest.mark.parametrize('how', ['end', 'reset'])
def test_cut_within_a_long_answer(long, how):
    g, origin = long
    taken = threading.Semaphore(0)

    def cut(conn, _):
        conn.send(f'HTTP/1.1 200 OK\r\nContent-Length: {8 * MIB}\r\n\r\n')
        conn.send(body(2 * MIB))
        if how == 'reset':  # what is under way would be lost
            taken.acquire(timeout=60)
        getattr(conn, how)()
    origin.on('/cut', cut)
    for _ in range(3):
        with Wire(g.port, 60) as w:
            w.send('GET /cut HTTP/1.1\r\nHost: t\r\n\r\n')
            w.head()
            assert digest(w.exactly(2 * MIB)) == digest(body(2 * MIB))
            taken.release()
            with pytest.raises(Cut) as said:
                w.exactly(6 * MIB)
            assert said.value.args[0] == b''
    wait_until(lambda: [r['why'] for r in records(g)].count('upstream_closed')
               == 3, 5, 'the records')


def test_clients_that_leave_within(long):
    """Of what they did not take, nothing stays."""
    g, origin = long
    before = pipes(g)
    for _ in range(10):
        with Wire(g.port, 60, rcvbuf=4096) as w:
            w.send(f'GET /{16 * MIB}-length HTTP/1.1\r\nHost: t\r\n\r\n')
            w.head()
            w.exactly(100000)
    wait_until(lambda: not origin.live, 10, 'the origin to be left')
    wait_until(lambda: pipes(g) <= before + 4, 10, 'few pipes')
    with Wire(g.port, 60) as w:
        r = w.ask(f'/{MIB}-length')
        assert digest(r.body) == digest(body(MIB))


def test_many_slow_clients(long):
    """More than there are pipes for: to the others, bytes are copied."""
    g, _ = long
    size = 5 * MIB
    wires = [Wire(g.port, 60, rcvbuf=65536) for _ in range(80)]
    for w in wires:
        w.send(f'GET /{size}-length HTTP/1.1\r\nHost: t\r\n\r\n')
    wait_until(lambda: pipes(g) > 20, 10, 'many pipes')
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        for r in pool.map(Wire.response, wires):
            assert digest(r.body) == digest(body(size))
    for w in wires:
        w.close()
    wait_until(lambda: pipes(g) < 20, 10, 'few pipes')


def test_what_passes_is_counted(long):
    g, _ = long
    names = ('client_received_bytes_total', 'client_sent_bytes_total',
             'upstream_received_bytes_total', 'upstream_sent_bytes_total')
    before = [g.metric(n) for n in names]
    with Wire(g.port, 60) as w:
        w.ask(f'/{5 * MIB}-length')
        w.ask('/up', 'POST', body=body(3 * MIB))

    def counted():
        grown = [g.metric(n) - b for n, b in zip(names, before)]
        want = [3 * MIB, 5 * MIB, 5 * MIB, 3 * MIB]
        return all(w <= x < w + 5000 for x, w in zip(grown, want))
    wait_until(counted, 10, 'the counters')
    wait_until(lambda: {(0, 5 * MIB), (3 * MIB, 64)} <= {
        (r['bytes_in'], r['bytes_out']) for r in records(g)}, 5, 'the records')
