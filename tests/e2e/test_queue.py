"""Services with `queue`: requests that find every endpoint at its bound wait
for a connection, in whatever worker they and the connections are."""
import collections
import contextlib
import json
import re
import socket
import struct
import threading
import time

import pytest

from conf import NO_BREAKER, proxy
from gateway import Watch, tcp_ports, wait_until
from h2origin import MAX_STREAMS
from origin import Counting
from wire import Cut, Wire, get

WORKERS = 4
GET = 'GET {} HTTP/1.1\r\nHost: t\r\n\r\n'
CLASSES = ('normal', 'priority', 'emergency')
ROUTES = ', '.join(
    f'{{ path = "/{c}/*rest"; service = "s"; priority = "{c}"; }}'
    for c in CLASSES)


def queued(*ports, most, length=100, timeout='50s', extra='', **kw):
    return proxy(*ports, extra=(
        f'pool = {{ max_connections = {most}; }}; '
        f'queue = {{ length = {length}; timeout = "{timeout}"; }}; ' + extra),
        **kw)


def classes(*ports, **kw):
    return queued(*ports, routes=ROUTES, **kw)


@pytest.fixture
def counting(house):
    def make(*args):
        origin = Counting(*args)
        house.origins.append(origin)
        return origin
    return make


def after(seconds):
    def answer(conn, _):
        time.sleep(seconds)
        conn.reply()
    return answer


class Gate:
    """An answer for each pass()."""

    def __init__(self):
        self.passes = threading.Semaphore(0)

    def __call__(self, conn, _):
        self.passes.acquire(timeout=60)
        conn.reply()

    def open(self, n=1):
        self.passes.release(n)


def error(response):
    return (response.status, json.loads(response.body)['error'],
            response.get('Retry-After'))


FULL = (503, 'queue_full', '1')
LATE = (503, 'queue_timeout', '1')


def waiting(g):
    return int(g.metric('queue_waiting'))


def wait_waiting(g, n):
    wait_until(lambda: waiting(g) == n, 5, f'{n} that wait')


class Crowd:
    """Clients that have asked and wait, one connection each."""

    def __init__(self, g):
        self.g, self.wires = g, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for w in self.wires:
            w.close()

    def ask(self, path='/'):
        w = Wire(self.g.port, timeout=60)
        self.wires.append(w)
        w.send(GET.format(path))
        return w

    def hold(self, origin, n=1, path='/'):
        """So many that have a connection each."""
        for _ in range(n):
            before = len(origin.requests)
            self.ask(path)
            wait_until(lambda b=before: len(origin.requests) > b, 5, 'it')

    def wait(self, *paths):
        """Each waits before the next one comes."""
        for path in paths:
            n = waiting(self.g)
            self.ask(path)
            wait_waiting(self.g, n + 1)


def at_once(count, run):
    results = [None] * count

    def one(n):
        results[n] = run(n)
    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    return results


# --- all are served

@pytest.mark.parametrize('most,clients,each,seconds',
                         [(8, 32, 10, 0.02), (1, 16, 4, 0.005)])
def test_nobody_is_refused(gateway, counting, most, clients, each, seconds):
    """Four workers and twice the clients, or more, that there are connections
    for: all are answered, and never over more connections than that."""
    origin = counting(after(seconds))
    g = gateway(queued(origin.port, most=most), workers=WORKERS)

    def client(_):
        with Wire(g.port, timeout=60) as w:
            return {w.ask().status for _ in range(each)}
    took = Watch()
    assert at_once(clients, client) == [{200}] * clients
    # Connections do not idle while somebody waits.
    assert took.within(0, 4 * clients * each * seconds / most + 1)
    assert 1 <= origin.most <= most
    assert g.metric('queue_waits_total') > clients / 2
    assert g.metric('queue_wait_seconds_total') > 0
    assert g.metric('queue_refused_total') == 0
    assert waiting(g) == 0


def test_one_connection_for_clients_of_four_workers(gateway, counting):
    """Everybody has his turn after a while, whatever his worker."""
    origin = counting(after(0.005))
    g = gateway(queued(origin.port, most=1), workers=WORKERS)
    over = time.monotonic() + 4
    worst = []  # how many had theirs meanwhile

    def client(_):
        with Wire(g.port, timeout=60) as w:
            while time.monotonic() < over:
                before = len(origin.requests)
                r = w.ask()
                assert r.status == 200, r
                worst.append(len(origin.requests) - before)
        return True
    assert all(at_once(24, client))
    assert max(worst) < 200 and origin.most == 1
    # A connection is used again rather than handed over each time.
    assert origin.connections < len(origin.requests) / 2


def test_idle_ones_elsewhere_are_asked_for(gateway, counting):
    origin = counting()
    g = gateway(queued(origin.port, most=2), workers=WORKERS)
    for _ in range(100):  # new clients, so that they come to all workers
        began = Watch()
        assert get(g.port).status == 200
        assert began.within(0, 3)
    assert origin.most <= 2


