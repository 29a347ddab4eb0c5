"""Rate limits: exactly so many from several workers, also when they die, what
a limit costs, and how many can be refused."""
import random
import statistics
import subprocess
import tempfile
import threading
import time

from drill_auth import CONNECTIONS, cpu_us, wrk
from drill_kit import Upstreams, must_be_zero, say
from gateway import Gateway, wait_until

TOP = 'log = { level = "warn"; target = "stderr"; };\n'
WORKERS, SECONDS, KILLS = 4, 10, 25
ROUNDS = 7
MOST = 100_000  # a day, of the exact ones
PER_SECOND = 2_000
EXACT = {
    'token_bucket': f'rate = "{MOST}/day";',
    'sliding_window': f'rate = "{MOST}/day"; algorithm = "sliding_window";',
    'fixed_window': f'rate = "{MOST}/day"; algorithm = "fixed_window";',
    'quota': f'rate = "{MOST}/day"; algorithm = "quota";',
    'windows': f'rate = "{PER_SECOND}/s"; algorithm = "fixed_window";',
    'bucket': f'rate = "{PER_SECOND}/s"; burst = 100;',
}
FREE = 'rate = "1000000/s";'
COSTS = {
    'plain': [],
    'token_bucket': [f'key = "address"; {FREE}'],
    'fixed_window': [f'key = "address"; algorithm = "fixed_window"; {FREE}'],
    'sliding_window': ['key = "address"; algorithm = "sliding_window"; '
                       + FREE],
    'quota': ['key = "address"; algorithm = "quota"; '
              'rate = "1000000000/day";'],
    'concurrency': ['key = "address"; algorithm = "concurrency"; '
                    'limit = 1000;'],
    'global': [f'key = "global"; {FREE}'],
    'header': [f'key = "header:X-Key"; {FREE}'],
    'four': [f'key = "{k}"; {FREE}'
             for k in ('address', 'route', 'global', 'header:X-Key')],
}
REFUSED = {
    'token_bucket': ['key = "address"; rate = "1/day";'],
    'fixed_window': ['key = "address"; algorithm = "fixed_window"; '
                     'rate = "1/day";'],
    'behind three': [f'key = "{k}"; {FREE}'
                     for k in ('address', 'route', 'global')] +
                    ['key = "header:X-Key"; rate = "1/day";'],
}


def limits_text(limits, answer):
    """{name: [limit, ...]} as limits and a route each."""
    named, routes = [], []
    for n, (name, texts) in enumerate(limits.items()):
        own = [f'l{n}_{i}' for i in range(len(texts))]
        named += [f'{o} = {{ {t} }};' for o, t in zip(own, texts)]
        listed = ', '.join(f'"{o}"' for o in own)
        routes.append(f'{{ name = "{name}"; path = "/{n}"; {answer} '
                      f'rate_limits = [ {listed} ]; }}')
    return (f'rate_limits = {{ {" ".join(named)} }};\n'
            f'routes = ( {", ".join(routes)} );\n')


def counted(gw, name, code):
    return int(gw.metric('requests_total', route=name, code=code))


def hammer(gw, path, seconds):
    subprocess.run(['wrk', '-t1', '-c64', f'-d{seconds}',
                    f'http://127.0.0.1:{gw.port}{path}'],
                   check=True, capture_output=True)
    wait_until(lambda: gw.metric('connections') == 0, 5, 'the end')


def said(name, gw, took):
    """How many were let in, and whether that is right."""
    good, bad = counted(gw, name, '200'), counted(gw, name, '429')
    if name == 'windows':
        wrong = good % PER_SECOND
        right = f'{good // PER_SECOND} windows of {PER_SECOND}'
    elif name == 'bucket':
        most = 100 + int(PER_SECOND * took) + 1
        wrong = max(0, good - most)
        right = f'the model {most - 1}, in {took:.3f} s'
    elif name == 'token_bucket':  # it fills meanwhile
        more = int(took * MOST / 86400) + 1
        wrong = max(MOST - good, good - MOST - more, 0)
        right = f'{MOST}, and up to {more} more'
    else:
        wrong, right = abs(good - MOST), f'{MOST}'
    say(f'  {name:16} {good + bad:8} tries, {good:7} let in ({right}), '
        f'{bad} refused')
    must_be_zero(f'limits: {name}', wrong)


