"""The weather of test_storm.py: origins in a bad mood, and clients that come,
ask and leave as they like."""
import asyncio
import collections
import random
import socket

from chaos_origin import (Wrong, chunk, pattern, read_body, read_head, reset)

TCP_ESTABLISHED = 1  # tcpi_state
HANG_S = 0.5
STUCK_S = 120
ANSWER = 300  # bytes of a good answer
BAD_STATUSES = (429, 500, 502, 503, 504)
MOODS = ('good',) * 12 + ('late', 'leave', 'status', 'status', 'hang', 'reset',
                          'reset early', 'garbage', 'torn', 'cut', 'nothing')
METHODS = ('GET', 'GET', 'HEAD', 'PUT', 'PUT', 'DELETE', 'POST', 'POST')
SIZES = (0, 1, 3000, 60000, 90000)  # of bodies; the last is not kept


def is_open(sock):
    """The gateway has not closed its side, whatever is still to be read."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    except OSError:
        return False
    return info[0] == TCP_ESTABLISHED


class MoodyOrigin:
    """Answers probes by `well`, and requests as its mood is."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.wrong = []
        self.well, self.calm = True, False
        self.seen = collections.Counter()  # heads, by token
        self.live = set()  # writers of connections that are no probe's
        self.most = 0      # of them at once
        self.server = self.port = None

    async def start(self):
        self.server = await asyncio.start_server(
            self.serve, '127.0.0.1', 0, limit=1 << 20)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def change(self):
        self.well = self.rng.random() < 0.7

    def drop(self):
        for writer in self.live:
            writer.close()

    async def serve(self, reader, writer):
        try:
            while await self.exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        except (Wrong, ValueError, KeyError) as error:
            self.wrong.append(f'at an origin: {error!r}')
        finally:
            self.live.discard(writer)
            writer.close()

    def count(self, writer):
        self.live.add(writer)
        self.most = max(self.most, sum(
            is_open(w.get_extra_info('socket')) for w in self.live))

    async def exchange(self, reader, writer):
        """One request; false when the connection is to end."""
        line, fields = await read_head(reader)
        method, target, _ = line.split(' ')
        if target == '/health':
            writer.write(b'HTTP/1.1 %d Probed\r\nContent-Length: 0\r\n\r\n'
                         % (200 if self.well else 503))
            return False
        token = target.rsplit('/', 1)[1]
        self.count(writer)
        self.seen[token] += 1
        mood = 'good' if self.calm else self.rng.choice(MOODS)
        if mood == 'reset early':
            reset(writer)
            return False
        body = await read_body(reader, fields)
        if body != pattern(token, int(fields.get('x-size', '0'))):
            raise Wrong(f'{token}: another body of {len(body)} bytes')
        return await self.act(writer, method, token, mood)

    async def act(self, writer, method, token, mood):
        if mood == 'late':
            await asyncio.sleep(self.rng.random() * 0.1)
        elif mood == 'hang':
            await asyncio.sleep(HANG_S)
            return False
        elif mood == 'reset':
            reset(writer)
            return False
        elif mood == 'nothing':
            return False
        elif mood == 'garbage':
            writer.write(self.rng.randbytes(200) + b'\r\n\r\n')
            return True
        status = self.rng.choice(BAD_STATUSES) if mood == 'status' else 200
        data = (f'HTTP/1.1 {status} Mood\r\nX-Token: {token}\r\n'
                f'Content-Length: {ANSWER}\r\n\r\n').encode()
        head = len(data)
        if method != 'HEAD':
            data += pattern(token, ANSWER)
        if mood == 'torn':
            data = data[:self.rng.randrange(1, head)]
        elif mood == 'cut':
            data = data[:self.rng.randrange(head, len(data) + 1)]
        writer.write(data)
        await writer.drain()
        return mood not in ('leave', 'torn', 'cut')


class Storm:
    """Clients, one after the other in each of `lanes`."""

    def __init__(self, seed, port):
        self.seed, self.port = seed, port
        self.wrong = []
        self.counts = collections.Counter()  # of statuses
        self.once = []  # tokens of what must not be sent twice
        self.started = 0
        self.over = asyncio.Event()

    async def lane(self):
        while not self.over.is_set() and not self.wrong:
            self.started += 1
            rng = random.Random(f'{self.seed} client {self.started}')
            try:
                await asyncio.wait_for(self.client(rng, self.started), STUCK_S)
            except (OSError, asyncio.IncompleteReadError):
                self.counts['cut'] += 1
            except (Wrong, ValueError, TimeoutError) as error:
                self.wrong.append(f'client {self.started}: {error!r}')

    async def client(self, rng, number):
        reader, writer = await asyncio.open_connection('127.0.0.1', self.port)
        try:
            for turn in range(rng.choice((1, 1, 3, 8))):
                asking = self.ask(reader, writer, rng, f'{number}-{turn}')
                if rng.random() < 0.1:
                    await asyncio.wait_for(asking, rng.random() / 20)
                elif not await asking:
                    return
        except TimeoutError:  # it has left before the answer
            if rng.random() < 0.5:
                reset(writer)
        finally:
            writer.close()

    async def ask(self, reader, writer, rng, token):
        """True when the connection goes on."""
        method = rng.choice(METHODS)
        size = rng.choice(SIZES) if method in ('PUT', 'POST') else 0
        if method == 'POST':
            self.once.append(token)
        data = pattern(token, size)
        head = f'{method} /{rng.choice("sst")}/{token} HTTP/1.1\r\nHost: t\r\n'
        head += f'X-Size: {size}\r\n'
        if size != 0 and rng.random() < 0.5:
            head += 'Transfer-Encoding: chunked\r\n'
            data = chunk(data) + chunk(b'')
        else:
            head += f'Content-Length: {size}\r\n'
        writer.write(head.encode() + b'\r\n' + data)
        await writer.drain()
        return await self.judge(reader, method, token)

    async def judge(self, reader, method, token):
        line, fields = await read_head(reader)
        status = int(line.split(' ')[1])
        body = b'' if method == 'HEAD' else await read_body(reader, fields)
        own = 'x-token' not in fields  # the gateway's own answer
        if not own and (fields['x-token'] != token or body != pattern(
                token, 0 if method == 'HEAD' else ANSWER)):
            raise Wrong(f'{token}: the answer of {fields}: {body[:60]!r}')
        if own and status not in (404, 502, 503, 504):
            raise Wrong(f'{token}: {status} {body!r}')
        self.counts[status] += 1
        return fields.get('connection') != 'close'

    async def run(self, lanes):
        await asyncio.gather(*(self.lane() for _ in range(lanes)))
