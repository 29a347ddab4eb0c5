"""The service's `retry`: what is sent again, where, when, and what is not."""
import json
import signal
import socket
import struct
import threading
import time

import pytest

from conf import proxy
from gateway import Watch, free_port, wait_until
from wire import Cut, Wire, get

SMALL, LARGE = b'0123456789' * 6000, b'0123456789' * 7000
# Breakers and the budget have tests of their own.
FREE = 'breaker = { failures = 0; }; '
AT_ONCE = 'budget = 0; base_delay = "0"; '
STEADY = 'budget = 0; jitter = false; '
PATIENT = 'max_delay = "10m"; '


def then(first, second, retry=AT_ONCE, extra=''):
    """A service that asks `second` only where `first` was tried."""
    return (f'services = {{ s = {{ endpoints = ('
            f'{{ address = "127.0.0.1:{first}"; }},'
            f'{{ address = "127.0.0.1:{second}"; backup = true; }} );'
            f'retry = {{ {retry} }}; {FREE}{extra} }}; }};\n'
            'routes = ( { path = "/*rest"; service = "s"; } );\n')


def alone(port, retry=AT_ONCE, extra=''):
    return proxy(port, extra=f'retry = {{ {retry} }}; {FREE}{extra}')


def answering(status, body=b'not now', headers=()):
    return lambda conn, _: conn.reply(status, body, headers)


def chunked(wire, method, *parts, trailers=''):
    wire.send(f'{method} / HTTP/1.1\r\nHost: t\r\n'
              'Transfer-Encoding: chunked\r\n\r\n')
    for part in parts:
        wire.send(b'%x\r\n%s\r\n' % (len(part), part))
    wire.send(f'0\r\n{trailers}\r\n')


def leave(wire):
    """Resets the connection, so that it is noticed."""
    wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack('ii', 1, 0))
    wire.close()


def idle(g):
    """Nothing is being worked on any more."""
    wait_until(lambda: g.metric('requests_active') == 0, 5, 'the end of all')


# --- statuses

@pytest.mark.parametrize('status', [502, 503, 504])
def test_a_bad_status_goes_to_another(gateway, upstream, status):
    bad, good = upstream(answering(status)), upstream()
    g = gateway(then(bad.port, good.port))
    with Wire(g.port) as w:
        for n in range(1, 6):
            r = w.ask(f'/{n}')
            assert r.status == 200 and r.get('X-Request-ID')
            assert json.loads(r.body)['target'] == f'/{n}'
    assert len(bad.requests) == len(good.requests) == 5
    assert g.metric('upstream_retries_total') == 5
    assert g.metric('upstream_requests_total', code=str(status)) == 5
    # What is dropped is read, so that its connection is kept.
    assert bad.connections == 1


@pytest.mark.parametrize('status', [500, 501, 505, 404, 429])
def test_other_statuses_are_the_answer(gateway, upstream, status):
    bad, good = upstream(answering(status, b'mine')), upstream()
    g = gateway(then(bad.port, good.port))
    r = get(g.port)
    assert (r.status, r.body) == (status, b'mine') and not good.requests


def test_listed_statuses_only(gateway, upstream):
    bad, good = upstream(), upstream()
    for status in (429, 499, 503):
        bad.on(f'/{status}', answering(status))
    g = gateway(then(bad.port, good.port,
                     AT_ONCE + 'on = [ "429", "480-499" ];'))
    assert [get(g.port, f'/{s}').status for s in (429, 499, 503)] == \
        [200, 200, 503]


@pytest.mark.parametrize('method', ['POST', 'PATCH'])
def test_what_is_not_idempotent_is_sent_once(gateway, upstream, method):
    bad, good = upstream(answering(503)), upstream()
    g = gateway(then(bad.port, good.port))
    for body in (None, b'', b'some'):
        assert get(g.port, '/', method, body=body).status == 503
    assert len(bad.requests) == 3 and not good.requests
    assert g.metric('upstream_retries_total') == 0


@pytest.mark.parametrize('attempts', [1, 2, 5])
def test_attempts_are_exact_and_the_last_answer_stays(
        gateway, upstream, attempts):
    origin = upstream()

    def nth(conn, _):
        conn.reply(503, f'answer {len(origin.requests)}', [('X-Mine', '1')])
    origin.default = nth
    g = gateway(alone(origin.port, AT_ONCE + f'attempts = {attempts};'))
    r = get(g.port)
    assert r.status == 503 and r.get('X-Mine') == '1'
    assert r.body == b'answer %d' % attempts
    assert len(origin.requests) == attempts
    assert g.metric('upstream_retries_total') == attempts - 1
    assert g.metric('replies_total') == 0


