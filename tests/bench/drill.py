#!/usr/bin/python3
"""Drills: what clients notice of reloads, of killed processes, of idleness.

  make drill                     all of them, about three minutes
  make drill DRILL='reload idle' some

Each prints what it did and what it counted; none has a pass mark, except that
a figure that must be zero and is not makes the exit code 1. Loopback only,
bounded in count and time.
"""
import asyncio
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'e2e'))
from gateway import BUILD, Gateway, free_port, processes, wait_until  # noqa

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

    def __init__(self, port, pause=0.0):
        self.port, self.pause = port, pause
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
            writer.write(GET)
            head = await reader.readuntil(b'\r\n\r\n')
            if not head.startswith(b'HTTP/1.1 200'):
                raise ValueError(head[:60])
            n = int(re.search(rb'(?i)content-length: (\d+)', head).group(1))
            await reader.readexactly(n)
            self.times.append(time.perf_counter() - began)
            self.done += 1
            if b'onnection: close' in head:
                return
            if self.pause:
                await asyncio.sleep(self.pause)

    def start(self):
        self.tasks = [asyncio.create_task(self.one())
                      for _ in range(CONNECTIONS)]

    async def stop(self):
        self.running = False
        await asyncio.wait(self.tasks, timeout=10)

    def p99_ms(self):
        return sorted(self.times)[int(len(self.times) * .99)] * 1e3


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


async def reload_drill(differ):
    with Scene() as s:
        load, stream = Load(s.gw.port), Stream(s.gw.port)
        load.start()
        stream.start()
        await asyncio.sleep(1)
        pids, pss, first = s.gw.worker_pids, pss_kb(s.gw.family()), \
            s.gw.generation
        for i in range(200):
            if differ:
                s.gw.write(body(s.up_port, routes=1 + i % 7,
                                extra=f'name = "n{i}";'))
            s.gw.send(signal.SIGHUP)
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        same = pids == s.gw.worker_pids
        after = pss_kb(s.gw.family())
        broken = stream.broken
        await load.stop()
        say(f'reload, {"differing" if differ else "same"} configuration: '
            f'200 in 10 s, generations {first} -> {s.gw.generation}; '
            f'{load.done} requests, {len(load.fails)} failed, '
            f'p99 {load.p99_ms():.1f} ms; workers {"the same" if same else "CHANGED"}; '
            f'stream {stream.lines} lines, {broken or "intact"}; '
            f'PSS {pss} -> {after} kB')
        must_be_zero('reload: failed', len(load.fails))
        must_be_zero('reload: workers changed', not same)
        must_be_zero('reload: stream broken', broken is not None)


async def held_drill():
    """1,000 reloads while slow requests hold old generations."""
    with Scene() as s:
        slow = []

        async def hold():
            reader, writer = await asyncio.open_connection(
                '127.0.0.1', s.gw.port)
            writer.write(b'GET /slow?ms=25000 HTTP/1.1\r\nHost: d\r\n\r\n')
            head = await reader.readuntil(b'\r\n\r\n')
            slow.append(head.split(b' ')[1].decode())
            writer.close()
        before, most, tasks = pss_kb(s.gw.family()), 0, []
        for i in range(1000):
            if i % 5 == 0:
                tasks.append(asyncio.create_task(hold()))
                await asyncio.sleep(0)
            s.gw.write(body(s.up_port, extra=f'name = "n{i}";'))
            s.gw.send(signal.SIGHUP)
            await asyncio.sleep(0.02)
            if i % 100 == 99:
                most = max(most, len(s.gw.ctl_json('generations')
                                     ['generations']))
        pss = pss_kb(s.gw.family())
        reached = s.gw.generation
        await asyncio.wait(tasks, timeout=60)
        say(f'held: 1000 reloads with 200 slow requests holding generations: '
            f'generation {reached}, at most {most} kept at a look; answers '
            f'{ {c: slow.count(c) for c in sorted(set(slow))} }; '
            f'PSS {before} -> {pss} kB')


def owners(gw):
    """{client port: worker pid} of the gateway's accepted connections."""
    inode = {}
    for line in pathlib.Path('/proc/net/tcp').read_text().splitlines()[1:]:
        f = line.split()
        if int(f[1].split(':')[1], 16) == gw.port and f[3] == '01':
            inode[f[9]] = int(f[2].split(':')[1], 16)
    found = {}
    for pid in gw.worker_pids:
        for fd in os.scandir(f'/proc/{pid}/fd'):
            try:
                m = re.match(r'socket:\[(\d+)\]', os.readlink(fd.path))
            except OSError:
                continue
            if m and m.group(1) in inode:
                found[inode[m.group(1)]] = pid
    return found


