"""rate_limits: exactly so many, over all workers, and what clients are told."""
import contextlib
import itertools
import json
import os
import socket
import struct
import threading
import time

import pytest

import ws
from conf import proxy, service
from gateway import wait_until
from test_addresses import listener, v1
from test_client_limits import From
from tokens import Issuer, authenticators, bearer
from wire import Cut, Wire, get

WORKERS = 4
DAY_S = 86400
PONG = 'respond = { body = "pong"; content_type = "text/plain"; };'


def limits(**texts):
    """rate_limits with these keys each."""
    return 'rate_limits = { ' + ' '.join(
        f'{n} = {{ {t} }};' for n, t in texts.items()) + ' };\n'


def route(*names, path='/*rest', more='', answer=PONG):
    listed = ', '.join(f'"{n}"' for n in names)
    return (f'{{ path = "{path}"; rate_limits = [ {listed} ]; {answer} '
            f'{more} }}')


def routes(*texts):
    return 'routes = ( ' + ', '.join(texts) + ' );\n'


def one(text, more=''):
    """A gateway with one limit "l" for everything."""
    return limits(l=text) + routes(route('l', more=more))


def said(r):
    """Limit, Remaining and Reset; each is there once, or not at all."""
    values = [r.all(f'X-RateLimit-{n}')
              for n in ('Limit', 'Remaining', 'Reset')]
    assert all(len(v) <= 1 for v in values), r
    return tuple(int(v[0]) if v else None for v in values)


def refused(r, error='rate_limited', limit='l'):
    assert r.status == 429, r
    body = json.loads(r.body)
    assert body['error'] == error
    assert f'"{limit}"' in body['detail']
    assert r.get('Content-Type') == 'application/problem+json'
    wait = int(r.get('Retry-After'))
    assert len(r.all('Retry-After')) == 1 and wait >= 1
    _, remaining, reset = said(r)
    assert remaining == 0
    assert reset is None or reset >= wait
    return wait


def hammer(port, clients, each, seen=None, path='/', headers=(), until=None):
    """So many clients ask so often on connections that they keep, and open
    again when they are cut; the answers' statuses."""
    seen = [] if seen is None else seen

    def client():
        w = None
        for _ in range(each):
            if until is not None and until.is_set():
                break
            try:
                w = w or Wire(port)
                seen.append(w.ask(path, headers=headers).status)
                if until is not None:
                    until.wait(0.003)
            except (OSError, Cut):
                if w:
                    w.close()
                w = None
        if w:
            w.close()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return seen


def away_from_midnight(seconds=120):
    """Quotas begin anew there."""
    left = DAY_S - time.time() % DAY_S
    if left < seconds:
        time.sleep(left)


TIMED = {
    'token_bucket': 'rate = "{n}/day";',
    'sliding_window': 'rate = "{n}/day"; algorithm = "sliding_window";',
    'fixed_window': 'rate = "{n}/day"; algorithm = "fixed_window";',
    'quota': 'rate = "{n}/day"; algorithm = "quota";',
}


def timed(algorithm, n, key='"route"', more=''):
    return f'key = {key}; {TIMED[algorithm].format(n=n)} {more}'


def flowed(algorithm, n, began):
    """What has flowed into a bucket meanwhile may be taken, too."""
    return int((time.monotonic() - began) * n / DAY_S) + 1 \
        if algorithm == 'token_bucket' else 0


@pytest.fixture(params=TIMED)
def algorithm(request):
    if request.param == 'quota':
        away_from_midnight()
    return request.param


# --- exactly so many


def test_exactly_so_many_over_all_workers(gateway, algorithm):
    g = gateway(one(timed(algorithm, 300)), workers=WORKERS)
    seen = hammer(g.port, 12, 60)
    assert len(seen) == 720
    assert seen.count(200) == 300 and seen.count(429) == 420
    assert g.metric('rate_limited_total', limit='l') == 420
    error = 'quota_exceeded' if algorithm == 'quota' else 'rate_limited'
    assert g.metric('replies_total', why=error) == 420
    refused(get(g.port), error)


