"""What the gateway answers by itself, and when it cuts."""
import json
import select
import socket
import time

import pytest

from conf import NO_BREAKER, proxy
from gateway import Watch, free_port, wait_until
from wire import Cut, Wire, get, raw

MEMBERS = {'type', 'title', 'status', 'detail', 'instance', 'error_code',
           'message', 'error', 'details', 'request_id', 'timestamp'}
LIMITS = ('limits = { request_head = "2k"; headers = 20; uri = "256"; '
          'request_body = "1k"; };\n')


def problem(r, status, code, word):
    assert r.status == status, r
    assert r.get('Content-Type') == 'application/problem+json'
    document = json.loads(r.body)
    assert set(document) >= MEMBERS
    assert document['status'] == status
    assert document['error_code'] == code
    assert document['error'] == word
    assert document['request_id'] == r.get('X-Request-ID')
    return document


@pytest.fixture(scope='module')
def small(shared_house):
    """Small limits before a scripted origin."""
    origin = shared_house.origin()
    g = shared_house.gateway(proxy(origin.port, extra=NO_BREAKER), top=LIMITS)
    return g, origin


@pytest.fixture
def hasty(gateway, upstream):
    """hasty('body', '400ms') is a gateway that waits so long for that alone,
    since whoever is kept waiting by the machine is late for everything."""
    def make(what, limit):
        origin = upstream()
        g = gateway(proxy(origin.port, extra=NO_BREAKER),
                    top=f'timeouts = {{ {what} = "{limit}"; }};\n')
        return g, origin
    return make


def test_no_route(gateway, upstream):
    g = gateway(proxy(upstream().port,
                      routes='{ path = "/only"; service = "s"; }'))
    document = problem(get(g.port, '/other?secret=1'), 404, 'VAL_004',
                       'no_route')
    assert document['instance'] == '/other'


def test_method_not_allowed(gateway, upstream):
    g = gateway(proxy(upstream().port, routes=(
        '{ path = "/r"; methods = [ "GET", "PUT" ]; service = "s"; }')))
    r = get(g.port, '/r', 'DELETE')
    problem(r, 405, 'VAL_005', 'method_not_allowed')
    assert {'GET', 'PUT'} <= set(r.get('Allow').split(', '))


def test_error_to_head_has_no_body(small):
    g, _ = small
    with Wire(g.port) as w:
        r = w.ask('/' + 'x' * 300, 'HEAD')
        assert r.status == 414 and r.body == b''


def test_all_endpoints_refuse(gateway):
    g = gateway(proxy(free_port(), free_port()))
    problem(get(g.port), 502, 'SVC_002', 'connect_failed')
    assert g.metric('replies_total', why='connect_failed') == 1


def test_another_endpoint_when_one_refuses(gateway, upstream):
    g = gateway(proxy(free_port(), upstream().port))
    with Wire(g.port) as w:
        assert [w.ask().status for _ in range(10)] == [200] * 10


def test_a_body_also_goes_to_the_other(gateway, upstream):
    origin = upstream()
    g = gateway(proxy(free_port(), origin.port))
    for i in range(4):
        body = b'%d' % i * 50000
        assert get(g.port, '/', 'POST', body=body).status == 200
        assert origin.last.body == body


def test_stale_pooled_connection_is_noticed(gateway, upstream):
    origin = upstream()
    g = gateway(proxy(origin.port))
    with Wire(g.port) as w:
        for _ in range(10):
            assert w.ask().status == 200
            origin.drop()
            assert w.ask().status == 200


def test_response_timeout(hasty):
    g, origin = hasty('response', '400ms')
    origin.on('/hang', lambda c, q: time.sleep(5))
    start = Watch()
    problem(get(g.port, '/hang'), 504, 'SVC_004', 'response_timeout')
    assert start.within(0.35, 4)


