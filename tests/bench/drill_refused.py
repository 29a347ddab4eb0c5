"""Addresses that are refused: what a connection costs that is closed at accept,
what a request that is answered 403, and what all others pay for that."""
import pathlib
import random
import socket
import statistics
import tempfile

from drill_auth import CONNECTIONS, cpu_us, wrk
from drill_kit import must_be_zero, say
from gateway import Gateway

TOP = ('log = { level = "warn"; target = "stderr"; };\n'
       'trusted_proxies = [ "127.0.0.9", "127.0.0.1" ];\n')
PONG = 'routes = ( { path = "/*rest"; respond = { body = "pong"; }; %s } );\n'
CONNECTS, ROUNDS = 10_000, 5
NETS = 10_000


def connect(port, source, ask=False):
    """True when there was an answer."""
    with socket.socket() as s:
        s.bind((source, 0))
        try:
            s.connect(('127.0.0.1', port))
            if not ask:
                return bool(s.recv(1))
            s.sendall(b'GET / HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n')
            while s.recv(65536):
                pass
            return True
        except ConnectionError:
            return False


def connects(gw, source, n, ask=False):
    """CPU of the worker for each."""
    before = cpu_us(gw.worker_pids)
    answered = sum(connect(gw.port, source, ask) for _ in range(n))
    took = (cpu_us(gw.worker_pids) - before) / n
    must_be_zero('wrong ends', n - answered if ask else answered)
    return took


def row(name, us):
    say(f'  {name:42} {us:7.2f} us  {1e6 / us:9.0f} in a second of CPU')


async def drill_refused_connections():
    say('connections, CPU of one worker for each:')
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        gw = Gateway(folder, PONG % '' + 'acl = { deny = [ "127.0.0.3" ]; };\n',
                     top=TOP).start()
        gw.ctl('ban', '127.0.0.2')
        for name, source, ask in (('one request', '127.0.0.4', True),
                                  ('closed at once: acl', '127.0.0.3', False),
                                  ('closed at once: banned', '127.0.0.2',
                                   False)):
            connects(gw, source, 500, ask)
            row(name, statistics.median(
                connects(gw, source, CONNECTS // ROUNDS, ask)
                for _ in range(ROUNDS)))
        gw.stop()


def nets():
    rng = random.Random(5)
    found = set()
    while len(found) < NETS:
        found.add(f'{rng.randrange(11, 120)}.{rng.randrange(256)}.'
                  f'{rng.randrange(256)}.0/24')
    return '\n'.join(sorted(found)) + '\n'


def requests(gw, client):
    """CPU of the worker for each, and how many were refused."""
    before = cpu_us(gw.worker_pids)
    done, bad = wrk(gw.port, '/', '-H', f'X-Forwarded-For: {client}')
    return (cpu_us(gw.worker_pids) - before) / done, done, bad


SCENES = {
    'plain': ('', '', []),
    'a list of 10,000 nets for all': ('', 'acl = { deny_files = "nets"; };', []),
    'the same in the route': ('acl = { deny_files = "nets"; };', '', []),
    'somebody is banned': ('', '', ['192.0.2.77']),
    'rules, and nobody breaks them': (
        '', 'bans = { r = { status = "401"; }; };', []),
    '403: banned': ('', '', ['198.51.100.7']),
    '403: acl': ('', 'acl = { deny = "198.51.100.0/24"; };', []),
    '403: acl of the route': ('acl = { deny = "198.51.100.0/24"; };', '', []),
}


async def drill_refused_requests():
    say(f'requests of a client behind a trusted proxy, {CONNECTIONS} '
        'connections, CPU of one worker for each, respond:')
    gws, houses = {}, []
    try:
        for name, (route, top, banned) in SCENES.items():
            houses.append(tempfile.TemporaryDirectory())
            folder = pathlib.Path(houses[-1].name)
            folder.chmod(0o755)
            (folder / 'nets').write_text(nets())
            gw = Gateway(folder, PONG % route + top, top=TOP).start()
            gws[name] = gw
            for address in banned:
                gw.ctl('ban', address)
        figures = {name: [] for name in gws}
        for _ in range(ROUNDS):
            for name, gw in gws.items():
                us, done, bad = requests(gw, '198.51.100.7')
                figures[name].append(us)
                must_be_zero(f'{name}: wrong answers',
                             done - bad if '403' in name else bad)
        for name, found in figures.items():
            row(name, statistics.median(found))
    finally:
        for gw in gws.values():
            gw.stop()
        for house in houses:
            house.cleanup()


DRILLS = {
    'refused_connections': drill_refused_connections,
    'refused_requests': drill_refused_requests,
}
