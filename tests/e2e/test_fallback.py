"""The service's `fallback`: what answers instead of one that cannot."""
import base64
import json
import os
import signal
import socket
import threading
import time

import pytest

import h2wire
from gateway import free_port, wait_until
from granted import key_set
from origin import field
from wire import Cut, Wire, get

KEPT = ('respond = { status = 203; body = "kept for {route} of {service}"; '
        'content_type = "text/x"; };')
SMALL = b'0123456789' * 6000


def group(name, ports, extra=''):
    ends = ', '.join(f'{{ address = "127.0.0.1:{p}"; }}' for p in ports)
    return f'{name} = {{ endpoints = ( {ends} ); {extra} }};\n'


ONCE = 'retry = { attempts = 1; }; '
FREE = 'breaker = { failures = 0; }; '


def conf(port, fallback, other=None, first=ONCE + FREE, second=ONCE + FREE,
         route='', top=''):
    """Service "a" at `port`, which falls back; perhaps to "b"."""
    services = group('a', [port], f'{first} fallback = {{ {fallback} }};')
    if other is not None:
        services += group('b', [other], second)
    return (f'{top}services = {{ {services} }};\n'
            f'routes = ( {{ name = "r"; path = "/*rest"; service = "a"; '
            f'{route} }} );\n')


def to_b(port, other, on='', **kw):
    return conf(port, f'service = "b"; {on}', other, **kw)


def answering(status, body=b'not now', headers=()):
    return lambda conn, _: conn.reply(status, body, headers)


def seen(r):
    return json.loads(r.body)


# --- an answer

@pytest.mark.parametrize('failure', ['refused', 'reset', 'silent', 'broken'])
def test_an_answer_is_kept(gateway, upstream, failure):
    ways = {'reset': lambda c, _: c.reset(),
            'silent': lambda c, _: time.sleep(2),
            'broken': lambda c, _: c.send('nonsense\r\n\r\n')}
    port = free_port() if failure == 'refused' else \
        upstream(ways[failure]).port
    g = gateway(conf(port, KEPT, first=ONCE + FREE +
                     'timeouts = { response = "200ms"; };'))
    with Wire(g.port) as w:
        for method, body in (('GET', None), ('POST', b'some')):
            r = get(g.port, '/x', method, body=body)
            assert (r.status, r.body) == (203, b'kept for r of a')
            assert r.get('Content-Type') == 'text/x'
            assert r.get('X-Request-ID') and r.get('Retry-After') is None
        w.send('HEAD /x HTTP/1.1\r\nHost: t\r\n\r\n')
        r = w.response('HEAD')
        assert r.status == 203 and r.get('Content-Length') == '15'
        assert w.ask('/y').status == 203
    assert g.metric('replies_total', why='fallback') == 4
    assert g.metric('replies_total') == 4


def test_answers_of_the_service_are_its_own(gateway, upstream):
    origin = upstream(answering(503, b'mine'))
    g = gateway(conf(origin.port, KEPT))
    assert get(g.port).body == b'mine'
    assert g.metric('replies_total') == 0


def test_unless_they_are_listed(gateway, upstream):
    origin = upstream(answering(503))
    origin.on('/404', answering(404, b'mine'))
    origin.on('/500', answering(500, b'x' * 1000000))
    g = gateway(conf(origin.port, KEPT + 'on = [ "500-503" ];'))
    with Wire(g.port) as w:
        assert w.ask('/').body == b'kept for r of a'
        assert w.ask('/404').body == b'mine'
        assert w.ask('/500').body == b'kept for r of a'
        assert w.ask('/', 'POST', body=b'x').status == 203
    # A short one is read, so that its connection is kept.
    assert origin.connections == 2


def test_an_upload_that_nobody_reads(gateway):
    g = gateway(conf(free_port(), KEPT))
    with Wire(g.port) as w:
        w.send('PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 999999\r\n\r\n')
        w.send(b'x' * 1000)
        r = w.response()
        assert r.status == 203 and r.get('Connection') == 'close'


