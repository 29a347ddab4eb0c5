"""HTTP/2 of clients, with and without TLS, and what stands behind it."""
import json
import struct
import subprocess
import threading
import time

import pytest

import h2wire
from gateway import SANITIZED, Watch, free_port, rss_kb, wait_until
from h2wire import Client, Raw, frame
from origin import field
from secure import Shop, route, service
from wire import Wire, get


@pytest.fixture
def port():
    return free_port()


def listener(port, more='', protocols='"h2"'):
    return (f'listeners = ( {{ address = "127.0.0.1:{port}"; '
            f'protocols = [ {protocols} ]; {more} }} );\n')


def seen(answer):
    return {n.lower(): v for n, v in json.loads(answer.body)['headers']}


# ---- which protocol


def test_alpn(house, gateway, upstream):
    shop = Shop(house.folder())
    g = gateway(shop.listeners() + route(upstream()))
    for offered, chosen in ((['h2', 'http/1.1'], 'h2'), (['h2'], 'h2'),
                            (['http/1.1'], 'http/1.1')):
        with shop.client(context=shop.context(offered)) as w:
            assert w.sock.selected_alpn_protocol() == chosen
    with Client(shop.port, shop.context(['h2'])) as c:
        a = c.ask('/x', host='site.example')
        assert a.status == 200
        assert seen(a)['x-forwarded-proto'] == 'https'
        assert seen(a)['via'] == '2 penstock'
        wait_until(lambda: g.metric('http2_connections') == 1)
    with shop.client() as w:
        assert w.ask('/').status == 200
    wait_until(lambda: g.metric('http2_connections') == 0)
    assert g.metric('http2_faults_total') == 0


def test_h2_alone_by_tls(house, gateway, upstream):
    shop = Shop(house.folder())
    gateway(shop.listeners(extra='protocols = [ "h2" ];')
            + route(upstream()))
    with Client(shop.port, shop.context(['h2'])) as c:
        assert c.ask('/').status == 200


def test_first_bytes_decide(gateway, upstream, port):
    gateway(listener(port, protocols='"http/1.1", "h2"') + route(upstream()))
    with Client(port) as c:
        assert c.ask('/').status == 200
    assert get(port, '/').status == 200
    # A method that begins as the preface does; and in single bytes.
    for method in ('P', 'PR', 'PRI', 'PROPFIND'):
        with Wire(port) as w:
            for byte in f'{method} /x HTTP/1.1\r\nHost: a\r\n\r\n':
                w.send(byte)
                time.sleep(0.001)
            assert w.response().status == 200
    with Raw(port, start=False) as raw:
        for i in range(24):
            raw.send(h2wire.PREFACE[i:i + 1])
            time.sleep(0.001)
        raw.send(frame(h2wire.SETTINGS))
        raw.headers(1, h2wire.plain())
        assert raw.until(h2wire.HEADERS)
    # It differs in its last byte.
    with Wire(port) as w:
        w.send(h2wire.PREFACE[:-1] + b'x')
        assert w.response().status in (400, 505)
    with Wire(port) as w:
        w.send(h2wire.PREFACE[:20])
        w.sock.shutdown(1)
        assert w.closed()


def test_prior_knowledge_alone(gateway, upstream, port):
    g = gateway(listener(port) + route(upstream()))
    with Wire(port) as w:
        w.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        while w.more():
            pass
        assert b'HTTP/1' not in w.data
    wait_until(lambda: g.metric('http2_faults_total') == 1)
    wait_until(lambda: g.metric('replies_total', why='h2_protocol_error') == 1)


def test_preface_in_time(gateway, upstream, port):
    g = gateway(listener(port, protocols='"http/1.1", "h2"')
                + route(upstream()) + 'timeouts = { head = "3s"; };\n')
    with Wire(port) as w:
        w.send(h2wire.PREFACE[:10])
        assert w.response().status == 408
    with Raw(port) as raw:
        began = Watch()
        assert raw.goaway() == h2wire.NO_ERROR
        assert began.within(0, 6)
    assert g.metric('http2_faults_total') == 0


# ---- requests


