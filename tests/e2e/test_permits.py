"""pool.max_connections: never more than that to an endpoint from all workers
together, and nothing of it lost when they are killed."""
import contextlib
import os
import socket
import struct
import threading
import time

import pytest

from conf import NO_BREAKER, proxy
from gateway import wait_until
from origin import Counting
from region import Region
from wire import Cut, Wire, get

WORKERS = 4


@pytest.fixture
def counting(house):
    def make(*args):
        origin = Counting(*args)
        house.origins.append(origin)
        return origin
    return make


def bounded(*ports, most, extra=''):
    return proxy(*ports, extra=f'pool = {{ max_connections = {most}; }}; '
                 + NO_BREAKER + extra)


def after(seconds):
    def answer(conn, _):
        time.sleep(seconds)
        conn.reply()
    return answer


def gated(gate):
    """Answers once the gate is open."""
    def answer(conn, _):
        gate.wait(120)
        conn.reply()
    return answer


def at_once(count, run):
    """run(n) in so many threads; what they returned."""
    results = []
    threads = [threading.Thread(target=lambda n=n: results.append(run(n)))
               for n in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def full(response):
    return (response.status == 503 and b'"endpoints_full"' in response.body
            and b'SVC_008' in response.body
            and response.get('Retry-After') == '1')


@contextlib.contextmanager
def busy(g, origin, count):
    """So many requests of which each has a connection."""
    before = len(origin.requests)
    wires = []
    try:
        for n in range(count):
            w = Wire(g.port, timeout=60)
            wires.append(w)
            w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
            wait_until(lambda n=n: len(origin.requests) > before + n, 5,
                       f'request {n} at the origin')
        yield wires
    finally:
        for w in wires:
            w.close()


def test_never_more_and_all_are_answered(gateway, counting):
    """64 clients over 4 workers share 64 connections, wherever these are."""
    origin = counting(after(0.002))
    g = gateway(bounded(origin.port, most=64), workers=WORKERS)

    def client(n):
        statuses = set()
        for turn in range(6):
            with Wire(g.port, timeout=60) as w:
                statuses |= {w.ask().status for _ in range(5 + n % 7)}
        return statuses
    assert at_once(64, client) == [{200}] * 64
    assert 1 < origin.most <= 64


def test_never_more_when_too_many_ask(gateway, counting):
    origin = counting(after(0.05))
    g = gateway(bounded(origin.port, most=5), workers=WORKERS)

    def client(_):
        good = refused = 0
        with Wire(g.port, timeout=60) as w:
            for _ in range(8):
                r = w.ask()
                assert r.status == 200 or full(r), r
                good += r.status == 200
                refused += r.status == 503
        return good, refused
    results = at_once(32, client)
    assert len(results) == 32
    assert sum(r for _, r in results) > 0 and sum(n for n, _ in results) > 8
    assert origin.most <= 5
    assert g.metric('replies_total', why='endpoints_full') == \
        sum(r for _, r in results)
    assert g.metric('endpoints_full_total') > 0


def test_exactly_so_many(gateway, upstream):
    gate = threading.Event()
    origin = upstream(gated(gate))
    g = gateway(bounded(origin.port, most=3), workers=WORKERS)
    with busy(g, origin, 3) as wires:
        for _ in range(8):
            assert full(get(g.port))
        gate.set()
        assert [w.response().status for w in wires] == [200] * 3
    assert get(g.port).status == 200


def test_another_endpoint_first(gateway, upstream):
    gate = threading.Event()
    origins = [upstream(gated(gate)) for _ in range(3)]
    g = gateway(bounded(*(o.port for o in origins), most=2,
                        extra='balance = "hash"; hash_key = "path";'))
    wires = []
    for n in range(6):  # one key: all would go to the same endpoint
        w = Wire(g.port, timeout=60)
        wires.append(w)
        w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
        wait_until(lambda n=n: sum(len(o.requests) for o in origins) == n + 1,
                   5, f'request {n}')
    assert [len(o.requests) for o in origins] == [2, 2, 2]
    assert full(get(g.port))
    gate.set()
    for w in wires:
        assert w.response().status == 200
        w.close()
    # It was not sent to one endpoint after another.
    assert g.metric('upstream_retries_total') == 0


def on_each_worker(g, origin, want):
    """Leaves an idle connection in so many workers."""
    for _ in range(200):
        if origin.connections >= want:
            return
        with Wire(g.port) as w:
            assert w.ask().status == 200
    raise AssertionError('all connections came to the same workers')


@pytest.mark.parametrize('most', [1, 2])
def test_idle_ones_of_other_workers_are_given_up(gateway, counting, most):
    origin = counting()
    g = gateway(bounded(origin.port, most=most), workers=WORKERS)
    on_each_worker(g, origin, most)
    for _ in range(60):  # new clients, so that they come to all workers
        assert get(g.port).status == 200
    assert origin.connections > most and origin.most <= most


def test_no_bound(gateway, upstream):
    gate = threading.Event()
    origin = upstream(gated(gate))
    g = gateway(bounded(origin.port, most=0), workers=2)
    with busy(g, origin, 50) as wires:
        gate.set()
        assert [w.response().status for w in wires] == [200] * 50


def test_a_client_that_leaves_gives_its_connection_back(gateway, upstream):
    gate = threading.Event()
    origin = upstream(gated(gate))
    g = gateway(bounded(origin.port, most=2), workers=WORKERS)
    for _ in range(5):
        with busy(g, origin, 2) as wires:
            assert full(get(g.port))
            for w in wires:  # a reset, so that it is noticed
                w.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                  struct.pack('ii', 1, 0))
        wait_until(lambda: g.metric('requests_active') == 0, 5, 'their end')
    gate.set()
    assert get(g.port).status == 200


