"""Breakers: what fails too often is left alone, for all workers at once."""
import contextlib
import json
import os
import select
import signal
import socket
import threading
import time

import pytest

import h2wire
import ws
from gateway import free_port, wait_until
from scripted import (ONCE, SCOPES, Crowd, Script, counts, fail, guarded,
                      seconds, still_refused, wait_due, was_refused)
from test_retry import leave
from wire import Wire, get

SOON = 'open = "1s"; '


@pytest.fixture
def script():
    s = Script()
    yield s
    s.go_on()


def scope(words):
    return f'scope = [ {words} ]; '


# --- it opens

@pytest.mark.parametrize('words', SCOPES)
@pytest.mark.parametrize('failures', [1, 5])
def test_it_opens_after_exactly_so_many(gateway, upstream, script, words,
                                        failures):
    o = upstream(script.h1)
    g = gateway(guarded([o.port], scope(words) + f'failures = {failures};'),
                workers=4)
    fail(g, script, failures)
    for _ in range(20):
        assert was_refused(get(g.port))
    assert script.total == len(o.requests) == failures
    # What went well in between is forgotten by none.
    assert g.metric('replies_total', why='breaker_open') == 21


def test_a_success_forgets_failures(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port], 'failures = 3;'),
                workers=4)
    for status in [503, 503, 200, 503, 503, 404, 503, 503, 500]:
        script.status = status
        assert get(g.port).status == status
    fail(g, script, 3)


@pytest.mark.parametrize('keys, extra, wait', [
    ('', '', (50, 60)), ('', 'priority = "priority";', (20, 30)),
    ('open = "90s";', '', (80, 90)), ('open = "400ms";', '', (1, 1))])
def test_the_answer_says_when(gateway, upstream, script, keys, extra, wait):
    g = gateway(guarded([upstream(script.h1).port], keys, ONCE + extra))
    r = fail(g, script, 3 if extra else 5, lasts=0.4)
    assert r.status == 503 and wait[0] <= seconds(r) <= wait[1]
    assert len(r.all('Retry-After')) == 1
    told = json.loads(r.body)
    assert told['error'] == 'breaker_open'
    assert told['error_code'] == 'SVC_001'
    assert told['details']['fault'] == 'upstream'


def test_it_says_rounded_up(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port], 'open = "2500ms";'))
    began = time.monotonic()
    r = fail(g, script, 5, lasts=2.5)
    assert seconds(r) >= 2.5 - (time.monotonic() - began)
    # Who does as it says is not refused again.
    time.sleep(seconds(r))
    script.go_on(200)
    assert get(g.port).status == 200


# --- half-open

@pytest.mark.parametrize('words', SCOPES)
@pytest.mark.parametrize('probes', [1, 3])
def test_exactly_the_configured_probes(gateway, upstream, script, words,
                                       probes):
    o = upstream(script.h1)
    g = gateway(guarded([o.port], scope(words) + SOON + f'probes = {probes}; '
                        'failures = 2;'), workers=4)
    fail(g, script, 2)
    first = wait_due(g, script)
    crowd = Crowd(g.port, 40)
    crowd.wait_answers(40 - probes + 1)
    assert counts(crowd.answers) == {'open': 41 - probes}
    assert {seconds(r) for r in crowd.answers} == {1}
    wait_until(lambda: script.total >= probes, 5, 'the probes')
    assert script.total == script.now == script.most == probes
    script.release(*[200] * probes)
    assert counts(crowd.end() + first.end()) == {200: probes,
                                                 'open': 41 - probes}
    # Now it is closed.
    script.go_on(200)
    assert counts(Crowd(g.port, 40).end()) == {200: 40}
    fail(g, script, 2)