def exact():
    with tempfile.TemporaryDirectory() as folder:
        gw = Gateway(folder, limits_text(
            {n: [f'key = "route"; {t}'] for n, t in EXACT.items()},
            'respond = { body = "x"; };'), workers=WORKERS, top=TOP)
        gw.start()
        try:
            say(f'limits: {WORKERS} workers, 64 connections, {SECONDS} s each')
            for n, name in enumerate(EXACT):
                began = time.monotonic()
                hammer(gw, f'/{n}', SECONDS)
                said(name, gw, time.monotonic() - began)
        finally:
            gw.finish()


def killed():
    """Who dies takes along no more than what he was at."""
    most = 400_000
    with tempfile.TemporaryDirectory() as folder:
        gw = Gateway(folder, limits_text(
            {'l': [f'key = "global"; rate = "{most}/day"; '
                   'algorithm = "fixed_window";']},
            'respond = { body = "x"; };'), workers=WORKERS, top=TOP,
            allow=['killed by signal 9 '])
        gw.start()
        over = threading.Event()
        kills = [0]

        def kill():
            while not over.is_set() and kills[0] < KILLS:
                pids = gw.worker_pids
                if len(pids) == WORKERS:
                    gw.kill([random.choice(pids)])
                    kills[0] += 1
                time.sleep(.2)
        killer = threading.Thread(target=kill)
        killer.start()
        try:
            for _ in range(60):
                hammer(gw, '/0', 2)
                if counted(gw, 'l', '429') > 10_000:
                    break
            over.set()
            killer.join()
            good = counted(gw, 'l', '200')
        finally:
            over.set()
            gw.finish()
    say(f'limits: {kills[0]} workers killed meanwhile: {good} let in and '
        f'counted, of {most}; {most - good} went down with them')
    must_be_zero('limits: too many', max(0, good - most))
    must_be_zero('limits: lost', max(0, most - good - kills[0] * 64))


def turns(limits, refused):
    """{name: [us of CPU for a request]}, one worker, in turns."""
    spent = {name: [] for name in limits}
    ups = Upstreams([0])
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        gw = Gateway(folder, 'services = { s = { endpoints = ( { address = '
                     f'"127.0.0.1:{ups.ports[0]}"; }} ); }}; }};\n' +
                     limits_text(limits,
                                 'service = "s"; rewrite = "/health";'),
                     top=TOP)
        gw.start()
        try:
            for turn in range(ROUNDS + 1):
                for n, name in enumerate(limits):
                    before = cpu_us(gw.worker_pids)
                    done, bad = wrk(gw.port, f'/{n}', '-H', 'X-Key: abcdef')
                    wrong += done - bad - 1 if refused and not turn else \
                        done - bad if refused else bad
                    if turn:
                        spent[name].append(
                            (cpu_us(gw.worker_pids) - before) / done)
        finally:
            gw.finish()
            ups.close()
    must_be_zero('limits: other answers than expected', max(0, wrong))
    return spent


def costs():
    spent = turns(COSTS, refused=False)
    say(f'limits: us of CPU per request, medians of {ROUNDS} (and the least), '
        f'and beyond plain proxying in the same round; {CONNECTIONS} '
        'connections')
    for name, took in spent.items():
        more = statistics.median(
            c - p for c, p in zip(took, spent['plain']))
        say(f'  {name:16} {statistics.median(took):6.2f} ({min(took):6.2f})  '
            f'{more:+6.2f}')
    spent = turns(REFUSED, refused=True)
    say('limits: 429s per second of CPU, medians')
    for name, took in spent.items():
        us = statistics.median(took)
        say(f'  {name:16} {1e6 / us:8.0f}  ({us:6.2f} us each)')


async def limits_drill():
    exact()
    killed()
    costs()


DRILLS = {'limits': limits_drill}
