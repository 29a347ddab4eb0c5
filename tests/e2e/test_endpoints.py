"""What operators change at run time, and what endpoints say of themselves."""
import collections
import json
import os
import re
import signal
import threading
import time

import pytest

from gateway import Watch, wait_until
from test_balance import named
from test_health_balance import ask
from test_reload import Load
from wire import Wire

RR = 'balance = "round_robin";'
KILLED = ['killed by signal 9 ']


def body(origins, *keys, extra=RR, more=''):
    """A service "s" over origins, each with its own keys."""
    keys = list(keys) + [''] * (len(origins) - len(keys))
    listed = ', '.join(f'{{ address = "127.0.0.1:{o.port}"; {k} }}'
                       for o, k in zip(origins, keys))
    return (f'services = {{ s = {{ endpoints = ( {listed} ); {extra} }};\n'
            f'{more} }};\nroutes = ( {{ path = "/*rest"; service = "s"; }} );\n')


def name(origin, service='s'):
    return f'{service}/127.0.0.1:{origin.port}'


def rows(g, *args):
    """{port: document} of the endpoints that a command shows."""
    return {int(e['address'].rsplit(':', 1)[1]): e
            for e in g.ctl_json(*args)['endpoints']}


def row(g, origin):
    return rows(g, 'endpoints', 's')[origin.port]


def used(g, n=24):
    return set(ask(g.port, n))


def kill_master(g):
    pid = g.master_pid
    os.kill(pid, signal.SIGKILL)
    g.wait_successor('master', pid)
    g.wait_ready()


@pytest.fixture
def pair(gateway, upstream):
    origins = named(upstream, 2)
    return gateway(body(origins), workers=2, allow=KILLED), origins


# --- drain

def test_drain_under_load(gateway, upstream):
    origins = named(upstream, 3)
    a = origins[0]
    g = gateway(body(origins), workers=4)
    load = Load(g.port, connections=8)
    try:
        for _ in range(5):
            wait_until(lambda: load.asked > 0 and row(g, a)['pooled'] > 0)
            g.ctl('drain', '--wait=10', name(a))
            seen = len(a.requests)
            asked = load.asked
            wait_until(lambda: load.asked > asked + 200, what='more requests')
            assert len(a.requests) == seen
            g.ctl('ready', name(a))
            wait_until(lambda: len(a.requests) > seen + 5, what='its return')
    finally:
        failed = load.end()
    assert not failed, failed[:3]


def test_drain_waits_for_what_runs(gateway, upstream):
    a, b = named(upstream, 2)
    g = gateway(body((a, b)))
    release = threading.Event()

    def slow(conn, _):
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab')
        release.wait(120)
        conn.send('cd')

    a.on('/slow', slow)
    b.on('/slow', slow)
    with Wire(g.port) as one, Wire(g.port) as two:
        for w in one, two:
            w.send('GET /slow HTTP/1.1\r\nHost: test\r\n\r\n')
        wait_until(lambda: a.requests and b.requests, what='both')
        began = time.monotonic()
        done = g.ctl('drain', '--wait=1', name(a), check=False)
        assert done.returncode == 1 and time.monotonic() - began >= 1
        assert '1 still running' in done.stderr and 'drain' in done.stdout
        assert row(g, a)['active'] == 1
        assert used(g) == {b.port}
        began = Watch()
        threading.Timer(0.5, release.set).start()
        done = g.ctl('maint', '--wait', name(a))
        assert began.within(0.3, 10)
        assert one.response().body == b'abcd' == two.response().body
    wait_until(lambda: row(g, a)['active'] == 0, 5, 'the end of it')


def test_all_drained(pair):
    g, (a, b) = pair
    g.ctl('drain', name(a))
    g.ctl('maint', name(b))
    ask(g.port, 5, status=503)
    status, _, doc = g.admin('/health')
    assert status == 503 and json.loads(doc)['status'] == 'unhealthy'
    g.ctl('ready', name(b))
    assert used(g) == {b.port}


# --- how long it is kept

def test_changes_are_kept(pair):
    g, (a, b) = pair
    g.ctl('drain', name(a))
    g.ctl('weight', name(b), '9')
    more = 'other = { endpoints = ( { address = "127.0.0.1:1"; } ); };'
    for act in (lambda: g.reload(body((a, b), more=more)),
                lambda: kill_master(g),
                # Of the same endpoints, other items than those changed.
                lambda: g.reload(body((a, b), 'weight = 2;',
                                      'state = "ready";')),
                lambda: g.reload(body((b, a), '', 'weight = 3;')),
                lambda: kill_master(g),
                lambda: g.send(signal.SIGHUP)):
        act()
        assert used(g) == {b.port}
        shown = rows(g, 'endpoints', 's')
        assert shown[a.port]['state'] == 'drain'
        assert shown[b.port]['weight'] == 9
        assert shown[a.port]['overridden'] and shown[b.port]['overridden']


