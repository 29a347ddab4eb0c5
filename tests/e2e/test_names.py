"""Names as endpoints: all their addresses, kept fresh, kept when DNS fails."""
import collections
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from conf import proxy
from dns import A, CNAME, Dns
from gateway import Watch, free_port, wait_until
from origin import Origin
from test_reload import Load
from wire import Wire, get

NAME = 'users.internal'
# In time for servers that are threads of ours, on a machine that is busy.
QUICK = 'min_ttl = "100ms"; timeout = "1s"; attempts = 2;'


def top(*servers, more=QUICK):
    names = ', '.join(f'"{s}"' for s in servers)
    return f'resolver = {{ servers = [ {names} ]; {more} }};\n'


def body(*endpoints, extra='balance = "round_robin";', more=''):
    """A service "s" with these endpoints, and what else there is."""
    listed = ', '.join(e if e.startswith('{') else f'{{ address = "{e}"; }}'
                       for e in endpoints)
    return (f'services = {{ s = {{ endpoints = ( {listed} ); {extra} }};\n'
            f'{more} }};\n'
            'routes = ( { path = "/*rest"; service = "s"; } );\n')


@pytest.fixture
def dns():
    with contextlib.closing(Dns()) as d:
        yield d


@pytest.fixture
def family(house):
    """Origins on one port, an address each, that say who they are."""
    def make(*addresses):
        def named(address):
            return lambda c, q: c.reply(200, address)
        for _ in range(50):
            port, made = free_port(), []
            try:
                for address in addresses:
                    made.append(Origin(named(address), port, address=address))
            except OSError:
                for origin in made:
                    origin.close()
                continue
            house.origins += made
            return port, dict(zip(addresses, made))
        raise RuntimeError('no port is free on all addresses')
    return make


def who(g, times=24):
    """{who answered: how often}, of requests on one connection."""
    seen = collections.Counter()
    with Wire(g.port) as w:
        for _ in range(times):
            r = w.ask()
            seen[r.body.decode() if r.status == 200 else r.status] += 1
    return seen


def wait_who(g, *want, seconds=10):
    wait_until(lambda: set(who(g, 8)) == set(want), seconds,
               f'answers of {want} alone\n{g.log_text()}')


@contextlib.contextmanager
def under_load(g):
    """Nothing may fail meanwhile."""
    load = Load(g.port, connections=4)
    try:
        yield
    finally:
        failed = load.end()
    assert not failed, failed[:3]
    assert load.asked > 10


# --- addresses

def test_all_addresses_of_both_families(gateway, family, dns):
    port, _ = family('127.0.0.1', '127.0.0.2', '::1')
    dns.host(NAME, '127.0.0.2', '::1', '127.0.0.1')
    g = gateway(body(f'{NAME}:{port}'), top=top(dns.address))
    seen = who(g)
    assert set(seen) == {'127.0.0.1', '127.0.0.2', '::1'}
    assert max(seen.values()) - min(seen.values()) <= 1, seen
    assert {k for n, k, _ in dns.asked if n == NAME} == {1, 28}


def test_weights_and_backups_hold_for_each_address(gateway, family, dns):
    port, origins = family('127.0.0.1', '127.0.0.2', '127.0.0.3')
    dns.host(NAME, '127.0.0.1', '127.0.0.2')
    dns.host('spare.internal', '127.0.0.3')
    g = gateway(body(f'{{ address = "{NAME}:{port}"; weight = 3; }}',
                     f'{{ address = "spare.internal:{port}"; backup = true; }}'),
                top=top(dns.address))
    seen = who(g)
    assert set(seen) == {'127.0.0.1', '127.0.0.2'}
    for address in ('127.0.0.1', '127.0.0.2'):
        origins[address].close()
    wait_who(g, '127.0.0.3')


def test_aliases(gateway, family, dns):
    port, _ = family('127.0.0.2')
    dns.records['alias.internal', CNAME] = (1, [NAME])
    dns.host(NAME, '127.0.0.2')
    g = gateway(body(f'alias.internal:{port}'), top=top(dns.address))
    assert set(who(g)) == {'127.0.0.2'}


def test_the_hosts_file_comes_first(gateway, family, dns):
    port, _ = family('127.0.0.1')
    g = gateway(body(f'localhost:{port}'), top=top(dns.address))
    assert '127.0.0.1' in who(g)
    assert dns.count('localhost') == 0


