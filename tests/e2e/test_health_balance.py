"""Which endpoint gets a request when some are drained, failing or far away."""
import collections
import itertools
import threading
import time

import pytest

from conf import NO_BREAKER
from gateway import wait_until
from test_balance import SPREADING, after, balance, load, named
from wire import Wire, get

ALL = SPREADING + ['hash']
ONCE = NO_BREAKER + 'retry = { attempts = 1; };'


def service(origins, *keys, extra=''):
    """A service over origins, each with its own keys, and a route to it."""
    keys = list(keys) + [''] * (len(origins) - len(keys))
    listed = ', '.join(f'{{ address = "127.0.0.1:{o.port}"; {k} }}'
                       for o, k in zip(origins, keys))
    return (f'services = {{ s = {{ endpoints = ( {listed} ); {extra} }}; }};\n'
            'routes = ( { path = "/*rest"; service = "s"; } );\n')


def passive(failures, seconds):
    return f'passive = {{ failures = {failures}; time = "{seconds}s"; }};'


def fail(conn, _):
    conn.reply(503)


def ask(port, count, status=200):
    """How many requests each port has answered; all with this status."""
    got = collections.Counter()
    for n in range(count):
        r = get(port, f'/{n}')
        assert r.status == status, r
        got[int(r.get('X-Port', '0'))] += 1
    return got


def reached(port, count):
    """The ports that answer, which are to be so many."""
    got = set(ask(port, 20 * count))
    # p2c may find one of them slow at first, and comes back to it later.
    wait_until(lambda: got.update(ask(port, 20)) or len(got) >= count, 20,
               'requests at each')
    return got


# --- states

@pytest.mark.parametrize('workers', [1, 4])
@pytest.mark.parametrize('word', ALL)
def test_drained_and_maintained_get_nothing(gateway, upstream, word, workers):
    origins = named(upstream, 4)
    ports = [o.port for o in origins]
    extra = balance(word, 'path')
    g = gateway(service(origins, 'state = "drain";', 'state = "maint";',
                        extra=extra), workers=workers)
    assert reached(g.port, 2) == set(ports[2:])
    g.reload(service(origins, '', '', '', 'state = "drain";', extra=extra))
    assert reached(g.port, 3) == set(ports[:3])


def test_when_all_are_closed_nobody_is_asked(gateway, upstream):
    origins = named(upstream, 3)
    closed = ['state = "drain";', 'state = "maint";',
              'backup = true; state = "drain";']
    g = gateway(service(origins, *closed))
    ask(g.port, 5, status=503)
    assert not any(o.requests for o in origins)
    # Backups are turned to, when they are open.
    g.reload(service(origins, *closed[:2], 'backup = true;'))
    assert set(ask(g.port, 5)) == {origins[2].port}


def test_what_runs_on_a_drained_endpoint_goes_on(gateway, upstream):
    origins = named(upstream, 2)
    go_on = threading.Event()

    def slow(conn, _):
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n')
        conn.send('x' * 10)
        assert go_on.wait(120)
        conn.send('x' * 10)

    origins[0].on('/slow', slow)
    g = gateway(service(origins, '', 'backup = true;'))
    with Wire(g.port) as running:
        running.send('GET /slow HTTP/1.1\r\nHost: test\r\n\r\n')
        wait_until(lambda: origins[0].requests, what='the request')
        g.reload(service(origins, 'state = "drain";', 'backup = true;'))
        assert set(ask(g.port, 5)) == {origins[1].port}
        go_on.set()
        assert running.response().body == b'x' * 20


# --- marking by real traffic

def reset(conn, _):
    conn.reset()


def hang(_conn, _):
    time.sleep(10)


@pytest.mark.parametrize('workers', [1, 4])
@pytest.mark.parametrize('word', ['round_robin', 'random', 'hash'])
@pytest.mark.parametrize('how', [fail, reset])
def test_failures_put_it_aside_for_all_workers(
        gateway, upstream, how, word, workers):
    origins = named(upstream, 3)
    origins[1].default = how
    g = gateway(service(origins, extra=balance(word, 'path') + passive(3, 60)),
                workers=workers)
    ask(g.port, 60)  # retries hide the failures
    assert len(origins[1].requests) == 3
    ask(g.port, 30)
    assert len(origins[1].requests) == 3


def test_no_answer_in_time_is_a_failure(gateway, upstream):
    origins = named(upstream, 2)
    origins[0].default = hang
    g = gateway(service(
        origins, extra=balance('round_robin') + passive(2, 60) + ONCE +
        'timeouts = { response = "2s"; };'))
    statuses = collections.Counter(get(g.port).status for _ in range(12))
    assert statuses == {200: 10, 504: 2}


