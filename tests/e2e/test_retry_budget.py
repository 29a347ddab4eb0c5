"""What `retry` costs at most: attempts by class, budget, deadline, what the
upstream asks for; and what a route may allow."""
import email.utils
import itertools
import os
import signal
import threading
import time

import pytest

from conf import proxy
from gateway import Watch, free_port
from wire import Cut, Wire, get

FREE = 'breaker = { failures = 0; }; '
AT_ONCE = 'base_delay = "0"; '
STEADY = 'budget = 0; jitter = false; '
ROUTE = '{{ path = "/{0}"; service = "s"; priority = "{0}"; }}'


def alone(port, retry, extra='', **kw):
    return proxy(port, extra=f'retry = {{ {retry} }}; {FREE}{extra}', **kw)


def then(first, second, retry, extra=''):
    """A service that asks `second` only where `first` was tried."""
    return (f'services = {{ s = {{ endpoints = ('
            f'{{ address = "127.0.0.1:{first}"; }},'
            f'{{ address = "127.0.0.1:{second}"; backup = true; }} );'
            f'retry = {{ {retry} }}; {FREE}{extra} }}; }};\n'
            'routes = ( { path = "/*rest"; service = "s"; } );\n')


def answering(status, body=b'not now', headers=()):
    return lambda conn, _: conn.reply(status, body, headers)


def timed(port, path='/', **kw):
    took = Watch()
    return get(port, path, **kw), took


# --- attempts

@pytest.mark.parametrize('given,counts', [('', (3, 5, 10)),
                                          ('attempts = 4;', (4, 4, 4))])
def test_attempts_by_class(gateway, upstream, given, counts):
    origin = upstream(answering(503))
    routes = ', '.join(ROUTE.format(c) for c in (
        'normal', 'priority', 'emergency'))
    g = gateway(alone(origin.port, AT_ONCE + 'budget = 0; ' + given,
                      routes=routes))
    for name, count in zip(('normal', 'priority', 'emergency'), counts):
        before = len(origin.requests)
        assert get(g.port, '/' + name).status == 503
        assert len(origin.requests) - before == count
    # What is shown is that of the service's own class.
    shown = g.run('-T').stdout
    assert f'attempts = {counts[0]};' in shown


def test_attempts_of_a_service_that_matters(gateway, upstream):
    origin = upstream(answering(503))
    g = gateway(alone(origin.port, AT_ONCE, 'priority = "priority";'))
    assert get(g.port).status == 503 and len(origin.requests) == 5
    assert 'attempts = 5; # default' in g.run('-T').stdout


# --- the budget

def fails_half():
    """Every other request, whoever it is from."""
    turn = itertools.count()
    lock = threading.Lock()

    def handler(conn, request):
        with lock:
            bad = next(turn) % 2
        conn.reply(503 if bad else 200, request.target)
    return handler


def fails_once():
    """Whatever is asked for the first time."""
    seen = set()
    lock = threading.Lock()

    def handler(conn, request):
        with lock:
            bad = request.target not in seen
            seen.add(request.target)
        conn.reply(503 if bad else 200, request.target)
    return handler


def storm(g, threads, each, on_error=None):
    """How many requests were sent, and answers with 200."""
    sent, good = itertools.count(), itertools.count()

    def client():
        wire = None
        for _ in range(each):
            target = f'/{next(sent)}'
            try:
                wire = wire or Wire(g.port)
                if wire.ask(target).status == 200:
                    next(good)
            except (Cut, OSError):
                if on_error is None:
                    raise
                wire = None
    clients = [threading.Thread(target=client) for _ in range(threads)]
    for c in clients:
        c.start()
    for c in clients:
        c.join()
    return next(sent), next(good)


BUDGET = AT_ONCE + 'attempts = 10; budget = {}; budget_minimum = {}; '


@pytest.mark.parametrize('budget,minimum', [(0.2, 0), (0.1, 10), (0.5, 0)])
def test_a_storm_stays_within_it(gateway, upstream, budget, minimum):
    origin = upstream(fails_half())
    g = gateway(alone(origin.port, BUDGET.format(budget, minimum)),
                workers=4)
    requests, good = storm(g, 8, 150)
    seen = len(origin.requests)
    assert seen <= requests * (1 + budget) + minimum
    # Nor is it less than that.
    assert seen >= requests * (1 + budget) * 0.97
    assert good >= seen * 0.49
    retries = g.metric('upstream_retries_total')
    assert retries == seen - requests
    refused = g.metric('upstream_retries_refused_total')
    assert refused == requests - good


def test_without_it_they_are_all_sent_again(gateway, upstream):
    origin = upstream(fails_once())
    g = gateway(alone(origin.port, AT_ONCE + 'attempts = 10; budget = 0;'),
                workers=4)
    requests, good = storm(g, 4, 50)
    assert good == requests and len(origin.requests) == requests * 2
    assert g.metric('upstream_retries_refused_total') == 0


