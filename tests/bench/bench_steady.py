"""Scenarios in which contenders take turns under the same load (A B C A B C),
and the figure is the median over the rounds of their CPU time per request."""
import dataclasses
import json
import statistics
import subprocess
import time

from bench_kit import PROGRAMS, Wrong, program, say
from bench_load import Held, checked, h2load, load
from bench_peers import BUILDS, Want, started

PEERS = ('penstock', 'nginx', 'haproxy')
WARM = 15000  # requests: more than a ring of penstock's recorder holds


@dataclasses.dataclass
class Scene:
    """A scenario: who takes part, what they are asked, how often."""
    title: str
    requests: tuple          # in a turn: of a whole run, of a quick one
    options: tuple = ()      # of the load
    who: tuple = PEERS + ('floor',)
    want: Want = dataclasses.field(default_factory=Want)
    tls: bool = False
    settle: float = 0.02     # until what was put off has been done
    rounds: tuple = (7, 3)
    h2: bool = False
    conns: int = 64          # of those that are kept
    warm_tokens: bool = False  # all tokens are asked with beforehand
    plain: tuple = ()        # takes part with its plain configuration
    token: str = ''          # whose bearer asks
    before: object = None    # called with the bench, before the load
    log: bool = False        # a line for each request is looked for
    status: int = 200        # of those who are not plain
    refuses: int = 0         # the status of penstock alone
    fresh: bool = False      # each request has a token that nobody has seen


def bearer(bench, name):
    return ('-h', f'Authorization: Bearer {bench.tokens[name]}')


def kept_turn(bench, contender, port, requests, *options, status=200,
              settle=0.02, count=64):
    """A turn on kept connections, which nobody pays for."""
    held = Held(bench, port, requests, '-s', status, *options, count=count,
                status=status)
    try:
        time.sleep(0.02)
        before = contender.processes.cpu_us()
        result = held.go_on()
        time.sleep(settle)
        result['cpu'] = (contender.processes.cpu_us() - before) / requests
        return result
    finally:
        held.load.stop()


def new_turn(bench, contender, port, requests, *options, settle=0.02, h2):
    """A turn that pays for its connections."""
    before = contender.processes.cpu_us()
    if h2:
        result = h2load(bench, port, requests)
    else:
        result = checked(load(bench, port, requests, *options), requests)
    time.sleep(settle)
    result['cpu'] = (contender.processes.cpu_us() - before) / requests
    return result


def turn(bench, scene, contender, requests, number):
    """One contender's turn."""
    options, status = [], 200
    for o in scene.options:
        options += o(bench, number * (requests + scene.conns)) \
            if callable(o) else [o]
    if contender.want.full:
        status = scene.status
        options += bearer(bench, scene.token) if scene.token else ()
    if scene.refuses and contender.name == 'penstock':
        status = scene.refuses
    port = contender.tls_port if scene.tls else contender.port
    if scene.h2 or '-C' in options:
        return new_turn(bench, contender, port, requests, *options,
                        settle=scene.settle, h2=scene.h2)
    return kept_turn(bench, contender, port, requests, *options,
                     status=status, settle=scene.settle, count=scene.conns)


def warm_up(bench, scene, contender, requests):
    """Nobody counts, nobody looks at the answers."""
    port = contender.tls_port if scene.tls else contender.port
    options = ['-T'] if scene.tls else []
    if contender.want.full and scene.warm_tokens:
        options += ['-t', bench.token_file]
    elif contender.want.full:
        options += bearer(bench, scene.token or 'member')
    load(bench, port, requests, *options)


def handshakes_in_memory(bench, scene, tickets):
    out = program(bench, [
        PROGRAMS / 'handshake', bench.files / 'cert.pem',
        bench.files / 'key.pem', scene.requests[bench.quick], tickets])
    counted = json.loads(out)
    return {'cpu': counted['cpu_us'] / counted['requests'], 'p50': 0, 'p99': 0,
            'requests': counted['requests']}


def row(results, contender=None):
    """Of the turns of one contender, medians."""
    cpu = [r['cpu'] for r in results]
    middle = statistics.median(cpu)
    text = {'cpu': middle, 'min': min(cpu), 'max': max(cpu),
            'spread': statistics.median(abs(c - middle) for c in cpu) / middle
            if middle else 0, 'rounds': len(cpu), 'turns': cpu,
            'requests': sum(r['requests'] for r in results)}
    for key in 'p50', 'p99':
        text[key] = statistics.median(r[key] for r in results)
    for key in 'tickets', 'resumed', 'opened':
        if key in results[0]:
            text[key] = sum(r[key] for r in results)
    if contender:
        try:
            text['pss_kb'] = contender.processes.pss_kb()
        except Wrong:
            text['pss_kb'] = None
    return text


