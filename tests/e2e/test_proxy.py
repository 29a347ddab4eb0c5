"""What goes on to the upstream, and what comes back to the client."""
import json
import re

import pytest

from conf import proxy
from origin import field
from wire import Wire, get, raw


@pytest.fixture(scope='module')
def pair(shared_house):
    origin = shared_house.origin()
    return shared_house.gateway(proxy(origin.port)), origin


def test_plain_get(pair):
    gateway, origin = pair
    r = get(gateway.port, '/a/b?c=d&e')
    assert r.status == 200 and r.version == 'HTTP/1.1'
    assert json.loads(r.body)['target'] == '/a/b?c=d&e'
    assert origin.last.version == 'HTTP/1.1'


def test_host_goes_on_as_sent(pair):
    gateway, origin = pair
    get(gateway.port, host='api.example:1234')
    assert field(origin.last, 'host') == ['api.example:1234']


def test_headers_added_to_the_request(pair):
    gateway, origin = pair
    get(gateway.port, host='api.example:8080')
    request = origin.last
    assert field(request, 'x-forwarded-for') == ['127.0.0.1']
    assert field(request, 'x-forwarded-proto') == ['http']
    assert field(request, 'x-forwarded-host') == ['api.example:8080']
    assert field(request, 'x-forwarded-port') == ['8080']
    assert re.fullmatch(r'1\.1 \S+', field(request, 'via')[0])
    assert re.fullmatch(r'for=127\.0\.0\.1;host="?api\.example:8080"?'
                        r';proto=http', field(request, 'forwarded')[0])


def test_forged_headers_are_replaced(pair):
    gateway, origin = pair
    get(gateway.port, headers=[
        ('X-Forwarded-For', '6.6.6.6'), ('X-Forwarded-Proto', 'https'),
        ('X-Forwarded-Host', 'evil'), ('X-Forwarded-Port', '1'),
        ('Forwarded', 'for=6.6.6.6'), ('X-Request-ID', 'forged')])
    request = origin.last
    assert field(request, 'x-forwarded-for') == ['127.0.0.1']
    assert field(request, 'x-forwarded-proto') == ['http']
    assert field(request, 'x-forwarded-host') == ['test']
    assert '6.6.6.6' not in str(request.headers)
    assert field(request, 'x-request-id') != ['forged']


def test_request_id_is_the_same_on_both_sides(pair):
    gateway, origin = pair
    first, second = get(gateway.port), get(gateway.port)
    assert len(first.get('X-Request-ID')) >= 16
    assert first.get('X-Request-ID') != second.get('X-Request-ID')
    assert field(origin.last, 'x-request-id') == second.all('X-Request-ID')


def test_via_is_appended(pair):
    gateway, origin = pair
    get(gateway.port, headers=[('Via', '1.0 fred')])
    via = ', '.join(field(origin.last, 'via'))
    assert re.fullmatch(r'1\.0 fred, 1\.1 \S+', via)


HOP = [('Connection', 'close-not, X-Mine'), ('X-Mine', 'secret'),
       ('Keep-Alive', 'timeout=5'), ('Proxy-Connection', 'keep-alive'),
       ('TE', 'gzip'), ('Upgrade', 'foo'), ('X-End', 'stays')]


def test_hop_by_hop_of_the_request(pair):
    gateway, origin = pair
    get(gateway.port, headers=HOP)
    names = {n.lower() for n, _ in origin.last.headers}
    assert 'x-end' in names
    assert not names & {'x-mine', 'keep-alive', 'proxy-connection', 'te',
                        'upgrade'}
    assert 'x-mine' not in ','.join(field(origin.last, 'connection')).lower()


def test_hop_by_hop_of_the_answer(pair):
    gateway, origin = pair
    origin.on('/hop', lambda c, q: c.reply(headers=HOP))
    r = get(gateway.port, '/hop')
    assert r.get('X-End') == 'stays'
    for name in ('X-Mine', 'Keep-Alive', 'Proxy-Connection', 'Upgrade'):
        assert r.get(name) is None


