"""Large bodies through slow peers, in bounded memory."""
import hashlib
import threading
import time

import pytest

from conf import proxy
from gateway import SANITIZED, rss_kb
from wire import Wire

MIB = 1 << 20
SIZE = (20 if SANITIZED else 200) * MIB
BLOCK = bytes(range(256)) * 1024
# A slow peer stops for a while after each of these.
STRIDE = SIZE // 20
GROWTH_KB = 2048


class Peak(threading.Thread):
    """The highest memory of the workers while it runs."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.pids = gateway.worker_pids
        self.before = self.now()
        self.most = self.before
        self.over = threading.Event()
        self.start()

    def now(self):
        return sum(rss_kb(p) for p in self.pids)

    def run(self):
        while not self.over.wait(0.02):
            self.most = max(self.most, self.now())

    def growth_kb(self):
        self.over.set()
        self.join()
        return self.most - self.before


def digest_of(size):
    digest = hashlib.sha256()
    for at in range(0, size, len(BLOCK)):
        digest.update(BLOCK[:min(len(BLOCK), size - at)])
    return digest.hexdigest()


def send_blocks(send, size):
    for at in range(0, size, len(BLOCK)):
        send(BLOCK[:min(len(BLOCK), size - at)])


def take_slowly(wire, size):
    digest, rest, since = hashlib.sha256(), size, 0
    while rest:
        part = wire.exactly(min(65536, rest))
        digest.update(part)
        rest -= len(part)
        since += len(part)
        if since >= STRIDE:
            time.sleep(0.03)
            since = 0
    return digest.hexdigest()


@pytest.fixture
def warm(gateway, upstream):
    origin = upstream()
    g = gateway(proxy(origin.port))
    with Wire(g.port) as w:
        for _ in range(5):
            w.ask('/', 'POST', body=b'x' * 100000)
    return g, origin


def test_download_through_a_slow_client(warm):
    g, origin = warm

    def big(conn, _):
        conn.send(f'HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n')
        send_blocks(conn.send, SIZE)
    origin.on('/big', big)
    peak = Peak(g)
    with Wire(g.port, timeout=60, rcvbuf=65536) as w:
        w.send('GET /big HTTP/1.1\r\nHost: t\r\n\r\n')
        w.head()
        assert take_slowly(w, SIZE) == digest_of(SIZE)
        assert w.ask('/after').status == 200
    assert peak.growth_kb() < GROWTH_KB


def test_upload_to_a_slow_origin(warm):
    g, origin = warm
    origin.on('/big', lambda c, q: c.reply(200, take_slowly(c, SIZE)),
              streamed=True)
    peak = Peak(g)
    with Wire(g.port, timeout=60) as w:
        w.send(f'POST /big HTTP/1.1\r\nHost: t\r\nContent-Length: {SIZE}\r\n\r\n')
        send_blocks(w.send, SIZE)
        assert w.response().body.decode() == digest_of(SIZE)
        assert w.ask('/after').status == 200
    assert peak.growth_kb() < GROWTH_KB


def test_upload_in_chunks(warm):
    g, origin = warm
    size = SIZE // 10

    def read(conn, _):
        conn.reply(200, hashlib.sha256(conn.chunks()[0]).hexdigest())
    origin.on('/chunks', read, streamed=True)
    with Wire(g.port, timeout=60) as w:
        w.send('POST /chunks HTTP/1.1\r\nHost: t\r\n'
               'Transfer-Encoding: chunked\r\n\r\n')
        send_blocks(lambda b: w.send(b'%x\r\n%b\r\n' % (len(b), b)), size)
        w.send('0\r\n\r\n')
        assert w.response().body.decode() == digest_of(size)


def test_stuck_clients_cost_little(warm):
    g, origin = warm

    def big(conn, _):
        conn.send(f'HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n')
        send_blocks(conn.send, SIZE)
    origin.on('/big', big)
    peak = Peak(g)
    stuck = [Wire(g.port, rcvbuf=4096) for _ in range(20)]
    for w in stuck:
        w.send('GET /big HTTP/1.1\r\nHost: t\r\n\r\n')
        w.head()
    time.sleep(0.5)
    growth = peak.growth_kb()
    for w in stuck:
        w.close()
    assert growth < 20 * 200


def test_both_ways_at_once(warm):
    g, origin = warm
    size = SIZE // 10

    def mirror(conn, _):
        conn.send(f'HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n')
        rest = size
        while rest:
            part = conn.exactly(min(65536, rest))
            rest -= len(part)
            conn.send(part)
    origin.on('/mirror', mirror, streamed=True)
    with Wire(g.port, timeout=60) as w:
        w.send(f'POST /mirror HTTP/1.1\r\nHost: t\r\n'
               f'Content-Length: {size}\r\n\r\n')
        sender = threading.Thread(target=send_blocks, args=(w.send, size))
        sender.start()
        w.head()
        assert take_slowly(w, size) == digest_of(size)
        sender.join()