def tickets_of(bench, contender):
    """How many a contender hands out for a handshake."""
    got = load(bench, contender.tls_port, 10, '-T', '-C', '-c', 1)
    return checked(got)['tickets'] // 10


def check_tls(name, scene, text):
    """The handshakes were what they should be."""
    if 'tickets' not in text or '-C' not in scene.options:
        return
    full = '-R' not in scene.options
    if full and text['resumed']:
        raise Wrong(f'{text["resumed"]} handshakes were resumed')
    if not full and text['resumed'] < 0.9 * text['opened']:
        raise Wrong(f'only {text["resumed"]} of {text["opened"]} handshakes '
                    'were resumed')


def play(bench, name, scene):
    """A scenario; its rows by contender."""
    want = dataclasses.replace(scene.want)
    names = [n for n in scene.who if bench.takes_part(n)]
    if 'penstock' in names:
        names += BUILDS
    running = [n for n in names if n != 'memory' and n not in scene.plain]
    if name == 'handshake' and 'penstock' in running:
        want.tickets = count_tickets(bench, want)
    there, wrong = started(bench, running, want)
    others, more = started(bench, [n for n in names if n in scene.plain],
                           Want())
    there, wrong = {**there, **others}, {**wrong, **more}
    results = {n: [] for n in names if n in there or n == 'memory'}
    requests = scene.requests[bench.quick]
    rounds = bench.rounds(scene.rounds)
    warm = bench.token_count if scene.warm_tokens else min(3 * requests, WARM)
    if scene.fresh:
        requests = min(requests,
                       bench.token_count // rounds - scene.conns)
    try:
        if scene.before:
            scene.before(bench, there)
        for contender in list(there.values()):
            attempt(wrong, there, contender.label, lambda: warm_up(
                bench, scene, contender, warm))
        for number in range(rounds):
            for n in list(results):
                if n == 'memory':
                    results[n].append(
                        handshakes_in_memory(bench, scene, want.tickets))
                    continue
                if n in there:
                    attempt(wrong, there, n, lambda: results[n].append(turn(
                        bench, scene, there[n], requests, number)))
        rows = finish(scene, results, there, wrong, warm)
    finally:
        for contender in list(there.values()):
            contender.stop()
    if want.tickets != 2 or name == 'handshake':
        bench.note(name, f'penstock gives {want.tickets} tickets; so do '
                   'nginx and the handshake in memory, haproxy gives 2')
    return rows


def attempt(wrong, there, name, do):
    """What goes wrong for one contender takes it out, and is said."""
    try:
        do()
    except (Wrong, subprocess.TimeoutExpired, OSError) as error:
        wrong[name] = str(error)
        say(f'! {name}: {error}')
        there.pop(name).stop()


def finish(scene, results, there, wrong, warm):
    rows = {}
    for n, turns in results.items():
        if n in wrong or not turns:
            continue
        try:
            rows[n] = row(turns, there.get(n))
            check_tls(n, scene, rows[n])
            if scene.log and n in there and n not in scene.plain:
                check_log(there[n], rows[n]['requests'] + warm)
        except Wrong as error:
            rows.pop(n, None)
            wrong[n] = str(error)
    rows.update({n: {'error': text} for n, text in wrong.items()})
    return rows


def check_log(contender, requests):
    """Whoever loses lines does not do the same work."""
    end = time.monotonic() + 3
    while True:
        with open(contender.log, 'rb') as log:
            lines = sum(block.count(b'\n') for block in
                        iter(lambda: log.read(1 << 20), b''))
        if lines >= requests:
            return
        if time.monotonic() > end:
            raise Wrong(f'{requests} requests, {lines} lines in the log')
        time.sleep(0.1)


def count_tickets(bench, want):
    there, wrong = started(bench, ['penstock'], want)
    try:
        if 'penstock' not in there:
            raise Wrong(wrong['penstock'])
        return tickets_of(bench, there['penstock'])
    finally:
        for contender in there.values():
            contender.stop()
