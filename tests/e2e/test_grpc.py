"""gRPC and gRPC-Web through the gateway: calls of all four kinds, what the
gateway says by itself, deadlines, and browsers' clients."""
import base64
import concurrent.futures
import json
import struct
import threading
import time

import grpc
import pytest

from conf import proxy
from gateway import Watch, free_port, wait_until
from h2wire import Client
from secure import Shop
from wire import Wire, get

H2 = 'protocol = "h2"; '
LONG = 30
REFUSED, CANCEL = 7, 8
ECHO, MEGA4 = b'x' * 1000, b'y' * (4 << 20)


def same(b):
    return b


# ---- a server of calls, and clients of it


class Calls(grpc.GenericRpcHandler):
    """/t.T/<name>: bytes in, bytes out."""

    def __init__(self):
        self.cancelled = threading.Event()
        self.seen = {}

    def service(self, details):
        kind, handler = {
            'Echo': (grpc.unary_unary_rpc_method_handler, self.echo),
            'Fail': (grpc.unary_unary_rpc_method_handler, self.fail),
            'Sleep': (grpc.unary_unary_rpc_method_handler, self.sleep),
            'Count': (grpc.unary_stream_rpc_method_handler, self.count),
            'Slow': (grpc.unary_stream_rpc_method_handler, self.slow),
            'Sum': (grpc.stream_unary_rpc_method_handler, self.sum),
            'Talk': (grpc.stream_stream_rpc_method_handler, self.talk),
        }[details.method.rpartition('/')[2]]
        return kind(handler, same, same)

    def note(self, context):
        self.seen = dict(context.invocation_metadata())
        self.left = context.time_remaining()

    def echo(self, request, context):
        self.note(context)
        context.send_initial_metadata([('x-head', 'h')])
        context.set_trailing_metadata([('x-end', 'e'), ('x-end-bin', b'\0\1')])
        return request

    def fail(self, request, context):
        context.abort(grpc.StatusCode.DATA_LOSS, 'lost: 100 % \u00fc')

    def watch(self, context):
        self.cancelled.clear()
        context.add_callback(self.cancelled.set)

    def sleep(self, request, context):
        self.note(context)
        self.watch(context)
        self.cancelled.wait(LONG)
        return request

    def count(self, request, context):
        for i in range(int(request)):
            yield b'%d' % i

    def slow(self, request, context):
        self.watch(context)
        yield b'one'
        self.cancelled.wait(LONG)

    def sum(self, messages, context):
        return b'%d' % sum(int(m) for m in messages)

    def talk(self, messages, context):
        self.watch(context)
        yield from messages


SIZES = [('grpc.max_receive_message_length', -1),
         ('grpc.max_send_message_length', -1)]


class Stage:
    """Servers, plain and secured, and a gateway with listeners before them."""

    def __init__(self, house):
        self.shop = Shop(house.folder(), ('site.example', 'IP:127.0.0.1'))
        self.calls = Calls()
        self.server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(16), options=SIZES)
        self.server.add_generic_rpc_handlers((self.calls,))
        plain = self.server.add_insecure_port('127.0.0.1:0')
        files = [(self.shop.dir / f).read_bytes()
                 for f in ('site.key', 'site.pem')]
        secured = self.server.add_secure_port(
            '127.0.0.1:0', grpc.ssl_server_credentials([files]))
        self.server.start()
        self.port, self.both, dead = free_port(), free_port(), free_port()
        self.gateway = house.gateway(
            self.shop.listeners(
                f'{{ address = "127.0.0.1:{self.port}"; '
                f'protocols = [ "h2", "http/1.1" ]; }}')
            + 'services = { '
            f'plain = {{ {H2} endpoints = '
            f'( {{ address = "127.0.0.1:{plain}"; }} ); }}; '
            f'secured = {{ {H2} tls = {{ ca = "{self.shop.dir}/ca.pem"; '
            f'server_name = "site.example"; }}; endpoints = '
            f'( {{ address = "127.0.0.1:{secured}"; }} ); }}; '
            f'dead = {{ {H2} endpoints = '
            f'( {{ address = "127.0.0.1:{dead}"; }} ); }}; }};\n'
            'rate_limits = { none = { key = "address"; rate = "1/day"; '
            'burst = 1; }; };\n'
            'routes = ( '
            '{ path = "/limited.T/*rest"; service = "dead"; '
            'rate_limits = "none"; }, '
            '{ path = "/t.T/*rest"; service = "plain"; grpc_web = true; }, '
            '{ path = "/s.T/*rest"; service = "secured"; }, '
            '{ path = "/quick.T/*rest"; service = "plain"; '
            'timeouts = { body = "100ms"; response = "300ms"; }; }, '
            '{ path = "/dead.T/*rest"; service = "dead"; grpc_web = true; }, '
            '{ path = "/posts"; service = "dead"; methods = [ "GET" ]; } );\n')

    def channel(self, secured=False):
        if not secured:
            return grpc.insecure_channel(f'127.0.0.1:{self.port}',
                                         options=SIZES)
        ca = (self.shop.dir / 'ca.pem').read_bytes()
        return grpc.secure_channel(
            f'127.0.0.1:{self.shop.port}', grpc.ssl_channel_credentials(ca),
            options=SIZES + [('grpc.ssl_target_name_override',
                              'site.example')])

    def reasons(self, word):
        return self.gateway.metric('replies_total', why=word)