def test_many_at_once(gateway, upstream, port):
    """Answers come as they are ready, in any order."""
    go = threading.Event()

    def late(conn, request):
        go.wait(120)
        conn.reply(200, b'late')

    origin = upstream()
    origin.on('/late', late)
    gateway(listener(port) + route(origin))
    with Client(port) as c:
        late = c.request('/late')
        others = [c.request(f'/{i}') for i in range(50)]
        for s in others:
            assert c.answer(s).status == 200
        assert not c.answers[late].over
        go.set()
        assert c.answer(late).body == b'late'


def test_bodies(gateway, upstream, port):
    size = 4 << 20
    origin = upstream()
    origin.on('/up', lambda c, q: c.reply(200, str(len(q.body))))
    origin.on('/down', lambda c, q: c.reply(200, b'x' * size))
    gateway(listener(port) + route(origin))
    with Client(port) as c:
        down = c.request('/down')
        up = c.ask('/up', 'POST', body=b'y' * size)
        assert up.body == str(size).encode()
        assert len(c.answer(down).body) == size
        # With a length, and one that is a lie.
        a = c.ask('/up', 'PUT', [('content-length', '3')], body=b'abc')
        assert a.body == b'3'
    assert field(origin.last, 'content-length') == ['3']


def test_length_lies(gateway, upstream, port):
    """Each is answered, or reset, alone; nothing whole reaches the origin."""
    origin = upstream()
    gateway(listener(port) + route(origin))
    with Raw(port) as raw:
        for n, (said, sent) in enumerate(((2, b'abc'), (4, b'abc'))):
            s = 1 + 2 * n
            raw.headers(s, [*h2wire.plain(method='POST'),
                            ('content-length', str(said))], False)
            raw.send(frame(h2wire.DATA, h2wire.END_STREAM, s, sent))
            assert raw.until(h2wire.HEADERS, s)
        raw.headers(9, h2wire.plain('/good'))
        assert raw.until(h2wire.HEADERS, 9)
    assert [q.target for q in origin.requests] == ['/good']


def test_head_and_bodiless(gateway, upstream, port):
    origin = upstream()
    origin.on('/204', lambda c, q: c.send('HTTP/1.1 204 No\r\n\r\n'))
    origin.on('/304', lambda c, q: c.send(
        'HTTP/1.1 304 Not\r\nContent-Length: 7\r\n\r\n'))
    gateway(listener(port) + route(origin))
    with Client(port) as c:
        a = c.ask('/', 'HEAD')
        assert (a.status, a.headers['content-length'], a.body) == \
            (200, '5', b'')
        a = c.ask('/204')
        assert a.status == 204 and 'content-length' not in a.headers
        a = c.ask('/304')
        assert (a.status, a.headers['content-length']) == (304, '7')


def test_interim(gateway, upstream, port):
    def hints(conn, request):
        conn.send('HTTP/1.1 103 Early\r\nLink: x\r\n\r\n')
        conn.reply(200, b'ok')

    def continues(conn, request):
        conn.send('HTTP/1.1 100 Continue\r\n\r\n')
        request = request._replace(body=conn.request_body(request))
        conn.reply(200, request.body)

    origin = upstream()
    origin.on('/hints', hints)
    origin.on('/continue', continues, streamed=True)
    gateway(listener(port) + route(origin))
    with Client(port) as c:
        a = c.ask('/hints')
        assert a.interim[0][':status'] == '103'
        assert a.interim[0]['link'] == 'x'
        s = c.request('/continue', 'POST', [('expect', '100-continue')],
                      end=False)
        a = c.answers[s]
        c.wait(lambda: a.interim)
        assert a.interim[0][':status'] == '100'
        c.send(s, b'body', True)
        assert c.answer(s).body == b'body'


def test_trailers(gateway, upstream, port):
    def trail(conn, request):
        conn.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n'
                  '\r\n2\r\nok\r\n0\r\nX-End: 1\r\n\r\n')

    origin = upstream()
    origin.on('/', trail)
    gateway(listener(port) + route(origin))
    with Client(port) as c:
        s = c.request('/', 'POST', end=False)
        c.send(s, b'abc')
        c.h2.send_headers(s, [('x-sum', '9')], end_stream=True)
        c.flush()
        a = c.answer(s)
        assert (a.body, a.trailers) == (b'ok', {'x-end': '1'})


