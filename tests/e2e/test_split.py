"""Releases: requests split between services, and who stays where."""
import contextlib
import socket
import time

import pytest

from conf import service as service_of
from gateway import free_port, wait_until
from h2wire import Client
from test_reload import Load
from tokens import Issuer, authenticators, bearer
from wire import Wire, get

NAMES = ('v1', 'v2')


def says(name):
    return lambda conn, _: conn.reply(200, name)


def services(ports, extra=()):
    """v1, v2, ... over these ports, each with its extra keys."""
    extra = list(extra) + [''] * (len(ports) - len(extra))
    return 'services = { ' + ' '.join(
        f'v{i + 1} = {{ endpoints = ( {{ address = "127.0.0.1:{port}"; }} ); '
        f'{keys} }};' for i, (port, keys) in enumerate(zip(ports, extra))
    ) + ' };\n'


def split(*weights, key=None, more=''):
    """A route to v1, v2, ... with these weights."""
    arms = ', '.join(f'{{ service = "v{i + 1}"; weight = {w}; }}'
                     for i, w in enumerate(weights))
    key = f'split_key = "{key}";' if key else ''
    return f'{{ path = "/*rest"; split = ( {arms} ); {key} {more} }}'


def routes(*texts):
    return 'routes = ( ' + ', '.join(texts) + ' );\n'


@pytest.fixture
def pair(upstream):
    """Two versions, which say their names."""
    return [upstream(says(n)) for n in NAMES]


def ports_of(origins):
    return [o.port for o in origins]


def by_cookie(port, keys):
    """{key: who answered it}, each on a connection of its own."""
    return {k: get(port, headers=[('Cookie', f'a=b; session={k}')]).body
            for k in keys}


# --- shares

def test_shares_without_a_key(gateway, pair):
    g = gateway(services(ports_of(pair)) + routes(split(90, 10)), workers=2)
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(g.port)) for _ in range(4)]
        for _ in range(500):
            for w in wires:
                assert w.ask().status == 200
    # Of 2000; six times the standard deviation of 13.4 either way.
    assert 120 <= len(pair[1].requests) <= 280
    assert len(pair[0].requests) == 2000 - len(pair[1].requests)


def test_no_weight_no_requests(gateway, pair):
    g = gateway(services(ports_of(pair)) + routes(split(0, 1)))
    for _ in range(50):
        assert get(g.port).body == b'v2'


def test_three_by_key(gateway, upstream):
    origins = [upstream(says(f'v{i}')) for i in (1, 2, 3)]
    g = gateway(services(ports_of(origins)) +
                routes(split(1, 2, 1, key='header:X-Key')))
    with Wire(g.port) as w:
        for i in range(800):
            w.ask(headers=[('X-Key', f'k{i}')])
    shares = [len(o.requests) / 800 for o in origins]
    for share, want in zip(shares, (0.25, 0.5, 0.25)):
        assert want - 0.09 < share < want + 0.09, shares


# --- keys

def test_sticky(gateway, pair):
    """Over workers, reloads, their order in the file, and a new start."""
    ports, keys = ports_of(pair), range(400)
    g = gateway(services(ports) + routes(split(90, 10, key='cookie:session')),
                workers=2)
    first = by_cookie(g.port, keys)
    assert 10 < sum(v == b'v2' for v in first.values()) < 80
    assert by_cookie(g.port, keys) == first
    with one_client(g.port) as asked:  # one connection: one worker
        assert {k: asked(k) for k in keys} == first
    other = 'new = { endpoints = ( { address = "127.0.0.1:1"; } ); };'
    g.reload(services(ports).replace('{', '{ ' + other, 1) + routes(
        '{ path = "/*rest"; split_key = "cookie:session"; split = ( '
        '{ service = "v2"; weight = 1; }, { service = "v1"; weight = 9; } ); '
        'timeouts = { response = "9s"; }; }'))
    assert by_cookie(g.port, keys) == first
    g.stop()
    g.start()
    assert by_cookie(g.port, keys) == first


@contextlib.contextmanager
def one_client(port):
    with Wire(port) as w:
        yield lambda k: w.ask(headers=[('Cookie', f'session={k}')]).body


def test_new_weights_move_what_they_must(gateway, pair):
    ports, keys = ports_of(pair), range(1000)
    g = gateway(services(ports) + routes(split(90, 10, key='cookie:session')))
    with one_client(g.port) as asked:
        before = {k: asked(k) for k in keys}
    g.reload(services(ports) + routes(split(80, 20, key='cookie:session')))
    with one_client(g.port) as asked:
        after = {k: asked(k) for k in keys}
    moved = [k for k in keys if before[k] != after[k]]
    assert 50 < len(moved) < 150  # of 1000; 100 plus or minus 5 x 9.5
    assert {after[k] for k in moved} == {b'v2'}