@pytest.fixture(scope='module')
def stage(shared_house):
    s = Stage(shared_house)
    yield s
    s.server.stop(0)


@pytest.fixture(params=[('t', False), ('s', True)], ids=['plain', 'tls'])
def way(request, stage):
    """A service's name and a channel: both sides plain, or both secured."""
    name, secured = request.param
    with stage.channel(secured) as channel:
        yield name, channel


@pytest.fixture
def channel(stage):
    with stage.channel() as c:
        yield c


def unary(channel, method, **kw):
    call = channel.unary_unary(method, same, same)
    return lambda message=b'', **more: call.with_call(message, **kw, **more)


def failure(call, *args, **kw):
    with pytest.raises(grpc.RpcError) as error:
        call(*args, **kw)
    return error.value


# ---- calls


def test_unary(way, stage):
    name, channel = way
    answer, call = unary(channel, f'/{name}.T/Echo')(
        ECHO, timeout=LONG, metadata=[('x-one', '1'), ('x-bin', b'\0\xff')])
    assert answer == ECHO and call.code() == grpc.StatusCode.OK
    assert ('x-head', 'h') in call.initial_metadata()
    assert 'x-request-id' in dict(call.initial_metadata())
    assert dict(call.trailing_metadata()) == {'x-end': 'e',
                                              'x-end-bin': b'\0\1'}
    assert stage.calls.seen['x-one'] == '1'
    assert stage.calls.seen['x-bin'] == b'\0\xff'
    assert stage.calls.seen['x-forwarded-proto'] == (
        'https' if name == 's' else 'http')


def test_status_of_the_server(way):
    name, channel = way
    error = failure(unary(channel, f'/{name}.T/Fail'))
    assert error.code() == grpc.StatusCode.DATA_LOSS
    assert error.details() == 'lost: 100 % \u00fc'


def test_large_messages(way):
    name, channel = way
    answer, _ = unary(channel, f'/{name}.T/Echo')(MEGA4)
    assert answer == MEGA4
    talk = channel.stream_stream(f'/{name}.T/Talk', same, same)
    assert list(talk(iter([MEGA4, b'', MEGA4]))) == [MEGA4, b'', MEGA4]


def test_streams(way):
    name, channel = way
    count = channel.unary_stream(f'/{name}.T/Count', same, same)
    assert list(count(b'1000')) == [b'%d' % i for i in range(1000)]
    assert list(count(b'0')) == []
    total = channel.stream_unary(f'/{name}.T/Sum', same, same)
    assert total(iter([b'%d' % i for i in range(1000)])) == b'499500'
    assert total(iter([])) == b'0'


def test_ten_thousand_messages(way):
    name, channel = way
    talk = channel.stream_stream(f'/{name}.T/Talk', same, same)
    sent = [b'%d' % i for i in range(10000)]
    call = talk(iter(sent), timeout=300)
    assert list(call) == sent
    assert call.code() == grpc.StatusCode.OK


def test_messages_come_at_once(way):
    name, channel = way
    talk = channel.stream_stream(f'/{name}.T/Talk', same, same)
    go = threading.Semaphore(1)

    def messages():
        for i in range(50):
            assert go.acquire(timeout=LONG)
            yield b'%d' % i
    for i, answer in enumerate(talk(messages(), timeout=LONG)):
        assert answer == b'%d' % i
        go.release()