def test_the_configuration_ends_them(pair):
    g, (a, b) = pair
    g.ctl('drain', name(a))
    g.ctl('weight', name(a), '5')
    g.ctl('weight', name(b), '9')
    g.reload(body((a, b), 'weight = 2;', ''))
    shown = rows(g, 'endpoints')
    assert shown[a.port]['state'] == 'drain' and shown[a.port]['weight'] == 2
    assert shown[b.port]['weight'] == 9
    g.reload(body((a, b), 'weight = 2; state = "maint";', ''))
    assert row(g, a)['state'] == 'maint' and not row(g, a)['overridden']
    # What is forgotten does not come back.
    g.reload(body((a, b)))
    assert row(g, a)['state'] == 'up' and row(g, a)['weight'] == 1
    assert row(g, b)['weight'] == 9
    # An endpoint that was away begins anew.
    g.reload(body((a,)))
    g.reload(body((a, b)))
    assert row(g, b)['weight'] == 1
    assert used(g) == {a.port, b.port}


def test_a_failed_reload_ends_nothing(pair):
    g, (a, b) = pair
    g.ctl('drain', name(a))
    g.write('services = { s = { endpoints = ( { address = "127.0.0.1:1"; '
            'state = "nap"; } ); }; };')
    assert g.ctl('reload', check=False).returncode == 1
    assert used(g) == {b.port}


# --- weights, states

def test_weights_shift_the_shares(pair):
    g, (a, b) = pair
    with Wire(g.port) as w:
        def got(n=100):
            return collections.Counter(
                int(w.ask(f'/{i}').get('X-Port')) for i in range(n))

        def near(counter, want):
            return all(abs(counter[p] - n) <= 2 for p, n in want.items())
        assert near(got(), {a.port: 50, b.port: 50})
        shown = rows(g, 'weight', name(a), '4')
        assert shown[a.port]['weight'] == 4 and shown[a.port]['overridden']
        assert near(got(), {a.port: 80, b.port: 20})
        shown = rows(g, 'weight', name(a), 'configured')
        assert shown[a.port]['weight'] == 1 and not shown[a.port]['overridden']
        assert near(got(), {a.port: 50, b.port: 50})


def test_maint_is_not_probed_and_drain_is(gateway, upstream):
    origins = named(upstream, 2)
    a = origins[0]
    g = gateway(body(origins, extra='health_check = { path = "/up"; '
                     'interval = "200ms"; timeout = "200ms"; };'))

    def probes():
        return sum(r.target == '/up' for r in a.requests)

    def more(n=2):
        goal = probes() + n
        wait_until(lambda: probes() >= goal, what='probes')
    more()
    g.ctl('drain', name(a))
    more()
    g.ctl('maint', name(a))

    def quiet():
        """For five intervals; some were under way."""
        seen = probes()
        time.sleep(1)
        return probes() == seen
    wait_until(quiet, what='no more probes')
    g.ctl('ready', name(a))
    more()
    wait_until(lambda: g.metric('probes_total', result='good') >= 6)


def test_ready_takes_it_back_at_once(gateway, upstream):
    origins = named(upstream, 2)
    a = origins[0]
    good, a.default = a.default, lambda conn, _: conn.reply(503)
    g = gateway(body(origins, extra=RR + 'passive = { failures = 2; '
                     'time = "1h"; }; retry = { attempts = 1; };'))
    with Wire(g.port) as w:
        wait_until(lambda: (w.ask(), len(a.requests))[1] == 2, what='failures')
    shown = row(g, a)
    assert shown['state'] == 'ejected' and 3590 < shown['out_for'] <= 3600
    assert shown['calls']['failed'] == 2
    assert used(g) == {origins[1].port}
    a.default = good
    g.ctl('ready', name(a))
    assert row(g, a)['state'] == 'up'
    assert used(g) == {o.port for o in origins}
    text = g.ctl('health', name(a)).stdout
    assert re.search(r'ejected +status +503\n.* returned +operator', text), text