def test_filters_see_it(gateway):
    g = gateway(conf(
        free_port(), KEPT,
        top='cors = { c = { origins = [ "https://x.example" ]; }; };\n'
        'security_headers = { csp = "x"; };\n',
        route='cors = "c"; response_headers = ( { add = "X-Of"; '
        'value = "{service}"; } );'))
    r = get(g.port, '/', headers=[('Origin', 'https://x.example')])
    assert r.status == 203 and r.get('X-Of') == 'a'
    assert r.get('Access-Control-Allow-Origin') == 'https://x.example'
    assert r.get('Content-Security-Policy') == 'x'


@pytest.mark.parametrize('status, after', [(503, '1'), (203, None)])
def test_who_is_sent_away_is_told_for_how_long(gateway, status, after):
    g = gateway(conf(free_port(), KEPT.replace('203', str(status))))
    r = get(g.port)
    assert (r.status, r.get('Retry-After')) == (status, after)


def test_the_connection_is_kept(gateway, upstream):
    """The rest of the answer that is not wanted is read, and soon there: as
    soon as the client has what came along with the head."""
    hinted = threading.Event()

    def late(conn, request):
        hinted.clear()
        conn.send('HTTP/1.1 103 Hints\r\n\r\n'
                  'HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\n')
        hinted.wait(120)
        conn.send('late')
    origin = upstream(late)
    g = gateway(conf(origin.port, KEPT + 'on = "503";'), workers=1)
    with Wire(g.port) as w:
        def kept():
            """Often enough; on a busy machine the rest may come too late."""
            assert w.ask().status == 103
            hinted.set()
            assert w.response().status == 203
            return len(origin.requests) >= origin.connections + 10
        wait_until(kept, 30, 'connections that are kept')


def test_a_breaker_that_is_open(gateway, upstream):
    origin = upstream(lambda c, _: c.reset())
    g = gateway(conf(origin.port, KEPT, first=ONCE + 'breaker = { '
                     'scope = "service"; failures = 2; };'))
    assert [get(g.port).status for _ in range(5)] == [203] * 5
    assert len(origin.requests) == 2


def test_no_endpoint(gateway):
    g = gateway(conf(free_port(), KEPT).replace(
        '{ address', '{ state = "maint"; address'))
    assert get(g.port).status == 203


def test_all_connections_in_use(gateway, upstream):
    held = threading.Event()
    origin = upstream(lambda c, q: (held.wait(120), c.reply()))
    g = gateway(conf(origin.port, KEPT, first=ONCE + FREE +
                     'pool = { max_connections = 1; };'))
    with Wire(g.port) as w:
        w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
        wait_until(lambda: origin.requests, 5, 'the first request')
        assert get(g.port).status == 203
        held.set()
        assert w.response().status == 200


def test_once_an_answer_has_begun(gateway, upstream):
    begun = threading.Event()

    def cut(conn, _):
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
        begun.wait(120)
        conn.reset()

    def ask():
        begun.clear()
        with Wire(g.port) as w:
            w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
            assert w.head()[1].split()[1] == '200'
            begun.set()
            with pytest.raises((Cut, ConnectionResetError)):
                w.exactly(9)
    good = upstream()
    g = gateway(conf(upstream(cut).port, KEPT))
    ask()
    g.reload(to_b(upstream(cut).port, good.port))
    ask()
    assert not good.requests and g.metric('fallbacks_total') == 0


# --- another service

@pytest.mark.parametrize('failure', ['refused', 'reset', '503'])
def test_another_service(gateway, upstream, failure):
    ways = {'reset': lambda c, _: c.reset(), '503': answering(503)}
    port = free_port() if failure == 'refused' else \
        upstream(ways[failure]).port
    good = upstream()
    g = gateway(to_b(port, good.port, 'on = "503";',
                     second=ONCE + 'host = "b.example";', route='''
        rewrite = "/{service}/{rest}"; request_headers =
            ( { add = "X-To"; value = "{service}"; } );
        response_headers = ( { add = "X-From"; value = "{service}"; } );'''))
    with Wire(g.port) as w:
        for n in range(3):
            r = w.ask(f'/{n}', headers=[('X-Mine', '1')])
            assert r.status == 200 and r.get('X-From') == 'b'
            got = seen(r)
            assert got['target'] == f'/b/{n}'
            headers = {k.lower(): v for k, v in got['headers']}
            assert headers['host'] == 'b.example'
            assert [v for k, v in got['headers'] if k == 'X-To'] == ['b']
            assert headers['x-mine'] == '1'
            assert len([k for k, _ in got['headers'] if k == 'Via']) == 1
    assert g.metric('requests_total', service='b', code='200') == 3
    assert g.metric('upstream_requests_total', service='b', code='200') == 3
    assert g.metric('requests_total', service='a') == 0
    assert g.metric('fallbacks_total') == 3
    assert g.metric('upstream_retries_total') == 0
    assert g.metric('replies_total') == 0