def ask_from(port, source):
    with socket.create_connection(('127.0.0.1', port), 60,
                                  source_address=(source, 0)) as sock:
        w = Wire.__new__(Wire)
        w.sock, w.data = sock, b''
        return w.ask().body


def test_by_address(gateway, pair):
    g = gateway(services(ports_of(pair)) + routes(split(1, 1, key='address')),
                workers=2)
    sources = [f'127.0.3.{i}' for i in range(1, 41)]
    first = {s: ask_from(g.port, s) for s in sources}
    assert {s: ask_from(g.port, s) for s in sources} == first
    assert 5 <= sum(v == b'v2' for v in first.values()) <= 35


@pytest.mark.parametrize('key', ['header:X-Key', 'cookie:session', 'user'])
def test_without_the_key_by_address(gateway, pair, key):
    g = gateway(services(ports_of(pair)) + routes(split(1, 1, key=key)))
    sources = [f'127.0.4.{i}' for i in range(1, 31)]
    first = {s: ask_from(g.port, s) for s in sources}
    assert {s: ask_from(g.port, s) for s in sources} == first
    assert set(first.values()) == {b'v1', b'v2'}
    # An empty field is none.
    got = {get(g.port, headers=[('X-Key', '')]).body for _ in range(10)}
    assert len(got) == 1


def test_by_user(gateway, pair):
    them = Issuer()
    g = gateway('', start=False)
    them.write(g.dir)
    g.write(services(ports_of(pair)) + authenticators(them.authenticator()) +
            routes(split(1, 1, key='user', more='authenticate = "main";')))
    g.start()
    first = {}
    for i in range(30):
        token = them.sign(sub=f'u{i}')
        first[i] = get(g.port, headers=bearer(token)).body
    assert set(first.values()) == {b'v1', b'v2'}
    for i, was in first.items():  # another token of the same user
        token = them.sign(sub=f'u{i}', more='x')
        assert get(g.port, headers=bearer(token)).body == was
    # Who is refused never gets so far, and counts for the first one.
    assert get(g.port).status == 401
    assert g.metric('requests_total', code='401', service='v1') == 1


# --- what is the chosen service's own

def key_for(g, name):
    """A header key that this version has."""
    return next(f'k{i}' for i in range(1000) if get(
        g.port, headers=[('X-Key', f'k{i}')]).body == name)


def test_timeouts_are_the_chosen_ones(gateway, pair):
    def slow(conn, request):
        time.sleep(0.6)
        conn.reply(200, 'late')

    for o in pair:
        o.on('/slow', slow)
    g = gateway(
        services(ports_of(pair), ['', 'timeouts = { response = "150ms"; };']) +
        routes(split(1, 1, key='header:X-Key')))
    keys = [key_for(g, b'v1'), key_for(g, b'v2')]
    got = [get(g.port, '/slow', headers=[('X-Key', k)]) for k in keys]
    assert [r.status for r in got] == [200, 504]
    # The route's own come first.
    g.reload(
        services(ports_of(pair), ['', 'timeouts = { response = "150ms"; };']) +
        routes(split(1, 1, key='header:X-Key',
                     more='timeouts = { response = "20s"; };')))
    got = [get(g.port, '/slow', headers=[('X-Key', k)]) for k in keys]
    assert [r.status for r in got] == [200, 200]


def test_names_and_metrics(gateway, pair):
    g = gateway(
        services(ports_of(pair), ['', 'host = "two.example";']) +
        routes(split(
            1, 1, key='header:X-Key',
            more='response_headers = ( { set = "X-From"; '
                 'value = "{service}"; } );')))
    asked = [0, 0]
    for i in range(40):
        r = get(g.port, headers=[('X-Key', f'k{i}')])
        assert r.get('X-From') == r.body.decode()
        asked[r.body == b'v2'] += 1
    assert all(asked)
    for name, n in zip(NAMES, asked):
        wait_until(lambda name=name, n=n: g.metric(
            'requests_total', route='/*rest', service=name) == n)
        assert g.metric('upstream_requests_total', service=name) == n
    hosts = [dict((n.lower(), v) for n, v in o.last.headers)['host']
             for o in pair]
    assert hosts == ['test', 'two.example']