def test_two_names_of_one_address(gateway, family, dns):
    port, _ = family('127.0.0.1', '127.0.0.2')
    dns.host(NAME, '127.0.0.1')
    dns.host('other.internal', '127.0.0.1', '127.0.0.2')
    g = gateway(body(f'{NAME}:{port}', f'other.internal:{port}'),
                top=top(dns.address))
    seen = who(g, 30)
    assert seen == {'127.0.0.1': 20, '127.0.0.2': 10}


# --- changes

def test_a_change_is_seen_while_streams_run(gateway, family, dns):
    port, origins = family('127.0.0.1', '127.0.0.2')
    go_on = threading.Event()

    def long(conn, _):
        conn.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun')
        go_on.wait(120)
        conn.send('ended')
    origins['127.0.0.1'].on('/long', long)
    dns.host(NAME, '127.0.0.1')
    g = gateway(body(f'{NAME}:{port}'), top=top(dns.address))
    generation = g.generation
    with Wire(g.port) as w:
        w.send('GET /long HTTP/1.1\r\nHost: test\r\n\r\n')
        w.head()
        assert w.exactly(5) == b'begun'
        dns.host(NAME, '127.0.0.2')
        wait_who(g, '127.0.0.2')
        go_on.set()
        assert w.exactly(5) == b'ended'
        assert w.ask().body == b'127.0.0.2'
    assert g.generation == generation


def test_ttls_are_bounded(gateway, family, dns):
    port, _ = family('127.0.0.1')
    dns.host(NAME, '127.0.0.1', ttl=3600)
    dns.host('short.internal', '127.0.0.1', ttl=0)
    gateway(body(f'{NAME}:{port}', f'short.internal:{port}'),
            top=top(dns.address, more='min_ttl = "200ms"; max_ttl = "500ms";'))
    before = time.monotonic()
    dns.wait_asked('short.internal', 8)
    took = time.monotonic() - before
    # Two questions, A and AAAA, each time; the first may come at once.
    assert took >= 0.56, 'asked more often than min_ttl says'
    dns.wait_asked(NAME, 4)


def test_the_order_of_answers_changes_nothing(gateway, family, dns):
    port, _ = family('127.0.0.1', '127.0.0.2', '127.0.0.3')
    addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3']
    dns.host(NAME, *addresses, ttl=0)
    g = gateway(body(f'{NAME}:{port}'), top=top(dns.address))
    with Wire(g.port) as w:
        before = [w.ask().body for _ in range(3)]
        for _ in range(4):
            addresses.append(addresses.pop(0))
            dns.host(NAME, *addresses, ttl=0)
            dns.wait_asked(NAME, 4)
            # Round robin goes on where it was: its state is the set's.
            assert [w.ask().body for _ in range(3)] == before


# --- failures

WAYS = ('silent', 'servfail', 'nxdomain', 'garbage', 'wrong id')


@pytest.mark.parametrize('way', WAYS)
def test_what_was_known_stays(gateway, family, dns, way):
    port, _ = family('127.0.0.1', '127.0.0.2')
    dns.host(NAME, '127.0.0.1', '127.0.0.2', ttl=0)
    g = gateway(body(f'{NAME}:{port}'), top=top(dns.address))
    with under_load(g):
        dns.ways[None] = way
        g.wait_log(f'name {NAME}: .*what was known stays')
        dns.wait_asked(NAME, 4)
        assert set(who(g)) == {'127.0.0.1', '127.0.0.2'}
    dns.host(NAME, '127.0.0.2', ttl=0)
    dns.ways.clear()
    wait_who(g, '127.0.0.2')
    g.wait_log(f'name {NAME} is resolved again')


def test_no_addresses_are_not_an_answer(gateway, family, dns):
    port, _ = family('127.0.0.1')
    dns.host(NAME, '127.0.0.1', ttl=0)
    g = gateway(body(f'{NAME}:{port}'), top=top(dns.address))
    dns.host(NAME)
    g.wait_log(f'name {NAME}: .*what was known stays')
    assert set(who(g)) == {'127.0.0.1'}