def test_connections_that_fail_give_theirs_back(gateway, upstream):
    """Refused, reset, timed out, broken: again and again with one permit."""
    origin = upstream()
    ways = {'/reset': lambda c, q: c.reset(), '/end': lambda c, q: c.end(),
            '/hang': lambda c, q: time.sleep(3),
            '/bad': lambda c, q: c.send('nonsense\r\n\r\n'),
            '/half': lambda c, q: (c.send('HTTP/1.1 200 OK\r\n'
                                          'Content-Length: 9\r\n\r\nhalf'),
                                   c.end())}
    for path, handler in ways.items():
        origin.on(path, handler)
    g = gateway(bounded(origin.port, most=1, extra=(
        'timeouts = { response = "1s"; }; '
        'retry = { attempts = 2; base_delay = "1ms"; };')), workers=2)
    for _ in range(3):
        for path in ways:
            with contextlib.suppress(Cut, ConnectionResetError):
                assert not full(get(g.port, path)), path
        assert get(g.port).status == 200
    origin.close()
    wait_until(lambda: get(g.port).status == 502, 5, 'the end of the origin')
    assert not any(full(get(g.port)) for _ in range(10))


def test_a_lower_bound_holds_after_a_reload(gateway, upstream):
    gate = threading.Event()
    origin = upstream(gated(gate))
    g = gateway(bounded(origin.port, most=4), workers=2)
    with busy(g, origin, 3) as wires:
        g.reload(bounded(origin.port, most=2))
        assert full(get(g.port))
        g.reload(bounded(origin.port, most=4))
        with busy(g, origin, 1) as more:
            assert full(get(g.port))
            gate.set()
            assert [w.response().status for w in wires + more] == [200] * 4


def storm_of_kills(g, kills, ask):
    """Clients that ask while workers die; the statuses that they saw."""
    over = threading.Event()
    seen = []

    def client(n):
        while not over.is_set():
            try:
                seen.append(ask(n))
            except (OSError, Cut):
                pass
    clients = [threading.Thread(target=client, args=(n,)) for n in range(12)]
    for c in clients:
        c.start()
    for n in range(kills):
        before = g.worker_pids
        g.kill([before[n % len(before)]])
        wait_until(lambda before=before: len(g.worker_pids) == WORKERS and
                   g.worker_pids != before, 10, 'a successor')
        time.sleep(0.05)
    over.set()
    for c in clients:
        c.join()
    wait_until(lambda: g.metric('requests_active') == 0, 5, 'quiet')
    return seen


def test_kills_lose_no_permit(gateway, counting):
    """Workers die with connections in all states; then exactly as many fit."""
    most = 6
    gate = threading.Event()
    origin = counting(after(0.003))
    g = gateway(bounded(origin.port, most=most), workers=WORKERS,
                allow=['killed by signal 9 '])
    seen = storm_of_kills(g, 12, lambda _: get(g.port).status)
    assert seen.count(200) > 50 and set(seen) <= {200, 502, 503}
    assert origin.most <= most
    origin.default = gated(gate)
    with busy(g, origin, most) as wires:
        assert full(get(g.port))
        gate.set()
        assert [w.response().status for w in wires] == [200] * most


@pytest.mark.skipif(os.getuid() != 0, reason='looks into the keeper')
def test_counts_return_to_zero_after_a_storm(gateway, upstream):
    def moody(conn, request):
        mood = len(request.target) % 5
        if mood == 1:
            time.sleep(0.01)
        if mood == 2:
            conn.reset()
        elif mood == 3:
            conn.reply(503)
        else:
            conn.reply(200, b'x' * mood * 20000)
    origins = [upstream(moody) for _ in range(2)]
    g = gateway(bounded(*(o.port for o in origins), most=4, extra=(
        'retry = { base_delay = "2ms"; };')), workers=WORKERS,
        allow=['killed by signal 9 '])

    def ask(n):
        if n % 4 == 0:  # leaves before the answer
            with Wire(g.port) as w:
                w.send('GET /x HTTP/1.1\r\nHost: t\r\n\r\n')
                time.sleep(0.005)
                return 0
        return get(g.port, '/' + 'x' * n).status
    with contextlib.closing(Region(g)) as region:
        most = []
        watching = threading.Event()

        def watch():
            while not watching.is_set():
                most.append(region.counts())
                time.sleep(0.001)
        watcher = threading.Thread(target=watch)
        watcher.start()
        storm_of_kills(g, 12, ask)
        watching.set()
        watcher.join()
        assert max(c.active for c in most) > 2
        assert 4 <= max(c.permits for c in most) <= 8
        quiet = region.counts()
        assert quiet.active == 0 and quiet.pooled == quiet.permits
        for o in origins:
            o.drop()
        wait_until(lambda: region.counts() == (0, 0, 0), 5, 'no connection')
