"""Random clients and a random origin for test_chaos.py.

What an origin does with a request stands in its target, and every body is a
repetition of its token, so whoever reads an answer knows whose it is.
"""
import asyncio
import collections
import random
import socket
import struct

SLOW_RCVBUF = 4096
STUCK_S = 30
# An origin that does this has answered whole: the client must get it.
SOUND = ('ok', 'leave', 'none', 'same', 'interim', 'slow', 'behind', 'early')
BROKEN = ('cut', 'reset', 'nothing', 'garbage', 'torn', 'early-leave')
KINDS = SOUND * 3 + ('ok', 'ok', 'slow') * 3 + BROKEN
BAD_HEADS = (
    'GET / HTTP/1.1\r\n\r\n', 'GET  / HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: t\r\nBad Name: 1\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n'
    'Transfer-Encoding: chunked\r\n\r\n', 'GET / HTTP/3.7\r\nHost: t\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: t\r\nX: ' + 'x' * 60000 + '\r\n\r\n')

Ask = collections.namedtuple(
    'Ask', 'token method version kind size framing upload chunked expect close')
Answer = collections.namedtuple('Answer', 'status headers body close')


class Cut(Exception):
    """The peer ended within a message."""


class Wrong(Exception):
    """What must never happen."""


def pattern(token, size):
    unit = (token + '|').encode()
    return (unit * (size // len(unit) + 1))[:size]


def chunk(data):
    return b'%x\r\n%s\r\n' % (len(data), data)


def pieces(rng, data, most=40):
    """Cuts data at random places, most of them not far from the start."""
    at = 0
    for _ in range(rng.choice((0, 0, 1, 3, most))):
        n = rng.choice((1, 2, 7, 100, 5000, 70000))
        if at + n >= len(data):
            break
        yield data[at:at + n]
        at += n
    yield data[at:]


def reset(writer):
    sock = writer.get_extra_info('socket')
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack('ii', 1, 0))
    writer.transport.abort()


async def read_head(reader):
    """(first line, fields with lower-case names)"""
    raw = await reader.readuntil(b'\r\n\r\n')
    line, *lines = raw.decode('latin-1')[:-4].split('\r\n')
    fields = {}
    for text in lines:
        name, colon, value = text.partition(': ')
        if not colon or name.lower() in fields:
            raise Wrong(f'field {text!r} in {raw!r}')
        fields[name.lower()] = value
    return line, fields


async def read_chunks(reader):
    parts = []
    while True:
        size = int((await reader.readuntil(b'\r\n'))[:-2], 16)
        parts.append(await reader.readexactly(size))
        if await reader.readexactly(2) != b'\r\n':
            raise Wrong('a chunk does not end where it should')
        if size == 0:
            return b''.join(parts)


async def read_body(reader, fields):
    if fields.get('transfer-encoding') == 'chunked':
        return await read_chunks(reader)
    return await reader.readexactly(int(fields.get('content-length', '0')))


class ChaosOrigin:
    """One server socket; what it does is up to each request's target."""

    def __init__(self, seed):
        self.seed = seed
        self.wrong = []
        self.connections = 0
        self.server = self.port = None

    async def start(self):
        self.server = await asyncio.start_server(self.serve, '127.0.0.1', 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def serve(self, reader, writer):
        self.connections += 1
        rng = random.Random(f'{self.seed} origin {self.connections}')
        try:
            while await self.exchange(rng, reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        except (Wrong, ValueError, KeyError) as error:
            self.wrong.append(f'at the origin: {error!r}')
        finally:
            writer.close()

    async def exchange(self, rng, reader, writer):
        """One request; false when the connection is to end."""
        line, fields = await read_head(reader)
        method, target, _ = line.split(' ')
        token, kind, size, framing = target[1:].split('/')
        size = int(size)
        if kind.startswith('early'):
            await self.answer(rng, writer, method, token, size, framing)
            if kind == 'early-leave':
                return False
        elif 'expect' in fields:
            writer.write(b'HTTP/1.1 100 Continue\r\n\r\n')
        body = await read_body(reader, fields)
        if body != pattern(token, int(fields.get('x-size', '0'))):
            raise Wrong(f'{token}: another body of {len(body)} bytes')
        if rng.random() < 0.2:
            await asyncio.sleep(rng.random() * 0.05)
        if kind == 'early':
            return framing != 'eof'
        return await self.act(rng, writer, (method, token, kind, size, framing))

    async def act(self, rng, writer, request):
        method, token, kind, size, framing = request
        if kind == 'none':
            writer.write(b'HTTP/1.1 204 No\r\n\r\n')
        elif kind == 'same':
            writer.write(b'HTTP/1.1 304 Same\r\nContent-Length: %d\r\n\r\n'
                         % size)
        elif kind == 'nothing':
            return False
        elif kind == 'garbage':
            writer.write(rng.randbytes(rng.randrange(20, 300)) + b'\r\n\r\n')
        elif kind == 'torn':
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Le')
            return False
        else:
            if kind == 'interim':
                writer.write(b'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n')
            await self.answer(rng, writer, method, token, size, framing, kind)
            return kind not in ('leave', 'cut') and framing != 'eof'
        return True

    async def answer(self, rng, writer, method, token, size, framing, kind='ok'):
        """A 200 with the token's pattern, or what `kind` leaves of it."""
        data = b'' if method == 'HEAD' else pattern(token, size)
        head = f'HTTP/1.1 200 Thing\r\nX-Token: {token}\r\n'
        if framing == 'length':
            head += f'Content-Length: {size}\r\n'
        elif framing == 'chunked':
            head += 'Transfer-Encoding: chunked\r\n'
            step = rng.choice((1, 10, 1000, 70000, 1 << 20))
            if method != 'HEAD':
                data = b''.join(
                    chunk(data[i:i + max(step, size // 50)]) for i in
                    range(0, size, max(step, size // 50))) + b'0\r\n\r\n'
        data = (head + '\r\n').encode() + data
        if kind in ('cut', 'reset'):
            data = data[:rng.randrange(1, len(data))]
        if kind == 'behind':
            data += b'HTTP/1.1 200 Not asked\r\nContent-Length: 3\r\n\r\nbad'
        for part in pieces(rng, data):
            writer.write(part)
            await writer.drain()
            if kind == 'slow' or rng.random() < 0.02:
                await asyncio.sleep(rng.random() * 0.02)
        if kind == 'reset':
            reset(writer)


class Client:
    """One connection: up to ten requests and what comes back for them."""

    def __init__(self, storm, number):
        self.storm, self.number = storm, number
        self.rng = rng = random.Random(f'{storm.seed} client {number}')
        self.abort = rng.random() < 0.15
        self.half_close = rng.random() < 0.2
        self.slow = rng.random() < 0.2
        self.piped = rng.random() < 0.6
        self.malformed = rng.random() < 0.1
        count = rng.choice((1, 2, 3, 10))
        self.asks = [self.make(i, i == count - 1) for i in range(count)]
        if self.asks[-1].close or self.asks[-1].version == '1.0':
            self.malformed = False
        # A reset ends an answer without framing, and takes others with it.
        self.reset = any(a.version == '1.0' and a.kind in BROKEN
                         for a in self.asks)
        self.answered = 0
        self.turn = asyncio.Event()  # an answer, or a 100, has come
        self.excuse = 'a reset' if self.abort or self.reset else None

    def make(self, i, last):
        rng = self.rng
        version = '1.0' if last and rng.random() < 0.15 else '1.1'
        method = rng.choice(('GET', 'GET', 'GET', 'HEAD', 'DELETE', 'PUT',
                             'POST', 'POST'))
        kind = rng.choice(KINDS + ('own',) * 4)
        framing = rng.choice(('length', 'chunked'))
        if rng.random() < 0.1 and kind not in ('cut', 'behind'):
            framing = 'eof'
        upload = None
        if method in ('DELETE', 'PUT', 'POST'):
            upload = rng.choice((0, 0, 1, 100, 20000, rng.randrange(1 << 20)))
        return Ask(f'{self.number}-{i}', method, version, kind,
                   rng.choice((0, 1, 500, 30000, rng.randrange(1 << 20))),
                   framing, upload, version == '1.1' and rng.random() < 0.5,
                   version == '1.1' and upload and not self.piped
                   and rng.random() < 0.3, last and rng.random() < 0.3)

    # --- sending

    def head(self, ask):
        target = f'/own/{ask.token}' if ask.kind == 'own' else \
            f'/{ask.token}/{ask.kind}/{ask.size}/{ask.framing}'
        lines = [f'{ask.method} {target} HTTP/{ask.version}', 'Host: chaos']
        if ask.upload is not None:
            lines.append(f'X-Size: {ask.upload}')
            lines.append('Transfer-Encoding: chunked' if ask.chunked else
                         f'Content-Length: {ask.upload}')
        if ask.expect:
            lines.append('Expect: 100-continue')
        if ask.close:
            lines.append('Connection: close')
        elif ask.version == '1.0' and self.rng.random() < 0.5:
            lines.append('Connection: keep-alive')
        return ('\r\n'.join(lines) + '\r\n\r\n').encode()

    def body(self, ask):
        data = pattern(ask.token, ask.upload or 0)
        if not ask.chunked or ask.upload is None:
            return data
        step = max(self.rng.choice((1, 100, 20000)), len(data) // 50, 1)
        return b''.join(chunk(data[i:i + step]) for i in
                        range(0, len(data), step)) + b'0\r\n\r\n'

    async def put(self, writer, data):
        for part in pieces(self.rng, data):
            writer.write(part)
            await writer.drain()
            if self.rng.random() < 0.1:
                await asyncio.sleep(self.rng.random() * 0.03)

    async def wait_answer(self, count):
        while self.answered < count:
            self.turn.clear()
            await self.turn.wait()

    async def send(self, writer):
        try:
            for i, ask in enumerate(self.asks):
                if ask.expect:
                    self.turn.clear()
                    await self.put(writer, self.head(ask))
                    await self.turn.wait()
                    await self.put(writer, self.body(ask))
                else:
                    await self.put(writer, self.head(ask) + self.body(ask))
                if not self.piped:
                    await self.wait_answer(i + 1)
            if self.malformed:
                await self.put(writer, self.rng.choice(BAD_HEADS).encode())
            if self.half_close:
                writer.write_eof()
        except OSError:
            pass  # the reading side finds out what that was

    # --- reading

    async def answer(self, reader, ask):
        while True:
            line, fields = await read_head(reader)
            version, status = line.split(' ')[:2]
            status = int(status)
            if version != 'HTTP/1.1':
                raise Wrong(f'status line {line!r}')
            self.turn.set()
            if status >= 200:
                break
            if ask.version == '1.0':
                raise Wrong(f'{status} to HTTP/1.0')
        close = fields.get('connection') == 'close' or (
            ask.version == '1.0' and fields.get('connection') != 'keep-alive')
        if ask.method == 'HEAD' or status in (204, 304):
            body = b''
        elif {'content-length', 'transfer-encoding'} & set(fields):
            body = await read_body(reader, fields)
        elif ask.version == '1.0':
            body = await reader.read(-1)
        else:
            raise Wrong(f'no framing: {fields}')
        return Answer(status, fields, body, close)

    def judge(self, ask, answer):
        """The answer is whole; is it the one to this request?"""
        if 'x-request-id' not in answer.headers:
            raise Wrong('no X-Request-ID')
        if ask.kind == 'own':
            want, body = 200, f'{ask.token} '.encode() + self.storm.filler
        else:
            want = {'none': 204, 'same': 304}.get(ask.kind, 200)
            body = pattern(ask.token, ask.size)
        if ask.method == 'HEAD' or want != 200:
            body = b''
        if answer.status == want:
            if answer.body != body:
                raise Wrong(f'{len(answer.body)} bytes instead of {len(body)}:'
                            f' {answer.body[:60]!r}')
            if want == 200 and ask.kind != 'own' and \
                    answer.headers.get('x-token') != ask.token:
                raise Wrong(f'the answer of {answer.headers}')
        elif answer.status == 502 and (
                self.excuse or ask.kind in BROKEN or self.may_be_stale(ask)):
            self.storm.counts['refused', ask.kind in SOUND] += 1
        else:
            raise Wrong(f'{answer.status} {answer.body!r}')

    @staticmethod
    def may_be_stale(ask):
        """A pooled connection may die under what is not sent twice."""
        return ask.upload is not None

    async def receive(self, reader):
        closing = False
        for ask in self.asks:
            if closing:
                return
            try:
                answer = await self.answer(reader, ask)
            except (OSError, asyncio.IncompleteReadError) as error:
                if self.excuse or ask.kind in BROKEN or self.storm.killing:
                    return
                raise Wrong(f'cut: {error!r}') from None
            finally:
                self.turn.set()
            self.judge(ask, answer)
            self.storm.counts[answer.status] += 1
            self.answered += 1
            closing = answer.close
            if ask.kind in ('early', 'early-leave', 'own') + BROKEN \
                    and ask.upload and not closing:
                # Answered before it was read: the connection may end here.
                self.excuse = 'an early answer'
        if not closing:
            await self.last_words(reader)

    async def last_words(self, reader):
        try:
            if self.malformed:
                line, fields = await read_head(reader)
                body = await read_body(reader, fields)
                if not 400 <= int(line.split(' ')[1]) <= 505 or not body:
                    raise Wrong(f'{line} to a malformed head')
            if self.malformed or self.half_close:
                rest = await reader.read(100)
                if rest:
                    raise Wrong(f'bytes behind the last answer: {rest!r}')
        except (OSError, asyncio.IncompleteReadError) as error:
            if not self.excuse and not self.storm.killing:
                raise Wrong(f'at the end: {error!r}') from None

    # --- life

    async def leave(self, reader, writer):
        try:
            await asyncio.wait_for(self.receive(reader), self.rng.random() / 10)
        except TimeoutError:
            if self.rng.random() < 0.5:
                reset(writer)

    async def play(self, reader, writer):
        sender = asyncio.create_task(self.send(writer))
        try:
            if self.abort:
                await self.leave(reader, writer)
            else:
                await self.receive(reader)
        finally:
            sender.cancel()
            writer.close()

    async def connect(self):
        sock = socket.socket()
        sock.setblocking(False)
        if self.slow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_RCVBUF)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ('127.0.0.1', self.storm.port))
        return await asyncio.open_connection(
            sock=sock, limit=8192 if self.slow else 65536)

    async def run(self):
        try:
            reader, writer = await self.connect()
        except OSError as error:
            if not self.storm.killing:
                raise Wrong(f'connect: {error!r}') from None
            return
        await asyncio.wait_for(self.play(reader, writer), STUCK_S)


class Storm:
    """Many clients, one after the other in each of `lanes`."""

    def __init__(self, seed, port, filler, killing=False):
        self.seed, self.port, self.filler = seed, port, filler
        self.killing = killing  # workers die: cuts are no surprise
        self.counts = collections.Counter()
        self.wrong = []
        self.started = 0
        self.over = asyncio.Event()

    async def lane(self):
        while not self.over.is_set() and not self.wrong:
            self.started += 1
            client = Client(self, self.started)
            try:
                await client.run()
            except (Wrong, ValueError, TimeoutError) as error:
                self.wrong.append(
                    f'client {client.number} (piped {client.piped}, slow '
                    f'{client.slow}, half-close {client.half_close}, malformed '
                    f'{client.malformed}), after {client.answered} answers: '
                    f'{error!r}\n  ' + '\n  '.join(map(str, client.asks)))

    async def run(self, lanes):
        await asyncio.gather(*(self.lane() for _ in range(lanes)))
