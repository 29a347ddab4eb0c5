"""Telemetry: what it costs, whom it hurts when its receivers fail, and whether
its figures agree."""
import asyncio
import collections
import contextlib
import json
import math
import pathlib
import random
import re
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from drill_auth import TOP, cpu_us, wrk
from drill_kit import Upstreams, must_be_zero, say
from gateway import Gateway, free_port, freeze, processes, wait_until

ROUNDS, SECONDS = 7, 2
WRITER = 'penstocklog'
IDLE_US = 3000  # of a quarter of a second, to look whether there is anything


def body(ports, extra=''):
    users = ', '.join(f'{{ address = "127.0.0.1:{p}"; }}' for p in ports)
    return (f'services = {{ users = {{ endpoints = ( {users} ); }}; }};\n'
            'routes = ( { name = "users"; path = "/users/*rest"; service = '
            f'"users"; rewrite = "/health"; }}{extra} );\n')


def writers(g):
    """Pids of what writes logs and sends traces."""
    family = set(g.family())
    return [pid for pid, (_, title) in processes().items()
            if pid in family and WRITER in title]


class Receiver:
    """Takes traces, and forgets them."""

    def __init__(self):
        self.sock = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.sock.accept()
                threading.Thread(target=self.talk, args=(peer,),
                                 daemon=True).start()

    @staticmethod
    def talk(peer):
        with contextlib.suppress(OSError, ValueError), peer:
            file = peer.makefile('rb')
            while line := file.readline():
                size = 0
                while line not in (b'\r\n', b''):
                    if line.lower().startswith(b'content-length:'):
                        size = int(line.split(b':')[1])
                    if line.lower().startswith(b'expect:'):
                        peer.sendall(b'HTTP/1.1 100 Continue\r\n\r\n')
                    line = file.readline()
                while size > 0:
                    size -= len(file.read(min(size, 65536)) or b'x' * size)
                peer.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')

    def close(self):
        self.sock.close()


# --- what it costs

def kinds(folder, receiver):
    def log(form):
        return (f'access_log = ( {{ path = "{folder}/{form}.log"; '
                f'format = "{form}"; }} );\n')
    traces = ('tracing = {{ endpoint = "http://127.0.0.1:%d/v1/traces"; '
              'sample = {}; errors = false; }};\n' % receiver.port)
    return {
        'nothing': 'recorder = { ring = "0"; };\n',
        'records, no reader': '',
        'json log': log('json'),
        'combined log': log('combined'),
        'json log, 1 % of it': log('json').replace(
            'format', 'sample = 0.01; format'),
        'traces, 0 %': traces.format('0.0'),
        'traces, 1 %': traces.format('0.01'),
        'traces, 100 %': traces.format('1.0'),
        'json log, traces 1 %': log('json') + traces.format('0.01'),
    }


def settled(g, pids):
    """Until who reads the records has nothing to do any more."""
    last = -IDLE_US
    while pids and (now := cpu_us(pids)) >= last + IDLE_US:
        last = now
        time.sleep(.25)


def cost_drill():
    ups, receiver = Upstreams([0]), Receiver()
    with tempfile.TemporaryDirectory() as folder, \
            contextlib.ExitStack() as stack:
        stack.callback(ups.close)
        stack.callback(receiver.close)
        gates = {}
        for name, top in kinds(folder, receiver).items():
            home = pathlib.Path(folder, re.sub(r'\W+', '_', name))
            home.mkdir()
            gates[name] = Gateway(home, body(ups.ports), top=TOP + top)
            stack.callback(gates[name].finish)
            gates[name].start()
        spent = {n: [] for n in gates}
        beside = {n: [] for n in gates}
        bad = 0
        for turn in range(ROUNDS + 1):
            for name, g in gates.items():
                pids = writers(g)
                settled(g, pids)
                began, read = cpu_us(g.worker_pids), cpu_us(pids)
                done, refused = wrk(g.port, '/users/1', seconds=SECONDS)
                settled(g, pids)
                bad += refused
                if turn:
                    spent[name].append((cpu_us(g.worker_pids) - began) / done)
                    beside[name].append((cpu_us(pids) - read) / done)
        lost = {n: g.metric('records_lost_total') for n, g in gates.items()}
    must_be_zero('telemetry: other answers than expected', bad)
    say(f'telemetry: us of CPU per request, medians of {ROUNDS}: of the '
        'worker, beyond no telemetry in the same round, and of penstocklog')
    for name in gates:
        more = statistics.median(
            a - b for a, b in zip(spent[name], spent['nothing']))
        say(f'  {name:24} {statistics.median(spent[name]):6.2f} {more:+6.2f} '
            f'{statistics.median(beside[name]):6.2f}   '
            f'records lost: {lost[name]:.0f}')