def test_connect_timeout(gateway):
    # A listening socket whose accept queue is full takes no connection.
    with socket.socket() as deaf:
        deaf.bind(('127.0.0.1', 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for s in fillers:
            s.setblocking(False)
            s.connect_ex(('127.0.0.1', port))
        g = gateway(proxy(port), top='timeouts = { connect = "300ms"; };\n')
        problem(get(g.port), 504, 'SVC_003', 'connect_timeout')
        for s in fillers:
            s.close()


def test_route_timeout_overrides(gateway, upstream):
    origin = upstream()
    origin.on('/a', lambda c, q: (time.sleep(0.7), c.reply()))
    origin.on('/b', lambda c, q: (time.sleep(0.7), c.reply()))
    g = gateway(proxy(origin.port, routes=(
        '{ path = "/a"; service = "s"; timeouts = { response = "200ms"; }; },'
        '{ path = "/b"; service = "s"; }'),
        extra='timeouts = { response = "5s"; };'))
    assert get(g.port, '/a').status == 504
    assert get(g.port, '/b').status == 200


def test_answer_that_stalls_is_cut(hasty):
    g, origin = hasty('response', '400ms')
    origin.on('/stall', lambda c, q: (
        c.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
        time.sleep(5)))
    with Wire(g.port) as w, pytest.raises((Cut, ConnectionResetError)):
        w.ask('/stall')


def test_answer_in_chunks_that_ends_early_is_cut(small):
    g, origin = small
    origin.on('/early', lambda c, q: (
        c.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
               '3\r\nabc\r\n'), c.end()))
    with Wire(g.port) as w, pytest.raises((Cut, ConnectionResetError)):
        w.ask('/early')


@pytest.mark.parametrize('answer', [
    b'HTP/1.1 200 OK\r\n\r\n', b'HTTP/1.1 20 OK\r\n\r\n', b'garbage\r\n\r\n',
    b'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na',
    b'HTTP/1.1 200 OK\r\nBad Name: 1\r\n\r\n'])
def test_bad_answer(small, answer):
    g, origin = small
    origin.on('/bad', lambda c, q: c.send(answer))
    problem(get(g.port, '/bad'), 502, 'SVC_006', 'bad_response')


def test_closed_without_an_answer(small):
    g, origin = small
    origin.on('/shut', lambda c, q: c.end())
    problem(get(g.port, '/shut', 'POST', body=b'x'), 502, 'SVC_005',
            'upstream_closed')


def test_head_timeout(hasty):
    g, _ = hasty('head', '400ms')
    with Wire(g.port) as w:
        w.send('GET / HTTP/1.1\r\nHost:')
        problem(w.response(), 408, 'VAL_006', 'head_timeout')
        assert w.closed()


def test_head_timeout_is_a_total(hasty):
    g, _ = hasty('head', '400ms')
    start = Watch()
    with Wire(g.port) as w:
        w.send('GET / HTTP/1.1\r\n')
        while not select.select([w.sock], [], [], 0.05)[0]:
            assert start.within(0, 2)
            w.send('X: y\r\n')
        assert w.response().status == 408


def test_body_timeout(hasty):
    g, _ = hasty('body', '400ms')
    with Wire(g.port) as w:
        w.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc')
        problem(w.response(), 408, 'VAL_006', 'body_timeout')
        assert w.closed()


def test_a_slow_body_that_makes_progress_passes(hasty):
    g, origin = hasty('body', '2s')
    with Wire(g.port) as w:
        w.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 8\r\n\r\n')
        for byte in 'slow-one':
            w.send(byte)
            time.sleep(0.4)
        assert w.response().status == 200
    assert origin.last.body == b'slow-one'


def test_idle_connection_is_closed_silently(hasty):
    g, _ = hasty('idle', '700ms')
    with Wire(g.port) as w:
        start = Watch()
        assert w.ask().status == 200
        assert w.closed()
        assert start.within(0.5, 5)


def test_uri_too_long(small):
    g, _ = small
    problem(get(g.port, '/' + 'x' * 256), 414, 'VAL_008', 'uri_too_long')
    assert get(g.port, '/' + 'x' * 200).status == 200


def test_head_too_large(small):
    g, _ = small
    problem(get(g.port, headers=[('X-Big', 'x' * 2048)]), 431, 'VAL_010',
            'head_too_large')


def test_too_many_fields(small):
    g, _ = small
    many = [(f'X-{i}', '1') for i in range(25)]
    problem(get(g.port, headers=many), 431, 'VAL_010', 'head_too_large')


def test_body_too_large_by_length(small):
    g, origin = small
    before = len(origin.requests)
    r = raw(g.port, 'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2000\r\n\r\n')
    problem(r, 413, 'VAL_007', 'body_too_large')
    assert len(origin.requests) == before


def test_body_too_large_in_chunks(small):
    g, _ = small
    r = raw(g.port, 'POST / HTTP/1.1\r\nHost: t\r\n'
            'Transfer-Encoding: chunked\r\n\r\n'
            '400\r\n' + 'x' * 0x400 + '\r\n400\r\n' + 'x' * 0x400 + '\r\n')
    problem(r, 413, 'VAL_007', 'body_too_large')


@pytest.mark.parametrize('data', [
    'GET\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', 'G@T / HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n',
    'GET / HTTP/1.1\r\nHost : t\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: t\r\nX: a\r\n b\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: t\r\nX: a\x00b\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n'
    'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: +1\r\n\r\na',
    'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n'
    'Content-Length: 2\r\n\r\na',
    'POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n'])
def test_bad_requests(small, data):
    g, origin = small
    before = len(origin.requests)
    with Wire(g.port) as w:
        w.send(data)
        r = w.response()
        assert r.status in (400, 501), r
        assert json.loads(r.body)['error_code'].startswith('VAL_')
        assert w.closed()
    assert len(origin.requests) == before


def test_bad_version(small):
    g, _ = small
    problem(raw(g.port, 'GET / HTTP/3.0\r\nHost: t\r\n\r\n'), 505, 'VAL_012',
            'bad_version')


def test_connect_is_not_served(small):
    g, _ = small
    r = raw(g.port, 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')
    problem(r, 501, 'VAL_011', 'not_implemented')


def test_client_that_leaves_ends_the_call(small):
    g, origin = small
    ended = []

    def endless(conn, _):
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n')
        try:
            while True:
                conn.send(b'x' * 65536)
        except OSError:
            ended.append(True)
            raise
    origin.on('/endless', endless)
    with Wire(g.port) as w:
        w.send('GET /endless HTTP/1.1\r\nHost: t\r\n\r\n')
        w.until(b'\r\n\r\n')
    wait_until(lambda: ended, 5, 'the end of the call')
    assert get(g.port).status == 200


def test_gateway_survives_it_all(small):
    g, _ = small
    assert g.metric('worker_restarts_total') == 0
    assert get(g.port).status == 200