def test_its_own_ways(gateway, upstream):
    """Attempts, timeouts and statuses are those of the second service."""
    slow = upstream(lambda c, q: (time.sleep(0.5), c.reply()))
    g = gateway(to_b(free_port(), slow.port,
                     first='timeouts = { response = "100ms"; };'))
    assert get(g.port).status == 200
    # Those of the route were set over the first one's.
    g.reload(to_b(free_port(), slow.port,
                  route='timeouts = { response = "100ms"; };'))
    assert get(g.port).status == 200
    count = []

    def third(conn, _):
        count.append(1)
        conn.reply(200 if len(count) == 3 else 503, b'%d' % len(count))
    g.reload(to_b(free_port(), upstream(third).port, second='retry = { '
                  'attempts = 3; base_delay = "0"; on = "503"; };'))
    assert get(g.port).body == b'3'


def test_there_is_no_third(gateway, upstream):
    """Nor does it come back."""
    good = upstream()
    g = gateway(to_b(free_port(), free_port(),
                     second=ONCE + 'fallback = { service = "a"; };'))
    r = get(g.port)
    assert r.status == 502 and b'connect_failed' in r.body
    assert g.metric('requests_total', service='b', code='502') == 1
    g.reload(to_b(free_port(), free_port(), second=ONCE + 'fallback = '
                  '{ respond = { }; };'))
    assert get(g.port).status == 502
    assert not good.requests


@pytest.mark.parametrize('way', ['length', 'chunked'])
def test_the_body_goes_along(gateway, upstream, way):
    bad, good = upstream(answering(503)), upstream()
    refused = to_b(free_port(), good.port)
    for text, method in ((to_b(bad.port, good.port, 'on = "503";'), 'PUT'),
                         (refused, 'PUT'), (refused, 'POST')):
        g = gateway(text)
        for body in (b'', b'x', SMALL):
            with Wire(g.port) as w:
                if way == 'length':
                    r = w.ask('/', method, body=body)
                else:
                    w.send(f'{method} / HTTP/1.1\r\nHost: t\r\n'
                           'Transfer-Encoding: chunked\r\n\r\n')
                    for i in range(0, len(body), 7000):
                        part = body[i:i + 7000]
                        w.send(b'%x\r\n%s\r\n' % (len(part), part))
                    w.send('0\r\n\r\n')
                    r = w.response()
                assert r.status == 200, (method, len(body), r)
            assert good.last.body == body and good.last.method == method


def test_a_body_that_has_not_come_whole(gateway, upstream):
    """The first answers before its end; the rest goes to the second."""
    def early(conn, _):
        conn.exactly(1000)
        conn.reply(503)
    bad, good = upstream(), upstream()
    bad.on('/', early, streamed=True)
    g = gateway(to_b(bad.port, good.port, 'on = "503";'))
    with Wire(g.port) as w:
        w.send('PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 60000\r\n\r\n')
        w.send(SMALL[:1000])
        wait_until(lambda: g.metric('fallbacks_total') == 1, 5, 'the second')
        w.send(SMALL[1000:])
        assert w.response().status == 200
    assert good.last.body == SMALL


def test_what_is_lost_does_not_go(gateway, upstream):
    """Too large to be kept: the answer, or the error, is that of the first."""
    bad, good = upstream(answering(503)), upstream()
    g = gateway(to_b(bad.port, good.port, 'on = "503";'))
    assert get(g.port, '/', 'PUT', body=SMALL * 2).status == 503
    bad.default = lambda c, _: c.reset()
    assert get(g.port, '/', 'PUT', body=SMALL * 2).status == 502
    assert not good.requests