# --- whom it hurts

RATE, CLIENTS, SERIES = 4000, 8, 10_000
HURT_ROUNDS, HURT_SECONDS = 3, 6
LOST = ('records_lost_total', 'log_lines_lost_total', 'spans_lost_total')


def latencies(port, folder):
    """ms, sorted, of requests at a steady rate."""
    log = pathlib.Path(folder, 'h2load.log')
    log.unlink(missing_ok=True)
    subprocess.run(
        ['h2load', '--h1', f'-c{CLIENTS}', '-m1', f'-D{HURT_SECONDS}',
         f'--rps={RATE // CLIENTS}', f'--log-file={log}',
         f'http://127.0.0.1:{port}/users/1'], check=True, capture_output=True)
    rows = [line.split() for line in log.read_text().splitlines()]
    must_be_zero('telemetry: refused under load',
                 sum(row[1] != '200' for row in rows))
    return sorted(int(row[2]) / 1000 for row in rows)


def part(sorted_ms, share):
    return sorted_ms[min(len(sorted_ms) - 1,
                         math.floor(len(sorted_ms) * share))]


@contextlib.contextmanager
def stopped(g):
    for pid in writers(g):
        freeze(pid)
    yield
    for pid in writers(g):
        subprocess.run(['kill', '-CONT', str(pid)], check=True)


@contextlib.contextmanager
def scraped(g):
    """Every 100 ms, over HTTP as Prometheus does it."""
    over, sizes = threading.Event(), []

    def scrape():
        while not over.wait(.1):
            sizes.append(g.admin('/metrics')[2].count(b'\n'))
    thread = threading.Thread(target=scrape)
    thread.start()
    yield
    over.set()
    thread.join()
    say(f'    scraped {len(sizes)} times, {sizes[-1]} lines')


def many_routes():
    """Each with a series of its own."""
    return ''.join(f', {{ name = "r{n}"; path = "/r/{n}"; respond = {{ '
                   'body = "x"; }; }' for n in range(SERIES))


def fill_series(port):
    async def ask(first):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        for n in range(first, SERIES, 8):
            writer.write(b'GET /r/%d HTTP/1.1\r\nHost: x\r\n\r\n' % n)
            head = await reader.readuntil(b'\r\n\r\n')
            await reader.readexactly(int(re.search(
                rb'(?i)content-length: (\d+)', head).group(1)))
        writer.close()

    async def all_of_them():
        await asyncio.gather(*(ask(n) for n in range(8)))
    filler = threading.Thread(target=lambda: asyncio.run(all_of_them()))
    filler.start()  # the drill has a loop of its own
    filler.join()


def hurt_drill():
    ups, receiver, dead = Upstreams([0]), Receiver(), free_port()
    json_log = 'access_log = ( {{ path = "{}"; }} );\n'
    with tempfile.TemporaryDirectory() as folder, \
            contextlib.ExitStack() as stack:
        stack.callback(ups.close)
        stack.callback(receiver.close)
        scenes = {
            'nothing': ('recorder = { ring = "0"; };\n', '', None),
            'json log': (json_log.format(f'{folder}/json.log'), '', None),
            'full disk': (json_log.format('/dev/full'), '', None),
            'penstocklog stopped': (json_log.format(f'{folder}/stop.log'), '',
                                    stopped),
            'traces, 100 %': ('tracing = { endpoint = "http://127.0.0.1:'
                              f'{receiver.port}/v1/traces"; sample = 1.0; }};\n',
                              '', None),
            'traces, receiver dead': (
                f'tracing = {{ endpoint = "http://127.0.0.1:{dead}/v1/traces"; '
                'sample = 1.0; };\n', '', None),
            f'scraped, {SERIES} series': ('', many_routes(), scraped),
        }
        gates, took = {}, {n: [] for n in scenes}
        for name, (top, extra, _) in scenes.items():
            home = pathlib.Path(folder, re.sub(r'\W+', '_', name))
            home.mkdir()
            g = gates[name] = Gateway(home, body(ups.ports, extra),
                                      top=TOP + top)
            stack.callback(g.finish)
            g.start()
            if extra:
                fill_series(g.port)
        for _ in range(HURT_ROUNDS):
            for name, (_, _, how) in scenes.items():
                with how(gates[name]) if how else contextlib.nullcontext():
                    took[name].append(latencies(gates[name].port, folder))
        say(f'telemetry: {RATE} requests/s, {HURT_ROUNDS} times '
            f'{HURT_SECONDS} s in turns; medians of p50 and p99 in ms')
        for name, rounds in took.items():
            g = gates[name]
            lost = {m: g.metric(m) for m in LOST}
            say(f'  {name:24} '
                f'{statistics.median(part(r, .5) for r in rounds):7.3f} '
                f'{statistics.median(part(r, .99) for r in rounds):7.3f}   '
                f'{lost}')