def test_cookies_are_joined(gateway, upstream, port):
    gateway(listener(port) + route(upstream()))
    with Client(port) as c:
        a = c.ask('/', headers=[('cookie', 'a=1'), ('x', 'y'),
                                ('cookie', 'b=2')])
        assert seen(a)['cookie'] == 'a=1; b=2'


def test_own_answers(gateway, upstream, port):
    gateway(listener(port) + service(upstream())
            + 'routes = ( { path = "/own"; '
              'respond = { body = "{host} {path}"; }; } );\n')
    with Client(port) as c:
        assert c.ask('/own', host='h.example').body == b'h.example /own'
        assert c.ask('/none').status == 404
        assert c.ask('/own/..%2f').status == 400
        assert c.ask('/own', 'TRACE').status == 405
        assert c.ask('*', 'OPTIONS').status == 200
        # One that cannot be read ends nothing but itself.
        assert c.ask('/own').status == 200


def test_scheme(house, gateway, upstream, port):
    """https has no place on a connection that is not secured."""
    gateway(listener(port) + route(upstream()))
    with Raw(port) as raw:
        raw.headers(1, h2wire.plain(scheme='https'))
        raw.headers(3, h2wire.plain())
        first = raw.until(h2wire.HEADERS, 1)
        assert b'421' in first[3] or first[3][0] & 0x80 == 0
        assert raw.until(h2wire.HEADERS, 3)


def test_redirect(house, gateway, upstream):
    shop = Shop(house.folder())
    origin = upstream()
    gateway(shop.listeners(
        f'{{ address = "127.0.0.1:{shop.plain}"; protocols = [ "h2" ]; '
        'redirect_https = true; }') + route(origin))
    with Client(shop.plain) as c:
        a = c.ask('/a?b', host='site.example:8080')
        assert (a.status, a.headers['location']) == \
            (308, 'https://site.example/a?b')
    assert not origin.requests


# ---- limits, times, ends


def test_request_too_large(gateway, upstream, port):
    gateway(listener(port) + route(upstream())
            + 'limits = { request_body = "1k"; request_head = "2k"; '
              'headers = 32; uri = "1k"; };\n')
    with Client(port) as c:
        a = c.ask('/', 'POST', body=b'x' * 2000)
        assert a.status == 413
        assert c.ask('/', headers=[('x', 'y' * 3000)]).status == 431
        assert c.ask('/', headers=[('x', 'y')] * 40).status == 431
        assert c.ask('/' + 'a' * 1500).status == 414
        assert c.ask('/').status == 200


def test_early_answer(gateway, upstream, port):
    """The answer is whole; then the upload is called off, without error."""
    origin = upstream()
    origin.on('/no', lambda c, q: c.reply(403, b'no'), streamed=True)
    gateway(listener(port) + route(origin))
    with Client(port) as c:
        s = c.request('/no', 'POST', end=False)
        c.send(s, b'x' * 1000)
        a = c.answers[s]
        c.wait(lambda: a.reset is not None)
        assert (a.status, a.body, a.ended) == (403, b'no', True)
        assert a.reset == h2wire.NO_ERROR
        assert c.ask('/').status == 200


def test_client_resets(gateway, upstream, port):
    gone, go = threading.Event(), threading.Event()

    def slow(conn, request):
        go.set()
        if not conn.sock.recv(1):
            gone.set()

    origin = upstream()
    origin.on('/slow', slow)
    g = gateway(listener(port) + route(origin))
    with Client(port) as c:
        s = c.request('/slow')
        assert go.wait(120)
        c.h2.reset_stream(s, h2wire.CANCEL)
        c.flush()
        assert gone.wait(120)
        assert c.ask('/').status == 200
    assert g.metric('http2_resets_total') == 1
    assert g.metric('replies_total', why='client_closed') == 1


def test_client_closes(gateway, upstream, port):
    gone, go = threading.Event(), threading.Event()

    def slow(conn, request):
        go.set()
        if not conn.sock.recv(1):
            gone.set()

    origin = upstream()
    origin.on('/slow', slow)
    g = gateway(listener(port) + route(origin))
    with Client(port) as c:
        c.request('/slow')
        assert go.wait(120)
    assert gone.wait(120)
    wait_until(lambda: g.metric('connections') == 0)
    wait_until(lambda: g.metric('requests_active') == 0)
    assert g.metric('http2_faults_total') == 0