async def kill_worker_drill():
    with Scene() as s:
        load = Load(s.gw.port)
        load.start()
        await asyncio.sleep(1)
        theirs, others = 0, 0
        for i in range(20):
            held = owners(s.gw)
            victim = s.gw.worker_pids[i % 2]
            seen = len(load.fails)
            os.kill(victim, signal.SIGKILL)
            await asyncio.sleep(0.5)
            wait_until(lambda: len(s.gw.worker_pids) == 2, 5)
            for _, port, _ in load.fails[seen:]:
                if held.get(port) == victim:
                    theirs += 1
                else:
                    others += 1
        await load.stop()
        say(f'kill -9 of a worker, 20 times: {load.done} requests, '
            f'{theirs} failed on connections of the killed worker, '
            f'{others} elsewhere; restarts counted: '
            f'{int(s.gw.metric("worker_restarts_total"))}')
        must_be_zero('kill worker: failures elsewhere', others)


async def kill_master_drill():
    with Scene() as s:
        load = Load(s.gw.port)
        load.start()
        await asyncio.sleep(0.5)
        for i in range(20):
            if i % 2:  # in the middle of a reload
                s.gw.write(body(s.up_port, routes=20000, extra=f'name="m{i}";'))
                s.gw.send(signal.SIGHUP)
                await asyncio.sleep(0.005 * i)
            os.kill(s.gw.master_pid, signal.SIGKILL)
            # The more often it dies young, the later its successor comes.
            for _ in range(1000):
                await asyncio.sleep(0.02)
                if s.gw.admin_status('/readyz') == 200:
                    break
        wait_until(lambda: s.gw.admin_status('/readyz') == 200, 10)
        before = s.gw.generation
        s.gw.write(body(s.up_port, extra='name = "last";'))
        s.gw.send(signal.SIGHUP)
        t = time.monotonic()
        while s.gw.generation == before and time.monotonic() - t < 5:
            await asyncio.sleep(0.02)
        await load.stop()
        say(f'kill -9 of the master, 20 times, 10 in mid-reload: '
            f'{load.done} requests, {len(load.fails)} failed; the next '
            f'reload: generation {before} -> {s.gw.generation}')
        must_be_zero('kill master: failed', len(load.fails))
        must_be_zero('kill master: no reload', s.gw.generation == before)


async def idle_drill():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    want = min(10000, hard - 500)
    with Scene(workers=1) as s:
        load = Load(s.gw.port)
        load.start()
        await asyncio.sleep(0.5)
        await load.stop()
        await asyncio.sleep(0.2)
        before = pss_kb(s.gw.family())
        conns = []
        for i in range(want):
            reader, writer = await asyncio.open_connection(
                '127.0.0.1', s.gw.port)
            conns.append((reader, writer))
            writer.write(GET)
            head = await reader.readuntil(b'\r\n\r\n')
            n = int(re.search(rb'(?i)content-length: (\d+)', head).group(1))
            await reader.readexactly(n)
        await asyncio.sleep(0.5)
        after = pss_kb(s.gw.family())
        say(f'idle: {len(conns)} keep-alive connections, PSS of all processes '
            f'{before} -> {after} kB: {(after - before) / len(conns):.3f} kB each')
        for _, writer in conns:
            writer.close()


async def routes_drill():
    for n in (10, 1000, 100000):
        with Scene(workers=1, routes=n) as s:
            load = Load(s.gw.port)
            load.start()
            await asyncio.sleep(0.5)
            s.gw.write(body(s.up_port, routes=n, extra='name = "again";'))
            before, t = s.gw.generation, time.monotonic()
            s.gw.send(signal.SIGHUP)
            while s.gw.generation == before and time.monotonic() - t < 20:
                await asyncio.sleep(0.005)
            took = time.monotonic() - t
            await load.stop()
            say(f'routes: {n}: reload in force after {took:.3f} s under load, '
                f'{len(load.fails)} failed, PSS {pss_kb(s.gw.family())} kB')
            must_be_zero('routes: failed', len(load.fails))


DRILLS = {
    'reload': lambda: reload_drill(False),
    'differ': lambda: reload_drill(True),
    'held': held_drill,
    'kill-worker': kill_worker_drill,
    'kill-master': kill_master_drill,
    'idle': idle_drill,
    'routes': routes_drill,
}


def main():
    for name in sys.argv[1:] or DRILLS:
        asyncio.run(DRILLS[name]())
    for line in BAD:
        say('NOT ZERO', line)
    return 1 if BAD else 0


if __name__ == '__main__':
    sys.exit(main())