def test_when_all_were_tried_they_are_tried_again(gateway, upstream):
    seen = []

    def at_last(conn, request):
        seen.append(conn)
        conn.reply(200 if len(seen) == 5 else 503, b'%d' % len(seen))
    first, second = upstream(at_last), upstream(at_last)
    g = gateway(then(first.port, second.port, AT_ONCE + 'attempts = 5;'))
    r = get(g.port)
    assert (r.status, r.body) == (200, b'5')
    assert (len(first.requests), len(second.requests)) == (3, 2)


def test_a_large_answer_is_not_read_to_be_dropped(gateway, upstream):
    bad, good = upstream(answering(503, b'x' * 10000000)), upstream()
    g = gateway(then(bad.port, good.port,
                     STEADY + 'base_delay = "200ms";'))
    with Wire(g.port) as w:
        assert [w.ask().status for _ in range(3)] == [200] * 3
    assert bad.connections == 3
    assert g.metric('upstream_received_bytes_total') < 3000000


def test_an_endless_answer_is_not_waited_for(gateway, upstream):
    def drip(conn, _):
        conn.send('HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n')
        while True:
            conn.send('1\r\nx\r\n')
            time.sleep(0.005)
    bad, good = upstream(drip), upstream()
    g = gateway(then(bad.port, good.port, STEADY + 'base_delay = "50ms";'))
    with Wire(g.port) as w:
        assert [w.ask().status for _ in range(3)] == [200] * 3
    wait_until(lambda: not bad.live, 5, 'the end of the dripping')


def test_answers_are_never_mixed(gateway, upstream):
    """Clients that pipeline, an upstream that fails in turn."""
    count = []

    def in_turn(conn, request):
        count.append(1)
        status = 503 if len(count) % 3 else 200
        conn.reply(status, request.target + ' ' + 'f' * (len(count) * 97))
    origin = upstream(in_turn)
    g = gateway(alone(origin.port, AT_ONCE + 'attempts = 10;'))
    with Wire(g.port) as w:
        w.send(''.join(f'GET /{n} HTTP/1.1\r\nHost: t\r\n\r\n'
                       for n in range(30)))
        for n in range(30):
            r = w.response()
            assert r.status == 200 and r.body.startswith(b'/%d f' % n)
    assert len(origin.requests) == 90


def test_after_an_interim_answer_there_is_no_other(gateway, upstream):
    def hint(conn, _):
        conn.send('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n')
        conn.reply(503, b'mine')
    bad, good = upstream(hint), upstream()
    g = gateway(then(bad.port, good.port))
    with Wire(g.port) as w:
        assert w.ask().status == 103
        assert w.response().body == b'mine'
    assert not good.requests


# --- failures

def test_a_reset_before_the_answer_goes_to_another(gateway, upstream):
    bad, good = upstream(lambda conn, _: conn.reset()), upstream()
    g = gateway(then(bad.port, good.port))
    assert [get(g.port, '/', m).status for m in ('GET', 'PUT')] == [200] * 2
    r = get(g.port, '/', 'POST', body=b'x')
    assert r.status == 502 and b'upstream_closed' in r.body
    assert (len(bad.requests), len(good.requests)) == (3, 2)


@pytest.mark.parametrize('part', [
    'H', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n',
    'HTTP/1.1 503 No\r\nContent-Length: 99\r\n\r\nx'])
def test_a_reset_within_the_answer(gateway, upstream, part):
    """Not sent again, but where the answer was to be dropped anyway."""
    bad, good = upstream(lambda c, _: (c.send(part), time.sleep(0.1),
                                       c.reset())), upstream()
    g = gateway(then(bad.port, good.port, STEADY + 'base_delay = "300ms";'))
    if '503' in part:
        assert get(g.port).status == 200
        return
    if part.endswith('\r\n\r\n'):
        with pytest.raises((Cut, ConnectionResetError)):
            get(g.port)
    else:
        assert get(g.port).status == 502
    time.sleep(0.5)
    assert len(bad.requests) == 1 and not good.requests


@pytest.mark.parametrize('listed', [False, True])
def test_no_answer_in_time(gateway, upstream, listed):
    slow, good = upstream(lambda c, q: c.more()), upstream()
    retry = AT_ONCE + ('on = [ "timeout" ];' if listed else '')
    g = gateway(then(slow.port, good.port, retry,
                     'timeouts = { response = "2s"; };'))
    assert get(g.port).status == (200 if listed else 504)
    assert get(g.port, '/', 'POST', body=b'x').status == 504
    assert len(slow.requests) == 2 and len(good.requests) == listed