# --- whether the figures agree

WORKERS, REQUESTS, CHUNK, LANES = 4, 1_000_000, 2000, 4


class Lane(threading.Thread):
    """Asks in chunks, and adds up what h2load says of them."""

    def __init__(self, port, count):
        super().__init__()
        self.port, self.count = port, count
        self.tally = collections.Counter()

    def run(self):
        for _ in range(self.count // CHUNK):
            text = subprocess.run(
                ['h2load', '--h1', f'-n{CHUNK}', '-c8', '-m1',
                 f'http://127.0.0.1:{self.port}/users/1'],
                capture_output=True, text=True, check=False).stdout
            said = re.search(r'requests: (.*)', text).group(1)
            self.tally += collections.Counter(
                {w: int(n) for n, w in re.findall(r'(\d+) (\w+)', said)})
            codes = re.search(r'status codes: (.*)', text).group(1)
            self.tally += collections.Counter(
                {w: int(n) for n, w in re.findall(r'(\d+) (\dxx)', codes)})


def unrest(g, over, ports, did):
    """Reloads and kills, at random, until it is over."""
    rng = random.Random(8)
    while not over.wait(.3):
        if rng.random() < .6:
            g.reload(body(ports, ', { name = "r%d"; path = "/%d"; respond = { };'
                                 ' }' % (did['reloads'], did['reloads'])))
            did['reloads'] += 1
        elif len(pids := g.worker_pids) == WORKERS:
            g.kill([rng.choice(pids)])
            did['kills'] += 1


def logged(path):
    counts = collections.Counter()
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            entry = json.loads(line)
            if entry['route'] == 'users':
                counts[str(entry['status'])] += 1
    return counts


def agree_drill():
    ups, did = Upstreams([0]), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        log = f'{folder}/access.log'
        g = Gateway(folder, body(ups.ports), workers=WORKERS,
                    allow=['killed by signal 9 '],
                    top=TOP + f'access_log = ( {{ path = "{log}"; }} );\n'
                    'recorder = { ring = "16m"; };\n')
        g.start()
        over = threading.Event()
        storm = threading.Thread(target=unrest,
                                 args=(g, over, ups.ports, did))
        storm.start()
        lanes = [Lane(g.port, REQUESTS // LANES) for _ in range(LANES)]
        try:
            for lane in lanes:
                lane.start()
            for lane in lanes:
                lane.join()
            over.set()
            storm.join()
            wait_until(lambda: g.metric('connections') == 0, 30, 'the end')
            counted = collections.Counter()
            for (name, labels), value in g.metrics().items():
                if (name == 'penstock_requests_total' and
                        ('route', 'users') in labels):
                    counted[dict(labels)['code']] += int(value)
            lost = g.metric('records_lost_total')
        finally:
            over.set()
            g.stop()
            ups.close()
        lines = logged(log)
    sums = sum((lane.tally for lane in lanes), collections.Counter())
    say(f'telemetry: {sums["started"]} requests begun over {WORKERS} workers, '
        f'{did["reloads"]} reloads, {did["kills"]} workers killed')
    say(f'  clients: {sums["2xx"]} answered with 2xx, {sums["5xx"]} with 5xx, '
        f'{sums["started"] - sums["done"]} begun and not ended, '
        f'{sums["failed"]} failed or not begun')
    say(f'  counters: {dict(counted)}')
    say(f'  log: {dict(lines)}, records lost: {lost:.0f}')
    for code in sorted(set(counted) | set(lines)):
        more = counted[code] - lines[code]
        if more:
            say(f'  code {code}: {more} counted and not in the log')
    apart = sum(abs(counted[c] - lines[c]) for c in set(counted) | set(lines))
    must_be_zero('telemetry: more lines differ than workers died',
                 max(0, apart - lost - did['kills']))
    must_be_zero('telemetry: answers that were not counted',
                 max(0, sums['2xx'] - counted['200'] - did['kills'] * 32))


async def telemetry():
    cost_drill()


async def blind():
    hurt_drill()


async def account():
    agree_drill()


DRILLS = {'telemetry': telemetry, 'blind': blind, 'account': account}