def test_pauses_are_no_timeouts(channel):
    """Neither between a client's messages, nor between a server's."""
    talk = channel.stream_stream('/quick.T/Talk', same, same)

    def messages():
        for i in range(3):
            time.sleep(0.5)
            yield b'%d' % i
    call = talk(messages(), timeout=LONG)
    assert list(call) == [b'0', b'1', b'2']
    assert call.code() == grpc.StatusCode.OK


def test_response_timeout(channel, stage):
    error = failure(unary(channel, '/quick.T/Sleep'))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert error.details() == 'Gateway Timeout: response_timeout'
    assert stage.calls.cancelled.wait(120)


# ---- what the gateway says by itself


def test_no_route(way, stage):
    _, channel = way
    before = stage.reasons('no_route')
    error = failure(unary(channel, '/none.T/Echo'))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == 'Not Found: no_route'
    assert dict(error.initial_metadata() + error.trailing_metadata())[
        'x-request-id']
    assert stage.reasons('no_route') == before + 1


def test_dead_endpoint(way):
    _, channel = way
    error = failure(unary(channel, '/dead.T/Echo'))
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert error.details() == 'Bad Gateway: connect_failed'


def test_over_the_limit(channel):
    error = [failure(unary(channel, '/limited.T/Echo')) for _ in range(2)][1]
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error.details() == ('Too Many Requests: rate_limited; '
                               'The limit "none" is reached.')


def test_while_the_client_streams(channel):
    talk = channel.stream_stream('/none.T/Talk', same, same)
    go = threading.Event()

    def messages():
        yield b'one'
        go.wait(LONG)
    call = talk(messages())
    assert failure(next, call).code() == grpc.StatusCode.UNIMPLEMENTED
    go.set()


KINDS = ['application/grpc', 'application/grpc+proto',
         'Application/gRPC; x=1', 'application/grpc-web',
         'application/grpc-web-text+proto']


@pytest.mark.parametrize('kind', KINDS)
def test_status_on_the_wire(stage, kind):
    """A head and no more; with HTTP/1.1 as well."""
    want = kind.lower().partition(';')[0]
    with Client(stage.port) as c:
        a = c.ask('/none', 'POST', [('content-type', kind)], body=b'')
        assert a.status == 200 and a.body == b'' and a.trailers is None
        assert a.headers['content-type'] == want
        assert a.headers['grpc-status'] == '12'
        assert a.headers['grpc-message'] == 'Not Found: no_route'
        assert 'content-length' not in a.headers
        assert len(a.headers['x-request-id']) == 32
    for path, code in (('/none', '12'), ('/posts', '12'),
                       ('/dead.T/X', '14'), ('/t.T/%00', '3')):
        r = get(stage.port, path, 'POST', headers=[('Content-Type', kind)],
                body=b'')
        assert r.status == 200 and r.body == b''
        assert r.get('Content-Type') == want
        assert r.get('grpc-status') == code
        assert r.get('Content-Length') == '0'


@pytest.mark.parametrize('method, kind', [
    ('GET', 'application/grpc'), ('POST', 'application/grpcx'),
    ('POST', 'application/json')])
def test_others_get_a_problem(stage, method, kind):
    with Wire(stage.port) as w:
        r = w.ask('/none', method, [('Content-Type', kind)])
        assert r.status == 404 and r.get('grpc-status') is None
        assert json.loads(r.body)['error'] == 'no_route'


# ---- deadlines


class Stubborn:
    """A gateway before an endpoint that minds no deadline, nor anything."""

    def __init__(self, gateway, h2upstream):
        self.exchanges = []
        self.origin = h2upstream()
        self.origin.on('/silent', self.exchanges.append, streamed=True)
        self.origin.on('/begun', self.begin, streamed=True)
        self.port = free_port()
        self.gateway = gateway(
            f'listeners = ( {{ address = "127.0.0.1:{self.port}"; '
            f'protocols = [ "h2" ]; }} );\n'
            + proxy(self.origin.port, extra=H2))

    def begin(self, x):
        self.exchanges.append(x)
        x.head(200, [('content-type', 'application/grpc')])
        x.data(message(b'one'))

    def ask(self, client, path, timeout, **kw):
        return client.request(path, 'POST', [
            ('content-type', 'application/grpc'), ('te', 'trailers'),
            ('grpc-timeout', timeout)], **kw)

    def wait_cancelled(self):
        """And once only, for the client's reason."""
        wait_until(lambda: self.exchanges[-1].reset == CANCEL)
        assert self.gateway.metric('replies_total',
                                   why='deadline_exceeded') == 1


