"""What protection costs: CPU of the worker for a request with each part of it,
and with all together, beside one of a gateway that has none."""
import pathlib
import statistics
import tempfile

from drill_auth import TOP, cpu_us, wrk
from drill_balance import Upstreams
from drill_kit import must_be_zero, say
from gateway import Gateway

ROUNDS, SECONDS, NETS = 7, 1, 10_000
LIMITS = {
    'bucket': 'key = "address"; rate = "100000000/min";',
    'sliding': 'key = "address"; rate = "100000000/min"; '
               'algorithm = "sliding_window";',
    'fixed': 'key = "route"; rate = "100000000/min"; '
             'algorithm = "fixed_window";',
    'quota': 'key = "address"; rate = "1000000000/month"; '
             'algorithm = "quota";',
    'at_once': 'key = "address"; limit = 10000; algorithm = "concurrency";',
}
FREE = 'breaker = { failures = 0; }; retry = { attempts = 1; budget = 0.0; };'
QUEUED = 'pool = { max_connections = 10000; };'
SERVICES = {
    'plain': FREE,
    'breakers': FREE.split('}; ', 1)[1],
    'retry budget': 'breaker = { failures = 0; };',
    'bound': FREE + QUEUED,
    'bound and queue': FREE + QUEUED + 'queue = { length = 100; };',
    'all': QUEUED + 'queue = { length = 100; }; fallback = { respond = '
           '{ status = 503; body = "x"; }; };',
    'next': FREE,
}


def word(name):
    return name.replace(' ', '_')


def route(name, service, more=''):
    return (f'{{ path = "/{word(name)}"; rewrite = "/health"; {more} ' + (
        f'service = "{word(service)}"; }}' if service else '}'))


def body(port, acl):
    services = ' '.join(
        f'{word(name)} = {{ endpoints = ( {{ address = "127.0.0.1:{port}"; '
        f'}} ); {more} }};' for name, more in SERVICES.items())
    limits = ' '.join(f'{n} = {{ {text} }};' for n, text in LIMITS.items())
    names = ', '.join(f'"{n}"' for n in LIMITS)

    def split(arm):
        return (f'split = ( {{ service = "{arm}"; weight = 9; }}, '
                '{ service = "next"; weight = 1; } ); split_key = "address";')
    routes = [route(s, s) for s in SERVICES if s != 'all']
    routes += [route(n, 'plain', f'rate_limits = "{n}";') for n in LIMITS]
    routes += [route('acl', 'plain', acl), route('split', None, split('plain')),
               route('all', None, f'{acl} rate_limits = [ {names} ]; ' +
                     split('all'))]
    return (f'services = {{ {services} }};\nrate_limits = {{ {limits} }};\n'
            f'routes = ( {", ".join(routes)} );\n')


def gateway(folder, text):
    folder.mkdir()
    return Gateway(folder, text, top=TOP)


def protect_drill():
    folder = tempfile.TemporaryDirectory()
    nets = pathlib.Path(folder.name) / 'nets'
    nets.write_text(''.join(f'10.{n >> 8}.{n & 255}.0/25\n'
                            for n in range(NETS)))
    acl = f'acl = {{ deny_files = "{nets}"; }};'
    top = ('overload = { }; bans = { b = { status = "401"; count = 20; '
           'window = "1m"; time = "10m"; }; };\n' + acl + '\n')
    ups = Upstreams([0])
    bare, full = (
        gateway(pathlib.Path(folder.name) / name, text + body(ups.ports[0], acl))
        for name, text in (('bare', ''), ('full', top)))
    asked = {n: (bare, f'/{word(n)}') for n in (
        *(s for s in SERVICES if s not in ('all', 'next')), *LIMITS, 'acl',
        'split')}
    asked['acl, bans, overload at the top'] = full, '/plain'
    asked['all together'] = full, '/all'
    spent, bad = {name: [] for name in asked}, 0
    try:
        for g in (bare, full):
            g.start()
        for turn in range(ROUNDS + 1):
            for name, (g, path) in asked.items():
                before = cpu_us(g.worker_pids)
                done, refused = wrk(g.port, path, seconds=SECONDS)
                bad += refused
                if turn:
                    spent[name].append((cpu_us(g.worker_pids) - before) / done)
    finally:
        for g in (bare, full):
            g.finish()
        ups.close()
        folder.cleanup()
    must_be_zero('protect: other answers than expected', bad)
    say(f'protect: us of CPU per request, medians of {ROUNDS} (and the least), '
        'and beyond plain proxying in the same round')
    for name, took in spent.items():
        more = statistics.median(
            a - b for a, b in zip(took, spent['plain']))
        say(f'  {name:32} {statistics.median(took):6.2f} ({min(took):6.2f}) '
            f'{more:+6.2f}')


async def protect():
    protect_drill()


DRILLS = {'protect': protect}
