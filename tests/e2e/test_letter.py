"""HTTP/1.1 to the letter, where plays cannot look: the differential property
(whatever bytes a client sends, the upstream is sent the requests that the
gateway says, and those are what the client said), and exact trailers."""
import contextlib
import errno
import random
import re
import socket
import threading
import time

import pytest

import strict
from conf import proxy
from gateway import wait_until
from wire import Wire

SEEDS = 4000
SECONDS = 15  # for all of them, once there are enough
ENOUGH = 200

H = b'Host: t\r\n'
GOOD = b'GET /tail HTTP/1.1\r\n' + H + b'\r\n'
CHUNKED = b'Transfer-Encoding: chunked\r\n'


def post(fields, body=b'', line=b'POST /p HTTP/1.1\r\n'):
    return line + H + fields + b'\r\n' + body


# What smugglers, old clients and broken ones send; all else grows from these.
CORPUS = [
    GOOD, GOOD * 3,
    post(b'Content-Length: 5\r\n', b'hello'),
    post(b'Content-Length: 0\r\n'),
    post(CHUNKED, b'5\r\nhello\r\n0\r\n\r\n'),
    post(CHUNKED, b'5;a="b;\\"c"\r\nhello\r\n00\r\nX: y\r\nX-Z: w\r\n\r\n'),
    post(CHUNKED, b'a\r\n0123456789\r\n1\r\nx\r\n0;last\r\n\r\n'),
    post(CHUNKED + b'TE: trailers\r\nConnection: TE\r\n', b'0\r\nX: y\r\n\r\n'),
    post(b'Content-Length: 6\r\n' + CHUNKED, b'0\r\n\r\nG'),
    post(CHUNKED + b'Content-Length: 4\r\n',
         b'12\r\nGPOST / HTTP/1.1\r\n\r\n0\r\n\r\n'),
    post(b'Content-Length: 5\r\nContent-Length: 6\r\n', b'hello!'),
    post(b'Content-Length: 5, 5\r\n', b'hello'),
    post(b'Content-Length: +5\r\n', b'hello'),
    post(b'Content-Length: 5 \r\n', b'hello'),
    post(b'Content-Length : 5\r\n', b'hello'),
    post(b'Transfer-Encoding: xchunked\r\n', b'0\r\n\r\n'),
    post(b'Transfer-Encoding: chunked, identity\r\n', b'0\r\n\r\n'),
    post(b'Transfer-Encoding:\x0bchunked\r\n', b'0\r\n\r\n'),
    post(b'Transfer-Encoding\n: chunked\r\n', b'0\r\n\r\n'),
    post(b'X: y\r\n Transfer-Encoding: chunked\r\n', b'0\r\n\r\n'),
    post(b'Foo: bar\rTransfer-Encoding: chunked\r\n', b'0\r\n\r\n'),
    post(b'Connection: Content-Length\r\nContent-Length: 5\r\n', b'hello'),
    post(b'Connection: close, Host\r\nContent-Length: 3\r\n', b'abc') + GOOD,
    post(b'Expect: 100-continue\r\nContent-Length: 3\r\n', b'abc'),
    post(b'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'
         b'Connection: Upgrade, HTTP2-Settings\r\n'),
    post(b'Content-Length: 3\r\nConnection: keep-alive\r\n', b'abc',
         b'POST /p HTTP/1.0\r\n'),
    post(CHUNKED, b'0\r\n\r\n', b'POST /p HTTP/1.0\r\n'),
    post(b'Content-Length: 2\r\n', b'ok', b'PUT /p HTTP/1.3\r\n'),
    b'GET http://t/a?b HTTP/1.1\r\n' + H + b'\r\n',
    b'GET http://u/ HTTP/1.1\r\n' + H + b'\r\n',
    b'OPTIONS * HTTP/1.1\r\n' + H + b'\r\n',
    b'HEAD /h HTTP/1.1\r\n' + H + b'\r\n',
    b'GET  / HTTP/1.1\r\n' + H + b'\r\n',
    b'GET / HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n',
    b'\r\n' + GOOD,
    b'GET /\n\n',
    post(CHUNKED, b'2\r\nab\n0\r\n\r\n'),
    post(CHUNKED, b'2;\nab\r\n0\r\n\r\n'),
    post(CHUNKED, b'10000000000000002\r\nab\r\n0\r\n\r\n'),
    post(CHUNKED, b'0\r\nContent-Length: 30\r\n\r\n'),
]
TOKENS = [b'\r', b'\n', b'\r\n', b'\r\n\r\n', b'\0', b' ', b'\t', b'\x0b', b':',
          b',', b';', b'"', b'0', b'1', b'9', b'f', b'-', b'+', b'0x', b'\x80',
          b'chunked', b'Content-Length: 3\r\n', CHUNKED, H, b'#', b'%0d%0a',
          b'HTTP/1.1', b' \r\n', b'0\r\n\r\n', GOOD]