@pytest.fixture
def stubborn(gateway, h2upstream):
    return Stubborn(gateway, h2upstream)


@pytest.mark.parametrize('body', [bytes(5), None], ids=['whole', 'open'])
def test_deadline(stubborn, body):
    with Client(stubborn.port) as c:
        began = Watch()
        a = c.answer(stubborn.ask(c, '/silent', '2S', body=body,
                                  end=body is not None))
        assert began.within(1.9, 6)
        assert a.status == 200 and a.headers['grpc-status'] == '4'
        assert a.headers['grpc-message'] == \
            'Gateway Timeout: deadline_exceeded'
        stubborn.wait_cancelled()
        told = stubborn.exchanges[0].get('grpc-timeout')
        assert told[-1] == 'u' and 100_000 < int(told[:-1]) <= 2_000_000


def test_deadline_within_an_answer(stubborn):
    with Client(stubborn.port) as c:
        a = c.answer(stubborn.ask(c, '/begun', '2000000u', body=bytes(5)))
        assert a.body == message(b'one') and not a.ended
        assert a.reset == CANCEL
        stubborn.wait_cancelled()


def test_deadline_of_a_server(stage):
    """Whoever is first says so; it knows that nobody waits any more."""
    with Client(stage.port) as c:
        a = c.ask('/t.T/Sleep', 'POST', [
            ('content-type', 'application/grpc'), ('te', 'trailers'),
            ('grpc-timeout', '2S')], body=bytes(5))
        assert a.status == 200 and a.headers['grpc-status'] == '4'
    assert stage.calls.cancelled.wait(120)
    assert 0 < stage.calls.left <= 2


def test_deadline_of_a_client(channel, stage):
    error = failure(unary(channel, '/t.T/Sleep'), timeout=2)
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert stage.calls.cancelled.wait(120)
    answer, _ = unary(channel, '/t.T/Echo')(b'a', timeout=LONG)
    assert answer == b'a' and 25 < stage.calls.left < LONG + 1


@pytest.mark.parametrize('texts', [['1'], ['m'], ['-1m'], ['123456789m'],
                                   ['1s'], ['1.5S'], ['1m', '2m']])
def test_bad_deadlines(stage, texts):
    with Client(stage.port) as c:
        a = c.ask('/t.T/Echo', 'POST',
                  [('content-type', 'application/grpc')]
                  + [('grpc-timeout', t) for t in texts], body=bytes(5))
        assert a.headers['grpc-status'] == '13'
        assert a.headers['grpc-message'].startswith('Bad Request: bad_request;')


def test_no_time_at_all(stage):
    with Client(stage.port) as c:
        for text in '0S', '1n':
            a = c.ask('/t.T/Sleep', 'POST',
                      [('content-type', 'application/grpc'),
                       ('grpc-timeout', text)], body=bytes(5))
            assert a.headers['grpc-status'] == '4'


def test_deadlines_of_others_are_not_looked_at(gateway, h2upstream):
    o = h2upstream()
    g = gateway(proxy(o.port, extra=H2))
    with Wire(g.port) as w:
        r = w.ask('/', 'POST', [('grpc-timeout', 'x')], body=b'a')
        assert dict(json.loads(r.body)['headers'])['grpc-timeout'] == 'x'


def test_what_is_left_goes_on_with_each_try(gateway, h2upstream):
    told = []

    def handler(x):
        x.body()
        told.append(dict(x.headers)['grpc-timeout'])
        if len(told) < 2:
            time.sleep(0.3)
            x.cancel(REFUSED)
        else:
            x.reply(200, b'')
    o = h2upstream(handler)
    g = gateway(proxy(o.port, extra=H2
                      + 'retry = { base_delay = "0"; }; '))
    with Wire(g.port) as w:
        w.ask('/', 'POST', [('Content-Type', 'application/grpc'),
                            ('grpc-timeout', '60S')], body=bytes(5))
    left = [int(t[:-1]) for t in told]
    assert [t[-1] for t in told] == ['u'] * len(told)
    assert 50_000_000 < left[0] <= 60_000_000
    assert len(left) == 2 and left[1] <= left[0] - 300_000


