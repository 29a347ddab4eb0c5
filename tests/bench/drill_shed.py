"""Drills of splits and of shedding: what they cost, and what they are for."""
import re
import statistics
import subprocess
import tempfile
import threading
import time

from drill_auth import cpu_us, wrk
from drill_balance import Upstreams
from drill_kit import must_be_zero, say
from gateway import Gateway, wait_until
from origin import Origin
from wire import Wire

ROUNDS, SECONDS = 3, 3
HELD, HELD_BYTES = 400, 60000  # requests whose bodies are kept: memory


def services(*ports):
    """Without breakers, which would come first."""
    return 'services = { ' + ' '.join(
        f'v{n} = {{ endpoints = ( {{ address = "127.0.0.1:{p}"; }} ); '
        'breaker = { failures = 0; }; };'
        for n, p in enumerate(ports)) + ' };\n'


def level(g):
    return next((w['pressure'] for w in g.asked_workers()
                 if w['role'] == 'worker'), 0)


def turns(g, paths):
    """{name: [us of CPU for a request]}, in turns, and what was refused."""
    spent, refused = {name: [] for name in paths}, 0
    for turn in range(ROUNDS + 1):
        for name, (path, *more) in paths.items():
            before = cpu_us(g.worker_pids)
            done, bad = wrk(g.port, path, *more, seconds=SECONDS)
            refused += bad
            if turn:
                spent[name].append((cpu_us(g.worker_pids) - before) / done)
    return spent, refused


def tell(spent, than=None):
    for name, took in spent.items():
        more = '' if than is None or name == than else ' {:+6.2f}'.format(
            statistics.median(a - b for a, b in zip(took, spent[than])))
        say(f'  {name:22} {statistics.median(took):6.2f} '
            f'({min(took):6.2f}){more}')


# --- what a split costs

def split_costs():
    ups = Upstreams([0, 0])
    arms = 'split = ( { service = "v0"; weight = 9; }, ' \
           '{ service = "v1"; weight = 1; } );'
    rewrite = 'rewrite = "/health";'
    with tempfile.TemporaryDirectory() as folder:
        g = Gateway(folder, services(*ups.ports) + f'''
routes = ( {{ path = "/plain"; service = "v0"; {rewrite} }},
  {{ path = "/random"; {arms} {rewrite} }},
  {{ path = "/address"; {arms} split_key = "address"; {rewrite} }},
  {{ path = "/cookie"; {arms} split_key = "cookie:session"; {rewrite} }} );
''')
        g.start()
        try:
            cookie = ('-H', 'Cookie: a=b; session=0123456789abcdef')
            spent, bad = turns(g, {
                name: (f'/{name}', *cookie)
                for name in ('plain', 'random', 'address', 'cookie')})
        finally:
            g.finish()
            ups.close()
    must_be_zero('split: other answers than expected', bad)
    say(f'split: us of CPU per request, medians of {ROUNDS} (and the least), '
        'and beyond plain proxying in the same round')
    tell(spent, 'plain')


# --- what shedding costs

def hold(g, origin):
    """Requests that take so much memory that all others are shed."""
    wires = [Wire(g.port, timeout=60) for _ in range(HELD)]
    for w in wires:
        w.send(f'PUT /hold HTTP/1.1\r\nHost: x\r\n'
               f'Content-Length: {HELD_BYTES}\r\n\r\n')
        w.send(b'x' * HELD_BYTES)
    wait_until(lambda: len(origin.requests) == HELD, 30)
    return wires


