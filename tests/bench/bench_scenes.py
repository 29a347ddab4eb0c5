"""The scenarios in which contenders take turns."""
import re
import urllib.request

from bench_kit import Wrong
from bench_load import load
from bench_peers import Want
from bench_steady import PEERS, Scene, bearer

FULL_WHO = PEERS + ('floor',)


def full(**more):
    return dict({'who': FULL_WHO, 'plain': ('nginx', 'floor'),
                 'want': Want(full=True), 'settle': 0.1, 'rounds': (5, 2)},
                **more)


def check_service(bench, there):
    """Full service is what they all do: who may not, does not come in, and
    the origin is told who it is."""
    for name, contender in there.items():
        if not contender.want.full:
            continue
        port = contender.port
        for token, status in (('none', 401), ('forged', 401),
                              ('expired', 401), ('guest', 403),
                              ('member', 200)):
            more = bearer(bench, token) if token != 'none' else ()
            got = load(bench, port, 4, '-c', 1, '-s', status, *more)
            if got['good'] != 4:
                raise Wrong(f'{name}: the token "{token}" is answered '
                            f'{got["statuses"]}, not {status}')
        check_told(name, port, bench.tokens['member'])


def check_told(name, port, token):
    request = urllib.request.Request(f'http://127.0.0.1:{port}/echo', headers={
        'Authorization': f'Bearer {token}'})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    told = opener.open(request, timeout=10).read().decode()
    for wanted in ('x-user-id: *user-1', 'traceparent: *00-[0-9a-f]{32}-',
                   'x-request-id: *[0-9a-f-]{32}'):
        if not re.search(wanted, told, re.I):
            raise Wrong(f'{name}: the origin is not told "{wanted}": {told}')


def tokens(bench, first):
    return ['-t', bench.token_file, '-f', first]


REFUSED = dict(who=('penstock', 'haproxy', 'floor'), plain=('floor',),
               settle=0.1, rounds=(5, 2))

BANNED = '192.0.2.1'


def ban(bench, there):
    for contender in there.values():
        if contender.name == 'penstock':
            contender.control('ban', BANNED)


SCENES = {
    'plain': Scene('64 kept connections, 512 B', (40000, 12000)),
    'low': Scene('the same at 4,000 requests/s', (6000, 1600),
                 ('-r', 4000), rounds=(5, 2)),
    'churn': Scene('a connection for each request', (6000, 1500),
                   ('-C', '-c', 32), want=Want(close=True)),
    'full': Scene('RS256 (one token), role, two limits, breaker, JSON log, '
                  'traceparent; nginx and floor: plain', (15000, 4000),
                  token='member', before=check_service, log=True, **full()),
    'tokens': Scene('the same with many tokens, in turns', (10000, 2000),
                    (tokens,), warm_tokens=True,
                    before=check_service, log=True, **full()),
    'new_tokens': Scene('the same, every token new', (2000, 400),
                        (tokens,), fresh=True, before=check_service,
                        log=True, **full()),
    'tls': Scene('TLS 1.3, 64 kept connections, 512 B', (20000, 5000),
                 ('-T',), who=PEERS, tls=True, rounds=(7, 2)),
    'handshake': Scene('a full handshake of TLS 1.3, P-256, for each request',
                       (1500, 300), ('-T', '-C', '-c', 16),
                       who=PEERS + ('memory',), tls=True, rounds=(5, 2)),
    'resumed': Scene('a resumed handshake for each request', (1500, 300),
                     ('-R', '-C', '-c', 16), who=PEERS, tls=True,
                     rounds=(5, 2)),
    'h2': Scene('HTTP/2 over TLS, 16 connections of 32 streams',
                (50000, 12800), who=PEERS, tls=True, h2=True,
                want=Want(kept=16 * 32), rounds=(7, 2)),
    'large': Scene('answers of 1 MiB, 8 connections; floor: spliced',
                   (200, 50), conns=8, want=Want(large=True, down=True),
                   rounds=(5, 2)),
    'upload': Scene('requests of 1 MiB, 8 connections; floor: spliced',
                    (200, 50), ('-b', 1 << 20), conns=8,
                    want=Want(large=True), rounds=(5, 2)),
    'refused_401': Scene('no token: 401; floor: a proxied request',
                         (15000, 4000), want=Want(full=True), status=401,
                         **REFUSED),
    'refused_403': Scene('a token of another role: 403; floor: a proxied '
                         'request', (15000, 4000), want=Want(full=True),
                         token='guest', status=403, **REFUSED),
    'refused_429': Scene('over the limit: 429; floor: a proxied request',
                         (15000, 4000), want=Want(full=True, tight=True),
                         token='member', status=429, **REFUSED),
    'banned_kept': Scene('a banned address, of which a trusted proxy tells: '
                         '403; floor: a proxied request', (15000, 4000),
                         ('-h', f'X-Forwarded-For: {BANNED}'),
                         who=('penstock', 'floor'), before=ban,
                         want=Want(trusts=True), refuses=403, rounds=(5, 2)),
}