def test_answer_fields_keep_their_order_and_number(pair):
    gateway, origin = pair
    cookies = [('Set-Cookie', 'a=1'), ('X-Between', '1'), ('Set-Cookie', 'b=2')]
    origin.on('/cookies', lambda c, q: c.reply(headers=cookies))
    assert get(gateway.port, '/cookies').all('Set-Cookie') == ['a=1', 'b=2']


@pytest.mark.parametrize('size', [0, 1, 4096, 70000, 1000000])
def test_request_body_with_length(pair, size):
    gateway, origin = pair
    body = bytes(i % 251 for i in range(size))
    r = get(gateway.port, '/up', 'POST', body=body)
    assert r.status == 200
    assert origin.last.body == body
    assert field(origin.last, 'content-length') == [str(size)]


def test_request_body_in_chunks(pair):
    gateway, origin = pair
    r = raw(gateway.port, 'POST /up HTTP/1.1\r\nHost: t\r\n'
            'Transfer-Encoding: chunked\r\n\r\n'
            '5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n')
    assert r.status == 200
    assert origin.last.body == b'hello world'
    assert not field(origin.last, 'content-length')


def test_answer_in_chunks(pair):
    gateway, origin = pair

    def chunked(conn, _):
        conn.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
                  '3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n')
    origin.on('/chunked', chunked)
    r = get(gateway.port, '/chunked')
    assert r.body == b'abcdefg' and r.get('Transfer-Encoding') == 'chunked'


def test_answer_until_the_end_becomes_chunks(pair):
    gateway, origin = pair

    def until_end(conn, _):
        conn.send('HTTP/1.0 200 OK\r\n\r\nall of it')
        conn.end()
    origin.on('/until-end', until_end)
    with Wire(gateway.port) as w:
        r = w.ask('/until-end')
        assert r.body == b'all of it' and r.get('Transfer-Encoding') == 'chunked'
        assert w.ask('/again').status == 200


def test_head(pair):
    gateway, origin = pair
    with Wire(gateway.port) as w:
        r = w.ask('/', 'HEAD')
        assert r.status == 200 and r.get('Content-Length') == '5'
        assert origin.last.method == 'HEAD'
        assert w.ask('/after').status == 200


@pytest.mark.parametrize('status', [204, 304])
def test_answers_without_body(pair, status):
    gateway, origin = pair
    origin.on('/none', lambda c, q: c.send(
        f'HTTP/1.1 {status} Nothing\r\nETag: "x"\r\n\r\n'))
    with Wire(gateway.port) as w:
        r = w.ask('/none')
        assert r.status == status and r.get('ETag') == '"x"'
        assert r.get('Transfer-Encoding') is None
        assert w.ask('/after').status == 200


def test_interim_answers_pass(pair):
    gateway, origin = pair

    def hints(conn, _):
        conn.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
        conn.reply()
    origin.on('/hints', hints)
    with Wire(gateway.port) as w:
        r = w.ask('/hints')
        assert r.status == 103 and r.get('Link') == '</a>'
        assert w.response().status == 200


def test_keep_alive_and_reuse(pair):
    gateway, origin = pair
    get(gateway.port)
    before = origin.connections
    with Wire(gateway.port) as w:
        for i in range(20):
            assert w.ask(f'/{i}').status == 200
    assert origin.connections == before


def test_connection_close_is_honoured(pair):
    gateway, _ = pair
    with Wire(gateway.port) as w:
        r = w.ask(headers=[('Connection', 'close')])
        assert r.status == 200 and r.get('Connection') == 'close'
        assert w.closed()


def test_upstream_close_does_not_end_the_client(pair):
    gateway, origin = pair

    def close(conn, _):
        conn.reply(headers=[('Connection', 'close')])
        conn.end()
    origin.on('/close', close)
    with Wire(gateway.port) as w:
        assert w.ask('/close').status == 200
        assert w.ask('/').status == 200


