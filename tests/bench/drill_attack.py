"""Clients that are slow on purpose, by the thousand, and many at once."""
import asyncio
import collections
import resource
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from drill_balance import GET, config
from drill_kit import Load, Upstreams, must_be_zero, pss_kb, say
from gateway import Gateway, wait_until

HEAD = b'GET /users/1 HTTP/1.1\r\nHost: attack\r\nX-Slow: '
BODY = (b'POST /echo HTTP/1.1\r\nHost: attack\r\nContent-Length: 1000000'
        b'\r\n\r\n')
BEGIN = {'head': HEAD, 'body': BODY, 'whole': GET}
EVERY_S = 1.0  # a byte of each slow connection
ROUNDS, ROUND_S = 5, 4
TOP = ('log = { level = "warn"; target = "stderr"; };\n'
       'worker_connections = 20000;\n')


# --- the attacker: a process of its own


class Attack:
    """So many connections, each of which sends a byte a second."""

    def __init__(self, port, kinds):
        self.port, self.kinds = port, kinds
        self.epoll = select.epoll()
        self.socks = {}
        self.order = collections.deque()
        self.counts = collections.Counter()

    def open(self, kind):
        s = socket.create_connection(('127.0.0.1', self.port), 10)
        s.sendall(BEGIN[kind])
        s.setblocking(False)
        self.socks[s.fileno()] = (s, kind)
        self.order.append((s.fileno(), s))
        self.epoll.register(s.fileno(), select.EPOLLIN)
        self.counts['opened ' + kind] += 1

    def answered(self, fd):
        """An answer or the end: if it ends, another one takes its place."""
        s, kind = self.socks[fd]
        try:
            data = s.recv(65536)
        except OSError:
            data = b''
        if data:
            self.counts[f'{kind} answered {data[9:12].decode()}'] += 1
            if kind == 'whole':
                return
        self.epoll.unregister(fd)
        del self.socks[fd]
        s.close()
        self.open(kind)

    def feed(self, n):
        for _ in range(n):
            fd, s = self.order.popleft()
            if self.socks.get(fd, (None,))[0] is not s:
                continue
            self.order.append((fd, s))
            if self.socks[fd][1] != 'whole':
                try:
                    s.send(b'x')
                except OSError:
                    pass

    def run(self):
        for kind in self.kinds:
            self.open(kind)
        print('ready', flush=True)
        self.epoll.register(0, select.EPOLLIN)
        fed, began = 0, time.monotonic()
        while True:
            for fd, _ in self.epoll.poll(0.005):
                if fd == 0:
                    print(dict(self.counts), flush=True)
                    return
                self.answered(fd)
            due = int((time.monotonic() - began) / EVERY_S * len(self.kinds))
            self.feed(min(due - fed, len(self.order)))
            fed = due