def test_cancel(channel, stage):
    call = channel.unary_stream('/t.T/Slow', same, same)(b'')
    assert next(call) == b'one'
    assert not stage.calls.cancelled.is_set()
    call.cancel()
    assert stage.calls.cancelled.wait(120)


# ---- gRPC-Web


def message(data, flags=0):
    return struct.pack('>BI', flags, len(data)) + data


def messages(body):
    """[(flags, data)]"""
    found = []
    while body:
        flags, n = struct.unpack('>BI', body[:5])
        assert len(body) >= 5 + n
        found.append((flags, body[5:5 + n]))
        body = body[5 + n:]
    return found


def trailers(data):
    assert data.endswith(b'\r\n')
    return dict(line.split(': ', 1)
                for line in data.decode().split('\r\n')[:-1])


def untext(body):
    """Segments of base64, each padded."""
    return b''.join(base64.b64decode(body[i:i + 4], validate=True)
                    for i in range(0, len(body), 4))


class H1Web:
    def __init__(self, port):
        self.port = port

    def ask(self, path, kind, body, more=()):
        r = get(self.port, path, 'POST',
                headers=[('Content-Type', kind), *more], body=body)
        assert r.trailers == []
        return r.status, {n.lower(): v for n, v in r.headers}, r.body

    def close(self):
        pass


class H2Web:
    def __init__(self, port):
        self.client = Client(port, timeout=LONG)

    def ask(self, path, kind, body, more=()):
        more = [(n.lower(), v) for n, v in more]
        a = self.client.ask(path, 'POST', [('content-type', kind), *more],
                            body=body)
        assert a.trailers is None and a.ended
        return a.status, a.headers, a.body

    def close(self):
        self.client.sock.close()


@pytest.fixture(params=[H1Web, H2Web], ids=['h1', 'h2'])
def web(request, stage):
    w = request.param(stage.port)
    yield w
    w.close()


@pytest.mark.parametrize('kind', ['application/grpc-web',
                                  'application/grpc-web+proto'])
def test_web(web, stage, kind):
    status, headers, body = web.ask('/t.T/Echo', kind, message(ECHO),
                                    [('X-Grpc-Web', '1'), ('x-one', '1')])
    assert status == 200 and headers['content-type'] == kind
    assert headers['x-head'] == 'h'
    (flags, data), (last, end) = messages(body)
    assert (flags, data, last) == (0, ECHO, 0x80)
    end = trailers(end)
    assert end['grpc-status'] == '0' and end['x-end'] == 'e'
    assert end['x-end-bin'] == base64.b64encode(b'\0\1').decode().rstrip('=')
    assert stage.calls.seen['x-one'] == '1'


@pytest.mark.parametrize('kind', ['application/grpc-web-text',
                                  'application/grpc-web-text+proto'])
@pytest.mark.parametrize('n', [0, 1, 2, 3, 1000, 100000])
def test_web_text(web, kind, n):
    data = b'z' * n
    status, headers, body = web.ask('/t.T/Echo', kind,
                                    base64.b64encode(message(data)))
    assert status == 200 and headers['content-type'] == kind
    (flags, got), (last, end) = messages(untext(body))
    assert (flags, got, last) == (0, data, 0x80)
    assert trailers(end)['grpc-status'] == '0'


def test_web_text_of_segments(web):
    body = b''.join(base64.b64encode(p) for p in (
        b'\0', b'\0\0', b'\0\0', b'hello'[:0], b'', message(b'')[:0]))
    _, _, body = web.ask('/t.T/Echo', 'application/grpc-web-text', body)
    assert messages(untext(body))[0] == (0, b'')


def test_web_text_is_padded_message_by_message(web):
    _, _, body = web.ask('/t.T/Count', 'application/grpc-web-text',
                         base64.b64encode(message(b'3')))
    for i in range(3):
        one = base64.b64encode(message(b'%d' % i))
        assert body.startswith(one)
        body = body[len(one):]
    assert messages(untext(body))[0][0] == 0x80


def test_web_large(web):
    for kind, into, of in (
            ('application/grpc-web', same, same),
            ('application/grpc-web-text', base64.b64encode, untext)):
        _, _, body = web.ask('/t.T/Echo', kind, into(message(MEGA4)))
        assert messages(of(body))[0] == (0, MEGA4)


