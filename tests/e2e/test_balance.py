"""Which endpoint gets a request: shares, slow ones, sticky keys, backups."""
import collections
import contextlib
import socket
import statistics
import threading
import time

import pytest

from conf import proxy
from gateway import free_port
from wire import Wire, get

SPREADING = ['round_robin', 'least_connections', 'random', 'p2c']
ADAPTIVE = ['least_connections', 'p2c']  # shares follow the weather, too


class From(Wire):
    """A client with an address of its own."""

    def __init__(self, port, source):  # pylint: disable=super-init-not-called
        self.sock = socket.create_connection(
            ('127.0.0.1', port), 60, source_address=(source, 0))
        self.data = b''


def endpoints(*rows, extra=''):
    """A service "s" of (port, keys) rows, and a route to it."""
    listed = ', '.join(f'{{ address = "127.0.0.1:{port}"; {keys} }}'
                       for port, keys in rows)
    return (f'services = {{ s = {{ endpoints = ( {listed} ); {extra} }}; }};\n'
            'routes = ( { path = "/*rest"; service = "s"; } );\n')


def balance(word, key=None):
    return f'balance = "{word}"; ' + (f'hash_key = "{key}";' if key else '')


def load(port, clients, each):
    """Keep-alive clients at once; the seconds that each request took."""
    seconds = []

    def client():
        mine = []
        with Wire(port, timeout=60) as w:
            for _ in range(each):
                began = time.monotonic()
                assert w.ask().status == 200
                mine.append(time.monotonic() - began)
        seconds.extend(mine)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(seconds) == clients * each
    return seconds


def after(seconds):
    def answer(conn, _):
        time.sleep(seconds)
        conn.reply()
    return answer


@pytest.mark.parametrize('workers', [1, 4])
@pytest.mark.parametrize('word', SPREADING)
def test_shares_follow_weights(gateway, upstream, word, workers):
    origins = [upstream(after(0.005)) for _ in range(3)]
    rows = zip((o.port for o in origins),
               ('weight = 5;', '', 'weight = 2;'))
    g = gateway(endpoints(*rows, extra=balance(word)), workers=workers)
    load(g.port, clients=32, each=25)
    shares = [len(o.requests) / 800 for o in origins]
    if word in ADAPTIVE:
        assert shares[0] > shares[1] > 0.02 and shares[2] > 0.02, shares
        return
    # Of 800: five times the standard deviation of the smallest either way.
    for share, want in zip(shares, (0.625, 0.125, 0.25)):
        assert want * 0.5 < share < want * 1.5, shares


SLOW_S = 1  # much more than the others take on a busy machine


def slow_among_fast(gateway, upstream, word, each):
    """The slow one's share of the requests, and the 90th percentile in s."""
    origins = [upstream(after(s)) for s in (SLOW_S, 0.01, 0.01, 0.01)]
    g = gateway(proxy(*(o.port for o in origins), extra=balance(word)))
    seconds = load(g.port, clients=8, each=each)
    return (len(origins[0].requests) / len(seconds),
            statistics.quantiles(seconds, n=10)[8])


@pytest.mark.parametrize('word', ['least_connections', 'p2c'])
def test_a_slow_endpoint_is_spared(gateway, upstream, word):
    share, p90 = slow_among_fast(gateway, upstream, word, each=60)
    assert share < 0.1 and p90 < SLOW_S


def test_round_robin_does_not_spare(gateway, upstream):
    share, p90 = slow_among_fast(gateway, upstream, 'round_robin', each=10)
    assert share == 0.25 and p90 >= SLOW_S


# --- hash

def ask_address(port, n):
    with contextlib.closing(From(port, f'127.0.1.{n + 1}')) as w:
        return w.ask()


ASK = {
    'address': ask_address,
    'header:X-Tenant':
        lambda port, n: get(port, headers=[('x-tenant', f't{n}')]),
    'cookie:sid':
        lambda port, n: get(port, headers=[('Cookie', f'a=b; sid=c{n}')]),
    'path': lambda port, n: get(port, f'/p{n}?any={time.monotonic_ns()}'),
}


def name(origin):
    return lambda conn, _: conn.reply(headers=[('X-Port', origin.port)])


def named(upstream, count):
    """Origins that say which they are."""
    origins = [upstream() for _ in range(count)]
    for o in origins:
        o.default = name(o)
    return origins


def owners(port, key, count=60):
    """Which endpoint has each key."""
    answers = [ASK[key](port, n) for n in range(count)]
    assert all(r.status == 200 for r in answers)
    return [int(r.get('X-Port')) for r in answers]


@pytest.mark.parametrize('key', ASK)
def test_keys_stick(gateway, upstream, key):
    origins = named(upstream, 4)
    ports = [o.port for o in origins]
    extra = balance('hash', key)
    g = gateway(proxy(*ports[:3], extra=extra), workers=2)
    first = owners(g.port, key)
    assert set(first) == set(ports[:3])
    assert max(collections.Counter(first).values()) < 44
    assert owners(g.port, key) == first
    # One more takes its share and moves nothing else.
    g.reload(proxy(*ports, extra=extra))
    second = owners(g.port, key)
    moved = [b for a, b in zip(first, second) if a != b]
    assert set(moved) == {ports[3]} and len(moved) < 36
    # One that refuses leaves its keys to the others; theirs stay.
    origins[0].close()
    third = owners(g.port, key)
    for before, now in zip(second, third):
        assert now == before if before != ports[0] else now in ports[1:]


def test_requests_without_the_key_are_spread(gateway, upstream):
    origins = named(upstream, 2)
    g = gateway(proxy(*(o.port for o in origins),
                      extra=balance('hash', 'header:X-Tenant')))
    with Wire(g.port) as w:
        for _ in range(40):
            assert w.ask().status == 200
    assert all(len(o.requests) >= 5 for o in origins)


# --- backups

@pytest.mark.parametrize('word', SPREADING + ['hash'])
def test_backups_wait(gateway, upstream, word):
    primary, spare = upstream(), upstream()
    dead = free_port()
    g = gateway(endpoints((spare.port, 'backup = true;'), (primary.port, ''),
                          (dead, ''), extra=balance(word, 'path')))
    for n in range(20):
        assert get(g.port, f'/{n}').status == 200
    assert len(primary.requests) == 20 and not spare.requests
    primary.close()
    for n in range(20):
        assert get(g.port, f'/{n}').status == 200
    assert len(spare.requests) == 20


def test_a_reload_makes_it_a_primary(gateway, upstream):
    first, second = upstream(), upstream()
    extra = balance('round_robin')
    g = gateway(endpoints((first.port, ''), (second.port, 'backup = true;'),
                          extra=extra))
    for _ in range(10):
        get(g.port)
    assert len(first.requests) == 10
    g.reload(endpoints((first.port, ''), (second.port, ''), extra=extra))
    for _ in range(10):
        get(g.port)
    assert len(second.requests) == 5


def test_the_algorithm_changes_by_reload(gateway, upstream):
    origins = named(upstream, 3)
    ports = [o.port for o in origins]
    g = gateway(proxy(*ports, extra=balance('round_robin')))
    for word in SPREADING + ['hash', 'round_robin']:
        g.reload(proxy(*ports, extra=balance(word, 'path')))
        got = [int(get(g.port, '/same').get('X-Port')) for _ in range(12)]
        if word == 'round_robin':
            assert collections.Counter(got) == dict.fromkeys(ports, 4)
        elif word == 'hash':
            assert len(set(got)) == 1