class Attacker:
    """Runs an Attack until it is left; `said` then has its counts."""

    def __init__(self, port, **kinds):
        self.args = [f'{kind}={n}' for kind, n in kinds.items()]
        self.port, self.said = port, ''

    def __enter__(self):
        self.proc = subprocess.Popen(
            [sys.executable, __file__, str(self.port), *self.args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.proc.stdout.readline() == 'ready\n'
        return self

    def __exit__(self, *_):
        self.proc.stdin.write('\n')
        self.proc.stdin.close()
        self.said = self.proc.stdout.readline().strip()
        self.proc.wait()


# --- the drills


async def measured(gw, seconds):
    load = Load(gw.port, pause=0.02)
    load.start()
    await asyncio.sleep(seconds)
    await load.stop()
    return load


async def attack_drill():
    """64 good connections, with and without 4,000 slow ones, in turns."""
    ups = Upstreams([0, 0])
    p99s = {True: [], False: []}
    p50s = {True: [], False: []}
    done, fails, grown, said = 0, [], [], []
    try:
        with tempfile.TemporaryDirectory() as folder:
            gw = Gateway(folder, config(ups.ports, 'p2c'), workers=2, top=TOP)
            gw.start()
            try:
                await measured(gw, 2)
                for _ in range(ROUNDS):
                    calm = await measured(gw, ROUND_S)
                    before = pss_kb(gw.worker_pids)
                    with Attacker(gw.port, head=2000, body=2000) as attacker:
                        grown.append(pss_kb(gw.worker_pids) - before)
                        storm = await measured(gw, ROUND_S)
                    said.append(attacker.said)
                    for load, attacked in ((calm, False), (storm, True)):
                        p99s[attacked].append(load.p99_ms())
                        p50s[attacked].append(load.p_ms(.5))
                        done += load.done
                        fails += load.fails
                    wait_until(lambda: gw.metric('connections') == 0, 20)
                active = gw.metric('endpoint_active')
            finally:
                gw.finish()
        calm, storm = (statistics.median(p99s[k]) for k in (False, True))
        say(f'attack: {done} requests on 64 connections, {len(fails)} failed; '
            f'p50 {statistics.median(p50s[False]):.2f} ms, under attack '
            f'{statistics.median(p50s[True]):.2f}; p99 {calm:.2f} ms, under '
            f'attack {storm:.2f}: {storm / calm:.2f} times (medians of '
            f'{ROUNDS}); {1024 * statistics.median(grown) / 4000:.0f} bytes of '
            f'PSS per slow connection, the upstream one of a body included; '
            f'active afterwards {active:.0f}; the attacker: {said[-1]}')
        must_be_zero('attack: failed', len(fails))
        must_be_zero('attack: active', active)
    finally:
        ups.close()


async def kinds_drill():
    """What one kind of slow connection costs."""
    ups = Upstreams([0, 0])
    try:
        for kind in ('head', 'body', 'whole'):
            with tempfile.TemporaryDirectory() as folder:
                gw = Gateway(folder, config(ups.ports, 'p2c'), workers=2,
                             top=TOP)
                gw.start()
                try:
                    await measured(gw, 1)
                    before = pss_kb(gw.worker_pids)
                    with Attacker(gw.port, **{kind: 4000}):
                        await asyncio.sleep(2)
                        grown = pss_kb(gw.worker_pids) - before
                finally:
                    gw.finish()
            say(f'kinds: {kind}: {1024 * grown / 4000:.0f} bytes of PSS per '
                'connection' + (' that idles' if kind == 'whole' else ''))
    finally:
        ups.close()


async def many_drill():
    """10,000 connections at once, a request on each."""
    ups = Upstreams([0, 0])
    try:
        with tempfile.TemporaryDirectory() as folder:
            gw = Gateway(folder, config(ups.ports, 'p2c'), workers=2, top=TOP)
            gw.start()
            try:
                before, began = pss_kb(gw.worker_pids), time.monotonic()
                with Attacker(gw.port, whole=10000) as attacker:
                    wait_until(lambda: gw.metric('requests_total') >= 10000,
                               30, '10,000 answers')
                    took = time.monotonic() - began
                    open_now = gw.metric('connections')
                    grown = pss_kb(gw.worker_pids) - before
                    again = await measured(gw, 2)
            finally:
                gw.finish()
        say(f'many: 10,000 connections, {open_now:.0f} open at once, a request '
            f'on each answered within {took:.1f} s; {1024 * grown / 10000:.0f} '
            f'bytes of PSS each; beside them {again.done} requests, '
            f'{len(again.fails)} failed; the clients: {attacker.said}')
        must_be_zero('many: not open', 10000 - open_now)
        must_be_zero('many: not answered', 'whole answered 200\': 10000'
                     not in attacker.said)
        must_be_zero('many: failed', len(again.fails))
    finally:
        ups.close()


DRILLS = {'attack': attack_drill, 'kinds': kinds_drill, 'many': many_drill}


def main():
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    kinds = []
    for arg in sys.argv[2:]:
        kind, _, n = arg.partition('=')
        kinds += [kind] * int(n)
    Attack(int(sys.argv[1]), kinds).run()


if __name__ == '__main__':
    main()