def mutate(rng, data):
    at, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    kind = rng.randrange(6)
    if kind == 0:
        return data[:at] + rng.choice(TOKENS) + data[at:]
    if kind == 1:
        return data[:at] + data[min(end, at + 4):]
    if kind == 2:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1:]
    lines = data.split(b'\r\n')
    line = rng.randrange(len(lines))
    if kind == 3:
        lines.insert(rng.randrange(len(lines)), lines[line])
    elif kind == 4:
        lines[line] = lines[line].swapcase()
    else:
        other = rng.choice(CORPUS).split(b'\r\n')
        lines.insert(line, rng.choice(other))
    return b'\r\n'.join(lines)


def client_bytes(seed):
    rng = random.Random(seed)
    data = rng.choice([rng.choice(CORPUS[:8]), rng.choice(CORPUS)])
    data += rng.choice([b'', GOOD, rng.choice(CORPUS)])
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        data = mutate(rng, data)
    return data


class Recorder:
    """Keeps every byte; answers each request that the strict reader sees."""

    def __init__(self):
        self.streams = []
        self.sock = socket.create_server(('127.0.0.1', 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            stream = bytearray()
            self.streams.append(stream)
            threading.Thread(target=self.serve, args=(sock, stream),
                             daemon=True).start()

    @staticmethod
    def serve(sock, stream):
        answered, start = 0, 0
        with sock:
            while True:
                try:
                    more = sock.recv(65536)
                except OSError:
                    return
                if not more:
                    return
                stream += more
                reader = strict.Reader(bytes(stream))
                reader.at = start
                while reader.at < len(stream):
                    try:
                        reader.request()
                    except strict.Incomplete:
                        break
                    except strict.Malformed:
                        return
                    start, answered = reader.at, answered + 1
                    sock.sendall(b'HTTP/1.1 200 OK\r\nX-From: upstream\r\n'
                                 b'Content-Length: 0\r\n\r\n')

    def requests(self):
        """Of all streams, by their ids. Each stream must be nothing else."""
        found = {}
        for stream in self.streams:
            requests, error = strict.read(bytes(stream))
            assert not isinstance(error, strict.Malformed), (error, stream)
            for r in requests:
                ids = strict.values(r.fields, b'x-request-id')
                assert len(ids) == 1 and ids[0] not in found, (ids, stream)
                found[ids[0]] = r
        return found


@contextlib.contextmanager
def cut_off():
    try:
        yield
    except ConnectionError:
        pass
    except OSError as error:
        if error.errno != errno.ENOTCONN:  # reset before the shutdown
            raise


def exchange(port, data, rng):
    """Sends it in pieces, ends that side, gives all that came back."""
    with Wire(port) as w:
        at = 0
        # Who is cut off while he sends still reads what he was told before.
        with cut_off():
            while at < len(data):
                n = rng.choice([len(data), 1, 7, 40])
                w.send(data[at:at + n])
                at += n
            w.sock.shutdown(socket.SHUT_WR)
        with cut_off():
            while w.more():
                pass
        return w.data


ANSWER = re.compile(rb'HTTP/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n')


def forwarded_ids(data):
    """Of the answers that came from upstream, in order."""
    ids, at = [], 0
    while at < len(data):
        m = ANSWER.match(data, at)
        assert m is not None, data[at:]
        fields = dict(line.split(b': ', 1)
                      for line in m.group(2).lower().splitlines())
        at = m.end()
        if b'x-from' in fields:
            ids.append(fields[b'x-request-id'])
        elif not data.startswith(b'HTTP/', at):  # it was no HEAD
            at += int(fields.get(b'content-length', 0))
    return ids


def same(sent, got):
    """What the client said is what the upstream was told."""
    if sent.method != got.method or sent.body != got.body:
        return False
    target = re.sub(rb'^http://[^/?]*', b'', sent.target)
    return not re.fullmatch(rb'/[\w/]*', target) or target == got.target


def is_part(requests, of):
    """requests is a subsequence."""
    rest = iter(of)
    return all(any(same(o, r) for o in rest) for r in requests)


def test_what_is_forwarded_is_what_was_said(gateway):
    recorder = Recorder()
    g = gateway(proxy(recorder.port))
    said, began = {}, time.monotonic()
    for seed in range(SEEDS):
        data = client_bytes(seed)
        answers = exchange(g.port, data, random.Random(seed))
        said[seed] = data, forwarded_ids(answers), answers
        if time.monotonic() - began > SECONDS and len(said) >= ENOUGH:
            break
    assert g.metric('worker_restarts_total') == 0
    got = recorder.requests()
    for seed, (data, ids, answers) in said.items():
        clear, _ = strict.read(data)
        missing = [i for i in ids if i not in got]
        assert not missing, (seed, data, answers)
        assert is_part([got[i] for i in ids], clear), (seed, data, answers)
    claimed = [i for _, ids, _ in said.values() for i in ids]
    assert sorted(claimed) == sorted(got), set(got) - set(claimed)
    wait_until(lambda: g.metric('upstream_requests_total', code='200') ==
               len(got), 10, 'the count of all')
    assert len(got) >= len(said) // 4  # or nothing has been shown
    recorder.sock.close()


TRAILERS = '0\r\nX-Sum: 1\r\nSet-Cookie: a=b\r\nVia: x\r\nETag: "e"\r\n\r\n'


@pytest.fixture(scope='module')
def pair(shared_house):
    origin = shared_house.origin()
    return shared_house.gateway(proxy(origin.port)), origin


@pytest.mark.parametrize('fields, expected', [
    ('TE: trailers\r\n', [('X-Sum', '1'), ('ETag', '"e"')]),
    ('TE: gzip;q=1 , TRAILERS\r\n', [('X-Sum', '1'), ('ETag', '"e"')]),
    ('TE: gzip\r\n', []),
    ('', [])])
def test_trailers_of_an_answer(pair, fields, expected):
    g, origin = pair
    origin.on('/trailers', lambda conn, _: conn.send(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
        '3\r\nabc\r\n' + TRAILERS))
    with Wire(g.port) as w:
        w.send(f'GET /trailers HTTP/1.1\r\nHost: t\r\n{fields}\r\n')
        r = w.response()
        assert r.body == b'abc' and r.trailers == expected
        assert w.ask('/').status == 200


@pytest.mark.parametrize('fields, expected', [
    ('', [('X-Sum', '1'), ('ETag', '"e"')]),
    ('Connection: X-Sum\r\n', [])])
def test_trailers_of_a_request(pair, fields, expected):
    g, origin = pair
    seen = []

    def read(conn, _):
        seen.append(conn.chunks())
        conn.reply()
    origin.on('/upload', read, streamed=True)
    with Wire(g.port) as w:
        w.send(f'POST /upload HTTP/1.1\r\nHost: t\r\n{fields}'
               'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n' + TRAILERS)
        assert w.response().status == 200
    assert seen == [(b'abc', expected)]
