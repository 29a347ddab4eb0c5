"""Client connections at their edges: slow readers, half-closed sides, answers
that are queued while something ends."""
import os
import signal
import socket
import threading
import time

import pytest

from conf import NO_BREAKER, proxy
from gateway import SANITIZED, Watch, free_port, freeze, rss_kb, wait_until
from wire import Cut, Wire

FILLER = 'f' * 30000
OWN = f'{{ path = "/own/:n"; respond = {{ body = "{{n}} {FILLER}"; }}; }}'
RCVBUF = 4096


@pytest.fixture(scope='module')
def pair(shared_house):
    origin = shared_house.origin()
    routes = OWN + ', { path = "/*rest"; service = "s"; }'
    return shared_house.gateway(
        proxy(origin.port, extra=NO_BREAKER, routes=routes)), origin


def kernel_room():
    """Bytes that a peer can send to one that does not read."""
    with socket.create_server(('127.0.0.1', 0)) as listening:
        with Wire(listening.getsockname()[1], rcvbuf=RCVBUF):
            sock, _ = listening.accept()
            sock.setblocking(False)
            sent = 0
            try:
                while True:
                    sent += sock.send(FILLER.encode())
            except BlockingIOError:
                sock.close()
                return sent


def spread():
    """Numbers of answers; some connections will block in the last of them."""
    most = kernel_room() // len(FILLER)
    return range(max(1, most - 3), most + 4)


def request(path, extra='', method='GET'):
    return f'{method} {path} HTTP/1.1\r\nHost: t\r\n{extra}\r\n'


def expect_own(wire, numbers):
    for i in numbers:
        assert wire.response().body == f'{i} {FILLER}'.encode(), i


def all_at_once(run, arguments):
    """run(argument) in a thread for each; the first error is raised."""
    errors = []

    def guarded(argument):
        try:
            run(argument)
        except BaseException as error:  # pylint: disable=broad-except
            errors.append((argument, error))
    threads = [threading.Thread(target=guarded, args=(a,)) for a in arguments]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors, errors


def test_a_slow_reader_gets_the_last_answer(pair):
    g, _ = pair

    def run(count):
        with Wire(g.port, rcvbuf=RCVBUF) as w:
            w.send(''.join(request(f'/own/{i}') for i in range(count)) +
                   request('/own/last', 'Connection: close\r\n'))
            time.sleep(3)  # longer than the linger time
            expect_own(w, [*range(count), 'last'])
            assert w.closed()
    all_at_once(run, spread())


def test_a_half_closed_slow_reader_gets_all(pair):
    g, origin = pair
    # The end has come before the others are looked at.
    origin.on('/late', lambda conn, _: (time.sleep(0.3), conn.reply()))

    def run(count):
        with Wire(g.port, rcvbuf=RCVBUF) as w:
            w.send(request('/late') +
                   ''.join(request(f'/own/{i}') for i in range(count)))
            w.sock.shutdown(socket.SHUT_WR)
            time.sleep(0.6)
            assert w.response().status == 200
            expect_own(w, range(count))
            assert w.closed()
    all_at_once(run, spread())


def test_pipelined_answers_wait_for_the_reader(pair):
    g, _ = pair
    count = 400
    with Wire(g.port, rcvbuf=RCVBUF, timeout=60) as w:
        before = rss_kb(g.worker_pids[0])
        w.send(''.join(request(f'/own/{i}') for i in range(count)))
        time.sleep(0.5)
        grown = rss_kb(g.worker_pids[0]) - before
        assert SANITIZED or grown < 3000
        expect_own(w, range(count))


@pytest.mark.parametrize('rest', [
    'GET /never', request('/never', 'Content-Length: 9\r\n', 'POST') + 'half'])
def test_half_closed_within_the_next_request(pair, rest):
    g, _ = pair
    with Wire(g.port) as w:
        w.send(request('/first') + rest)
        w.sock.shutdown(socket.SHUT_WR)
        start = Watch()
        assert w.response().status == 200
        assert w.closed()
        assert start.within(0, 3)


def test_answers_before_a_cut_one_arrive(pair):
    g, origin = pair

    def cut(conn, _):
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
        conn.end()
    origin.on('/cut', cut)

    def run(count):
        with Wire(g.port, rcvbuf=RCVBUF) as w:
            w.send(''.join(request(f'/own/{i}') for i in range(count)) +
                   request('/cut') + request('/never'))
            time.sleep(0.5)
            w.send(request('/never'))
            time.sleep(0.2)
            expect_own(w, range(count))
            with pytest.raises(Cut):
                w.response()
    all_at_once(run, spread())


@pytest.mark.parametrize('framing', ['Content-Length: 0',
                                     'Transfer-Encoding: chunked'])
def test_an_empty_body_ends_in_a_second_try_too(pair, framing):
    g, origin = pair
    seen = []

    def once(conn, _):
        seen.append(conn.number)
        if len(seen) == 1:
            conn.end()
        else:
            conn.reply()
    origin.on('/once', once)
    with Wire(g.port) as w:
        assert w.ask('/').status == 200  # a connection is in the pool now
        w.send(request('/once', framing + '\r\n', 'PUT'))
        if 'chunked' in framing:
            wait_until(lambda: seen or time.sleep(0.1) is None, 1, 'the head')
            w.send('0\r\n\r\n')
        assert w.response().status == 200
    assert len(seen) == 2


