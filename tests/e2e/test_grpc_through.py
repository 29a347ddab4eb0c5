"""gRPC through the gateway, HTTP/2 on both sides, with grpcio at both ends:
what a service and its caller say to each other arrives as it was said."""
import concurrent.futures
import queue
import threading
import time

import grpc
import pytest

from conf import proxy
from gateway import free_port, wait_until
from secure import Shop

MEGA = 1 << 20
NO_LIMITS = [('grpc.max_receive_message_length', -1),
             ('grpc.max_send_message_length', -1)]
PLAIN = 'protocols = ( "h2", "http/1.1" );'


class Service(grpc.GenericRpcHandler):
    """/t.T/NAME: messages are bytes."""

    def __init__(self):
        self.ended = queue.Queue()  # of calls that were cancelled
        self.begun = queue.Queue()  # of `late`
        self.metadata = {}

    def service(self, details):
        self.metadata = dict(details.invocation_metadata)
        name = details.method.rpartition('/')[2]
        kinds = {'echo': grpc.unary_unary_rpc_method_handler,
                 'fail': grpc.unary_unary_rpc_method_handler,
                 'late': grpc.unary_unary_rpc_method_handler,
                 'count': grpc.unary_stream_rpc_method_handler,
                 'watch': grpc.unary_stream_rpc_method_handler,
                 'break_off': grpc.unary_stream_rpc_method_handler,
                 'total': grpc.stream_unary_rpc_method_handler,
                 'talk': grpc.stream_stream_rpc_method_handler}
        return kinds[name](getattr(self, name)) if name in kinds else None

    @staticmethod
    def echo(message, context):
        context.send_initial_metadata((('first', '1'), ('raw-bin', b'\0\xff')))
        context.set_trailing_metadata((('last', '2'), ('end-bin', b'\1\2\3')))
        return message

    @staticmethod
    def fail(_message, context):
        context.set_trailing_metadata((('why', 'so'),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, 'h\u00e9las, 100%')

    def late(self, message, context):
        context.add_callback(lambda: self.ended.put('late'))
        self.begun.put('late')
        time.sleep(float(message))
        return b'late'

    @staticmethod
    def count(message, _context):
        for i in range(int(message)):
            yield b'%d' % i

    def watch(self, _message, context):
        context.add_callback(lambda: self.ended.put('watch'))
        n = 0
        while context.is_active():
            yield b'%d' % n
            n += 1
            time.sleep(0.02)

    @staticmethod
    def break_off(_message, context):
        yield b'one'
        context.abort(grpc.StatusCode.DATA_LOSS, 'broke off')

    @staticmethod
    def total(messages, _context):
        return b'%d' % sum(len(m) for m in messages)

    @staticmethod
    def talk(messages, _context):
        yield from messages


class Calls:
    """A channel, and its calls."""

    def __init__(self, channel):
        self.channel = channel
        self.echo = channel.unary_unary('/t.T/echo')
        self.fail = channel.unary_unary('/t.T/fail')
        self.late = channel.unary_unary('/t.T/late')
        self.none = channel.unary_unary('/t.T/none')
        self.count = channel.unary_stream('/t.T/count')
        self.watch = channel.unary_stream('/t.T/watch')
        self.break_off = channel.unary_stream('/t.T/break_off')
        self.total = channel.stream_unary('/t.T/total')
        self.talk = channel.stream_stream('/t.T/talk')


class Way:
    """A service, a gateway in front of it, and a caller."""

    def __init__(self, house, tls=False, extra='', top='', workers=1):
        self.service = Service()
        self.server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(24), options=NO_LIMITS)
        self.server.add_generic_rpc_handlers((self.service,))
        extra = 'protocol = "h2"; ' + extra
        if tls:
            shop = Shop(house.folder())
            leaf = shop.ca.issue('origin', ['IP:127.0.0.1'])
            self.origin = self.server.add_secure_port(
                '127.0.0.1:0', grpc.ssl_server_credentials(
                    [(leaf.key_pem, leaf.pem)]))
            extra += f'tls = {{ ca = "{shop.dir}/ca.pem"; }}; '
            top += shop.listeners()
            port = shop.port
        else:
            self.origin = self.server.add_insecure_port('127.0.0.1:0')
            port = free_port()
            top += (f'listeners = ( {{ address = "127.0.0.1:{port}"; '
                    f'{PLAIN} }} );\n')
        self.server.start()
        self.gateway = house.gateway(proxy(self.origin, extra=extra), top=top,
                                     workers=workers)
        if tls:
            self.channel = grpc.secure_channel(
                f'127.0.0.1:{port}', grpc.ssl_channel_credentials(
                    (shop.dir / 'ca.pem').read_bytes()),
                options=NO_LIMITS + [
                    ('grpc.ssl_target_name_override', 'site.example')])
        else:
            self.channel = grpc.insecure_channel(f'127.0.0.1:{port}',
                                                 options=NO_LIMITS)
        self.calls = Calls(self.channel)

    def close(self):
        self.channel.close()
        self.server.stop(0).wait(10)