def shed_costs():
    ups, go = Upstreams([0]), threading.Event()
    origin = Origin(lambda conn, _: (go.wait(300), conn.reply()))
    body = services(ups.ports[0], origin.port) + '''
routes = ( { path = "/hold"; service = "v1"; priority = "emergency"; },
  { path = "/x"; service = "v0"; rewrite = "/health"; },
  { path = "/own"; respond = { body = "pong"; }; } );
'''
    calm = 'overload = { lag = "60s"; };'
    full = 'overload = { lag = "0"; connections = 0.0; memory = "16m"; };'
    spent = {}
    with tempfile.TemporaryDirectory() as folder:
        g = Gateway(folder, body.replace('priority = "emergency";', ''))
        g.start()
        try:
            found, bad = turns(g, {'off': ('/x',), 'off, own answer':
                                   ('/own',)})
            spent.update(found)
            g.reload(body, top=calm)
            found, more = turns(g, {'calm': ('/x',), 'calm, own answer':
                                    ('/own',)})
            spent.update(found)
            must_be_zero('overload: refused in calm', bad + more)
            g.reload(body, top=full)
            wires = hold(g, origin)
            wait_until(lambda: level(g) >= 1000, 60)
            found, _ = turns(g, {'shed': ('/x',)})
            spent.update(found)
            go.set()
            for w in wires:
                w.close()
        finally:
            go.set()
            g.finish()
            origin.close()
            ups.close()
    say(f'overload: us of CPU per request, medians of {ROUNDS} (and the '
        'least)')
    tell(spent)


# --- what it is for

def latency(text, part):
    found = re.search(rf'{part}%\s+([\d.]+)(us|ms|s)', text)
    scale = {'us': 1e-3, 'ms': 1, 's': 1e3}[found.group(2)]
    return float(found.group(1)) * scale


def crowd(port, path, connections, seconds):
    return subprocess.Popen(
        ['wrk', '-t1', f'-c{connections}', f'-d{seconds}', '--latency',
         f'http://127.0.0.1:{port}{path}'],
        stdout=subprocess.PIPE, text=True)


def scene(g, seconds=10):
    """Requests per second that were served, and p99 in ms, by class."""
    levels = []
    parts = {'normal': crowd(g.port, '/n', 1000, seconds),
             'emergency': crowd(g.port, '/e', 8, seconds)}
    began = time.monotonic()
    while time.monotonic() - began < seconds - 1:
        time.sleep(0.2)
        if time.monotonic() - began > seconds / 2:
            levels.append(level(g))
    found = {}
    for name, p in parts.items():
        text = p.communicate()[0]
        done = int(re.search(r'(\d+) requests in', text).group(1))
        bad = re.search(r'Non-2xx or 3xx responses: (\d+)', text)
        bad = int(bad.group(1)) if bad else 0
        found[name] = ((done - bad) / seconds, bad / seconds,
                       latency(text, 99))
    return found, levels


def purpose():
    """A worker with far more clients than it can serve."""
    ups = Upstreams([0])
    body = services(ups.ports[0]) + '''
routes = ( { path = "/n"; service = "v0"; rewrite = "/health"; },
  { path = "/e"; service = "v0"; rewrite = "/health";
    priority = "emergency"; } );
'''
    with tempfile.TemporaryDirectory() as folder:
        g = Gateway(folder, body)
        g.start()
        try:
            say('overload: one worker, 1000 connections of class normal, 8 of '
                'class emergency, all as fast as they can')
            for name, top in (
                    ('without', ''),
                    ('lag 20ms', 'overload = { lag = "20ms"; };'),
                    ('lag 5ms', 'overload = { lag = "5ms"; };')):
                if top:
                    g.reload(body, top=top)
                found, levels = scene(g)
                for kind, (good, bad, p99) in found.items():
                    say(f'  {name:9} {kind:10} {good:7.0f}/s served, '
                        f'{bad:7.0f}/s shed, p99 {p99:6.1f} ms')
                say(f'  {name:9} pressure in the second half: '
                    f'{min(levels)} to {max(levels)}')
        finally:
            g.finish()
            ups.close()


async def split_drill():
    split_costs()


async def shed_drill():
    shed_costs()
    purpose()


DRILLS = {'split': split_drill, 'shed': shed_drill}