def test_any_endpoint_will_do(gateway, upstream):
    gates = [Gate() for _ in range(3)]
    origins = [upstream(gate) for gate in gates]
    g = gateway(queued(*(o.port for o in origins), most=1,
                       extra='balance = "hash"; hash_key = "path"; '))
    with Crowd(g) as crowd:
        for _ in range(3):
            crowd.ask()
        wait_until(lambda: sum(len(o.requests) for o in origins) == 3, 5, '')
        crowd.wait('/')
        gates[2].open()
        wait_until(lambda: len(origins[2].requests) == 2, 5, 'the third')
        for gate in gates:
            gate.open(2)
        assert [w.response().status for w in crowd.wires] == [200] * 4


def test_connections_that_close(gateway, counting):
    """The origin ends each after one answer: permits go round all the same."""
    def answer(conn, _):
        time.sleep(0.005)
        conn.reply(headers=[('Connection', 'close')])
        conn.end()
    origin = counting(answer)
    g = gateway(queued(origin.port, most=2), workers=WORKERS)

    def client(_):
        with Wire(g.port, timeout=60) as w:
            return [w.ask().status for _ in range(5)]
    assert at_once(24, client) == [[200] * 5] * 24
    assert origin.most <= 2


# --- who is first

@pytest.mark.parametrize('workers', [1, WORKERS])
def test_by_class_and_by_age(gateway, upstream, workers):
    gate = Gate()
    origin = upstream(gate)
    g = gateway(classes(origin.port, most=1), workers=workers)
    paths = [f'/{c}/{n}' for c in CLASSES for n in range(3)]
    with Crowd(g) as crowd:
        crowd.hold(origin, path='/normal/first')
        crowd.wait(*paths)
        for n in range(10):
            gate.open()
            wait_until(lambda n=n: len(origin.requests) > n + 1 or n == 9, 5,
                       f'request {n}')
        assert {w.response().status for w in crowd.wires} == {200}
    order = [r.target for r in origin.requests[1:]]
    want = [f'/{c}/{n}' for c in reversed(CLASSES) for n in range(3)]
    if workers == 1:
        assert order == want
    else:
        assert [t.split('/')[1] for t in order] == \
            [t.split('/')[1] for t in want]


def test_who_comes_does_not_overtake(gateway, upstream):
    gate = Gate()
    origin = upstream(gate)
    g = gateway(queued(origin.port, most=1))
    with Crowd(g) as crowd:
        crowd.hold(origin, path='/0')
        crowd.wait('/1', '/2')
        gate.open(10)
        for w in crowd.wires:
            assert w.response().status == 200
    assert [r.target for r in origin.requests] == ['/0', '/1', '/2']


def test_a_retry_does_not_overtake(gateway, upstream):
    """Its delay is over just when there is a new endpoint, before those who
    wait have looked."""
    gate, gates = Gate(), [Gate() for _ in range(3)]
    first = upstream(
        lambda conn, r: conn.reply(503) if '/normal/' in r.target
        else gate(conn, r))
    others = [upstream(other) for other in gates]

    def conf(n):
        return classes(first.port, *(o.port for o in others[:n]), most=1,
                       length=1000, extra=(
                           NO_BREAKER + 'retry = { attempts = 10; budget = 0; '
                           'base_delay = "3s"; factor = 1.0; }; '))
    g = gateway(conf(0))
    with Crowd(g) as crowd:
        for n in range(400):
            crowd.ask(f'/normal/{n}')
        wait_until(lambda: len(first.requests) >= 400, 20, 'all of them')
        crowd.ask('/emergency/0')
        wait_until(lambda: first.last.target == '/emergency/0', 10, 'it')
        for n, other in enumerate(others):
            crowd.ask('/emergency/' + str(n + 1))
            wait_until(lambda: g.metric('requests_active') ==
                       len(crowd.wires), 10, 'that it waits')
            g.reload(conf(n + 1))
            wait_until(lambda o=other: o.requests, 5, f'endpoint {n}')
        assert [o.requests[0].target.split('/')[1] for o in others] == \
            ['emergency'] * 3
        for each in [gate] + gates:
            each.open(2000)