@pytest.mark.parametrize('method', ['GET', 'POST'])
def test_a_refused_connection_goes_to_another_at_once(
        gateway, upstream, method):
    origin = upstream()
    g = gateway(then(free_port(), origin.port, STEADY + 'base_delay = "9s";'))
    began = Watch()
    body = b'b' * 100000 if method == 'POST' else None
    assert get(g.port, '/', method, body=body).status == 200
    assert began.within(0, 5)
    assert origin.last.body == (body or b'')


def test_a_refused_connection_is_tried_again_after_a_while(gateway, upstream):
    port = free_port()
    g = gateway(alone(port, STEADY + 'base_delay = "500ms"; attempts = 20;'
                      'factor = 1.0;'))
    answers = []
    clients = [threading.Thread(target=lambda m=m: answers.append(
        get(g.port, '/', m, body=None if m == 'GET' else m.encode())))
        for m in ('GET', 'PUT', 'POST')]
    for c in clients:
        c.start()
    wait_until(lambda: g.metric('upstream_connect_failures_total') >= 3)
    origin = upstream(port=port)
    for c in clients:
        c.join()
    assert [a.status for a in answers] == [200] * 3
    assert sorted(r.body for r in origin.requests) == [b'', b'POST', b'PUT']


def test_connect_can_be_left_out(gateway, upstream):
    g = gateway(then(free_port(), upstream().port, 'on = [ "503" ];'))
    assert get(g.port).status == 502


# --- delays

def test_delays_grow(gateway, upstream):
    times = []
    origin = upstream(lambda c, q: (times.append(time.monotonic()),
                                    c.reply(503)))
    g = gateway(alone(origin.port, STEADY + 'base_delay = "60ms"; '
                      'factor = 3.0; max_delay = "250ms"; attempts = 5;'))
    assert get(g.port).status == 503
    gaps = [b - a for a, b in zip(times, times[1:])]
    for gap, least in zip(gaps, (0.06, 0.18, 0.25, 0.25), strict=True):
        assert gap >= least - 0.005, gaps


def test_one_connection_waits_and_the_others_do_not(gateway, upstream):
    origin = upstream()
    origin.on('/bad', answering(503))
    g = gateway(alone(origin.port, STEADY + 'base_delay = "4s"; '
                      'attempts = 2;'))
    with Wire(g.port) as slow:
        slow.send('GET /bad HTTP/1.1\r\nHost: t\r\n\r\n')
        wait_until(lambda: origin.requests, 5, 'the first try')
        began = Watch()
        assert get(g.port).status == 200
        assert began.within(0, 3.9)
        assert slow.response().status == 503


def waiting(gateway, upstream, delay, **kw):
    """A gateway, and a client whose request is waiting to be sent again."""
    origin = upstream(answering(503))
    g = gateway(alone(origin.port, STEADY + PATIENT +
                      f'base_delay = "{delay}";'), **kw)
    w = Wire(g.port)
    w.send('PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody')
    wait_until(lambda: g.metric('upstream_requests_total', code='503'), 5,
               'the first try')
    assert g.metric('requests_active') == 1
    return g, w, origin


def test_a_client_that_leaves_ends_the_waiting(gateway, upstream):
    g, w, origin = waiting(gateway, upstream, '4s')
    leave(w)
    idle(g)
    assert g.metric('replies_total', why='client_closed') == 1
    time.sleep(4.5)
    assert len(origin.requests) == 1


def test_a_stop_ends_the_waiting(gateway, upstream):
    g, w, _ = waiting(gateway, upstream, '50s',
                      top='timeouts = { drain = "300ms"; };')
    g.send(signal.SIGTERM)
    r = w.response()
    assert r.status == 503 and b'stopping' in r.body
    g.stop()


def test_many_reloads_end_the_waiting(gateway, upstream):
    """It holds the configuration that it began with, and must let it go."""
    g, first, origin = waiting(gateway, upstream, '500s')
    others = []
    for n in range(66):
        g.reload(alone(origin.port, STEADY + PATIENT +
                       f'base_delay = "{n + 500001}ms";'))
        others.append(Wire(g.port))
        others[-1].send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
        wait_until(lambda n=n: len(origin.requests) == n + 2, 5, 'a try')
    r = first.response()
    assert r.status == 503 and b'generation_expired' in r.body
    for w in others:
        leave(w)
    idle(g)


def test_a_removed_endpoint_is_not_gone_back_to(gateway, upstream):
    bad, good = upstream(answering(503)), upstream()
    g = gateway(alone(bad.port, STEADY + 'base_delay = "5s";'))
    with Wire(g.port) as w:
        w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
        wait_until(lambda: bad.requests, 5, 'the first try')
        g.reload(alone(good.port))
        assert w.response().status == 200
    assert len(bad.requests) == 1


# --- bodies