def test_one_family_fails(gateway, family, dns):
    port, _ = family('127.0.0.1', '127.0.0.2', '::1')
    dns.host(NAME, '127.0.0.1', '::1', ttl=0)
    g = gateway(body(f'{NAME}:{port}'), top=top(dns.address))
    assert set(who(g)) == {'127.0.0.1', '::1'}
    answers = dns.answers

    def only_v4(name, kind):
        # An answer to A that is none: malformed records for the other.
        return answers(name, kind) if kind == A else [b'\xc0\x0c\0']
    dns.answers = only_v4
    dns.host(NAME, '127.0.0.2', ttl=0)
    wait_who(g, '127.0.0.2', '::1')


def test_a_dead_server_under_load(gateway, family, dns):
    port, _ = family('127.0.0.1')
    dns.host(NAME, '127.0.0.1', ttl=0)
    g = gateway(body(f'{NAME}:{port}'), top=top(dns.address), workers=2)
    with under_load(g):
        dns.close()
        g.wait_log(f'name {NAME}: ')
        with contextlib.closing(Dns(dns.port)) as again:
            again.host(NAME, '127.0.0.1', ttl=0)
            again.wait_asked(NAME)
            g.wait_log(f'name {NAME} is resolved again')


def test_the_next_server_is_asked(gateway, family, dns):
    port, _ = family('127.0.0.1')
    dns.host(NAME, '127.0.0.1')
    with contextlib.closing(Dns()) as silent:
        silent.ways[None] = 'silent'
        g = gateway(body(f'{NAME}:{port}'), top=top(silent.address, dns.address))
        assert set(who(g)) == {'127.0.0.1'}
        assert silent.count(NAME) != 0


def test_truncated_answers_come_over_tcp(gateway, upstream, dns):
    addresses = [f'127.0.1.{i}' for i in range(1, 100)]
    origin = upstream(lambda c, q: c.reply(200, c.sock.getsockname()[0]),
                      address='0.0.0.0')
    dns.host(NAME, *addresses)
    dns.ways[None] = 'truncated'
    g = gateway(body(f'{NAME}:{origin.port}'), top=top(dns.address))
    assert who(g, len(addresses)) == dict.fromkeys(addresses, 1)
    assert (NAME, A, 'tcp') in dns.asked


# --- SRV

def test_srv_priorities_and_weights(gateway, upstream, dns):
    ports = {}
    origins = {}
    for name in 'abc':
        origins[name] = upstream(lambda c, q, name=name: c.reply(200, name))
        ports[name] = origins[name].port
        dns.host(name + '.internal', '127.0.0.1', ttl=0)
    dns.srv('_http._tcp.internal', (10, 3, ports['a'], 'a.internal'),
            (10, 1, ports['b'], 'b.internal'),
            (20, 9, ports['c'], 'c.internal'), ttl=0)
    g = gateway(body('_http._tcp.internal'), top=top(dns.address))
    assert who(g, 40) == {'a': 30, 'b': 10}
    for name in 'ab':
        origins[name].close()
    wait_who(g, 'c')
    dns.srv('_http._tcp.internal', (20, 9, ports['c'], 'c.internal'),
            (20, 0, ports['c'], '.'), ttl=0)
    wait_who(g, 'c')
    dns.srv('_http._tcp.internal', (0, 0, 0, '.'), ttl=0)
    wait_who(g, 503)


def test_srv_targets_come_and_go(gateway, family, dns):
    port, _ = family('127.0.0.1', '127.0.0.2', '127.0.0.3')
    dns.host('a.internal', '127.0.0.1', ttl=0)
    dns.srv('_http._tcp.internal', (1, 1, port, 'a.internal'))
    g = gateway(body('_http._tcp.internal'), top=top(dns.address))
    with under_load(g):
        dns.host('a.internal', '127.0.0.2', ttl=0)
        wait_who(g, '127.0.0.2')
        dns.host('b.internal', '127.0.0.3', ttl=0)
        dns.srv('_http._tcp.internal', (1, 1, port, 'a.internal'),
                (1, 1, port, 'b.internal'), ttl=0)
        wait_who(g, '127.0.0.2', '127.0.0.3')
        dns.ways['a.internal'] = 'servfail'
        dns.wait_asked('a.internal', 3)
        wait_who(g, '127.0.0.2', '127.0.0.3')
        dns.srv('_http._tcp.internal', (1, 1, port, 'b.internal'), ttl=0)
        wait_who(g, '127.0.0.3')


# --- starts and reloads

