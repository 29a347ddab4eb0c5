"""Start, signals, deaths and stops."""
import os
import signal
import subprocess
import threading
import time

import pytest

from conf import proxy
from gateway import BINARY, Watch, freeze, processes, wait_until
from wire import Cut, Wire, get

PING = 'routes = ( { path = "/*rest"; respond = { body = "pong"; }; } );'


@pytest.fixture
def slow(gateway, upstream):
    """(gateway, event that lets /slow end): an answer takes its time."""
    origin, release = upstream(), threading.Event()
    origin.on('/slow', lambda c, q: (release.wait(120), c.reply()))
    yield gateway(proxy(origin.port), workers=2), release
    release.set()


def begin(g, path='/slow'):
    w = Wire(g.port)
    w.send(f'GET {path} HTTP/1.1\r\nHost: t\r\n\r\n')
    wait_until(lambda: g.metric('requests_active') >= 1, 5, 'a running request')
    return w


def test_titles(gateway):
    g = gateway(PING, workers=2)
    titles = ['penstock: helper', 'penstock: keeper', 'penstock: master',
              'penstock: worker 0', 'penstock: worker 1']
    # Nobody waits for a helper to be there.
    wait_until(lambda: sorted(g.family().values()) == titles, 5, 'the titles')


def test_probes(gateway):
    g = gateway(PING)
    for path in ('/livez', '/readyz', '/healthz'):
        assert g.admin_status(path) == 200
    assert g.admin_status('/nothing') == 404


@pytest.mark.parametrize('signum', [signal.SIGTERM, signal.SIGQUIT,
                                    signal.SIGINT])
def test_graceful_stop(slow, signum):
    g, release = slow
    family = g.family()
    w = begin(g)
    g.send(signum)
    wait_until(lambda: g.admin_status('/readyz') != 200, 5, 'not ready')
    wait_until(lambda: refused(g.port), 5, 'no new connections')
    assert g.proc.poll() is None
    release.set()
    r = w.response()
    assert r.status == 200 and r.get('Connection') == 'close'
    assert w.closed()
    assert g.proc.wait(60) == 0
    g.proc = None
    wait_until(lambda: not any(os.path.exists(f'/proc/{p}') for p in family),
               5, 'the end of all')
    assert not g.pid_file.exists()


def refused(port):
    try:
        Wire(port).close()
    except OSError:
        return True
    return False


def test_idle_connections_do_not_hold_a_stop(gateway):
    g = gateway(PING)
    with Wire(g.port) as w:
        assert w.ask().status == 200
        start = Watch()
        g.send(signal.SIGTERM)
        assert w.closed()
        assert g.proc.wait(60) == 0
        assert start.within(0, 3)


def test_second_term_is_at_once(slow):
    g, _ = slow
    w = begin(g)
    g.send(signal.SIGTERM)
    wait_until(lambda: refused(g.port), 5, 'no new connections')
    g.send(signal.SIGTERM)
    g.proc.wait(60)
    g.proc = None
    with pytest.raises((Cut, ConnectionResetError)):
        w.response()


def test_drain_has_an_end(house):
    origin = house.origin(lambda c, q: time.sleep(20))
    g = house.gateway(proxy(origin.port), top='timeouts = { drain = "500ms"; };')
    begin(g)
    start = Watch()
    g.send(signal.SIGTERM)
    assert g.proc.wait(60) == 0
    assert start.within(0.4, 5)


@pytest.mark.parametrize('word', ['stop', 'quit'])
def test_s_stop_and_quit(slow, word):
    g, release = slow
    w = begin(g)
    assert g.run('-s', word).returncode == 0
    if word == 'stop':
        g.proc.wait(60)
        g.proc = None
        return
    wait_until(lambda: refused(g.port), 5, 'no new connections')
    release.set()
    assert w.response().status == 200
    assert g.proc.wait(60) == 0


def test_s_without_anybody(gateway):
    g = gateway(PING, start=False)
    done = g.run('-s', 'stop')
    assert done.returncode == 1 and done.stderr


@pytest.mark.parametrize('how', ['signal', 'command'])
def test_reopen(gateway, how):
    g = gateway(PING, start=False)
    path = g.dir / 'own.log'
    g.write(PING, f'log = {{ level = "info"; target = "{path}"; }};')
    g.start()
    assert path.stat().st_size > 0
    path.rename(path.with_suffix('.1'))
    if how == 'signal':
        g.send(signal.SIGUSR1)
    else:
        assert g.run('-s', 'reopen').returncode == 0
    wait_until(path.exists, 5, 'a new file')
    old = path.with_suffix('.1').stat().st_size
    g.write(PING.replace('pong', 'other'),
            f'log = {{ level = "info"; target = "{path}"; }};')
    before = path.stat().st_size
    g.send(signal.SIGHUP)
    wait_until(lambda: path.stat().st_size > before, 5, 'lines in the new file')
    assert path.with_suffix('.1').stat().st_size == old


def test_usr2_is_ignored(gateway):
    g = gateway(PING)
    g.send(signal.SIGUSR2)
    g.wait_log('SIGUSR2')
    assert get(g.port).status == 200