def test_windows_begin_anew(gateway):
    """Each of several windows takes exactly so many."""
    g = gateway(one('key = "global"; rate = "10/s"; '
                    'algorithm = "fixed_window";'), workers=WORKERS)
    wait_until(lambda: windows_were_full(g), 200, 'windows that were taken')


def windows_were_full(g):
    """False: so few have asked at some time that a window may have been over
    before all of it was taken."""
    over = threading.Event()
    seen = []

    def until_refused(w):
        while True:
            r = w.ask()
            seen.append((time.monotonic(), r.status, said(r)))
            if r.status == 429:
                return

    def client():
        with Wire(g.port) as w:
            while not over.wait(0.003):
                until_refused(w)
            until_refused(w)
    # What is left of the window that it begins in does not count.
    with Wire(g.port) as w:
        until_refused(w)
    began, before = time.monotonic(), len(seen)
    threads = [threading.Thread(target=client) for _ in range(8)]
    for t in threads:
        t.start()
    time.sleep(3.2)
    over.set()
    for t in threads:
        t.join()
    # 2: a worker whose turn began in the window before.
    assert all(0 <= told[2] <= 2 for _, _, told in seen)
    times = sorted([began, *(at for at, _, _ in seen[before:])])
    if any(b - a > 0.9 for a, b in zip(times, times[12:])):
        return False
    admitted = sum(status == 200 for _, status, _ in seen[before:])
    # Those that began meanwhile, the last of which was emptied, too.
    assert admitted % 10 == 0
    assert abs(admitted // 10 - int(times[-1] - began)) <= 1
    return True


def test_a_bucket_fills_at_its_rate(gateway):
    # It is full, and so takes no more, only after two seconds of nobody.
    g = gateway(one('key = "global"; rate = "50/s"; burst = 100;'),
                workers=WORKERS)

    def until_refused(w):
        """How many were let through before; when it was empty, at least and at
        most."""
        for n in itertools.count():
            before = time.monotonic()
            if w.ask().status == 429:
                return n, before, time.monotonic()
    with Wire(g.port) as w:
        many, *begun = until_refused(w)
        assert many >= 100
        over = threading.Event()
        seen = []
        threading.Timer(3, over.set).start()
        hammer(g.port, 8, 10**9, seen, until=over)
        more, *ended = until_refused(w)
    # The model, and less than one at either end.
    least, most = 50 * (ended[0] - begun[1]), 50 * (ended[1] - begun[0])
    assert least - 1 <= seen.count(200) + more <= most + 1


# --- what clients are told


def test_what_answers_say(gateway, upstream):
    o = upstream(lambda conn, q: conn.reply(
        404, 'x', [('X-RateLimit-Limit', '1'), ('x-ratelimit-reset', '2'),
                   ('X-RateLimit-Remaining', '3')]))
    g = gateway(limits(l='key = "address"; rate = "3/hour"; '
                       'algorithm = "fixed_window";') +
                proxy(o.port, routes=route('l', answer='service = "s";')))
    for left in (2, 1, 0):
        r = get(g.port)
        assert r.status == 404
        limit, remaining, reset = said(r)
        assert (limit, remaining) == (3, left) and 1 <= reset <= 3600
        assert r.get('Retry-After') is None
    r = get(g.port)
    wait = refused(r)
    limit, _, reset = said(r)
    assert limit == 3 and wait <= reset <= 3600
    # As is a request that the gateway itself answers.
    assert len(o.requests) == 3
    # Another client.
    with From(g.port, '127.0.0.2') as w:
        assert said(w.ask())[1] == 2


def test_retry_after_is_rounded_up_and_true(gateway):
    g = gateway(one('key = "route"; rate = "2/s"; burst = 1;'))
    # More than one within half a second, at last.
    r = next(r for r in iter(lambda: get(g.port), None) if r.status != 200)
    wait = refused(r)
    assert wait == 1
    time.sleep(wait)
    assert get(g.port).status == 200


def test_errors_after_a_limit_say_it_too(gateway):
    """Whoever guesses at passwords is counted."""
    g = gateway('', start=False)
    them = Issuer()
    them.write(g.dir)
    g.write(limits(l='key = "address"; rate = "2/day";') +
            authenticators(them.authenticator()) +
            routes(route('l', more='authenticate = "main";')))
    g.start()
    for left in (1, 0):
        r = get(g.port)
        assert r.status == 401 and said(r)[:2] == (2, left)
    refused(get(g.port))
    assert get(g.port, headers=bearer(them.sign(sub='a'))).status == 429


def test_preflights_are_not_counted(gateway):
    g = gateway(limits(l='key = "address"; rate = "2/day";') +
                'cors = { p = { origins = "https://a.example"; }; };\n' +
                routes(route('l', more='cors = "p";')))
    asks = [('Origin', 'https://a.example'),
            ('Access-Control-Request-Method', 'GET')]
    for _ in range(5):
        r = get(g.port, method='OPTIONS', headers=asks)
        assert r.status == 204 and said(r) == (None, None, None)
    assert said(get(g.port))[1] == 1


# --- by what


def test_by_address_of_what_proxies_say(gateway):
    g = gateway('', start=False)
    g.write(one('key = "address"; rate = "2/day";') + listener(g.port))
    g.start()

    def ask(source):
        with From(g.port) as w:
            w.send(v1(source) + b'GET / HTTP/1.1\r\nHost: t\r\n\r\n')
            return w.response().status
    assert [ask('192.0.2.1') for _ in range(3)] == [200, 200, 429]
    assert ask('192.0.2.2') == 200
    # A net of IPv6 is one client.
    assert [ask(f'2001:db8:0:1:{n}::1') for n in (1, 2, 3)] == [200, 200, 429]
    assert ask('2001:db8:0:2::1') == 200


def test_all_together(gateway):
    g = gateway(one('key = "global"; rate = "3/day";'), workers=WORKERS)
    seen = []
    for n in range(1, 6):
        with From(g.port, f'127.0.0.{n}') as w:
            seen.append(w.ask().status)
    assert seen == [200] * 3 + [429] * 2


def test_by_route_and_address(gateway):
    g = gateway(limits(l='key = [ "route", "address" ]; rate = "1/day";') +
                routes(route('l', path='/a'), route('l', path='/b')))
    assert get(g.port, '/a').status == 200
    assert get(g.port, '/a').status == 429
    assert get(g.port, '/b').status == 200
    with From(g.port, '127.0.0.2') as w:
        assert w.ask('/a').status == 200


def test_by_header(gateway):
    g = gateway(one('key = "header:X-Api-Key"; rate = "2/day";'))

    def ask(*keys):
        return get(g.port, headers=[('x-api-key', k) for k in keys]).status
    assert [ask('a') for _ in range(3)] == [200, 200, 429]
    assert ask('b') == 200
    # Without one, with an empty one, with two: the address.
    assert [ask(), ask(''), ask('c', 'd')] == [200, 200, 429]
    assert ask('c') == 200


def test_by_user(gateway):
    them = Issuer()
    g = gateway('', start=False, workers=2)
    them.write(g.dir)
    g.write(limits(user='key = "user"; rate = "3/day";',
                   tenant='key = [ "tenant", "route" ]; rate = "5/day";',
                   ip='key = "address"; rate = "100/day";') +
            authenticators(them.authenticator()) +
            routes(route('ip', 'tenant', 'user',
                         more='authenticate = [ "main", "anonymous" ];')))
    g.start()

    def ask(user, tenant=None):
        return get(g.port, headers=bearer(
            them.sign(sub=user, tenant_id=tenant)) if user else ())
    assert [ask('alice', 't').status for _ in range(3)] == [200] * 3
    refused(ask('alice', 't'), limit='user')
    assert [ask('bob', 't').status for _ in range(2)] == [200] * 2
    refused(ask('bob', 't'), limit='tenant')
    # A refusal has cost the others nothing: the third of bob's.
    assert said(ask('bob', 'other'))[:2] == (3, 0)
    # Nobody's are those of the address, also the tenant's.
    assert [ask(None).status for _ in range(3)] == [200] * 3
    refused(ask(None), limit='user')
    # 3 + 2 + 1 + 3 were admitted, and this one.
    r = ask('carol', 'x')
    assert r.status == 200 and said(r)[:2] == (3, 2)
    r = [x for x in g.metrics().items() if 'rate_limited' in x[0][0]]
    assert dict(r) == {
        ('penstock_rate_limited_total', frozenset({('limit', 'user')})): 2,
        ('penstock_rate_limited_total', frozenset({('limit', 'tenant')})): 1}


def test_several_limits_refund(gateway):
    """Many are refused by the second; of the first only so many are gone."""
    both = limits(first='key = "global"; rate = "1000/day";',
                  second='key = "route"; rate = "100/day"; '
                         'algorithm = "sliding_window";',
                  at_once='key = "route"; algorithm = "concurrency"; '
                          'limit = 1000;')
    g = gateway(both + routes(
        route('first', 'at_once', 'second', path='/two'),
        route('first', path='/one')), workers=WORKERS)
    seen = hammer(g.port, 10, 60, path='/two')
    assert (seen.count(200), seen.count(429)) == (100, 500)
    assert said(get(g.port, '/one'))[:2] == (1000, 899)


# --- classes


def test_classes(gateway):
    g = gateway(
        limits(l='key = "global"; rate = "10/day"; multiplier = '
               '{ priority = 1.5; emergency = 0.0; };') +
        routes(*(route('l', path=f'/{c}', more=f'priority = "{c}";')
                 for c in ('normal', 'priority', 'emergency'))),
        workers=WORKERS)
    seen = hammer(g.port, 4, 10, path='/emergency')
    assert seen == [200] * 40
    assert said(get(g.port, '/emergency')) == (None, None, None)
    seen = hammer(g.port, 4, 10, path='/normal')
    assert seen.count(200) == 10
    # A bucket: the others have taken all of its time.
    refused(get(g.port, '/priority'))
    assert get(g.port, '/emergency').status == 200


def test_classes_share_a_window(gateway):
    g = gateway(
        limits(l='key = "global"; rate = "10/day"; '
               'algorithm = "fixed_window"; multiplier = { priority = 1.5; };')
        + routes(*(route('l', path=f'/{c}', more=f'priority = "{c}";')
                   for c in ('normal', 'priority'))))
    assert hammer(g.port, 1, 12, path='/normal').count(200) == 10
    assert said(get(g.port, '/priority'))[:2] == (15, 4)
    assert hammer(g.port, 1, 12, path='/priority').count(200) == 4


# --- reloads and deaths


def test_a_changed_limit_keeps_what_is_spent(gateway, algorithm):
    g = gateway(one(timed(algorithm, 10)), workers=2)
    assert [get(g.port).status for _ in range(6)] == [200] * 6
    g.reload(one(timed(algorithm, 8)))
    seen = [get(g.port).status for _ in range(12)]
    # A bucket counts in time, of which a lower rate gives more for each.
    assert seen.count(200) in ((2, 3) if algorithm == 'token_bucket' else (2,))
    g.reload('overload = { };\n' +
             one(timed(algorithm, 8, more='adaptive = true;')))
    assert get(g.port).status == 429
    g.reload(one(timed(algorithm, 20)))
    seen = [get(g.port).status for _ in range(30)]
    assert 0 <= seen.count(200) <= 12
    if algorithm != 'token_bucket':
        assert seen.count(200) == 12


def test_another_algorithm_begins_anew(gateway):
    g = gateway(one(timed('fixed_window', 3)))
    assert hammer(g.port, 1, 5).count(200) == 3
    g.reload(one(timed('sliding_window', 3)))
    assert hammer(g.port, 1, 5).count(200) == 3
    g.reload(one(timed('fixed_window', 3)))
    assert hammer(g.port, 1, 5).count(200) == 0


def test_reloads_while_it_counts(gateway, algorithm):
    """Each of many reloads changes something else; nothing is forgotten."""
    began = time.monotonic()

    def text(n):
        return one(timed(algorithm, 2000)) + \
            f'timeouts = {{ idle = "{n + 5}s"; }};\n'
    g = gateway(text(0), workers=WORKERS)
    over = threading.Event()
    seen = []
    t = threading.Thread(target=hammer, args=(g.port, 8, 10**9, seen),
                         kwargs={'until': over})
    t.start()
    for n in range(1, 6):
        g.reload(text(n))
    wait_until(lambda: seen.count(429) > 100, 30, 'the end of the limit')
    over.set()
    t.join()
    assert 2000 <= seen.count(200) <= 2000 + flowed(algorithm, 2000, began)


def test_workers_that_die(gateway, algorithm):
    """Never more than so many, and no less than who died has taken along."""
    clients, n, kills = 8, 12000, 5
    g = gateway(one(timed(algorithm, n)), workers=WORKERS,
                allow=['killed by signal 9 '])
    over = threading.Event()
    seen = []
    began = time.monotonic()
    t = threading.Thread(target=hammer, args=(g.port, clients, 10**9, seen),
                         kwargs={'until': over})
    t.start()
    for kill in range(1, kills + 1):
        wait_until(lambda kill=kill: len(seen) > n // 6 * kill, 30, 'answers')
        g.kill(g.worker_pids[kill % 2:][:1])
    wait_until(lambda: seen.count(429) > 50, 30, 'the end of the limit')
    over.set()
    t.join()
    assert n - kills * clients <= seen.count(200) <= \
        n + flowed(algorithm, n, began)


# --- at once


AT_ONCE = 'key = "route"; algorithm = "concurrency"; limit = {n};'


class Slow:
    """An origin that answers /slow when it is told to."""

    def __init__(self, house):
        self.gate = threading.Event()
        self.origin = house(self.answer)

    def answer(self, conn, request):
        if request.target == '/slow':
            self.gate.wait(300)
        conn.reply()

    def text(self, n, more=''):
        return limits(l=AT_ONCE.format(n=n)) + proxy(
            self.origin.port,
            routes=route('l', answer='service = "s";', more=more))

    @contextlib.contextmanager
    def busy(self, g, n):
        """So many requests that have come there."""
        before = len(self.origin.requests)
        wires = []
        for i in range(n):
            wires.append(Wire(g.port))
            wires[-1].send('GET /slow HTTP/1.1\r\nHost: t\r\n\r\n')
            wait_until(lambda i=i: len(self.origin.requests) > before + i, 5,
                       f'request {i}')
        try:
            yield wires
        finally:
            for w in wires:  # a reset, so that it is noticed
                w.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                  struct.pack('ii', 1, 0))
                w.close()


@pytest.fixture
def slow(upstream):
    return Slow(upstream)


def test_at_once_over_all_workers(gateway, slow):
    g = gateway(slow.text(6), workers=WORKERS)
    r = get(g.port)
    assert r.status == 200 and said(r) == (6, 5, None)
    with slow.busy(g, 6) as wires:
        for _ in range(20):
            r = get(g.port)
            assert refused(r, 'concurrency_limited') == 1
            assert said(r) == (6, 0, None)
        slow.gate.set()
        for w in wires:
            assert w.response().status == 200
    assert said(get(g.port)) == (6, 5, None)
    assert g.metric('rate_limited_total', limit='l') == 20
    assert g.metric('limits_uncounted_total') == 0


def test_never_more_at_once(gateway, upstream):
    lock, now, most = threading.Lock(), [0], [0]

    def answer(conn, _):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1
        conn.reply()
    o = upstream(answer)
    g = gateway(limits(l=AT_ONCE.format(n=4)) + proxy(
        o.port, routes=route('l', answer='service = "s";')), workers=WORKERS)
    seen = hammer(g.port, 16, 60)
    assert set(seen) == {200, 429} and seen.count(200) > 20
    assert most[0] == 4
    assert said(get(g.port)) == (4, 3, None)


def test_at_once_is_given_back_however_it_ends(gateway, slow):
    g = gateway(slow.text(2, more='timeouts = { response = "3s"; };'),
                workers=2)
    for _ in range(3):  # the client leaves
        with slow.busy(g, 2):
            assert get(g.port).status == 429
        wait_until(lambda: g.metric('requests_active') == 0, 5, 'their end')
    with slow.busy(g, 2) as wires:  # the gateway gives up
        assert [w.response().status for w in wires] == [504] * 2
    wait_until(lambda: g.metric('requests_active') == 0, 5, 'their end')
    assert said(get(g.port)) == (2, 1, None)


def test_a_dead_worker_gives_back_what_it_had(gateway, slow):
    g = gateway(slow.text(3), workers=2, allow=['killed by signal 9 '])
    for i in range(4):
        with slow.busy(g, 3):
            assert get(g.port).status == 429
            pid, = g.titled(f'worker {i % 2}')
            os.kill(pid, 9)
            g.wait_successor(f'worker {i % 2}', pid)
        wait_until(lambda: g.metric('requests_active') == 0, 5, 'their end')
        wait_until(lambda: said(get(g.port))[1] == 2, 5, 'all are free')


def test_tunnels_are_at_once_until_they_close(gateway, upstream):
    o = upstream(ws.echo)
    g = gateway(limits(l=AT_ONCE.format(n=2)) + proxy(
        o.port, routes=route('l', answer='service = "s";')), workers=2)
    first, second = ws.WebSocket(g.port), ws.WebSocket(g.port)
    assert first.answer.status == second.answer.status == 101
    assert said(second.answer) == (2, 0, None)
    assert first.echoes(b'x') and second.echoes(b'y')
    assert get(g.port).status == 429
    first.close()
    ws.wait_tunnels(g, 1)
    third = ws.WebSocket(g.port)
    assert third.answer.status == 101
    assert ws.WebSocket(g.port).answer.status == 429
    second.close()
    third.close()


def test_at_once_and_a_rate(gateway, slow):
    """What can be planned by is said."""
    g = gateway(limits(rate='key = "route"; rate = "100/day";',
                       once=AT_ONCE.format(n=1)) +
                proxy(slow.origin.port, routes=route(
                    'rate', 'once', answer='service = "s";')))
    assert said(get(g.port))[:2] == (100, 99)
    with slow.busy(g, 1) as wires:
        for _ in range(5):
            assert refused(get(g.port), 'concurrency_limited', 'once') == 1
        slow.gate.set()
        assert wires[0].response().status == 200
    # Refusals have cost nothing.
    assert said(get(g.port))[:2] == (100, 97)


def test_at_once_is_reloaded(gateway, slow):
    g = gateway(slow.text(2))
    with slow.busy(g, 2) as wires:
        assert get(g.port).status == 429
        g.reload(slow.text(3))
        with slow.busy(g, 1) as more:
            assert get(g.port).status == 429
            g.reload(slow.text(1))
            slow.gate.set()
            assert [w.response().status for w in wires + more] == [200] * 3
    assert said(get(g.port)) == (1, 0, None)


# --- while the gateway sheds


def test_adaptive(gateway, slow):
    """All requests of the class normal are shed: little of a limit is left."""
    g = gateway(
        limits(less='key = "route"; rate = "10000/day"; adaptive = true; '
               'algorithm = "fixed_window";',
               same='key = "route"; rate = "50/day";') +
        proxy(slow.origin.port, routes=', '.join((
            route('less', path='/less', more='priority = "emergency";'),
            route('same', path='/same', more='priority = "emergency";'),
            '{ path = "/slow"; service = "s"; priority = "emergency"; }'))),
        top='worker_connections = 20; overload = { lag = "0"; '
            'connections = 0.5; };')
    assert said(get(g.port, '/less'))[:2] == (10000, 9999)
    with slow.busy(g, 14):
        wait_until(lambda: get(g.port, '/less').status == 429, 20, 'pressure')
        wait_until(lambda: said(get(g.port, '/less'))[0] < 200, 20, 'all of it')
        refused(get(g.port, '/less'), limit='less')
        assert said(get(g.port, '/same'))[:2] == (50, 49)
    # What was spent meanwhile counts.
    wait_until(lambda: said(get(g.port, '/less'))[0] == 10000, 30, 'calm')
    assert get(g.port, '/less').status == 200


# --- with a service in common


def test_service_of_the_token(gateway):
    """The key "service" is whom the token is of, not where it goes to."""
    them = Issuer()
    g = gateway('', start=False)
    them.write(g.dir)
    g.write(service(1) + limits(l='key = "service"; rate = "1/day";') +
            authenticators(them.authenticator()) +
            routes(route('l', more='authenticate = "main";')))
    g.start()

    def ask(name):
        return get(g.port, headers=bearer(
            them.sign(sub='x', service=name))).status
    assert [ask('a'), ask('a'), ask('b')] == [200, 429, 200]