def test_fewer_successes_close_it(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port], SOON +
                        'failures = 2; probes = 5; successes = 2;'),
                workers=4)
    fail(g, script, 2)
    first = wait_due(g, script)
    crowd = Crowd(g.port, 20)
    crowd.wait_answers(16)
    wait_until(lambda: script.now >= 5, 5, 'the probes')
    assert script.now == 5
    script.release(200, 200)
    wait_until(lambda: script.now == 3, 5)
    # Closed, though three of them are still out.
    wait_until(lambda: get_held(g, script), 5, 'a closed breaker')
    # They fail, but they are of another time; the fourth counts, alone.
    script.release(503, 503, 503, 503)
    assert counts(crowd.end() + first.end()) == {'open': 16, 200: 2, 503: 3}
    script.go_on(200)
    assert counts(Crowd(g.port, 20).end()) == {200: 20}


def get_held(g, script):
    """One more request is let through, and held."""
    before = script.total
    crowd = Crowd(g.port, 1)
    wait_until(lambda: crowd.answers or script.total > before, 5)
    return script.total > before


def test_one_that_fails_opens_it_again(gateway, upstream, script):
    # Long enough for all that is asked while it is open.
    g = gateway(guarded([upstream(script.h1).port],
                        'open = "4s"; failures = 1;'), workers=4)
    fail(g, script, 1)
    for _ in range(2):
        first = wait_due(g, script)
        crowd = Crowd(g.port, 10)
        crowd.wait_answers(8)
        wait_until(lambda: script.total >= 3, 5, 'the probes')
        assert script.total == 3
        script.release(200, 503)
        wait_until(lambda: script.now == 1, 5)
        wait_until(lambda: was_refused(get(g.port)), 5)
        assert script.total == 3
        script.release(200)  # too late
        assert counts(crowd.end() + first.end()) == {'open': 8, 200: 2, 503: 1}
        assert was_refused(get(g.port))
        assert script.total == 3
    wait_due(g, script)
    script.go_on(200)


@pytest.mark.parametrize('words', SCOPES)
def test_a_probe_whose_client_leaves_is_none(gateway, upstream, script, words):
    g = gateway(guarded([upstream(script.h1).port], scope(words) + SOON +
                        'failures = 1; probes = 1;'), workers=4)
    for _ in range(3):
        fail(g, script, 1)
        script.hold()

        def through():
            w = Wire(g.port)
            w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
            wait_until(lambda: script.total or
                       select.select([w.sock], [], [], 0)[0])
            return w if script.total else w.close()
        client = wait_until(through, 10, 'the end of its time')
        assert was_refused(get(g.port))
        leave(client)
        # Nothing is known: another one tries, at once.
        wait_until(lambda: g.metric('requests_active') == 0, 5)
        script.go_on(200)
        assert get(g.port).status == 200


def test_a_probe_that_is_slowly_read_keeps_no_place(gateway, upstream):
    def large(conn, _):
        conn.reply(200, b'x' * 50000000)
    o = upstream(lambda conn, _: conn.reply(503))
    g = gateway(guarded([o.port], SOON + 'failures = 1; probes = 1;'),
                workers=2)
    assert get(g.port).status == 503
    o.default = large

    def begun():
        w = Wire(g.port, rcvbuf=4096)
        w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
        return w if w.head()[1].split()[1] == '200' else w.close()
    with wait_until(begun, 10, 'the end of its time'):
        o.default = lambda conn, _: conn.reply(200)
        assert get(g.port).status == 200


UPLOAD = 'POST /slow HTTP/1.1\r\nHost: t\r\n'


def begin(g, origin, start):
    """A request that is let through, once one is: the origin has it."""
    def begun():
        before = len(origin.requests)
        began = time.monotonic()
        w = Wire(g.port)
        w.began = began
        w.send(start)
        wait_until(lambda: len(origin.requests) > before or
                   select.select([w.sock], [], [], 0)[0])
        return w if len(origin.requests) > before else w.close()
    return wait_until(begun, 10, 'the end of its time')