def test_dead_worker_is_replaced(gateway):
    g = gateway(PING, workers=2, allow=['killed by signal 9 '])
    pids = g.worker_pids
    os.kill(pids[0], signal.SIGKILL)
    wait_until(lambda: len(g.worker_pids) == 2 and pids[0] not in g.worker_pids,
               5, 'a successor')
    assert pids[1] in g.worker_pids
    for _ in range(20):
        assert get(g.port).status == 200
    wait_until(lambda: g.metric('worker_restarts_total') == 1, 5, 'the count')


def connect_some(g):
    """Connections of which each worker has one, at least."""
    wires = []
    while len(wires) < 12 or not g.each_worker_has(wires):
        wires.append(Wire(g.port))
        assert wires[-1].ask().status == 200
        assert len(wires) < 1000
    return wires


def test_workers_killed_under_load(gateway, upstream):
    origin = upstream(lambda c, q: c.reply())
    g = gateway(proxy(origin.port), workers=2,
                allow=['killed by signal 9 '])
    for _ in range(5):
        connections = connect_some(g)
        victim = g.worker_pids[0]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(g.worker_pids) == 2
                   and victim not in g.worker_pids, 5, 'a successor')
        g.wait_ready()
        lost = 0
        for w in connections:
            try:
                assert w.ask().status == 200
            except (OSError, Cut):
                lost += 1
            w.close()
        assert 0 < lost < len(connections)
        assert get(g.port).status == 200
    wait_until(lambda: g.metric('requests_active') == 0, 5, 'settled rows')


def test_dead_master_does_not_stop_traffic(gateway):
    g = gateway(PING, allow=['killed by signal 9 '])
    workers, master = g.worker_pids, g.master_pid
    with Wire(g.port) as w:
        assert w.ask().status == 200
        os.kill(master, signal.SIGKILL)
        for _ in range(50):
            assert w.ask().status == 200
        g.wait_successor('master', master)
        g.wait_ready()
        g.reload(PING.replace('pong', 'after'))
        wait_until(lambda: w.ask().body == b'after', 5, 'the new answer')
    assert g.worker_pids == workers


def test_nothing_outlives_the_keeper(gateway):
    """Not even a process that is stopped; the next start finds nothing."""
    g = gateway(PING, workers=2)
    orphans = [g.master_pid, *g.worker_pids]
    freeze(g.worker_pids[0])
    os.kill(g.keeper, signal.SIGKILL)
    g.proc.wait(60)
    wait_until(lambda: not set(orphans) & set(processes()), 5,
               'the end of all others')
    g.start()
    assert get(g.port).status == 200


def test_master_killed_in_a_reload(gateway):
    g = gateway(PING, allow=['killed by signal 9 '])
    for i in range(5):
        g.write(PING.replace('pong', f'answer {i}'))
        master = g.master_pid
        g.send(signal.SIGHUP)
        time.sleep(0.004 * i)
        os.kill(master, signal.SIGKILL)
        assert get(g.port).status == 200
        g.wait_successor('master', master)
    g.wait_ready()
    g.reload(PING.replace('pong', 'at last'))
    wait_until(lambda: get(g.port).body == b'at last', 5, 'the last answer')


def test_daemon(gateway):
    g = gateway(PING, start=False)
    done = subprocess.run([BINARY, '-c', g.conf, '-d'], timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    try:
        g.wait_ready()
        assert get(g.port).body == b'pong'
        assert os.getsid(g.keeper) != os.getsid(0)
        family = g.family()
    finally:
        os.kill(g.keeper, signal.SIGTERM)
    wait_until(lambda: not any(os.path.exists(f'/proc/{p}') for p in family),
               10, 'the end of all')


def test_daemon_says_that_it_failed(gateway):
    g = gateway('routes = ( { pth = "/"; } );', start=False)
    done = subprocess.run([BINARY, '-c', g.conf, '-d'], timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True)
    assert done.returncode == 1 and 'pth' in done.stderr


def test_second_instance_is_refused(gateway):
    g = gateway(PING)
    done = g.run()
    assert done.returncode == 1
    assert str(g.keeper) in done.stderr or 'pid' in done.stderr
    assert get(g.port).status == 200


def test_port_in_use_is_said(gateway):
    g = gateway(PING)
    other = gateway(f'listeners = ( {{ address = "127.0.0.1:{g.port}"; }} );'
                    + PING, start=False)
    done = other.run()
    assert done.returncode == 1 and str(g.port) in done.stderr
    assert get(g.port).status == 200


@pytest.mark.skipif(os.getuid() != 0, reason='needs root')
def test_privileges_are_dropped(gateway):
    g = gateway(PING, user='nobody')
    assert get(g.port).status == 200
    for title, uid in (('keeper', 0), ('master', 65534), ('worker', 65534)):
        status = open(f'/proc/{g.titled(title)[0]}/status',
                      encoding='ascii').read()
        assert f'Uid:\t{uid}\t{uid}\t{uid}' in status, title


@pytest.mark.skipif(os.getuid() != 0, reason='needs root')
def test_a_reload_reads_what_only_root_may(gateway):
    g = gateway(PING, user='nobody')
    g.conf.chmod(0o600)
    g.reload(PING.replace('pong', 'still read'))
    wait_until(lambda: get(g.port).body == b'still read', 5, 'the new answer')