def test_under_lasting_overload_the_youngest_is_first(gateway, upstream):
    """Else all who are served have waited for nearly the whole timeout."""
    origin = upstream(after(0.1))
    g = gateway(queued(origin.port, most=1, timeout='1s', length=1000))
    times = []

    def client(n):
        time.sleep(n * 0.04)
        with Wire(g.port, timeout=60) as w:
            began = time.monotonic()
            if w.ask().status == 200:
                times.append((n, time.monotonic() - began))
    at_once(125, client)
    late = sorted(t for n, t in times if n > 62)
    assert len(late) > 5
    assert late[len(late) // 2] < 0.7, late


# --- who is refused

def test_time_is_up(gateway, upstream):
    gate = Gate()
    origin = upstream(gate)
    g = gateway(queued(origin.port, most=1, timeout='300ms'), workers=WORKERS)
    with Crowd(g) as crowd:
        crowd.hold(origin)
        began = Watch()
        for _ in range(4):
            crowd.ask()
        assert [error(w.response()) for w in crowd.wires[1:]] == [LATE] * 4
        assert began.within(0.25, 1.5)
        assert g.metric('queue_timeouts_total') == 4 and waiting(g) == 0
        assert g.metric('replies_total', why='queue_timeout') == 4
        gate.open(9)
        assert crowd.wires[0].response().status == 200
    assert get(g.port).status == 200


@pytest.mark.parametrize('length', [1, 5])
def test_exactly_so_many_wait(gateway, upstream, length):
    """As operators see it, too."""
    gate = Gate()
    origin = upstream(gate)
    g = gateway(queued(origin.port, most=2, length=length), workers=WORKERS)
    with Crowd(g) as crowd:
        crowd.hold(origin, 2)
        crowd.wait(*['/'] * length)
        for _ in range(12):
            assert error(get(g.port)) == FULL
        assert waiting(g) == length
        assert g.metric('service_waiting', service='s') == length
        row, = g.ctl_json('services')['services']
        assert row['waiting'] == row['queue'] == length
        assert re.search(rf'^s .* {length} +p2c', g.ctl('services').stdout,
                         re.M)
        assert g.metric('queue_refused_total') == 12
        gate.open(2 + length)
        assert [w.response().status for w in crowd.wires] == \
            [200] * (2 + length)


def test_a_higher_class_takes_the_place(gateway, upstream):
    gate = Gate()
    origin = upstream(gate)
    g = gateway(classes(origin.port, most=1, length=3))
    with Crowd(g) as crowd:
        crowd.hold(origin, path='/normal/0')
        crowd.wait('/normal/1', '/priority/2', '/normal/3')
        w = crowd.ask('/emergency/4')
        assert error(crowd.wires[3].response()) == FULL
        crowd.ask('/priority/5')
        assert error(crowd.wires[1].response()) == FULL
        assert error(get(g.port, '/priority/6')) == FULL
        crowd.ask('/emergency/7')
        wait_until(lambda: g.metric('queue_refused_total') == 4, 5, 'it')
        assert waiting(g) == 3
        gate.open(9)
        assert w.response().status == 200
        wait_waiting(g, 0)
        wait_until(lambda: len(origin.requests) == 4, 5, 'what waited')
    assert [r.target for r in origin.requests] == [
        '/normal/0', '/emergency/4', '/emergency/7', '/priority/2']


def test_a_client_that_leaves(gateway, upstream):
    gate = Gate()
    origin = upstream(gate)
    g = gateway(queued(origin.port, most=1, length=2), workers=WORKERS)
    with Crowd(g) as crowd:
        crowd.hold(origin)
        for _ in range(5):
            crowd.wait('/', '/')
            assert error(get(g.port)) == FULL
            for w in crowd.wires[1:]:
                w.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                  struct.pack('ii', 1, 0))
                w.close()
            del crowd.wires[1:]
            wait_waiting(g, 0)
        gate.open(9)
        assert crowd.wires[0].response().status == 200
    assert len(origin.requests) == 1


def test_a_body_waits_too(gateway, upstream):
    gate = Gate()
    origin = upstream(gate)
    g = gateway(queued(origin.port, most=1))
    body = 'x' * 300000
    with Crowd(g) as crowd:
        crowd.hold(origin)
        with Wire(g.port, timeout=60) as w:
            w.send('POST /up HTTP/1.1\r\nHost: t\r\nContent-Length: '
                   f'{len(body)}\r\n\r\n' + body[:1000])
            wait_waiting(g, 1)
            sender = threading.Thread(target=w.send, args=(body[1000:],))
            sender.start()
            gate.open(2)
            assert w.response().status == 200
            sender.join()
    assert origin.last.body == body.encode()


def test_a_deadline_of_grpc_ends_it(gateway, upstream):
    gate = Gate()
    origin = upstream(gate)
    g = gateway(queued(origin.port, most=1))
    with Crowd(g) as crowd:
        crowd.hold(origin)
        began = Watch()
        r = get(g.port, '/a.B/C', 'POST', headers=[
            ('Content-Type', 'application/grpc'), ('TE', 'trailers'),
            ('grpc-timeout', '200m')])
        assert r.get('grpc-status') == '4', r
        assert began.within(0.1, 10) and waiting(g) == 0
        gate.open()


# --- reloads, deaths, the end

