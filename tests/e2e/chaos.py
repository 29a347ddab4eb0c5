"""The random clients of test_chaos.py, and what they take for right."""
import asyncio
import collections
import random
import socket

from chaos_origin import (BROKEN, KINDS, SOUND, Wrong, chunk, pattern, pieces,
                          read_body, read_head, reset)

SLOW_RCVBUF = 4096
STUCK_S = 120
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


def ends_early(ask):
    """Its answer may come before it was read: the connection may end."""
    return ask.kind in BROKEN or \
        ask.kind in ('early', 'own') and ask.upload is not None


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
        # A reset ends an answer without framing, and takes others with it;
        # so may the end of a linger time that was too short.
        self.reset = any(
            a.kind in BROKEN and a.version == '1.0' or
            self.slow and self.piped and ends_early(a) for a in self.asks)
        self.answered = 0
        self.turn = asyncio.Event()  # an answer, or a 100, has come
        self.excuse = 'a reset' if self.abort or self.reset else None

    def make(self, i, last):
        rng = self.rng
        # Nothing tells a worker's death from the end of an unframed answer.
        old = last and rng.random() < 0.15 and not self.storm.killing
        version = '1.0' if old else '1.1'
        method = rng.choice(('GET', 'GET', 'GET', 'HEAD', 'DELETE', 'PUT',
                             'POST', 'POST'))
        kind = rng.choice(KINDS + ('own',) * 4)
        framing = rng.choice(('length', 'chunked'))
        if rng.random() < 0.1 and kind not in ('cut', 'behind'):
            framing = 'eof'
        size = rng.choice((0, 1, 500, 30000, rng.randrange(1 << 20)))
        if kind == 'behind':
            size %= 1000  # one segment holds its end and what is behind it
        upload = None
        if method in ('DELETE', 'PUT', 'POST'):
            upload = rng.choice((0, 0, 1, 100, 20000, rng.randrange(1 << 20)))
        return Ask(f'{self.number}-{i}', method, version, kind, size, framing,
                   upload, version == '1.1' and rng.random() < 0.5,
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
            if ends_early(ask) and not closing:
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