def test_upstream_cuts(gateway, upstream, port):
    def cut(conn, request):
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
        conn.end()

    origin = upstream()
    origin.on('/cut', cut)
    gateway(listener(port) + route(origin))
    with Client(port) as c:
        a = c.ask('/cut')
        assert (a.status, a.body) == (200, b'abc')
        assert not a.ended and a.reset == h2wire.INTERNAL_ERROR
        assert c.ask('/').status == 200


def test_body_timeout(gateway, upstream, port):
    """Of one stream; others take their time."""
    gateway(listener(port) + route(upstream())
            + 'timeouts = { body = "3s"; };\n')
    with Client(port) as c:
        stuck = c.request('/', 'POST', end=False)
        moving = c.request('/', 'POST', end=False)
        a = c.answers[stuck]
        for _ in range(16):
            c.send(moving, b'x')
            time.sleep(0.25)
        c.send(moving, b'x', True)
        c.wait(lambda: a.over)
        assert a.status == 408
        assert c.answer(moving).status == 200


def test_send_timeout(gateway, upstream, port):
    """A stream whose window stays shut; others go on to their end."""
    origin = upstream()
    origin.on('/big', lambda c, q: c.reply(200, b'x' * 200000))
    g = gateway(listener(port) + route(origin)
                + 'timeouts = { send = "500ms"; };\n')
    with Client(port, auto=False) as c:
        began = Watch()
        s = c.request('/big')
        a = c.answers[s]
        c.wait(lambda: len(a.body) >= 65535)
        c.wait(lambda: a.reset is not None)
        assert a.reset == h2wire.CANCEL
        assert began.within(0.4, 3)
    wait_until(lambda: g.metric('replies_total', why='send_timeout') == 1)


def test_window_of_nothing(gateway, upstream, port):
    """Answers that nobody takes are held for a while, and little memory."""
    origin = upstream()
    origin.on('/big', lambda c, q: c.reply(200, b'x' * 100000))
    g = gateway(listener(port) + route(origin)
                + 'timeouts = { send = "1s"; };\n')
    pid = g.worker_pids[0]
    settings = struct.pack('>HI', 4, 0)
    with Client(port) as other:
        other.ask('/')
        before = rss_kb(pid)
        with Raw(port, settings=settings) as raw:
            for i in range(100):
                raw.headers(1 + 2 * i, h2wire.plain('/big'))
            began = Watch()
            for _ in range(5):
                assert other.ask('/').status == 200
            assert began.within(0, 2)
            grown = rss_kb(pid) - before
            codes = [raw.reset(1 + 2 * i) for i in range(1)]
            assert codes == [h2wire.CANCEL]
            assert raw.until(99) is None
        assert other.ask('/').status == 200
    assert grown < 6144 or SANITIZED
    wait_until(lambda: g.metric('requests_active') == 0)


def test_idle_and_head_timeouts(gateway, upstream, port):
    g = gateway(listener(port) + route(upstream())
                + 'timeouts = { idle = "2s"; head = "2s"; };\n')
    with Client(port) as c:
        began = Watch()
        assert c.ask('/').status == 200
        assert c.closed() and c.goaway == h2wire.NO_ERROR
        assert began.within(1.9, 6)
    with Raw(port) as raw:
        raw.headers(1, h2wire.plain())
        raw.until(h2wire.DATA)
        began = Watch()
        raw.send(frame(h2wire.HEADERS, h2wire.END_STREAM, 3,
                       h2wire.block((':method', 'GET'))))
        assert raw.goaway() is not None
        assert began.within(1.9, 6)
    wait_until(lambda: g.metric('replies_total', why='head_timeout') == 1)


def test_pings_do_not_keep_it(gateway, upstream, port):
    gateway(listener(port) + route(upstream())
            + 'timeouts = { idle = "2s"; };\n')
    with Client(port) as c:
        assert c.ask('/').status == 200
        began = Watch()
        try:
            while c.open:
                assert began.within(0, 6)
                c.h2.ping(b'12345678')
                c.flush()
                c.step()
                time.sleep(0.05)
        except OSError:
            pass