def test_http_1_0(pair):
    gateway, origin = pair
    with Wire(gateway.port) as w:
        w.send('GET /old HTTP/1.0\r\nHost: t\r\n\r\n')
        r = w.response()
        assert r.status == 200 and w.closed()
    assert field(origin.last, 'via') == ['1.0 penstock']


def test_http_1_0_keep_alive(pair):
    gateway, _ = pair
    with Wire(gateway.port) as w:
        for _ in range(2):
            w.send('GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
            r = w.response()
            assert r.status == 200
            assert r.get('Connection', '').lower() == 'keep-alive'


def test_http_1_0_gets_no_chunks(pair):
    gateway, origin = pair
    origin.on('/c10', lambda c, q: c.send(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
        '3\r\nabc\r\n0\r\n\r\n'))
    r = raw(gateway.port, 'GET /c10 HTTP/1.0\r\nHost: t\r\n\r\n')
    assert r.body == b'abc' and r.get('Transfer-Encoding') is None


def test_pipelining_keeps_the_order(pair):
    gateway, _ = pair
    with Wire(gateway.port) as w:
        w.send(''.join(f'GET /p{i} HTTP/1.1\r\nHost: t\r\n\r\n'
                       for i in range(30)))
        for i in range(30):
            assert json.loads(w.response().body)['target'] == f'/p{i}'


def test_pipelined_bodies(pair):
    gateway, _ = pair
    with Wire(gateway.port) as w:
        w.send(''.join(f'POST /p{i} HTTP/1.1\r\nHost: t\r\n'
                       f'Content-Length: 6\r\n\r\nbody-{i}'
                       for i in range(5)))
        for i in range(5):
            assert json.loads(w.response().body)['body'] == f'body-{i}'


def test_bytes_one_by_one(pair):
    gateway, origin = pair
    with Wire(gateway.port) as w:
        for byte in ('POST /slowly HTTP/1.1\r\nHost: t\r\n'
                     'Content-Length: 3\r\n\r\nabc'):
            w.send(byte)
        assert w.response().status == 200
    assert origin.last.body == b'abc'


def test_expect_continue(pair):
    gateway, origin = pair

    def patient(conn, request):
        if field(request, 'expect'):
            conn.send('HTTP/1.1 100 Continue\r\n\r\n')
        body = conn.request_body(request)
        conn.reply(200, body)
    origin.on('/expect', patient, streamed=True)
    with Wire(gateway.port) as w:
        w.send('POST /expect HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n'
               'Content-Length: 4\r\n\r\n')
        assert w.response().status == 100
        w.send('data')
        r = w.response()
        assert r.status == 200 and r.body == b'data'


def test_expect_something_else(pair):
    gateway, _ = pair
    assert get(gateway.port, headers=[('Expect', 'wonders')]).status == 417


def test_absolute_target(pair):
    gateway, origin = pair
    r = raw(gateway.port, 'GET http://example.org/abs?x HTTP/1.1\r\n'
            'Host: example.org\r\n\r\n')
    assert r.status == 200 and origin.last.target == '/abs?x'
    assert field(origin.last, 'host') == ['example.org']


def test_service_host_replaces(gateway, upstream):
    origin = upstream()
    g = gateway(proxy(origin.port, extra='host = "inner.example";'))
    get(g.port, host='outer.example')
    assert field(origin.last, 'host') == ['inner.example']
    assert field(origin.last, 'x-forwarded-host') == ['outer.example']


def test_weights(gateway, upstream):
    heavy, light = upstream(), upstream()
    g = gateway('services = { s = { endpoints = ('
                f'{{ address = "127.0.0.1:{heavy.port}"; weight = 3; }},'
                f'{{ address = "127.0.0.1:{light.port}"; }} );'
                ' balance = "round_robin"; }; };'
                'routes = ( { path = "/*rest"; service = "s"; } );')
    with Wire(g.port) as w:
        for _ in range(40):
            assert w.ask().status == 200
    assert len(heavy.requests) == 30 and len(light.requests) == 10
