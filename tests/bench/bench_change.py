"""What happens while something changes: reloads under load, addresses that
are banned, more workers."""
import json
import statistics
import time

from bench_kit import CPUS, PROGRAMS, Processes, Program, Wrong, free_port
from bench_load import Held, checked, load, load_words
from bench_memory import stop_all
from bench_peers import Want, started
from bench_steady import PEERS, attempt, row

EVERY = 0.25  # seconds between two reloads
RATE = 2000


def reloads_of(bench):
    return 4 if bench.quick else 20


def under_load(bench, contender, seconds, reloads):
    """Load at a fixed rate, with so many reloads in it."""
    n = int(RATE * seconds)
    child = Program(bench, load_words(contender.port, n, '-c', 64, '-r', RATE,
                                      seconds=seconds + 10), seconds + 60)
    time.sleep(EVERY)
    due = time.monotonic()
    most = len(contender.processes.pids())
    for _ in range(reloads):
        contender.reload()
        due += EVERY
        time.sleep(max(0, due - time.monotonic()))
        most = max(most, len(contender.processes.pids()))
    result = json.loads(child.output())
    result['failed'] = n - result['good']
    result['processes'] = most
    return result


def reload_row(results):
    quiet, busy = zip(*results)
    failed = sum(r['failed'] for r in busy)
    requests = sum(r['good'] + r['failed'] for r in busy)
    p99 = [statistics.median(r['p99'] for r in side) for side in (quiet, busy)]
    kinds = {k: sum(r['failures'][k] for r in busy) for k in
             busy[0]['failures']}
    kinds = ', '.join(f'{k} {n}' for k, n in kinds.items() if n)
    return {'failed': failed,
            'failed_without': sum(r['failed'] for r in quiet),
            'requests': requests, 'p99_without': p99[0], 'p99_with': p99[1],
            'p99_ratio': p99[1] / p99[0] if p99[0] else 0,
            'text': f'{failed} of {requests} failed'
            f'{" (" + kinds + ")" if kinds else ""}; p99 {p99[1]:.0f} us, '
            f'{p99[0]:.0f} without; at most '
            f'{max(r["processes"] for r in busy)} processes'}


def check_reloaded(contender, wanted):
    """As many configurations have come into force as were given."""
    if contender.name != 'penstock':
        return
    end = time.monotonic() + 10
    while True:
        now = json.loads(contender.control('-j', 'status'))
        generation = now.get('generation', 0)
        if generation > wanted:
            return
        if time.monotonic() > end:
            raise Wrong(f'{wanted} reloads led to generation {generation}')
        time.sleep(0.1)


def reload(bench):
    count = reloads_of(bench)
    seconds = (count + 2) * EVERY
    there, wrong = started(bench, [n for n in PEERS if bench.takes_part(n)],
                           Want())
    results = {n: [] for n in there}
    rounds = bench.rounds((3, 1))

    def turn(name):
        contender = there[name]
        results[name].append((under_load(bench, contender, seconds, 0),
                              under_load(bench, contender, seconds, count)))
        time.sleep(0.5)

    try:
        for contender in there.values():
            load(bench, contender.port, 2000)
        for _ in range(rounds):
            for n in list(there):
                attempt(wrong, there, n, lambda: turn(n))
        for n in list(there):
            attempt(wrong, there, n, lambda: check_reloaded(
                there[n], rounds * count))
        rows = {n: reload_row(results[n]) for n in there}
    finally:
        stop_all(there)
    rows.update({n: {'error': text} for n, text in wrong.items()})
    return rows


def banned_turn(bench, contender, count):
    """One request on each of many connections that were there before."""
    own = contender.name == 'penstock'
    held = Held(bench, contender.port, count, '-o', 64, '-s',
                403 if own else 200, count=count)
    try:
        if own:
            contender.control('ban', '127.0.0.1')
        time.sleep(0.3)
        before = contender.processes.cpu_us()
        got = held.go_on()
        time.sleep(0.2)
        got['cpu'] = (contender.processes.cpu_us() - before) / count
        return got
    finally:
        held.load.stop()
        if own:
            contender.control('unban', '--all')