def test_a_minimum_where_there_is_little(gateway, upstream):
    origin = upstream(answering(503, b'mine'))
    g = gateway(alone(origin.port, AT_ONCE + 'attempts = 8;'))
    assert [get(g.port).body for _ in range(4)] == [b'mine'] * 4
    assert len(origin.requests) == 4 + 10
    assert g.metric('upstream_retries_total') == 10
    assert g.metric('upstream_retries_refused_total') == 3


@pytest.mark.parametrize('event', ['reload', 'kill'])
def test_it_is_kept(gateway, upstream, event):
    # Of what was 10 s ago nothing is known.
    for _ in range(5):
        began = time.monotonic()
        found = kept_over(gateway, upstream, event)
        if time.monotonic() < began + 9:
            break
    # 10 for each of them: none is forgotten, on either side; then 12.
    assert found == [11, 22, 3 + 36]


def kept_over(gateway, upstream, event):
    """How many requests there were after each of three from a client."""
    origin, found = upstream(answering(503)), []

    def ask():
        assert get(g.port).status == 503
        found.append(len(origin.requests))
    retry = AT_ONCE + 'attempts = 50; budget = 10.0; budget_minimum = 0;'
    g = gateway(alone(origin.port, retry), allow=['killed by signal 9 '])
    ask()
    if event == 'reload':
        g.reload(alone(origin.port, retry + 'max_delay = "59s";'))
    else:
        pid, = g.worker_pids
        os.kill(pid, signal.SIGKILL)
        g.wait_successor('worker', pid)
        g.wait_ready()
    ask()
    g.reload(alone(origin.port, retry.replace('10.0', '12.0')))
    ask()
    return found


def test_a_storm_with_deaths(gateway, upstream):
    origin = upstream(fails_half())
    g = gateway(alone(origin.port, BUDGET.format(0.2, 0)), workers=4,
                allow=['killed by signal 9 '])
    done = threading.Event()

    def kill():
        for _ in range(10):  # the storm may last longer
            if done.wait(0.3):
                break
            pid = g.worker_pids[0]
            os.kill(pid, signal.SIGKILL)
            g.wait_successor('worker', pid)
    killer = threading.Thread(target=kill)
    killer.start()
    requests, good = storm(g, 8, 150, on_error=True)
    done.set()
    killer.join()
    assert good > requests / 3
    assert len(origin.requests) <= requests * 1.2


def test_what_was_not_seen_costs_nothing(gateway, upstream):
    origin = upstream()
    g = gateway(then(free_port(), origin.port,
                     AT_ONCE + 'budget_minimum = 0;'))
    assert [get(g.port, '/', 'POST', body=b'x').status
            for _ in range(30)] == [200] * 30
    assert g.metric('upstream_retries_total') == 30
    assert g.metric('upstream_retries_refused_total') == 0


def test_an_error_stays_one(gateway, upstream):
    bad, good = upstream(lambda c, _: c.reset()), upstream()
    g = gateway(then(bad.port, good.port, AT_ONCE + 'budget_minimum = 2;'))
    statuses = [get(g.port).status for _ in range(5)]
    assert statuses == [200, 200, 502, 502, 502]
    assert g.metric('replies_total', why='upstream_closed') == 3
    assert g.metric('upstream_retries_refused_total') == 3


def test_stale_connections_count(gateway, upstream):
    """An upstream that resets what it has kept gets no more than that."""
    def reset_second(conn, request):
        if request.connection in seen:
            conn.reset()
        else:
            seen.add(request.connection)
            conn.reply()
    seen = set()
    origin = upstream(reset_second)
    g = gateway(alone(origin.port, AT_ONCE + 'on = "503"; '
                      'budget_minimum = 1;'))
    assert [get(g.port).status for _ in range(6)] == \
        [200, 200, 502, 200, 502, 200]
    assert len(origin.requests) == 7


# --- the deadline

def test_no_attempt_begins_after_it(gateway, upstream):
    origin = upstream(answering(503, b'mine'))
    g = gateway(alone(origin.port, STEADY + 'attempts = 100; factor = 1.0; '
                      'base_delay = "1s"; deadline = "4500ms";'))
    r, took = timed(g.port)
    assert (r.status, r.body) == (503, b'mine')
    assert 3 <= len(origin.requests) <= 5 and took.within(0, 6)
    assert g.metric('replies_total') == 0


def test_a_wait_beyond_it_is_not_begun(gateway, upstream):
    origin = upstream(answering(503, b'mine'))
    g = gateway(alone(origin.port, STEADY + 'base_delay = "9s"; '
                      'deadline = "5s";'))
    r, took = timed(g.port)
    assert r.body == b'mine' and took.within(0, 4)
    # After a connection that was refused: the same.
    g.reload(alone(free_port(), STEADY + 'base_delay = "9s"; '
                   'deadline = "5s";'))
    r, took = timed(g.port)
    assert r.status == 502 and took.within(0, 4)