def test_requests_of_a_connection(gateway, upstream, port):
    gateway(listener(port) + route(upstream())
            + 'limits = { requests_per_connection = 3; };\n')
    with Client(port) as c:
        for _ in range(3):
            assert c.ask('/').status == 200
        assert c.closed()
        assert c.goaway == h2wire.NO_ERROR


def test_streams_at_once(gateway, upstream, port):
    """One more than may be is refused, and nothing else."""
    go = threading.Event()

    def wait(conn, request):
        go.wait(120)
        conn.reply(200, b'')

    origin = upstream()
    origin.on('/wait', wait)
    gateway(listener(port) + route(origin)
            + 'http2 = { max_streams = 4; };\n')
    with Raw(port) as raw:
        f = raw.until(h2wire.SETTINGS)
        assert struct.pack('>HI', 3, 4) in f[3]
        for i in range(5):
            raw.headers(1 + 2 * i, h2wire.plain('/wait'))
        assert raw.reset(9) == 7
        # Who knows of the limit is not excused.
        raw.send(frame(h2wire.SETTINGS, h2wire.ACK))
        raw.headers(11, h2wire.plain('/wait'))
        assert raw.goaway() == h2wire.PROTOCOL_ERROR
    go.set()


def test_graceful_stop(gateway, upstream, port):
    started, go = threading.Event(), threading.Event()

    def wait(conn, request):
        started.set()
        go.wait(120)
        conn.reply(200, b'late')

    origin = upstream()
    origin.on('/wait', wait)
    g = gateway(listener(port) + route(origin))
    idle = Client(port)
    idle.ask('/')
    with Client(port) as c:
        s = c.request('/wait')
        assert started.wait(120)
        g.proc.terminate()
        c.wait(lambda: c.goaway is not None, 'GOAWAY')
        assert idle.closed() and idle.goaway == h2wire.NO_ERROR
        go.set()
        assert c.answer(s).body == b'late'
        assert c.closed()


def test_stop_is_over(gateway, upstream, port):
    """What has not ended then is told so."""
    started = threading.Event()

    def wait(conn, request):
        started.set()
        time.sleep(5)

    origin = upstream()
    origin.on('/wait', wait)
    g = gateway(listener(port) + route(origin)
                + 'timeouts = { drain = "500ms"; };\n')
    with Client(port) as c:
        s = c.request('/wait')
        assert started.wait(120)
        g.proc.terminate()
        a = c.answer(s)
        assert a.status == 503
        assert b'stopping' in a.body


