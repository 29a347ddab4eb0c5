"""WebSockets that echo through reloads, and what a graceful stop tells them."""
import asyncio
import base64
import collections
import hashlib
import os
import random
import re
import resource
import signal
import struct
import time

from drill_kit import Scene, body, must_be_zero, pss_kb, say

SOCKETS = 1000
RELOADS = 100
BINARY, CLOSE = 2, 8
GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
KEY = base64.b64encode(bytes(range(16)))
ASK = (b'GET /echo HTTP/1.1\r\nHost: drill\r\nUpgrade: websocket\r\n'
       b'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
       b'Sec-WebSocket-Key: ' + KEY + b'\r\n\r\n')
SWITCH = (b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
          b'Connection: Upgrade\r\nSec-WebSocket-Accept: ')


def switch(head):
    """The 101 to a request, whose key may be the gateway's own."""
    key = re.search(rb'(?i)sec-websocket-key: (\S+)', head).group(1)
    return SWITCH + base64.b64encode(
        hashlib.sha1(key + GUID).digest()) + b'\r\n\r\n'


def frame(opcode, payload, mask):
    flag, n = 0x80 if mask else 0, len(payload)
    if n < 126:
        head = bytes([0x80 | opcode, flag | n])
    else:
        head = struct.pack('!BBH', 0x80 | opcode, flag | 126, n)
    return head + mask + xor(payload, mask) if mask else head + payload


def xor(payload, mask):
    n = len(payload)
    pad = (mask * (n // 4 + 1))[:n]
    return (int.from_bytes(payload, 'big')
            ^ int.from_bytes(pad, 'big')).to_bytes(n, 'big')


async def read_frame(reader):
    first, second = await reader.readexactly(2)
    n = second & 0x7f
    if n == 126:
        n, = struct.unpack('!H', await reader.readexactly(2))
    mask = await reader.readexactly(4) if second & 0x80 else b''
    payload = await reader.readexactly(n)
    return first & 15, xor(payload, mask) if mask else payload


class Echo:
    """The origin: every message comes back; close frames are counted."""

    def __init__(self):
        self.closes = collections.Counter()

    async def serve(self, reader, writer):
        try:
            writer.write(switch(await reader.readuntil(b'\r\n\r\n')))
            while True:
                opcode, payload = await read_frame(reader)
                writer.write(frame(opcode, payload, b''))
                if opcode == CLOSE:
                    self.closes[struct.unpack('!H', payload[:2])[0]] += 1
                    break
        except (OSError, asyncio.IncompleteReadError):
            self.closes['none'] += 1
        writer.close()


class Sockets:
    """The clients, and the tally of what they sent and got."""

    def __init__(self, port):
        self.port, self.running = port, True
        self.open = self.sent = self.back = self.changed = self.lost = 0
        self.closes = collections.Counter()
        self.failed = collections.Counter()

    async def one(self, number):
        reader, writer = await asyncio.open_connection('127.0.0.1', self.port)
        writer.write(ASK)
        head = await reader.readuntil(b'\r\n\r\n')
        if not head.startswith(b'HTTP/1.1 101 '):
            raise ValueError(head[:40])
        self.open += 1
        try:
            await self.talk(reader, writer, number)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.failed[type(error).__name__] += 1
            self.lost += 1
            return
        self.closes[await self.last(reader, writer)] += 1
        writer.close()

    async def talk(self, reader, writer, number):
        rng = random.Random(number)
        i = 0
        while self.running:
            payload = struct.pack('!II', number, i) + rng.randbytes(
                rng.choice((0, 40, 600, 9000)))
            writer.write(frame(BINARY, payload, os.urandom(4)))
            self.sent += 1
            got = await read_frame(reader)
            self.back += 1
            self.changed += got != (BINARY, payload)
            i += 1
            await asyncio.sleep(rng.uniform(0.1, 0.4))

    @staticmethod
    async def last(reader, writer):
        """The code of the close frame that comes at the stop."""
        try:
            opcode, payload = await asyncio.wait_for(read_frame(reader), 20)
            writer.write(frame(opcode, payload, os.urandom(4)))
            return struct.unpack('!H', payload[:2])[0]
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            return 'none'


async def connect(sockets):
    """Opens them, some at a time; returns their tasks."""
    tasks = []
    for i in range(SOCKETS):
        tasks.append(asyncio.create_task(sockets.one(i)))
        if i % 50 == 49:
            await asyncio.sleep(0.05)
    deadline = time.monotonic() + 20
    while sockets.open < SOCKETS and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    return tasks


async def reload(gw, text):
    before, deadline = gw.generation, time.monotonic() + 5
    gw.write(text)
    gw.send(signal.SIGHUP)
    while gw.generation == before and time.monotonic() < deadline:
        await asyncio.sleep(0.005)


async def tunnel_drill():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    echo = Echo()
    server = await asyncio.start_server(echo.serve, '127.0.0.1', 0,
                                        backlog=1024)
    port = server.sockets[0].getsockname()[1]
    with Scene(workers=2) as s:
        await reload(s.gw, body(port))
        pids, before = s.gw.worker_pids, pss_kb(s.gw.family())
        sockets = Sockets(s.gw.port)
        tasks = await connect(sockets)
        pss, first = pss_kb(s.gw.family()), s.gw.generation
        for i in range(RELOADS):
            await reload(s.gw, body(port, routes=1 + i % 7,
                                    extra=f'name = "n{i}";'))
            await asyncio.sleep(0.05)
        kept = len(s.gw.ctl_json('generations')['generations'])
        open_now = int(s.gw.metric('tunnels_active'))
        same, reached = pids == s.gw.worker_pids, s.gw.generation
        sockets.running = False
        await asyncio.sleep(1)
        s.gw.send(signal.SIGTERM)
        await asyncio.wait(tasks, timeout=30)
        missing = sockets.sent - sockets.back
        say(f'tunnels: {sockets.open} WebSockets over 2 workers, '
            f'{reached - first} reloads: {sockets.sent} messages sent, '
            f'{missing} lost, {sockets.changed} changed; '
            f'{open_now} open at the end, {kept} generation kept, workers '
            f'{"the same" if same else "CHANGED"}; '
            f'PSS {before} -> {pss} kB, {(pss - before) / SOCKETS:.1f} each; '
            f'at the stop clients got {dict(sockets.closes)}, '
            f'the origin {dict(echo.closes)}')
        must_be_zero('tunnels: lost', missing + sockets.lost)
        must_be_zero('tunnels: changed', sockets.changed)
        must_be_zero('tunnels: not open', SOCKETS - open_now)
        must_be_zero('tunnels: reloads missing',
                     RELOADS - (reached - first))
        must_be_zero('tunnels: closed without 1001',
                     SOCKETS - sockets.closes[1001])
        must_be_zero('tunnels: origin without 1001',
                     SOCKETS - echo.closes[1001])
    server.close()


DRILLS = {'tunnel': tunnel_drill}