def test_nothing_is_done_twice(gateway, upstream):
    """What is not idempotent, and was sent, may have been done."""
    bad, good = upstream(lambda c, _: c.reset()), upstream()
    g = gateway(to_b(bad.port, good.port, 'on = "503";'))
    assert get(g.port, '/', 'POST', body=b'x').status == 502
    bad.default = answering(503)
    assert get(g.port, '/', 'POST', body=b'x').status == 503
    assert not good.requests
    g.reload(to_b(bad.port, good.port, 'on = "503";',
                  route='retry_unsafe = true;'))
    assert get(g.port, '/', 'POST', body=b'x').status == 200
    assert good.last.body == b'x'


def test_after_an_interim_answer(gateway, upstream):
    def hint(conn, _):
        conn.send('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n')
        conn.reply(503, b'mine')
    good = upstream()
    g = gateway(to_b(upstream(hint).port, good.port, 'on = "503";'))
    with Wire(g.port) as w:
        assert w.ask().status == 103
        assert w.response().body == b'mine'
    assert not good.requests


def test_each_has_its_own_token(gateway, upstream):
    """A token that was made for one never gets to the other."""
    bad, good, bare = upstream(answering(503)), upstream(), upstream()
    token = 'token = { %s };'
    jwks = '{ path = "/jwks"; jwks = true; },'
    text = to_b(bad.port, good.port, 'on = "503";', first=ONCE + FREE
                + token % '', second=token % 'header = "X-Other";')
    g = gateway(text.replace('routes = (', 'routes = ( ' + jwks))
    assert key_set(g, '/jwks')
    for _ in range(3):
        assert get(g.port).status == 200
        assert len(field(bad.last, 'x-service-token')) == 1
        assert not field(bad.last, 'x-other')
        assert len(field(good.last, 'x-other')) == 1
        assert not field(good.last, 'x-service-token')
    # A client cannot give it one, nor does one without get any.
    for first, second in ((token % '', ''), ('', token % '')):
        g.reload(to_b(bad.port, bare.port, 'on = "503";',
                      first=ONCE + FREE + first, second=second).replace('routes = (', 'routes = ( '
                                             + jwks))
        assert get(g.port, '/', headers=[('X-Service-Token', 'mine')]
                   ).status == 200
        assert len(field(bad.last, 'x-service-token')) == bool(first)
        assert len(field(bare.last, 'x-service-token')) == bool(second)
        assert 'mine' not in field(bare.last, 'x-service-token')


def test_splits_fall_back_by_arm(gateway, upstream):
    bad, good, stand_in = upstream(answering(503)), upstream(), upstream()
    one = ONCE + FREE
    g = gateway('services = { ' + group('a', [bad.port], one + 'fallback = {'
                'service = "c"; on = "503"; };')
                + group('b', [good.port], one) + group('c', [stand_in.port])
                + '};\nroutes = ( { path = "/*rest"; '
                'split = ( { service = "a"; }, { service = "b"; } ); } );')
    assert all(get(g.port).status == 200 for _ in range(60))
    assert len(bad.requests) == len(stand_in.requests) > 5
    assert len(good.requests) == 60 - len(bad.requests)


def test_the_deadline_begins_anew(gateway, upstream):
    silent = upstream(lambda c, _: time.sleep(3))
    slow = upstream(lambda c, q: (time.sleep(0.3), c.reply()))
    late = 'retry = { attempts = %d; deadline = "%s"; };'
    g = gateway(to_b(silent.port, slow.port, first=late % (1, '200ms'),
                     second=late % (1, '20s')))
    assert get(g.port).status == 200
    assert g.metric('fallbacks_total') == 1


# --- HTTP/2, other protocols

def h2_listener(port):
    return (f'listeners = ( {{ address = "127.0.0.1:{port}"; '
            f'protocols = [ "h2", "http/1.1" ]; }} );\n')