@pytest.mark.parametrize('words', SCOPES)
def test_a_probe_that_is_slowly_sent_keeps_no_place(gateway, upstream, words):
    o = upstream(lambda conn, _: conn.reply(503))
    g = gateway(guarded([o.port], scope(words) + SOON +
                        'failures = 1; probes = 1;'), workers=2)
    assert get(g.port).status == 503
    o.default = lambda conn, _: conn.reply(200)
    o.on('/slow', lambda conn, request: conn.reply(
        200, conn.request_body(request)), streamed=True)

    with begin(g, o, UPLOAD + 'Content-Length: 4\r\n\r\nb') as slow:
        assert still_refused(g, slow.began)
        wait_until(lambda: get(g.port).status == 200, 5, 'another probe')
        # It goes on, as any other.
        slow.send('ody')
        assert slow.response().body == b'body'


def until_sent(g, origin, start, *parts):
    """The answer to a request that is let through, whose parts are sent a
    good second after one another."""
    with begin(g, origin, start) as w:
        for part in parts:
            time.sleep(1.2)
            began = time.monotonic()
            w.send(part)
        r = w.response()
        r.began = began
        return r


@pytest.mark.parametrize('words', SCOPES)
def test_long_uploads_close_it(gateway, upstream, script, words):
    o = upstream(lambda conn, _: conn.reply(503))
    g = gateway(guarded([o.port], scope(words) + SOON + 'failures = 1; '
                        'successes = 2;'), workers=2)
    assert get(g.port).status == 503
    for status in (200, 503, 200, 200):
        o.on('/slow', lambda conn, request, status=status: conn.reply(
            status, conn.request_body(request)), streamed=True)
        r = until_sent(g, o, UPLOAD + 'Content-Length: 4\r\n\r\nb', 'o', 'dy')
        assert r.status == status
        assert status == 200 or still_refused(g, r.began)
    # More at once than there are probes.
    o.default = script.h1
    script.hold()
    crowd = Crowd(g.port, 20)
    wait_until(lambda: script.now == 20 or crowd.answers, 10)
    script.go_on(200)
    assert counts(crowd.end()) == {200: 20}


@pytest.mark.parametrize('words', SCOPES)
@pytest.mark.parametrize('start, body', [
    ('Content-Length: 50000000\r\n', 40000000),
    ('Content-Length: 4\r\nExpect: 100-continue\r\n', 0)])
def test_who_takes_no_body_keeps_the_place(gateway, upstream, words, start,
                                           body):
    text = UPLOAD + start + '\r\n' + 'x' * body
    done = threading.Event()
    o = upstream(lambda conn, _: conn.reply(503))
    # It reads nothing of it at all.
    o.on('/slow', lambda conn, _: done.wait(120) and conn.reset(),
         streamed=True)
    g = gateway(guarded([o.port], scope(words) + SOON +
                        'failures = 1; probes = 1;'), workers=2)
    assert get(g.port).status == 503

    def begun():
        w = Wire(g.port)
        threading.Thread(target=send_whatever, args=(w, text),
                         daemon=True).start()
        if wait_until(lambda: select.select([w.sock], [], [], 0.2)[0] or
                      o.last.target == '/slow') is True:
            return w
        return end(w)
    w = wait_until(begun, 30, 'the end of its time')
    try:
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            assert was_refused(get(g.port))
            time.sleep(0.02)
    finally:
        done.set()
        end(w)


def send_whatever(wire, text):
    with contextlib.suppress(OSError):  # refused, or given up
        wire.send(text)


def end(wire):
    """Of one that another thread may still wait to send on."""
    with contextlib.suppress(OSError):
        wire.sock.shutdown(socket.SHUT_RDWR)
    wire.close()


# --- what it is of

@pytest.mark.parametrize('word', ['round_robin', 'least_connections',
                                  'random', 'p2c', 'hash'])
