"""What drills are made of: load that counts failures, scenes, and the tally."""
import asyncio
import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'e2e'))
from gateway import BUILD, Gateway, free_port  # noqa

CONNECTIONS = 64
GET = b'GET /users/1 HTTP/1.1\r\nHost: drill\r\n\r\n'
BAD = []


def say(*words):
    print(*words, flush=True)


def must_be_zero(what, n):
    if n:
        BAD.append(f'{what}: {n}')


def pss_kb(pids):
    total = 0
    for pid in pids:
        try:
            text = pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text()
        except OSError:
            continue
        total += int(re.search(r'^Pss:\s+(\d+)', text, re.M).group(1))
    return total


def body(port, routes=1, extra=''):
    users = ', '.join(f'{{ path = "/r{i}/*rest"; service = "users"; }}'
                      for i in range(routes - 1))
    return f'''
services = {{ users = {{ endpoints = ( {{ address = "127.0.0.1:{port}"; }} );
  pool = {{ max_idle = 256; }}; }}; }};
routes = ( {{ path = "/*rest"; service = "users"; {extra} }}{', ' + users if users else ''} );
'''


class Load:
    """Keep-alive connections that ask again and again, and notice failures."""

    def __init__(self, port, pause=0.0, request=GET, count=CONNECTIONS,
                 okay=(200,)):
        self.port, self.pause = port, pause
        self.request, self.count = request, count
        self.okay, self.status = okay, collections.Counter()
        self.served = collections.Counter()  # by the name in the answer
        self.done, self.fails, self.running = 0, [], True
        self.times = []
        self.ports = set()

    async def one(self):
        while self.running:
            try:
                reader, writer = await asyncio.open_connection(
                    '127.0.0.1', self.port)
            except OSError as error:
                self.fails.append((time.monotonic(), None, repr(error)))
                await asyncio.sleep(0.01)
                continue
            mine = writer.get_extra_info('sockname')[1]
            self.ports.add(mine)
            try:
                await self.talk(reader, writer)
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                self.fails.append((time.monotonic(), mine, repr(error)))
            self.ports.discard(mine)
            writer.close()

    async def talk(self, reader, writer):
        while self.running:
            began = time.perf_counter()
            writer.write(self.request)
            head = await reader.readuntil(b'\r\n\r\n')
            status = int(head[9:12])
            self.status[status] += 1
            if status not in self.okay:
                raise ValueError(head[:60])
            n = int(re.search(rb'(?i)content-length: (\d+)', head).group(1))
            text = await reader.readexactly(n)
            m = re.search(rb'"served_by":"(\w+)"', text)
            self.served[m.group(1).decode() if m else '?'] += 1
            self.times.append(time.perf_counter() - began)
            self.done += 1
            self.answered(status, text)
            if b'onnection: close' in head:
                return
            if self.pause:
                await asyncio.sleep(self.pause)

    def answered(self, status, text):
        """For those who look closer."""

    def start(self):
        self.tasks = [asyncio.create_task(self.one())
                      for _ in range(self.count)]

    async def stop(self):
        self.running = False
        await asyncio.wait(self.tasks, timeout=10)

    def p_ms(self, part):
        times = sorted(self.times)
        return times[min(int(len(times) * part), len(times) - 1)] * 1e3

    def p99_ms(self):
        return self.p_ms(.99)


class Stream:
    """One long answer; every line has to come, in order."""

    def __init__(self, port):
        self.port, self.lines, self.broken = port, 0, None

    async def run(self):
        reader, writer = await asyncio.open_connection('127.0.0.1', self.port)
        writer.write(b'GET /stream?ms=50 HTTP/1.1\r\nHost: drill\r\n\r\n')
        await reader.readuntil(b'\r\n\r\n')
        try:
            while True:
                size = int(await reader.readline(), 16)
                if size == 0:
                    raise ValueError('ended')
                await reader.readexactly(size + 2)
                self.lines += 1
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            self.broken = repr(error)

    def start(self):
        self.task = asyncio.create_task(self.run())


class Upstreams:
    """Demo upstreams that can be killed, stopped and started again."""

    def __init__(self, delays):
        self.ports = [free_port() for _ in delays]
        self.delays = delays
        self.procs = [None] * len(delays)
        for i in range(len(delays)):
            self.start(i)

    def start(self, i):
        self.procs[i] = subprocess.Popen(
            [BUILD / 'demo-upstream', str(self.ports[i]), f'up{i}',
             str(self.delays[i])], stdout=subprocess.DEVNULL)

    def kill(self, i):
        self.procs[i].kill()
        self.procs[i].wait()

    def close(self):
        for p in self.procs:
            p.kill()
            p.wait()


class Scene:
    """A gateway, its upstream, and a folder."""

    def __init__(self, workers=2, **kw):
        self.folder = tempfile.TemporaryDirectory()
        self.up_port = free_port()
        self.upstream = subprocess.Popen(
            [BUILD / 'demo-upstream', str(self.up_port), 'drill'],
            stdout=subprocess.DEVNULL)
        self.gw = Gateway(self.folder.name, body(self.up_port, **kw),
                          workers=workers, allow=['killed by signal 9 '],
                          top='log = { level = "warn"; target = "stderr"; };\n'
                              'timeouts = { drain = "1s"; response = "60s"; };')
        self.gw.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        try:
            self.gw.finish()
        finally:
            self.upstream.kill()
            self.upstream.wait()
            self.folder.cleanup()