def test_web_accept_decides(web):
    for kind, accept, want in (
            ('application/grpc-web', 'application/grpc-web-text', '-text'),
            ('application/grpc-web', '*/*', ''),
            ('application/grpc-web', 'text/plain, application/grpc-web', '')):
        _, headers, body = web.ask('/t.T/Echo', kind, message(b'a'),
                                   [('Accept', accept)])
        assert headers['content-type'] == 'application/grpc-web' + want
        body = untext(body) if want else body
        assert messages(body)[0] == (0, b'a')


def test_web_errors(web):
    for path, code in (('/t.T/Fail', '15'), ('/dead.T/X', '14'),
                       ('/none', '12')):
        status, headers, body = web.ask(path, 'application/grpc-web',
                                        message(b''))
        assert status == 200
        assert headers['content-type'] == 'application/grpc-web'
        assert headers['grpc-status'] == code and body == b''


@pytest.mark.parametrize('body', [b'!', b'AAAA!', b'AAA', b'A===', b'=',
                                  b'AA=A', b'AAAA\r\n'])
def test_web_bad_base64(web, stage, body):
    before = stage.reasons('bad_grpc_web')
    status, headers, _ = web.ask('/t.T/Talk', 'application/grpc-web-text',
                                 body)
    assert status == 200 and headers['grpc-status'] == '13'
    assert headers['grpc-message'] == 'Bad Request: bad_grpc_web'
    wait_until(lambda: stage.reasons('bad_grpc_web') == before + 1)


def test_web_streams(stage):
    """Messages come when they are there, also as text."""
    for kind, of in (('application/grpc-web', same),
                     ('application/grpc-web-text', untext)):
        with Client(stage.port) as c:
            s = c.request('/t.T/Slow', 'POST', [('content-type', kind)],
                          base64.b64encode(message(b'')) if of is untext
                          else message(b''))
            a = c.answers[s]
            c.wait(lambda: a.body)
            assert of(a.body) == message(b'one') and not a.over
        assert stage.calls.cancelled.wait(120)


def test_web_deadline(web):
    _, headers, _ = web.ask('/t.T/Sleep', 'application/grpc-web', message(b''),
                            [('grpc-timeout', '100m')])
    assert headers['grpc-status'] == '4'


def test_web_answers_of_others(gateway, h2upstream):
    """What is not gRPC passes; where the option is off, all does."""
    def handler(x):
        kind = dict(x.headers)['content-type']
        x.body()
        x.head(200, [('content-type', 'text/plain'), ('x-got', kind)])
        x.data(b'hello')
        x.end([('x-end', '1')])
    o = h2upstream(handler)
    on = '{ path = "/*rest"; service = "s"; grpc_web = true; }'
    off = '{ path = "/off"; service = "s"; }'
    g = gateway(proxy(o.port, extra=H2, routes=f'{on}, {off}'))
    with Wire(g.port) as w:
        for path, kind, got in (
                ('/', 'application/grpc-web+json', 'application/grpc+json'),
                ('/off', 'application/grpc-web', 'application/grpc-web'),
                ('/', 'application/grpc', 'application/grpc'),
                ('/', 'text/html', 'text/html')):
            r = w.ask(path, 'POST', [('Content-Type', kind)], body=b'x')
            assert r.get('X-Got') == got and r.body == b'hello'
            assert r.get('Content-Type') == 'text/plain'


def test_web_request_is_sent_again(gateway, h2upstream):
    """Decoded, as it went out."""
    bodies = []

    def handler(x):
        bodies.append(x.body())
        if len(bodies) == 1:
            x.cancel(REFUSED)
        else:
            x.reply(200, b'')
    o = h2upstream(handler)
    g = gateway(proxy(o.port, extra=H2 + 'retry = { base_delay = "0"; }; ',
                      routes='{ path = "/*rest"; service = "s"; '
                             'grpc_web = true; }'))
    with Wire(g.port) as w:
        w.ask('/', 'POST', [('Content-Type', 'application/grpc-web-text')],
              body=base64.b64encode(message(b'abcd')))
    assert bodies == [message(b'abcd')] * 2


def test_web_wants_h2(gateway):
    g = gateway(proxy(1), start=False)
    g.write(proxy(1, routes='{ path = "/"; service = "s"; '
                            'grpc_web = true; }'))
    done = g.run('-t')
    assert done.returncode != 0
    assert 'grpc_web: it needs protocol = "h2" in service "s"' in done.stderr