def test_the_other_endpoints_go_on(gateway, upstream, word):
    bad = upstream(lambda conn, _: conn.reply(503))
    good = upstream(lambda conn, _: conn.reply(200))
    g = gateway(guarded([bad.port, good.port],
                        scope('"endpoint"') + 'failures = 3;', ONCE +
                        f'balance = "{word}"; hash_key = "path";'), workers=4)
    got = counts(get(g.port, f'/{n}') for n in range(100))
    assert got == {503: 3, 200: 97}
    assert len(bad.requests) == 3


def test_an_open_one_is_not_used_in_a_panic(gateway, upstream):
    bad = [upstream(lambda conn, _: conn.reply(503)) for _ in range(4)]
    g = gateway(guarded([o.port for o in bad], scope('"endpoint"') +
                        'failures = 1;', ONCE + 'panic_threshold = 100;'))
    got = counts(get(g.port) for _ in range(20))
    assert got == {503: 4, 'open': 16}
    assert [len(o.requests) for o in bad] == [1] * 4


def test_a_backup_takes_over(gateway, upstream):
    bad = upstream(lambda conn, _: conn.reply(503))
    good = upstream(lambda conn, _: conn.reply(200))
    body = guarded([bad.port], scope('"endpoint"') + 'failures = 2;').replace(
        '; } )', f'; }}, {{ address = "127.0.0.1:{good.port}"; '
        'backup = true; } )', 1)
    g = gateway(body, workers=2)
    assert counts(get(g.port) for _ in range(10)) == {503: 2, 200: 8}


@pytest.mark.parametrize('word', ['round_robin', 'p2c'])
def test_an_endpoint_comes_back(gateway, upstream, script, word):
    good = upstream(lambda conn, _: conn.reply(200, b'good'))
    o = upstream(script.h1)
    g = gateway(guarded([good.port, o.port], scope('"endpoint"') + SOON +
                        'failures = 1; probes = 2;', ONCE +
                        f'balance = "{word}";'), workers=4)
    script.status = 503
    wait_until(lambda: get(g.port).status == 503, 10)
    script.hold()
    crowds = []
    # Meanwhile, and while its probes are out, the other one serves all.
    wait_until(lambda: crowds.append(Crowd(g.port, 1)) or script.total == 2)
    for _ in range(30):
        assert get(g.port).body == b'good'
    assert script.most == 2
    script.go_on(200)
    for c in crowds:
        assert counts(c.end()) == {200: 1}
    before = script.total
    wait_until(lambda: get(g.port).status == 200 and script.total > before + 5)


def test_a_retry_that_succeeds_is_a_success(gateway, upstream, script):
    bad = upstream(lambda conn, _: conn.reply(503))
    o = upstream(script.h1)
    g = gateway(guarded([bad.port, o.port], scope('"service"') +
                        'failures = 2;', 'retry = { base_delay = "0"; '
                        'attempts = 2; }; balance = "round_robin";'),
                workers=2)
    for _ in range(10):
        assert get(g.port).status == 200
    # Sent twice, and failed: it counts once.
    script.status = 503
    assert [get(g.port).status for _ in range(2)] == [503, 503]
    assert was_refused(get(g.port))


def test_it_is_not_tried_again_once_it_is_open(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port], scope('"endpoint"') +
                        'failures = 4;', 'retry = { base_delay = "0"; '
                        'attempts = 3; };'), workers=2)
    script.status = 503
    for total in (3, 4):
        assert get(g.port).body == b'upstream'
        assert script.total == total
    assert was_refused(get(g.port))


def test_who_leaves_before_a_retry_says_nothing(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port], scope('"service"') +
                        'failures = 1;', 'retry = { base_delay = "10s"; '
                        'jitter = false; };'), workers=2)
    script.status = 503
    with Wire(g.port) as w:
        w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
        wait_until(lambda: g.metric('upstream_requests_total'), 5)
        leave(w)
        wait_until(lambda: g.metric('requests_active') == 0, 5)
    script.status = 200
    assert get(g.port).status == 200