def test_over_http_2(gateway, upstream, h2upstream):
    """From and to both, and back; many at once on one connection."""
    bad, good = h2upstream(lambda x: x.reply(503)), upstream()
    port = free_port()
    g = gateway(to_b(bad.port, good.port, 'on = "503";',
                     first=ONCE + FREE + 'protocol = "h2";',
                     top=h2_listener(port)))
    with h2wire.Client(port) as c:
        streams = [c.request(f'/{n}', 'PUT', body=SMALL) for n in range(9)]
        for n, s in enumerate(streams):
            a = c.answer(s)
            assert a.status == 200
            got = json.loads(a.body)
            assert got['target'] == f'/{n}'
            assert got['body'].encode() == SMALL
    g.reload(conf(bad.port, KEPT + 'on = "503";',
                  first=ONCE + FREE + 'protocol = "h2";', top=h2_listener(port)))
    with h2wire.Client(port) as c:
        streams = [c.request('/', body=None) for _ in range(9)]
        for s in streams:
            a = c.answer(s)
            assert (a.status, a.body) == (203, b'kept for r of a')
        assert c.ask('/', 'HEAD').status == 203


def test_to_http_2(gateway, h2upstream):
    good = h2upstream()
    g = gateway(to_b(free_port(), good.port, second=ONCE + 'protocol = "h2";'))
    r = get(g.port, '/x', 'PUT', body=b'y')
    assert r.status == 200 and b'"y"' in r.body


def test_a_switch_goes_along(gateway, upstream):
    """Nothing was sent to the first: the second may switch."""
    def switch(conn, request):
        assert field(request, 'upgrade') == ['x']
        conn.send('HTTP/1.1 101 Switching\r\nUpgrade: x\r\n'
                  'Connection: upgrade\r\n\r\n')
        conn.send(conn.exactly(4))
        conn.end()
    good = upstream(switch)
    g = gateway(to_b(free_port(), good.port, route='upgrade = "x";'))
    with Wire(g.port) as w:
        w.send('GET / HTTP/1.1\r\nHost: t\r\nUpgrade: x\r\n'
               'Connection: upgrade\r\n\r\n')
        assert w.head()[1].split()[1] == '101'
        w.send('abcd')
        assert w.exactly(4) == b'abcd'


def test_clients_of_grpc_get_an_error_of_grpc(gateway):
    port = free_port()
    gateway(conf(free_port(), KEPT, first=ONCE + 'protocol = "h2";',
                 top=h2_listener(port)))
    with h2wire.Client(port) as c:
        a = c.ask('/t.T/x', 'POST', [('content-type', 'application/grpc'),
                                     ('te', 'trailers')], body=b'')
        headers = dict(a.headers)
        assert headers.get('grpc-status') == '14'


def test_grpc_web_is_decoded_once(gateway, h2upstream):
    """What changes the body on its way is there already."""
    good = h2upstream()
    h2 = 'protocol = "h2"; '
    g = gateway(to_b(free_port(), good.port, first=ONCE + FREE + h2,
                     second=ONCE + h2, route='grpc_web = true;'))
    message = b'\0\0\0\x03\xe8' + b'm' * 1000
    for kind, body in (('grpc-web-text', base64.b64encode(message)),
                       ('grpc-web', message)):
        r = get(g.port, '/t.T/x', 'POST', body=body, headers=[
            ('Content-Type', f'application/{kind}')])
        got = seen(r)
        assert got['body'].encode('latin-1') == message
        assert ['content-type', 'application/grpc'] in got['headers']


# --- ends

def test_a_client_that_leaves(gateway, upstream):
    slow = upstream(lambda c, _: time.sleep(2))
    g = gateway(to_b(free_port(), slow.port))
    with Wire(g.port) as w:
        w.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
        wait_until(lambda: slow.requests, 5, 'the second service')
        w.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          b'\1\0\0\0\0\0\0\0')
    wait_until(lambda: g.metric('requests_active') == 0, 5, 'the end of all')


def test_a_killed_worker(gateway, upstream):
    good = upstream()
    g = gateway(to_b(free_port(), good.port), workers=2, allow=['killed by signal 9 '])
    for pid in g.worker_pids:
        os.kill(pid, signal.SIGKILL)
        g.wait_successor('worker', pid)
        assert all(get(g.port).status == 200 for _ in range(10))
