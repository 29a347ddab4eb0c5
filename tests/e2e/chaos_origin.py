"""The random origin of test_chaos.py, and what both of its sides need.

What an origin does with a request stands in its target, and every body is a
repetition of its token, so whoever reads an answer knows whose it is.
"""
import asyncio
import random
import socket
import struct

# An origin that does this has answered whole: the client must get it.
SOUND = ('ok', 'leave', 'none', 'same', 'interim', 'slow', 'behind', 'early')
BROKEN = ('cut', 'reset', 'nothing', 'garbage', 'torn', 'early-leave')
STRAY = b'HTTP/1.1 200 Not asked\r\nContent-Length: 3\r\n\r\nbad'
KINDS = SOUND * 3 + ('ok', 'ok', 'slow') * 3 + BROKEN


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
    if writer.is_closing():
        return
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

    async def answer(self, rng, writer, method, token, size, framing,
                     kind='ok'):
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
        parts = pieces(rng, data)
        if kind == 'behind':
            # With the end of the answer: who has all of that knows of it.
            parts = [*pieces(rng, data[:-1]), data[-1:] + STRAY]
        for part in parts:
            writer.write(part)
            await writer.drain()
            if kind == 'slow' or rng.random() < 0.02:
                await asyncio.sleep(rng.random() * 0.02)
        if kind == 'reset':
            reset(writer)