def test_emergencies_pass(gateway, upstream, script):
    routes = ('{ path = "/e"; service = "s"; priority = "emergency"; },'
              '{ path = "/p"; service = "s"; priority = "priority"; },'
              '{ path = "/*rest"; service = "s"; }')
    g = gateway(guarded([upstream(script.h1).port], 'failures = 2;',
                        routes=routes), workers=4)
    fail(g, script, 2)
    assert was_refused(get(g.port, '/p'))
    for status in [503, 200, 503, 200, 200, 200]:
        script.status = status
        r = get(g.port, '/e')
        assert (r.status, r.body) == (status, b'upstream')
    # They are no probes: it stays open for all others.
    assert was_refused(get(g.port)) and was_refused(get(g.port, '/p'))


def test_emergencies_rather_go_elsewhere(gateway, upstream, script):
    good = upstream(lambda conn, _: conn.reply(200, b'good'))
    routes = ('{ path = "/e"; service = "s"; priority = "emergency"; },'
              '{ path = "/*rest"; service = "s"; }')
    g = gateway(guarded([upstream(script.h1).port, good.port], 'failures = 1;'
                        + scope('"endpoint"'), routes=routes), workers=2)
    script.status = 503
    wait_until(lambda: get(g.port).status == 503, 10)
    for _ in range(30):
        assert get(g.port, '/e').body == b'good'
    assert script.total == 1


def test_a_service_of_emergencies_has_none(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port], 'failures = 1;',
                        ONCE + 'priority = "emergency";'), workers=2)
    script.status = 503
    for _ in range(10):
        assert get(g.port).body == b'upstream'


@pytest.mark.parametrize('keys', ['failures = 0;', 'scope = [ ];',
                                  'on = [ ];'])
def test_off(gateway, upstream, script, keys):
    g = gateway(guarded([upstream(script.h1).port], keys), workers=2)
    script.status = 503
    for _ in range(30):
        assert get(g.port).body == b'upstream'


# --- rates

def test_too_many_errors(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port], 'failures = 0; '
                        'error_rate = 0.5; minimum = 10; window = "1m";'),
                workers=4)
    for n in range(9):  # 5 of 9 have failed: more than the rate, but too few
        script.status = 200 if n % 2 else 503
        assert get(g.port).status == script.status
    fail(g, script, 1)


def test_errors_below_the_rate(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port], 'failures = 0; '
                        'error_rate = 0.5; minimum = 10; window = "1m";'),
                workers=4)
    for n in range(60):
        script.status = 200 if n % 5 else 503
        assert get(g.port).body == b'upstream'


def test_too_many_are_slow(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port], 'failures = 0; '
                        'slow = "50ms"; slow_rate = 0.5; minimum = 6; '
                        'window = "1m";'), workers=4)
    for n in range(6):
        script.delay = 0.1 if n % 2 else 0
        assert get(g.port).status == 200
    assert was_refused(get(g.port))


@pytest.mark.parametrize('words', SCOPES)
def test_a_slow_client_is_not_a_slow_service(gateway, upstream, words):
    o = upstream(lambda conn, _: conn.reply(200))
    g = gateway(guarded([o.port], scope(words) + 'failures = 0; '
                        'slow = "2s"; slow_rate = 0.1; minimum = 1;'))
    with Wire(g.port) as w:
        w.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nb')
        time.sleep(2.5)
        w.send('ody')
        assert w.response().status == 200
    assert get(g.port).status == 200


@pytest.mark.parametrize('words', SCOPES)
def test_the_way_to_a_retry_is_not_slow(gateway, upstream, words):
    answers = [503, 200, 200]
    o = upstream(lambda conn, _: conn.reply(answers.pop(0)))
    g = gateway(guarded([o.port], scope(words) + 'failures = 0; '
                        'slow = "2s"; slow_rate = 0.1; minimum = 1;',
                        'retry = { base_delay = "2500ms"; jitter = false; };'))
    for _ in range(2):
        assert get(g.port).status == 200
    assert not answers


