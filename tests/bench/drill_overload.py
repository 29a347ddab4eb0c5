"""Twice as much is offered as a slow upstream can do: who is answered in time,
by class, with a queue and without.

The upstream does so many requests at once, each in so long, and keeps the
others waiting, in order; a client wants its answer within a second. Run as
`drill_overload.py PORT` it is the upstream.
"""
import asyncio
import collections
import contextlib
import pathlib
import random
import subprocess
import sys
import tempfile
import time

AT_ONCE, WORK_S = 8, 0.04
CAPACITY = AT_ONCE / WORK_S  # requests per second
OFFERED = 2 * CAPACITY
PATIENCE_S = 1.0
SECONDS, WARM_S = 10, 3
CLASSES = {'normal': .80, 'priority': .15, 'emergency': .05}
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'


# --- the upstream, a process of its own

async def upstream(port):
    room = asyncio.Semaphore(AT_ONCE)

    async def one(reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b'\r\n\r\n')
                async with room:
                    await asyncio.sleep(WORK_S)
                writer.write(ANSWER)
        writer.close()
    server = await asyncio.start_server(one, '127.0.0.1', port, backlog=4096)
    print('listens', flush=True)
    await server.serve_forever()


# --- who asks

class Tally:
    def __init__(self):
        self.offered, self.late = 0, 0
        self.times, self.status = [], collections.Counter()

    def line(self):
        times = sorted(self.times)

        def at(part):
            return times[min(int(len(times) * part), len(times) - 1)] * 1e3
        good = (f'p50 {at(.5):.0f} ms, p99 {at(.99):.0f} ms' if times
                else 'none')
        return (f'{len(times)} of {self.offered} in time '
                f'({100 * len(times) / max(self.offered, 1):.0f} %): {good}; '
                f'late {self.late}, '
                f'refused {self.status[503] + self.status[504]}')


async def ask(port, name, tally):
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection('127.0.0.1', port)
            try:
                writer.write(f'GET /{name}/x HTTP/1.1\r\nHost: drill\r\n'
                             'Connection: close\r\n\r\n'.encode())
                head = await reader.readuntil(b'\r\n\r\n')
            finally:
                writer.close()
    except (TimeoutError, OSError, asyncio.IncompleteReadError):
        tally.late += 1
        return
    status = int(head[9:12])
    tally.status[status] += 1
    if status == 200:
        tally.times.append(time.monotonic() - began)


async def offer(port):
    """Requests come at random, whatever becomes of those before."""
    rng = random.Random(7)
    tallies = {name: Tally() for name in CLASSES}
    warm = {name: Tally() for name in CLASSES}
    tasks, began = [], time.monotonic()
    due = began
    while due < began + SECONDS:
        due += rng.expovariate(OFFERED)
        if due > time.monotonic():
            await asyncio.sleep(due - time.monotonic())
        name = rng.choices(*zip(*CLASSES.items()))[0]
        tally = (tallies if due > began + WARM_S else warm)[name]
        tally.offered += 1
        tasks.append(asyncio.create_task(ask(port, name, tally)))
    await asyncio.gather(*tasks)
    return tallies


# --- the drill

def body(port, keys):
    routes = ', '.join(f'{{ path = "/{c}/*rest"; service = "s"; '
                       f'priority = "{c}"; }}' for c in CLASSES)
    return (f'services = {{ s = {{ endpoints = ( {{ address = '
            f'"127.0.0.1:{port}"; }} ); breaker = {{ failures = 0; }}; '
            f'retry = {{ attempts = 1; }}; {keys} }}; }};\n'
            f'routes = ( {routes} );\n')


async def overload_drill():
    from drill_kit import say
    from gateway import Gateway, free_port
    bound = f'pool = {{ max_connections = {AT_ONCE}; }}; '
    ways = {
        'without a bound': '',
        'bound, without a queue': bound,
        'bound, queue of 100 for 900 ms':
            bound + 'queue = { length = 100; timeout = "900ms"; };',
        'bound, queue of 1000 for 900 ms':
            bound + 'queue = { length = 1000; timeout = "900ms"; };',
    }
    for what, keys in ways.items():
        port = free_port()
        with tempfile.TemporaryDirectory() as folder, subprocess.Popen(
                [sys.executable, pathlib.Path(__file__), str(port)],
                stdout=subprocess.PIPE) as up:
            up.stdout.readline()
            gw = Gateway(folder, body(port, keys), workers=4, top=(
                'log = { level = "warn"; target = "stderr"; };\n'))
            gw.start()
            try:
                tallies = await offer(gw.port)
            finally:
                gw.finish()
                up.kill()
        good = sum(len(t.times) for t in tallies.values())
        say(f'overload: {what}: goodput {good / (SECONDS - WARM_S):.0f}/s of '
            f'{CAPACITY:.0f}/s that the upstream can do, {OFFERED:.0f}/s '
            'offered')
        for name, tally in tallies.items():
            say(f'overload:   {name}: {tally.line()}')


DRILLS = {'overload': overload_drill}

if __name__ == '__main__':
    asyncio.run(upstream(int(sys.argv[1])))
