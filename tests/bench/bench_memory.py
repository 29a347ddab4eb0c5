"""Memory: what idle connections take, tables made for them included; and
routes: whether their number matters, and what they take."""
import random
import resource
import time

from bench_load import Held, checked, load
from bench_peers import Want, started
from bench_steady import PEERS, attempt, kept_turn, row

FEW = 256  # connections of those who hold none
PATHS = 5000


def stop_all(there):
    for contender in list(there.values()):
        contender.stop()


def warm(there, tls):
    for contender in there.values():
        checked(load(contender.bench, contender.tls_port if tls
                     else contender.port, 2000, '-c', 64,
                     *(('-T',) if tls else ())))


def settled_kb(bench, there):
    """PSS by contender, when it has been the same for three seconds (--quick:
    one): memory that was used is given back a while later."""
    seen = []
    for _ in range(20):
        seen.append({n: c.processes.pss_kb() for n, c in there.items()})
        if len(seen) > 3 and all(
                abs(seen[-1][n] - seen[-4][n]) <= 0.005 * seen[-1][n]
                for n in there):
            break
        time.sleep(1 / 3 if bench.quick else 1)
    return seen[-1]


def idle(bench, count, tls=False):
    """PSS of a gateway made for `count` connections that holds them, less that
    of one made for a few: so what it made beforehand is in it."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    count = min(count, files - 1000)
    names = [n for n in PEERS + (() if tls else ('floor',))
             if bench.takes_part(n)]
    small, wrong = started(bench, names, Want(connections=FEW))
    try:
        warm(small, tls)
        before = settled_kb(bench, small)
    finally:
        stop_all(small)
    large, more = started(bench, list(small), Want(connections=count + 256))
    wrong.update(more)
    held, rows = [], {}
    try:
        warm(large, tls)
        own = settled_kb(bench, large)
        for n in list(large):
            port = large[n].tls_port if tls else large[n].port
            attempt(wrong, large, n, lambda: held.append(Held(
                bench, port, 1, *(('-T',) if tls else ()), count=count)))
        for n, kb in settled_kb(bench, large).items():
            rows[n] = idle_row(before[n], own[n], kb, count)
    finally:
        for connections in held:
            connections.load.stop()
        stop_all(large)
    rows.update({n: {'error': text} for n, text in wrong.items()})
    return rows


def idle_row(before, own, after, count):
    each = (after - before) / count
    return {'kb_each': each, 'connections': count, 'pss_before_kb': before,
            'pss_table_kb': own, 'pss_kb': after,
            'text': f'{each:6.2f} kB each: PSS {before / 1024:.1f} MB made '
            f'for {FEW}, {own / 1024:.1f} made for {count}, '
            f'{after / 1024:.1f} with {count}'}


def idle_plain(bench):
    return idle(bench, 3000 if bench.quick else 10000)


def idle_tls(bench):
    return idle(bench, 1000 if bench.quick else 4000, tls=True)


def paths_of(bench, count):
    """5,000 paths, spread over the routes, in no order: as many for few routes
    as for many, or it would be the load whose caches differ."""
    path = bench.folder / f'paths.{count}'
    chosen = [f'/r{i * count // PATHS:06}/items/{i}' for i in range(PATHS)]
    random.Random(count).shuffle(chosen)
    path.write_text('\n'.join(chosen) + '\n')
    return path


def with_routes(bench, counts):
    """Contenders with so many routes each, all at once."""
    there, wrong = {}, {}
    for count in counts:
        names = [f'{n}:{count}' for n in PEERS if bench.takes_part(n)]
        more, bad = started(bench, names, Want(routes=count))
        there.update(more)
        wrong.update(bad)
    return there, wrong


def routes(bench):
    counts = (10, 1000, 10000) if bench.quick else (10, 1000, 100000)
    requests = 4000 if bench.quick else 15000
    paths = {c: paths_of(bench, c) for c in counts}
    there, wrong = with_routes(bench, counts)
    results = {n: [] for n in there}

    def turn(name):
        contender = there[name]
        results[name].append(kept_turn(
            bench, contender, contender.port, requests, '-U',
            paths[contender.want.routes]))

    try:
        for number in range(bench.rounds((7, 2)) + 1):
            for n in list(there):
                attempt(wrong, there, n, lambda: turn(n))
        rows = {n: row(results[n][1:], c) for n, c in there.items()}
    finally:
        stop_all(there)
    rows.update({n: {'error': text} for n, text in wrong.items()})
    if not bench.quick:
        rows.update(routes_memory(bench))
    return rows


def routes_memory(bench, count=50000):
    """PSS with that many routes, of which some have been asked for."""
    there, wrong = with_routes(bench, (count,))
    rows = {n: {'error': text} for n, text in wrong.items()}
    try:
        for n, contender in there.items():
            checked(load(bench, contender.port, 5000, '-c', 64, '-U',
                         paths_of(bench, count)))
        time.sleep(2)
        for n, contender in there.items():
            pss = contender.processes.pss_kb()
            rows[n] = {'pss_kb': pss, 'text': f'PSS {pss / 1024:.1f} MB'}
    finally:
        stop_all(there)
    return rows


ROOMS = {
    'idle': ('memory of idle connections (10,000; --quick: 3,000), plain',
             idle_plain),
    'idle_tls': ('memory of idle connections (4,000; --quick: 1,000), TLS',
                 idle_tls),
    'routes': ('10, 1,000 and 100,000 routes (--quick: 10,000), paths in no '
               'order', routes),
}