def test_a_start_without_dns(gateway, family):
    port, _ = family('127.0.0.1')
    server = free_port()
    other = (f't = {{ endpoints = ( {{ address = "127.0.0.1:{port}"; }} ); '
             '};')
    conf = body(f'{NAME}:{port}', more=other).replace(
        'routes = (', 'routes = ( { path = "/t"; service = "t"; },')
    began = Watch()
    g = gateway(conf, top=top(f'127.0.0.1:{server}'))
    assert began.within(0, 5)
    g.wait_log(f'{NAME}: not resolved: ')
    assert get(g.port, '/t').status == 200
    r = get(g.port)
    assert r.status == 503 and b'no_endpoint' in r.body, r.body
    assert r.get('Retry-After') == '1'
    with contextlib.closing(Dns(server)) as dns:
        dns.host(NAME, '127.0.0.1')
        wait_until(lambda: get(g.port).status == 200, 10, 'healing')


def test_a_silent_start_is_bounded(gateway, dns):
    dns.ways[None] = 'silent'
    began = Watch()
    g = gateway(body(f'{NAME}:80'),
                top=top(dns.address, more='timeout = "10s"; attempts = 5;'))
    assert began.within(0, 6)
    g.wait_log(f'{NAME}: not resolved: no answer yet')
    assert get(g.port).status == 503


def test_a_stop_while_names_are_awaited(gateway, dns):
    dns.ways[None] = 'silent'
    g = gateway(body('127.0.0.1:1'), top=top(dns.address, more=''))
    g.write(body(f'{NAME}:80'), top(dns.address, more=''))
    g.send(signal.SIGHUP)
    dns.wait_asked(NAME, 2)
    g.stop()


def test_new_names_have_no_gap(gateway, family, dns):
    port, _ = family('127.0.0.1', '127.0.0.2')
    dns.host('one.internal', '127.0.0.1')
    answer = dns.reply

    def slowly(query, over):
        time.sleep(0.1)
        return answer(query, over)
    g = gateway(body(f'one.internal:{port}'), top=top(dns.address, more=''))
    with under_load(g):
        dns.reply = slowly
        for i in range(5):
            dns.host(f'new{i}.internal', '127.0.0.2')
            g.reload(body(f'new{i}.internal:{port}'), top(dns.address, more=''))
            assert set(who(g)) == {'127.0.0.2'}


def test_a_failed_reload_forgets_its_names(gateway, family, dns):
    port, _ = family('127.0.0.1')
    dns.host('one.internal', '127.0.0.1', ttl=0)
    g = gateway(body(f'one.internal:{port}'), top=top(dns.address))
    dns.host('two.internal', '127.0.0.1', ttl=0)
    g.write(body(f'two.internal:{port}') +
            'listeners = ( { address = "192.0.2.1:1"; } );', top(dns.address))
    g.send(signal.SIGHUP)
    g.wait_log('reload failed')
    assert set(who(g)) == {'127.0.0.1'}
    g.reload(body(f'two.internal:{port}'), top(dns.address))
    count = dns.count('one.internal')
    dns.wait_asked('two.internal', 4)
    assert dns.count('one.internal') <= count + 2


def test_other_servers_by_reload(gateway, family, dns):
    port, _ = family('127.0.0.1', '127.0.0.2')
    dns.host(NAME, '127.0.0.1', ttl=3600)
    g = gateway(body(f'{NAME}:{port}'), top=top(dns.address))
    assert set(who(g)) == {'127.0.0.1'}
    with contextlib.closing(Dns()) as other, under_load(g):
        other.host(NAME, '127.0.0.2', ttl=3600)
        g.reload(body(f'{NAME}:{port}'), top(other.address))
        wait_who(g, '127.0.0.2')


# --- a master that dies

def test_a_successor_keeps_members_without_dns(gateway, family, dns):
    port, _ = family('127.0.0.1', '127.0.0.2', '127.0.0.3')
    dns.host(NAME, '127.0.0.1', '127.0.0.2')
    dns.host('a.internal', '127.0.0.3')
    dns.srv('_http._tcp.internal', (1, 4, port, 'a.internal'))
    conf = body(f'{NAME}:{port}', '_http._tcp.internal',
                extra='balance = "random";')
    g = gateway(conf, top=top(dns.address), workers=2)
    everyone = {'127.0.0.1', '127.0.0.2', '127.0.0.3'}
    assert set(who(g, 200)) == everyone
    dns.close()
    with under_load(g):
        for _ in range(3):
            pid = g.master_pid
            os.kill(pid, signal.SIGKILL)
            g.wait_successor('master', pid)
            g.wait_ready()
            assert set(who(g, 200)) == everyone
        # The reload knows no name either: what is there stays.
        g.reload(conf + '\nenvironment = "x";', top(dns.address))
        assert set(who(g, 200)) == everyone
    g.allow.append('was killed by signal')
    with contextlib.closing(Dns(dns.port)) as again:
        again.host(NAME, '127.0.0.2', ttl=0)
        again.srv('_http._tcp.internal', (1, 1, port, 'a.internal'), ttl=0)
        wait_who(g, '127.0.0.2', '127.0.0.3')
        again.host('a.internal', '127.0.0.2', ttl=0)
        wait_who(g, '127.0.0.2')