def test_slow_start_after_ready(gateway, upstream):
    origins = named(upstream, 2)
    a, b = origins
    g = gateway(body(origins, extra=RR + 'slow_start = "8s";'), workers=2)
    assert row(g, a)['share'] == 1
    g.ctl('drain', name(a))
    g.ctl('ready', name(a))
    wait_until(lambda: row(g, a)['state'] == 'starting', what='its start')
    assert row(g, a)['share'] < 0.6
    got = ask(g.port, 40)
    assert 0 < got[a.port] < got[b.port], got
    shares = []

    def grown():
        shares.append(row(g, a)['share'])
        return shares[-1] == 1
    wait_until(grown, 30, 'the whole share')
    assert shares == sorted(shares) and len(set(shares)) > 4, shares
    assert row(g, a)['state'] == 'up'
    assert 18 <= ask(g.port, 40)[a.port] <= 22


# --- names

def test_a_name_and_one_of_its_addresses(gateway, upstream):
    origin = named(upstream, 1)[0]
    g = gateway(body([origin]).replace('127.0.0.1', 'localhost'))
    whole, one = f's/localhost:{origin.port}', name(origin)
    assert rows(g, 'drain', whole)[origin.port]['state'] == 'drain'
    ask(g.port, 2, status=503)
    shown = rows(g, 'ready', one)[origin.port]
    assert shown['state'] == 'up' and shown['overridden']
    assert shown['label'] == f'localhost:{origin.port}'
    ask(g.port, 2)
    g.reload(body([origin], extra='').replace('127.0.0.1', 'localhost'))
    ask(g.port, 2)
    assert f'{one[2:]}: state = "ready"' in g.ctl('export').stdout
    names = g.ctl_json('names')['names']
    assert [n['name'] for n in names] == ['localhost']
    assert '127.0.0.1' in g.ctl('names').stdout


# --- export

def test_export_loads_and_says_the_same(pair):
    g, (a, b) = pair
    rest = '\nroutes = ( { path = "/*rest"; service = "s"; } );\n'
    g.reload(f'''services = ( {{ name = "s"; endpoints = (
        {{ address = "127.0.0.1:{a.port}"; weight = 3; }},
        {{ address = "127.0.0.1:{b.port}"; backup = true;
           state = "drain"; }} ); }} );''' + rest)
    assert 'services' not in g.ctl('export').stdout
    g.ctl('ready', name(b))
    g.ctl('weight', name(b), '7')
    g.ctl('drain', name(a))
    before = rows(g, 'endpoints')
    text = g.ctl('export').stdout
    g.write(text + rest)
    assert g.run('-t').returncode == 0, g.run('-t').stderr
    g.reload()
    after = rows(g, 'endpoints')
    for port in before:
        for key in 'state', 'weight', 'backup':
            assert before[port][key] == after[port][key]
        assert before[port]['overridden'] and not after[port]['overridden']
    assert 'services' not in g.ctl('export').stdout


# --- what is said

def test_documents_and_tables(pair):
    g, (a, b) = pair
    ask(g.port, 10)
    shown = row(g, a)
    calls = [row(g, o)['calls'] for o in (a, b)]
    assert sum(c['answered'] for c in calls) == 10
    assert shown['calls']['answered'] == len(a.requests)
    assert shown['calls']['failed'] == 0
    assert shown['active'] == 0 and shown['connections'] == shown['pooled'] > 0
    table = g.ctl('endpoints').stdout.splitlines()
    assert table[0].split()[:4] == ['SERVICE', 'ENDPOINT', 'STATE', 'WEIGHT']
    assert table[1].split()[:4] == ['s', f'127.0.0.1:{a.port}', 'up', '1']
    assert len(table) == 3
    assert g.ctl('endpoints', 's').stdout.splitlines()[0] == table[0]
    services = g.ctl('services').stdout.splitlines()
    assert services[1].split()[:2] == ['s', 'healthy']
    g.ctl('drain', name(b))
    changes = g.ctl_json('health', 's')['history']
    assert [(c['event'], c['cause']) for c in changes] == [
        ('added', 'configuration')] * 2 + [('drain', 'operator')]
    assert changes[-1]['endpoint'] == f'127.0.0.1:{b.port}'
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z',
                        changes[0]['at'])
    g.wait_log('drain: operator')


def test_odd_names(gateway, upstream):
    origin = named(upstream, 1)[0]
    g = gateway(f'''services = ( {{ name = "a%?#&+b"; endpoints = (
        {{ address = "127.0.0.1:{origin.port}"; }},
        {{ address = "[::1]:1"; }} ); }} );
        routes = ( {{ path = "/*rest"; service = "a%?#&+b"; }} );''')
    g.ctl('drain', 'a%?#&+b/[::1]:1')
    states = {e['address']: e['state']
              for e in g.ctl_json('endpoints', 'a%?#&+b')['endpoints']}
    assert states == {f'127.0.0.1:{origin.port}': 'up', '[::1]:1': 'drain'}