def test_reloads_change_length_and_bound(gateway, upstream):
    gate = Gate()
    origin = upstream(gate)
    g = gateway(queued(origin.port, most=1, length=1), workers=WORKERS)
    with Crowd(g) as crowd:
        crowd.hold(origin)
        crowd.wait('/')
        assert error(get(g.port)) == FULL
        g.reload(queued(origin.port, most=1, length=3))
        crowd.wait('/', '/')
        assert error(get(g.port)) == FULL
        g.reload(queued(origin.port, most=1, length=2))
        assert error(get(g.port)) == FULL
        # Nobody lets a permit go, but there are more.
        before = len(origin.requests)
        g.reload(queued(origin.port, most=4, length=2))
        wait_until(lambda: len(origin.requests) == before + 3, 5, 'all')
        gate.open(9)
        assert [w.response().status for w in crowd.wires] == [200] * 4


def test_a_worker_dies_with_the_connection(gateway, upstream):
    gate = Gate()
    origin = upstream(gate)
    g = gateway(queued(origin.port, most=1), workers=WORKERS,
                allow=['killed by signal 9 '])
    with Crowd(g) as crowd:
        crowd.hold(origin)
        crowd.wait(*['/'] * 12)
        holder = next(p for p in g.worker_pids
                      if any(remote == origin.port
                             for _, remote in tcp_ports(p)))
        gate.open(20)
        served = [False] * len(crowd.wires)
        g.kill([holder])
        for n, w in enumerate(crowd.wires):
            with contextlib.suppress(Cut, ConnectionResetError):
                served[n] = w.response().status == 200
        assert any(served[1:])
        wait_waiting(g, 0)


def test_kills_lose_no_place(gateway, counting):
    """Workers die with requests that wait and that do not; then exactly as
    many fit into the queue, and as many connections."""
    most, length = 3, 6
    origin = counting(after(0.004))
    g = gateway(queued(origin.port, most=most, length=length),
                workers=WORKERS, allow=['killed by signal 9 '])
    over = threading.Event()
    seen = collections.Counter()

    def client():
        while not over.is_set():
            with contextlib.suppress(OSError, Cut):
                seen[get(g.port).status] += 1
    clients = [threading.Thread(target=client) for _ in range(14)]
    for c in clients:
        c.start()
    for n in range(10):
        before = g.worker_pids
        g.kill([before[n % len(before)]])
        wait_until(lambda b=before: len(g.worker_pids) == WORKERS and
                   g.worker_pids != b, 10, 'a successor')
        time.sleep(0.05)
    over.set()
    for c in clients:
        c.join()
    wait_until(lambda: g.metric('requests_active') == 0, 5, 'quiet')
    assert seen[200] > 50 and set(seen) <= {200, 502, 503}
    assert origin.most <= most and waiting(g) == 0
    gate = Gate()
    origin.default = gate
    with Crowd(g) as crowd:
        crowd.hold(origin, most)
        crowd.wait(*['/'] * length)
        assert error(get(g.port)) == FULL
        gate.open(most + length)
        assert {w.response().status for w in crowd.wires} == {200}


def test_stopping_serves_who_waits(gateway, upstream):
    gate = Gate()
    origin = upstream(gate)
    g = gateway(queued(origin.port, most=1), workers=WORKERS)
    with Crowd(g) as crowd:
        crowd.hold(origin)
        crowd.wait(*['/'] * 6)
        g.proc.terminate()
        wait_until(lambda: 'drain' in g.log_text() or
                   'stop' in g.log_text(), 5, 'the stop')
        gate.open(20)
        assert [w.response().status for w in crowd.wires] == [200] * 7


# --- HTTP/2

def test_streams_of_http2(gateway, h2upstream):
    """A connection for each of four workers, of two streams each."""
    lock, now, most = threading.Lock(), [0], [0]

    def handler(x):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1
        x.reply()
    o = h2upstream(handler, settings={MAX_STREAMS: 2})
    g = gateway(queued(o.port, most=4, extra='protocol = "h2"; '),
                workers=WORKERS)

    def client(_):
        with Wire(g.port, timeout=60) as w:
            return [w.ask().status for _ in range(8)]
    assert at_once(32, client) == [[200] * 8] * 32
    assert 2 < most[0] <= 8
    assert g.metric('queue_waits_total') > 0 and waiting(g) == 0


def test_one_connection_of_http2_goes_round(gateway, h2upstream):
    def handler(x):
        time.sleep(0.01)
        x.reply()
    o = h2upstream(handler, settings={MAX_STREAMS: 2})
    g = gateway(queued(o.port, most=1, timeout='30s',
                       extra='protocol = "h2"; '), workers=WORKERS)

    def client(_):
        with Wire(g.port, timeout=60) as w:
            return [w.ask().status for _ in range(8)]
    assert at_once(24, client) == [[200] * 8] * 24