def test_one_that_refuses_is_put_aside(gateway, upstream):
    origins = named(upstream, 2)
    origins[0].close()
    g = gateway(service(
        origins, extra=balance('round_robin') + passive(2, 60) + ONCE))
    statuses = collections.Counter(get(g.port).status for _ in range(12))
    assert statuses == {200: 10, 502: 2}


@pytest.mark.parametrize('workers', [1, 4])
@pytest.mark.parametrize('word', ALL)
def test_one_trial_at_a_time_and_back(gateway, upstream, word, workers):
    origins = named(upstream, 3)
    sick, failed = origins[1], []
    good, paths = sick.default, itertools.count()

    def fail_once_more(conn, _):
        failed.append(time.monotonic())
        conn.reply(503)

    sick.default = fail_once_more
    g = gateway(service(origins, extra=balance(word, 'path') +
                        'passive = { failures = 1; time = "300ms"; };'),
                workers=workers)

    def asked(count):
        """More requests, until it has had so many; the same ten paths might all
        be others'."""
        for _ in range(10):
            assert get(g.port, f'/{next(paths)}').status == 200
        return len(sick.requests) >= count

    wait_until(lambda: asked(3), what='a failure and two trials')
    assert all(b - a > 0.29 for a, b in zip(failed, failed[1:])), failed
    sick.default = good
    wait_until(lambda: asked(20), 60, 'its return')


def test_a_trial_under_load_is_one_request(gateway, upstream):
    origins = [upstream(after(0.01)) for _ in range(3)]
    sick = origins[1]
    sick.default = fail
    g = gateway(service(origins, extra=balance('least_connections') +
                        passive(5, 1)), workers=4)
    began = time.monotonic()
    load(g.port, clients=16, each=200)
    took = time.monotonic() - began
    # Those that ran when it was put aside, and a trial for each second.
    assert 5 <= len(sick.requests) <= 5 + 16 + took


# --- how many are left

def mark(port, origins, each=1):
    """Requests, until each of the origins has failed so often."""
    paths = itertools.count()

    def marked():
        get(port, f'/{next(paths)}')
        return all(len(o.requests) >= each for o in origins)
    wait_until(marked, what='failures')


@pytest.mark.parametrize('word', ['round_robin', 'random'])
@pytest.mark.parametrize('threshold,uses', [(50, 3), (20, 1), (0, 1)])
def test_when_most_fail_all_are_used(
        gateway, upstream, word, threshold, uses):
    origins = named(upstream, 3)
    for o in origins[1:]:
        o.default = fail
    g = gateway(service(origins, extra=balance(word) + ONCE + passive(1, 60) +
                        f'panic_threshold = {threshold};'), workers=2)
    mark(g.port, origins[1:])
    before = [len(o.requests) for o in origins]
    # Of 30 at random, one of three would have none in one run of 64,000.
    statuses = collections.Counter(get(g.port).status for _ in range(90))
    used = sum(len(o.requests) > n for o, n in zip(origins, before))
    assert used == uses
    assert (statuses[503] > 0) == (uses == 3)


@pytest.mark.parametrize('word', ALL)
@pytest.mark.parametrize('workers', [1, 4])
def test_backups_step_in(gateway, upstream, word, workers):
    origins = named(upstream, 4)
    bad, spare = origins[:3], origins[3]
    for o in bad:
        o.default = fail
    g = gateway(service(origins, '', '', '', 'backup = true;',
                        extra=balance(word, 'path') + passive(1, 60)),
                workers=workers)
    mark(g.port, bad)
    # One backup for three: still better than what is known to fail.
    before = [len(o.requests) for o in bad]
    assert set(ask(g.port, 30)) == {spare.port}
    assert [len(o.requests) for o in bad] == before


# --- zones

@pytest.mark.parametrize('word', ALL)
def test_the_own_zone_first(gateway, upstream, word):
    origins = named(upstream, 4)
    zones = ['zone = "b";', 'zone = "a";', 'zone = "b";', 'zone = "a";']
    near, far = (origins[1], origins[3]), (origins[0], origins[2])
    extra = balance(word, 'path') + passive(1, 60)
    top = 'zone = "a";\n'
    g = gateway(top + service(origins, *zones, extra=extra), workers=2)
    assert reached(g.port, 2) == {o.port for o in near}
    # Half of it is left: 70 % stay, of 30 % two thirds go elsewhere.
    near[0].default = fail
    mark(g.port, near[:1])
    got = ask(g.port, 300)
    assert near[0].port not in got
    spilt = sum(got[o.port] for o in far)
    assert 20 <= spilt <= 100, got
    # Another zone's gateway sees it the other way round.
    g.reload('zone = "b";\n' + service(origins, *zones, extra=extra))
    assert reached(g.port, 2) == {o.port for o in far}