def test_tokens_of_the_chosen_one(gateway, pair):
    """One of the services wants a token: its requests alone have one."""
    g = gateway(services(ports_of(pair), ['', 'token = { };']) +
                routes(split(1, 1, key='header:X-Key')))
    for name, origin in zip((b'v1', b'v2'), pair):
        wait_until(lambda: get(g.port, headers=[
            ('X-Key', 'k')]).status == 200)
        key_for(g, name)
        sent = dict((n.lower(), v) for n, v in origin.last.headers)
        assert ('x-service-token' in sent) == (name == b'v2')


def test_one_that_is_down_is_not_replaced(gateway, upstream):
    origin = upstream(says('v1'))
    g = gateway(services([origin.port, free_port()]) +
                routes(split(1, 1, key='header:X-Key')))
    got = [get(g.port, headers=[('X-Key', f'k{i}')]).status
           for i in range(30)]
    assert got.count(200) == len(origin.requests) < 30
    assert 502 in got and set(got) <= {200, 502, 503}  # its breaker, then


def test_http2_on_both_sides(gateway, upstream, h2upstream):
    one, two = upstream(says('v1')), h2upstream()
    g = gateway('', start=False)
    g.write('listeners = ( { address = "127.0.0.1:%d"; '
            'protocols = [ "h2" ]; } );\n' % g.port +
            services([one.port, two.port], ['', 'protocol = "h2";']) +
            routes(split(1, 1, key='header:X-Key')))
    g.start()
    with Client(g.port) as c:
        first = [c.ask(headers=[('x-key', f'k{i}')]) for i in range(40)]
        again = [c.ask(headers=[('x-key', f'k{i}')]) for i in range(40)]
    assert {a.status for a in first + again} == {200}
    of_one = [a.body == b'v1' for a in first]
    assert of_one == [a.body == b'v1' for a in again]
    assert 5 <= sum(of_one) <= 35
    assert len(one.requests) == 2 * sum(of_one)
    assert len(two.requests) == 80 - len(one.requests)


# --- canary, and blue-green

def test_canary_on_demand(gateway, pair):
    """By header, query or cookie, beside a split that has not begun."""
    conditions = ['header = "X-Preview"; value = "v2";',
                  'query = "preview"; value = "v2";',
                  'cookie = "preview"; value = "v2";']
    preview = [f'{{ path = "/*rest"; service = "v2"; name = "p{i}"; '
               f'match = ( {{ {c} }} ); }}' for i, c in enumerate(conditions)]
    g = gateway(services(ports_of(pair)) +
                routes(split(1, 0, key='cookie:session'), *preview))
    assert get(g.port).body == b'v1'
    assert get(g.port, headers=[('X-Preview', 'v3')]).body == b'v1'
    assert get(g.port, headers=[('X-Preview', 'v2')]).body == b'v2'
    assert get(g.port, '/a?x=1&preview=v2').body == b'v2'
    assert get(g.port, '/a?x=1&preview=v1').body == b'v1'
    assert get(g.port, headers=[('Cookie', 'preview=v2; a=b')]).body == b'v2'


def test_blue_green_under_load(gateway, pair):
    ports = ports_of(pair)

    def all_to(name):
        return f'{{ path = "/*rest"; service = "{name}"; }}'

    g = gateway(services(ports) + routes(all_to('v1')), workers=2)
    load = Load(g.port, connections=6)
    for step in (all_to('v2'), split(1, 0), split(0, 1), split(50, 50),
                 all_to('v1'), split(10, 90, key='address'), all_to('v2')):
        g.reload(services(ports) + routes(step))
        asked = load.asked
        wait_until(lambda: load.asked > asked + 200 or load.failed)
    assert load.end() == []
    # What was asked since the last one went to v2 alone.
    seen = len(pair[0].requests)
    for _ in range(20):
        assert get(g.port).body == b'v2'
    assert len(pair[0].requests) == seen


# --- what is shown

def test_shown(gateway, pair):
    g = gateway(services(ports_of(pair)) + routes(split(90, 10)))
    assert g.ctl_json('routes')['routes'][0]['split'] == [
        {'service': 'v1', 'weight': 90}, {'service': 'v2', 'weight': 10}]
    assert 'v1 90, v2 10' in g.ctl('routes').stdout
    assert 'split from service v1' in g.ctl('can', '-', 'GET', '/').stdout
    assert g.ctl_json('can', '-', 'GET', '/')['split'] == ['v1', 'v2']
    shown = g.run('-T').stdout
    assert 'split = (' in shown and 'weight = 90' in shown
    assert 'split: chooses one of the services' in shown


def test_one_service_is_no_split(gateway, upstream):
    g = gateway(service_of(upstream().port) +
                routes('{ path = "/*rest"; service = "s"; }'))
    assert 'split' not in g.ctl_json('routes')['routes'][0]