def test_slow_reader_is_held_back(gateway, upstream, port):
    size = 64 << 20
    sent = []

    def pour(conn, request):
        conn.send(f'HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n')
        data = b'z' * 65536
        for _ in range(size // len(data)):
            conn.send(data)
            sent.append(len(data))

    origin = upstream()
    origin.on('/pour', pour)
    g = gateway(listener(port) + route(origin))
    before = rss_kb(g.worker_pids[0])
    with Client(port, auto=False) as c:
        c.request('/pour')
        c.step()
        last = -1
        while last != sum(sent):
            last = sum(sent)
            time.sleep(0.3)
        assert last < 32 << 20
        assert rss_kb(g.worker_pids[0]) - before < 4096


def test_slow_origin_holds_the_client_back(gateway, upstream, port):
    """An upload that the origin does not read: one window waits."""
    go = threading.Event()

    def read_late(conn, request):
        go.wait(120)
        n = len(conn.data)  # came with the head
        while n < size:
            n += len(conn.sock.recv(1 << 20))
        conn.reply(200, str(n))

    size = 6 << 20
    origin = upstream()
    origin.on('/late', read_late, streamed=True)
    g = gateway(listener(port) + route(origin)
                + 'http2 = { window = "64k"; };\n')
    before = rss_kb(g.worker_pids[0])
    with Client(port) as c:
        s = c.request('/late', 'POST', [('content-length', str(size))],
                      end=False)
        done = threading.Thread(target=c.send, args=(s, b'u' * size, True))
        done.start()
        time.sleep(1)
        assert rss_kb(g.worker_pids[0]) - before < 4096
        go.set()
        done.join()
        assert c.answer(s).body == str(size).encode()


def test_reload_ends_nothing(gateway, upstream, port):
    body = listener(port) + route(upstream())
    g = gateway(body)
    with Client(port) as c:
        assert c.ask('/').status == 200
        g.reload(body + 'limits = { request_body = "1m"; };\n')
        assert c.ask('/').status == 200
        assert g.metric('http2_connections') == 1


# ---- floods


FLOODS = {
    'ping': lambda raw, n: raw.send(
        frame(h2wire.PING, payload=b'12345678') * n),
    'settings': lambda raw, n: raw.send(frame(h2wire.SETTINGS) * n),
    'priority': lambda raw, n: raw.send(
        frame(h2wire.PRIORITY, 0, 1, struct.pack('>IB', 0, 1)) * n),
    'unknown': lambda raw, n: raw.send(frame(0xee, 0, 0, b'x') * n),
    'rapid reset': lambda raw, n: raw.send(b''.join(
        frame(h2wire.HEADERS, 5, 1 + 2 * i, h2wire.block(*h2wire.plain()))
        + frame(h2wire.RST_STREAM, 0, 1 + 2 * i, struct.pack('>I', 8))
        for i in range(n))),
    'window': lambda raw, n: raw.send(
        frame(h2wire.WINDOW_UPDATE, 0, 0, struct.pack('>I', 1)) * n),
    'empty data': lambda raw, n: (
        raw.headers(1, h2wire.plain(method='POST'), False),
        raw.send(frame(h2wire.DATA, 0, 1) * n)),
    'continuation': lambda raw, n: (
        raw.send(frame(h2wire.HEADERS, 0, 1, b'')),
        raw.send(frame(h2wire.CONTINUATION, 0, 1, b'') * n)),
    'malformed': lambda raw, n: raw.send(b''.join(
        frame(h2wire.HEADERS, 5, 1 + 2 * i, h2wire.block(
            (':method', 'GET'), ('connection', 'x'))) for i in range(n))),
    'header bomb': lambda raw, n: raw.send(
        frame(h2wire.HEADERS, 0, 1, h2wire.literal('x', 'y' * 4000, b'\x40'))
        + frame(h2wire.CONTINUATION, 0, 1, b'\xbe' * 16000) * (n // 100)),
}


@pytest.mark.parametrize('kind', FLOODS)
def test_flood(gateway, upstream, port, kind):
    g = gateway(listener(port) + route(upstream())
                + 'http2 = { max_resets = 100; max_control = 200; };\n')
    pid = g.worker_pids[0]
    with Client(port) as other:
        other.ask('/')
        before = rss_kb(pid)
        with Raw(port) as raw:
            try:
                for _ in range(20):
                    FLOODS[kind](raw, 500)
                    if kind in ('rapid reset', 'malformed'):
                        break
            except OSError:
                pass
            code = raw.goaway()
        began = Watch()
        assert other.ask('/').status == 200
        assert began.within(0, 3)
        assert rss_kb(pid) - before < 4096
    assert code in (h2wire.CALM, None)
    wait_until(lambda: g.metric('http2_floods_total')
               + g.metric('http2_faults_total') == 1)
    if kind not in ('continuation',):
        assert g.metric('http2_floods_total') == 1
        wait_until(lambda: g.metric('replies_total', why='h2_flood') == 1)


# ---- real clients


def test_curl(house, gateway, upstream):
    shop = Shop(house.folder())
    gateway(shop.listeners() + route(upstream()))
    done = subprocess.run(
        ['curl', '-sS', '--http2', '-w', '%{http_version} %{http_code}',
         '-o', '/dev/null', '--cacert', shop.dir / 'ca.pem',
         '--resolve', f'site.example:{shop.port}:127.0.0.1',
         f'https://site.example:{shop.port}/hello'],
        capture_output=True, timeout=60, check=True, text=True)
    assert done.stdout == '2 200'


def test_h2load(gateway, upstream, port):
    origin = upstream()
    origin.on('/', lambda c, q: c.reply(200, b'x' * 100))
    gateway(listener(port) + route(origin))
    done = subprocess.run(
        ['h2load', '-n', '2000', '-c', '4', '-m', '20',
         f'http://127.0.0.1:{port}/'],
        capture_output=True, timeout=300, check=True, text=True)
    assert '2000 succeeded, 0 failed' in done.stdout