@pytest.mark.parametrize('code,words,args', [
    (1, 'service "s" has no endpoint "x": it has 127.0.0.1:', ('drain', 's/x')),
    (1, 'no service "t": there is s', ('drain', 't/x')),
    (1, 'no service "t": there is s', ('endpoints', 't')),
    (1, 'no service "t": there is s', ('health', 't')),
    (1, 'no service "t": there is s', ('health', 't/x')),
    (2, 'SERVICE/ENDPOINT', ('drain', 's')),
    (2, 'SERVICE/ENDPOINT', ('ready', '/x')),
    (2, 'SERVICE/ENDPOINT', ('maint', 's/')),
    (2, 'drain needs', ('drain',)),
    (2, 'weight needs', ('weight', 's/x')),
    (2, '"0" is no weight', ('weight', 's/x', '0')),
    (2, '"1001" is no weight', ('weight', 's/x', '1001')),
    (2, '"2x" is no weight', ('weight', 's/x', '2x')),
    (2, 'unexpected argument "b"', ('drain', 's/x', 'b')),
    (2, 'unexpected argument "b"', ('services', 'b')),
    (2, '--wait takes seconds', ('drain', '--wait=no', 's/x')),
    (2, '--wait takes seconds', ('drain', '--wait=0', 's/x')),
    (2, 'ready does not wait', ('ready', '--wait', 's/x')),
    (2, 'unknown command "dance"', ('dance',)),
])
def test_errors(shared, code, words, args):
    done = shared.ctl(*args, check=False)
    assert done.returncode == code and words in done.stderr, done
    assert not done.stdout


@pytest.fixture(scope='module')
def shared(shared_house):
    return shared_house.gateway(body(named(shared_house.origin, 2)))


@pytest.mark.parametrize('command', [
    'services', 'endpoints', 'health', 'drain', 'ready', 'maint', 'weight',
    'export', 'names'])
def test_help_of_each(shared, command):
    done = shared.ctl(command, '--help')
    assert done.stdout.startswith('usage: penstockctl') \
        and f'] {command}' in done.stdout


def test_api_refuses(shared):
    path = shared.ctl_json('endpoints')['endpoints'][0]['address']
    path = f'/v1/services/s/endpoints/{path}'
    assert shared.admin(path)[0] == 200
    status, headers, _ = shared.admin(path, 'POST')
    assert status == 405 and headers['allow'] == 'GET, HEAD, PATCH'
    status, headers, doc = shared.admin(path, 'PATCH')
    assert status == 400 and 'no JSON' in json.loads(doc)['detail']


# --- metrics

def test_metrics(pair):
    g, (a, b) = pair
    ask(g.port, 8)
    g.ctl('drain', name(a))
    of_a = {'service': 's', 'endpoint': f'127.0.0.1:{a.port}'}
    of_b = {'service': 's', 'endpoint': f'127.0.0.1:{b.port}'}
    assert g.metric('endpoint_healthy', **of_a) == 0
    assert g.metric('endpoint_healthy', **of_b) == 1
    assert g.metric('endpoint_active', **of_b) == 0
    assert g.metric('endpoint_pooled', **of_b) == \
        g.metric('endpoint_connections', **of_b) > 0
    assert g.metric('service_health', service='s') == 0
    g.reload(body((b,)))

    def gone():
        return not any(
            dict(labels).get('endpoint') == of_a['endpoint']
            for key, labels in g.metrics() if '_endpoint_' in key)
    wait_until(gone, what='the end of its metrics')


def test_scores(gateway, upstream):
    origins = named(upstream, 3)
    a = origins[0]
    a.default = lambda conn, _: conn.reply(500)
    g = gateway(body(origins, extra=RR + 'health_score = true;'))
    with Wire(g.port) as w:
        def poor():
            for _ in range(30):
                w.ask()
            shown = row(g, a)
            return shown if shown['state'] == 'poor' else None
        shown = wait_until(poor, 20, 'its exclusion')
    # It recovers from now on, and is excluded up to 0.5.
    assert shown['score'] < 0.5 and shown['share'] <= 0.5
    assert g.metric('endpoint_score', endpoint=shown['address']) < 0.5
    # A machine that stumbles lets one look slow for a while.
    wait_until(lambda: used(g) == {o.port for o in origins[1:]}, 20,
               'requests to both others')
    wait_until(lambda: row(g, origins[1])['score'] == 1 or not used(g), 20,
               'one as good as the others')
    g.wait_log('poor: score')
