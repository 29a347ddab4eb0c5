"""How requests spread: each algorithm, with one worker and with four."""
import asyncio
import collections
import re
import statistics
import tempfile

from drill_kit import Load, Upstreams, say
from gateway import Gateway
from wire import Wire

ALGORITHMS = ['round_robin', 'least_connections', 'random', 'hash', 'p2c']
GET = b'GET /users/1 HTTP/1.1\r\nHost: drill\r\n\r\n'


def config(ports, word, weights=None, keys=''):
    rows = ', '.join(
        f'{{ address = "127.0.0.1:{p}"; weight = {w}; }}'
        for p, w in zip(ports, weights or [1] * len(ports)))
    return (f'services = {{ s = {{ endpoints = ( {rows} ); '
            f'balance = "{word}"; {keys} }}; }};\n'
            'routes = ( { path = "/*rest"; service = "s"; } );\n')


def gateway(folder, text, workers):
    return Gateway(folder, text, workers=workers,
                   top='log = { level = "warn"; target = "stderr"; };\n')


async def spread(ups, word, workers, weights, seconds=2.0, keys=''):
    """(served by each, p50 and p99 in ms)"""
    with tempfile.TemporaryDirectory() as folder:
        gw = gateway(folder, config(ups.ports, word, weights, keys), workers)
        gw.start()
        try:
            load = Load(gw.port, request=GET, count=32)
            load.start()
            await asyncio.sleep(seconds)
            await load.stop()
        finally:
            gw.finish()
        times = sorted(load.times)
        return ([load.served[f'up{i}'] for i in range(len(ups.ports))],
                times[len(times) // 2] * 1e3, times[len(times) * 99 // 100] * 1e3)


def shares(served):
    total = sum(served)
    return ' '.join(f'{100 * n / total:.1f}' for n in served)


async def spread_drill():
    """32 clients; hash by a header that differs with each request."""
    ups = Upstreams([2, 2, 2, 2])
    try:
        for weights in ([1, 1, 1, 1], [1, 2, 3, 4]):
            for word in ALGORITHMS:
                if word == 'hash':
                    continue
                for workers in (1, 4):
                    served, _, _ = await spread(ups, word, workers, weights)
                    say(f'spread: {word}, weights {weights}, {workers} '
                        f'workers: {shares(served)} % of {sum(served)}')
    finally:
        ups.close()


async def slow_drill():
    """One of four endpoints ten times slower."""
    ups = Upstreams([5, 5, 5, 50])
    try:
        p99s = collections.defaultdict(list)
        for _ in range(3):
            for word in ('round_robin', 'random', 'least_connections', 'p2c'):
                for workers in (1, 4):
                    served, p50, p99 = await spread(ups, word, workers, None)
                    p99s[word, workers].append((p99, p50, served))
        for (word, workers), runs in p99s.items():
            p99, p50, served = sorted(runs)[len(runs) // 2]
            base = statistics.median(
                r[0] for r in p99s['round_robin', workers])
            say(f'slow: {word}, {workers} workers: p50 {p50:.1f} ms, p99 '
                f'{p99:.1f} ms ({p99 / base:.2f} of round robin), slow one '
                f'got {100 * served[3] / sum(served):.1f} %')
        for workers in (1, 4):
            await spread(ups, 'round_robin', workers, None, seconds=15,
                         keys='health_score = true;')
            served, _, p99 = await spread(
                ups, 'round_robin', workers, None, seconds=15,
                keys='health_score = true;')
            say(f'slow: round_robin with health_score, {workers} workers: '
                f'over 15 s p99 {p99:.1f} ms, slow one got '
                f'{100 * served[3] / sum(served):.1f} %')
    finally:
        ups.close()


def who_serves(port, keys):
    found = {}
    with Wire(port) as w:
        for key in keys:
            w.send(f'GET /users/1 HTTP/1.1\r\nHost: d\r\nX-Key: {key}\r\n\r\n')
            body = w.response().body
            found[key] = re.search(r'"served_by":"(\w+)"',
                                   body.decode()).group(1)
    return found


async def moved_drill():
    """Share of 4,000 keys that move when one of ten comes or goes."""
    ups = Upstreams([0] * 11)
    keys = [f'key-{i}' for i in range(4000)]
    extra = 'hash_key = "header:X-Key";'
    try:
        for workers in (1, 4):
            with tempfile.TemporaryDirectory() as folder:
                gw = gateway(folder, config(ups.ports[:10], 'hash',
                                            keys=extra), workers)
                gw.start()
                try:
                    ten = who_serves(gw.port, keys)
                    gw.reload(config(ups.ports, 'hash', keys=extra))
                    eleven = who_serves(gw.port, keys)
                    gw.reload(config(ups.ports[1:10], 'hash', keys=extra))
                    nine = who_serves(gw.port, keys)
                finally:
                    gw.finish()
            moved = sum(ten[k] != eleven[k] for k in keys)
            astray = sum(ten[k] != eleven[k] != 'up10' for k in keys)
            lost = sum(ten[k] != nine[k] for k in keys)
            unforced = sum(ten[k] != nine[k] and ten[k] != 'up0'
                           for k in keys)
            say(f'moved: hash, {workers} workers: one added to ten: '
                f'{100 * moved / len(keys):.2f} % of keys moved (ideal 9.09), '
                f'{astray} of them elsewhere than to it; one removed: '
                f'{100 * lost / len(keys):.2f} % (ideal 10.00), {unforced} '
                'of them not its own; spread of ten '
                f'{min(collections.Counter(ten.values()).values())} to '
                f'{max(collections.Counter(ten.values()).values())} keys')
    finally:
        ups.close()


DRILLS = {'spread': spread_drill, 'slow': slow_drill, 'moved': moved_drill}