@pytest.mark.parametrize('attempt', [1, 2])
def test_it_ends_what_is_under_way(gateway, upstream, attempt):
    """It is the fault of an endpoint that has had all of the time."""
    silent = upstream(lambda c, _: time.sleep(5))
    other = upstream(answering(404 if attempt == 1 else 403))
    first, second = (silent, other)[::1 if attempt == 1 else -1]
    g = gateway(then(first.port, second.port, 'budget = 0; ' + AT_ONCE +
                     'deadline = "400ms"; on = [ "403", "timeout" ];',
                     'passive = { failures = 1; time = "1h"; };'))
    r, took = timed(g.port)
    assert r.status == 504 and b'retry_deadline' in r.body
    assert b'SVC_015' in r.body and took.within(0.3, 3)
    assert g.metric('replies_total', why='retry_deadline') == 1
    states = {row['address']: row['state'] for row in
              g.ctl_json('endpoints')['endpoints']}
    assert states[f'127.0.0.1:{silent.port}'] == (
        'ejected' if attempt == 1 else 'up')
    assert len(other.requests) == attempt - 1


def test_a_slow_upload_is_no_endpoints_fault(gateway, upstream):
    origin = upstream()
    g = gateway(alone(origin.port, 'deadline = "300ms";',
                      'passive = { failures = 1; time = "1h"; };'))
    with Wire(g.port) as w:
        w.send('PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nx')
        r = w.response()
        assert r.status == 504 and b'retry_deadline' in r.body
    row, = g.ctl_json('endpoints')['endpoints']
    assert row['state'] == 'up'


def test_an_answer_that_has_begun_is_not_ended(gateway, upstream):
    def slow(conn, _):
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na')
        time.sleep(2.5)
        conn.send('b')
    origin = upstream(slow)
    g = gateway(alone(origin.port, 'deadline = "2s";'))
    assert get(g.port).body == b'ab'
    with Wire(g.port) as w:  # the next request has its own
        assert w.ask().body == b'ab' and w.ask().body == b'ab'


# --- Retry-After

def date(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize('status', [429, 503])
def test_as_long_as_it_asks_for(gateway, upstream, status):
    bad = upstream(answering(status, headers=[('Retry-After', '1')]))
    good = upstream()
    g = gateway(then(bad.port, good.port,
                     AT_ONCE + 'on = [ "429", "503" ];'))
    r, took = timed(g.port)
    assert r.status == 200 and took.within(1, 3)
    bad.default = lambda c, _: c.reply(status, b'', [('Retry-After', date(2))])
    r, took = timed(g.port)
    assert r.status == 200 and took.within(0.9, 3)


@pytest.mark.parametrize('value,limit', [
    ('20', 'max_delay = "10s";'), ('20', 'deadline = "10s";'),
    ('99999999999999999999999', ''), (3600, 'max_delay = "5m";')])
def test_not_longer_than_it_may(gateway, upstream, value, limit):
    def bad(conn, _):
        after = value if isinstance(value, str) else date(value)
        conn.reply(503, b'mine', [('Retry-After', after)])
    origin, good = upstream(bad), upstream()
    g = gateway(then(origin.port, good.port, AT_ONCE + limit))
    r, took = timed(g.port)
    assert r.status == 503 and r.body == b'mine' and took.within(0, 5)
    assert r.get('Retry-After')
    assert not good.requests and g.metric('replies_total') == 0


@pytest.mark.parametrize('value', ['soon', '-10', '10.5', '0', '',
                                   'Sun, 06 Nov 1994 08:49:37 GMT'])
def test_what_says_nothing(gateway, upstream, value):
    bad = upstream(answering(503, headers=[('Retry-After', value)]))
    good = upstream()
    g = gateway(then(bad.port, good.port, AT_ONCE))
    r, took = timed(g.port)
    assert r.status == 200 and took.within(0, 5)


def test_of_other_statuses_it_says_nothing(gateway, upstream):
    bad = upstream(answering(502, headers=[('Retry-After', '3000')]))
    good = upstream()
    g = gateway(then(bad.port, good.port, AT_ONCE))
    assert get(g.port).status == 200


# --- what is not idempotent

@pytest.mark.parametrize('method', ['POST', 'PATCH', 'X-OTHER'])
@pytest.mark.parametrize('way', ['503', 'reset', 'large'])
def test_a_route_may_take_that(gateway, upstream, method, way):
    bad = upstream(answering(503) if way != 'reset'
                   else lambda c, _: c.reset())
    good = upstream()
    body = b'some' if way != 'large' else b'x' * 70000
    text = then(bad.port, good.port, AT_ONCE)
    g = gateway(text.replace('service = "s"; }', 'service = "s"; '
                             'retry_unsafe = true; }'))
    r = get(g.port, '/', method, body=body)
    if way == 'large':
        assert r.status == 503 and not good.requests
    else:
        assert r.status == 200 and good.last.body == body
    g.reload(text)
    assert get(g.port, '/', method, body=body).status in (502, 503)
    assert len(good.requests) == (way != 'large')
