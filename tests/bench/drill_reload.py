"""Reloads, killed processes, idle connections, many routes."""
import asyncio
import os
import pathlib
import re
import resource
import signal
import time

from drill_kit import (GET, Load, Scene, Stream, body, must_be_zero, pss_kb,
                       say)
from gateway import wait_until

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