@pytest.mark.parametrize('method', ['PUT', 'DELETE'])
def test_a_small_body_is_sent_again(gateway, upstream, method):
    bad, good = upstream(answering(503)), upstream()
    g = gateway(then(bad.port, good.port))
    for body in (b'', b'x', SMALL, LARGE[:65536]):
        assert get(g.port, '/', method, body=body).status == 200
        assert bad.last.body == good.last.body == body
    with Wire(g.port) as w:
        for parts in ([b'a'], [b'b' * 20000] * 3):
            chunked(w, method, *parts)
            assert w.response().status == 200
            assert bad.last.body == good.last.body == b''.join(parts)


def test_a_large_body_is_not(gateway, upstream):
    bad, good = upstream(answering(503)), upstream()
    g = gateway(then(bad.port, good.port))
    for body in (LARGE[:65537], LARGE):
        assert get(g.port, '/', 'PUT', body=body).status == 503
        assert bad.last.body == body
    with Wire(g.port) as w:
        chunked(w, 'PUT', *[b'c' * 10000] * 7)
        assert w.response().status == 503
        for part in ([b'd'], []):
            chunked(w, 'PUT', *part, trailers='X-Sum: 1\r\n')
            assert w.response().status == 503
    assert len(bad.requests) == 5 and not good.requests


def test_a_body_that_has_not_come_whole(gateway, upstream):
    """The answer comes before the end of the body; the rest goes on."""
    def early(conn, _):
        conn.exactly(1000)
        conn.reply(503)
    bad, good = upstream(), upstream()
    bad.on('/', early, streamed=True)
    g = gateway(then(bad.port, good.port))
    with Wire(g.port) as w:
        w.send('PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 60000\r\n\r\n')
        w.send(SMALL[:1000])
        wait_until(lambda: g.metric('upstream_retries_total') == 1, 5,
                   'the second try')
        w.send(SMALL[1000:])
        assert w.response().status == 200
    assert good.last.body == SMALL


def test_a_body_that_begins_while_connecting_again(gateway, upstream):
    """None of it is lost between a stale connection and the fresh one."""
    origin = upstream()
    g = gateway(alone(origin.port, AT_ONCE + 'attempts = 2;'))
    for n in range(20):
        with Wire(g.port) as w:
            assert w.ask().status == 200
            w.send('PUT / HTTP/1.1\r\nHost: t\r\n'
                   'Content-Length: 60000\r\n\r\n' + 'a' * 10)
            origin.drop()
            w.send(b'b' * 59990)
            assert w.response().status == 200, n
        assert origin.last.body == b'a' * 10 + b'b' * 59990


def test_go_ahead_may_come_twice(gateway, upstream):
    def expecting(status):
        def answer(conn, request):
            conn.send('HTTP/1.1 100 Continue\r\n\r\n')
            assert conn.exactly(5) == b'abcde'
            conn.reply(status)
        return answer
    bad, good = upstream(), upstream()
    bad.on('/', expecting(503), streamed=True)
    good.on('/', expecting(200), streamed=True)
    g = gateway(then(bad.port, good.port))
    with Wire(g.port) as w:
        w.send('PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n'
               'Expect: 100-continue\r\n\r\n')
        assert w.response().status == 100
        w.send('abcde')
        statuses = [w.response().status]
        while statuses[-1] == 100:
            statuses.append(w.response().status)
    assert statuses[-1] == 200


# --- connections that had been closed

def test_a_stale_connection_is_no_attempt(gateway, upstream):
    origin = upstream()
    g = gateway(alone(origin.port, 'attempts = 1;'))
    with Wire(g.port) as w:
        for n in range(20):
            assert w.ask().status == 200
            origin.drop()
            assert w.ask(f'/{n}', 'PUT', body=b'%d' % n).status == 200
            assert origin.last.body == b'%d' % n
    assert len(origin.requests) == 40


def test_a_stale_connection_leaves_all_attempts(gateway, upstream):
    origin = upstream()
    turns = iter((200, 503, 200))
    origin.default = lambda conn, _: conn.reply(next(turns))
    g = gateway(alone(origin.port, AT_ONCE + 'attempts = 2;'))
    with Wire(g.port) as w:
        assert w.ask().status == 200
        origin.drop()
        assert w.ask().status == 200
    assert len(origin.requests) == 3


def test_a_fresh_connection_that_ends_too_is_one(gateway, upstream):
    origin = upstream()
    origin.on('/shut', lambda conn, _: conn.end())
    g = gateway(alone(origin.port, 'attempts = 1;'))
    with Wire(g.port) as w:
        assert w.ask().status == 200
        assert w.ask('/shut').status == 502
    # Once on the pooled connection, and once on a fresh one.
    assert [r.target for r in origin.requests] == ['/', '/shut', '/shut']