# --- what is a failure

def reset_at_once(conn, _):
    conn.reset()


def reset_within(conn, _):
    conn.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome')
    conn.reset()


def broken(conn, _):
    conn.send('nothing like it\r\n\r\n')


def silent(conn, _):
    conn.sock.recv(1)


def stalled(conn, _):
    conn.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome')
    conn.sock.recv(1)


FAILURES = [('reset', reset_at_once), ('reset', reset_within),
            ('broken', broken), ('timeout', silent), ('timeout', stalled),
            ('502', lambda conn, _: conn.reply(502)),
            ('503', lambda conn, _: conn.reply(503)),
            ('504', lambda conn, _: conn.reply(504))]
SHORT = ONCE + 'timeouts = { response = "100ms"; };'


def ask_whatever(g):
    try:
        return get(g.port)
    except Exception:  # cut within the answer
        return None


@pytest.mark.parametrize('words', ['"endpoint"', '"service"'])
@pytest.mark.parametrize('handler', [h for _, h in FAILURES])
def test_failures(gateway, upstream, words, handler):
    o = upstream(handler)
    g = gateway(guarded([o.port], scope(words) + 'failures = 3;', SHORT),
                workers=2)
    for _ in range(3):
        r = ask_whatever(g)
        assert r is None or not was_refused(r)
    wait_until(lambda: was_refused(get(g.port)), 5)
    # One that is late itself may read them after the answers.
    wait_until(lambda: len(o.requests) >= 3, 5, 'the requests')
    assert len(o.requests) == 3


@pytest.mark.parametrize('words', ['"endpoint"', '"service"'])
@pytest.mark.parametrize('word, handler', FAILURES)
def test_what_is_not_listed_is_none(gateway, upstream, words, word, handler):
    o = upstream(handler)
    others = ', '.join(f'"{w}"' for w in ('connect', 'reset', 'timeout',
                                          'broken', '502', '503', '504')
                       if w != word)
    g = gateway(guarded([o.port], scope(words) +
                        f'failures = 1; on = [ {others} ];',
                        SHORT if word == 'timeout' else ONCE))
    for n in range(4):
        r = ask_whatever(g)
        assert r is None or not was_refused(r)
        # One that is late itself may read it after the answer.
        wait_until(lambda: len(o.requests) > n, 5, 'the request')
        assert len(o.requests) == n + 1


def test_nobody_listens(gateway, upstream):
    o = upstream()
    o.close()
    g = gateway(guarded([o.port], 'failures = 3;'), workers=2)
    for _ in range(3):
        assert get(g.port).status == 502
    assert was_refused(get(g.port))


@pytest.mark.parametrize('status', [500, 501, 404, 429])
def test_other_statuses_are_none(gateway, upstream, script, status):
    g = gateway(guarded([upstream(script.h1).port], 'failures = 1;'))
    script.status = status
    for _ in range(10):
        assert get(g.port).status == status


def test_listed_statuses(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port], 'failures = 1; '
                        'on = [ "429", "500-502" ];'))
    for status in (404, 499, 503, 504):
        script.status = status
        assert get(g.port).status == status
    fail(g, script, 1, 429)


def test_a_stale_connection_is_none(gateway, upstream, script):
    o = upstream(script.h1)
    g = gateway(guarded([o.port], 'failures = 1;'))
    for _ in range(10):
        assert get(g.port).status == 200
        o.drop()
    assert o.connections >= 2


def tired(conn, request):
    conn.sock.settimeout(0.1)
    conn.request_body(request)


@pytest.mark.parametrize('words', ['"endpoint"', '"service"'])
def test_a_client_that_stalls_is_none(gateway, upstream, words):
    o = upstream(lambda conn, _: conn.reply(200))
    o.on('/slow', tired, streamed=True)
    g = gateway(guarded([o.port], scope(words) + 'failures = 1;'))
    for _ in range(3):
        with Wire(g.port) as w:
            w.send('POST /slow HTTP/1.1\r\nHost: t\r\n'
                   'Content-Length: 4\r\n\r\nb')
            assert w.response().status == 502
        assert get(g.port).status == 200