def test_an_empty_body_leaves_the_connection_usable(gateway, upstream):
    origin = upstream()
    g = gateway(proxy(origin.port))
    with Wire(g.port) as w:
        for _ in range(3):
            assert w.ask('/', 'POST', body=b'').status == 200
    assert origin.connections == 1


def test_only_second_tries_are_counted(gateway):
    g = gateway(proxy(free_port(), extra='retry = { attempts = 1; };'))
    with Wire(g.port) as w:
        assert w.ask().status == 502
    assert g.metric('upstream_retries_total') == 0


@pytest.mark.parametrize('path', ['/own/1', '/late'])
def test_a_stop_waits_for_queued_answers_only(gateway, upstream, path):
    """Kept connections end with the answer that was on its way."""
    origin = upstream()
    release = threading.Event()

    def late(conn, _):
        conn.send(f'HTTP/1.1 200 OK\r\nContent-Length: {len(FILLER)}\r\n\r\n')
        release.wait(120)
        conn.send(FILLER)
    origin.on('/late', late)
    g = gateway(proxy(origin.port, routes=(
        OWN + ', { path = "/*rest"; service = "s"; }')))
    counts = spread()
    wires = [Wire(g.port, rcvbuf=RCVBUF) for _ in counts]
    for count, w in zip(counts, wires):
        w.send(request('/own/1') * (count - 1) + request(path))
    for w in wires:  # all that it asks has been read
        w.sock.recv(1, socket.MSG_PEEK)
    time.sleep(0.5)
    g.send(signal.SIGTERM)
    start = Watch()
    wait_until(lambda: 'draining' in g.log_text() or
               g.admin_status('/readyz') != 200, 5, 'the drain')
    release.set()

    def run(argument):
        count, w = argument
        for _ in range(count):
            r = w.response()
            assert r.body.endswith(FILLER.encode())
            if r.get('Connection') == 'close':
                break
        assert w.closed()
        w.close()
    all_at_once(run, zip(counts, wires))
    assert g.proc.wait(60) == 0
    assert start.within(0, 8)


def test_sending_does_not_renew_the_send_timeout(gateway, upstream):
    size = 2 * kernel_room()
    origin = upstream(lambda conn, _: conn.reply(body=b'x' * size))
    g = gateway(proxy(origin.port), top='timeouts = { send = "600ms"; };')
    with Wire(g.port, rcvbuf=RCVBUF) as w:
        start = Watch()
        w.send(request('/'))
        with pytest.raises(OSError):
            for byte in request('/next', 'X: ' + 'y' * 100):
                w.send(byte)
                time.sleep(0.1)
        assert start.within(0.5, 5)


def test_a_surplus_answer_is_nobodys(gateway, upstream):
    """It comes on an idle connection, in the same turn as the next request,
    and is not taken for that one's answer."""
    origin = upstream(lambda c, q: c.reply(200, 'own'))
    g = gateway(proxy(origin.port))
    with Wire(g.port) as w:
        assert w.ask().body == b'own'
        worker = g.worker_pids[0]
        freeze(worker)
        w.send('GET /next HTTP/1.1\r\nHost: t\r\n\r\n')
        origin.live[0].reply(200, 'surplus')
        os.kill(worker, signal.SIGCONT)
        assert w.response().body == b'own'
        assert origin.requests[-1].target == '/next'
    assert origin.connections == 2


def expect(w, length=2):
    w.send('POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n'
           f'Content-Length: {length}\r\n\r\n')


def test_an_upstream_that_never_says_continue(gateway, upstream):
    """It is the upstream that is late, not the client that waits for it."""
    origin = upstream()
    origin.on('/', lambda c, q: c.more(), streamed=True)
    g = gateway(proxy(origin.port),
                top='timeouts = { body = "200ms"; response = "600ms"; };')
    with Wire(g.port) as w:
        expect(w)
        r = w.response()
        assert r.status == 504 and b'response_timeout' in r.body


def test_continued_bodies_have_their_own_time(gateway, upstream):
    """Once told to go on, the client has timeouts.body; the answer's time
    begins after the body."""
    def handler(conn, request):
        time.sleep(2.2)
        conn.send('HTTP/1.1 100 Continue\r\n\r\n')
        body = conn.request_body(request)
        time.sleep(2.2)
        conn.reply(200, body)
    origin = upstream()
    origin.on('/', handler, streamed=True)
    g = gateway(proxy(origin.port),
                top='timeouts = { body = "3s"; response = "4s"; };')
    with Wire(g.port) as w:
        expect(w)
        assert w.response().status == 100
        time.sleep(1)
        w.send('hi')
        r = w.response()
        assert r.status == 200 and r.body == b'hi', r
    with Wire(g.port) as w:
        expect(w)
        assert w.response().status == 100
        r = w.response()
        assert r.status == 408 and b'body_timeout' in r.body