# --- what is said of names

def test_names_in_documents_and_metrics(gateway, family, dns):
    port, _ = family('127.0.0.1')
    dns.host(NAME, '127.0.0.1', '::1', ttl=0)
    dns.srv('_http._tcp.internal', (1, 1, port, 'gone.internal'))
    g = gateway(body(f'{NAME}:{port}', '_http._tcp.internal',
                     'nobody.internal:1'), top=top(dns.address))

    def names():
        listed = json.loads(g.admin('/v1/names')[2])['names']
        return {n['name']: n for n in listed}
    assert set(names()) == {NAME, '_http._tcp.internal', 'gone.internal',
                            'nobody.internal'}
    n = names()[NAME]
    assert n['addresses'] == ['127.0.0.1', '::1']
    assert (n['kind'], n['state'], n['ttl']) == ('host', 'resolved', 0.1)
    assert n['age'] < 5 and n['failed_age'] is None and n['error'] == ''
    assert names()['_http._tcp.internal']['kind'] == 'srv'
    n = names()['nobody.internal']
    assert n['state'] == 'unresolved' and n['age'] is None
    assert n['failures'] > 0 and n['error']
    assert not names()['gone.internal']['configured']
    assert g.metric('names', state='resolved') == 2
    assert g.metric('names', state='unresolved') == 2
    before = g.metric('name_resolutions_total', outcome='failed')
    dns.ways[NAME] = 'servfail'
    wait_until(lambda: names()[NAME]['state'] == 'failing', 5, 'a failure')
    assert names()[NAME]['addresses'] == ['127.0.0.1', '::1']
    assert g.metric('names', state='failing') >= 1
    assert g.metric('name_resolutions_total', outcome='failed') > before
    assert g.metric('name_resolutions_total', outcome='ok') >= 2


# --- a real server

@pytest.mark.skipif(shutil.which('dnsmasq') is None, reason='needs dnsmasq')
def test_dnsmasq(gateway, family, house):
    port, _ = family('127.0.0.1', '127.0.0.2', '::1')
    folder = house.folder()
    hosts = folder / 'hosts'
    hosts.write_text(f'127.0.0.1 {NAME}\n::1 {NAME}\n'
                     '127.0.0.2 a.internal\n')
    server = free_port()
    process = subprocess.Popen(
        ['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null',
         '--no-resolv', '--no-hosts', '--user=', '--group=', '--pid-file=',
         f'--addn-hosts={hosts}', f'--port={server}', '--bind-interfaces',
         '--listen-address=127.0.0.1', '--local-ttl=0',
         f'--srv-host=_http._tcp.internal,a.internal,{port},1,5'],
        stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(server), 5, 'dnsmasq')
        g = gateway(body(f'{NAME}:{port}'), top=top(f'127.0.0.1:{server}'))
        assert set(who(g)) == {'127.0.0.1', '::1'}
        g.reload(body('_http._tcp.internal'))
        assert set(who(g)) == {'127.0.0.2'}
        hosts.write_text('127.0.0.1 a.internal\n')
        process.send_signal(signal.SIGHUP)
        wait_who(g, '127.0.0.1')
    finally:
        process.terminate()
        process.wait(60)


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(('127.0.0.1', port)) == 0


def test_no_names_no_sockets(gateway, upstream):
    g = gateway(proxy(upstream().port))
    pid = g.master_pid
    with open(f'/proc/{pid}/net/udp', encoding='ascii') as f:
        inodes = {line.split()[9] for line in f.readlines()[1:]}
    links = [os.readlink(f'/proc/{pid}/fd/{fd}')
             for fd in os.listdir(f'/proc/{pid}/fd')]
    assert not [x for x in links
                if x.startswith('socket:[') and x[8:-1] in inodes]