@pytest.mark.parametrize('words', ['"endpoint"', '"service"'])
def test_a_client_that_stalls_on_a_stream_is_none(gateway, h2upstream, words):
    o = h2upstream(lambda x: x.reply(200))
    o.on('/slow', lambda x: x.part() and x.cancel(), streamed=True)
    g = gateway(guarded([o.port], scope(words) + 'failures = 1;',
                        ONCE + 'protocol = "h2";'))
    for _ in range(3):
        with Wire(g.port) as w:
            w.send('POST /slow HTTP/1.1\r\nHost: t\r\n'
                   'Content-Length: 4\r\n\r\nb')
            assert w.response().status == 502
        assert get(g.port).status == 200


def test_no_room_is_none(gateway, upstream, script):
    o = upstream(script.h1)
    g = gateway(guarded([o.port], 'failures = 1;', ONCE +
                        'pool = { max_connections = 1; };'))
    script.hold()
    crowd = Crowd(g.port, 1)
    wait_until(lambda: script.now == 1, 5)
    r = get(g.port)
    assert r.status == 503 and not was_refused(r)
    script.go_on()
    assert counts(crowd.end()) == {200: 1}
    assert get(g.port).status == 200


@pytest.mark.parametrize('words', ['"endpoint"', '"service"'])
def test_a_switch_is_a_success(gateway, upstream, words):
    o = upstream(lambda conn, _: conn.reply(503))
    g = gateway(guarded([o.port], scope(words) + SOON +
                        'failures = 1; probes = 1;'), workers=2)
    began = time.monotonic()
    assert get(g.port).status == 503
    assert still_refused(g, began)
    o.default = ws.echo

    def switched():
        w = ws.WebSocket(g.port)
        return w if w.answer.status == 101 else w.close()
    with wait_until(switched, 10, 'a tunnel'):
        o.default = lambda conn, _: conn.reply(200)
        assert get(g.port).status == 200


# --- it lasts

def test_a_killed_worker_gives_its_probes_back(gateway, upstream, script):
    g = gateway(guarded([upstream(script.h1).port], SOON + 'failures = 1;'),
                workers=2, allow=['was killed by signal'])
    fail(g, script, 1)
    first = wait_due(g, script)
    crowd = Crowd(g.port, 12)
    crowd.wait_answers(10)
    wait_until(lambda: script.total >= 3, 5, 'the probes')
    assert script.total == 3
    for pid in g.worker_pids:
        os.kill(pid, signal.SIGKILL)
        g.wait_successor('worker', pid)
    first.end()
    crowd.end()
    script.go_on(503)
    wait_until(lambda: script.now == 0, 5)
    # It is still half-open, with room for as many.
    script.hold()
    crowd = Crowd(g.port, 12)
    crowd.wait_answers(9)
    wait_until(lambda: script.total >= 3, 5, 'the probes')
    assert script.total == 3
    script.release(200, 200, 200)
    assert counts(crowd.end()) == {200: 3, 'open': 9}
    script.go_on(200)
    assert counts(Crowd(g.port, 20).end()) == {200: 20}


def test_it_outlives_reloads_and_processes(gateway, upstream, script):
    o = upstream(script.h1)
    g = gateway(guarded([o.port], 'failures = 2;'), workers=2,
                allow=['was killed by signal'])
    fail(g, script, 2)
    g.reload(guarded([o.port], 'failures = 2; probes = 2;'))
    assert was_refused(get(g.port))
    g.kill([g.master_pid])
    for pid in g.worker_pids:
        g.kill([pid])
        g.wait_successor('worker', pid)
    g.wait_ready()
    assert was_refused(get(g.port))
    assert script.total == 2