def refused_turn(bench, contender, count):
    """Connections that are closed as soon as they are accepted."""
    own = contender.name == 'penstock'
    try:
        if own:
            contender.control('ban', '127.0.0.1')
        time.sleep(0.1)
        before = contender.processes.cpu_us()
        got = checked(load(bench, contender.port, count, '-x', '-c', 32))
        time.sleep(0.2)
        got['cpu'] = (contender.processes.cpu_us() - before) / count
        return got
    finally:
        if own:
            contender.control('unban', '--all')


def by_turns(bench, who, do, rounds=(5, 2), want=None):
    there, wrong = started(bench, [n for n in who if bench.takes_part(n)],
                           want or Want())
    results = {n: [] for n in there}
    try:
        for number in range(bench.rounds(rounds) + 1):
            for n in list(there):
                attempt(wrong, there, n,
                        lambda: results[n].append(do(there[n])))
        rows = {n: row(results[n][1:], c) for n, c in there.items()}
    finally:
        stop_all(there)
    rows.update({n: {'error': text} for n, text in wrong.items()})
    return rows


def banned_last(bench):
    count = 1000 if bench.quick else 3000
    return by_turns(bench, ('penstock', 'floor'),
                    lambda c: banned_turn(bench, c, count))


def banned_new(bench):
    count = 2000 if bench.quick else 8000
    return by_turns(bench, ('penstock', 'accept'),
                    lambda c: refused_turn(bench, c, count))


def workers(bench):
    """One worker on one CPU and four on four, under the same load of all CPUs:
    what several of them pay for each other."""
    many = bench.args.workers
    if len(CPUS) < many:
        return {'-': {'text': f'not measured: there are {len(CPUS)} CPUs'}}
    cpus, ports, origins = CPUS[:many], [], []
    there, wrong = {}, {}
    try:
        for cpu in cpus:
            ports.append(free_port())
            origins.append(Processes(
                bench, f'origin:{cpu}',
                [PROGRAMS / 'origin', f'{ports[-1]}=512'], {cpu},
                counted=False))
            origins[-1].wait_for(ports[-1], 10)
        for n, count in (('penstock:1', 1), (f'penstock:{many}', many)):
            more, bad = started(bench, [n], Want(
                workers=count, cpus=set(cpus[:count])), origins=ports)
            there.update(more)
            wrong.update(bad)
        results = {n: [] for n in there}
        for _ in range(bench.rounds((7, 2)) + 1):
            for n in list(there):
                attempt(wrong, there, n, lambda: results[n].append(
                    from_all_cpus(bench, there[n], cpus)))
        rows = {n: row(results[n][1:], c) for n, c in there.items()}
    finally:
        stop_all(there)
        for origin in origins:
            origin.stop()
    rows.update({n: {'error': text} for n, text in wrong.items()})
    return rows


def from_all_cpus(bench, contender, cpus):
    n = 5000 if bench.quick else 20000
    before = contender.processes.cpu_us()
    loads = [Program(bench, load_words(contender.port, n, '-c', 32),
                     cpus={cpu}) for cpu in cpus]
    got = [checked(json.loads(x.output()), n) for x in loads]
    time.sleep(0.02)
    total = n * len(cpus)
    return {'cpu': (contender.processes.cpu_us() - before) / total,
            'requests': total,
            'p50': statistics.median(g['p50'] for g in got),
            'p99': max(g['p99'] for g in got)}


ROOMS = {
    'reload': ('20 reloads (--quick: 4), 250 ms apart, under 2,000 requests/s',
               reload),
    'banned_last': ('a banned address, on a connection that was there: 403 '
                    'and closed; floor: a proxied request on such a one',
                    banned_last),
    'banned_new': ('a banned address, at accept; accept: accept and close',
                   banned_new),
    'workers': ('several workers on as many CPUs, and one', workers),
}