@pytest.fixture
def way(house):
    ways = []

    def make(**kw):
        ways.append(Way(house, **kw))
        return ways[-1]
    yield make
    for w in ways:
        w.close()


both = pytest.mark.parametrize('tls', [False, True], ids=['plain', 'tls'])


def code(call, *args, **kw):
    """The error that a call ends with."""
    with pytest.raises(grpc.RpcError) as info:
        got = call(*args, timeout=60, **kw)
        list(got)
    return info.value


@both
def test_a_call_and_its_metadata(way, tls):
    w = way(tls=tls)
    reply, call = w.calls.echo.with_call(
        b'hello', timeout=60,
        metadata=(('asked', 'yes'), ('key-bin', b'\0\1')))
    assert reply == b'hello' and call.code() == grpc.StatusCode.OK
    assert w.service.metadata['asked'] == 'yes'
    assert w.service.metadata['key-bin'] == b'\0\1'
    first, last = dict(call.initial_metadata()), dict(call.trailing_metadata())
    assert first['first'] == '1' and first['raw-bin'] == b'\0\xff'
    assert last['last'] == '2' and last['end-bin'] == b'\1\2\3'


@both
def test_statuses_are_the_services_own(way, tls):
    w = way(tls=tls)
    error = code(w.calls.fail, b'')
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert error.details() == 'h\u00e9las, 100%'
    assert dict(error.trailing_metadata())['why'] == 'so'
    assert code(w.calls.none, b'').code() == grpc.StatusCode.UNIMPLEMENTED
    got = w.calls.break_off(b'', timeout=60)
    assert next(got) == b'one'
    with pytest.raises(grpc.RpcError):
        next(got)
    assert got.code() == grpc.StatusCode.DATA_LOSS
    assert got.details() == 'broke off'


@both
def test_streams(way, tls):
    w = way(tls=tls)
    assert list(w.calls.count(b'500', timeout=60)) == \
        [b'%d' % i for i in range(500)]
    assert w.calls.total((b'x' * i for i in range(300)), timeout=60) == \
        b'%d' % sum(range(300))
    assert list(w.calls.talk((b'%d' % i for i in range(300)), timeout=60)) == \
        [b'%d' % i for i in range(300)]
    assert list(w.calls.count(b'0', timeout=60)) == []
    assert list(w.calls.talk(iter(()), timeout=60)) == []


@both
def test_ten_thousand_messages_one_by_one(way, tls):
    w = way(tls=tls)
    turn = queue.Queue()

    def ask():
        for _ in range(10000):
            yield turn.get(timeout=600)
    turn.put(b'0')
    n = 0
    for reply in w.calls.talk(ask(), timeout=900):
        assert reply == b'%d' % n
        n += 1
        turn.put(b'%d' % n)
    assert n == 10000
    assert w.gateway.metric('requests_total') == 1


def test_many_streams_at_once(way):
    w = way(workers=2)
    words = [b'%d' % i for i in range(200)]

    def talk(_i):
        return list(w.calls.talk(iter(words), timeout=60)) == words
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert all(pool.map(talk, range(60)))


@both
def test_large_messages(way, tls):
    w = way(tls=tls, top='limits = { request_body = "1G"; };\n')
    big = bytes(range(256)) * (8 * MEGA // 256)
    assert w.calls.echo(big, timeout=60) == big
    got = list(w.calls.talk((big[:i * MEGA] for i in range(5)), timeout=60))
    assert [len(m) for m in got] == [i * MEGA for i in range(5)]


@both
def test_cancelled_calls_end_at_the_service(way, tls):
    w = way(tls=tls)
    got = w.calls.watch(b'')
    assert [next(got) for _ in range(3)] == [b'0', b'1', b'2']
    got.cancel()
    assert w.service.ended.get(timeout=60) == 'watch'
    assert w.calls.echo(b'still there', timeout=60) == b'still there'
    late = w.calls.late.future(b'1')
    w.service.begun.get(timeout=60)
    late.cancel()
    assert w.service.ended.get(timeout=60) == 'late'
    wait_until(lambda: w.gateway.metric('requests_active') == 0)


def test_the_first_message_comes_before_the_request_ends(way):
    w = way()
    more = threading.Event()

    def ask():
        yield b'one'
        more.wait(120)
        yield b'two'
    got = w.calls.talk(ask(), timeout=60)
    assert next(got) == b'one'
    more.set()
    assert list(got) == [b'two']


def test_a_service_that_dies_within_an_answer(way):
    w = way()
    got = w.calls.watch(b'', timeout=60)
    assert next(got) == b'0'
    w.server.stop(0).wait(10)
    with pytest.raises(grpc.RpcError):
        list(got)
    assert got.code() != grpc.StatusCode.OK


def test_reloads_leave_streams_alone(way):
    w = way()
    got = w.calls.watch(b'', timeout=60)
    assert next(got) == b'0'
    for n in range(5):
        w.gateway.reload(proxy(w.origin, extra='protocol = "h2"; '
                               f'pool = {{ max_idle = {n + 1}; }};'))
        assert int(next(got)) > n
    got.cancel()