def test_a_reload_turns_it_off(gateway, upstream, script):
    o = upstream(script.h1)
    g = gateway(guarded([o.port], 'failures = 1;'), workers=2)
    fail(g, script, 1)
    script.go_on(200)
    g.reload(guarded([o.port], 'failures = 0;'))
    for _ in range(5):
        assert get(g.port).status == 200
    # What was known then is forgotten.
    g.reload(guarded([o.port], 'failures = 1;'))
    for _ in range(5):
        assert get(g.port).status == 200


# --- other origins

@pytest.mark.parametrize('words', SCOPES)
def test_http2(gateway, h2upstream, script, words):
    o = h2upstream(script.h2)
    g = gateway(guarded([o.port], scope(words) + SOON + 'failures = 3;',
                        ONCE + 'protocol = "h2";'), workers=4)
    fail(g, script, 3)
    first = wait_due(g, script)
    crowd = Crowd(g.port, 20)
    crowd.wait_answers(18)
    wait_until(lambda: script.total >= 3, 5, 'the probes')
    assert script.total == script.most == 3
    script.release(200, 200, 200)
    assert counts(crowd.end() + first.end()) == {'open': 18, 200: 3}
    script.go_on(200)
    assert counts(Crowd(g.port, 20).end()) == {200: 20}


def test_http2_streams_that_are_reset(gateway, h2upstream):
    o = h2upstream(lambda x: x.cancel())
    g = gateway(guarded([o.port], 'failures = 3;', ONCE +
                        'protocol = "h2";'))
    for _ in range(3):
        assert get(g.port).status == 502
    assert was_refused(get(g.port))


def test_grpc_that_is_unavailable(gateway, h2upstream):
    def answer(x):
        x.body()
        x.head(200, [('content-type', 'application/grpc'),
                     ('grpc-status', '14')], end=True)
    o = h2upstream(answer)
    g = gateway(guarded([o.port], 'failures = 3;', ONCE +
                        'protocol = "h2";'))
    for _ in range(3):
        assert get(g.port).status == 200
    assert was_refused(get(g.port))


def test_clients_of_grpc_are_told_for_how_long(gateway):
    port = free_port()
    gateway('listeners = ( { address = "127.0.0.1:'
            f'{port}"; protocols = "h2"; }} );\n' +
            guarded([free_port()], 'failures = 1; open = "60s";', ONCE +
                    'protocol = "h2";'), workers=1)
    with h2wire.Client(port) as c:
        heads = [dict(c.ask('/t.T/x', 'POST', [
            ('content-type', 'application/grpc'), ('te', 'trailers')],
            body=b'').headers) for _ in range(2)]
    assert [h['grpc-status'] for h in heads] == ['14', '14']
    assert 'retry-after' not in heads[0]
    assert 50 <= int(heads[1]['retry-after']) <= 60


def test_who_is_asked_about_credentials(gateway, upstream, script):
    door = upstream(script.h1)
    here = upstream()
    body = (f'services = {{ s = {{ endpoints = ( {{ address = '
            f'"127.0.0.1:{here.port}"; }} ); }};\n'
            f'door = {{ endpoints = ( {{ address = "127.0.0.1:{door.port}"; }}'
            ' ); breaker = { failures = 2; open = "4s"; probes = 1; }; }; };\n'
            'authenticators = { a = { type = "forward"; service = "door"; '
            'path = "/"; }; };\n'
            'routes = ( { path = "/*rest"; service = "s"; '
            'authenticate = "a"; } );\n')
    g = gateway(body, workers=2)

    def asked(n):
        return get(g.port, headers=[('Authorization', f'Bearer {n}')])
    script.status = 503
    statuses = [asked(n).status for n in range(6)]
    assert script.total == 2 and set(statuses) == {503}
    script.go_on(200)
    wait_until(lambda: asked(9).status == 200, 10)
